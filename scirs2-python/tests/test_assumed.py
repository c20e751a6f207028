"""`scirs2.scipy.linalg.solve` and `inv`: structure that is named, and structure that is found."""

import warnings

import matrices
import numpy as np
import pytest
import scipy.linalg as theirs
from scirs2.scipy import linalg


def double(a):
    return np.asarray(a, np.result_type(a, np.float64))


def hermitian_part(a):
    return a + a.conj().swapaxes(-1, -2)


def eye(a):
    return np.eye(a.shape[-1], dtype=a.dtype)


# Matrices of each structure, made of random ones, and the name that solve, and inv, must find for
# it.
STRUCTURES = {
    "diagonal": (lambda a: a * eye(a), "diagonal", "diagonal"),
    "tridiagonal": (lambda a: np.triu(np.tril(a, 1), -1), "tridiagonal", "general"),
    "banded": (lambda a: np.triu(np.tril(a, 2), -1), "banded", "general"),
    "upper band": (lambda a: np.triu(np.tril(a, 3)), "banded", "upper triangular"),
    "wide band": (lambda a: np.triu(np.tril(a, 9), -9), "general", "general"),
    "upper": (lambda a: np.triu(a), "upper triangular", "upper triangular"),
    "lower": (lambda a: np.tril(a), "lower triangular", "lower triangular"),
    "definite": (
        lambda a: hermitian_part(a @ a.conj().swapaxes(-1, -2)),
        "pos",
        "general",
    ),
    "indefinite": (hermitian_part, "her", "general"),
    "not quite definite": (
        lambda a: hermitian_part(a) * (1 - eye(a)) + 0.1 * eye(a),
        "her",
        "general",
    ),
    "symmetric": (lambda a: a + a.swapaxes(-1, -2), "sym", "general"),
    "skew": (lambda a: a - a.conj().swapaxes(-1, -2), "general", "general"),
    "general": (lambda a: a, "general", "general"),
}


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("name", STRUCTURES)
def test_structure_is_found(name, batch, dtype):
    make, of_solve, of_inv = STRUCTURES[name]
    n = 40
    diagonal = -10 if name in ("indefinite", "symmetric") else 10
    a = make(matrices.random((*batch, n, n), dtype) + diagonal * np.eye(n, dtype=dtype))
    a, b = a.astype(dtype), matrices.random((n, 2), dtype, 1)
    for layout in (a, np.asfortranarray(a), a[..., ::-1, ::-1].copy()[..., ::-1, ::-1]):
        # The same bits as of the path that is named.
        for transposed in (False, True):
            x = linalg.solve(layout, b, transposed=transposed)
            named = linalg.solve(a, b, assume_a=of_solve, transposed=transposed)
            assert np.array_equal(x, named)
            whole = double(a.swapaxes(-1, -2) if transposed else a)
            unit = n * matrices.eps(dtype) * matrices.norm(whole) * matrices.norm(x)
            assert (matrices.norm(whole @ x - b) <= 10 * unit).all()
    inverse = linalg.inv(a)
    assert np.array_equal(inverse, linalg.inv(a, assume_a=of_inv))
    named = linalg.inv(a, assume_a=of_solve)
    for x in (inverse, named):
        np.testing.assert_allclose(
            x, np.linalg.inv(a), atol=1e4 * matrices.eps(dtype) * np.abs(inverse).max()
        )


