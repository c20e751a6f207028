//! Vector and matrix norms, as `numpy.linalg.norm` defines them.
//!
//! | file | one concept |
//! |---|---|
//! | `operation` | a norm as an operation |
//! | `plan` | which norm, over which axes |
//! | `layout` | the axes of one reduction, normalised and merged |
//! | `reduce` | the pieces of one reduction, and their workers |
//! | `spectral` | norms of singular values |

mod layout;
pub(crate) mod operation;
mod plan;
mod reduce;
mod spectral;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension};
use scirs2_core::dispatch;
use scirs2_core::pool::Workers;
use scirs2_interop::Tensor;

use crate::Error;
use crate::base::memory::filled_array;
use crate::base::order::{Axes, Order};
use crate::driver::chunks::new_filled;
use crate::elements::normed::{Normed, Rounded};
use crate::kernels::reduce::Reduction;
use plan::{NormPlan, ReducedAxes};

/// What [`norm`] takes: an `ndarray` array or view, or a [`Tensor`].
pub trait Operand {
    /// The type of the result.
    type Output;

    /// See [`norm`].
    ///
    /// # Errors
    /// The same as [`norm`].
    fn norm(&self, order: Order, axes: Axes) -> Result<Self::Output, Error>;
}

/// The norm of an array, of its vectors along one axis, or of its matrices
/// along two.
///
/// `||x||_p = (sum abs(x_i)^p)^(1/p)`; every case is in the table of [`Order`].
/// The result has the shape of `x` without the axes in `axes`: no axis at all
/// for [`Axes::All`].
///
/// Any strides are read in place, without a copy; only the norms of singular
/// values copy each matrix, which LAPACK overwrites. The work is shared by the
/// threads of [`scirs2_core::pool`]; the result has the same bits for any
/// number of them.
///
/// The result has the precision of the input for `float32`, `float64`, `complex64`,
/// `complex128` and `float16`, and is `float64` for integers and booleans. The result
/// for a NaN or an infinity is NumPy's.
///
/// # Errors
/// An axis out of range or named twice, an order that the vectors or matrices
/// do not have, the smallest of nothing ([`Error::Empty`]), and for the norms
/// of singular values [`NotANumber`](crate::Reason::NotANumber),
/// [`NoConvergence`](crate::Reason::NoConvergence) and [`Error::TooLarge`].
///
/// # Accuracy
/// Sums run in `f64`, in short runs merged pairwise, and are rounded once to
/// the result's type: for `float64` the relative error stays within a few units
/// in the last place of `f64` for any length in practice. Nothing overflows or
/// underflows if the result is representable. Singular values are those of
/// [`svdvals`](crate::svdvals): the error is within a small multiple of `eps * max(m, n)` times the
/// largest.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Axes, Order, norm};
///
/// let a = array![[3.0, 4.0], [6.0, 8.0]];
/// assert_eq!(norm(&a, Order::Default, Axes::Vector(-1))?, array![5.0, 10.0].into_dyn());
/// assert_eq!(norm(&a, Order::P(1.0), Axes::All)?.into_iter().next(), Some(12.0));
/// let large = array![1e200, 1e200];
/// assert_eq!(norm(&large, Order::P(2.0), Axes::All)?[[]], 2f64.sqrt() * 1e200);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn norm<X: Operand + ?Sized>(x: &X, order: Order, axes: Axes) -> Result<X::Output, Error> {
    x.norm(order, axes)
}

impl<S, D> Operand for ArrayBase<S, D>
where
    S: Data<Elem: Normed>,
    D: Dimension,
{
    type Output = ArrayD<<S::Elem as Normed>::Norm>;

    fn norm(&self, order: Order, axes: Axes) -> Result<Self::Output, Error> {
        allocating(self.view().into_dyn(), order, axes)
    }
}

impl Operand for Tensor {
    type Output = Tensor;

    fn norm(&self, order: Order, axes: Axes) -> Result<Tensor, Error> {
        dispatch!(self.dtype(), T => {
            Ok(Tensor::from(allocating(self.view::<T>()?, order, axes)?))
        }, else => Err(Error::Dtype(self.dtype())))
    }
}

