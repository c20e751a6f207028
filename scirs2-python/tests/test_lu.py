"""`scirs2.linalg.lu`, `lu_factor` and `lu_solve`, against their formulas and SciPy."""

import pickle

import jax
import matrices
import numpy as np
import pytest
import scipy.linalg
import torch
from scirs2 import linalg

SHAPES = [(0, 0), (0, 3), (3, 0), (1, 1), (2, 5), (5, 2), (16, 16), (33, 33), (20, 33), (100, 100)]
OPS = {0: lambda a: a, 1: lambda a: a.swapaxes(-1, -2), 2: lambda a: a.conj().swapaxes(-1, -2)}


def assert_factors(a, l, u):
    k = min(a.shape)
    assert (l.shape, u.shape) == ((a.shape[0], k), (k, a.shape[1]))
    assert l.dtype == u.dtype == a.dtype
    assert np.array_equal(np.triu(l), np.eye(*l.shape))
    assert np.array_equal(u, np.triu(u))
    # Partial pivoting; of a complex number it measures the sum of the parts.
    assert np.all(np.abs(l) <= (1.5 if a.dtype.kind == "c" else 1))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_factors_give_the_matrix(dtype, shape):
    a = matrices.random(shape, dtype)
    p, l, u = linalg.lu(a)
    assert_factors(a, l, u)
    assert p.dtype == a.real.dtype
    assert np.array_equal(p @ p.T, np.eye(shape[0]))
    assert matrices.residual(a, p, l, u) <= max(shape) + 1
    rows, *same = linalg.lu(a, p_indices=True)
    assert rows.dtype == "int32"
    assert np.array_equal(p, np.eye(shape[0])[rows].reshape(p.shape))
    assert np.array_equal(same[0], l)
    assert np.array_equal(same[1], u)
    permuted, upper = linalg.lu(a, True)
    assert np.array_equal(permuted, l[rows])
    assert np.array_equal(upper, u)
    assert len(linalg.lu(a, permute_l=True, p_indices=True)) == 2


@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_every_matrix_has_factors(dtype, n, name):
    a = matrices.general(name, n, dtype)
    p, l, u = linalg.lu(a)
    assert_factors(a, l, u)
    # Down to the spacing of subnormal numbers.
    error = matrices.norm(p.T @ matrices.wide(a) - matrices.wide(l) @ matrices.wide(u))
    spacing = matrices.tiny(dtype) * matrices.eps(dtype)
    assert error <= (n + 1) * (matrices.eps(dtype) * matrices.norm(a) + n * spacing)


@pytest.mark.parametrize("shape", [(3, 4, 4), (2, 3, 4, 2), (2, 2, 5), (0, 3, 2), (2, 0, 3, 3)])
@pytest.mark.parametrize("layout", matrices.LAYOUTS)
def test_batches_and_layouts_are_scipys(layout, shape):
    a = matrices.random(shape)
    m, n = shape[-2:]
    laid = matrices.LAYOUTS[layout](a)
    for keywords in [{}, {"p_indices": True}, {"permute_l": True}]:
        ours = linalg.lu(laid, **keywords)
        assert all(one.flags.c_contiguous for one in ours)
        # Of an empty batch SciPy forgets the shapes; each matrix has those of any other.
        alone = scipy.linalg.lu(np.ones((m, n)), **keywords)
        for one, other in zip(ours, alone, strict=True):
            assert (one.shape, one.dtype) == ((*shape[:-2], *other.shape), other.dtype)
        for one, other in zip(ours, scipy.linalg.lu(a, **keywords) if a.size else (), strict=False):
            assert np.allclose(one, other, rtol=1e-12, atol=1e-13)
    p, lower, upper = linalg.lu(laid)
    assert p.shape == (*shape[:-2], m, m)
    assert np.allclose(p @ lower @ upper, a, rtol=1e-12, atol=1e-13)
    lu, piv = linalg.lu_factor(laid)
    assert lu.shape == shape
    assert (piv.shape, piv.dtype) == ((*shape[:-2], min(m, n)), "int32")
    for index in np.ndindex(shape[:-2]):
        expected = scipy.linalg.lu_factor(a[index])
        assert np.allclose(lu[index], expected[0], rtol=1e-12, atol=1e-13)
        assert np.array_equal(piv[index], expected[1])


