//! Conversion to a precision, and scaling by powers of two.

use num_traits::{Float as _, NumCast, Zero as _};
use scirs2_core::{Real, Scalar};

/// The nearest number to `x` in that precision.
#[inline(always)]
pub(crate) fn rounded<R: Real>(x: f64) -> R {
    <R as NumCast>::from(x).expect("a float takes any float")
}

/// The largest power of two that does not exceed `x`, which is normal and positive. Division
/// by it changes no digit.
#[inline(always)]
pub(crate) fn power_of_two(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & f64::INFINITY.to_bits())
}

/// Divides elements, all of them finite, by the power of two that brings the largest part of
/// any into [1, 2); returns that power. Subnormal elements, and those near the end of the
/// range, come as near as a power with a finite reciprocal allows.
pub(crate) fn scale_to_unit<T: Scalar<Real: Into<f64>>>(elements: &mut [T]) -> f64 {
    let mut largest = T::Real::zero();
    for x in &*elements {
        let [re, im] = x.parts();
        largest = largest.max(re.abs()).max(im.abs());
    }
    if largest.is_zero() {
        return 1.0;
    }
    let largest: f64 = largest.max(T::Real::min_positive_value()).into();
    let power = power_of_two(largest);
    let factor: T::Real = rounded(1.0 / power);
    for x in elements {
        *x = T::from_parts(x.parts().map(|part| part * factor));
    }
    power
}
