//! Addition and multiplication of any element.

use num_traits::Float;
use scirs2_core::{Bool, Complex, Complex32, Complex64, Element};

use crate::simd::isa::has_fma;

/// An element that can be added and multiplied: booleans, integers of whole bytes,
/// `f32`, `f64` and their complex numbers.
///
/// Integers wrap around at the ends of their range, as NumPy's do. Of booleans
/// the sum is `or` and the product `and`.
pub trait Arithmetic: Element {
    /// The neutral element of addition.
    const ZERO: Self;

    /// The neutral element of multiplication.
    const ONE: Self;

    /// `self + other`.
    #[must_use]
    fn wrapping_add(self, other: Self) -> Self;

    /// `self - other`; for booleans whether they differ.
    #[must_use]
    fn wrapping_sub(self, other: Self) -> Self;

    /// `self * other`.
    #[must_use]
    fn wrapping_mul(self, other: Self) -> Self;

    /// `self + x * y`, for floats with one rounding.
    #[doc(hidden)]
    #[must_use]
    fn mul_acc(self, x: Self, y: Self) -> Self {
        self.wrapping_add(x.wrapping_mul(y))
    }

    /// Whether [`mul_acc`](Self::mul_acc) is a few instructions and not
    /// a call.
    #[doc(hidden)]
    fn has_fast_mul_acc() -> bool {
        true
    }

    /// The complex conjugate.
    #[must_use]
    fn conjugate(self) -> Self {
        self
    }
}

macro_rules! integers {
    ($($type:ty)+) => {$(
        impl Arithmetic for $type {
            const ZERO: Self = 0;
            const ONE: Self = 1;

            #[inline(always)]
            fn wrapping_add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn wrapping_sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn wrapping_mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
        }
    )+};
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

impl Arithmetic for Bool {
    const ZERO: Self = Bool::from_byte(0);
    const ONE: Self = Bool::from_byte(1);

    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        Bool::from(self.get() | other.get())
    }

    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        Bool::from(self != other)
    }

    #[inline(always)]
    fn wrapping_mul(self, other: Self) -> Self {
        Bool::from(self.get() & other.get())
    }
}

macro_rules! scalars {
    ($($type:ty: $one:expr, |$x:ident| $conjugate:expr,
       |$sum:ident, $by:ident| $mul_acc:expr;)+) => {$(
        impl Arithmetic for $type {
            const ZERO: Self = num_traits::ConstZero::ZERO;
            const ONE: Self = $one;

            #[inline(always)]
            fn wrapping_add(self, other: Self) -> Self {
                self + other
            }

            #[inline(always)]
            fn wrapping_sub(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn wrapping_mul(self, other: Self) -> Self {
                self * other
            }

            #[inline(always)]
            fn mul_acc(self, $x: Self, $by: Self) -> Self {
                let $sum = self;
                $mul_acc
            }

            fn has_fast_mul_acc() -> bool {
                has_fma()
            }

            #[inline(always)]
            fn conjugate(self) -> Self {
                let $x = self;
                $conjugate
            }
        }
    )+};
}

scalars! {
    f32: 1.0, |x| x, |sum, y| x.mul_add(y, sum);
    f64: 1.0, |x| x, |sum, y| x.mul_add(y, sum);
    Complex32: Complex32::new(1.0, 0.0), |z| z.conj(), |sum, w| complex_mul_acc(sum, z, w);
    Complex64: Complex64::new(1.0, 0.0), |z| z.conj(), |sum, w| complex_mul_acc(sum, z, w);
}

/// `sum + z w`, each part with two roundings.
#[inline(always)]
fn complex_mul_acc<R: Float>(sum: Complex<R>, z: Complex<R>, w: Complex<R>) -> Complex<R> {
    Complex {
        re: (-z.im).mul_add(w.im, z.re.mul_add(w.re, sum.re)),
        im: z.im.mul_add(w.re, z.re.mul_add(w.im, sum.im)),
    }
}
