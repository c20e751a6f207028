//! The largest order that each kernel has memory for in registers or on the stack.

/// Elements of each factor and of the product.
pub(crate) const PRODUCT: usize = 64;
/// Cholesky factors of one matrix.
pub(crate) const CHOLESKY: usize = 16;
/// Elimination of one matrix, and of many in memory.
pub(crate) const LU: usize = 32;
pub(crate) const LU_OF_MANY: usize = 64;
/// Elimination of many matrices in registers.
pub(crate) const ELIMINATION: usize = 4;
/// QR of one matrix.
pub(crate) const REFLECTIONS: usize = 32;
