//! Why a call can be refused, and what can go wrong in one.

use scirs2_core::DType;
use scirs2_core::pool::Interrupted;
use scirs2_core::shape::DisplayShape;

use super::order::Order;
use super::structure::Triangle;

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
    #[error("axes {first} and {second} are the same axis; name each once")]
    DuplicateAxes {
        /// The first as it was given.
        first: isize,
        /// The second as it was given.
        second: isize,
    },
    /// An order that vectors do not have.
    #[error("order {order} is not defined for vectors; give a number")]
    VectorOrder {
        /// The order.
        order: Order,
    },
    /// An order that matrices do not have.
    #[error("order {order} is not defined for matrices; use fro, nuc, 1, -1, 2, -2, inf or -inf")]
    MatrixOrder {
        /// The order.
        order: Order,
    },
    /// The whole of an array that is neither a vector nor a matrix.
    #[error(
        "order {order} over the whole array needs 1 or 2 dimensions, not {ndim}; give an axis \
         or two, or leave the order out"
    )]
    Dimensions {
        /// The order.
        order: Order,
        /// The dimensions that there are.
        ndim: usize,
    },
    /// The smallest of nothing.
    #[error(
        "order {order} takes the smallest of shape {}, which has nothing along the axis",
        DisplayShape(.shape)
    )]
    Empty {
        /// The order.
        order: Order,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A matrix without elements, which has no condition number.
    #[error(
        "shape {} holds matrices without elements, which have no condition number",
        DisplayShape(.shape)
    )]
    NoElements {
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// An output array of another shape than the result's.
    #[error("the output has shape {}, the result {}", DisplayShape(.got), DisplayShape(.expected))]
    OutputShape {
        /// The result's shape, without the reduced axes.
        expected: Vec<usize>,
        /// The output's shape.
        got: Vec<usize>,
    },
    /// No memory for a result, or for a copy of an operand.
    #[error("there is no memory for {count} elements of {itemsize} byte(s)")]
    Memory {
        /// How many elements.
        count: usize,
        /// Their size.
        itemsize: usize,
    },
    /// No memory for square matrices that the caller may not need.
    #[error("the {order} x {order} matrix takes {gigabytes:.0} GB, and {available:.0} GB are free")]
    SquareMemory {
        /// Rows of the matrix.
        order: usize,
        /// The memory they take, over the whole batch.
        gigabytes: f64,
        /// What there is.
        available: f64,
    },
    /// An argument with too few axes for the function.
    #[error(
        "argument {argument} has shape {}; it needs at least {least} dimension(s)",
        DisplayShape(.shape)
    )]
    TooFewAxes {
        /// The argument, counted from 1.
        argument: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// The least that it needs.
        least: usize,
    },
    /// A matrix that had to be square.
    #[error("the last two dimensions must be equal, got {rows} x {columns}")]
    NotSquare {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// Two arguments that do not fit together.
    #[error("shapes {} and {} do not fit: {must}", DisplayShape(.first), DisplayShape(.second))]
    Mismatch {
        /// The first one's shape.
        first: Vec<usize>,
        /// The second one's.
        second: Vec<usize>,
        /// What would fit.
        must: &'static str,
    },
    /// Cholesky factors in the other triangle than the one to be read.
    #[error(
        "the {read} triangle, which is to be read, is zero off the diagonal, and the {other} one is \
         not; if the factors are diagonal, set it to zero",
        read = .read.name(),
        other = .read.transposed().name(),
    )]
    OtherTriangle {
        /// The triangle that was to be read.
        read: Triangle,
    },
    /// A right-hand side of least squares that does not fit its matrix.
    #[error(
        "shape {} needs right-hand sides of as many rows, got {}; many vectors are the \
         columns of a matrix",
        DisplayShape(.matrix), DisplayShape(.right)
    )]
    RightSide {
        /// The shape of the matrices.
        matrix: Vec<usize>,
        /// That of the right-hand sides.
        right: Vec<usize>,
    },
    /// A tensor that makes no square matrix.
    #[error(
        "shape {} makes a {rows} x {columns} matrix, which must be square; the dimensions \
         before and after the split need the same product",
        DisplayShape(.shape)
    )]
    NotSquareTensor {
        /// The tensor's shape, its axes in the order of the matrix.
        shape: Vec<usize>,
        /// The product of the dimensions before the split.
        rows: usize,
        /// The product of those after it.
        columns: usize,
    },
    /// A split of axes that leaves none before it.
    #[error("ind must be at least 1, got {ind}")]
    Split {
        /// The axes before the split, as they were given.
        ind: isize,
    },
    /// An argument of another number of axes than the function works on.
    #[error("argument {argument} has shape {}; it must be {must}", DisplayShape(.shape))]
    Axes {
        /// The argument, counted from 1.
        argument: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// What would do.
        must: &'static str,
    },
    /// Fewer arguments than make sense.
    #[error("expected at least {least} arrays, got {count}")]
    TooFewArguments {
        /// How many there were.
        count: usize,
        /// The least that it needs.
        least: usize,
    },
    /// Subscripts that do not fit the arrays, or one another.
    #[error("subscripts {subscripts:?}: {reason}")]
    Subscripts {
        /// As they were given.
        subscripts: String,
        /// What is wrong with them.
        reason: String,
    },
    /// Batches that do not broadcast.
    #[error("the batches (leading dimensions) {} do not broadcast", listed(.batches))]
    Broadcast {
        /// Each argument's batch.
        batches: Vec<Vec<usize>>,
    },
    /// What went wrong with one matrix.
    #[error("{} {reason}", matrix(*.index))]
    Matrix {
        /// Its place in the batch, in C order; `None` for a single matrix.
        index: Option<usize>,
        /// What it was.
        reason: Reason,
    },
    /// LAPACK counts in 32 bits.
    #[error("a {rows} x {columns} matrix is too large for LAPACK, whose counts end at 2147483647")]
    TooLarge {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// Elements that are only stored.
    #[error("{0} is not computed with; convert the tensor first, for example to float32")]
    Dtype(DType),
    /// The call was asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The tensor could not be read.
    #[error(transparent)]
    Tensor(#[from] scirs2_interop::Error),
}

/// What an algorithm finds wrong with a matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No inverse exists.
    #[error(
        "is singular: pivot {pivot} (counted from 0) is exactly zero; lstsq or pinv give the \
         least-squares answer"
    )]
    Singular {
        /// The first pivot that is zero, counted from 0.
        pivot: usize,
    },
    /// Pivots that are of no LU factors.
    #[error(
        "has no row {row} for pivot {pivot} to exchange; pivots count from 0, as lu_factor \
         returns them, and PyTorch's from 1: subtract 1 from those"
    )]
    NoSuchRow {
        /// The pivot, counted from 0.
        pivot: usize,
        /// What it was.
        row: i64,
    },
    /// No Cholesky factor exists.
    #[error(
        "is not positive definite: its leading minor of order {minor} is not; eigvalsh shows \
         by how much, and lu also factors indefinite matrices"
    )]
    NotPositiveDefinite {
        /// The order of the first leading minor that is not positive definite.
        minor: usize,
    },
    /// No Cholesky factor exists of the other matrix of a generalized problem.
    #[error(
        "has a b that is not positive definite: its leading minor of order {minor} is not; \
         eigvalsh(b) shows by how much"
    )]
    RightNotPositiveDefinite {
        /// The order of the first leading minor that is not positive definite.
        minor: usize,
    },
    /// A NaN, for which there is no result.
    #[error("holds a NaN; remove it first")]
    NotANumber,
    /// A NaN or an infinity, for which there is no result.
    #[error("holds a NaN or an infinity; remove it first")]
    NotFinite,
    /// A NaN or an infinity on the other side of the equation.
    #[error("has a right-hand side with a NaN or an infinity; remove it first")]
    NotFiniteRightSide,
    /// An iteration that did not converge.
    #[error(
        "did not converge: LAPACK's {routine} gave up; scale the matrix, so that its \
         largest element is near one"
    )]
    NoConvergence {
        /// LAPACK's name for it.
        routine: &'static str,
    },
    /// A function that is not defined at the matrix.
    #[error("has no {function}: {why}")]
    Undefined {
        /// What it does not have.
        function: &'static str,
        /// Why, and what can be done.
        why: &'static str,
    },
    /// Not enough memory to work on the matrix; functions return
    /// [`Error::Memory`].
    #[error("needs memory for {count} elements of {itemsize} byte(s), which is not there")]
    Memory {
        /// How many elements.
        count: usize,
        /// Their size.
        itemsize: usize,
    },
}

impl Reason {
    /// The error of the function; the place of the matrix in the batch is `None` for a
    /// single matrix.
    pub(crate) fn of(self, index: Option<usize>) -> Error {
        match self {
            Reason::Memory { count, itemsize } => Error::Memory { count, itemsize },
            reason => Error::Matrix { index, reason },
        }
    }
}

fn listed(shapes: &[Vec<usize>]) -> String {
    let shapes: Vec<_> = shapes
        .iter()
        .map(|shape| DisplayShape(shape).to_string())
        .collect();
    shapes.join(" and ")
}

fn matrix(index: Option<usize>) -> String {
    index.map_or_else(
        || "the matrix".to_owned(),
        |index| format!("matrix {index} of the batch"),
    )
}
