//! `scirs2.linalg.lstsq`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::Lstsq;

use crate::call::bind::Call;
use crate::call::output::{Wrap, namedtuple};

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
///     ``max(m, n)`` times the epsilon of float64; values outside (0, 1), such as -1,
///     mean the epsilon of float64 itself.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     fill its results with NaN and compute the others; its rank is -1.
///
/// Returns
/// -------
/// solution : array, shape (..., n) or (..., n, k)
///     The solutions ``x``. Integers give float64; float16 and bfloat16 are returned in
///     their own dtype.
/// residuals : array, shape (..., k)
///     The sums of squares of ``b - a @ x``, with a ``k`` of 1 for one vector. Where
///     ``m <= n`` there are none, and the shape is ``(..., 0)``. A matrix whose rank is
///     less than ``n`` has none either: the array is empty where it is the only one,
///     and in a batch its row is NaN.
/// rank : int32 or array of int32, shape (...)
///     The ranks.
/// singular_values : array, shape (..., min(m, n))
///     The singular values, in descending order. The four come as a named tuple, in the
///     order of NumPy and with the names of PyTorch.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The shapes do not fit, or a matrix holds a NaN or an infinity, or does not
///     converge; ``index`` tells which in the batch. A right-hand side that holds one
///     gives a solution of NaN.
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
/// >>> scirs2.linalg.lstsq(a, np.array([1.0, 3.0, 5.0])).rank
/// np.int32(2)
#[pyfunction]
#[pyo3(signature = (a, b, rcond=None, *, on_failure="raise"))]
pub(super) fn lstsq<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    rcond: Option<f64>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::in_float64(a.py(), "lstsq", &[("a", a), ("b", b)])?.on_failure(on_failure)?;
    let mut outputs = call.compute(&Lstsq { rcond })?;
    let [_, residuals, rank, _] = &mut outputs[..] else {
        return Err(PyRuntimeError::new_err("lstsq has four results"));
    };
    // As in NumPy: a single matrix whose rank is less than its columns has no residuals.
    let columns = call.shape(0).last().copied();
    let rank = rank.view_mut::<i32>()?;
    if rank.ndim() == 0 && rank.first().and_then(|&rank| usize::try_from(rank).ok()) != columns {
        *residuals = call.new_output(call.scalar().real().dtype(), &[0])?;
    }
    let wraps = [Wrap::LikeInput, Wrap::Plain, Wrap::Plain, Wrap::Plain];
    let results = PyTuple::new(a.py(), call.each_to_python(outputs, &wraps)?)?;
    namedtuple(a.py(), "LstsqResult", results)
}
