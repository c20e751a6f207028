"""Norms, and matrices made of others, as SciPy names them."""

from typing import Any

import numpy as np

from ... import norm as _norm
from ._arguments import Array, linalg, require_finite


def norm(
    a: Array,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    check_finite: bool = True,
) -> Array:
    """Compute norms, as `scirs2.norm`."""
    require_finite("norm", check_finite, a=a)
    return _norm(a, ord, axis, keepdims)


def bandwidth(a: Array) -> Any:
    """Count the diagonals that are not all zero, as `scirs2.linalg.bandwidth`."""
    return linalg.bandwidth(a)


def issymmetric(a: Array, atol: float | None = None, rtol: float | None = None) -> Any:
    """Compare matrices with their transposes, as `scirs2.linalg.issymmetric`."""
    return linalg.issymmetric(a, atol, rtol)


def ishermitian(a: Array, atol: float | None = None, rtol: float | None = None) -> Any:
    """Compare matrices with their adjoints, as `scirs2.linalg.ishermitian`."""
    return linalg.ishermitian(a, atol, rtol)


def block_diag(*arrs: Array) -> Array:
    """Put blocks on a diagonal, as `scirs2.linalg.block_diag`; no block has the shape (1, 0)."""
    return linalg.block_diag(*arrs) if arrs else linalg.block_diag([])


def toeplitz(c: Array, r: Array = None) -> Array:
    """Make matrices that are constant along diagonals, as `scirs2.linalg.toeplitz`."""
    c, r = ([x] if x is not None and np.ndim(x) == 0 else x for x in (c, r))
    return linalg.toeplitz(c, r)


def diagsvd(s: Array, M: int, N: int) -> Array:
    """Put singular values on a diagonal, as `scirs2.linalg.diagsvd`."""
    return linalg.diagsvd(s, M, N)


def khatri_rao(a: Array, b: Array) -> Array:
    """Multiply the columns of two matrices pairwise, as `scirs2.linalg.khatri_rao`."""
    return linalg.khatri_rao(a, b)
