"""`scirs2.linalg.cho_factor` and `cho_solve`, against `cholesky`, residuals and SciPy."""

import matrices
import numpy as np
import pytest
import scipy.linalg
import torch
from scirs2 import linalg


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_solution_solves(dtype, n, lower):
    a, b = matrices.positive_definite(n, dtype), matrices.random((n, 3), dtype, 1)
    c, flag = linalg.cho_factor(a, lower)
    assert flag is lower
    assert c.dtype == a.dtype
    # The other triangle is as it was.
    part, other = (np.tril, np.triu) if lower else (np.triu, np.tril)
    # Not by the same steps: small matrices have a kernel of their own.
    assert matrices.residual(linalg.cholesky(a, upper=not lower), part(c)) <= 100 * (n + 1)
    assert np.array_equal(other(c, 1 if lower else -1), other(a, 1 if lower else -1))
    for layout in ["C order", "Fortran order", "strided"]:
        factor = (matrices.LAYOUTS[layout](c), lower)
        x, one = linalg.cho_solve(factor, b), linalg.cho_solve(factor, b[:, 0])
        assert (x.dtype, x.shape, one.shape) == (a.dtype, b.shape, (n,))
        assert matrices.backward_error(a, x, b) <= n + 1
        assert matrices.backward_error(a, one[:, None], b[:, :1]) <= n + 1


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a = matrices.positive_definite(6) * 10.0**power
    b = a @ matrices.random((6, 2))
    assert matrices.backward_error(a, linalg.cho_solve(linalg.cho_factor(a), b), b) <= 7


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_either_takes_the_others_factor(dtype, lower):
    a, b = matrices.positive_definite(5, dtype), matrices.random((5, 2), dtype)
    ours, theirs = linalg.cho_factor(a, lower=lower), scipy.linalg.cho_factor(a, lower=lower)
    assert matrices.residual(theirs[0], ours[0]) <= 6
    bound = 10 * 5 * 100 * matrices.eps(dtype)
    x = scipy.linalg.cho_solve(theirs, b)
    assert np.allclose(linalg.cho_solve(theirs, b), x, rtol=bound, atol=bound)
    assert np.allclose(scipy.linalg.cho_solve(ours, b), x, rtol=bound, atol=bound)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
def test_batches_and_layouts(batch, layout):
    count = int(np.prod(batch))
    stack = [matrices.positive_definite(4, seed=seed) for seed in range(count)]
    a = np.array(stack).reshape(*batch, 4, 4)
    c, lower = linalg.cho_factor(matrices.LAYOUTS[layout](a))
    assert c.flags.c_contiguous
    x = linalg.cho_solve((c, lower), np.ones((4, 2)))
    assert x.shape == (*batch, 4, 2)
    assert matrices.backward_error(a, x, np.ones((*batch, 4, 2))) <= 5
    for index in np.ndindex(batch):
        assert np.array_equal(c[index], linalg.cho_factor(a[index])[0])


def test_batches_broadcast():
    a = np.array([matrices.positive_definite(3, seed=seed) for seed in range(2)])
    factor = linalg.cho_factor(a[:, None])
    b = matrices.random((4, 3, 2))
    x = linalg.cho_solve(factor, b)
    assert x.shape == (2, 4, 3, 2)
    assert matrices.backward_error(np.broadcast_to(a[:, None], (2, 4, 3, 3)), x, b) <= 4


