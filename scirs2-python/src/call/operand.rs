//! An operand: its memory, the owner of that memory, and its library.

use std::fmt;

use numpy::{PyArrayDescr, PyUntypedArray, PyUntypedArrayMethods as _};
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyTuple, PyType};
use scirs2_core::{DType, ScalarType};
use scirs2_interop::Description;
use scirs2_interop::python::{ManagedTensor, PendingImport, Request, owner_capsule};

use super::hook::{named_no_host_memory, no_host_memory};
use crate::error::import_error;
use crate::exchange::from_dlpack::{import, take};
use crate::library::Library;
use crate::numpy::array::{self, LayoutError};
use crate::numpy::dtype::descr_of;

/// An operand that Rust can read in place.
pub(crate) struct Operand<'py> {
    pub(crate) library: Library,
    pub(crate) memory: Memory<'py>,
    /// The layout and dtype, or the reason why nothing can be computed with the
    /// elements.
    pub(crate) described: Result<Description, LayoutError>,
}

/// The owner of an operand's memory.
pub(crate) enum Memory<'py> {
    /// A NumPy array, which Python code can change.
    Array(Bound<'py, PyUntypedArray>),
    /// A tensor of another library, which has no NumPy array.
    Tensor(ManagedTensor),
}

/// A tensor of another library.
enum Tensor<'py> {
    InPlace(Operand<'py>),
    /// A tensor that Rust cannot read in place.
    Array(Library, Bound<'py, PyUntypedArray>),
}

/// Takes an object that exports a tensor. Returns `None` if it exports none.
fn exported_tensor<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Tensor<'py>>> {
    let py = x.py();
    let request = Request::default();
    let mut pending = match PendingImport::from_exchange_api(x, &request)? {
        Some(pending) => pending,
        None if x.hasattr(intern!(py, "__dlpack__"))? => {
            PendingImport::from_dlpack_method(x, &request)?
        }
        None => return Ok(None),
    };
    let library = Library::of(x)?;
    let description = pending.description();
    let is_half = matches!(description.dtype(), DType::Float16 | DType::BFloat16);
    if is_half && library.is_under_autocast(py)? {
        // `scirs2._elsewhere` computes it in single precision.
        return Err(PyBufferError::new_err(
            "the tensor is of half precision, under torch.autocast",
        ));
    }
    let is_readable = ScalarType::of(description.dtype()).is_some()
        && !description.is_packed()
        && is_aligned(description);
    if !is_readable {
        return Ok(Some(Tensor::Array(library, import(py, pending)?)));
    }
    let memory = Memory::Tensor(pending.consume()?);
    Ok(Some(Tensor::InPlace(Operand {
        library,
        memory,
        described: Ok(pending.description().clone()),
    })))
}

/// Returns true if Rust may read the first element, and so every element, at its address.
/// No type needs an alignment above its size or above eight bytes.
fn is_aligned(description: &Description) -> bool {
    let alignment = description.dtype().itemsize().min(8);
    description.data().addr().is_multiple_of(alignment)
}

impl<'py> Operand<'py> {
    /// Takes an operand without a copy. Copied are only arrays that are misaligned or
    /// not in native byte order, PyTorch tensors that are conjugated or negated on
    /// reading, and objects that export no tensor: lists, numbers, TensorFlow's
    /// variables.
    pub(crate) fn from_python(x: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (library, array) = if let Ok(array) = x.cast::<PyUntypedArray>() {
            (Library::NumPy, array.clone())
        } else if x.is_instance_of::<PyCapsule>() {
            (Library::NumPy, take(x, &Request::default(), None, None)?)
        } else {
            let exported = exported_tensor(x);
            match exported.map_err(|reason| no_host_memory(x.py(), reason))? {
                Some(Tensor::InPlace(operand)) => return Ok(operand),
                Some(Tensor::Array(library, array)) => (library, array),
                None => {
                    refuse_lazy(x).map_err(|reason| no_host_memory(x.py(), reason))?;
                    (Library::of(x)?, array::as_readable(x)?)
                }
            }
        };
        let described = array::describe(&array);
        if array.is_aligned() && described.is_ok() {
            return Ok(Operand {
                library,
                memory: Memory::Array(array),
                described,
            });
        }
        let array = array::as_readable(&array)?;
        let described = array::describe(&array).map_err(|reason| match reason {
            LayoutError::Dtype(dtype) if !x.is_instance_of::<PyUntypedArray>() => {
                array::not_numeric(x, dtype)
            }
            reason => reason,
        });
        Ok(Operand {
            library,
            memory: Memory::Array(array),
            described,
        })
    }

