//! Condition numbers of exponentials of matrices.

use ndarray::{ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Scalar};

use super::exponential::Exponential;
use super::square::scale;
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::{zeros, zeros_array};
use crate::base::scale::rounded;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::bidiagonal_values;
use crate::spectral::double::to_double;

/// Condition numbers of exponentials of square matrices.
///
/// `max |L(E)| |A| / (|E| |e^A|)` over the directions `E` in the Frobenius norm, with the derivative
/// `L` of [`expm_frechet`](fn@crate::expm_frechet), for each matrix of the last two axes: how much
/// more the exponential changes than the matrix, relative to both. That of the zero matrix is zero, and
/// NaN if the exponential overflows.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], and
/// [`Reason::NoConvergence`].
///
/// # Accuracy
/// The largest singular value of `L` by the bidiagonal form of Golub and Kahan, from products with
/// `L` and its adjoint, until it changes no more: at most 60 of each.
///
/// ```
/// use ndarray::array;
///
/// let cond = scirs2_linalg::expm_cond(&array![[1.0_f64, 0.0], [0.0, 1.0]])?;
/// assert!((cond[[]] - 1.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn expm_cond<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<<S::Elem as Scalar>::Real>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&expm_cond_shape(a.shape())?)?;
    expm_cond_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`expm_cond_into`] writes.
///
/// # Errors
/// The errors of [`expm_cond`] that depend on the shape.
pub fn expm_cond_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    Ok(split_square_shape(1, a)?.0.to_vec())
}

/// [`expm_cond`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`expm_cond`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn expm_cond_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&expm_cond_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 2000.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        MatrixBatchMut::scalars(out),
        || Condition::<T>::new(n),
        |condition, index, mut out| {
            out[[0, 0]] = rounded(condition.run(matrices.get(index))?);
            Ok(())
        },
    )
}

/// The most steps: by then the largest singular value has converged, or the directions are used
/// up.
const STEPS: usize = 60;

/// Condition numbers of matrices of one order.
struct Condition<T: LinalgScalar> {
    n: usize,
    exponential: Exponential<T::Double>,
    matrix: Vec<T::Double>,
    adjoint: Vec<T::Double>,
    /// What is overwritten by an exponential.
    copy: Vec<T::Double>,
    /// The directions from the right and from the left, one after the other.
    right: Vec<Vec<T::Double>>,
    left: Vec<Vec<T::Double>>,
}

impl<T: LinalgScalar> Condition<T> {
    fn new(n: usize) -> Result<Self, Error> {
        let new = || zeros(n * n);
        Ok(Condition {
            n,
            exponential: Exponential::new(n, true)?,
            matrix: new()?,
            adjoint: new()?,
            copy: new()?,
            right: Vec::new(),
            left: Vec::new(),
        })
    }

    fn run(&mut self, a: ArrayView2<'_, T>) -> Result<f64, Reason> {
        let n = self.n;
        if n == 0 {
            return Ok(0.0);
        }
        to_double(a.t(), &mut self.matrix);
        to_double(a, &mut self.adjoint);
        self.adjoint.iter_mut().for_each(|x| *x = x.conj());
        // Every direction begins with a part in this one.
        let first: Vec<T::Double> = (0..n * n)
            .map(|at| T::Double::from_real(1.0 + (at as f64).sin() / 2.0))
            .collect();
        self.right.clear();
        self.left.clear();
        let mut direction = first;
        let length = norm(&direction);
        scale(&mut direction, 1.0 / length);
        let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
        let (mut largest, mut size) = (0.0, 0.0);
        for _ in 0..STEPS.min(n * n) {
            self.right.push(direction);
            let mut image = self.derivative(false)?;
            if diagonal.is_empty() {
                size = norm(&self.copy);
                if !size.is_finite() {
                    return Ok(f64::NAN);
                }
            }
            orthogonalize(&mut image, &self.left);
            let alpha = norm(&image);
            diagonal.push(alpha);
            if alpha == 0.0 {
                break;
            }
            scale(&mut image, 1.0 / alpha);
            self.left.push(image);
            let before = largest;
            largest = largest_value(&diagonal, &beside)?;
            let mut next = self.derivative(true)?;
            orthogonalize(&mut next, &self.right);
            let beta = norm(&next);
            if largest - before <= 4.0 * f64::EPSILON * largest || beta <= 1e-14 * largest {
                break;
            }
            scale(&mut next, 1.0 / beta);
            beside.push(beta);
            direction = next;
        }
        let whole = norm(&self.matrix);
        Ok(if whole == 0.0 {
            0.0
        } else {
            largest * whole / size
        })
    }

    /// The derivative in the last direction from the right, or the adjoint one in that from the
    /// left. Leaves the exponential in `self.copy`.
    fn derivative(&mut self, adjoint: bool) -> Result<Vec<T::Double>, Reason> {
        let (matrix, directions) = if adjoint {
            (&self.adjoint, &self.left)
        } else {
            (&self.matrix, &self.right)
        };
        self.copy.copy_from_slice(matrix);
        let mut image = directions.last().cloned().unwrap_or_default();
        self.exponential.run(&mut self.copy, &mut image)?;
        Ok(image)
    }
}

/// The Frobenius norm, whose squares do not overflow.
fn norm<T: Scalar<Real = f64>>(x: &[T]) -> f64 {
    let most = x.iter().fold(0.0, |most: f64, x| most.max(x.abs1()));
    if most == 0.0 || !most.is_finite() {
        return most;
    }
    let parts = x.iter().flat_map(|x| x.parts());
    let sum: f64 = parts.map(|part| (part / most) * (part / most)).sum();
    most * sum.sqrt()
}

/// Subtracts the parts in orthonormal directions, twice, so that none is left.
fn orthogonalize<T: Scalar<Real = f64>>(x: &mut [T], directions: &[Vec<T>]) {
    for direction in directions.iter().chain(directions) {
        let pairs = direction.iter().zip(&*x);
        let part = pairs.fold(T::zero(), |sum, (&d, &x)| sum + d.conj() * x);
        for (x, &d) in x.iter_mut().zip(direction) {
            *x -= part * d;
        }
    }
}

/// The largest singular value of an upper bidiagonal matrix.
fn largest_value(diagonal: &[f64], beside: &[f64]) -> Result<f64, Reason> {
    let (mut values, mut beside) = (diagonal.to_vec(), beside.to_vec());
    let mut work = vec![0.0; 4 * values.len()];
    if bidiagonal_values(&mut values, &mut beside, &mut work) {
        Ok(values[0])
    } else {
        Err(Reason::NoConvergence { routine: "bdsqr" })
    }
}

/// [`expm_cond`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ExpmCond;

impl ScalarOperation for ExpmCond {
    const NAME: &'static str = "expm_cond";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(0, [(Kind::Real, expm_cond_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        expm_cond_into(work.operand::<T>(0)?, out.into_view()?, work.workers)
    }
}
