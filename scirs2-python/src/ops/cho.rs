//! `scirs2.linalg.cho_factor` and `cho_solve`.

use pyo3::prelude::*;
use scirs2_linalg::operation::{ChoFactor, ChoSolve};

use crate::call::bind::Call;
use crate::error::in_argument;
use crate::flag::flag;

/// Factor Hermitian positive definite matrices, to solve equations with them.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides, of which one triangle is
///     read.
/// lower : bool, optional
///     Read the lower triangle and write ``L`` of ``a = L @ L.conj().mT`` there,
///     instead of ``U`` of ``a = U.conj().mT @ U`` in the upper one.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is not positive definite: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others.
///
/// Returns
/// -------
/// c : array, shape (..., n, n)
///     The factors. The other triangle holds what ``a`` has there, or zeros beside a diagonal
///     factor.
/// lower : bool
///     As it was given. Both together are what `cho_solve` takes.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is not positive definite: the message names the first leading minor
///     that is not, ``index`` the matrix in the batch. A NaN does not count as such a
///     minor: it propagates to the result. Or the last two dimensions differ.
///
/// Notes
/// -----
/// LAPACK ``potrf``, in the memory of the result: nothing else is copied. `cholesky`
/// gives the same factor with zeros in the other triangle, but its default is the lower
/// one: pass ``(cholesky(a), True)`` to `cho_solve`.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> c, lower = scirs2.linalg.cho_factor(np.array([[4.0, 2.0], [2.0, 5.0]]))
/// >>> scirs2.linalg.cho_solve((c, lower), np.array([6.0, 7.0]))
/// array([1., 1.])
#[pyfunction]
#[pyo3(signature = (a, lower=false, *, on_failure="raise"))]
pub(super) fn cho_factor<'py>(
    a: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] lower: bool,
    on_failure: &str,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    let call = Call::new(a.py(), "cho_factor", &[("a", a)])?.on_failure(on_failure)?;
    let factors = call.compute_one(&ChoFactor { lower }, None)?;
    Ok((call.to_python(factors)?, lower))
}

/// Solve ``a @ x = b`` from what `cho_factor` gives for ``a``.
///
/// Parameters
/// ----------
/// c_and_lower : tuple of array_like, shape (..., n, n), and bool
///     The factors, and whether they are lower triangular: what `cho_factor` returns,
///     or ``(cholesky(a), True)``, or ``(cholesky(a, upper=True), False)``.
/// b : array_like, shape (n,) or (..., n, k)
///     One vector if it has one dimension, else matrices whose columns are the
///     right-hand sides, in the library of the factors.
/// on_failure : {"raise", "nan"}, optional
///     For a factor with a zero on its diagonal or a NaN: raise ``LinAlgError``, or fill
///     its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n) or (..., n, k)
///     The solutions, for the batches of ``c`` and ``b`` broadcast.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The diagonal of a factor holds a zero, or what is read holds a NaN or an
///     infinity.
/// ValueError
///     The shapes do not match. Or the factors lie in the other triangle than ``lower``
///     says: the triangle to be read is zero off the diagonal in the whole batch, and
///     the other one is not.
///
/// Notes
/// -----
/// BLAS ``trsm`` and ``trsv``, in the memory of the result; ``c`` is copied only
/// where it has gaps. Backward stable: ``norm(a @ x - b) <= c * n * eps * norm(a) *
/// norm(x)``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> c_and_lower = scirs2.linalg.cho_factor(np.array([[4.0, 2.0], [2.0, 5.0]]))
/// >>> scirs2.linalg.cho_solve(c_and_lower, np.array([6.0, 7.0]))
/// array([1., 1.])
#[pyfunction]
#[pyo3(signature = (c_and_lower, b, *, on_failure="raise"))]
pub(super) fn cho_solve<'py>(
    c_and_lower: [Bound<'py, PyAny>; 2],
    b: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let [c, lower] = c_and_lower;
    let lower = flag(&lower).map_err(|error| in_argument(b.py(), "lower", error))?;
    let call = Call::new(b.py(), "cho_solve", &[("c", &c), ("b", b)])?.on_failure(on_failure)?;
    let solutions = call.compute_one(&ChoSolve { lower }, None)?;
    call.to_python(solutions)
}
