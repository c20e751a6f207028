//! The C exchange table of a tensor type: an export without a Python call.

use core::ffi::{CStr, c_void};
use core::ptr::{self, NonNull};

use pyo3::exceptions::{PyBufferError, PySystemError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyType};

use scirs2_core::DType;

use super::Offer;
use super::ask::Request;
use super::torch::{Taken, Torch, unless_exit};
use super::types::TypeCache;
use crate::Description;
use crate::owner::Owner;
use crate::sys::{
    DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader,
    DLPackManagedTensorFromPyObjectNoSync, DLPackManagedTensorToPyObjectNoSync, VERSION,
};

/// Name of the capsule that carries a table.
pub(super) const CAPSULE: &CStr = c"dlpack_exchange_api";

/// Older tables of a type to look at before giving up: a foreign chain may be a
/// ring.
const MAX_CHAIN: usize = 16;

/// How often a tensor may be replaced by one whose memory is nearer to its value: detached,
/// then resolved. A class may define methods of its own that never get there.
const MAX_REPLACED: u8 = 3;

/// What is known about one type.
struct Exporter {
    /// The function of its table, if it has one.
    export: Option<DLPackManagedTensorFromPyObjectNoSync>,
    /// How its tensors are queried, if they are PyTorch's.
    torch: Option<Torch>,
}

/// What is known about the types seen, if anything.
static TYPES: TypeCache<Option<Exporter>> = TypeCache::new();

/// The object's tensor through its type's table, or `None` if `__dlpack__` must be called:
/// there is no table, or it fails.
#[inline(always)]
pub(super) fn export<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
) -> PyResult<Option<Offer<'py>>> {
    export_replacement(object, request, 0)
}

/// [`export`] of the replacement of a tensor; `replaced` counts the replacements so far.
#[inline(always)]
fn export_replacement<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
    replaced: u8,
) -> PyResult<Option<Offer<'py>>> {
    match TYPES.get(object) {
        Some(Some(exporter)) => exporter.export(object, request, replaced),
        Some(None) => Ok(None),
        None => first_seen(object, request, replaced),
    }
}

impl Exporter {
    #[inline(always)]
    fn export<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        request: &Request,
        replaced: u8,
    ) -> PyResult<Option<Offer<'py>>> {
        let may_copy = request.copy != Some(false) && replaced < MAX_REPLACED;
        if let Some(torch) = &self.torch
            && let Taken::Other(other) = torch.ask(object, may_copy)?
        {
            return export_other(&other, request, replaced).map(Some);
        }
        let by_table = self.export.filter(|_| request.device.is_none());
        let (owner, description) = match by_table {
            Some(export) => match by_function(object, export)? {
                Some(exported) => exported,
                None => return Ok(None),
            },
            None => {
                // `__dlpack__` is called, which refuses tensors that could be resolved.
                if let Some(torch) = &self.torch
                    && let Taken::Other(other) = torch.ask_complex(object, may_copy)?
                {
                    return export_other(&other, request, replaced).map(Some);
                }
                return Ok(None);
            }
        };
        if let Some(torch) = &self.torch
            && is_complex(description.dtype())
            && let Taken::Other(other) = torch.ask_complex(object, may_copy)?
        {
            return export_other(&other, request, replaced).map(Some);
        }
        Ok(Some(Offer::owned(owner, description)))
    }
}

/// The tensor taken in place of another, with the same request.
#[cold]
fn export_other<'py>(
    other: &Bound<'py, PyAny>,
    request: &Request,
    replaced: u8,
) -> PyResult<Offer<'py>> {
    if replaced >= MAX_REPLACED {
        return Err(PyBufferError::new_err(
            "the tensor's class gives no tensor whose memory is its value",
        ));
    }
    match export_replacement(other, request, replaced + 1)? {
        Some(offer) => Ok(offer),
        None => Offer::by_method(other, request),
    }
}

