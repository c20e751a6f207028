//! What each element type brings to a norm.

use ndarray::ArrayViewD;
use scirs2_core::{Bool, Complex32, Complex64, Element, bf16, f16};

use crate::elements::scalar::LinalgScalar;
use crate::kernels::reduce::{Block, ReadAsF64};

/// An element that has norms: every [`Element`] that is computed on.
pub trait Normed: Element + ReadAsF64 {
    /// The type of a norm: as precise as the element, `f64` for integers.
    type Norm: Rounded;

    /// The real numbers that an element is made of, one after the other and nothing else: code
    /// that reads memory relies on it. The trait can be implemented in this crate only.
    #[doc(hidden)]
    type Part: ReadAsF64;

    /// The number of these parts.
    #[doc(hidden)]
    const PARTS: usize = size_of::<Self>() / size_of::<Self::Part>();

    /// What its singular values are computed in.
    #[doc(hidden)]
    type Singular: LinalgScalar;

    #[doc(hidden)]
    fn singular(self) -> Self::Singular;

    /// The array itself, if it need not be converted for them.
    #[doc(hidden)]
    fn as_singular(_: ArrayViewD<'_, Self>) -> Option<ArrayViewD<'_, Self::Singular>> {
        None
    }
}

/// A floating-point type that a result is rounded to, once.
pub trait Rounded: Element + Into<f64> {
    #[doc(hidden)]
    fn rounded(value: f64) -> Self;
}

impl Rounded for f64 {
    fn rounded(value: f64) -> Self {
        value
    }
}

impl Rounded for f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding is what is asked for"
    )]
    fn rounded(value: f64) -> Self {
        value as f32
    }
}

impl Rounded for f16 {
    fn rounded(value: f64) -> Self {
        f16::from_f32(to_odd(value))
    }
}

impl Rounded for bf16 {
    fn rounded(value: f64) -> Self {
        bf16::from_f32(to_odd(value))
    }
}

/// A single whose last bit says whether anything was cut off, so that a second
/// rounding, to a half, is not misled; `f16::from_f64` drops bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is cut off is kept track of"
)]
fn to_odd(value: f64) -> f32 {
    let single = value as f32;
    let wide = f64::from(single);
    if wide == value || !single.is_finite() {
        return single;
    }
    let towards_zero = single.to_bits() - u32::from(wide.abs() > value.abs());
    f32::from_bits(towards_zero | 1)
}

macro_rules! real {
    ($($type:ty => $norm:ty, $singular:ty, $x:ident $read:expr, $convert:expr;)+) => {$(
        impl ReadAsF64 for $type {
            #[inline(always)]
            fn read(items: impl Iterator<Item = Self> + Clone, out: &mut [f64]) {
                for (out, $x) in out.iter_mut().zip(items) {
                    *out = $read;
                }
            }
        }

        impl Normed for $type {
            type Norm = $norm;
            type Part = $type;
            type Singular = $singular;

            fn singular(self) -> $singular {
                let $x = self;
                $convert
            }
        }
    )+};
}

real! {
    Bool => f64, f64, x f64::from(u8::from(x.get())), f64::from(u8::from(x.get()));
    i8 => f64, f64, x f64::from(x), f64::from(x);
    i16 => f64, f64, x f64::from(x), f64::from(x);
    i32 => f64, f64, x f64::from(x), f64::from(x);
    i64 => f64, f64, x x as f64, x as f64;
    u8 => f64, f64, x f64::from(x), f64::from(x);
    u16 => f64, f64, x f64::from(x), f64::from(x);
    u32 => f64, f64, x f64::from(x), f64::from(x);
    u64 => f64, f64, x x as f64, x as f64;
    bf16 => bf16, f32, x f64::from(x.to_f32()), x.to_f32();
    f16 => f16, f32, x f64::from(magnitude(x)), x.to_f32();
}

