"""Factors of matrices, and what follows from singular values, as SciPy names them."""

import warnings
from typing import Any

from ... import _scirs2
from ._arguments import Array, LinAlgWarning, check_one_of, in_numpy, linalg, require_finite


def cholesky(
    a: Array, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Array:
    """Compute Cholesky factors, as `scirs2.linalg.cholesky`; upper ones by default."""
    del overwrite_a
    require_finite("cholesky", check_finite, a=a)
    return linalg.cholesky(a, upper=not lower)


def cho_factor(
    a: Array, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Compute Cholesky factors for :func:`cho_solve`, as `scirs2.linalg.cho_factor`."""
    del overwrite_a
    require_finite("cho_factor", check_finite, a=a)
    return linalg.cho_factor(a, lower)


def cho_solve(
    c_and_lower: tuple[Array, bool],
    b: Array,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve with Cholesky factors, as `scirs2.linalg.cho_solve`."""
    del overwrite_b
    require_finite("cho_solve", check_finite, c=c_and_lower[0], b=b)
    return linalg.cho_solve(c_and_lower, b)


def lu(
    a: Array,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """Compute LU factors, as `scirs2.linalg.lu`."""
    del overwrite_a
    require_finite("lu", check_finite, a=a)
    return linalg.lu(a, permute_l, p_indices=p_indices)


def lu_factor(a: Array, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Compute LU factors for :func:`lu_solve`, as `scirs2.linalg.lu_factor`."""
    del overwrite_a
    require_finite("lu_factor", check_finite, a=a)
    factors, pivots = linalg.lu_factor(a)
    if (in_numpy(linalg.diagonal(factors)) == 0).any():
        warnings.warn(
            "lu_factor: a matrix is singular: a pivot is exactly zero", LinAlgWarning, stacklevel=2
        )
    return factors, pivots


def lu_solve(
    lu_and_piv: tuple[Array, Array],
    b: Array,
    trans: Any = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve with LU factors, as `scirs2.linalg.lu_solve`."""
    del overwrite_b
    require_finite("lu_solve", check_finite, lu=lu_and_piv[0], b=b)
    return linalg.lu_solve(lu_and_piv, b, trans)


def qr(
    a: Array,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """Compute QR factors, as `scirs2.linalg.qr`.

    ``mode`` is ``"full"``, ``"economic"``, ``"r"`` or ``"raw"``; with ``pivoting`` the columns
    are exchanged so that the diagonal of ``R`` falls, and their indices are the last result.
    """
    del overwrite_a, lwork
    check_one_of("qr", "mode", mode, ("full", "r", "economic", "raw"))
    require_finite("qr", check_finite, a=a)
    return _scirs2._qr(a, mode, pivoting, False)


def qr_multiply(
    a: Array,
    c: Array,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a: bool = False,
    overwrite_c: bool = False,
) -> Any:
    """Multiply with the ``Q`` of the economic QR factors: ``c @ Q``, or with "left" ``Q @ c``.

    ``conjugate`` takes the conjugate of ``Q``. Returns the product, ``R``, and with ``pivoting``
    the indices of the columns.
    """
    del overwrite_a, overwrite_c
    check_one_of("qr_multiply", "mode", mode, ("left", "right"))
    require_finite("qr_multiply", True, a=a, c=c)
    q, *others = _scirs2._qr(a, "economic", pivoting, conjugate)
    product = linalg.matmul(q, c) if mode == "left" else linalg.matmul(c, q)
    return product, *others


def rq(
    a: Array,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    check_finite: bool = True,
) -> Any:
    """Compute factors with the triangle on the left, as `scirs2.linalg.rq`."""
    del overwrite_a, lwork
    require_finite("rq", check_finite, a=a)
    return linalg.rq(a, mode)


def svd(
    a: Array,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """Compute singular values and vectors, as `scirs2.linalg.svd`.

    Both drivers are the same algorithm, which checks ``gesdd``'s vectors and goes on to ``gesvd``
    where they are not orthogonal.
    """
    del overwrite_a
    _check_driver("svd", lapack_driver)
    require_finite("svd", check_finite, a=a)
    found = linalg.svd(a, full_matrices, compute_uv)
    return tuple(found) if compute_uv else found


def svdvals(a: Array, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Compute singular values, as `scirs2.linalg.svdvals`."""
    del overwrite_a
    require_finite("svdvals", check_finite, a=a)
    return linalg.svdvals(a)


def polar(a: Array, side: str = "right") -> Any:
    """Compute polar factors, as `scirs2.linalg.polar`."""
    return linalg.polar(a, side)


def orthogonal_procrustes(A: Array, B: Array, check_finite: bool = True) -> Any:
    """Compute the nearest rotations, as `scirs2.linalg.orthogonal_procrustes`."""
    require_finite("orthogonal_procrustes", check_finite, A=A, B=B)
    return linalg.orthogonal_procrustes(A, B)


def orth(A: Array, rcond: float | None = None) -> Array:
    """Compute bases of ranges, as `scirs2.linalg.orth`."""
    require_finite("orth", True, A=A)
    return linalg.orth(A, rcond)


def null_space(
    A: Array,
    rcond: float | None = None,
    *,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Array:
    """Compute bases of null spaces, as `scirs2.linalg.null_space`."""
    del overwrite_a
    _check_driver("null_space", lapack_driver)
    require_finite("null_space", check_finite, A=A)
    return linalg.null_space(A, rcond)


def subspace_angles(A: Array, B: Array) -> Array:
    """Compute angles between ranges, as `scirs2.linalg.subspace_angles`."""
    require_finite("subspace_angles", True, A=A, B=B)
    return linalg.subspace_angles(A, B)


def _check_driver(function: str, lapack_driver: Any) -> None:
    if not isinstance(lapack_driver, str):
        raise TypeError(
            f"{function}: lapack_driver: expected 'gesdd' or 'gesvd', got {type(lapack_driver)}"
        )
    check_one_of(function, "lapack_driver", lapack_driver, ("gesdd", "gesvd"))
