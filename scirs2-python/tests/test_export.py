"""What `scirs2.to_dlpack` writes into a capsule, and what it refuses."""

import gc
import weakref

import numpy as np
import pytest
import scirs2
from capsule import IS_COPIED, READ_ONLY, TYPES, Made, consume, describe, name_of
from layouts import BROADCAST, DTYPES, FORWARD, REVERSED, make, same

LEGACY = pytest.mark.parametrize("asked", [None, (0, 8), (0, 99)])
VERSIONED = pytest.mark.parametrize("asked", [(1, 0), (1, 3), (2, 0), (99, 0)])
FORMS = pytest.mark.parametrize("form", [None, (1, 0)], ids=["legacy", "versioned"])


class TestForm:
    @LEGACY
    def test_the_legacy_form_by_default(self, asked):
        assert describe(scirs2.to_dlpack(np.ones(3), max_version=asked)).name == "dltensor"

    @VERSIONED
    def test_the_versioned_form_where_it_is_understood(self, asked):
        fields = describe(scirs2.to_dlpack(np.ones(3), max_version=asked))
        assert fields.name == "dltensor_versioned"
        assert fields.version[0] == 1
        assert fields.flags == 0

    @pytest.mark.parametrize("asked", ["1.0", 1, (1,), (1, 0, 0), (None, 0)])
    def test_nonsense_for_a_version_is_refused(self, asked):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            scirs2.to_dlpack(np.ones(3), max_version=asked)

    def test_the_options_are_keywords(self):
        with pytest.raises(TypeError):
            scirs2.to_dlpack(np.ones(3), (1, 0))
        with pytest.raises(TypeError):
            scirs2.to_dlpack(array=np.ones(3))


