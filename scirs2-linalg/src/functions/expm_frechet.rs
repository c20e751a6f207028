//! Derivatives of exponentials of matrices in a direction.

use std::ops::Range;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use num_traits::Zero as _;
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Scalar as _};

use super::expm::{plan, run_batched};
use super::exponential::Exponential;
use super::schur::write;
use super::square::triangle;
use crate::Error;
use crate::base::memory::{zeros, zeros_array};
use crate::base::scale::{power_of_two, rounded};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::spectral::double::to_double;

/// Exponentials of square matrices, and their derivatives in a direction.
///
/// `e^A`, and the part of `e^(A + E)` that is linear in `E`, for each matrix `A` of the last two axes
/// and its direction `E`; leading axes broadcast.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`], [`Error::Broadcast`], and
/// [`Reason::NotFinite`](crate::Reason::NotFinite).
///
/// # Accuracy
/// As [`expm`](fn@crate::expm): the derivative of each of its steps (Al-Mohy and Higham, 2009); of
/// many small matrices a block of `expm [[A, E], [0, A]]`. In double precision.
///
/// ```
/// use ndarray::array;
///
/// let zero = array![[0.0_f64, 0.0], [0.0, 0.0]];
/// let direction = array![[1.0, 2.0], [3.0, 4.0]];
/// let (_, derivative) = scirs2_linalg::expm_frechet(&zero, &direction)?;
/// assert!((derivative - direction).iter().all(|x| x.abs() < 1e-15));
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn expm_frechet<S, Q, D, F>(
    a: &ArrayBase<S, D>,
    direction: &ArrayBase<Q, F>,
) -> Result<(ArrayD<S::Elem>, ArrayD<S::Elem>), Error>
where
    S: Data<Elem: LinalgScalar>,
    Q: Data<Elem = S::Elem>,
    D: Dimension,
    F: Dimension,
{
    let (a, direction) = (a.view().into_dyn(), direction.view().into_dyn());
    let shape = expm_frechet_shape(a.shape(), direction.shape())?;
    let (mut exponential, mut derivative) = (zeros_array(&shape)?, zeros_array(&shape)?);
    let outputs = (Some(exponential.view_mut()), derivative.view_mut());
    expm_frechet_into((a, direction), outputs, &Workers::current())?;
    Ok((exponential, derivative))
}

/// The shape of both results that [`expm_frechet_into`] writes.
///
/// # Errors
/// The errors of [`expm_frechet`] that depend on the shape.
pub fn expm_frechet_shape(a: &[usize], direction: &[usize]) -> Result<Vec<usize>, Error> {
    let (a_batch, n) = split_square_shape(1, a)?;
    let (batch, order) = split_square_shape(2, direction)?;
    if n != order {
        return Err(Error::Mismatch {
            first: a.to_vec(),
            second: direction.to_vec(),
            must: "a matrix and its direction are of one order",
        });
    }
    Ok([broadcast(&[a_batch, batch])?, vec![n, n]].concat())
}

/// [`expm_frechet`] into the caller's memory, of any strides; the exponentials may be left out.
///
/// # Errors
/// The same as [`expm_frechet`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn expm_frechet_into<T: LinalgScalar>(
    (a, direction): (ArrayViewD<'_, T>, ArrayViewD<'_, T>),
    (exponential, derivative): (Option<ArrayViewMutD<'_, T>>, ArrayViewMutD<'_, T>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = expm_frechet_shape(a.shape(), direction.shape())?;
    if let Some(exponential) = &exponential {
        shape::check_output(&expected, exponential)?;
    }
    shape::check_output(&expected, &derivative)?;
    let (batch, n) = split_square_shape(1, &expected)?;
    let batch = Batch {
        shape: batch,
        flops: 75.0 * (n as f64).powi(3),
        workers,
    };
    let operands = [&a, &direction].map(|operand| MatrixBatch::new(operand, batch.shape));
    let [matrices, directions] = &operands;
    let plan = plan::<T::Double>(2 * n, batch.count());
    let batched = |blocks: &mut Blocks<T>, indices: Range<usize>, outputs: &mut Outputs<'_, T>| {
        blocks.run(n, &operands, indices, outputs)
    };
    batch.for_each_with_batched_kernel(
        (
            exponential.map(MatrixBatchMut::new),
            MatrixBatchMut::new(derivative),
        ),
        || {
            Ok((
                Exponential::<T::Double>::new(n, true)?,
                zeros(n * n)?,
                zeros(n * n)?,
            ))
        },
        plan.batched.then_some(batched),
        |(solver, matrix, tangent), index, (exponential, derivative)| {
            to_double(matrices.get(index).reversed_axes(), matrix);
            to_double(directions.get(index).reversed_axes(), tangent);
            solver.run(matrix, tangent)?;
            if let Some(exponential) = exponential {
                write(n, matrix, exponential);
            }
            write(n, tangent, derivative);
            Ok(())
        },
    )
}

/// The exponentials, if they are wanted, and the derivatives.
type Outputs<'a, T> = (Option<MatrixBatchMut<'a, T>>, MatrixBatchMut<'a, T>);

/// Buffers for the matrices `[[A, E], [0, A]]` and their exponentials, whose blocks are those of
/// `A` and the derivative; and to pack operands that are not contiguous.
struct Blocks<T: LinalgScalar> {
    packs: [Vec<T>; 2],
    matrices: Vec<T::Double>,
    exponentials: Vec<T::Double>,
    parts: [Vec<f64>; 2],
}

