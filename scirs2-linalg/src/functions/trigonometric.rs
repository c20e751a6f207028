//! Sines, cosines and tangents of matrices, circular and hyperbolic.

use ndarray::{ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use super::schur::write;
use super::square::{add_identity, combine, divide, multiply, norm1, scale};
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::is_finite;
use crate::base::memory::{zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::init_single_threaded;
use crate::spectral::double::to_double;

/// A trigonometric or hyperbolic function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigonometric {
    /// The cosine.
    Cos,
    /// The sine.
    Sin,
    /// The tangent.
    Tan,
    /// The hyperbolic cosine.
    Cosh,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic tangent.
    Tanh,
}

impl Trigonometric {
    const fn is_hyperbolic(self) -> bool {
        matches!(
            self,
            Trigonometric::Cosh | Trigonometric::Sinh | Trigonometric::Tanh
        )
    }
}

/// Trigonometric and hyperbolic functions of square matrices.
///
/// The power series of the function for each matrix of the last two axes: that of a real matrix
/// is real.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], and [`Reason::Undefined`]
/// for a tangent where the cosine is singular. A result that overflows is infinite or NaN.
///
/// # Accuracy
/// The series of a scaled matrix, and the formulas of the double angle, as in A. H. Al-Mohy,
/// N. J. Higham and S. D. Relton, SIAM J. Sci. Comput. 37, 2015, pp. A456-A487, but for
/// `cos A - I`, which keeps its digits where `A` is small: an error of about `cond(f(A)) eps`, also
/// relative to small results. Where the cosine is large the angle of the tangent itself is doubled.
/// In double precision.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Trigonometric, trigm};
///
/// let sine = trigm(&array![[0.0, 1e-10], [0.0, 0.0]], Trigonometric::Sinh)?;
/// assert_eq!(sine[[0, 1]], 1e-10);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn trigm<S, D>(a: &ArrayBase<S, D>, function: Trigonometric) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&trigm_shape(a.shape())?)?;
    trigm_into(a, function, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`trigm_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`trigm`] that depend on the shape.
pub fn trigm_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`trigm`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`trigm`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn trigm_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    function: Trigonometric,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&trigm_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 25.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        MatrixBatchMut::new(out),
        || SineCosine::<T>::new(n),
        |pair, index, out| {
            pair.run(function, matrices.get(index))?;
            write(n, &pair.sine, out);
            Ok(())
        },
    )
}

/// Sines and cosines of matrices of one order.
struct SineCosine<T: LinalgScalar> {
    n: usize,
    /// The matrix, and `-A^2`, or `A^2` for hyperbolic functions, and the second and third power
    /// of that.
    powers: [Vec<T::Double>; 4],
    /// The sine, and at the end the result.
    sine: Vec<T::Double>,
    /// The cosine less the identity.
    cosine: Vec<T::Double>,
    scratch: [Vec<T::Double>; 2],
    pivots: Vec<i32>,
}

impl<T: LinalgScalar> SineCosine<T> {
    fn new(n: usize) -> Result<Self, Error> {
        init_single_threaded();
        let new = || zeros(n * n);
        Ok(SineCosine {
            n,
            powers: [new()?, new()?, new()?, new()?],
            sine: new()?,
            cosine: new()?,
            scratch: [new()?, new()?],
            pivots: zeros(n)?,
        })
    }

    /// Computes the function of one matrix. That of the transpose is the transpose, but a
    /// matrix in Fortran order is what `write` takes.
    fn run(&mut self, function: Trigonometric, a: ArrayView2<'_, T>) -> Result<(), Reason> {
        let n = self.n;
        to_double(a.t(), &mut self.powers[0]);
        if !is_finite(&self.powers[0]) {
            return Err(Reason::NotFinite);
        }
        let mut doublings = self.scaled_powers(function);
        self.series();
        let is_tangent = matches!(function, Trigonometric::Tan | Trigonometric::Tanh);
        while doublings > 0 && !(is_tangent && norm1(n, &self.cosine) > MOST) {
            self.double();
            doublings -= 1;
        }
        match function {
            Trigonometric::Sin | Trigonometric::Sinh => {}
            Trigonometric::Cos | Trigonometric::Cosh => {
                add_identity(n, 1.0, &mut self.cosine);
                std::mem::swap(&mut self.sine, &mut self.cosine);
            }
            Trigonometric::Tan | Trigonometric::Tanh => {
                add_identity(n, 1.0, &mut self.cosine);
                divide(n, &mut self.sine, &mut self.cosine, &mut self.pivots)
                    .map_err(|_| NO_TANGENT)?;
                let sign = if function == Trigonometric::Tan {
                    -1.0
                } else {
                    1.0
                };
                for _ in 0..doublings {
                    if norm1(n, &self.sine) > NEAR_POLE {
                        return Err(LOST_TANGENT);
                    }
                    self.double_tangent(sign)?;
                }
            }
        }
        Ok(())
    }

    /// Doubles the angle of the tangent, which is where the sine is: `2 t / (1 - t^2)`, or with a
    /// plus for the hyperbolic one.
    fn double_tangent(&mut self, sign: f64) -> Result<(), Reason> {
        let n = self.n;
        let [divisor, _] = &mut self.scratch;
        multiply(n, &self.sine, &self.sine, false, divisor);
        scale(divisor, sign);
        add_identity(n, 1.0, divisor);
        scale(&mut self.sine, 2.0);
        divide(n, &mut self.sine, divisor, &mut self.pivots).map_err(|_| NO_TANGENT)
    }

    /// Divides the matrix by a power of two, so that its square has a norm of at most one, or
    /// the powers of that have, and computes these. Returns the exponent.
    fn scaled_powers(&mut self, function: Trigonometric) -> i32 {
        let n = self.n;
        let [a, square, second, third] = &mut self.powers;
        // So that no power overflows before it is scaled.
        let norm = norm1(n, a);
        let mut doublings = 0;
        if norm > 2.0_f64.powi(40) {
            doublings = norm.log2() as i32 - 40;
            scale(a, 2.0_f64.powi(-doublings));
        }
        multiply(n, a, a, false, square);
        if !function.is_hyperbolic() {
            scale(square, -1.0);
        }
        multiply(n, square, square, false, second);
        multiply(n, second, square, false, third);
        let [n1, n2, n3] = [&*square, &*second, &*third].map(|power| norm1(n, power));
        let size = n1.min(n2.sqrt().max(n3.cbrt()));
        let more = ((size.log2() / 2.0).ceil() as i32).max(0);
        if more > 0 {
            for (power, exponent) in [(a, 1), (square, 2), (second, 4), (third, 6)] {
                scale(power, 2.0_f64.powi(-more * exponent));
            }
        }
        doublings + more
    }

    /// The sine and the cosine less the identity of the scaled matrix, by Taylor's series.
    fn series(&mut self) {
        let n = self.n;
        let [a, square, second, third] = &self.powers;
        let [sum, product] = &mut self.scratch;
        // The coefficients of both begin with another factorial: `x^k / (2 k + first)!`.
        for (first, result) in [(1, &mut self.sine), (2, &mut self.cosine)] {
            let mut coefficients = [1.0; 9];
            let mut factorial = if first == 1 { 1.0 } else { 2.0 };
            for (k, coefficient) in coefficients.iter_mut().enumerate() {
                *coefficient = 1.0 / factorial;
                let next = (2 * k + first + 1) as f64;
                factorial *= next * (next + 1.0);
            }
            // Horner's rule in the third power.
            let [lowest, middle, highest] = coefficients.as_chunks::<3>().0 else {
                continue;
            };
            let terms = |c: &[f64; 3]| [(c[1], &square[..]), (c[2], &second[..])];
            combine(n, highest[0], &terms(highest), sum);
            for c in [middle, lowest] {
                multiply(n, sum, third, false, product);
                let [linear, quadratic] = terms(c);
                combine(n, c[0], &[linear, quadratic, (1.0, &product[..])], sum);
            }
            let factor = if first == 1 { a } else { square };
            multiply(n, factor, sum, false, result);
        }
    }

    /// Doubles the angle: `sin 2x = 2 sin x (1 + c)`, and `c' = 2 c (c + 2)` for `c = cos x - 1`.
    fn double(&mut self) {
        let n = self.n;
        let [product, _] = &mut self.scratch;
        multiply(n, &self.sine, &self.cosine, false, product);
        for (sine, &x) in self.sine.iter_mut().zip(&*product) {
            let sum = *sine + x;
            *sine = sum + sum;
        }
        multiply(n, &self.cosine, &self.cosine, false, product);
        for (cosine, &x) in self.cosine.iter_mut().zip(&*product) {
            let double = *cosine + *cosine;
            *cosine = double + double + x + x;
        }
    }
}

/// The norm of `cos A - I` above which the angle of the tangent is doubled instead of those of sine
/// and cosine: these grow for one eigenvalue, which costs the digits of the others' tangents, until
/// they overflow. Below it, the tangent may pass near a pole.
const MOST: f64 = 4.0;

/// The largest norm of a tangent whose angle is doubled. The error is about its square times eps:
/// half of the digits.
const NEAR_POLE: f64 = 1e4;

const LOST_TANGENT: Reason = Reason::Undefined {
    function: "tangent in working precision",
    why: "the tangent of a half, a quarter or less of it is too large: shift or scale it",
};

const NO_TANGENT: Reason = Reason::Undefined {
    function: "tangent",
    why: "its cosine is singular",
};

/// [`trigm`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Trigm {
    /// The function.
    pub function: Trigonometric,
}

impl ScalarOperation for Trigm {
    const NAME: &'static str = "trigm";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(2, [(Kind::Same, trigm_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        trigm_into(
            work.operand::<T>(0)?,
            self.function,
            out.into_view()?,
            work.workers,
        )
    }
}
