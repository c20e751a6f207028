//! The results of a call: their memory, and their conversion for the caller.

use ndarray::ArrayViewMutD;
use numpy::PyUntypedArray;
use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyEllipsis, PyModule, PyTuple};
use scirs2_core::shape::DisplayShape;
use scirs2_core::{DType, Element};
use scirs2_interop::python::{Importer, Request};
use scirs2_interop::sys::DLManagedTensorVersioned;
use scirs2_interop::{Description, TensorMut, export};

use super::argument::Argument;
use super::promote::Promotion;
use crate::error::import_error;
use crate::exchange::from_dlpack::take;
use crate::library::Library;
use crate::numpy::array;

/// What all results of a call share: the caller's library, dtype and class.
pub(super) struct Target<'py> {
    pub(super) py: Python<'py>,
    /// The function, as error messages name it.
    pub(super) name: &'static str,
    pub(super) library: Library,
    pub(super) promotion: Promotion,
    /// An operand whose class wraps NumPy's arrays, as `numpy.matrix` does.
    pub(super) subclass: Option<Bound<'py, PyAny>>,
}

impl<'py> Target<'py> {
    /// Allocates a result; its elements are not set.
    pub(super) fn new_output(&self, dtype: DType, shape: &[usize]) -> PyResult<Output<'py>> {
        let is_number = shape.is_empty() && self.library == Library::NumPy;
        let is_kept = self.promotion.rounded(dtype).is_none();
        let (memory, description) = if is_number && is_kept {
            let mut number = SmallBuffer::new(dtype.itemsize());
            let description = Description::in_c_order(number.as_mut_ptr(), dtype, shape, 0)?;
            (Destination::Number(number), description)
        } else if is_kept
            && let Some(importer) = self.library.importer(self.py)?
            && let Some(mut buffer) = SmallBuffer::for_small(dtype, shape)
        {
            let description = Description::in_c_order(buffer.as_mut_ptr(), dtype, shape, 0)?;
            (Destination::Buffer(buffer, importer), description)
        } else {
            let array = array::empty(self.py, dtype, shape)?;
            let description = array::describe_c_order(&array, dtype, shape)?;
            (Destination::Array(array), description)
        };
        Ok(Output {
            memory,
            description,
            out: None,
            copy_back: None,
        })
    }

    /// Takes the caller's `out` as memory for a result. `out` may share memory with an
    /// operand.
    pub(super) fn out_array(
        &self,
        out: &Bound<'py, PyAny>,
        shape: &[usize],
        arguments: &[Argument<'_>],
    ) -> PyResult<Output<'py>> {
        let name = self.name;
        let refused = |reason: String| PyValueError::new_err(format!("{name}: out: {reason}"));
        let (library, array) = if let Ok(array) = out.cast::<PyUntypedArray>() {
            (Library::NumPy, array.clone())
        } else if out.hasattr(intern!(self.py, "__dlpack__"))? {
            // With a copy the result would not reach `out`.
            let request = Request {
                copy: Some(false),
                device: None,
            };
            let array = take(out, &request, Some(false), None);
            let array = array.map_err(|error| import_error(name, "out", out, error))?;
            (Library::of(out)?, array)
        } else {
            return Err(PyTypeError::new_err(format!(
                "{name}: out: expected an array, got {}",
                out.get_type()
            )));
        };
        if library != self.library {
            return Err(PyTypeError::new_err(format!(
                "{name}: out comes from {library} and the operands from {}; pass an out of their library",
                self.library
            )));
        }
        if !array::is_readable(&array) {
            let reason = "the memory must be aligned, in native byte order and with strides of whole elements";
            return Err(refused(reason.to_owned()));
        }
        let description = array::describe(&array).map_err(|reason| refused(reason.to_string()))?;
        let expected = self.promotion.half.unwrap_or(self.promotion.dtype);
        if description.dtype() != expected || description.shape() != shape {
            return Err(refused(format!(
                "expected {expected} of shape {}, got {} of shape {}",
                DisplayShape(shape),
                description.dtype(),
                DisplayShape(description.shape())
            )));
        }
        if !array::is_writeable(&array) {
            return Err(refused("the array is read-only".to_owned()));
        }
        // Memory that is both read and written needs a temporary.
        let read = arguments.iter().any(|argument| {
            let (first, second) = (byte_range(&argument.description), byte_range(&description));
            first.0 < second.1 && second.0 < first.1
        });
        if scirs2_core::shape::may_overlap(description.shape(), description.strides()) {
            return Err(refused(
                "two of its indices may name one element".to_owned(),
            ));
        }
        // Marked before the kernel runs, because a kernel that fails may have
        // written, too.
        library.mark_written(out)?;
        if read || self.promotion.half.is_some() {
            let temporary = array::empty(self.py, self.promotion.dtype, shape)?;
            return Ok(Output {
                description: array::describe_c_order(&temporary, self.promotion.dtype, shape)?,
                memory: Destination::Array(temporary),
                out: None,
                copy_back: Some((array, out.clone())),
            });
        }
        Ok(Output {
            memory: Destination::Array(array),
            description,
            out: Some(out.clone()),
            copy_back: None,
        })
    }

    /// Converts a result as [`to_python`](Self::to_python) does, and to the subclass of
    /// NumPy's array that was passed, if any.
    pub(super) fn to_python_like_input(&self, output: Output<'py>) -> PyResult<Bound<'py, PyAny>> {
        let is_number = matches!(output.memory, Destination::Number(_));
        let result = self.to_python(output)?;
        match &self.subclass {
            Some(subclass) if !is_number => {
                subclass.call_method1(intern!(self.py, "__array_wrap__"), (result,))
            }
            _ => Ok(result),
        }
    }

    /// Converts a result to the caller's library. NumPy gets a scalar where there are
    /// no axes.
    pub(super) fn to_python(&self, output: Output<'py>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        if let Some(out) = output.out {
            return Ok(out);
        }
        let mut array = match output.memory {
            Destination::Array(array) => array,
            Destination::Buffer(buffer, importer) => {
                let layout = output.description.layout();
                // SAFETY: the buffer owns the elements, and nothing else
                // refers to them.
                let owner = unsafe { export::<DLManagedTensorVersioned, _>(&layout, buffer) }?;
                return importer.import(py, owner);
            }
            Destination::Number(mut number) => {
                let dtype = output.description.dtype();
                // SAFETY: the buffer holds one element of that dtype.
                return unsafe { array::scalar(py, dtype, number.as_mut_ptr()) };
            }
        };
        if let Some((copy_back, out)) = output.copy_back {
            assign(&copy_back, &array)?;
            return Ok(out);
        }
        if let Some(dtype) = self.promotion.rounded(output.description.dtype()) {
            let rounded = array::empty(py, dtype, output.description.shape())?;
            assign(&rounded, &array)?;
            array = rounded;
        }
        if self.library == Library::NumPy && output.description.shape().is_empty() {
            return array.get_item(PyTuple::empty(py));
        }
        self.library.tensor_from_array(array)
    }
}

