//! The Rust types behind each [`DType`].

use core::fmt::Debug;
use core::ops::Neg;

use num_traits::{Float, NumAssign};

use crate::{DType, ScalarType};

pub use half::{bf16, f16};
pub use num_complex::Complex;

/// Complex number of two `f32`, NumPy's `complex64`.
pub type Complex32 = Complex<f32>;
/// Complex number of two `f64`, NumPy's `complex128`.
pub type Complex64 = Complex<f64>;

mod sealed {
    pub trait Sealed {}
}

/// A boolean as foreign memory holds it: one byte with any value.
///
/// Rust's `bool` is undefined for a byte other than 0 and 1, and the memory of
/// another library may hold any byte.
///
/// ```
/// use scirs2_core::Bool;
/// assert_eq!(Bool::from(true), Bool::from_byte(2));
/// assert!(!bool::from(Bool::from_byte(0)));
/// ```
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Bool(u8);

impl Bool {
    /// Any byte; zero is false.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        Bool(byte)
    }

    /// The byte as stored.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self.0
    }

    /// Whether the byte is not zero.
    #[must_use]
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Self {
        Bool(u8::from(value))
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> Self {
        value.get()
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Bool {}

impl Debug for Bool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        Debug::fmt(&self.get(), f)
    }
}

macro_rules! storage_types {
    ($($(#[$doc:meta])* $type:ident $bits:literal,)+) => {$(
        $(#[$doc])*
        ///
        /// Storage without arithmetic, in the low bits of a byte, compared by its bits.
        #[derive(Clone, Copy, Default)]
        #[repr(transparent)]
        pub struct $type(u8);

        impl $type {
            /// Takes the low bits of a byte; the others are ignored.
            #[must_use]
            pub const fn from_bits(bits: u8) -> Self {
                $type(bits)
            }

            /// The bits; the other bits of the byte are zero.
            #[must_use]
            pub const fn to_bits(self) -> u8 {
                self.0 & (u8::MAX >> (8 - $bits))
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.to_bits() == other.to_bits()
            }
        }

        impl Eq for $type {}

        impl Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($type), "({:#0width$b})"), self.to_bits(), width = $bits + 2)
            }
        }
    )+};
}

storage_types! {
    /// A signed integer of 1 bit.
    Int1 1,
    /// A signed integer of 2 bits.
    Int2 2,
    /// A signed integer of 4 bits.
    Int4 4,
    /// An unsigned integer of 1 bit.
    UInt1 1,
    /// An unsigned integer of 2 bits.
    UInt2 2,
    /// An unsigned integer of 4 bits.
    UInt4 4,
    /// A float of 2 bits of exponent and 1 of mantissa.
    Float4E2M1FN 4,
    /// A float of 2 bits of exponent and 3 of mantissa.
    Float6E2M3FN 6,
    /// A float of 3 bits of exponent and 2 of mantissa.
    Float6E3M2FN 6,
    /// A float of 3 bits of exponent and 4 of mantissa.
    Float8E3M4 8,
    /// A float of 4 bits of exponent and 3 of mantissa.
    Float8E4M3 8,
    /// A float of 4 bits of exponent with bias 11 and 3 of mantissa.
    Float8E4M3B11FNUZ 8,
    /// A float of 4 bits of exponent and 3 of mantissa, without infinity.
    Float8E4M3FN 8,
    /// A float of 4 bits of exponent and 3 of mantissa, without infinity and -0.
    Float8E4M3FNUZ 8,
    /// A float of 5 bits of exponent and 2 of mantissa.
    Float8E5M2 8,
    /// A float of 5 bits of exponent and 2 of mantissa, without infinity and -0.
    Float8E5M2FNUZ 8,
    /// A power of two, of 8 bits of exponent.
    Float8E8M0FNU 8,
}

/// A type that a tensor's elements can have.
///
/// Sealed: each implementor is plain data without padding for which every bit
/// pattern is a value, so memory of the right size and alignment can be read as
/// one. The crates with `unsafe` rely on that.
pub trait Element: sealed::Sealed + Copy + Debug + PartialEq + Send + Sync + 'static {
    /// The dtype that names this type.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($type:ty => $dtype:ident,)+) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;
        }
        const _: () = assert!(size_of::<$type>() == DType::$dtype.itemsize());
    )+};
}

elements! {
    Bool => Bool,
    Int1 => Int1,
    Int2 => Int2,
    Int4 => Int4,
    i8 => Int8,
    i16 => Int16,
    i32 => Int32,
    i64 => Int64,
    UInt1 => UInt1,
    UInt2 => UInt2,
    UInt4 => UInt4,
    u8 => UInt8,
    u16 => UInt16,
    u32 => UInt32,
    u64 => UInt64,
    Float4E2M1FN => Float4E2M1FN,
    Float6E2M3FN => Float6E2M3FN,
    Float6E3M2FN => Float6E3M2FN,
    Float8E3M4 => Float8E3M4,
    Float8E4M3 => Float8E4M3,
    Float8E4M3B11FNUZ => Float8E4M3B11FNUZ,
    Float8E4M3FN => Float8E4M3FN,
    Float8E4M3FNUZ => Float8E4M3FNUZ,
    Float8E5M2 => Float8E5M2,
    Float8E5M2FNUZ => Float8E5M2FNUZ,
    Float8E8M0FNU => Float8E8M0FNU,
    bf16 => BFloat16,
    f16 => Float16,
    f32 => Float32,
    f64 => Float64,
    Complex<bf16> => BComplex32,
    Complex<f16> => Complex32,
    Complex32 => Complex64,
    Complex64 => Complex128,
}

