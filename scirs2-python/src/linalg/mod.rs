//! Linear algebra: one file for each decomposition, `call` for what all of
//! their functions do before and after the work.

mod call;
pub(crate) mod cho;
pub(crate) mod cholesky;
pub(crate) mod cond;
pub(crate) mod cross;
pub(crate) mod det;
pub(crate) mod eig;
pub(crate) mod eigh;
pub(crate) mod einsum;
pub(crate) mod inv;
pub(crate) mod lstsq;
pub(crate) mod lu;
pub(crate) mod matmul;
pub(crate) mod matrix_power;
pub(crate) mod multi_dot;
pub(crate) mod norms;
pub(crate) mod outer;
pub(crate) mod pinv;
pub(crate) mod qr;
pub(crate) mod rank;
pub(crate) mod solve;
pub(crate) mod svd;
pub(crate) mod tensor_equations;
pub(crate) mod tensordot;
mod tolerance;
pub(crate) mod triangular;
pub(crate) mod vecdot;
pub(crate) mod views;