# Where each structure is read.
READ = {
    "diagonal": lambda n: np.eye(n, dtype=bool),
    "tridiagonal": lambda n: np.abs(np.subtract.outer(range(n), range(n))) <= 1,
    "upper triangular": lambda n: np.triu(np.ones((n, n), bool)),
    "lower triangular": lambda n: np.tril(np.ones((n, n), bool)),
    "sym": lambda n: np.triu(np.ones((n, n), bool)),
    "her": lambda n: np.triu(np.ones((n, n), bool)),
    "pos": lambda n: np.triu(np.ones((n, n), bool)),
}


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("n", [1, 2, 3, 16, 17, 40])
@pytest.mark.parametrize("name", READ)
def test_what_follows_from_the_structure_is_not_read(name, n, dtype):
    if name == "pos":
        a = np.stack([matrices.positive_definite(n, dtype, seed) for seed in (0, 1)])
    else:
        a = matrices.random((2, n, n), dtype) + 3 * np.eye(n, dtype=dtype)
        a = hermitian_part(a) if name == "her" else a + a.swapaxes(-1, -2)
    read = READ[name](n)
    poisoned = np.where(read, a, np.nan).astype(dtype)
    a = a if name in ("sym", "her", "pos") else a * read
    b = matrices.random((2, n, 3), dtype, 1)
    options = {"assume_a": name, "check_finite": False}
    calls = [
        (lambda p: linalg.solve(p, b, **options), np.linalg.solve(a, b)),
        (lambda p: linalg.inv(p, **options), np.linalg.inv(a)),
        (
            lambda p: linalg.solve(p, b, transposed=True, **options),
            np.linalg.solve(a.swapaxes(-1, -2), b),
        ),
    ]
    condition = np.linalg.cond(a).max()
    for call, expected in calls:
        x = call(poisoned)
        bound = 50 * n * matrices.eps(dtype) * condition * np.abs(expected).max()
        np.testing.assert_allclose(x, expected, atol=bound)
        if name in ("sym", "her", "pos"):
            lower = call(a) if n == 1 else None
            assert lower is None or np.array_equal(lower, x)
    if name in ("sym", "pos"):
        flipped = poisoned.swapaxes(-1, -2)
        x = linalg.solve(flipped, b, lower=True, **options)
        whole = np.where(read.T, flipped, a.swapaxes(-1, -2))
        np.testing.assert_allclose(
            x, np.linalg.solve(whole, b), atol=bound * max(1, np.abs(x).max())
        )


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("kind", ["sym", "her"])
def test_pivots_of_two_rows(kind, dtype):
    # With a diagonal of zeros every pivot has two rows, and they are exchanged.
    n = 33
    rng = np.random.default_rng(3)
    for seed in range(4):
        a = matrices.random((n, n), dtype, seed)
        a = hermitian_part(a) if kind == "her" else a + a.T
        a[np.diag_indices(n)] = 0 if seed % 2 else a[np.diag_indices(n)] * (rng.random(n) < 0.5)
        b = matrices.random((n, 4), dtype, 9)
        for transposed in (False, True):
            x = linalg.solve(a, b, assume_a=kind, transposed=transposed)
            whole = a.T if transposed else a
            assert matrices.backward_error(whole, x, b) <= 100
        inverse = linalg.inv(a, assume_a=kind)
        assert np.abs(inverse @ a - np.eye(n)).max() <= 1e4 * matrices.eps(dtype) * np.linalg.cond(
            a
        )


