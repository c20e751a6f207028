"""Arrays of every dtype and layout that DLPack can name."""

import ml_dtypes
import numpy as np
from capsule import TYPES

# NumPy's own.
DTYPES = [
    *(np.dtype(name) for name in ("bool", "int8", "int16", "int32", "int64")),
    *(np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64")),
    *(np.dtype(name) for name in ("float16", "float32", "float64", "complex64", "complex128")),
]
# Those of ml_dtypes, and among them the ones narrower than their byte.
ML = [np.dtype(getattr(ml_dtypes, name)) for name in TYPES if name not in set(map(str, DTYPES))]
NARROW = [dtype for dtype in ML if TYPES[dtype.name][1] < 8]


def filled(dtype, shape):
    """Distinct bytes, among them NaN, Inf and -0.0 where the dtype has them."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape))
    if dtype.kind == "b":
        return (np.arange(size) % 3 == 1).reshape(shape)
    if dtype in ML:
        # Every pattern of a byte comes in time.
        patterns = np.arange(size * dtype.itemsize) * 37 % 2 ** min(TYPES[dtype.name][1], 8)
        return patterns.astype(np.uint8).view(dtype).reshape(shape)
    values = np.arange(size).astype(dtype)
    if dtype.kind in "iu":
        values[size // 2 :] += np.iinfo(dtype).max - size
    else:
        values = values - 3
        values[1::5] *= -0.5
        smallest = np.finfo(dtype).smallest_subnormal
        values.real[:4] = [np.nan, np.inf, -0.0, smallest][:size]
        if dtype.kind == "c":
            values.imag = values.real[::-1]
    return values.astype(dtype).reshape(shape)


# Name -> (the shape to fill, what to make of it).
_VIEWS = {
    "0-d": ((), lambda a: a),
    "1-d": ((7,), lambda a: a),
    "C order": ((3, 4, 5), lambda a: a),
    "Fortran order": ((3, 4, 5), np.asfortranarray),
    "transposed": ((3, 4, 5), lambda a: a.transpose(1, 2, 0)),
    "sliced": ((8, 9), lambda a: a[1::2, 2:8:3]),
    "a column": ((5, 6), lambda a: a[:, 3]),
    "an offset": ((40,), lambda a: a[17:33]),
    "a new axis": ((3, 4), lambda a: a[:, None, :, None]),
    "one element": ((1, 1, 1), lambda a: a),
    "empty": ((0,), lambda a: a),
    "empty within": ((3, 0, 4), lambda a: a),
    "64 dimensions": ((2, 3), lambda a: a.reshape((1,) * 31 + (2,) + (1,) * 31 + (3,))),
}
_BROADCAST = {
    "broadcast row": ((4,), lambda a: np.broadcast_to(a, (3, 4))),
    "broadcast scalar": ((), lambda a: np.broadcast_to(a, (3, 2))),
}
_REVERSED = {
    "reversed": ((7,), lambda a: a[::-1]),
    "rows reversed": ((3, 4), lambda a: a[::-2]),
    "both reversed": ((3, 4), lambda a: a[::-1, ::-1]),
}

# Exported as they are; broadcast ones are read-only; reversed ones only by a copy.
FORWARD = list(_VIEWS)
BROADCAST = list(_BROADCAST)
REVERSED = list(_REVERSED)


def make(layout, dtype):
    shape, view = {**_VIEWS, **_BROADCAST, **_REVERSED}[layout]
    return view(filled(dtype, shape))


def read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def same(result, expected):
    """Equal bit for bit, NaN and the sign of zero included."""
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    assert result.tobytes() == expected.tobytes()


def same_place(result, expected):
    """The same elements in memory: where they start, and each step that is ever taken."""
    if expected.size:
        assert result.ctypes.data == expected.ctypes.data
        walked = [axis for axis, length in enumerate(expected.shape) if length > 1]
        assert [result.strides[i] for i in walked] == [expected.strides[i] for i in walked]