impl<T: LinalgScalar> Default for Blocks<T> {
    fn default() -> Self {
        Blocks {
            packs: [Vec::new(), Vec::new()],
            matrices: Vec::new(),
            exponentials: Vec::new(),
            parts: [Vec::new(), Vec::new()],
        }
    }
}

impl<T: LinalgScalar> Blocks<T> {
    /// Computes a piece of a batch. Returns the indices of the matrices that were not handled.
    #[expect(
        clippy::disallowed_methods,
        reason = "a piece of small matrices is short"
    )]
    fn run(
        &mut self,
        n: usize,
        [matrices, directions]: &[MatrixBatch<'_, T>; 2],
        indices: Range<usize>,
        (exponential, derivative): &mut Outputs<'_, T>,
    ) -> Vec<usize> {
        let (order, len) = (2 * n, 4 * n * n);
        let all = indices.len() * len;
        self.matrices.clear();
        self.matrices.resize(all, T::Double::zero());
        self.exponentials.resize(all, T::Double::zero());
        let mut sizes = Vec::with_capacity(indices.len());
        let [pack_a, pack_direction] = &mut self.packs;
        let a = matrices.contiguous(indices.clone(), pack_a);
        let directions = directions.contiguous(indices, pack_direction);
        let operands = a.chunks_exact(n * n).zip(directions.chunks_exact(n * n));
        for ((a, direction), block) in operands.zip(self.matrices.chunks_exact_mut(len)) {
            sizes.push(write_blocks(n, a, direction, block));
        }
        let unhandled = run_batched(
            order,
            &self.matrices,
            &mut self.exponentials[..all],
            &mut self.parts,
        );
        let results = || self.exponentials[..all].chunks_exact(len).zip(&sizes);
        let part = |to: &mut [T], block: &[T::Double], first: usize, size: f64| {
            for (to, row) in to.chunks_exact_mut(n).zip(block.chunks_exact(order)) {
                for (to, x) in to.iter_mut().zip(&row[first..]) {
                    *to = T::from_parts(x.parts().map(|part| rounded(part * size)));
                }
            }
        };
        let pack = &mut Vec::new();
        if let Some(exponential) = exponential {
            exponential.with_contiguous(T::zero(), pack, |to| {
                for (to, (block, _)) in to.chunks_exact_mut(n * n).zip(results()) {
                    part(to, block, 0, 1.0);
                }
            });
        }
        derivative.with_contiguous(T::zero(), pack, |to| {
            for (to, (block, &size)) in to.chunks_exact_mut(n * n).zip(results()) {
                part(to, block, n, size);
            }
        });
        // A lower triangle is one in blocks no more.
        let is_left = |index: &usize| {
            unhandled.binary_search(index).is_ok()
                || triangle(n, &a[index * n * n..][..n * n]).is_some()
        };
        (0..sizes.len()).filter(is_left).collect()
    }
}

/// Writes the matrix `[[A, E], [0, A]]`, with the direction divided by a power of two, which it
/// returns: the derivative is linear in the direction, whose size must not scale the matrix.
fn write_blocks<T: LinalgScalar>(
    n: usize,
    a: &[T],
    direction: &[T],
    block: &mut [T::Double],
) -> f64 {
    let size = largest(direction) / largest(a).max(1.0);
    let size = if size.is_normal() {
        power_of_two(size)
    } else {
        1.0
    };
    let (upper, lower) = block.split_at_mut(2 * n * n);
    let rows = upper
        .chunks_exact_mut(2 * n)
        .zip(lower.chunks_exact_mut(2 * n));
    let from = a.chunks_exact(n).zip(direction.chunks_exact(n));
    for ((upper, lower), (a, direction)) in rows.zip(from) {
        let (upper, beside) = upper.split_at_mut(n);
        for ((upper, lower), x) in upper.iter_mut().zip(&mut lower[n..]).zip(a) {
            *upper = T::Double::from_parts(x.parts().map(Into::into));
            *lower = *upper;
        }
        for (to, x) in beside.iter_mut().zip(direction) {
            *to = T::Double::from_parts(x.parts().map(|part| part.into() / size));
        }
    }
    size
}

/// The size of the largest element, up to a factor of two.
fn largest<T: LinalgScalar>(a: &[T]) -> f64 {
    a.iter()
        .fold(0.0, |most, x| f64::max(most, x.abs1().into()))
}

/// [`expm_frechet`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ExpmFrechet {
    /// Whether the exponentials are the first result; else the derivatives are the only one.
    pub compute_expm: bool,
}

impl ScalarOperation for ExpmFrechet {
    const NAME: &'static str = "expm_frechet";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = expm_frechet_shape(shapes[0], shapes[1])?;
        let derivative = (Kind::Same, shape.clone());
        if !self.compute_expm {
            return Ok(Results::new(2, [derivative]));
        }
        Ok(Results::new(2, [(Kind::Same, shape), derivative]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let operands = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        if !self.compute_expm {
            let [derivative] = work.outputs();
            return expm_frechet_into(operands, (None, derivative.into_view()?), work.workers);
        }
        let [exponential, derivative] = work.outputs();
        let outputs = (Some(exponential.into_view()?), derivative.into_view()?);
        expm_frechet_into(operands, outputs, work.workers)
    }
}
