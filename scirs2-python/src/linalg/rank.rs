//! `scirs2.linalg.matrix_rank`.

use std::slice;

use ndarray::{ArrayViewMutD, IxDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_core::{DType, dispatch};
use scirs2_linalg::{Tolerance, matrix_rank_into, matrix_rank_shape};

use super::call::{Call, batch};
use super::tolerance::tolerance;

use crate::flag::flag;

/// Ranks: how many singular values are above a tolerance.
///
/// Parameters
/// ----------
/// A : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides. A vector or a number has rank
///     1, or 0 where it is zero.
/// tol : float or array_like, shape (...), optional
///     The tolerance itself, one for each matrix, or broadcast.
/// hermitian : bool, optional
///     Take the matrices for Hermitian, read only their lower triangle, and find the
///     values by :func:`eigvalsh`, which is faster.
/// rtol : float or array_like, shape (...), optional
///     The tolerance by the largest singular value. Without one, and without ``tol``,
///     it is ``max(m, n) * eps``.
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
///     where it is read: its singular values are NaN, which is above no tolerance.
/// ValueError
///     Both ``tol`` and ``rtol``, or one that does not broadcast.
///
/// Notes
/// -----
/// LAPACK ``gesdd``, on a copy of one matrix a thread. Single precision is computed in
/// double, as in NumPy, where a tolerance is given.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.matrix_rank(np.array([[1.0, 2.0], [2.0, 4.0]]))
/// np.int64(1)
#[pyfunction]
#[pyo3(signature = (A, tol=None, hermitian=false, *, rtol=None))]
#[expect(non_snake_case, reason = "NumPy's name")]
pub(crate) fn matrix_rank<'py>(
    A: &Bound<'py, PyAny>,
    tol: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = flag)] hermitian: bool,
    rtol: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let name = "matrix_rank";
    let given = match (tol, rtol) {
        (Some(_), Some(_)) => {
            return Err(PyValueError::new_err(format!(
                "{name}: tol and rtol are two ways to say one thing; give one"
            )));
        }
        (Some(tol), None) => Some((tolerance(name, "tol", tol)?, true)),
        (None, Some(rtol)) => Some((tolerance(name, "rtol", rtol)?, false)),
        (None, None) => None,
    };
    let tolerance = match &given {
        None => Tolerance::Default,
        Some((tol, true)) => Tolerance::Absolute(tol.view()),
        Some((rtol, false)) => Tolerance::Relative(rtol.view()),
    };
    let call = if given.is_some() {
        Call::in_double(A.py(), name, &[("A", A)])?
    } else {
        Call::new(A.py(), name, &[("A", A)])?
    };
    if call.shape(0).len() < 2 {
        let mut rank = 0;
        dispatch!(scalar call.scalar(), T => {
            let a = call.view::<T>(0)?;
            let rank = ArrayViewMutD::from_shape(IxDyn(&[]), slice::from_mut(&mut rank));
            let rank = rank.expect("one number");
            call.run(&[], |workers| {
                matrix_rank_into::<T>(a, Tolerance::Default, false, rank, workers)
            })
        })?;
        return Ok(rank.into_pyobject(A.py())?.into_any());
    }
    let threshold = given.as_ref().map_or(&[][..], |(values, _)| values.shape());
    let shape = matrix_rank_shape(call.shape(0), threshold).map_err(|error| call.refused(error))?;
    let mut ranks = call.output(DType::Int64, &shape)?;
    dispatch!(scalar call.scalar(), T => {
        let (a, ranks) = (call.view::<T>(0)?, ranks.view_mut()?);
        call.run(batch(call.shape(0), 2), |workers| {
            matrix_rank_into::<T>(a, tolerance, hermitian, ranks, workers)
        })
    })?;
    call.give(ranks)
}
