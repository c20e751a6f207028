//! The loops over elements.
//!
//! For a norm every element is read as a magnitude in `f64`, in blocks that stay in
//! cache, so there is one set of loops for all element types.
//!
//! | file | one concept |
//! |---|---|
//! | `isa` | one loop for each instruction set |
//! | `source` | memory of any type and stride, as `f64` |
//! | `loops` | the innermost loops |
//! | `measure` | which reduction, and its partial results |
//! | `walk` | the order in which axes are walked |
//! | `rows` | reduction along the inner axis |
//! | `columns` | reduction across it |
//! | `route` | which of the kernels below a test forces |
//! | `largest` | up to which order each of the kernels below is used |
//! | `one` | operations on one small matrix |
//! | `many` | operations on many at once |
//! | `orthonormal` | whether vectors are orthonormal |
//! | `signs` | the signs of vectors that a decomposition leaves open |
//! | `products` | products of small matrices |
//! | `integers` | products of matrices of integers |

mod columns;
pub(crate) mod integers;
pub(crate) mod isa;
pub(crate) mod largest;
mod loops;
pub(crate) mod many;
mod measure;
pub(crate) mod one;
pub(crate) mod orthonormal;
pub(crate) mod products;
pub(crate) mod route;
mod rows;
pub(crate) mod signs;
mod source;
mod walk;

use num_traits::NumCast;
use scirs2_core::Real;

pub(crate) use columns::{Columns, columns};
pub(crate) use isa::instruction_set;
pub(crate) use loops::Block;
pub(crate) use measure::{Measure, Partial};
pub(crate) use rows::rows;
pub(crate) use source::{Elements, Read, Source};
pub(crate) use walk::{Axis, count, position};

/// The nearest number to `x` in that precision.
#[inline(always)]
pub(crate) fn rounded<R: Real>(x: f64) -> R {
    <R as NumCast>::from(x).expect("a float takes any float")
}

/// The largest power of two that does not exceed `x`, which is normal and positive. Division
/// by it changes no digit.
#[inline(always)]
pub(crate) fn power_of_two(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & f64::INFINITY.to_bits())
}

/// Memory that a worker reuses from piece to piece.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Elements read as `f64`.
    packed: Vec<f64>,
    /// The same, raised or scaled.
    raised: Vec<f64>,
    /// The accumulators of columns.
    lanes: Vec<f64>,
    /// The partial results of the columns.
    totals: columns::Totals,
}
