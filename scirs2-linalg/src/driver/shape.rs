//! What an operation requires of its arguments' shapes.

use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, IxDyn, RawData,
};
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::check_size;

/// The batch of an array, and the lengths of the `N` axes after it.
pub(crate) fn split_shape<const N: usize>(
    argument: usize,
    shape: &[usize],
) -> Result<(&[usize], [usize; N]), Error> {
    match shape.split_last_chunk() {
        Some((batch, core)) => Ok((batch, *core)),
        None => Err(Error::TooFewAxes {
            argument,
            shape: shape.to_vec(),
            least: N,
        }),
    }
}

/// The batch of an array of matrices for LAPACK, and their rows and columns.
pub(crate) fn split_matrix_shape(
    argument: usize,
    shape: &[usize],
) -> Result<(&[usize], usize, usize), Error> {
    let (batch, [rows, columns]) = split_shape(argument, shape)?;
    check_size(rows, columns)?;
    Ok((batch, rows, columns))
}

/// The batch of an array of square matrices, and their order.
pub(crate) fn split_square_shape(
    argument: usize,
    shape: &[usize],
) -> Result<(&[usize], usize), Error> {
    let (batch, rows, columns) = split_matrix_shape(argument, shape)?;
    if rows == columns {
        Ok((batch, rows))
    } else {
        Err(Error::NotSquare { rows, columns })
    }
}

/// Square matrices, and right-hand sides for them.
pub(crate) struct LinearSystem {
    /// What both batches broadcast to.
    pub(crate) batch: Vec<usize>,
    /// The order of the matrices.
    pub(crate) n: usize,
    /// The right-hand sides of one matrix; `None` if they are one vector.
    pub(crate) nrhs: Option<usize>,
}

/// Matrices and their right-hand sides.
pub(crate) type SystemOperands<'a, T> = (&'a MatrixBatch<'a, T>, &'a MatrixBatch<'a, T>);

impl LinearSystem {
    /// Treats `b` as a vector if it has one axis, else as a stack of
    /// matrices.
    pub(crate) fn new(a: &[usize], b: &[usize]) -> Result<Self, Error> {
        let (batch, n) = split_square_shape(1, a)?;
        let (b_batch, rows, nrhs) = match *b {
            [] => {
                return Err(Error::TooFewAxes {
                    argument: 2,
                    shape: Vec::new(),
                    least: 1,
                });
            }
            [rows] => (&[][..], rows, None),
            _ => {
                let (batch, rows, columns) = split_matrix_shape(2, b)?;
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
        Ok(LinearSystem {
            batch: broadcast(&[batch, b_batch])?,
            n,
            nrhs,
        })
    }

    /// The shape of the solutions.
    pub(crate) fn solution_shape(&self) -> Vec<usize> {
        let mut shape = self.batch.clone();
        shape.push(self.n);
        shape.extend(self.nrhs);
        shape
    }

    /// Calls `batched` for each chunk of matrices and their right-hand sides, and `work` for
    /// those that it did not handle, as [`Batch::for_each_with_batched_kernel`] does.
    pub(crate) fn for_each<T: LinalgScalar, G: Default + Send, W: Send>(
        &self,
        (a, b, out): (ArrayViewD<'_, T>, ArrayViewD<'_, T>, ArrayViewMutD<'_, T>),
        flops: f64,
        workers: &Workers<'_>,
        make_workspace: impl Fn() -> Result<W, Error> + Sync,
        batched: Option<
            impl Fn(
                &mut G,
                Range<usize>,
                SystemOperands<'_, T>,
                &mut MatrixBatchMut<'_, T>,
            ) -> Vec<usize>
            + Sync,
        >,
        work: impl Fn(
            &mut W,
            usize,
            (ArrayView2<'_, T>, ArrayView2<'_, T>, ArrayViewMut2<'_, T>),
        ) -> Result<(), Reason>
        + Sync,
    ) -> Result<(), Error> {
        check_output(&self.solution_shape(), &out)?;
        let vector = self.nrhs.is_none();
        let (b, out) = (as_columns(b, vector), as_columns(out, vector));
        let batch = Batch {
            shape: &self.batch,
            flops,
            workers,
        };
        let (matrices, rhs) = (
            MatrixBatch::new(&a, batch.shape),
            MatrixBatch::new(&b, batch.shape),
        );
        let pair = (&matrices, &rhs);
        let batched = batched.map(|batched| {
            move |scratch: &mut G, indices: Range<usize>, out: &mut MatrixBatchMut<'_, T>| {
                batched(scratch, indices, pair, out)
            }
        });
        batch.for_each_with_batched_kernel(
            MatrixBatchMut::new(out),
            make_workspace,
            batched,
            |workspace, index, out| {
                let (a, b) = (matrices.get(index), rhs.get(index));
                work(workspace, index, (a, b, out))
            },
        )
    }

    /// Floating-point operations of substitution with one triangle.
    pub(crate) fn substitution_flops(&self) -> f64 {
        (self.n as f64).powi(2) * self.nrhs.unwrap_or(1) as f64
    }
}

/// A vector as the matrix of one column; a stack of matrices as it is.
pub(crate) fn as_columns<S: RawData>(b: ArrayBase<S, IxDyn>, vector: bool) -> ArrayBase<S, IxDyn> {
    if vector {
        let last = Axis(b.ndim());
        b.insert_axis(last)
    } else {
        b
    }
}

/// An error for an output whose shape is not the result's.
pub(crate) fn check_output<T>(expected: &[usize], out: &ArrayViewMutD<'_, T>) -> Result<(), Error> {
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

/// The axis as an index from 0; a negative axis counts from the end.
pub(crate) fn normalize_axis(axis: isize, ndim: usize) -> Result<usize, Error> {
    let from_end = if axis < 0 { ndim } else { 0 };
    from_end
        .checked_add_signed(axis)
        .filter(|&index| index < ndim)
        .ok_or(Error::AxisOutOfRange { axis, ndim })
}

/// The shape without that axis.
pub(crate) fn without_axis(shape: &[usize], axis: usize) -> Vec<usize> {
    [&shape[..axis], &shape[axis + 1..]].concat()
}
