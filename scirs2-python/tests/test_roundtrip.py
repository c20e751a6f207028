"""Out and in again: equal, in place, as writeable as before, or refused."""

import os

import child
import numpy as np
import pytest
import scirs2
from capsule import PADDED, TYPES, Made, describe
from hypothesis import given
from hypothesis import strategies as st
from layouts import BROADCAST, DTYPES, FORWARD, ML, NARROW, make, same, same_place

FORMS = pytest.mark.parametrize("form", [None, (1, 0)], ids=["legacy", "versioned"])


@pytest.mark.parametrize("layout", FORWARD)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@FORMS
def test_every_dtype_in_every_layout(form, dtype, layout):
    array = make(layout, dtype)
    again = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=form))
    same(again, array)
    assert again.flags.writeable
    same_place(again, array)


@pytest.mark.parametrize("layout", FORWARD + BROADCAST)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_read_only_arrays_stay_so(dtype, layout):
    array = make(layout, dtype)
    array.flags.writeable = False
    again = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 0)))
    same(again, array)
    assert not again.flags.writeable
    same_place(again, array)


@FORMS
def test_what_one_side_writes_the_other_sees(form):
    array = np.zeros((3, 4), np.int16)
    again = scirs2.from_dlpack(scirs2.to_dlpack(array[:, 1:], max_version=form))
    again[2, 0] = 7
    assert array[2, 1] == 7
    array[0, 3] = 9
    assert again[0, 2] == 9


@st.composite
def windows(draw):
    """A dtype and the shape, strides (in bytes) and offset of a window into `LENGTH` bytes."""
    dtype = draw(st.sampled_from([*DTYPES, *ML]))
    shape = draw(st.lists(st.integers(0, 5), max_size=5))
    # Mostly whole elements; a stride of half an element must be refused.
    unit = draw(st.sampled_from([dtype.itemsize] * 4 + [1]))
    strides = [unit * draw(st.integers(-7, 7)) for _ in shape]
    low = sum(min(0, (n - 1) * s) for n, s in zip(shape, strides, strict=True) if n)
    high = sum(max(0, (n - 1) * s) for n, s in zip(shape, strides, strict=True) if n)
    offset = draw(st.integers(-low, LENGTH - high - dtype.itemsize))
    if unit == dtype.itemsize:
        offset = -low + (offset + low) // unit * unit
    return dtype, tuple(shape), tuple(strides), offset


LENGTH = 4096
BYTES = np.random.default_rng(20261122).integers(0, 256, LENGTH, np.uint8)
BYTES.flags.writeable = False


def window(buffer, dtype, shape, strides, offset):
    return np.ndarray(shape, dtype, buffer, offset, strides)


def readable(dtype):
    """Bytes that are values of `dtype`: a bool is 0 or 1, an int4 less than 16."""
    if dtype.kind == "b":
        return BYTES % 2
    return BYTES % 2 ** TYPES[dtype.name][1] if dtype in NARROW else BYTES.copy()


@given(windows(), st.booleans())
def test_any_window_goes_out_equal_or_is_refused(where, versioned):
    dtype, shape, strides, offset = where
    array = window(readable(dtype), dtype, shape, strides, offset)
    walked = [s for n, s in zip(shape, strides, strict=True) if n > 1] if array.size else []
    whole = all(step % dtype.itemsize == 0 for step in walked)
    forward = all(step >= 0 for step in walked)
    form = (1, 0) if versioned or dtype in NARROW else None
    if whole and forward:
        capsule = scirs2.to_dlpack(array, max_version=form)
        fields = describe(capsule)
        assert fields.shape == (shape if shape else fields.shape)
        if array.size:
            assert fields.data == array.ctypes.data
        same(scirs2.from_dlpack(capsule), array)
    else:
        with pytest.raises(BufferError, match=r"(?i)stride"):
            scirs2.to_dlpack(array, max_version=form)
    same(scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=form, copy=True)), array)


@given(windows(), st.booleans(), st.integers(0, 64))
def test_any_window_comes_in_equal(where, versioned, byte_offset):
    dtype, shape, strides, offset = where
    if any(step % dtype.itemsize for step in strides):
        strides = tuple(step // dtype.itemsize * dtype.itemsize for step in strides)
        shape = tuple(min(n, 1) for n in shape)
    expected = window(readable(dtype), dtype, shape, strides, offset)
    made = Made(
        expected,
        versioned=versioned or dtype in NARROW,
        flags=PADDED if dtype in NARROW else 0,
        data=expected.ctypes.data - byte_offset,
        byte_offset=byte_offset,
        strides=[step // dtype.itemsize for step in strides],
    )
    if expected.size and expected.ctypes.data % dtype.alignment:
        # NumPy can hold it, so it may come in; what comes in is right.
        try:
            array = scirs2.from_dlpack(made.capsule)
        except BufferError:
            return
    else:
        array = scirs2.from_dlpack(made.capsule)
    same(array, expected)
    made.drop()
    assert made.frees == 0
    del array
    assert made.frees == 1


POSIX = pytest.mark.skipif(os.name != "posix", reason="protects pages by mprotect")


@POSIX
def test_nothing_is_read_beside_a_window():
    child.run("import guarded; guarded.nothing_is_read_beside_the_window()")


@POSIX
@pytest.mark.parametrize("place", ["START - 1", "START + ROOM"])
def test_the_guards_around_it_bite(place):
    child.run("import ctypes, guarded; ctypes.string_at(guarded.START, guarded.ROOM)")
    with pytest.raises(AssertionError, match="exit -"):
        child.run(f"import ctypes; from guarded import *; ctypes.string_at({place}, 1)")
