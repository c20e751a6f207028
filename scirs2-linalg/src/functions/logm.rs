//! Logarithms of matrices.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::pool::Workers;
use scirs2_core::{Complex64, DType};

use super::logarithm::{NO_LOGARITHM, logarithm, principal_log};
use super::spectral_function::{SpectralFunction, Workspace, apply};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::split_square_shape;
use crate::elements::scalar::LinalgScalar;

/// Principal logarithms of square matrices.
///
/// `e^X = A` for each matrix of the last two axes, with the imaginary parts of the eigenvalues of
/// `X` in `(-pi, pi]`. The results are complex, whatever the matrix; [`logm_into`] says whether all
/// of them are real.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], [`Reason::NoConvergence`],
/// and [`Reason::Undefined`] for a matrix with an eigenvalue that is exactly zero.
///
/// # Accuracy
/// Inverse scaling and squaring of the Schur form (Al-Mohy and Higham, 2012), in double precision:
/// an error of about `cond(log A) eps`. Of a Hermitian matrix by its eigenvalues.
///
/// ```
/// use ndarray::array;
///
/// let log = scirs2_linalg::logm(&array![[1.0_f64, 1.0], [0.0, 1.0]])?;
/// assert!((log[[0, 1]].re - 1.0).abs() < 1e-15 && log[[0, 0]].re == 0.0);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn logm<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<<S::Elem as LinalgScalar>::Complex>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&logm_shape(a.shape())?)?;
    logm_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`logm_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`logm`] that depend on the shape.
pub fn logm_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`logm`] into the caller's memory, of any strides. Returns whether every logarithm is real:
/// that of a real matrix without a negative eigenvalue is.
///
/// # Errors
/// The same as [`logm`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn logm_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    apply(&Logarithm, &a, out, workers)
}

struct Logarithm;

impl SpectralFunction for Logarithm {
    fn of_form<T: LinalgScalar<Real = f64>>(
        &self,
        workspace: &mut Workspace<T>,
        n: usize,
        t: &mut [T],
    ) -> Result<(), Reason> {
        logarithm(workspace, n, t)
    }

    fn of_value(&self, value: f64, _: usize, _: f64) -> Result<Complex64, Reason> {
        if value == 0.0 {
            return Err(NO_LOGARITHM);
        }
        Ok(principal_log(Complex64::new(value, 0.0)))
    }
}

/// [`logm`] as an operation on tensors of any dtype. The last result is one if the logarithms of
/// real matrices are all real, and zero otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Logm;

impl ScalarOperation for Logm {
    const NAME: &'static str = "logm";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = logm_shape(shapes[0])?;
        Ok(Results::new(
            2,
            [(Kind::Complex, shape), (Kind::Index, Vec::new())],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out, real] = work.outputs();
        let is_real = logm_into(work.operand::<T>(0)?, out.into_view()?, work.workers)?;
        real.into_view()?.fill(i32::from(is_real));
        Ok(())
    }
}
