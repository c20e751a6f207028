//! Norms and linear algebra over `ndarray` arrays and DLPack tensors.
//!
//! | module | one concept |
//! |---|---|
//! | [`norm`](mod@norm) | vector and matrix norms |
//! | [`config`](fn@config) | the libraries and instruction sets in use |
//! | [`cholesky`](fn@cholesky) | factors of positive definite matrices |
//! | [`cond`](fn@cond) | condition numbers |
//! | [`eig`](fn@eig) | eigenvalues and eigenvectors of general matrices |
//! | [`eigh`](fn@eigh) | eigenvalues and eigenvectors of Hermitian matrices |
//! | [`lstsq`](fn@lstsq) | least squares |
//! | [`matrix_rank`](fn@matrix_rank) | numerical ranks |
//! | [`pinv`](fn@pinv) | pseudo-inverses |
//! | [`qr`](fn@qr) | orthogonal factors |
//! | [`svd`](fn@svd) | singular values and vectors |
//! | [`solve`](fn@solve) | systems of linear equations |
//! | [`inv`](fn@inv) | inverses |
//! | [`det`](fn@det), [`slogdet`] | determinants |
//! | [`lu`](fn@lu), [`lu_factor`], [`lu_solve`] | LU factors, and solving with them |
//! | [`cho_factor`], [`cho_solve`] | Cholesky factors, and solving with them |
//! | [`solve_triangular`] | systems with triangular matrices |
//! | [`tensorsolve`], [`tensorinv`] | equations between tensors |
//! | [`matmul`](fn@matmul), [`multi_dot`](fn@multi_dot), [`matrix_power`](fn@matrix_power) | products of matrices |
//! | [`matvec`](fn@matvec), [`vecmat`] | products of matrices and vectors |
//! | [`vecdot`](fn@vecdot), [`outer`](fn@outer), [`cross`](fn@cross) | products of vectors |
//! | [`tensordot`](fn@tensordot), [`einsum`](fn@einsum) | products of tensors |
//! | [`expm`](fn@expm), [`logm`](fn@logm) | exponentials and logarithms of matrices |
//! | [`expm_frechet`](fn@expm_frechet), [`expm_cond`](fn@expm_cond) | derivatives and condition numbers of exponentials |
//! | [`signm`](fn@signm), [`trigm`] | signs, sines, cosines and tangents of matrices |
//! | [`sqrtm`](fn@sqrtm), [`fractional_matrix_power`](fn@fractional_matrix_power) | square roots and powers of matrices |
//! | [`schur`](fn@schur), [`rsf2csf`], [`hessenberg`](fn@hessenberg), [`cdf2rdf`](fn@cdf2rdf) | Schur and Hessenberg forms |
//! | [`trace`](fn@trace), [`diagonal`] | diagonals and their sums |
//! | [`operation`] | all operations, each declared once |
//!
//! Inside, each folder uses those above it:
//!
//! | folder | what is in it |
//! |---|---|
//! | `base` | errors, memory, numbers |
//! | `simd` | instruction sets, and vectors of numbers |
//! | `lapack` | every call of LAPACK and BLAS |
//! | `kernels` | the loops over elements, for each instruction set |
//! | `elements` | what each element type brings to the operations |
//! | `driver` | batches, shapes, the plan of routes, and the trait of an operation |
//! | `products`, `solve`, `spectral`, `least_squares`, `norm`, `functions` | the operations, a concept a file |
//!
//! A function takes `ndarray` arrays of any strides and returns new ones; its `_into` form
//! writes to the caller's memory. [`norm`](fn@norm) takes a
//! [`Tensor`](scirs2_interop::Tensor), too, and [`operation::compute`] runs every other
//! function on tensors.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod base;
mod config;
mod driver;
mod elements;
mod functions;
mod kernels;
mod lapack;
mod least_squares;
pub mod norm;
pub mod operation;
mod products;
mod simd;
mod solve;
mod spectral;

