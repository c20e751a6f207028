//! `scirs2.linalg.cholesky`.

use pyo3::prelude::*;
use scirs2_linalg::operation::Cholesky;

use crate::call::bind::Call;

use crate::flag::flag;

/// Cholesky factors of Hermitian positive definite matrices.
///
/// ``a = L @ L.conj().mT`` with ``L`` lower triangular and a positive diagonal;
/// with ``upper`` it is ``a = U.conj().mT @ U``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides. Only one triangle is read:
///     the lower, or with ``upper`` the upper one.
/// upper : bool, optional
///     Return ``U`` instead of ``L``.
/// out : array, shape (..., n, n), optional
///     Memory for the result, of its dtype.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is not positive definite: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     The factors, in the library of ``a``; the other triangle is zero. Integers
///     give float64; float16 and bfloat16 are computed in float32 and returned in
///     their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is not positive definite. The message names the first leading minor
///     that is not, ``index`` the matrix in the batch. A NaN does not count as such a
///     minor: it propagates to the result.
/// ValueError
///     The last two dimensions differ, or ``out`` does not fit.
///
/// Notes
/// -----
/// LAPACK ``potrf``, in the memory of the result: nothing else is copied. Backward
/// stable: ``norm(a - L @ L.conj().mT) <= c * n * eps * norm(a)``. To solve with the
/// factor, pass ``(cholesky(a), True)`` to `cho_solve`: the factor is lower triangular,
/// while `cho_factor`, as in SciPy, is upper by default.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
/// array([[2., 0.],
///        [1., 2.]])
#[pyfunction]
#[pyo3(signature = (a, /, *, upper=false, out=None, on_failure="raise"))]
pub(super) fn cholesky<'py>(
    a: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] upper: bool,
    out: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "cholesky", &[("a", a)])?.on_failure(on_failure)?;
    let factors = call.compute_one(&Cholesky { upper }, out)?;
    call.to_python_like_input(factors)
}
