"""`scirs2.linalg.det` and `slogdet`: exact answers, range, batches, NumPy's edge cases."""

import math
from fractions import Fraction

import matrices
import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scirs2 import linalg

# Matrices whose determinant is worth a digit.
REGULAR = ["random", "large", "small", "defective", "repeated", "identity"]


def exact(a):
    """The determinant in 400 digits."""
    with mpmath.workdps(400):
        return mpmath.det(mpmath.matrix(a.tolist())) if len(a) else mpmath.mpf(1)


@pytest.mark.parametrize("name", REGULAR)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 16])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_determinants_are_exact_to_what_the_condition_allows(dtype, n, name):
    a = matrices.general(name, n, dtype)
    truth = exact(a.astype("complex128" if a.dtype.kind == "c" else "float64"))
    # det(A + E) / det(A) = 1 + tr(A^-1 E): twice n eps for the factors and the product.
    bound = 2 * (n + 1) * matrices.eps(dtype) * (np.linalg.cond(a.astype("complex128")) if n else 1)
    sign, logabsdet = linalg.slogdet(a)
    assert (sign.dtype, logabsdet.dtype) == (a.dtype, a.real.dtype)
    with mpmath.workdps(400):
        assert abs(mpmath.mpmathify(complex(sign)) - truth / abs(truth)) <= bound
        log = mpmath.log(abs(truth))
        assert abs(float(logabsdet) - log) <= bound + matrices.eps(dtype) * abs(log)
        det, info = linalg.det(a), np.finfo(dtype)
        assert det.dtype == a.dtype
        if abs(truth) > 2 * mpmath.mpf(float(info.max)):
            assert np.isinf(det)
        else:
            error = abs(mpmath.mpmathify(complex(det)) - truth)
            assert error <= bound * abs(truth) + 2 * mpmath.mpf(float(info.smallest_subnormal))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_a_diagonal_gives_its_product(values):
    truth = math.prod(map(Fraction, values), start=Fraction(1))
    det = linalg.det(np.diag(values))
    if abs(truth) >= Fraction(np.finfo("float64").max):
        assert abs(det) >= np.finfo("float64").max * (1 - 1e-14)
        return
    spacing = Fraction(np.finfo("float64").smallest_subnormal)
    error = abs(Fraction(float(det)) - truth)
    assert error <= len(values) * Fraction(np.finfo("float64").eps) * abs(truth) + spacing
    sign, logabsdet = linalg.slogdet(np.diag(values))
    assert sign == (truth > 0) - (truth < 0)
    if truth:
        log = math.log(abs(truth.numerator)) - math.log(truth.denominator)
        assert math.isclose(logabsdet, log, rel_tol=1e-14, abs_tol=1e-11)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_range_is_that_of_the_result(dtype):
    a = np.diag([1e200, 1e200, 1e-200, 1e-200, 7]).astype(dtype)
    assert abs(linalg.det(a) - 7) <= 14 * matrices.eps(dtype)
    assert linalg.det(np.diag([1e-200, 1e-200, 1e200, 1e200]).astype(dtype)) != 0
    assert linalg.det(np.diag([1e200] * 2).astype(dtype)) == np.inf
    assert linalg.det(np.diag([1e-200] * 2).astype(dtype)) == 0
    assert linalg.slogdet(np.eye(1000) * 1e-300).logabsdet == pytest.approx(-3e5 * np.log(10))


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("n", [1, 2, 5, 33])
def test_denormal_matrices(n, dtype):
    a = matrices.general("denormal", n, dtype)
    lifted = linalg.slogdet(a / matrices.tiny(dtype))
    answer = linalg.slogdet(a)
    bound = 100 * n * matrices.eps(dtype) * np.linalg.cond(a / matrices.tiny(dtype))
    assert abs(answer.sign - lifted.sign) <= bound
    log = lifted.logabsdet + n * np.log(np.float64(matrices.tiny(dtype)))
    assert abs(answer.logabsdet - log) <= bound + matrices.eps(dtype) * abs(log)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = matrices.random((*batch, 4, 4), dtype)
    laid = matrices.LAYOUTS[layout](a)
    det, (sign, logabsdet) = linalg.det(laid), linalg.slogdet(laid)
    assert det.shape == sign.shape == logabsdet.shape == batch
    for index in np.ndindex(batch):
        assert det[index] == linalg.det(a[index])
        assert (sign[index], logabsdet[index]) == linalg.slogdet(a[index])
    if batch == ():
        assert isinstance(det, np.generic)
        assert isinstance(logabsdet, np.generic)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 4, 9, 20])
