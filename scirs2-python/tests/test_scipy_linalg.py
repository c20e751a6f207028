"""`scirs2.scipy.linalg`: SciPy's flags and warnings, and what only its functions do."""

import warnings

import child
import jax
import matrices
import numpy as np
import pytest
import scipy.linalg as theirs
import tensorflow
import torch
from scirs2.scipy import linalg

RNG = np.random.default_rng(0)
A = RNG.standard_normal((3, 4, 4))
S = A + A.swapaxes(-1, -2)
P = A @ A.swapaxes(-1, -2) + np.eye(4)
B = RNG.standard_normal((3, 4, 2))

# A call of each function that is not in the table of truths, or has arguments of its own.
CALLS = {
    "solve": lambda f, bring: f(bring(A), bring(B)),
    "solve, sym": lambda f, bring: f(bring(S), bring(B), assume_a="sym"),
    "solve, her": lambda f, bring: f(bring(S), bring(B), lower=True, assume_a="her"),
    "solve, pos": lambda f, bring: f(bring(P), bring(B), assume_a="pos"),
    "solve, transposed": lambda f, bring: f(bring(A), bring(B), transposed=True),
    "solve, tridiagonal": lambda f, bring: f(bring(A), bring(B), assume_a="tridiagonal"),
    "solve, upper": lambda f, bring: f(bring(A), bring(B), assume_a="upper triangular"),
    "solve, diagonal": lambda f, bring: f(bring(A), bring(B), assume_a="diagonal"),
    "inv": lambda f, bring: f(bring(A)),
    "inv, pos": lambda f, bring: f(bring(P), assume_a="pos", lower=True),
    "det": lambda f, bring: f(bring(A)),
    "lstsq": lambda f, bring: f(bring(A[..., :3]), bring(B)),
    "pinv": lambda f, bring: f(bring(A[..., :3]), rtol=0.01, return_rank=True),
    "pinvh": lambda f, bring: f(bring(S), lower=False, atol=0.1),
    "cholesky": lambda f, bring: f(bring(P)),
    "cho_factor": lambda f, bring: f(bring(P), lower=True)[0],
    "eigh, b": lambda f, bring: f(bring(S), bring(P), eigvals_only=True),
    "eigh, type": lambda f, bring: f(bring(S), bring(P), type=3, eigvals_only=True),
    "eigh, subset": lambda f, bring: f(bring(S), subset_by_index=[1, 2], eigvals_only=True),
    "eigvalsh": lambda f, bring: f(bring(S), bring(P), lower=False, type=2),
    "svdvals": lambda f, bring: f(bring(A)),
    "qr, pivoting": lambda f, bring: f(bring(A[..., :3]), pivoting=True),
    "qr, r": lambda f, bring: f(bring(A[..., :3]), mode="r", pivoting=True),
    "qr_multiply": lambda f, bring: f(bring(A), bring(B), "left", pivoting=True),
    "matrix_balance": lambda f, bring: f(bring(A)),
    "polar": lambda f, bring: f(bring(A), "left"),
    "orthogonal_procrustes": lambda f, bring: f(bring(A), bring(S)),
    "subspace_angles": lambda f, bring: f(bring(A[..., :2]), bring(B)),
    "bandwidth": lambda f, bring: f(bring(np.triu(A))),
    "issymmetric": lambda f, bring: f(bring(S)),
    "block_diag": lambda f, bring: f(bring(A), bring(B)),
    "toeplitz": lambda f, bring: f(bring(A[0]), bring(S[0])),
    "diagsvd": lambda f, bring: f(bring(A[0]), 4, 5),
    "khatri_rao": lambda f, bring: f(bring(A[0]), bring(S[0])),
    "norm": lambda f, bring: f(bring(A[0]), "fro"),
    "expm": lambda f, bring: f(bring(A)),
    "expm_cond": lambda f, bring: f(bring(A[0])),
    "expm_frechet": lambda f, bring: f(bring(A[0]), bring(S[0])),
    "logm": lambda f, bring: f(bring(P)),
    "sqrtm": lambda f, bring: f(bring(P)),
    "fractional_matrix_power": lambda f, bring: f(bring(P[0]), 0.3),
    "signm": lambda f, bring: f(bring(A[0])),
    "cosm": lambda f, bring: f(bring(A)),
    "sinm": lambda f, bring: f(bring(A)),
    "tanm": lambda f, bring: f(bring(A)),
    "coshm": lambda f, bring: f(bring(A)),
    "sinhm": lambda f, bring: f(bring(A)),
    "tanhm": lambda f, bring: f(bring(A)),
    "funm": lambda f, bring: f(bring(A), np.sin),
    "schur, sort": lambda f, bring: f(bring(A[0]), "complex", sort="lhp")[2],
    "hessenberg": lambda f, bring: f(bring(A[0])),
}


