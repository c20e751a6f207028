//! Powers of matrices.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::{filled_array, zeros_array};
use crate::driver::chunks::{new_filled, par_copy, par_fill, to_c_order};
use crate::driver::operation::{
    Kind, NumericOperation, OperationScalar, Results, ScalarOperation, Work,
};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::arithmetic::Arithmetic as _;
use crate::products::matmul::matmul_into;
use crate::solve::inv::inv_into;
use crate::{Error, Numeric};

/// Powers of square matrices.
///
/// `A^n` for each matrix of the last two axes, by repeated squaring; `A^0` is
/// the identity. See [`inverse_power`] for negative ones. Integers stay
/// exact except for wrapping around at the ends of their range.
///
/// # Errors
/// [`Error::NotSquare`] and [`Error::TooFewAxes`].
///
/// # Accuracy
/// At most `2 log2(n)` products, each as accurate as
/// [`matmul`](fn@crate::matmul)'s.
///
/// ```
/// use ndarray::array;
///
/// let fibonacci = array![[1u64, 1], [1, 0]];
/// assert_eq!(scirs2_linalg::matrix_power(&fibonacci, 90)?[[0, 1]], 2880067194370816120);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matrix_power<S, D>(a: &ArrayBase<S, D>, n: u64) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = filled_array(&matrix_power_shape(a.shape())?, S::Elem::ZERO)?;
    matrix_power_into(a, n, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`matrix_power_into`] writes: that of `a`.
///
/// # Errors
/// The same as [`matrix_power`].
pub fn matrix_power_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`matrix_power`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`matrix_power`]; [`Error::OutputShape`] for an `out` of another shape,
/// and [`Error::Interrupted`] if the workers were stopped.
pub fn matrix_power_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    n: u64,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&matrix_power_shape(a.shape())?, &out)?;
    let multiply = |a: ArrayViewD<'_, T>, b: ArrayViewD<'_, T>| -> Result<ArrayD<T>, Error> {
        let mut product = new_filled(a.shape(), T::ZERO, workers)?;
        matmul_into(a, b, product.view_mut(), workers)?;
        Ok(product)
    };
    if n == 0 {
        return identity(out, workers);
    }
    // `a` to the powers of two, and the product of those that `n` consists of.
    let mut square: Option<ArrayD<T>> = None;
    let mut power: Option<ArrayD<T>> = None;
    let last = u64::BITS - n.leading_zeros() - 1;
    for bit in 0..=last {
        workers.check_interrupted()?;
        if bit > 0 {
            let base = square.as_ref().map_or(a.view(), |square| square.view());
            if bit == last && power.is_none() {
                return matmul_into(base.clone(), base, out, workers);
            }
            square = Some(multiply(base.clone(), base)?);
        }
        if n >> bit & 1 == 0 {
            continue;
        }
        let base = square.as_ref().map_or(a.view(), |square| square.view());
        power = match &power {
            None if bit == last => {
                return par_copy(base, out, workers);
            }
            None => Some(to_c_order(base, workers)?),
            Some(power) if bit == last => return matmul_into(power.view(), base, out, workers),
            Some(power) => Some(multiply(power.view(), base)?),
        };
    }
    Ok(())
}

/// Powers of inverses: `A^-n` for each matrix of the last two axes.
///
/// # Errors
/// As [`matrix_power`], and [`Reason::Singular`](crate::Reason::Singular) with the first pivot that is
/// exactly zero.
///
/// # Accuracy
/// That of the inverse (LAPACK `getrf`, `trtri`), and of its products.
///
/// ```
/// use ndarray::array;
///
/// let a = array![[2.0, 0.0], [0.0, 0.5]];
/// let power = scirs2_linalg::inverse_power(&a, 3)?;
/// assert_eq!(power, array![[0.125, 0.0], [0.0, 8.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn inverse_power<S, D>(a: &ArrayBase<S, D>, n: u64) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric + LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&matrix_power_shape(a.shape())?)?;
    inverse_power_into(a, n, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// [`inverse_power`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`inverse_power`]; [`Error::OutputShape`] for an `out` of another shape,
/// and [`Error::Interrupted`] if the workers were stopped.
pub fn inverse_power_into<T: Numeric + LinalgScalar>(
    a: ArrayViewD<'_, T>,
    n: u64,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let mut inverses = new_filled(&matrix_power_shape(a.shape())?, T::ZERO, workers)?;
    inv_into(a, inverses.view_mut(), workers)?;
    matrix_power_into(inverses.view(), n, out, workers)
}

/// Writes the identity to each matrix.
fn identity<T: Numeric>(mut out: ArrayViewMutD<'_, T>, workers: &Workers<'_>) -> Result<(), Error> {
    let (rows, columns) = (Axis(out.ndim() - 2), Axis(out.ndim() - 1));
    par_fill(out.view_mut(), T::ZERO, workers)?;
    for at in 0..out.len_of(rows) {
        workers.check_interrupted()?;
        let row = out.index_axis_mut(rows, at);
        par_fill(
            row.index_axis_move(Axis(columns.0 - 1), at),
            T::ONE,
            workers,
        )?;
    }
    Ok(())
}

/// [`inverse_power`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct InversePower {
    /// The exponent of the inverse.
    pub exponent: u64,
}

impl ScalarOperation for InversePower {
    const NAME: &'static str = "matrix_power";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(
            2,
            [(Kind::Same, matrix_power_shape(shapes[0])?)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        inverse_power_into(
            work.operand::<T>(0)?,
            self.exponent,
            out.into_view()?,
            work.workers,
        )
    }
}

/// [`matrix_power`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MatrixPower {
    /// The exponent.
    pub exponent: u64,
}

impl NumericOperation for MatrixPower {
    const NAME: &'static str = "matrix_power";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(matrix_power_shape(shapes[0])?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        matrix_power_into(
            work.operand::<T>(0)?,
            self.exponent,
            out.into_view()?,
            work.workers,
        )
    }
}