@pytest.mark.filterwarnings("ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("band", [(0, 0), (1, 1), (2, 1), (0, 4), (5, 0), (2, 3)])
def test_bands_that_need_pivots(band, dtype):
    n, (below, above) = 60, band
    a = np.triu(np.tril(matrices.random((2, n, n), dtype), above), -below)
    # Small pivots, so that rows are exchanged.
    a[:, np.arange(n), np.arange(n)] *= 1e-3 if min(band) else 10
    a = a.astype(dtype)
    for columns in ((), (1,), (7,)):
        b = matrices.random((n, *columns), dtype, 1)
        for transposed in (False, True):
            x = linalg.solve(
                a, b if columns else b[:, None], assume_a="banded", transposed=transposed
            )
            for one, of_one in zip(a, x, strict=True):
                whole = one.T if transposed else one
                side = b if columns else b[:, None]
                assert matrices.backward_error(whole, of_one, side) <= 100


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("name", ["large", "small", "denormal", "graded"])
@pytest.mark.parametrize("assume_a", ["sym", "her", "tridiagonal", "banded"])
def test_numbers_near_the_ends_of_the_range(assume_a, name, dtype):
    a = matrices.hermitian(name, 20, dtype)
    if assume_a == "sym":
        a = np.tril(a) + np.tril(a, -1).T
    elif assume_a != "her":
        a = np.triu(np.tril(a, 1), -1)
    # The solutions are near one, or as large as the matrix is ill-conditioned.
    scale = np.abs(double(a)).max()
    b = np.full((20, 1), scale, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = linalg.solve(a, b, assume_a="general")
        except linalg.LinAlgError:
            with pytest.raises(linalg.LinAlgError):
                linalg.solve(a, b, assume_a=assume_a)
            return
        x = double(linalg.solve(a, b, assume_a=assume_a))
    assert np.isfinite(x).all() or not np.isfinite(expected).all()
    with np.errstate(all="ignore"):
        residual = np.abs(double(a) / scale @ x - b / scale).max()
    assert not residual > 1000 * matrices.eps(dtype) * max(np.abs(x).max(), 1)


def test_each_matrix_of_a_batch_is_solved_by_its_own_structure():
    a = np.stack(
        [np.tril(np.ones((20, 20))), np.eye(20) + np.eye(20, k=1), matrices.random((20, 20))]
    )
    b = np.arange(20.0)
    x = linalg.solve(a, b)
    for one, of_one in zip(a, x, strict=True):
        assert np.array_equal(linalg.solve(one, b), of_one)


@pytest.mark.parametrize("n", [3, 20])
@pytest.mark.parametrize("assume_a", ["diagonal", "tridiagonal", "banded", "sym", "her", "general"])
def test_a_singular_matrix_of_a_batch_is_told(assume_a, n):
    a = np.broadcast_to(np.eye(n), (2, 3, n, n)).copy()
    a[1, 2, n - 1, n - 1] = 0
    for call in (
        lambda: linalg.solve(a, np.ones((n, 1)), assume_a=assume_a),
        lambda: linalg.inv(a, assume_a=assume_a),
        # The batch is that of both operands.
        lambda: linalg.solve(a[1, 2], np.ones((2, 3, n, 1)), assume_a=assume_a),
    ):
        with pytest.raises(linalg.LinAlgError, match=rf"singular: pivot {n - 1}") as caught:
            call()
        assert caught.value.index in ((1, 2), (0, 0), None)
    with pytest.raises(linalg.LinAlgError) as caught:
        linalg.solve(a, np.ones((n, 1)), assume_a=assume_a)
    assert caught.value.index == (1, 2)


@pytest.mark.parametrize("n", [3, 20])
def test_what_is_not_positive_definite_is_told(n):
    a = np.stack([np.eye(n), -np.eye(n)])[:, None]
    with pytest.raises(linalg.LinAlgError, match="not positive definite") as caught:
        linalg.solve(a, np.ones((4, n, 1)), assume_a="pos")
    assert caught.value.index == (1, 0)


@pytest.mark.parametrize("n", [3, 16, 40])
@pytest.mark.parametrize("assume_a", ["sym", "her", "banded", "tridiagonal", "pos", "diagonal"])
def test_conditions_are_those_of_scipy(assume_a, n):
    # The warning comes just where SciPy warns.
    for power in (-12, -18):
        a = np.diag(np.logspace(0, power, n))
        for module in (linalg, theirs):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                module.solve(a, np.ones(n), assume_a=assume_a)
            assert [one.category for one in caught] == [linalg.LinAlgWarning] * (power == -18)


@pytest.mark.parametrize("assume_a", [None, "banded", "sym", "her", "pos", "tridiagonal"])
def test_nothing_is_solved(assume_a):
    for shape, sides in [((0, 20, 20), (20, 2)), ((0, 3, 3), (3, 2)), ((2, 0, 0), (0, 2))]:
        assert linalg.solve(np.ones(shape), np.ones(sides), assume_a=assume_a).shape == (
            shape[0],
            *sides,
        )
        assert linalg.inv(np.ones(shape), assume_a=assume_a).shape == shape
    for n in (3, 20):
        none = linalg.solve(np.eye(n), np.ones((n, 0)), assume_a=assume_a)
        assert none.shape == (n, 0)
