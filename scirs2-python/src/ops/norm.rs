//! `scirs2.norm`.

use ndarray::{ArrayViewMutD, IxDyn};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use scirs2_core::{Element, dispatch};
use scirs2_interop::Description;
use scirs2_linalg::operation::OnFailure;
use scirs2_linalg::{Axes, Error, Normed, Order, norm_into, norm_shape};

use crate::call::message::message;
use crate::call::on_failure::parse_on_failure;
use crate::call::operand::Operand;
use crate::call::run::{Failure, begin_call, run_kernel};
use crate::error::{axis_error, in_argument, kernel_error};
use crate::flag::flag;
use crate::library::Library;
use crate::numpy::array;

/// Norm of an array, of its vectors along one axis, or of its matrices along two.
///
/// Parameters
/// ----------
/// x : array_like
///     A tensor of any DLPack library, a NumPy array, nested lists or a number;
///     any strides.
/// ord : None, int, float, "fro" or "nuc", optional
///     See the table. None is the 2-norm of all elements over any number of
///     axes.
/// axis : None, int or (int, int), optional
///     One axis: norms of vectors. Two: norms of matrices, rows first. None:
///     ``x`` is one vector or one matrix; with ``ord=None`` any shape.
/// keepdims : bool, optional
///     Keep the reduced axes with length one.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     make its result NaN and compute the others.
///
/// Returns
/// -------
/// float or array
///     In the library of ``x``; for NumPy input, a NumPy scalar if no axis is left.
///     float32 and complex64 give float32; float16 and bfloat16 keep their dtype;
///     everything else gives float64.
///
/// Raises
/// ------
/// ValueError
///     An order, axis or shape that does not fit.
/// TypeError
///     The dtype is not numeric.
/// scirs2.linalg.LinAlgError
///     ``ord`` is 2, -2 or "nuc" for matrices, and one holds a NaN, or its singular
///     values do not converge; ``index`` tells which. One that holds an Inf gives
///     NaN, as in NumPy.
///
/// Notes
/// -----
/// =====  ================================  ==================================
/// ord    matrix                            vector
/// =====  ================================  ==================================
/// None   Frobenius                         2-norm
/// "fro"  sqrt(sum(abs(x)**2))              error
/// "nuc"  sum of singular values            error
/// inf    largest row sum of abs(x)         largest abs(x)
/// -inf   smallest row sum of abs(x)        smallest abs(x)
/// 0      error                             number of nonzero elements
/// 1      largest column sum of abs(x)      sum(abs(x))
/// -1     smallest column sum of abs(x)     1 / sum(1 / abs(x))
/// 2      largest singular value            sqrt(sum(abs(x)**2))
/// -2     smallest singular value           sum(abs(x)**-2)**(-1/2)
/// p      error                             sum(abs(x)**p)**(1/p)
/// =====  ================================  ==================================
///
/// Nothing overflows or underflows along the way: the result is correct whenever it can
/// be represented. float16, float32 and integers are summed in float64. The relative
/// error of a sum over n elements is at most a few eps, times log(n) for float64. The
/// result has the same bits for any number of threads. Singular values are those of
/// :func:`scirs2.linalg.svdvals`.
///
/// Only these are copied: lists, arrays that are misaligned or not in native byte
/// order, and, for singular values, one matrix per thread, or all of them if they are
/// integers or halves. The singular values themselves take memory, too.
///
/// Examples
/// --------
/// >>> import numpy as np, torch, scirs2
/// >>> scirs2.norm([3.0, 4.0])
/// np.float64(5.0)
/// >>> scirs2.norm(np.array([1e200, 1e200]))
/// np.float64(1.414213562373095e+200)
/// >>> scirs2.norm(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), axis=1)
/// tensor([ 5., 10.])
#[pyfunction]
#[pyo3(signature = (x, ord=None, axis=None, keepdims=false, *, on_failure="raise"))]
pub(super) fn norm<'py>(
    x: &Bound<'py, PyAny>,
    ord: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = flag)] keepdims: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let order = ord.map_or(Ok(Order::Default), |ord| parse_order("ord", ord))?;
    let axes = axis.map_or(Ok(Axes::All), parse_axes)?;
    let norm = NormCall {
        name: "norm",
        order,
        axes,
        keepdims,
        on_failure: parse_on_failure("norm", on_failure)?,
    };
    norm.of(py, Operand::of_parameter(x, "norm", "x")?)
}

/// What a call of a norm asks for.
pub(super) struct NormCall {
    pub(super) name: &'static str,
    pub(super) order: Order,
    pub(super) axes: Axes,
    pub(super) keepdims: bool,
    pub(super) on_failure: OnFailure,
}

