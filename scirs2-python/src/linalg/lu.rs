//! `scirs2.linalg.lu`, `lu_factor` and `lu_solve`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_core::{DType, Scalar, dispatch};
use scirs2_linalg::{
    Op, Permutation, lu_factor_into, lu_factor_shape, lu_into, lu_shape, lu_solve_into,
    lu_solve_shape,
};

use super::call::{Call, batch, side_batch};
use super::triangular::Trans;

use crate::flag::flag;

/// LU factors with partial pivoting, ``a = P @ L @ U``.
///
/// ``P`` is a permutation, ``L`` lower trapezoidal with ones on its diagonal, ``U``
/// upper trapezoidal. Singular matrices have factors, too.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// permute_l : bool, optional
///     Return ``P @ L`` and ``U``.
/// p_indices : bool, optional
///     Return the indices ``p`` for which ``a = L[p] @ U`` in the place of ``P``.
///
/// Returns
/// -------
/// p : array, shape (..., m, m) or (..., m)
///     The permutation, as a real matrix or as int32 indices; not with ``permute_l``.
/// l : array, shape (..., m, min(m, n))
///     ``L``, or with ``permute_l`` ``P @ L``.
/// u : array, shape (..., min(m, n), n)
///     ``U``. Integers give float64; float16 and bfloat16 are computed in float32 and
///     given back as they came.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity; ``index`` is its place in the batch.
///
/// Notes
/// -----
/// LAPACK ``getrf`` on a copy of each matrix.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> p, l, u = scirs2.linalg.lu(np.array([[1.0, 2.0], [2.0, 8.0]]), p_indices=True)
/// >>> l[p] @ u
/// array([[1., 2.],
///        [2., 8.]])
#[pyfunction]
#[pyo3(signature = (a, permute_l=false, *, p_indices=false))]
pub(crate) fn lu<'py>(
    a: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] permute_l: bool,
    #[pyo3(from_py_with = flag)] p_indices: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = a.py();
    let call = Call::new(py, "lu", &[("a", a)])?;
    let [rows, l, u] = lu_shape(call.shape(0)).map_err(|error| call.refused(error))?;
    let mut p = if permute_l {
        None
    } else if p_indices {
        Some(call.output(DType::Int32, &rows)?)
    } else {
        let shape = [&rows[..], &rows[rows.len() - 1..]].concat();
        Some(call.output(call.scalar().real().dtype(), &shape)?)
    };
    let dtype = call.scalar().dtype();
    let (mut lower, mut upper) = (call.output(dtype, &l)?, call.output(dtype, &u)?);
    dispatch!(scalar call.scalar(), T => {
        let permutation = match &mut p {
            None => Permutation::InL,
            Some(p) if p_indices => Permutation::Indices(p.view_mut::<i32>()?),
            Some(p) => Permutation::Matrix(p.view_mut::<<T as Scalar>::Real>()?),
        };
        let (a, l, u) = (call.view::<T>(0)?, lower.view_mut::<T>()?, upper.view_mut::<T>()?);
        call.run(batch(&rows, 1), |workers| lu_into(a, permutation, l, u, workers))
    })?;
    let outputs = p.into_iter().chain([lower, upper]);
    let given = outputs.map(|output| call.give(output));
    PyTuple::new(py, given.collect::<PyResult<Vec<_>>>()?)
}

/// LU factors in one matrix, to solve equations with them.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
///
/// Returns
/// -------
/// lu : array, shape (..., m, n)
///     ``U``, and below its diagonal ``L`` without its ones. Integers give float64;
///     float16 and bfloat16 are computed in float32 and given back as they came.
/// piv : array, shape (..., min(m, n))
///     Row ``i`` was exchanged with row ``piv[i]``, one after the other; int32. Both
///     together are what `lu_solve` takes.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity; ``index`` is its place in the batch.
///
/// Notes
/// -----
/// LAPACK ``getrf`` on a copy of each matrix. A singular matrix is factored, too;
/// `lu_solve` refuses it.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> lu, piv = scirs2.linalg.lu_factor(np.array([[1.0, 2.0], [2.0, 8.0]]))
/// >>> scirs2.linalg.lu_solve((lu, piv), np.array([3.0, 10.0]))
/// array([1., 1.])
#[pyfunction]
#[pyo3(signature = (a))]
pub(crate) fn lu_factor<'py>(
    a: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let call = Call::new(a.py(), "lu_factor", &[("a", a)])?;
    let [shape, rows] = lu_factor_shape(call.shape(0)).map_err(|error| call.refused(error))?;
    let mut factors = call.output(call.scalar().dtype(), &shape)?;
    let mut pivots = call.output(DType::Int32, &rows)?;
    dispatch!(scalar call.scalar(), T => {
        let (a, lu, piv) = (call.view::<T>(0)?, factors.view_mut::<T>()?, pivots.view_mut()?);
        call.run(batch(&shape, 2), |workers| lu_factor_into(a, lu, piv, workers))
    })?;
    Ok((call.give(factors)?, call.give(pivots)?))
}

/// Solve ``a @ x = b`` from what `lu_factor` gives for ``a``.
///
/// Parameters
/// ----------
/// lu_and_piv : tuple of array_like, shapes (..., n, n) and (..., n)
///     The factors and the pivots.
/// b : array_like, shape (n,) or (..., n, k)
///     One vector where it has one dimension, else matrices whose columns are the
///     right-hand sides, in the library of the factors.
/// trans : {0, 1, 2, 'N', 'T', 'C'}, optional
///     Solve with ``a`` itself, with its transpose, or with the conjugate of that.
///
/// Returns
/// -------
/// array, shape (..., n) or (..., n, k)
///     The solutions, for the batches of the factors and of ``b`` broadcast.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The matrix is singular: the message names the first pivot that is exactly zero,
///     ``index`` the matrix in the batch. Or what is read holds a NaN or an infinity,
///     or a pivot is of no row.
/// ValueError
///     The shapes do not fit one another.
///
/// Notes
/// -----
/// BLAS ``trsm`` and ``trsv``, in the memory of the result; ``lu`` is copied only
/// where it has gaps.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> lu_and_piv = scirs2.linalg.lu_factor(np.array([[1.0, 2.0], [4.0, 8.5]]))
/// >>> scirs2.linalg.lu_solve(lu_and_piv, np.array([5.0, 10.5]), trans=1)
/// array([1., 1.])
#[pyfunction]
#[pyo3(signature = (lu_and_piv, b, trans=Trans(Op::Plain)), text_signature = "(lu_and_piv, b, trans=0)")]
pub(crate) fn lu_solve<'py>(
    lu_and_piv: [Bound<'py, PyAny>; 2],
    b: &Bound<'py, PyAny>,
    trans: Trans,
) -> PyResult<Bound<'py, PyAny>> {
    let [lu, piv] = lu_and_piv;
    let call = Call::new(b.py(), "lu_solve", &[("lu", &lu), ("b", b)])?;
    let pivots = call.integers("piv", &piv)?;
    let shape = lu_solve_shape(call.shape(0), pivots.shape(), call.shape(1))
        .map_err(|error| call.refused(error))?;
    let mut solutions = call.output(call.scalar().dtype(), &shape)?;
    dispatch!(scalar call.scalar(), T => {
        let (lu, b, x) = (call.view::<T>(0)?, call.view::<T>(1)?, solutions.view_mut::<T>()?);
        let batch = side_batch(&shape, call.shape(1));
        call.run(batch, |workers| lu_solve_into(lu, pivots.view(), b, trans.0, x, workers))
    })?;
    call.give(solutions)
}
