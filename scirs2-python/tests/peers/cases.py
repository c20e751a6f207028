"""The arrays that are sent across: every dtype, every layout."""

import ctypes

import ml_dtypes
import numpy as np
from numpy.lib.stride_tricks import as_strided

# The ways: in, and what a library is offered on the way out.
IN = "from_dlpack(x)"
LEGACY = "to_dlpack(a)"
VERSIONED = "to_dlpack(a, max_version=(1, 3))"
EXPORTER = "DLPackExporter(a)"

# NumPy's own but the complex ones, and the rest by kind.
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMPY = ("bool", *INTEGERS, "float16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
FLOAT8 = (
    "float8_e3m4",
    "float8_e4m3",
    "float8_e4m3b11fnuz",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
)
INT4 = ("int2", "int4", "uint2", "uint4")
SUBBYTE = ("int1", "uint1", *INT4, "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn")
ML = ("bfloat16", *FLOAT8, "complex32", "bcomplex32", *SUBBYTE)
DTYPES = (*NUMPY, *COMPLEX, *ML)

BITS = {name: int("".join(filter(str.isdigit, name.split("_")[0]))) for name in SUBBYTE}

SHAPE = (16, 16)


def dtype_of(name):
    return np.dtype(getattr(ml_dtypes, name, name))


def aligned(array):
    """A copy at a multiple of 64 bytes, which JAX and TensorFlow take without copying."""
    raw = np.empty(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    # Bytes, and not values: NaN keeps its payload.
    copy.view(np.uint8)[...] = np.ascontiguousarray(array).view(np.uint8)
    return copy


def filled(name):
    """All patterns of a byte; NaN, Inf, -0.0 and subnormals among those of wider types."""
    dtype = dtype_of(name)
    patterns = np.arange(256 * dtype.itemsize) * 37 % 256
    if name == "bool":
        patterns %= 2
    elif name in BITS:
        patterns %= 2 ** BITS[name]
    return aligned(patterns.astype(np.uint8).view(dtype).reshape(SHAPE))


def same(found, expected):
    """Bit for bit; above a narrow element its byte says nothing."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return False
    name = expected.dtype.name
    if name not in BITS:
        return found.tobytes() == expected.tobytes()
    mask = 2 ** BITS[name] - 1
    one, other = (np.frombuffer(a.tobytes(), np.uint8) & mask for a in (found, expected))
    return np.array_equal(one, other)


def memory(address, strides, like):
    """The elements at an address, read without any library; strides in elements."""
    strides = [step * like.itemsize for step in strides]
    ends = [(length - 1) * step for length, step in zip(like.shape, strides, strict=True)]
    if not like.size:
        return np.empty_like(like)
    low = sum(end for end in ends if end < 0)
    high = sum(end for end in ends if end > 0) + like.itemsize
    buffer = (ctypes.c_char * (high - low)).from_address(address + low)
    return np.ndarray(like.shape, like.dtype, buffer, -low, strides)


def read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def off_alignment(array):
    """One element further than a multiple of 64 bytes."""
    return aligned(np.append(array.ravel()[:1], array.ravel()))[1:].reshape(array.shape)


# What is made of an array. NumPy's broadcast is read-only, a stride of zero alone is not.
LAYOUTS = {
    "transposed": np.transpose,
    "every second": lambda a: a[::2, ::2],
    "zero stride": lambda a: as_strided(a, (4, *a.shape), (0, *a.strides)),
    "broadcast": lambda a: np.broadcast_to(a, (4, *a.shape)),
    "read-only": read_only,
    "negative stride": lambda a: a[::-1],
    "0-d": lambda a: a[0, 0, ...],
    "1-d": lambda a: a[3],
    "empty": lambda a: a[:0],
    "off 64 bytes": off_alignment,
}
