"""The real PyTorch, JAX, TensorFlow and ml_dtypes, both ways."""

import gc
import weakref

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import scirs2
import tensorflow as tf
import torch
from capsule import consume, describe, name_of
from layouts import DTYPES, make


@pytest.fixture(scope="module", autouse=True)
def jax_with_64_bits():
    """JAX with float64 and int64, here and nowhere else."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


FORMS = pytest.mark.parametrize("form", [None, (1, 0)], ids=["legacy", "versioned"])


def aligned(array):
    """A copy at a multiple of 64 bytes, which JAX and TensorFlow take without copying."""
    raw = np.empty(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def pointer(tensor):
    """Where the data of any library's tensor lies, by its own word."""
    return describe(tensor.__dlpack__()).data


class TestTorch:
    def test_the_readme_example(self):
        t = torch.arange(6, dtype=torch.float32).reshape(2, 3)
        array = scirs2.from_dlpack(t.__dlpack__())
        assert np.linalg.norm(array) == pytest.approx(float(torch.linalg.norm(t)))
        back = torch.from_dlpack(scirs2.to_dlpack(np.ones(4)))
        assert torch.equal(back, torch.ones(4, dtype=torch.float64))

    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @FORMS
    def test_every_dtype_both_ways_in_place(self, form, dtype):
        array = make("C order", dtype)
        t = torch.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        assert t.data_ptr() == array.ctypes.data
        assert t.numpy().tobytes() == array.tobytes()
        again = scirs2.from_dlpack(t)
        assert again.ctypes.data == array.ctypes.data
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes()
        assert again.flags.writeable

    @pytest.mark.parametrize("layout", ["transposed", "sliced", "a column", "0-d", "empty within"])
    @FORMS
    def test_every_layout_both_ways_in_place(self, form, layout):
        array = make(layout, "float32")
        t = torch.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        again = scirs2.from_dlpack(t)
        assert tuple(t.shape) == again.shape == array.shape
        assert again.tobytes() == array.tobytes()
        if array.size:
            assert again.ctypes.data == t.data_ptr() == array.ctypes.data

    def test_both_see_what_one_writes(self):
        t = torch.zeros(2, 3)
        array = scirs2.from_dlpack(t)
        array[1, 2] = 5
        assert t[1, 2] == 5
        t[0, 0] = 7
        assert array[0, 0] == 7

    def test_a_raw_capsule_of_each_form(self):
        t = torch.arange(3.0)
        legacy = t.__dlpack__()
        assert name_of(legacy) == "dltensor"
        assert not scirs2.from_dlpack(legacy).flags.writeable
        assert name_of(legacy) == "used_dltensor"
        versioned = t.__dlpack__(max_version=(1, 3))
        assert scirs2.from_dlpack(versioned).flags.writeable
        assert name_of(versioned) == "used_dltensor_versioned"

    @FORMS
    def test_the_capsule_is_renamed_and_used_once(self, form):
        capsule = scirs2.to_dlpack(np.ones(3), max_version=form)
        torch.from_dlpack(capsule)
        assert name_of(capsule).startswith("used_dltensor")
        with pytest.raises(RuntimeError):
            torch.from_dlpack(capsule)

    @FORMS
    def test_torch_keeps_the_array_until_it_is_done(self, form):
        array = np.arange(3.0)
        alive = weakref.ref(array)
        t = torch.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        view = t[1:]
        del array, t
        gc.collect()
        assert alive() is not None
        assert view.tolist() == [1.0, 2.0]
        del view
        assert alive() is None

    def test_our_array_keeps_the_tensor(self):
        array = scirs2.from_dlpack(torch.arange(1000.0))
        gc.collect()
        torch.full((1000,), -1.0)
        assert array.tolist() == list(range(1000))

    def test_a_read_only_tensor_is_a_read_only_array(self):
        t = torch.arange(3.0)
        wrapper = torch.utils.dlpack.ReadOnlyTensorWrapper(t)
        array = scirs2.from_dlpack(wrapper)
        assert array.ctypes.data == t.data_ptr()
        assert not array.flags.writeable
        raw = t.__dlpack__(max_version=(1, 3), read_only=True)
        with pytest.raises(BufferError, match=r"(?i)read.?only"):
            scirs2.from_dlpack(raw, writeable=True)
        assert not scirs2.from_dlpack(raw).flags.writeable

    def test_a_read_only_array_goes_to_torch_by_a_copy_alone(self):
        array = np.arange(3.0)
        array.flags.writeable = False
        # Torch does not know read-only tensors: it would write through the versioned one.
        with pytest.raises(BufferError, match="copy=True"):
            torch.from_dlpack(scirs2.to_dlpack(array))
        t = torch.from_dlpack(scirs2.to_dlpack(array, copy=True))
        t[0] = 42.0
        assert array[0] == 0.0

    def test_negative_strides_never_reach_torch(self):
        with pytest.raises(BufferError, match="copy=True"):
            torch.from_dlpack(scirs2.to_dlpack(np.arange(3.0)[::-1]))
        t = torch.from_dlpack(scirs2.to_dlpack(np.arange(3.0)[::-1], copy=True))
        assert t.tolist() == [2.0, 1.0, 0.0]

    def test_a_copy_in_is_our_own(self):
        t = torch.zeros(3)
        array = scirs2.from_dlpack(t, copy=True)
        assert array.flags.writeable
        array[0] = 1
        assert t[0] == 0

    def test_a_host_tensor_asked_onto_the_host(self):
        t = torch.arange(3.0)
        assert scirs2.from_dlpack(t, device="cpu").ctypes.data == t.data_ptr()

    @pytest.mark.parametrize(
        ("t", "reason"),
        [
            (lambda: torch.ones(3, requires_grad=True), "gradient"),
            (lambda: torch.nn.Parameter(torch.ones(3)), "gradient"),
            (lambda: torch.ones(3, dtype=torch.complex64).conj(), "conj"),
            (lambda: torch.eye(3).to_sparse(), "strided"),
            (lambda: torch.ones(3, device="meta"), "meta"),
        ],
    )
    def test_what_torch_refuses_it_says_itself(self, t, reason):
        with pytest.raises(BufferError, match=reason):
            scirs2.from_dlpack(t())
        with pytest.raises(BufferError, match=reason):
            scirs2.norm(t())

    def test_a_detached_tensor_crosses(self):
        t = torch.ones(3, requires_grad=True)
        assert scirs2.from_dlpack(t.detach()).ctypes.data == t.data_ptr()

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e5m2, torch.float8_e4m3fn])
    def test_a_dtype_that_numpy_lacks_is_named(self, dtype):
        name = str(dtype).removeprefix("torch.")
        with pytest.raises(BufferError, match=name):
            scirs2.from_dlpack(torch.zeros(3, dtype=dtype))

    @pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
    def test_norm_answers_in_torch(self, axis):
        t = torch.linspace(-1, 1, 12).reshape(3, 4)
        result = scirs2.norm(t, axis=axis)
        assert type(result) is torch.Tensor
        expected = torch.linalg.norm(t, dim=axis)
        torch.testing.assert_close(result, expected)

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            (torch.float32, torch.float32),
            (torch.float64, torch.float64),
            (torch.float16, torch.float16),
            (torch.complex64, torch.float32),
            (torch.complex128, torch.float64),
            (torch.int32, torch.float64),
            (torch.bool, torch.float64),
        ],
    )
    def test_the_dtype_of_the_answer(self, given, answered):
        result = scirs2.norm(torch.ones(4, dtype=given))
        assert result.dtype == answered
        assert result.shape == ()
        assert result == 2

    def test_norm_of_a_strided_tensor(self):
        t = torch.arange(60.0).reshape(3, 4, 5).permute(2, 0, 1)[::2, :, 1:]
        torch.testing.assert_close(scirs2.norm(t, axis=0), torch.linalg.norm(t, dim=0))
        result = scirs2.norm(t, ord="nuc", axis=(0, 2), keepdims=True)
        torch.testing.assert_close(result, torch.linalg.norm(t, "nuc", (0, 2), keepdim=True))


