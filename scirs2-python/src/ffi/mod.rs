//! Operations for compiled programs of JAX: handlers that XLA calls, without Python.
//!
//! | file | one concept |
//! |---|---|
//! | `sys` | XLA's structs |
//! | `frame` | the frame of a call, checked |
//! | `float_mode` | the processor's mode of arithmetic |
//! | `handlers` | a handler for each operation |
//!
//! XLA calls a handler on any of its threads, several at once, without the interpreter. So a
//! handler never touches Python; only this file does, which hands the handlers out.

mod float_mode;
mod frame;
mod handlers;
mod sys;

use std::ffi::c_void;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Adds the functions to the extension module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_xla_handlers, module)?)?;
    module.add_function(wrap_pyfunction!(_xla_layouts, module)?)
}

/// Returns each handler in the capsule that `jax.ffi.register_ffi_target` takes, by its name.
#[pyfunction]
fn _xla_handlers(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for (name, handler) in handlers::HANDLERS {
        let pointer = *handler as *mut c_void;
        // SAFETY: attached; a pointer that is not NULL, without a name and a destructor.
        let capsule = unsafe { ffi::PyCapsule_New(pointer, ptr::null(), None) };
        // SAFETY: a new reference, or NULL with an exception set.
        let capsule = unsafe { Bound::from_owned_ptr_or_err(py, capsule) }?;
        all.set_item(name.to_string_lossy(), capsule)?;
    }
    Ok(all)
}

/// Returns the name, size and offsets of the structs, to be compared with XLA's header.
#[pyfunction]
fn _xla_layouts() -> Vec<sys::Layout> {
    sys::LAYOUTS.to_vec()
}
