"""`scirs2.linalg.svd`, `svdvals`: residuals, shapes, batches, what is refused."""

import matrices
import mpmath
import numpy as np
import pytest
import torch
from scirs2 import linalg

SHAPES = [(0, 0), (0, 3), (3, 0), (1, 1), (2, 5), (5, 2), (16, 16), (33, 7), (7, 33), (60, 5)]


def bound(m, n):
    """LAPACK's own tests ask for 30 max(m, n); what was seen is below max(m, n)."""
    return 4 * (max(m, n) + 1)


def check(a, u, s, vh):
    """Values in order, orthonormal vectors, and all of them together the matrix."""
    m, n = a.shape[-2:]
    k = min(m, n)
    assert s.dtype == a.real.dtype
    assert u.dtype == vh.dtype == a.dtype
    assert s.shape[-1] == k
    assert np.all(np.diff(s) <= 0)
    assert np.all(s >= 0)
    assert matrices.departure(u) <= bound(m, n)
    assert matrices.departure(vh.conj().swapaxes(-1, -2)) <= bound(m, n)
    scaled = matrices.wide(u[..., :k]) * s.astype(np.longdouble)[..., None, :]
    assert matrices.residual(a, scaled, vh[..., :k, :]) <= bound(m, n)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33, 100])
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_values_and_vectors_give_the_matrix(dtype, name, n):
    a = matrices.general(name, n, dtype)
    check(a, *linalg.svd(a))
    values = linalg.svdvals(a)
    with np.errstate(all="ignore"):
        expected = np.linalg.svdvals(a)
    unit = matrices.eps(dtype) * matrices.norm(a) + n * matrices.tiny(dtype)
    assert np.all(np.abs(values - expected) <= bound(n, n) * unit)
    symmetric = matrices.hermitian(name, n, dtype)
    check(symmetric, *linalg.svd(symmetric, hermitian=True))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_shapes(dtype, shape, full):
    a = matrices.random(shape, dtype)
    ours, theirs = linalg.svd(a, full_matrices=full), np.linalg.svd(a, full_matrices=full)
    assert ours._fields == theirs._fields
    assert [x.shape for x in ours] == [x.shape for x in theirs]
    assert [x.dtype for x in ours] == [x.dtype for x in theirs]
    check(a, *ours)
    if not a.size:
        assert all(np.array_equal(x, y) for x, y in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a = matrices.random((7, 4)) * 10.0**power
    check(a, *linalg.svd(a))
    values = linalg.svdvals(a)
    expected = linalg.svdvals(a / 10.0**power)
    assert np.allclose(values / 10.0**power, expected, rtol=0, atol=bound(7, 4) * 1e-15)


def test_denormal_values_are_found():
    tiny = 5e-324
    assert np.array_equal(linalg.svdvals(np.diag([tiny, -3 * tiny])), [3 * tiny, tiny])


def test_exact_values_of_the_hilbert_matrix():
    with mpmath.workdps(60):
        exact = [float(x) for x in mpmath.svd_r(mpmath.hilbert(8), compute_uv=False)]
    error = np.abs(linalg.svdvals(matrices.hilbert(8)) - exact)
    assert np.all(error <= 9 * np.finfo(float).eps * exact[0])


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = matrices.random((*batch, 4, 3), dtype)
    moved = matrices.LAYOUTS[layout](a)
    for full in [False, True]:
        u, s, vh = linalg.svd(moved, full_matrices=full)
        assert u.shape == (*batch, 4, 4 if full else 3)
        assert u.flags.c_contiguous
        assert vh.flags.c_contiguous
        for index in np.ndindex(batch):
            alone = linalg.svd(a[index], full_matrices=full)
            check(a[index], u[index], s[index], vh[index])
            assert np.array_equal(u[index], alone.U)
            assert np.array_equal(s[index], alone.S)
            assert np.array_equal(vh[index], alone.Vh)
    values = linalg.svdvals(moved)
    assert values.shape == (*batch, 3)
    for index in np.ndindex(batch):
        assert np.array_equal(values[index], linalg.svdvals(a[index]))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_hermitian_is_as_numpy_has_it(dtype):
    a = matrices.hermitian("random", 6, dtype)
    spoiled = a + np.triu(np.full((6, 6), np.nan), 1)
    ours, theirs = linalg.svd(spoiled, hermitian=True), np.linalg.svd(a, hermitian=True)
    check(a, *ours)
    factors = (theirs.U.conj() * ours.U).sum(axis=0)
    assert np.allclose(ours.U, theirs.U * factors, rtol=0, atol=1e-12)
    assert np.allclose(ours.S, theirs.S, rtol=0, atol=1e-12)
    assert np.allclose(ours.Vh, theirs.Vh * factors.conj()[:, None], rtol=0, atol=1e-12)
    values = linalg.svd(spoiled, compute_uv=False, hermitian=True)
    assert np.allclose(values, theirs.S, rtol=0, atol=1e-13)
    # Values of one modulus, of both signs, and zero.
    a = np.diag([1.0, -3, 2, -3, 0])
    check(a, *linalg.svd(a, hermitian=True))
    with pytest.raises(linalg.LinAlgError, match=r"svd: .* 2 x 3"):
        linalg.svd(np.ones((2, 3)), hermitian=True)


def test_values_alone():
    a = matrices.random((3, 5, 4))
    assert np.array_equal(linalg.svd(a, compute_uv=False), linalg.svdvals(a))
    assert np.array_equal(linalg.svd(a, True, False), linalg.svdvals(a))


def test_one_large_matrix():
    a = matrices.random((500, 300))
    u, s, vh = linalg.svd(a, full_matrices=False)
    eps = np.finfo(float).eps
    assert np.linalg.norm(u.T @ u - np.eye(300)) <= bound(500, 300) * eps
    assert np.linalg.norm((u * s) @ vh - a) <= bound(500, 300) * eps * np.linalg.norm(a)
    assert np.allclose(linalg.svdvals(a), s, rtol=0, atol=500 * eps * s[0])


def test_what_is_not_finite():
    a = np.stack([np.eye(3)] * 6).reshape(2, 3, 3, 3)
    a[1, 0, 2, 0] = np.inf
    assert np.isnan(linalg.svdvals(a)[1, 0]).all()
    for hermitian in [False, True]:
        for x in linalg.svd(a, hermitian=hermitian):
            assert np.isnan(x[1, 0]).all()
            assert np.isfinite(np.delete(x.reshape(6, -1), 3, axis=0)).all()
    a[0, 2, 2, 0] = np.nan
    for function in [linalg.svd, linalg.svdvals]:
        with pytest.raises(linalg.LinAlgError, match=r"matrix 2 .* holds a NaN;") as caught:
            function(a)
        assert caught.value.index == (0, 2)


def test_what_does_not_fit_is_refused():
    for function in [linalg.svd, linalg.svdvals]:
        for shape in [(), (3,)]:
            with pytest.raises(linalg.LinAlgError, match=f"{function.__name__}: "):
                function(np.ones(shape))
    with pytest.raises(TypeError):
        linalg.svdvals(x=np.eye(2))


def test_full_matrices_that_cannot_fit_name_the_cure():
    tall = np.ones((3_000_000, 2), "float32")
    with pytest.raises(MemoryError, match=r"3000000 x 3000000 .* pass full_matrices=False"):
        linalg.svd(tall)
    with pytest.raises(MemoryError, match=r"3000000 x 3000000 .* pass full_matrices=False"):
        linalg.svd(tall.T)
    assert linalg.svd(tall, full_matrices=False).U.shape == tall.shape


def test_dtypes_and_libraries():
    u, s, vh = linalg.svd([[2, 0], [0, 1]])
    assert u.dtype == s.dtype == vh.dtype == np.float64
    assert np.array_equal(s, [2, 1])
    assert linalg.svdvals(np.eye(2, dtype=bool)).dtype == np.float64
    assert linalg.svdvals(np.eye(2, dtype="float16")).dtype == np.float16
    a = torch.tensor([[2.0, 1.0], [1.0, 2.0], [0.0, 0.0]], dtype=torch.bfloat16)
    u, s, vh = linalg.svd(a)
    assert isinstance(u, torch.Tensor)
    assert u.shape == (3, 3)
    assert u.dtype == s.dtype == vh.dtype == torch.bfloat16
    assert linalg.svdvals(a.to(torch.complex64)).dtype == torch.float32


@pytest.mark.parametrize("shape", [(40, 4), (3000, 5), (2, 900, 30), (6000, 60), (3, 50, 1200)])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_values_of_long_matrices(dtype, shape):
    """Rows are reduced to a triangle before: values as far apart as the precision allows."""
    *_, m, n = shape
    a = matrices.random(shape, dtype)
    graded = a * np.logspace(0, np.log10(matrices.eps(dtype)), n)
    for case in (a, graded.astype(dtype), np.repeat(a[..., :1], n, axis=-1)):
        values = linalg.svdvals(case)
        expected = np.linalg.svdvals(case.astype(np.result_type(case, np.float64)))
        limit = bound(m, n) * matrices.eps(dtype) * expected[..., :1]
        assert np.all(np.abs(values - expected) <= limit)
        turned = linalg.svdvals(case.swapaxes(-1, -2).copy())
        assert np.all(np.abs(turned - expected) <= limit)
    a[..., m // 2, 0] = np.inf
    assert np.isnan(linalg.svdvals(a)).all()
