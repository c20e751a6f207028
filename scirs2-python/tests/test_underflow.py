"""Elements whose squares underflow do not spoil what stands beside them."""

import matrices
import mpmath
import numpy as np
import pytest
from scirs2 import linalg

# The smallest number, one that is subnormal, and ones whose squares are.
TINY = [5e-324, 3e-310, 1e-300, 1e-170, 1e-155]
ORDERS = [2, 3, 4, 5, 8, 17, 30, 41, 64, 76, 97, 101]


def bound(n):
    """Return what holds of all errors, in units of eps times the norm."""
    return 4 * (n + 1)


def coupled(n, tiny):
    """Make the diagonal matrix of 1 to n with tiny elements in the first row and column."""
    a = np.diag(np.arange(1.0, n + 1))
    a[0, 1:] = a[1:, 0] = tiny
    return a


@pytest.mark.parametrize("count", [1, 17])
@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("tiny", TINY)
def test_tiny_elements_beside_ordinary_ones(tiny, n, count):
    a = coupled(n, tiny)
    batch = np.stack([a] * (count if n <= 41 else min(count, 3)))
    error = bound(n) * matrices.eps(float) * n
    truth = np.arange(1.0, n + 1)

    w, v = linalg.eigh(batch)
    assert np.abs(w - truth).max() <= error
    assert matrices.departure(v) <= bound(n)
    assert np.abs(linalg.eigvalsh(batch) - truth).max() <= error

    u, s, vh = linalg.svd(batch)
    assert np.abs(s - truth[::-1]).max() <= error
    assert max(matrices.departure(u), matrices.departure(vh)) <= bound(n)
    assert np.abs(linalg.svdvals(batch) - truth[::-1]).max() <= error
    assert np.abs(linalg.norm(batch, 2, axis=(-2, -1)) - n).max() <= error
    assert np.abs(linalg.norm(batch, "nuc", axis=(-2, -1)) - truth.sum()).max() <= n * error
    assert np.abs(linalg.cond(batch) - n).max() <= n * error

    w, v = linalg.eig(batch)
    assert matrices.residual(batch @ v, v * w[..., None, :], of=batch) <= bound(n)
    assert np.abs(np.sort(w) - truth).max() <= error
    assert np.abs(np.sort(linalg.eigvals(batch)) - truth).max() <= error
    r = linalg.qr(batch, "r")
    assert matrices.residual(batch.swapaxes(-1, -2) @ batch, r.swapaxes(-1, -2), r) <= bound(n)


def graphs(n, count, seed=0):
    """Draw adjacency matrices of graphs with about as many edges as vertices."""
    source = np.random.default_rng(seed)
    a = np.triu(source.random((count, n, n)) < 1.2 / n, 1).astype(float)
    return a + a.swapaxes(-1, -2)


def with_phases(a, seed=0):
    """Give each edge a complex phase; a forest keeps its eigenvalues."""
    source = np.random.default_rng(seed)
    phases = np.triu(np.exp(2j * np.pi * source.random(a.shape)), 1)
    return a * (phases + phases.conj().swapaxes(-1, -2))


@pytest.mark.parametrize("n", [6, 17, 30, 49, 80, 100])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_values_of_sparse_graphs(dtype, n):
    a = graphs(n, 300, n)
    if np.dtype(dtype).kind == "c":
        a = with_phases(a)
    a = a.astype(dtype)
    # Another algorithm, in double precision: vectors, and QR or divide and conquer.
    truth = np.linalg.eigh(a.astype(np.result_type(a, np.float64))).eigenvalues
    error = bound(n) * matrices.eps(dtype) * np.abs(truth).max()
    assert np.abs(linalg.eigvalsh(a) - truth).max() <= error
    assert np.abs(linalg.eigh(a).eigenvalues - truth).max() <= error
    moduli = np.sort(np.abs(truth))[:, ::-1]
    assert np.abs(linalg.svdvals(a) - moduli).max() <= error
    assert np.abs(linalg.svd(a).S - moduli).max() <= error


def test_a_path_of_six_vertices_in_single_precision():
    # LAPACK's ssterf loses 0.03 of the tridiagonal form of this path.
    path = np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1)
    truth = np.sort(2 * np.cos(np.pi * np.arange(1, 7) / 7))
    for seed in range(200):
        order = np.random.default_rng(seed).permutation(6)
        a = with_phases(path[order][:, order], seed).astype("complex64")
        assert np.abs(linalg.eigvalsh(a) - truth).max() <= bound(6) * matrices.eps("complex64") * 2


def test_the_tridiagonal_matrix_that_lapack_loses():
    d = [0, -2.3277050e-08, -2.1514153e-07, 0, 0, 0]
    e = [-1.7763568e-15, -1.5090205e-07, -1.2247447, -0.70710677, -1.4142135]
    a = (np.diag(d) + np.diag(e, 1) + np.diag(e, -1)).astype("float32")
    with mpmath.workdps(50):
        truth = [float(x) for x in mpmath.eigsy(mpmath.matrix(a.tolist()), eigvals_only=True)]
    # More rows, for the order from which LAPACK makes the form; complex, for all orders.
    for large in [a, a.astype("complex64"), np.kron(np.eye(10, dtype="float32"), a)]:
        values = linalg.eigvalsh(large)
        expected = np.repeat(truth, len(large) // 6)
        assert np.abs(values - expected).max() <= bound(6) * matrices.eps("float32") * 2
