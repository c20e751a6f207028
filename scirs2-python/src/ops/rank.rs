//! `scirs2.linalg.matrix_rank`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::operation::{MatrixRank, Threshold};

use super::tolerance::tolerance;
use crate::call::bind::Call;

use crate::flag::flag;

/// Ranks: how many singular values are above a tolerance.
///
/// Parameters
/// ----------
/// A : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides. A vector or a number has rank
///     1, or 0 if it is zero.
/// tol : float or array_like, shape (...), optional
///     The tolerance itself, one for each matrix, or broadcast.
/// hermitian : bool, optional
///     Assume that the matrices are Hermitian, read only their lower triangle, and
///     compute the values by :func:`eigvalsh`, which is faster.
/// rtol : float or array_like, shape (...), optional
///     The tolerance relative to the largest singular value. Without it and ``tol``
///     it is ``max(m, n) * eps``.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     make its rank -1 and compute the others.
///
/// Returns
/// -------
/// int64 or array of int64, shape (...)
///     The ranks, in the library of ``A``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
///     One that holds an infinity has rank 0, as with ``hermitian`` one that holds a NaN
///     where it is read: its singular values are NaN, and a NaN is above no tolerance.
/// ValueError
///     Both ``tol`` and ``rtol`` are given, or one does not broadcast.
///
/// Notes
/// -----
/// LAPACK ``gesdd``, on a copy of one matrix per thread. If a tolerance is given,
/// single precision is computed in double, as in NumPy.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.matrix_rank(np.array([[1.0, 2.0], [2.0, 4.0]]))
/// np.int64(1)
#[pyfunction]
#[pyo3(signature = (A, tol=None, hermitian=false, *, rtol=None, on_failure="raise"))]
#[expect(non_snake_case, reason = "NumPy's name")]
pub(super) fn matrix_rank<'py>(
    A: &Bound<'py, PyAny>,
    tol: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = flag)] hermitian: bool,
    rtol: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let name = "matrix_rank";
    let threshold = match (tol, rtol) {
        (Some(_), Some(_)) => {
            return Err(PyValueError::new_err(format!(
                "{name}: tol and rtol are two forms of the same parameter; pass one"
            )));
        }
        (Some(tol), None) => Threshold::Absolute(tolerance(name, "tol", tol)?),
        (None, Some(rtol)) => Threshold::Relative(tolerance(name, "rtol", rtol)?),
        (None, None) => Threshold::Default,
    };
    let arguments = [("A", A)];
    let call = if threshold == Threshold::Default {
        Call::new(A.py(), name, &arguments)?
    } else {
        Call::in_float64(A.py(), name, &arguments)?
    };
    let call = call.on_failure(on_failure)?;
    let is_number = call.shape(0).len() < 2;
    let threshold = if is_number {
        Threshold::Default
    } else {
        threshold
    };
    let operation = MatrixRank {
        threshold,
        hermitian: hermitian && !is_number,
    };
    let mut ranks = call.compute_one(&operation, None)?;
    if is_number {
        // As in NumPy: a Python int.
        let rank = ranks.view_mut::<i64>()?.sum();
        return Ok(rank.into_pyobject(A.py())?.into_any());
    }
    call.to_python(ranks)
}
