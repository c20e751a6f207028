//! `from_dlpack` and `to_dlpack`.

use numpy::PyUntypedArray;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use scirs2_core::{Device, DeviceKind};
use scirs2_interop::python::{Offer, Request, ask, give, keep};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{ManagedStruct, export};

use crate::array::{self, Undescribed};

/// Take a tensor of any library as a NumPy array, without a copy.
///
/// Parameters
/// ----------
/// x : object or capsule
///     A tensor with ``__dlpack__`` (PyTorch, JAX, TensorFlow, CuPy, NumPy, ...),
///     or a raw capsule ``"dltensor"`` or ``"dltensor_versioned"``, which is
///     consumed: it is renamed ``"used_..."``.
/// device : "cpu" or (1, 0), optional
///     Ask the producer of a device tensor to copy it to the host.
/// copy : bool, optional
///     True: always copy. False: never; refuse where the producer has to.
///     None: a view, unless the producer has to copy.
/// writeable : bool, optional
///     None follows the producer: what it marks read-only is read-only, and so
///     is a legacy capsule, which cannot say, unless ``to_dlpack`` made it.
///     True makes an array from a legacy capsule writeable: that nobody minds
///     is for you to know. False always gives a read-only array.
///
/// Returns
/// -------
/// numpy.ndarray
///     Same shape, strides and dtype. It keeps the producer's memory alive.
///
/// Raises
/// ------
/// GPUTensorError
///     The tensor lives in device memory and ``device`` was not given.
/// BufferError
///     The tensor cannot be taken: the message names the field, its value and
///     the cure. The capsule then stays unconsumed.
/// AttributeError
///     ``x`` has no ``__dlpack__``.
/// TypeError
///     ``x`` is a capsule of another kind.
///
/// See Also
/// --------
/// to_dlpack
///
/// Notes
/// -----
/// Dtypes: bool, int8 to int64, uint8 to uint64, float16 to float64, complex64
/// and complex128. Protocol: DLPack 1.3; 1.x and the legacy form are read.
///
/// Examples
/// --------
/// >>> import numpy as np, torch, scirs2
/// >>> t = torch.arange(6.0).reshape(2, 3)
/// >>> a = scirs2.from_dlpack(t)
/// >>> a[0, 0] = 7.0
/// >>> t[0, 0].item()
/// 7.0
#[pyfunction]
#[pyo3(signature = (x, /, *, device=None, copy=None, writeable=None))]
pub(crate) fn from_dlpack<'py>(
    x: &Bound<'py, PyAny>,
    device: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let request = Request {
        // A copy that the caller wants is made here: producers disagree on how.
        copy: copy.filter(|&copy| !copy),
        device: device.map(host_device).transpose()?,
    };
    let offer = Offer::of(ask(x, &request)?)?;
    let description = offer.description().clone();
    if copy == Some(false) && description.is_copied() {
        return Err(PyBufferError::new_err(
            "copy: False was asked for, but the producer had to copy; pass copy=None",
        ));
    }
    let allowed = offer.writeable::<ArrayKeeper>();
    let copied = copy == Some(true);
    if writeable == Some(true) && allowed == Some(false) && !copied {
        return Err(PyBufferError::new_err(
            "writeable: the producer marks the memory read-only; pass copy=True",
        ));
    }
    let writable_view = writeable.unwrap_or(allowed.unwrap_or(false)) && !copied;
    let base = keep(x.py(), offer.accept()?)?;
    // SAFETY: the base owns the tensor, whose producer promised the memory, and
    // allowed to write to it unless the caller took that on.
    let view = unsafe { array::wrap(&description, base, writable_view) }?;
    if !copied {
        return Ok(view);
    }
    let copy = array::copy(&view)?;
    if writeable == Some(false) {
        copy.call_method1("setflags", (false,))?;
    }
    Ok(copy)
}

/// The host, however the caller names it.
fn host_device(device: &Bound<'_, PyAny>) -> PyResult<Device> {
    let named = device.str().is_ok_and(|name| name == "cpu");
    let numbered = device
        .extract::<(i32, i32)>()
        .is_ok_and(|(kind, id)| id == 0 && DeviceKind(kind) == DeviceKind::CPU);
    if named || numbered {
        Ok(Device::CPU)
    } else {
        Err(PyValueError::new_err(format!(
            "device: only \"cpu\" or (1, 0) can be asked for, got {}",
            device.repr()?
        )))
    }
}

