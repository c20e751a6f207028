//! Linear algebra: one file for each decomposition, `call` for what all of
//! their functions do before and after the work.

mod call;
pub(crate) mod cholesky;
