"""`scirs2.linalg.schur`, `rsf2csf`, `cdf2rdf`, `hessenberg`: residuals, sorting, routes."""

import matrices
import numpy as np
import pytest
import scipy.linalg
import torch
from attack.routes import forced
from scirs2 import linalg


def bound(n):
    return 10 * (n + 1)


def check_form(a, t, z, subdiagonals):
    """A unitary factor, a form of that shape, and both together the matrix."""
    n = a.shape[-1]
    assert t.dtype == z.dtype
    assert np.array_equal(t, np.triu(t, -subdiagonals))
    assert matrices.departure(z) <= bound(n)
    wide = matrices.wide(z)
    assert matrices.residual(a.astype(t.dtype), wide, t, wide.conj().swapaxes(-1, -2)) <= bound(n)


def check_blocks(t):
    """Blocks of two only, each with equal elements on the diagonal and a pair of eigenvalues."""
    below = t.diagonal(-1)
    assert not np.any((below[:-1] != 0) & (below[1:] != 0))
    for at in np.flatnonzero(below):
        block = t[at : at + 2, at : at + 2]
        assert block[0, 0] == block[1, 1]
        assert np.sign(block[0, 1]) == -np.sign(block[1, 0]) != 0


@pytest.mark.parametrize("route", [None, "small", "lapack"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 9, 33, 80])
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_forms_and_factors_give_the_matrix(dtype, name, n, route):
    if n == 0:
        a = np.zeros((0, 0), dtype)
    else:
        a = matrices.general(name, n, dtype)
    with forced(route):
        t, z = linalg.schur(a)
        complex_t, complex_z = linalg.schur(a, "complex")
    assert t.dtype == a.dtype
    check_form(a, t, z, int(a.dtype.kind == "f"))
    if a.dtype.kind == "f":
        check_blocks(t)
    check_form(a, complex_t, complex_z, 0)
    other_t, other_z = linalg.rsf2csf(t, z)
    assert other_t.dtype == complex_t.dtype
    check_form(a, other_t, other_z, 0)
    h, q = linalg.hessenberg(a, calc_q=True)
    assert h.dtype == a.dtype
    check_form(a, h, q, 1)
    assert np.array_equal(linalg.hessenberg(a), h)


def test_matrices_far_from_normal():
    n = 12
    graded = (
        np.diag(10.0 ** -np.arange(n))
        @ matrices.random((n, n))
        @ np.diag(10.0 ** np.arange(0, -n, -1))
    )
    defective = np.eye(n) + np.diag(np.ones(n - 1), 1)
    nearly = defective + 1e-14 * matrices.random((n, n), seed=1)
    q = matrices.orthogonal(n)
    for a in [
        graded,
        defective,
        nearly,
        q @ nearly @ q.T,
        q @ np.triu(graded) @ q.T,
        np.diag(q[0]),
    ]:
        t, z = linalg.schur(a)
        check_form(a, t, z, 1)
        check_blocks(t)


def eigenvalues(t):
    return np.linalg.eigvals(t)


SORTS = {
    "lhp": lambda w: w.real < 0,
    "rhp": lambda w: w.real >= 0,
    "iuc": lambda w: abs(w) <= 1,
    "ouc": lambda w: abs(w) > 1,
}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("output", ["real", "complex"])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_sorted(dtype, output, sort):
    a = matrices.random((3, 9, 9), dtype) / 2
    holds = SORTS[sort]
    ours = linalg.schur(a, output, sort=sort)
    if output == "real" and a.dtype.kind == "f":
        asked = linalg.schur(a, output, sort=lambda re, im: holds(re + 1j * im))
    else:
        asked = linalg.schur(a, output, sort=lambda w: holds(w))
    for one, other in zip(ours, asked, strict=True):
        assert np.array_equal(one, other)
    for matrix, t, z, count in zip(a, *ours, strict=True):
        check_form(matrix, t, z, int(t.dtype.kind == "f"))
        assert count == np.sum(holds(np.linalg.eigvals(matrix)))
        assert np.all(holds(np.linalg.eigvals(t[:count, :count])))
        expected = scipy.linalg.schur(matrix, output, sort=sort)
        assert expected[2] == count


def test_one_matrix_and_no_matrix_are_sorted():
    t, _, count = linalg.schur(np.diag([1.0, -2.0]), sort="lhp")
    assert t[0, 0] == -2
    assert count == 1
    assert isinstance(count, np.generic)
    assert linalg.schur(np.zeros((0, 3, 3)), sort="lhp")[2].shape == (0,)
    assert linalg.schur(np.zeros((2, 0, 0)), sort=lambda re, im: True)[2].tolist() == [0, 0]
    _, _, count = linalg.schur(torch.eye(2), sort="iuc")
    assert isinstance(count, torch.Tensor)
    assert int(count) == 2


def test_wrong_options():
    with pytest.raises(ValueError, match='schur: output: expected "real" or "complex"'):
        linalg.schur(np.eye(2), "triangular")
    with pytest.raises(ValueError, match='schur: sort: expected "lhp"'):
        linalg.schur(np.eye(2), sort="left")
    with pytest.raises(TypeError, match=r"schur: sort: expected .* or a function, got"):
        linalg.schur(np.eye(2), sort=3)
    with pytest.raises(ZeroDivisionError):
        linalg.schur(np.eye(2), sort=lambda re, im: 1 / 0)
    with pytest.raises(ValueError, match="rsf2csf: t and z of shapes"):
        linalg.rsf2csf(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="cdf2rdf: w and v of shapes"):
        linalg.cdf2rdf(np.ones(2), np.eye(3))


@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_real_forms_of_eigenvalues(dtype):
    a = matrices.random((4, 7, 7), dtype).real
    w, v = linalg.eig(a)
    real_w, real_v = linalg.cdf2rdf(w, v)
    expected_w, expected_v = scipy.linalg.cdf2rdf(w, v)
    assert np.array_equal(real_w, expected_w)
    assert np.array_equal(real_v, expected_v)
    assert real_w.dtype == a.dtype
    with pytest.raises(linalg.LinAlgError, match="not followed by its conjugate") as caught:
        linalg.cdf2rdf(np.array([[1, 2], [1j, 1j]]), np.eye(2))
    assert caught.value.index == (1,)
