//! The DLPack C exchange API of a Python type of our own, for consumers that avoid Python calls.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyRuntimeError, PySystemError};
use pyo3::ffi;
use pyo3::prelude::*;
use scirs2_core::{DType, Device, DeviceKind};

use super::capsule::PendingImport;
use super::exchange_api::API_CAPSULE;
use crate::owner::{ManagedStruct, describe};
use crate::sys::{
    DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader, DLTensor,
    FLAG_IS_SUBBYTE_TYPE_PADDED, VERSION,
};
use crate::{Error, Owner};

/// The functions of a type's exchange API, in Rust.
pub trait ExchangeApi: 'static {
    /// Exports an object of the type.
    ///
    /// # Errors
    /// If the object is of another type, or cannot be exported.
    fn export(object: &Bound<'_, PyAny>) -> PyResult<Owner<DLManagedTensorVersioned>>;

    /// Describes an object of the type to a caller that does not take ownership. The shape and
    /// strides that the description points to must outlive the call: the object should own them.
    ///
    /// # Errors
    /// The same as [`export`](Self::export).
    fn borrow(object: &Bound<'_, PyAny>) -> PyResult<DLTensor>;

    /// Makes an object from a tensor.
    ///
    /// # Errors
    /// If the tensor cannot be imported.
    fn import<'py>(py: Python<'py>, pending: PendingImport<'py>) -> PyResult<Bound<'py, PyAny>>;

    /// Makes a tensor on the host, in C order, with unset elements; elements
    /// narrower than a byte have a byte each.
    ///
    /// # Errors
    /// If there is not enough memory.
    fn allocate(
        py: Python<'_>,
        dtype: DType,
        shape: &[usize],
    ) -> PyResult<Owner<DLManagedTensorVersioned>>;
}

/// The capsule for a type's attribute `__dlpack_c_exchange_api__`.
///
/// # Errors
/// If the capsule cannot be made.
pub fn exchange_api_capsule<T: ExchangeApi>(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let table = ptr::from_ref(ApiTable::<T>::TABLE).cast_mut();
    // SAFETY: neither pointer is NULL, and both live for ever.
    let capsule = unsafe { ffi::PyCapsule_New(table.cast(), API_CAPSULE.as_ptr(), None) };
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, capsule) }
}

/// The C functions around an [`ExchangeApi`].
struct ApiTable<T>(T);

impl<T: ExchangeApi> ApiTable<T> {
    /// Consumers only read it.
    const TABLE: &'static DLPackExchangeAPI = &DLPackExchangeAPI {
        header: DLPackExchangeAPIHeader {
            version: VERSION,
            prev_api: ptr::null_mut(),
        },
        managed_tensor_allocator: Some(allocate::<T>),
        managed_tensor_from_py_object_no_sync: Some(export::<T>),
        managed_tensor_to_py_object_no_sync: Some(import::<T>),
        dltensor_from_py_object_no_sync: Some(borrow::<T>),
        current_work_stream: Some(current_work_stream),
    };
}

