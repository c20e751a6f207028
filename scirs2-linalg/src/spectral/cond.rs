//! Condition numbers.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, Data, Dimension,
    Zip,
};
use num_traits::{Float as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::Scalar;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::base::order::{Axes, Order};
use crate::base::structure::Structure;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::chunks::{CHUNK_LEN, for_each_chunk, new_filled, par_map_lanes};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_matrix_shape, split_square_shape};
use crate::elements::normed::Normed;
use crate::elements::scalar::LinalgScalar;
use crate::norm::{norm_into, norm_shape};
use crate::solve::inv::Inverse;
use crate::solve::inv::inv_shape;
use crate::spectral::svd::svdvals_into;

/// Condition numbers.
///
/// By how much an error in `b` may grow in the `x` of `A x = b`: `|A| |A^-1|` in the
/// norm of that [`Order`], one number for each matrix of the last two axes. In the
/// 2-norm, the default, it is the largest singular value by the smallest, for
/// matrices of any shape, and its inverse for an order of -2. A singular matrix has
/// an infinite one, and so has one with an infinity, but where the norm is the
/// smallest of several sums.
///
/// # Errors
/// [`Error::TooFewAxes`], [`Error::NoElements`], [`Error::MatrixOrder`],
/// [`Error::NotSquare`] but in the 2-norm; [`Reason::NotANumber`] where singular
/// values are asked for, else a NaN gives NaN.
///
/// # Accuracy
/// A relative error of `c n eps` times itself. LAPACK `gesdd`, or `getrf` and `trtri`
/// on a copy of the matrices.
///
/// [`Reason::NotANumber`]: crate::Reason::NotANumber
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Order, cond};
///
/// let a = array![[4.0, 0.0], [0.0, 0.5]];
/// assert_eq!(cond(&a, Order::Default)?[[]], 8.0);
/// assert_eq!(cond(&a, Order::P(1.0))?[[]], 8.0);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn cond<S, D>(
    a: &ArrayBase<S, D>,
    order: Order,
) -> Result<ArrayD<<S::Elem as Scalar>::Real>, Error>
where
    S: Data<Elem: LinalgScalar + Normed<Norm = <S::Elem as Scalar>::Real>>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&cond_shape(a.shape(), order)?)?;
    cond_into(a, order, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`cond_into`] writes.
///
/// # Errors
/// The errors of [`cond`] that depend on the shape.
pub fn cond_shape(a: &[usize], order: Order) -> Result<Vec<usize>, Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    if m == 0 || n == 0 {
        return Err(Error::NoElements { shape: a.to_vec() });
    }
    if !is_spectral(order) {
        split_square_shape(1, a)?;
        norm_shape(a, order, LAST, false)?;
    }
    Ok(batch.to_vec())
}

/// The axes of a matrix.
const LAST: Axes = Axes::Matrix(-2, -1);

/// Whether the norm is one of singular values.
fn is_spectral(order: Order) -> bool {
    order == Order::Default || matches!(order, Order::P(p) if p.abs() == 2.0)
}

/// [`cond`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`cond`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn cond_into<T: LinalgScalar + Normed<Norm = T::Real>>(
    a: ArrayViewD<'_, T>,
    order: Order,
    out: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&cond_shape(a.shape(), order)?, &out)?;
    if is_spectral(order) {
        cond_from_singular_values(a, order, out, workers)
    } else {
        cond_from_inverse(a, order, out, workers)
    }
}

/// Condition numbers from singular values.
fn cond_from_singular_values<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    order: Order,
    mut out: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let mut values = new_filled(&[batch, &[m.min(n)]].concat(), T::Real::zero(), workers)?;
    svdvals_into(a.view(), Structure::General, values.view_mut(), workers)?;
    let inverted = order == Order::P(-2.0);
    par_map_lanes(values.view(), out.view_mut(), workers, |values| {
        let (first, last) = (values[0], values[values.len() - 1]);
        if inverted { last / first } else { first / last }
    })?;
    let matrices = MatrixBatch::new(&a, batch);
    for (index, condition) in out.iter_mut().enumerate() {
        // The other part of an infinite complex element may be NaN.
        if condition.is_nan() && !has_nan(matrices.get(index)) {
            *condition = T::Real::infinity();
        }
    }
    Ok(())
}

