//! The types that linear algebra computes in.

use crate::DType;

/// A type that linear algebra computes in, the dtype of a
/// [`Scalar`](crate::Scalar).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScalarType {
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
    /// Two binary32.
    Complex64,
    /// Two binary64.
    Complex128,
}

impl ScalarType {
    /// The type in which elements of a dtype are computed: the scalars in
    /// themselves, halves in single, integers and booleans in double precision.
    /// `None` for types that are only stored.
    ///
    /// ```
    /// use scirs2_core::{DType, ScalarType};
    /// assert_eq!(ScalarType::of(DType::Int8), Some(ScalarType::Float64));
    /// assert_eq!(ScalarType::of(DType::BFloat16), Some(ScalarType::Float32));
    /// assert_eq!(ScalarType::of(DType::Float8E5M2), None);
    /// ```
    #[must_use]
    pub const fn of(dtype: DType) -> Option<Self> {
        use DType as D;
        Some(match dtype {
            D::Bool
            | D::Int8
            | D::Int16
            | D::Int32
            | D::Int64
            | D::UInt8
            | D::UInt16
            | D::UInt32
            | D::UInt64
            | D::Float64 => ScalarType::Float64,
            D::BFloat16 | D::Float16 | D::Float32 => ScalarType::Float32,
            D::Complex64 => ScalarType::Complex64,
            D::Complex128 => ScalarType::Complex128,
            _ => return None,
        })
    }

    /// The narrowest type that holds the values of both.
    #[must_use]
    pub const fn promote(self, other: Self) -> Self {
        Self::from_flags(
            self.is_double() || other.is_double(),
            self.is_complex() || other.is_complex(),
        )
    }

    /// The same type as a dtype.
    #[must_use]
    pub const fn dtype(self) -> DType {
        match self {
            ScalarType::Float32 => DType::Float32,
            ScalarType::Float64 => DType::Float64,
            ScalarType::Complex64 => DType::Complex64,
            ScalarType::Complex128 => DType::Complex128,
        }
    }

    /// The type of the modulus.
    #[must_use]
    pub const fn real(self) -> Self {
        Self::from_flags(self.is_double(), false)
    }

    /// The complex type of the same precision.
    #[must_use]
    pub const fn complex(self) -> Self {
        Self::from_flags(self.is_double(), true)
    }

    /// Whether the type is complex.
    #[must_use]
    pub const fn is_complex(self) -> bool {
        matches!(self, ScalarType::Complex64 | ScalarType::Complex128)
    }

    const fn is_double(self) -> bool {
        matches!(self, ScalarType::Float64 | ScalarType::Complex128)
    }

    const fn from_flags(double: bool, complex: bool) -> Self {
        match (double, complex) {
            (false, false) => ScalarType::Float32,
            (true, false) => ScalarType::Float64,
            (false, true) => ScalarType::Complex64,
            (true, true) => ScalarType::Complex128,
        }
    }
}
