//! Parameters that are on or off.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBool;

/// True or False, or an integer that stands for one of them, as NumPy and SciPy take it.
/// A word is refused: `"False"` is true.
pub(crate) fn flag(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(flag.is_true());
    }
    // SAFETY: any object may be asked.
    let is_integer = unsafe { ffi::PyIndex_Check(object.as_ptr()) } != 0;
    if is_integer {
        return object.is_truthy();
    }
    // NumPy's own, which is no integer.
    object.extract().map_err(|_| {
        PyTypeError::new_err(format!("expected True or False, got {}", object.get_type()))
    })
}
