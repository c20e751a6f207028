//! The caller's array library: what comes in as its tensor goes out as its tensor.

use core::fmt;

use numpy::{PyUntypedArray, PyUntypedArrayMethods as _};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use scirs2_interop::Description;
use scirs2_interop::python::give;
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};

use crate::array::{self, Undescribed};
use crate::exchange::{Policy, exported, from_dlpack};
use crate::exporter::DLPackExporter;

/// A library that a tensor belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Library {
    /// NumPy, or something that has no library of its own: a list, a number.
    NumPy,
    /// Its function `from_dlpack`, by module, and what that takes.
    Other(&'static str, Takes),
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Library::NumPy => "NumPy",
            Library::Other("torch", _) => "PyTorch",
            Library::Other("jax.dlpack", _) => "JAX",
            Library::Other("tensorflow.experimental.dlpack", _) => "TensorFlow",
            Library::Other("mlx.core", _) => "MLX",
            Library::Other("paddle.utils.dlpack", _) => "PaddlePaddle",
            Library::Other(module, _) => module,
        })
    }
}

/// What a library's `from_dlpack` takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    /// An object with `__dlpack__`.
    Object,
    /// A capsule, which spares it the call.
    Capsule,
    /// A capsule of the legacy form only.
    LegacyCapsule,
}

/// Where each library's classes live, and how it takes an array.
const LIBRARIES: &[(&str, Library)] = &[
    ("torch", Library::Other("torch", Takes::Capsule)),
    ("jax", Library::Other("jax.dlpack", Takes::Object)),
    ("jaxlib", Library::Other("jax.dlpack", Takes::Object)),
    (
        "tensorflow",
        Library::Other("tensorflow.experimental.dlpack", Takes::LegacyCapsule),
    ),
    ("mlx", Library::Other("mlx.core", Takes::Object)),
    (
        "paddle",
        Library::Other("paddle.utils.dlpack", Takes::Capsule),
    ),
    ("tvm_ffi", Library::Other("tvm_ffi", Takes::Object)),
];

impl Library {
    /// The library of an object's class, or of the nearest base class that is
    /// of one.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if object.is_instance_of::<PyUntypedArray>() || object.is_instance_of::<PyCapsule>() {
            return Ok(Library::NumPy);
        }
        let bases = object.get_type().getattr(intern!(py, "__mro__"))?;
        for class in bases.try_iter()? {
            let Some(module) = class?.getattr_opt(intern!(py, "__module__"))? else {
                continue;
            };
            let Ok(module) = module.extract::<&str>() else {
                continue;
            };
            let root = module.split('.').next().unwrap_or_default();
            if let Some((_, library)) = LIBRARIES.iter().find(|(name, _)| *name == root) {
                return Ok(*library);
            }
        }
        Ok(Library::NumPy)
    }

    /// An array of ours as this library's tensor, without a copy.
    pub(crate) fn tensor<'py>(
        self,
        array: Bound<'py, PyUntypedArray>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Library::Other(module, takes) = self else {
            return Ok(array.into_any());
        };
        let py = array.py();
        let argument = match takes {
            Takes::Object => Bound::new(py, DLPackExporter::of(array))?.into_any(),
            Takes::Capsule => give(
                py,
                exported::<DLManagedTensorVersioned>(&array, Policy::Exact, None)?,
            )?,
            Takes::LegacyCapsule => give(
                py,
                exported::<DLManagedTensor>(&array, Policy::Exact, None)?,
            )?,
        };
        let from_dlpack = py.import(module)?.getattr(intern!(py, "from_dlpack"))?;
        from_dlpack.call1((argument,))
    }
}

/// An operand as an array that Rust can read in place.
pub(crate) struct Intake<'py> {
    pub(crate) library: Library,
    pub(crate) array: Bound<'py, PyUntypedArray>,
    /// What the array is, or why nothing is computed with it.
    pub(crate) described: Result<Description, Undescribed>,
}

/// Takes an operand without a copy, but for what lies in foreign byte order or
/// off alignment, and what exports no tensor: lists, numbers, TensorFlow's
/// variables.
pub(crate) fn intake<'py>(x: &Bound<'py, PyAny>) -> PyResult<Intake<'py>> {
    let (library, array) = if let Ok(array) = x.cast::<PyUntypedArray>() {
        (Library::NumPy, array.clone())
    } else if x.hasattr(intern!(x.py(), "__dlpack__"))? || x.is_instance_of::<PyCapsule>() {
        (Library::of(x)?, from_dlpack(x, None, None, None)?)
    } else {
        (Library::of(x)?, array::readable(x)?)
    };
    let described = array::describe(&array);
    if array.is_aligned() && described.is_ok() {
        return Ok(Intake {
            library,
            array,
            described,
        });
    }
    let array = array::readable(&array)?;
    let described = array::describe(&array).map_err(|reason| match reason {
        Undescribed::Dtype(dtype) if !x.is_instance_of::<PyUntypedArray>() => {
            array::not_numbers(x, dtype)
        }
        reason => reason,
    });
    Ok(Intake {
        library,
        array,
        described,
    })
}
