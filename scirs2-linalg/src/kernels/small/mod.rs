//! One small matrix, of any scalar type, for orders where calling LAPACK costs more than
//! the arithmetic. A matrix is a slice in C order; the compiler vectorises along rows.
//!
//! | file | one concept |
//! |---|---|
//! | `accumulated_qr` | the triangle of a tall matrix |
//! | `bidiagonal` | singular values |
//! | `cholesky` | Cholesky factors |
//! | `elementary` | what the eigenvalue kernels share |
//! | `eigen` | eigenvalues and eigenvectors of general matrices |
//! | `lu` | LU, and operations that use it |
//! | `householder` | QR |
//! | `symmetric` | eigenvalues and eigenvectors of symmetric matrices |

pub(crate) mod accumulated_qr;
pub(crate) mod bidiagonal;
pub(crate) mod cholesky;
pub(crate) mod eigen;
mod elementary;
pub(crate) mod householder;
pub(crate) mod lu;
pub(crate) mod symmetric;