class TestJax:
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_every_dtype_both_ways(self, dtype):
        array = aligned(make("C order", dtype))
        x = jax.dlpack.from_dlpack(scirs2.from_dlpack(array))
        assert x.dtype == dtype
        assert x.unsafe_buffer_pointer() == array.ctypes.data
        again = scirs2.from_dlpack(x)
        assert again.ctypes.data == array.ctypes.data
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes()

    def test_what_jax_made_is_read_only(self):
        x = jnp.arange(6.0).reshape(2, 3)
        array = scirs2.from_dlpack(x)
        assert array.ctypes.data == x.unsafe_buffer_pointer()
        assert not array.flags.writeable
        np.testing.assert_array_equal(array, np.arange(6.0).reshape(2, 3))

    def test_a_torch_tensor_reaches_jax_in_place(self):
        # JAX takes no capsules, but any array.
        t = torch.arange(64.0)
        array = scirs2.from_dlpack(t)
        x = jax.dlpack.from_dlpack(array)
        np.testing.assert_array_equal(x, np.arange(64.0))
        if array.ctypes.data % 64 == 0:
            assert x.unsafe_buffer_pointer() == t.data_ptr()

    def test_our_array_keeps_what_jax_made(self):
        array = scirs2.from_dlpack(jnp.arange(1000.0))
        gc.collect()
        jnp.full((1000,), -1.0).block_until_ready()
        assert array.tolist() == list(range(1000))

    def test_a_copy_may_be_written(self):
        x = jnp.zeros(3)
        array = scirs2.from_dlpack(x, copy=True)
        array[0] = 1
        assert x[0] == 0

    def test_bfloat16_is_named(self):
        with pytest.raises(BufferError, match="bfloat16"):
            scirs2.from_dlpack(jnp.zeros(3, jnp.bfloat16))

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            ("float32", "float32"),
            ("float64", "float64"),
            ("float16", "float16"),
            ("complex64", "float32"),
            ("int32", "float64"),
            ("bool", "float64"),
        ],
    )
    def test_norm_answers_in_jax(self, given, answered):
        x = jnp.ones((4, 4), given)
        result = scirs2.norm(x)
        assert isinstance(result, jax.Array)
        assert (result.dtype, result.shape, float(result)) == (answered, (), 4.0)
        rows = scirs2.norm(x, axis=1)
        assert isinstance(rows, jax.Array)
        assert rows.tolist() == [2.0] * 4


