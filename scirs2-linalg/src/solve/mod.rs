//! Systems of linear equations, and the factors to solve them with.
//!
//! | file | one concept |
//! |---|---|
//! | `assumed` | systems with matrices of a known structure |
//! | `banded` | LU factors of bands |
//! | `cho` | Cholesky factors to solve systems with |
//! | `cholesky` | factors of positive definite matrices |
//! | `condition` | how well conditioned a factored matrix is |
//! | `det` | determinants |
//! | `general` | systems with general matrices |
//! | `inv` | inverses |
//! | `lu` | LU factors, and systems with them |
//! | `lu_factors` | LU factors in memory that is used again |
//! | `structure` | which structure a matrix has |
//! | `symmetric` | factors of symmetric and Hermitian matrices |
//! | `tensor_equations` | equations between tensors |
//! | `triangular` | systems with triangular matrices |

pub(crate) mod assumed;
pub(crate) mod banded;
pub(crate) mod cho;
pub(crate) mod cholesky;
pub(crate) mod condition;
pub(crate) mod det;
pub(crate) mod general;
pub(crate) mod inv;
pub(crate) mod lu;
pub(crate) mod lu_factors;
pub(crate) mod structure;
pub(crate) mod symmetric;
pub(crate) mod tensor_equations;
pub(crate) mod triangular;