/// Condition numbers from the norms of the matrix and its inverse.
fn cond_from_inverse<T: LinalgScalar + Normed<Norm = T::Real>>(
    a: ArrayViewD<'_, T>,
    order: Order,
    mut out: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (shape, n) = split_square_shape(1, a.shape())?;
    let mut inverses = new_filled(&inv_shape(a.shape())?, T::zero(), workers)?;
    let batch = Batch {
        shape,
        flops: 2.0 * (n as f64).powi(3),
        workers,
    };
    let plan = Plan::of::<T>(Problem::Inv, Sizes::new(n, n, batch.count()));
    let matrices = MatrixBatch::new(&a, shape);
    let last = Axis(out.ndim());
    let known = out.view_mut().insert_axis(last);
    let known = known.insert_axis(last);
    batch.for_each(
        (
            MatrixBatchMut::new(inverses.view_mut()),
            MatrixBatchMut::new(known),
        ),
        || Inverse::new(n, plan),
        |workspace, index, (inverse, mut known)| {
            known[[0, 0]] = invert(workspace, matrices.get(index), inverse)?;
            Ok(())
        },
    )?;
    let zero = T::Real::zero();
    let (mut norms, mut inverse_norms) = (
        new_filled(shape, zero, workers)?,
        new_filled(shape, zero, workers)?,
    );
    norm_into(a.view(), order, LAST, norms.view_mut(), workers)?;
    norm_into(
        inverses.view(),
        order,
        LAST,
        inverse_norms.view_mut(),
        workers,
    )?;
    let norms = [norms.view(), inverse_norms.view()];
    for_each_chunk(
        ([out], norms),
        CHUNK_LEN,
        workers,
        |([out], [norm, inverse])| {
            Zip::from(out)
                .and(norm)
                .and(inverse)
                .for_each(|out, &norm, &inverse| {
                    if out.is_zero() {
                        *out = or_infinite(norm * inverse);
                    }
                });
        },
    )
}

/// Inverts a matrix and returns zero; if there is no inverse, writes zeros and returns
/// the condition number.
fn invert<T: LinalgScalar>(
    workspace: &mut Inverse<T>,
    a: ArrayView2<'_, T>,
    mut inverse: ArrayViewMut2<'_, T>,
) -> Result<T::Real, Reason> {
    let known = if has_nan(a) {
        T::Real::nan()
    } else {
        match workspace.run(a, inverse.view_mut()) {
            Err(memory @ Reason::Memory { .. }) => return Err(memory),
            Ok(()) if inverse.iter().all(|x| x.has_finite_parts()) => {
                return Ok(T::Real::zero());
            }
            _ => T::Real::infinity(),
        }
    };
    inverse.fill(T::zero());
    Ok(known)
}

/// Whether a part of an element is NaN.
fn has_nan<T: LinalgScalar>(a: ArrayView2<'_, T>) -> bool {
    a.iter().any(|x| x.parts().iter().any(|part| part.is_nan()))
}

/// Replaces NaN, the result for a matrix without an inverse, by infinity.
fn or_infinite<R: scirs2_core::Real>(condition: R) -> R {
    if condition.is_nan() {
        R::infinity()
    } else {
        condition
    }
}

/// [`cond`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cond {
    /// The norm.
    pub order: Order,
}

impl ScalarOperation for Cond {
    const NAME: &'static str = "cond";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(
            0,
            [(Kind::Real, cond_shape(shapes[0], self.order)?)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        cond_into(
            work.operand::<T>(0)?,
            self.order,
            out.into_view()?,
            work.workers,
        )
    }
}