/// Give a NumPy array to any library, without a copy.
///
/// Parameters
/// ----------
/// array : numpy.ndarray
///     Any shape and non-negative strides; any dtype listed below.
/// max_version : (int, int), optional
///     The newest protocol that the consumer reads. From (1, 0) on the capsule
///     is a ``"dltensor_versioned"``; without it a ``"dltensor"``.
/// copy : bool, optional
///     True: the capsule carries a copy, which the consumer owns alone.
///     None and False: the array's own memory.
/// dl_device : (int, int), optional
///     Only the host, (1, 0).
/// stream : None
///     The host has no streams.
///
/// Returns
/// -------
/// capsule
///     It keeps the array alive until the consumer is done. Each capsule can be
///     consumed once.
///
/// Raises
/// ------
/// BufferError
///     What the capsule cannot say, with its cure: a read-only array in a
///     ``"dltensor"``, negative strides, a dtype without a DLPack name.
/// TypeError
///     ``array`` is no NumPy array.
///
/// See Also
/// --------
/// from_dlpack
///
/// Notes
/// -----
/// Dtypes: bool, int8 to int64, uint8 to uint64, float16 to float64, complex64
/// and complex128, in native byte order.
///
/// Examples
/// --------
/// >>> import numpy as np, torch, scirs2
/// >>> a = np.ones(3)
/// >>> t = torch.from_dlpack(scirs2.to_dlpack(a))
/// >>> t[0] = 5
/// >>> a
/// array([5., 1., 1.])
#[pyfunction]
#[pyo3(signature = (array, /, *, max_version=None, copy=None, dl_device=None, stream=None))]
pub(crate) fn to_dlpack<'py>(
    array: &Bound<'py, PyAny>,
    max_version: Option<(i64, i64)>,
    copy: Option<bool>,
    dl_device: Option<(i32, i32)>,
    stream: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let array = array
        .cast::<PyUntypedArray>()
        .map_err(|_| not_an_array(array))?;
    if let Some(stream) = stream {
        return Err(PyValueError::new_err(format!(
            "stream: the host has no streams, expected None, got {}",
            stream.repr()?
        )));
    }
    if let Some(device) = dl_device.filter(|&device| device != (DeviceKind::CPU.0, 0)) {
        return Err(PyBufferError::new_err(format!(
            "dl_device: the array lives on the host (1, 0) and cannot be put on {device:?}; \
             let the consumer copy it there"
        )));
    }
    let copied = copy == Some(true);
    let array = if copied {
        array::copy(array)?
    } else {
        array.clone()
    };
    match max_version {
        Some((1.., _)) => capsule::<DLManagedTensorVersioned>(&array, copied),
        _ => capsule::<DLManagedTensor>(&array, copied),
    }
}

/// A legacy capsule over an array, for a library that knows no other.
pub(crate) fn to_legacy_capsule<'py>(
    array: &Bound<'py, PyUntypedArray>,
) -> PyResult<Bound<'py, PyAny>> {
    capsule::<DLManagedTensor>(array, false)
}

fn capsule<'py, M: ManagedStruct>(
    array: &Bound<'py, PyUntypedArray>,
    copied: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let description = array::describe(array).map_err(refused)?.with_copied(copied);
    let keeper = ArrayKeeper(Some(array.clone().into_any().unbind()));
    // SAFETY: the keeper holds the array, and the array its memory, which NumPy
    // lets be written unless it is described as read-only.
    let owner = unsafe { export::<M, _>(&description, keeper) }?;
    give(array.py(), owner)
}

fn refused(reason: Undescribed) -> PyErr {
    match reason {
        Undescribed::Layout(error) => error.into(),
        reason => PyBufferError::new_err(reason.to_string()),
    }
}

fn not_an_array(object: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!(
        "expected a numpy.ndarray, got {}; a tensor of another library is its own exporter, \
         pass it on as it is or take it with scirs2.from_dlpack first",
        object.get_type()
    ))
}

/// Keeps an array alive for a consumer.
struct ArrayKeeper(Option<Py<PyAny>>);

impl Drop for ArrayKeeper {
    /// The consumer may be on any thread, and may outlive the interpreter: the
    /// array is leaked then, because without an interpreter nothing can free it.
    fn drop(&mut self) {
        let mut array = self.0.take();
        if Python::try_attach(|_| drop(array.take())).is_none() {
            std::mem::forget(array);
        }
    }
}
