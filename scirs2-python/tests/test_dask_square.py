"""Matrices whose rows and columns are both chunked, and which no task holds: panels of columns."""

import pickle

import dask
import dask.array as da
import numpy as np
import pytest
from dask.callbacks import Callback
from lazy_graphs import MODULES, compute, lazily
from scirs2 import linalg

pytestmark = pytest.mark.usefixtures("small_tasks")

N = 40


@pytest.fixture
def small_tasks():
    """Let no task hold the matrices of these tests, but ten of their columns."""
    with dask.config.set({"array.chunk-size": "3200 B"}):
        yield


@pytest.fixture(params=MODULES)
def module(request):
    return pytest.importorskip(request.param)


DTYPES = ["float64", "float32", "complex128", "complex64", "int16", "float16"]
# Chunks: of one size, of any, of one column, of rows alone, of columns alone.
CHUNKS = {
    "equal": 8,
    "ragged": ((17, 23), (1, 9, 3, 27)),
    "single": (13, 1),
    "rows": (5, -1),
    "columns": (-1, 12),
}


def normal(*shape, dtype="float64", seed=0):
    generator = np.random.default_rng(seed)
    x = 4 * generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * generator.standard_normal(shape)
    return x.astype(dtype)


def definite(dtype="float64"):
    a = normal(N, N, dtype=dtype) / 4
    return (a @ a.conj().T + N * np.eye(N)).astype(dtype)


def eps(dtype):
    return np.finfo(dtype).eps if np.dtype(dtype).kind in "fc" else np.finfo("float64").eps


def assert_same(results, expected, tolerance=1e3):
    """Compare lazy results with those of memory: kinds, shapes, dtypes, and numbers about."""
    assert type(results) is type(expected) or not isinstance(expected, tuple)
    results, expected = (one if isinstance(one, tuple) else (one,) for one in (results, expected))
    for lazy, one, other in zip(results, compute(*results), expected, strict=True):
        if isinstance(other, bool):
            assert one is other
            continue
        other = np.asarray(other)
        assert (lazy.shape, lazy.dtype) == (other.shape, other.dtype)
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert np.asarray(one).flags.c_contiguous
        limit = tolerance * eps(other.dtype)
        np.testing.assert_allclose(one, other, limit, limit * np.abs(other).max(initial=0))


def split(module, x, chunks="equal"):
    return module.from_array(x, chunks=CHUNKS[chunks])


# The same as in memory.


@pytest.mark.parametrize("dtype", DTYPES)
def test_equations_and_determinants(dtype, module):
    a, b = normal(N, N, dtype=dtype), normal(N, 23, dtype=dtype, seed=1)
    lazy = split(module, a)
    with lazily():
        results = [
            linalg.solve(lazy, module.from_array(b, chunks=9)),
            linalg.solve(lazy, b[:, 0]),
            linalg.inv(lazy),
            linalg.slogdet(lazy),
        ]
    expected = linalg.solve(a, b), linalg.solve(a, b[:, 0]), linalg.inv(a), linalg.slogdet(a)
    for one, other in zip(results, expected, strict=True):
        assert_same(one, other, 1e4 if dtype != "float16" else 50)
    # Beyond the range of single precision.
    if expected[0].real.dtype == np.float64:
        assert_same(linalg.det(lazy), linalg.det(a))


def test_right_sides_of_no_column():
    a, nothing = definite(), np.ones((N, 0))
    lazy = split(da, a)
    assert_same(linalg.solve(lazy, nothing), nothing)
    assert_same(linalg.cho_solve((linalg.cholesky(lazy), True), nothing), nothing)


@pytest.mark.parametrize("chunks", CHUNKS)
def test_any_chunks_of_equations(chunks):
    a, b = normal(N, N), normal(N, seed=1)
    lazy = split(da, a, chunks)
    assert_same(linalg.solve(lazy, da.from_array(b, chunks=7)), linalg.solve(a, b), 1e4)
    assert_same(linalg.slogdet(lazy), linalg.slogdet(a))
    assert_same(linalg.cholesky(split(da, definite(), chunks)), linalg.cholesky(definite()))


