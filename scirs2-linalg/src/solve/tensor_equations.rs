//! Equations between tensors, by the matrices that they make.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension, IxDyn};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::memory::zeros_array;
use crate::driver::chunks::{merge_axes, new_filled, par_copy};
use crate::driver::operation::{OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape;
use crate::elements::scalar::LinalgScalar;
use crate::solve::general::solve_into;
use crate::solve::inv::inv_into;

/// The tensor `x` for which `tensordot(a, x, x.ndim()) = b`.
///
/// The first axes of `a` go with those of `b`, the others with those of `x`, and
/// both have the same number of elements. `axes` of `a` are moved to its end
/// first, one after the other.
///
/// # Errors
/// [`Error::NotSquareTensor`], [`Error::Mismatch`] for a `b` of another number of
/// elements, [`Error::AxisOutOfRange`], and those of
/// [`solve`](crate::solve()).
///
/// # Accuracy
/// As [`solve`](crate::solve()).
///
/// ```
/// use ndarray::{Array, array};
///
/// let a = Array::from_diag(&array![1.0, 2.0, 4.0, 8.0]);
/// let a = a.into_shape_with_order((2, 2, 4)).unwrap();
/// let x = scirs2_linalg::tensorsolve(&a, &array![[1.0, 2.0], [4.0, 8.0]], &[])?;
/// assert_eq!(x, array![1.0, 1.0, 1.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn tensorsolve<S, D, R, E>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<R, E>,
    axes: &[isize],
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
    R: Data<Elem = S::Elem>,
    E: Dimension,
{
    let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
    let mut out = zeros_array(&tensorsolve_shape(a.shape(), b.shape(), axes)?)?;
    tensorsolve_into(a, b, axes, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`tensorsolve_into`] writes: the axes of `a` after the first
/// `b.ndim()`.
///
/// # Errors
/// The errors of [`tensorsolve`] that depend on the shapes.
pub fn tensorsolve_shape(a: &[usize], b: &[usize], axes: &[isize]) -> Result<Vec<usize>, Error> {
    let order = axis_order(a.len(), axes)?;
    let shape = order.iter().map(|&axis| a[axis]).collect::<Vec<_>>();
    // Where both have as many axes, a holds one number, and x does.
    let split = if shape.len() > b.len() { b.len() } else { 0 };
    let n = element_count(&shape[split..]);
    let rows = element_count(&shape).checked_div(n).unwrap_or(0);
    if rows != n {
        return Err(Error::NotSquareTensor {
            shape,
            rows,
            columns: n,
        });
    }
    if element_count(b) != n {
        return Err(Error::Mismatch {
            first: a.to_vec(),
            second: b.to_vec(),
            must: "b needs as many elements as the solution, the square root of those of a",
        });
    }
    Ok(shape[split..].to_vec())
}

/// [`tensorsolve`] into the caller's memory, of any strides.
///
/// `a` is copied if its axes do not form a matrix in place.
///
/// # Errors
/// The same as [`tensorsolve`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn tensorsolve_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    axes: &[isize],
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = tensorsolve_shape(a.shape(), b.shape(), axes)?;
    shape::check_output(&expected, &out)?;
    let n = element_count(&expected);
    let order = axis_order(a.ndim(), axes)?;
    let a = a.permuted_axes(IxDyn(&order));
    let groups = [a.ndim() - expected.len(), expected.len()];
    let a = merge_axes(a, &groups, workers)?;
    let b_ndim = b.ndim();
    let b = merge_axes(b, &[b_ndim], workers)?;
    let mut x = new_filled(&[n], T::zero(), workers)?;
    solve_into(a.view(), b.view(), x.view_mut(), workers)?;
    let x = x.into_shape_with_order(IxDyn(&expected));
    par_copy(x.expect("n elements").view(), out, workers)
}

/// The tensor `x` for which `tensordot(x, a, ind)` is the identity.
///
/// The first `ind` axes of `a` have the same number of elements as the others;
/// they are the last of `x`.
///
/// # Errors
/// [`Error::NotSquareTensor`], [`Error::Split`] for an `ind` below 1, and those of
/// [`inv`](crate::inv()).
///
/// # Accuracy
/// As [`inv`](crate::inv()).
///
/// ```
/// use ndarray::{Array, array};
///
/// let a = Array::from_diag(&array![1.0, 2.0, 4.0, 8.0]);
/// let a = a.into_shape_with_order((2, 2, 4)).unwrap();
/// let x = scirs2_linalg::tensorinv(&a, 2)?;
/// assert_eq!(x.shape(), [4, 2, 2]);
/// assert_eq!(x[[3, 1, 1]], 0.125);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn tensorinv<S, D>(a: &ArrayBase<S, D>, ind: isize) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&tensorinv_shape(a.shape(), ind)?)?;
    tensorinv_into(a, ind, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`tensorinv_into`] writes: that of `a`, its first `ind` axes
/// last.
///
/// # Errors
/// The errors of [`tensorinv`] that depend on the shape.
pub fn tensorinv_shape(a: &[usize], ind: isize) -> Result<Vec<usize>, Error> {
    let split = match usize::try_from(ind) {
        Ok(split) if split > 0 => split.min(a.len()),
        _ => return Err(Error::Split { ind }),
    };
    let (first, last) = a.split_at(split);
    let (rows, columns) = (element_count(first), element_count(last));
    if rows != columns {
        return Err(Error::NotSquareTensor {
            shape: a.to_vec(),
            rows,
            columns,
        });
    }
    Ok([last, first].concat())
}

/// [`tensorinv`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`tensorinv`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn tensorinv_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    ind: isize,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = tensorinv_shape(a.shape(), ind)?;
    shape::check_output(&expected, &out)?;
    let n = element_count(&expected[..a.ndim() - a.ndim().min(ind.unsigned_abs())]);
    let split = a.ndim().min(ind.unsigned_abs());
    let groups = [split, a.ndim() - split];
    let a = merge_axes(a, &groups, workers)?;
    if out.is_standard_layout() {
        let out = out.into_shape_with_order(IxDyn(&[n, n]));
        return inv_into(a.view(), out.expect("n * n elements"), workers);
    }
    let mut x = new_filled(&[n, n], T::zero(), workers)?;
    inv_into(a.view(), x.view_mut(), workers)?;
    let x = x.into_shape_with_order(IxDyn(&expected));
    par_copy(x.expect("n * n elements").view(), out, workers)
}

