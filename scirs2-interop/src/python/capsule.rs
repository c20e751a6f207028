//! DLPack capsules: inspected, consumed and made.

use core::ffi::{CStr, c_void};
use core::mem;
use core::ptr::{self, NonNull};

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyCapsule, PyCapsuleMethods};
use scirs2_core::Device;

use super::exchange_api;
use super::protocol::{Request, request_capsule};
use super::py_owner::PyOwner;
use crate::export::payload_owner;
use crate::owner::{ManagedStruct, Owner, describe};
use crate::sys::{DLManagedTensor, DLManagedTensorVersioned};
use crate::{Description, Error};

/// An imported tensor, which owns its managed struct of either form.
#[derive(Debug)]
pub enum ManagedTensor {
    /// From a capsule `dltensor`.
    Legacy(Owner<DLManagedTensor>),
    /// From a capsule `dltensor_versioned`, or from an exchange API.
    Versioned(Owner<DLManagedTensorVersioned>),
}

/// What owns the tensor until it is consumed.
enum Source<'py> {
    /// A capsule with a legacy struct, not consumed.
    Legacy(Bound<'py, PyAny>, NonNull<DLManagedTensor>),
    /// A capsule with a versioned struct, not consumed.
    Versioned(Bound<'py, PyAny>, NonNull<DLManagedTensorVersioned>),
    /// The `PendingImport` itself.
    Owned(Owner<DLManagedTensorVersioned>),
    /// Whoever consumed it.
    Consumed,
}

/// A validated tensor that is not consumed yet.
///
/// Dropping it leaves a capsule as it was: the capsule's own destructor then frees the tensor.
pub struct PendingImport<'py> {
    source: Source<'py>,
    description: Description,
}

impl<'py> PendingImport<'py> {
    /// Inspects the tensor of an object or of a raw capsule.
    ///
    /// Uses the exchange API of the object's type if that suffices, else `__dlpack__`, for the
    /// versioned form first, and once more without keywords if it raises a `TypeError`.
    ///
    /// # Errors
    /// `AttributeError` without `__dlpack__`; what the producer raises;
    /// `TypeError` for anything but a DLPack capsule; `BufferError` for one that was
    /// consumed and for a tensor that cannot be imported.
    pub fn new(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Self> {
        match PendingImport::from_exchange_api(object, request)? {
            Some(pending) => Ok(pending),
            None => PendingImport::from_dlpack_method(object, request),
        }
    }

    /// The tensor of an object, by the exchange API of its type; `None` if
    /// [`from_dlpack_method`](Self::from_dlpack_method) must be used.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new) that concern the tensor.
    #[inline(always)]
    pub fn from_exchange_api(
        object: &Bound<'py, PyAny>,
        request: &Request,
    ) -> PyResult<Option<Self>> {
        exchange_api::export(object, request)
    }

    /// The tensor of an object, by its `__dlpack__`, or of a raw capsule.
    ///
    /// # Errors
    /// The same as [`new`](Self::new).
    pub fn from_dlpack_method(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Self> {
        let response = request_capsule(object, request)?;
        let pending = PendingImport::from_capsule(response.capsule)?;
        // A producer asked for host memory waits for its kernels.
        if !(response.passed_device && request.device == Some(Device::CPU)) {
            pending.description.check_synchronized()?;
        }
        Ok(pending)
    }

    /// A tensor that is owned already.
    #[inline(always)]
    pub(super) fn from_owner(
        owner: Owner<DLManagedTensorVersioned>,
        description: Description,
    ) -> Self {
        PendingImport {
            source: Source::Owned(owner),
            description,
        }
    }

    fn from_capsule(capsule: Bound<'py, PyAny>) -> PyResult<Self> {
        let pending = inspect(&capsule, Source::Versioned)
            .or_else(|| inspect(&capsule, Source::Legacy))
            .ok_or_else(|| not_a_tensor(&capsule))?;
        Ok(pending?)
    }

    /// The tensor's description.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// Whether the memory may be written; `None` if the form cannot say.
    #[must_use]
    pub const fn writeable(&self) -> Option<bool> {
        match self.source {
            Source::Versioned(..) | Source::Owned(_) => Some(!self.description.is_read_only()),
            Source::Legacy(..) | Source::Consumed => None,
        }
    }

    /// The object that owns the memory of a legacy capsule, if this extension made it with a
    /// [`PyOwner`]; `None` once it was consumed.
    ///
    /// Inlined, because it recognises the extension's structs by the address of a function
    /// of which each crate has its own copy.
    #[inline]
    #[must_use]
    pub fn wrapped_object(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let Source::Legacy(capsule, managed) = &self.source else {
            return None;
        };
        with_unconsumed(capsule, *managed, || {
            // SAFETY: the capsule was not consumed, so it keeps the struct alive.
            let owner_object = unsafe { payload_owner::<_, PyOwner>(*managed) }?;
            // SAFETY: alive as long as the struct; it is not written before the
            // struct dies, and the object gets a reference of its own.
            unsafe { owner_object.as_ref() }.object(py).cloned()
        })
        .flatten()
    }

    /// Takes the tensor, once: a capsule is consumed by renaming it.
    ///
    /// # Errors
    /// `BufferError` if it was consumed before, also through this import.
    #[inline(always)]
    pub fn consume(&mut self) -> PyResult<ManagedTensor> {
        match mem::replace(&mut self.source, Source::Consumed) {
            Source::Owned(owner) => Ok(ManagedTensor::Versioned(owner)),
            Source::Versioned(capsule, managed) => {
                consume_capsule(&capsule, managed).map(ManagedTensor::Versioned)
            }
            Source::Legacy(capsule, managed) => {
                consume_capsule(&capsule, managed).map(ManagedTensor::Legacy)
            }
            Source::Consumed => Err(PyBufferError::new_err("the tensor was consumed before")),
        }
    }
}

/// The struct in an unconsumed capsule of form `M`.
fn pointer<M: ManagedStruct>(capsule: &Bound<'_, PyAny>) -> Option<NonNull<M>> {
    let name = M::CAPSULE.as_ptr();
    // SAFETY: any object may be asked; `name` is a C string.
    if unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), name) } == 0 {
        return None;
    }
    // SAFETY: valid, as just seen.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name) };
    NonNull::new(pointer.cast::<M>()).filter(|pointer| pointer.is_aligned())
}

