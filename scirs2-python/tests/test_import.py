"""What `scirs2.from_dlpack` asks of a producer, and what it makes of the answer."""

import gc
import re

import capsule
import numpy as np
import pytest
import scirs2
from capsule import READ_ONLY, Made, OldProducer, Producer
from layouts import BROADCAST, DTYPES, FORWARD, ML, REVERSED, make, same, same_place

FORMS = pytest.mark.parametrize("versioned", [False, True], ids=["legacy", "versioned"])


def raise_(error):
    raise error


class TestAsking:
    def test_the_newest_form_is_asked_for_first(self):
        made = Made()
        producer = Producer(lambda **_: made.capsule)
        scirs2.from_dlpack(producer)
        assert producer.asked == [{"max_version": (1, 3)}]

    def test_that_it_must_not_copy_is_handed_on(self):
        made = Made()
        producer = Producer(lambda **_: made.capsule)
        scirs2.from_dlpack(producer, copy=False)
        assert producer.asked == [{"max_version": (1, 3), "copy": False}]

    @pytest.mark.parametrize("device", ["cpu", (1, 0)])
    def test_the_host_is_asked_for_where_the_producer_lives_elsewhere(self, device):
        made = Made()
        producer = Producer(lambda **_: made.capsule, device=(capsule.CUDA, 0))
        scirs2.from_dlpack(producer, device=device)
        assert producer.asked == [{"max_version": (1, 3), "dl_device": (1, 0)}]

    @pytest.mark.parametrize("device", ["cpu", (1, 0)])
    def test_a_producer_on_the_host_need_not_know_devices(self, device):
        made = Made()

        def answer(*, max_version):
            return made.capsule

        same(scirs2.from_dlpack(Producer(answer), device=device), made.array)

    def test_an_old_producer_is_asked_again_bare(self):
        made = Made(versioned=False)

        def answer(**keywords):
            if keywords:
                raise TypeError("unexpected keyword argument 'max_version'")
            return made.capsule

        producer = Producer(answer)
        same(scirs2.from_dlpack(producer), made.array)
        assert producer.asked == [{"max_version": (1, 3)}, {}]

    def test_a_producer_without_the_keyword_is_asked_once(self):
        made = Made(versioned=False)
        producer = OldProducer(lambda: made.capsule)
        same(scirs2.from_dlpack(producer), made.array)
        assert producer.asked == [{}]

    def test_a_type_error_that_stays_reaches_the_caller(self):
        producer = Producer(lambda **_: raise_(TypeError("this dtype cannot be exported")))
        with pytest.raises(TypeError, match="this dtype cannot be exported"):
            scirs2.from_dlpack(producer)
        assert len(producer.asked) == 2

    @pytest.mark.parametrize(
        "error", [BufferError("no"), RuntimeError("no"), KeyboardInterrupt("no"), MemoryError("no")]
    )
    def test_another_error_reaches_the_caller_at_once(self, error):
        producer = Producer(lambda **_: raise_(error))
        with pytest.raises(type(error)) as caught:
            scirs2.from_dlpack(producer)
        assert caught.value is error
        assert len(producer.asked) == 1

    def test_the_answer_is_checked_whatever_was_asked(self):
        # The version asked for is a hint; the capsule's name says what came.
        made = Made(versioned=False)
        same(scirs2.from_dlpack(Producer(lambda **_: made.capsule)), made.array)

    def test_the_device_method_is_not_needed(self):
        made = Made()

        class Bare:
            def __dlpack__(self, *, max_version=None):
                return made.capsule

        same(scirs2.from_dlpack(Bare()), made.array)

    @pytest.mark.parametrize("x", [None, 3, "dltensor", [1.0], object(), np.ones])
    def test_what_is_no_tensor_has_no_such_method(self, x):
        # The error that the array API standard names.
        with pytest.raises(AttributeError, match="__dlpack__"):
            scirs2.from_dlpack(x)

    def test_the_arguments_are_positional_and_keyword_only(self):
        with pytest.raises(TypeError):
            scirs2.from_dlpack(x=np.ones(3))
        with pytest.raises(TypeError):
            scirs2.from_dlpack(np.ones(3), "cpu")


