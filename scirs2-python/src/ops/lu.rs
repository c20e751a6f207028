//! `scirs2.linalg.lu`, `lu_factor` and `lu_solve`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::Op;
use scirs2_linalg::operation::{LuFactor, LuSolve, PermutationKind, Plu};

use super::triangular::Trans;
use crate::call::bind::Call;
use crate::call::output::Wrap;

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
///     Return, instead of ``P``, the indices ``p`` for which ``a = L[p] @ U``.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others; row indices are -1.
///
/// Returns
/// -------
/// p : array, shape (..., m, m) or (..., m)
///     The permutation, as a real matrix or as int32 indices; not with ``permute_l``.
/// l : array, shape (..., m, min(m, n))
///     ``L``, or with ``permute_l`` ``P @ L``.
/// u : array, shape (..., min(m, n), n)
///     ``U``. Integers give float64; float16 and bfloat16 are computed in float32 and
///     returned in their own dtype.
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
#[pyo3(signature = (a, permute_l=false, *, p_indices=false, on_failure="raise"))]
pub(super) fn lu<'py>(
    a: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] permute_l: bool,
    #[pyo3(from_py_with = flag)] p_indices: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = a.py();
    let call = Call::new(py, "lu", &[("a", a)])?.on_failure(on_failure)?;
    let (permutation, wraps) = if permute_l {
        (PermutationKind::InL, &[Wrap::Plain; 2][..])
    } else if p_indices {
        (PermutationKind::Indices, &[Wrap::Plain; 3][..])
    } else {
        (PermutationKind::Matrix, &[Wrap::Plain; 3][..])
    };
    PyTuple::new(py, call.results(&Plu { permutation }, wraps)?)
}

/// LU factors in one matrix, to solve equations with them.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others; its pivots are -1.
///
/// Returns
/// -------
/// LU : array, shape (..., m, n)
///     ``U``, and below its diagonal ``L`` without its ones. Integers give float64;
///     float16 and bfloat16 are computed in float32 and returned in their own dtype.
/// pivots : array, shape (..., min(m, n))
///     Row ``i`` was exchanged with row ``pivots[i]``, one after the other; int32. Rows
///     count from 0, as in SciPy; in PyTorch they count from 1, so ``pivots + 1`` is what
///     ``torch.linalg.lu_solve`` takes. Both come as a named tuple, which `lu_solve`
///     takes.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity; ``index`` is its place in the batch.
///
/// Notes
/// -----
/// LAPACK ``getrf`` on a copy of each matrix. A singular matrix is factored, too;
/// `lu_solve` raises an error for it.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> lu, piv = scirs2.linalg.lu_factor(np.array([[1.0, 2.0], [2.0, 8.0]]))
/// >>> scirs2.linalg.lu_solve((lu, piv), np.array([3.0, 10.0]))
/// array([1., 1.])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn lu_factor<'py>(
    a: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "lu_factor", &[("a", a)])?.on_failure(on_failure)?;
    call.named_results(&LuFactor, "LUFactorResult", &[Wrap::Plain; 2])
}

/// Solve ``a @ x = b`` from what `lu_factor` gives for ``a``.
///
/// Parameters
/// ----------
/// lu_and_piv : tuple of array_like, shapes (..., n, n) and (..., n)
///     The factors and the pivots, which count rows from 0; PyTorch's count from 1, and
///     need ``pivots - 1``.
/// b : array_like, shape (n,) or (..., n, k)
///     One vector if it has one dimension, else matrices whose columns are the
///     right-hand sides, in the library of the factors.
/// trans : {0, 1, 2, 'N', 'T', 'C'}, optional
///     Solve with ``a`` itself, with its transpose, or with its conjugate transpose.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n) or (..., n, k)
///     The solutions, for the batches of the factors and of ``b`` broadcast.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The matrix is singular: the message names the first pivot that is exactly
///     zero, ``index`` the matrix in the batch. Or what is read holds a NaN or an
///     infinity, or a pivot names no row.
/// ValueError
///     The shapes do not match.
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
#[pyo3(signature = (lu_and_piv, b, trans=Trans(Op::NoTranspose), *, on_failure="raise"), text_signature = "(lu_and_piv, b, trans=0, *, on_failure='raise')")]
pub(super) fn lu_solve<'py>(
    lu_and_piv: [Bound<'py, PyAny>; 2],
    b: &Bound<'py, PyAny>,
    trans: Trans,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let [lu, piv] = lu_and_piv;
    let call = Call::new(b.py(), "lu_solve", &[("lu", &lu), ("b", b)])?.on_failure(on_failure)?;
    let pivots = call.integers("piv", &piv)?;
    let operation = LuSolve {
        pivots,
        op: trans.0,
    };
    let solutions = call.compute_one(&operation, None)?;
    call.to_python(solutions)
}
