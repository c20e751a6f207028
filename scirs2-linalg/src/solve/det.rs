//! Determinants.

use ndarray::{ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMutD, Data, Dimension};
use num_traits::{Float as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::base::scale::rounded;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::elimination::{batched_det, batched_slogdet};
use crate::solve::lu_factors::{SquareLu, flops};

/// Determinants of square matrices.
///
/// One number for each matrix of the last two axes; that of a matrix without rows
/// is 1, of a singular one 0.
///
/// # Errors
/// [`Error::NotSquare`] and [`Error::TooFewAxes`]. A NaN propagates to the result, and an
/// infinity in a complex matrix makes it NaN.
///
/// # Accuracy
/// The determinant of a matrix within `c n eps |A|` of `a`: the product of the
/// pivots (LAPACK `getrf`), with a separate exponent, so that it overflows only
/// if the determinant itself does.
///
/// ```
/// use ndarray::array;
///
/// let det = scirs2_linalg::det(&array![[1.0, 2.0], [2.0, 8.0]])?;
/// assert_eq!(det[[]], 4.0);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn det<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&det_shape(a.shape())?)?;
    det_into(a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`det_into`] and [`slogdet_into`] write: the batch.
///
/// # Errors
/// The errors of [`det`] that depend on the shape.
pub fn det_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    Ok(split_square_shape(1, a)?.0.to_vec())
}

/// [`det`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`det`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn det_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&det_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let count = batch.iter().product();
    let plan = Plan::of::<T>(Problem::Det, Sizes::new(n, n, count));
    let matrices = MatrixBatch::new(&a, batch);
    let batched =
        |[pack_a, pack_out]: &mut [Vec<T>; 2], indices, out: &mut MatrixBatchMut<'_, _>| {
            let a = matrices.contiguous(indices, pack_a);
            let unhandled = out.with_contiguous(T::zero(), pack_out, |values| {
                Some(batched_det(n, T::as_real(a)?, T::as_real_mut(values)?))
            });
            unhandled.expect(REAL_ONLY)
        };
    det_batch(batch, n, workers).for_each_with_batched_kernel(
        MatrixBatchMut::scalars(out),
        || SquareLu::new(n, plan),
        plan.batched.then_some(batched),
        |factors, index, mut out| {
            let product = product(factors, matrices.get(index))?;
            out[[0, 0]] = product.map_or(T::zero(), |product| product.value());
            Ok(())
        },
    )
}

/// [`det`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Det;

impl ScalarOperation for Det {
    const NAME: &'static str = "det";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(0, [(Kind::Same, det_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        det_into(work.operand::<T>(0)?, out.into_view()?, work.workers)
    }
}

/// [`slogdet`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SignLogDet;

impl ScalarOperation for SignLogDet {
    const NAME: &'static str = "slogdet";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = det_shape(shapes[0])?;
        Ok(Results::new(
            0,
            [(Kind::Same, shape.clone()), (Kind::Real, shape)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [sign, logabsdet] = work.outputs();
        slogdet_into(
            work.operand::<T>(0)?,
            sign.into_view()?,
            logabsdet.into_view()?,
            work.workers,
        )
    }
}

/// The result of [`slogdet`]: `det A = sign exp(logabsdet)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Slogdet<T: LinalgScalar> {
    /// Of modulus 1, or 0 for a singular matrix.
    pub sign: ArrayD<T>,
    /// The logarithm of the determinant's modulus, minus infinity for a singular
    /// matrix.
    pub logabsdet: ArrayD<T::Real>,
}

/// Sign and logarithm of determinants, which neither overflow nor underflow.
///
/// # Errors
/// The same as [`det`].
///
/// # Accuracy
/// As for [`det`]; the logarithm is that of the product itself, not a sum of logarithms.
///
/// ```
/// use ndarray::array;
///
/// let answer = scirs2_linalg::slogdet(&array![[0.0, 1e200], [1e200, 0.0]])?;
/// assert_eq!(answer.sign[[]], -1.0);
/// let log: f64 = answer.logabsdet[[]];
/// assert!((log - 400.0 * 10_f64.ln()).abs() < 1e-12);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn slogdet<S, D>(a: &ArrayBase<S, D>) -> Result<Slogdet<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let shape = det_shape(a.shape())?;
    let (mut sign, mut logabsdet) = (zeros_array(&shape)?, zeros_array(&shape)?);
    let workers = Workers::current();
    slogdet_into(a, sign.view_mut(), logabsdet.view_mut(), &workers)?;
    Ok(Slogdet { sign, logabsdet })
}

/// [`slogdet`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`slogdet`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn slogdet_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    sign: ArrayViewMutD<'_, T>,
    logabsdet: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shape = det_shape(a.shape())?;
    shape::check_output(&shape, &sign)?;
    shape::check_output(&shape, &logabsdet)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let count = batch.iter().product();
    let plan = Plan::of::<T>(Problem::Det, Sizes::new(n, n, count));
    let matrices = MatrixBatch::new(&a, batch);
    let batched =
        |([pack_a, pack_sign], pack_log): &mut ([Vec<T>; 2], Vec<T::Real>),
         indices,
         (sign, logabsdet): &mut (MatrixBatchMut<'_, _>, MatrixBatchMut<'_, _>)| {
            let a = matrices.contiguous(indices, pack_a);
            let unhandled = sign.with_contiguous(T::zero(), pack_sign, |signs| {
                logabsdet.with_contiguous(T::Real::zero(), pack_log, |logarithms| {
                    let (a, signs) = (T::as_real(a)?, T::as_real_mut(signs)?);
                    Some(batched_slogdet(n, a, signs, logarithms))
                })
            });
            unhandled.expect(REAL_ONLY)
        };
    det_batch(batch, n, workers).for_each_with_batched_kernel(
        (
            MatrixBatchMut::scalars(sign),
            MatrixBatchMut::scalars(logabsdet),
        ),
        || SquareLu::new(n, plan),
        plan.batched.then_some(batched),
        |factors, index, (mut sign, mut logabsdet)| {
            let product = product(factors, matrices.get(index))?;
            (sign[[0, 0]], logabsdet[[0, 0]]) = match product {
                Some(product) => product.sign_and_logarithm(),
                None => (T::zero(), T::Real::neg_infinity()),
            };
            Ok(())
        },
    )
}

