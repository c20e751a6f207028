//! `from_dlpack` and `to_dlpack`.

use numpy::PyUntypedArray;
use pyo3::PyTypeInfo;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;
use scirs2_core::{Device, DeviceKind};
use scirs2_interop::python::{Offer, Reference, Request, give, keep};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{Error, ManagedStruct, Owner, export};

use crate::array::{self, Place, Undescribed};
use crate::dtype::descr_of;

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
/// and complex128; with the package ``ml_dtypes`` also bfloat16, float8, float6,
/// float4, int4, int2, int1 and their kin. Elements narrower than a byte that
/// the producer packed are unpacked into a copy.
///
/// Protocol: DLPack 1.3; 1.x, the legacy form and the C exchange table are read.
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
    if let Some(array) = without_method(x, &request, copy, writeable)? {
        return Ok(array);
    }
    if let Some(array) = plain_subclass(x)? {
        return again(array, copy, writeable);
    }
    accepted(x.py(), &mut Offer::by_method(x, &request)?, copy, writeable)
}

/// [`from_dlpack`] of what needs no call of `__dlpack__`.
#[inline(always)]
pub(crate) fn at_once<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    without_method(x, &Request::default(), None, None)
}

/// The same, with what the caller asks for.
#[inline(always)]
fn without_method<'py>(
    x: &Bound<'py, PyAny>,
    request: &Request,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    if let Ok(array) = x.cast_exact::<PyUntypedArray>() {
        return again(array.clone(), copy, writeable).map(Some);
    }
    match Offer::by_table(x, request)? {
        Some(mut offer) => accepted(x.py(), &mut offer, copy, writeable).map(Some),
        None => Ok(None),
    }
}

/// An offer as an array, as `from_dlpack` gives it.
pub(crate) fn import<'py>(
    py: Python<'py>,
    mut offer: Offer<'py>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    accepted(py, &mut offer, None, None)
}

/// NumPy's own array needs no capsule: a view of it is what it would become.
#[inline(always)]
fn again<'py>(
    array: Bound<'py, PyUntypedArray>,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    // What could not be exported is refused, as any library's tensor would be.
    let place = Place::of(&array).map_err(refused)?;
    let copied = copy == Some(true);
    let may_write = may_write(Some(!place.is_read_only()), writeable, copied)?;
    let view = array::view(array, may_write)?;
    if copied {
        return own(array::copy(&view)?, writeable);
    }
    Ok(view)
}

/// The array of an offer, once all that can be refused was: only then a capsule is
/// consumed.
#[inline(always)]
fn accepted<'py>(
    py: Python<'py>,
    offer: &mut Offer<'py>,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let packed = offer.description().is_packed();
    if copy == Some(false) {
        never_copied(offer)?;
    }
    // What NumPy cannot name must be refused, too.
    let descr = descr_of(py, offer.description().dtype())?;
    // A legacy capsule cannot say; the array in one of ours can.
    let ours = || {
        let object = offer.kept(py)?;
        Some(array::is_writeable(object.cast().ok()?))
    };
    let producer = offer.writeable().or_else(ours);
    let copied = copy == Some(true) || packed;
    let may_write = may_write(producer, writeable, copied)?;
    let base = keep(py, offer.accept()?)?;
    let description = offer.description();
    if packed {
        // SAFETY: the base keeps the producer's memory until this is done.
        return own(unsafe { array::unpacked(py, description) }?, writeable);
    }
    // SAFETY: the base owns the tensor, whose producer promised the memory, and
    // allowed to write unless the caller took that on; `descr` names its type.
    let view = unsafe { array::wrap(description, descr, base, may_write) }?;
    if copied {
        return own(array::copy(&view)?, writeable);
    }
    Ok(view)
}

/// Refuses an offer that has been copied or has to be.
fn never_copied(offer: &Offer<'_>) -> PyResult<()> {
    let description = offer.description();
    if description.is_packed() {
        return Err(Error::Packed(description.dtype()).into());
    }
    if description.is_copied() {
        return Err(PyBufferError::new_err(
            "copy: False was asked for, but the producer had to copy; pass copy=None",
        ));
    }
    Ok(())
}

