//! Why a tensor cannot be exchanged.

use scirs2_core::{DType, Device};

use crate::dtype::dtype_name;
use crate::sys::{DLDataType, DLPackVersion};

/// Why a tensor cannot be exchanged. Each variant names the field and its value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The struct has an unknown layout.
    #[error(
        "version: the tensor is DLPack {}.{}, only 1.x can be read; \
         ask the producer for max_version=(1, 3)", .0.major, .0.minor
    )]
    Version(DLPackVersion),
    /// The CPU cannot read the memory.
    #[error(
        "device: the tensor lives on {}, id {}; copy it to the host first, for example \
         x.cpu() in PyTorch, x.get() in CuPy, jax.device_get(x) in JAX, \
         or from_dlpack(x, device=\"cpu\")", .0.kind, .0.id
    )]
    Device(Device),
    /// The host can read the memory, but a kernel on the device may still be writing it.
    #[error(
        "device: {}, id {}, is memory that a kernel may still be writing; \
         from_dlpack(x, device=\"cpu\") asks the producer to wait for it", .0.kind, .0.id
    )]
    Unsynchronized(Device),
    /// The element type has no [`DType`].
    #[error(
        "dtype: {} (code {}, bits {}, lanes {}) has no equivalent here; convert the tensor \
         first, for example to float32, or view its bytes, x.view(torch.uint8) in PyTorch",
        dtype_name(*.0), .0.code, .0.bits, .0.lanes
    )]
    UnsupportedDtype(DLDataType),
    /// A negative number of axes, or more than the maximum.
    #[error("ndim: {0} axes, expected 0 to {max}", max = crate::MAX_NDIM)]
    Ndim(i64),
    /// The numbers of strides and lengths differ.
    #[error("strides: {strides} of them for {lengths} lengths")]
    StrideCount {
        /// Lengths given.
        lengths: usize,
        /// Strides given.
        strides: usize,
    },
    /// No lengths although there are axes.
    #[error("shape: NULL with ndim {0}; the producer must give one length for each axis")]
    NullShape(usize),
    /// A pointer that no array of `int64_t` can have.
    #[error("{field}: the pointer {address:#x} is not aligned for int64")]
    MisalignedPointer {
        /// `shape` or `strides`.
        field: &'static str,
        /// The pointer.
        address: usize,
    },
    /// A negative length.
    #[error("shape: axis {axis} has length {length}, expected 0 or more")]
    NegativeLength {
        /// The axis.
        axis: usize,
        /// Its length.
        length: i64,
    },
    /// More bytes than memory can hold.
    #[error("shape: {shape:?} elements of {dtype} exceed the address space")]
    TooLarge {
        /// The lengths.
        shape: Vec<usize>,
        /// Their type.
        dtype: DType,
    },
    /// The strides, with this shape, leave the address space.
    #[error("strides: {strides:?} over shape {shape:?} leave the address space")]
    StridesOutOfRange {
        /// The lengths.
        shape: Vec<usize>,
        /// The strides, in elements.
        strides: Vec<isize>,
    },
    /// No memory although there are elements.
    #[error("data: NULL with {0} elements")]
    NullData(usize),
    /// The first element is outside the address space.
    #[error("byte_offset: {offset} from {address:#x} leaves the address space")]
    ByteOffsetOutOfRange {
        /// The offset.
        offset: u64,
        /// The memory's start.
        address: usize,
    },
    /// The requested type is not that of the elements.
    #[error("dtype: the elements are {actual}, not {requested}")]
    DtypeMismatch {
        /// What the caller asked for.
        requested: DType,
        /// What the tensor holds.
        actual: DType,
    },
    /// Elements without bytes of their own.
    #[error(
        "dtype: the {0} elements are packed, so that none has an address; \
         unpack them into a copy (copy=None or True in Python, Tensor::unpack in Rust)"
    )]
    Packed(DType),
    /// Elements with bytes of their own.
    #[error("dtype: the {0} elements are not packed; view them in place")]
    NotPacked(DType),
    /// Fewer bytes than the elements fill.
    #[error("data: the elements fill {expected} bytes, got {actual}")]
    TooFewBytes {
        /// Bytes that the elements fill.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// A legacy struct says that elements narrower than a byte are packed.
    #[error(
        "dtype: {0} elements with a byte each do not fit a legacy tensor, whose consumer \
         takes them for packed; ask for max_version=(1, 3)"
    )]
    PaddedLegacy(DType),
    /// The elements are not aligned for their type.
    #[error("data: {address:#x} is not aligned for {dtype}; copy the tensor first")]
    MisalignedData {
        /// The address of the first element.
        address: usize,
        /// Its type.
        dtype: DType,
    },
    /// A byte that is neither `false` nor `true`.
    #[error("dtype: the byte {0} is no bool; view the elements as scirs2_core::Bool")]
    NotBool(u8),
    /// The owner forbids writing.
    #[error("the tensor is read-only; copy it to write")]
    ReadOnly,
    /// Code other than the handles can access the memory.
    #[error(
        "the tensor came from outside Rust, where others can reach its memory; copy it to write, \
         or promise by Tensor::assume_exclusive that nobody touches it"
    )]
    Foreign,
    /// Another handle can read the memory.
    #[error(
        "the tensor has other handles, which may read it; drop them or copy the tensor to write"
    )]
    Shared,
    /// Two indices name one element.
    #[error(
        "strides: {strides:?} over shape {shape:?} reach elements twice; copy the tensor to write"
    )]
    Overlap {
        /// The lengths.
        shape: Vec<usize>,
        /// The strides, in elements.
        strides: Vec<isize>,
    },
    /// A legacy struct cannot say that memory is read-only.
    #[error(
        "read-only memory does not fit a legacy tensor, whose consumer may write to it; \
         ask for max_version=(1, 0) or copy=True"
    )]
    ReadOnlyLegacy,
    /// Consumers misread negative strides; some crash.
    #[error(
        "strides: {0:?} hold a negative one, on which consumers fail or crash; \
         ask for copy=True or pass a contiguous array"
    )]
    NegativeStrides(Vec<isize>),
}
