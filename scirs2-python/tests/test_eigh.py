"""`scirs2.linalg.eigh`, `eigvalsh`: residuals, triangles, batches, what is refused."""

import matrices
import mpmath
import numpy as np
import pytest
import torch
from scirs2 import linalg

SIZES = [0, 1, 2, 3, 5, 16, 33, 100]


def bound(n):
    """LAPACK's own tests ask for 30 n; the errors that were seen are below n."""
    return 4 * (n + 1)


def check(a, w, v):
    """Values in order, orthonormal vectors, and both together the matrix."""
    n = a.shape[-1]
    assert w.dtype == a.real.dtype
    assert v.dtype == a.dtype
    assert np.all(np.diff(w) >= 0)
    assert matrices.departure(v) <= bound(n)
    scaled = matrices.wide(v) * w.astype(np.longdouble)[..., None, :]
    assert matrices.residual(a, scaled, v.conj().swapaxes(-1, -2)) <= bound(n)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_values_and_vectors_give_the_matrix(dtype, name, n):
    a = matrices.hermitian(name, n, dtype)
    w, v = linalg.eigh(a)
    check(a, w, v)
    values = linalg.eigvalsh(a)
    assert values.dtype == w.dtype
    unit = matrices.eps(dtype) * matrices.norm(a) + n * matrices.tiny(dtype)
    assert np.all(np.abs(values - w) <= bound(n) * unit)
    # float32 is checked against NumPy's own, which computes in double.
    with np.errstate(all="ignore"):
        assert np.all(np.abs(values - np.linalg.eigvalsh(a)) <= bound(n) * unit)


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a = matrices.hermitian("random", 7) * 10.0**power
    check(a, *linalg.eigh(a))
    # A power of two times the matrix changes nothing but the scale.
    exact = np.ldexp(matrices.hermitian("random", 7), 10)
    assert np.array_equal(
        linalg.eigvalsh(exact), np.ldexp(linalg.eigvalsh(np.ldexp(exact, -10)), 10)
    )


def test_denormal_values_are_found():
    a = np.diag([3 * 5e-324, -5e-324, 2 * 5e-324])
    assert np.array_equal(linalg.eigvalsh(a), [-5e-324, 2 * 5e-324, 3 * 5e-324])


def test_exact_values_of_the_hilbert_matrix():
    with mpmath.workdps(60):
        exact = [float(x) for x in mpmath.eigsy(mpmath.hilbert(8), eigvals_only=True)]
    a = matrices.hilbert(8)
    # Its entries were rounded, by at most half an eps of the norm in all.
    assert np.all(np.abs(linalg.eigvalsh(a) - exact) <= 9 * np.finfo(float).eps * exact[-1])


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_batches_and_layouts(dtype, batch, layout):
    a = matrices.random((*batch, 4, 4), dtype)
    a = a + a.conj().swapaxes(-1, -2)
    w, v = linalg.eigh(matrices.LAYOUTS[layout](a))
    assert w.shape == (*batch, 4)
    assert v.shape == a.shape
    assert v.flags.c_contiguous
    assert v.ctypes.data % 64 == 0 or v.nbytes < 1024
    values = linalg.eigvalsh(matrices.LAYOUTS[layout](a))
    for index in np.ndindex(batch):
        check(a[index], w[index], v[index])
        assert np.array_equal(w[index], linalg.eigh(a[index]).eigenvalues)
        assert np.array_equal(values[index], linalg.eigvalsh(a[index]))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("uplo", ["L", "U", "l", "u"])
def test_only_one_triangle_is_read(uplo, dtype):
    a = matrices.hermitian("random", 5, dtype)
    other = np.triu if uplo in "Ll" else np.tril
    spoiled = a + other(np.full((5, 5), np.nan), 1 if uplo in "Ll" else -1)
    if dtype == "complex128":
        spoiled.imag[np.diag_indices(5)] = [7, np.nan, np.inf, -np.inf, 0]
    w, v = linalg.eigh(spoiled, uplo)
    check(a, w, v)
    assert np.array_equal(linalg.eigvalsh(spoiled, UPLO=uplo), linalg.eigvalsh(a, uplo))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_vectors_are_numpy_s_but_for_a_factor_of_modulus_one(dtype):
    a = matrices.hermitian("random", 12, dtype)
    for uplo in "LU":
        ours, theirs = linalg.eigh(a, uplo), np.linalg.eigh(a, uplo)
        assert type(ours).__name__ == type(theirs).__name__
        assert ours._fields == theirs._fields
        # The gap of the values divides the error of the vectors.
        gap = np.diff(theirs.eigenvalues).min() / matrices.norm(a)
        factors = (theirs.eigenvectors.conj() * ours.eigenvectors).sum(axis=0)
        error = np.abs(ours.eigenvectors - theirs.eigenvectors * factors).max()
        assert error <= bound(12) * np.finfo(float).eps / gap


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_one_large_matrix(dtype):
    # Large enough for the library's threads.
    for name in ["random", "repeated", "graded"]:
        with np.errstate(all="ignore"):
            a = matrices.hermitian(name, 400, dtype)
        w, v = linalg.eigh(a)
        eps = matrices.eps(dtype)
        assert np.linalg.norm(v.conj().T @ v - np.eye(400)) <= bound(400) * eps
        residual = np.linalg.norm(a @ v - v * w)
        assert residual <= bound(400) * eps * np.linalg.norm(a)
        assert np.allclose(linalg.eigvalsh(a), w, rtol=0, atol=400 * eps * np.linalg.norm(a))


@pytest.mark.parametrize("function", [linalg.eigh, linalg.eigvalsh])
def test_what_is_not_finite(function):
    a = np.stack([np.eye(3)] * 6).reshape(2, 3, 3, 3)
    a[1, 0, 2, 0] = np.inf
    a[1, 2, 2, 0] = np.nan
    values = function(a) if function is linalg.eigvalsh else function(a).eigenvalues
    assert np.isnan(values[1, [0, 2]]).all()
    assert np.array_equal(values[1, 1], [1, 1, 1])


@pytest.mark.parametrize("function", [linalg.eigh, linalg.eigvalsh])
def test_what_does_not_fit_is_refused(function):
    for shape in [(), (3,), (2, 3), (4, 3, 2)]:
        with pytest.raises(linalg.LinAlgError, match=f"{function.__name__}: "):
            function(np.ones(shape))
    with pytest.raises(ValueError, match="UPLO: expected 'L' or 'U', got \"x\""):
        function(np.eye(2), "x")


def test_dtypes_and_libraries():
    w, v = linalg.eigh([[2, 0], [0, 1]])
    assert w.dtype == v.dtype == np.float64
    assert np.array_equal(w, [1, 2])
    assert linalg.eigvalsh(np.eye(2, dtype=bool)).dtype == np.float64
    w, v = linalg.eigh(np.eye(2, dtype="float16"))
    assert w.dtype == v.dtype == np.float16
    a = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.bfloat16)
    w, v = linalg.eigh(a)
    assert isinstance(w, torch.Tensor)
    assert w.dtype == v.dtype == torch.bfloat16
    w, v = linalg.eigh(a.to(torch.complex128))
    assert (w.dtype, v.dtype) == (torch.float64, torch.complex128)
    assert torch.allclose(w, torch.tensor([1.0, 3.0], dtype=torch.float64))
