//! The Rust types behind each [`DType`].

use core::fmt::Debug;

use num_traits::{Float, NumAssign};

use crate::DType;

pub use half::f16;

/// Complex number of two `f32`, NumPy's `complex64`.
pub type Complex32 = num_complex::Complex<f32>;
/// Complex number of two `f64`, NumPy's `complex128`.
pub type Complex64 = num_complex::Complex<f64>;

mod sealed {
    pub trait Sealed {}
}

/// A boolean as foreign memory holds it: one byte, of which any value may come.
///
/// Rust's `bool` is undefined for a byte other than 0 and 1, and nobody can
/// promise that for memory of another library.
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

/// A type that a tensor's elements can have.
///
/// Sealed: each implementor is plain data for which every bit pattern is a
/// value and which has no padding, so memory of the right size and alignment
/// can be read as it. The crates that hold `unsafe` rely on that.
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
    i8 => Int8,
    i16 => Int16,
    i32 => Int32,
    i64 => Int64,
    u8 => UInt8,
    u16 => UInt16,
    u32 => UInt32,
    u64 => UInt64,
    f16 => Float16,
    f32 => Float32,
    f64 => Float64,
    Complex32 => Complex64,
    Complex64 => Complex128,
}

/// An element that linear algebra computes in: `f32`, `f64` and their complex
/// numbers.
pub trait Scalar: Element + NumAssign {
    /// The type of a modulus: `Self` for a real number, its part for a complex one.
    type Real: Real;
}

/// A real [`Scalar`]: `f32` or `f64`.
pub trait Real: Scalar<Real = Self> + Float {}

impl Scalar for f32 {
    type Real = f32;
}
impl Scalar for f64 {
    type Real = f64;
}
impl Scalar for Complex32 {
    type Real = f32;
}
impl Scalar for Complex64 {
    type Real = f64;
}
impl Real for f32 {}
impl Real for f64 {}
