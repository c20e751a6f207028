//! The C exchange table of a tensor type: an export without a Python call.

use core::ffi::{CStr, c_void};
use core::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyBufferError, PyException};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyString, PyType};

use scirs2_core::DType;

use super::ask::Request;
use crate::Description;
use crate::owner::Owner;
use crate::sys::{
    DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader,
    DLPackManagedTensorFromPyObjectNoSync, VERSION,
};

/// Name of the capsule that carries a table.
pub(super) const CAPSULE: &CStr = c"dlpack_exchange_api";

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
    /// tensors are asked some questions first.
    torch: Option<Torch>,
}

/// How PyTorch's tensors are asked.
#[derive(Clone, Copy)]
struct Torch {
    /// The function behind `is_neg`, where that is C's: a call by name costs a
    /// third more.
    is_neg: Option<ffi::PyCFunction>,
}

/// Types seen, with what their table offers. The reference keeps the type, so
/// that its address is not another's.
static TYPES: Mutex<Vec<(Py<PyType>, Option<Exporter>)>> = Mutex::new(Vec::new());

/// The object's tensor by its type's table, or `None` where `__dlpack__` must
/// be asked: there is no table, or it fails, or it would export too much.
#[inline(always)]
pub(super) fn export(
    object: &Bound<'_, PyAny>,
    request: &Request,
) -> PyResult<Option<(Owner<DLManagedTensorVersioned>, Description)>> {
    let py = object.py();
    let Some(exporter) = exporter(object)? else {
        return Ok(None);
    };
    let refused = match exporter.torch {
        Some(torch) => is_refused(object, torch)?,
        None => false,
    };
    if refused || request.device.is_some() {
        return Ok(None);
    }
    let mut managed = ptr::null_mut();
    // SAFETY: the table belongs to the object's type and the thread is
    // attached, as the protocol asks; `managed` takes the result.
    let status = unsafe { (exporter.export)(object.as_ptr().cast(), &raw mut managed) };
    let managed = match NonNull::new(managed) {
        Some(managed) if status == 0 => managed,
        _ => {
            // `__dlpack__` says better why: what comes here is often a C++ trace.
            return unless_exit(py, PyErr::take(py)).map(|()| None);
        }
    };
    // SAFETY: the function hands over an owned tensor, as the protocol says.
    let owner = unsafe { Owner::from_raw(managed) };
    let description = owner.describe()?;
    // Only complex numbers can be conjugated.
    if exporter.torch.is_some() && is_complex(description.dtype()) && is_conj(object) {
        return Ok(None);
    }
    Ok(Some((owner, description)))
}

const fn is_complex(dtype: DType) -> bool {
    use DType as D;
    matches!(
        dtype,
        D::BComplex32 | D::Complex32 | D::Complex64 | D::Complex128
    )
}

/// Drops an error, but for one that ends the program, such as Ctrl-C's.
fn unless_exit(py: Python<'_>, error: Option<PyErr>) -> PyResult<()> {
    match error {
        Some(error) if !error.is_instance_of::<PyException>(py) => Err(error),
        _ => Ok(()),
    }
}

#[inline]
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
    let exporter = match look(object, &class) {
        Ok(exporter) => exporter,
        // A class that cannot be looked at has no table.
        Err(error) => unless_exit(class.py(), Some(error)).map(|()| None)?,
    };
    let mut types = lock();
    let mut evicted = None;
    if known(&types).is_none() {
        evicted = (types.len() == MAX_TYPES).then(|| types.remove(0));
        types.push((class.unbind(), exporter));
    }
    drop(types);
    // So may the end of a type, which is why it waits until here.
    drop(evicted);
    Ok(exporter)
}