/// An element that linear algebra computes in: `f32`, `f64` and their complex
/// numbers.
pub trait Scalar: Element + NumAssign + Neg<Output = Self> {
    /// The type of the modulus: `Self` for a real type, that of the parts for a complex one.
    type Real: Real;

    /// Makes a number without an imaginary part.
    #[must_use]
    fn from_real(real: Self::Real) -> Self;

    /// The real part.
    #[must_use]
    fn real(self) -> Self::Real;

    /// The conjugate; a real number is its own.
    #[must_use]
    fn conj(self) -> Self;

    /// The quotient by a real number, computed without its square, which could
    /// overflow or underflow.
    #[must_use]
    fn div_real(self, real: Self::Real) -> Self;

    /// `|re| + |im|`, by which pivots are chosen: as good as the modulus, without
    /// a square root.
    #[must_use]
    fn abs1(self) -> Self::Real;

    /// The type as a value.
    const TYPE: ScalarType;

    /// Whether the type is complex.
    const IS_COMPLEX: bool = Self::TYPE.is_complex();

    /// The real and the imaginary part; zero is the imaginary part of a real number.
    #[must_use]
    fn parts(self) -> [Self::Real; 2];

    /// The number with these real and imaginary parts; a real type ignores the second.
    #[must_use]
    fn from_parts(parts: [Self::Real; 2]) -> Self;

    /// Whether no part is NaN or infinite.
    #[must_use]
    fn has_finite_parts(self) -> bool;

    /// The numbers as real numbers, if the type is real.
    fn as_real(numbers: &[Self]) -> Option<&[Self::Real]>;

    /// [`as_real`](Self::as_real), mutable.
    fn as_real_mut(numbers: &mut [Self]) -> Option<&mut [Self::Real]>;
}

/// A real [`Scalar`]: `f32` or `f64`.
pub trait Real: Scalar<Real = Self> + Float {}

macro_rules! scalars {
    ($($real:ident: $real_type:ident, $complex_type:ident;)+) => {$(
        impl Scalar for $real {
            type Real = $real;

            const TYPE: ScalarType = ScalarType::$real_type;

            #[inline(always)]
            fn from_real(real: $real) -> Self {
                real
            }

            #[inline(always)]
            fn real(self) -> $real {
                self
            }

            #[inline(always)]
            fn conj(self) -> Self {
                self
            }

            #[inline(always)]
            fn div_real(self, real: $real) -> Self {
                self / real
            }

            #[inline(always)]
            fn abs1(self) -> $real {
                self.abs()
            }

            #[inline(always)]
            fn parts(self) -> [$real; 2] {
                [self, 0.0]
            }

            #[inline(always)]
            fn from_parts([real, _]: [$real; 2]) -> Self {
                real
            }

            #[inline(always)]
            fn has_finite_parts(self) -> bool {
                self.is_finite()
            }

            #[inline(always)]
            fn as_real(numbers: &[Self]) -> Option<&[$real]> {
                Some(numbers)
            }

            #[inline(always)]
            fn as_real_mut(numbers: &mut [Self]) -> Option<&mut [$real]> {
                Some(numbers)
            }
        }

        impl Real for $real {}

        impl Scalar for Complex<$real> {
            type Real = $real;

            const TYPE: ScalarType = ScalarType::$complex_type;

            #[inline(always)]
            fn from_real(real: $real) -> Self {
                Complex::new(real, 0.0)
            }

            #[inline(always)]
            fn real(self) -> $real {
                self.re
            }

            #[inline(always)]
            fn conj(self) -> Self {
                Complex::conj(&self)
            }

            #[inline(always)]
            fn div_real(self, real: $real) -> Self {
                Complex::new(self.re / real, self.im / real)
            }

            #[inline(always)]
            fn abs1(self) -> $real {
                self.re.abs() + self.im.abs()
            }

            #[inline(always)]
            fn parts(self) -> [$real; 2] {
                [self.re, self.im]
            }

            #[inline(always)]
            fn from_parts([re, im]: [$real; 2]) -> Self {
                Complex::new(re, im)
            }

            #[inline(always)]
            fn has_finite_parts(self) -> bool {
                self.re.is_finite() & self.im.is_finite()
            }

            #[inline(always)]
            fn as_real(_: &[Self]) -> Option<&[$real]> {
                None
            }

            #[inline(always)]
            fn as_real_mut(_: &mut [Self]) -> Option<&mut [$real]> {
                None
            }
        }
    )+};
}

scalars! {
    f32: Float32, Complex64;
    f64: Float64, Complex128;
}
