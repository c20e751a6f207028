"""`scirs2.linalg.pinv` and `matrix_rank`: cutoffs, batches, what is refused."""

import matrices
import numpy as np
import pytest
import torch
from scirs2 import linalg

SHAPES = [(1, 1), (5, 2), (2, 5), (4, 4), (33, 7), (7, 33)]


def bound(m, n):
    """The decomposition's own bound, twice, for the product of two factors."""
    return 8 * (max(m, n) + 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_penrose(dtype, shape):
    a = matrices.random(shape, dtype)
    p = linalg.pinv(a)
    assert p.dtype == a.dtype
    assert p.shape == shape[::-1]
    limit = bound(*shape) * np.linalg.cond(a)
    assert matrices.residual(a, a, p, a) <= limit
    assert matrices.residual(p, p, a, p) <= limit
    for product in (matrices.wide(a) @ matrices.wide(p), matrices.wide(p) @ matrices.wide(a)):
        error = matrices.norm(product - product.conj().T)
        assert error <= limit * matrices.eps(dtype)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33])
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_as_numpy(dtype, hermitian, name, n):
    a = (matrices.hermitian if hermitian else matrices.general)(name, n, dtype)
    for options in [{}, {"rtol": None}, {"rcond": 1e-3}]:
        s = np.linalg.svd(a, compute_uv=False)
        cutoff = {"rcond": 1e-3, "rtol": n * matrices.eps(dtype)}.get(
            next(iter(options), ""), 1e-15
        )
        kept = s[s > cutoff * s[0]]
        noise = n * np.finfo(float).eps
        if np.any((s < 8 * noise * s[0]) & (s > 0) & (s > cutoff * s[0] / 8)):
            # A value as small as its own error counts or not by chance.
            continue
        if np.any(np.abs(s - cutoff * s[0]) <= 0.1 * cutoff * s[0]):
            continue
        with np.errstate(all="ignore"):
            theirs = np.linalg.pinv(a, hermitian=hermitian, **options)
        if not np.isfinite(theirs).all():
            continue
        ours = linalg.pinv(a, hermitian=hermitian, **options)
        condition = s[0] / kept[-1] if len(kept) else 1
        # NumPy rounds three factors to single, and sums up n products there.
        wide_eps = (n + 4) * matrices.eps(dtype) + bound(n, n) * np.finfo(float).eps * condition
        limit = wide_eps * matrices.norm(theirs) + matrices.tiny(dtype)
        assert matrices.norm(matrices.wide(ours) - matrices.wide(theirs)) <= limit


def test_single_precision_is_computed_in_double():
    ones = np.ones((4, 3), "float32")
    assert np.allclose(linalg.pinv(ones), 1 / 12, rtol=1e-6)
    small = np.diag([1, 1e-10]).astype("float32")
    assert np.allclose(linalg.pinv(small), np.diag([1, 1e10]), rtol=1e-6)
    assert np.allclose(linalg.pinv(small, rtol=None), np.diag([1, 0]))
    assert linalg.matrix_rank(ones, tol=1e-10) == 1


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a = matrices.random((5, 3))
    scaled = linalg.pinv(a * 10.0**power)
    assert np.allclose(scaled * 10.0**power, linalg.pinv(a), rtol=1e-13, atol=1e-13)
    assert linalg.matrix_rank(a * 10.0**power) == 3


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = matrices.random((*batch, 4, 3), dtype)
    moved = matrices.LAYOUTS[layout](a)
    p, rank = linalg.pinv(moved), linalg.matrix_rank(moved)
    assert p.shape == (*batch, 3, 4)
    assert p.flags.c_contiguous
    assert np.shape(rank) == batch
    assert rank.dtype == np.int64
    for index in np.ndindex(batch):
        assert np.array_equal(p[index], linalg.pinv(a[index]))
        assert (rank if batch == () else rank[index]) == linalg.matrix_rank(a[index])