def test_irregular_matrices_beside_others(dtype, n):
    """Singular, not finite, out of range, on the edge of it: each is what it is alone."""
    a = matrices.random((24, n, n), dtype)
    a[1] = 0
    a[3, -1] = a[3, 0]
    a[5, 0, 0] = np.nan
    a[7, -1, 0] = np.inf
    a[9] *= 1e30
    a[11] *= 1e-30
    a[13] *= matrices.tiny(dtype)
    a[15] = np.eye(n)[::-1]
    sign, logabsdet = linalg.slogdet(a)
    for index, alone in enumerate(map(linalg.slogdet, a)):
        assert sign[index] == alone.sign
        np.testing.assert_allclose(
            logabsdet[index],
            alone.logabsdet,
            rtol=4 * matrices.eps(dtype),
            atol=1e4 * n * matrices.eps(dtype) if index != 15 else 0,
        )
    assert np.array_equal([sign[1], logabsdet[1]], [0, -np.inf])
    assert np.isnan(logabsdet[5])


@pytest.mark.parametrize(
    "a",
    [
        np.zeros((0, 0)),
        np.zeros((3, 0, 0)),
        np.zeros((0, 2, 2)),
        np.zeros((2, 2)),
        np.ones((3, 3)),
        np.eye(3)[[1, 0, 2]],
        np.eye(2, dtype="int8"),
        np.eye(2, dtype=bool),
        np.eye(2, dtype="complex64") * 1j,
        [[1, 2], [2, 4]],
        np.diag([np.inf, 2]),
        np.diag([-np.inf, 2]),
        np.diag([np.inf, 0]),
        np.diag([np.nan, 2]),
        np.array([[1, np.nan], [2, 3]]),
        np.array([[1, 2], [np.inf, 3]]),
    ],
)
def test_edge_cases_are_numpys(a):
    with np.errstate(all="ignore"):
        det, answer = np.linalg.det(a), np.linalg.slogdet(a)
    ours, (sign, logabsdet) = linalg.det(a), linalg.slogdet(a)
    assert np.array_equal(ours, det, equal_nan=True)
    assert np.array_equal(sign, answer.sign)
    assert np.array_equal(logabsdet, answer.logabsdet, equal_nan=True)
    for one, other in [(ours, det), (sign, answer.sign), (logabsdet, answer.logabsdet)]:
        assert (one.dtype, one.shape) == (other.dtype, other.shape)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 3, 2)])
@pytest.mark.parametrize("function", [linalg.det, linalg.slogdet])
def test_what_is_not_square_is_refused(function, shape):
    with pytest.raises(linalg.LinAlgError, match="det: "):
        function(np.ones(shape))


def test_halves_and_libraries():
    a = np.array([[1, 2], [2, 8]], "float16")
    assert linalg.det(a) == 4
    assert linalg.det(a).dtype == "float16"
    assert linalg.slogdet(a).logabsdet.dtype == "float16"
    answer = linalg.slogdet(torch.tensor(a).bfloat16())
    assert answer._fields == ("sign", "logabsdet")
    assert all(isinstance(x, torch.Tensor) and x.dtype == torch.bfloat16 for x in answer)
    assert linalg.det(torch.tensor(a)).shape == ()