/// The axes of a tensor once `axes` were moved to its end, one after the other.
fn axis_order(ndim: usize, axes: &[isize]) -> Result<Vec<usize>, Error> {
    let mut order = (0..ndim).collect::<Vec<_>>();
    for &axis in axes {
        let place = usize::try_from(axis).ok().filter(|&axis| axis < ndim);
        let Some(place) = place else {
            return Err(Error::AxisOutOfRange { axis, ndim });
        };
        order.retain(|&other| other != place);
        order.push(place);
    }
    Ok(order)
}

fn element_count(shape: &[usize]) -> usize {
    scirs2_core::shape::element_count(shape).unwrap_or(usize::MAX)
}

/// [`tensorsolve`] as an operation on tensors of any dtype.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensorsolve {
    /// The axes of `a` that are moved to its end.
    pub axes: Vec<isize>,
}

impl ScalarOperation for Tensorsolve {
    const NAME: &'static str = "tensorsolve";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = tensorsolve_shape(shapes[0], shapes[1], &self.axes)?;
        Ok(Results::same(shape))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        tensorsolve_into(a, b, &self.axes, out.into_view()?, work.workers)
    }
}

/// [`tensorinv`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tensorinv {
    /// How many of the first axes are the rows of the matrix.
    pub ind: isize,
}

impl ScalarOperation for Tensorinv {
    const NAME: &'static str = "tensorinv";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(tensorinv_shape(shapes[0], self.ind)?))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        tensorinv_into(
            work.operand::<T>(0)?,
            self.ind,
            out.into_view()?,
            work.workers,
        )
    }
}
