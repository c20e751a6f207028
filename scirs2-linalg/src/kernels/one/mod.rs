//! One small matrix, of any type of numbers: where calling LAPACK costs more than the
//! arithmetic. A matrix is a slice in C order; rows are what the compiler vectorises.
//!
//! | file | one concept |
//! |---|---|
//! | `cholesky` | Cholesky factors |
//! | `eigen` | eigenvalues and eigenvectors of general matrices |
//! | `lu` | LU, and what is made of it |
//! | `householder` | QR |
//! | `symmetric` | eigenvalues and eigenvectors of symmetric matrices |

pub(crate) mod cholesky;
pub(crate) mod eigen;
pub(crate) mod householder;
pub(crate) mod lu;
pub(crate) mod symmetric;

/// Between these bounds LAPACK does not scale a matrix before it looks for eigenvalues,
/// and squares are normal.
const LEAST: f64 = 1e-138;
const MOST: f64 = 1e138;
