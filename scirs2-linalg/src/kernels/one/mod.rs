//! One small matrix, of any type of numbers: where calling LAPACK costs more than the
//! arithmetic. A matrix is a slice in C order; rows are what the compiler vectorises.
//!
//! | file | one concept |
//! |---|---|
//! | `bidiagonal` | singular values |
//! | `cholesky` | Cholesky factors |
//! | `elementary` | what the kernels of eigenvalues share |
//! | `eigen` | eigenvalues and eigenvectors of general matrices |
//! | `lu` | LU, and what is made of it |
//! | `householder` | QR |
//! | `symmetric` | eigenvalues and eigenvectors of symmetric matrices |

pub(crate) mod bidiagonal;
pub(crate) mod cholesky;
pub(crate) mod eigen;
mod elementary;
pub(crate) mod householder;
pub(crate) mod lu;
pub(crate) mod symmetric;
