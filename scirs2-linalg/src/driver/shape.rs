//! What an operation requires of its arguments' shapes.

use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, IxDyn, RawData,
};
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::driver::batch::{Batch, Stack, StackMut, broadcast};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::check_size;

/// The batch of an array of matrices, and their rows and columns.
pub(crate) fn matrices(
    argument: usize,
    shape: &[usize],
) -> Result<(&[usize], usize, usize), Error> {
    let [batch @ .., rows, columns] = shape else {
        let shape = shape.to_vec();
        return Err(Error::TooFewAxes {
            argument,
            shape,
            least: 2,
        });
    };
    check_size(*rows, *columns)?;
    Ok((batch, *rows, *columns))
}

/// The batch of an array of square matrices, and their order.
pub(crate) fn square(argument: usize, shape: &[usize]) -> Result<(&[usize], usize), Error> {
    let (batch, rows, columns) = matrices(argument, shape)?;
    if rows == columns {
        Ok((batch, rows))
    } else {
        Err(Error::NotSquare { rows, columns })
    }
}

/// Square matrices, and right-hand sides for them.
pub(crate) struct System {
    /// What both batches broadcast to.
    pub(crate) batch: Vec<usize>,
    /// The order of the matrices.
    pub(crate) n: usize,
    /// The right-hand sides of one matrix; `None` if they are one vector.
    pub(crate) columns: Option<usize>,
}

/// Matrices and their right-hand sides.
pub(crate) type Pair<'a, T> = (&'a Stack<'a, T>, &'a Stack<'a, T>);

impl System {
    /// Treats `b` as a vector if it has one axis, else as a stack of
    /// matrices.
    pub(crate) fn new(a: &[usize], b: &[usize]) -> Result<Self, Error> {
        let (batch, n) = square(1, a)?;
        let (b_batch, rows, columns) = match *b {
            [] => {
                return Err(Error::TooFewAxes {
                    argument: 2,
                    shape: Vec::new(),
                    least: 1,
                });
            }
            [rows] => (&[][..], rows, None),
            _ => {
                let (batch, rows, columns) = matrices(2, b)?;
                (batch, rows, Some(columns))
            }
        };
        if rows != n {
            return Err(Error::Mismatch {
                first: a.to_vec(),
                second: b.to_vec(),
                must: "a right-hand side needs as many rows as the matrix; many vectors are the \
                       columns of a matrix",
            });
        }
        Ok(System {
            batch: broadcast(&[batch, b_batch])?,
            n,
            columns,
        })
    }

    /// The shape of the solutions.
    pub(crate) fn solutions(&self) -> Vec<usize> {
        let mut shape = self.batch.clone();
        shape.push(self.n);
        shape.extend(self.columns);
        shape
    }

    /// Works on every matrix and its right-hand sides, as [`Batch::each`] does.
    pub(crate) fn each<T: LinalgScalar, W: Send>(
        &self,
        (a, b, out): (ArrayViewD<'_, T>, ArrayViewD<'_, T>, ArrayViewMutD<'_, T>),
        flops: f64,
        workers: &Workers<'_>,
        workspace: impl Fn() -> Result<W, Error> + Sync,
        work: impl Fn(
            &mut W,
            usize,
            (ArrayView2<'_, T>, ArrayView2<'_, T>, ArrayViewMut2<'_, T>),
        ) -> Result<(), Reason>
        + Sync,
    ) -> Result<(), Error> {
        let together = None::<fn(&mut (), Range<usize>, Pair<'_, T>, &mut StackMut<'_, T>) -> _>;
        self.each_left((a, b, out), flops, workers, workspace, together, work)
    }

    /// [`each`](Self::each), but for what a kernel does of several together, as
    /// [`Batch::each_left`] has it.
    pub(crate) fn each_left<T: LinalgScalar, G: Default + Send, W: Send>(
        &self,
        (a, b, out): (ArrayViewD<'_, T>, ArrayViewD<'_, T>, ArrayViewMutD<'_, T>),
        flops: f64,
        workers: &Workers<'_>,
        workspace: impl Fn() -> Result<W, Error> + Sync,
        together: Option<
            impl Fn(&mut G, Range<usize>, Pair<'_, T>, &mut StackMut<'_, T>) -> Vec<usize> + Sync,
        >,
        work: impl Fn(
            &mut W,
            usize,
            (ArrayView2<'_, T>, ArrayView2<'_, T>, ArrayViewMut2<'_, T>),
        ) -> Result<(), Reason>
        + Sync,
    ) -> Result<(), Error> {
        output(&self.solutions(), &out)?;
        let vector = self.columns.is_none();
        let (b, out) = (columns(b, vector), columns(out, vector));
        let batch = Batch {
            shape: &self.batch,
            flops,
            workers,
        };
        let (matrices, sides) = (Stack::new(&a, batch.shape), Stack::new(&b, batch.shape));
        let pair = (&matrices, &sides);
        let together = together.map(|together| {
            move |gaps: &mut G, numbers: Range<usize>, out: &mut StackMut<'_, T>| {
                together(gaps, numbers, pair, out)
            }
        });
        batch.each_left(
            StackMut::new(out),
            workspace,
            together,
            |space, number, out| {
                let (a, b) = (matrices.get(number), sides.get(number));
                work(space, number, (a, b, out))
            },
        )
    }

    /// Floating-point operations of substitution with one triangle.
    pub(crate) fn substitution(&self) -> f64 {
        (self.n as f64).powi(2) * self.columns.unwrap_or(1) as f64
    }
}

/// A vector as the matrix of one column; a stack of matrices as it is.
pub(crate) fn columns<S: RawData>(b: ArrayBase<S, IxDyn>, vector: bool) -> ArrayBase<S, IxDyn> {
    if vector {
        let last = Axis(b.ndim());
        b.insert_axis(last)
    } else {
        b
    }
}

/// An error for an output whose shape is not the result's.
pub(crate) fn output<T>(expected: &[usize], out: &ArrayViewMutD<'_, T>) -> Result<(), Error> {
    // Not compared as slices: for few axes the call that compares memory takes longer.
    let mut both = out.shape().iter().zip(expected);
    if out.ndim() == expected.len() && both.all(|(out, expected)| out == expected) {
        Ok(())
    } else {
        Err(Error::OutputShape {
            expected: expected.to_vec(),
            got: out.shape().to_vec(),
        })
    }
}

/// The axis that a number denotes; a negative one counts from the end.
pub(crate) fn axis_of(axis: isize, ndim: usize) -> Result<usize, Error> {
    let from_end = if axis < 0 { ndim } else { 0 };
    from_end
        .checked_add_signed(axis)
        .filter(|&index| index < ndim)
        .ok_or(Error::AxisOutOfRange { axis, ndim })
}

/// The lengths of all axes but that one.
pub(crate) fn without(shape: &[usize], axis: usize) -> Vec<usize> {
    [&shape[..axis], &shape[axis + 1..]].concat()
}