def flat(results):
    """Every array of a result; tuples opened, and the lists that SciPy makes of them."""
    if isinstance(results, tuple | list):
        return [part for one in results for part in flat(one)]
    return [results]


@pytest.mark.parametrize("call", CALLS)
def test_as_scipy(call):
    name = call.split(",")[0]
    found = flat(CALLS[call](getattr(linalg, name), np.array))
    expected = flat(CALLS[call](getattr(theirs, name), np.array))
    for ours, other in zip(found, expected, strict=True):
        assert np.shape(ours) == np.shape(other)
        # Of factors the signs of rows and columns are LAPACK's choice.
        signs = np.abs if name in ("qr", "qr_multiply") else np.asarray
        np.testing.assert_allclose(signs(ours), signs(other), rtol=1e-9, atol=1e-9)


LIBRARIES = {
    "torch": (torch.from_numpy, torch.Tensor),
    "jax": (jax.numpy.asarray, jax.Array),
    "tensorflow": (tensorflow.constant, tensorflow.Tensor),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("call", CALLS)
def test_every_library(call, library):
    bring, tensor = LIBRARIES[library]
    function = getattr(linalg, call.split(",")[0])
    results = flat(CALLS[call](function, lambda a: bring(a.astype("float32"))))
    expected = flat(CALLS[call](function, lambda a: a.astype("float32")))
    for result, same in zip(results, expected, strict=True):
        if isinstance(same, bool):
            assert result == same
            continue
        assert isinstance(result, tensor)
        assert np.array_equal(np.asarray(result), same)


@pytest.mark.parametrize("name", ["solve", "inv", "det", "svd", "eigh", "eig", "qr", "cholesky"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_before_the_work(name, value):
    a = np.eye(3)
    a[1, 0] = value
    operands = (a, np.ones(3)) if name == "solve" else (a,)
    with pytest.raises(ValueError, match=rf"{name}: a: .*check_finite=False"):
        getattr(linalg, name)(*operands)


def test_the_largest_numbers_are_finite():
    huge = np.full((2, 2), 1.7e308)
    assert np.array_equal(linalg.block_diag(huge), huge)
    assert linalg.qr(huge, mode="r")[0].shape == (2, 2)
    with pytest.raises(ValueError, match="NaN"):
        linalg.norm(np.array([1.7e308, np.nan]))
    assert linalg.norm(np.array([1.7e308, 1.7e308])) == np.inf


def test_a_singular_matrix_of_each_structure_is_refused():
    zero = np.diag(np.arange(20.0))
    for a in (zero, np.triu(np.ones((20, 20)), 1), np.ones((20, 20))):
        with pytest.raises(linalg.LinAlgError, match=r"^solve: .*singular"):
            linalg.solve(a, np.ones(20))
        with pytest.raises(linalg.LinAlgError, match=r"^inv: .*singular"):
            linalg.inv(a)


@pytest.mark.parametrize("n", [3, 20])
def test_what_has_no_values_yet(n):
    a = P[0][:3, :3] if n == 3 else matrices.positive_definite(n, "float64")
    b = np.ones(n)
    x = torch.from_numpy(a.copy()).requires_grad_()
    linalg.solve(x, torch.from_numpy(b)).sum().backward()
    np.testing.assert_allclose(
        x.grad, -np.outer(np.linalg.solve(a.T, b), np.linalg.solve(a, b)), rtol=1e-6
    )
    linalg.inv(x).sum().backward()
    found = jax.jit(linalg.solve)(a, b)
    np.testing.assert_allclose(found, np.linalg.solve(a, b), rtol=1e-3)
    np.testing.assert_allclose(jax.jit(linalg.inv)(a), np.linalg.inv(a), rtol=1e-2)
    for call in (
        lambda: linalg.solve(x, torch.from_numpy(b), assume_a="pos"),
        lambda: jax.jit(lambda a: linalg.inv(a, assume_a="pos"))(a),
    ):
        with pytest.raises(TypeError, match="without assume_a"):
            call()
    # What is known is still looked at.
    with pytest.raises(ValueError, match="solve: a: holds a NaN"):
        linalg.solve(x * np.nan, torch.from_numpy(b))


def near_singular(n, dtype):
    return matrices.positive_definite(n, dtype, condition=1e19)


@pytest.mark.parametrize("n", [5, 40])
@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_an_ill_conditioned_matrix_is_warned_of_once(n, batch, dtype):
    good = np.broadcast_to(matrices.positive_definite(n, dtype), (*batch, n, n))
    bad = np.array(good)
    bad[(-1,) * len(batch)] = near_singular(n, dtype)
    b = np.ones(n, dtype)
    for call in (
        lambda a: linalg.solve(a, b),
        lambda a: linalg.solve(a, b, transposed=True),
        lambda a: linalg.solve(a, b, assume_a="her"),
        linalg.inv,
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call(good)
        with pytest.warns(linalg.LinAlgWarning, match="ill-conditioned") as caught:
            call(bad)
        assert len(caught) == 1
        assert caught[0].filename == __file__
    assert linalg.LinAlgWarning is theirs.LinAlgWarning


def test_the_warning_is_there_without_scipy():
    child.run("""
        import sys
        sys.modules["scipy"] = None
        from scirs2.scipy import linalg
        assert issubclass(linalg.LinAlgWarning, RuntimeWarning)
        assert abs(linalg.solve([[2.0]], [1.0])[0] - 0.5) < 1e-15
    """)


def test_importing_scirs2_imports_no_scipy():
    child.run("""
        import sys
        import scirs2
        assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
    """)


def test_wrong_names_are_refused():
    for call, told in [
        (lambda: linalg.solve(np.eye(2), [1, 1], assume_a="tri"), "solve: assume_a"),
        (lambda: linalg.lstsq(np.eye(2), [1, 1], lapack_driver="x"), "lstsq: lapack_driver"),
        (lambda: linalg.svd(np.eye(2), lapack_driver="x"), "svd: lapack_driver"),
        (lambda: linalg.qr(np.eye(2), mode="reduced"), "qr: mode"),
        (lambda: linalg.eigh(np.eye(2), driver="gv"), "eigh: driver"),
        (lambda: linalg.eigh(np.eye(2), np.eye(2), type=4), "eigh: type"),
        (lambda: linalg.eigh(np.eye(2), subset_by_index=[1, 2]), "eigh: subset_by_index"),
        (lambda: linalg.rq(np.eye(2), mode="raw"), "rq: mode"),
        (lambda: linalg.polar(np.eye(2), "up"), "polar: side"),
        (lambda: linalg.qr_multiply(np.eye(2), np.eye(2), "up"), "qr_multiply: mode"),
    ]:
        with pytest.raises(ValueError, match=told):
            call()


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("n", [1, 2, 3, 9, 30])
def test_the_vectors_of_a_pencil(n, dtype):
    a, b = matrices.random((2, n, n), dtype, 1), matrices.random((2, n, n), dtype, 2)
    w, left, right = linalg.eig(a, b, left=True)
    unit = 200 * n * matrices.eps(dtype) * matrices.norm(a) * matrices.norm(b)
    residual = a @ right * 1 - b @ right * w[:, None, :]
    assert (matrices.norm(residual) <= unit * (1 + np.abs(w).max(-1))).all()
    adjoint = left.conj().swapaxes(-1, -2)
    residual = adjoint @ a - w[..., None] * (adjoint @ b)
    assert (matrices.norm(residual) <= unit * (1 + np.abs(w).max(-1))).all()
    alpha, beta = np.moveaxis(linalg.eigvals(a, b, homogeneous_eigvals=True), -2, 0)
    np.testing.assert_allclose(alpha / beta, w, rtol=1e-3 if matrices.eps(dtype) > 1e-10 else 1e-9)


def test_left_vectors_of_one_matrix():
    a = matrices.random((5, 5))
    w, left, right = linalg.eig(a, left=True)
    assert w.dtype == right.dtype == left.dtype == np.complex128
    np.testing.assert_allclose(left.conj().T @ a, w[:, None] * left.conj().T, atol=1e-13)
    np.testing.assert_allclose(a @ right, right * w, atol=1e-13)
    w, left = linalg.eig(np.diag([1.0, 2.0]), left=True, right=False)
    assert w.dtype == np.complex128
    assert left.dtype == np.float64


def test_infinite_and_indefinite_values():
    a, b = np.diag([2.0, 3.0, 0.0]), np.diag([1.0, 0.0, 0.0])
    with np.errstate(all="raise"):
        w = linalg.eigvals(a, b)
    assert w[0] == 2
    assert np.isinf(w[1].real)
    assert w[1].imag == 0
    assert np.isnan(w[2].real)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("pencil", [1, 2, 3])
def test_a_definite_pencil(pencil, name, dtype):
    if name in ("large", "small", "denormal"):
        pytest.skip("products with b leave the range")
    n = 6
    a, b = matrices.hermitian(name, n, dtype), matrices.positive_definite(n, dtype)
    w, v = linalg.eigh(a, b, type=pencil)
    left = {1: b @ v * w, 2: v * w, 3: v * w}[pencil]
    right = {1: a @ v, 2: a @ (b @ v), 3: b @ (a @ v)}[pencil]
    unit = 100 * n * matrices.eps(dtype) * (matrices.norm(a) + matrices.tiny(dtype))
    assert matrices.norm(left - right) <= unit * matrices.norm(v)
    gram = v.conj().T @ (np.linalg.inv(b) if pencil == 3 else b) @ v
    assert np.abs(gram - np.eye(n)).max() <= 1000 * n * matrices.eps(dtype)
    assert (np.diff(w) >= 0).all()
    upper = linalg.eigh(np.triu(a), np.triu(b), type=pencil, lower=False, eigvals_only=True)
    np.testing.assert_allclose(upper, w, atol=unit * 100, rtol=1e-4)


def test_a_b_that_is_not_positive_definite_is_named():
    a, b = np.eye(2), np.stack([np.eye(2), np.diag([1.0, -1.0]), np.eye(2)])
    with pytest.raises(linalg.LinAlgError, match=r"eigh: .*b that is not positive") as caught:
        linalg.eigh(a, b)
    assert caught.value.index == (1,)
    with pytest.raises(linalg.LinAlgError) as caught:
        linalg.eigh(np.broadcast_to(a, (2, 3, 2, 2)), b[:2, None])
    assert caught.value.index == (1, 0)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (0, 3), (3, 0)])
def test_pivoted_factors(shape, dtype):
    m, n = shape
    a = matrices.random(shape, dtype)
    for mode in ("full", "economic"):
        q, r, p = linalg.qr(a, mode=mode, pivoting=True)
        assert p.dtype == np.int32
        np.testing.assert_allclose(q @ r, a[:, p], atol=100 * matrices.eps(dtype))
        assert matrices.departure(q) <= 100
        diagonal = np.abs(np.diag(r))
        assert (diagonal[1:] <= diagonal[:-1] * (1 + 1e-5)).all()
        r2, q2 = linalg.rq(a, mode=mode)
        np.testing.assert_allclose(r2 @ q2, a, atol=100 * matrices.eps(dtype))
        assert matrices.departure(q2.conj().T) <= 100
        assert np.array_equal(r2, np.triu(r2, r2.shape[1] - m))
    (reflectors, tau), r, p = linalg.qr(a, mode="raw", pivoting=True)
    assert reflectors.shape == shape
    assert tau.shape == (min(m, n),)
    assert np.array_equal(r, np.triu(reflectors)[: min(m, n)])


def test_the_conjugate_of_q():
    a, c = matrices.random((4, 4), "complex128"), matrices.random((4, 3), "complex128", 1)
    q, r = linalg.qr(a)
    for side, expected in (("left", q.conj() @ c), ("right", c.T @ q.conj())):
        product, triangle = linalg.qr_multiply(a, c if side == "left" else c.T, side, False, True)
        np.testing.assert_allclose(product, expected, atol=1e-13)
        np.testing.assert_allclose(np.abs(triangle), np.abs(r), atol=1e-13)


def test_small_and_large_angles_of_one_pair():
    # One plane shares a direction, but for 1e-9, and has another at right angles, but for 1e-9.
    a = np.eye(4)[:, :2]
    b = np.array([[1, 0], [0, 1e-9], [1e-9, 0], [0, 1]])
    angles = linalg.subspace_angles(a, b)
    np.testing.assert_allclose(angles, [np.pi / 2 - 1e-9, 1e-9], rtol=1e-15 * 1e1)


def test_ranks_that_differ_are_refused():
    batch = np.stack([np.diag([1.0, 1.0]), np.diag([1.0, 0.0])])
    for call in (linalg.orth, linalg.null_space, lambda a: linalg.subspace_angles(a, a)):
        with pytest.raises(ValueError, match=r"the ranks 2 and 1"):
            call(batch)
    assert linalg.null_space(np.zeros((0, 3, 4))).shape[0] == 0


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("name", matrices.GENERAL)
def test_polar_factors_of_hard_matrices(name, dtype):
    a = matrices.general(name, 5, dtype)
    for side in ("left", "right"):
        u, p = linalg.polar(a, side)
        product = p @ u if side == "left" else u @ p
        bound = 100 * matrices.eps(dtype) * matrices.norm(a) + 100 * matrices.tiny(dtype)
        assert matrices.norm(product - a) <= bound
        assert matrices.departure(u) <= 60
        assert np.array_equal(p, p.conj().T)
        assert np.linalg.eigvalsh(p).min() >= -bound


def test_empty_batches():
    empty = np.zeros((0, 3, 3))
    assert linalg.solve(empty, np.ones((3, 2))).shape == (0, 3, 2)
    assert linalg.inv(empty, assume_a="pos").shape == (0, 3, 3)
    assert linalg.eigh(empty, empty)[1].shape == (0, 3, 3)
    assert linalg.eig(empty, empty, left=True)[2].shape == (0, 3, 3)
    assert linalg.qr(empty, pivoting=True)[2].shape == (0, 3)
    assert linalg.polar(empty)[0].shape == (0, 3, 3)
    assert linalg.matrix_balance(empty)[1].shape == (0, 3, 3)
    assert linalg.pinvh(empty).shape == (0, 3, 3)
    assert linalg.solve(np.zeros((0, 0)), np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("name", ["expm", "sqrtm", "logm", "signm", "cosm", "sinm", "tanhm"])
def test_a_number_is_a_matrix_of_one_element(name):
    found = getattr(linalg, name)(4.0)
    assert found.shape == (1, 1)
    np.testing.assert_allclose(found, getattr(theirs, name)([[4.0]]))


def test_whole_powers_are_products():
    a = np.array([[1, 2], [3, 4]])
    assert linalg.fractional_matrix_power(a, 3).dtype == a.dtype
    assert np.array_equal(linalg.fractional_matrix_power(a, 2.0), a @ a)
    assert np.array_equal(linalg.fractional_matrix_power(2.0, 2), [[4.0]])
    np.testing.assert_allclose(linalg.fractional_matrix_power(S[0] @ S[0], 0.5) @ np.eye(4),
                               theirs.fractional_matrix_power(S[0] @ S[0], 0.5), atol=1e-12)  # fmt: skip


def test_a_schur_form_is_sorted_by_scipys_functions():
    for sort in [lambda re: re >= 0, lambda re, im: re >= 0]:
        t, z, count = linalg.schur(A[0], sort=sort)
        expected = theirs.schur(A[0], sort=sort)
        assert count == expected[2]
        np.testing.assert_allclose(z @ t @ z.T, A[0], atol=1e-13)
    for wrong in ["unsupported", 1]:
        with pytest.raises(ValueError, match="schur: sort: expected None, 'lhp'"):
            linalg.schur(A[0], sort=wrong)
