//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | `kernels` | the loops over elements, for each instruction set |
//! | [`cholesky`](fn@cholesky) | factors of positive definite matrices |
//! | [`matmul`](fn@matmul), [`multi_dot`](fn@multi_dot), [`matrix_power`](fn@matrix_power) | products of matrices |
//! | [`vecdot`](fn@vecdot), [`outer`](fn@outer), [`cross`](fn@cross) | products of vectors |
//! | [`tensordot`](fn@tensordot), [`einsum`](fn@einsum) | products of tensors |
//! | [`trace`](fn@trace), [`diagonal`] | diagonals and their sums |
//! | `contract` | what products of tensors come down to |
//! | `floats` | products of integers by way of floats |
//! | `numeric` | the elements that products are made of |
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
mod contract;
mod cross;
mod einsum;
mod error;
mod floats;
mod kernels;
mod lapack;
mod layout;
mod matmul;
mod matrix_power;
mod multi_dot;
pub mod norm;
mod numeric;
mod outer;
mod shape;
mod tensordot;
mod trace;
mod vecdot;

pub use cholesky::{cholesky, cholesky_into, cholesky_shape};
pub use cross::{cross, cross_into, cross_shape};
pub use einsum::{einsum, einsum_into, einsum_shape};
pub use error::{Error, Reason};
pub use lapack::Lapack;
pub use matmul::{matmul, matmul_into, matmul_shape};
pub use matrix_power::{
    inverse_power, inverse_power_into, matrix_power, matrix_power_into, matrix_power_shape,
};
pub use multi_dot::{multi_dot, multi_dot_into, multi_dot_shape};
pub use norm::{Axes, Normed, Operand, Order, Rounded, norm, norm_into, norm_shape};
pub use numeric::Numeric;
pub use outer::{outer, outer_into};
pub use tensordot::{tensordot, tensordot_into, tensordot_shape};
pub use trace::{diagonal, diagonal_into, diagonal_shape, trace, trace_into, trace_shape};
pub use vecdot::{vecdot, vecdot_into, vecdot_shape};

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
