//! Conversion of kernel errors to Python exceptions.

use pyo3::exceptions::{PyException, PyMemoryError, PyRecursionError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use scirs2_linalg::Error;

/// Returns the class `LinAlgError` of the package.
pub(crate) fn linalg_error(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.get_or_try_init(py, || {
        let module = py.import("scirs2._linalg_error")?;
        PyResult::Ok(module.getattr("LinAlgError")?.unbind())
    })?;
    Ok(class.bind(py))
}

/// Returns the exception for a kernel's error, with a message. The error counts matrices in
/// the shape `batch`, in C order.
pub(crate) fn kernel_error(
    py: Python<'_>,
    message: String,
    error: Error,
    batch: &[usize],
) -> PyErr {
    match error {
        Error::AxisOutOfRange { .. } => axis_error(py, message),
        Error::Dtype(_) => PyTypeError::new_err(message),
        Error::Memory { .. } | Error::SquareMemory { .. } => PyMemoryError::new_err(message),
        Error::Matrix { index, .. } => linalg_error_at(py, message, index, batch),
        // As in NumPy, whose class is a ValueError, too.
        Error::NoElements { .. }
        | Error::NotSquare { .. }
        | Error::NotSquareTensor { .. }
        | Error::RightSide { .. }
        | Error::TooFewAxes { .. } => linalg_error_at(py, message, None, batch),
        Error::Tensor(error) => error.into(),
        _ => PyValueError::new_err(message),
    }
}

/// Returns the error of converting an argument, with PyO3's note of the parameter. The hook
/// around the function makes the message of it.
pub(crate) fn in_argument(py: Python<'_>, parameter: &str, error: PyErr) -> PyErr {
    let note = format!("while processing '{parameter}'");
    match error
        .value(py)
        .call_method1(intern!(py, "add_note"), (note,))
    {
        Ok(_) => error,
        Err(other) => other,
    }
}

/// Returns the error for a tensor that cannot be imported: ours, if its kind is known. Else the
/// parameter `out` is named in it; `from_dlpack` has one tensor, and the error names the field.
#[cold]
pub(crate) fn import_error(
    function: &str,
    parameter: &str,
    tensor: &Bound<'_, PyAny>,
    error: PyErr,
) -> PyErr {
    let py = tensor.py();
    let about_tensor = error.is_instance_of::<PyException>(py)
        && !error.is_instance_of::<PyMemoryError>(py)
        && !error.is_instance_of::<PyRecursionError>(py);
    if !about_tensor {
        return error;
    }
    let explained = py.import("scirs2._refusals").and_then(|refusals| {
        let explain = if parameter == "out" {
            "explain"
        } else {
            "known"
        };
        let details = (error.value(py), parameter, tensor);
        refusals.call_method1(explain, (function, details))
    });
    match explained {
        Ok(known) if known.is_none() => error,
        Ok(known) => PyErr::from_value(known),
        Err(other) => other,
    }
}

/// Returns NumPy's `AxisError`, which is both a `ValueError` and an `IndexError`.
pub(crate) fn axis_error(py: Python<'_>, message: String) -> PyErr {
    let error = py
        .import(intern!(py, "numpy.exceptions"))
        .and_then(|module| module.getattr(intern!(py, "AxisError")))
        .and_then(|class| class.call1((message,)));
    error.map_or_else(|error| error, PyErr::from_value)
}

/// Returns a `LinAlgError` about the matrix of that number in the batch, in C order.
fn linalg_error_at(
    py: Python<'_>,
    message: String,
    number: Option<usize>,
    batch: &[usize],
) -> PyErr {
    let instance = linalg_error(py).and_then(|class| {
        let instance = class.call1((message,))?;
        if let Some(number) = number {
            instance.setattr("index", PyTuple::new(py, unravel_index(number, batch))?)?;
        }
        Ok(instance)
    });
    instance.map_or_else(|error| error, PyErr::from_value)
}

fn unravel_index(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (at, &len) in index.iter_mut().zip(shape).rev() {
        *at = number % len;
        number /= len;
    }
    index
}
