//! `scirs2.linalg.tensordot`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use scirs2_linalg::operation::Tensordot;

use crate::call::bind::Call;
use crate::error::axis_error;

/// The contraction of two arrays over pairs of their axes.
///
/// Parameters
/// ----------
/// a, b : array_like
///     Arrays of any DLPack library and any strides.
/// axes : int, or pair of ints or of sequences of ints, optional
///     A number: the last ``axes`` axes of ``a`` and the first of ``b``, in order; 0 is
///     the outer product. A pair: the axes of ``a``, and the axes of ``b`` that they
///     are paired with.
///
/// Returns
/// -------
/// array
///     The other axes of ``a`` and then those of ``b``, in the library of the
///     operands, with the dtype of NumPy's promotion: integers stay integers and wrap
///     around; for booleans the result is whether any pair is true. float16 and
///     bfloat16 are computed in float32 and rounded once.
///
/// Raises
/// ------
/// ValueError
///     The paired axes differ in length or number, an axis is named twice, or there is
///     no such axis.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// One ``matmul``. An operand is copied if the axes that are summed over, or the
/// others, are not adjacent in memory.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.arange(60.0).reshape(3, 4, 5)
/// >>> b = np.arange(24.0).reshape(4, 3, 2)
/// >>> scirs2.linalg.tensordot(a, b, axes=([1, 0], [0, 1]))[0]
/// array([4400., 4730.])
#[pyfunction]
#[pyo3(signature = (a, b, /, axes=None))]
#[pyo3(text_signature = "(a, b, /, axes=2)")]
pub(super) fn tensordot<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    axes: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(a.py(), "tensordot", &[("a", a), ("b", b)])?;
    let ndims = [0, 1].map(|operand| call.shape(operand).len());
    let (axes_a, axes_b) = match axes {
        None => last_and_first(a.py(), 2, ndims),
        Some(axes) => pairs(axes, ndims),
    }?;
    let product = call.compute_one(&Tensordot { axes_a, axes_b }, None)?;
    call.to_python(product)
}

/// Returns the last `count` axes of `a` and the first of `b`.
fn last_and_first(
    py: Python<'_>,
    count: isize,
    ndims: [usize; 2],
) -> PyResult<(Vec<isize>, Vec<isize>)> {
    for (name, ndim) in ["a", "b"].into_iter().zip(ndims) {
        if !(0..=ndim.cast_signed()).contains(&count) {
            let message = format!(
                "tensordot: axes: expected a number of axes that both have, or a pair; got \
                 {count}, and {name} has {ndim} dimension(s)"
            );
            return Err(axis_error(py, message));
        }
    }
    Ok(((-count..0).collect(), (0..count).collect()))
}

/// Converts the argument `axes` to the axes of `a` and of `b`.
fn pairs(axes: &Bound<'_, PyAny>, ndims: [usize; 2]) -> PyResult<(Vec<isize>, Vec<isize>)> {
    if let Ok(count) = axes.extract::<isize>() {
        return last_and_first(axes.py(), count, ndims);
    }
    let refused = || {
        PyTypeError::new_err(format!(
            "tensordot: axes: expected an integer, or a pair of integers or of sequences of \
             integers, got {axes}"
        ))
    };
    let pair = axes.try_iter().map_err(|_| refused())?;
    let pair = pair.collect::<PyResult<Vec<_>>>()?;
    let [first, second] = &pair[..] else {
        return Err(PyValueError::new_err(format!(
            "tensordot: axes: expected those of a and those of b, got {} of them",
            pair.len()
        )));
    };
    let to_axes = |axes: &Bound<'_, PyAny>| -> PyResult<Vec<isize>> {
        if let Ok(axis) = axes.extract::<isize>() {
            return Ok(vec![axis]);
        }
        let axes = axes.try_iter().map_err(|_| refused())?;
        axes.map(|axis| axis?.extract::<isize>().map_err(|_| refused()))
            .collect()
    };
    Ok((to_axes(first)?, to_axes(second)?))
}
