//! `from_dlpack` and `to_dlpack`.

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::PyTypeInfo;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;
use scirs2_core::{Device, DeviceKind};
use scirs2_interop::python::{Offer, Request, give, keep};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{Description, Error, Layout, ManagedStruct, export};

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
    let incoming = match plain_array(x)? {
        Some(array) => Incoming::same(array)?,
        None => Incoming::offered(x.py(), Offer::of(x, &request)?)?,
    };
    incoming.refuse(copy, writeable)?;
    incoming.take(x.py(), copy, writeable)
}

/// What `from_dlpack` was given, before it takes it.
struct Incoming<'py> {
    source: Source<'py>,
    description: Description,
    /// None: the producer cannot say.
    may_write: Option<bool>,
}

enum Source<'py> {
    /// NumPy's own array needs no capsule: a view of it is what it would become.
    Array(Bound<'py, PyUntypedArray>),
    Offer(Offer<'py>),
}

impl<'py> Incoming<'py> {
    fn same(array: Bound<'py, PyUntypedArray>) -> PyResult<Self> {
        let description = array::describe(&array).map_err(refused)?;
        Ok(Incoming {
            may_write: Some(!description.is_read_only()),
            source: Source::Array(array),
            description,
        })
    }

    fn offered(py: Python<'py>, offer: Offer<'py>) -> PyResult<Self> {
        let description = offer.description().clone();
        // What NumPy cannot name must be refused before the offer is taken.
        descr_of(py, description.dtype())?;
        // A legacy capsule cannot say; the array in one of ours can.
        let ours = || offer.kept::<ArrayKeeper>()?.is_writeable(py);
        Ok(Incoming {
            may_write: offer.writeable().or_else(ours),
            source: Source::Offer(offer),
            description,
        })
    }

    /// What was asked for that this tensor cannot be.
    fn refuse(&self, copy: Option<bool>, writeable: Option<bool>) -> PyResult<()> {
        if copy == Some(false) && self.description.is_packed() {
            return Err(Error::Packed(self.description.dtype()).into());
        }
        if copy == Some(false) && self.description.is_copied() {
            return Err(PyBufferError::new_err(
                "copy: False was asked for, but the producer had to copy; pass copy=None",
            ));
        }
        let copied = copy == Some(true) || self.description.is_packed();
        if writeable == Some(true) && self.may_write == Some(false) && !copied {
            return Err(PyBufferError::new_err(
                "writeable: the producer marks the memory read-only; pass copy=True",
            ));
        }
        Ok(())
    }

    fn take(
        self,
        py: Python<'py>,
        copy: Option<bool>,
        writeable: Option<bool>,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let may_write = writeable.unwrap_or(self.may_write.unwrap_or(false));
        let base = match self.source {
            Source::Array(array) => array.into_any(),
            Source::Offer(offer) => keep(py, offer.accept()?)?,
        };
        let copied = if self.description.is_packed() {
            // SAFETY: the base keeps the producer's memory until this is done.
            unsafe { array::unpacked(py, &self.description) }?
        } else {
            let may_write = may_write && copy != Some(true);
            // SAFETY: the base owns the tensor, whose producer promised the
            // memory, and allowed to write unless the caller took that on.
            let view = unsafe { array::wrap(&self.description, base, may_write) }?;
            if copy != Some(true) {
                return Ok(view);
            }
            array::copy(&view)?
        };
        if writeable == Some(false) {
            copied.call_method1(intern!(py, "setflags"), (false,))?;
        }
        Ok(copied)
    }
}

/// The object as an array that exports itself as NumPy's do; a subclass may do
/// so in its own way.
fn plain_array<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    let py = x.py();
    if let Ok(array) = x.cast_exact::<PyUntypedArray>() {
        return Ok(Some(array.clone()));
    }
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
    let terms = Terms {
        max_version,
        copy,
        dl_device,
        stream,
        legacy_read_only: false,
    };
    to_capsule(array_of(array)?, &terms)
}

/// What a consumer asks of an export.
pub(crate) struct Terms<'a, 'py> {
    pub(crate) max_version: Option<(i64, i64)>,
    pub(crate) copy: Option<bool>,
    pub(crate) dl_device: Option<(i32, i32)>,
    pub(crate) stream: Option<&'a Bound<'py, PyAny>>,
    /// The consumer of a legacy capsule is trusted not to write.
    pub(crate) legacy_read_only: bool,
}

/// A capsule over an array.
pub(crate) fn to_capsule<'py>(
    array: &Bound<'py, PyUntypedArray>,
    terms: &Terms<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(stream) = terms.stream {
        return Err(PyValueError::new_err(format!(
            "stream: the host has no streams, expected None, got {}",
            stream.repr()?
        )));
    }
    if let Some(device) = terms.dl_device
        && device != (DeviceKind::CPU.0, 0)
    {
        return Err(PyBufferError::new_err(format!(
            "dl_device: the array lives on the host (1, 0) and cannot be put on {device:?}; \
             let the consumer copy it there"
        )));
    }
    let copied = terms.copy == Some(true);
    let array = if copied { &array::copy(array)? } else { array };
    let place = Place::of(array).map_err(refused)?;
    let mut layout = place.layout(array.shape());
    layout.copied = copied;
    if let Some((1.., _)) = terms.max_version {
        return capsule::<DLManagedTensorVersioned>(array, &layout);
    }
    layout.read_only &= !terms.legacy_read_only;
    capsule::<DLManagedTensor>(array, &layout)
}

/// A capsule over a result, in the form that its library takes.
pub(crate) fn to_plain_capsule<'py, M: ManagedStruct>(
    array: &Bound<'py, PyUntypedArray>,
) -> PyResult<Bound<'py, PyAny>> {
    let place = Place::of(array).map_err(refused)?;
    capsule::<M>(array, &place.layout(array.shape()))
}

fn capsule<'py, M: ManagedStruct>(
    array: &Bound<'py, PyUntypedArray>,
    layout: &Layout<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let keeper = ArrayKeeper(Some(array.clone().into_any().unbind()));
    // SAFETY: the keeper holds the array, and the array its memory, which NumPy
    // lets be written unless it is read-only; where that was taken back, the
    // caller promised that the consumer does not write.
    let owner = unsafe { export::<M, _>(layout, keeper) }?;
    give(array.py(), owner)
}

fn refused(reason: Undescribed) -> PyErr {
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

/// Keeps an array alive for a consumer.
struct ArrayKeeper(Option<Py<PyAny>>);

impl ArrayKeeper {
    fn is_writeable(&self, py: Python<'_>) -> Option<bool> {
        let array = self.0.as_ref()?.bind(py).cast::<PyUntypedArray>().ok()?;
        Some(array::is_writeable(array))
    }
}

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
