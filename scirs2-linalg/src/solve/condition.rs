//! How well conditioned a factored matrix is.

use num_traits::{Float as _, Zero as _};

use crate::base::memory::{OutOfMemory, try_resize};
use crate::base::scale::{power_of_two, rounded};
use crate::elements::scalar::LinalgScalar;
use crate::solve::triangular::Op;

/// Estimates the 1-norm of the inverse of a matrix of order `n`, from a few solutions with its
/// factors; nearly always it is within a factor of three, and never too large but for rounding.
///
/// N. J. Higham, FORTRAN codes for estimating the one-norm of a real or complex matrix (ACM
/// Transactions on Mathematical Software 14, 1988), which LAPACK's `gecon` follows, too.
pub(crate) fn inverse_norm<T: LinalgScalar>(
    n: usize,
    x: &mut Vec<T>,
    mut solve: impl FnMut(Op, &mut [T]),
) -> Result<f64, OutOfMemory> {
    try_resize(x, n, T::zero())?;
    x.fill(T::from_real(rounded(1.0 / n as f64)));
    solve(Op::NoTranspose, x);
    let mut norm = sum_of_moduli(x);
    if n > 1 && norm.is_finite() {
        let mut last = n;
        for _ in 0..5 {
            replace_by_signs(x);
            solve(Op::Adjoint, x);
            let place = largest(x);
            if place == last {
                break;
            }
            last = place;
            x.fill(T::zero());
            x[place] = T::one();
            solve(Op::NoTranspose, x);
            let next = sum_of_moduli(x);
            if next.partial_cmp(&norm) != Some(std::cmp::Ordering::Greater) {
                break;
            }
            norm = next;
        }
        // A vector for which the steps above cannot be misled.
        for (place, x) in x.iter_mut().enumerate() {
            let sign = if place % 2 == 0 { 1.0 } else { -1.0 };
            let slope = 1.0 + place as f64 / (n - 1) as f64;
            *x = T::from_real(rounded(sign * slope));
        }
        solve(Op::NoTranspose, x);
        norm = norm.max(2.0 * sum_of_moduli(x) / (3.0 * n as f64));
    }
    Ok(norm)
}

/// The 1-norm of a matrix, the largest sum of the moduli of a column, as a product that cannot
/// overflow.
pub(crate) struct OneNorm {
    /// A power of two near the largest part of an element.
    power: f64,
    /// The norm over it.
    ratio: f64,
}

impl OneNorm {
    /// Of a matrix whose columns, of `n` elements, come one after the other.
    pub(crate) fn of<T: LinalgScalar>(n: usize, elements: &[T]) -> Self {
        let ratio = largest_sum(n, elements, 1.0);
        if (1e-100..1e100).contains(&ratio) {
            return OneNorm { power: 1.0, ratio };
        }
        // Sums of squares may have left the range.
        let largest: f64 = largest_part(elements).into();
        let power = power_of_two(largest.clamp(f64::MIN_POSITIVE, f64::MAX / 2.0));
        let ratio = largest_sum(n, elements, power.recip());
        OneNorm { power, ratio }
    }

    /// `1 / (|A| |A^-1|)`.
    pub(crate) fn reciprocal_condition(&self, inverse: f64) -> f64 {
        1.0 / inverse / self.power / self.ratio
    }
}

/// The largest sum of the moduli of a column of `n` elements, each times a factor.
fn largest_sum<T: LinalgScalar>(n: usize, elements: &[T], factor: f64) -> f64 {
    let size = |x: T| {
        let [re, im] = x.parts();
        let (re, im): (f64, f64) = (re.into() * factor, im.into() * factor);
        if T::IS_COMPLEX {
            (re * re + im * im).sqrt()
        } else {
            re.abs()
        }
    };
    let sum = |column: &[T]| {
        let (runs, rest) = column.as_chunks::<8>();
        let mut sums = [0.0; 8];
        for run in runs {
            for (sum, &x) in sums.iter_mut().zip(run) {
                *sum += size(x);
            }
        }
        sums.iter().sum::<f64>() + rest.iter().map(|&x| size(x)).sum::<f64>()
    };
    largest_number(elements.chunks_exact(n.max(1)).map(sum))
}

/// The largest of numbers that are not negative; NaN if one is, which `max` passes over.
pub(crate) fn largest_number(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |x, y| if x > y || x.is_nan() { x } else { y })
}

/// The largest modulus of a part of an element; a NaN is passed over.
fn largest_part<T: LinalgScalar>(elements: &[T]) -> T::Real {
    let parts = elements.iter().flat_map(|x| x.parts());
    parts.fold(T::Real::zero(), |most, part| most.max(part.abs()))
}

#[inline(always)]
pub(crate) fn modulus<T: LinalgScalar>(x: T) -> f64 {
    let [re, im] = x.parts();
    if T::IS_COMPLEX {
        re.into().hypot(im.into())
    } else {
        re.into().abs()
    }
}

fn sum_of_moduli<T: LinalgScalar>(x: &[T]) -> f64 {
    x.iter().map(|&x| modulus(x)).sum()
}

fn replace_by_signs<T: LinalgScalar>(x: &mut [T]) {
    for x in x {
        let size = modulus(*x);
        *x = if size.is_zero() {
            T::one()
        } else {
            let [re, im] = x.parts();
            T::from_parts([rounded(re.into() / size), rounded(im.into() / size)])
        };
    }
}

fn largest<T: LinalgScalar>(x: &[T]) -> usize {
    let sizes = x.iter().map(|&x| modulus(x)).enumerate();
    let best = sizes.max_by(|(_, x), (_, y)| x.total_cmp(y));
    best.map_or(0, |(place, _)| place)
}