impl NormCall {
    /// Computes the norm of an array and returns it in the array's library.
    pub(super) fn of<'py>(&self, py: Python<'py>, x: Operand<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _guard = begin_call()?;
        let Operand {
            library,
            memory: _memory,
            described,
        } = x;
        let described =
            described.map_err(|reason| PyTypeError::new_err(format!("{}: x: {reason}", self.name)));
        let description = described?;
        let shape = norm_shape(description.shape(), self.order, self.axes, self.keepdims)
            .map_err(|error| self.error(py, error, &description))?;
        dispatch!(description.dtype(), T => {
            type Norm = <T as Normed>::Norm;
            // NumPy returns a scalar, which needs no array.
            if library == Library::NumPy && shape.is_empty() {
                let mut value = std::mem::MaybeUninit::<Norm>::zeroed();
                let address = value.as_mut_ptr().cast::<u8>();
                // SAFETY: `_memory` keeps the input readable, and nothing else
                // refers to `value`, which is one element.
                unsafe { self.write::<T>(py, &description, &shape, address) }?;
                // SAFETY: one element of that dtype.
                return unsafe { array::scalar(py, Norm::DTYPE, address) };
            }
            let out = array::empty(py, Norm::DTYPE, &shape)?;
            // SAFETY: `_memory` keeps the input readable, and `out` is a fresh
            // C-contiguous array of that shape that nothing else refers to.
            unsafe { self.write::<T>(py, &description, &shape, array::data(&out)) }?;
            library.tensor_from_array(out)
        }, else => Err(self.error(py, Error::Dtype(description.dtype()), &description)))
    }

    /// Computes the norm into `out`, elements of `T::Norm` in C order.
    ///
    /// # Safety
    /// The described memory can be read, and `out` written, until this returns.
    unsafe fn write<T: Normed>(
        &self,
        py: Python<'_>,
        x: &Description,
        shape: &[usize],
        out: *mut u8,
    ) -> PyResult<()> {
        // SAFETY: readable, by this function's contract.
        // ASSUMPTION (SAFETY.md): no thread of the program writes to the array meanwhile.
        let view = unsafe { x.view::<T>() }?;
        // SAFETY: `out` holds `shape` elements in C order, aligned as their allocation is,
        // and nothing else refers to them, by the same contract. Their bytes are values
        // (SAFETY.md, "Fresh memory").
        let out = unsafe { ArrayViewMutD::from_shape_ptr(IxDyn(shape), out.cast::<T::Norm>()) };
        let elements = view.len();
        let done = run_kernel(py, elements, |workers| {
            let go_on = |_: usize| ();
            let workers = match self.on_failure {
                OnFailure::Stop => *workers,
                OnFailure::FillNan => workers.continuing(&go_on),
            };
            norm_into(view, self.order, self.axes, out, &workers)
        });
        done.map_err(|failure| match failure {
            Failure::Signal(signal) => signal,
            Failure::Kernel(error) => self.error(py, error, x),
        })
    }

    /// Returns the exception for a kernel's error, which counts matrices in the batch of `x`.
    fn error(&self, py: Python<'_>, error: Error, x: &Description) -> PyErr {
        let batch = norm_shape(x.shape(), Order::Fro, self.axes, false).unwrap_or_default();
        let message = message(self.name, &error, &[("x".into(), x.shape())]);
        kernel_error(py, message, error, &batch)
    }
}

/// Converts an order, which is passed for `parameter`.
pub(super) fn parse_order(parameter: &str, ord: &Bound<'_, PyAny>) -> PyResult<Order> {
    let refused = |error| in_argument(ord.py(), parameter, error);
    if let Ok(name) = ord.cast::<PyString>() {
        return match name.to_str()? {
            "fro" | "f" => Ok(Order::Fro),
            "nuc" => Ok(Order::Nuc),
            other => Err(refused(PyValueError::new_err(format!(
                "{other:?} is not a norm; expected a number, such as numpy.inf, \"fro\" or \"nuc\""
            )))),
        };
    }
    ord.extract().map(Order::P).map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(ord.py()) {
            return refused(error);
        }
        refused(PyTypeError::new_err(format!(
            "expected None, a number, \"fro\" or \"nuc\", got {}",
            ord.get_type()
        )))
    })
}

fn parse_axes(axis: &Bound<'_, PyAny>) -> PyResult<Axes> {
    let refused = |error| in_argument(axis.py(), "axis", error);
    let Ok(axes) = axis.cast::<PyTuple>() else {
        return parse_axis("norm", axis).map(Axes::Vector);
    };
    let axes = axes.iter().map(|axis| parse_axis("norm", &axis));
    match axes.collect::<PyResult<Vec<_>>>()?[..] {
        [axis] => Ok(Axes::Vector(axis)),
        [rows, columns] => Ok(Axes::Matrix(rows, columns)),
        ref axes => Err(refused(PyValueError::new_err(format!(
            "a norm is taken over one axis or two, got {}",
            axes.len()
        )))),
    }
}

/// Converts an axis, which is passed for the parameter `axis` of the function `name`.
pub(super) fn parse_axis(name: &str, axis: &Bound<'_, PyAny>) -> PyResult<isize> {
    let py = axis.py();
    axis.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(py) {
            return axis_error(py, format!("{name}: axis {axis} is out of range"));
        }
        let reason = format!(
            "expected None, an integer or a tuple of integers, got {}",
            axis.get_type()
        );
        in_argument(py, "axis", PyTypeError::new_err(reason))
    })
}
