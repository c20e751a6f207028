//! `scirs2.linalg.matrix_norm` and `vector_norm`: the Array API's names for norms.

use numpy::{PyUntypedArray, PyUntypedArrayMethods as _};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PyTuple};
use scirs2_linalg::operation::OnFailure;
use scirs2_linalg::{Axes, Order};

use super::norm::{NormCall, parse_axis, parse_order};
use crate::call::on_failure::parse_on_failure;
use crate::call::operand::Operand;
use crate::error::axis_error;
use crate::flag::flag;
use crate::library::Library;
use crate::numpy::array;

/// Norms of matrices.
///
/// Parameters
/// ----------
/// x : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// keepdims : bool, optional
///     Keep the last two dimensions with length one.
/// ord : None, int, float, "fro" or "nuc", optional
///     The order, as ``scirs2.norm`` has it for matrices.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     make its result NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (...)
///     As ``scirs2.norm`` gives them over the last two axes.
///
/// Raises
/// ------
/// ValueError
///     ``ord`` is not a matrix norm, or ``x`` has fewer than two dimensions.
/// scirs2.linalg.LinAlgError
///     As ``scirs2.norm``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.matrix_norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
/// np.float64(5.0)
#[pyfunction]
#[pyo3(signature = (x, /, *, keepdims=false, ord=None, on_failure="raise"))]
#[pyo3(text_signature = "(x, /, *, keepdims=False, ord='fro', on_failure='raise')")]
pub(super) fn matrix_norm<'py>(
    x: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] keepdims: bool,
    ord: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let order = ord.map_or(Ok(Order::Fro), |ord| parse_order("ord", ord))?;
    let norm = NormCall {
        name: "matrix_norm",
        order,
        axes: Axes::Matrix(-2, -1),
        keepdims,
        on_failure: parse_on_failure("matrix_norm", on_failure)?,
    };
    norm.of(x.py(), Operand::of_parameter(x, "matrix_norm", "x")?)
}

/// Norms of vectors, over any number of axes.
///
/// Parameters
/// ----------
/// x : array_like
///     A tensor of any DLPack library and any strides.
/// axis : None, int or tuple of ints, optional
///     The axes whose elements make up a vector; None is all of them.
/// keepdims : bool, optional
///     Keep these axes with length one.
/// ord : None, int or float, optional
///     The order, as ``scirs2.norm`` has it for vectors.
///
/// Returns
/// -------
/// array
///     As ``scirs2.norm`` gives them.
///
/// Raises
/// ------
/// ValueError
///     ``ord`` is not a vector norm, an axis is named twice, or there is no such axis.
///
/// Notes
/// -----
/// Several axes that do not merge in memory are copied, except for the 2-norm.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.vector_norm(np.ones((2, 3, 4)), axis=(0, 2), ord=1)
/// array([8., 8., 8.])
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, keepdims=false, ord=None))]
#[pyo3(text_signature = "(x, /, *, axis=None, keepdims=False, ord=2)")]
pub(super) fn vector_norm<'py>(
    x: &Bound<'py, PyAny>,
    axis: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = flag)] keepdims: bool,
    ord: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let listed = match axis.map(|axis| (axis, axis.cast::<PyTuple>())) {
        None => None,
        Some((_, Ok(axes))) => {
            let axes = axes.iter().map(|axis| parse_axis("vector_norm", &axis));
            Some(axes.collect::<PyResult<Vec<_>>>()?)
        }
        Some((axis, Err(_))) => Some(vec![parse_axis("vector_norm", axis)?]),
    };
    let order = ord.map_or(Ok(Order::P(2.0)), |ord| parse_order("ord", ord))?;
    // Taken last, because converting the other arguments may run code that changes it.
    let py = x.py();
    let x = Operand::of_parameter(x, "vector_norm", "x")?;
    let all = listed.is_none();
    let ndim = x
        .described
        .as_ref()
        .map_or(0, |described| described.shape().len());
    let axes = listed.unwrap_or_else(|| (0..ndim.cast_signed()).collect());
    match (&axes[..], order) {
        ([axis], _) => vector_norm_call(order, Axes::Vector(*axis), keepdims).of(py, x),
        (_, Order::P(2.0) | Order::Default) if all => {
            vector_norm_call(Order::Default, Axes::All, keepdims).of(py, x)
        }
        _ => {
            let library = x.library;
            let array = x.into_array(py, "vector_norm", "x")?;
            norm_of_merged_axes(library, &array, &axes, order, keepdims)
        }
    }
}

const fn vector_norm_call(order: Order, axes: Axes, keepdims: bool) -> NormCall {
    NormCall {
        name: "vector_norm",
        order,
        axes,
        keepdims,
        on_failure: OnFailure::Stop,
    }
}

/// Computes the norm over several axes, which are moved to the front and merged.
fn norm_of_merged_axes<'py>(
    library: Library,
    array: &Bound<'py, PyUntypedArray>,
    axes: &[isize],
    order: Order,
    keepdims: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let ndim = array.ndim();
    let mut reduced = Vec::with_capacity(axes.len());
    for &axis in axes {
        let from_end = if axis < 0 { ndim } else { 0 };
        let index = from_end
            .checked_add_signed(axis)
            .filter(|&index| index < ndim);
        let Some(index) = index else {
            let reason = format!(
                "vector_norm: axis {axis} is out of range for an array of {ndim} dimension(s)"
            );
            return Err(axis_error(py, reason));
        };
        if reduced.contains(&index) {
            let reason = format!("vector_norm: axis {axis} is named twice");
            return Err(PyValueError::new_err(reason));
        }
        reduced.push(index);
    }
    let mut shape = Vec::with_capacity(ndim);
    let mut kept = vec![
        reduced
            .iter()
            .map(|&axis| array.shape()[axis])
            .product::<usize>(),
    ];
    let mut axes = reduced.clone();
    for (axis, &len) in array.shape().iter().enumerate() {
        if !reduced.contains(&axis) {
            axes.push(axis);
            kept.push(len);
            shape.push(len);
        } else if keepdims {
            shape.push(1);
        }
    }
    let flat = array
        .call_method1(intern!(py, "transpose"), (axes,))?
        .call_method1(intern!(py, "reshape"), (PyTuple::new(py, kept)?,))?;
    let norm = vector_norm_call(order, Axes::Vector(0), false);
    let norms = norm.of(py, Operand::from_python(&flat)?)?;
    if library == Library::NumPy && shape.is_empty() {
        return Ok(norms);
    }
    let norms = Operand::from_python(&norms)?.into_array(py, "vector_norm", "x")?;
    let dtype =
        array::describe(&norms).map_err(|reason| PyTypeError::new_err(reason.to_string()))?;
    let out = array::empty(py, dtype.dtype(), &shape)?;
    let norms = norms.call_method1(intern!(py, "reshape"), (PyTuple::new(py, shape)?,))?;
    out.set_item(PyEllipsis::get(py), norms)?;
    library.tensor_from_array(out)
}