/// Writes a result into an array of a narrower dtype. Values out of range become infinite,
/// without NumPy's warning.
fn assign(to: &Bound<'_, PyUntypedArray>, from: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
    let py = to.py();
    let quiet = PyDict::new(py);
    quiet.set_item(intern!(py, "over"), intern!(py, "ignore"))?;
    let state = py.import(intern!(py, "numpy"))?;
    let before = state.call_method(intern!(py, "seterr"), (), Some(&quiet))?;
    let done = to.set_item(PyEllipsis::get(py), from);
    state.call_method(intern!(py, "seterr"), (), Some(before.cast()?))?;
    done
}

/// Returns the addresses of an array's first byte and of the byte after its last.
fn byte_range(description: &Description) -> (usize, usize) {
    let (low, high) = scirs2_core::shape::offset_bounds(description.shape(), description.strides())
        .unwrap_or((0, -1));
    let itemsize = description.dtype().itemsize();
    let at = |offset: isize| {
        let bytes = offset.wrapping_mul(itemsize.cast_signed());
        description.data().addr().wrapping_add_signed(bytes)
    };
    (at(low), at(high.wrapping_add(1)))
}

/// The memory that a result is written to.
enum Destination<'py> {
    Array(Bound<'py, PyUntypedArray>),
    /// The caller's library imports it directly, without a NumPy array.
    Buffer(SmallBuffer, Importer),
    /// One element, which becomes a NumPy scalar.
    Number(SmallBuffer),
}

/// A zeroed allocation for a few elements of any dtype that the kernels compute in.
struct SmallBuffer(Vec<Block>);

/// A unit of memory, aligned for every element type.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Block(#[expect(dead_code, reason = "memory")] [u8; 16]);

impl SmallBuffer {
    fn new(bytes: usize) -> Self {
        SmallBuffer(vec![Block([0; 16]); bytes.div_ceil(16).max(1)])
    }

    /// Returns `None` if the elements are many: NumPy's allocator is better at large
    /// memory.
    fn for_small(dtype: DType, shape: &[usize]) -> Option<Self> {
        const FEW: usize = 1 << 12;
        let count = scirs2_core::shape::element_count(shape)?;
        let bytes = count.checked_mul(dtype.itemsize())?;
        (bytes <= FEW).then(|| SmallBuffer::new(bytes))
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

/// Memory that a kernel writes, exclusively.
pub(crate) struct Output<'py> {
    memory: Destination<'py>,
    description: Description,
    /// The caller's `out`, if the kernel writes into it directly.
    out: Option<Bound<'py, PyAny>>,
    /// The array of the caller's `out` that the result is copied to, and `out` itself.
    copy_back: Option<(Bound<'py, PyUntypedArray>, Bound<'py, PyAny>)>,
}

/// How a result is converted for the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrap {
    /// To an array of the caller's library.
    Plain,
    /// Also to the subclass of NumPy's array that was passed, if any.
    LikeInput,
}

impl Output<'_> {
    /// Returns the memory with its dtype as data.
    pub(super) fn tensor_mut(&mut self) -> TensorMut<'_> {
        // SAFETY: the memory lives as long as `self`. Either it is fresh, and its
        // bytes are values (SAFETY.md, "Fresh memory"); or it is the caller's `out`,
        // no two of whose indices name one element, and which shares no memory with
        // an operand.
        // ASSUMPTION (SAFETY.md): no thread of the program reads or writes such an array
        // meanwhile.
        unsafe { TensorMut::new(self.description.clone()) }
    }

    /// Returns the memory as elements of type `T`, which must be its dtype.
    pub(crate) fn view_mut<T: Element>(&mut self) -> PyResult<ArrayViewMutD<'_, T>> {
        Ok(self.tensor_mut().into_view()?)
    }
}

/// Makes a named tuple of `scirs2._results`.
pub(crate) fn namedtuple<'py>(
    py: Python<'py>,
    class: &str,
    results: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module =
        MODULE.get_or_try_init(py, || PyResult::Ok(py.import("scirs2._results")?.unbind()))?;
    module.bind(py).getattr(class)?.call1(results)
}
