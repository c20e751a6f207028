"""`scirs2.linalg.cond`: norms, singular matrices, batches, what is refused."""

import matrices
import mpmath
import numpy as np
import pytest
import torch
from scirs2 import linalg

ORDERS = [None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"]


@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33])
@pytest.mark.parametrize("name", sorted(set(matrices.GENERAL) - {"denormal"}))
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_as_numpy(dtype, name, n, p):
    ours = linalg.cond(matrices.general(name, n, dtype), p)
    # NumPy's norms overflow and underflow; the scale changes nothing.
    scaled = name in ("large", "small")
    a = matrices.general("random" if scaled else name, n, dtype)
    with np.errstate(all="ignore"):
        worst = np.linalg.cond(a)
        # NumPy's nuclear norm fails on the inverse of a singular matrix.
        theirs = np.linalg.cond(a, p) if p != "nuc" or np.linalg.det(a) else np.inf
    assert ours.dtype == a.real.dtype
    # Both compute the inverse in double, and err by as much as the condition says;
    # NumPy sums up norms of single in single. With another scale the matrix was
    # rounded, too.
    unit = 8 * (n + 1) * np.finfo(float).eps * worst + (n + 1) * matrices.eps(dtype)
    if scaled:
        unit += n * matrices.eps(dtype) * worst
    if unit < 0.1:
        assert abs(ours - theirs) <= unit * theirs
    elif p not in (-1, -2, -np.inf):
        assert ours > (1e5 if scaled else 1e10)


def test_denormal_matrices():
    a = matrices.general("denormal", 4)
    assert linalg.cond(a) == pytest.approx(np.linalg.cond(a), rel=1e-12)
    # The inverse is beyond the range.
    assert linalg.cond(a / 2**20, 1) == np.inf


def test_exact_condition_of_the_hilbert_matrix():
    with mpmath.workdps(60):
        a = mpmath.hilbert(6)
        exact = float(mpmath.mnorm(a, 1) * mpmath.mnorm(a**-1, 1))
    # The matrix itself is rounded.
    limit = 8 * 7 * np.finfo(float).eps * exact
    assert linalg.cond(matrices.hilbert(6), 1) == pytest.approx(exact, rel=limit)


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
@pytest.mark.parametrize("p", ORDERS)
def test_scale_does_not_matter(p, power):
    a = matrices.random((5, 5))
    assert linalg.cond(a * 10.0**power, p) == pytest.approx(linalg.cond(a, p), rel=1e-12)


@pytest.mark.parametrize("p", ORDERS)
def test_singular_matrices_are_infinite(p):
    assert linalg.cond(np.zeros((2, 2)), p) == np.inf
    a = np.stack([np.eye(2), [[1, 2], [2, 4]], [[np.inf, 1], [1, 1]]])
    result = linalg.cond(a, p)
    assert result[0] == pytest.approx(np.linalg.cond(np.eye(2), p))
    if p not in (None, 2, -2):
        assert result[1] == np.inf
    # Infinite, but where the norm is the smallest of several sums.
    assert result[2] == np.linalg.cond(a[2], p)


@pytest.mark.parametrize("p", ORDERS)
def test_what_is_no_number(p):
    a = np.stack([np.eye(2)] * 3)
    a[1, 0, 1] = np.nan
    if p in (None, 2, -2, "nuc"):
        with pytest.raises(linalg.LinAlgError, match=r"cond: matrix 1 .* a NaN") as caught:
            linalg.cond(a, p)
        assert caught.value.index == (1,)
    else:
        assert np.array_equal(np.isnan(linalg.cond(a, p)), [False, True, False])


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("p", ORDERS)
def test_batches_and_layouts(p, batch, layout):
    a = matrices.random((*batch, 3, 3), "complex64")
    result = linalg.cond(matrices.LAYOUTS[layout](a), p)
    assert np.shape(result) == batch
    assert result.dtype == np.float32
    for index in np.ndindex(batch):
        one = result if batch == () else result[index]
        # A reversed array is summed up in another order.
        assert one == pytest.approx(linalg.cond(a[index], p), rel=1e-6)


def test_what_does_not_fit_is_refused():
    assert linalg.cond(matrices.random((2, 3))) > 1
    for x, p in [(np.ones(2), None), (np.ones((2, 3)), 1), (np.zeros((2, 0, 3)), None)]:
        with pytest.raises(linalg.LinAlgError, match="cond: "):
            linalg.cond(x, p)
    for p in [3, 0, "x"]:
        with pytest.raises(ValueError, match=r"norm|ord"):
            linalg.cond(np.eye(2), p)


def test_dtypes_and_libraries():
    assert linalg.cond(np.eye(2, dtype=int), 1) == 1
    assert isinstance(linalg.cond([[1, 0], [0, 1]]), np.float64)
    assert linalg.cond(np.eye(2, dtype="float16")).dtype == np.float16
    result = linalg.cond(torch.eye(2, dtype=torch.complex64).expand(3, 2, 2), 1)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == torch.float32
    assert result.tolist() == [1, 1, 1]
