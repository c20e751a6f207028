//! Diagonals and their sums.

use ndarray::{
    ArrayBase, ArrayD, ArrayView1, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data,
    Dimension, s,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::filled_array;
use crate::driver::batch::{Batch, BatchOutputs as _, MatrixBatch, MatrixBatchMut};
use crate::driver::chunks::par_copy;
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape;
use crate::elements::numeric::{par_sum, sum};
use crate::kernels::arithmetic::Arithmetic as _;
use crate::{Error, Numeric};

/// Copies a diagonal of each matrix, stored in the last two axes.
///
/// An `offset` of 0 is the main diagonal, a positive `offset` is above it, a negative one
/// below it; the diagonal may be empty. For a single matrix `ndarray`'s `diag` returns the
/// main diagonal as a view.
///
/// # Errors
/// [`Error::TooFewAxes`].
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2, 3], [4, 5, 6]];
/// assert_eq!(scirs2_linalg::diagonal(&a, 1)?, array![2, 6].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn diagonal<S, D>(a: &ArrayBase<S, D>, offset: isize) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = filled_array(&diagonal_shape(a.shape(), offset)?, S::Elem::ZERO)?;
    diagonal_into(a, offset, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`diagonal_into`] writes.
///
/// # Errors
/// The same as [`diagonal`].
pub fn diagonal_shape(a: &[usize], offset: isize) -> Result<Vec<usize>, Error> {
    let (batch, rows, columns) = shape::split_matrix_shape(1, a)?;
    let (below, right) = diagonal_start(offset);
    let len = rows
        .saturating_sub(below)
        .min(columns.saturating_sub(right));
    Ok([batch, &[len]].concat())
}

/// [`diagonal`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`diagonal`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn diagonal_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    offset: isize,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&diagonal_shape(a.shape(), offset)?, &out)?;
    let out = MatrixBatchMut::vectors(out);
    let long = |a: ArrayView2<'_, T>, mut out: ArrayViewMut2<'_, T>| {
        let out = out.column_mut(0).into_dyn();
        par_copy(diagonal_view(a, offset).into_dyn(), out, workers)
    };
    for_each_matrix(a, out, workers, long, |a, mut out| {
        out.column_mut(0).assign(&diagonal_view(a, offset));
    })
}

/// The sum of a diagonal of each matrix, stored in the last two axes.
///
/// `sum_i a[i, i + offset]`, which is zero for an empty diagonal; see [`diagonal`]. Integers
/// wrap around at the ends of their range.
///
/// # Errors
/// [`Error::TooFewAxes`].
///
/// # Accuracy
/// Summed pairwise: `(log2(n) + 127) eps sum |a_ii|` at most.
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(scirs2_linalg::trace(&a, 0)?[[]], 5.0);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn trace<S, D>(a: &ArrayBase<S, D>, offset: isize) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = filled_array(&trace_shape(a.shape())?, S::Elem::ZERO)?;
    trace_into(a, offset, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`trace_into`] writes: the batch.
///
/// # Errors
/// The same as [`trace`].
pub fn trace_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, _, _) = shape::split_matrix_shape(1, a)?;
    Ok(batch.to_vec())
}

/// [`trace`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`trace`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn trace_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    offset: isize,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&trace_shape(a.shape())?, &out)?;
    let out = MatrixBatchMut::scalars(out);
    let long = |a: ArrayView2<'_, T>, mut out: ArrayViewMut2<'_, T>| {
        out[[0, 0]] = par_sum(diagonal_view(a, offset), workers)?;
        Ok(())
    };
    for_each_matrix(a, out, workers, long, |a, mut out| {
        out[[0, 0]] = sum(diagonal_view(a, offset));
    })
}

/// Length above which one diagonal is split among the workers.
const LONG: usize = 1 << 20;

/// Calls `work` for each matrix, or `long` if the diagonals are long.
fn for_each_matrix<T: Numeric>(
    a: ArrayViewD<'_, T>,
    out: MatrixBatchMut<'_, T>,
    workers: &Workers<'_>,
    long: impl Fn(ArrayView2<'_, T>, ArrayViewMut2<'_, T>) -> Result<(), Error>,
    work: impl Fn(ArrayView2<'_, T>, ArrayViewMut2<'_, T>) + Sync,
) -> Result<(), Error> {
    let (batch, rows, columns) = shape::split_matrix_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: rows.min(columns) as f64,
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    if rows.min(columns) > LONG {
        let mut out = out;
        return (0..batch.count()).try_for_each(|index| long(matrices.get(index), out.next()));
    }
    batch.for_each(
        out,
        || Ok(()),
        |(), index, out| {
            work(matrices.get(index), out);
            Ok(())
        },
    )
}

/// The number of rows and columns before the first element.
fn diagonal_start(offset: isize) -> (usize, usize) {
    if offset < 0 {
        (offset.unsigned_abs(), 0)
    } else {
        (0, offset.unsigned_abs())
    }
}

/// One diagonal of one matrix.
fn diagonal_view<T>(a: ArrayView2<'_, T>, offset: isize) -> ArrayView1<'_, T> {
    let (below, right) = diagonal_start(offset);
    let (below, right) = (below.min(a.nrows()), right.min(a.ncols()));
    a.slice_move(s![below.., right..]).into_diag()
}

/// [`trace`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Trace {
    /// The offset above the main diagonal.
    pub offset: isize,
}

impl NumericOperation for Trace {
    const NAME: &'static str = "trace";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(trace_shape(shapes[0])?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        trace_into(
            work.operand::<T>(0)?,
            self.offset,
            out.into_view()?,
            work.workers,
        )
    }
}
