//! A tensor as a Python object that exports it: what a function of an extension returns.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyTuple};
use scirs2_core::dispatch;

use super::capsule::new_capsule;
use super::protocol::ExportRequest;
use crate::owner::ManagedStruct;
use crate::sys::{DLManagedTensor, DLManagedTensorVersioned};
use crate::{Error, Owner, Tensor};

/// A tensor made in Rust: ``torch.from_dlpack``, ``jax.dlpack.from_dlpack``,
/// ``numpy.from_dlpack`` and every other library take it, without a copy.
///
/// It can be exported any number of times; all consumers share its memory.
#[pyclass(name = "Tensor", module = "scirs2_interop", frozen)]
pub(super) struct TensorExporter {
    /// INVARIANT: unless `read_only`, no handle to the tensor is outside of this object and of
    /// its exports, so that no code in Rust reads what a consumer writes.
    tensor: Tensor,
    /// Whether consumers must not write, decided once: the exports share the tensor.
    read_only: bool,
}

impl TensorExporter {
    pub(super) fn new(mut tensor: Tensor) -> Self {
        TensorExporter {
            read_only: !tensor.may_be_exported_writeable(),
            tensor,
        }
    }

    fn export<M: ManagedStruct>(&self, copy: Option<bool>) -> Result<Owner<M>, Error> {
        if copy != Some(true) {
            // SAFETY: if it is not read-only, by the invariant only this object and its
            // exports have handles, and `copied` alone reads through one.
            match unsafe { self.tensor.clone().export_as(self.read_only, false) } {
                Err(Error::NegativeStrides(_)) if copy.is_none() => {}
                result => return result,
            }
        }
        let copied = copied(&self.tensor)?;
        // SAFETY: nothing else refers to a copy that was made just now.
        unsafe { copied.export_as(false, true) }
    }
}

/// The same elements in C order, in memory of their own.
///
/// ASSUMPTION (SAFETY.md): the Python program does not write to the tensor meanwhile.
fn copied(tensor: &Tensor) -> Result<Tensor, Error> {
    if tensor.description().is_packed() {
        return tensor.clone().unpack();
    }
    dispatch!(tensor.dtype(), T => {
        Ok(Tensor::from(tensor.view::<T>()?.as_standard_layout().into_owned()))
    })
}

#[pymethods]
impl TensorExporter {
    /// A capsule over the tensor, as the array API describes it. Strides that consumers
    /// crash on, negative ones, are exported as a copy, unless ``copy=False`` forbids it.
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
        if request.versioned {
            new_capsule(py, self.export::<DLManagedTensorVersioned>(request.copy)?)
        } else {
            new_capsule(py, self.export::<DLManagedTensor>(request.copy)?)
        }
    }

    /// The host, ``(1, 0)``, or memory of a device that the host can read.
    fn __dlpack_device__(&self) -> (i32, i32) {
        let device = self.tensor.description().device();
        (device.kind.0, device.id)
    }

    /// For ``numpy.asarray``, which would else make an array of one object.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let numpy = py.import(intern!(py, "numpy"))?;
        let array = numpy.call_method1(intern!(py, "from_dlpack"), (slf,))?;
        let keywords = [("dtype", dtype.into_pyobject(py)?)].into_py_dict(py)?;
        keywords.set_item("copy", copy)?;
        numpy.call_method(intern!(py, "array"), (array,), Some(&keywords))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shape = PyTuple::new(py, self.tensor.shape())?;
        Ok(format!(
            "<scirs2_interop.Tensor {} of shape {}>",
            self.tensor.dtype(),
            shape.repr()?
        ))
    }
}
