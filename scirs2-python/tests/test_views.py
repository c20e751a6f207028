"""`matrix_transpose`, `diagonal` and `trace`: the caller's memory, in every library."""

import jax.numpy as jnp
import matrices
import ml_dtypes
import numpy as np
import pytest
import torch
from scirs2 import linalg
from test_matmul import ALL


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3), (0, 3), (2, 0, 3, 1)])
@pytest.mark.parametrize("layout", matrices.LAYOUTS)
def test_the_transpose_is_a_view(layout, shape):
    a = matrices.LAYOUTS[layout](np.arange(np.prod(shape)).reshape(shape))
    result = linalg.matrix_transpose(a)
    assert np.array_equal(result, a.mT)
    assert result.strides == a.mT.strides
    assert np.shares_memory(result, a) or not a.size
    assert result.flags.writeable == a.flags.writeable


@pytest.mark.parametrize("offset", [-4, -1, 0, 1, 2, 7])
@pytest.mark.parametrize("shape", [(3, 4), (4, 2, 3), (0, 3), (2, 0, 3, 1)])
def test_the_diagonal_is_a_view(shape, offset):
    a = np.arange(np.prod(shape)).reshape(shape)
    result, expected = linalg.diagonal(a, offset=offset), np.linalg.diagonal(a, offset=offset)
    assert np.array_equal(result, expected)
    assert result.strides == expected.strides
    assert not result.flags.writeable
    assert np.shares_memory(result, a) or not result.size


@pytest.mark.parametrize("dtype", ["float64", "int8", "bool", "bfloat16"])
def test_views_of_pytorch_share_its_memory(dtype):
    a = torch.zeros((2, 3, 4), dtype=getattr(torch, dtype))
    turned, along = linalg.matrix_transpose(a), linalg.diagonal(a, offset=1)
    assert turned.shape == (2, 4, 3)
    assert along.shape == (2, 3)
    turned[1, 3, 2] = 1
    assert a[1, 2, 3] == 1
    assert along[1, 2] == 1
    along[0, 0] = 1
    assert a[0, 0, 1] == 1


def test_views_of_jax():
    a = jnp.arange(6.0).reshape(2, 3)
    assert linalg.matrix_transpose(a).tolist() == a.mT.tolist()
    assert isinstance(linalg.matrix_transpose(a), type(a))
    assert linalg.diagonal(a, offset=1).tolist() == [1, 5]


def test_any_dtype_and_lists():
    a = np.array([["a", "b"], ["c", "d"]])
    assert linalg.matrix_transpose(a).tolist() == [["a", "c"], ["b", "d"]]
    assert linalg.diagonal([[1, 2], [3, 4]]).tolist() == [1, 4]
    narrow = np.ones((2, 2), ml_dtypes.float8_e5m2)
    assert linalg.diagonal(narrow).dtype == narrow.dtype


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("matrix_transpose", "matrix_transpose: x has shape .* needs at least 2 dim"),
        ("diagonal", "diagonal: x has shape .* needs at least 2 dim"),
        ("trace", "trace: x has shape .* needs at least 2 dim"),
    ],
)
def test_too_few_dimensions_are_refused(name, shape, message):
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        getattr(np.linalg, name)(np.ones(shape))
    with pytest.raises(ValueError, match=message):
        getattr(linalg, name)(np.ones(shape))


@pytest.mark.parametrize("offset", [-3, 0, 1, 9])
@pytest.mark.parametrize("dtype", ALL)
def test_the_trace_is_numpys(dtype, offset):
    a = (np.arange(40) % 5).reshape(2, 4, 5).astype(dtype)
    for x in (a, a[0], a[:0]):
        result, expected = linalg.trace(x, offset=offset), np.linalg.trace(x, offset=offset)
        assert type(result) is type(expected)
        assert result.dtype == expected.dtype
        assert np.array_equal(result, expected)


def test_the_dtype_of_a_trace():
    a = np.full((3, 3), 100, "int8")
    assert linalg.trace(a) == 300
    assert linalg.trace(a, dtype="int8") == np.int8(300 - 256)
    assert linalg.trace(a, dtype=np.float32).dtype == "float32"
    tensor = torch.full((2, 3, 3), 100, dtype=torch.int8)
    result = linalg.trace(tensor, dtype=torch.float32)
    assert result.dtype == torch.float32
    assert result.tolist() == [300, 300]
    assert linalg.trace(tensor[0]).dtype == torch.int64
    assert linalg.trace(tensor[0]).item() == 300
    with pytest.raises(TypeError):
        linalg.trace(a, dtype="nonsense")


def test_halves_are_summed_in_single_precision():
    # In bfloat16 the sum would stop at 256.
    a = np.eye(1000, dtype=ml_dtypes.bfloat16)
    assert linalg.trace(a).dtype == ml_dtypes.bfloat16
    assert linalg.trace(a) == 1000
    assert linalg.trace(torch.eye(1000, dtype=torch.float16)).item() == 1000


def test_a_subclass_is_the_array_that_it_is():
    class Odd(np.ndarray):
        def diagonal(self, *_):
            raise AssertionError("a method of its own was called")

    x = np.array([[1.0, 2.0], [3.0, 4.0]]).view(Odd)
    assert type(linalg.trace(x)) is np.float64
    assert linalg.trace(x) == 5.0
    assert linalg.diagonal(x, offset=1).tolist() == [2.0]
