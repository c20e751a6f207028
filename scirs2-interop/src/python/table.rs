//! The C exchange table of a tensor type: an export without a Python call.

use core::ffi::{CStr, c_void};
use core::ptr::{self, NonNull};
use std::sync::OnceLock;

use pyo3::exceptions::{PyBufferError, PyException};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyString, PyType};

use scirs2_core::DType;

use super::Offer;
use super::ask::Request;
use crate::owner::Owner;
use crate::sys::{
    DLPackExchangeAPI, DLPackExchangeAPIHeader, DLPackManagedTensorFromPyObjectNoSync, VERSION,
};

/// Name of the capsule that carries a table.
pub(super) const CAPSULE: &CStr = c"dlpack_exchange_api";

/// Older tables that a type may offer before the search ends: a chain from
/// outside may be a ring.
const MAX_CHAIN: usize = 16;

/// Types that the cache remembers: the first so many. Programs that make types
/// without end must not fill memory with them.
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
enum Torch {
    /// By the C functions behind `is_neg` and `requires_grad`, in half the time.
    ByFunction(ffi::PyCFunction, ffi::getter),
    ByName,
}

/// Types seen, with what their table offers; the first that is empty ends them. The
/// reference keeps the type, so that its address is not another's.
static TYPES: [OnceLock<(Py<PyType>, Option<Exporter>)>; MAX_TYPES] =
    [const { OnceLock::new() }; MAX_TYPES];

/// The object's tensor by its type's table, or `None` where `__dlpack__` must
/// be asked: there is no table, or it fails, or it would export too much.
#[inline(always)]
pub(super) fn export<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
) -> PyResult<Option<Offer<'py>>> {
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
    if exporter.torch.is_some() && is_complex(description.dtype()) && is_conj(object)? {
        return Ok(None);
    }
    Ok(Some(Offer::owned(owner, description)))
}

const fn is_complex(dtype: DType) -> bool {
    use DType as D;
    matches!(
        dtype,
        D::BComplex32 | D::Complex32 | D::Complex64 | D::Complex128
    )
}

/// Drops an error, but for one that ends the program, such as Ctrl-C's.
pub(super) fn unless_exit(py: Python<'_>, error: Option<PyErr>) -> PyResult<()> {
    match error {
        Some(error) if !error.is_instance_of::<PyException>(py) => Err(error),
        _ => Ok(()),
    }
}

#[inline(always)]
fn exporter(object: &Bound<'_, PyAny>) -> PyResult<Option<Exporter>> {
    let class = object.get_type_ptr().cast::<ffi::PyObject>();
    for (known, exporter) in TYPES.iter().map_while(OnceLock::get) {
        if known.as_ptr() == class {
            return Ok(*exporter);
        }
    }
    first_seen(object)
}

#[cold]
fn first_seen(object: &Bound<'_, PyAny>) -> PyResult<Option<Exporter>> {
    let class = object.get_type();
    let exporter = match look(object, &class) {
        Ok(exporter) => exporter,
        // A class that cannot be looked at has no table.
        Err(error) => unless_exit(class.py(), Some(error)).map(|()| None)?,
    };
    // Looking may have run Python code, which may have come here, too: a type that
    // stands here twice says the same twice.
    let mut seen = (class.unbind(), exporter);
    for place in &TYPES {
        match place.set(seen) {
            Ok(()) => break,
            Err(other) => seen = other,
        }
    }
    Ok(exporter)
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
                let requires_grad = getter_behind(class, intern!(py, "requires_grad"));
                Some(match (is_neg, requires_grad) {
                    (Some(is_neg), Some(requires_grad)) => Torch::ByFunction(is_neg, requires_grad),
                    _ => Torch::ByName,
                })
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

/// The C function behind an attribute that needs nothing but the object; `None`
/// where the attribute is something else, such as a subclass's own in Python.
fn getter_behind(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> Option<ffi::getter> {
    let attribute = class.getattr(name).ok()?;
    if attribute.get_type_ptr() != &raw mut ffi::PyGetSetDescr_Type {
        return None;
    }
    let owner = attribute
        .getattr(intern!(class.py(), "__objclass__"))
        .ok()?;
    let owner = owner.cast::<PyType>().ok()?;
    // SAFETY: two types, as just seen.
    if unsafe { ffi::PyType_IsSubtype(class.as_type_ptr(), owner.as_type_ptr()) } == 0 {
        return None;
    }
    // SAFETY: a type, as above.
    let slot = unsafe { ffi::PyType_GetSlot(owner.as_type_ptr(), ffi::Py_tp_getset) };
    let name = name.to_str().ok()?;
    let mut definition = slot.cast::<ffi::PyGetSetDef>();
    if definition.is_null() {
        return None;
    }
    loop {
        // SAFETY: an attribute came out of this table, so the type is ready and the
        // table ends with one that has no name, which was not met yet.
        let found = unsafe { definition.read() };
        if found.name.is_null() {
            return None;
        }
        // SAFETY: a C string, as Python asks of types.
        if unsafe { CStr::from_ptr(found.name) }.to_str() == Ok(name) {
            return found.get.filter(|_| found.closure.is_null());
        }
        // SAFETY: not the last one, so another follows.
        definition = unsafe { definition.add(1) };
    }
}

/// Whether PyTorch's `__dlpack__` refuses a tensor that its table exports, as it
/// requires grad. So does a subclass that will not be asked.
///
/// Elements that are to be negated are refused here: `__dlpack__` gives them
/// away with the wrong sign.
#[inline(always)]
fn is_refused(tensor: &Bound<'_, PyAny>, torch: Torch) -> PyResult<bool> {
    if let Torch::ByFunction(is_neg, requires_grad) = torch {
        // SAFETY: the function of a method without arguments of the tensor's type, which
        // the cache keeps.
        let negated = unsafe { is_neg(tensor.as_ptr(), ptr::null_mut()) };
        // SAFETY: what a call answered.
        if unsafe { is_false(negated) } {
            // SAFETY: the getter of an attribute of that type, which needs no closure.
            let requires_grad = unsafe { requires_grad(tensor.as_ptr(), ptr::null_mut()) };
            // SAFETY: what a call answered.
            if unsafe { is_false(requires_grad) } {
                return Ok(false);
            }
        }
    }
    is_refused_by_name(tensor)
}

/// Asks for what is not the usual answer.
#[cold]
fn is_refused_by_name(tensor: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = tensor.py();
    unless_exit(py, PyErr::take(py))?;
    let negated = match is(tensor, intern!(py, "is_neg")) {
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
    requires_grad().or_else(|error| unless_exit(py, Some(error)).map(|()| true))
}

/// Whether a tensor's elements are to be conjugated when they are read, which
/// `__dlpack__` refuses; also where the tensor will not say.
fn is_conj(tensor: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = tensor.py();
    is(tensor, intern!(py, "is_conj")).or_else(|error| unless_exit(py, Some(error)).map(|()| true))
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
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(tensor.py(), answer) }?.is_truthy()
}

/// Whether a call answered `False`; an exception that it raised stays.
///
/// # Safety
/// `answer` is a new reference, or NULL with an exception set. The thread is attached.
#[inline(always)]
unsafe fn is_false(answer: *mut ffi::PyObject) -> bool {
    // SAFETY: attached, by this function's contract.
    let no = answer == unsafe { ffi::Py_False() };
    // SAFETY: a new reference or NULL, by this function's contract.
    unsafe { ffi::Py_XDECREF(answer) };
    no
}
