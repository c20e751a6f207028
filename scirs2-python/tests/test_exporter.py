"""`scirs2.DLPackExporter`, for consumers that take an object."""

import gc
import weakref

import ml_dtypes
import numpy as np
import pytest
import scirs2
from capsule import IS_COPIED, PADDED, READ_ONLY, consume, describe
from layouts import (
    BROADCAST,
    DTYPES,
    FORWARD,
    ML,
    NARROW,
    REVERSED,
    filled,
    make,
    read_only,
    same,
    same_place,
)

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
LEGACY = pytest.mark.parametrize("asked", [None, (0, 8)])
VERSIONED = pytest.mark.parametrize("asked", [(1, 0), (1, 3), (2, 0)])


class TestTheMethods:
    def test_it_lives_on_the_host(self):
        assert scirs2.DLPackExporter(np.ones(3)).__dlpack_device__() == (1, 0)

    @LEGACY
    def test_the_legacy_form_by_default(self, asked):
        array = np.ones(3)
        fields = describe(scirs2.DLPackExporter(array).__dlpack__(max_version=asked))
        assert fields.name == "dltensor"
        assert fields.data == array.ctypes.data
        assert describe(scirs2.DLPackExporter(array).__dlpack__()).name == "dltensor"

    @VERSIONED
    def test_the_versioned_form_where_it_is_understood(self, asked):
        array = np.ones(3)
        fields = describe(scirs2.DLPackExporter(array).__dlpack__(max_version=asked))
        assert fields.name == "dltensor_versioned"
        assert fields.version[0] == 1
        assert fields.flags == 0
        assert fields.data == array.ctypes.data

    @pytest.mark.parametrize("copy", [None, False])
    @VERSIONED
    def test_the_memory_is_shared(self, asked, copy):
        array = np.arange(3.0)
        capsule = scirs2.DLPackExporter(array).__dlpack__(max_version=asked, copy=copy)
        assert describe(capsule).data == array.ctypes.data

    @pytest.mark.parametrize("layout", FORWARD + BROADCAST + REVERSED)
    def test_a_copy_says_so(self, layout):
        array = make(layout, BFLOAT16)
        for asked in (None, (1, 3)):
            capsule = scirs2.DLPackExporter(array).__dlpack__(max_version=asked, copy=True)
            fields = describe(capsule)
            assert fields.flags == (IS_COPIED if asked else None)
            if array.size:
                assert fields.data != array.ctypes.data
            same(scirs2.from_dlpack(capsule), array)

    def test_the_host_as_a_device_is_fine(self):
        array = np.ones(3)
        capsule = scirs2.DLPackExporter(array).__dlpack__(dl_device=(1, 0), stream=None)
        assert describe(capsule).data == array.ctypes.data

    @pytest.mark.parametrize("device", [(2, 0), (10, 0), (1, 1), (999, 0)])
    def test_another_device_is_a_buffer_error(self, device):
        # As the array API standard says.
        with pytest.raises(BufferError, match="dl_device"):
            scirs2.DLPackExporter(np.ones(3)).__dlpack__(dl_device=device)

    @pytest.mark.parametrize("stream", [0, 1, -1, "default"])
    def test_the_host_has_no_stream(self, stream):
        with pytest.raises(ValueError, match="stream"):
            scirs2.DLPackExporter(np.ones(3)).__dlpack__(stream=stream)

    def test_the_options_are_keywords(self):
        exporter = scirs2.DLPackExporter(np.ones(3))
        with pytest.raises(TypeError):
            exporter.__dlpack__(None)
        with pytest.raises(TypeError):
            exporter.__dlpack__(unknown=1)
        with pytest.raises(TypeError):
            scirs2.DLPackExporter(array=np.ones(3))

    @pytest.mark.parametrize("asked", ["1.0", 1, (1,), (None, 0)])
    def test_nonsense_for_a_version_is_refused(self, asked):
        with pytest.raises((TypeError, ValueError)):
            scirs2.DLPackExporter(np.ones(3)).__dlpack__(max_version=asked)

    @pytest.mark.parametrize("x", [[1.0], 3.0, None, np.float64(1.0), b"bytes"])
    def test_only_arrays_are_wrapped(self, x):
        with pytest.raises(TypeError, match="array"):
            scirs2.DLPackExporter(x)

    def test_it_shows_its_array(self):
        array = np.arange(2.0)
        exporter = scirs2.DLPackExporter(array)
        assert exporter.array is array
        assert repr(exporter) == "scirs2.DLPackExporter(array([0., 1.]))"
        with pytest.raises(AttributeError):
            exporter.array = array

    def test_a_capsule_each_time(self):
        array = np.arange(3.0)
        exporter = scirs2.DLPackExporter(array)
        first, second = exporter.__dlpack__(), exporter.__dlpack__()
        same(scirs2.from_dlpack(first), array)
        same(scirs2.from_dlpack(second), array)

    @pytest.mark.parametrize("dtype", NARROW, ids=str)
    def test_narrow_elements_need_the_versioned_form(self, dtype):
        exporter = scirs2.DLPackExporter(filled(dtype, (5,)))
        assert describe(exporter.__dlpack__(max_version=(1, 3))).flags == PADDED
        with pytest.raises(BufferError, match=r"max_version=\(1, 3\)"):
            exporter.__dlpack__()

    @pytest.mark.parametrize("layout", REVERSED)
    @pytest.mark.parametrize("asked", [None, (1, 3)])
    def test_negative_strides_go_by_a_copy(self, asked, layout):
        array = make(layout, BFLOAT16)
        capsule = scirs2.DLPackExporter(array).__dlpack__(max_version=asked)
        fields = describe(capsule)
        assert fields.flags == (IS_COPIED if asked else None)
        assert min(fields.strides) > 0
        same(scirs2.from_dlpack(capsule), array)
        with pytest.raises(BufferError, match=r"strides.*copy=True"):
            scirs2.DLPackExporter(array).__dlpack__(max_version=asked, copy=False)

    def test_a_step_of_half_an_element_goes_by_a_copy(self):
        field = np.arange(4.0).astype([("value", "f8"), ("byte", "i1")])["value"]
        capsule = scirs2.DLPackExporter(field).__dlpack__(max_version=(1, 3))
        assert describe(capsule).flags == IS_COPIED
        same(scirs2.from_dlpack(capsule), field)
        with pytest.raises(BufferError, match="9 bytes"):
            scirs2.DLPackExporter(field).__dlpack__(copy=False)

    def test_a_dtype_without_a_code_is_named(self):
        with pytest.raises(BufferError, match="datetime64"):
            scirs2.DLPackExporter(np.zeros(2, "M8[s]")).__dlpack__()


