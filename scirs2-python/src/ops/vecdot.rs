//! `scirs2.linalg.vecdot`.

use pyo3::prelude::*;
use scirs2_linalg::operation::Vecdot;

use crate::call::bind::Call;

/// Inner products of vectors.
///
/// ``sum(x1.conj() * x2)`` along one axis.
///
/// Parameters
/// ----------
/// x1, x2 : array_like
///     Vectors, of any DLPack library and any strides; the other axes broadcast.
/// axis : int, optional
///     The axis of the vectors in both operands.
///
/// Returns
/// -------
/// array
///     The other axes, in the library of the operands, with the dtype of NumPy's
///     promotion: integers stay integers and wrap around; for booleans the result is
///     whether any pair is true. float16 and bfloat16 are computed in float32 and
///     rounded once. Two vectors of NumPy give a number.
///
/// Raises
/// ------
/// ValueError
///     The vectors differ in length, the other axes do not broadcast, or there is no
///     such axis.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// BLAS ``dot`` over runs that are added pairwise: nothing is copied, and the bits
/// are the same for any number of threads.
/// ``abs(error) <= n * eps * sum(abs(x1) * abs(x2))``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.vecdot(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([3.0, 4.0]))
/// array([25.,  3.])
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, axis=-1))]
#[pyo3(text_signature = "(x1, x2, /, *, axis=-1)")]
pub(super) fn vecdot<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
    axis: isize,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x1.py(), "vecdot", &[("x1", x1), ("x2", x2)])?;
    let sums = call.compute_one(&Vecdot { axis }, None)?;
    call.to_python(sums)
}
