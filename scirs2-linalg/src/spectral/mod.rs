//! Eigenvalues, singular values, and what follows from them.
//!
//! | file | one concept |
//! |---|---|
//! | `balance` | matrices balanced before their eigenvalues are computed |
//! | `bidiagonal` | singular values of one small matrix |
//! | `cond` | condition numbers |
//! | `definite_pencil` | generalized eigenvalues of Hermitian matrices |
//! | `double` | single precision, decomposed in double |
//! | `eig` | eigenvalues and eigenvectors of general matrices |
//! | `eigh` | eigenvalues and eigenvectors of Hermitian matrices |
//! | `eigh_subset` | some eigenvalues and eigenvectors of Hermitian matrices |
//! | `pencil` | generalized eigenvalues of general matrices, and left eigenvectors |
//! | `pinv` | pseudo-inverses |
//! | `polar` | polar factors, and rotations between sets of points |
//! | `rank` | the number of singular values that are not zero |
//! | `subspaces` | bases of the range and the null space, and angles between ranges |
//! | `svd` | singular values and vectors |

pub(crate) mod balance;
pub(crate) mod bidiagonal;
pub(crate) mod cond;
pub(crate) mod definite_pencil;
pub(crate) mod double;
pub(crate) mod eig;
pub(crate) mod eigh;
pub(crate) mod eigh_subset;
pub(crate) mod pencil;
pub(crate) mod pinv;
pub(crate) mod polar;
pub(crate) mod rank;
pub(crate) mod subspaces;
pub(crate) mod svd;
