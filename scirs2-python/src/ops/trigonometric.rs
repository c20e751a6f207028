//! `scirs2.linalg.cosm`, `sinm`, `tanm`, `coshm`, `sinhm` and `tanhm`.

use pyo3::prelude::*;
use scirs2_linalg::Trigonometric;
use scirs2_linalg::operation::Trigm;

use crate::call::bind::Call;

/// Cosines of square matrices.
///
/// ``I - a @ a / 2 + ...``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     A matrix holds a NaN or an infinity, or is not square; ``index``
///     tells which in the batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// The series of a scaled matrix, and the formulas of the double angle for the sine and for the
/// cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
/// Comput. 37, 2015), in double precision: small results keep their digits, too.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.cosm(np.zeros((2, 2)))
/// array([[1., 0.],
///        [0., 1.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn cosm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    compute("cosm", Trigonometric::Cos, a, on_failure)
}

/// Sines of square matrices.
///
/// ``a - a @ a @ a / 6 + ...``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     A matrix holds a NaN or an infinity, or is not square; ``index``
///     tells which in the batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// The series of a scaled matrix, and the formulas of the double angle for the sine and for the
/// cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
/// Comput. 37, 2015), in double precision: small results keep their digits, too.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.sinm(np.array([[0.0, 2.0], [0.0, 0.0]]))
/// array([[0., 2.],
///        [0., 0.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn sinm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    compute("sinm", Trigonometric::Sin, a, on_failure)
}

/// Tangents of square matrices.
///
/// ``inv(cosm(a)) @ sinm(a)``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix whose cosine is singular, or that holds a NaN:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     The cosine of a matrix is singular; it holds a NaN or an infinity, or is not square; ``index``
///     tells which in the batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// The series of a scaled matrix, and the formulas of the double angle for the sine and for the
/// cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
/// Comput. 37, 2015), in double precision: small results keep their digits, too.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.tanm(np.array([[0.0, 2.0], [0.0, 0.0]]))
/// array([[0., 2.],
///        [0., 0.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn tanm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    compute("tanm", Trigonometric::Tan, a, on_failure)
}

/// Hyperbolic cosines of square matrices.
///
/// ``I + a @ a / 2 + ...``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     A matrix holds a NaN or an infinity, or is not square; ``index``
///     tells which in the batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// The series of a scaled matrix, and the formulas of the double angle for the sine and for the
/// cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
/// Comput. 37, 2015), in double precision: small results keep their digits, too.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.coshm(np.zeros((2, 2)))
/// array([[1., 0.],
///        [0., 1.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn coshm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    compute("coshm", Trigonometric::Cosh, a, on_failure)
}

/// Hyperbolic sines of square matrices.
///
/// ``a + a @ a @ a / 6 + ...``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     A matrix holds a NaN or an infinity, or is not square; ``index``
///     tells which in the batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// The series of a scaled matrix, and the formulas of the double angle for the sine and for the
/// cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
/// Comput. 37, 2015), in double precision: small results keep their digits, too.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.sinhm(np.array([[0.0, 2e-10], [0.0, 0.0]]))
/// array([[0.e+00, 2.e-10],
///        [0.e+00, 0.e+00]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn sinhm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    compute("sinhm", Trigonometric::Sinh, a, on_failure)
}

/// Hyperbolic tangents of square matrices.
///
/// ``inv(coshm(a)) @ sinhm(a)``, for each matrix of the last two axes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix whose hyperbolic cosine is singular, or that holds a NaN:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     The hyperbolic cosine of a matrix is singular; it holds a NaN or an infinity, or is not square; ``index``
///     tells which in the batch. A result that overflows is infinite or NaN.
///
/// Notes
/// -----
/// The series of a scaled matrix, and the formulas of the double angle for the sine and for the
/// cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
/// Comput. 37, 2015), in double precision: small results keep their digits, too.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.tanhm(np.array([[0.0, 2.0], [0.0, 0.0]]))
/// array([[0., 2.],
///        [0., 0.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn tanhm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    compute("tanhm", Trigonometric::Tanh, a, on_failure)
}

fn compute<'py>(
    name: &'static str,
    function: Trigonometric,
    a: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), name, &[("a", a)])?.on_failure(on_failure)?;
    let result = call.compute_one(&Trigm { function }, None)?;
    call.to_python_like_input(result)
}
