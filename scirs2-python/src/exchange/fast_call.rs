//! A fast path for `from_dlpack(x)` and `to_dlpack(array)` with one argument. PyO3's
//! parsing of arguments costs half as much as the exchange.
//!
//! A C function handles such a call itself and passes every other call on to the C function
//! that PyO3 made. In Python both look the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use numpy::PyUntypedArray;
use pyo3::ffi;
use pyo3::prelude::*;
use scirs2_interop::python::new_capsule;
use scirs2_interop::sys::DLManagedTensor;

use super::from_dlpack::import_fast;
use super::to_dlpack::{Policy, export_array};
use crate::call::hook::{Function, replace_function};

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
            pub(super) static GENERAL: OnceLock<Function> = OnceLock::new();

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