/// `abs(x)` by shifts and one product: `half` checks the CPU's features for each
/// element, which no compiler vectorises.
#[inline(always)]
fn magnitude(x: f16) -> f32 {
    // Half counts exponents from 15, single from 127.
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23);
    const NOT_FINITE: u32 = 0x7c00 << 13;
    let bits = u32::from(x.to_bits() & 0x7fff) << 13;
    let finite = f32::from_bits(bits) * REBIAS;
    if bits >= NOT_FINITE {
        f32::from_bits(bits | f32::INFINITY.to_bits())
    } else {
        finite
    }
}

macro_rules! float {
    ($($type:ty, $block:ident;)+) => {$(
        impl ReadAsF64 for $type {
            #[inline(always)]
            fn read(items: impl Iterator<Item = Self> + Clone, out: &mut [f64]) {
                for (out, x) in out.iter_mut().zip(items) {
                    *out = x.into();
                }
            }

            const IS_NATIVE: bool = true;

            fn as_block(items: &[Self]) -> Option<Block<'_>> {
                Some(Block::$block(items))
            }
        }

        impl Normed for $type {
            type Norm = $type;
            type Part = $type;
            type Singular = $type;

            fn singular(self) -> $type {
                self
            }

            fn as_singular(array: ArrayViewD<'_, Self>) -> Option<ArrayViewD<'_, $type>> {
                Some(array)
            }
        }
    )+};
}

float! {
    f64, Double;
    f32, Single;
}

macro_rules! complex {
    ($($type:ty => $part:ty;)+) => {$(
        impl ReadAsF64 for $type {
            #[inline(always)]
            fn read(items: impl Iterator<Item = Self> + Clone, out: &mut [f64]) {
                let parts = items.map(|z| (f64::from(z.re), f64::from(z.im)));
                moduli(parts, out);
            }
        }

        impl Normed for $type {
            type Norm = $part;
            type Part = $part;
            type Singular = $type;

            fn singular(self) -> $type {
                self
            }

            fn as_singular(array: ArrayViewD<'_, Self>) -> Option<ArrayViewD<'_, $type>> {
                Some(array)
            }
        }
    )+};
}

complex! {
    Complex32 => f32;
    Complex64 => f64;
}

/// `sqrt(re^2 + im^2)`; if a square overflows, underflows or is not finite, computed by the
/// slower `hypot`, which does not change any other element.
#[inline(always)]
fn moduli(parts: impl Iterator<Item = (f64, f64)> + Clone, out: &mut [f64]) {
    const SMALL: f64 = f64::from_bits((1023 - 960) << 52);
    const LARGE: f64 = f64::from_bits((1023 + 1000) << 52);
    let is_safe = |re: f64, im: f64| {
        let square = re * re + im * im;
        (SMALL..=LARGE).contains(&square) | (re == 0.0) & (im == 0.0)
    };
    let mut unsafe_squares = 0;
    for (out, (re, im)) in out.iter_mut().zip(parts.clone()) {
        unsafe_squares |= u64::from(!is_safe(re, im));
        *out = (re * re + im * im).sqrt();
    }
    if unsafe_squares != 0 {
        for (out, (re, im)) in out.iter_mut().zip(parts) {
            if !is_safe(re, im) {
                *out = re.hypot(im);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_read_exactly() {
        for bits in 0..=u16::MAX {
            let half = f16::from_bits(bits);
            let expected = half.to_f32().abs();
            let got = magnitude(half);
            assert!(
                got == expected || got.is_nan() && expected.is_nan(),
                "{half}"
            );
        }
    }

    /// Each finite number of 16 bits, the midpoint to the next, and the f64
    /// beside it.
    fn rounds_once<T: Rounded>(infinity: u16, from_bits: impl Fn(u16) -> T) {
        for bits in 0..infinity - 1 {
            let (low, high) = (from_bits(bits), from_bits(bits + 1));
            let middle = f64::midpoint(low.into(), high.into());
            let even = if bits & 1 == 0 { low } else { high };
            assert_eq!(T::rounded(middle), even);
            assert_eq!(T::rounded(middle.next_down()), low);
            assert_eq!(T::rounded(middle.next_up()), high);
        }
    }

    #[test]
    fn halves_are_rounded_once() {
        rounds_once(f16::INFINITY.to_bits(), f16::from_bits);
        rounds_once(bf16::INFINITY.to_bits(), bf16::from_bits);
    }
}