pub use base::error::{Error, Reason};
pub use base::order::{Axes, Order};
pub use base::structure::{Structure, Triangle};
pub use config::{Config, config};
pub use driver::plan::{Plan, Problem, Route, Sizes};
pub use elements::normed::{Normed, Rounded};
pub use elements::numeric::Numeric;
pub use elements::scalar::LinalgScalar;
pub use functions::cdf2rdf::{cdf2rdf, cdf2rdf_into, cdf2rdf_shape};
pub use functions::expm::{expm, expm_into, expm_shape};
pub use functions::expm_cond::{expm_cond, expm_cond_into, expm_cond_shape};
pub use functions::expm_frechet::{expm_frechet, expm_frechet_into, expm_frechet_shape};
pub use functions::fractional_matrix_power::{
    fractional_matrix_power, fractional_matrix_power_into, fractional_matrix_power_shape,
};
pub use functions::hessenberg::{hessenberg, hessenberg_into, hessenberg_shape};
pub use functions::logm::{logm, logm_into, logm_shape};
pub use functions::matrix_power::{
    inverse_power, inverse_power_into, matrix_power, matrix_power_into, matrix_power_shape,
};
pub use functions::schur::{
    Select, rsf2csf, rsf2csf_into, rsf2csf_shape, schur, schur_eigenvalues, schur_into, schur_shape,
};
pub use functions::signm::{signm, signm_into, signm_shape};
pub use functions::sqrtm::{sqrtm, sqrtm_into, sqrtm_shape};
pub use functions::trigonometric::{Trigonometric, trigm, trigm_into, trigm_shape};
pub use kernels::arithmetic::Arithmetic;
pub use lapack::wait_at_forks;
pub use least_squares::lstsq::{LeastSquares, lstsq, lstsq_into, lstsq_shape};
pub use least_squares::qr::{QrShape, qr, qr_into, qr_raw, qr_raw_into, qr_raw_shape, qr_shape};
pub use least_squares::r_factor::{qr_r, qr_r_into, qr_r_shape};
pub use norm::{Operand, norm, norm_into, norm_shape};
pub use products::cross::{cross, cross_into, cross_shape};
pub use products::einsum::{einsum, einsum_into, einsum_shape};
pub use products::matmul::{matmul, matmul_into, matmul_shape};
pub use products::matvec::{matvec, matvec_into, matvec_shape, vecmat, vecmat_into, vecmat_shape};
pub use products::multi_dot::{multi_dot, multi_dot_into, multi_dot_shape};
pub use products::outer::{outer, outer_into};
pub use products::tensordot::{tensordot, tensordot_into, tensordot_shape};
pub use products::trace::{
    diagonal, diagonal_into, diagonal_shape, trace, trace_into, trace_shape,
};
pub use products::vecdot::{vecdot, vecdot_into, vecdot_shape};
#[doc(hidden)]
pub use simd::isa::Level;
pub use solve::cho::{
    cho_factor, cho_factor_into, cho_factor_shape, cho_solve, cho_solve_into, cho_solve_shape,
};
pub use solve::cholesky::{cholesky, cholesky_into, cholesky_shape};
pub use solve::det::{Slogdet, det, det_into, det_shape, slogdet, slogdet_into};
pub use solve::general::{solve, solve_into, solve_shape};
pub use solve::inv::{inv, inv_into, inv_shape};
pub use solve::lu::{
    Lu, LuFactors, Permutation, lu, lu_factor, lu_factor_into, lu_factor_shape, lu_into, lu_shape,
    lu_solve, lu_solve_into, lu_solve_shape,
};
pub use solve::tensor_equations::{
    tensorinv, tensorinv_into, tensorinv_shape, tensorsolve, tensorsolve_into, tensorsolve_shape,
};
pub use solve::triangular::{
    Op, Triangular, solve_triangular, solve_triangular_into, solve_triangular_shape,
};
pub use spectral::cond::{cond, cond_into, cond_shape};
pub use spectral::eig::{eig, eig_into, eig_shape, eigvals, eigvals_into, eigvals_shape};
pub use spectral::eigh::{eigh, eigh_into, eigh_shape, eigvalsh, eigvalsh_into, eigvalsh_shape};
pub use spectral::pinv::{pinv, pinv_into, pinv_shape};
pub use spectral::rank::{Tolerance, matrix_rank, matrix_rank_into, matrix_rank_shape};
pub use spectral::svd::{
    SvdFactors, SvdVectors, svd, svd_into, svd_shape, svdvals, svdvals_into, svdvals_shape,
};

/// Forces a route, and the newest instructions that may be used, for the whole process:
/// for tests.
#[doc(hidden)]
pub fn force_route(route: Option<Route>, level: Level) {
    driver::plan::force_route(route);
    simd::isa::force_level(level);
}

/// The README's Rust, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// A program outside the crate reaches no routine of LAPACK, whatever it knows of the names.
/// This one does:
///
/// ```
/// fn reads_no_routine<T: scirs2_linalg::LinalgScalar>() {
///     let _ = T::ROUTINES;
/// }
/// ```
///
/// These do not compile:
///
/// ```compile_fail,E0616
/// fn reads_a_routine<T: scirs2_linalg::LinalgScalar>() {
///     let _ = T::ROUTINES.laswp;
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn calls_a_wrapper<T: scirs2_linalg::LinalgScalar>(a: &mut [T]) {
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
