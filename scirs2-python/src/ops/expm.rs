//! `scirs2.linalg.expm`, `expm_cond` and `expm_frechet`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::{Expm, ExpmCond, ExpmFrechet};

use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::flag::flag;

/// Exponentials of square matrices.
///
/// ``I + a + a @ a / 2 + a @ a @ a / 6 + ...``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity: raise ``LinAlgError``,
///     or fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
///     float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the
///     batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// Scaling and squaring with Padé approximants (A. H. Al-Mohy and N. J. Higham, SIAM J.
/// Matrix Anal. Appl. 31, 2009), or the Taylor polynomial of degree 12 (P. Bader, S. Blanes
/// and F. Casas, 2019), on a copy of each matrix and at most nine of its size: the
/// exponential of a matrix within rounding errors of ``a``, so that its relative error is
/// about ``cond * eps`` with the condition number of the exponential. The scaling follows from
/// norms of powers, so that a large element far from the diagonal costs no digits. For a
/// triangular matrix the diagonal, and the elements beside it, are exact to rounding.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.expm(np.array([[0.0, 2.0], [0.0, 0.0]]))
/// array([[1., 2.],
///        [0., 1.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn expm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "expm", &[("a", a)])?.on_failure(on_failure)?;
    let result = call.compute_one(&Expm, None)?;
    call.to_python_like_input(result)
}

/// Condition numbers of exponentials of square matrices.
///
/// How much more the exponential changes than the matrix, relative to both: the largest
/// ``norm(l) * norm(a) / (norm(e) * norm(expm(a)))`` over the directions ``e``, in the Frobenius
/// norm, with the derivative ``l`` in that direction.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
///     result with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (...)
///     Real; that of the zero matrix is 0, and NaN if the exponential overflows. In the library of
///     ``a``; NumPy gets a scalar for one matrix.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the batch.
///
/// Notes
/// -----
/// The largest singular value of the derivative by the bidiagonal form of Golub and Kahan: up to
/// 120 derivatives in memory for as many directions, and not the matrix of ``n**4`` elements. In
/// double precision.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> round(float(scirs2.linalg.expm_cond(np.array([[0.0, 1.0], [0.0, 0.0]]))), 4)
/// 0.929
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn expm_cond<'py>(
    a: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "expm_cond", &[("a", a)])?.on_failure(on_failure)?;
    let result = call.compute_one(&ExpmCond, None)?;
    call.to_python(result)
}

/// Exponentials of square matrices, and their derivatives in a direction.
///
/// ``expm(a)``, and the part of ``expm(a + e)`` that is linear in ``e``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// e : array_like, shape (..., n, n)
///     Directions. The leading dimensions of both broadcast.
/// compute_expm : bool, optional
///     Return the exponentials, too.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix or a direction that holds a NaN or an infinity: raise ``LinAlgError``,
///     or fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// expm_a : array, shape (..., n, n)
///     The exponentials; not with ``compute_expm=False``.
/// derivative : array, shape (..., n, n)
///     The derivatives. In the library of the operands. Integers give float64; float16 and
///     bfloat16 are returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     An operand holds a NaN or an infinity, or is not square; ``index`` tells which in the
///     batch.
///
/// Notes
/// -----
/// The derivative of each step of :func:`expm` (A. H. Al-Mohy and N. J. Higham, SIAM J. Matrix
/// Anal. Appl. 30, 2009), in double precision, at three times its cost; of many small matrices a
/// block of ``expm([[a, e], [0, a]])``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a, e = np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
/// >>> scirs2.linalg.expm_frechet(a, e, compute_expm=False)
/// array([[1., 2.],
///        [3., 4.]])
#[pyfunction]
#[pyo3(signature = (a, e, *, compute_expm=true, on_failure="raise"))]
pub(super) fn expm_frechet<'py>(
    a: &Bound<'py, PyAny>,
    e: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] compute_expm: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = a.py();
    let call = Call::new(py, "expm_frechet", &[("a", a), ("e", e)])?.on_failure(on_failure)?;
    let mut results = call.results(&ExpmFrechet { compute_expm }, &[Wrap::Plain; 2])?;
    if compute_expm {
        return Ok(PyTuple::new(py, results)?.into_any());
    }
    results
        .pop()
        .ok_or_else(|| PyRuntimeError::new_err("expm_frechet has results"))
}
