//! `scirs2.linalg.outer`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_core::shape::DisplayShape;
use scirs2_linalg::operation::Outer;

use crate::call::bind::Call;

/// The outer product of two vectors.
///
/// ``result[i, j] = x1[i] * x2[j]``, without a complex conjugate.
///
/// Parameters
/// ----------
/// x1, x2 : array_like, shapes (m,) and (n,)
///     Vectors, of any DLPack library and any strides.
///
/// Returns
/// -------
/// array, shape (m, n)
///     In the library of the operands, with the dtype of NumPy's promotion.
///
/// Raises
/// ------
/// ValueError
///     An operand does not have exactly one dimension.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// Each element is rounded once. ``x2`` is copied.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.outer(np.array([1, 2]), np.array([3, 4, 5]))
/// array([[ 3,  4,  5],
///        [ 6,  8, 10]])
#[pyfunction]
#[pyo3(signature = (x1, x2, /))]
pub(super) fn outer<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x1.py(), "outer", &[("x1", x1), ("x2", x2)])?;
    let (&[_], &[_]) = (call.shape(0), call.shape(1)) else {
        return Err(PyValueError::new_err(format!(
            "outer: x1 has shape {} and x2 {}; both must have one dimension, for example \
             x.ravel()",
            DisplayShape(call.shape(0)),
            DisplayShape(call.shape(1))
        )));
    };
    let product = call.compute_one(&Outer, None)?;
    call.to_python(product)
}
