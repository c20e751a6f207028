//! The DLPack C exchange API of a tensor type: an export without a Python call.

use core::ffi::{CStr, c_void};
use core::ptr::{self, NonNull};

use pyo3::exceptions::{PyBufferError, PySystemError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyType};

use scirs2_core::DType;

use super::PendingImport;
use super::protocol::Request;
use super::torch::{Resolved, TorchType, ignore_exception};
use super::types::TypeCache;
use crate::Description;
use crate::owner::Owner;
use crate::sys::{
    DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader,
    DLPackManagedTensorFromPyObjectNoSync, DLPackManagedTensorToPyObjectNoSync, VERSION,
};

/// Name of the capsule that carries the API's struct.
pub(super) const API_CAPSULE: &CStr = c"dlpack_exchange_api";

/// Older versions of a type's API to try before giving up: a foreign list may be circular.
const MAX_PREV_APIS: usize = 16;

/// How often a tensor may be replaced by one whose memory is closer to its value: detached, then
/// resolved. The methods of a class may never return one whose memory is its value.
const MAX_REPLACEMENTS: u8 = 3;

/// What is known about one type.
struct Exporter {
    /// The export function of its API, if it has one.
    export: Option<DLPackManagedTensorFromPyObjectNoSync>,
    /// How its tensors are checked, if they are PyTorch's.
    torch: Option<TorchType>,
}

/// What is known about the types seen, if anything.
static TYPES: TypeCache<Option<Exporter>> = TypeCache::new();

/// The object's tensor by its type's exchange API, or `None` if `__dlpack__` must be called: there
/// is no API, or it fails.
#[inline(always)]
pub(super) fn export<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
) -> PyResult<Option<PendingImport<'py>>> {
    export_after_replacements(object, request, 0)
}

/// As [`export`], after the given number of replacements.
#[inline(always)]
fn export_after_replacements<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
    replacements: u8,
) -> PyResult<Option<PendingImport<'py>>> {
    match TYPES.get(object) {
        Some(Some(exporter)) => exporter.export(object, request, replacements),
        Some(None) => Ok(None),
        None => export_new_type(object, request, replacements),
    }
}

impl Exporter {
    #[inline(always)]
    fn export<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        request: &Request,
        replacements: u8,
    ) -> PyResult<Option<PendingImport<'py>>> {
        let may_copy = request.copy != Some(false) && replacements < MAX_REPLACEMENTS;
        if let Some(torch) = &self.torch
            && let Resolved::Replaced(replacement) = torch.resolve(object, may_copy)?
        {
            return export_replacement(&replacement, request, replacements).map(Some);
        }
        let api_export = self.export.filter(|_| request.device.is_none());
        let (owner, description) = match api_export {
            Some(export) => match call_export(object, export)? {
                Some(exported) => exported,
                None => return Ok(None),
            },
            None => {
                // `__dlpack__` is called, which refuses tensors that could be resolved.
                if let Some(torch) = &self.torch
                    && let Resolved::Replaced(replacement) = torch.resolve_conj(object, may_copy)?
                {
                    return export_replacement(&replacement, request, replacements).map(Some);
                }
                return Ok(None);
            }
        };
        if let Some(torch) = &self.torch
            && is_complex(description.dtype())
            && let Resolved::Replaced(replacement) = torch.resolve_conj(object, may_copy)?
        {
            return export_replacement(&replacement, request, replacements).map(Some);
        }
        Ok(Some(PendingImport::from_owner(owner, description)))
    }
}

/// Exports the replacement of a tensor, with the same request.
#[cold]
fn export_replacement<'py>(
    replacement: &Bound<'py, PyAny>,
    request: &Request,
    replacements: u8,
) -> PyResult<PendingImport<'py>> {
    if replacements >= MAX_REPLACEMENTS {
        return Err(PyBufferError::new_err(
            "the tensor's class gives no tensor whose memory is its value",
        ));
    }
    match export_after_replacements(replacement, request, replacements + 1)? {
        Some(pending) => Ok(pending),
        None => PendingImport::from_dlpack_method(replacement, request),
    }
}

