//! DLPack for Rust: import, share and export tensors without a copy.
//!
//! The path of a foreign tensor, one file for each step:
//!
//! | step | type |
//! |---|---|
//! | the C structs | [`sys`] |
//! | an owner, whose drop frees the tensor once | [`Owner`] |
//! | every field checked | [`Description`] |
//! | elements of a Rust type | [`Tensor::view`] |
//! | a handle to share | [`Tensor`] |
//! | and out again | [`Tensor::export`] |
//!
//! An array for one consumer needs no handle: `Owner::try_from(array)`.
//!
//! With the feature `pyo3` the module `python` imports and exports the capsules
//! that Python libraries exchange.
//!
//! ```
//! use ndarray::Array;
//! use scirs2_interop::Tensor;
//! use scirs2_interop::sys::DLManagedTensorVersioned;
//!
//! // One crate makes a tensor and hands out a handle ...
//! let tensor = Tensor::from(Array::linspace(0.0, 1.0, 5));
//! // ... another reads the same memory ...
//! assert_eq!(tensor.view::<f64>()?.sum(), 2.5);
//! // ... and a C library takes it without a copy.
//! let exported = tensor.clone().export::<DLManagedTensorVersioned>()?;
//! assert_eq!(exported.describe()?.data().cast_const(), tensor.data());
//! # Ok::<(), scirs2_interop::Error>(())
//! ```
//!
//! [`compared`] compares it with `dlpark`: the code to write, what is checked, and the
//! cost.

#[cfg(any(doc, doctest))]
#[doc = include_str!("compared.md")]
pub mod compared {}
mod borrowed;
mod description;
mod dtype;
mod error;
mod export;
mod handle;
mod owner;
#[cfg(feature = "pyo3")]
pub mod python;
mod shape_strides;
pub mod sys;
mod tensor;
mod view;

pub use borrowed::{TensorMut, TensorRef};
pub use description::{AxisVec, Description, MAX_NDIM};
pub use dtype::dl_type;
pub use error::Error;
pub use export::{Layout, export};
pub use owner::{ManagedStruct, Owner};
pub use shape_strides::ShapeStrides;
pub use tensor::Tensor;
