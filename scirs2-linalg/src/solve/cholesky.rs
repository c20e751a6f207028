//! Cholesky factors.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{InPlaceBuffer, is_finite, to_c};
use crate::base::memory::zeros_array;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::cholesky::batched_cholesky;
use crate::kernels::small::cholesky as kernel;
use crate::lapack;

/// Cholesky factors of Hermitian positive definite matrices.
///
/// `A = L L^H` with [`Triangle::Lower`], `A = U^H U` with [`Triangle::Upper`], for each
/// matrix of the last two axes. `L` and `U` are triangular, with a positive diagonal. Only
/// the given triangle of `a` is read, and the other of the result is zero.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], and
/// [`Reason::NotPositiveDefinite`] with the order of the first leading minor
/// that is not positive definite. A NaN is no such minor, and goes into the result.
///
/// # Accuracy
/// Backward stable: `|A - L L^H| <= c n eps |A|` (LAPACK `potrf`).
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Triangle, cholesky};
///
/// let a = array![[4.0, 2.0], [2.0, 5.0]];
/// let l = cholesky(&a, Triangle::Lower)?;
/// assert_eq!(l, array![[2.0, 0.0], [1.0, 2.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn cholesky<S, D>(a: &ArrayBase<S, D>, triangle: Triangle) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&cholesky_shape(a.shape())?)?;
    cholesky_into(a, triangle, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`cholesky_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`cholesky`] that depend on the shape.
pub fn cholesky_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`cholesky`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`cholesky`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn cholesky_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    triangle: Triangle,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&cholesky_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: (n as f64).powi(3) / 3.0,
        workers,
    };
    let plan = Plan::of::<T>(Problem::Cholesky, Sizes::new(n, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    let batched =
        |[pack_a, pack_out]: &mut [Vec<T>; 2], indices, out: &mut MatrixBatchMut<'_, _>| {
            let a = matrices.contiguous(indices, pack_a);
            let unhandled = out.with_contiguous(T::zero(), pack_out, |to| {
                Some(batched_cholesky(
                    n,
                    triangle == Triangle::Upper,
                    T::as_real(a)?,
                    T::as_real_mut(to)?,
                ))
            });
            unhandled.expect(REAL_ONLY)
        };
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::new(out),
        || Ok(InPlaceBuffer::new()),
        plan.batched.then_some(batched),
        |workspace, index, out| factor_matrix(workspace, plan, matrices.get(index), triangle, out),
    )
}

/// [`cholesky`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cholesky {
    /// Whether the upper triangle is read and written.
    pub upper: bool,
}

impl ScalarOperation for Cholesky {
    const NAME: &'static str = "cholesky";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(2, [(Kind::Same, cholesky_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        cholesky_into(
            work.operand::<T>(0)?,
            Triangle::from_upper(self.upper),
            out.into_view()?,
            work.workers,
        )
    }
}

/// Processes one matrix.
fn factor_matrix<T: LinalgScalar>(
    workspace: &mut InPlaceBuffer<T>,
    plan: Plan,
    a: ArrayView2<'_, T>,
    triangle: Triangle,
    out: ArrayViewMut2<'_, T>,
) -> Result<(), Reason> {
    let n = a.nrows();
    workspace.run(a, out, |matrix| {
        factor_triangle(plan, a, triangle, matrix)?;
        for (row, elements) in matrix.chunks_exact_mut(n.max(1)).enumerate() {
            let other = match triangle {
                Triangle::Upper => 0..row,
                Triangle::Lower => row + 1..n,
            };
            elements[other].fill(T::zero());
        }
        Ok(())
    })
}

/// Replaces a triangle of `matrix`, a copy of `a` in C order, by its factor; the other triangle
/// is unchanged.
pub(crate) fn factor_triangle<T: LinalgScalar>(
    plan: Plan,
    a: ArrayView2<'_, T>,
    triangle: Triangle,
    matrix: &mut [T],
) -> Result<(), Reason> {
    let n = a.nrows();
    // The lower triangle in C order is the upper one in Fortran order.
    let in_f_order = triangle.transposed();
    if !plan.small {
        return lapack::potrf(in_f_order, n, matrix);
    }
    let done = match triangle {
        Triangle::Upper => kernel::factor_upper(n, matrix),
        Triangle::Lower => kernel::factor_lower(n, matrix),
    };
    // The square of a complex infinity is infinite here and NaN in LAPACK, which takes NaN for
    // a pivot.
    done.or_else(|reason| {
        if !T::IS_COMPLEX || is_finite(to_c(a, matrix)) {
            return Err(reason);
        }
        lapack::potrf(in_f_order, n, matrix)
    })
}
