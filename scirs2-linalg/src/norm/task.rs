//! Which reduction a norm is, over which axes: the rules of `numpy.linalg.norm`.

use crate::Error;
use crate::base::order::{Axes, Order};
use crate::driver::shape::axis_of;
use crate::kernels::reduce::Measure;

/// What is asked for, checked against a shape.
pub(crate) enum Task {
    /// One measure over the axes marked.
    Reduce { measure: Measure, axes: Marked },
    /// Sums of moduli along `summed`, then the largest or smallest of them.
    Sums {
        summed: usize,
        kept: usize,
        measure: Measure,
    },
    /// A function of the singular values.
    Spectral {
        rows: usize,
        columns: usize,
        of: Spectral,
    },
}

/// The axes that a norm removes.
#[derive(Clone, Copy)]
pub(crate) enum Marked {
    All,
    One(usize),
    Two(usize, usize),
}

impl Marked {
    pub(crate) fn contains(self, axis: usize) -> bool {
        match self {
            Marked::All => true,
            Marked::One(only) => axis == only,
            Marked::Two(first, second) => axis == first || axis == second,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Spectral {
    Largest,
    Smallest,
    Sum,
}

impl Task {
    pub(crate) fn new(shape: &[usize], order: Order, axes: Axes) -> Result<Task, Error> {
        let ndim = shape.len();
        let task = match axes {
            Axes::Vector(axis) => Task::vector(order, axis_of(axis, ndim)?)?,
            Axes::Matrix(first, second) => {
                let (rows, columns) = (axis_of(first, ndim)?, axis_of(second, ndim)?);
                if rows == columns {
                    return Err(Error::DuplicateAxes { first, second });
                }
                Task::matrix(order, rows, columns)?
            }
            Axes::All => match (order, ndim) {
                (Order::Default, _) => Task::Reduce {
                    measure: Measure::Square,
                    axes: Marked::All,
                },
                (_, 1) => Task::vector(order, 0)?,
                (_, 2) => Task::matrix(order, 0, 1)?,
                _ => return Err(Error::Dimensions { order, ndim }),
            },
        };
        if task.is_smallest_of_nothing(shape) {
            let shape = shape.to_vec();
            return Err(Error::Empty { order, shape });
        }
        Ok(task)
    }

    fn vector(order: Order, axis: usize) -> Result<Task, Error> {
        let measure = match order {
            Order::Default => Measure::Square,
            Order::P(p) => Measure::of_vector(p),
            Order::Fro | Order::Nuc => return Err(Error::VectorOrder { order }),
        };
        let axes = Marked::One(axis);
        Ok(Task::Reduce { measure, axes })
    }

    fn matrix(order: Order, rows: usize, columns: usize) -> Result<Task, Error> {
        let sums = |summed, kept, measure| Task::Sums {
            summed,
            kept,
            measure,
        };
        let spectral = |of| Task::Spectral { rows, columns, of };
        Ok(match order {
            Order::Default | Order::Fro => Task::Reduce {
                measure: Measure::Square,
                axes: Marked::Two(rows, columns),
            },
            Order::Nuc => spectral(Spectral::Sum),
            Order::P(2.0) => spectral(Spectral::Largest),
            Order::P(-2.0) => spectral(Spectral::Smallest),
            Order::P(1.0) => sums(rows, columns, Measure::Max),
            Order::P(-1.0) => sums(rows, columns, Measure::Min),
            Order::P(f64::INFINITY) => sums(columns, rows, Measure::Max),
            Order::P(f64::NEG_INFINITY) => sums(columns, rows, Measure::Min),
            Order::P(_) => return Err(Error::MatrixOrder { order }),
        })
    }

    /// Which axes of the input the result lacks.
    pub(crate) fn marked(&self) -> Marked {
        match *self {
            Task::Reduce { axes, .. } => axes,
            Task::Sums { summed, kept, .. } => Marked::Two(summed, kept),
            Task::Spectral { rows, columns, .. } => Marked::Two(rows, columns),
        }
    }

    fn is_smallest_of_nothing(&self, shape: &[usize]) -> bool {
        match *self {
            Task::Reduce {
                measure: Measure::Min,
                axes,
            } => (0..shape.len()).any(|axis| axes.contains(axis) && shape[axis] == 0),
            Task::Sums {
                measure: Measure::Min,
                kept,
                ..
            } => shape[kept] == 0,
            Task::Spectral {
                rows,
                columns,
                of: Spectral::Smallest,
            } => shape[rows] == 0 || shape[columns] == 0,
            _ => false,
        }
    }
}
