"""`scirs2.linalg.qr`: residuals, modes, batches, what is refused."""

import matrices
import numpy as np
import pytest
import scipy.linalg
import scirs2
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


# Blocks of rows of one piece, and pieces of many blocks; with more columns, LAPACK's own.
TALL = [(200, 3), (1500, 8), (5000, 17), (4100, 40), (9000, 130), (2000, 300)]


@pytest.mark.parametrize("shape", TALL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_a_tall_r_has_the_signs_of_reflections(dtype, shape):
    a = matrices.random((2, *shape), dtype)
    r = linalg.qr(a, "r")
    assert np.array_equal(r, np.triu(r))
    expected = linalg.qr(a).R
    scale = np.linalg.norm(a, axis=-2)[..., None, :]
    assert np.all(np.abs(r - expected) <= 100 * shape[1] * matrices.eps(dtype) * scale)
    for layout in (a.copy(order="F"), a[:, ::-1][:, ::-1], a.swapaxes(1, 2).copy().swapaxes(1, 2)):
        assert np.array_equal(linalg.qr(layout, "r"), r)
    # LAPACK's own threads sum in another order.
    for threads in (1, 2, 3) if shape[1] < 200 and np.dtype(dtype).kind == "f" else ():
        with scirs2.num_threads(threads):
            assert np.array_equal(linalg.qr(a, "r"), r)
            assert np.array_equal(linalg.qr(a[1], "r"), r[1])


@pytest.mark.parametrize("rows", [64, 4000])
def test_a_tall_r_of_what_needs_no_reflection(rows):
    top = np.triu(matrices.random((8, 8), "float64"))
    a = np.concatenate([top, np.zeros((rows - 8, 8))])
    # Reflections of other rows would change the signs.
    assert np.allclose(linalg.qr(a, "r"), top, rtol=0, atol=1e-15)
    assert np.array_equal(linalg.qr(0 * a, "r"), np.zeros((8, 8)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_tall_r_of_graded_and_dependent_columns(dtype):
    m, n = 5000, 24
    a = matrices.random((m, n), dtype)
    tiny = np.finfo(dtype).smallest_normal
    graded = (a * np.logspace(0, -10, n)).astype(dtype)
    rows = (a * np.logspace(0, -10, m)[:, None]).astype(dtype)
    dependent = np.concatenate([a[:, :12], a[:, :12]], axis=1)
    for case in (graded, rows, dependent, 1e4 * tiny * a, a * (matrices.eps(dtype) / tiny)):
        r = linalg.qr(case, "r").astype(np.longdouble)
        lengths = np.linalg.norm(case.astype(np.longdouble), axis=0)
        wide = case.astype(np.longdouble) / lengths
        error = np.abs(wide.T @ wide - (r / lengths).T @ (r / lengths))
        assert error.max() <= 50 * n * matrices.eps(dtype)


@pytest.mark.parametrize("spoiled", [np.nan, np.inf])
def test_a_tall_r_of_what_is_not_finite(spoiled):
    a = matrices.random((3, 4000, 6), "float64")
    good = linalg.qr(a, "r")
    a[1, 3000, 2] = spoiled
    r = linalg.qr(a, "r")
    assert np.isnan(r[1]).any()
    assert np.allclose(r[[0, 2]], good[[0, 2]], rtol=0, atol=1e-11)