def test_what_is_not_definite_is_named():
    a = np.stack([np.eye(3)] * 4).reshape(2, 2, 3, 3)
    a[1, 0, 1, 1] = -1
    with pytest.raises(linalg.LinAlgError, match=r"matrix 2 .* minor of order 2") as caught:
        linalg.cho_factor(a)
    assert caught.value.index == (1, 0)
    with pytest.raises(linalg.LinAlgError, match="singular: pivot 1 "):
        linalg.cho_solve((np.diag([1.0, 0.0]), True), np.ones(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_matters_only_where_it_is_read(bad):
    a = np.array([[4.0, bad, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 4.0]])
    with pytest.raises(linalg.LinAlgError, match=r"cho_solve: .* a NaN or an infinity"):
        linalg.cho_solve((a, False), np.ones(3))
    c, lower = linalg.cho_factor(a, lower=True)
    assert np.array_equal(np.tril(c), [[2, 0, 0], [1, 1, 0], [0, 0, 2]])
    assert np.array_equal(linalg.cho_solve((c, lower), [8.0, 6.0, 4.0]), [1, 2, 1])
    with pytest.raises(linalg.LinAlgError, match="right-hand side with a NaN"):
        linalg.cho_solve((c, lower), [1, 1, bad])


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_a_factor_in_the_other_triangle_is_refused(dtype, batch, upper, layout):
    a = matrices.positive_definite(4, dtype)
    c = matrices.LAYOUTS[layout](
        np.array(np.broadcast_to(linalg.cholesky(a, upper=upper), (*batch, 4, 4)))
    )
    b = np.ones((4, 2), dtype)
    x = linalg.cho_solve((c, not upper), b)
    assert matrices.backward_error(np.broadcast_to(a, (*batch, 4, 4)), x, b) <= 5
    if 0 in batch:
        return
    read, other = ("lower", "upper") if upper else ("upper", "lower")
    told = rf"cho_solve: c: the {read} triangle, .* the {other} one is not; .* lower={not upper}"
    with pytest.raises(ValueError, match=told):
        linalg.cho_solve((c, upper), b)
    with pytest.raises(ValueError, match=told):
        linalg.cho_solve((torch.tensor(c.copy()), upper), torch.tensor(b))


def test_the_other_triangle_is_no_failure_of_one_matrix():
    with pytest.raises(ValueError, match="the lower one is not"):
        linalg.cho_solve((np.array([[2.0, 0.0], [1.0, 2.0]]), False), [1, 1], on_failure="nan")


def test_one_element_tells_in_which_triangle_the_factors_are():
    b = np.ones((5, 3, 1))
    for at in [(4, 1, 0), (4, 2, 0), (4, 2, 1)]:
        c = np.stack([np.eye(3)] * 5)
        c[2, 0, 2] = 7
        with pytest.raises(ValueError, match="the upper one is not"):
            linalg.cho_solve((c, True), b)
        c[at] = 1
        expected = np.linalg.solve(np.tril(c) @ np.tril(c).mT, b)
        assert np.allclose(linalg.cho_solve((c, True), b), expected)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_a_diagonal_factor_is_one_whatever_is_beside_it(dtype, batch, lower, layout):
    a = np.diag([4.0, 9.0, 16.0]) + np.triu(np.full((3, 3), 7.0), 1)
    a = np.array(np.broadcast_to(a if lower else a.T, (*batch, 3, 3)), dtype)
    factor = linalg.cho_factor(matrices.LAYOUTS[layout](a), lower)
    assert np.array_equal(factor[0], np.broadcast_to(np.diag([2, 3, 4]), (*batch, 3, 3)))
    expected = np.broadcast_to(np.array([[3.0], [2.0], [1.0]], dtype), (*batch, 3, 1))
    assert np.array_equal(linalg.cho_solve(factor, [[12], [18], [16]]), expected)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_a_diagonal_factor_is_in_both_triangles(n, lower):
    c = 2 * np.eye(n)
    assert np.array_equal(linalg.cho_solve((c, lower), np.ones(n)), np.full(n, 0.25))
    if n > 1:
        c[0, n - 1] = c[n - 1, 0] = np.nan
        with pytest.raises(linalg.LinAlgError, match="NaN"):
            linalg.cho_solve((c, lower), np.ones(n))
        # One that is not zero, where no factor is.
        c[(n - 1, 0) if lower else (0, n - 1)] = 0
        with pytest.raises(ValueError, match="to be read"):
            linalg.cho_solve((c, lower), np.ones(n))


@pytest.mark.parametrize(
    ("first", "second"), [((3,), (3,)), ((2, 3), (2,)), ((2, 2), ()), ((2, 2), (3,))]
)
def test_shapes_that_do_not_fit_are_refused(first, second):
    with pytest.raises(ValueError, match="cho_solve: "):
        linalg.cho_solve((np.ones(first), False), np.ones(second))


def test_other_dtypes_and_libraries():
    a, b = [[4, 2], [2, 5]], [6, 7]
    assert linalg.cho_solve(linalg.cho_factor(a), b).tolist() == [1, 1]
    half = linalg.cho_solve(linalg.cho_factor(np.array(a, "float16")), np.array(b, "float16"))
    assert half.dtype == "float16"
    assert half.tolist() == [1, 1]
    c, lower = linalg.cho_factor(torch.tensor(a).bfloat16())
    assert c.dtype == torch.bfloat16
    x = linalg.cho_solve((c, lower), torch.tensor(b).bfloat16())
    assert x.dtype == torch.bfloat16
    assert x.tolist() == [1, 1]