class TestTensorFlow:
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_every_dtype_both_ways_in_place(self, dtype):
        array = aligned(make("C order", dtype))
        t = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(array))
        assert t.dtype.as_numpy_dtype == dtype.type
        assert pointer(t) == array.ctypes.data
        again = scirs2.from_dlpack(t)
        assert again.ctypes.data == array.ctypes.data
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes()

    def test_a_raw_capsule(self):
        t = tf.reshape(tf.range(6.0), (2, 3))
        capsule = tf.experimental.dlpack.to_dlpack(t)
        array = scirs2.from_dlpack(capsule)
        assert name_of(capsule) == "used_dltensor"
        np.testing.assert_array_equal(array, t.numpy())
        assert array.ctypes.data == pointer(t)
        # It cannot say whether it may be written; TensorFlow's tensors may not.
        assert not array.flags.writeable

    def test_our_array_keeps_the_tensor(self):
        array = scirs2.from_dlpack(tf.range(1000.0))
        gc.collect()
        tf.fill((1000,), -1.0)
        assert array.tolist() == list(range(1000))

    def test_a_copy_although_tensorflow_offers_none(self):
        # TensorFlow answers `copy=True` with a RuntimeError; it is told to us alike or cured.
        capsule = tf.experimental.dlpack.to_dlpack(tf.range(3.0))
        array = scirs2.from_dlpack(capsule, copy=True)
        array[0] = 5.0
        assert array.tolist() == [5.0, 1.0, 2.0]

    def test_tensorflow_keeps_the_array_until_it_is_done(self):
        array = aligned(np.arange(3.0))
        alive = weakref.ref(array)
        t = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(array))
        del array
        gc.collect()
        assert alive() is not None
        assert t.numpy().tolist() == [0.0, 1.0, 2.0]
        del t
        gc.collect()
        assert alive() is None

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            ("float32", "float32"),
            ("float64", "float64"),
            ("float16", "float16"),
            ("complex64", "float32"),
            ("int32", "float64"),
        ],
    )
    def test_norm_answers_in_tensorflow(self, given, answered):
        t = tf.ones((4, 4), given)
        result = scirs2.norm(t)
        assert isinstance(result, tf.Tensor)
        assert (result.dtype.name, result.shape, float(result)) == (answered, (), 4.0)
        rows = scirs2.norm(t, axis=1)
        assert isinstance(rows, tf.Tensor)
        assert rows.numpy().tolist() == [2.0] * 4


class TestMlDtypes:
    @pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, ml_dtypes.int4])
    @FORMS
    def test_the_export_names_the_dtype(self, form, dtype):
        with pytest.raises(BufferError, match=np.dtype(dtype).name):
            scirs2.to_dlpack(np.zeros(3, dtype), max_version=form)


class TestThroughAll:
    def test_one_memory_for_all_of_them(self):
        array = aligned(np.arange(12, dtype=np.float32).reshape(3, 4))
        t = torch.from_dlpack(scirs2.to_dlpack(array))
        x = jax.dlpack.from_dlpack(scirs2.from_dlpack(t))
        f = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(scirs2.from_dlpack(t)))
        addresses = {array.ctypes.data, t.data_ptr(), x.unsafe_buffer_pointer(), pointer(f)}
        assert len(addresses) == 1
        alive = weakref.ref(array)
        del array, t, x
        gc.collect()
        assert alive() is not None
        assert f.numpy().sum() == 66.0
        del f
        gc.collect()
        assert alive() is None

    @pytest.mark.parametrize("library", [torch, tf, jnp], ids=["torch", "tensorflow", "jax"])
    def test_a_tensor_of_another_library_is_exported_by_itself(self, library):
        tensor = library.ones((3,))
        with pytest.raises(TypeError, match="from_dlpack"):
            scirs2.to_dlpack(tensor)
        capsule = scirs2.to_dlpack(scirs2.from_dlpack(tensor), max_version=(1, 0))
        consume(capsule)()
