//! The caller's array library, which gets its own tensors back.

use core::fmt;
use std::ptr;

use numpy::PyUntypedArray;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyType};
use scirs2_interop::Owner;
use scirs2_interop::python::{Importer, TypeCache, new_capsule};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};

use crate::exchange::exporter::DLPackExporter;
use crate::exchange::to_dlpack::{Policy, export_array};
use crate::numpy::array;

/// The library that a tensor belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Library {
    /// NumPy. Also for objects of no library, such as lists and numbers.
    NumPy,
    /// A library of the table below.
    Other(&'static Row),
}

/// How a library's tensors are recognized and made.
pub(crate) struct Row {
    /// The name in messages.
    name: &'static str,
    /// The packages that define its classes.
    packages: &'static [&'static str],
    /// The function that makes a tensor of NumPy's array.
    from_numpy: &'static str,
    /// The one that makes a tensor of any other library's, if that is public.
    from_tensor: Option<&'static str>,
    /// The module that has `from_dlpack`.
    module: &'static str,
    accepts: Accepts,
    /// The class in that module that may have an exchange API.
    class: Option<&'static str>,
    /// Looked up for the first result.
    constructor: PyOnceLock<Constructor>,
}

/// The argument of a library's `from_dlpack`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Accepts {
    /// An object with `__dlpack__`.
    Object,
    /// A capsule, which saves the call of `__dlpack__`.
    Capsule,
    /// Only a legacy capsule, of aligned memory: TensorFlow's kernels end the process elsewhere.
    LegacyCapsule,
}

/// The function that makes a library's tensor.
enum Constructor {
    /// From the exchange API of its class, without a Python call.
    Table(Importer),
    /// The function `from_dlpack`.
    Function(Py<PyAny>),
}

const fn row(
    name: &'static str,
    packages: &'static [&'static str],
    conversions: (&'static str, Option<&'static str>),
    module: &'static str,
    accepts: Accepts,
    class: Option<&'static str>,
) -> Row {
    Row {
        name,
        packages,
        from_numpy: conversions.0,
        from_tensor: conversions.1,
        module,
        accepts,
        class,
        constructor: PyOnceLock::new(),
    }
}

static LIBRARIES: [Row; 6] = [
    row(
        "PyTorch",
        &["torch"],
        ("torch.asarray", Some("torch.from_dlpack")),
        "torch",
        Accepts::Capsule,
        Some("Tensor"),
    ),
    row(
        "JAX",
        &["jax", "jaxlib"],
        ("jax.numpy.asarray", Some("jax.dlpack.from_dlpack")),
        "jax.dlpack",
        Accepts::Object,
        None,
    ),
    row(
        "TensorFlow",
        &["tensorflow"],
        ("tensorflow.convert_to_tensor", None),
        "tensorflow.experimental.dlpack",
        Accepts::LegacyCapsule,
        None,
    ),
    row(
        "MLX",
        &["mlx"],
        ("mlx.core.array", None),
        "mlx.core",
        Accepts::Object,
        None,
    ),
    row(
        "PaddlePaddle",
        &["paddle"],
        ("paddle.to_tensor", None),
        "paddle.utils.dlpack",
        Accepts::Capsule,
        None,
    ),
    row(
        "tvm_ffi",
        &["tvm_ffi"],
        ("tvm_ffi.from_dlpack", Some("tvm_ffi.from_dlpack")),
        "tvm_ffi",
        Accepts::Object,
        None,
    ),
];

/// The library of each type seen so far.
static TYPES: TypeCache<Library> = TypeCache::new();

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Library {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Library::NumPy, Library::NumPy) => true,
            (Library::Other(row), Library::Other(other)) => ptr::eq(*row, *other),
            _ => false,
        }
    }
}