class TestReadOnly:
    @VERSIONED
    def test_the_versioned_form_says_it(self, asked):
        array = read_only(np.arange(3.0))
        capsule = scirs2.DLPackExporter(array).__dlpack__(max_version=asked)
        assert describe(capsule).flags == READ_ONLY

    @LEGACY
    def test_a_consumer_of_the_legacy_form_is_trusted(self, asked):
        array = read_only(np.arange(3.0))
        capsule = scirs2.DLPackExporter(array).__dlpack__(max_version=asked)
        assert describe(capsule).data == array.ctypes.data

    @pytest.mark.parametrize("asked", [None, (0, 8), (1, 0), (1, 3)])
    def test_it_comes_back_read_only(self, asked):
        # We are a consumer of the legacy form too.
        array = read_only(np.arange(3.0))
        again = scirs2.from_dlpack(scirs2.DLPackExporter(array).__dlpack__(max_version=asked))
        assert again.ctypes.data == array.ctypes.data
        assert not again.flags.writeable

    def test_as_an_object_it_comes_back_read_only(self):
        array = read_only(np.arange(3.0))
        again = scirs2.from_dlpack(scirs2.DLPackExporter(array))
        assert again.ctypes.data == array.ctypes.data
        assert not again.flags.writeable

    def test_numpy_takes_it_read_only(self):
        array = read_only(np.arange(3.0))
        again = np.from_dlpack(scirs2.DLPackExporter(array))
        assert again.ctypes.data == array.ctypes.data
        assert not again.flags.writeable


class TestConsumers:
    @pytest.mark.parametrize("layout", FORWARD)
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_numpy(self, dtype, layout):
        array = make(layout, dtype)
        again = np.from_dlpack(scirs2.DLPackExporter(array))
        same(again, array)
        same_place(again, array)
        assert again.flags.writeable

    def test_numpy_asks_for_a_copy(self):
        array = read_only(np.arange(3.0))
        again = np.from_dlpack(scirs2.DLPackExporter(array), copy=True, device="cpu")
        assert again.flags.writeable
        assert not np.shares_memory(again, array)
        same(again, array)

    @pytest.mark.parametrize("layout", FORWARD + BROADCAST)
    @pytest.mark.parametrize("dtype", [*DTYPES, *ML], ids=str)
    def test_ourselves(self, dtype, layout):
        array = make(layout, dtype)
        again = scirs2.from_dlpack(scirs2.DLPackExporter(array), copy=False)
        same(again, array)
        same_place(again, array)
        assert again.flags.writeable == array.flags.writeable

    def test_norm(self):
        assert scirs2.norm(scirs2.DLPackExporter(np.array([3.0, 4.0]))) == 5.0


class TestLifetime:
    def test_a_capsule_outlives_the_exporter(self):
        array = np.arange(5.0)
        alive = weakref.ref(array)
        finish = consume(scirs2.DLPackExporter(array).__dlpack__())
        del array
        gc.collect()
        assert alive() is not None
        finish()
        assert alive() is None

    def test_the_exporter_keeps_the_array_and_no_longer(self):
        array = np.arange(5.0)
        alive = weakref.ref(array)
        exporter = scirs2.DLPackExporter(array)
        del array
        assert alive() is not None
        del exporter
        assert alive() is None

    def test_a_consumer_keeps_the_array(self):
        array = np.arange(5.0)
        alive = weakref.ref(array)
        again = np.from_dlpack(scirs2.DLPackExporter(array))
        del array
        gc.collect()
        assert alive() is not None
        del again
        assert alive() is None

    def test_a_refusal_keeps_nothing(self):
        array = np.arange(5.0)[::-1]
        alive = weakref.ref(array)
        with pytest.raises(BufferError):
            scirs2.DLPackExporter(array).__dlpack__(copy=False)
        del array
        gc.collect()
        assert alive() is None

    def test_a_cycle_through_the_array_is_collected(self):
        class Holder(np.ndarray):
            pass

        array = np.arange(3.0).view(Holder)
        array.exporter = scirs2.DLPackExporter(array)
        alive = weakref.ref(array)
        del array
        gc.collect()
        assert alive() is None
