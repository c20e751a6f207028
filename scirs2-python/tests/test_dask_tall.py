"""Tall and wide matrices in several chunks, by trees of QR factorizations."""

import dask
import dask.array as da
import numpy as np
import pytest
from lazy_graphs import MODULES, compute, lazily
from scirs2 import linalg

pytestmark = pytest.mark.usefixtures("small_tasks")


@pytest.fixture
def small_tasks():
    """Let no task hold the matrices of these tests by itself."""
    with dask.config.set({"array.chunk-size": "8 kiB"}):
        yield


@pytest.fixture(params=MODULES)
def module(request):
    return pytest.importorskip(request.param)


DTYPES = ["float64", "float32", "complex128", "complex64"]
# Rows in chunks of different sizes: one, less than a matrix has columns, and enough for levels.
ROWS = {"two": (700, 300), "short": (6, 900, 3, 91), "many": (50,) * 20}


def normal(*shape, dtype="float64", seed=0):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * generator.standard_normal(shape)
    return x.astype(dtype)


def adjoint(x):
    return np.conj(np.swapaxes(x, -1, -2))


def eps(dtype):
    return np.finfo(dtype).eps


def assert_orthonormal(q):
    n = q.shape[-1]
    assert np.abs(adjoint(q) @ q - np.eye(n)).max() <= 10 * n * eps(q.dtype)


def assert_close(x, y, size=1.0):
    assert x.shape == y.shape
    assert np.abs(x - y).max(initial=0) <= 100 * size * eps(y.dtype) * max(1, np.abs(y).max())


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_qr(dtype, rows, module):
    a = normal(sum(ROWS[rows]), 10, dtype=dtype)
    lazy = module.from_array(a, chunks=(ROWS[rows], 10))
    with lazily():
        lazy_q, lazy_r = linalg.qr(lazy)
    assert lazy_q.chunks == (ROWS[rows], (10,))
    q, r, r_alone = compute(lazy_q, lazy_r, linalg.qr(lazy, mode="r"))
    assert (q.dtype, r.dtype) == (a.dtype, a.dtype)
    assert_orthonormal(q)
    assert_close(q @ r, a, 10)
    assert_close(r_alone, r, 10)
    diagonal = np.diagonal(r)
    assert (diagonal.real > 0).all()
    assert np.abs(diagonal.imag).max() <= 10 * eps(dtype) * np.abs(r).max()
    # Whatever the chunks.
    assert_close(r, compute(linalg.qr(module.from_array(a, chunks=(500, 10))).R)[0], 10)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_svd(dtype, rows):
    a = normal(sum(ROWS[rows]), 10, dtype=dtype)
    lazy = da.from_array(a, chunks=(ROWS[rows], 10))
    with lazily():
        results = linalg.svd(lazy, full_matrices=False)
    assert type(results) is type(linalg.svd(np.eye(2)))
    u, s, vh = compute(*results)
    assert_orthonormal(u)
    assert_orthonormal(adjoint(vh))
    assert_close((u * s) @ vh, a, 10)
    assert_close(s, np.linalg.svd(a, compute_uv=False), 10)
    assert (u.dtype, s.dtype) == (a.dtype, a.real.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["tall", "wide"])
def test_what_singular_values_say(dtype, side):
    a = normal(1000, 10, dtype=dtype)
    a[:, 3] = a[:, 4]
    a = a if side == "tall" else np.ascontiguousarray(adjoint(a))
    lazy = da.from_array(a, chunks=(60, 10) if side == "tall" else (10, 60))
    with lazily():
        results = [
            linalg.svdvals(lazy),
            linalg.matrix_rank(lazy),
            linalg.svd(lazy, compute_uv=False),
            *(linalg.norm(lazy, ord) for ord in (2, "nuc")),
        ]
    s, rank, again, largest, total = compute(*results)
    expected = np.linalg.svd(a, compute_uv=False)
    assert_close(s, expected, 10)
    assert rank == 9
    assert again.tobytes() == s.tobytes()
    np.testing.assert_allclose([largest, total], [expected[0], expected.sum()], rtol=1e-4)
    independent = lazy[:, 4:] if side == "tall" else lazy[4:]
    dense = a[:, 4:] if side == "tall" else a[4:]
    for p in (None, 2, -2):
        np.testing.assert_allclose(
            compute(linalg.cond(independent, p))[0], np.linalg.cond(dense, p), rtol=1e-4
        )


