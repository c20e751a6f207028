//! Derivatives of exponentials of matrices in a direction.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use super::exponential::Exponential;
use super::schur::write;
use crate::Error;
use crate::base::memory::{zeros, zeros_array};
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
/// As [`expm`](fn@crate::expm): the derivative of each of its steps (Al-Mohy and Higham, 2009). In
/// double precision.
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
    let outputs = (exponential.view_mut(), derivative.view_mut());
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

/// [`expm_frechet`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`expm_frechet`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn expm_frechet_into<T: LinalgScalar>(
    (a, direction): (ArrayViewD<'_, T>, ArrayViewD<'_, T>),
    (exponential, derivative): (ArrayViewMutD<'_, T>, ArrayViewMutD<'_, T>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = expm_frechet_shape(a.shape(), direction.shape())?;
    shape::check_output(&expected, &exponential)?;
    shape::check_output(&expected, &derivative)?;
    let (batch, n) = split_square_shape(1, &expected)?;
    let batch = Batch {
        shape: batch,
        flops: 75.0 * (n as f64).powi(3),
        workers,
    };
    let (matrices, directions) = (
        MatrixBatch::new(&a, batch.shape),
        MatrixBatch::new(&direction, batch.shape),
    );
    batch.for_each(
        (
            MatrixBatchMut::new(exponential),
            MatrixBatchMut::new(derivative),
        ),
        || {
            Ok((
                Exponential::<T::Double>::new(n, true)?,
                zeros(n * n)?,
                zeros(n * n)?,
            ))
        },
        |(solver, matrix, tangent), index, (exponential, derivative)| {
            to_double(matrices.get(index).reversed_axes(), matrix);
            to_double(directions.get(index).reversed_axes(), tangent);
            solver.run(matrix, tangent)?;
            write(n, matrix, exponential);
            write(n, tangent, derivative);
            Ok(())
        },
    )
}

/// [`expm_frechet`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ExpmFrechet;

impl ScalarOperation for ExpmFrechet {
    const NAME: &'static str = "expm_frechet";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = expm_frechet_shape(shapes[0], shapes[1])?;
        Ok(Results::new(
            2,
            [(Kind::Same, shape.clone()), (Kind::Same, shape)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [exponential, derivative] = work.outputs();
        expm_frechet_into(
            (work.operand::<T>(0)?, work.operand::<T>(1)?),
            (exponential.into_view()?, derivative.into_view()?),
            work.workers,
        )
    }
}
