//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | [`config`](fn@config) | what this build runs on |
//! | `kernels` | the loops over elements, for each instruction set |
//! | [`cholesky`](fn@cholesky) | factors of positive definite matrices |
//! | `shape` | what an operation asks of its arguments' shapes |
//! | `batch` | which matrices, in which pieces, on whose threads |
//! | `layout` | how a matrix gets into LAPACK's memory and out of it |
//! | `lapack` | every call of LAPACK |
//!
//! A function takes an `ndarray` array or a [`Tensor`](scirs2_interop::Tensor),
//! any strides, and answers in kind; its `_into` form writes to memory of the
//! caller's.

mod batch;
mod cholesky;
mod config;
mod error;
mod kernels;
mod lapack;
mod layout;
pub mod norm;
mod shape;

pub use cholesky::{cholesky, cholesky_into, cholesky_shape};
pub use config::{Config, config};
pub use error::{Error, Reason};
pub use lapack::Lapack;
pub use norm::{Axes, Normed, Operand, Order, Rounded, norm, norm_into, norm_shape};

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
