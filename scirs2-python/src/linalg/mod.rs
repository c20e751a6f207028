//! Linear algebra: one file for each decomposition, `call` for what all of
//! their functions do before and after the work.

mod call;
pub(crate) mod cho;
pub(crate) mod cholesky;
pub(crate) mod det;
pub(crate) mod inv;
pub(crate) mod lu;
pub(crate) mod solve;
pub(crate) mod tensor_equations;
pub(crate) mod triangular;
