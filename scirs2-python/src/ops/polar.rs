//! `scirs2.linalg.polar` and `orthogonal_procrustes`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::operation::{OrthogonalProcrustes, Polar};

use crate::call::bind::Call;
use crate::call::output::Wrap;

/// Polar factors: a rotation, or the nearest to one, and a stretch.
///
/// ``a = u @ p``, or with ``side="left"`` ``a = p @ u``, with ``p`` Hermitian and positive
/// semidefinite. ``u`` has orthonormal columns, or rows if there are more columns than rows,
/// and of all such matrices it is the nearest to ``a``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// side : {"right", "left"}, optional
///     The side of ``u`` that ``p`` is on.
///
/// Returns
/// -------
/// u : array, shape (..., m, n)
/// p : array, shape (..., n, n) or (..., m, m)
///     Exactly Hermitian. Both are in the library of ``a``. Integers give float64; float16
///     and bfloat16 are computed in float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the batch. One
///     that holds an infinity gives NaN.
/// ValueError
///     ``side`` is neither of these.
///
/// Notes
/// -----
/// From the singular values: ``a = U * S @ Vh`` gives ``u = U @ Vh`` and ``p = Vh.conj().mT
/// * S @ Vh`` or ``U * S @ U.conj().mT``. Backward stable: ``norm(a - u @ p) <= c * max(m, n)
/// * eps * norm(a)``. ``u`` is unique if ``a`` has full rank. Of a batch only the matrices
/// in work take memory for the decomposition.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> u, p = scirs2.linalg.polar(np.array([[0.0, -2.0], [3.0, 0.0]]))
/// >>> u.round(12) + 0.0
/// array([[ 0., -1.],
///        [ 1.,  0.]])
/// >>> p.round(12) + 0.0
/// array([[3., 0.],
///        [0., 2.]])
#[pyfunction]
#[pyo3(signature = (a, side="right"))]
pub(super) fn polar<'py>(
    a: &Bound<'py, PyAny>,
    side: &str,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let left = match side {
        "right" => false,
        "left" => true,
        other => {
            return Err(PyValueError::new_err(format!(
                "polar: side: expected 'right' or 'left', got {other:?}"
            )));
        }
    };
    let call = Call::new(a.py(), "polar", &[("a", a)])?;
    let factors = call.results(&Polar { left }, &[Wrap::LikeInput, Wrap::LikeInput])?;
    Ok(pair(factors))
}

/// The rotations that bring matrices nearest to others.
///
/// The unitary ``R`` for which ``norm(A @ R - B)`` is the smallest, in the Frobenius norm:
/// the orthogonal Procrustes problem.
///
/// Parameters
/// ----------
/// A, B : array_like, shape (..., m, n)
///     Matrices, of one DLPack library and any strides; their batches broadcast.
///
/// Returns
/// -------
/// R : array, shape (..., n, n)
/// scale : array, shape (...)
///     The sum of the singular values of ``A.conj().mT @ B``; real. Both are in the library
///     of the operands. Integers give float64; float16 and bfloat16 are computed in float32
///     and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A product of two matrices holds a NaN, or does not converge; ``index`` tells which in
///     the batch.
/// ValueError
///     The shapes do not match.
///
/// Notes
/// -----
/// ``R = U @ Vh`` for the singular value decomposition ``A.conj().mT @ B = U * S @ Vh``. It
/// may contain a reflection: its determinant is 1 or -1.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> A = np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
/// >>> R, scale = scirs2.linalg.orthogonal_procrustes(A, A @ np.array([[0.0, 1.0], [-1.0, 0.0]]))
/// >>> R.round(12) + 0.0
/// array([[ 0.,  1.],
///        [-1.,  0.]])
#[pyfunction]
#[pyo3(signature = (A, B))]
#[expect(non_snake_case, reason = "SciPy's names")]
pub(super) fn orthogonal_procrustes<'py>(
    A: &Bound<'py, PyAny>,
    B: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let call = Call::new(A.py(), "orthogonal_procrustes", &[("A", A), ("B", B)])?;
    let results = call.results(&OrthogonalProcrustes, &[Wrap::LikeInput, Wrap::Plain])?;
    Ok(pair(results))
}

/// Two results.
pub(super) fn pair<'py>(results: Vec<Bound<'py, PyAny>>) -> (Bound<'py, PyAny>, Bound<'py, PyAny>) {
    let [first, second] = <[_; 2]>::try_from(results).expect("as many as the operation has");
    (first, second)
}
