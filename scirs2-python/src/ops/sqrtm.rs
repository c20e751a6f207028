//! `scirs2.linalg.sqrtm`, `logm` and `fractional_matrix_power`.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use scirs2_linalg::operation::{FractionalMatrixPower, Logm, Operation, Sqrtm};

use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::call::real_parts::reduce_to_real_parts;

/// Principal square roots of square matrices.
///
/// ``x @ x = a``, with the eigenvalues of ``x`` in the right half plane; the root of a negative
/// eigenvalue is on the positive imaginary axis.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix without a square root, or one that holds a NaN: raise ``LinAlgError``,
///     or fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     Complex, but real for real matrices if the results of the whole batch are: those of
///     matrices without a negative eigenvalue. In programs of JAX and compiled code of PyTorch
///     always complex. In the library of ``a``. Integers count as float64; real results of
///     float16 and bfloat16 are returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix has no square root, as ``[[0, 1], [0, 0]]``, holds a NaN or an infinity, is not
///     square, or does not converge; ``index`` tells which in the batch.
///
/// Notes
/// -----
/// The Schur form and a recursion over it (A. Björck and S. Hammarling, 1983; N. J. Higham,
/// 1987; E. Deadman, N. J. Higham and R. Ralha, 2012), real for a real result, in double
/// precision: ``norm(x @ x - a) <= c * n * eps * norm(x)**2``. Of Hermitian matrices by
/// :func:`eigh`; their eigenvalues below zero by no more than rounding errors count as zero. Of
/// real matrices up to order 4 by the iteration of Denman and Beavers (S. H. Cheng, N. J. Higham,
/// C. S. Kenney and A. J. Laub, 2001), where its result is as accurate.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.sqrtm(np.array([[4.0, 1.0], [0.0, 4.0]]))
/// array([[2.  , 0.25],
///        [0.  , 2.  ]])
/// >>> scirs2.linalg.sqrtm(np.array([[-4.0, 0.0], [0.0, 9.0]]))
/// array([[0.+2.j, 0.+0.j],
///        [0.+0.j, 3.+0.j]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn sqrtm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "sqrtm", &[("a", a)])?.on_failure(on_failure)?;
    real_where_possible(&call, &Sqrtm)
}

/// Principal logarithms of square matrices.
///
/// ``expm(x) = a``, with the imaginary parts of the eigenvalues of ``x`` in ``(-pi, pi]``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular or holds a NaN: raise ``LinAlgError``,
///     or fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     Complex, but real for real matrices if the results of the whole batch are: those of
///     matrices without a negative eigenvalue. In programs of JAX and compiled code of PyTorch
///     always complex. In the library of ``a``. Integers count as float64; real results of
///     float16 and bfloat16 are returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix has an eigenvalue that is exactly zero, and so no logarithm, holds a NaN or an
///     infinity, is not square, or does not converge; ``index`` tells which in the batch.
///
/// Notes
/// -----
/// Inverse scaling and squaring of the Schur form (A. H. Al-Mohy and N. J. Higham, SIAM J. Sci.
/// Comput. 34, 2012), in double precision: a relative error of about ``cond * eps`` with the
/// condition number of the logarithm. A rotation has a real logarithm up to the angle of pi. Of
/// Hermitian matrices by :func:`eigh`.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.logm(np.array([[0.0, -1.0], [1.0, 0.0]])).round(6)
/// array([[ 0.      , -1.570796],
///        [ 1.570796,  0.      ]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn logm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "logm", &[("a", a)])?.on_failure(on_failure)?;
    real_where_possible(&call, &Logm)
}

/// Principal powers of square matrices, with any real exponent.
///
/// ``expm(t * logm(a))``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// t : float
///     The exponent.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that has no such power or holds a NaN: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     Complex, but real for real matrices if the results of the whole batch are: those of
///     matrices without a negative eigenvalue. In programs of JAX and compiled code of PyTorch
///     always complex. In the library of ``a``. Integers count as float64; real results of
///     float16 and bfloat16 are returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is singular, and ``t`` neither a positive whole number nor the matrix Hermitian
///     and ``t`` positive; or it holds a NaN or an infinity, is not square, or does not converge;
///     ``index`` tells which in the batch.
/// ValueError
///     ``t`` is not finite.
///
/// Notes
/// -----
/// The whole part of ``t`` by products; the rest by roots of the Schur form and Padé
/// approximants (N. J. Higham and L. Lin, SIAM J. Matrix Anal. Appl. 32, 2011), in double
/// precision. Of Hermitian matrices by :func:`eigh`; their eigenvalues below zero by no more
/// than rounding errors count as zero. For whole exponents :func:`matrix_power` is faster, and
/// keeps integers.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.fractional_matrix_power(np.array([[4.0, 0.0], [0.0, 9.0]]), 0.5)
/// array([[2., 0.],
///        [0., 3.]])
#[pyfunction]
#[pyo3(signature = (a, t, *, on_failure="raise"))]
pub(super) fn fractional_matrix_power<'py>(
    a: &Bound<'py, PyAny>,
    t: f64,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    if !t.is_finite() {
        return Err(PyValueError::new_err(format!(
            "fractional_matrix_power: t: expected a finite number, got {t}"
        )));
    }
    let call = Call::new(a.py(), "fractional_matrix_power", &[("a", a)])?.on_failure(on_failure)?;
    real_where_possible(&call, &FractionalMatrixPower { exponent: t })
}

/// Runs an operation whose last result says whether the others are real.
fn real_where_possible<'py>(
    call: &Call<'py>,
    operation: &dyn Operation,
) -> PyResult<Bound<'py, PyAny>> {
    let mut outputs = call.compute(operation)?;
    reduce_to_real_parts(call, &mut outputs)?;
    let mut results = call.each_to_python(outputs, &[Wrap::LikeInput])?;
    results
        .pop()
        .ok_or_else(|| PyRuntimeError::new_err("the operation has a result"))
}
