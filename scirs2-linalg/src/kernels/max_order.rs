//! The largest order that each kernel has memory for in registers or on the stack.

/// Elements of each factor and of the product.
pub(crate) const GEMM_ELEMENTS: usize = 64;
/// Cholesky factors of one matrix.
pub(crate) const CHOLESKY: usize = 16;
/// Elimination of one matrix, and of many in memory.
pub(crate) const LU: usize = 32;
pub(crate) const LU_BATCHED: usize = 64;
/// Elimination of many matrices in registers.
pub(crate) const REGISTER_LU: usize = 4;
/// QR of one matrix.
pub(crate) const HOUSEHOLDER: usize = 32;
/// Right-hand sides of elimination in registers.
pub(crate) const REGISTER_RHS: usize = 8;
