//! The keyword `on_failure`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::operation::OnFailure;

/// Converts the keyword of the function `name`.
pub(crate) fn parse_on_failure(name: &str, text: &str) -> PyResult<OnFailure> {
    match text {
        "raise" => Ok(OnFailure::Stop),
        "nan" => Ok(OnFailure::FillNan),
        other => Err(PyValueError::new_err(format!(
            "{name}: on_failure: expected \"raise\" or \"nan\", got {other:?}"
        ))),
    }
}
