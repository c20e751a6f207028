//! `scirs2.linalg.multi_dot`.

use pyo3::prelude::*;
use scirs2_linalg::operation::MultiDot;

use crate::call::bind::Call;
use crate::error::in_argument;

/// The product of two or more matrices, in the cheapest order.
///
/// Parameters
/// ----------
/// arrays : sequence of array_like
///     Matrices, of any DLPack library and any strides. The first may be a vector,
///     taken as a row, and so may the last, taken as a column; its dimension is dropped
///     from the result.
/// out : array, optional
///     Memory for the result, of its dtype.
///
/// Returns
/// -------
/// array
///     In the library of the operands, with the dtype of NumPy's promotion; see
///     ``matmul``. Two vectors of NumPy at the ends give a number.
///
/// Raises
/// ------
/// ValueError
///     Neighbours do not fit, there are fewer than two, one is neither a matrix nor
///     such a vector, or ``out`` does not fit.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// The order that takes the fewest multiplications, found by dynamic programming
/// (Cormen, Leiserson, Rivest, Stein: Introduction to Algorithms, "Matrix-chain
/// multiplication").
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a, b = np.ones((1000, 2)), np.ones((2, 1000))
/// >>> scirs2.linalg.multi_dot([a, b, np.ones(1000)])[:3]
/// array([2000., 2000., 2000.])
#[pyfunction]
#[pyo3(signature = (arrays, *, out=None))]
pub(super) fn multi_dot<'py>(
    arrays: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = arrays.py();
    let listed = arrays
        .try_iter()
        .and_then(Iterator::collect::<PyResult<Vec<_>>>);
    let arrays = listed.map_err(|error| in_argument(py, "arrays", error))?;
    let call = Call::variadic(py, "multi_dot", "arrays", &arrays)?;
    let product = call.compute_one(&MultiDot, out)?;
    call.to_python(product)
}
