"""Write functions of ``scipy.linalg`` by those of ``numpy.linalg``.

``scirs2.scipy.linalg`` has most of them; this is how they come about. They take tensors of any
library, and batches if the shape of the result does not depend on the values. Each is checked
against SciPy.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import torch
from scirs2 import linalg

Tensor = Any


def generalized_eigh(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``w`` and ``v`` of ``a @ v = b @ v * w``; ``b`` is positive definite."""
    L = linalg.cholesky(b)
    # inv(L) @ a @ inv(L).conj().mT has the same eigenvalues.
    half = linalg.solve_triangular(L, a, lower=True)
    w, v = linalg.eigh(linalg.solve_triangular(L, half.conj().mT, lower=True))
    return w, linalg.solve_triangular(L, v, trans="C", lower=True)


def polar(a: Tensor) -> tuple[Tensor, Tensor]:
    """Return the unitary ``u`` and the positive semidefinite ``p`` of ``a = u @ p``."""
    U, S, Vh = linalg.svd(a, full_matrices=False)
    return U @ Vh, Vh.conj().mT @ (S[..., None] * Vh)


def function_of_hermitian(f: Callable[[Tensor], Tensor], a: Tensor) -> Tensor:
    """Return what ``expm``, ``logm`` and ``sqrtm`` do for Hermitian matrices."""
    w, v = linalg.eigh(a)
    return v * f(w)[..., None, :] @ v.conj().mT


def orth(a: Tensor) -> Tensor:
    """Return an orthonormal basis of what the columns of one matrix span."""
    U, _, _ = linalg.svd(a, full_matrices=False)
    return U[:, : int(linalg.matrix_rank(a))]


def null_space(a: Tensor) -> Tensor:
    """Return an orthonormal basis of the vectors that one matrix maps to zero."""
    _, _, Vh = linalg.svd(a)
    return Vh[int(linalg.matrix_rank(a)) :].conj().mT


def subspace_angles(a: Tensor, b: Tensor) -> Tensor:
    """Return the angles between what the columns of two matrices span, largest first."""
    Q, _ = linalg.qr(a)
    P, _ = linalg.qr(b)
    # The arcsine is the accurate one for small angles, and these are small.
    return np.arcsin(linalg.svdvals(P - Q @ (Q.conj().mT @ P)))


rng = np.random.default_rng(0)
stack = rng.standard_normal((1000, 6, 6)) + 1j * rng.standard_normal((1000, 6, 6))
hermitian = stack + stack.conj().mT
definite = stack @ stack.conj().mT + np.eye(6)

w, v = generalized_eigh(hermitian, definite)
for one in range(0, 1000, 100):
    assert np.allclose(w[one], scipy.linalg.eigh(hermitian[one], definite[one])[0])
assert np.allclose(hermitian @ v, definite @ v * w[:, None, :])

u, p = polar(stack)
for ours, theirs in zip((u[0], p[0]), scipy.linalg.polar(stack[0]), strict=True):
    assert np.allclose(ours, theirs)
assert np.allclose(u @ p, stack)

for f, theirs in (np.exp, scipy.linalg.expm), (np.sqrt, scipy.linalg.sqrtm):
    assert np.allclose(function_of_hermitian(f, definite)[0], theirs(definite[0]))

flat = rng.standard_normal((8, 3)) @ rng.standard_normal((3, 5))
Q, null = orth(flat), null_space(flat)
assert Q.shape == (8, 3)
assert np.allclose(Q @ Q.T, scipy.linalg.orth(flat) @ scipy.linalg.orth(flat).T)
assert null.shape == (5, 2)
assert np.allclose(flat @ null, 0)

plane = rng.standard_normal((7, 2))
tilted = plane + 1e-6 * rng.standard_normal((7, 2))
assert np.allclose(subspace_angles(plane, tilted), scipy.linalg.subspace_angles(plane, tilted))

# The same functions, on PyTorch tensors.
w, v = generalized_eigh(torch.from_numpy(hermitian), torch.from_numpy(definite))
error = linalg.norm(torch.from_numpy(hermitian) @ v - torch.from_numpy(definite) @ v * w[:, None])
print(f"generalized eigenvalues of 1000 pencils, as {type(w).__name__}; residual {error:.0e}")
print("polar, expm, sqrtm, orth, null_space and subspace_angles agree with SciPy's")
