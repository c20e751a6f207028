//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | [`config`](fn@config) | what this build runs on |
//! | `kernels` | the loops over elements, for each instruction set |
//! | [`cholesky`](fn@cholesky) | factors of positive definite matrices |
//! | [`solve`](fn@solve) | systems of linear equations |
//! | [`inv`](fn@inv) | inverses |
//! | [`det`](fn@det), [`slogdet`] | determinants |
//! | [`lu`](fn@lu), [`lu_factor`], [`lu_solve`] | LU factors, and systems with them |
//! | [`cho_factor`], [`cho_solve`] | Cholesky factors to solve systems with |
//! | [`solve_triangular`] | systems with triangular matrices |
//! | [`tensorsolve`], [`tensorinv`] | equations between tensors |
//! | `shape` | what an operation asks of its arguments' shapes |
//! | `batch` | which matrices, in which pieces, on whose threads |
//! | `subnormal` | elimination where LAPACK's division fails |
//! | `layout` | how a matrix gets into LAPACK's memory and out of it |
//! | `lapack` | every call of LAPACK |
//!
//! A function takes an `ndarray` array or a [`Tensor`](scirs2_interop::Tensor),
//! any strides, and answers in kind; its `_into` form writes to memory of the
//! caller's.

mod batch;
mod cho;
mod cholesky;
mod config;
mod det;
mod error;
mod inv;
mod kernels;
mod lapack;
mod layout;
mod lu;
pub mod norm;
mod shape;
mod solve;
mod subnormal;
mod tensor_equations;
mod triangular;

pub use cho::{
    cho_factor, cho_factor_into, cho_factor_shape, cho_solve, cho_solve_into, cho_solve_shape,
};
pub use cholesky::{cholesky, cholesky_into, cholesky_shape};
pub use config::{Config, config};
pub use det::{Slogdet, det, det_into, det_shape, slogdet, slogdet_into};
pub use error::{Error, Reason};
pub use inv::{inv, inv_into, inv_shape};
pub use lapack::Lapack;
pub use lu::{
    Lu, LuFactors, Permutation, lu, lu_factor, lu_factor_into, lu_factor_shape, lu_into, lu_shape,
    lu_solve, lu_solve_into, lu_solve_shape,
};
pub use norm::{Axes, Normed, Operand, Order, Rounded, norm, norm_into, norm_shape};
pub use solve::{solve, solve_into, solve_shape};
pub use tensor_equations::{
    tensorinv, tensorinv_into, tensorinv_shape, tensorsolve, tensorsolve_into, tensorsolve_shape,
};
pub use triangular::{
    Op, Triangular, solve_triangular, solve_triangular_into, solve_triangular_shape,
};

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
