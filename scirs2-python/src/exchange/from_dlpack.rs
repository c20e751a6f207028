//! `scirs2.from_dlpack`.

use numpy::PyUntypedArray;
use pyo3::PyTypeInfo;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;
use scirs2_core::{Device, DeviceKind};
use scirs2_interop::Error;
use scirs2_interop::python::{PendingImport, Request, owner_capsule};

use crate::error::import_error;
use crate::numpy::array::{self, ArrayLayout, LayoutError};
use crate::numpy::dtype::descr_of;

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
///     True: always copy. False: never; an error if the producer must. None: a view,
///     unless the producer must copy.
/// writeable : bool, optional
///     None follows the producer: what it marks read-only is read-only, and so is a
///     legacy capsule, which cannot say, unless ``to_dlpack`` made it. True makes an
///     array from a legacy capsule writeable: you must make sure that writing is safe.
///     False always gives a read-only array.
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
///     The tensor cannot be imported: the message names the field, its value and the
///     cure. The capsule is then not consumed.
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
/// Dtypes: bool, int8 to int64, uint8 to uint64, float16 to float64, complex64 and
/// complex128; with the package ``ml_dtypes`` also bfloat16, float8, float6, float4,
/// int4, int2, int1 and similar types. Elements narrower than a byte that the producer
/// packed are unpacked into a copy.
///
/// Protocol: DLPack 1.3. It reads every 1.x, the legacy form, and the C exchange API.
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
        // A copy that the caller asks for is made here, because producers copy in
        // different ways.
        copy: copy.filter(|&copy| !copy),
        device: device.map(host_device).transpose()?,
    };
    take(x, &request, copy, writeable).map_err(|error| import_error("from_dlpack", "x", x, error))
}

/// Takes a tensor as [`from_dlpack`] does; an error is as it came.
pub(crate) fn take<'py>(
    x: &Bound<'py, PyAny>,
    request: &Request,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    if let Some(array) = import_without_dunder(x, request, copy, writeable)? {
        return Ok(array);
    }
    if let Some(array) = numpy_subclass(x)? {
        return view_numpy(array, copy, writeable);
    }
    finish_import(
        x.py(),
        &mut PendingImport::from_dlpack_method(x, request)?,
        copy,
        writeable,
    )
}

/// Does what [`from_dlpack`] does if that needs no call of `__dlpack__`; else returns
/// `None`.
#[inline(always)]
pub(crate) fn import_fast<'py>(
    x: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    import_without_dunder(x, &Request::default(), None, None)
        .map_err(|error| import_error("from_dlpack", "x", x, error))
}

/// As [`import_fast`], with the caller's options.
#[inline(always)]
fn import_without_dunder<'py>(
    x: &Bound<'py, PyAny>,
    request: &Request,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    if let Ok(array) = x.cast_exact::<PyUntypedArray>() {
        return view_numpy(array.clone(), copy, writeable).map(Some);
    }
    match PendingImport::from_exchange_api(x, request)? {
        Some(mut pending) => finish_import(x.py(), &mut pending, copy, writeable).map(Some),
        None => Ok(None),
    }
}

/// Imports a pending import with the default options of `from_dlpack`.
pub(crate) fn import<'py>(
    py: Python<'py>,
    mut pending: PendingImport<'py>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    finish_import(py, &mut pending, None, None)
}

/// Returns a view of a NumPy array, which is what a capsule would give.
#[inline(always)]
fn view_numpy<'py>(
    array: Bound<'py, PyUntypedArray>,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    // An array that DLPack cannot describe is refused, as a tensor of any other library
    // is.
    let source = ArrayLayout::of(&array).map_err(LayoutError::into_buffer_error)?;
    let copied = copy == Some(true);
    let may_write = may_write(Some(!source.is_read_only()), writeable, copied)?;
    let view = array::view(array, may_write)?;
    if copied {
        return apply_writeable(array::copy(&view)?, writeable);
    }
    Ok(view)
}

