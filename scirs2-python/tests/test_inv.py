"""`scirs2.linalg.inv`: residuals, batches, `out=`, and what is refused."""

import matrices
import numpy as np
import pytest
import scirs2
import torch
from scirs2 import linalg

SINGULAR = ["zero", "non-normal"]


@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_inverse_inverts(dtype, n, name):
    a = matrices.general(name, n, dtype)
    if n and name in SINGULAR:
        with pytest.raises(linalg.LinAlgError, match=r"inv: .* pivot 0 .* exactly zero"):
            linalg.inv(a)
        return
    is_singular = matrices.refused(linalg.inv, a)
    if not matrices.rounding_decides(name, dtype):
        assert is_singular == matrices.refused(np.linalg.inv, a)
    if is_singular:
        return
    x = linalg.inv(a)
    assert (x.dtype, x.shape) == (a.dtype, a.shape)
    if name == "denormal":
        # An infinity stands only in a column with elements beyond the range.
        lifted = a * (1 / matrices.tiny(dtype))
        exact = matrices.wide(linalg.inv(lifted)) / matrices.tiny(dtype)
        with np.errstate(over="ignore"):
            whole = np.isfinite(exact.astype(dtype)).all(axis=0)
        assert np.isfinite(x[:, whole]).all()
        if not np.isfinite(x).all():
            return
    assert matrices.backward_error(x, a, np.eye(n, dtype=dtype)) <= n + 1


def test_numbers_that_only_division_inverts():
    # The reciprocal of neither is finite in a library that multiplies by it.
    tiny = np.finfo("float64").tiny
    a = np.array([[0, tiny / 2], [tiny / 3, 0]])
    assert np.allclose(linalg.inv(a), [[0, 3 / tiny], [2 / tiny, 0]], rtol=1e-15, atol=0)


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
@pytest.mark.parametrize("n", [6, 150])
def test_scale_does_not_matter(n, power):
    a = matrices.random((n, n)) * 10.0**power
    assert matrices.backward_error(linalg.inv(a), a, np.eye(n)) <= n + 1


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = matrices.random((*batch, 4, 4), dtype)
    x = linalg.inv(matrices.LAYOUTS[layout](a))
    assert x.shape == a.shape
    assert x.flags.c_contiguous
    assert x.ctypes.data % 64 == 0 or x.nbytes < 1024
    for index in np.ndindex(batch):
        assert np.array_equal(x[index], linalg.inv(a[index]))


@pytest.mark.parametrize(
    "layout", ["C order", "Fortran order", "transposed", "strided", "reversed"]
)
@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (4, 4), (40, 40)])
def test_out(layout, shape):
    a = matrices.random(shape)
    expected = linalg.inv(a)
    out = matrices.LAYOUTS[layout](np.empty_like(a))
    assert linalg.inv(a, out=out) is out
    assert np.array_equal(out, expected)
    assert linalg.inv(a, out=a) is a
    assert np.array_equal(a, expected)
    with pytest.raises(ValueError, match="inv: out: "):
        linalg.inv(a, out=np.zeros(3))


def test_what_is_singular_is_named():
    a = np.stack([np.eye(3)] * 6).reshape(2, 3, 3, 3)
    a[0, 1, 2, 2] = 0
    with pytest.raises(linalg.LinAlgError, match=r"matrix 1 .* singular: pivot 2 ") as caught:
        linalg.inv(a)
    assert caught.value.index == (0, 1)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 3, 2)])
def test_what_is_not_square_is_refused(shape):
    with pytest.raises(linalg.LinAlgError, match="inv: "):
        linalg.inv(np.ones(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_what_is_not_finite_neither_raises_nor_hangs(n, dtype, bad):
    a = matrices.random((n, n), dtype)
    a[n // 2, n // 2] = bad
    with np.errstate(all="ignore"):
        expected = np.linalg.inv(a)
    x = linalg.inv(a)
    assert np.isnan(x).any() == np.isnan(expected).any()


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", *matrices.FLOATS])
def test_dtypes_are_numpys(dtype):
    a = np.array([[1, 1], [0, 1]], dtype)
    x, expected = linalg.inv(a), np.linalg.inv(a)
    assert x.dtype == expected.dtype
    assert np.array_equal(x, expected)


def test_halves_lists_and_libraries():
    a = [[1, 2], [2, 8]]
    expected = [[2, -0.5], [-0.5, 0.25]]
    assert np.array_equal(linalg.inv(a), expected)
    half = linalg.inv(np.array(a, "float16"))
    assert half.dtype == "float16"
    assert np.array_equal(half, expected)
    x = linalg.inv(torch.tensor(a, dtype=torch.bfloat16))
    assert x.dtype == torch.bfloat16
    assert x.tolist() == expected


@pytest.mark.skipif(not matrices.HAS_OPENBLAS, reason="another LAPACK rounds otherwise")
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 20])
def test_rounding_makes_the_matrices_singular_that_it_makes_in_numpy(n):
    rng = np.random.default_rng(n)
    for _ in range(200):
        # Small whole numbers, the last row a sum of multiples of the others.
        a = rng.integers(-9, 10, (n, n)).astype(float)
        a[-1] = rng.integers(-3, 4, n - 1) @ a[:-1]
        a = a[rng.permutation(n)]
        is_singular = matrices.refused(np.linalg.inv, a)
        assert matrices.refused(linalg.inv, a) == is_singular
        assert matrices.refused(linalg.inv, np.stack([a] * 8)) == is_singular


def test_one_large_matrix():
    a = matrices.random((500, 500))
    assert matrices.backward_error(linalg.inv(a), a, np.eye(500)) <= 500
    with scirs2.num_threads(1):
        assert matrices.backward_error(linalg.inv(a), a, np.eye(500)) <= 500
