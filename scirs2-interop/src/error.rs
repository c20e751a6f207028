//! Why a tensor cannot cross.

use scirs2_core::{DType, Device};

use crate::sys::{DLDataType, DLPackVersion, type_code};

/// Why a tensor cannot cross. Each variant names the field and its value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The struct has another layout than the one known here.
    #[error(
        "version: the tensor is DLPack {}.{}, only 1.x can be read; \
         ask the producer for max_version=(1, 3)", .0.major, .0.minor
    )]
    Version(DLPackVersion),
    /// The memory is not the CPU's to read.
    #[error(
        "device: the tensor lives on {}, id {}; copy it to the host first, for example \
         x.cpu() in PyTorch, x.get() in CuPy, jax.device_get(x) in JAX, \
         or from_dlpack(x, device=\"cpu\")", .0.kind, .0.id
    )]
    Device(Device),
    /// The element type has no [`DType`].
    #[error(
        "dtype: {} (code {}, bits {}, lanes {}) has no equal here; \
         convert the tensor first, for example to float32", dtype_name(*.0), .0.code, .0.bits, .0.lanes
    )]
    UnsupportedDtype(DLDataType),
    /// A negative number of axes, or more than there can be.
    #[error("ndim: {0} axes, expected 0 to {max}", max = crate::MAX_NDIM)]
    Ndim(i64),
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
    #[error("shape: {shape:?} elements of {itemsize} bytes exceed the address space")]
    TooLarge {
        /// The lengths.
        shape: Vec<usize>,
        /// Bytes of one element.
        itemsize: usize,
    },
    /// The strides, with this shape, leave the address space.
    #[error("strides: {strides:?} over shape {shape:?} leave the address space")]
    StridesOutOfRange {
        /// The lengths.
        shape: Vec<usize>,
        /// The steps, in elements.
        strides: Vec<isize>,
    },
    /// No memory although there are elements.
    #[error("data: NULL with {0} elements")]
    NullData(usize),
    /// The first element lies outside the address space.
    #[error("byte_offset: {offset} from {address:#x} leaves the address space")]
    ByteOffsetOutOfRange {
        /// The offset.
        offset: u64,
        /// The memory's start.
        address: usize,
    },
    /// Another type was asked for than the elements have.
    #[error("dtype: the elements are {actual}, not {requested}")]
    DtypeMismatch {
        /// What the caller asked for.
        requested: DType,
        /// What the tensor holds.
        actual: DType,
    },
    /// The elements do not lie where their type may be read.
    #[error("data: {address:#x} is not aligned for {dtype}; copy the tensor first")]
    MisalignedData {
        /// Where the first element lies.
        address: usize,
        /// Its type.
        dtype: DType,
    },
    /// A legacy struct cannot say that memory is read-only.
    #[error(
        "read-only memory does not fit a legacy tensor, whose consumer may write to it; \
         ask for max_version=(1, 0) or copy=True"
    )]
    ReadOnlyLegacy,
    /// Consumers misread negative strides, some crash.
    #[error(
        "strides: {0:?} hold a negative one, on which consumers fail or crash; \
         ask for copy=True or pass a contiguous array"
    )]
    NegativeStrides(Vec<isize>),
}

/// The name of a DLPack type, or the best that can be said of it.
pub(crate) fn dtype_name(dtype: DLDataType) -> String {
    let base = match dtype.code {
        type_code::INT => "int",
        type_code::UINT => "uint",
        type_code::FLOAT => "float",
        type_code::OPAQUE => "opaque",
        type_code::BFLOAT => "bfloat",
        type_code::COMPLEX => "complex",
        type_code::BOOL => "bool",
        code => {
            let small = usize::from(code - type_code::BOOL - 1);
            return type_code::SMALL_FLOATS
                .get(small)
                .map_or_else(|| "an unknown type".to_owned(), ToString::to_string);
        }
    };
    let lanes = match dtype.lanes {
        1 => String::new(),
        lanes => format!("x{lanes}"),
    };
    format!("{base}{}{lanes}", dtype.bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(code: u8, bits: u8, lanes: u16) -> String {
        dtype_name(DLDataType { code, bits, lanes })
    }

    #[test]
    fn dtypes_are_named() {
        assert_eq!(name(4, 16, 1), "bfloat16");
        assert_eq!(name(2, 32, 4), "float32x4");
        assert_eq!(name(10, 8, 1), "float8_e4m3fn");
        assert_eq!(name(17, 4, 1), "float4_e2m1fn");
        assert_eq!(name(18, 8, 1), "an unknown type");
        assert_eq!(name(255, 8, 1), "an unknown type");
    }
}
