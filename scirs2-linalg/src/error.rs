//! What a call can be refused for, and what can go wrong in one.

use scirs2_core::DType;
use scirs2_core::pool::Interrupted;

use crate::norm::Order;

/// Why there is no result.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An axis that the array does not have.
    #[error("axis {axis} is out of range for an array of {ndim} dimension(s)")]
    AxisOutOfRange {
        /// The axis as it was given.
        axis: isize,
        /// The dimensions that there are.
        ndim: usize,
    },
    /// Two names for one axis.
    #[error("axes {first} and {second} are the same axis; a matrix needs two")]
    DuplicateAxes {
        /// The first as it was given.
        first: isize,
        /// The second as it was given.
        second: isize,
    },
    /// An order that vectors do not have.
    #[error("norm order {order} is not defined for vectors; give a number, or two axes")]
    VectorOrder {
        /// The order.
        order: Order,
    },
    /// An order that matrices do not have.
    #[error(
        "norm order {order} is not defined for matrices; use fro, nuc, 1, -1, 2, -2, inf or -inf, \
         or give one axis for the norm of vectors"
    )]
    MatrixOrder {
        /// The order.
        order: Order,
    },
    /// The whole of an array that is neither a vector nor a matrix.
    #[error(
        "norm order {order} over the whole array needs 1 or 2 dimensions, not {ndim}; give an axis \
         or two, or leave the order out"
    )]
    Dimensions {
        /// The order.
        order: Order,
        /// The dimensions that there are.
        ndim: usize,
    },
    /// The smallest of nothing.
    #[error("norm order {order} takes the smallest of {shape:?}, which has nothing along the axis")]
    Empty {
        /// The order.
        order: Order,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// An output array of another shape than the result's.
    #[error("the output has shape {got:?}, the result {expected:?}")]
    OutputShape {
        /// The result's shape, without the reduced axes.
        expected: Vec<usize>,
        /// The output's shape.
        got: Vec<usize>,
    },
    /// No memory for a result of that size.
    #[error("cannot allocate {count} elements of {itemsize} byte(s) for the result")]
    Memory {
        /// How many elements.
        count: usize,
        /// Their size.
        itemsize: usize,
    },
    /// A matrix whose singular values do not exist.
    #[error("{} holds a NaN, so it has no singular values; remove it first", matrix(*.index))]
    NotANumber {
        /// Its place in the batch, in C order; `None` for a single matrix.
        index: Option<usize>,
    },
    /// LAPACK gave up.
    #[error("the singular values of {} did not converge", matrix(*.index))]
    NoConvergence {
        /// Its place in the batch, in C order; `None` for a single matrix.
        index: Option<usize>,
    },
    /// LAPACK counts in 32 bits.
    #[error("a {rows} x {columns} matrix is too large for LAPACK, whose sizes end at 2147483647")]
    TooLarge {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// Elements that are only stored.
    #[error("norms of {0} are not computed; convert the tensor first, for example to float32")]
    Dtype(DType),
    /// The call was asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The tensor could not be read.
    #[error(transparent)]
    Tensor(#[from] scirs2_interop::Error),
}

fn matrix(index: Option<usize>) -> String {
    index.map_or_else(
        || "the matrix".to_owned(),
        |index| format!("matrix {index} of the batch"),
    )
}
