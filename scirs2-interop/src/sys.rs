//! The C structs of DLPack 1.3, field for field, without logic.
//!
//! Codes are plain integers or newtypes over them: foreign memory may hold any
//! value, and a Rust enum with an unknown value is undefined.

use core::ffi::c_void;

pub use scirs2_core::{Device as DLDevice, DeviceKind as DLDeviceType};

/// The version this crate writes. It reads every version with this major number.
pub const VERSION: DLPackVersion = DLPackVersion { major: 1, minor: 3 };

/// Flag of [`DLManagedTensorVersioned`]: the memory must not be written.
pub const FLAG_READ_ONLY: u64 = 1;
/// Flag of [`DLManagedTensorVersioned`]: the memory is a copy made for the consumer.
pub const FLAG_IS_COPIED: u64 = 1 << 1;

/// Version of the ABI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct DLPackVersion {
    /// Structs of another major version have another layout.
    pub major: u32,
    /// A larger minor version may know more codes.
    pub minor: u32,
}

/// Type of the elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub struct DLDataType {
    /// One of the codes in [`type_code`].
    pub code: u8,
    /// Bits of one lane.
    pub bits: u8,
    /// Lanes of one element; 1 for all but vector types.
    pub lanes: u16,
}

/// Values of [`DLDataType::code`].
pub mod type_code {
    /// Signed integer.
    pub const INT: u8 = 0;
    /// Unsigned integer.
    pub const UINT: u8 = 1;
    /// IEEE 754 floating point.
    pub const FLOAT: u8 = 2;
    /// Opaque handle.
    pub const OPAQUE: u8 = 3;
    /// bfloat16.
    pub const BFLOAT: u8 = 4;
    /// Complex number of two IEEE 754 parts.
    pub const COMPLEX: u8 = 5;
    /// Boolean.
    pub const BOOL: u8 = 6;
    /// The names of the codes from 7 on, in order: 8-bit, 6-bit and 4-bit floats.
    pub const SMALL_FLOATS: [&str; 11] = [
        "float8_e3m4",
        "float8_e4m3",
        "float8_e4m3b11fnuz",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
        "float6_e2m3fn",
        "float6_e3m2fn",
        "float4_e2m1fn",
    ];
}

/// A strided tensor in somebody's memory.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DLTensor {
    /// Start of the memory; may be NULL where there are no elements.
    pub data: *mut c_void,
    /// Where the memory lives.
    pub device: DLDevice,
    /// Number of axes.
    pub ndim: i32,
    /// Type of the elements.
    pub dtype: DLDataType,
    /// `ndim` lengths; may be NULL where `ndim` is zero.
    pub shape: *mut i64,
    /// `ndim` steps in elements; NULL means C order.
    pub strides: *mut i64,
    /// Bytes from `data` to the first element.
    pub byte_offset: u64,
}

/// Frees a managed tensor, the struct included. NULL means there is nothing to free.
pub type Deleter<M> = Option<unsafe extern "C" fn(*mut M)>;

/// A tensor and its owner, as before DLPack 1.0: the capsule `dltensor`.
#[derive(Debug)]
#[repr(C)]
pub struct DLManagedTensor {
    /// The tensor.
    pub dl_tensor: DLTensor,
    /// The producer's own pointer.
    pub manager_ctx: *mut c_void,
    /// The producer's destructor.
    pub deleter: Deleter<DLManagedTensor>,
}

/// A tensor and its owner since DLPack 1.0: the capsule `dltensor_versioned`.
#[derive(Debug)]
#[repr(C)]
pub struct DLManagedTensorVersioned {
    /// Read before anything else. All up to `flags` stays in place in every version.
    pub version: DLPackVersion,
    /// The producer's own pointer.
    pub manager_ctx: *mut c_void,
    /// The producer's destructor.
    pub deleter: Deleter<DLManagedTensorVersioned>,
    /// The `FLAG_*` bits.
    pub flags: u64,
    /// The tensor.
    pub dl_tensor: DLTensor,
}

// Drift from the C header must fail the build.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<DLDataType>() == 4);
    assert!(size_of::<DLTensor>() == 48);
    assert!(offset_of!(DLTensor, device) == 8);
    assert!(offset_of!(DLTensor, ndim) == 16);
    assert!(offset_of!(DLTensor, dtype) == 20);
    assert!(offset_of!(DLTensor, shape) == 24);
    assert!(offset_of!(DLTensor, strides) == 32);
    assert!(offset_of!(DLTensor, byte_offset) == 40);
    assert!(size_of::<DLManagedTensor>() == 64);
    assert!(offset_of!(DLManagedTensor, manager_ctx) == 48);
    assert!(offset_of!(DLManagedTensor, deleter) == 56);
    assert!(size_of::<DLManagedTensorVersioned>() == 80);
    assert!(offset_of!(DLManagedTensorVersioned, manager_ctx) == 8);
    assert!(offset_of!(DLManagedTensorVersioned, deleter) == 16);
    assert!(offset_of!(DLManagedTensorVersioned, flags) == 24);
    assert!(offset_of!(DLManagedTensorVersioned, dl_tensor) == 32);
};
