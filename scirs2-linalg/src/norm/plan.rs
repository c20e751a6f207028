//! Which reduction a norm is, over which axes: the rules of `numpy.linalg.norm`.

use crate::Error;
use crate::base::order::{Axes, Order};
use crate::driver::shape::normalize_axis;
use crate::kernels::reduce::Reduction;

/// A norm, with its axes checked against a shape.
pub(crate) enum NormPlan {
    /// One reduction over these axes.
    Reduce {
        reduction: Reduction,
        axes: ReducedAxes,
    },
    /// Sums of moduli along `summed`, then the largest or smallest of them.
    Sums {
        summed: usize,
        kept: usize,
        reduction: Reduction,
    },
    /// A function of the singular values.
    Spectral {
        rows: usize,
        columns: usize,
        of: Spectral,
    },
}

/// The axes that a norm reduces.
#[derive(Clone, Copy)]
pub(crate) enum ReducedAxes {
    All,
    One(usize),
    Two(usize, usize),
}

impl ReducedAxes {
    pub(crate) fn contains(self, axis: usize) -> bool {
        match self {
            ReducedAxes::All => true,
            ReducedAxes::One(only) => axis == only,
            ReducedAxes::Two(first, second) => axis == first || axis == second,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Spectral {
    Largest,
    Smallest,
    Sum,
}

impl NormPlan {
    pub(crate) fn new(shape: &[usize], order: Order, axes: Axes) -> Result<NormPlan, Error> {
        let ndim = shape.len();
        let plan = match axes {
            Axes::Vector(axis) => NormPlan::vector(order, normalize_axis(axis, ndim)?)?,
            Axes::Matrix(first, second) => {
                let (rows, columns) = (normalize_axis(first, ndim)?, normalize_axis(second, ndim)?);
                if rows == columns {
                    return Err(Error::DuplicateAxes { first, second });
                }
                NormPlan::matrix(order, rows, columns)?
            }
            Axes::All => match (order, ndim) {
                (Order::Default, _) => NormPlan::Reduce {
                    reduction: Reduction::SumOfSquares,
                    axes: ReducedAxes::All,
                },
                (_, 1) => NormPlan::vector(order, 0)?,
                (_, 2) => NormPlan::matrix(order, 0, 1)?,
                _ => return Err(Error::Dimensions { order, ndim }),
            },
        };
        if plan.is_min_of_empty(shape) {
            let shape = shape.to_vec();
            return Err(Error::Empty { order, shape });
        }
        Ok(plan)
    }

    fn vector(order: Order, axis: usize) -> Result<NormPlan, Error> {
        let reduction = match order {
            Order::Default => Reduction::SumOfSquares,
            Order::P(p) => Reduction::of_vector(p),
            Order::Fro | Order::Nuc => return Err(Error::VectorOrder { order }),
        };
        let axes = ReducedAxes::One(axis);
        Ok(NormPlan::Reduce { reduction, axes })
    }

    fn matrix(order: Order, rows: usize, columns: usize) -> Result<NormPlan, Error> {
        let sums = |summed, kept, reduction| NormPlan::Sums {
            summed,
            kept,
            reduction,
        };
        let spectral = |of| NormPlan::Spectral { rows, columns, of };
        Ok(match order {
            Order::Default | Order::Fro => NormPlan::Reduce {
                reduction: Reduction::SumOfSquares,
                axes: ReducedAxes::Two(rows, columns),
            },
            Order::Nuc => spectral(Spectral::Sum),
            Order::P(2.0) => spectral(Spectral::Largest),
            Order::P(-2.0) => spectral(Spectral::Smallest),
            Order::P(1.0) => sums(rows, columns, Reduction::Max),
            Order::P(-1.0) => sums(rows, columns, Reduction::Min),
            Order::P(f64::INFINITY) => sums(columns, rows, Reduction::Max),
            Order::P(f64::NEG_INFINITY) => sums(columns, rows, Reduction::Min),
            Order::P(_) => return Err(Error::MatrixOrder { order }),
        })
    }

    /// The axes that are reduced.
    pub(crate) fn reduced_axes(&self) -> ReducedAxes {
        match *self {
            NormPlan::Reduce { axes, .. } => axes,
            NormPlan::Sums { summed, kept, .. } => ReducedAxes::Two(summed, kept),
            NormPlan::Spectral { rows, columns, .. } => ReducedAxes::Two(rows, columns),
        }
    }

    fn is_min_of_empty(&self, shape: &[usize]) -> bool {
        match *self {
            NormPlan::Reduce {
                reduction: Reduction::Min,
                axes,
            } => (0..shape.len()).any(|axis| axes.contains(axis) && shape[axis] == 0),
            NormPlan::Sums {
                reduction: Reduction::Min,
                kept,
                ..
            } => shape[kept] == 0,
            NormPlan::Spectral {
                rows,
                columns,
                of: Spectral::Smallest,
            } => shape[rows] == 0 || shape[columns] == 0,
            _ => false,
        }
    }
}
