"""`on_failure`: a matrix that fails stops the call, or gets NaN while the others are computed."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scirs2
import torch
from scirs2 import linalg

DTYPES = ["float32", "float64", "complex64", "complex128"]
# Closed forms, interleaved kernels, small kernels, LAPACK.
ORDERS = [1, 2, 4, 9, 30, 80]
COUNT, FAILING = 11, [0, 4, 5, 10]


def definite(n, dtype):
    """Draw positive definite matrices, which every function takes."""
    rng = np.random.default_rng(n)
    a = rng.standard_normal((COUNT, n, n))
    if np.dtype(dtype).kind == "c":
        a = a + 1j * rng.standard_normal((COUNT, n, n))
    return (a @ a.conj().mT + n * np.eye(n)).astype(dtype)


def zero(matrix):
    matrix[...] = 0


def negative(matrix):
    matrix[...] = -matrix


def zero_on_diagonal(matrix):
    matrix[-1, -1] = 0


def nan(matrix):
    matrix[0, 0] = np.nan


@dataclass(frozen=True)
class Case:
    """A function, and what it fails for."""

    call: Callable[..., Any]
    spoil: Callable[..., Any]
    # What is written to results of integers.
    integer: int = -1
    least: int = 1
    batches: bool = True

    def results(self, a, **keywords):
        found = self.call(a, **keywords)
        return found if isinstance(found, tuple) else (found,)


def right_side(a):
    return np.ones((a.shape[-1], 2), a.dtype)


def no_exchange(a):
    return np.broadcast_to(np.arange(a.shape[-1]), a.shape[:-1])


def unpaired(a):
    """Eigenvalues that are not in pairs where there is a NaN."""
    return np.where(np.isnan(a.diagonal(axis1=-2, axis2=-1)), 1j, 1)


def of_moderate(function):
    """A function of the matrices made so small that it does not overflow."""
    return lambda a, **k: function(a / (8 * a.shape[-1]), **k)


# A solver of factors is given some that fail.
CASES = {
    "cdf2rdf": Case(lambda a, **k: linalg.cdf2rdf(unpaired(a), np.nan_to_num(a), **k), nan),
    **{
        name: Case(of_moderate(getattr(linalg, name)), nan)
        for name in ["cosm", "coshm", "expm", "sinm", "sinhm", "tanm", "tanhm"]
    },
    "expm_cond": Case(of_moderate(linalg.expm_cond), nan),
    "expm_frechet": Case(of_moderate(lambda a, **k: linalg.expm_frechet(a, a, **k)), nan),
    "fractional_matrix_power": Case(
        lambda a, **k: linalg.fractional_matrix_power(a, -0.5, **k), zero
    ),
    "hessenberg": Case(linalg.hessenberg, nan),
    "hessenberg with factors": Case(lambda a, **k: linalg.hessenberg(a, True, **k), nan),
    "logm": Case(linalg.logm, zero),
    "rsf2csf": Case(lambda a, **k: linalg.rsf2csf(np.triu(a), a, **k), nan),
    "schur": Case(linalg.schur, nan),
    "schur sorted": Case(lambda a, **k: linalg.schur(a, sort="lhp", **k), nan),
    "signm": Case(linalg.signm, zero),
    "sqrtm": Case(linalg.sqrtm, nan),
    "cholesky": Case(linalg.cholesky, negative),
    "cho_factor": Case(lambda a, **k: linalg.cho_factor(a, **k)[0], negative),
    "cho_solve": Case(
        lambda a, **k: linalg.cho_solve((a, True), right_side(a), **k), zero_on_diagonal
    ),
    "cond": Case(linalg.cond, nan),
    "eig": Case(linalg.eig, nan),
    "eigvals": Case(linalg.eigvals, nan),
    "inv": Case(linalg.inv, zero),
    "lstsq": Case(lambda a, **k: linalg.lstsq(a, right_side(a), **k), nan),
    "lu": Case(linalg.lu, nan),
    "lu of indices": Case(lambda a, **k: linalg.lu(a, p_indices=True, **k), nan),
    "lu in l": Case(lambda a, **k: linalg.lu(a, permute_l=True, **k), nan),
    "lu_factor": Case(linalg.lu_factor, nan),
    "lu_solve": Case(
        lambda a, **k: linalg.lu_solve((a, no_exchange(a)), right_side(a), **k), zero_on_diagonal
    ),
    "matrix_norm": Case(lambda a, **k: linalg.matrix_norm(a, ord=2, **k), nan),
    "matrix_power": Case(lambda a, **k: linalg.matrix_power(a, -2, **k), zero),
    "matrix_rank": Case(linalg.matrix_rank, nan),
    "norm": Case(lambda a, **k: scirs2.norm(a, "nuc", axis=(-2, -1), **k), nan),
    "norm -2": Case(lambda a, **k: scirs2.norm(a, -2, axis=(-1, -2), **k), nan),
    "pinv": Case(linalg.pinv, nan),
    "solve": Case(lambda a, **k: linalg.solve(a, right_side(a), **k), zero),
    "solve of one vector": Case(lambda a, **k: linalg.solve(a, right_side(a)[:, 0], **k), zero),
    "solve_triangular": Case(
        lambda a, **k: linalg.solve_triangular(a, right_side(a), lower=True, **k),
        zero_on_diagonal,
    ),
    "svd": Case(linalg.svd, nan),
    "svd of values": Case(lambda a, **k: linalg.svd(a, compute_uv=False, **k), nan),
    "svdvals": Case(linalg.svdvals, nan),
    "tensorinv": Case(lambda a, **k: linalg.tensorinv(a, ind=1, **k), zero, batches=False),
    "tensorsolve": Case(
        lambda a, **k: linalg.tensorsolve(a, right_side(a)[:, 0], **k), zero, batches=False
    ),
}
# They fail where LAPACK does not converge, which no matrix is known to do.
NEVER_SEEN_FAILING = {"eigh", "eigvalsh"}


def spoiled(case, n, dtype):
    a = definite(n, dtype)
    for at in FAILING:
        case.spoil(a[at])
    return a


def is_missing(result, case):
    """Return whether all elements say that there is no result."""
    return np.all(result == case.integer) if result.dtype.kind in "iu" else np.all(np.isnan(result))


def test_every_function_that_can_fail_has_the_keyword():
    names = {name.split()[0] for name in CASES} | NEVER_SEEN_FAILING
    with_keyword = {
        name
        for name in [*linalg.__all__, "norm"]
        if callable(getattr(linalg, name))
        and not inspect.isclass(getattr(linalg, name))
        and "on_failure" in inspect.signature(getattr(linalg, name)).parameters
    }
    assert with_keyword == names
    for name in names:
        parameter = inspect.signature(getattr(linalg, name)).parameters["on_failure"]
        assert (parameter.default, parameter.kind) == ("raise", inspect.Parameter.KEYWORD_ONLY)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.batches])
def test_the_others_are_what_they_are_alone(name, dtype):
    case = CASES[name]
    for n in ORDERS:
        a = spoiled(case, n, dtype)
        good = np.delete(np.arange(COUNT), FAILING)
        expected = case.results(a[good])
        found = case.results(a, on_failure="nan")
        assert len(found) == len(expected)
        for result, right in zip(found, expected, strict=True):
            assert result.dtype == right.dtype
            if result.shape[:1] != (COUNT,):  # No residuals.
                continue
            # Another number of matrices may take another route.
            tolerance = 200 * n * np.finfo(dtype).eps * np.max(np.abs(right), initial=0)
            np.testing.assert_allclose(result[good], right, rtol=0, atol=tolerance)
            for at in FAILING:
                assert is_missing(result[at], case), (n, at)


@pytest.mark.parametrize("name", CASES)
def test_the_first_that_fails_is_named_otherwise(name):
    case = CASES[name]
    for n in [2, 30, 80]:
        a = spoiled(case, n, "float64")
        if not case.batches:
            with pytest.raises(linalg.LinAlgError):
                case.call(a[0])
            continue
        with pytest.raises(linalg.LinAlgError) as caught:
            case.call(a, on_failure="raise")
        assert caught.value.index == (0,)
        with pytest.raises(linalg.LinAlgError) as caught:
            case.call(a[1:])
        assert caught.value.index == (3,)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("n", [2, 30])
def test_one_matrix(name, n):
    case = CASES[name]
    a = spoiled(case, n, "float64")
    for result in case.results(a[0], on_failure="nan"):
        result = np.asarray(result)
        if result.size:
            assert is_missing(result, case)
    if case.batches:
        for result in case.results(a[:1], on_failure="nan"):
            if result.size:
                assert is_missing(result, case)
        for result in case.results(a[:0], on_failure="nan"):
            assert 0 in result.shape


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.batches])
def test_libraries_layouts_and_threads(name):
    case = CASES[name]
    a = spoiled(case, 9, "float64")
    strided = np.empty((9, 2 * COUNT, 9))[:, ::2].transpose(1, 0, 2)
    strided[...] = a
    two_axes = np.stack([a, a[::-1]])
    for result in case.results(two_axes, on_failure="nan"):
        if result.shape[:2] == (2, COUNT) and result.size:
            missing = np.array([[is_missing(one, case) for one in row] for row in result])
            assert np.flatnonzero(missing[0]).tolist() == FAILING
            assert np.flatnonzero(missing[1][::-1]).tolist() == FAILING
    with scirs2.num_threads(2):
        for result in case.results(strided, on_failure="nan"):
            if result.shape[:1] == (COUNT,) and result.size:
                missing = [is_missing(one, case) for one in result]
                assert np.flatnonzero(missing).tolist() == FAILING


@pytest.mark.parametrize("function", [linalg.inv, linalg.cholesky, linalg.svdvals])
def test_a_tensor_of_another_library(function):
    a = torch.from_numpy(spoiled(CASES["svdvals"], 4, "float32"))
    a[FAILING[0]] = -a[FAILING[0]]
    found = function(a, on_failure="nan")
    assert isinstance(found, torch.Tensor)
    missing = torch.isnan(found).flatten(1).any(-1)
    assert missing.nonzero().flatten().tolist() == FAILING


def test_halves_and_integers():
    a = np.stack([np.eye(3), np.zeros((3, 3)), 2 * np.eye(3)])
    for dtype in ["float16", "int32"]:
        found = linalg.inv(a.astype(dtype), on_failure="nan")
        assert np.isnan(found).any((1, 2)).tolist() == [False, True, False]
        assert found[2, 0, 0] == 0.5


def test_memory_for_the_result():
    a = spoiled(CASES["inv"], 5, "float64")
    for function in [linalg.inv, lambda a, **k: linalg.solve(a, np.eye(5), **k)]:
        out = np.zeros((COUNT, 5, 5))
        assert function(a, out=out, on_failure="nan") is out
        assert np.flatnonzero(np.isnan(out).any((1, 2))).tolist() == FAILING


def test_a_matrix_that_several_right_sides_share():
    a = np.stack([np.eye(2), np.zeros((2, 2)), np.eye(2)])[:, None]
    b = np.ones((4, 2, 1))
    found = linalg.solve(a, b, on_failure="nan")
    assert found.shape == (3, 4, 2, 1)
    assert np.isnan(found).all((1, 2, 3)).tolist() == [False, True, False]
    assert not np.isnan(found[[0, 2]]).any()


def test_factors_that_failed_are_solved_as_failures():
    a = spoiled(CASES["cho_factor"], 6, "float64")
    factors = linalg.cho_factor(a, on_failure="nan")
    x = linalg.cho_solve(factors, np.ones(6), on_failure="nan")
    assert np.flatnonzero(np.isnan(x).any(-1)).tolist() == FAILING
    a = spoiled(CASES["lu_factor"], 6, "float64")
    factors = linalg.lu_factor(a, on_failure="nan")
    x = linalg.lu_solve(factors, np.ones(6), on_failure="nan")
    assert np.flatnonzero(np.isnan(x).any(-1)).tolist() == FAILING


def test_mistakes_still_raise():
    with pytest.raises(linalg.LinAlgError, match="must be equal"):
        linalg.inv(np.ones((3, 2, 3)), on_failure="nan")
    with pytest.raises(ValueError, match='inv: on_failure: expected "raise" or "nan", got "NaN"'):
        linalg.inv(np.eye(2), on_failure="NaN")
    with pytest.raises(ValueError, match="norm: on_failure"):
        scirs2.norm(np.eye(2), 2, on_failure="")
    with pytest.raises(TypeError, match="on_failure"):
        linalg.inv(np.eye(2), on_failure=None)


def test_values_of_real_matrices_stay_real():
    a = np.stack([np.diag([1.0, 2.0]), np.full((2, 2), np.nan)])
    values, vectors = linalg.eig(a, on_failure="nan")
    assert values.dtype == vectors.dtype == np.float64
    assert values[0].tolist() == [1, 2]
    assert np.isnan(values[1]).all()
    assert np.isnan(vectors[1]).all()


def test_a_norm_with_kept_axes_and_moved_matrices():
    a = spoiled(CASES["svdvals"], 4, "float64").reshape(COUNT, 4, 1, 4)
    found = scirs2.norm(a.astype("float32"), 2, axis=(1, 3), keepdims=True, on_failure="nan")
    assert found.shape == (COUNT, 1, 1, 1)
    assert np.flatnonzero(np.isnan(found).ravel()).tolist() == FAILING
