"""Signs of eigenvectors and singular vectors: one rule on every route."""

import matrices
import numpy as np
import pytest
from scirs2 import linalg

# Orders of every kernel, and of LAPACK alone.
ORDERS = [1, 2, 3, 4, 5, 8, 20, 30, 40, 41, 60, 97]
# One matrix alone, batches that fill no vector and several, and odd ends.
COUNTS = [1, 3, 4, 17]


def follow_the_rule(vectors):
    """Tell whether the first of the largest elements of each column is positive."""
    moduli = np.abs(vectors)
    near = moduli >= 0.999 * moduli.max(axis=-2, keepdims=True)
    first = np.take_along_axis(vectors, near.argmax(axis=-2)[..., None, :], axis=-2)
    return np.all(first.real > 0) and np.all(first.imag == 0)


def separated(values, n):
    """Tell which vectors rounding does not turn."""
    gaps = np.full(n, np.inf)
    apart = np.abs(np.diff(values))
    gaps[1:], gaps[:-1] = apart, np.minimum(gaps[:-1], apart)
    return gaps > 1e-3 * np.abs(values).max()


@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_eigenvectors_alone_have_the_signs_of_the_batch(dtype, n):
    a = matrices.random((max(COUNTS), n, n), dtype, n)
    a = a + a.conj().swapaxes(-1, -2)
    for uplo in "LU":
        alone = [linalg.eigh(matrix, uplo) for matrix in a]
        for count in COUNTS:
            w, v = linalg.eigh(a[:count], uplo)
            assert follow_the_rule(v)
            for values, vectors, one in zip(w, v, alone, strict=False):
                kept = separated(values, n)
                along = (vectors.conj() * one.eigenvectors).sum(axis=-2)
                assert np.all(along.real[kept] > 0.99)


@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_singular_vectors_alone_have_the_signs_of_the_batch(dtype, n):
    a = matrices.random((max(COUNTS), n, n), dtype, n)
    alone = [linalg.svd(matrix) for matrix in a]
    for count in COUNTS:
        for u, s, vh, one in zip(*linalg.svd(a[:count]), alone, strict=False):
            assert follow_the_rule(u)
            kept = separated(s, n)
            along = (u.conj() * one.U).sum(axis=-2)
            other = (vh.conj() * one.Vh).sum(axis=-1)
            assert np.all(along.real[kept] > 0.99)
            assert np.all(other.real[kept] > 0.99)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (60, 33), (33, 60)])
def test_vectors_of_no_singular_value_have_the_rule_too(shape, dtype):
    a = matrices.random((2, *shape), dtype)
    u, _, vh = linalg.svd(a)
    assert follow_the_rule(u)
    k = min(shape)
    assert follow_the_rule(vh[:, k:].conj().swapaxes(-1, -2))
    assert follow_the_rule(linalg.svd(a, full_matrices=False).U)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_hermitian_singular_vectors_have_the_rule(dtype):
    a = matrices.hermitian("random", 9, dtype)
    assert follow_the_rule(linalg.svd(a, hermitian=True).U)


def test_equal_elements_are_not_told_apart_by_rounding():
    # Every element of the eigenvectors has modulus 1/2.
    a = np.kron([[3, 1], [1, 3]], [[5, 1], [1, 5]]).astype(float)
    for count in [1, 3, 16]:
        v = linalg.eigh(np.stack([a] * count)).eigenvectors
        assert np.all(v[:, 0] > 0)
