//! Inner products of vectors.

use ndarray::{
    ArrayBase, ArrayD, ArrayView1, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension, Ix1, s,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::error::Reason;
use crate::base::memory::filled_array;
use crate::driver::batch::{Batch, BatchOutputs as _, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::chunks::new_filled;
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape::{self, normalize_axis, without_axis};
use crate::kernels::arithmetic::Arithmetic as _;
use crate::{Error, Numeric};

/// Elements that are summed by one BLAS call: the sums of such runs are added pairwise,
/// whatever thread computed them.
const RUN_LEN: usize = 1 << 16;

/// Length above which one inner product is split among the workers.
const MIN_PARALLEL_LEN: usize = 1 << 22;

/// Inner products of vectors.
///
/// `sum_i conj(x_i) y_i` along `axis` of both, which counts from the end if
/// it is negative; the other axes broadcast, and are those of the result.
///
/// Integers are exact except for wrapping around at the ends of their range; for
/// booleans the result is whether any pair is true.
///
/// # Errors
/// [`Error::AxisOutOfRange`], [`Error::Mismatch`] for vectors of different
/// lengths, and [`Error::Broadcast`] for other axes that do not fit.
///
/// # Accuracy
/// `gamma_n sum |x_i| |y_i|` at most, with `gamma_n = n eps / (1 - n eps)` (BLAS
/// `dot`), and the same bits for any number of threads.
///
/// ```
/// use ndarray::array;
///
/// let x = array![[3.0, 4.0], [1.0, 0.0]];
/// assert_eq!(scirs2_linalg::vecdot(&x, &x, -1)?, array![25.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn vecdot<S, D, S2, D2>(
    x: &ArrayBase<S, D>,
    y: &ArrayBase<S2, D2>,
    axis: isize,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    S2: Data<Elem = S::Elem>,
    D: Dimension,
    D2: Dimension,
{
    let (x, y) = (x.view().into_dyn(), y.view().into_dyn());
    let mut out = filled_array(&vecdot_shape(x.shape(), y.shape(), axis)?, S::Elem::ZERO)?;
    vecdot_into(x, y, axis, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`vecdot_into`] writes.
///
/// # Errors
/// The errors of [`vecdot`] that depend on the shapes.
pub fn vecdot_shape(x: &[usize], y: &[usize], axis: isize) -> Result<Vec<usize>, Error> {
    let (axis_x, axis_y) = (
        normalize_axis(axis, x.len())?,
        normalize_axis(axis, y.len())?,
    );
    let (len_x, len_y) = (x[axis_x], y[axis_y]);
    if len_x != len_y {
        return Err(Error::Mismatch {
            first: x.to_vec(),
            second: y.to_vec(),
            must: "the vectors must have the same length",
        });
    }
    if let ([_], [_]) = (x, y) {
        return Ok(Vec::new());
    }
    broadcast(&[&without_axis(x, axis_x), &without_axis(y, axis_y)])
}

/// [`vecdot`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`vecdot`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn vecdot_into<T: Numeric>(
    x: ArrayViewD<'_, T>,
    y: ArrayViewD<'_, T>,
    axis: isize,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    dot_products(x, y, axis, true, out, workers)
}

/// [`vecdot_into`], of the conjugates or not.
pub(crate) fn dot_products<T: Numeric>(
    x: ArrayViewD<'_, T>,
    y: ArrayViewD<'_, T>,
    axis: isize,
    conjugate: bool,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shape = vecdot_shape(x.shape(), y.shape(), axis)?;
    shape::check_output(&shape, &out)?;
    if let (1, 1) = (x.ndim(), y.ndim()) {
        return dot_1d(x, y, conjugate, out, workers);
    }
    // A vector is a matrix of one row, a sum one of one element.
    let rows = |x| -> Result<_, Error> { Ok(last(x, axis)?.1) };
    let (len, x) = last(x, axis)?;
    let y = rows(y)?;
    let out = MatrixBatchMut::scalars(out);
    let (x, y) = (MatrixBatch::new(&x, &shape), MatrixBatch::new(&y, &shape));
    let pair = |index: usize| (x.get(index), y.get(index));
    let count: usize = shape.iter().product();
    if len > MIN_PARALLEL_LEN || (count < workers.threads() && len > RUN_LEN) {
        let mut out = out;
        for index in 0..count {
            let (x, y) = pair(index);
            out.next()[[0, 0]] = par_dot(x.row(0), y.row(0), conjugate, workers)?;
        }
        return Ok(());
    }
    let batch = Batch {
        shape: &shape,
        flops: 2.0 * len as f64,
        workers,
    };
    batch.for_each(
        out,
        || Ok(()),
        |(), index, mut out| {
            let (x, y) = pair(index);
            out[[0, 0]] = dot_runs(x.row(0), y.row(0), conjugate)?;
            Ok(())
        },
    )
}

/// The array with its vectors as matrices of one row, and their length.
fn last<T>(x: ArrayViewD<'_, T>, axis: isize) -> Result<(usize, ArrayViewD<'_, T>), Error> {
    let axis = normalize_axis(axis, x.ndim())?;
    let mut order: Vec<usize> = (0..x.ndim()).filter(|&other| other != axis).collect();
    order.push(axis);
    let x = x.permuted_axes(order);
    let before = Axis(x.ndim() - 1);
    Ok((x.len_of(before), x.insert_axis(before)))
}

/// One pair of vectors.
fn dot_1d<T: Numeric>(
    x: ArrayViewD<'_, T>,
    y: ArrayViewD<'_, T>,
    conjugate: bool,
    mut out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (x, y) = (
        x.into_dimensionality::<Ix1>(),
        y.into_dimensionality::<Ix1>(),
    );
    let (x, y) = (x.expect("one axis"), y.expect("one axis"));
    let product = if x.len() > MIN_PARALLEL_LEN || (workers.threads() > 1 && x.len() > RUN_LEN) {
        par_dot(x, y, conjugate, workers)?
    } else {
        dot_runs(x, y, conjugate).map_err(|reason| reason.of(None))?
    };
    out.fill(product);
    Ok(())
}

/// The sum for a pair whose runs the workers share.
fn par_dot<T: Numeric>(
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    conjugate: bool,
    workers: &Workers<'_>,
) -> Result<T, Error> {
    let runs = x.len().div_ceil(RUN_LEN);
    let mut sums = new_filled(&[runs], T::ZERO, workers)?;
    let places = sums.as_slice_mut().expect("in C order").iter_mut();
    workers.for_each(places.enumerate(), |(run, sum)| {
        *sum = dot_run(run, x, y, conjugate).map_err(|reason| reason.of(None))?;
        Ok::<(), Error>(())
    })?;
    pairwise(0, runs, &|run| Ok(sums[run]))
}

/// The sum for a pair, of its runs if there are several.
fn dot_runs<T: Numeric>(
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    conjugate: bool,
) -> Result<T, Reason> {
    match x.len().div_ceil(RUN_LEN) {
        0 | 1 => T::dot(x, y, conjugate),
        runs => pairwise(0, runs, &|run| dot_run(run, x, y, conjugate)),
    }
}

/// The sum of one run.
fn dot_run<T: Numeric>(
    run: usize,
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    conjugate: bool,
) -> Result<T, Reason> {
    let (start, end) = (run * RUN_LEN, x.len().min((run + 1) * RUN_LEN));
    T::dot(x.slice(s![start..end]), y.slice(s![start..end]), conjugate)
}

/// The sum of `part`, of all from `start` to before `end`.
fn pairwise<T: Numeric, E>(
    start: usize,
    end: usize,
    part: &impl Fn(usize) -> Result<T, E>,
) -> Result<T, E> {
    if end - start == 1 {
        return part(start);
    }
    let middle = usize::midpoint(start, end);
    Ok(pairwise(start, middle, part)?.wrapping_add(pairwise(middle, end, part)?))
}

/// [`vecdot`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Vecdot {
    /// The axis of the vectors.
    pub axis: isize,
}

impl NumericOperation for Vecdot {
    const NAME: &'static str = "vecdot";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(vecdot_shape(
            shapes[0], shapes[1], self.axis,
        )?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (x, y) = (work.operand::<T>(0)?, work.operand(1)?);
        vecdot_into(x, y, self.axis, out.into_view()?, work.workers)
    }
}
