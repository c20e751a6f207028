//! Reductions: norms and sums.
//!
//! Every element is read as a magnitude in `f64`, in blocks that stay in cache, so there
//! is one set of loops for all element types.
//!
//! | file | one concept |
//! |---|---|
//! | `columns` | reduction across the inner axis |
//! | `loops` | the innermost loops |
//! | `measure` | which reduction, and its partial results |
//! | `rows` | reduction along the inner axis |
//! | `scratch` | memory that a worker reuses |
//! | `source` | memory of any type and stride, as `f64` |
//! | `walk` | the order in which axes are walked |

mod columns;
mod loops;
mod measure;
mod rows;
mod scratch;
mod source;
mod walk;

pub(crate) use columns::{Columns, columns};
pub(crate) use loops::Block;
pub(crate) use measure::{Measure, Partial};
pub(crate) use rows::rows;
pub(crate) use scratch::Scratch;
pub(crate) use source::{Elements, Read, Source};
pub(crate) use walk::{Axis, count, position};
