//! `scirs2.linalg.matvec` and `vecmat`.

use pyo3::prelude::*;
use scirs2_linalg::operation::{Matvec, Vecmat};

use crate::call::bind::Call;

/// Products of matrices and vectors.
///
/// ``x1 @ x2`` for each matrix and its vector.
///
/// Parameters
/// ----------
/// x1 : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// x2 : array_like, shape (..., n)
///     Vectors; the dimensions before them broadcast with those before the matrices.
/// out : array, shape (..., m), optional
///     Memory for the result, of its dtype.
///
/// Returns
/// -------
/// array, shape (..., m)
///     In the library of the operands, with the dtype of NumPy's promotion: integers
///     stay integers and wrap around; for booleans the result is whether any pair is
///     true. float16 and bfloat16 are computed in float32 and rounded once.
///
/// Raises
/// ------
/// ValueError
///     The shapes do not fit, ``x1`` has fewer than two dimensions, ``x2`` is a number,
///     or ``out`` does not fit.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// As `matmul`, with each vector as a column; many vectors for one matrix are one
/// product of matrices. ``abs(error) <= n * eps * (abs(x1) @ abs(x2))``.
///
/// Examples
/// --------
/// One vector for each matrix:
///
/// >>> import numpy as np, scirs2
/// >>> matrices = np.array([[[1, 2], [3, 4]], [[0, 1], [1, 0]]])
/// >>> scirs2.linalg.matvec(matrices, np.array([[10, 1], [5, 6]]))
/// array([[12, 34],
///        [ 6,  5]])
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, out=None))]
pub(super) fn matvec<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x1.py(), "matvec", &[("x1", x1), ("x2", x2)])?;
    let product = call.compute_one(&Matvec, out)?;
    call.to_python_like_input(product)
}

/// Products of conjugated vectors and matrices.
///
/// ``x1.conj() @ x2`` for each vector and its matrix: of complex vectors, as of those in
/// `vecdot`, the conjugates are multiplied.
///
/// Parameters
/// ----------
/// x1 : array_like, shape (..., n)
///     Vectors, of any DLPack library and any strides.
/// x2 : array_like, shape (..., n, m)
///     Matrices; the dimensions before them broadcast with those before the vectors.
/// out : array, shape (..., m), optional
///     Memory for the result, of its dtype.
///
/// Returns
/// -------
/// array, shape (..., m)
///     In the library of the operands, with the dtype of NumPy's promotion: integers
///     stay integers and wrap around; for booleans the result is whether any pair is
///     true. float16 and bfloat16 are computed in float32 and rounded once.
///
/// Raises
/// ------
/// ValueError
///     The shapes do not fit, ``x1`` is a number, ``x2`` has fewer than two dimensions,
///     or ``out`` does not fit.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// As `matvec` of the transposed matrices; complex vectors are copied.
/// ``abs(error) <= n * eps * (abs(x1) @ abs(x2))``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.vecmat(np.array([1j, 1]), np.array([[1, 2], [3, 4]]))
/// array([3.-1.j, 4.-2.j])
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, out=None))]
pub(super) fn vecmat<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x1.py(), "vecmat", &[("x1", x1), ("x2", x2)])?;
    let product = call.compute_one(&Vecmat, out)?;
    call.to_python_like_input(product)
}
