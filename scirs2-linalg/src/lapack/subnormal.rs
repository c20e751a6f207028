//! Elimination with subnormal pivots.
//!
//! OpenBLAS multiplies by the reciprocal of a pivot, which overflows if the pivot
//! is subnormal, or skips such a pivot and returns wrong factors. In these cases
//! the work is done here, by division, slowly.

use num_traits::{Float as _, One as _};

use crate::base::scale::rounded;
use crate::lapack::Lapack;

/// Whether OpenBLAS cannot divide by this number; false for zero. The reciprocal of a complex
/// number overflows on the way if the parts are only just normal.
pub(crate) fn is_subnormal<T: Lapack>(x: T) -> bool {
    let margin = rounded(if T::IS_COMPLEX { 8.0 } else { 1.0 });
    !x.is_zero() && is_below(x, T::Real::min_positive_value() * margin)
}

/// Whether the reciprocal is near the end of the range.
pub(crate) fn is_nearly_subnormal<T: Lapack>(x: T) -> bool {
    is_below(x, T::Real::min_positive_value() / T::Real::epsilon())
}

fn is_below<T: Lapack>(x: T, bound: T::Real) -> bool {
    x.parts().iter().all(|part| part.abs() < bound)
}

/// Whether OpenBLAS skipped a pivot of the factors of a matrix of `rows`.
pub(crate) fn has_skipped_pivot<T: Lapack>(rows: usize, factors: &[T]) -> bool {
    let columns = factors.chunks_exact(rows.max(1)).take(rows).enumerate();
    let mut pivots = columns.map(|(at, column)| column[at..].split_first());
    pivots.any(|column| {
        // Below a pivot that is truly zero there are only zeros.
        column.is_some_and(|(pivot, below)| {
            is_subnormal(*pivot) || pivot.is_zero() && below.iter().any(|x| is_subnormal(*x))
        })
    })
}

/// LU factors as LAPACK's `getrf` returns them, of a matrix of `rows` stored column
/// by column; the error is the first pivot that is zero.
pub(crate) fn factor<T: Lapack>(rows: usize, a: &mut [T], pivots: &mut [i32]) -> Result<(), usize> {
    let mut zero = None;
    for (at, pivot) in pivots.iter_mut().enumerate() {
        let (left, right) = a.split_at_mut((at + 1) * rows);
        let column = &mut left[at * rows..];
        let row = iamax(&column[at..]) + at;
        *pivot = crate::lapack::blas_int(row + 1);
        column.swap(at, row);
        let divisor = column[at];
        if divisor.is_zero() {
            zero = zero.or(Some(at));
        } else {
            for x in &mut column[at + 1..] {
                *x = smith_divide(*x, divisor);
            }
        }
        let column = &column[at + 1..];
        for other in right.chunks_exact_mut(rows) {
            other.swap(at, row);
            let factor = other[at];
            for (x, &l) in other[at + 1..].iter_mut().zip(column) {
                *x -= l * factor;
            }
        }
        for other in left[..at * rows].chunks_exact_mut(rows) {
            other.swap(at, row);
        }
    }
    zero.map_or(Ok(()), Err)
}

/// The index of the largest element by `|re| + |im|`, as in BLAS.
fn iamax<T: Lapack>(column: &[T]) -> usize {
    let size = |x: T| x.parts().map(|part| part.abs());
    let mut max_index = 0;
    for (place, &x) in column.iter().enumerate() {
        let ([re, im], [most_re, most_im]) = (size(x), size(column[max_index]));
        if re + im > most_re + most_im {
            max_index = place;
        }
    }
    max_index
}

