//! The closed set of element types.

use core::fmt;

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $bits:literal,)+) => {
        /// The type of a tensor's elements.
        ///
        /// The set is closed: an unknown type is refused when a tensor is imported, so
        /// no later `match` needs an arm for it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum DType {
            $($(#[$doc])* $variant,)+
        }

        impl DType {
            /// Every dtype, in order of declaration.
            pub const ALL: &'static [DType] = &[$(DType::$variant,)+];

            /// The name in NumPy and ml_dtypes: `float64`, `int4`, `bool`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(DType::$variant => $name,)+ }
            }

            /// Bits of one element.
            #[inline]
            #[must_use]
            pub const fn bits(self) -> usize {
                match self { $(DType::$variant => $bits,)+ }
            }

            /// Bytes of one unpacked element: an element narrower than a byte
            /// is in the low bits of one.
            #[inline]
            #[must_use]
            pub const fn itemsize(self) -> usize {
                self.bits().div_ceil(8)
            }
        }
    };
}

dtypes! {
    /// One byte; zero is false, all else is true.
    Bool "bool" 8,
    /// Signed, 1 bit: 0 and -1.
    Int1 "int1" 1,
    /// Signed, 2 bits.
    Int2 "int2" 2,
    /// Signed, 4 bits.
    Int4 "int4" 4,
    /// Signed, 8 bits.
    Int8 "int8" 8,
    /// Signed, 16 bits.
    Int16 "int16" 16,
    /// Signed, 32 bits.
    Int32 "int32" 32,
    /// Signed, 64 bits.
    Int64 "int64" 64,
    /// Unsigned, 1 bit.
    UInt1 "uint1" 1,
    /// Unsigned, 2 bits.
    UInt2 "uint2" 2,
    /// Unsigned, 4 bits.
    UInt4 "uint4" 4,
    /// Unsigned, 8 bits.
    UInt8 "uint8" 8,
    /// Unsigned, 16 bits.
    UInt16 "uint16" 16,
    /// Unsigned, 32 bits.
    UInt32 "uint32" 32,
    /// Unsigned, 64 bits.
    UInt64 "uint64" 64,
    /// 2 bits of exponent, 1 of mantissa, finite values only.
    Float4E2M1FN "float4_e2m1fn" 4,
    /// 2 bits of exponent, 3 of mantissa, finite values only.
    Float6E2M3FN "float6_e2m3fn" 6,
    /// 3 bits of exponent, 2 of mantissa, finite values only.
    Float6E3M2FN "float6_e3m2fn" 6,
    /// 3 bits of exponent, 4 of mantissa.
    Float8E3M4 "float8_e3m4" 8,
    /// 4 bits of exponent, 3 of mantissa.
    Float8E4M3 "float8_e4m3" 8,
    /// 4 bits of exponent with bias 11, 3 of mantissa, no infinity, one zero.
    Float8E4M3B11FNUZ "float8_e4m3b11fnuz" 8,
    /// 4 bits of exponent, 3 of mantissa, no infinity.
    Float8E4M3FN "float8_e4m3fn" 8,
    /// 4 bits of exponent, 3 of mantissa, no infinity, one zero.
    Float8E4M3FNUZ "float8_e4m3fnuz" 8,
    /// 5 bits of exponent, 2 of mantissa.
    Float8E5M2 "float8_e5m2" 8,
    /// 5 bits of exponent, 2 of mantissa, no infinity, one zero.
    Float8E5M2FNUZ "float8_e5m2fnuz" 8,
    /// 8 bits of exponent: a power of two.
    Float8E8M0FNU "float8_e8m0fnu" 8,
    /// The upper half of a binary32.
    BFloat16 "bfloat16" 16,
    /// IEEE 754 binary16.
    Float16 "float16" 16,
    /// IEEE 754 binary32.
    Float32 "float32" 32,
    /// IEEE 754 binary64.
    Float64 "float64" 64,
    /// Two bfloat16, real part first.
    BComplex32 "bcomplex32" 32,
    /// Two binary16, real part first.
    Complex32 "complex32" 32,
    /// Two binary32, real part first.
    Complex64 "complex64" 64,
    /// Two binary64, real part first.
    Complex128 "complex128" 128,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
