//! `scirs2.linalg.matrix_power`.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use scirs2_linalg::operation::{InversePower, MatrixPower};

use super::matmul::matmul;
use crate::call::bind::Call;

/// Powers of square matrices.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// n : int
///     The exponent: 0 gives the identity, a negative one gives powers of the inverse.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     In the library and of the dtype of ``a``: integers stay integers and wrap
///     around, except for a negative exponent, which gives float64. float16 and
///     bfloat16 are computed in float32 and rounded once.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The last two dimensions differ, or the exponent is negative and a matrix is
///     singular; ``index`` tells which.
/// TypeError
///     ``n`` is not an integer.
///
/// Notes
/// -----
/// Repeated squaring: at most ``2 * log2(n)`` products, in memory for three matrices
/// beside the result.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.matrix_power(np.array([[1, 1], [1, 0]]), 10)
/// array([[89, 55],
///        [55, 34]])
#[pyfunction]
#[pyo3(signature = (a, n, *, on_failure="raise"))]
pub(super) fn matrix_power<'py>(
    a: &Bound<'py, PyAny>,
    n: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = a.py();
    let index = n.call_method0(intern!(py, "__index__")).map_err(|_| {
        PyTypeError::new_err(format!(
            "matrix_power: n: expected an integer, got {}",
            n.get_type()
        ))
    })?;
    let call = Call::promoted(py, "matrix_power", &[("a", a)])?.on_failure(on_failure)?;
    call.check(&MatrixPower { exponent: 1 })?;
    let Ok(exponent) = index.extract::<i64>() else {
        return far_power(a, &index, on_failure);
    };
    if exponent < 0 {
        return inverse_power(a, exponent.unsigned_abs(), on_failure);
    }
    let operation = MatrixPower {
        exponent: exponent.unsigned_abs(),
    };
    let power = call.compute_one(&operation, None)?;
    call.to_python_like_input(power)
}

/// Computes powers with an exponent beyond 64 bits.
fn far_power<'py>(
    a: &Bound<'py, PyAny>,
    n: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    const STEP: i64 = 1 << 62;
    let py = a.py();
    if n.lt(0)? {
        let inverse = matrix_power(a, (-1i64).into_pyobject(py)?.as_any(), on_failure)?;
        return matrix_power(&inverse, &n.neg()?, on_failure);
    }
    let step = STEP.into_pyobject(py)?.into_any();
    let mut power = matrix_power(a, &n.rem(&step)?, on_failure)?;
    let (mut base, mut left) = (a.clone(), n.floor_div(&step)?);
    while left.is_truthy()? {
        py.check_signals()?;
        base = matrix_power(&base, &step, on_failure)?;
        let digit = left.rem(&step)?;
        if digit.is_truthy()? {
            power = matmul(&power, &matrix_power(&base, &digit, on_failure)?, None)?;
        }
        left = left.floor_div(&step)?;
    }
    Ok(power)
}

/// Computes powers of the inverses, which are floating-point.
fn inverse_power<'py>(
    a: &Bound<'py, PyAny>,
    n: u64,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "matrix_power", &[("a", a)])?.on_failure(on_failure)?;
    let power = call.compute_one(&InversePower { exponent: n }, None)?;
    call.to_python_like_input(power)
}
