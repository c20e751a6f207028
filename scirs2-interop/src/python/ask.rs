//! Asks an object for a capsule, in the newest form that it knows.

use pyo3::exceptions::{PyAttributeError, PyBufferError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyDict};
use scirs2_core::{Device, DeviceKind};

use super::torch::unless_exit;
use crate::sys::VERSION;

/// What the consumer asks of the producer besides a tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// `Some(false)`: never copy. A consumer that wants a copy makes it itself.
    pub copy: Option<bool>,
    /// The device to put the memory on; the producer copies if it must.
    pub device: Option<Device>,
}

/// A capsule, and whether its producer was asked for memory on the requested device.
pub(super) struct Asked<'py> {
    pub(super) capsule: Bound<'py, PyAny>,
    pub(super) for_device: bool,
}

/// The capsule of an object with `__dlpack__`; a capsule is returned as it is.
///
/// The versioned form is asked for first. A producer that does not know the
/// keywords raises a `TypeError` and is asked once more without them.
///
/// # Errors
/// `AttributeError` without `__dlpack__`; `BufferError` for TensorFlow tensors whose
/// elements are not numbers; otherwise what the producer raises.
pub(super) fn ask<'py>(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Asked<'py>> {
    let py = object.py();
    let answered = |capsule, for_device| Asked {
        capsule,
        for_device,
    };
    if object.is_instance_of::<PyCapsule>() {
        return Ok(answered(object.clone(), false));
    }
    let method = match object.getattr(intern!(py, "__dlpack__")) {
        Ok(method) => method,
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
            return Err(no_dlpack(object));
        }
        Err(error) => return Err(error),
    };
    has_bytes(object)?;
    let (keywords, for_device) = keywords(object, request)?;
    match method.call((), Some(&keywords)) {
        Err(error) if error.is_instance_of::<PyTypeError>(py) => {
            Ok(answered(method.call0()?, false))
        }
        answer => Ok(answered(answer?, for_device)),
    }
}

fn no_dlpack(object: &Bound<'_, PyAny>) -> PyErr {
    let class = object.get_type();
    PyAttributeError::new_err(format!(
        "{class} has no __dlpack__; pass a tensor of a library that speaks DLPack, \
         a DLPack capsule, or numpy.asarray(x)"
    ))
}

/// TensorFlow's dtypes whose elements are C++ objects. TensorFlow aborts the process if
/// asked for a capsule of one; it refuses all other dtypes that DLPack does not have.
const WITHOUT_BYTES: [&str; 3] = ["string", "resource", "variant"];

/// Refuses a TensorFlow tensor that must not be asked for a capsule: an object of one of
/// its classes, or any other object with one of its dtypes.
fn has_bytes(object: &Bound<'_, PyAny>) -> PyResult<()> {
    match dtype_without_bytes(object) {
        Ok(None) => Ok(()),
        Ok(Some(name)) => Err(PyBufferError::new_err(format!(
            "dtype: TensorFlow's {name} is no number; for a tensor of strings \
             pass tf.strings.to_number(x)"
        ))),
        // An object whose dtype cannot be read has none of TensorFlow's.
        Err(error) => unless_exit(object.py(), Some(error)),
    }
}

fn dtype_without_bytes(object: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
    let py = object.py();
    let Some(dtype) = object.getattr_opt(intern!(py, "dtype"))? else {
        return Ok(None);
    };
    let module = dtype.get_type().getattr(intern!(py, "__module__"))?;
    if !module.extract::<PyBackedStr>()?.starts_with("tensorflow.") {
        return Ok(None);
    }
    let name = dtype.getattr(intern!(py, "name"))?;
    let name = name.extract::<PyBackedStr>()?;
    Ok(WITHOUT_BYTES.into_iter().find(|known| *known == &*name))
}

/// The keywords of the call, and whether a device is among them.
fn keywords<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
) -> PyResult<(Bound<'py, PyDict>, bool)> {
    static PLAIN: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = object.py();
    let plain = PLAIN.get_or_try_init(py, || {
        let keywords = PyDict::new(py);
        keywords.set_item("max_version", (VERSION.major, VERSION.minor))?;
        PyResult::Ok(keywords.unbind())
    })?;
    let plain = plain.bind(py);
    let device = match request.device {
        Some(device) if !lives_on(object, device)? => Some(device),
        _ => None,
    };
    if request.copy.is_none() && device.is_none() {
        return Ok((plain.clone(), false));
    }
    let keywords = plain.copy()?;
    if let Some(copy) = request.copy {
        keywords.set_item("copy", copy)?;
    }
    if let Some(device) = device {
        keywords.set_item("dl_device", (device.kind.0, device.id))?;
    }
    Ok((keywords, device.is_some()))
}

/// Whether the object reports that device already. Producers that do not know
/// `dl_device` then need not be asked for it.
fn lives_on(object: &Bound<'_, PyAny>, device: Device) -> PyResult<bool> {
    let py = object.py();
    let Some(answer) = object.getattr_opt(intern!(py, "__dlpack_device__"))? else {
        return Ok(false);
    };
    let (kind, id): (i32, i32) = answer.call0()?.extract()?;
    let actual = Device {
        kind: DeviceKind(kind),
        id,
    };
    // The producer has to be asked if a kernel may still be writing to the memory.
    let is_ready = actual.kind.is_host() && actual.kind != DeviceKind::CUDA_MANAGED;
    Ok(actual == device || (device == Device::CPU && is_ready))
}
