//! Row operations of the eigenvalue kernels.

use std::ops::Mul;

use num_traits::Zero;

/// Between these bounds LAPACK does not scale a matrix before it computes eigenvalues,
/// and squares are normal.
pub(super) const SAFE_MIN: f64 = 1e-138;
pub(super) const SAFE_MAX: f64 = 1e138;

/// Whether the largest of the elements is between the bounds, and none is NaN.
#[inline(always)]
pub(super) fn are_in_safe_range<'a>(elements: impl Iterator<Item = &'a f64>) -> bool {
    let (mut largest, mut sum) = (0.0_f64, 0.0);
    for x in elements {
        largest = largest.max(x.abs());
        // NaN if an element is.
        sum += x;
    }
    (SAFE_MIN..=SAFE_MAX).contains(&largest) && !sum.is_nan()
}

/// `sum t_i x_i`, with several partial sums at once.
#[inline(always)]
pub(super) fn dot<X: Copy + Zero + Mul<f64, Output = X>>(t: &[f64], x: &[X]) -> X {
    const LANES: usize = 8;
    let ((t, rest_t), (x, rest_x)) = (t.as_chunks::<LANES>(), x.as_chunks::<LANES>());
    let mut sums = [X::zero(); LANES];
    for (t, x) in t.iter().zip(x) {
        for ((sum, &t), &x) in sums.iter_mut().zip(t).zip(x) {
            *sum = *sum + x * t;
        }
    }
    let mut width = LANES / 2;
    while width > 0 && !t.is_empty() {
        for i in 0..width {
            sums[i] = sums[i] + sums[i + width];
        }
        width /= 2;
    }
    let rest = rest_t.iter().zip(rest_x);
    rest.fold(sums[0], |sum, (&t, &x)| sum + x * t)
}

/// Sums of squares between these bounds have lost nothing significant to underflow.
const NORMAL_SQUARES: std::ops::Range<f64> = 1e-280..1e280;

/// Numbers below `SMALL` may have squares that are not normal; the power of two by which
/// they are multiplied makes them so. The product is exact, also for subnormal numbers.
const SMALL: f64 = 1e-100;
const UPSCALE: f64 = f64::from_bits((1023 + 600) << 52);

/// The power of two by which numbers with this largest modulus are multiplied before
/// they are squared.
#[inline(always)]
pub(super) fn scale_for_squares(largest: f64) -> f64 {
    if largest < SMALL {
        UPSCALE
    } else if largest > 1.0 / SMALL {
        1.0 / UPSCALE
    } else {
        1.0
    }
}

/// The reflection `I - tau (1, v) (1, v)^T` that maps `x` to a multiple of the first unit
/// vector. Returns the multiple and `tau`; `(1, v)` replaces `x`. LAPACK's `larfg`.
#[inline(always)]
pub(super) fn reflection(x: &mut [f64]) -> (f64, f64) {
    let (first, rest) = x.split_first_mut().expect("an element");
    let alpha = std::mem::replace(first, 1.0);
    let mut squares = 0.0;
    for x in &*rest {
        squares += x * x;
    }
    let mut scale = 1.0;
    if !NORMAL_SQUARES.contains(&squares) {
        let largest = rest.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        if largest == 0.0 {
            return (alpha, 0.0);
        }
        scale = scale_for_squares(largest.max(alpha.abs()));
        squares = rest.iter().map(|x| (x * scale) * (x * scale)).sum();
    }
    let alpha = alpha * scale;
    let multiple = -(alpha * alpha + squares).sqrt().copysign(alpha);
    for x in rest {
        *x = *x * scale / (alpha - multiple);
    }
    (multiple / scale, (multiple - alpha) / multiple)
}

/// Cosine and sine of the rotation that maps `(f, g)` to `(r, 0)` with a positive `r`,
/// and `r`; for `(0, 0)` the sine is NaN.
#[inline(always)]
pub(super) fn rotation(f: f64, g: f64) -> ([f64; 2], f64) {
    let squares = f * f + g * g;
    if NORMAL_SQUARES.contains(&squares) {
        let length = squares.sqrt();
        return ([f / length, g / length], length);
    }
    let scale = scale_for_squares(f.abs().max(g.abs()));
    let (f, g) = (f * scale, g * scale);
    let length = (f * f + g * g).sqrt();
    ([f / length, g / length], length / scale)
}

/// Two rows of a matrix, the first before the second.
#[inline(always)]
pub(super) fn two_rows(
    n: usize,
    a: &mut [f64],
    first: usize,
    second: usize,
) -> (&mut [f64], &mut [f64]) {
    let (top, bottom) = a.split_at_mut(second * n);
    (&mut top[first * n..][..n], &mut bottom[..n])
}

/// Rotates two rows.
#[inline(always)]
pub(super) fn rotate(first: &mut [f64], second: &mut [f64], [cosine, sine]: [f64; 2]) {
    for (x, y) in first.iter_mut().zip(second) {
        (*x, *y) = (cosine * *x + sine * *y, cosine * *y - sine * *x);
    }
}