/// Whether a view of the producer's memory is to be writeable. The producer may not be
/// able to say, nor the caller care.
fn may_write(producer: Option<bool>, caller: Option<bool>, copied: bool) -> PyResult<bool> {
    if copied {
        return Ok(false);
    }
    if producer == Some(false) && caller == Some(true) {
        return Err(PyBufferError::new_err(
            "writeable: the producer marks the memory read-only; pass copy=True",
        ));
    }
    Ok(caller.or(producer).unwrap_or(false))
}

/// A copy as the caller wants it.
fn own<'py>(
    copy: Bound<'py, PyUntypedArray>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    if writeable == Some(false) {
        copy.call_method1(intern!(copy.py(), "setflags"), (false,))?;
    }
    Ok(copy)
}

/// The object as an array of a subclass of NumPy's that exports itself as
/// NumPy's do; it may do so in its own way.
fn plain_subclass<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    let py = x.py();
    let Ok(array) = x.cast::<PyUntypedArray>() else {
        return Ok(None);
    };
    let method = |class: Bound<'py, PyType>| class.getattr(intern!(py, "__dlpack__"));
    let own = method(x.get_type())?;
    let numpys = method(PyUntypedArray::type_object(py))?;
    Ok(own.is(&numpys).then(|| array.clone()))
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
/// Dtypes: as for ``from_dlpack``, in native byte order.
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
    to_capsule(
        array_of(array)?,
        Policy::Exact,
        max_version,
        copy,
        dl_device,
        stream,
    )
}

/// What an export does where the form, or the consumers, cannot take an array
/// as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Refuses it.
    Exact,
    /// Trusts a consumer of the legacy form not to write to read-only memory,
    /// and lays odd strides out anew, unless `copy` says never.
    Obliging,
}

/// A capsule over an array.
#[inline]
pub(crate) fn to_capsule<'py>(
    array: &Bound<'py, PyUntypedArray>,
    policy: Policy,
    max_version: Option<(i64, i64)>,
    copy: Option<bool>,
    dl_device: Option<(i32, i32)>,
    stream: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
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
    let py = array.py();
    if let Some((1.., _)) = max_version {
        give(
            py,
            exported::<DLManagedTensorVersioned>(array, policy, copy)?,
        )
    } else {
        give(py, exported::<DLManagedTensor>(array, policy, copy)?)
    }
}

/// An array as a struct that keeps it alive.
#[inline]
pub(crate) fn exported<M: ManagedStruct>(
    array: &Bound<'_, PyUntypedArray>,
    policy: Policy,
    copy: Option<bool>,
) -> PyResult<Owner<M>> {
    if copy != Some(true) {
        match shared(array, policy, false) {
            Err(Undescribed::Stride { .. } | Undescribed::Layout(Error::NegativeStrides(_)))
                if policy == Policy::Obliging && copy.is_none() => {}
            result => return result.map_err(refused),
        }
    }
    shared(&array::copy(array)?, policy, true).map_err(refused)
}

#[inline]
fn shared<M: ManagedStruct>(
    array: &Bound<'_, PyUntypedArray>,
    policy: Policy,
    copied: bool,
) -> Result<Owner<M>, Undescribed> {
    let place = Place::of(array)?;
    let mut layout = place.layout();
    layout.copied = copied;
    if policy == Policy::Obliging && !M::HAS_FLAGS {
        layout.read_only = false;
    }
    let keeper = Reference::to(array.clone().into_any());
    // SAFETY: the keeper holds the array, and the array its memory, which NumPy
    // lets be written unless it is read-only; where that was taken back, the
    // caller promised that the consumer does not write.
    unsafe { export(&layout, keeper) }.map_err(Undescribed::Layout)
}

pub(crate) fn refused(reason: Undescribed) -> PyErr {
    match reason {
        Undescribed::Layout(error) => error.into(),
        reason => PyBufferError::new_err(reason.to_string()),
    }
}

/// The object as an array, which is all that is exported here.
pub(crate) fn array_of<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyUntypedArray>> {
    object.cast().map_err(|_| {
        PyTypeError::new_err(format!(
            "expected a numpy.ndarray, got {}; a tensor of another library is its own \
             exporter, pass it on as it is or take it with scirs2.from_dlpack first",
            object.get_type()
        ))
    })
}
