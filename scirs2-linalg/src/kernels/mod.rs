//! The loops over elements. They know nothing of LAPACK.
//!
//! | file | one concept |
//! |---|---|
//! | `arithmetic` | addition and multiplication of any element |
//! | `integers` | products of matrices of integers |
//! | `largest` | the largest order that each kernel has memory for |
//! | `many` | operations on many matrices at once |
//! | `one` | operations on one small matrix |
//! | `orthonormal` | whether vectors are orthonormal |
//! | `products` | products of small matrices |
//! | `reduce` | norms and sums |
//! | `scalar` | the scalars that all kernels take |
//! | `signs` | the signs of vectors that a decomposition leaves open |

pub(crate) mod arithmetic;
pub(crate) mod integers;
pub(crate) mod largest;
pub(crate) mod many;
pub(crate) mod one;
pub(crate) mod orthonormal;
pub(crate) mod products;
pub(crate) mod reduce;
pub(crate) mod scalar;
pub(crate) mod signs;
