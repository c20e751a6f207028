//! The largest order for which each kernel is used: up to it the kernel is faster than
//! the library, and no less accurate.

/// Elements of each factor and of the product.
pub(crate) const PRODUCT: usize = 64;
/// Cholesky factors of one matrix, also by the kernel for many, and of many.
pub(crate) const CHOLESKY: usize = 16;
pub(crate) const CHOLESKY_ALONE: usize = 4;
pub(crate) const CHOLESKY_OF_MANY: usize = 64;
/// Eigenvalues and vectors of symmetric matrices, and singular values and vectors, by
/// rotations; those of symmetric matrices in double precision, which QL steps take then;
/// singular values without vectors; and all of them of one matrix alone.
pub(crate) const JACOBI: usize = 40;
pub(crate) const JACOBI_SYMMETRIC_DOUBLE: usize = 22;
pub(crate) const JACOBI_SINGULAR_VALUES: usize = 20;
pub(crate) const JACOBI_ALONE: usize = 4;
/// Eigenvalues and vectors of general real matrices; beyond it LAPACK has another
/// algorithm, and finds them in another order.
pub(crate) const EIGEN: usize = 75;
/// The same of symmetric ones, by QL steps; and in single precision, where LAPACK has
/// twice as many lanes.
pub(crate) const SYMMETRIC: usize = 96;
pub(crate) const SYMMETRIC_SINGLE: usize = 48;
/// Singular values without vectors, of the longer side, by the bidiagonal form.
pub(crate) const BIDIAGONAL: usize = 96;
/// Factors, solutions, inverses and determinants by elimination of one matrix, and of
/// many.
pub(crate) const LU: usize = 32;
pub(crate) const LU_OF_MANY: usize = 64;
/// Beyond it OpenBLAS groups its sums, and rounding makes other matrices
/// singular than in NumPy, in some 10 of 100 cases, with LAPACK in 2.
pub(crate) const SAME_BITS: usize = 5;
/// Elimination of many matrices side by side.
pub(crate) const ELIMINATION: usize = 4;
/// Unknowns of least squares, of one problem and of many.
pub(crate) const LEAST_SQUARES_ALONE: usize = 4;
pub(crate) const LEAST_SQUARES: usize = 48;
/// QR of one matrix, and of many.
pub(crate) const REFLECTIONS: usize = 32;
pub(crate) const REFLECTIONS_OF_MANY: usize = 64;
