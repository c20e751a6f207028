//! The hook around every function of linear algebra, after a call that failed. One with an operand
//! that has no memory to read on this host goes to `scirs2._elsewhere`. The errors of parsing
//! arguments get their hints from `scirs2._hints`.
//!
//! Such operands are traced, wrap another tensor, need a gradient, are lazy, or live on a
//! device. [`Operand`](super::operand::Operand) raises a private exception for them. A C
//! function stands around the one that PyO3 makes; it catches that exception, and costs other
//! calls one more jump.

use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::slice;
use std::sync::OnceLock;

use pyo3::exceptions::{
    PyException, PyMemoryError, PyOverflowError, PySystemError, PyTypeError, PyValueError,
};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

pyo3::create_exception!(
    scirs2,
    NoHostMemory,
    PyException,
    "An operand has no memory to read on this host; the arguments are the reason, its parameter, \
     and the operand."
);

/// Returns the private exception for an error of taking an operand.
pub(crate) fn no_host_memory(py: Python<'_>, reason: PyErr) -> PyErr {
    // Interrupts and lack of memory say nothing about where the operand is.
    if !reason.is_instance_of::<PyException>(py) || reason.is_instance_of::<PyMemoryError>(py) {
        return reason;
    }
    NoHostMemory::new_err((reason.into_value(py),))
}

/// Adds the parameter and the operand to the private exception; returns any other error.
pub(crate) fn named_no_host_memory(
    py: Python<'_>,
    error: PyErr,
    parameter: &str,
    operand: &Bound<'_, PyAny>,
) -> Result<PyErr, PyErr> {
    if !error.is_instance_of::<NoHostMemory>(py) {
        return Err(error);
    }
    let reason = reason_of(error.value(py))?;
    Ok(NoHostMemory::new_err((
        reason.unbind(),
        parameter.to_owned(),
        operand.clone().unbind(),
    )))
}

fn reason_of<'py>(error: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    error.getattr(intern!(error.py(), "args"))?.get_item(0)
}

/// Makes the class of the private exception. Where it is first raised, there may be no stack
/// left to make it.
pub(crate) fn init_hook(py: Python<'_>) {
    py.get_type::<NoHostMemory>();
}

/// A C function of the calling convention of Python's builtins.
pub(crate) type Function = ffi::PyCFunctionFastWithKeywords;

const CONVENTION: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

/// Kept, because a call that needs a gradient comes here, and to import it takes a third of a
/// microsecond.
static ELSEWHERE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// Calls PyO3's function, and `scirs2._elsewhere.call` if that finds an operand without memory.
///
/// # Safety
/// Called as Python does: the thread is attached, and `arguments` holds `count` objects, then
/// one for each of `names`, which is NULL or a tuple. `original` takes the same arguments.
#[inline(always)]
pub(crate) unsafe fn call(
    original: &OnceLock<Function>,
    name: &str,
    module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let Some(original) = original.get() else {
        // Set before the function was made.
        return ptr::null_mut();
    };
    // SAFETY: as Python calls it, by this function's contract.
    let result = unsafe { original(module, arguments, count, names) };
    if !result.is_null() {
        return result;
    }
    // SAFETY: by this function's contract.
    unsafe { after_failure(name, arguments, count, names) }
}

/// # Safety
/// As for [`call`]; an exception is set.
#[cold]
unsafe fn after_failure(
    name: &str,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // A private function works for a public one of the same name.
    let name = name.trim_start_matches('_');
    let handled = catch_unwind(AssertUnwindSafe(|| {
        Python::attach(|py| {
            // Not fetched before: to fetch a Rust panic is to resume it.
            if !is_explained(py) {
                return ptr::null_mut();
            }
            let error = PyErr::fetch(py);
            // SAFETY: by this function's contract.
            let objects = unsafe { given_arguments(py, arguments, count, names) };
            let answer = objects.and_then(|(args, kwargs)| {
                if !error.is_instance_of::<NoHostMemory>(py) {
                    return Err(explain_mistake(py, name, error, &args, &kwargs));
                }
                let reason = reason_of(error.value(py))?;
                let elsewhere = ELSEWHERE.get_or_try_init(py, || {
                    PyResult::Ok(py.import("scirs2._elsewhere")?.unbind())
                })?;
                let call = intern!(py, "call");
                let answer = elsewhere
                    .bind(py)
                    .call_method1(call, (name, args, kwargs, &reason));
                answer.map_err(|other| {
                    let is_refused = other.value(py).is(&reason);
                    if is_refused {
                        explain_refusal(py, name, &error)
                    } else {
                        other
                    }
                })
            });
            match answer {
                Ok(answer) => answer.into_ptr(),
                Err(error) => {
                    error.restore(py);
                    ptr::null_mut()
                }
            }
        })
    }));
    handled.unwrap_or_else(|_| {
        // A panic must not unwind into Python.
        Python::attach(|py| {
            PySystemError::new_err(format!("{name}: a panic after the call failed")).restore(py);
        });
        ptr::null_mut()
    })
}

