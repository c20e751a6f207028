//! An object that exports an array where NumPy itself will not.

use std::sync::OnceLock;

use numpy::PyUntypedArray;
use pyo3::exceptions::PyBufferError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use scirs2_core::{DType, DeviceKind};
use scirs2_interop::python::{ExchangeApi, ExportRequest, PendingImport, exchange_api_capsule};
use scirs2_interop::sys::{DLManagedTensorVersioned, DLTensor};
use scirs2_interop::{Error, Owner, dl_type};

use super::from_dlpack::import;
use super::to_dlpack::{Policy, expect_array, export_array, to_capsule};
use crate::numpy::array::{self, ArrayLayout, LayoutError};

/// Wraps a NumPy array for consumers that take an object and not a capsule.
///
/// It exports what ``ndarray.__dlpack__`` refuses: the dtypes of ``ml_dtypes``, and a
/// read-only array to a consumer that only knows the legacy form. Such a consumer
/// cannot be told not to write: if you wrap a read-only array, make sure that it does
/// not. Consumers crash on negative strides and on strides that are not a whole number
/// of elements, so such an array is exported as a copy, unless the consumer forbids it
/// with ``copy=False``.
///
/// Parameters
/// ----------
/// array : numpy.ndarray
///     The array, which shares its memory with the consumers.
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
    /// The shape and strides as first lent out through the exchange API. Their
    /// address is stable while the exporter lives.
    shape_and_strides: OnceLock<Box<[i64]>>,
}

impl DLPackExporter {
    pub(crate) fn wrap(array: Bound<'_, PyUntypedArray>) -> Self {
        DLPackExporter {
            array: array.unbind(),
            shape_and_strides: OnceLock::new(),
        }
    }
}

#[pymethods]
impl DLPackExporter {
    #[new]
    #[pyo3(signature = (array, /))]
    fn new(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(DLPackExporter::wrap(expect_array(array)?.clone()))
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
        let request = ExportRequest::new(stream, max_version, dl_device, copy)?;
        to_capsule(self.array.bind(py), Policy::Lenient, request)
    }

    /// The same for consumers in C.
    #[classattr]
    fn __dlpack_c_exchange_api__(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        exchange_api_capsule::<Table>(py)
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

/// The exporter's exchange API.
struct Table;

impl ExchangeApi for Table {
    fn export(object: &Bound<'_, PyAny>) -> PyResult<Owner<DLManagedTensorVersioned>> {
        let exporter = object.cast::<DLPackExporter>()?.get();
        export_array(exporter.array.bind(object.py()), Policy::Lenient, None)
    }

    /// Lends the array without an owner, so nothing can be copied. As with the legacy
    /// form, the consumer is trusted not to write to a read-only array.
    fn borrow(object: &Bound<'_, PyAny>) -> PyResult<DLTensor> {
        let exporter = object.cast::<DLPackExporter>()?.get();
        let array = exporter.array.bind(object.py());
        let source = ArrayLayout::of(array).map_err(LayoutError::into_buffer_error)?;
        let layout = source.layout();
        if layout.strides.iter().any(|&stride| stride < 0) {
            return Err(Error::NegativeStrides(layout.strides.to_vec()).into());
        }
        if layout.dtype.bits() < 8 {
            return Err(Error::PaddedLegacy(layout.dtype).into());
        }
        let current = || {
            let lengths = layout.shape.iter().map(|&len| len as i64);
            lengths.chain(layout.strides.iter().map(|&stride| stride as i64))
        };
        let shape_and_strides = exporter
            .shape_and_strides
            .get_or_init(|| current().collect());
        if !current().eq(shape_and_strides.iter().copied()) {
            // A consumer may still read the old ones.
            return Err(PyBufferError::new_err(
                "the array was given another shape after it was exported; \
                 make a new DLPackExporter",
            ));
        }
        let shape = shape_and_strides.as_ptr().cast_mut();
        Ok(DLTensor {
            data: layout.data.cast(),
            device: layout.device,
            // At most 64.
            ndim: layout.shape.len() as i32,
            dtype: dl_type(layout.dtype),
            shape,
            strides: shape.wrapping_add(layout.shape.len()),
            byte_offset: 0,
        })
    }

    fn import<'py>(py: Python<'py>, pending: PendingImport<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(import(py, pending)?.into_any())
    }

    fn allocate(
        py: Python<'_>,
        dtype: DType,
        shape: &[usize],
    ) -> PyResult<Owner<DLManagedTensorVersioned>> {
        export_array(
            &array::empty_aligned(py, dtype, shape)?,
            Policy::Strict,
            Some(false),
        )
    }
}
