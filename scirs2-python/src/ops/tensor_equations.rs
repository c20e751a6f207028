//! `scirs2.linalg.tensorsolve` and `tensorinv`.

use pyo3::prelude::*;
use scirs2_linalg::operation::{Tensorinv, Tensorsolve};

use crate::call::bind::Call;
use crate::error::in_argument;

/// Solve the tensor equation ``tensordot(a, x, x.ndim) = b``.
///
/// Parameters
/// ----------
/// a : array_like
///     A tensor of any DLPack library with the dimensions of the equations first, as
///     many as ``b`` has, and then those of ``x``; both have the same product.
/// b : array_like
///     The right-hand side, in the library of ``a``.
/// axes : sequence of int, optional
///     Axes of ``a`` that are moved to its end first, one after the other.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array
///     The solution ``x``, whose shape is that of ``a`` without its first ``b.ndim``
///     dimensions. Integers give float64; float16 and bfloat16 are computed in
///     float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The dimensions of ``a`` do not make a square matrix, or the matrix is singular.
/// ValueError
///     ``b`` does not have as many elements as ``x``, or ``a`` has no such axis.
///
/// Notes
/// -----
/// As `solve` with the matrix that the dimensions of ``a`` make.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.diag([1.0, 2.0, 4.0, 8.0]).reshape(2, 2, 4)
/// >>> scirs2.linalg.tensorsolve(a, np.array([[1.0, 2.0], [4.0, 8.0]]))
/// array([1., 1., 1., 1.])
#[pyfunction]
#[pyo3(signature = (a, b, axes=None, *, on_failure="raise"))]
pub(super) fn tensorsolve<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    axes: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "tensorsolve", &[("a", a), ("b", b)])?.on_failure(on_failure)?;
    let axes = match axes {
        Some(axes) => to_axes(axes).map_err(|error| in_argument(a.py(), "axes", error))?,
        None => Vec::new(),
    };
    let solution = call.compute_one(&Tensorsolve { axes }, None)?;
    call.to_python_like_input(solution)
}

fn to_axes(axes: &Bound<'_, PyAny>) -> PyResult<Vec<isize>> {
    axes.try_iter()?.map(|axis| axis?.extract()).collect()
}

/// The inverse of a tensor: ``tensordot(tensorinv(a, ind), a, ind)`` is the identity.
///
/// Parameters
/// ----------
/// a : array_like
///     A tensor of any DLPack library. The product of its first ``ind`` dimensions
///     equals that of the others.
/// ind : int, optional
///     The number of its first dimensions.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array, shape a.shape[ind:] + a.shape[:ind]
///     The inverse. Integers give float64; float16 and bfloat16 are computed in
///     float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The dimensions of ``a`` do not make a square matrix, or the matrix is singular.
/// ValueError
///     ``ind`` is below 1.
///
/// Notes
/// -----
/// As `inv` of the matrix that the dimensions of ``a`` make.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.diag([1.0, 2.0, 4.0, 8.0]).reshape(2, 2, 4)
/// >>> x = scirs2.linalg.tensorinv(a)
/// >>> x.shape
/// (4, 2, 2)
/// >>> np.array_equal(np.tensordot(x, a, 2), np.eye(4))
/// True
#[pyfunction]
#[pyo3(signature = (a, ind=2, *, on_failure="raise"))]
pub(super) fn tensorinv<'py>(
    a: &Bound<'py, PyAny>,
    ind: isize,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "tensorinv", &[("a", a)])?.on_failure(on_failure)?;
    let inverse = call.compute_one(&Tensorinv { ind }, None)?;
    call.to_python_like_input(inverse)
}