/// Solves `T X = B` for a triangular matrix of order `n`, whose element at a row and column
/// `at` returns; `b` is `B`, row by row, and is overwritten by `X`.
pub(crate) fn substitute<T: Lapack>(
    n: usize,
    lower: bool,
    at: impl Fn(usize, usize) -> T,
    b: &mut [T],
) {
    let row_len = b.len() / n;
    for step in 0..n {
        let row = if lower { step } else { n - 1 - step };
        let (above, rest) = b.split_at_mut(row * row_len);
        let (x, below) = rest.split_at_mut(row_len);
        for x in x.iter_mut() {
            *x = smith_divide(*x, at(row, row));
        }
        let (others, first) = if lower { (below, row + 1) } else { (above, 0) };
        for (other, to) in others.chunks_exact_mut(row_len).enumerate() {
            let factor = at(first + other, row);
            for (to, &x) in to.iter_mut().zip(&*x) {
                *to -= factor * x;
            }
        }
    }
}

/// `x / y`, scaled by a power of two where parts of `y` are nearly subnormal: products with
/// these lose digits.
pub(crate) fn smith_divide<T: Lapack>(x: T, y: T) -> T {
    if !is_nearly_subnormal(y) {
        return divide_unscaled(x, y);
    }
    // 1 / epsilon is a power of two, and so are its square and their product with a float.
    let scale = (T::Real::epsilon() * T::Real::epsilon()).recip();
    let scaled = |z: T| T::from_parts(z.parts().map(|part| part * scale));
    if is_below(x, T::Real::one()) {
        divide_unscaled(scaled(x), scaled(y))
    } else {
        scaled(divide_unscaled(x, scaled(y)))
    }
}

/// `x / y`, by Smith's algorithm, which squares nothing.
fn divide_unscaled<T: Lapack>(x: T, y: T) -> T {
    let ([a, b], [re, im]) = (x.parts(), y.parts());
    T::from_parts(if im.abs() <= re.abs() {
        let ratio = im / re;
        let divisor = re + im * ratio;
        [(a + b * ratio) / divisor, (b - a * ratio) / divisor]
    } else {
        let ratio = re / im;
        let divisor = im + re * ratio;
        [(a * ratio + b) / divisor, (b * ratio - a) / divisor]
    })
}

#[cfg(test)]
mod tests {
    use scirs2_core::{Complex32, Complex64};

    use super::*;

    /// Checks quotients of numbers near the lowest normal number: those of the same numbers,
    /// scaled to where nothing underflows.
    fn keeps_its_digits<T: Lapack>(least: f64, epsilon: f64) {
        for at in 0..400_u32 {
            let part = |at: u32| crate::base::noise(at as usize);
            let number = |at: u32, size: f64| {
                let parts = [part(at), part(at + 7) * 0.5_f64.powi((at % 60) as i32)];
                T::from_parts(parts.map(|x| crate::base::scale::rounded(x * size)))
            };
            let y = number(at, least * 2.0_f64.powi((at % 41) as i32 - 20));
            for size in [1.0, 1e3 * least, 1e-5] {
                let x = number(at + 1000, size);
                let wide = |z: T| {
                    let [re, im] = z.parts().map(Into::into);
                    Complex64::new(re, im)
                };
                // A power of two.
                let up = least.recip();
                let expected = wide(x) / (wide(y) * up);
                let got = wide(smith_divide(x, y)) / up;
                let size = expected.norm();
                if !got.is_finite() || y.is_zero() {
                    continue;
                }
                let error = (got - expected).norm();
                assert!(
                    error <= 4.0 * epsilon * size + f64::MIN_POSITIVE,
                    "{x:?} {y:?}"
                );
            }
        }
    }

    #[test]
    fn quotients_by_subnormal_numbers_keep_their_digits() {
        keeps_its_digits::<f64>(f64::MIN_POSITIVE, f64::EPSILON);
        keeps_its_digits::<Complex64>(f64::MIN_POSITIVE, f64::EPSILON);
        keeps_its_digits::<f32>(f32::MIN_POSITIVE.into(), f32::EPSILON.into());
        keeps_its_digits::<Complex32>(f32::MIN_POSITIVE.into(), f32::EPSILON.into());
    }
}
