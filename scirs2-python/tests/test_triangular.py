"""`scirs2.linalg.solve_triangular`: every triangle, side and layout, and what is refused."""

import itertools

import matrices
import numpy as np
import pytest
import scipy.linalg
import torch
from scirs2 import linalg

OPS = {0: lambda a: a, 1: lambda a: a.swapaxes(-1, -2), 2: lambda a: a.conj().swapaxes(-1, -2)}
FLAGS = list(itertools.product(OPS, [False, True], [False, True]))


def triangle(a, lower, unit):
    """What is solved with, of that matrix."""
    part = np.tril(a, -1) if lower else np.triu(a, 1)
    one = np.eye(a.shape[-1], dtype=a.dtype)
    return part + (one if unit else a * one)


def regular(shape, dtype):
    """Matrices whose triangles are well conditioned."""
    n = shape[-1]
    a = matrices.random(shape, dtype) / max(n, 1)
    a[..., range(n), range(n)] += 1
    return a


@pytest.mark.parametrize(("trans", "lower", "unit"), FLAGS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_solution_solves(dtype, n, trans, lower, unit):
    a, b = regular((n, n), dtype), matrices.random((n, 3), dtype, 1)
    operator = OPS[trans](triangle(a, lower, unit))
    for layout in ["C order", "Fortran order", "strided"]:
        laid = matrices.LAYOUTS[layout](a)
        x = linalg.solve_triangular(laid, b, trans, lower, unit)
        one = linalg.solve_triangular(laid, b[:, 0], "NTC"[trans], lower, unit)
        assert (x.dtype, x.shape, one.shape) == (a.dtype, b.shape, (n,))
        assert matrices.backward_error(operator, x, b) <= n + 1
        assert matrices.backward_error(operator, one[:, None], b[:, :1]) <= n + 1


@pytest.mark.parametrize(("trans", "lower", "unit"), FLAGS)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_nothing_else_is_read(dtype, trans, lower, unit):
    a, b = regular((5, 5), dtype), matrices.random((5, 2), dtype, 1)
    read = triangle(np.ones((5, 5)), lower, False) - unit * np.eye(5)
    spoiled = np.where(read, a, np.nan)
    expected = linalg.solve_triangular(a, b, trans, lower, unit)
    assert np.array_equal(linalg.solve_triangular(spoiled, b, trans, lower, unit), expected)


@pytest.mark.parametrize("name", ["graded", "large", "small", "denormal", "Hilbert", "defective"])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 16])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_hard_matrices(dtype, n, lower, name):
    a = triangle(matrices.general(name, n, dtype), lower, False)
    for trans, op in OPS.items():
        b = (matrices.wide(op(a)) @ matrices.random((n, 2), dtype)).astype(dtype)
        x = linalg.solve_triangular(a, b, trans, lower)
        one = linalg.solve_triangular(a, b[:, 0], trans, lower)
        assert matrices.backward_error(op(a), x, b) <= n + 1
        assert matrices.backward_error(op(a), one[:, None], b[:, :1]) <= n + 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 3), (3,)),
        ((3, 3), (3, 0)),
        ((4, 3, 3), (3,)),
        ((4, 3, 3), (3, 4)),
        ((4, 3, 3), (4, 3, 2)),
        ((2, 1, 3, 3), (5, 3, 1)),
        ((0, 3, 3), (3, 2)),
        ((0, 0), (0,)),
        ((4, 0, 0), (0, 2)),
    ],
)
def test_batches_broadcast(first, second):
    a, b = regular(first, "float64"), matrices.random(second, seed=1)
    x = linalg.solve_triangular(a, b)
    vectors = b.reshape(second + (1,) * (len(second) == 1))
    expected = np.linalg.solve(np.triu(a), vectors).reshape(x.shape)
    batch = np.broadcast_shapes(first[:-2], vectors.shape[:-2])
    assert x.shape == batch + second[-2:]
    assert x.flags.c_contiguous
    assert np.allclose(x, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_layouts(dtype, layout):
    a, b = regular((2, 3, 4, 4), dtype), matrices.random((2, 3, 4, 2), dtype, 1)
    lay = matrices.LAYOUTS[layout]
    x, expected = linalg.solve_triangular(lay(a), lay(b)), linalg.solve_triangular(a, b)
    # Another layout of `a` is another routine of the library.
    assert matrices.residual(expected, x) <= 16


@pytest.mark.parametrize("trans", [0, 1, 2, "N", "T", "C"])
@pytest.mark.parametrize("lower", [False, True])
def test_arguments_are_scipys(lower, trans):
    a, b = regular((4, 4), "complex128"), matrices.random((4, 2))
    x = linalg.solve_triangular(a, b, trans=trans, lower=lower, unit_diagonal=False)
    expected = scipy.linalg.solve_triangular(a, b, trans=trans, lower=lower)
    assert np.allclose(x, expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize("trans", [3, -1, "X", None])
def test_another_trans_is_refused(trans):
    with pytest.raises(ValueError, match="solve_triangular: trans: expected 0 or 'N'"):
        linalg.solve_triangular(np.eye(2), np.ones(2), trans)


def test_what_is_singular_is_named():
    a = np.stack([np.eye(3)] * 4).reshape(2, 2, 3, 3)
    a[1, 0, 2, 2] = 0
    with pytest.raises(linalg.LinAlgError, match=r"matrix 2 .* singular: pivot 2 ") as caught:
        linalg.solve_triangular(a, np.ones(3))
    assert caught.value.index == (1, 0)
    assert linalg.solve_triangular(a, np.ones(3), unit_diagonal=True).shape == (2, 2, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_as_scipy_does(bad):
    a, b = np.eye(3), np.ones((3, 2))
    a[0, 1] = b[2, 1] = bad
    for first, second, message in [(a, np.ones(3), "a NaN"), (np.eye(3), b, "right-hand side")]:
        with pytest.raises(ValueError, match="must not contain infs or NaNs"):
            scipy.linalg.solve_triangular(first, second)
        with pytest.raises(linalg.LinAlgError, match=f"solve_triangular: .* {message}"):
            linalg.solve_triangular(first, second)


@pytest.mark.parametrize(
    ("first", "second"), [((3,), (3,)), ((2, 3), (2,)), ((2, 2), ()), ((2, 2), (3,))]
)
def test_shapes_that_do_not_fit_are_refused(first, second):
    with pytest.raises(ValueError, match="solve_triangular: "):
        linalg.solve_triangular(np.ones(first), np.ones(second))


def test_other_dtypes_and_libraries():
    a, b = [[2, 1], [0, 4]], [4, 8]
    assert linalg.solve_triangular(a, b).tolist() == [1, 2]
    half = linalg.solve_triangular(np.array(a, "float16"), np.array(b, "float16"))
    assert half.dtype == "float16"
    assert half.tolist() == [1, 2]
    x = linalg.solve_triangular(torch.tensor(a).bfloat16(), torch.tensor(b).bfloat16())
    assert x.dtype == torch.bfloat16
    assert x.tolist() == [1, 2]
    mixed = linalg.solve_triangular(np.array(a, "float32"), np.array(b, "complex128"))
    assert mixed.dtype == "complex128"


def test_one_large_system():
    a, b = regular((900, 900), "float64"), matrices.random((900, 50), seed=1)
    x = linalg.solve_triangular(a, b)
    assert matrices.backward_error(np.triu(a), x, b) <= 900
