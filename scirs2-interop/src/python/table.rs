//! The C exchange table of a tensor type: an export without a Python call.

use core::ffi::{CStr, c_void};
use core::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyType};

use crate::owner::Owner;
use crate::sys::{
    DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader,
    DLPackManagedTensorFromPyObjectNoSync, VERSION,
};

/// Name of the capsule that carries a table.
const CAPSULE: &CStr = c"dlpack_exchange_api";

/// Older tables that a type may offer before the search ends: a chain from
/// outside may be a ring.
const MAX_CHAIN: usize = 16;

/// Types that the cache remembers; programs that make types without end must
/// not fill it.
const MAX_TYPES: usize = 64;

/// What is known of one type.
#[derive(Clone, Copy)]
struct Exporter {
    export: DLPackManagedTensorFromPyObjectNoSync,
    /// PyTorch's table exports what `__dlpack__` refuses or gets wrong: its
    /// tensors are asked three questions first.
    is_torch: bool,
}

/// Types seen, with what their table offers. The reference keeps the type, so
/// that its address is not another's.
static TYPES: Mutex<Vec<(Py<PyType>, Option<Exporter>)>> = Mutex::new(Vec::new());

/// The object's tensor by its type's table, or `None` where `__dlpack__` must
/// be asked: there is no table, or it fails, or it would export too much.
pub(super) fn export(
    object: &Bound<'_, PyAny>,
) -> PyResult<Option<Owner<DLManagedTensorVersioned>>> {
    let Some(exporter) = exporter(object)? else {
        return Ok(None);
    };
    if exporter.is_torch && is_refused(object)? {
        return Ok(None);
    }
    let mut managed = ptr::null_mut();
    // SAFETY: the table belongs to the object's type and the thread is
    // attached, as the protocol asks; `managed` takes the result.
    let status = unsafe { (exporter.export)(object.as_ptr().cast(), &raw mut managed) };
    let managed = NonNull::new(managed);
    if status != 0 {
        // `__dlpack__` says better why: what comes here is often a C++ trace.
        drop(PyErr::take(object.py()));
        return Ok(None);
    }
    // SAFETY: the function hands over an owned tensor, as the protocol says.
    Ok(managed.map(|managed| unsafe { Owner::from_raw(managed) }))
}

fn exporter(object: &Bound<'_, PyAny>) -> PyResult<Option<Exporter>> {
    let class = object.get_type();
    let known = |types: &[(Py<PyType>, Option<Exporter>)]| {
        let mut types = types.iter();
        types
            .find(|(known, _)| known.is(&class))
            .map(|(_, exporter)| *exporter)
    };
    if let Some(exporter) = known(&lock()) {
        return Ok(exporter);
    }
    // Looking may run Python code, so the lock is not held meanwhile.
    let exporter = look(&class)?;
    let mut types = lock();
    if known(&types).is_none() {
        if types.len() == MAX_TYPES {
            types.remove(0);
        }
        types.push((class.unbind(), exporter));
    }
    Ok(exporter)
}

fn lock() -> std::sync::MutexGuard<'static, Vec<(Py<PyType>, Option<Exporter>)>> {
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for a table on a type. One that a base class offers does not speak for
/// a class with a `__dlpack__` of its own.
fn look(class: &Bound<'_, PyType>) -> PyResult<Option<Exporter>> {
    let py = class.py();
    let mut overridden = false;
    for base in class.mro() {
        let namespace = base.getattr(intern!(py, "__dict__"))?;
        let table = namespace
            .get_item(intern!(py, "__dlpack_c_exchange_api__"))
            .ok();
        if let Some(table) = table {
            if overridden {
                return Ok(None);
            }
            let is_torch = class.hasattr(intern!(py, "is_conj"))?;
            let export = table.cast::<PyCapsule>().ok().and_then(read);
            return Ok(export.map(|export| Exporter { export, is_torch }));
        }
        overridden |= namespace.contains(intern!(py, "__dlpack__"))?;
    }
    Ok(None)
}

/// The export function of the table in a capsule, of the version known here.
fn read(capsule: &Bound<'_, PyCapsule>) -> Option<DLPackManagedTensorFromPyObjectNoSync> {
    // SAFETY: any object may be asked; the name is a C string.
    if unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), CAPSULE.as_ptr()) } == 0 {
        return None;
    }
    // SAFETY: valid, as just seen.
    let table: *mut c_void =
        unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), CAPSULE.as_ptr()) };
    let mut header = table.cast::<DLPackExchangeAPIHeader>();
    for _ in 0..MAX_CHAIN {
        if header.is_null() || !header.is_aligned() {
            return None;
        }
        // SAFETY: a header lives as long as the process, as the protocol says,
        // and is the same in every version.
        let DLPackExchangeAPIHeader { version, prev_api } = unsafe { header.read() };
        if version.major == VERSION.major {
            // SAFETY: a table of this major version starts at its header.
            return unsafe {
                (*header.cast::<DLPackExchangeAPI>()).managed_tensor_from_py_object_no_sync
            };
        }
        header = prev_api;
    }
    None
}

/// Whether a PyTorch tensor needs its own `__dlpack__`, which refuses it: it
/// requires grad, or its elements are to be conjugated when they are read.
///
/// Elements that are to be negated are refused here: `__dlpack__` gives them
/// away with the wrong sign.
fn is_refused(tensor: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = tensor.py();
    let is = |question: Bound<'_, PyAny>| question.is_truthy();
    if is(tensor.call_method0(intern!(py, "is_neg"))?)? {
        return Err(PyBufferError::new_err(
            "the tensor's negative bit is set, so its memory holds the negated elements; \
             pass x.resolve_neg()",
        ));
    }
    Ok(is(tensor.getattr(intern!(py, "requires_grad"))?)?
        || is(tensor.call_method0(intern!(py, "is_conj"))?)?)
}
