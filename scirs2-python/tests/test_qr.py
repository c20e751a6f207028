"""`scirs2.linalg.qr`: residuals, modes, batches, what is refused."""

import matrices
import numpy as np
import pytest
import scipy.linalg
import torch
from scirs2 import linalg

SHAPES = [(0, 0), (0, 3), (3, 0), (1, 1), (2, 5), (5, 2), (16, 16), (33, 7), (7, 33), (60, 5)]
# More than one block, the last one narrower.
SHAPES += [(140, 70), (100, 130), (300, 30)]
MODES = ["reduced", "complete", "r", "raw"]


def bound(m, n):
    """The theory has c m n^(1/2) for Householder's method; what was seen is below m."""
    return 4 * (max(m, n) + 1)


def check(a, q, r):
    """Orthonormal columns, a triangle, and both together the matrix."""
    m, n = a.shape[-2:]
    assert q.dtype == r.dtype == a.dtype
    assert matrices.departure(q) <= bound(m, n)
    assert np.array_equal(r, np.triu(r))
    assert matrices.residual(a, q, r) <= bound(m, n)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_factors_give_the_matrix(dtype, name, n):
    a = matrices.general(name, n, dtype)
    check(a, *linalg.qr(a))
    tall = a[:, : n // 2 + 1]
    check(tall, *linalg.qr(tall))
    check(tall, *linalg.qr(tall, "complete"))
    check(tall.T, *linalg.qr(tall.T))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_shapes_and_signs_are_numpys(dtype, shape, mode):
    a = matrices.random(shape, dtype)
    ours, theirs = linalg.qr(a, mode), np.linalg.qr(a, mode)
    assert type(ours).__name__ == type(theirs).__name__
    if mode == "r":
        ours, theirs = (ours,), (theirs,)
    for x, y in zip(ours, theirs, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
    if mode in ("reduced", "complete"):
        check(a, *ours)
        ours, theirs = ours[:1], theirs[:1]
    if mode != "complete":
        # The factors are unique, up to the condition of the matrix.
        condition = np.linalg.cond(a) if a.size else 1
        for x, y in zip(ours, theirs, strict=True):
            limit = bound(*shape) * matrices.eps(dtype) * condition * (1 + np.abs(y).max(initial=0))
            assert np.all(np.abs(x - y) <= limit)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_raw_is_what_lapack_takes(dtype, shape):
    a = matrices.random(shape, dtype)
    h, tau = linalg.qr(a, "raw")
    if shape[0] >= shape[1]:
        multiply = scipy.linalg.get_lapack_funcs(
            "ungqr" if np.dtype(dtype).kind == "c" else "orgqr", (a,)
        )
        q, _, info = multiply(h.T, tau)
        assert info == 0
        r = np.triu(h.T)[: shape[1]]
        check(a, q.astype(dtype), r)
    assert np.allclose(
        np.triu(h.T)[: min(shape)], linalg.qr(a, "r"), rtol=0, atol=100 * matrices.eps(dtype)
    )


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
@pytest.mark.parametrize("shape", [(7, 4), (140, 70)])
def test_scale_does_not_matter(shape, power):
    a = matrices.random(shape) * 10.0**power
    check(a, *linalg.qr(a))


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("mode", MODES)
def test_batches_and_layouts(mode, batch, layout):
    for shape in [(4, 3), (3, 4), (140, 70)]:
        a = matrices.random((*batch, *shape), "complex128")
        results = linalg.qr(matrices.LAYOUTS[layout](a), mode)
        results = (results,) if mode == "r" else results
        for index in np.ndindex(batch):
            alone = linalg.qr(a[index], mode)
            alone = (alone,) if mode == "r" else alone
            for x, y in zip(results, alone, strict=True):
                assert x.flags.c_contiguous
                assert x.shape == (*batch, *y.shape)
                assert np.array_equal(x[index], y)


def test_one_large_matrix():
    a = matrices.random((600, 400))
    q, r = linalg.qr(a)
    eps = np.finfo(float).eps
    assert np.linalg.norm(q.T @ q - np.eye(400)) <= bound(600, 400) * eps
    assert np.linalg.norm(q @ r - a) <= bound(600, 400) * eps * np.linalg.norm(a)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_finite_spreads(mode, value):
    for n in [1, 2, 3, 20, 100]:
        a = matrices.random((n + 1, n))
        a[-1, 0] = value
        results = linalg.qr(a, mode)
        results = (results,) if mode == "r" else results
        assert not all(np.isfinite(x).all() for x in results)


def test_what_does_not_fit_is_refused():
    for shape in [(), (3,)]:
        with pytest.raises(linalg.LinAlgError, match="qr: "):
            linalg.qr(np.ones(shape))
    with pytest.raises(ValueError, match=r"qr: mode: expected 'reduced' .* got .x"):
        linalg.qr(np.eye(2), "x")
    with pytest.warns(DeprecationWarning, match="'reduced'"):
        q, _ = linalg.qr(np.ones((3, 2)), "full")
    assert q.shape == (3, 2)
    with pytest.raises(MemoryError, match=r"3000000 x 3000000 .* pass mode='reduced'"):
        linalg.qr(np.ones((3_000_000, 2), "float32"), "complete")


def test_dtypes_and_libraries():
    q, r = linalg.qr([[2, 0], [0, 1]])
    assert q.dtype == r.dtype == np.float64
    assert linalg.qr(np.eye(2, dtype="float16"), "r").dtype == np.float16
    a = torch.tensor([[3.0, 1.0], [4.0, 2.0]], dtype=torch.complex64)
    q, r = linalg.qr(a)
    assert isinstance(q, torch.Tensor)
    assert torch.allclose(q @ r, a)
    h, tau = linalg.qr(a.real, mode="raw")
    assert (h.dtype, tau.dtype) == (torch.float32, torch.float32)
