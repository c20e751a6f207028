//! Errors as Python exceptions.

use pyo3::exceptions::{PyBufferError, PyNotImplementedError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::Error;

/// The class `GPUTensorError`, both a `NotImplementedError` and a
/// `BufferError`: code that knows either catches it.
///
/// # Errors
/// If the class cannot be made.
pub fn gpu_tensor_error(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.get_or_try_init(py, || {
        let bases = (
            py.get_type::<PyNotImplementedError>(),
            py.get_type::<PyBufferError>(),
        );
        let namespace = PyDict::new(py);
        namespace.set_item("__module__", "scirs2")?;
        namespace.set_item(
            "__doc__",
            "The tensor lives in device memory, which the host cannot read; \
             the message names the way to copy it.",
        )?;
        let class = py
            .get_type::<PyType>()
            .call1(("GPUTensorError", bases, namespace))?;
        PyResult::Ok(class.unbind())
    })?;
    Ok(class.bind(py))
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Device(_) | Error::Unsynchronized(_) => Python::attach(|py| {
                gpu_tensor_error(py)
                    .and_then(|class| class.call1((error.to_string(),)))
                    .map_or_else(|error| error, PyErr::from_value)
            }),
            error => PyBufferError::new_err(error.to_string()),
        }
    }
}
