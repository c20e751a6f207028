//! `scirs2.linalg.lstsq`.

use pyo3::prelude::*;
use scirs2_core::{DType, dispatch};
use scirs2_linalg::{LeastSquares, lstsq_into, lstsq_shape};

use super::call::{Call, Output};

/// Least-squares solutions of the smallest norm.
///
/// The ``x`` of the smallest 2-norm among those that make the 2-norm of ``b - a @ x``
/// smallest.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// b : array_like, shape (m,) or (..., m, k)
///     Right-hand sides: one vector, or the columns of matrices, whose batch
///     broadcasts with that of ``a``.
/// rcond : float, optional
///     Singular values of at most ``rcond`` times the largest count as zero. None is
///     ``max(m, n)`` times the epsilon of float64; -1, as all outside of (0, 1), is the
///     epsilon alone.
///
/// Returns
/// -------
/// x : array, shape (..., n) or (..., n, k)
///     The solutions. Integers give float64; float16 and bfloat16 are given back as
///     they came.
/// residuals : array, shape (..., k)
///     The sums of squares of ``b - a @ x``, with a ``k`` of 1 for one vector. Where
///     ``m <= n`` there are none, and the shape is ``(..., 0)``. A matrix whose rank is
///     less than ``n`` has none either: the array is empty where it is the only one,
///     and in a batch its row is NaN.
/// rank : int32 or array of int32, shape (...)
///     The ranks.
/// s : array, shape (..., min(m, n))
///     The singular values, in descending order.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The shapes do not fit, or a matrix holds a NaN or an infinity, or does not
///     converge; ``index`` tells which in the batch. A right-hand side with one has a
///     solution of NaN.
///
/// Notes
/// -----
/// LAPACK ``geqrf``, and for the singular values of its triangle what
/// :func:`svdvals` has; ``gelsd`` where
/// the rank is not ``n`` or there are more right-hand sides than unknowns. A thread holds
/// a copy of one matrix and its right-hand sides, and a triangle.
/// Backward stable: ``x`` solves the problem of a matrix within ``c * max(m, n) * eps *
/// norm(a)`` of ``a``. Single precision is computed in double, as in NumPy.
///
/// Examples
/// --------
/// The line through three points:
///
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
/// >>> x, residuals, rank, s = scirs2.linalg.lstsq(a, np.array([1.0, 3.0, 5.0]))
/// >>> x.round(12)
/// array([2., 1.])
/// >>> rank
/// np.int32(2)
#[pyfunction]
#[pyo3(signature = (a, b, rcond=None))]
pub(crate) fn lstsq<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    rcond: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::in_double(a.py(), "lstsq", &[("a", a), ("b", b)])?;
    let shape = lstsq_shape(call.shape(0), call.shape(1)).map_err(|error| call.refused(error))?;
    let real = call.scalar().real().dtype();
    let mut x = call.output(call.scalar().dtype(), &shape.x)?;
    let mut residuals = call.output(real, &shape.residuals)?;
    let mut rank = call.output(DType::Int32, &shape.rank)?;
    let mut s = call.output(real, &shape.singular_values)?;
    dispatch!(scalar call.scalar(), T => {
        let (a, b) = (call.view::<T>(0)?, call.view::<T>(1)?);
        let out = LeastSquares {
            x: x.view_mut()?,
            residuals: residuals.view_mut()?,
            rank: rank.view_mut()?,
            singular_values: s.view_mut()?,
        };
        call.run(&shape.rank, |workers| lstsq_into::<T>(a, b, rcond, out, workers))
    })?;
    if shape.rank.is_empty() && !full_rank(&mut rank, &call)? {
        residuals = call.output(real, &[0])?;
    }
    let results = (
        call.give_alike(x)?,
        call.give(residuals)?,
        call.give(rank)?,
        call.give(s)?,
    );
    Ok(results.into_pyobject(a.py())?.into_any())
}

/// Whether the only matrix has as many independent columns as it has columns.
fn full_rank(rank: &mut Output<'_>, call: &Call<'_>) -> PyResult<bool> {
    let columns = call.shape(0).last().copied();
    let rank = rank.view_mut::<i32>()?;
    Ok(rank.first().and_then(|&rank| usize::try_from(rank).ok()) == columns)
}