    /// Takes an operand as [`from_python`](Self::from_python) does. An error names the function
    /// and the parameter.
    #[inline]
    pub(crate) fn of_parameter(
        x: &Bound<'py, PyAny>,
        function: &str,
        parameter: impl fmt::Display,
    ) -> PyResult<Self> {
        Operand::from_python(x).map_err(|error| name_parameter(x, function, parameter, error))
    }

    /// Converts to a NumPy array. Returns an error if the elements are not numbers.
    pub(crate) fn into_array(
        self,
        py: Python<'py>,
        function: &str,
        parameter: &str,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let description = self
            .described
            .map_err(|reason| PyTypeError::new_err(format!("{function}: {parameter}: {reason}")))?;
        self.memory.into_array(py, &description)
    }
}

impl<'py> Memory<'py> {
    /// Converts to a NumPy array that owns the memory.
    pub(crate) fn into_array(
        self,
        py: Python<'py>,
        description: &Description,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let tensor = match self {
            Memory::Array(array) => return Ok(array),
            Memory::Tensor(tensor) => tensor,
        };
        let descr = descr_of(py, description.dtype())?;
        // A legacy struct does not say whether it may be written.
        let writeable =
            matches!(tensor, ManagedTensor::Versioned(_)) && !description.is_read_only();
        let base = owner_capsule(py, tensor)?;
        // SAFETY: the base owns the tensor. Its producer promises the memory and
        // allows writing unless it says otherwise. `descr` names the dtype.
        unsafe { array::wrap(description, descr, base, writeable) }
    }

    /// Returns NumPy's dtype of the elements.
    pub(crate) fn descr(
        &self,
        py: Python<'py>,
        dtype: DType,
    ) -> PyResult<Bound<'py, PyArrayDescr>> {
        match self {
            Memory::Array(array) => Ok(array.dtype()),
            Memory::Tensor(_) => descr_of(py, dtype),
        }
    }

    /// Returns true if the memory is still as described. Python code can resize or
    /// otherwise change an array.
    #[inline]
    pub(crate) fn is_unchanged(&self, description: &Description) -> bool {
        match self {
            Memory::Array(array) => array::is_unchanged(array, description),
            Memory::Tensor(_) => true,
        }
    }
}

/// Names what could not be taken in the error of taking it.
#[cold]
fn name_parameter(
    x: &Bound<'_, PyAny>,
    function: &str,
    parameter: impl fmt::Display,
    error: PyErr,
) -> PyErr {
    let py = x.py();
    let error = match named_no_host_memory(py, error, &parameter.to_string(), x) {
        Ok(named) => return named,
        Err(error) => error,
    };
    let is_list = x.is_instance_of::<PyList>() || x.is_instance_of::<PyTuple>();
    if is_list && error.is_instance_of::<PyValueError>(py) {
        return PyValueError::new_err(format!(
            "{function}: {parameter}: the lists do not form an array, for example because their \
             lengths differ: {}",
            error.value(py)
        ));
    }
    let error = import_error(function, &parameter.to_string(), x, error);
    // What the object's own code raised stays as it is.
    let note = format!("while {function} took its argument {parameter}");
    let noted = error
        .value(py)
        .call_method1(intern!(py, "add_note"), (note,));
    noted.map_or_else(|other| other, |_| error)
}

/// Returns an error for a lazy array. NumPy would silently compute all its chunks, perhaps
/// on other machines, and gather them here.
fn refuse_lazy(x: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = x.py();
    let class = x.get_type();
    let is_lazy = match root_of(&class)?.as_deref() {
        Some("dask" | "dask_array") => true,
        // An array of xarray may wrap one of Dask.
        Some("xarray") => !x.getattr(intern!(py, "chunks"))?.is_none(),
        _ => false,
    };
    if is_lazy {
        return Err(PyTypeError::new_err(format!(
            "{class} is computed in parts and has no memory yet; pass x.compute(), which gathers \
             it here, or map the function over its chunks, for example with \
             dask.array.map_blocks"
        )));
    }
    Ok(())
}

/// Returns the package of the class, or of its nearest base class, that is one of those with
/// lazy arrays.
fn root_of(class: &Bound<'_, PyType>) -> PyResult<Option<String>> {
    for base in class.mro() {
        let module = base.getattr(intern!(class.py(), "__module__"))?;
        let Ok(module) = module.extract::<String>() else {
            continue;
        };
        let root = module.split('.').next().unwrap_or_default();
        if ["dask", "dask_array", "xarray"].contains(&root) {
            return Ok(Some(root.to_owned()));
        }
    }
    Ok(None)
}
