"""Memory that ends where a page without access begins: what `test_roundtrip.py` runs in a child.

Whoever reads one byte too many dies of it. The last line of the output is the case that was tried.
"""

import ctypes
import math
import mmap

import numpy as np
import scirs2
from capsule import PADDED, TYPES, Made
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from layouts import DTYPES, ML, NARROW

PAGE = mmap.PAGESIZE
# The widest window takes 4 axes of 4 steps of 9 elements of 16 bytes.
ROOM = 4 * PAGE
PROT_NONE = 0

DTYPE = {dtype.name: dtype for dtype in [*DTYPES, *ML]}
NARROW_NAMES = {dtype.name for dtype in NARROW}
INTEGERS = {name for name in DTYPE if "int" in name} | {"bool"}
CONTENT = np.random.default_rng(20261122).integers(0, 256, ROOM, np.uint8).tobytes()

C = ctypes.CDLL(None, use_errno=True)
C.mmap.restype = ctypes.c_void_p
C.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
C.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def guarded():
    """The address of `ROOM` bytes between two pages that nobody may touch."""
    size = ROOM + 2 * PAGE
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    start = C.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
    assert start != ctypes.c_void_p(-1).value
    for guard in (start, start + PAGE + ROOM):
        assert C.mprotect(guard, PAGE, PROT_NONE) == 0
    return start + PAGE


START = guarded()


@st.composite
def windows(draw):
    name = draw(st.sampled_from(sorted(DTYPE)))
    packed = name in NARROW_NAMES and draw(st.booleans())
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=4)))
    strides = tuple(draw(st.integers(-9, 9)) for _ in shape)
    return {
        "name": name,
        "shape": shape,
        "strides": strides,
        "packed": packed,
        # Flush with the guard behind, or with the one before.
        "behind": draw(st.booleans()),
        # The legacy form has no flag to say that narrow elements have a byte each.
        "versioned": (name in NARROW_NAMES and not packed) or draw(st.booleans()),
        "byte_offset": draw(st.integers(0, 100)),
    }


def reference(window, bits, room, first):
    """Each element as a number, by arithmetic on one large integer; `first` is in bits."""
    whole = int.from_bytes(room, "little")
    numbers = []
    for index in np.ndindex(window["shape"]):
        place = sum(i * s for i, s in zip(index, window["strides"], strict=True))
        numbers.append((whole >> (first + place * bits)) & ((1 << bits) - 1))
    return numbers


def numbers_of(array):
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).tobytes()
    size = array.itemsize
    return [
        int.from_bytes(content[at : at + size], "little") for at in range(0, len(content), size)
    ]


@settings(
    max_examples=600,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(windows())
@example(
    {
        "name": "float6_e2m3fn",
        "shape": (4,),
        "strides": (1,),
        "packed": True,
        "behind": True,
        "versioned": True,
        "byte_offset": 0,
    }
)
def nothing_is_read_beside_the_window(window):
    print(window, flush=True)
    name, shape, strides = window["name"], window["shape"], window["strides"]
    dtype = DTYPE[name]
    code, own_bits = TYPES[name]
    bits = own_bits if window["packed"] else 8 * dtype.itemsize
    ends = [(n - 1) * s * bits for n, s in zip(shape, strides, strict=True)]
    empty = 0 in shape
    low = 0 if empty else sum(end for end in ends if end < 0)
    high = 0 if empty else sum(end for end in ends if end > 0) + bits
    # The first element's place, in bytes from the start of the room.
    at = ROOM - -(-high // 8) if window["behind"] else -(low // 8)
    room = CONTENT
    if name == "bool":
        room = bytes(byte & 1 for byte in room)
    elif name in NARROW_NAMES and not window["packed"]:
        room = bytes(byte & (2**own_bits - 1) for byte in room)
    ctypes.memmove(START, room, ROOM)

    def made():
        return Made(
            np.empty(0),
            code=code,
            bits=own_bits,
            shape=shape,
            strides=strides,
            data=START + at - window["byte_offset"],
            byte_offset=window["byte_offset"],
            versioned=window["versioned"],
            flags=0 if window["packed"] else PADDED,
        )

    expected = [] if empty else reference(window, bits, room, 8 * at)
    array = scirs2.from_dlpack(made().capsule)
    assert array.shape == shape
    assert array.dtype == dtype
    assert numbers_of(array) == expected
    assert numbers_of(scirs2.from_dlpack(made().capsule, copy=True)) == expected
    goes_out = all(s >= 0 or n < 2 for n, s in zip(shape, strides, strict=True)) or empty
    if goes_out or window["packed"]:
        capsule = scirs2.to_dlpack(array, max_version=(1, 3))
        assert numbers_of(scirs2.from_dlpack(capsule)) == expected
    copied = scirs2.to_dlpack(array, max_version=(1, 3), copy=True)
    assert numbers_of(scirs2.from_dlpack(copied)) == expected
    # A kernel reads in wide steps, and must not step over the end. The sizes of integers tell.
    if name in INTEGERS - NARROW_NAMES:
        signed = name.startswith("int")
        values = [n - 2**bits if signed and n >> (bits - 1) else n for n in expected]
        exact = math.sqrt(sum(value * value for value in values))
        assert abs(scirs2.norm(array) - exact) <= 1e-14 * exact
    if name in ("float32", "float64", "bfloat16", "complex64", "float16"):
        scirs2.norm(made().capsule)
    # What lies around is as it was.
    assert ctypes.string_at(START, ROOM) == room


if __name__ == "__main__":
    nothing_is_read_beside_the_window()
