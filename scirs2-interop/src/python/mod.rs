//! DLPack capsules for any PyO3 extension.
//!
//! [`Tensor`] is a function argument and a return value:
//!
//! ```
//! use pyo3::prelude::*;
//! use scirs2_interop::Tensor;
//!
//! /// Takes a tensor of any library and gives it back, without a copy.
//! #[pyfunction]
//! fn pass(tensor: Tensor) -> Tensor {
//!     tensor
//! }
//! ```
//!
//! The steps behind it are public too: inspect the [`Offer`] of an object, accept
//! it, [`give`] a tensor.

mod ask;
mod capsule;
mod error;
mod reference;
mod serve;
mod table;
mod torch;
mod types;

use std::any::Any;

use pyo3::prelude::*;

pub use ask::Request;
pub use capsule::{Keeper, Offer, give, keep};
pub use error::gpu_tensor_error;
pub use reference::Reference;
pub use serve::{Exchange, exchange_table};
pub use table::Importer;
pub use types::TypeCache;

use crate::Tensor;
use crate::sys::DLManagedTensorVersioned;

/// A tensor of any library, or a raw capsule, without a copy.
///
/// It can be read but not written ([`Error::Foreign`](crate::Error::Foreign)), because the
/// program can pass one array twice and also keeps it. Python code can write to the memory
/// meanwhile: `SAFETY.md` says who is responsible for that.
impl<'py> FromPyObject<'_, 'py> for Tensor {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut offer = Offer::of(&object, &Request::default())?;
        let keeper = offer.accept()?;
        let owner: Box<dyn Any + Send + Sync> = match keeper {
            Keeper::Legacy(owner) => Box::new(owner),
            Keeper::Versioned(owner) => Box::new(owner),
        };
        // SAFETY: the owner keeps the memory readable.
        // ASSUMPTION (SAFETY.md): the Python program does not write to the tensor while a
        // view of it lives.
        Ok(unsafe { Tensor::foreign(offer.description().clone(), owner) })
    }
}

/// A capsule `dltensor_versioned`.
impl<'py> IntoPyObject<'py> for Tensor {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        give(py, self.export::<DLManagedTensorVersioned>()?)
    }
}
