//! DLPack capsules for any PyO3 extension.
//!
//! [`Tensor`] is a function argument and a return value:
//!
//! ```
//! use pyo3::prelude::*;
//! use scirs2_interop::Tensor;
//!
//! /// Takes a tensor of any library and returns it, without a copy.
//! #[pyfunction]
//! fn pass(tensor: Tensor) -> Tensor {
//!     tensor
//! }
//! ```
//!
//! Its caller gets an object that `torch.from_dlpack`, `jax.dlpack.from_dlpack`,
//! `numpy.from_dlpack` and other libraries take.
//!
//! The steps behind it are public too: inspect an object with [`PendingImport`], consume it, make a
//! capsule with [`new_capsule`].

mod capsule;
mod error;
mod exchange_api;
mod exchange_api_provider;
mod exporter;
mod protocol;
mod py_owner;
mod torch;
mod types;

use std::any::Any;

use pyo3::prelude::*;

pub use capsule::{ManagedTensor, PendingImport, new_capsule, owner_capsule};
pub use error::gpu_tensor_error;
pub use exchange_api::Importer;
pub use exchange_api_provider::{ExchangeApi, exchange_api_capsule};
pub use protocol::{ExportRequest, Request};
pub use py_owner::PyOwner;
pub use types::TypeCache;

use self::exporter::TensorExporter;
use crate::Tensor;

/// A tensor of any library, or a raw capsule, without a copy.
///
/// It can be read but not written ([`Error::Foreign`](crate::Error::Foreign)), because the
/// program can pass one array twice and also keeps it. Python code can write to the memory
/// meanwhile: `SAFETY.md` says who is responsible for that.
impl<'py> FromPyObject<'_, 'py> for Tensor {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut pending = PendingImport::new(&object, &Request::default())?;
        let mut description = pending.description().clone();
        // A legacy capsule cannot say whether it may be written, and JAX's must not.
        description.read_only |= pending.writeable() != Some(true);
        let tensor = pending.consume()?;
        let owner: Box<dyn Any + Send + Sync> = match tensor {
            ManagedTensor::Legacy(owner) => Box::new(owner),
            ManagedTensor::Versioned(owner) => Box::new(owner),
        };
        // SAFETY: the owner keeps the memory readable.
        // ASSUMPTION (SAFETY.md): the Python program does not write to the tensor while a
        // view of it lives.
        Ok(unsafe { Tensor::foreign(description, owner) })
    }
}

/// An object with `__dlpack__` and `__dlpack_device__`, which every library takes without a
/// copy: `torch.from_dlpack`, `jax.dlpack.from_dlpack`, `numpy.from_dlpack`.
///
/// Its consumers share the memory. They may write if this was the last handle and the owner
/// allows it; else all of them get it read-only, and a consumer that knows only the legacy form,
/// which cannot say so, is refused.
impl<'py> IntoPyObject<'py> for Tensor {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(Bound::new(py, TensorExporter::new(self))?.into_any())
    }
}
