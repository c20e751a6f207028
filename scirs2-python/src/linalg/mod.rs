//! Linear algebra: one file for each decomposition, `call` for what all of
//! their functions do before and after the work.

mod call;
pub(crate) mod cho;
pub(crate) mod cholesky;
pub(crate) mod cross;
pub(crate) mod det;
pub(crate) mod einsum;
pub(crate) mod inv;
pub(crate) mod lu;
pub(crate) mod matmul;
pub(crate) mod matrix_power;
pub(crate) mod multi_dot;
pub(crate) mod norms;
pub(crate) mod outer;
pub(crate) mod solve;
pub(crate) mod tensor_equations;
pub(crate) mod tensordot;
pub(crate) mod triangular;
pub(crate) mod vecdot;
pub(crate) mod views;
