//! `scirs2.linalg.cond`.

use pyo3::prelude::*;
use scirs2_linalg::Order;
use scirs2_linalg::operation::Cond;

use super::norm::parse_order;
use crate::call::bind::Call;

/// Condition numbers.
///
/// ``norm(x, p) * norm(inv(x), p)``: by how much an error in ``b`` may grow in
/// ``solve(x, b)``.
///
/// Parameters
/// ----------
/// x : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides; square, except for the 2-norm.
/// p : None, 1, -1, 2, -2, inf, -inf, "fro" or "nuc", optional
///     The norm, as in :func:`scirs2.norm`. None is the 2-norm: the largest singular value
///     divided by the smallest; -2 is the inverse of that.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     make its result NaN and compute the others.
///
/// Returns
/// -------
/// float or array, shape (...)
///     In the library of ``x``; infinite if a matrix is singular, or holds an infinity
///     and ``p`` is neither -1 nor -inf. Integers give float64; float16 and bfloat16
///     are returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     There are no elements, a matrix is not square, or ``p`` asks for singular values
///     and one holds a NaN; ``index`` tells which in the batch. Otherwise a NaN gives
///     NaN.
/// ValueError
///     ``p`` is not a norm of matrices.
///
/// Notes
/// -----
/// LAPACK ``gesdd`` on a copy of one matrix per thread, or ``getrf`` and ``trtri`` on a
/// copy of all of them. The relative error is ``c * n * eps`` times the number itself.
/// Single precision is computed in double, as in NumPy.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.cond(np.diag([4.0, 0.5]))
/// np.float64(8.0)
/// >>> scirs2.linalg.cond(np.ones((2, 2)), 1)
/// np.float64(inf)
#[pyfunction]
#[pyo3(signature = (x, p=None, *, on_failure="raise"))]
pub(super) fn cond<'py>(
    x: &Bound<'py, PyAny>,
    p: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let order = p.map_or(Ok(Order::Default), |p| parse_order("p", p))?;
    let call = Call::in_float64(x.py(), "cond", &[("x", x)])?.on_failure(on_failure)?;
    let out = call.compute_one(&Cond { order }, None)?;
    call.to_python(out)
}
