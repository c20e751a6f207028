//! `scirs2.linalg.cross`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use scirs2_core::DType;
use scirs2_linalg::operation::Cross;

use crate::call::bind::Call;

/// Cross products of vectors of three elements.
///
/// Parameters
/// ----------
/// x1, x2 : array_like
///     Vectors, of any DLPack library and any strides; the other axes broadcast.
/// axis : int, optional
///     The axis of the vectors in both operands and in the result.
///
/// Returns
/// -------
/// array
///     In the library of the operands, with the dtype of NumPy's promotion: integers
///     stay integers and wrap around. float16 and bfloat16 are computed in float32
///     and rounded once.
///
/// Raises
/// ------
/// ValueError
///     The vectors do not have three elements, the other axes do not broadcast, or
///     there is no such axis.
/// TypeError
///     Booleans, which cannot be subtracted; operands of two libraries, or without a
///     common dtype.
///
/// Notes
/// -----
/// Each product and each difference is rounded once. Nothing is copied.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.cross(np.array([1, 0, 0]), np.array([[0, 1, 0], [0, 0, 1]]))
/// array([[ 0,  0,  1],
///        [ 0, -1,  0]])
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, axis=-1))]
#[pyo3(text_signature = "(x1, x2, /, *, axis=-1)")]
pub(super) fn cross<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
    axis: isize,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x1.py(), "cross", &[("x1", x1), ("x2", x2)])?;
    let operation = Cross { axis };
    call.check(&operation)?;
    if call.dtype() == DType::Bool {
        return Err(PyTypeError::new_err(
            "cross: booleans cannot be subtracted; convert one operand, for example to int8",
        ));
    }
    let product = call.compute_one(&operation, None)?;
    call.to_python(product)
}
