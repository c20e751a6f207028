//! Inverses.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{from_f, is_finite, transpose_in_place, with_c_order};
use crate::base::memory::{try_resize, try_to_vec, zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::elimination::batched_inv;
use crate::lapack::getri_blocked;
use crate::lapack::subnormal::is_nearly_subnormal;
use crate::solve::lu_factors::{SmallLu, factor, solve};
use crate::solve::triangular::{Op, TriangularRef};

/// Inverses of square matrices.
///
/// `A^-1`, for each matrix of the last two axes.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], and [`Reason::Singular`] with the
/// first pivot that is exactly zero. A NaN goes into the result.
///
/// # Accuracy
/// `|X A - I| <= c n eps |X| |A|` as a rule (LAPACK `getrf`, `trtri`). To solve a
/// system, [`solve`](crate::solve()) is faster and more accurate.
///
/// ```
/// use ndarray::array;
///
/// let x = scirs2_linalg::inv(&array![[1.0, 2.0], [2.0, 8.0]])?;
/// assert_eq!(x, array![[2.0, -0.5], [-0.5, 0.25]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn inv<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&inv_shape(a.shape())?)?;
    inv_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`inv_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`inv`] that depend on the shape.
pub fn inv_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`inv`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`inv`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn inv_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&inv_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 2.0 * (n as f64).powi(3),
        workers,
    };
    let plan = Plan::of::<T>(Problem::Inv, Sizes::new(n, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    let batched =
        |[pack_a, pack_out]: &mut [Vec<T>; 2], indices, out: &mut MatrixBatchMut<'_, _>| {
            let a = matrices.contiguous(indices, pack_a);
            let unhandled = out.with_contiguous(T::zero(), pack_out, |x| {
                Some(batched_inv(n, T::as_real(a)?, T::as_real_mut(x)?))
            });
            unhandled.expect(REAL_ONLY)
        };
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::new(out),
        || Inverse::new(n, plan),
        plan.batched.then_some(batched),
        |inverse, index, out| inverse.run(matrices.get(index), out),
    )
}

/// Inverses of matrices of one order.
pub(crate) struct Inverse<T> {
    is_blocked: bool,
    small: Option<SmallLu<T>>,
    pivots: Vec<i32>,
    work: Vec<T>,
    /// Only for an output that is not contiguous.
    matrix: Vec<T>,
}

/// [`inv`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Inv;

impl ScalarOperation for Inv {
    const NAME: &'static str = "inv";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(2, [(Kind::Same, inv_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        inv_into(work.operand::<T>(0)?, out.into_view()?, work.workers)
    }
}

impl<T: LinalgScalar> Inverse<T> {
    pub(crate) fn new(n: usize, plan: Plan) -> Result<Self, Error> {
        let small = plan.small.then(|| SmallLu::new(n));
        Ok(Inverse {
            is_blocked: plan.blocked,
            small,
            pivots: zeros(n)?,
            work: zeros(getri_blocked::workspace(n))?,
            matrix: Vec::new(),
        })
    }

    /// Inverts one matrix in the memory of the output. In C order it is transposed in
    /// place first, so that the factors are those of the matrix itself.
    pub(crate) fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        mut out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        if let Some(small) = &mut self.small
            && let Some(done) = small.factor(a)
        {
            done?;
            let whole = with_c_order(out.view_mut(), &mut self.matrix, |x| {
                small.inverse(x);
                Ok(is_finite(x))
            })?;
            if whole {
                return Ok(());
            }
        }
        if let Some(elements) = out.view_mut().reversed_axes().into_slice() {
            self.invert(a, elements)
        } else if let Some(elements) = out.as_slice_mut() {
            self.invert(a, elements)?;
            transpose_in_place(a.nrows(), elements);
            Ok(())
        } else {
            let mut matrix = std::mem::take(&mut self.matrix);
            try_resize(&mut matrix, a.len(), T::zero())?;
            let done = self.invert(a, &mut matrix);
            from_f(&matrix, out);
            self.matrix = matrix;
            done
        }
    }

    /// The inverse column after column.
    fn invert(&mut self, a: ArrayView2<'_, T>, to: &mut [T]) -> Result<(), Reason> {
        let n = a.nrows();
        let singular = |pivot| Reason::Singular { pivot };
        factor(a, self.is_blocked, to, &mut self.pivots).map_err(singular)?;
        if !is_finite(to)
            || to
                .iter()
                .step_by(n + 1)
                .any(|pivot| is_nearly_subnormal(*pivot))
        {
            // The inverse of U, which is computed first, may overflow where that
            // of A does not; and it can hide an infinity.
            let factors = try_to_vec(to)?;
            to.fill(T::zero());
            to.iter_mut().step_by(n + 1).for_each(|x| *x = T::one());
            let factors = TriangularRef::in_f_order(n, &factors);
            solve(factors, &self.pivots, Op::NoTranspose, to);
            transpose_in_place(n, to);
            return Ok(());
        }
        getri_blocked::invert(n, to, &self.pivots, &mut self.work);
        Ok(())
    }
}
