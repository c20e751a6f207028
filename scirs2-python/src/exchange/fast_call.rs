//! A fast path for `from_dlpack(x)` and `to_dlpack(array)` with one argument. PyO3's
//! parsing of arguments costs half as much as the exchange.
//!
//! A C function handles such a call itself and passes every other call on to the C function
//! that PyO3 made. In Python both look the same.

use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use numpy::PyUntypedArray;
use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use scirs2_interop::python::new_capsule;
use scirs2_interop::sys::DLManagedTensor;

use super::from_dlpack::import_fast;
use super::to_dlpack::{Policy, export_array};

const CONVENTION: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

/// Functions of the module that get a fast path, each with the function that handles a call
/// with one argument. That returns `None` if PyO3's function has to handle the call.
macro_rules! fast_calls {
    ($($name:ident, $text:literal: $fast:expr;)+) => {
        /// Replaces the functions of the module by their fast paths.
        ///
        /// # Errors
        /// If a function cannot be made, or PyO3's has another calling convention.
        pub(crate) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(replace_function(module, $text, &$name::GENERAL, $name::call)?;)+
            Ok(())
        }

        $(mod $name {
            use super::*;

            /// PyO3's function, which parses keywords.
            pub(super) static GENERAL: OnceLock<ffi::PyCFunctionFastWithKeywords> = OnceLock::new();

            /// # Safety
            /// Called as Python does: the thread is attached, and `arguments`
            /// holds `count` objects, then one for each of `names`, which is
            /// NULL or a tuple.
            pub(super) unsafe extern "C" fn call(
                module: *mut ffi::PyObject,
                arguments: *const *mut ffi::PyObject,
                count: ffi::Py_ssize_t,
                names: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                if count == 1 && names.is_null() {
                    // SAFETY: one argument is there, by this function's contract.
                    let argument = unsafe { *arguments };
                    // PyO3 does not count this as attached. A `Py` that
                    // is dropped here is released when the thread
                    // attaches the next time: late, but correct.
                    // SAFETY: attached, by this function's contract.
                    let py = unsafe { Python::assume_attached() };
                    // SAFETY: an argument lives as long as the call.
                    let argument = unsafe { Borrowed::from_ptr(py, argument) };
                    // A panic must not unwind into Python. If it is a
                    // bug, PyO3's function below meets it again and
                    // raises it.
                    match catch_unwind(AssertUnwindSafe(|| $fast(&argument))) {
                        Ok(Ok(Some(answer))) => return answer.into_ptr(),
                        Ok(Ok(None)) | Err(_) => {}
                        Ok(Err(error)) => {
                            // Attaching releases what was
                            // dropped above.
                            Python::attach(|py| error.restore(py));
                            return ptr::null_mut();
                        }
                    }
                }
                match GENERAL.get() {
                    // SAFETY: both functions have the same calling
                    // convention and the same self.
                    Some(general) => unsafe { general(module, arguments, count, names) },
                    // Set before this function was made.
                    None => ptr::null_mut(),
                }
            }
        })+
    };
}

fast_calls! {
    from_dlpack, c"from_dlpack": from_dlpack_fast;
    to_dlpack, c"to_dlpack": to_dlpack_fast;
}

#[inline(always)]
fn from_dlpack_fast<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(import_fast(x)?.map(Bound::into_any))
}

#[inline(always)]
fn to_dlpack_fast<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Ok(array) = object.cast_exact::<PyUntypedArray>() else {
        return Ok(None);
    };
    let owner = export_array::<DLManagedTensor>(array, Policy::Strict, None)?;
    new_capsule(object.py(), owner).map(Some)
}

/// Replaces a function of the module by its fast path.
fn replace_function(
    module: &Bound<'_, PyModule>,
    name: &'static CStr,
    general: &OnceLock<ffi::PyCFunctionFastWithKeywords>,
    fast: ffi::PyCFunctionFastWithKeywords,
) -> PyResult<()> {
    let py = module.py();
    let text = &*name.to_string_lossy();
    let general_function = module.getattr(text)?;
    let c_pointer = c_function(&general_function)?;
    general.get_or_init(|| c_pointer);

    // Python reads the signature from the first line of the docstring.
    let signature: String = general_function.getattr("__text_signature__")?.extract()?;
    let doc: String = general_function.getattr("__doc__")?.extract()?;
    let doc = CString::new(format!("{text}{signature}\n--\n\n{doc}"))?;
    let module_name = general_function.getattr("__module__")?;
    // SAFETY: `c_function` checked that this is a builtin function.
    let owner = unsafe { ffi::PyCFunction_GetSelf(general_function.as_ptr()) };
    // Leaked, as the module lives as long as the process.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: fast,
        },
        ml_flags: CONVENTION,
        ml_doc: doc.into_raw(),
    }));
    // SAFETY: the definition is leaked and names its function's calling convention; self
    // and the module's name are objects or NULL.
    let function = unsafe { ffi::PyCFunction_NewEx(definition, owner, module_name.as_ptr()) };
    // SAFETY: a new reference, or NULL with an exception set.
    let function = unsafe { Bound::from_owned_ptr_or_err(py, function) }?;
    module.setattr(text, function)
}

/// Returns the C function of a builtin with the calling convention [`CONVENTION`].
fn c_function(builtin: &Bound<'_, PyAny>) -> PyResult<ffi::PyCFunctionFastWithKeywords> {
    let other = || PySystemError::new_err(format!("{builtin} has another calling convention"));
    // SAFETY: the check accepts any object.
    if unsafe { ffi::PyCFunction_CheckExact(builtin.as_ptr()) } == 0 {
        return Err(other());
    }
    // SAFETY: a builtin function, as just checked.
    if unsafe { ffi::PyCFunction_GetFlags(builtin.as_ptr()) } != CONVENTION {
        return Err(other());
    }
    // SAFETY: as above.
    let function = unsafe { ffi::PyCFunction_GetFunction(builtin.as_ptr()) };
    let function = function.ok_or_else(other)?;
    // SAFETY: the flags say that the function has this type; C stores all types of
    // functions in one field.
    Ok(unsafe {
        std::mem::transmute::<ffi::PyCFunction, ffi::PyCFunctionFastWithKeywords>(function)
    })
}
