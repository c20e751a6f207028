"""Functions of matrices: hard matrices in higher precision, real results, what has none."""

import warnings

import matrices
import mpmath
import numpy as np
import pytest
import scipy.linalg
import torch
from attack.routes import forced
from scirs2 import linalg

EPS = np.finfo(float).eps


def turned(a, seed=0):
    """A similar matrix without zeros."""
    q = matrices.orthogonal(len(a), seed=seed)
    return q @ a @ q.T


def hard():
    """Graded, defective, nearly defective, nilpotent, large, and far from normal matrices."""
    random = matrices.random((6, 6))
    yield "graded", np.diag(10.0 ** -np.arange(0, 12, 2)) @ random
    yield "defective", np.eye(4) + np.diag(np.ones(3), 1)
    yield "defective, turned", turned(np.eye(4) + np.diag(np.ones(3), 1))
    yield "nearly defective", np.eye(4) + np.diag(np.ones(3), 1) + 1e-14 * random[:4, :4]
    yield "nilpotent", np.triu(random, 1) * 100
    yield "nilpotent, turned", turned(np.triu(random, 1))
    yield "large", 100 * random
    yield "triangular", 10 * np.triu(random)
    yield "lower", 10 * np.tril(random)
    yield "Moler and Van Loan", np.array([[49.0, 24.0], [-64.0, -31.0]])
    yield "Ward", np.array([[-131.0, 19.0, 18.0], [-390.0, 56.0, 54.0], [-387.0, 57.0, 52.0]])
    # A norm far above the eigenvalues: what is scaled by it loses as many digits.
    yield "far from normal", np.array([[1.0, 1e6], [0.0, -1.0]])
    yield "farther", np.array([[0.001, 1e8], [0.0, -0.001]])
    # Al-Mohy and Higham's first experiment, 2012: the logarithm of a matrix with elements of 1e4.
    entries = [3.2346e-1, 3.0089e-1, 3.2210e-1, 3.0744e-1]
    yield "a logarithm", linalg.logm(np.diag(entries) + np.triu(np.full((4, 4), 3e4), 1))
    yield "small", 1e-9 * random
    yield "of a norm below one", random / 8
    yield "complex", random + 1j * matrices.random((6, 6), seed=1)
    yield "Hermitian", random + random.T
    yield "skew", random - random.T


HARD = dict(hard())


def exactly(a):
    return mpmath.matrix([[mpmath.mpmathify(complex(x)) for x in row] for row in a])


def rounded(a):
    return np.array(a.tolist(), complex)


def size(a):
    return np.linalg.norm(a)


def circular(sign):
    """The exponential of i times the matrix, and its reciprocal, of which sine and cosine are."""
    return lambda a: (
        mpmath.expm(a * sign, method="taylor"),
        mpmath.expm(-a * sign, method="taylor"),
    )


def cosine(a, unit=1j):
    plus, minus = circular(unit)(a)
    return (plus + minus) / 2


def sine(a, unit=1j):
    plus, minus = circular(unit)(a)
    return (plus - minus) / (2 * unit)


def tangent(a, unit=1j):
    return sine(a, unit) * cosine(a, unit) ** -1


TRUTHS = {
    "expm": lambda a: mpmath.expm(a, method="taylor"),
    "cosm": cosine,
    "sinm": sine,
    "coshm": lambda a: cosine(a, 1),
    "sinhm": lambda a: sine(a, 1),
}


def sensitivity(function, a, value):
    """How much the function changes for a small change of the matrix, relative to both."""
    most = mpmath.mpf(0)
    for seed in range(3):
        change = matrices.random(a.shape, seed=seed + 5)
        step = mpmath.mpf(10) ** -40 * size(a) / size(change)
        moved = function(exactly(a) + exactly(change) * step)
        most = max(most, mpmath.mnorm(moved - value, "f") * mpmath.mpf(10) ** 40)
    return float(most / mpmath.mnorm(value, "f"))


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("function", TRUTHS)
def test_in_higher_precision(function, name):
    a = HARD[name]
    truth = TRUTHS[function]
    with mpmath.workdps(150):
        value = truth(exactly(a))
        condition = sensitivity(truth, a, value)
        found = getattr(linalg, function)(a)
        error = float(mpmath.mnorm(exactly(found) - value, "f") / mpmath.mnorm(value, "f"))
    # Three directions see less than the worst one.
    assert error <= 10 * len(a) * max(condition, 1) * EPS


