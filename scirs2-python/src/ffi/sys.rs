//! The C structs of XLA's foreign function interface, without logic.
//!
//! They and their fields have the names of the header `xla/ffi/api/c_api.h`, which jaxlib ships;
//! a test compares the layouts. A struct of XLA's may go on behind the last field here. Codes are
//! plain integers: foreign memory may hold any value.

#![expect(non_snake_case, reason = "the names of the header")]

use std::ffi::{c_char, c_int, c_void};
use std::mem::offset_of;

/// The version that the handlers are written for: the oldest that XLA takes. Newer ones only
/// add to it.
pub(crate) const VERSION: (c_int, c_int) = (0, 1);

/// An error, which only XLA's functions make.
#[repr(C)]
pub(crate) struct Error {
    _private: [u8; 0],
}

/// A function that XLA calls; NULL is success.
pub(crate) type Handler = unsafe extern "C" fn(*mut CallFrame) -> *mut Error;

/// A struct that begins with its size.
///
/// # Safety
/// The first field is `struct_size`, and every bit pattern is valid.
pub(crate) unsafe trait SaysSize {
    /// The smallest size that has all fields.
    const SIZE: usize;
}

/// The name of a struct, its size up to the end of the last field, and the fields with their
/// offsets.
pub(crate) type Layout = (&'static str, usize, &'static [(&'static str, usize)]);

/// Declares the structs. The size and the offsets are checked against the compiler here, and
/// against the header in a test.
macro_rules! structs {
    (
        $($(#[$doc:meta])* $name:ident($size:literal) {
            $($field:ident: $type:ty => $offset:literal,)+
        })+
    ) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            pub(crate) struct $name {
                $(pub(crate) $field: $type,)+
            }
        )+

        /// The layout of each struct.
        pub(crate) const LAYOUTS: &[Layout] = &[
            $((stringify!($name), $size, &[$((stringify!($field), $offset)),+])),+
        ];

        #[cfg(target_pointer_width = "64")]
        const _: () = {
            $(
                assert!(size_of::<$name>() == usize::next_multiple_of($size, 8));
                $(assert!(offset_of!($name, $field) == $offset);)+
            )+
        };
    };
}

structs! {
    /// The first fields of an extension of a struct.
    Extension_Base(24) {
        struct_size: usize => 0,
        r#type: c_int => 8,
        next: *mut Extension_Base => 16,
    }
    /// Asks a handler for its [`Metadata`].
    Metadata_Extension(32) {
        extension_base: Extension_Base => 0,
        metadata: *mut Metadata => 24,
    }
    Api_Version(24) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        major_version: c_int => 16,
        minor_version: c_int => 20,
    }
    /// What XLA asks when a handler is registered.
    Metadata(36) {
        struct_size: usize => 0,
        api_version: Api_Version => 8,
        traits: u32 => 32,
    }
    /// XLA's functions.
    Api(56) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        api_version: Api_Version => 16,
        internal_api: *const c_void => 40,
        XLA_FFI_Error_Create: Option<unsafe extern "C" fn(*mut Error_Create_Args) -> *mut Error> => 48,
    }
    Error_Create_Args(28) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        message: *const c_char => 16,
        errc: c_int => 24,
    }
    /// A dense array in C order.
    Buffer(48) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        dtype: c_int => 16,
        data: *mut c_void => 24,
        rank: i64 => 32,
        dims: *mut i64 => 40,
    }
    /// The operands.
    Args(40) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        size: i64 => 16,
        types: *mut c_int => 24,
        args: *mut *mut c_void => 32,
    }
    /// The results.
    Rets(40) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        size: i64 => 16,
        types: *mut c_int => 24,
        rets: *mut *mut c_void => 32,
    }
    /// Text, without a zero at its end.
    ByteSpan(16) {
        ptr: *const c_char => 0,
        len: usize => 8,
    }
    /// One number.
    Scalar(16) {
        dtype: c_int => 0,
        value: *mut c_void => 8,
    }
    /// Named constants of a call.
    Attrs(48) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        size: i64 => 16,
        types: *mut c_int => 24,
        names: *mut *mut ByteSpan => 32,
        attrs: *mut *mut c_void => 40,
    }
    /// One call of a handler.
    CallFrame(168) {
        struct_size: usize => 0,
        extension_start: *mut Extension_Base => 8,
        api: *const Api => 16,
        ctx: *mut c_void => 24,
        stage: c_int => 32,
        args: Args => 40,
        rets: Rets => 80,
        attrs: Attrs => 120,
    }
}

macro_rules! says_size {
    ($($name:ident($size:literal)),+) => {
        $(
            // SAFETY: the size comes first, and all fields are integers and raw pointers.
            unsafe impl SaysSize for $name {
                const SIZE: usize = $size;
            }
        )+
    };
}

says_size! {
    Metadata_Extension(32), Extension_Base(24), Metadata(36), Api(56), Buffer(48), CallFrame(168)
}

/// [`Extension_Base::type`] of [`Metadata_Extension`].
pub(crate) const EXTENSION_METADATA: c_int = 1;

/// [`CallFrame::stage`] of a call that computes.
pub(crate) const STAGE_EXECUTE: c_int = 3;

/// The only type of operands and of results.
pub(crate) const TYPE_BUFFER: c_int = 1;

/// The type of an attribute that is a [`Scalar`].
pub(crate) const ATTR_SCALAR: c_int = 3;

/// Codes of errors.
pub(crate) mod error_code {
    use std::ffi::c_int;

    pub(crate) const INVALID_ARGUMENT: c_int = 3;
    pub(crate) const RESOURCE_EXHAUSTED: c_int = 8;
    pub(crate) const ABORTED: c_int = 10;
    pub(crate) const UNIMPLEMENTED: c_int = 12;
    pub(crate) const INTERNAL: c_int = 13;
}

/// Codes of dtypes.
pub(crate) mod data_type {
    use std::ffi::c_int;

    pub(crate) const PRED: c_int = 1;
    pub(crate) const S32: c_int = 4;
    pub(crate) const S64: c_int = 5;
    pub(crate) const F32: c_int = 11;
    pub(crate) const F64: c_int = 12;
    pub(crate) const C64: c_int = 15;
    pub(crate) const C128: c_int = 18;
}