fn det_batch<'a>(shape: &'a [usize], n: usize, workers: &'a Workers<'a>) -> Batch<'a> {
    let flops = flops(n, n);
    Batch {
        shape,
        flops,
        workers,
    }
}

/// The product of the pivots of a matrix, `None` if one is zero.
fn product<T: LinalgScalar>(
    factors: &mut SquareLu<T>,
    a: ArrayView2<'_, T>,
) -> Result<Option<ScaledProduct>, Reason> {
    let done = unless_singular(factors.factor(a))?;
    Ok(done.map(|()| ScaledProduct::of(factors.diagonal(), factors.row_swaps())))
}

fn unless_singular<R>(done: Result<R, Reason>) -> Result<Option<R>, Reason> {
    match done {
        Ok(result) => Ok(Some(result)),
        Err(Reason::Singular { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A product `(re + i im) 2^exponent`, far from the ends of the range.
struct ScaledProduct {
    re: f64,
    im: f64,
    exponent: i64,
    /// An odd number of factors has a negative real part.
    negative: bool,
}

impl ScaledProduct {
    /// The product of the pivots, with the sign of the determinant.
    fn of<T: LinalgScalar>(pivots: impl Iterator<Item = T>, row_swaps: usize) -> Self {
        let mut product = ScaledProduct {
            re: 1.0,
            im: 0.0,
            exponent: 0,
            negative: false,
        };
        for pivot in pivots {
            product.multiply(pivot.parts().map(Into::into), T::IS_COMPLEX);
        }
        if row_swaps % 2 == 1 {
            (product.re, product.im) = (-product.re, -product.im);
            product.negative = !product.negative;
        }
        product
    }

    fn multiply(&mut self, [re, im]: [f64; 2], is_complex: bool) {
        self.negative ^= re < 0.0;
        if is_complex && ![self.re, self.im, re, im].iter().all(|x| x.is_finite()) {
            // Infinite or NaN; the direction is lost, as in NumPy.
            [self.re, self.im] = [self.re.hypot(self.im) * re.hypot(im), f64::NAN];
            return;
        }
        let [re, im] = self.bounded([re, im]);
        let product = if im == 0.0 && self.im == 0.0 {
            [self.re * re, 0.0]
        } else {
            [self.re * re - self.im * im, self.re * im + self.im * re]
        };
        [self.re, self.im] = self.bounded(product);
    }

    /// A number whose products with another such one neither overflow nor
    /// underflow: a large exponent is moved to that of the product.
    fn bounded(&mut self, parts: [f64; 2]) -> [f64; 2] {
        let size = parts[0].abs().max(parts[1].abs());
        if (SAFE_MIN..=1.0 / SAFE_MIN).contains(&size) {
            return parts;
        }
        let exponent = ilogb(size);
        self.exponent += exponent;
        parts.map(|part| ldexp(part, -exponent))
    }

    fn value<T: LinalgScalar>(&self) -> T {
        let part = |part| rounded(ldexp(part, self.exponent));
        let re = if self.im.is_nan() { self.im } else { self.re };
        T::from_parts([part(re), part(self.im)])
    }

    fn sign_and_logarithm<T: LinalgScalar>(&self) -> (T, T::Real) {
        let size = self.re.hypot(self.im);
        let sign = if T::IS_COMPLEX {
            [self.re / size, self.im / size]
        } else {
            // Even for a NaN, as in NumPy.
            [if self.negative { -1.0 } else { 1.0 }, 0.0]
        };
        let logarithm = size.ln() + self.exponent as f64 * std::f64::consts::LN_2;
        (T::from_parts(sign.map(rounded)), rounded(logarithm))
    }
}

/// `2^-500`.
const SAFE_MIN: f64 = f64::from_bits((1023 - 500) << 52);

/// The exponent of a finite number other than zero, else 0.
fn ilogb(size: f64) -> i64 {
    if size == 0.0 || !size.is_finite() {
        return 0;
    }
    // The exponent of a subnormal number is given by its leading zeros.
    let biased = |x: f64| (x.to_bits() >> 52 & 0x7ff).cast_signed();
    if size < f64::MIN_POSITIVE {
        biased(size * 2_f64.powi(64)) - 1023 - 64
    } else {
        biased(size) - 1023
    }
}

/// `x` times two to a power.
fn ldexp(x: f64, power: i64) -> f64 {
    if power == 0 {
        return x;
    }
    // A result in the range is rounded once, or twice if it is subnormal.
    let steps = 1000;
    let mut power = power.clamp(-5 * steps, 5 * steps);
    let mut x = x;
    while power > steps {
        x *= 2_f64.powi(1000);
        power -= steps;
    }
    while power < -steps {
        x *= 2_f64.powi(-1000);
        power += steps;
    }
    x * 2_f64.powi(i32::try_from(power).expect("clamped"))
}
