//! Thresholds for singular values.

use ndarray::ArrayD;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use scirs2_core::ScalarType;

use crate::call::bind::Call;
use crate::numpy::array::to_ndarray;

/// Converts a threshold: one number, or one for each matrix.
pub(super) fn tolerance(
    name: &'static str,
    parameter: &'static str,
    object: &Bound<'_, PyAny>,
) -> PyResult<ArrayD<f64>> {
    let call = Call::in_float64(object.py(), name, &[(parameter, object)])?;
    if call.scalar() == ScalarType::Float64 {
        return to_ndarray(&call.tensor(0)?.view::<f64>()?);
    }
    Err(PyTypeError::new_err(format!(
        "{name}: {parameter}: a threshold is a real number, got {}",
        call.scalar().dtype()
    )))
}
