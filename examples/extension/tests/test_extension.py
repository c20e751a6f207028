"""What the extension takes and gives, with the libraries of its callers."""

import gc
import weakref

import extension
import jax
import numpy as np
import pytest
import torch

LIBRARIES = {"numpy": np.asarray, "torch": torch.from_numpy, "jax": jax.numpy.asarray}
CONSUMERS = {
    "numpy": np.from_dlpack,
    "torch": torch.from_dlpack,
    "jax": jax.dlpack.from_dlpack,
    "asarray": np.asarray,
}

library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
consumer = pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)


@consumer
@library
def test_any_library_in_and_any_out(library, consumer):
    vectors = library(np.array([[3.0, 4.0], [6.0, 8.0]], np.float32))
    result = consumer(extension.lengths(vectors))
    np.testing.assert_array_equal(np.asarray(result), np.array([5.0, 10.0], np.float32))


@library
def test_lapack_computes(library):
    a = np.array([[2.0, 0.0], [0.0, 4.0]], np.float32)
    x = extension.solve(library(a), library(np.ones((2, 1), np.float32)))
    np.testing.assert_array_equal(np.from_dlpack(x), [[0.5], [0.25]])


def test_elements_of_one_dtype():
    np.testing.assert_array_equal(extension.mean(np.array([[1.0, 2.0], [3.0, 4.0]])), [2.0, 3.0])
    with pytest.raises(BufferError, match="float64"):
        extension.mean(np.ones((2, 2), np.float32))
    with pytest.raises(ValueError, match="mean: there are no vectors"):
        extension.mean(np.ones(2))


def test_an_error_is_an_exception():
    with pytest.raises(ValueError, match="singular"):
        extension.solve(np.zeros((2, 2)), np.ones((2, 1)))


@pytest.mark.parametrize("writeable", [True, False])
def test_nothing_is_copied(writeable):
    array = np.arange(3.0)
    array.flags.writeable = writeable
    again = np.from_dlpack(extension.view(array))
    assert again.ctypes.data == array.ctypes.data
    assert again.flags.writeable == writeable


def test_what_may_be_written_to_is_never_assumed():
    # JAX's capsules do not say that they must not be.
    again = np.from_dlpack(extension.view(jax.numpy.ones(3)))
    assert not again.flags.writeable


class TestAResult:
    @pytest.fixture
    def result(self):
        return extension.lengths(np.array([[3.0, 4.0]]))

    def test_lives_on_the_host(self, result):
        assert result.__dlpack_device__() == (1, 0)
        assert repr(result) == "<scirs2_interop.Tensor float64 of shape (1,)>"
        with pytest.raises(BufferError, match="dl_device"):
            result.__dlpack__(dl_device=(2, 0))
        with pytest.raises(ValueError, match="stream"):
            result.__dlpack__(stream=1)

    def test_is_shared_by_all_who_take_it(self, result):
        array, tensor = np.from_dlpack(result), torch.from_dlpack(result)
        tensor[0] = 7.0
        assert array[0] == 7.0
        assert np.from_dlpack(result)[0] == 7.0

    def test_is_copied_if_asked(self, result):
        array, copy = np.from_dlpack(result), np.from_dlpack(result, copy=True)
        copy[0] = 7.0
        assert array[0] == 5.0

    def test_goes_to_a_consumer_of_the_legacy_form(self, result):
        assert '"dltensor"' in repr(result.__dlpack__())
        assert '"dltensor_versioned"' in repr(result.__dlpack__(max_version=(1, 0)))

    def test_as_an_array_has_the_dtype_asked_for(self, result):
        assert np.asarray(result, dtype=np.int32).dtype == np.int32
        assert np.array(result).tolist() == [5.0]

    def test_outlives_the_object(self, result):
        array = np.from_dlpack(result)
        del result
        gc.collect()
        assert array[0] == 5.0

    def test_frees_its_memory_with_the_last(self):
        array = np.arange(3.0)
        alive = weakref.ref(array)
        again = np.from_dlpack(extension.view(array))
        del array
        gc.collect()
        assert alive() is not None
        del again
        gc.collect()
        assert alive() is None


def test_negative_strides_go_by_a_copy():
    result = extension.view(np.arange(3.0)[::-1])
    assert torch.from_dlpack(result).tolist() == [2.0, 1.0, 0.0]
    with pytest.raises(BufferError, match="strides"):
        np.from_dlpack(result, copy=False)
