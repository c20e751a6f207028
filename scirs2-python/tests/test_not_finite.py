"""NaN and infinity in every function of `numpy.linalg`: where NumPy answers, ours answers as it
does, and where NumPy raises, ours raises. What differs is in docs/from_numpy.rst."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scirs2 import linalg

DTYPES = ["float32", "float64", "complex64", "complex128"]
ORDERS = [1, 2, 3, 5, 8, 20, 50]
VALUES = [np.nan, np.inf, -np.inf]
# A batch that the kernels for many matrices take, with the spoiled one among good ones.
COUNT, AT = 19, 7


def places(n):
    """Of a spoiled element: on the diagonal, below, above, or all around."""
    last, middle = n - 1, n // 2
    found = {"first": (0, 0), "all": ...}
    if n > 1:
        found |= {"last": (last, last), "below": (last, 0), "above": (0, last)}
        found |= {"row": last, "middle": (middle, middle)}
    return found


def general(n, dtype):
    rng = np.random.default_rng([n, 1])
    parts = [rng.standard_normal((n, n)) for _ in range(2)]
    a = parts[0] + 1j * parts[1] if np.dtype(dtype).kind == "c" else parts[0]
    return (a + n * np.eye(n)).astype(dtype)


def definite(n, dtype):
    a = general(n, dtype)
    return (a @ a.conj().T + n * np.eye(n)).astype(dtype)


def tall(n, dtype):
    a = general(n, dtype)
    return np.concatenate([a, a[::-1]])


def wide(n, dtype):
    return tall(n, dtype).T.copy()


@dataclass(frozen=True)
class Case:
    """A function of numpy.linalg, or of ours in its place."""

    call: Callable[..., Any]
    make: Callable[..., Any] = general
    batches: bool = True
    # The NaN stand where NumPy has them; else there are some where NumPy has some.
    same: bool = True


def product(of, name):
    """One that NumPy has outside of linalg, from 2.2 on."""
    if of is not np.linalg:
        return getattr(of, name)
    return getattr(np, name, None) or pytest.skip(f"NumPy has no {name}")


CASES = {
    **{
        f"norm {order}": Case(lambda of, a, order=order: of.norm(a, order, axis=(-2, -1)))
        for order in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
    },
    **{
        f"norm of vectors {order}": Case(lambda of, a, order=order: of.norm(a, order, axis=-1))
        for order in [None, 0, 0.5, 1, -1, 2, -2, 3, np.inf, -np.inf]
    },
    "norm of all": Case(lambda of, a: of.norm(a), batches=False),
    "norm 2 tall": Case(lambda of, a: of.norm(a, 2, axis=(-2, -1)), tall),
    "matrix_norm": Case(lambda of, a: of.matrix_norm(a, ord="nuc")),
    "vector_norm": Case(lambda of, a: of.vector_norm(a, axis=-1)),
    **{
        f"cond {order}": Case(lambda of, a, order=order: of.cond(a, order))
        for order in [None, 2, -2, "fro", 1, -1, np.inf, -np.inf]
    },
    "cond wide": Case(lambda of, a: of.cond(a), wide),
    "det": Case(lambda of, a: of.det(a)),
    "slogdet": Case(lambda of, a: tuple(of.slogdet(a)), same=False),
    "trace": Case(lambda of, a: of.trace(a)),
    "diagonal": Case(lambda of, a: of.diagonal(a)),
    "matrix_transpose": Case(lambda of, a: of.matrix_transpose(a)),
    "outer": Case(lambda of, a: of.outer(a[0], a[:, 0]), batches=False),
    "vecdot": Case(lambda of, a: of.vecdot(a, np.ones_like(a))),
    "matvec": Case(lambda of, a: product(of, "matvec")(a, a[..., 0]), same=False),
    "vecmat": Case(lambda of, a: product(of, "vecmat")(a[..., 0], a), same=False),
    "tensordot": Case(lambda of, a: of.tensordot(a, np.ones_like(a), axes=1), batches=False),
    "matmul": Case(lambda of, a: of.matmul(a, np.ones_like(a)), same=False),
    "multi_dot": Case(lambda of, a: of.multi_dot([a, a, a]), batches=False, same=False),
    **{
        f"matrix_power {power}": Case(
            lambda of, a, power=power: of.matrix_power(a, power), same=power >= 0
        )
        for power in [0, 1, -1, -2, -3]
    },
    "matrix_power 5": Case(lambda of, a: of.matrix_power(a, 5), same=False),
    "inv": Case(lambda of, a: of.inv(a), same=False),
    "solve": Case(lambda of, a: of.solve(a, np.ones(a.shape[-1], a.dtype)), same=False),
    "solve many": Case(lambda of, a: of.solve(a, np.ones((a.shape[-1], 3), a.dtype)), same=False),
    "solve b": Case(lambda of, b: of.solve(general(b.shape[-1], b.dtype), b), same=False),
    "tensorinv": Case(lambda of, a: of.tensorinv(a, ind=1), batches=False, same=False),
    "tensorsolve": Case(
        lambda of, a: of.tensorsolve(a, np.ones(a.shape[-1], a.dtype)), batches=False, same=False
    ),
    "cholesky": Case(lambda of, a: of.cholesky(a), definite, same=False),
    "cholesky upper": Case(lambda of, a: of.cholesky(a, upper=True), definite, same=False),
    "eig": Case(lambda of, a: tuple(of.eig(a))),
    "eigvals": Case(lambda of, a: of.eigvals(a)),
    "svdvals": Case(lambda of, a: of.svdvals(a)),
    "svdvals tall": Case(lambda of, a: of.svdvals(a), tall),
    "svd of values": Case(lambda of, a: of.svd(a, compute_uv=False), wide),
    "matrix_rank": Case(lambda of, a: of.matrix_rank(a)),
    "matrix_rank wide": Case(lambda of, a: of.matrix_rank(a), wide),
    "matrix_rank tol": Case(lambda of, a: of.matrix_rank(a, 0.1)),
    **{
        f"qr {mode}": Case(lambda of, a, mode=mode: of.qr(a, mode), make, same=False)
        for mode, make in [("reduced", tall), ("complete", wide), ("r", general), ("raw", general)]
    },
}
# With an infinity these may never come back from NumPy, so that what ours answer stands here.
NEVER_BACK = {
    "svd": Case(lambda of, a: tuple(of.svd(a))),
    "svd thin": Case(lambda of, a: tuple(of.svd(a, full_matrices=False)), tall),
    "svd full": Case(lambda of, a: tuple(of.svd(a)), wide),
    "pinv": Case(lambda of, a: of.pinv(a)),
    "pinv tall": Case(lambda of, a: of.pinv(a), tall),
}
# What NumPy answers here depends on the order: NaN, numbers among NaN, or an error.
EIGH = {
    "vectors": lambda of, a, uplo: of.eigh(a, uplo).eigenvectors,
    "values": lambda of, a, uplo: of.eigh(a, uplo).eigenvalues,
    "eigvalsh": lambda of, a, uplo: of.eigvalsh(a, uplo),
}
LOWER = {
    "svd U": Case(lambda of, a: of.svd(a, hermitian=True).U),
    "svd S": Case(lambda of, a: of.svd(a, hermitian=True).S),
    "svd Vh": Case(lambda of, a: of.svd(a, hermitian=True).Vh),
    "svd of values": Case(lambda of, a: of.svd(a, compute_uv=False, hermitian=True)),
    "pinv": Case(lambda of, a: of.pinv(a, hermitian=True)),
}


def answer(case, of, a):
    """Of all its arrays; `None` where it raises."""
    try:
        with np.errstate(all="ignore"):
            result = case.call(of, a)
    except np.linalg.LinAlgError:
        return None
    return [np.asarray(x) for x in (result if isinstance(result, tuple) else (result,))]


def finite(arrays):
    return all(np.isfinite(x).all() for x in arrays)


def spoiled(case, n, dtype, values=VALUES):
    """Every matrix with one value in one place."""
    for value in values:
        for name, place in places(n).items():
            a = case.make(n, dtype)
            a[place] = value
            yield f"{value} {name} of order {n}", a


def check_batch(case, good, bad, alone):
    """Among good ones it is answered as alone, and the good ones as ever."""
    batch = np.stack([good] * COUNT)
    expected = answer(case, linalg, batch)
    batch[AT] = bad
    if alone is None:
        with pytest.raises(linalg.LinAlgError) as caught:
            case.call(linalg, batch)
        assert caught.value.index == (AT,)
        return
    for x, y, z in zip(answer(case, linalg, batch), expected, alone, strict=True):
        assert np.array_equal(np.isnan(x[AT]), np.isnan(z))
        others = [np.delete(array, AT, axis=0) for array in (x, y)]
        assert np.array_equal(*others, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_is_answered_as_by_numpy(name, dtype):
    case = CASES[name]
    for n in ORDERS:
        good = case.make(n, dtype)
        for what, a in spoiled(case, n, dtype):
            ours, theirs = answer(case, linalg, a), answer(case, np.linalg, a)
            assert (ours is None) == (theirs is None), what
            if theirs is not None:
                assert finite(ours) == finite(theirs), what
                for x, y in zip(ours, theirs, strict=True):
                    assert x.shape == y.shape
                    if case.same:
                        assert np.array_equal(np.isnan(x), np.isnan(y)), what
            if case.batches and n <= 20:
                check_batch(case, good, a, ours)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NEVER_BACK)
def test_an_infinity_without_an_answer_of_numpys(name, dtype):
    case = NEVER_BACK[name]
    for n in ORDERS:
        good = case.make(n, dtype)
        for what, a in spoiled(case, n, dtype):
            ours = answer(case, linalg, a)
            if np.isnan(a).any():
                assert ours is None, what
                assert answer(case, np.linalg, a) is None
            else:
                assert all(np.isnan(x).all() for x in ours), what
            if n <= 20:
                check_batch(case, good, a, ours)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cho_factor_is_cholesky(dtype, lower):
    part = np.tril if lower else np.triu
    cholesky = Case(lambda _, a: part(linalg.cholesky(a, upper=not lower)), definite)
    cho_factor = Case(lambda _, a: part(linalg.cho_factor(a, lower)[0]), definite)
    for n in ORDERS:
        good = definite(n, dtype)
        for what, a in spoiled(cho_factor, n, dtype):
            ours, expected = answer(cho_factor, linalg, a), answer(cholesky, linalg, a)
            assert (ours is None) == (expected is None), what
            if ours is not None:
                assert np.array_equal(np.isnan(ours[0]), np.isnan(expected[0])), what
            if n <= 20:
                check_batch(cho_factor, good, a, ours)


def check_hermitian(case, n, dtype, read):
    good = definite(n, dtype)
    for what, a in spoiled(Case(case.call, definite), n, dtype):
        ours = answer(case, linalg, a)
        if np.isfinite(np.where(read(np.ones((n, n), bool)), a, 0)).all():
            # Where it is not read it changes nothing.
            assert np.array_equal(ours[0], answer(case, linalg, good)[0]), what
        else:
            assert np.isnan(ours[0]).all(), what
        if n <= 20:
            check_batch(case, good, a, ours)


@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EIGH)
def test_eigenvalues_of_hermitian_matrices_are_nan(name, dtype, uplo):
    case = Case(lambda of, a: EIGH[name](of, a, uplo))
    for n in ORDERS:
        check_hermitian(case, n, dtype, np.tril if uplo == "L" else np.triu)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOWER)
def test_singular_values_of_hermitian_matrices_are_nan(name, dtype):
    for n in ORDERS:
        check_hermitian(LOWER[name], n, dtype, np.tril)


def test_the_rank_of_what_has_no_values_is_zero():
    a = np.stack([np.eye(3)] * 4)
    a[1, 2, 0] = np.nan
    a[2, 0, 2] = np.nan
    assert np.array_equal(linalg.matrix_rank(a, hermitian=True), [3, 0, 3, 3])
    # As in NumPy, of the order for which it answers.
    assert np.linalg.matrix_rank(np.full((2, 2), np.nan), hermitian=True) == 0


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("n", [2, 5, 20])
def test_the_imaginary_part_of_the_diagonal_is_not_read(n, dtype):
    good = definite(n, dtype)
    for value in [np.nan, np.inf]:
        a = good.copy()
        a.imag[0, 0] = a.imag[-1, -1] = value
        for function in [linalg.eigvalsh, np.linalg.eigvalsh]:
            assert np.array_equal(function(a), function(good))
        assert np.array_equal(linalg.eigh(a).eigenvectors, linalg.eigh(good).eigenvectors)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_a_complex_number_with_an_infinite_part_is_infinite(n):
    a = general(n, "complex128")
    a[0, 0] = complex(np.inf, np.nan)
    for of in [linalg, np.linalg]:
        assert np.isnan(of.svdvals(a)).all()
        assert np.isnan(of.norm(a, 2))
        # By its other part nothing is known.
        assert np.isnan(of.cond(a))
        assert of.matrix_rank(a) == 0
    assert np.isnan(linalg.svd(a).U).all()
    assert linalg.cond(np.diag([complex(np.inf, 1), 1])) == np.inf


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_least_squares(n, dtype):
    a, b = tall(n, dtype), general(2 * n, dtype)
    good = linalg.lstsq(a, b)[0]
    for value in VALUES:
        spoiled_a, spoiled_b = a.copy(), b.copy()
        spoiled_a[-1, 0] = spoiled_b[-1, 0] = value
        with pytest.raises(linalg.LinAlgError, match=r"holds a NaN"):
            linalg.lstsq(spoiled_a, b)
        x = linalg.lstsq(a, spoiled_b)[0]
        assert np.isnan(x[:, 0]).all()
        assert np.array_equal(x[:, 1:], good[:, 1:])
        theirs = np.linalg.lstsq(a, spoiled_b)[0]
        assert np.isnan(theirs[:, 0]).all()
    spoiled_a[-1, 0] = np.nan
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.lstsq(spoiled_a, b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_condition_by_the_nuclear_norm(dtype):
    # NumPy raises where the inverse holds a NaN.
    for n in ORDERS:
        for what, a in spoiled(CASES["inv"], n, dtype, [np.inf, -np.inf]):
            assert linalg.cond(a, "nuc") == np.inf, what
    for of in [linalg, np.linalg]:
        with pytest.raises(np.linalg.LinAlgError):
            of.cond(np.diag([np.nan, 1]).astype(dtype), "nuc")