/// Calls the API's export function; `None` if it fails: `__dlpack__` gives a better reason, because
/// the error here is often a C++ trace.
#[inline(always)]
fn call_export(
    object: &Bound<'_, PyAny>,
    export: DLPackManagedTensorFromPyObjectNoSync,
) -> PyResult<Option<(Owner<DLManagedTensorVersioned>, Description)>> {
    let py = object.py();
    let mut managed = ptr::null_mut();
    // SAFETY: the function belongs to the object's type and the thread is attached, as the protocol
    // requires; `managed` takes the result.
    let status = unsafe { export(object.as_ptr().cast(), &raw mut managed) };
    let managed = match NonNull::new(managed) {
        Some(managed) if status == 0 => managed,
        _ => return ignore_exception(py, PyErr::take(py)).map(|()| None),
    };
    // SAFETY: the function hands over an owned tensor, as the protocol says.
    let owner = unsafe { Owner::from_raw(managed) };
    let description = owner.describe()?;
    // The function does not synchronize.
    description.check_synchronized()?;
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
fn export_new_type<'py>(
    object: &Bound<'py, PyAny>,
    request: &Request,
    replacements: u8,
) -> PyResult<Option<PendingImport<'py>>> {
    let class = object.get_type();
    // An error is neither remembered nor ignored: what the type is matters for the rest of the
    // process, and a lack of stack or memory says nothing about it.
    let exporter = inspect_type(object, &class)?;
    match TYPES.insert(class, exporter) {
        None => export_after_replacements(object, request, replacements),
        Some(Some(exporter)) => exporter.export(object, request, replacements),
        Some(None) => Ok(None),
    }
}

/// Finds the first class in the MRO that defines how its objects are exported: by an exchange API
/// or by `__dlpack__`. `None` if that has no API and is not PyTorch's.
fn inspect_type(
    object: &Bound<'_, PyAny>,
    class: &Bound<'_, PyType>,
) -> PyResult<Option<Exporter>> {
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
        let api = table.and_then(|table| table.cast::<PyCapsule>().ok().and_then(read_api));
        let export = api.and_then(|api| api.managed_tensor_from_py_object_no_sync);
        let torch = TorchType::of(object, class, &base)?;
        if export.is_none() && torch.is_none() {
            return Ok(None);
        }
        return Ok(Some(Exporter { export, torch }));
    }
    Ok(None)
}

/// The function of a type's exchange API that makes an object from a tensor.
#[derive(Clone, Copy, Debug)]
pub struct Importer(DLPackManagedTensorToPyObjectNoSync);

impl Importer {
    /// The function of a type that has an exchange API, of the version known here.
    ///
    /// # Errors
    /// What the type raises when it is queried.
    pub fn of(class: &Bound<'_, PyType>) -> PyResult<Option<Self>> {
        let table = class.getattr_opt(intern!(class.py(), "__dlpack_c_exchange_api__"))?;
        let api = table.and_then(|table| table.cast::<PyCapsule>().ok().and_then(read_api));
        Ok(api
            .and_then(|api| api.managed_tensor_to_py_object_no_sync)
            .map(Importer))
    }

    /// Makes an object from a tensor, which the object then owns.
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

/// The API in a capsule, of the version known here.
fn read_api(capsule: &Bound<'_, PyCapsule>) -> Option<DLPackExchangeAPI> {
    // SAFETY: any object may be asked; the name is a C string.
    if unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), API_CAPSULE.as_ptr()) } == 0 {
        return None;
    }
    // SAFETY: valid, as just seen.
    let table: *mut c_void =
        unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), API_CAPSULE.as_ptr()) };
    let mut header = table.cast::<DLPackExchangeAPIHeader>();
    for _ in 0..MAX_PREV_APIS {
        if header.is_null() || !header.is_aligned() {
            return None;
        }
        // SAFETY: a header lives as long as the process, as the protocol says,
        // and is the same in every version.
        let DLPackExchangeAPIHeader { version, prev_api } = unsafe { header.read() };
        if version.major == VERSION.major {
            // SAFETY: an API of this major version starts at its header.
            return Some(unsafe { header.cast::<DLPackExchangeAPI>().read() });
        }
        header = prev_api;
    }
    None
}
