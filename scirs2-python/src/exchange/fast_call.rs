//! `from_dlpack(x)` and `to_dlpack(array)`, called with nothing else, without PyO3's
//! parsing of arguments: that costs as much as half the exchange.
//!
//! A C function here answers such a call itself. Every other call goes to the C
//! function that PyO3 made. To Python the two look the same.

use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use numpy::PyUntypedArray;
use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use scirs2_interop::python::give;
use scirs2_interop::sys::DLManagedTensor;

use super::from_dlpack::at_once;
use super::to_dlpack::{Policy, exported};

const CONVENTION: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

/// Functions of a module whose place a short way takes, with what that answers to a call
/// with one argument: nothing where the long way has to.
macro_rules! short_ways {
    ($($name:ident, $text:literal: $answer:expr;)+) => {
        /// Puts the short ways in their places.
        ///
        /// # Errors
        /// Those of making a function, and where PyO3's has another calling convention.
        pub(crate) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(replace(module, $text, &$name::WHOLE, $name::call)?;)+
            Ok(())
        }

        $(mod $name {
            use super::*;

            /// PyO3's function, which knows the keywords.
            pub(super) static WHOLE: OnceLock<ffi::PyCFunctionFastWithKeywords> = OnceLock::new();

            /// # Safety
            /// As Python calls it: the thread is attached, `arguments` holds `count`
            /// objects and then one for each of `names`, which is NULL or a tuple.
            pub(super) unsafe extern "C" fn call(
                module: *mut ffi::PyObject,
                arguments: *const *mut ffi::PyObject,
                count: ffi::Py_ssize_t,
                names: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                if count == 1 && names.is_null() {
                    // SAFETY: one argument is there, by this function's contract.
                    let argument = unsafe { *arguments };
                    // PyO3 does not count this as attached. A `Py` that is dropped on the way is
                    // released when the thread is attached the next time: late, not wrong.
                    // SAFETY: attached, by this function's contract.
                    let py = unsafe { Python::assume_attached() };
                    // SAFETY: an argument lives as long as the call.
                    let argument = unsafe { Borrowed::from_ptr(py, argument) };
                    // A panic must not unwind into Python. That of a bug in here comes
                    // again on the long way, which knows how to raise it.
                    match catch_unwind(AssertUnwindSafe(|| $answer(&argument))) {
                        Ok(Ok(Some(answer))) => return answer.into_ptr(),
                        Ok(Ok(None)) | Err(_) => {}
                        Ok(Err(error)) => {
                            // Releases what was dropped on the way.
                            Python::attach(|py| error.restore(py));
                            return ptr::null_mut();
                        }
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
        })+
    };
}

short_ways! {
    from_dlpack, c"from_dlpack": taken;
    to_dlpack, c"to_dlpack": given;
}

#[inline(always)]
fn taken<'py>(x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(at_once(x)?.map(Bound::into_any))
}

#[inline(always)]
fn given<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Ok(array) = object.cast_exact::<PyUntypedArray>() else {
        return Ok(None);
    };
    let owner = exported::<DLManagedTensor>(array, Policy::Exact, None)?;
    give(object.py(), owner).map(Some)
}

/// Puts a short way in the place of a module's function.
fn replace(
    module: &Bound<'_, PyModule>,
    name: &'static CStr,
    whole: &OnceLock<ffi::PyCFunctionFastWithKeywords>,
    short: ffi::PyCFunctionFastWithKeywords,
) -> PyResult<()> {
    let py = module.py();
    let text = &*name.to_string_lossy();
    let long = module.getattr(text)?;
    let function = function_of(&long)?;
    whole.get_or_init(|| function);

    // Python takes the signature out of the text in front of the docstring.
    let signature: String = long.getattr("__text_signature__")?.extract()?;
    let doc: String = long.getattr("__doc__")?.extract()?;
    let doc = CString::new(format!("{text}{signature}\n--\n\n{doc}"))?;
    let of = long.getattr("__module__")?;
    // SAFETY: a builtin function, as `function_of` saw.
    let owner = unsafe { ffi::PyCFunction_GetSelf(long.as_ptr()) };
    // Both live as long as the process, like the module.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: short,
        },
        ml_flags: CONVENTION,
        ml_doc: doc.into_raw(),
    }));
    // SAFETY: the definition lives for ever and names its function's calling
    // convention; self and the module's name are objects or NULL.
    let short = unsafe { ffi::PyCFunction_NewEx(definition, owner, of.as_ptr()) };
    // SAFETY: a new reference, or NULL with an exception set.
    let short = unsafe { Bound::from_owned_ptr_or_err(py, short) }?;
    module.setattr(text, short)
}

/// The C function of a builtin, which takes its arguments as [`CONVENTION`] says.
fn function_of(builtin: &Bound<'_, PyAny>) -> PyResult<ffi::PyCFunctionFastWithKeywords> {
    let other = || PySystemError::new_err(format!("{builtin} has another calling convention"));
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
