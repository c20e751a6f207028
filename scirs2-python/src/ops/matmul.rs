//! `scirs2.linalg.matmul`.

use pyo3::prelude::*;
use scirs2_linalg::operation::Matmul;

use crate::call::bind::Call;

/// Products of matrices.
///
/// Parameters
/// ----------
/// x1, x2 : array_like, shapes (..., m, k) and (..., k, n)
///     Matrices, of any DLPack library and any strides; the leading dimensions
///     broadcast. A 1-D operand is a row on the left and a column on the right, and its
///     dimension is dropped from the result.
/// out : array, shape (..., m, n), optional
///     Memory for the result, of its dtype.
///
/// Returns
/// -------
/// array, shape (..., m, n)
///     In the library of the operands, with the dtype of NumPy's promotion: integers
///     stay integers and wrap around; for booleans the result is whether any pair is
///     true. float16 and bfloat16 are computed in float32 and rounded once. Two
///     vectors of NumPy give a number.
///
/// Raises
/// ------
/// ValueError
///     The shapes do not fit, an operand is a number, or ``out`` does not fit.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// BLAS ``gemm``, ``gemv`` and ``dot`` for floats, which copy an operand only if
/// neither its rows nor its columns are contiguous; for integers, an exact blocked
/// product of our own. ``abs(error) <= k * eps * (abs(x1) @ abs(x2))``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.matmul(np.array([[1, 2], [3, 4]]), np.array([10, 1]))
/// array([12, 34])
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, out=None))]
pub(super) fn matmul<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x1.py(), "matmul", &[("x1", x1), ("x2", x2)])?;
    let product = call.compute_one(&Matmul, out)?;
    call.to_python_like_input(product)
}