/// Imports a pending import as an array. Every check comes before the capsule is consumed.
#[inline(always)]
fn finish_import<'py>(
    py: Python<'py>,
    pending: &mut PendingImport<'py>,
    copy: Option<bool>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let packed = pending.description().is_packed();
    if copy == Some(false) {
        refuse_copy(pending)?;
    }
    // Fails if NumPy has no such dtype.
    let descr = descr_of(py, pending.description().dtype())?;
    // A legacy capsule carries no flag, but if it is ours the array in it does.
    let from_our_capsule = || {
        let object = pending.wrapped_object(py)?;
        Some(array::is_writeable(object.cast().ok()?))
    };
    let producer = pending.writeable().or_else(from_our_capsule);
    let copied = copy == Some(true) || packed;
    let may_write = may_write(producer, writeable, copied)?;
    let base = owner_capsule(py, pending.consume()?)?;
    let description = pending.description();
    if packed {
        // SAFETY: the base keeps the producer's memory alive until this is done.
        return apply_writeable(unsafe { array::unpack(py, description) }?, writeable);
    }
    // SAFETY: the base owns the tensor. Its producer promises the memory and allows
    // writing, unless the caller answers for that. `descr` names the dtype.
    let view = unsafe { array::wrap(description, descr, base, may_write) }?;
    if copied {
        return apply_writeable(array::copy(&view)?, writeable);
    }
    Ok(view)
}

/// Returns an error if the producer copied the tensor, or if it must be copied here.
fn refuse_copy(pending: &PendingImport<'_>) -> PyResult<()> {
    let description = pending.description();
    if description.is_packed() {
        return Err(Error::Packed(description.dtype()).into());
    }
    if description.is_copied() {
        return Err(PyBufferError::new_err(
            "from_dlpack: copy: False was asked for, but the producer had to copy; pass copy=None",
        ));
    }
    Ok(())
}

/// Returns whether a view of the producer's memory is writeable. `producer` is `None` if
/// the producer does not say, `caller` if the caller does not care.
fn may_write(producer: Option<bool>, caller: Option<bool>, copied: bool) -> PyResult<bool> {
    if copied {
        return Ok(false);
    }
    if producer == Some(false) && caller == Some(true) {
        return Err(PyBufferError::new_err(
            "from_dlpack: writeable: the producer marks the memory read-only; pass copy=True",
        ));
    }
    Ok(caller.or(producer).unwrap_or(false))
}

/// Makes a copy read-only if the caller asks for that.
fn apply_writeable<'py>(
    copy: Bound<'py, PyUntypedArray>,
    writeable: Option<bool>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    if writeable == Some(false) {
        copy.call_method1(intern!(copy.py(), "setflags"), (false,))?;
    }
    Ok(copy)
}

/// Returns the object if it is of a subclass of NumPy's array that inherits `__dlpack__`. A
/// subclass may also define its own.
fn numpy_subclass<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    let py = x.py();
    let Ok(array) = x.cast::<PyUntypedArray>() else {
        return Ok(None);
    };
    let method = |class: Bound<'py, PyType>| class.getattr(intern!(py, "__dlpack__"));
    let inherited = method(x.get_type())?;
    let of_numpy = method(PyUntypedArray::type_object(py))?;
    Ok(inherited.is(&of_numpy).then(|| array.clone()))
}

/// Returns the host. Fails if the caller names another device.
fn host_device(device: &Bound<'_, PyAny>) -> PyResult<Device> {
    let named = device.str().is_ok_and(|name| name == "cpu");
    let numbered = device
        .extract::<(i32, i32)>()
        .is_ok_and(|(kind, id)| id == 0 && DeviceKind(kind) == DeviceKind::CPU);
    if named || numbered {
        Ok(Device::CPU)
    } else {
        Err(PyValueError::new_err(format!(
            "from_dlpack: device: only \"cpu\" or (1, 0) can be asked for, got {}",
            device.repr()?
        )))
    }
}
