//! Exponentials of matrices.

use std::ops::Range;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use num_traits::Zero as _;
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use super::exponential::Exponential;
use crate::Error;
use crate::base::layout::InPlaceBuffer;
use crate::base::memory::zeros_array;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::exponential::{batched_complex_expm, batched_expm};

/// Exponentials of square matrices.
///
/// `e^A = I + A + A^2 / 2! + ...` for each matrix of the last two axes.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], and
/// [`Reason::NotFinite`](crate::Reason::NotFinite). A result that overflows is infinite or NaN.
///
/// # Accuracy
/// Scaling and squaring with Padé approximants (Al-Mohy and Higham, 2009); of many small matrices
/// with a Taylor polynomial (Bader, Blanes and Casas, 2019), but for those far from normal: the exponential of a
/// matrix within rounding errors of `A`, so that its error is about `cond(e^A) eps`. The diagonal
/// of a triangular matrix is exact to rounding, and so are the elements beside it.
///
/// ```
/// use ndarray::array;
///
/// let e = scirs2_linalg::expm(&array![[0.0, 1.0], [0.0, 0.0]])?;
/// assert_eq!(e, array![[1.0, 1.0], [0.0, 1.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn expm<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&expm_shape(a.shape())?)?;
    expm_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`expm_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`expm`] that depend on the shape.
pub fn expm_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`expm`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`expm`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn expm_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&expm_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 25.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let plan = plan::<T>(n, batch.count());
    let batched =
        |scratch: &mut Scratch<T>, indices: Range<usize>, out: &mut MatrixBatchMut<'_, T>| {
            let [pack_a, pack_out] = &mut scratch.packs;
            let a = matrices.contiguous(indices, pack_a);
            let parts = &mut scratch.parts;
            out.with_contiguous(T::zero(), pack_out, |to| run_batched(n, a, to, parts))
        };
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::new(out),
        || Ok((InPlaceBuffer::new(), Exponential::new(n, false)?)),
        plan.batched.then_some(batched),
        |(buffer, exponential), index, out| {
            // The exponential of the transpose is the transpose.
            buffer.run(matrices.get(index), out, |matrix| {
                exponential.run(matrix, &mut [])
            })
        },
    )
}

/// The routes for matrices of order `n`.
pub(super) fn plan<T: LinalgScalar>(n: usize, count: usize) -> Plan {
    let order = if T::IS_COMPLEX { 2 * n } else { n };
    Plan::of::<T::Real>(Problem::Expm, Sizes::new(order, order, count))
}

/// Exponentials by the batched kernel. Returns the indices of the matrices that were not handled.
pub(super) fn run_batched<T: LinalgScalar>(
    n: usize,
    a: &[T],
    to: &mut [T],
    parts: &mut [Vec<T::Real>; 2],
) -> Vec<usize> {
    if T::IS_COMPLEX {
        return complex_expm(n, a, to, parts);
    }
    let to = T::as_real_mut(to).expect(REAL_ONLY);
    batched_expm(n, T::as_real(a).expect(REAL_ONLY), to)
}

/// Buffers to pack matrices and results that are not contiguous, and the parts of complex ones.
struct Scratch<T: LinalgScalar> {
    packs: [Vec<T>; 2],
    parts: [Vec<T::Real>; 2],
}

impl<T: LinalgScalar> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            packs: [Vec::new(), Vec::new()],
            parts: [Vec::new(), Vec::new()],
        }
    }
}

/// The exponentials of complex matrices. Returns the indices of those that were not handled.
#[expect(
    clippy::disallowed_methods,
    reason = "a piece of small matrices is short"
)]
fn complex_expm<T: LinalgScalar>(
    n: usize,
    a: &[T],
    to: &mut [T],
    [parts, exponentials]: &mut [Vec<T::Real>; 2],
) -> Vec<usize> {
    for memory in [&mut *parts, &mut *exponentials] {
        memory.resize(2 * a.len(), T::Real::zero());
    }
    for (to, x) in parts.as_chunks_mut().0.iter_mut().zip(a) {
        *to = x.parts();
    }
    let unhandled = batched_complex_expm(n, parts, exponentials);
    for (to, parts) in to.iter_mut().zip(exponentials.as_chunks().0) {
        *to = T::from_parts(*parts);
    }
    unhandled
}

/// [`expm`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Expm;

impl ScalarOperation for Expm {
    const NAME: &'static str = "expm";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(2, [(Kind::Same, expm_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        expm_into(work.operand::<T>(0)?, out.into_view()?, work.workers)
    }
}