/// Runs the body of a C function: an error, or a panic, becomes -1 with a Python
/// error set.
fn catch_errors(body: impl FnOnce(Python<'_>) -> PyResult<()>) -> c_int {
    catch_and_report(body, |py, error| error.restore(py))
}

/// The same, for a function that reports its errors in another way.
fn catch_and_report(
    body: impl FnOnce(Python<'_>) -> PyResult<()>,
    report: impl FnOnce(Python<'_>, PyErr),
) -> c_int {
    let run = |py: Python<'_>| {
        // A panic must not unwind into the caller, which may not be Rust.
        let result = catch_unwind(AssertUnwindSafe(|| body(py))).unwrap_or_else(|panic| {
            // Dropping the payload could panic.
            std::mem::forget(panic);
            Err(PyRuntimeError::new_err("scirs2 panicked: this is a bug"))
        });
        match result {
            Ok(()) => 0,
            Err(error) => {
                report(py, error);
                -1
            }
        }
    };
    // Without an interpreter nothing can be reported or done.
    Python::try_attach(run).unwrap_or(-1)
}

/// A borrowed object from C.
///
/// # Safety
/// `object` is NULL or a live object, and stays so for `'a`.
unsafe fn borrow_object<'a, 'py>(
    py: Python<'py>,
    object: *mut c_void,
) -> PyResult<Borrowed<'a, 'py, PyAny>> {
    if object.is_null() {
        return Err(PySystemError::new_err("the exchange table was given NULL"));
    }
    // SAFETY: a live object, by this function's contract.
    Ok(unsafe { Borrowed::from_ptr(py, object.cast()) })
}

/// `DLPackManagedTensorFromPyObjectNoSync`.
///
/// # Safety
/// `object` is NULL or a live object; `out` can be written; the thread is
/// attached to the interpreter.
unsafe extern "C" fn export<T: ExchangeApi>(
    object: *mut c_void,
    out: *mut *mut DLManagedTensorVersioned,
) -> c_int {
    catch_errors(|py| {
        // SAFETY: by this function's contract.
        let object = unsafe { borrow_object(py, object) }?;
        let managed = T::export(&object)?.into_raw();
        // SAFETY: `out` can be written, by this function's contract.
        unsafe { out.write(managed.as_ptr()) };
        Ok(())
    })
}

/// `DLPackDLTensorFromPyObjectNoSync`.
///
/// # Safety
/// As for [`export`].
unsafe extern "C" fn borrow<T: ExchangeApi>(object: *mut c_void, out: *mut DLTensor) -> c_int {
    catch_errors(|py| {
        // SAFETY: by this function's contract.
        let object = unsafe { borrow_object(py, object) }?;
        let tensor = T::borrow(&object)?;
        // SAFETY: `out` can be written, by this function's contract.
        unsafe { out.write(tensor) };
        Ok(())
    })
}

/// `DLPackManagedTensorToPyObjectNoSync`: the callee owns the tensor from the
/// start, so a refused one is freed here.
///
/// # Safety
/// `managed` is NULL or a tensor as DLPack describes it, which the caller hands
/// over; `out` can be written; the thread is attached to the interpreter.
unsafe extern "C" fn import<T: ExchangeApi>(
    managed: *mut DLManagedTensorVersioned,
    out: *mut *mut c_void,
) -> c_int {
    catch_errors(|py| {
        let managed = NonNull::new(managed)
            .ok_or_else(|| PySystemError::new_err("the exchange table was given NULL"))?;
        // SAFETY: the caller hands it over, by this function's contract.
        let owner = unsafe { Owner::from_raw(managed) };
        let description = owner.describe()?;
        let object = T::import(py, PendingImport::from_owner(owner, description))?;
        // SAFETY: `out` can be written, by this function's contract.
        unsafe { out.write(object.into_ptr().cast()) };
        Ok(())
    })
}

/// `DLPackManagedTensorAllocator`. Only device, dtype, ndim and shape of the prototype
/// are read.
///
/// # Safety
/// `prototype` is NULL or points to a tensor whose shape holds `ndim` numbers;
/// `out` can be written; `set_error` may be called with `error_ctx`.
unsafe extern "C" fn allocate<T: ExchangeApi>(
    prototype: *mut DLTensor,
    out: *mut *mut DLManagedTensorVersioned,
    error_ctx: *mut c_void,
    set_error: Option<unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char)>,
) -> c_int {
    let body = |py: Python<'_>| {
        // SAFETY: NULL or a tensor, by this function's contract.
        let prototype = unsafe { prototype.as_ref() }
            .ok_or_else(|| PySystemError::new_err("the exchange table was given NULL"))?;
        if prototype.device != Device::CPU {
            return Err(Error::Device(prototype.device).into());
        }
        // A tensor of that kind at a placeholder address: only the arithmetic
        // is checked.
        let tensor = DLTensor {
            data: ptr::without_provenance_mut(64),
            strides: ptr::null_mut(),
            byte_offset: 0,
            ..*prototype
        };
        let flags = FLAG_IS_SUBBYTE_TYPE_PADDED;
        let managed = DLManagedTensorVersioned::new(tensor, flags, ptr::null_mut(), None);
        // SAFETY: the shape holds `ndim` numbers, by this function's contract.
        let description = unsafe { describe(NonNull::from(&managed)) }?;
        let owner = T::allocate(py, description.dtype(), description.shape())?;
        // SAFETY: `out` can be written, by this function's contract.
        unsafe { out.write(owner.into_raw().as_ptr()) };
        Ok(())
    };
    catch_and_report(body, |py, error| {
        let kind = error.get_type(py).name().map(|name| name.to_string());
        let kind = kind.unwrap_or_else(|_| "RuntimeError".to_owned());
        let text = |text: String| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let (kind, message) = (text(kind), text(error.value(py).to_string()));
        if let Some(set_error) = set_error {
            // SAFETY: may be called, by this function's contract, with two C
            // strings that outlive the call.
            unsafe { set_error(error_ctx, kind.as_ptr(), message.as_ptr()) }
        }
    })
}

/// `DLPackCurrentWorkStream`: the host has no streams.
///
/// # Safety
/// `out` can be written; the thread is attached to the interpreter.
unsafe extern "C" fn current_work_stream(
    kind: DeviceKind,
    id: i32,
    out: *mut *mut c_void,
) -> c_int {
    catch_errors(|_| {
        let device = Device { kind, id };
        if device != Device::CPU {
            return Err(Error::Device(device).into());
        }
        // SAFETY: `out` can be written, by this function's contract.
        unsafe { out.write(ptr::null_mut()) };
        Ok(())
    })
}
