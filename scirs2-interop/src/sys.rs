//! The C structs of DLPack 1.3, field for field, without logic.
//!
//! Codes are plain integers or newtypes over them: foreign memory may hold any
//! value, and a Rust enum with an unknown value is undefined.

use core::ffi::{c_char, c_int, c_void};

pub use scirs2_core::{Device as DLDevice, DeviceKind as DLDeviceType};

/// The version this crate writes. It reads every version with this major number.
pub const VERSION: DLPackVersion = DLPackVersion { major: 1, minor: 3 };

/// Flag of [`DLManagedTensorVersioned`]: the memory must not be written.
pub const FLAG_READ_ONLY: u64 = 1;
/// Flag of [`DLManagedTensorVersioned`]: the memory is a copy made for the consumer.
pub const FLAG_IS_COPIED: u64 = 1 << 1;
/// Flag of [`DLManagedTensorVersioned`]: each element narrower than a byte has
/// a byte of its own. Without it such elements are packed without gaps, the first in
/// the low bits.
pub const FLAG_IS_SUBBYTE_TYPE_PADDED: u64 = 1 << 2;

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
    /// 8-bit float of 3 bits of exponent and 4 of mantissa.
    pub const FLOAT8_E3M4: u8 = 7;
    /// 8-bit float of 4 bits of exponent and 3 of mantissa.
    pub const FLOAT8_E4M3: u8 = 8;
    /// As above, bias 11, no infinity, no -0.
    pub const FLOAT8_E4M3B11FNUZ: u8 = 9;
    /// As above, the usual bias, no infinity.
    pub const FLOAT8_E4M3FN: u8 = 10;
    /// As above, no infinity, no -0.
    pub const FLOAT8_E4M3FNUZ: u8 = 11;
    /// 8-bit float of 5 bits of exponent and 2 of mantissa.
    pub const FLOAT8_E5M2: u8 = 12;
    /// As above, no infinity, no -0.
    pub const FLOAT8_E5M2FNUZ: u8 = 13;
    /// 8-bit float of exponent alone.
    pub const FLOAT8_E8M0FNU: u8 = 14;
    /// 6-bit float of 2 bits of exponent and 3 of mantissa.
    pub const FLOAT6_E2M3FN: u8 = 15;
    /// 6-bit float of 3 bits of exponent and 2 of mantissa.
    pub const FLOAT6_E3M2FN: u8 = 16;
    /// 4-bit float of 2 bits of exponent and 1 of mantissa.
    pub const FLOAT4_E2M1FN: u8 = 17;
    /// Complex number of two bfloat16.
    pub const BCOMPLEX: u8 = 18;
}

/// A strided tensor in memory that something else owns.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DLTensor {
    /// Start of the memory; may be NULL if there are no elements.
    pub data: *mut c_void,
    /// Where the memory lives.
    pub device: DLDevice,
    /// Number of axes.
    pub ndim: i32,
    /// Type of the elements.
    pub dtype: DLDataType,
    /// `ndim` lengths; may be NULL if `ndim` is zero.
    pub shape: *mut i64,
    /// `ndim` strides in elements; NULL means C order.
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

/// What every version of the exchange API starts with.
#[derive(Debug)]
#[repr(C)]
pub struct DLPackExchangeAPIHeader {
    /// The API of another major version has another layout.
    pub version: DLPackVersion,
    /// The API of an older version, or NULL.
    pub prev_api: *mut DLPackExchangeAPIHeader,
}

/// Makes a tensor from a prototype, or reports an error by `set_error` and returns -1.
pub type DLPackManagedTensorAllocator = unsafe extern "C" fn(
    prototype: *mut DLTensor,
    out: *mut *mut DLManagedTensorVersioned,
    error_ctx: *mut c_void,
    set_error: Option<
        unsafe extern "C" fn(error_ctx: *mut c_void, kind: *const c_char, message: *const c_char),
    >,
) -> c_int;

/// Exports a Python object; -1 with a Python error set.
pub type DLPackManagedTensorFromPyObjectNoSync =
    unsafe extern "C" fn(py_object: *mut c_void, out: *mut *mut DLManagedTensorVersioned) -> c_int;

/// Makes a Python object from a tensor, which it then owns; -1 with a Python error set.
pub type DLPackManagedTensorToPyObjectNoSync = unsafe extern "C" fn(
    tensor: *mut DLManagedTensorVersioned,
    out_py_object: *mut *mut c_void,
) -> c_int;

/// Describes a Python object until control returns to it; -1 with a Python error set.
pub type DLPackDLTensorFromPyObjectNoSync =
    unsafe extern "C" fn(py_object: *mut c_void, out: *mut DLTensor) -> c_int;

/// The stream that work runs on now; -1 with a Python error set.
pub type DLPackCurrentWorkStream = unsafe extern "C" fn(
    device_type: DLDeviceType,
    device_id: i32,
    out_current_stream: *mut *mut c_void,
) -> c_int;

/// The functions that a Python tensor type offers to C, as the capsule
/// `dlpack_exchange_api` in its attribute `__dlpack_c_exchange_api__`.
#[derive(Debug)]
#[repr(C)]
pub struct DLPackExchangeAPI {
    /// Read before anything else.
    pub header: DLPackExchangeAPIHeader,
    /// Makes a tensor in memory of the library.
    pub managed_tensor_allocator: Option<DLPackManagedTensorAllocator>,
    /// Exports an object of the type.
    pub managed_tensor_from_py_object_no_sync: Option<DLPackManagedTensorFromPyObjectNoSync>,
    /// Makes an object of the type.
    pub managed_tensor_to_py_object_no_sync: Option<DLPackManagedTensorToPyObjectNoSync>,
    /// Describes an object without a transfer of ownership; NULL if not supported.
    pub dltensor_from_py_object_no_sync: Option<DLPackDLTensorFromPyObjectNoSync>,
    /// The current stream of a device.
    pub current_work_stream: Option<DLPackCurrentWorkStream>,
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
    assert!(size_of::<DLPackExchangeAPI>() == 56);
    assert!(offset_of!(DLPackExchangeAPI, managed_tensor_allocator) == 16);
};