@pytest.mark.parametrize("dtype", ["float64", "complex64"])
@pytest.mark.parametrize("shape", [(N, N), (60, 37), (37, 60)])
def test_factors_with_pivots(dtype, shape, module):
    a = normal(*shape, dtype=dtype)
    lazy = module.from_array(a, chunks=(15, 7))
    with lazily():
        factors = linalg.lu_factor(lazy)
        others = [linalg.lu(lazy, **one) for one in ({}, {"permute_l": True}, {"p_indices": True})]
    assert_same(factors, linalg.lu_factor(a))
    assert_same(others[0], linalg.lu(a))
    assert_same(others[1], linalg.lu(a, permute_l=True))
    assert_same(others[2], linalg.lu(a, p_indices=True))


@pytest.mark.parametrize("dtype", ["float64", "complex64"])
@pytest.mark.parametrize("trans", [0, 1, "C"])
def test_equations_with_factors(dtype, trans, module):
    a, b = normal(N, N, dtype=dtype), normal(N, 12, dtype=dtype, seed=1)
    lazy, right = split(module, a), module.from_array(b, chunks=5)
    expected = linalg.lu_solve(linalg.lu_factor(a), b, trans)
    assert_same(linalg.lu_solve(linalg.lu_factor(lazy), right, trans), expected, 1e4)
    for lower in (False, True):
        triangle = (a / 4 + 8 * np.eye(N)).astype(dtype)
        for unit in (False, True):
            scaled = triangle / 10 if unit else triangle
            options = {"trans": trans, "lower": lower, "unit_diagonal": unit}
            assert_same(
                linalg.solve_triangular(split(module, scaled), right, **options),
                linalg.solve_triangular(scaled, b, **options),
                1e5,
            )


@pytest.mark.parametrize("dtype", DTYPES[:5])
def test_definite_matrices(dtype, module):
    a, b = definite(dtype), normal(N, 2, dtype=dtype, seed=1)
    lazy = split(module, a, "ragged")
    with lazily():
        both = [(linalg.cholesky(lazy, upper=one), linalg.cho_factor(lazy, one)) for one in (0, 1)]
    for upper, (cholesky, factor) in enumerate(both):
        assert_same(cholesky, linalg.cholesky(a, upper=upper))
        assert_same(factor[0], linalg.cho_factor(a, upper)[0])
        solution = linalg.cho_solve(factor, module.from_array(b, chunks=11))
        assert_same(solution, linalg.cho_solve(linalg.cho_factor(a, upper), b))


@pytest.mark.parametrize("dtype", DTYPES[:4])
@pytest.mark.parametrize("shape", [(N, N), (70, 45), (45, 70)])
def test_orthogonal_factors(dtype, shape, module):
    a = normal(*shape, dtype=dtype)
    a[:, 3] = 0
    lazy = module.from_array(a, chunks=(15, 7))
    with lazily():
        results, alone = linalg.qr(lazy), linalg.qr(lazy, mode="r")
    assert type(results) is type(linalg.qr(a))
    q, r, again = compute(*results, alone)
    count, e = min(shape), eps(dtype)
    assert (q.shape, r.shape) == ((shape[0], count), (count, shape[1]))
    assert (q.dtype, r.dtype) == (a.dtype, a.dtype)
    assert np.abs(q.conj().T @ q - np.eye(count)).max() <= 10 * count * e
    assert np.abs(q @ r - a).max() <= 100 * count * e
    assert np.abs(np.tril(r, -1)).max() == 0
    assert (np.diagonal(r).real >= 0).all()
    assert again.tobytes() == r.tobytes()


@pytest.mark.parametrize("dtype", ["float64", "complex64", "int16"])
@pytest.mark.parametrize("n", [0, 1, 5, -2])
def test_powers(dtype, n, module):
    a = normal(N, N, dtype=dtype)
    if dtype != "int16":
        a = a / 20
    assert_same(linalg.matrix_power(split(module, a), n), linalg.matrix_power(a, n), 1e5)


@pytest.mark.parametrize("p", [1, -1, np.inf, -np.inf, "fro"])
def test_condition_numbers(p, module):
    a = normal(N, N)
    assert_same(linalg.cond(split(module, a), p), linalg.cond(a, p), 1e4)
    single = a.astype("float32")
    assert_same(linalg.cond(split(module, single), p), linalg.cond(single, p))
    a[:, 7] = 0
    assert compute(linalg.cond(split(module, a), p))[0] == np.inf
    infinite = normal(N, N)
    infinite[15, -1] = np.inf
    assert compute(linalg.cond(split(module, infinite), p))[0] == linalg.cond(infinite, p) == np.inf
    for matrix in (a, infinite):
        matrix[3, 3] = np.nan
        assert np.isnan(compute(linalg.cond(split(module, matrix), p))[0])


