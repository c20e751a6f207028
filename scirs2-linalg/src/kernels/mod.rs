//! The loops over elements. They know nothing of LAPACK.
//!
//! | file | one concept |
//! |---|---|
//! | `arithmetic` | addition and multiplication of any element |
//! | `gemm_int` | products of matrices of integers |
//! | `max_order` | the largest order that each kernel has memory for |
//! | `batched` | operations on batches of small matrices, interleaved |
//! | `small` | operations on one small matrix |
//! | `orthonormal` | whether vectors are orthonormal |
//! | `gemm_small` | products of small matrices |
//! | `reduce` | norms and sums |
//! | `scalar` | the scalars that all kernels take |
//! | `signs` | the signs of vectors, which a decomposition does not determine |

pub(crate) mod arithmetic;
pub(crate) mod batched;
pub(crate) mod gemm_int;
pub(crate) mod gemm_small;
pub(crate) mod max_order;
pub(crate) mod orthonormal;
pub(crate) mod reduce;
pub(crate) mod scalar;
pub(crate) mod signs;
pub(crate) mod small;
