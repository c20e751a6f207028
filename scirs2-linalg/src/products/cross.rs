//! Cross products of vectors of three elements.

use ndarray::{
    ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension, RemoveAxis as _, Zip,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::filled_array;
use crate::driver::batch::broadcast;
use crate::driver::chunks::{CHUNK_LEN, for_each_chunk};
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape::{self, normalize_axis, without_axis};
use crate::kernels::arithmetic::Arithmetic as _;
use crate::{Error, Numeric};

/// Cross products of vectors of three elements.
///
/// `(x1 y2 - x2 y1, x2 y0 - x0 y2, x0 y1 - x1 y0)` along `axis` of both, which
/// counts from the end if it is negative; the other axes broadcast, and the
/// result has its vectors along the same axis.
///
/// # Errors
/// [`Error::AxisOutOfRange`], [`Error::Mismatch`] for vectors of another length
/// than three, and [`Error::Broadcast`] for other axes that do not fit.
///
/// # Accuracy
/// Each product and each difference is rounded once.
///
/// ```
/// use ndarray::array;
///
/// let z = scirs2_linalg::cross(&array![1, 0, 0], &array![0, 1, 0], -1)?;
/// assert_eq!(z, array![0, 0, 1].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn cross<S, D, S2, D2>(
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
    let mut out = filled_array(&cross_shape(x.shape(), y.shape(), axis)?, S::Elem::ZERO)?;
    cross_into(x, y, axis, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`cross_into`] writes.
///
/// # Errors
/// The errors of [`cross`] that depend on the shapes.
pub fn cross_shape(x: &[usize], y: &[usize], axis: isize) -> Result<Vec<usize>, Error> {
    let (axis_x, axis_y) = (
        normalize_axis(axis, x.len())?,
        normalize_axis(axis, y.len())?,
    );
    let (len_x, len_y) = (x[axis_x], y[axis_y]);
    if (len_x, len_y) != (3, 3) {
        return Err(Error::Mismatch {
            first: x.to_vec(),
            second: y.to_vec(),
            must: "both must be vectors of 3 elements along the axis",
        });
    }
    if let ([_], [_]) = (x, y) {
        return Ok(vec![3]);
    }
    let mut shape = broadcast(&[&without_axis(x, axis_x), &without_axis(y, axis_y)])?;
    let axis = normalize_axis(axis, shape.len() + 1)?;
    shape.insert(axis, 3);
    Ok(shape)
}

/// [`cross`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`cross`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn cross_into<T: Numeric>(
    x: ArrayViewD<'_, T>,
    y: ArrayViewD<'_, T>,
    axis: isize,
    mut out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&cross_shape(x.shape(), y.shape(), axis)?, &out)?;
    if let (1, 1) = (x.ndim(), y.ndim()) {
        for at in 0..3 {
            let (next, after) = ((at + 1) % 3, (at + 2) % 3);
            out[at] = x[next]
                .wrapping_mul(y[after])
                .wrapping_sub(x[after].wrapping_mul(y[next]));
        }
        return Ok(());
    }
    let vectors = Axis(normalize_axis(axis, out.ndim())?);
    let batch = out.raw_dim().remove_axis(vectors);
    let (x, y) = (components(&x, axis)?, components(&y, axis)?);
    let factors = [&x[0], &x[1], &x[2], &y[0], &y[1], &y[2]].map(|factor| {
        let factor = factor.broadcast(batch.clone());
        factor.expect("the batch is what both broadcast to")
    });
    let (first, rest) = out.split_at(vectors, 1);
    let (second, third) = rest.split_at(vectors, 1);
    let outs = [first, second, third].map(|out| out.index_axis_move(vectors, 0));
    for_each_chunk(
        (outs, factors),
        CHUNK_LEN,
        workers,
        |(outs, [x0, x1, x2, y0, y1, y2])| {
            let factors = [
                [&x1, &y2, &x2, &y1],
                [&x2, &y0, &x0, &y2],
                [&x0, &y1, &x1, &y0],
            ];
            for (out, [a, b, c, d]) in outs.into_iter().zip(factors) {
                Zip::from(out)
                    .and(a)
                    .and(b)
                    .and(c)
                    .and(d)
                    .for_each(|out, &a, &b, &c, &d| {
                        *out = a.wrapping_mul(b).wrapping_sub(c.wrapping_mul(d))
                    });
            }
        },
    )
}

/// The three components of all vectors.
fn components<'a, T>(
    x: &'a ArrayViewD<'_, T>,
    axis: isize,
) -> Result<[ArrayViewD<'a, T>; 3], Error> {
    let axis = Axis(normalize_axis(axis, x.ndim())?);
    Ok([0, 1, 2].map(|at| x.index_axis(axis, at)))
}

/// [`cross`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cross {
    /// The axis of the vectors.
    pub axis: isize,
}

impl NumericOperation for Cross {
    const NAME: &'static str = "cross";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(cross_shape(shapes[0], shapes[1], self.axis)?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (x, y) = (work.operand::<T>(0)?, work.operand(1)?);
        cross_into(x, y, self.axis, out.into_view()?, work.workers)
    }
}
