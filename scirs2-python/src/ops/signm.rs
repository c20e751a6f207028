//! `scirs2.linalg.signm`.

use pyo3::prelude::*;
use scirs2_linalg::operation::Signm;

use crate::call::bind::Call;

/// Signs of square matrices.
///
/// The matrix that commutes with ``a``, and whose eigenvalues are 1 where those of ``a`` are in
/// the right half plane, and -1 where they are in the left one.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix without a sign, or one that holds a NaN: raise ``LinAlgError``,
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
///     An eigenvalue is on the imaginary axis, or so near to it that rounding errors decide on
///     its side; a matrix holds a NaN or an infinity, is not square, or does not converge;
///     ``index`` tells which in the batch.
///
/// Notes
/// -----
/// The Schur form, with the eigenvalues of the left half plane first, and Sylvester's equation
/// (LAPACK ``gees``, ``trsen``, ``trsyl``), in double precision.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.signm(np.array([[1e8, 0.0], [0.0, -1e-6]]))
/// array([[ 1.,  0.],
///        [ 0., -1.]])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn signm<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "signm", &[("a", a)])?.on_failure(on_failure)?;
    let result = call.compute_one(&Signm, None)?;
    call.to_python_like_input(result)
}
