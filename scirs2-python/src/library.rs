//! The caller's array library: what comes in as its tensor goes out as its tensor.

use numpy::PyUntypedArray;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::array;
use crate::exchange::{from_dlpack, to_legacy_capsule};

/// A library that a tensor belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Library {
    /// NumPy, or something that has no library of its own: a list, a number.
    NumPy,
    /// Its `from_dlpack` takes an array: module and function.
    FromArray(&'static str, &'static str),
    /// Its `from_dlpack` takes a capsule of the legacy form only.
    FromCapsule(&'static str, &'static str),
}

/// Where each library's classes live, and how it takes an array.
const LIBRARIES: &[(&str, Library)] = &[
    ("torch", Library::FromArray("torch", "from_dlpack")),
    ("jax", Library::FromArray("jax.dlpack", "from_dlpack")),
    ("jaxlib", Library::FromArray("jax.dlpack", "from_dlpack")),
    (
        "tensorflow",
        Library::FromCapsule("tensorflow.experimental.dlpack", "from_dlpack"),
    ),
];

impl Library {
    /// The library of an object's class, or of the nearest base class that is
    /// of one.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if object.is_instance_of::<PyUntypedArray>() || object.is_instance_of::<PyCapsule>() {
            return Ok(Library::NumPy);
        }
        for class in object.get_type().mro() {
            let Some(module) = class.getattr_opt(intern!(py, "__module__"))? else {
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
        let py = array.py();
        match self {
            Library::NumPy => Ok(array.into_any()),
            Library::FromArray(module, function) => {
                py.import(module)?.getattr(function)?.call1((array,))
            }
            Library::FromCapsule(module, function) => {
                let capsule = to_legacy_capsule(&array)?;
                py.import(module)?.getattr(function)?.call1((capsule,))
            }
        }
    }
}

/// An operand as an array that Rust can read in place, and its library.
///
/// Without a copy, but for what lies in foreign byte order or off alignment,
/// and what exports no tensor: lists, numbers, TensorFlow's variables.
pub(crate) fn intake<'py>(
    x: &Bound<'py, PyAny>,
) -> PyResult<(Library, Bound<'py, PyUntypedArray>)> {
    let array = if let Ok(array) = x.cast::<PyUntypedArray>() {
        array.clone()
    } else if x.hasattr(intern!(x.py(), "__dlpack__"))? || x.is_instance_of::<PyCapsule>() {
        from_dlpack(x, None, None, None)?
    } else {
        return Ok((Library::of(x)?, array::readable(x)?));
    };
    let array = if array::is_readable(&array) {
        array
    } else {
        array::readable(&array)?
    };
    Ok((Library::of(x)?, array))
}
