//! Square roots of matrices.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::pool::Workers;
use scirs2_core::{Complex64, DType};

use super::roots::{principal_root, square_root};
use super::spectral_function::{BatchedFunction, SpectralFunction, Workspace, apply};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::Problem;
use crate::driver::shape::split_square_shape;
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::square_root::batched_sqrtm;

/// Principal square roots of square matrices.
///
/// `X X = A` for each matrix of the last two axes, with the eigenvalues of `X` in the right half
/// plane or, where `A` has a negative eigenvalue, on the positive imaginary axis. The results are
/// complex, whatever the matrix; [`sqrtm_into`] says whether all of them are real.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], [`Reason::NoConvergence`],
/// and [`Reason::Undefined`] for a singular matrix that has no square root.
///
/// # Accuracy
/// `|X X - A| <= c n eps |X|^2`, by the Schur form (Björck and Hammarling, 1983; Higham, 1987), in
/// double precision. Of a Hermitian matrix by its eigenvalues, of which those below zero by no
/// more than rounding errors count as zero. Of real matrices up to order 4 by the iteration of
/// Denman and Beavers, where its result is within that bound.
///
/// ```
/// use ndarray::array;
///
/// let root = scirs2_linalg::sqrtm(&array![[4.0_f64, 1.0], [0.0, 4.0]])?;
/// assert_eq!((root[[0, 0]].re, root[[0, 1]].re), (2.0, 0.25));
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn sqrtm<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<<S::Elem as LinalgScalar>::Complex>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&sqrtm_shape(a.shape())?)?;
    sqrtm_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`sqrtm_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`sqrtm`] that depend on the shape.
pub fn sqrtm_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`sqrtm`] into the caller's memory, of any strides. Returns whether every root is real: that of
/// a real matrix without a negative eigenvalue is.
///
/// # Errors
/// The same as [`sqrtm`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn sqrtm_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    apply(&SquareRoot, &a, out, workers)
}

struct SquareRoot;

impl SpectralFunction for SquareRoot {
    fn of_form<T: LinalgScalar<Real = f64>>(
        &self,
        workspace: &mut Workspace<T>,
        n: usize,
        t: &mut [T],
    ) -> Result<(), Reason> {
        workspace.reserve(n, 1)?;
        square_root(n, t, &mut workspace.matrices[0])
    }

    fn batched(&self) -> Option<BatchedFunction> {
        Some((Problem::Sqrtm, batched_sqrtm))
    }

    fn of_value(&self, value: f64, n: usize, most: f64) -> Result<Complex64, Reason> {
        let is_zero = value < 0.0 && -value <= n as f64 * f64::EPSILON * most;
        let value = if is_zero { 0.0 } else { value };
        Ok(principal_root(Complex64::new(value, 0.0)))
    }
}

/// [`sqrtm`] as an operation on tensors of any dtype. The last result is one if the roots of real
/// matrices are all real, and zero otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sqrtm;

impl ScalarOperation for Sqrtm {
    const NAME: &'static str = "sqrtm";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = sqrtm_shape(shapes[0])?;
        Ok(Results::new(
            2,
            [(Kind::Complex, shape), (Kind::Index, Vec::new())],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out, real] = work.outputs();
        let is_real = sqrtm_into(work.operand::<T>(0)?, out.into_view()?, work.workers)?;
        real.into_view()?.fill(i32::from(is_real));
        Ok(())
    }
}