class TestView:
    @pytest.mark.parametrize("layout", FORWARD + BROADCAST + REVERSED)
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @FORMS
    def test_every_dtype_and_layout_is_seen_in_place(self, versioned, dtype, layout):
        expected = make(layout, dtype)
        made = Made(expected, versioned=versioned)
        array = scirs2.from_dlpack(made.capsule)
        same(array, expected)
        same_place(array, expected)
        assert type(array) is np.ndarray

    @pytest.mark.parametrize("layout", FORWARD + BROADCAST + REVERSED)
    def test_a_numpy_array_is_seen_in_place(self, layout):
        expected = make(layout, "float64")
        array = scirs2.from_dlpack(expected)
        same(array, expected)
        same_place(array, expected)
        assert array.flags.writeable == expected.flags.writeable

    def test_a_numpy_array_is_its_own_base(self):
        array = np.zeros((2, 3))
        view = scirs2.from_dlpack(array)
        assert view is not array
        assert view.base is array
        view[1, 2] = 7.0
        assert array[1, 2] == 7.0
        # What is done to the view is not done to the array.
        view.flags.writeable = False
        view.shape = (6,)
        assert array.flags.writeable
        assert array.shape == (2, 3)

    @pytest.mark.parametrize("dtype", ["M8[s]", "O", "S3", ">f8", "V4"])
    def test_a_numpy_array_of_another_dtype_is_named(self, dtype):
        array = np.zeros(2, dtype)
        with pytest.raises(BufferError, match=r"dtype: .*" + re.escape(str(array.dtype))):
            scirs2.from_dlpack(array)

    def test_a_subclass_with_a_method_of_its_own_is_asked(self):
        made = Made()
        asked = []

        class Own(np.ndarray):
            def __dlpack__(self, **keywords):
                asked.append(keywords)
                return made.capsule

        array = scirs2.from_dlpack(np.zeros(2).view(Own))
        assert asked == [{"max_version": (1, 3)}]
        assert array.ctypes.data == made.array.ctypes.data
        assert type(array) is np.ndarray

    def test_a_subclass_without_one_is_a_plain_array_in_place(self):
        class Special(np.ndarray):
            pass

        for layout in FORWARD + BROADCAST + REVERSED:
            expected = make(layout, "float64")
            array = scirs2.from_dlpack(expected.view(Special))
            assert type(array) is np.ndarray
            same(array, expected)
            same_place(array, expected)
            assert array.flags.writeable == expected.flags.writeable

    def test_a_memory_map_of_bfloat16(self, tmp_path):
        # A subclass whose method is NumPy's, which knows no such dtype.
        expected = make("C order", ML[ML.index("bfloat16")])
        expected.tofile(tmp_path / "weights")
        mapped = np.memmap(tmp_path / "weights", expected.dtype, "r", shape=expected.shape)
        array = scirs2.from_dlpack(mapped)
        same(array, expected)
        same_place(array, mapped)
        assert not array.flags.writeable

    @FORMS
    def test_null_strides_mean_c_order(self, versioned):
        expected = np.arange(24.0).reshape(2, 3, 4)
        made = Made(expected, versioned=versioned, strides=None)
        same(scirs2.from_dlpack(made.capsule), expected)

    @FORMS
    def test_a_0d_tensor_may_have_null_shape_and_strides(self, versioned):
        expected = np.array(2.5)
        made = Made(expected, versioned=versioned, shape=None, strides=None, ndim=0)
        same(scirs2.from_dlpack(made.capsule), expected)

    @FORMS
    @pytest.mark.parametrize("strides", [None, (0, 0), (3, 1), (-7, 2**40)])
    def test_an_empty_tensor_may_have_null_data_and_any_strides(self, versioned, strides):
        expected = np.empty((0, 3))
        made = Made(expected, versioned=versioned, data=None, strides=strides)
        same(scirs2.from_dlpack(made.capsule), expected)

    @FORMS
    def test_the_stride_of_a_single_element_is_no_matter(self, versioned):
        expected = np.arange(3.0).reshape(1, 3)
        made = Made(expected, versioned=versioned, strides=(-12345, 1))
        same(scirs2.from_dlpack(made.capsule), expected)

    @FORMS
    def test_the_byte_offset_counts(self, versioned):
        whole = np.arange(10.0)
        made = Made(whole, versioned=versioned, shape=(4,), byte_offset=24)
        array = scirs2.from_dlpack(made.capsule)
        same(array, whole[3:7])
        assert array.ctypes.data == whole.ctypes.data + 24

    @pytest.mark.parametrize("kind", [capsule.CPU, capsule.CUDA_HOST, capsule.ROCM_HOST])
    def test_memory_the_host_reads_is_a_view(self, kind):
        made = Made(device=(kind, 0))
        array = scirs2.from_dlpack(made.capsule)
        assert array.ctypes.data == made.array.ctypes.data

    def test_a_later_minor_version_is_read(self):
        made = Made(version=(1, 99))
        same(scirs2.from_dlpack(made.capsule), made.array)


