/// Runs an expression with `T` bound to the [`Element`](crate::Element) type of
/// a [`DType`](crate::DType).
///
/// ```
/// use scirs2_core::{DType, Element, dispatch};
///
/// fn itemsize(dtype: DType) -> usize {
///     dispatch!(dtype, T => size_of::<T>())
/// }
/// assert_eq!(itemsize(DType::Complex128), 16);
/// ```
///
/// With an `else` only the types that functions compute on reach the
/// expression: booleans, integers of whole bytes, floats of at least 16 bits and
/// the complex numbers of binary32 and binary64.
///
/// ```
/// # use scirs2_core::{DType, Element, dispatch};
/// fn computes(dtype: DType) -> bool {
///     dispatch!(dtype, T => T::DTYPE == dtype, else => false)
/// }
/// assert!(computes(DType::BFloat16));
/// assert!(!computes(DType::Float8E5M2));
/// ```
///
/// With `scalar` it dispatches on a [`ScalarType`](crate::ScalarType), and `T` is
/// a [`Scalar`](crate::Scalar).
///
/// ```
/// # use scirs2_core::{Element, ScalarType, dispatch};
/// fn itemsize(scalar: ScalarType) -> usize {
///     dispatch!(scalar scalar, T => size_of::<T>())
/// }
/// assert_eq!(itemsize(ScalarType::Complex64), 8);
/// ```
///
/// With `number` it dispatches on a dtype, and `T` is one of the types that are computed
/// in without conversion: booleans, integers of whole bytes, and the scalars.
///
/// ```
/// # use scirs2_core::{DType, Element, dispatch};
/// fn computes(dtype: DType) -> bool {
///     dispatch!(number dtype, T => T::DTYPE == dtype, else => false)
/// }
/// assert!(computes(DType::Int8));
/// assert!(!computes(DType::Float16));
/// ```
#[macro_export]
macro_rules! dispatch {
    (number $dtype:expr, $T:ident => $body:expr, else => $other:expr) => {
        $crate::dispatch!(@arms $dtype, $T, $body, [
            Bool $crate::Bool,
            Int8 i8, Int16 i16, Int32 i32, Int64 i64,
            UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64,
            Float32 f32, Float64 f64,
            Complex64 $crate::Complex32, Complex128 $crate::Complex64
        ] _ => $other)
    };
    (scalar $scalar:expr, $T:ident => $body:expr) => {
        $crate::dispatch!(@scalars $scalar, $T, $body, [
            Float32 f32, Float64 f64,
            Complex64 $crate::Complex32, Complex128 $crate::Complex64
        ])
    };
    (@scalars $scalar:expr, $T:ident, $body:expr, [$($variant:ident $type:ty),+]) => {
        match $scalar {
            $($crate::ScalarType::$variant => {
                type $T = $type;
                $body
            })+
        }
    };
    ($dtype:expr, $T:ident => $body:expr, else => $other:expr) => {
        $crate::dispatch!(@arms $dtype, $T, $body, [
            Bool $crate::Bool,
            Int8 i8, Int16 i16, Int32 i32, Int64 i64,
            UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64,
            BFloat16 $crate::bf16, Float16 $crate::f16, Float32 f32, Float64 f64,
            Complex64 $crate::Complex32, Complex128 $crate::Complex64
        ] _ => $other)
    };
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::dispatch!(@arms $dtype, $T, $body, [
            Bool $crate::Bool,
            Int1 $crate::element::Int1,
            Int2 $crate::element::Int2,
            Int4 $crate::element::Int4,
            Int8 i8, Int16 i16, Int32 i32, Int64 i64,
            UInt1 $crate::element::UInt1,
            UInt2 $crate::element::UInt2,
            UInt4 $crate::element::UInt4,
            UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64,
            Float4E2M1FN $crate::element::Float4E2M1FN,
            Float6E2M3FN $crate::element::Float6E2M3FN,
            Float6E3M2FN $crate::element::Float6E3M2FN,
            Float8E3M4 $crate::element::Float8E3M4,
            Float8E4M3 $crate::element::Float8E4M3,
            Float8E4M3B11FNUZ $crate::element::Float8E4M3B11FNUZ,
            Float8E4M3FN $crate::element::Float8E4M3FN,
            Float8E4M3FNUZ $crate::element::Float8E4M3FNUZ,
            Float8E5M2 $crate::element::Float8E5M2,
            Float8E5M2FNUZ $crate::element::Float8E5M2FNUZ,
            Float8E8M0FNU $crate::element::Float8E8M0FNU,
            BFloat16 $crate::bf16, Float16 $crate::f16, Float32 f32, Float64 f64,
            BComplex32 $crate::element::Complex<$crate::bf16>,
            Complex32 $crate::element::Complex<$crate::f16>,
            Complex64 $crate::Complex32, Complex128 $crate::Complex64
        ])
    };
    (@arms $dtype:expr, $T:ident, $body:expr, [$($variant:ident $type:ty),+] $(_ => $other:expr)?) => {
        match $dtype {
            $($crate::DType::$variant => {
                type $T = $type;
                $body
            })+
            $(_ => $other,)?
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{DType, Element};

    #[test]
    fn every_dtype_dispatches_to_its_own_type() {
        for &dtype in DType::ALL {
            assert_eq!(dispatch!(dtype, T => T::DTYPE), dtype);
        }
    }
}
