"""Any function of matrices: close, equal and defective eigenvalues, functions without derivatives."""

import cmath
import warnings

import matrices
import mpmath
import numpy as np
import pytest
import torch
from scirs2.scipy import linalg
from test_matrix_functions import HARD, cosine, exactly, sensitivity, turned

EPS = np.finfo(float).eps
UPPER = np.triu(matrices.random((6, 6)), 1)


def triangle(*values):
    return np.diag(values) + UPPER


# Where eigenvalues are divided by their differences, half of the digits are lost, or all.
CLOSE = {
    "close": triangle(1, 1 + 1e-8, 1 + 2e-8, 3, 3 + 1e-5, 3.1),
    "equal": triangle(1, 2, 1, 2, 1, 2),
    "equal, turned": turned(triangle(1, 2, 1, 2, 1, 2)),
    "a chain": triangle(*1 + 0.05 * np.arange(6)),
    "small": 1e-6 * triangle(*1 + 0.05 * np.arange(6)),
    "graded": np.diag([1e-6, 1e-6, 1e-3, 1, 1, 1e3]) + np.diag([1e-7, 1e-4, 1e-3, 1, 1], 1),
    "a Jordan block": np.eye(4) + np.diag(np.ones(3), 1),
}
FUNCTIONS = {
    "exp": (np.exp, lambda a: mpmath.expm(a, method="taylor"), CLOSE | HARD),
    "cos": (np.cos, cosine, CLOSE | HARD),
    "sqrt": (np.sqrt, mpmath.sqrtm, {name: CLOSE[name] for name in ("close", "a chain", "graded")}),
    "log": (
        np.log,
        mpmath.logm,
        {name: CLOSE[name] for name in ("equal, turned", "a Jordan block")},
    ),
}
CASES = [(function, name) for function, (_, _, own) in FUNCTIONS.items() for name in own]


@pytest.mark.parametrize(("function", "name"), CASES)
def test_in_higher_precision(function, name):
    func, truth, operands = FUNCTIONS[function]
    a = operands[name]
    with mpmath.workdps(70 if name in CLOSE else 120):
        value = truth(exactly(a))
        condition = sensitivity(truth, a, value)
        found, estimate = linalg.funm(a, func, disp=False)
        error = float(mpmath.mnorm(exactly(found) - value, "f") / mpmath.mnorm(value, "f"))
    assert found.dtype == a.dtype
    unit = len(a) * max(condition, 1) * EPS
    assert error <= 10 * unit
    # The estimate does not count what a rounding error of the matrix changes.
    assert error <= 10 * estimate + 10 * unit
    if name in CLOSE:
        assert estimate <= 1e-12


def test_a_normal_matrix_needs_no_derivative():
    a = matrices.random((6, 6))
    for one in (a + a.T, matrices.orthogonal(6), np.eye(4), np.zeros((3, 3))):
        w, v = np.linalg.eig(one)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = linalg.funm(one, np.abs)
        assert found.dtype == float
        np.testing.assert_allclose(found, v @ np.diag(np.abs(w)) @ np.linalg.inv(v), atol=1e-13)
    # Eigenvalues below zero, on the cut.
    root = linalg.funm(np.diag([-4.0, -9.0]), np.sqrt)
    np.testing.assert_allclose(root, np.diag([2j, 3j]))


@pytest.mark.parametrize("a", [[[1.0, 1.0], [0.0, 1.0]], CLOSE["equal, turned"]])
@pytest.mark.parametrize("func", [np.abs, np.real])
def test_a_derivative_that_is_not_there_is_told(a, func):
    with pytest.warns(linalg.LinAlgWarning, match=r"funm: the result may be inaccurate") as caught:
        linalg.funm(a, func)
    assert caught[0].filename == __file__
    _, estimate = linalg.funm(a, func, disp=False)
    assert isinstance(estimate, float)
    assert 1e-4 < estimate <= 1
    # Eigenvalues that lie apart need none.
    assert linalg.funm(np.triu(np.ones((3, 3))) + np.diag([0, 1, 2]), func, disp=False)[1] < 1e-14


def test_an_overflow_far_from_the_eigenvalues_does_not_count():
    a = np.array([[1.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(linalg.funm(a, np.vectorize(cmath.exp)), np.e * a, rtol=1e-14)
    np.testing.assert_allclose(linalg.funm(a, lambda x: 1 / x), [[1, -1], [0, 1]], atol=1e-14)
    with np.errstate(all="ignore"):
        found, estimate = linalg.funm(1000 * a, np.exp, disp=False)
    assert not np.isfinite(found).all()
    assert estimate == np.inf


@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_a_batch_is_its_matrices(dtype):
    batch = matrices.random((2, 3, 4, 4), dtype)
    batch[0, 1] = np.triu(batch[0, 1], 1)
    found, estimates = linalg.funm(batch, np.exp, disp=False)
    assert found.dtype == dtype
    assert estimates.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert np.array_equal(found[index], linalg.funm(batch[index], np.exp))
    np.testing.assert_allclose(found, linalg.expm(batch), rtol=1e4 * matrices.eps(dtype))
    for shape in [(0, 3, 3), (0, 0), (2, 0, 0)]:
        assert linalg.funm(np.zeros(shape, dtype), np.exp).shape == shape


def test_dtypes_that_are_computed_as_others():
    a = torch.tensor([[1, 1], [0, 1]])
    for dtype, expected in [
        (torch.float16, torch.float16),
        (torch.bfloat16, torch.float32),
        (torch.int32, torch.float64),
        (torch.bool, torch.float64),
    ]:
        found = linalg.funm(a.to(dtype), np.exp)
        assert found.dtype == expected
        torch.testing.assert_close(found.double(), np.e * a.double(), rtol=1e-3, atol=0)


def test_what_is_refused():
    for a, told in [
        (np.ones((2, 3)), "funm: A"),
        (np.ones(3), "funm: A"),
        (np.array([[np.nan, 1], [0, 1]]), "funm: A"),
    ]:
        with pytest.raises(ValueError, match=told):
            linalg.funm(a, np.exp)
    with pytest.raises(ValueError, match=r"funm: func: returned the shape \(\)"):
        linalg.funm(np.triu(np.ones((2, 2))), np.sum)
    with pytest.raises(BufferError, match=r"funm: A: the tensor requires grad"):
        linalg.funm(torch.eye(2, requires_grad=True), np.exp)
