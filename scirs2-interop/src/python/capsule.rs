//! Tensors offered by Python: inspected, accepted, given, kept.

use core::ffi::{CStr, c_void};
use core::mem;
use core::ptr::{self, NonNull};

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyCapsule, PyCapsuleMethods};
use scirs2_core::Device;

use super::ask::{Request, ask};
use super::reference::Reference;
use super::table;
use crate::export::kept;
use crate::owner::{ManagedStruct, Owner, describe};
use crate::sys::{DLManagedTensor, DLManagedTensorVersioned};
use crate::{Description, Error};

/// An accepted tensor, in the form in which it was offered.
#[derive(Debug)]
pub enum Keeper {
    /// From a capsule `dltensor`.
    Legacy(Owner<DLManagedTensor>),
    /// From a capsule `dltensor_versioned`, or from an exchange table.
    Versioned(Owner<DLManagedTensorVersioned>),
}

/// What holds an offered tensor until it is accepted.
enum Holder<'py> {
    /// A capsule with a legacy struct, not consumed.
    Legacy(Bound<'py, PyAny>, NonNull<DLManagedTensor>),
    /// A capsule with a versioned struct, not consumed.
    Versioned(Bound<'py, PyAny>, NonNull<DLManagedTensorVersioned>),
    /// The offer itself, alone.
    Offer(Owner<DLManagedTensorVersioned>),
    /// Whoever accepted it.
    Accepted,
}

/// A checked tensor that can be taken.
///
/// Dropping the offer leaves a capsule as it was: its own destructor then frees the
/// tensor.
pub struct Offer<'py> {
    holder: Holder<'py>,
    description: Description,
}

