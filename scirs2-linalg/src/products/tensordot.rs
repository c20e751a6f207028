//! Contractions of two arrays over any of their axes.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::filled_array;
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape::{self, normalize_axis};
use crate::kernels::arithmetic::Arithmetic as _;
use crate::products::contract::contract;
use crate::{Error, Numeric};

/// The contraction of two arrays over pairs of their axes.
///
/// The sum of all products `a[.., k, ..] b[.., k, ..]` over each axis of `axes_a`
/// together with its partner in `axes_b`; negative axes count from the end. The
/// result has the other axes of `a` and then those of `b`.
///
/// # Errors
/// [`Error::AxisOutOfRange`], [`Error::DuplicateAxes`], and
/// [`Error::Mismatch`] for partners of different lengths, or of different
/// number.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul), of which it is one; without a pair of axes
/// each element is rounded once.
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2], [3, 4]];
/// let c = scirs2_linalg::tensordot(&a, &a, &[0, 1], &[1, 0])?;
/// assert_eq!(c[[]], 1 * 1 + 2 * 3 + 3 * 2 + 4 * 4);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn tensordot<S, D, S2, D2>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<S2, D2>,
    axes_a: &[isize],
    axes_b: &[isize],
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    S2: Data<Elem = S::Elem>,
    D: Dimension,
    D2: Dimension,
{
    let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
    let shape = tensordot_shape(a.shape(), b.shape(), axes_a, axes_b)?;
    let mut out = filled_array(&shape, S::Elem::ZERO)?;
    tensordot_into(a, b, axes_a, axes_b, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`tensordot_into`] writes.
///
/// # Errors
/// The errors of [`tensordot`] that depend on the shapes.
pub fn tensordot_shape(
    a: &[usize],
    b: &[usize],
    axes_a: &[isize],
    axes_b: &[isize],
) -> Result<Vec<usize>, Error> {
    let (paired_a, free_a) = axes(axes_a, a.len())?;
    let (paired_b, free_b) = axes(axes_b, b.len())?;
    let lengths = |axes: &[usize], shape: &[usize]| -> Vec<usize> {
        axes.iter().map(|&axis| shape[axis]).collect()
    };
    if lengths(&paired_a, a) != lengths(&paired_b, b) {
        return Err(Error::Mismatch {
            first: a.to_vec(),
            second: b.to_vec(),
            must: "paired axes must have the same length",
        });
    }
    Ok([lengths(&free_a, a), lengths(&free_b, b)].concat())
}

/// [`tensordot`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`tensordot`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn tensordot_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    axes_a: &[isize],
    axes_b: &[isize],
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shape = tensordot_shape(a.shape(), b.shape(), axes_a, axes_b)?;
    shape::check_output(&shape, &out)?;
    let (paired_a, free_a) = axes(axes_a, a.ndim())?;
    let (paired_b, free_b) = axes(axes_b, b.ndim())?;
    let inner = paired_a.len();
    let a = a.permuted_axes([free_a, paired_a].concat());
    let b = b.permuted_axes([paired_b, free_b].concat());
    contract(a, b, 0, inner, out, workers)
}

/// The axes that are summed over, and the others.
fn axes(axes: &[isize], ndim: usize) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let mut paired = Vec::with_capacity(axes.len());
    for (number, &axis) in axes.iter().enumerate() {
        let index = normalize_axis(axis, ndim)?;
        if let Some(first) = paired.iter().position(|&other| other == index) {
            return Err(Error::DuplicateAxes {
                first: axes[first],
                second: axes[number],
            });
        }
        paired.push(index);
    }
    let free = (0..ndim).filter(|axis| !paired.contains(axis)).collect();
    Ok((paired, free))
}

/// [`tensordot`] as an operation on tensors of any dtype.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensordot {
    /// The axes of the first operand that are summed over.
    pub axes_a: Vec<isize>,
    /// The corresponding axes of the second operand, in the same order.
    pub axes_b: Vec<isize>,
}

impl NumericOperation for Tensordot {
    const NAME: &'static str = "tensordot";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = tensordot_shape(shapes[0], shapes[1], &self.axes_a, &self.axes_b)?;
        Ok(Results::same(shape))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        let (axes_a, axes_b) = (&self.axes_a, &self.axes_b);
        tensordot_into(a, b, axes_a, axes_b, out.into_view()?, work.workers)
    }
}