@pytest.mark.parametrize("name", HARD)
def test_the_derivative_in_higher_precision(name):
    a, e = HARD[name], matrices.random(HARD[name].shape, seed=3)
    n = len(a)
    with mpmath.workdps(150):
        block = mpmath.zeros(2 * n)
        block[:n, :n] = block[n:, n:] = exactly(a)
        block[:n, n:] = exactly(e)
        value = mpmath.expm(block, method="taylor")[:n, n:]
        condition = sensitivity(TRUTHS["expm"], a, TRUTHS["expm"](exactly(a)))
    expected = rounded(value)
    exponential, derivative = linalg.expm_frechet(a, e)
    bound = 30 * n * max(condition, 1) * EPS
    assert size(derivative - expected) <= bound * size(expected) * max(1, size(a))
    assert size(exponential - linalg.expm(a)) <= 10 * n * max(condition, 1) * EPS * size(
        exponential
    )
    assert np.array_equal(linalg.expm_frechet(a, e, compute_expm=False), derivative)


def test_condition_numbers_of_the_exponential():
    for name in ["defective", "Moler and Van Loan", "complex", "skew", "small"]:
        a = HARD[name]
        assert linalg.expm_cond(a) == pytest.approx(scipy.linalg.expm_cond(a), rel=1e-8)
    a = matrices.random((3, 5, 5))
    found = linalg.expm_cond(a)
    assert found.tolist() == [linalg.expm_cond(one) for one in a]
    assert found == pytest.approx([scipy.linalg.expm_cond(one) for one in a], rel=1e-8)
    assert linalg.expm_cond(np.zeros((2, 2))) == 0
    assert np.isnan(linalg.expm_cond(np.diag([1e4, 0])))
    assert linalg.expm_cond(a.astype("float32")).dtype == np.float32


def with_eigenvalues(values, seed=0):
    """A matrix with these eigenvalues, and vectors that are not orthogonal."""
    v = matrices.random((len(values),) * 2, seed=seed) + 3 * np.eye(len(values))
    return v @ np.diag(values) @ np.linalg.inv(v)