/// Inspects the struct in a capsule of form `M`; `None` for another capsule.
fn inspect<'py, M: ManagedStruct>(
    capsule: &Bound<'py, PyAny>,
    source: impl FnOnce(Bound<'py, PyAny>, NonNull<M>) -> Source<'py>,
) -> Option<Result<PendingImport<'py>, Error>> {
    let managed = pointer(capsule)?;
    // SAFETY: an unconsumed capsule of that name holds such a struct,
    // and keeps it alive.
    let description = with_unconsumed(capsule, managed, || unsafe { describe(managed) })?;
    Some(description.map(|description| PendingImport {
        source: source(capsule.clone(), managed),
        description,
    }))
}

fn consume_capsule<M: ManagedStruct>(
    capsule: &Bound<'_, PyAny>,
    managed: NonNull<M>,
) -> PyResult<Owner<M>> {
    let renamed = with_unconsumed(capsule, managed, || {
        // SAFETY: a valid capsule, and a name that lives for ever.
        if unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), M::USED_CAPSULE.as_ptr()) } != 0 {
            return Err(PyErr::fetch(capsule.py()));
        }
        // SAFETY: whoever renames the capsule owns the struct, as the protocol
        // says; the capsule had its first name until now.
        Ok(unsafe { Owner::from_raw(managed) })
    });
    renamed.unwrap_or_else(|| Err(not_a_tensor(capsule)))
}

/// Runs a closure that needs the struct in an unconsumed capsule, and runs no Python code.
///
/// Of two threads that race for a capsule exactly one must win. The GIL ensures that;
/// without a GIL this lock on the capsule does, for all consumers that use this function.
fn with_unconsumed<M: ManagedStruct, R>(
    capsule: &Bound<'_, PyAny>,
    managed: NonNull<M>,
    run: impl FnOnce() -> R,
) -> Option<R> {
    with_critical_section(capsule, || (pointer(capsule) == Some(managed)).then(run))
}

fn not_a_tensor(object: &Bound<'_, PyAny>) -> PyErr {
    let Ok(capsule) = object.cast::<PyCapsule>() else {
        return PyTypeError::new_err(format!(
            "__dlpack__ must return a DLPack capsule, got {}",
            object.get_type()
        ));
    };
    let name = match capsule.name() {
        // SAFETY: read at once, while the capsule is held.
        Ok(Some(name)) => unsafe { name.as_cstr() }.to_string_lossy().into_owned(),
        _ => "without a name".to_owned(),
    };
    if name.starts_with("used_dltensor") {
        PyBufferError::new_err(format!(
            "the capsule {name:?} was consumed before; each capsule can be taken once, \
             call __dlpack__() again for another"
        ))
    } else {
        PyTypeError::new_err(format!(
            "expected a capsule \"dltensor\" or \"dltensor_versioned\", got one {name:?}"
        ))
    }
}

