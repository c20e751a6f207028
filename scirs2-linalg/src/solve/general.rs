//! Systems of linear equations.

use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::InPlaceBuffer;
use crate::base::memory::zeros_array;
use crate::driver::batch::MatrixBatchMut;
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{LinearSystem, SystemOperands};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::elimination::batched_solve;
use crate::solve::lu_factors::{SquareLu, flops};

/// Solutions of `A X = B`.
///
/// The last two axes of `a` are square matrices. `b` is one vector if it has
/// one axis, else its last two axes are matrices of right-hand sides. The batches
/// broadcast; one matrix for many right-hand sides is factored once by each
/// thread.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`] for a `b` of
/// other rows, [`Error::Broadcast`], and [`Reason::Singular`] with the first pivot
/// that is exactly zero. A NaN goes into the result.
///
/// # Accuracy
/// Backward stable as a rule: `|A x - b| <= c n eps |A| |x|` (LAPACK `getrf`, BLAS
/// `trsm` and `trsv`).
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1.0, 2.0], [2.0, 8.0]];
/// let x = scirs2_linalg::solve(&a, &array![3.0, 10.0])?;
/// assert_eq!(x, array![1.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn solve<S, D, R, E>(a: &ArrayBase<S, D>, b: &ArrayBase<R, E>) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
    R: Data<Elem = S::Elem>,
    E: Dimension,
{
    let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
    let mut out = zeros_array(&solve_shape(a.shape(), b.shape())?)?;
    solve_into(a, b, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`solve_into`] writes: the batch, then the last axis or axes
/// of `b`.
///
/// # Errors
/// The errors of [`solve`] that depend on the shapes.
pub fn solve_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    Ok(LinearSystem::new(a, b)?.solution_shape())
}

/// [`solve`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`solve`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn solve_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let system = LinearSystem::new(a.shape(), b.shape())?;
    let (n, columns) = (system.n, system.nrhs.unwrap_or(1));
    let count = system.batch.iter().product();
    let sizes = Sizes {
        rhs: columns,
        ..Sizes::new(n, n, count)
    };
    let plan = Plan::of::<T>(Problem::Solve, sizes);
    // One matrix for many sides is factored once.
    let own = a.len() == count * n * n;
    let batched = |[pack_a, pack_b, pack_out]: &mut [Vec<T>; 3],
                   indices: Range<usize>,
                   (a, b): SystemOperands<'_, T>,
                   out: &mut MatrixBatchMut<'_, T>| {
        let (a, b) = (
            a.contiguous(indices.clone(), pack_a),
            b.contiguous(indices, pack_b),
        );
        let unhandled = out.with_contiguous(T::zero(), pack_out, |x| {
            let (a, b, x) = (T::as_real(a)?, T::as_real(b)?, T::as_real_mut(x)?);
            Some(batched_solve(n, columns, a, b, x))
        });
        unhandled.expect(REAL_ONLY)
    };
    system.for_each(
        (a, b, out),
        flops(n, n) + 2.0 * system.substitution_flops(),
        workers,
        || SolveWorkspace::new(n, plan),
        (own && plan.batched).then_some(batched),
        |workspace, _, (a, b, out)| workspace.solve(a, b, out),
    )
}

/// [`solve`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Solve;

impl ScalarOperation for Solve {
    const NAME: &'static str = "solve";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let system = LinearSystem::new(shapes[0], shapes[1])?;
        let axes = if system.nrhs.is_some() { 2 } else { 1 };
        Ok(Results::new(axes, [(Kind::Same, system.solution_shape())]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        solve_into(a, b, out.into_view()?, work.workers)
    }
}

struct SolveWorkspace<T> {
    factors: SquareLu<T>,
    /// The address of the factored matrix; all matrices of a call have the same
    /// strides.
    factored: Option<usize>,
    in_place: InPlaceBuffer<T>,
}

impl<T: LinalgScalar> SolveWorkspace<T> {
    fn new(n: usize, plan: Plan) -> Result<Self, Error> {
        Ok(SolveWorkspace {
            factors: SquareLu::new(n, plan)?,
            factored: None,
            in_place: InPlaceBuffer::new(),
        })
    }

    fn solve(
        &mut self,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        let place = Some(a.as_ptr().addr());
        if self.factored != place {
            self.factored = None;
            self.factors.factor(a)?;
            self.factored = place;
        }
        let factors = &self.factors;
        self.in_place.run(b, out, |b| {
            factors.solve(b);
            Ok(())
        })
    }
}
