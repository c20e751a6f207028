//! `scirs2.linalg.rq`, and what `scirs2.scipy.linalg.qr` returns.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::{PivotedQr, PivotedQrMode, Qr, QrMode, Rq};

use super::polar::pair;
use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::flag::flag;

/// QR factors with SciPy's modes, with exchanged columns, and with the conjugate of `Q`.
#[pyfunction]
#[pyo3(signature = (a, mode, pivoting, conjugate))]
pub(super) fn _qr<'py>(
    a: &Bound<'py, PyAny>,
    mode: &str,
    #[pyo3(from_py_with = flag)] pivoting: bool,
    #[pyo3(from_py_with = flag)] conjugate: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let call = Call::new(a.py(), "qr", &[("a", a)])?;
    let mode = match (mode, pivoting) {
        ("full" | "economic", false) if !conjugate => {
            let mode = if mode == "full" {
                QrMode::Complete
            } else {
                QrMode::Reduced
            };
            let results = call.results(&Qr { mode }, &[Wrap::LikeInput, Wrap::LikeInput])?;
            return PyTuple::new(a.py(), results);
        }
        ("full", _) => PivotedQrMode::Full,
        ("economic", _) => PivotedQrMode::Economic,
        ("r", _) => PivotedQrMode::R,
        _ => PivotedQrMode::Raw,
    };
    let operation = PivotedQr {
        mode,
        pivoting,
        conjugate,
    };
    let wraps = [
        Wrap::LikeInput,
        Wrap::LikeInput,
        Wrap::LikeInput,
        Wrap::Plain,
    ];
    let mut results = call.results(&operation, &wraps)?;
    if mode == PivotedQrMode::Raw {
        let reflectors = PyTuple::new(a.py(), results.drain(..2))?;
        results.insert(0, reflectors.into_any());
    }
    PyTuple::new(a.py(), results)
}

/// Factors with the triangle on the left.
///
/// ``a = R @ Q`` with the rows of ``Q`` orthonormal and ``R`` upper triangular: its last column
/// is full, and the diagonal that ends there is the last that is not zero.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// mode : {"full", "economic", "r"}, optional
///     "full" returns a square ``Q``; "economic" one of ``k = min(m, n)`` rows; "r" returns
///     only the ``R`` of "full".
///
/// Returns
/// -------
/// R : array, shape (..., m, n) or (..., m, k)
/// Q : array, shape (..., n, n) or (..., k, n)
///     In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
///     float32 and returned in their own dtype.
///
/// Raises
/// ------
/// ValueError
///     ``mode`` is none of these.
/// MemoryError
///     "full" asks for more memory than there is.
///
/// Notes
/// -----
/// From the QR factors of the adjoint with its columns in reverse order, which is copied:
/// LAPACK ``geqrf``, not ``gerqf``. Backward stable: ``norm(a - R @ Q) <= c * n * eps *
/// norm(a)``. A NaN or an infinity propagates to the factors.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[3.0, 4.0], [0.0, 5.0]])
/// >>> R, Q = scirs2.linalg.rq(a)
/// >>> (R @ Q).round(12) + 0.0
/// array([[3., 4.],
///        [0., 5.]])
#[pyfunction]
#[pyo3(signature = (a, mode="full"))]
pub(super) fn rq<'py>(a: &Bound<'py, PyAny>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
    let economic = match mode {
        "full" | "r" => false,
        "economic" => true,
        other => {
            return Err(PyValueError::new_err(format!(
                "rq: mode: expected 'full', 'economic' or 'r', got {other:?}"
            )));
        }
    };
    let call = Call::new(a.py(), "rq", &[("a", a)])?;
    let factors = call.results(&Rq { economic }, &[Wrap::LikeInput, Wrap::LikeInput])?;
    if mode == "r" {
        return Ok(pair(factors).0);
    }
    Ok(PyTuple::new(a.py(), factors)?.into_any())
}