fn allocating<T: Normed>(
    x: ArrayViewD<'_, T>,
    order: Order,
    axes: Axes,
) -> Result<ArrayD<T::Norm>, Error> {
    let shape = norm_shape(x.shape(), order, axes, false)?;
    let mut out = filled_array(&shape, T::Norm::rounded(0.0))?;
    norm_into(x, order, axes, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// Checks every argument and returns the shape of what [`norm_into`] writes.
///
/// With `keepdims` the reduced axes stay, with length one.
///
/// # Errors
/// Those of [`norm`] that depend on the shape alone.
///
/// ```
/// use scirs2_linalg::{Axes, Order, norm_shape};
/// let shape = norm_shape(&[2, 3, 4], Order::Fro, Axes::Matrix(0, -1), false)?;
/// assert_eq!(shape, [3]);
/// let shape = norm_shape(&[2, 3, 4], Order::Fro, Axes::Matrix(0, -1), true)?;
/// assert_eq!(shape, [1, 3, 1]);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn norm_shape(
    shape: &[usize],
    order: Order,
    axes: Axes,
    keepdims: bool,
) -> Result<Vec<usize>, Error> {
    let reduced_axes = NormPlan::new(shape, order, axes)?.reduced_axes();
    Ok(shape_without(shape, reduced_axes, keepdims))
}

fn shape_without(shape: &[usize], reduced_axes: ReducedAxes, keepdims: bool) -> Vec<usize> {
    let lengths = shape.iter().enumerate();
    lengths
        .filter_map(
            |(axis, &len)| match (reduced_axes.contains(axis), keepdims) {
                (true, true) => Some(1),
                (true, false) => None,
                (false, _) => Some(len),
            },
        )
        .collect()
}

/// [`norm`] into memory of the caller.
///
/// `out` has the shape that [`norm_shape`] returns, with or without the reduced
/// axes, and any strides.
///
/// # Errors
/// The same as [`norm`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped. After an error the
/// content of `out` is unspecified. With workers that
/// [continue](Workers::continuing) past failures, the norm of a matrix whose singular values
/// cannot be computed is NaN.
///
/// ```
/// use ndarray::{Array1, array};
/// use scirs2_core::pool::Workers;
/// use scirs2_linalg::{Axes, Order, norm_into};
///
/// let a = array![[3.0f32, 4.0], [6.0, 8.0]];
/// let mut out = Array1::zeros(2);
/// norm_into(
///     a.view().into_dyn(),
///     Order::P(f64::INFINITY),
///     Axes::Vector(0),
///     out.view_mut().into_dyn(),
///     &Workers::serial(),
/// )?;
/// assert_eq!(out, array![6.0, 8.0]);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn norm_into<T: Normed>(
    x: ArrayViewD<'_, T>,
    order: Order,
    axes: Axes,
    out: ArrayViewMutD<'_, T::Norm>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let plan = NormPlan::new(x.shape(), order, axes)?;
    let out = without_reduced(out, x.shape(), plan.reduced_axes())?;
    match plan {
        NormPlan::Reduce { reduction, axes } => reduce::reduce(&x, axes, reduction, out, workers),
        NormPlan::Sums {
            summed,
            kept,
            reduction,
        } => sums(x, summed, kept, reduction, out, workers),
        NormPlan::Spectral { rows, columns, of } => {
            spectral::spectral(x, rows, columns, of, out, workers)
        }
    }
}

/// `out` without the axes that `keepdims` kept, or an error if its shape is
/// not the result's.
fn without_reduced<'a, N>(
    mut out: ArrayViewMutD<'a, N>,
    shape: &[usize],
    reduced_axes: ReducedAxes,
) -> Result<ArrayViewMutD<'a, N>, Error> {
    let keepdims = out.ndim() == shape.len();
    let matches = if keepdims {
        let mut lengths = shape.iter().enumerate().zip(out.shape());
        lengths.all(|((axis, &len), &got)| got == if reduced_axes.contains(axis) { 1 } else { len })
    } else {
        let kept = shape.iter().enumerate();
        let kept = kept.filter(|&(axis, _)| !reduced_axes.contains(axis));
        kept.map(|(_, len)| len).eq(out.shape())
    };
    if !matches {
        return Err(Error::OutputShape {
            expected: shape_without(shape, reduced_axes, false),
            got: out.shape().to_vec(),
        });
    }
    if keepdims {
        for axis in (0..shape.len())
            .rev()
            .filter(|&axis| reduced_axes.contains(axis))
        {
            out = out.index_axis_move(Axis(axis), 0);
        }
    }
    Ok(out)
}

/// The matrix 1- and inf-norm: sums of moduli, and the largest or smallest of
/// them.
fn sums<T: Normed>(
    x: ArrayViewD<'_, T>,
    summed: usize,
    kept: usize,
    reduction: Reduction,
    out: ArrayViewMutD<'_, T::Norm>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if x.shape()[summed] == 1 {
        // The sum of one element is that element, and needs no memory.
        return reduce::reduce(&x, ReducedAxes::Two(summed, kept), reduction, out, workers);
    }
    let shape = shape_without(x.shape(), ReducedAxes::One(summed), false);
    let mut sums = new_filled(&shape, 0.0, workers)?;
    let summing = ReducedAxes::One(summed);
    reduce::reduce(&x, summing, Reduction::Sum, sums.view_mut(), workers)?;
    let kept = ReducedAxes::One(kept - usize::from(kept > summed));
    reduce::reduce(&sums.view(), kept, reduction, out, workers)
}