impl Library {
    fn name(self) -> &'static str {
        match self {
            Library::NumPy => "NumPy",
            Library::Other(row) => row.name,
        }
    }

    /// Returns the expression that converts an argument of another library to this one.
    pub(crate) fn conversion(self, other: Self, argument: impl fmt::Display) -> String {
        let Library::Other(row) = self else {
            return format!("scirs2.from_dlpack({argument})");
        };
        match (other, row.from_tensor) {
            (Library::NumPy, _) => format!("{}({argument})", row.from_numpy),
            (_, Some(function)) => format!("{function}({argument})"),
            (_, None) => format!("{}(scirs2.from_dlpack({argument}))", row.from_numpy),
        }
    }

    /// Returns the library of an object's class, or of the nearest base class that
    /// belongs to one.
    #[inline]
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        match TYPES.get(object) {
            Some(library) => Ok(*library),
            None => Library::look_up(object),
        }
    }

    #[cold]
    fn look_up(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let class = object.get_type();
        let library =
            if object.is_instance_of::<PyUntypedArray>() || object.is_instance_of::<PyCapsule>() {
                Library::NumPy
            } else {
                Library::of_class(&class)?
            };
        TYPES.insert(class, library);
        Ok(library)
    }

    fn of_class(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let py = class.py();
        let bases = class.getattr(intern!(py, "__mro__"))?;
        for base in bases.try_iter()? {
            let Some(module) = base?.getattr_opt(intern!(py, "__module__"))? else {
                continue;
            };
            let Ok(module) = module.extract::<&str>() else {
                continue;
            };
            let package = module.split('.').next().unwrap_or_default();
            if let Some(row) = LIBRARIES.iter().find(|row| row.packages.contains(&package)) {
                return Ok(Library::Other(row));
            }
        }
        Ok(Library::NumPy)
    }

    /// Whether the library is PyTorch within `torch.autocast`, which decides what becomes of halves.
    pub(crate) fn is_under_autocast(self, py: Python<'_>) -> PyResult<bool> {
        static IS_ENABLED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        if self.name() != "PyTorch" {
            return Ok(false);
        }
        let is_enabled = IS_ENABLED.import(py, "torch", "is_autocast_enabled")?;
        is_enabled.call1((intern!(py, "cpu"),))?.is_truthy()
    }

    /// Tells the library that one of its tensors was written. PyTorch counts writes,
    /// and so detects that a tensor was overwritten which a gradient needs.
    pub(crate) fn mark_written(self, tensor: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = tensor.py();
        if self.name() != "PyTorch"
            || tensor
                .call_method0(intern!(py, "is_inference"))?
                .is_truthy()?
        {
            return Ok(());
        }
        let graph = py.import(intern!(py, "torch.autograd.graph"))?;
        graph.call_method1(intern!(py, "increment_version"), (tensor,))?;
        Ok(())
    }

    /// Returns the importer that makes a tensor without a Python call, if the library
    /// has one.
    pub(crate) fn importer(self, py: Python<'_>) -> PyResult<Option<Importer>> {
        let Library::Other(row) = self else {
            return Ok(None);
        };
        Ok(match row.constructor(py)? {
            Constructor::Table(importer) => Some(*importer),
            Constructor::Function(_) => None,
        })
    }

    /// Converts an array to this library's tensor without a copy.
    pub(crate) fn tensor_from_array<'py>(
        self,
        array: Bound<'py, PyUntypedArray>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Library::Other(row) = self else {
            return Ok(array.into_any());
        };
        let py = array.py();
        let versioned = |array| -> PyResult<Owner<DLManagedTensorVersioned>> {
            export_array(array, Policy::Strict, None)
        };
        let from_dlpack = match row.constructor(py)? {
            Constructor::Table(importer) => return importer.import(py, versioned(&array)?),
            Constructor::Function(function) => function.bind(py),
        };
        let argument = match row.accepts {
            Accepts::Object => Bound::new(py, DLPackExporter::wrap(array))?.into_any(),
            Accepts::Capsule => new_capsule(py, versioned(&array)?)?,
            Accepts::LegacyCapsule => new_capsule(
                py,
                export_array::<DLManagedTensor>(&array::aligned(array)?, Policy::Strict, None)?,
            )?,
        };
        from_dlpack.call1((argument,))
    }
}

impl Row {
    #[inline]
    fn constructor(&self, py: Python<'_>) -> PyResult<&Constructor> {
        self.constructor.get_or_try_init(py, || {
            let module = py.import(self.module)?;
            if let Some(name) = self.class {
                let class = module.getattr(name)?.cast_into::<PyType>()?;
                if let Some(importer) = Importer::of(&class)? {
                    return Ok(Constructor::Table(importer));
                }
            }
            let function = module.getattr(intern!(py, "from_dlpack"))?;
            Ok(Constructor::Function(function.unbind()))
        })
    }
}