/// Whether the exception that is set is one to explain. Not a Rust panic, nor what says nothing
/// about the arguments.
fn is_explained(py: Python<'_>) -> bool {
    let kinds = [
        py.get_type::<NoHostMemory>(),
        py.get_type::<PyTypeError>(),
        py.get_type::<PyValueError>(),
        py.get_type::<PyOverflowError>(),
    ];
    kinds.iter().any(|kind| {
        // SAFETY: attached, and an exception class.
        unsafe { ffi::PyErr_ExceptionMatches(kind.as_ptr()) != 0 }
    })
}

/// Returns the error with the parameter and a hint in its message, if it is one of parsing the
/// arguments.
fn explain_mistake(
    py: Python<'_>,
    name: &str,
    error: PyErr,
    args: &Bound<'_, PyTuple>,
    kwargs: &Bound<'_, PyDict>,
) -> PyErr {
    let hints = py.import("scirs2._hints");
    let done = hints
        .and_then(|hints| hints.call_method1("explain", (name, error.value(py), args, kwargs)));
    done.map_or_else(|other| other, |_| error)
}

/// Returns the error for an operand that has no memory, where nobody computed the call.
fn explain_refusal(py: Python<'_>, name: &str, error: &PyErr) -> PyErr {
    let details = error.value(py).getattr(intern!(py, "args"));
    let explained = details.and_then(|details| {
        let refusals = py.import("scirs2._refusals")?;
        refusals.call_method1("explain", (name, details))
    });
    explained.map_or_else(|other| other, PyErr::from_value)
}

/// Returns the positional arguments and those by keyword.
///
/// # Safety
/// `arguments` and `names` are as in [`call`].
unsafe fn given_arguments<'py>(
    py: Python<'py>,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
    let positional = count.cast_unsigned();
    // SAFETY: a tuple or NULL, borrowed for the call.
    let names = unsafe { Bound::from_borrowed_ptr_or_opt(py, names) };
    let names = names.map(Bound::cast_into::<PyTuple>).transpose()?;
    let keywords = names.as_ref().map_or(0, |names| names.len());
    let given: &[*mut ffi::PyObject] = match positional + keywords {
        0 => &[],
        // SAFETY: so many objects, by this function's contract.
        all => unsafe { slice::from_raw_parts(arguments, all) },
    };
    let object = |pointer: &*mut ffi::PyObject| {
        // SAFETY: an argument, which lives as long as the call.
        unsafe { Bound::from_borrowed_ptr(py, *pointer) }
    };
    let args = PyTuple::new(py, given[..positional].iter().map(object))?;
    let kwargs = PyDict::new(py);
    if let Some(names) = names {
        for (name, value) in names.iter().zip(&given[positional..]) {
            kwargs.set_item(name, object(value))?;
        }
    }
    Ok((args, kwargs))
}

/// Replaces a function of the module by another of the same name and docstring, and keeps the
/// C function that PyO3 made.
pub(crate) fn replace_function(
    module: &Bound<'_, PyModule>,
    name: &'static CStr,
    original: &OnceLock<Function>,
    replacement: Function,
) -> PyResult<()> {
    let py = module.py();
    let text = &*name.to_string_lossy();
    let function = module.getattr(text)?;
    let c_pointer = c_function(&function)?;
    original.get_or_init(|| c_pointer);

    // Python reads the signature from the first line of the docstring.
    let signature: String = function.getattr("__text_signature__")?.extract()?;
    let doc: String = function.getattr("__doc__")?.extract()?;
    let doc = CString::new(format!("{text}{signature}\n--\n\n{doc}"))?;
    let module_name = function.getattr("__module__")?;
    // SAFETY: `c_function` checked that this is a builtin function.
    let owner = unsafe { ffi::PyCFunction_GetSelf(function.as_ptr()) };
    // Leaked, as the module lives as long as the process.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: replacement,
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
fn c_function(builtin: &Bound<'_, PyAny>) -> PyResult<Function> {
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
    Ok(unsafe { std::mem::transmute::<ffi::PyCFunction, Function>(function) })
}
