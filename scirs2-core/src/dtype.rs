//! The closed set of element types.

use core::fmt;

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $itemsize:literal,)+) => {
        /// The type of a tensor's elements.
        ///
        /// The set is closed: an unknown type dies where a tensor enters, so no
        /// later `match` needs an arm for it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum DType {
            $($(#[$doc])* $variant,)+
        }

        impl DType {
            /// Every dtype, in order of declaration.
            pub const ALL: &'static [DType] = &[$(DType::$variant,)+];

            /// The name NumPy gives it: `float64`, `complex64`, `bool`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(DType::$variant => $name,)+ }
            }

            /// Bytes of one element.
            #[must_use]
            pub const fn itemsize(self) -> usize {
                match self { $(DType::$variant => $itemsize,)+ }
            }
        }
    };
}

dtypes! {
    /// One byte, zero is false, all else is true.
    Bool "bool" 1,
    /// Signed, 8 bits.
    Int8 "int8" 1,
    /// Signed, 16 bits.
    Int16 "int16" 2,
    /// Signed, 32 bits.
    Int32 "int32" 4,
    /// Signed, 64 bits.
    Int64 "int64" 8,
    /// Unsigned, 8 bits.
    UInt8 "uint8" 1,
    /// Unsigned, 16 bits.
    UInt16 "uint16" 2,
    /// Unsigned, 32 bits.
    UInt32 "uint32" 4,
    /// Unsigned, 64 bits.
    UInt64 "uint64" 8,
    /// IEEE 754 binary16.
    Float16 "float16" 2,
    /// IEEE 754 binary32.
    Float32 "float32" 4,
    /// IEEE 754 binary64.
    Float64 "float64" 8,
    /// Two binary32, real part first.
    Complex64 "complex64" 8,
    /// Two binary64, real part first.
    Complex128 "complex128" 16,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