@pytest.mark.parametrize("trans", OPS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_solution_solves(dtype, n, trans):
    a, b = matrices.random((n, n), dtype), matrices.random((n, 3), dtype, 1)
    lu, piv = linalg.lu_factor(a)
    for layout in ["C order", "Fortran order", "strided"]:
        factors = (matrices.LAYOUTS[layout](lu), piv)
        x = linalg.lu_solve(factors, b, trans)
        one = linalg.lu_solve(factors, b[:, 0], "NTC"[trans])
        assert (x.shape, x.dtype, one.shape) == (b.shape, a.dtype, (n,))
        assert matrices.backward_error(OPS[trans](a), x, b) <= n + 1
        assert matrices.backward_error(OPS[trans](a), one[:, None], b[:, :1]) <= n + 1


@pytest.mark.parametrize("name", ["graded", "large", "small", "denormal", "Hilbert", "defective"])
@pytest.mark.parametrize("n", [1, 2, 5, 16])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_hard_matrices(dtype, n, name):
    a = matrices.general(name, n, dtype)
    factors = linalg.lu_factor(a)
    for trans, op in OPS.items():
        b = (matrices.wide(op(a)) @ matrices.random((n, 2), dtype)).astype(dtype)
        assert matrices.backward_error(op(a), linalg.lu_solve(factors, b, trans), b) <= n + 1


def test_either_takes_the_others_factors():
    a, b = matrices.random((5, 5)), matrices.random((5, 2), seed=1)
    expected = linalg.solve(a, b)
    ours, theirs = linalg.lu_factor(a), scipy.linalg.lu_factor(a)
    for trans in (0, 1, 2):
        x = linalg.lu_solve(theirs, b, trans=trans)
        assert np.allclose(x, scipy.linalg.lu_solve(ours, b, trans=trans), rtol=1e-12)
    assert np.allclose(linalg.lu_solve(theirs, b), expected, rtol=1e-12)


def test_batches_broadcast():
    a, b = matrices.random((2, 1, 4, 4)), matrices.random((3, 4, 2), seed=1)
    x = linalg.lu_solve(linalg.lu_factor(a), b)
    assert x.shape == (2, 3, 4, 2)
    assert np.allclose(x, np.linalg.solve(a, b), rtol=1e-11)
    one = linalg.lu_solve(linalg.lu_factor(a), b[0, :, 0])
    assert np.allclose(one, np.linalg.solve(a, b[0, :, 0]), rtol=1e-11)
    nothing = linalg.lu_solve((np.zeros((0, 3, 3)), np.zeros((0, 3), int)), np.ones(3))
    assert nothing.shape == (0, 3)


def test_what_is_singular_is_factored_and_not_solved():
    a = np.stack([np.eye(3)] * 4).reshape(2, 2, 3, 3)
    a[1, 1, 1, 1] = 0
    factors = linalg.lu_factor(a)
    assert factors[0][1, 1, 1, 1] == 0
    with pytest.raises(linalg.LinAlgError, match=r"matrix 3 .* singular: pivot 1 ") as caught:
        linalg.lu_solve(factors, np.ones(3))
    assert caught.value.index == (1, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("function", [linalg.lu, linalg.lu_factor])
def test_what_is_not_finite_is_refused_as_scipy_does(function, bad):
    a = np.stack([np.eye(3)] * 2)
    a[1, 0, 1] = bad
    with pytest.raises(ValueError, match="must not contain infs or NaNs"):
        getattr(scipy.linalg, function.__name__)(a)
    with pytest.raises(linalg.LinAlgError, match=r"matrix 1 .* NaN or an infinity") as caught:
        function(a)
    assert caught.value.index == (1,)
    factors = linalg.lu_factor(np.eye(3))
    with pytest.raises(linalg.LinAlgError, match="right-hand side with a NaN"):
        linalg.lu_solve(factors, [1, bad, 1])
    with pytest.raises(linalg.LinAlgError, match="holds a NaN or an infinity"):
        linalg.lu_solve((a[1], factors[1]), np.ones(3))


@pytest.mark.parametrize("row", [-1, 3, 2**31, 2**32])
def test_a_pivot_of_no_row_is_refused(row):
    with pytest.raises(linalg.LinAlgError, match=r"no row -?\d+ for pivot 1"):
        linalg.lu_solve((np.eye(3), np.array([0, row, 2])), np.ones(3))


def test_the_pivots_of_pytorch_are_refused_and_told():
    a = torch.tensor(matrices.random((2, 3, 4, 4)))
    b = torch.ones((4, 1), dtype=a.dtype)
    lu, pivots = torch.linalg.lu_factor(a)
    told = "matrix 0 of the batch has no row 4 for pivot .*, and PyTorch's from 1: subtract 1"
    with pytest.raises(linalg.LinAlgError, match=told) as caught:
        linalg.lu_solve((lu, pivots), b)
    assert caught.value.index == (0, 0)
    with pytest.raises(linalg.LinAlgError, match=told):
        linalg.lu_solve((lu, pivots), b, on_failure="nan")
    assert torch.allclose(linalg.lu_solve((lu, pivots - 1), b), torch.linalg.solve(a, b))
    ours = linalg.lu_factor(a)
    x = torch.linalg.lu_solve(ours.LU, ours.pivots + 1, b)
    assert torch.allclose(x, torch.linalg.solve(a, b))


def test_the_results_have_names_and_are_tuples():
    factors = linalg.lu_factor([[1.0, 2.0], [2.0, 8.0]])
    lu, piv = factors
    assert (factors.LU is lu, factors.pivots is piv) == (True, True)
    assert isinstance(factors, tuple)
    assert all(map(np.array_equal, pickle.loads(pickle.dumps(factors)), factors))


@pytest.mark.parametrize(
    ("lu", "piv", "b", "error"),
    [
        (np.eye(3), [0, 1], np.ones(3), ValueError),
        (np.eye(3), [0.0, 1.0, 2.0], np.ones(3), TypeError),
        (np.eye(3), [0, 1, 2], np.ones(2), ValueError),
        (np.eye(3), [0, 1, 2], 1.0, ValueError),
        (np.ones((2, 3)), [0, 1], np.ones(2), linalg.LinAlgError),
        (np.ones(3), [0, 1, 2], np.ones(3), linalg.LinAlgError),
        (np.eye(3), torch.arange(3), np.ones(3), TypeError),
    ],
)
def test_what_does_not_fit_is_refused(lu, piv, b, error):
    with pytest.raises(error, match="lu_solve: "):
        linalg.lu_solve((lu, piv), b)


def test_halves_integers_and_libraries():
    a = np.array([[1, 2], [2, 8]])
    for half in [a.astype("float16"), torch.tensor(a).bfloat16()]:
        lu, piv = linalg.lu_factor(half)
        assert lu.dtype == half.dtype
        assert piv.tolist() == [1, 1]
        assert str(piv.dtype).endswith("int32")
        x = linalg.lu_solve((lu, piv), half[0] * 0 + 10)
        assert x.dtype == half.dtype
        assert np.array_equal(x.tolist(), [15, -2.5])
    assert linalg.lu(a)[1].dtype == "float64"
    p, lower, upper = linalg.lu(jax.numpy.array(a, "float32"))
    assert all(isinstance(x, jax.Array) for x in (p, lower, upper))
    assert np.array_equal(p @ lower @ upper, a)
    tensors = linalg.lu_factor(torch.tensor(a))
    assert isinstance(linalg.lu_solve(tensors, torch.ones(2)), torch.Tensor)


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("function", [linalg.lu, linalg.lu_factor])
def test_what_is_no_matrix_is_refused(function, shape):
    with pytest.raises(linalg.LinAlgError, match="at least 2 dimension"):
        function(np.ones(shape))
