//! `scirs2.linalg.inv`.

use pyo3::prelude::*;
use scirs2_linalg::operation::Inv;

use crate::call::bind::Call;

/// Inverses of square matrices.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// out : array, shape (..., n, n), optional
///     Memory for the result, of its dtype.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, n)
///     The inverses, in the library of ``a``. Integers give float64; float16 and
///     bfloat16 are computed in float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is singular: the message names the first pivot that is exactly zero,
///     ``index`` the matrix in the batch. Or the last two dimensions differ.
/// ValueError
///     ``out`` does not fit.
///
/// Notes
/// -----
/// LAPACK ``getrf`` and ``trtri``, in the memory of the result: nothing else is
/// copied. ``norm(x @ a - 1) <= c * n * eps * norm(x) * norm(a)`` as a rule. A NaN
/// propagates to the result. To solve equations, `solve` is faster and more accurate.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.inv(np.array([[1.0, 2.0], [2.0, 8.0]]))
/// array([[ 2.  , -0.5 ],
///        [-0.5 ,  0.25]])
#[pyfunction]
#[pyo3(signature = (a, *, out=None, on_failure="raise"))]
pub(super) fn inv<'py>(
    a: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "inv", &[("a", a)])?.on_failure(on_failure)?;
    let inverses = call.compute_one(&Inv, out)?;
    call.to_python_like_input(inverses)
}
