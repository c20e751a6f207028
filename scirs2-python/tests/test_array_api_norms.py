"""`matrix_norm` and `vector_norm`: the norm under the Array API's names."""

import itertools

import matrices
import numpy as np
import pytest
import torch
from scirs2 import linalg

ORDERS = [None, 0, 1, 2, 3, -1, -2, 0.5, np.inf, -np.inf]
AXES = [axes for count in range(4) for axes in itertools.permutations(range(3), count)] + [
    None,
    0,
    -1,
    (-1, 0),
    (-3,),
]


def agrees(result, expected, count):
    assert type(result) is type(expected)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    # Powers and roots are off by a few units, sums in NumPy by one for each element.
    unit = (count + 20) * matrices.eps(expected.dtype)
    assert np.allclose(result, expected, rtol=unit, atol=0)


@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_vectors(keepdims, axis, ord):
    for dtype in ("float64", "complex64", "int64"):
        a = (matrices.random((2, 3, 4), dtype) * 3 + 20).astype(dtype)
        expected = np.linalg.vector_norm(a, axis=axis, keepdims=keepdims, ord=ord)
        agrees(linalg.vector_norm(a, axis=axis, keepdims=keepdims, ord=ord), expected, a.size)
        turned = a.transpose(2, 0, 1)
        expected = np.linalg.vector_norm(turned, axis=axis, keepdims=keepdims, ord=ord)
        agrees(linalg.vector_norm(turned, axis=axis, keepdims=keepdims, ord=ord), expected, a.size)


def test_the_default_is_the_2_norm_of_everything():
    a = np.full((2, 3, 4), 2.0)
    assert linalg.vector_norm(a) == np.sqrt(24 * 4)
    assert linalg.vector_norm(3.0) == 3
    assert linalg.vector_norm(-3.0, ord=1) == 3
    assert linalg.vector_norm(a, keepdims=True).shape == (1, 1, 1)
    # Which NumPy's is not.
    assert linalg.vector_norm(np.full(2, 1e200)) == pytest.approx(2**0.5 * 1e200, rel=1e-15)
    assert linalg.vector_norm(np.zeros((0, 3)), axis=(0, 1), ord=1) == 0


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3), (2, 2, 3, 3)])
def test_matrices(shape, keepdims, ord):
    for dtype in matrices.FLOATS:
        a = matrices.random(shape, dtype)
        expected = np.linalg.matrix_norm(a, keepdims=keepdims, ord=ord)
        result = linalg.matrix_norm(a, keepdims=keepdims, ord=ord)
        # The smallest singular value is off by as much as the largest.
        bound = 20 * matrices.eps(dtype) * np.linalg.matrix_norm(a, keepdims=keepdims)
        assert type(result) is type(expected)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
        assert np.all(np.abs(result - expected) <= bound)


def test_pytorch_in_pytorch_out():
    a = torch.arange(24.0).reshape(2, 3, 4)
    for result in (
        linalg.vector_norm(a, axis=(0, 2), ord=1, keepdims=True),
        linalg.vector_norm(a, ord=1),
        linalg.vector_norm(a, axis=1),
        linalg.matrix_norm(a),
    ):
        assert isinstance(result, torch.Tensor)
        assert result.dtype == torch.float32
    assert linalg.vector_norm(a, axis=(0, 2), ord=1).tolist() == a.sum(dim=(0, 2)).tolist()
    assert linalg.vector_norm(a, ord=1).shape == ()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"ord": "fro"}, ValueError),
        ({"axis": (0, 0)}, ValueError),
        ({"axis": (0, 1, 0), "ord": 1}, ValueError),
        ({"axis": 3}, IndexError),
        ({"axis": (0, 3)}, IndexError),
        ({"axis": (0, -4), "ord": 1}, ValueError),
        ({"axis": [0]}, TypeError),
    ],
)
def test_what_numpy_refuses_is_refused(options, error):
    a = np.ones((2, 3, 4))
    for xp in (np.linalg, linalg):
        with pytest.raises(error):
            xp.vector_norm(a, **options)


@pytest.mark.parametrize(
    ("shape", "ord", "message"),
    [
        ((3,), 2, r"^matrix_norm: axis -2 is out of range for an array of 1 dim"),
        ((2, 2), 0, r"^matrix_norm: ord: order 0 is not defined for matrices; use fro, nuc,"),
        ((2, 2), "max", r'^matrix_norm: ord: "max" is not a norm; expected a number,'),
        ((2, 2), 3, r"^matrix_norm: ord: order 3 is not defined for matrices; use fro, nuc,"),
    ],
)
def test_matrices_that_are_refused(shape, ord, message):
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        np.linalg.matrix_norm(np.ones(shape), ord=ord)
    with pytest.raises(ValueError, match=message):
        linalg.matrix_norm(np.ones(shape), ord=ord)


def test_errors_name_the_function_that_was_called():
    with pytest.raises(ValueError, match=r"^matrix_norm: "):
        linalg.matrix_norm(np.ones(3))
    with pytest.raises(ValueError, match=r"^vector_norm: "):
        linalg.vector_norm(np.ones(3), axis=7)
    with pytest.raises(linalg.LinAlgError, match=r"^matrix_norm: "):
        linalg.matrix_norm(np.full((2, 2), np.nan), ord=2)
