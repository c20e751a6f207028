//! Reductions: norms and sums.
//!
//! Every element is read as a magnitude in `f64`, in blocks that stay in cache, so there
//! is one set of loops for all element types.
//!
//! | file | one concept |
//! |---|---|
//! | `columns` | reduction across the inner axis |
//! | `loops` | the innermost loops |
//! | `reduction` | which reduction, and its partial results |
//! | `rows` | reduction along the inner axis |
//! | `scratch` | memory that a worker reuses |
//! | `source` | memory of any type and stride, as `f64` |
//! | `axes` | the order in which axes are traversed |

mod axes;
mod columns;
mod loops;
mod reduction;
mod rows;
mod scratch;
mod source;

pub(crate) use axes::{Axis, count, position};
pub(crate) use columns::{ColumnBand, columns};
pub(crate) use loops::Block;
pub(crate) use reduction::{Partial, Reduction};
pub(crate) use rows::rows;
pub(crate) use scratch::Scratch;
pub(crate) use source::{Elements, ReadAsF64, Source};
