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
#[macro_export]
macro_rules! dispatch {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::dispatch!(@arms $dtype, $T, $body,
            Bool $crate::Bool,
            Int8 i8, Int16 i16, Int32 i32, Int64 i64,
            UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64,
            Float16 $crate::f16, Float32 f32, Float64 f64,
            Complex64 $crate::Complex32, Complex128 $crate::Complex64)
    };
    (@arms $dtype:expr, $T:ident, $body:expr, $($variant:ident $type:ty),+) => {
        match $dtype {
            $($crate::DType::$variant => {
                type $T = $type;
                $body
            })+
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{DType, Element};

    #[test]
    fn every_dtype_reaches_its_own_type() {
        for &dtype in DType::ALL {
            assert_eq!(dispatch!(dtype, T => T::DTYPE), dtype);
        }
    }
}
