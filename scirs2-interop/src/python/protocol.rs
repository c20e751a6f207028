//! The `__dlpack__` protocol: requests a capsule of an object, in the newest form that it
//! supports, and reads what a consumer requests of an object of ours.

use pyo3::exceptions::{PyAttributeError, PyBufferError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyDict};
use scirs2_core::{Device, DeviceKind};

use super::torch::ignore_exception;
use crate::sys::VERSION;

/// The consumer's arguments of `__dlpack__`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// `Some(false)`: never copy. A consumer that wants a copy makes it itself.
    pub copy: Option<bool>,
    /// The device to put the memory on; the producer copies if it must.
    pub device: Option<Device>,
}

/// What a consumer asks of the `__dlpack__` of an object in host memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExportRequest {
    /// Whether the consumer reads the versioned form; else it gets the legacy form.
    pub versioned: bool,
    /// `Some(true)`: a copy that is the consumer's alone. `Some(false)`: never a copy.
    pub copy: Option<bool>,
}

impl ExportRequest {
    /// Reads the keywords of `__dlpack__`.
    ///
    /// # Errors
    /// `ValueError` for a stream, which the host does not have; `BufferError` for another device.
    #[inline]
    pub fn new(
        stream: Option<&Bound<'_, PyAny>>,
        max_version: Option<(i64, i64)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Self> {
        if let Some(stream) = stream {
            return Err(PyValueError::new_err(format!(
                "stream: the host has no streams, expected None, got {}",
                stream.repr()?
            )));
        }
        if let Some(device) = dl_device
            && device != (DeviceKind::CPU.0, 0)
        {
            return Err(PyBufferError::new_err(format!(
                "dl_device: the array lives on the host (1, 0) and cannot be put on {device:?}; \
                 let the consumer copy it there"
            )));
        }
        Ok(ExportRequest {
            versioned: matches!(max_version, Some((1.., _))),
            copy,
        })
    }
}

/// A capsule, and whether `dl_device` was passed to its producer.
pub(super) struct CapsuleResponse<'py> {
    pub(super) capsule: Bound<'py, PyAny>,
    pub(super) passed_device: bool,
}

/// The capsule of an object with `__dlpack__`; a capsule is returned as it is.
///
/// The versioned form is requested first. A producer that does not know the keywords raises a
/// `TypeError` and is called once more without them.
///
/// # Errors
/// `AttributeError` without `__dlpack__`; `BufferError` for TensorFlow tensors whose
/// elements are not numbers; otherwise what the producer raises.
pub(super) fn request_capsule<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
) -> PyResult<CapsuleResponse<'py>> {
    let py = object.py();
    let response = |capsule, passed_device| CapsuleResponse {
        capsule,
        passed_device,
    };
    if object.is_instance_of::<PyCapsule>() {
        return Ok(response(object.clone(), false));
    }
    let method = match object.getattr(intern!(py, "__dlpack__")) {
        Ok(method) => method,
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
            return Err(missing_dlpack_error(object));
        }
        Err(error) => return Err(error),
    };
    reject_object_dtypes(object)?;
    let (keywords, passed_device) = keywords(object, request)?;
    match method.call((), Some(&keywords)) {
        Err(error) if error.is_instance_of::<PyTypeError>(py) => {
            Ok(response(method.call0()?, false))
        }
        result => Ok(response(result?, passed_device)),
    }
}

fn missing_dlpack_error(object: &Bound<'_, PyAny>) -> PyErr {
    let class = object.get_type();
    PyAttributeError::new_err(format!(
        "{class} has no __dlpack__; pass a tensor of a library that speaks DLPack, \
         a DLPack capsule, or numpy.asarray(x)"
    ))
}

/// TensorFlow's dtypes whose elements are C++ objects. For a tensor of one its `__dlpack__` aborts
/// the process; it raises for all other dtypes that DLPack does not have.
const OBJECT_DTYPES: [&str; 3] = ["string", "resource", "variant"];

/// Rejects a TensorFlow tensor whose `__dlpack__` must not be called: an object of one of its
/// classes, or any other object with one of its dtypes.
fn reject_object_dtypes(object: &Bound<'_, PyAny>) -> PyResult<()> {
    match object_dtype(object) {
        Ok(None) => Ok(()),
        Ok(Some(name)) => Err(PyBufferError::new_err(format!(
            "dtype: TensorFlow's {name} is not a number; for a tensor of strings \
             pass tf.strings.to_number(x)"
        ))),
        // An object whose dtype cannot be read has none of TensorFlow's.
        Err(error) => ignore_exception(object.py(), Some(error)),
    }
}

fn object_dtype(object: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
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
    Ok(OBJECT_DTYPES.into_iter().find(|known| *known == &*name))
}

/// The keywords of the call, and whether a device is among them.
fn keywords<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
) -> PyResult<(Bound<'py, PyDict>, bool)> {
    static DEFAULT_KEYWORDS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = object.py();
    let default_keywords = DEFAULT_KEYWORDS.get_or_try_init(py, || {
        let keywords = PyDict::new(py);
        keywords.set_item("max_version", (VERSION.major, VERSION.minor))?;
        PyResult::Ok(keywords.unbind())
    })?;
    let default_keywords = default_keywords.bind(py);
    let device = match request.device {
        Some(device) if !is_on_device(object, device)? => Some(device),
        _ => None,
    };
    if request.copy.is_none() && device.is_none() {
        return Ok((default_keywords.clone(), false));
    }
    let keywords = default_keywords.copy()?;
    if let Some(copy) = request.copy {
        keywords.set_item("copy", copy)?;
    }
    if let Some(device) = device {
        keywords.set_item("dl_device", (device.kind.0, device.id))?;
    }
    Ok((keywords, device.is_some()))
}

/// Whether the object reports that device already. Then `dl_device`, which older producers do not
/// know, need not be passed.
fn is_on_device(object: &Bound<'_, PyAny>, device: Device) -> PyResult<bool> {
    let py = object.py();
    let Some(answer) = object.getattr_opt(intern!(py, "__dlpack_device__"))? else {
        return Ok(false);
    };
    let (kind, id): (i32, i32) = answer.call0()?.extract()?;
    let actual = Device {
        kind: DeviceKind(kind),
        id,
    };
    // `dl_device` must be passed if a kernel may still be writing to the memory.
    let is_ready = actual.kind.is_host() && actual.kind != DeviceKind::CUDA_MANAGED;
    Ok(actual == device || (device == Device::CPU && is_ready))
}
