"""What a type checker must infer of linear algebra: the library as it came, the dtype it has."""

from typing import Any, assert_type

import jax
import jax.numpy as jnp
import numpy as np
import scirs2
import torch
from numpy.typing import NDArray
from scirs2 import linalg

singles: NDArray[np.float32] = np.eye(3, dtype=np.float32)
doubles: NDArray[np.float64] = np.eye(3)
complexes: NDArray[np.complex128] = np.eye(3, dtype=np.complex128)
integers: NDArray[np.int64] = np.eye(3, dtype=np.int64)
rows = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]
complex_rows: list[list[complex]] = [[1j, 2], [3, 4]]
tensor = torch.eye(3)
array: jax.Array = jnp.eye(3)  # pyright: ignore[reportUnknownMemberType]

# NumPy's dtype stays, and what is no floating-point number is computed in float64.
assert_type(linalg.inv(singles), NDArray[np.float32])
assert_type(linalg.inv(complexes), NDArray[np.complex128])
assert_type(linalg.inv(integers), NDArray[np.float64])
assert_type(linalg.inv(rows), NDArray[np.float64])
assert_type(linalg.inv(complex_rows), NDArray[Any])
assert_type(linalg.cholesky(singles, upper=True), NDArray[np.float32])
assert_type(linalg.pinv(singles), NDArray[np.float32])
assert_type(linalg.matrix_power(singles, 3), NDArray[np.float32])
assert_type(linalg.tensorinv(singles, ind=1), NDArray[np.float32])
assert_type(linalg.diagonal(integers), NDArray[np.int64])
assert_type(linalg.matrix_transpose(integers), NDArray[np.int64])

# Real numbers come of complex matrices.
assert_type(linalg.svdvals(singles), NDArray[np.float32])
assert_type(linalg.svdvals(complexes), NDArray[np.floating[Any]])
assert_type(linalg.eigvalsh(integers), NDArray[np.float64])
assert_type(linalg.eigh(complexes).eigenvalues, NDArray[np.floating[Any]])
assert_type(linalg.eigh(complexes).eigenvectors, NDArray[np.complex128])
assert_type(linalg.svd(singles).S, NDArray[np.float32])
assert_type(linalg.svd(complexes).U, NDArray[np.complex128])
assert_type(linalg.svd(complexes).S, NDArray[np.floating[Any]])
assert_type(linalg.eig(singles).eigenvalues, NDArray[Any])

# One mode, one type.
assert_type(linalg.qr(singles).Q, NDArray[np.float32])
assert_type(linalg.qr(singles, "r"), NDArray[np.float32])
assert_type(linalg.qr(singles, "raw"), tuple[NDArray[np.float32], NDArray[np.float32]])
assert_type(linalg.svd(doubles, compute_uv=False), NDArray[np.floating[Any]])
assert_type(linalg.lu(singles, permute_l=True), tuple[NDArray[np.float32], NDArray[np.float32]])
assert_type(linalg.lu_factor(singles).LU, NDArray[np.float32])
assert_type(linalg.lu_factor(singles).pivots, NDArray[np.int32])

# Two operands.
assert_type(linalg.solve(singles, singles), NDArray[np.float32])
assert_type(linalg.solve(rows, singles), NDArray[Any])
assert_type(linalg.lu_solve(linalg.lu_factor(singles), singles), NDArray[np.float32])
assert_type(linalg.cho_solve(linalg.cho_factor(singles), singles), NDArray[np.float32])
assert_type(linalg.outer(singles.ravel(), singles.ravel()), NDArray[np.float32])
assert_type(linalg.lstsq(singles, singles).singular_values, NDArray[np.float32])
assert_type(linalg.lstsq(singles, singles).rank, Any)
assert_type(scirs2.matvec(singles, singles), NDArray[np.float32])

# Where no axis is left NumPy has scalars, so the type says nothing.
assert_type(scirs2.norm(singles), Any)
assert_type(scirs2.matmul(singles, singles), Any)

# Tensors of a library go out as they came in.
assert_type(linalg.inv(tensor), torch.Tensor)
assert_type(linalg.inv(array), jax.Array)
assert_type(linalg.solve(tensor, tensor), torch.Tensor)
assert_type(linalg.solve(tensor, [1.0, 2.0, 3.0]), torch.Tensor)
assert_type(linalg.solve(rows, array), jax.Array)
assert_type(linalg.svd(tensor).Vh, torch.Tensor)
assert_type(linalg.svd(tensor, compute_uv=False), torch.Tensor)
assert_type(linalg.eigh(array).eigenvectors, jax.Array)
assert_type(linalg.qr(tensor, "complete").R, torch.Tensor)
assert_type(linalg.slogdet(tensor).logabsdet, torch.Tensor)
assert_type(linalg.lu_factor(tensor).pivots, torch.Tensor)
assert_type(linalg.lu_solve(linalg.lu_factor(tensor), tensor), torch.Tensor)
assert_type(linalg.cho_solve(linalg.cho_factor(array), array), jax.Array)
assert_type(linalg.lstsq(tensor, tensor).solution, torch.Tensor)
assert_type(linalg.lstsq(tensor, tensor)[0], torch.Tensor)
assert_type(linalg.det(tensor), torch.Tensor)
assert_type(linalg.matrix_rank(tensor, tol=0.5), torch.Tensor)
assert_type(linalg.multi_dot([tensor, tensor]), torch.Tensor)
assert_type(scirs2.norm(tensor, axis=0), torch.Tensor)
assert_type(scirs2.matmul(array, array), jax.Array)
assert_type(scirs2.vecmat(tensor, tensor), torch.Tensor)
assert_type(scirs2.einsum("ij,jk", tensor, tensor), torch.Tensor)