def test_products_in_the_cheapest_order():
    a, b = normal(N, N), normal(N, 3, seed=1)
    lazy = split(da, a)
    assert_same(linalg.multi_dot([lazy, lazy, b]), linalg.multi_dot([a, a, b]))


# Accuracy.


def hard():
    n = 96
    generator = np.random.default_rng(0)
    a = generator.standard_normal((n, n))
    zero, tiny = a.copy(), a.copy()
    zero[:16, :16] = 0
    tiny[:16, :16] *= 1e-12
    scale = np.logspace(0, -12, n)
    growing = np.tril(-np.ones((n, n)), -1) + np.eye(n)
    growing[:, -1] = 1
    return {
        "normal": a,
        "zero tile": zero,
        "tiny tile": tiny,
        "graded rows": scale[:, None] * a,
        "graded columns": scale * a,
        "orthogonal": np.linalg.qr(a)[0],
        "Wilkinson": growing[:50, :50],
        "permutation": np.eye(n)[generator.permutation(n)],
    }


@pytest.mark.parametrize("name", hard())
def test_residuals_are_lapacks(name):
    a = hard()[name]
    n = len(a)
    b = normal(n, 3, seed=2)
    lazy = da.from_array(a, chunks=16)
    x, inverse, p, l, u = compute(linalg.solve(lazy, b), linalg.inv(lazy), *linalg.lu(lazy))

    def residual(solution, right):
        size = np.linalg.norm(a, 1) * np.linalg.norm(solution, 1) * eps("float64")
        return np.linalg.norm(a @ solution - right, 1) / size

    assert residual(x, b) <= 4 * residual(np.linalg.solve(a, b), b) + 1
    assert residual(inverse, np.eye(n)) <= 4 * residual(np.linalg.inv(a), np.eye(n)) + 1
    assert np.abs(l).max() <= 1
    of_lapack = linalg.lu(a)
    error, least = (np.abs(p @ l @ u - a).max() for p, l, u in ((p, l, u), of_lapack))
    assert error <= 4 * least + eps("float64") * np.abs(a).max()


def test_determinants_beyond_the_range():
    a = normal(300, 300)
    for scale in (1e200, 1e-200, 1):
        scaled = da.from_array(a * scale, chunks=100)
        with dask.config.set({"array.chunk-size": "64 kiB"}):
            assert_same(linalg.slogdet(scaled), linalg.slogdet(a * scale))
            assert compute(linalg.det(scaled))[0] == linalg.det(a * scale) or scale == 1
    zero = da.zeros((N, N), chunks=8)
    assert compute(linalg.det(zero), *linalg.slogdet(zero)) == (0, 0, -np.inf)


# Matrices without a result.


@pytest.mark.parametrize("name", ["solve", "inv", "matrix_power"])
def test_errors_name_the_pivot_of_the_whole_matrix(name):
    a = normal(N, N)
    a[:, 27] = 0
    lazy = split(da, a)
    options = {"solve": (np.ones(N),), "matrix_power": (-2,)}.get(name, ())
    with pytest.raises(linalg.LinAlgError, match=f"{name}: the matrix is singular: pivot 27 "):
        compute(getattr(linalg, name)(lazy, *options))
    (filled,) = compute(getattr(linalg, name)(lazy, *options, on_failure="nan"))
    assert np.isnan(filled).all()


