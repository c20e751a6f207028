//! Matrix signs.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use num_traits::{One as _, Zero as _};
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Scalar as _};

use super::schur::write;
use super::schur_form::{SchurForm, eigenvalues};
use super::square::{multiply, multiply_adjoint, norm1, scale, triangle};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::{zeros, zeros_array};
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::{Trsen, trsyl_part};
use crate::spectral::double::to_double;

/// Signs of square matrices.
///
/// `S S = I`, and `S` commutes with `A`, for each matrix of the last two axes: the eigenvalues in
/// the right half plane become 1, those in the left one -1. `A S` is the principal root of `A A`.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], [`Reason::NoConvergence`],
/// and [`Reason::Undefined`] if an eigenvalue is on the imaginary axis, or so near to it that
/// rounding errors decide on its side.
///
/// # Accuracy
/// The Schur form, sorted by the sides, and Sylvester's equation for the part between them
/// (N. J. Higham, *Functions of Matrices*, 2008, chapter 5), in double precision.
///
/// ```
/// use ndarray::array;
///
/// let sign = scirs2_linalg::signm(&array![[2.0, 0.0], [0.0, -3.0]])?;
/// assert_eq!(sign, array![[1.0, 0.0], [0.0, -1.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn signm<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&signm_shape(a.shape())?)?;
    signm_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`signm_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`signm`] that depend on the shape.
pub fn signm_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`signm`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`signm`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn signm_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&signm_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 35.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        MatrixBatchMut::new(out),
        || (n > 0).then(|| Sign::<T>::new(n)).transpose(),
        |sign, index, out| match sign {
            Some(sign) => sign.run(matrices.get(index), out),
            None => Ok(()),
        },
    )
}

/// Signs of matrices of one order.
struct Sign<T: LinalgScalar> {
    n: usize,
    form: SchurForm<T::Double>,
    sort: Trsen<T::Double>,
    selected: Vec<i32>,
    product: [Vec<T::Double>; 2],
}

const ON_THE_AXIS: Reason = Reason::Undefined {
    function: "sign",
    why: "an eigenvalue is on the imaginary axis, or nearer to it than rounding errors are large",
};

impl<T: LinalgScalar> Sign<T> {
    fn new(n: usize) -> Result<Self, Error> {
        Ok(Sign {
            n,
            form: SchurForm::new(n)?,
            sort: Trsen::new(n)?,
            selected: zeros(n)?,
            product: [zeros(n * n)?, zeros(n * n)?],
        })
    }

    fn run(&mut self, a: ArrayView2<'_, T>, out: ArrayViewMut2<'_, T>) -> Result<(), Reason> {
        let n = self.n;
        let [matrix, product] = &mut self.product;
        to_double(a.t(), matrix);
        // The eigenvalues of an upper triangle are exact.
        let unsure = if triangle(n, matrix) == Some(Triangle::Upper) {
            0.0
        } else {
            n as f64 * f64::EPSILON * norm1(n, matrix)
        };
        self.form.decompose(a)?;
        let (t, z) = (&mut self.form.t, &mut self.form.z);
        for (value, selected) in eigenvalues(n, t).zip(&mut self.selected) {
            if value.re.abs() <= unsure {
                return Err(ON_THE_AXIS);
            }
            *selected = i32::from(value.re < 0.0);
        }
        let left = self.sort.sort(&self.selected, t, z)?;
        // `T11 X - X T22 = -2 T12`.
        let (factor, _) = trsyl_part(n, t, [0, left, n], true);
        for (column, elements) in t.chunks_exact_mut(n).enumerate() {
            if column < left {
                elements.fill(T::Double::zero());
                elements[column] = -T::Double::one();
            } else {
                scale(&mut elements[..left], -2.0 / factor);
                elements[left..].fill(T::Double::zero());
                elements[column] = T::Double::one();
            }
        }
        multiply(n, z, t, false, product);
        multiply_adjoint(n, product, z, matrix);
        if !matrix.iter().all(|x| x.has_finite_parts()) {
            return Err(ON_THE_AXIS);
        }
        write(n, matrix, out);
        Ok(())
    }
}

/// [`signm`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Signm;

impl ScalarOperation for Signm {
    const NAME: &'static str = "signm";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(2, [(Kind::Same, signm_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        signm_into(work.operand::<T>(0)?, out.into_view()?, work.workers)
    }
}