class TestLifetime:
    @FORMS
    def test_the_capsule_is_renamed(self, versioned):
        made = Made(versioned=versioned)
        before = made.name
        array = scirs2.from_dlpack(made.capsule)
        assert made.name == "used_" + before
        assert made.frees == 0
        del array
        assert made.frees == 1
        made.drop()
        assert made.frees == 1

    @FORMS
    def test_the_array_outlives_the_capsule(self, versioned):
        made = Made(versioned=versioned)
        array = scirs2.from_dlpack(made.capsule)
        made.drop()
        assert made.frees == 0
        same(array, made.array)
        del array
        assert made.frees == 1

    @FORMS
    def test_a_view_of_the_array_keeps_the_memory(self, versioned):
        made = Made(versioned=versioned)
        view = scirs2.from_dlpack(made.capsule)[1:].T
        made.drop()
        assert made.frees == 0
        same(view, made.array[1:].T)
        del view
        assert made.frees == 1

    @FORMS
    def test_a_cycle_is_collected_once(self, versioned):
        made = Made(versioned=versioned)
        holder = {"array": scirs2.from_dlpack(made.capsule)}
        holder["self"] = holder
        del holder
        gc.collect()
        assert made.frees == 1

    @FORMS
    def test_a_tensor_without_deleter_is_taken(self, versioned):
        made = Made(versioned=versioned, deleter=False)
        array = scirs2.from_dlpack(made.capsule)
        same(array, made.array)
        del array
        made.drop()
        assert made.frees == 0

    @FORMS
    def test_a_second_use_is_refused_by_name(self, versioned):
        made = Made(versioned=versioned)
        array = scirs2.from_dlpack(made.capsule)
        with pytest.raises(BufferError, match=made.name):
            scirs2.from_dlpack(made.capsule)
        same(array, made.array)
        del array
        assert made.frees == 1

    def test_a_capsule_of_another_name_is_refused_by_name(self):
        made = Made(name=b"arrow_array")
        with pytest.raises(TypeError, match="arrow_array"):
            scirs2.from_dlpack(made.capsule)
        assert made.name == "arrow_array"
        assert made.frees == 0
        made.drop()
        assert made.frees == 1


class TestMutability:
    def test_the_flag_of_a_versioned_tensor_decides(self):
        assert scirs2.from_dlpack(Made().capsule).flags.writeable
        assert not scirs2.from_dlpack(Made(flags=READ_ONLY).capsule).flags.writeable

    def test_a_legacy_tensor_is_read_only(self):
        made = Made(versioned=False)
        array = scirs2.from_dlpack(made.capsule)
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0

    def test_a_read_only_array_cannot_be_made_writeable_by_its_flag(self):
        array = scirs2.from_dlpack(Made(flags=READ_ONLY).capsule)
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True

    def test_the_caller_may_vouch_for_a_legacy_tensor(self):
        made = Made(versioned=False)
        scirs2.from_dlpack(made.capsule, writeable=True)[0, 0] = 42.0
        assert made.array[0, 0] == 42.0

    def test_nobody_may_write_what_its_producer_forbids(self):
        made = Made(flags=READ_ONLY)
        with pytest.raises(BufferError, match=r"(?i)read.?only"):
            scirs2.from_dlpack(made.capsule, writeable=True)
        assert made.name == "dltensor_versioned"
        made.drop()
        assert made.frees == 1

    @pytest.mark.parametrize("versioned", [False, True])
    def test_read_only_is_given_where_asked(self, versioned):
        array = scirs2.from_dlpack(Made(versioned=versioned).capsule, writeable=False)
        assert not array.flags.writeable

    def test_one_of_ours_is_as_it_was_in_the_legacy_form_too(self):
        array = np.arange(3.0)
        again = scirs2.from_dlpack(scirs2.to_dlpack(array))
        again[1] = 42.0
        assert array[1] == 42.0
        assert not scirs2.from_dlpack(scirs2.to_dlpack(array), writeable=False).flags.writeable

    def test_a_numpy_array_keeps_its_own(self):
        array = np.arange(3.0)
        assert scirs2.from_dlpack(array).flags.writeable
        array.flags.writeable = False
        assert not scirs2.from_dlpack(array).flags.writeable
        with pytest.raises(BufferError, match=r"(?i)read.?only"):
            scirs2.from_dlpack(array, writeable=True)


