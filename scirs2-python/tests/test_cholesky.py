"""`scirs2.linalg.cholesky`: residuals, triangles, batches, and what is refused."""

import matrices
import numpy as np
import pytest
import scirs2
from scirs2 import linalg


def definite(batch, n, dtype):
    """A batch of different matrices."""
    count = int(np.prod(batch))
    stack = [matrices.positive_definite(n, dtype, seed) for seed in range(count)]
    return np.array(stack, dtype).reshape(*batch, n, n)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_factor_gives_the_matrix(dtype, n, upper):
    a = definite((), n, dtype)
    factor = linalg.cholesky(a, upper=upper)
    assert factor.dtype == a.dtype
    pair = (factor, factor.conj().T)
    assert matrices.residual(a, *(pair[::-1] if upper else pair)) <= n + 1
    assert np.array_equal(factor, np.triu(factor) if upper else np.tril(factor))
    assert np.all(np.diagonal(factor).real > 0)


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a = matrices.positive_definite(6) * 10.0**power
    factor = linalg.cholesky(a)
    assert matrices.residual(a, factor, factor.T) <= 7


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = definite(batch, 4, dtype)
    result = linalg.cholesky(matrices.LAYOUTS[layout](a))
    assert result.shape == a.shape
    assert result.flags.c_contiguous
    assert result.ctypes.data % 64 == 0 or result.nbytes < 1024
    for index in np.ndindex(batch):
        assert np.array_equal(result[index], linalg.cholesky(a[index]))


def test_only_one_triangle_is_read():
    a = definite((), 5, "float64")
    spoiled = a + np.triu(np.full((5, 5), np.nan), 1)
    assert np.array_equal(linalg.cholesky(spoiled), linalg.cholesky(a))
    assert np.array_equal(linalg.cholesky(spoiled.T, upper=True), linalg.cholesky(a, upper=True))


@pytest.mark.parametrize("layout", ["C order", "Fortran order", "strided", "reversed"])
def test_out(layout):
    a = definite((2, 3), 4, "float64")
    out = matrices.LAYOUTS[layout](np.empty_like(a))
    assert linalg.cholesky(a, out=out) is out
    assert np.array_equal(out, linalg.cholesky(a))
    # The input's own memory, whole or in part.
    buffer = np.zeros(a.size + 3)
    buffer[3:] = a.ravel()
    expected = linalg.cholesky(a)
    linalg.cholesky(buffer[3:].reshape(a.shape), out=buffer[:-3].reshape(a.shape))
    assert np.array_equal(buffer[:-3].reshape(a.shape), expected)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros((3, 3)), "shape"),
        (np.zeros((2, 2), "float32"), "float64"),
        (np.broadcast_to(0.0, (2, 2)), "read-only"),
    ],
)
def test_an_out_that_does_not_fit_is_refused(out, message):
    with pytest.raises(ValueError, match=rf"cholesky: out: .*{message}"):
        linalg.cholesky(np.eye(2), out=out)


def test_what_is_not_definite_is_named():
    a = np.stack([np.eye(3)] * 6).reshape(2, 3, 3, 3)
    a[1, 2, 1, 1] = -1
    with pytest.raises(linalg.LinAlgError, match=r"matrix 5 .* minor of order 2") as caught:
        linalg.cholesky(a)
    assert caught.value.index == (1, 2)
    with pytest.raises(linalg.LinAlgError, match="cholesky: the matrix") as caught:
        linalg.cholesky(-np.eye(2))
    assert caught.value.index is None


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 3, 2)])
def test_what_is_not_square_is_refused(shape):
    with pytest.raises(linalg.LinAlgError, match="cholesky: "):
        linalg.cholesky(np.ones(shape))


def test_one_large_matrix():
    a = matrices.positive_definite(700)
    factor = linalg.cholesky(a)
    assert matrices.residual(a, factor, factor.T) <= 700
    with scirs2.num_threads(1):
        serial = linalg.cholesky(a)
    assert matrices.residual(factor, serial) <= 700 * 100
