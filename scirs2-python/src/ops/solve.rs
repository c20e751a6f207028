//! `scirs2.linalg.solve`.

use pyo3::prelude::*;
use scirs2_linalg::operation::Solve;

use crate::call::bind::Call;

/// Solve the linear equations ``a @ x = b``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// b : array_like, shape (n,) or (..., n, k)
///     One vector if it has one dimension, else matrices whose columns are the
///     right-hand sides, in the library of ``a``.
/// out : array, optional
///     Memory for the result, of its dtype and shape.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n) or (..., n, k)
///     The solutions, for the batches of ``a`` and ``b`` broadcast. Integers give
///     float64; float16 and bfloat16 are computed in float32 and returned in their
///     own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is singular: the message names the first pivot that is exactly zero,
///     ``index`` the matrix in the batch. Or the last two dimensions of ``a`` differ.
/// ValueError
///     The shapes do not match, or ``out`` does not fit.
///
/// Notes
/// -----
/// LAPACK ``getrf`` on a copy of each matrix, then substitution in the memory of the
/// result. One matrix for a batch of right-hand sides is factored once, not once for
/// each. Backward stable as a rule: ``norm(a @ x - b) <= c * n * eps * norm(a) *
/// norm(x)``. A NaN propagates to the result.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.solve(np.array([[1.0, 2.0], [2.0, 8.0]]), np.array([3.0, 10.0]))
/// array([1., 1.])
#[pyfunction]
#[pyo3(signature = (a, b, *, out=None, on_failure="raise"))]
pub(super) fn solve<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "solve", &[("a", a), ("b", b)])?.on_failure(on_failure)?;
    let solutions = call.compute_one(&Solve, out)?;
    call.to_python_like_input(solutions)
}
