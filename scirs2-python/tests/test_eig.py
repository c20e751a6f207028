"""`scirs2.linalg.eig`, `eigvals`: residuals, real or complex, what is refused."""

import matrices
import mpmath
import numpy as np
import pytest
import torch
from scirs2 import linalg

SIZES = [0, 1, 2, 3, 5, 16, 33, 100]


def bound(n):
    """LAPACK's own tests ask for 20 n; what was seen is below 2 n."""
    return 4 * (n + 1)


def check(a, w, v):
    """Vectors of length one that the matrix only stretches."""
    n = a.shape[-1]
    product = matrices.wide(v) * matrices.wide(w)[..., None, :]
    wide = matrices.wide(a)
    error = matrices.norm(wide @ matrices.wide(v) - product)
    unit = matrices.eps(a.dtype) * matrices.norm(a) + max(n * n, 1) * matrices.tiny(a.dtype)
    # Each of n columns may have the error of a matrix.
    assert np.all(error <= bound(n) * unit * np.sqrt(max(n, 1)))
    lengths = np.sqrt((np.abs(matrices.wide(v)) ** 2).sum(axis=-2))
    assert np.all(np.abs(lengths - 1) <= bound(n) * matrices.eps(a.dtype))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_values_and_vectors_fit_the_matrix(dtype, name, n):
    a = matrices.general(name, n, dtype)
    w, v = linalg.eig(a)
    check(a, w, v)
    values = linalg.eigvals(a)
    assert values.shape == (n,)
    # The sum is the trace, whatever the condition of each.
    wide = matrices.wide(a)
    unit = matrices.eps(dtype) * matrices.norm(a) + n * n * matrices.tiny(dtype)
    for found in (w, values):
        error = np.abs(matrices.wide(found).sum() - np.trace(wide))
        assert error <= bound(n) * unit * np.sqrt(max(n, 1))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 30])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_order_is_numpys(dtype, n):
    a = matrices.random((n, n), dtype)
    ours, theirs = linalg.eig(a), np.linalg.eig(a)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours._fields == theirs._fields
    assert [x.dtype for x in ours] == [x.dtype for x in theirs]
    # Random matrices have values of a condition of some n.
    assert np.allclose(ours.eigenvalues, theirs.eigenvalues, rtol=0, atol=1e-11)
    # The sign of a vector depends on the version of the library.
    cosines = (ours.eigenvectors.conj() * theirs.eigenvectors).sum(axis=0)
    assert np.allclose(np.abs(cosines), 1, rtol=0, atol=1e-11)
    assert np.allclose(ours.eigenvectors * cosines, theirs.eigenvectors, rtol=0, atol=1e-11)
    assert np.allclose(linalg.eigvals(a), np.linalg.eigvals(a), rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_real_or_complex(dtype):
    real, rotation = np.diag([1, 2]).astype(dtype), np.array([[0, -1], [1, 0]], dtype)
    complex_type = np.result_type(dtype, "complex64")
    for a in [real, rotation, np.stack([real, real]), np.stack([real, rotation])]:
        for function in ["eigvals", "eig"]:
            ours, theirs = getattr(linalg, function)(a), getattr(np.linalg, function)(a)
            ours, theirs = (ours, theirs) if function == "eig" else ([ours], [theirs])
            for x, y in zip(ours, theirs, strict=True):
                assert x.dtype == y.dtype
                assert x.dtype in (np.dtype(dtype), complex_type)
                assert np.allclose(x, y)
    for shape in [(0, 0), (0, 3, 3), (2, 0, 0)]:
        a = np.zeros(shape, dtype)
        for x, y in zip(linalg.eig(a), np.linalg.eig(a), strict=True):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a = matrices.random((7, 7)) * 10.0**power
    w, v = linalg.eig(a)
    check(a, w, v)
    expected = linalg.eigvals(a / 10.0**power)
    assert np.allclose(np.sort(w / 10.0**power), np.sort(expected), rtol=0, atol=1e-12)


def test_exact_values():
    # The companion matrix of (x - 1)(x - 2)...(x - 6).
    a = np.zeros((6, 6))
    a[0] = -np.poly(np.arange(1, 7))[1:]
    a[1:, :-1] = np.eye(5)
    with mpmath.workdps(50):
        exact = sorted(mpmath.eig(mpmath.matrix(a.tolist()), left=False, right=False), key=abs)
    exact = np.array([float(mpmath.re(x)) for x in exact])
    # The condition of its worst value is near 1e6.
    assert np.allclose(np.sort(linalg.eigvals(a)), exact, rtol=1e-9, atol=0)
    assert np.array_equal(linalg.eigvals(np.triu(matrices.random((5, 5)))).imag, np.zeros(5))


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = matrices.random((*batch, 4, 4), dtype)
    w, v = linalg.eig(matrices.LAYOUTS[layout](a))
    assert w.shape == (*batch, 4)
    assert v.shape == a.shape
    assert v.flags.c_contiguous
    values = linalg.eigvals(matrices.LAYOUTS[layout](a))
    for index in np.ndindex(batch):
        alone = linalg.eig(a[index])
        assert np.array_equal(w[index], alone.eigenvalues)
        assert np.array_equal(v[index], alone.eigenvectors)
        assert np.array_equal(values[index], linalg.eigvals(a[index]))


def test_one_large_matrix():
    a = matrices.random((200, 200))
    w, v = linalg.eig(a)
    error = np.linalg.norm(a @ v - v * w)
    assert error <= bound(200) * np.finfo(float).eps * np.linalg.norm(a)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("function", [linalg.eig, linalg.eigvals])
def test_what_is_not_finite_is_refused(function, value):
    a = np.stack([np.eye(3)] * 6).reshape(2, 3, 3, 3)
    a[1, 0, 2, 0] = value
    with pytest.raises(linalg.LinAlgError, match=r"matrix 3 .* NaN or an infinity") as caught:
        function(a)
    assert caught.value.index == (1, 0)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 3, 2)])
@pytest.mark.parametrize("function", [linalg.eig, linalg.eigvals])
def test_what_is_not_square_is_refused(function, shape):
    with pytest.raises(linalg.LinAlgError, match=f"{function.__name__}: "):
        function(np.ones(shape))


def test_dtypes_and_libraries():
    assert linalg.eigvals([[2, 0], [0, 1]]).dtype == np.float64
    assert linalg.eigvals(np.eye(2, dtype="float16")).dtype == np.float16
    rotation = np.array([[0, -1], [1, 0]])
    assert linalg.eigvals(rotation).dtype == np.complex128
    assert linalg.eigvals(rotation.astype("float16")).dtype == np.complex64
    w, v = linalg.eig(torch.tensor(rotation, dtype=torch.float32))
    assert isinstance(w, torch.Tensor)
    assert w.dtype == v.dtype == torch.complex64
    w, _ = linalg.eig(torch.eye(2, dtype=torch.bfloat16))
    assert w.dtype == torch.bfloat16