class TestFields:
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @FORMS
    def test_dtypes(self, form, dtype):
        fields = describe(scirs2.to_dlpack(make("1-d", dtype), max_version=form))
        assert fields.dtype == (*TYPES[dtype.name], 1)

    @pytest.mark.parametrize("layout", FORWARD)
    @FORMS
    def test_layouts(self, form, layout):
        array = make(layout, "int32")
        fields = describe(scirs2.to_dlpack(array, max_version=form))
        assert fields.device == (1, 0)
        assert fields.byte_offset == 0
        assert fields.ndim == array.ndim
        if array.ndim:
            # NULL strides are forbidden to producers since 1.2.
            assert fields.shape == array.shape
            assert fields.strides is not None
        if array.size:
            assert fields.data == array.ctypes.data
            wide = [axis for axis, length in enumerate(array.shape) if length > 1]
            steps = [fields.strides[axis] * array.itemsize for axis in wide]
            assert steps == [array.strides[axis] for axis in wide]

    @pytest.mark.parametrize("layout", BROADCAST)
    def test_a_broadcast_array_has_zero_strides(self, layout):
        array = make(layout, "float64")
        fields = describe(scirs2.to_dlpack(array, max_version=(1, 0)))
        assert fields.flags == READ_ONLY
        assert fields.strides == tuple(step // 8 for step in array.strides)

    @pytest.mark.parametrize(
        "array", [np.ones((1, 3))[::-1], np.ones(1)[::-1], np.ones((0, 3))[:, ::-1]]
    )
    @FORMS
    def test_a_stride_that_is_never_walked_is_not_negative(self, form, array):
        # Consumers refuse the sign although one step is never taken.
        fields = describe(scirs2.to_dlpack(array, max_version=form))
        assert fields.shape == array.shape
        assert all(step >= 0 for step in fields.strides)

    @pytest.mark.parametrize("step", [0, 1000, -5])
    @FORMS
    def test_a_stride_that_is_never_walked_is_that_of_c_order(self, form, step):
        # Consumers that want compact strides compare all of them.
        array = np.ndarray((1, 3, 1), "float64", np.zeros(3), 0, (8 * step, 8, 8 * step))
        fields = describe(scirs2.to_dlpack(array, max_version=form))
        assert fields.shape == (1, 3, 1)
        assert fields.strides == (3, 1, 1)

    def test_a_subclass_is_an_array(self):
        class Special(np.ndarray):
            pass

        array = np.arange(3.0).view(Special)
        assert describe(scirs2.to_dlpack(array)).data == array.ctypes.data


class TestCopy:
    @pytest.mark.parametrize("layout", FORWARD + BROADCAST + REVERSED)
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @FORMS
    def test_a_copy_says_so(self, form, dtype, layout):
        array = make(layout, dtype)
        capsule = scirs2.to_dlpack(array, max_version=form, copy=True)
        fields = describe(capsule)
        # The consumer owns it alone, so it may be written whatever the array was.
        assert fields.flags == (IS_COPIED if form else None)
        if array.size:
            assert fields.data != array.ctypes.data
        copy = scirs2.from_dlpack(capsule)
        same(copy, array)
        assert not np.shares_memory(copy, array)
        assert copy.flags.writeable

    @FORMS
    def test_without_a_copy_the_memory_is_shared(self, form):
        array = np.arange(3.0)
        for copy in (None, False):
            fields = describe(scirs2.to_dlpack(array, max_version=form, copy=copy))
            assert fields.data == array.ctypes.data
            assert fields.flags in (None, 0)

    def test_a_copy_holds_the_values_of_its_moment(self):
        array = np.arange(3.0)
        capsule = scirs2.to_dlpack(array, copy=True)
        array[:] = 0.0
        same(scirs2.from_dlpack(capsule), np.arange(3.0))


class TestReadOnly:
    @pytest.fixture
    def array(self):
        array = np.arange(3.0)
        array.flags.writeable = False
        return array

    def test_the_versioned_form_says_it(self, array):
        assert describe(scirs2.to_dlpack(array, max_version=(1, 0))).flags == READ_ONLY

    @pytest.mark.parametrize("copy", [None, False])
    @LEGACY
    def test_the_legacy_form_cannot_and_names_the_cures(self, array, asked, copy):
        with pytest.raises(BufferError, match=r"(?i)read.?only") as caught:
            scirs2.to_dlpack(array, max_version=asked, copy=copy)
        assert "copy=True" in str(caught.value)
        assert "max_version=(1, 0)" in str(caught.value)

    def test_a_copy_in_the_legacy_form(self, array):
        same(scirs2.from_dlpack(scirs2.to_dlpack(array, copy=True)), array)


class TestRefused:
    @pytest.mark.parametrize("copy", [None, False])
    @pytest.mark.parametrize("layout", REVERSED)
    @FORMS
    def test_negative_strides_crash_consumers(self, form, layout, copy):
        with pytest.raises(BufferError, match=r"strides: .*negative.*copy=True"):
            scirs2.to_dlpack(make(layout, "float32"), max_version=form, copy=copy)

    @pytest.mark.parametrize("copy", [None, False])
    @FORMS
    def test_a_stride_of_half_an_element(self, form, copy):
        table = np.zeros(4, dtype=[("byte", "i1"), ("value", "f8")])
        with pytest.raises(BufferError, match=r"strides: 9 bytes.*copy"):
            scirs2.to_dlpack(table["value"], max_version=form, copy=copy)
        copied = scirs2.to_dlpack(table["value"], max_version=form, copy=True)
        same(scirs2.from_dlpack(copied), table["value"])

    @pytest.mark.parametrize(
        "dtype",
        [
            *("O", "U3", "S5", "V8", "M8[s]", "m8[ms]"),
            [("x", "f4"), ("y", "i4")],
            *(np.dtype(letter).newbyteorder() for letter in "fdhlFD"),
            pytest.param(
                np.longdouble,
                marks=pytest.mark.skipif(
                    np.longdouble(0).itemsize == 8, reason="longdouble is float64 here"
                ),
            ),
            pytest.param(
                np.clongdouble,
                marks=pytest.mark.skipif(
                    np.clongdouble(0).itemsize == 16, reason="clongdouble is complex128 here"
                ),
            ),
            np.dtypes.StringDType(),
        ],
        ids=str,
    )
    @FORMS
    def test_a_dtype_without_a_code_is_named(self, form, dtype):
        array = np.zeros(2, dtype)
        with pytest.raises(BufferError) as caught:
            scirs2.to_dlpack(array, max_version=form)
        message = str(caught.value)
        # A structured dtype may be named by its repr or its str.
        assert str(array.dtype) in message or repr(array.dtype) in message

    @pytest.mark.parametrize("x", [[1.0, 2.0], 3.0, None, np.float64(3.0), memoryview(b"ab")])
    def test_only_numpy_arrays_are_taken(self, x):
        with pytest.raises(TypeError, match=r"(?i)array"):
            scirs2.to_dlpack(x)

    def test_a_tensor_of_another_library_is_sent_on_its_own_way(self):
        class Foreign:
            def __dlpack__(self, **_):
                raise AssertionError("it is not asked")

            def __dlpack_device__(self):
                raise AssertionError("it is not asked")

        with pytest.raises(TypeError, match="from_dlpack"):
            scirs2.to_dlpack(Foreign())

    def test_a_capsule_is_no_array(self):
        made = Made()
        with pytest.raises(TypeError):
            scirs2.to_dlpack(made.capsule)
        assert made.name == "dltensor_versioned"

    @pytest.mark.parametrize("stream", [0, 1, 2, -1, "default"])
    def test_the_host_has_no_stream(self, stream):
        with pytest.raises((BufferError, ValueError, TypeError), match="stream"):
            scirs2.to_dlpack(np.ones(3), stream=stream)

    @pytest.mark.parametrize("device", [(2, 0), (10, 0), (1, 1), (999, 0), (1,), "cpu:1", 1])
    def test_another_device_is_refused(self, device):
        with pytest.raises((BufferError, ValueError, TypeError), match="device"):
            scirs2.to_dlpack(np.ones(3), dl_device=device)

    def test_an_unknown_device_is_a_buffer_error(self):
        # As the array API standard says for `__dlpack__`.
        with pytest.raises(BufferError, match="device"):
            scirs2.to_dlpack(np.ones(3), dl_device=(2, 0))

    def test_the_host_as_a_device_is_fine(self):
        array = np.ones(3)
        assert describe(scirs2.to_dlpack(array, dl_device=(1, 0))).data == array.ctypes.data


class TestLifetime:
    @FORMS
    def test_the_capsule_keeps_the_array(self, form):
        array = np.arange(5.0)
        alive = weakref.ref(array)
        capsule = scirs2.to_dlpack(array, max_version=form)
        del array
        gc.collect()
        assert alive() is not None
        same(scirs2.from_dlpack(capsule), np.arange(5.0))

    @FORMS
    def test_a_dropped_capsule_lets_go_of_the_array(self, form):
        array = np.arange(5.0)
        alive = weakref.ref(array)
        capsule = scirs2.to_dlpack(array, max_version=form)
        del array, capsule
        assert alive() is None

    @FORMS
    def test_a_consumer_keeps_the_array_until_it_is_done(self, form):
        array = np.arange(5.0)
        alive = weakref.ref(array)
        capsule = scirs2.to_dlpack(array, max_version=form)
        finish = consume(capsule)
        assert name_of(capsule).startswith("used_")
        del array, capsule
        # The capsule is gone, yet its tensor was taken over.
        assert alive() is not None
        finish()
        assert alive() is None

    @FORMS
    def test_a_refused_export_keeps_nothing(self, form):
        array = np.arange(5.0)[::-1]
        alive = weakref.ref(array)
        with pytest.raises(BufferError):
            scirs2.to_dlpack(array, max_version=form)
        del array
        gc.collect()
        assert alive() is None

    @FORMS
    def test_the_shape_stays_although_the_array_changes_its_own(self, form):
        array = np.arange(6.0)
        capsule = scirs2.to_dlpack(array, max_version=form)
        # NumPy reuses the memory of its shape in place.
        array.resize((2, 3), refcheck=False)
        assert describe(capsule).shape == (6,)


def test_the_short_way_looks_like_the_long_one():
    # A call with nothing but an array is answered by a C function of its own.
    assert scirs2.to_dlpack.__module__ == scirs2.from_dlpack.__module__
    assert scirs2.to_dlpack.__self__ is scirs2.from_dlpack.__self__
    assert scirs2.to_dlpack.__text_signature__.startswith("(array, /, *, max_version=None")
    assert scirs2.to_dlpack.__doc__.startswith("Give a NumPy array")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        scirs2.to_dlpack()
    with pytest.raises(TypeError, match="positional"):
        scirs2.to_dlpack(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match="ndarray"):
        scirs2.to_dlpack(1)
