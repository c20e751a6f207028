//! `to_dlpack(array)`, called with nothing but an array, without PyO3's parsing
//! of arguments: that costs as much as the rest of the export.
//!
//! The C function here answers such a call itself. Every other call, and one
//! that fails, goes to the C function that PyO3 made, which also raises the
//! errors. To Python the two look the same.

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use numpy::PyUntypedArray;
use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use scirs2_interop::python::give;
use scirs2_interop::sys::DLManagedTensor;

use crate::exchange::{Policy, exported};

/// PyO3's function, which knows the keywords.
static WHOLE: OnceLock<ffi::PyCFunctionFastWithKeywords> = OnceLock::new();

const CONVENTION: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

/// Puts the short way in the place of a module's `to_dlpack`.
///
/// # Errors
/// Those of making a function, and where PyO3's has another calling convention.
pub(crate) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let whole = module.getattr("to_dlpack")?;
    let function = function_of(&whole)?;
    WHOLE.get_or_init(|| function);

    // Python takes the signature out of the text in front of the docstring.
    let signature: String = whole.getattr("__text_signature__")?.extract()?;
    let doc: String = whole.getattr("__doc__")?.extract()?;
    let doc = CString::new(format!("to_dlpack{signature}\n--\n\n{doc}"))?;
    let name = whole.getattr("__module__")?;
    // SAFETY: a builtin function, as `function_of` saw.
    let owner = unsafe { ffi::PyCFunction_GetSelf(whole.as_ptr()) };
    // Both live as long as the process, like the module.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: c"to_dlpack".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: to_dlpack,
        },
        ml_flags: CONVENTION,
        ml_doc: doc.into_raw(),
    }));
    // SAFETY: the definition lives for ever and names its function's calling
    // convention; self and the module's name are objects or NULL.
    let short = unsafe { ffi::PyCFunction_NewEx(definition, owner, name.as_ptr()) };
    // SAFETY: a new reference, or NULL with an exception set.
    let short = unsafe { Bound::from_owned_ptr_or_err(py, short) }?;
    module.setattr("to_dlpack", short)
}

/// The C function of a builtin, which takes its arguments as [`CONVENTION`] says.
fn function_of(builtin: &Bound<'_, PyAny>) -> PyResult<ffi::PyCFunctionFastWithKeywords> {
    let other = || PySystemError::new_err("to_dlpack has another calling convention");
    // SAFETY: any object may be asked.
    if unsafe { ffi::PyCFunction_CheckExact(builtin.as_ptr()) } == 0 {
        return Err(other());
    }
    // SAFETY: a builtin function, as just seen.
    if unsafe { ffi::PyCFunction_GetFlags(builtin.as_ptr()) } != CONVENTION {
        return Err(other());
    }
    // SAFETY: as above.
    let function = unsafe { ffi::PyCFunction_GetFunction(builtin.as_ptr()) };
    let function = function.ok_or_else(other)?;
    // SAFETY: the flags say that the function is of this type; C keeps all types
    // of functions in one field.
    Ok(unsafe {
        std::mem::transmute::<ffi::PyCFunction, ffi::PyCFunctionFastWithKeywords>(function)
    })
}

/// # Safety
/// As Python calls it: the thread is attached, `arguments` holds `count` objects
/// and then one for each of `names`, which is NULL or a tuple.
unsafe extern "C" fn to_dlpack(
    module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if count == 1 && names.is_null() {
        // SAFETY: one argument is there, by this function's contract.
        let array = unsafe { *arguments };
        // SAFETY: attached, by this function's contract.
        let py = unsafe { Python::assume_attached() };
        // SAFETY: an argument lives as long as the call.
        let array = unsafe { Borrowed::from_ptr(py, array) };
        // A panic must not unwind into Python. That of a bug in here comes
        // again on the long way, which knows how to raise it.
        if let Ok(Some(capsule)) = catch_unwind(AssertUnwindSafe(|| capsule(&array))) {
            return capsule.into_ptr();
        }
    }
    match WHOLE.get() {
        // SAFETY: what Python passed to this function fits that one, which has
        // the same convention and the same self.
        Some(whole) => unsafe { whole(module, arguments, count, names) },
        // Set before this function was made.
        None => ptr::null_mut(),
    }
}

/// The capsule of a plain array; `None` where there is an error to raise.
#[inline]
fn capsule<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let array = object.cast_exact::<PyUntypedArray>().ok()?;
    let owner = exported::<DLManagedTensor>(array, Policy::Exact, None).ok()?;
    give(object.py(), owner).ok()
}