fn lock() -> std::sync::MutexGuard<'static, Vec<(Py<PyType>, Option<Exporter>)>> {
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for a table on a type. One that a base class offers does not speak for
/// a class with a `__dlpack__` of its own.
fn look(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> PyResult<Option<Exporter>> {
    let py = class.py();
    let mut overridden = false;
    let bases = class.getattr(intern!(py, "__mro__"))?;
    for base in bases.try_iter()? {
        let base = base?;
        let namespace = base.getattr(intern!(py, "__dict__"))?;
        let table = namespace
            .get_item(intern!(py, "__dlpack_c_exchange_api__"))
            .ok();
        if let Some(table) = table {
            if overridden {
                return Ok(None);
            }
            let torch = if class.hasattr(intern!(py, "is_conj"))? {
                let is_neg = function_behind(object, intern!(py, "is_neg"));
                Some(Torch { is_neg })
            } else {
                None
            };
            let export = table.cast::<PyCapsule>().ok().and_then(read);
            return Ok(export.map(|export| Exporter { export, torch }));
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

/// The C function behind a method without arguments; `None` where the method is
/// something else, such as a subclass's own in Python.
fn function_behind(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
) -> Option<ffi::PyCFunction> {
    let method = object.getattr(name).ok()?;
    // SAFETY: any object may be asked.
    if unsafe { ffi::PyCFunction_CheckExact(method.as_ptr()) } == 0 {
        return None;
    }
    // SAFETY: a builtin function, as just seen.
    let flags = unsafe { ffi::PyCFunction_GetFlags(method.as_ptr()) };
    // SAFETY: as above.
    let of = unsafe { ffi::PyCFunction_GetSelf(method.as_ptr()) };
    if flags != ffi::METH_NOARGS || of != object.as_ptr() {
        return None;
    }
    // SAFETY: as above.
    unsafe { ffi::PyCFunction_GetFunction(method.as_ptr()) }
}

/// Whether PyTorch's `__dlpack__` refuses a tensor that its table exports, as it
/// requires grad. So does a subclass that will not be asked.
///
/// Elements that are to be negated are refused here: `__dlpack__` gives them
/// away with the wrong sign.
#[inline]
fn is_refused(tensor: &Bound<'_, PyAny>, torch: Torch) -> PyResult<bool> {
    let py = tensor.py();
    let negated = match torch.is_neg {
        Some(function) => {
            // SAFETY: the function of a method without arguments of the tensor's
            // type, which the cache keeps.
            let answer = unsafe { function(tensor.as_ptr(), ptr::null_mut()) };
            // SAFETY: what a call answered.
            unsafe { truth(py, answer) }
        }
        None => is(tensor, intern!(py, "is_neg")),
    };
    let negated = match negated {
        Ok(negated) => negated,
        Err(error) => return unless_exit(py, Some(error)).map(|()| true),
    };
    if negated {
        return Err(PyBufferError::new_err(
            "the tensor's negative bit is set, so its memory holds the negated elements; \
             pass x.resolve_neg()",
        ));
    }
    let requires_grad = || tensor.getattr(intern!(py, "requires_grad"))?.is_truthy();
    Ok(requires_grad().unwrap_or(true))
}

/// Whether a tensor's elements are to be conjugated when they are read, which
/// `__dlpack__` refuses; also where the tensor will not say.
fn is_conj(tensor: &Bound<'_, PyAny>) -> bool {
    is(tensor, intern!(tensor.py(), "is_conj")).unwrap_or(true)
}

/// Calls a method that answers yes or no, without making a bound method first.
fn is(tensor: &Bound<'_, PyAny>, question: &Bound<'_, PyString>) -> PyResult<bool> {
    // SAFETY: an object, a name, and the NULL that ends the arguments.
    let answer = unsafe {
        ffi::PyObject_CallMethodObjArgs(
            tensor.as_ptr(),
            question.as_ptr(),
            ptr::null_mut::<ffi::PyObject>(),
        )
    };
    // SAFETY: what a call answered.
    unsafe { truth(tensor.py(), answer) }
}

/// A call's answer as yes or no.
///
/// # Safety
/// `answer` is a new reference, or NULL with an exception set.
unsafe fn truth(py: Python<'_>, answer: *mut ffi::PyObject) -> PyResult<bool> {
    // SAFETY: by this function's contract.
    unsafe { Bound::from_owned_ptr_or_err(py, answer) }?.is_truthy()
}
