//! Powers of matrices with any real exponent.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::pool::Workers;
use scirs2_core::{Complex64, DType};

use super::logarithm::{NO_POWER, power, principal_power};
use super::spectral_function::{SpectralFunction, Workspace, apply};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::split_square_shape;
use crate::elements::scalar::LinalgScalar;

/// Principal powers of square matrices, with any real exponent.
///
/// `A^p = e^(p log A)` for each matrix of the last two axes, with the principal logarithm. The
/// results are complex, whatever the matrix; [`fractional_matrix_power_into`] says whether all of
/// them are real.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], [`Reason::NoConvergence`],
/// and [`Reason::Undefined`] for a singular matrix and an exponent that is not a positive whole
/// number, unless the matrix is Hermitian and the exponent positive.
///
/// # Accuracy
/// The whole part by products; the rest by roots and Padé approximants of the Schur form (Higham
/// and Lin, 2011), in double precision: an error of about `cond(A^p) eps`. Of a Hermitian matrix
/// by its eigenvalues, of which those below zero by no more than rounding errors count as zero.
///
/// ```
/// use ndarray::array;
///
/// let power = scirs2_linalg::fractional_matrix_power(&array![[4.0_f64, 0.0], [0.0, 9.0]], -0.5)?;
/// assert!((power[[0, 0]].re - 0.5).abs() < 1e-15);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn fractional_matrix_power<S, D>(
    a: &ArrayBase<S, D>,
    exponent: f64,
) -> Result<ArrayD<<S::Elem as LinalgScalar>::Complex>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&fractional_matrix_power_shape(a.shape())?)?;
    fractional_matrix_power_into(a, exponent, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`fractional_matrix_power_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`fractional_matrix_power`] that depend on the shape.
pub fn fractional_matrix_power_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`fractional_matrix_power`] into the caller's memory, of any strides. Returns whether
/// every power is real: that of a real matrix without a negative eigenvalue is.
///
/// # Errors
/// The same as [`fractional_matrix_power`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn fractional_matrix_power_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    exponent: f64,
    out: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    apply(&Power { exponent }, &a, out, workers)
}

struct Power {
    exponent: f64,
}

impl SpectralFunction for Power {
    fn of_form<T: LinalgScalar<Real = f64>>(
        &self,
        workspace: &mut Workspace<T>,
        n: usize,
        t: &mut [T],
    ) -> Result<(), Reason> {
        power(workspace, n, t, self.exponent)
    }

    fn of_value(&self, value: f64, n: usize, most: f64) -> Result<Complex64, Reason> {
        let is_zero = value.abs() <= n as f64 * f64::EPSILON * most && value <= 0.0;
        if is_zero && self.exponent < 0.0 {
            return Err(NO_POWER);
        }
        let value = if is_zero { 0.0 } else { value };
        Ok(principal_power(Complex64::new(value, 0.0), self.exponent))
    }
}

/// [`fractional_matrix_power`] as an operation on tensors of any dtype. The last result is one
/// if the powers of real matrices are all real, and zero otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FractionalMatrixPower {
    /// The exponent.
    pub exponent: f64,
}

impl ScalarOperation for FractionalMatrixPower {
    const NAME: &'static str = "fractional_matrix_power";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = fractional_matrix_power_shape(shapes[0])?;
        Ok(Results::new(
            2,
            [(Kind::Complex, shape), (Kind::Index, Vec::new())],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out, real] = work.outputs();
        let is_real = fractional_matrix_power_into(
            work.operand::<T>(0)?,
            self.exponent,
            out.into_view()?,
            work.workers,
        )?;
        real.into_view()?.fill(i32::from(is_real));
        Ok(())
    }
}
