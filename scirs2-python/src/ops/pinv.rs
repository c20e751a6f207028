//! `scirs2.linalg.pinv`.

use ndarray::{ArrayD, IxDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::operation::Pinv;

use super::tolerance::tolerance;
use crate::call::bind::Call;

use crate::flag::flag;

/// NumPy's default.
const RCOND: f64 = 1e-15;

/// Moore-Penrose pseudo-inverses.
///
/// ``Vh.conj().mT / S @ U.conj().mT`` of the singular value decomposition, without the
/// singular values that are nearly zero.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// rcond : float or array_like, shape (...), optional
///     Singular values of at most ``rcond`` times the largest count as zero; one
///     number for each matrix, or broadcast. The default is 1e-15.
/// hermitian : bool, optional
///     Assume that the matrices are Hermitian, read only their lower triangle, and
///     use :func:`eigh`, which is faster.
/// rtol : None, float or array_like, shape (...), optional
///     The Array API's name for ``rcond``; here None means ``max(m, n) * eps``.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n, m)
///     In the library of ``a``. Integers give float64; float16 and bfloat16 are
///     returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
///     One that holds an infinity gives NaN, as with ``hermitian`` one that holds a NaN
///     where it is read.
/// ValueError
///     Both ``rcond`` and ``rtol`` are given, or one does not broadcast.
///
/// Notes
/// -----
/// LAPACK ``gesdd``, on a copy of one matrix per thread. The relative error is ``c *
/// max(m, n) * eps`` times the ratio of the largest singular value to the smallest
/// that counts. Single precision is computed in double, as in NumPy.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.pinv(np.array([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))
/// array([[0.5, 0. , 0. ],
///        [0. , 0. , 0. ]])
#[pyfunction]
#[pyo3(
    signature = (a, rcond=None, hermitian=false, *, rtol=Rtol::Missing, on_failure="raise"),
    text_signature = "(a, rcond=None, hermitian=False, *, rtol=..., on_failure='raise')"
)]
pub(super) fn pinv<'py>(
    a: &Bound<'py, PyAny>,
    rcond: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = flag)] hermitian: bool,
    rtol: Rtol<'py>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let name = "pinv";
    let call = Call::in_float64(a.py(), name, &[("a", a)])?.on_failure(on_failure)?;
    call.check(&Pinv {
        rtol: None,
        hermitian,
    })?;
    let one = |value: f64| ArrayD::from_elem(IxDyn(&[]), value);
    let threshold = match (rcond, rtol) {
        (Some(_), Rtol::Given(_)) => {
            return Err(PyValueError::new_err(format!(
                "{name}: rcond and rtol are two names for the same parameter; pass one"
            )));
        }
        (Some(rcond), Rtol::Missing) => tolerance(name, "rcond", rcond)?,
        (None, Rtol::Missing) => one(RCOND),
        (None, Rtol::Given(rtol)) if rtol.is_none() => {
            let longest = call.shape(0).iter().rev().take(2).max().copied();
            one(call.epsilon() * longest.unwrap_or(0) as f64)
        }
        (None, Rtol::Given(rtol)) => tolerance(name, "rtol", &rtol)?,
    };
    let operation = Pinv {
        rtol: Some(threshold),
        hermitian,
    };
    let inverse = call.compute_one(&operation, None)?;
    call.to_python_like_input(inverse)
}

/// A parameter for which None is a value of its own.
pub(super) enum Rtol<'py> {
    Missing,
    Given(Bound<'py, PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for Rtol<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Rtol::Given(object.to_owned()))
    }
}
