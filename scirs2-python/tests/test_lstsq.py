"""`scirs2.linalg.lstsq`: solutions, residuals, ranks, batches, what is refused."""

import itertools
import pickle

import matrices
import numpy as np
import pytest
import torch
from scirs2 import linalg

SHAPES = [(1, 1), (5, 2), (2, 5), (4, 4), (33, 7), (7, 33), (60, 5)]


def bound(m, n):
    """LAPACK's own tests ask for 30 max(m, n)."""
    return 8 * (max(m, n) + 1)


def same(ours, theirs):
    """The four results have the shapes and dtypes of NumPy's."""
    assert len(ours) == len(theirs) == 4
    for x, y in zip(ours, theirs, strict=True):
        assert (np.shape(x), x.dtype) == (np.shape(y), y.dtype)
    assert np.array_equal(ours[2], theirs[2])
    assert isinstance(ours[2], np.int32)


def test_the_results_have_the_names_of_pytorchs():
    result = linalg.lstsq(np.eye(3)[:, :2], np.ones(3))
    x, residuals, rank, s = result
    assert result.solution is x
    assert result.residuals is residuals
    assert result.rank is rank
    assert result.singular_values is s
    theirs = torch.linalg.lstsq(torch.eye(3), torch.ones(3, 1))
    assert set(result._fields) == {name for name in dir(theirs) if name in result._fields}
    assert all(map(np.array_equal, pickle.loads(pickle.dumps(result)), result))


@pytest.mark.parametrize("sides", [None, 0, 1, 3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_full_rank_is_as_numpy_has_it(dtype, shape, sides):
    m, n = shape
    a = matrices.random(shape, dtype)
    b = matrices.random((m,) if sides is None else (m, sides), dtype, 1)
    ours, theirs = linalg.lstsq(a, b), np.linalg.lstsq(a, b)
    same(ours, theirs)
    x, residuals, _, s = ours
    condition = s[0] / s[-1]
    # Single is computed in double and rounded once: NumPy's are the same but for
    # that.
    limit = bound(m, n) * matrices.eps(dtype) * condition**2
    assert np.all(np.abs(x - theirs[0]) <= limit * (1 + np.abs(theirs[0]).max(initial=0)))
    assert np.all(np.abs(s - theirs[3]) <= bound(m, n) * matrices.eps(dtype) * s[0])
    assert np.allclose(residuals, theirs[1], rtol=limit, atol=limit)
    left = matrices.wide(b) - matrices.wide(a) @ matrices.wide(x)
    if m > n and sides != 0:
        # The normal equations, as far as x could be rounded.
        gradient = np.abs(matrices.wide(a).conj().T @ left)
        scale = matrices.norm(a) * np.sqrt((np.abs(matrices.wide(b)) ** 2).sum())
        assert np.all(gradient <= bound(m, n) * matrices.eps(dtype) * scale * condition)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33])
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_residual_is_as_small_as_can_be(dtype, name, n):
    a = matrices.general(name, n, dtype)
    # Within the space of the columns, of the size of the matrix.
    target = matrices.random((n, 2), dtype, 3)
    b = (matrices.wide(a) @ matrices.wide(target)).astype(dtype)
    if not np.isfinite(b).all():
        pytest.skip("beyond the range of the dtype")
    x, _, rank, s = linalg.lstsq(a, b)
    theirs = np.linalg.lstsq(a, b)
    assert rank == theirs[2]
    if rank:
        # What the singular values that were left out are worth.
        unit = bound(n, n) * matrices.eps(dtype) * matrices.norm(a)
        left = matrices.norm(matrices.wide(a) @ matrices.wide(x) - matrices.wide(b))
        size = matrices.norm(x) + matrices.norm(target)
        assert left <= unit * size + n * n * matrices.tiny(dtype)
    else:
        assert not x.any()
    assert np.all(np.abs(s - linalg.svdvals(a)) <= bound(n, n) * matrices.eps(dtype) * s[0])


@pytest.mark.parametrize("rcond", [None, -1, 0.0, 1e-3, 0.5, 2.0, np.float32(0.1)])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_deficient_rank_and_rcond(dtype, rcond):
    a = matrices.with_singular_values([8, 2, 1e-2, 1e-8], dtype)
    b = matrices.random((4, 2), dtype)
    for matrix, side in [(a, b), (a[:, :3], b), (a[:3], b[:3])]:
        ours, theirs = linalg.lstsq(matrix, side, rcond), np.linalg.lstsq(matrix, side, rcond)
        same(ours, theirs)
        # Outside of (0, 1) it is the epsilon, and the last value counts or not.
        if rcond in (1e-3, 0.5, np.float32(0.1)):
            limit = 1e4 * matrices.eps(dtype)
            assert np.allclose(ours[0], theirs[0], rtol=limit, atol=limit)
    ones = np.ones((3, 2), dtype)
    same(linalg.lstsq(ones, ones), np.linalg.lstsq(ones, ones))


