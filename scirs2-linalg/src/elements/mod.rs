//! What each element type brings to the operations.
//!
//! | file | one concept |
//! |---|---|
//! | `exact_f64` | products of integers by way of `f64` |
//! | `normed` | the elements that have norms |
//! | `numeric` | the elements that matrices are multiplied in |
//! | `scalar` | the scalars that matrices are decomposed in |

pub(crate) mod exact_f64;
pub(crate) mod normed;
pub(crate) mod numeric;
pub(crate) mod scalar;
