//! Linear algebra: one file for each decomposition, `call` for what all of
//! their functions do before and after the work.

mod call;
pub(crate) mod cholesky;
pub(crate) mod eig;
pub(crate) mod eigh;
pub(crate) mod lstsq;
pub(crate) mod pinv;
pub(crate) mod qr;
pub(crate) mod rank;
pub(crate) mod svd;
mod tolerance;