def test_errors_of_factors_name_the_row_of_the_whole_matrix():
    a = definite()
    a[33, 33] = -1
    lazy = split(da, a)
    for function in (linalg.cholesky, linalg.cho_factor):
        name = function.__name__
        with pytest.raises(linalg.LinAlgError, match=f"{name}: .*minor of order 34 is not"):
            compute(function(lazy))
    assert np.isnan(compute(linalg.cholesky(lazy, on_failure="nan"))[0]).all()
    triangle = np.triu(definite())
    triangle[21, 21] = 0
    factor = split(da, triangle)
    pivots = da.arange(N, dtype=np.int32)
    calls = {
        "solve_triangular": lambda **of: linalg.solve_triangular(factor, np.ones(N), **of),
        "lu_solve": lambda **of: linalg.lu_solve((factor, pivots), np.ones(N), **of),
        "cho_solve": lambda **of: linalg.cho_solve((factor, False), np.ones(N), **of),
    }
    for name, call in calls.items():
        with pytest.raises(linalg.LinAlgError, match=f"{name}: .*singular: pivot 21 "):
            compute(call())
        assert np.isnan(compute(call(on_failure="nan"))[0]).all()


def test_numbers_that_are_none():
    a = normal(N, N)
    a[30, 20] = np.nan
    lazy, good = split(da, a), split(da, definite())
    for function in (linalg.lu, linalg.lu_factor):
        with pytest.raises(linalg.LinAlgError, match=f"{function.__name__}: .*NaN"):
            compute(function(lazy))
    factors, pivots = compute(*linalg.lu_factor(lazy, on_failure="nan"))
    assert np.isnan(factors).all()
    assert (pivots == -1).all()
    # As in memory: they spread.
    assert np.isnan(compute(linalg.solve(lazy, np.ones(N)))[0]).all()
    assert np.isnan(compute(linalg.det(lazy))[0])
    assert np.isnan(compute(linalg.cholesky(lazy + N * da.eye(N, chunks=8)))[0]).any()
    with pytest.raises(linalg.LinAlgError, match=r"solve_triangular: .*NaN"):
        compute(linalg.solve_triangular(lazy, np.ones(N), lower=True))
    with pytest.raises(linalg.LinAlgError, match=r"cho_solve: .*right-hand side with a NaN"):
        compute(linalg.cho_solve((good, True), np.full(N, np.nan)))


def test_factors_of_another_triangle_are_told():
    factor = linalg.cholesky(split(da, definite()))
    with pytest.raises(ValueError, match=r"cho_solve: c: the upper triangle.*lower=True"):
        compute(linalg.cho_solve((factor, False), np.ones(N)))
    wrong = da.arange(1, N + 1, dtype=np.int32)
    with pytest.raises(linalg.LinAlgError, match="lu_solve: the matrix has no row 40 for pivot 39"):
        compute(linalg.lu_solve((factor, wrong), np.ones(N)))


# Refused.


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (linalg.eigh, r"eigh: a: .*rechunk\(\{-2: -1, -1: -1\}\).*scipy\.sparse\.linalg.*SLATE"),
        (linalg.eigvals, r"eigvals: a: .*scipy\.sparse\.linalg"),
        (linalg.svd, r"svd: a: .*svd_compressed.*SLATE"),
        (linalg.svdvals, r"svdvals: x: .*svd_compressed"),
        (linalg.cond, r"cond: x: .*svd_compressed"),
        (linalg.expm, r"expm: a: .*rechunk"),
        (lambda a: linalg.qr(a, mode="raw"), "qr: mode='raw'.*mode='reduced'"),
        (lambda a: linalg.solve(a, np.ones((2, N, 1))), "solve: b of shape .*no batch"),
        (lambda a: linalg.solve(a, np.ones(N + 1)), "solve: .*do not fit"),
        (lambda a: linalg.inv(a[:-1]), "inv: a: .*equal"),
        (lambda a: linalg.lu_solve((a, np.arange(N)), np.ones(N), 3), "lu_solve: trans"),
        (lambda a: linalg.inv(a.rechunk({1: 1}), on_failure="none"), "inv: on_failure"),
    ],
)
def test_mistakes_and_what_no_task_can_hold(call, says):
    with lazily(), pytest.raises((ValueError, linalg.LinAlgError), match=says):
        call(split(da, normal(N, N)))


def test_too_many_panels_name_the_chunks_that_help():
    narrow = da.zeros((50_000, 50_000), chunks=20)
    with dask.config.set({"array.chunk-size": "128 MiB"}):
        message = r"slogdet: a: .* 2500 panels .*a\.rechunk\(\{0: -1, 1: (\d+)\}\)"
        with lazily(), pytest.raises(ValueError, match=message) as error:
            linalg.slogdet(narrow)
        width = int(str(error.value).split("1: ")[1].split("}")[0])
        assert 8 * 50_000 * width <= 2**27
        assert 50_000 / width <= 1024