class TestCopy:
    @FORMS
    def test_a_copy_is_the_callers_own(self, versioned):
        made = Made(versioned=versioned)
        array = scirs2.from_dlpack(made.capsule, copy=True)
        # Nothing is left to keep: the producer's memory is free already.
        assert made.frees == 1
        assert array.flags.owndata
        assert array.flags.writeable
        assert not np.shares_memory(array, made.array)
        same(array, made.array)

    @pytest.mark.parametrize("layout", FORWARD + BROADCAST + REVERSED)
    def test_a_copy_is_equal_whatever_the_layout(self, layout):
        for dtype in DTYPES:
            expected = make(layout, dtype)
            made = Made(expected, flags=READ_ONLY)
            array = scirs2.from_dlpack(made.capsule, copy=True)
            same(array, expected)
            assert array.flags.writeable

    def test_a_copy_of_a_numpy_array(self):
        array = np.arange(3.0)
        copy = scirs2.from_dlpack(array, copy=True)
        same(copy, array)
        assert copy.flags.writeable
        assert not np.shares_memory(copy, array)

    def test_an_old_producer_need_not_know_how_to_copy(self):
        made = Made(versioned=False)
        array = scirs2.from_dlpack(OldProducer(lambda: made.capsule), copy=True)
        assert array.flags.writeable
        assert not np.shares_memory(array, made.array)
        same(array, made.array)

    def test_a_producer_that_ignores_the_wish_does_not_spoil_it(self):
        made = Made()
        array = scirs2.from_dlpack(Producer(lambda **_: made.capsule), copy=True)
        assert not np.shares_memory(array, made.array)

    def test_a_copy_may_be_read_only(self):
        array = scirs2.from_dlpack(Made().capsule, copy=True, writeable=False)
        assert not array.flags.writeable

    def test_a_copy_of_a_read_only_tensor_may_be_written(self):
        array = scirs2.from_dlpack(Made(flags=READ_ONLY).capsule, copy=True, writeable=True)
        array[0, 0] = 1.0

    @FORMS
    def test_without_a_copy_it_is_a_view(self, versioned):
        made = Made(versioned=versioned)
        array = scirs2.from_dlpack(made.capsule, copy=False)
        assert np.shares_memory(array, made.array)

    def test_a_producer_that_must_copy_says_so(self):
        producer = Producer(lambda **_: raise_(BufferError("this needs a copy")))
        with pytest.raises(BufferError, match="this needs a copy"):
            scirs2.from_dlpack(producer, copy=False)


class TestDevice:
    @pytest.mark.parametrize("device", [None, "cpu", (1, 0)])
    @FORMS
    def test_the_host_is_the_one_device(self, versioned, device):
        made = Made(versioned=versioned)
        same(scirs2.from_dlpack(made.capsule, device=device), made.array)

    @pytest.mark.parametrize("device", ["cuda", "gpu:0", (2, 0), (1, 1), 1, (1,), b"cpu"])
    def test_another_device_is_refused(self, device):
        made = Made()
        with pytest.raises((ValueError, BufferError, TypeError), match="device"):
            scirs2.from_dlpack(made.capsule, device=device)
        assert made.name == "dltensor_versioned"
        producer = Producer(lambda **_: made.capsule)
        with pytest.raises((ValueError, BufferError, TypeError), match="device"):
            scirs2.from_dlpack(producer, device=device)

    @pytest.mark.parametrize("kind", [capsule.CUDA, capsule.ROCM, capsule.METAL])
    def test_device_memory_names_its_cures(self, kind):
        made = Made(device=(kind, 0))
        with pytest.raises(scirs2.GPUTensorError, match=r"cpu"):
            scirs2.from_dlpack(made.capsule)
        assert made.frees == 0

    def test_a_device_tensor_is_copied_by_its_producer(self):
        on_host = Made()
        on_device = Made(device=(capsule.CUDA, 0), data=0x1000)

        def answer(*, max_version, dl_device=None):
            return on_host.capsule if dl_device == (1, 0) else on_device.capsule

        producer = Producer(answer, device=(capsule.CUDA, 0))
        with pytest.raises(scirs2.GPUTensorError):
            scirs2.from_dlpack(producer)
        same(scirs2.from_dlpack(producer, device="cpu"), on_host.array)

    def test_a_device_capsule_cannot_be_moved(self):
        made = Made(device=(capsule.CUDA, 0), data=0x1000)
        with pytest.raises(scirs2.GPUTensorError):
            scirs2.from_dlpack(made.capsule, device="cpu")
        made.drop()
        assert made.frees == 1
