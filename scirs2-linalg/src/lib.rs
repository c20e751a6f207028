//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | [`config`](fn@config) | what this build runs on |
//! | `kernels` | the loops over elements, for each instruction set |
//! | [`cholesky`](fn@cholesky) | factors of positive definite matrices |
//! | [`cond`](fn@cond) | condition numbers |
//! | [`eig`](fn@eig) | eigenvalues and eigenvectors of general matrices |
//! | [`eigh`](fn@eigh) | those of Hermitian matrices |
//! | [`lstsq`](fn@lstsq) | least squares |
//! | [`matrix_rank`](fn@matrix_rank) | how many singular values are not zero |
//! | [`pinv`](fn@pinv) | pseudo-inverses |
//! | [`qr`](fn@qr) | orthogonal factors |
//! | [`svd`](fn@svd) | singular values and vectors |
//! | [`solve`](fn@solve) | systems of linear equations |
//! | [`inv`](fn@inv) | inverses |
//! | [`det`](fn@det), [`slogdet`] | determinants |
//! | [`lu`](fn@lu), [`lu_factor`], [`lu_solve`] | LU factors, and systems with them |
//! | [`cho_factor`], [`cho_solve`] | Cholesky factors to solve systems with |
//! | [`solve_triangular`] | systems with triangular matrices |
//! | [`tensorsolve`], [`tensorinv`] | equations between tensors |
//! | [`matmul`](fn@matmul), [`multi_dot`](fn@multi_dot), [`matrix_power`](fn@matrix_power) | products of matrices |
//! | [`vecdot`](fn@vecdot), [`outer`](fn@outer), [`cross`](fn@cross) | products of vectors |
//! | [`tensordot`](fn@tensordot), [`einsum`](fn@einsum) | products of tensors |
//! | [`trace`](fn@trace), [`diagonal`] | diagonals and their sums |
//! | [`operation`] | an operation, declared once |
//! | `contract` | what products of tensors come down to |
//! | `floats` | products of integers by way of floats |
//! | `numeric` | the elements that products are made of |
//! | `shape` | what an operation asks of its arguments' shapes |
//! | `memory` | an error where there is not enough of it |
//! | `pieces` | arrays in pieces, between which Ctrl-C is heard |
//! | `batch` | which matrices, in which pieces, on whose threads |
//! | `subnormal` | elimination where LAPACK's division fails |
//! | `layout` | how a matrix gets into LAPACK's memory and out of it |
//! | `lapack` | every call of LAPACK |
//!
//! A function takes `ndarray` arrays of any strides and returns new ones; its `_into` form
//! writes to the caller's memory. [`norm`](fn@norm) takes a
//! [`Tensor`](scirs2_interop::Tensor), too, and [`operation::compute`] runs every other
//! function on tensors.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod batch;
mod cho;
mod cholesky;
mod cond;
mod config;
mod contract;
mod cross;
mod det;
mod eig;
mod eigh;
mod einsum;
mod error;
mod floats;
mod inv;
mod inv_blocks;
mod kernels;
mod lapack;
mod layout;
mod lstsq;
mod lstsq_full;
mod lu;
mod lu_blocks;
mod lu_factors;
mod matmul;
mod matrix_power;
mod memory;
mod multi_dot;
pub mod norm;
mod numeric;
pub mod operation;
mod outer;
mod pieces;
mod pinv;
mod qr;
mod qr_blocks;
mod rank;
mod shape;
mod solve;
mod subnormal;
mod svd;
mod tensor_equations;
mod tensordot;
mod trace;
mod triangular;
mod vecdot;

pub use cho::{
    cho_factor, cho_factor_into, cho_factor_shape, cho_solve, cho_solve_into, cho_solve_shape,
};
pub use cholesky::{cholesky, cholesky_into, cholesky_shape};
pub use cond::{cond, cond_into, cond_shape};
pub use config::{Config, config};
pub use cross::{cross, cross_into, cross_shape};
pub use det::{Slogdet, det, det_into, det_shape, slogdet, slogdet_into};
pub use eig::{eig, eig_into, eig_shape, eigvals, eigvals_into, eigvals_shape};
pub use eigh::{eigh, eigh_into, eigh_shape, eigvalsh, eigvalsh_into, eigvalsh_shape};
pub use einsum::{einsum, einsum_into, einsum_shape};
pub use error::{Error, Reason};
pub use inv::{inv, inv_into, inv_shape};
#[doc(hidden)]
pub use kernels::{
    isa::Level,
    route::{Route, force_route},
};
pub use lapack::{Lapack, wait_at_forks};
pub use lstsq::{LeastSquares, lstsq, lstsq_into, lstsq_shape};
pub use lu::{
    Lu, LuFactors, Permutation, lu, lu_factor, lu_factor_into, lu_factor_shape, lu_into, lu_shape,
    lu_solve, lu_solve_into, lu_solve_shape,
};
pub use matmul::{matmul, matmul_into, matmul_shape};
pub use matrix_power::{
    inverse_power, inverse_power_into, matrix_power, matrix_power_into, matrix_power_shape,
};
pub use multi_dot::{multi_dot, multi_dot_into, multi_dot_shape};
pub use norm::{Axes, Normed, Operand, Order, Rounded, norm, norm_into, norm_shape};
pub use numeric::Numeric;
pub use outer::{outer, outer_into};
pub use pinv::{pinv, pinv_into, pinv_shape};
pub use qr::{
    qr, qr_into, qr_r, qr_r_into, qr_r_shape, qr_raw, qr_raw_into, qr_raw_shape, qr_shape,
};
pub use rank::{Tolerance, matrix_rank, matrix_rank_into, matrix_rank_shape};
pub use solve::{solve, solve_into, solve_shape};
pub use svd::{svd, svd_into, svd_shape, svdvals, svdvals_into, svdvals_shape};
pub use tensor_equations::{
    tensorinv, tensorinv_into, tensorinv_shape, tensorsolve, tensorsolve_into, tensorsolve_shape,
};
pub use tensordot::{tensordot, tensordot_into, tensordot_shape};
pub use trace::{diagonal, diagonal_into, diagonal_shape, trace, trace_into, trace_shape};
pub use triangular::{
    Op, Triangular, solve_triangular, solve_triangular_into, solve_triangular_shape,
};
pub use vecdot::{vecdot, vecdot_into, vecdot_shape};

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// A program outside the crate reaches no routine of LAPACK, whatever it knows of the names.
/// This one does:
///
/// ```
/// fn reads_no_routine<T: scirs2_linalg::Lapack>() {
///     let _ = T::ROUTINES;
/// }
/// ```
///
/// These do not compile:
///
/// ```compile_fail,E0616
/// fn reads_a_routine<T: scirs2_linalg::Lapack>() {
///     let _ = T::ROUTINES.laswp;
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn calls_a_wrapper<T: scirs2_linalg::Lapack>(a: &mut [T]) {
///     T::laswp(1, a, (0, 1), (0, 8), &[1; 8]);
/// }
/// ```
///
/// ```compile_fail,E0603
/// fn calls_a_function(a: &mut [f64]) {
///     scirs2_linalg::lapack::laswp(1, a, (0, 1), (0, 8), &[1; 8]);
/// }
/// ```
#[cfg(doctest)]
struct Sealed;
