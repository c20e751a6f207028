//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | `kernels` | the loops over elements, for each instruction set |
//! | [`cholesky`](fn@cholesky) | factors of positive definite matrices |
//! | [`eig`](fn@eig) | eigenvalues and eigenvectors of general matrices |
//! | [`eigh`](fn@eigh) | those of Hermitian matrices |
//! | [`lstsq`](fn@lstsq) | least squares |
//! | [`matrix_rank`](fn@matrix_rank) | how many singular values are not zero |
//! | [`pinv`](fn@pinv) | pseudo-inverses |
//! | [`qr`](fn@qr) | orthogonal factors |
//! | [`svd`](fn@svd) | singular values and vectors |
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
mod eig;
mod eigh;
mod error;
mod kernels;
mod lapack;
mod layout;
mod lstsq;
mod memory;
pub mod norm;
mod pinv;
mod qr;
mod rank;
mod shape;
mod svd;

pub use cholesky::{cholesky, cholesky_into, cholesky_shape};
pub use eig::{eig, eig_into, eig_shape, eigvals, eigvals_into, eigvals_shape};
pub use eigh::{eigh, eigh_into, eigh_shape, eigvalsh, eigvalsh_into, eigvalsh_shape};
pub use error::{Error, Reason};
pub use lapack::Lapack;
pub use lstsq::{LeastSquares, lstsq, lstsq_into, lstsq_shape};
pub use norm::{Axes, Normed, Operand, Order, Rounded, norm, norm_into, norm_shape};
pub use pinv::{pinv, pinv_into, pinv_shape};
pub use qr::{
    qr, qr_into, qr_r, qr_r_into, qr_r_shape, qr_raw, qr_raw_into, qr_raw_shape, qr_shape,
};
pub use rank::{Tolerance, matrix_rank, matrix_rank_into, matrix_rank_shape};
pub use svd::{svd, svd_into, svd_shape, svdvals, svdvals_into, svdvals_shape};

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