/// A capsule for a consumer. If it is not consumed, it frees the tensor when it dies.
///
/// # Errors
/// If the capsule cannot be made; the tensor is then freed.
#[inline]
pub fn new_capsule<M: ManagedStruct>(
    py: Python<'_>,
    owner: Owner<M>,
) -> PyResult<Bound<'_, PyAny>> {
    capsule(py, owner, M::CAPSULE, drop_unconsumed::<M>)
}

/// Name of the capsules that [`owner_capsule`] makes; no consumer accepts a capsule of that name.
const OWNER_CAPSULE: &CStr = c"scirs2_tensor_owner";

/// A Python object that frees the tensor when it dies: the base of an array over its memory.
///
/// # Errors
/// If the capsule cannot be made; the tensor is then freed.
#[inline]
pub fn owner_capsule(py: Python<'_>, tensor: ManagedTensor) -> PyResult<Bound<'_, PyAny>> {
    match tensor {
        ManagedTensor::Legacy(owner) => capsule(
            py,
            owner,
            OWNER_CAPSULE,
            drop_owner_capsule::<DLManagedTensor>,
        ),
        ManagedTensor::Versioned(owner) => capsule(
            py,
            owner,
            OWNER_CAPSULE,
            drop_owner_capsule::<DLManagedTensorVersioned>,
        ),
    }
}

#[inline]
fn capsule<'py, M: ManagedStruct>(
    py: Python<'py>,
    owner: Owner<M>,
    name: &'static CStr,
    destructor: ffi::PyCapsule_Destructor,
) -> PyResult<Bound<'py, PyAny>> {
    let managed = owner.into_raw();
    // SAFETY: the pointer is not NULL and the name lives for ever.
    let capsule =
        unsafe { ffi::PyCapsule_New(managed.as_ptr().cast(), name.as_ptr(), Some(destructor)) };
    if capsule.is_null() {
        // SAFETY: no capsule took the duty that `into_raw` gave up.
        drop(unsafe { Owner::from_raw(managed) });
        return Err(PyErr::fetch(py));
    }
    // SAFETY: a new reference to an object.
    Ok(unsafe { Bound::from_owned_ptr(py, capsule) })
}

unsafe extern "C" fn drop_unconsumed<M: ManagedStruct>(capsule: *mut ffi::PyObject) {
    // SAFETY: Python calls this with the dying capsule.
    unsafe { drop_content::<M>(capsule, M::CAPSULE) }
}

unsafe extern "C" fn drop_owner_capsule<M: ManagedStruct>(capsule: *mut ffi::PyObject) {
    // SAFETY: as above.
    unsafe { drop_content::<M>(capsule, OWNER_CAPSULE) }
}

/// Frees the tensor of a dying capsule that still has its first name.
///
/// # Safety
/// `object` is a capsule that [`capsule`] made for an `M`, now dying, and the
/// thread is attached to the interpreter.
unsafe fn drop_content<M: ManagedStruct>(object: *mut ffi::PyObject, name: &CStr) {
    // SAFETY: a capsule, by this function's contract.
    if unsafe { ffi::PyCapsule_IsValid(object, name.as_ptr()) } == 0 {
        return;
    }
    // SAFETY: valid, as just seen.
    let managed: *mut c_void = unsafe { ffi::PyCapsule_GetPointer(object, name.as_ptr()) };
    let Some(managed) = NonNull::new(managed.cast::<M>()) else {
        return;
    };
    // SAFETY: attached, by this function's contract.
    let py = unsafe { Python::assume_attached() };
    // The deleter may run Python code, and a capsule may die while an
    // exception is set.
    let (mut class, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: attached.
    unsafe { ffi::PyErr_Fetch(&raw mut class, &raw mut value, &raw mut traceback) };
    // SAFETY: the capsule held the duty to free, and dies.
    let owner = unsafe { Owner::from_raw(managed) };
    // Released here, because the deleter itself would have to attach to the interpreter first.
    // SAFETY: the struct lives until its owner is dropped.
    if let Some(mut owner_object) = unsafe { payload_owner::<M, PyOwner>(managed) } {
        // SAFETY: a part of that struct, to which nothing else has access any more.
        unsafe { owner_object.as_mut() }.release(py);
    }
    drop(owner);
    // SAFETY: attached.
    if !class.is_null() || !unsafe { ffi::PyErr_Occurred() }.is_null() {
        // SAFETY: attached, with what was fetched above.
        unsafe { ffi::PyErr_Restore(class, value, traceback) };
    }
}