def test_singular_values_are_as_accurate_as_lapacks():
    q, _ = np.linalg.qr(normal(2000, 20))
    v, _ = np.linalg.qr(normal(20, 20, seed=1))
    a = (q * np.logspace(0, -12, 20)) @ v
    s = compute(linalg.svdvals(da.from_array(a, chunks=(90, 20))))[0]
    assert np.abs(s - np.linalg.svd(a, compute_uv=False)).max() <= 10 * 20 * eps("float64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["tall", "wide"])
@pytest.mark.parametrize("columns", [None, 3])
def test_least_squares(dtype, side, columns, module):
    a = normal(1000, 10, dtype=dtype)
    a = a if side == "tall" else np.ascontiguousarray(adjoint(a))
    b = normal(*(len(a), columns)[: 1 if columns is None else 2], dtype=dtype, seed=1)
    lazy = module.from_array(a, chunks=(60, 10) if side == "tall" else (10, 60))
    with lazily():
        results = linalg.lstsq(lazy, module.from_array(b, chunks=70))
    expected = np.linalg.lstsq(a, b)
    for lazy_one, one, other in zip(results, compute(*results), expected, strict=True):
        assert lazy_one.dtype == one.dtype
        assert lazy_one.shape == one.shape
        np.testing.assert_allclose(one, other, rtol=1e4 * eps(dtype), atol=1e4 * eps(dtype))


def test_least_squares_of_deficient_rank_give_the_least_solution():
    a, b = normal(1000, 6), normal(1000, seed=1)
    a[:, 5] = a[:, 0] + a[:, 1]
    x, residuals, rank, s = compute(*linalg.lstsq(da.from_array(a, chunks=(70, 6)), b))
    expected = np.linalg.lstsq(a, b)
    assert rank == 5
    assert np.isnan(residuals).all()
    assert_close(x, expected[0], 10)
    assert_close(s, expected[3], 10)
    for rcond in (0.5, 0.99):
        rank = compute(linalg.lstsq(da.from_array(a, chunks=(70, 6)), b, rcond).rank)[0]
        assert rank == np.linalg.lstsq(a, b, rcond)[2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["tall", "wide"])
def test_pseudo_inverse(dtype, side):
    a = normal(1000, 8, dtype=dtype)
    a[:, 3] = a[:, 4]
    a = a if side == "tall" else np.ascontiguousarray(adjoint(a))
    lazy = da.from_array(a, chunks=(60, 8) if side == "tall" else (8, 60))
    rtol = 1e-4
    with lazily():
        inverse = linalg.pinv(lazy, rtol=rtol)
    assert inverse.chunks == lazy.chunks[::-1]
    result = compute(inverse)[0]
    assert_close(result, np.linalg.pinv(a, rtol=rtol), 10)
    assert result.dtype == a.dtype
    default = compute(linalg.pinv(lazy, rtol=None))[0]
    assert_close(default, np.linalg.pinv(a, rtol=None), 10)


def test_factors_of_wide_matrices():
    a = normal(6, 1000)
    lazy = da.from_array(a, chunks=(6, 50))
    with lazily():
        results = linalg.qr(lazy)
        vectors = linalg.svd(lazy, full_matrices=False)
    q, r, r_alone = compute(*results, linalg.qr(lazy, mode="r"))
    assert_orthonormal(q)
    assert_close(q @ r, a, 10)
    assert_close(np.tril(r[:, :6], -1), np.zeros((6, 6)))
    assert_close(r_alone, r)
    u, s, vh = compute(*vectors)
    assert_close((u * s) @ vh, a, 10)
    assert_orthonormal(adjoint(vh))


def test_batches_of_tall_matrices():
    a, b = normal(3, 2, 600, 4), normal(3, 2, 600, 2, seed=1)
    lazy = da.from_array(a, chunks=(2, 1, 50, 4))
    u, s, vh = linalg.svd(lazy, full_matrices=False)
    x = linalg.lstsq(lazy, da.from_array(b, chunks=100)).solution
    u, s, vh, x, inverse = compute(u, s, vh, x, linalg.pinv(lazy))
    assert_close((u * s[..., None, :]) @ vh, a, 10)
    assert_close(s, linalg.svdvals(a), 10)
    assert_close(x, linalg.lstsq(a, b).solution, 10)
    assert_close(inverse, linalg.pinv(a), 10)


def test_unknown_numbers_of_rows(module):
    a = normal(2000, 5)
    keep = a[:, 0] > 0
    lazy = module.from_array(a, chunks=(90, 5))
    lazy = lazy[module.from_array(keep, chunks=90)]
    b = lazy[:, 0] + 1
    with lazily():
        results = (
            *linalg.qr(lazy),
            linalg.svdvals(lazy),
            linalg.matrix_rank(lazy),
            linalg.lstsq(lazy, b).solution,
            linalg.norm(lazy, 2),
        )
    q, r, s, rank, x, norm = compute(*results)
    a = a[keep]
    assert_close(q @ r, a, 10)
    assert_orthonormal(q)
    assert_close(s, np.linalg.svd(a, compute_uv=False), 10)
    assert rank == 5
    assert_close(x, np.linalg.lstsq(a, a[:, 0] + 1)[0], 10)
    assert norm == pytest.approx(s[0])


def test_too_few_rows_of_an_unknown_number_are_an_error():
    a = da.from_array(normal(1000, 5), chunks=(100, 5))
    few = a[a[:, 0] > 2.9]
    for result in (*linalg.qr(few), linalg.svdvals(few), linalg.lstsq(few, few[:, 0]).solution):
        with pytest.raises(ValueError, match="fewer than its 5 columns"):
            compute(result)


@pytest.mark.parametrize("dtype", ["int16", "float16"])
def test_other_dtypes(dtype):
    a = (4 * normal(1000, 4)).astype(dtype)
    lazy = da.from_array(a, chunks=(60, 4))
    assert linalg.svdvals(lazy).dtype == linalg.svdvals(a).dtype
    q, r, s = compute(*linalg.qr(lazy), linalg.svdvals(lazy))
    np.testing.assert_allclose(q.astype(float) @ r, a, atol=0.1)
    np.testing.assert_allclose(s, linalg.svdvals(a), rtol=1e-3)


def test_what_no_task_can_hold_names_the_cure():
    a = da.from_array(normal(1000, 10), chunks=(60, 10))
    with lazily():
        with pytest.raises(ValueError, match=r"svd: .*full_matrices=False"):
            linalg.svd(a)
        with pytest.raises(ValueError, match=r"qr: .*mode='reduced'"):
            linalg.qr(a, mode="complete")
        with pytest.raises(ValueError, match=r"lstsq: b: .*fewer"):
            linalg.lstsq(a, normal(1000, 30))
        with pytest.raises(ValueError, match=r"lstsq: .*do not fit"):
            linalg.lstsq(a, normal(900, 3))


def test_singular_values_take_few_tasks():
    chunks = 100
    a = da.from_array(normal(100 * chunks, 4), chunks=(100, 4)).persist(scheduler="sync")
    (optimized,) = dask.optimize(linalg.svdvals(a))
    # Those of the chunks themselves, which are there, are not counted.
    assert len(dict(optimized.__dask_graph__())) - chunks <= 1.2 * chunks + 3


def test_the_same_bits_from_every_scheduler():
    a = da.from_array(normal(1000, 8), chunks=(60, 8))
    results = (*linalg.svd(a, full_matrices=False), *linalg.lstsq(a, a[:, 0]), linalg.pinv(a))
    sync = dask.compute(*results, scheduler="sync")
    threads = dask.compute(*results, scheduler="threads")
    for one, other in zip(sync, threads, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
        assert np.asarray(one).flags.c_contiguous
