//! `scirs2.linalg.matrix_balance`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::MatrixBalance;

use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::flag::flag;

/// Matrices with the same eigenvalues, balanced so that these are computed accurately.
///
/// ``B = inv(T) @ A @ T`` where ``T`` is a permutation, which isolates eigenvalues, times a
/// diagonal of powers of two, which makes the rows and columns about equally long.
///
/// Parameters
/// ----------
/// A : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// permute : bool, optional
///     Exchange rows and columns.
/// scale : bool, optional
///     Scale rows and columns.
/// separate : bool, optional
///     Return the diagonal and the permutation instead of ``T``.
///
/// Returns
/// -------
/// B : array, shape (..., n, n)
///     Integers give float64; float16 and bfloat16 are computed in float32 and returned in
///     their own dtype.
/// T : array, shape (..., n, n)
///     Real. With ``separate`` a tuple of the diagonal and of the row of ``T`` for each of
///     its elements: ``T[perm[i], i] = scale[i]``. All are in the library of ``A``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the
///     batch.
///
/// Notes
/// -----
/// LAPACK ``gebal``. Nothing is rounded, unless a product with a power of two underflows.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> B, T = scirs2.linalg.matrix_balance(np.array([[1.0, 1024.0], [1.0, 1.0]]))
/// >>> B
/// array([[ 1., 32.],
///        [32.,  1.]])
#[pyfunction]
#[pyo3(signature = (A, permute=true, scale=true, separate=false))]
#[expect(non_snake_case, reason = "SciPy's name")]
pub(super) fn matrix_balance<'py>(
    A: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] permute: bool,
    #[pyo3(from_py_with = flag)] scale: bool,
    #[pyo3(from_py_with = flag)] separate: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let call = Call::new(A.py(), "matrix_balance", &[("A", A)])?;
    let operation = MatrixBalance {
        permute,
        scale,
        separate,
    };
    let wraps = [Wrap::LikeInput, Wrap::Plain, Wrap::Plain];
    let mut results = call.results(&operation, &wraps)?;
    if separate {
        let parts = PyTuple::new(A.py(), results.drain(1..))?;
        results.push(parts.into_any());
    }
    PyTuple::new(A.py(), results)
}