def test_thresholds_broadcast():
    a = np.stack([np.diag([4.0, 2.0, 1.0])] * 2)
    for threshold in ([0.3, 0.6], [[0.3], [0.6]], 0.3, np.array(0.3)):
        if np.ndim(threshold) < 2:
            expected = np.linalg.pinv(a, threshold)
            assert np.allclose(linalg.pinv(a, threshold), expected)
            assert np.allclose(linalg.pinv(a, rtol=threshold), expected)
        for name in ["tol", "rtol"]:
            ours = linalg.matrix_rank(a, **{name: threshold})
            assert np.array_equal(ours, np.linalg.matrix_rank(a, **{name: threshold}))
    assert np.array_equal(linalg.matrix_rank(a[0], [[1.5], [3]]), [[2], [1]])
    with pytest.raises(ValueError, match=r"pinv: .* do not broadcast"):
        linalg.pinv(a, [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"pinv: .* do not broadcast"):
        linalg.pinv(a[0], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"matrix_rank: .* do not broadcast"):
        linalg.matrix_rank(a, [1, 2, 3])
    with pytest.raises(TypeError, match="rcond: a threshold is a real number"):
        linalg.pinv(a, 1j)


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 16, 33, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_ranks(dtype, n, hermitian):
    make = matrices.hermitian if hermitian else matrices.general
    for name, expected in [("random", n), ("identity", n), ("zero", 0), ("large", n), ("small", n)]:
        rank = linalg.matrix_rank(make(name, n, dtype), hermitian=hermitian)
        assert rank == expected
        assert isinstance(rank, np.int64)
    if not hermitian:
        assert linalg.matrix_rank(make("rank deficient", n, dtype)) == max(n // 2, 1)


@pytest.mark.parametrize("x", [5, 0, np.zeros(3), [0, 1], [0, np.nan], [], np.float16([1])])
def test_rank_of_a_vector(x):
    ours, theirs = linalg.matrix_rank(x), np.linalg.matrix_rank(x)
    assert ours == theirs
    assert type(ours) is type(theirs)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (2, 0, 3), (0, 2, 3), (0, 3, 3)])
def test_matrices_without_elements(shape):
    a = np.zeros(shape, "float32")
    for function in ["pinv", "matrix_rank"]:
        ours, theirs = getattr(linalg, function)(a), getattr(np.linalg, function)(a)
        assert np.array_equal(ours, theirs)
        assert (np.shape(ours), ours.dtype) == (np.shape(theirs), theirs.dtype)


def test_what_is_not_finite():
    a = np.stack([np.eye(3)] * 4).reshape(2, 2, 3, 3)
    a[1, 0, 2, 1] = np.inf
    assert np.isnan(linalg.pinv(a)[1, 0]).all()
    # NaN is above no tolerance, as in NumPy.
    assert np.array_equal(linalg.matrix_rank(a), [[3, 3], [0, 3]])
    a[1, 1, 2, 1] = np.nan
    for function in [linalg.pinv, linalg.matrix_rank]:
        with pytest.raises(linalg.LinAlgError, match=r"matrix 3 .* a NaN") as caught:
            function(a)
        assert caught.value.index == (1, 1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(linalg.LinAlgError, match="pinv: "):
        linalg.pinv(np.ones(3))
    for function in [linalg.pinv, linalg.matrix_rank]:
        with pytest.raises(linalg.LinAlgError, match=f"{function.__name__}: .* 2 x 3"):
            function(np.ones((2, 3)), hermitian=True)
    for rtol in [1e-3, None]:
        with pytest.raises(ValueError, match="pinv: rcond and rtol"):
            linalg.pinv(np.eye(2), 1e-3, rtol=rtol)
    with pytest.raises(ValueError, match="matrix_rank: tol and rtol"):
        linalg.matrix_rank(np.eye(2), 1, rtol=1)


def test_one_large_matrix():
    a = matrices.random((300, 200))
    error = np.linalg.norm(linalg.pinv(a) @ a - np.eye(200))
    assert error <= bound(300, 200) * np.finfo(float).eps * np.linalg.cond(a)


def test_dtypes_and_libraries():
    assert linalg.pinv([[2, 0], [0, 1]]).dtype == np.float64
    assert linalg.pinv(np.eye(2, dtype="float16")).dtype == np.float16
    assert linalg.matrix_rank(np.eye(2, dtype="float16")) == 2
    a = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype=torch.bfloat16)
    p = linalg.pinv(a)
    assert isinstance(p, torch.Tensor)
    assert p.dtype == torch.bfloat16
    assert p.shape == (2, 3)
    rank = linalg.matrix_rank(torch.stack([a, a]))
    assert isinstance(rank, torch.Tensor)
    assert rank.dtype == torch.int64
    assert rank.tolist() == [2, 2]
