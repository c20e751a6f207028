//! `scirs2.linalg.qr`.

use pyo3::exceptions::{PyDeprecationWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::{Qr, QrMode};

use crate::call::bind::Call;
use crate::call::output::Wrap;

/// Orthogonal and triangular factors.
///
/// ``a = Q @ R`` with the columns of ``Q`` orthonormal and ``R`` upper triangular,
/// with ``k = min(m, n)``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// mode : {"reduced", "complete", "r", "raw"}, optional
///     "reduced": ``Q`` of shape ``(..., m, k)`` and ``R`` of ``(..., k, n)``.
///     "complete": ``(..., m, m)`` and ``(..., m, n)``. "r": ``R`` alone, of ``(...,
///     k, n)``. "raw": what LAPACK leaves, ``h`` of ``(..., n, m)`` and ``tau`` of
///     ``(..., k)``.
///
/// Returns
/// -------
/// Q : array
/// R : array
///     Both come as a named tuple, in the library of ``a``. Integers give float64;
///     float16 and bfloat16 are computed in float32 and returned in their own dtype.
/// (h, tau) : tuple of arrays
///     With "raw": ``h.mT`` has ``R`` on and above the diagonal and the reflectors
///     below it; ``tau`` holds their factors.
///
/// Raises
/// ------
/// ValueError
///     ``mode`` is none of these.
/// MemoryError
///     "complete" asks for more memory than there is.
///
/// Notes
/// -----
/// LAPACK ``gelqf`` and ``orglq`` on the transpose, in the memory of the results, so
/// that nothing is transposed; a large matrix in blocks of 32 to 128 columns
/// (``geqrt3``, ``larfb``), of which one is copied at a time; ``geqrf`` for "raw".
/// Backward stable: ``norm(a - Q @ R) <= c * m * eps * norm(a)``, and ``Q`` is
/// orthonormal to ``c * m * eps``. A NaN or an infinity spreads over the factors.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> Q, R = scirs2.linalg.qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
/// >>> R.round(12)
/// array([[-5. , -2.2],
///        [ 0. ,  0.4]])
/// >>> (Q @ R).round(12)
/// array([[3., 1.],
///        [4., 2.]])
#[pyfunction]
#[pyo3(signature = (a, mode="reduced"))]
pub(super) fn qr<'py>(a: &Bound<'py, PyAny>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
    let py = a.py();
    let mode = match mode {
        "reduced" => QrMode::Reduced,
        "complete" => QrMode::Complete,
        "r" => QrMode::R,
        "raw" => QrMode::Raw,
        "full" | "f" => {
            let message = c"qr: mode 'full' is an old name of 'reduced', the default";
            PyErr::warn(py, &py.get_type::<PyDeprecationWarning>(), message, 1)?;
            QrMode::Reduced
        }
        other => {
            return Err(PyValueError::new_err(format!(
                "qr: mode: expected 'reduced' (SciPy's 'economic'), 'complete', 'r' or 'raw', got \
                 {other:?}"
            )));
        }
    };
    let call = Call::new(py, "qr", &[("a", a)])?;
    let operation = Qr { mode };
    match mode {
        QrMode::Reduced | QrMode::Complete => {
            call.named_results(&operation, "QRResult", &[Wrap::LikeInput, Wrap::LikeInput])
        }
        QrMode::R => call.to_python_like_input(call.compute_one(&operation, None)?),
        QrMode::Raw => {
            let results = call.results(&operation, &[Wrap::Plain, Wrap::Plain])?;
            Ok(PyTuple::new(py, results)?.into_any())
        }
    }
}