/// Calls a table's function; `None` if it fails: `__dlpack__` gives a better reason, because
/// the error here is often a C++ trace.
#[inline(always)]
fn by_function(
    object: &Bound<'_, PyAny>,
    export: DLPackManagedTensorFromPyObjectNoSync,
) -> PyResult<Option<(Owner<DLManagedTensorVersioned>, Description)>> {
    let py = object.py();
    let mut managed = ptr::null_mut();
    // SAFETY: the table belongs to the object's type and the thread is
    // attached, as the protocol requires; `managed` takes the result.
    let status = unsafe { export(object.as_ptr().cast(), &raw mut managed) };
    let managed = match NonNull::new(managed) {
        Some(managed) if status == 0 => managed,
        _ => return unless_exit(py, PyErr::take(py)).map(|()| None),
    };
    // SAFETY: the function hands over an owned tensor, as the protocol says.
    let owner = unsafe { Owner::from_raw(managed) };
    let description = owner.describe()?;
    // The function does not synchronize.
    description.is_synchronized()?;
    Ok(Some((owner, description)))
}

const fn is_complex(dtype: DType) -> bool {
    use DType as D;
    matches!(
        dtype,
        D::BComplex32 | D::Complex32 | D::Complex64 | D::Complex128
    )
}

#[cold]
fn first_seen<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
    replaced: u8,
) -> PyResult<Option<Offer<'py>>> {
    let class = object.get_type();
    // An error is neither remembered nor ignored: what the type is matters for the rest of the
    // process, and a lack of stack or memory says nothing about it.
    let exporter = look(object, &class)?;
    match TYPES.insert(class, exporter) {
        None => export_replacement(object, request, replaced),
        Some(Some(exporter)) => exporter.export(object, request, replaced),
        Some(None) => Ok(None),
    }
}

/// Looks for the first class that defines how its objects are exported: by a table or by
/// `__dlpack__`. `None` if that has no table and is not PyTorch's.
fn look(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> PyResult<Option<Exporter>> {
    let py = class.py();
    let bases = class.getattr(intern!(py, "__mro__"))?;
    for base in bases.try_iter()? {
        let base = base?;
        let namespace = base.getattr(intern!(py, "__dict__"))?;
        let name = intern!(py, "__dlpack_c_exchange_api__");
        let table = if namespace.contains(name)? {
            Some(namespace.get_item(name)?)
        } else {
            None
        };
        if table.is_none() && !namespace.contains(intern!(py, "__dlpack__"))? {
            continue;
        }
        let api = table.and_then(|table| table.cast::<PyCapsule>().ok().and_then(read));
        let export = api.and_then(|api| api.managed_tensor_from_py_object_no_sync);
        let torch = Torch::of(object, class, &base)?;
        if export.is_none() && torch.is_none() {
            return Ok(None);
        }
        return Ok(Some(Exporter { export, torch }));
    }
    Ok(None)
}

/// The function of a type's table that makes an object from a tensor.
#[derive(Clone, Copy, Debug)]
pub struct Importer(DLPackManagedTensorToPyObjectNoSync);

impl Importer {
    /// The function of a type that has a table of its own, of the version known here.
    ///
    /// # Errors
    /// What the type raises when it is queried.
    pub fn of(class: &Bound<'_, PyType>) -> PyResult<Option<Self>> {
        let table = class.getattr_opt(intern!(class.py(), "__dlpack_c_exchange_api__"))?;
        let api = table.and_then(|table| table.cast::<PyCapsule>().ok().and_then(read));
        Ok(api
            .and_then(|api| api.managed_tensor_to_py_object_no_sync)
            .map(Importer))
    }

    /// Makes an object from a tensor, which the object keeps.
    ///
    /// # Errors
    /// What the function raises; it owns the tensor from the start.
    #[inline]
    pub fn import<'py>(
        self,
        py: Python<'py>,
        owner: Owner<DLManagedTensorVersioned>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut object = ptr::null_mut();
        // SAFETY: the thread is attached, as the protocol requires; the tensor is handed over, and
        // `object` takes the result.
        let status = unsafe { (self.0)(owner.into_raw().as_ptr(), &raw mut object) };
        if status != 0 || object.is_null() {
            return Err(PyErr::take(py).unwrap_or_else(|| {
                PySystemError::new_err("an exchange table failed without an exception")
            }));
        }
        // SAFETY: a new reference, because the function succeeded.
        Ok(unsafe { Bound::from_owned_ptr(py, object.cast()) })
    }
}

/// The table in a capsule, of the version known here.
fn read(capsule: &Bound<'_, PyCapsule>) -> Option<DLPackExchangeAPI> {
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
            return Some(unsafe { header.cast::<DLPackExchangeAPI>().read() });
        }
        header = prev_api;
    }
    None
}
