//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | `kernels` | the loops over elements, for each instruction set |
//! | `lapack` | every call of LAPACK |
//!
//! A function takes an `ndarray` array or a [`Tensor`](scirs2_interop::Tensor),
//! any strides, and answers in kind; its `_into` form writes to memory of the
//! caller's.

mod error;
mod kernels;
mod lapack;
pub mod norm;

pub use error::Error;
pub use norm::{Axes, Normed, Operand, Order, Rounded, norm, norm_into, norm_shape};

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
