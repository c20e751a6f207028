//! Eigenvalues, singular values, and what follows from them.
//!
//! | file | one concept |
//! |---|---|
//! | `bidiagonal` | singular values of one small matrix |
//! | `cond` | condition numbers |
//! | `double` | single precision, decomposed in double |
//! | `eig` | eigenvalues and eigenvectors of general matrices |
//! | `eigh` | eigenvalues and eigenvectors of Hermitian matrices |
//! | `pinv` | pseudo-inverses |
//! | `rank` | the number of singular values that are not zero |
//! | `svd` | singular values and vectors |

pub(crate) mod bidiagonal;
pub(crate) mod cond;
pub(crate) mod double;
pub(crate) mod eig;
pub(crate) mod eigh;
pub(crate) mod pinv;
pub(crate) mod rank;
pub(crate) mod svd;