impl<'py> Offer<'py> {
    /// The offer of an object or of a raw capsule.
    ///
    /// An object is asked through its type's exchange table if that suffices, else
    /// for the versioned form of a capsule, and once more without keywords
    /// if it raises a `TypeError`.
    ///
    /// # Errors
    /// `AttributeError` without `__dlpack__`; what the producer raises;
    /// `TypeError` for anything but a DLPack capsule; `BufferError` for one that was
    /// consumed and for a tensor that cannot be taken.
    pub fn of(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Self> {
        match Offer::by_table(object, request)? {
            Some(offer) => Ok(offer),
            None => Offer::by_method(object, request),
        }
    }

    /// What an object offers through its type's exchange table; `None` if
    /// [`by_method`](Self::by_method) must ask it.
    ///
    /// # Errors
    /// The errors of [`of`](Self::of) that concern the tensor.
    #[inline(always)]
    pub fn by_table(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Option<Self>> {
        table::export(object, request)
    }

    /// What an object offers through `__dlpack__`, or what a raw capsule holds.
    ///
    /// # Errors
    /// The same as [`of`](Self::of).
    pub fn by_method(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Self> {
        let asked = ask(object, request)?;
        let offer = Offer::in_capsule(asked.capsule)?;
        // A producer asked for host memory waits for its kernels.
        if !(asked.for_device && request.device == Some(Device::CPU)) {
            offer.description.is_synchronized()?;
        }
        Ok(offer)
    }

    /// A tensor that only the offer holds.
    #[inline(always)]
    pub(super) fn owned(owner: Owner<DLManagedTensorVersioned>, description: Description) -> Self {
        Offer {
            holder: Holder::Offer(owner),
            description,
        }
    }

    fn in_capsule(capsule: Bound<'py, PyAny>) -> PyResult<Self> {
        let offer = offered(&capsule, Holder::Versioned)
            .or_else(|| offered(&capsule, Holder::Legacy))
            .ok_or_else(|| not_a_tensor(&capsule))?;
        Ok(offer?)
    }

    /// The tensor's description.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// Whether the memory may be written; `None` if the form cannot say.
    #[must_use]
    pub const fn writeable(&self) -> Option<bool> {
        match self.holder {
            Holder::Versioned(..) | Holder::Offer(_) => Some(!self.description.is_read_only()),
            Holder::Legacy(..) | Holder::Accepted => None,
        }
    }

    /// The object that a legacy capsule keeps, if this extension made it with a
    /// [`Reference`]; `None` once it was consumed.
    ///
    /// Inlined, because it recognises the extension's structs by the address of a function
    /// of which each crate has its own copy.
    #[inline]
    #[must_use]
    pub fn kept(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let Holder::Legacy(capsule, managed) = &self.holder else {
            return None;
        };
        unconsumed(capsule, *managed, || {
            // SAFETY: the capsule was not consumed, so it keeps the struct alive.
            let reference = unsafe { kept::<_, Reference>(*managed) }?;
            // SAFETY: alive as long as the struct; it is not written before the
            // struct dies, and the object gets a reference of its own.
            unsafe { reference.as_ref() }.object(py).cloned()
        })
        .flatten()
    }

    /// Takes the tensor, once: a capsule is consumed by renaming it.
    ///
    /// # Errors
    /// `BufferError` if it was consumed before, also through this offer.
    #[inline(always)]
    pub fn accept(&mut self) -> PyResult<Keeper> {
        match mem::replace(&mut self.holder, Holder::Accepted) {
            Holder::Offer(owner) => Ok(Keeper::Versioned(owner)),
            Holder::Versioned(capsule, managed) => {
                consume(&capsule, managed).map(Keeper::Versioned)
            }
            Holder::Legacy(capsule, managed) => consume(&capsule, managed).map(Keeper::Legacy),
            Holder::Accepted => Err(PyBufferError::new_err("the offer was accepted before")),
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

/// An offer of that struct, which holds the capsule.
fn offered<'py, M: ManagedStruct>(
    capsule: &Bound<'py, PyAny>,
    holder: impl FnOnce(Bound<'py, PyAny>, NonNull<M>) -> Holder<'py>,
) -> Option<Result<Offer<'py>, Error>> {
    let managed = pointer(capsule)?;
    // SAFETY: an unconsumed capsule of that name holds such a struct,
    // and keeps it alive.
    let description = unconsumed(capsule, managed, || unsafe { describe(managed) })?;
    Some(description.map(|description| Offer {
        holder: holder(capsule.clone(), managed),
        description,
    }))
}

fn consume<M: ManagedStruct>(
    capsule: &Bound<'_, PyAny>,
    managed: NonNull<M>,
) -> PyResult<Owner<M>> {
    let renamed = unconsumed(capsule, managed, || {
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
fn unconsumed<M: ManagedStruct, R>(
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
pub fn give<M: ManagedStruct>(py: Python<'_>, owner: Owner<M>) -> PyResult<Bound<'_, PyAny>> {
    capsule(py, owner, M::CAPSULE, drop_unconsumed::<M>)
}

/// Name of the objects that [`keep`] makes; no consumer takes a capsule of that name.
const KEEPER: &CStr = c"scirs2_tensor_owner";

/// A Python object that frees the tensor when it dies: the base of an array
/// that reads its memory.
///
/// # Errors
/// If the capsule cannot be made; the tensor is then freed.
#[inline]
pub fn keep(py: Python<'_>, keeper: Keeper) -> PyResult<Bound<'_, PyAny>> {
    match keeper {
        Keeper::Legacy(owner) => capsule(py, owner, KEEPER, drop_kept::<DLManagedTensor>),
        Keeper::Versioned(owner) => {
            capsule(py, owner, KEEPER, drop_kept::<DLManagedTensorVersioned>)
        }
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

unsafe extern "C" fn drop_kept<M: ManagedStruct>(capsule: *mut ffi::PyObject) {
    // SAFETY: as above.
    unsafe { drop_content::<M>(capsule, KEEPER) }
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
    // The deleter itself would first have to find out whether it may use Python.
    // SAFETY: the struct lives until its owner is dropped.
    if let Some(mut reference) = unsafe { kept::<M, Reference>(managed) } {
        // SAFETY: a part of that struct, to which nothing else has access any more.
        unsafe { reference.as_mut() }.release(py);
    }
    drop(owner);
    // SAFETY: attached.
    if !class.is_null() || !unsafe { ffi::PyErr_Occurred() }.is_null() {
        // SAFETY: attached, with what was fetched above.
        unsafe { ffi::PyErr_Restore(class, value, traceback) };
    }
}