def rotation(angle, n=3):
    a = np.eye(n)
    a[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turned(a, seed=2) if n > 2 else a


def rooted():
    """Matrices that have a square root and a logarithm, and whether these are real."""
    random = matrices.random((6, 6))
    yield "squares", random @ random, True
    yield "positive", with_eigenvalues(np.arange(1.0, 9.0)), True
    yield "graded", with_eigenvalues(10.0 ** np.arange(-4, 4)), True
    yield "a negative one", with_eigenvalues([1.0, 2.0, -3.0]), False
    yield "negative definite", -(random @ random.T) - np.eye(6), False
    yield "defective", np.eye(4) + np.diag(np.ones(3), 1), True
    yield "nearly defective", np.eye(4) + np.diag(np.ones(3), 1) + 1e-14 * random[:4, :4], True
    yield "Frank", np.array([[4.0, 3, 2, 1], [3, 3, 2, 1], [0, 2, 2, 1], [0, 0, 1, 1]]), True
    yield "definite", random @ random.T + np.eye(6), True
    yield "rotation", rotation(3.0), True
    yield "rotation by almost pi", rotation(np.pi - 1e-8, 2), True
    yield "tiny", 1e-200 * (random @ random), True
    yield "huge", 1e200 * (random @ random), True
    yield "triangular", np.triu(random) + 5 * np.eye(6), True
    large = matrices.random((70, 70))
    yield "of halves", large @ large / 70, True
    yield "of halves, triangular", np.triu(large) + 40 * np.eye(70), True


ROOTED = {name: (a, real) for name, a, real in rooted()}


def longdouble(a):
    return np.asarray(a, np.clongdouble)


@pytest.mark.parametrize("route", [None, "lapack"])
@pytest.mark.parametrize("name", ROOTED)
def test_square_roots(name, route):
    a, real = ROOTED[name]
    if real and name == "squares" and np.any((w := np.linalg.eigvals(a)).real[w.imag == 0] < 0):
        pytest.skip("an eigenvalue is negative")
    with forced(route):
        x = linalg.sqrtm(a)
    assert x.dtype == ("float64" if real else "complex128")
    residual = longdouble(x) @ longdouble(x) - a
    assert np.linalg.norm(residual.astype(complex) / size(x) ** 2) <= 10 * len(a) * EPS
    assert np.all(np.linalg.eigvals(x).real >= -1e-7 * size(x))


@pytest.mark.parametrize("route", [None, "lapack"])
@pytest.mark.parametrize("name", ROOTED)
def test_logarithms_and_powers(name, route):
    a, real = ROOTED[name]
    with forced(route):
        log = linalg.logm(a)
        powers = {t: linalg.fractional_matrix_power(a, t) for t in [0.5, 0.3, -0.3, 2.7, -1.5, 3.0]}
    assert log.dtype == ("float64" if real else "complex128")
    with np.errstate(all="ignore"):
        _, v = np.linalg.eig(a / np.abs(a).max())
    condition = min(np.linalg.cond(v), 1e8) * max(1, np.log2(np.linalg.cond(a / np.abs(a).max())))
    bound = 50 * len(a) * condition * EPS
    most = np.abs(a).max()
    assert size(linalg.expm(log) / most - a / most) <= bound * max(1, size(log)) * size(a / most)
    for t, power in powers.items():
        assert power.dtype == (log.dtype if t % 1 or name.startswith("of") else power.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            expected = linalg.expm(t * log)
        largest = np.abs(expected).max()
        if 1e-290 < largest < 1e290:
            error = size((power - expected) / largest)
            assert error <= bound * len(a) * max(1, abs(t) * size(log))


def test_a_rotation_has_a_real_logarithm():
    for angle in [1e-9, 0.1, 1.0, 3.0, np.pi - 1e-6, np.pi - 1e-8, np.nextafter(np.pi, 0)]:
        log = linalg.logm(rotation(angle, 2))
        assert log.dtype == np.float64
        np.testing.assert_allclose(log, [[0, -angle], [angle, 0]], rtol=0, atol=1e-15)
        r = rotation(angle)
        log = linalg.logm(r)
        assert log.dtype == np.float64
        np.testing.assert_allclose(linalg.expm(log), r, rtol=0, atol=20 * EPS)


def test_where_scipy_is_wrong():
    # The number of a fault is that of its report there.
    assert linalg.sqrtm([[4.0]]).tolist() == [[2.0]]  # 25610
    assert linalg.signm(np.diag([1e8, -1e-6])).tolist() == [[1, 0], [0, -1]]
    tiny = 1e-10 * matrices.random((4, 4))
    for name in ["sinhm", "tanhm", "sinm", "tanm"]:
        np.testing.assert_allclose(getattr(linalg, name)(tiny), tiny, rtol=1e-14)
    with pytest.raises(
        linalg.LinAlgError, match="logm: the matrix has no logarithm: it is singular"
    ):
        linalg.logm(np.zeros((2, 2)))
    isolated = np.array([[1, 0, 1j], [0, 4, 0], [0, 0, 9]], complex)  # 23278
    root = linalg.sqrtm(isolated)
    np.testing.assert_allclose(root @ root, isolated, atol=1e-14)
    both = linalg.expm(np.array([[[1.0, 2], [3, 4]], [[0.0, 1e3], [0, 0]]]))  # 25924
    assert both[1].tolist() == [[1, 1e3], [0, 1]]
    np.testing.assert_allclose(
        linalg.expm([[1.0, 1e6], [0, -1]]), [[np.e, np.sinh(1) * 1e6], [0, 1 / np.e]], rtol=1e-15
    )


def test_singular_matrices():
    random = matrices.random((4, 2))
    for a in [
        np.zeros((3, 3)),
        np.diag([4.0, 0, 0]),
        random @ random.T,
        np.array([[1.0, 1], [0, 0]]),
    ]:
        x = linalg.sqrtm(a)
        assert x.dtype == np.float64
        np.testing.assert_allclose(x @ x, a, atol=1e-14)
        power = linalg.fractional_matrix_power(a, 3)
        np.testing.assert_allclose(power, a @ a @ a, atol=1e-13)
    for a in [np.diag([1.0], 1), np.diag(np.ones(3), 1), np.kron(np.eye(20), np.diag([1.0], 1))]:
        with pytest.raises(linalg.LinAlgError, match="sqrtm: the matrix has no square root"):
            linalg.sqrtm(a)
        with pytest.raises(linalg.LinAlgError, match="has no logarithm"):
            linalg.logm(a)
        with pytest.raises(linalg.LinAlgError, match="has no such power"):
            linalg.fractional_matrix_power(a, 0.5)
        with pytest.raises(linalg.LinAlgError, match="has no such power"):
            linalg.fractional_matrix_power(a, -1.0)


def test_principal_values_on_the_negative_axis():
    root = linalg.sqrtm(-np.eye(2))
    assert np.array_equal(root, 1j * np.eye(2))
    assert np.array_equal(linalg.logm(-np.eye(2)), np.pi * 1j * np.eye(2))
    # One matrix of the batch makes all of it complex.
    batch = np.stack([np.eye(2), -np.eye(2)])
    assert np.array_equal(linalg.sqrtm(batch), np.stack([np.eye(2), root]))
    a = with_eigenvalues([-1.0, -2.0, 3.0])
    log = linalg.logm(a)
    assert np.allclose(np.sort(np.linalg.eigvals(log).imag), [0, np.pi, np.pi])


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("n", [1, 2, 5, 20, 80])
def test_signs(dtype, n):
    a = matrices.random((3, n, n), dtype)
    s = linalg.signm(a)
    assert s.dtype == a.dtype
    eps = matrices.eps(dtype)
    for matrix, sign in zip(matrices.wide(a), matrices.wide(s), strict=True):
        w, v = np.linalg.eig(matrix.astype(np.result_type(dtype, float)))
        bound = 100 * n * eps * np.linalg.cond(v) * size(sign.astype(complex))
        assert size((sign @ sign - np.eye(n)).astype(complex)) <= bound * size(sign.astype(complex))
        expected = v @ np.diag(np.sign(w.real)) @ np.linalg.inv(v)
        assert size(sign.astype(complex) - expected) <= bound * max(1, np.max(abs(w) / abs(w.real)))


@pytest.mark.parametrize("a", [
    np.array([[0.0, -1], [1, 0]]), np.zeros((2, 2)), np.diag([1.0, 0]), np.array([[1.0, 2], [2, 4]]),
    turned(np.diag([1.0, 1e-17, 2])), np.array([[1j]]),
])  # fmt: skip
def test_no_sign(a):
    with pytest.raises(linalg.LinAlgError, match="signm: the matrix has no sign"):
        linalg.signm(a)


def test_no_tangent():
    # The cosine of pi/2 is not zero in floating point; that of this matrix is singular exactly.
    a = np.zeros((2, 2))
    assert np.array_equal(linalg.tanm(a), a)
    x = matrices.random((5, 5)) / 2
    np.testing.assert_allclose(linalg.cosm(x) @ linalg.tanm(x), linalg.sinm(x), atol=1e-13)
    np.testing.assert_allclose(linalg.coshm(x) @ linalg.tanhm(x), linalg.sinhm(x), atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 17])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_a_batch_of_many_norms_is_its_matrices(dtype, n):
    scales = np.array([0, 1e-3, 0.1, 0.5, 1, 2, 5, 20, 0.01, 3, 1, 30, 7, 1e-8, 4, 2, 1, 9, 0.3])
    a = (matrices.random((19, n, n), dtype) * scales[:, None, None] / n).astype(dtype)
    a[4] = np.triu(a[4])
    a[7] = np.tril(a[7])
    for function in [linalg.expm, linalg.cosm, linalg.sinhm]:
        whole = function(a)
        assert whole.dtype == a.dtype
        for one, expected in zip(whole, map(function, a), strict=True):
            np.testing.assert_allclose(
                one, expected, rtol=0, atol=20 * n * matrices.eps(dtype) * np.abs(expected).max()
            )
    directions = matrices.random((19, n, n), dtype, 1) * np.roll(scales, 3)[:, None, None] ** 4
    directions = directions.astype(dtype)
    both = linalg.expm_frechet(a, directions)
    assert np.array_equal(linalg.expm_frechet(a, directions, compute_expm=False), both[1])
    for at, (matrix, direction) in enumerate(zip(a, directions, strict=True)):
        for one, expected in zip(both, linalg.expm_frechet(matrix, direction), strict=True):
            bound = 20 * n * matrices.eps(dtype) * max(1, size(matrix))
            assert size(one[at] - expected) <= bound * size(expected)
    with mpmath.workdps(60):
        for matrix, found in zip(a, linalg.expm(a), strict=True):
            expected = rounded(mpmath.expm(exactly(matrix), method="taylor"))
            condition = max(1, size(matrix))
            bound = 20 * n * matrices.eps(dtype) * condition * np.exp(np.linalg.norm(matrix, 2))
            assert size(found - expected) <= bound


def test_overflow_is_infinite_and_its_neighbours_are_right():
    a = np.array([[[1e4, 0.0], [0, 1]], [[0.0, 1], [1, 0]]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        e = linalg.expm(a)
    assert e[0].tolist() == [[np.inf, 0], [0, np.e]]
    np.testing.assert_allclose(e[1], [[np.cosh(1), np.sinh(1)], [np.sinh(1), np.cosh(1)]])
    assert linalg.expm(np.diag([-1e5, -1e308])).tolist() == [[0, 0], [0, 0]]


FUNCTIONS = {
    **{name: getattr(linalg, name) for name in [
        "expm", "cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm", "logm", "sqrtm", "signm"
    ]},
    "power": lambda a: linalg.fractional_matrix_power(a, 0.5),
    "derivative": lambda a: linalg.expm_frechet(a, a)[1],
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_orders_layouts_and_what_is_not_finite(name):
    function = FUNCTIONS[name]
    assert function(np.zeros((0, 0))).shape == (0, 0)
    assert function(np.zeros((2, 0, 0))).shape == (2, 0, 0)
    assert function(np.zeros((0, 3, 3))).shape == (0, 3, 3)
    a = np.stack([np.eye(3) + matrices.random((3, 3), seed=seed) / 4 for seed in range(4)])
    expected = function(a)
    read_only = a.copy()
    read_only.flags.writeable = False
    for same in [read_only, np.asfortranarray(a), np.repeat(a, 2, 0)[::2], a[::-1].copy()[::-1]]:
        assert np.array_equal(function(same), expected)
    np.testing.assert_allclose(function(a.mT), expected.mT, atol=1e-13)
    tensor = function(torch.from_numpy(a))
    assert isinstance(tensor, torch.Tensor)
    assert np.array_equal(tensor.numpy(), expected)
    for bad in [np.nan, np.inf, -np.inf]:
        spoiled = a.copy()
        spoiled[2, 1, 1] = bad
        with pytest.raises(linalg.LinAlgError, match="NaN or an infinity") as caught:
            function(spoiled)
        assert caught.value.index == (2,)


def test_exponents():
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    assert np.array_equal(linalg.fractional_matrix_power(a, 0.0), np.eye(2))
    np.testing.assert_allclose(linalg.fractional_matrix_power(a, 5.0), np.linalg.matrix_power(a, 5))
    np.testing.assert_allclose(linalg.fractional_matrix_power(a, -2), np.linalg.inv(a @ a))
    for t in [np.nan, np.inf]:
        with pytest.raises(
            ValueError, match="fractional_matrix_power: t: expected a finite number"
        ):
            linalg.fractional_matrix_power(a, t)


@pytest.mark.parametrize("scale", [1, 10, 100, 1e4])
@pytest.mark.parametrize("function", ["tanhm", "tanm"])
def test_a_tangent_whose_sine_and_cosine_are_large(function, scale):
    unit, a = (1, scale * matrices.random((5, 5))) if function == "tanhm" else (1j, HARD["skew"])
    if function == "tanm":
        # Imaginary eigenvalues, and real ones beside them.
        a = scale * a + 0.3 * np.eye(len(a))
    found = getattr(linalg, function)(a)
    if scale > 100:
        # Every eigenvalue of the hyperbolic tangent is one, or minus one.
        np.testing.assert_allclose(found @ found, unit**-2 * np.eye(len(a)), atol=1e-10)
        return
    with mpmath.workdps(100 + int(size(a))):
        value = tangent(exactly(a), unit)
        condition = sensitivity(lambda x: tangent(x, unit), a, value)
        error = float(mpmath.mnorm(exactly(found) - value, "f") / mpmath.mnorm(value, "f"))
    assert error <= 10 * len(a) * max(condition, 1) * EPS
