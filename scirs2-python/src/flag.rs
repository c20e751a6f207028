//! Boolean parameters.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBool;

/// Converts a boolean, or an integer used as one, as NumPy and SciPy do. Refuses strings:
/// `"False"` is true.
pub(crate) fn flag(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(flag.is_true());
    }
    // SAFETY: the check accepts any object.
    let is_integer = unsafe { ffi::PyIndex_Check(object.as_ptr()) } != 0;
    if is_integer {
        return object.is_truthy();
    }
    // NumPy's bool is not an integer.
    object.extract().map_err(|_| {
        PyTypeError::new_err(format!("expected True or False, got {}", object.get_type()))
    })
}
