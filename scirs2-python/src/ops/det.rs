//! `scirs2.linalg.det` and `slogdet`.

use pyo3::prelude::*;
use scirs2_linalg::operation::{Det, SignLogDet};

use crate::call::bind::Call;
use crate::call::output::Wrap;

/// Determinants of square matrices.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
///
/// Returns
/// -------
/// number or array, shape (...)
///     The determinants, in the library of ``a``; 1 where ``n`` is 0. Integers give
///     float64; float16 and bfloat16 are computed in float32 and returned in their
///     own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The last two dimensions differ.
///
/// Notes
/// -----
/// The product of the pivots that LAPACK ``getrf`` finds in a copy of each matrix, with
/// an exponent of its own: it overflows only if the determinant does. A NaN propagates
/// to the result; an infinity in a complex matrix makes the determinant NaN, and its
/// logarithm infinite.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.det(np.array([[1.0, 2.0], [2.0, 8.0]]))
/// np.float64(4.0)
#[pyfunction]
#[pyo3(signature = (a))]
pub(super) fn det<'py>(a: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "det", &[("a", a)])?;
    let values = call.compute_one(&Det, None)?;
    call.to_python(values)
}

/// Sign and logarithm of determinants.
///
/// ``det(a) = sign * exp(logabsdet)``; neither overflows nor underflows.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
///
/// Returns
/// -------
/// sign : number or array, shape (...)
///     1 or -1; for a complex matrix a number of modulus 1; for a singular one 0.
/// logabsdet : number or array, shape (...)
///     The natural logarithm of the determinant's modulus, ``-inf`` for a singular
///     matrix.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The last two dimensions differ.
///
/// Notes
/// -----
/// As `det`, and the logarithm of the product itself rather than a sum of
/// logarithms.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> sign, logabsdet = scirs2.linalg.slogdet(np.eye(1000) * 1e-300)
/// >>> print(sign, round(logabsdet / np.log(10)))
/// 1.0 -300000
#[pyfunction]
#[pyo3(signature = (a))]
pub(super) fn slogdet<'py>(a: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "slogdet", &[("a", a)])?;
    call.named_results(&SignLogDet, "SlogdetResult", &[Wrap::Plain, Wrap::Plain])
}
