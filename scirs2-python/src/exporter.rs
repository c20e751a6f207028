//! An object that exports an array where NumPy itself will not.

use numpy::PyUntypedArray;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use scirs2_core::DeviceKind;

use crate::exchange::{Terms, array_of, to_capsule};

/// Wraps a NumPy array for consumers that take an object and not a capsule.
///
/// It exports what ``ndarray.__dlpack__`` refuses: the dtypes of ``ml_dtypes``,
/// and a read-only array to a consumer that only knows the legacy form. Such a
/// consumer cannot be told not to write: whoever wraps a read-only array
/// promises that it does not.
///
/// Parameters
/// ----------
/// array : numpy.ndarray
///     The array; nothing is copied.
///
/// Examples
/// --------
/// >>> import ml_dtypes, numpy as np, scirs2, torch
/// >>> a = np.ones(2, dtype=ml_dtypes.bfloat16)
/// >>> torch.from_dlpack(scirs2.DLPackExporter(a))
/// tensor([1., 1.], dtype=torch.bfloat16)
#[pyclass(module = "scirs2", frozen)]
pub(crate) struct DLPackExporter {
    /// The array it exports.
    #[pyo3(get)]
    array: Py<PyUntypedArray>,
}

impl DLPackExporter {
    pub(crate) fn of(array: Bound<'_, PyUntypedArray>) -> Self {
        DLPackExporter {
            array: array.unbind(),
        }
    }
}

#[pymethods]
impl DLPackExporter {
    #[new]
    #[pyo3(signature = (array, /))]
    fn new(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(DLPackExporter::of(array_of(array)?.clone()))
    }

    /// A capsule over the array; parameters as for ``scirs2.to_dlpack``.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<(i64, i64)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let terms = Terms {
            max_version,
            copy,
            dl_device,
            stream,
            legacy_read_only: true,
        };
        to_capsule(self.array.bind(py), &terms)
    }

    /// The host: ``(1, 0)``.
    fn __dlpack_device__(&self) -> (i32, i32) {
        (DeviceKind::CPU.0, 0)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.array)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "scirs2.DLPackExporter({})",
            self.array.bind(py).repr()?
        ))
    }
}
