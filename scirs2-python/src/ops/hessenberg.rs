//! `scirs2.linalg.hessenberg`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::Hessenberg;

use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::flag::flag;

/// Hessenberg forms of square matrices, ``a = Q @ H @ Q.conj().T``.
///
/// ``H`` is zero below the first subdiagonal, and ``Q`` unitary.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// calc_q : bool, optional
///     Return ``Q``, too.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others.
///
/// Returns
/// -------
/// H : array, shape (..., n, n)
///     The forms.
/// Q : array, shape (..., n, n)
///     Only with ``calc_q``. In the library of ``a``. Integers give float64; float16 and
///     bfloat16 are computed in float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the
///     batch.
///
/// Notes
/// -----
/// LAPACK ``gehrd`` and ``orghr``, without balancing, on a copy of one matrix per thread.
/// Backward stable: ``norm(a - Q @ H @ Q.conj().T) <= c * n * eps * norm(a)``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 1.0, 5.0]])
/// >>> scirs2.linalg.hessenberg(a)
/// array([[1., 2., 0.],
///        [3., 4., 0.],
///        [0., 1., 5.]])
#[pyfunction]
#[pyo3(signature = (a, calc_q=false, *, on_failure="raise"))]
pub(super) fn hessenberg<'py>(
    a: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] calc_q: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = a.py();
    let call = Call::new(py, "hessenberg", &[("a", a)])?.on_failure(on_failure)?;
    if !calc_q {
        let form = call.compute_one(&Hessenberg { factors: false }, None)?;
        return call.to_python_like_input(form);
    }
    let results = call.results(&Hessenberg { factors: true }, &[Wrap::LikeInput; 2])?;
    Ok(PyTuple::new(py, results)?.into_any())
}