# Graphs.


def test_an_update_is_one_task():
    for count, right in ((5, 1), (20, 1), (20, 4)):
        a = da.from_array(np.eye(4 * count), chunks=(-1, 4))
        b = da.from_array(np.ones((4 * count, right)), chunks=(-1, 1))
        given = len(a.__dask_graph__()) + len(b.__dask_graph__())
        tasks = len(linalg.solve(a, b).__dask_graph__()) - given
        assert tasks <= count * (count + 1) / 2 + (2 * right + 1) * count
        # Nor do optimizations add any.
        assert len(dask.optimize(linalg.solve(a, b))[0].__dask_graph__()) <= tasks + given
        tasks = len(linalg.det(a).__dask_graph__()) - len(a.__dask_graph__())
        assert tasks <= count * (count + 1) / 2 + count + 1


class Peak(Callback):
    """The most bytes that are held at once, and the most factored panels."""

    most = 0
    factors = 0

    def _posttask(self, key, result, dsk, state, worker_id):
        cache = state["cache"]
        self.most = max(self.most, sum(map(dask.sizeof.sizeof, cache.values())))
        self.factors = max(self.factors, sum("_factor-" in key[0] for key in cache))


@pytest.mark.parametrize("name", ["slogdet", "solve", "qr"])
def test_factored_panels_are_released_on_the_way(name):
    a = da.random.default_rng(0).standard_normal((300, 300), chunks=(300, 10))
    options = {"solve": {"b": np.ones(300)}, "qr": {"mode": "r"}}.get(name, {})
    results = getattr(linalg, name)(a, **options)
    with Peak() as peak:
        compute(*results if isinstance(results, tuple) else [results])
    # Not all 30 of them, as each worker has copies.
    assert peak.factors <= 12
    assert peak.most <= 1.3 * a.nbytes


def test_equal_bits_of_schedulers_and_classes():
    a, b = normal(N, N), normal(N, 3, seed=1)
    bits = set()
    for name in ("dask.array", "dask_array"):
        module = pytest.importorskip(name)
        for scheduler in ("sync", "threads"):
            lazy = split(module, a, "ragged")
            results = linalg.solve(lazy, b), *linalg.lu_factor(lazy), *linalg.qr(lazy)
            computed = dask.compute(*results, scheduler=scheduler)
            bits.add(b"".join(one.tobytes() for one in computed))
    assert len(bits) == 1


def test_names_are_deterministic_and_graphs_are_pickled():
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        names = [
            (linalg.solve(lazy, lazy).name, linalg.qr(lazy).R.name, linalg.cholesky(lazy).name)
            for lazy in (split(da, definite()), split(da, definite()))
        ]
    assert names[0] == names[1]
    lazy = split(da, definite())
    assert linalg.cholesky(lazy).name != linalg.cholesky(lazy, upper=True).name
    for one in (linalg.inv(lazy), linalg.lu_factor(lazy).pivots, linalg.slogdet(lazy).sign):
        again = pickle.loads(pickle.dumps(one))
        np.testing.assert_array_equal(compute(again)[0], compute(one)[0])


def test_panels_of_the_caller_are_taken_as_they_are():
    a = da.from_array(normal(N, N), chunks=(-1, 25))
    assert linalg.inv(a).chunks == ((N,), (25, 15))
    # Others are cut where a task could not hold them, and those that fit stay.
    assert linalg.inv(a.rechunk((10, (25, 5, 10)))).chunks == ((N,), (9, 8, 8, 5, 10))


def test_a_short_side_in_chunks_becomes_whole():
    a, b = normal(600, 12), normal(600, seed=1)
    lazy = da.from_array(a, chunks=(50, 5))
    with lazily():
        results = (
            linalg.svdvals(lazy),
            linalg.lstsq(lazy, b).solution,
            linalg.qr(lazy).R,
            linalg.svdvals(lazy.T),
        )
    s, x, r, again = compute(*results)
    np.testing.assert_allclose(s, linalg.svdvals(a))
    np.testing.assert_allclose(again, linalg.svdvals(a))
    np.testing.assert_allclose(x, linalg.lstsq(a, b).solution)
    assert r.shape == (12, 12)