@pytest.mark.parametrize("shapes", list(itertools.product([(0, 3), (3, 0), (0, 0)], [None, 0, 2])))
def test_matrices_without_elements(shapes):
    (m, n), sides = shapes
    a, b = np.zeros((m, n)), np.ones((m,) if sides is None else (m, sides))
    ours, theirs = linalg.lstsq(a, b), np.linalg.lstsq(a, b)
    same(ours, theirs)
    assert all(np.array_equal(x, y) for x, y in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    scale = 10.0**power
    a, b = matrices.random((7, 4)), matrices.random((7, 2), seed=1)
    expected = linalg.lstsq(a, b)
    for scaled, factor in [
        (linalg.lstsq(a * scale, b), 1 / scale),
        (linalg.lstsq(a, b * scale), scale),
        (linalg.lstsq(a * scale, b * scale), 1.0),
    ]:
        assert scaled[2] == 4
        assert np.allclose(scaled[0] / factor, expected[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("a_batch", "b_batch", "batch"),
    [
        ((3,), (3,), (3,)),
        ((2, 1), (3,), (2, 3)),
        ((), (2, 3), (2, 3)),
        ((2,), (), (2,)),
        ((0,), (1,), (0,)),
        ((2, 0, 3), (3,), (2, 0, 3)),
    ],
)
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_broadcast(dtype, shape, a_batch, b_batch, batch):
    m, n = shape
    a, b = matrices.random((*a_batch, m, n), dtype), matrices.random((*b_batch, m, 2), dtype, 1)
    x, residuals, rank, s = linalg.lstsq(a, b)
    assert x.shape == (*batch, n, 2)
    assert residuals.shape == (*batch, 2 if m > n else 0)
    assert rank.shape == batch
    assert rank.dtype == np.int32
    assert s.shape == (*batch, min(m, n))
    full_a = np.broadcast_to(a, (*batch, m, n))
    full_b = np.broadcast_to(b, (*batch, m, 2))
    for index in np.ndindex(batch):
        alone = linalg.lstsq(full_a[index], full_b[index])
        for whole, one in zip((x, residuals, rank, s), alone, strict=True):
            assert np.array_equal(whole[index], one)


def test_a_vector_goes_with_every_matrix():
    a, b = matrices.random((2, 3, 5, 2)), matrices.random(5)
    x, residuals, rank, s = linalg.lstsq(a, b)
    assert (x.shape, residuals.shape, rank.shape, s.shape) == (
        (2, 3, 2),
        (2, 3, 1),
        (2, 3),
        (2, 3, 2),
    )
    assert np.allclose(x[1, 2], np.linalg.lstsq(a[1, 2], b)[0])
    a[0, 1] = 1
    _, residuals, rank, _ = linalg.lstsq(a, b)
    assert rank[0, 1] == 1
    assert np.isnan(residuals[0, 1]).all()
    assert np.isfinite(residuals[1]).all()


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_layouts(dtype, layout):
    a, b = matrices.random((2, 5, 3), dtype), matrices.random((2, 5, 2), dtype, 1)
    expected = linalg.lstsq(a, b)
    moved = linalg.lstsq(matrices.LAYOUTS[layout](a), matrices.LAYOUTS[layout](b))
    for x, y in zip(moved, expected, strict=True):
        assert np.array_equal(x, y)
        assert x.flags.c_contiguous


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite(value):
    a = matrices.random((2, 3, 5, 2))
    b = matrices.random((5, 3))
    expected = linalg.lstsq(a, b)
    b[4, 1] = value
    x, residuals, rank, s = linalg.lstsq(a, b)
    assert np.isnan(x[..., 1]).all()
    assert np.isnan(residuals[..., 1]).all()
    others = [0, 2]
    assert np.allclose(x[..., others], expected[0][..., others], rtol=1e-13, atol=1e-13)
    assert np.array_equal(rank, expected[2])
    assert np.array_equal(s, expected[3])
    a[1, 0, 2, 0] = value
    with pytest.raises(linalg.LinAlgError, match=r"matrix 3 .* holds a NaN") as caught:
        linalg.lstsq(a, b)
    assert caught.value.index == (1, 0)


def test_what_does_not_fit_is_refused():
    for a, b in [
        (np.ones(3), np.ones(3)),
        (np.eye(3), 5),
        (np.eye(3), np.ones(4)),
        (np.eye(3), np.ones((2, 3))),
    ]:
        with pytest.raises(linalg.LinAlgError, match="lstsq: "):
            linalg.lstsq(a, b)
    with pytest.raises(ValueError, match=r"lstsq: .*\(2,\) and \(3,\)"):
        linalg.lstsq(np.ones((2, 4, 3)), np.ones((3, 4, 1)))


def test_dtypes_and_libraries():
    a = np.array([[1, 0], [1, 1], [1, 2]])
    for dtype in ["int32", "bool", "float16", "float32"]:
        x, residuals, rank, s = linalg.lstsq(a.astype(dtype), np.array([0, 1, 1], dtype))
        expected = np.float64 if dtype in ("int32", "bool") else np.dtype(dtype)
        assert x.dtype == residuals.dtype == s.dtype == expected
        assert rank.dtype == np.int32
    x, _, rank, _ = linalg.lstsq(a.tolist(), [0, 1, 2])
    assert np.allclose(x, [0, 1])
    tensor = torch.tensor(a, dtype=torch.bfloat16)
    x, residuals, rank, s = linalg.lstsq(tensor, tensor[:, :1])
    assert all(isinstance(y, torch.Tensor) for y in (x, residuals, rank, s))
    assert x.dtype == s.dtype == torch.bfloat16
    assert int(rank) == 2
    mixed = linalg.lstsq(a.astype("float32"), np.ones(3, "complex64"))
    assert mixed[0].dtype == np.complex64
