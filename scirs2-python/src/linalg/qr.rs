//! `scirs2.linalg.qr`.

use pyo3::exceptions::{PyDeprecationWarning, PyValueError};
use pyo3::prelude::*;
use scirs2_core::dispatch;
use scirs2_linalg::{qr_into, qr_r_into, qr_r_shape, qr_raw_into, qr_raw_shape, qr_shape};

use super::call::{Call, batch, named};

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
///     float16 and bfloat16 are computed in float32 and given back as they came.
/// (h, tau) : tuple of arrays
///     With "raw": ``h.mT`` has ``R`` on and above the diagonal and the reflectors
///     below it; ``tau`` has their factors.
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
pub(crate) fn qr<'py>(a: &Bound<'py, PyAny>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = || Call::new(a.py(), "qr", &[("a", a)]);
    match mode {
        "reduced" => factors(&call()?, a.py(), false),
        "complete" => factors(&call()?, a.py(), true),
        "r" => triangle(&call()?),
        "raw" => raw(&call()?, a.py()),
        "full" | "f" => {
            let message = c"qr: mode 'full' is an old name of 'reduced', the default";
            PyErr::warn(
                a.py(),
                &a.py().get_type::<PyDeprecationWarning>(),
                message,
                1,
            )?;
            factors(&call()?, a.py(), false)
        }
        other => Err(PyValueError::new_err(format!(
            "qr: mode: expected 'reduced', 'complete', 'r' or 'raw', got {other:?}"
        ))),
    }
}

fn factors<'py>(call: &Call<'py>, py: Python<'py>, complete: bool) -> PyResult<Bound<'py, PyAny>> {
    let dtype = call.scalar().dtype();
    let [q_shape, r_shape] =
        qr_shape(call.shape(0), complete, dtype.itemsize()).map_err(|error| call.refused(error))?;
    let (mut q, mut r) = (call.output(dtype, &q_shape)?, call.output(dtype, &r_shape)?);
    dispatch!(scalar call.scalar(), T => {
        let (a, q, r) = (call.view::<T>(0)?, q.view_mut()?, r.view_mut()?);
        call.run(batch(&q_shape, 2), |workers| qr_into::<T>(a, q, r, workers))
    })?;
    named(py, "QRResult", (call.give_alike(q)?, call.give_alike(r)?))
}

fn triangle<'py>(call: &Call<'py>) -> PyResult<Bound<'py, PyAny>> {
    let shape = qr_r_shape(call.shape(0)).map_err(|error| call.refused(error))?;
    let mut r = call.output(call.scalar().dtype(), &shape)?;
    dispatch!(scalar call.scalar(), T => {
        let (a, r) = (call.view::<T>(0)?, r.view_mut()?);
        call.run(batch(&shape, 2), |workers| qr_r_into::<T>(a, r, workers))
    })?;
    call.give_alike(r)
}

fn raw<'py>(call: &Call<'py>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    let dtype = call.scalar().dtype();
    let [h_shape, tau_shape] = qr_raw_shape(call.shape(0)).map_err(|error| call.refused(error))?;
    let (mut h, mut tau) = (
        call.output(dtype, &h_shape)?,
        call.output(dtype, &tau_shape)?,
    );
    dispatch!(scalar call.scalar(), T => {
        let (a, h, tau) = (call.view::<T>(0)?, h.view_mut()?, tau.view_mut()?);
        call.run(batch(&h_shape, 2), |workers| qr_raw_into::<T>(a, h, tau, workers))
    })?;
    Ok((call.give(h)?, call.give(tau)?)
        .into_pyobject(py)?
        .into_any())
}
