"""Eigenvalues and eigenvectors, as SciPy names them."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import _scirs2
from ._arguments import Array, check_one_of, in_numpy, is_readable, linalg, require_finite

_OF_ONE, _OF_TWO = ("ev", "evd", "evr", "evx"), ("gv", "gvd", "gvx")


def eig(
    a: Array,
    b: Array = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """Compute eigenvalues and eigenvectors of general matrices.

    ``a @ v = w * v``, or with ``b`` ``a @ v = w * b @ v``, by LAPACK ``geev`` or ``ggev``. The
    values are complex; the vectors, each of length one, are real for real matrices if all values
    are real. With ``left`` those with ``u.conj() @ a = w * u.conj() @ b`` come before the right
    ones. With ``homogeneous_eigvals`` there are two rows of values, ``alpha`` and ``beta`` of
    ``w = alpha / beta``; without, a ``beta`` of zero gives an infinite value.
    """
    del overwrite_a, overwrite_b
    require_finite("eig", check_finite, **_both(a, b))
    found = _scirs2._eig(a, b, left, right, homogeneous_eigvals)
    return found if len(found) > 1 else found[0]


def eigvals(
    a: Array,
    b: Array = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Array:
    """Compute eigenvalues of general matrices, as :func:`eig` without the vectors."""
    del overwrite_a
    require_finite("eigvals", check_finite, **_both(a, b))
    return _scirs2._eig(a, b, False, False, homogeneous_eigvals)[0]


def _both(a: Array, b: Array) -> dict[str, Array]:
    return {"a": a} if b is None else {"a": a, "b": b}


def matrix_balance(
    A: Array,
    permute: bool = True,
    scale: bool = True,
    separate: bool = False,
    overwrite_a: bool = False,
) -> Any:
    """Balance matrices, as `scirs2.linalg.matrix_balance`."""
    del overwrite_a
    require_finite("matrix_balance", True, A=A)
    return linalg.matrix_balance(A, permute, scale, separate)


def eigh(
    a: Array,
    b: Array = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Iterable[int] | None = None,
    subset_by_value: Iterable[float] | None = None,
    driver: str | None = None,
) -> Any:
    """Compute eigenvalues and eigenvectors of Hermitian matrices, as `scirs2.linalg.eigh`.

    Every driver is the same algorithm. A subset, by index with both ends, or by value with the upper
    end only, is found without the other eigenvalues if it is a fifth of them or less (alone, without
    vectors, a twentieth), by bisection and inverse iteration. A subset by value of a batch must
    have as many values in each matrix.
    """
    del overwrite_a, overwrite_b
    require_finite("eigh", check_finite, **_both(a, b))
    by_index, by_value = _subset(np.shape(a), subset_by_index, subset_by_value)
    _check_driver(driver, b is not None, by_index is not None or by_value is not None)
    if by_value is not None or (by_index is not None and is_readable(*_both(a, b).values())):
        found = _scirs2._eigh_subset(a, b, type, lower, not eigvals_only, by_index, by_value)
        if by_value is not None:
            *found, counts = found
            found = [x[..., : _common_count(in_numpy(counts))] for x in found]
        return found[0] if eigvals_only else tuple(found)
    uplo = "L" if lower else "U"
    generalized: dict[str, Any] = {} if b is None else {"b": b, "type": type}
    # Gradients and what has no values yet know all eigenvalues.
    chosen = slice(None) if by_index is None else slice(by_index[0], by_index[1] + 1)
    if eigvals_only:
        values = linalg.eigvalsh(a, uplo, **generalized)
        return values if by_index is None else values[..., chosen]
    values, vectors = linalg.eigh(a, uplo, **generalized)
    return (values, vectors) if by_index is None else (values[..., chosen], vectors[..., chosen])


def eigvalsh(
    a: Array,
    b: Array = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Iterable[int] | None = None,
    subset_by_value: Iterable[float] | None = None,
    driver: str | None = None,
) -> Array:
    """Compute eigenvalues of Hermitian matrices, as :func:`eigh` without the vectors."""
    return eigh(
        a,
        b,
        lower=lower,
        eigvals_only=True,
        overwrite_a=overwrite_a,
        overwrite_b=overwrite_b,
        type=type,
        check_finite=check_finite,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
        driver=driver,
    )


def _subset(
    shape: tuple[int, ...],
    by_index: Iterable[int] | None,
    by_value: Iterable[float] | None,
) -> tuple[tuple[int, int] | None, tuple[float, float] | None]:
    """Check the subsets, and return their ends."""
    if by_index is not None and by_value is not None:
        raise ValueError(
            "eigh: subset_by_index and subset_by_value choose the same; pass one of them"
        )
    if by_index is not None:
        first, last = map(int, by_index)
        n = shape[-1] if shape else 0
        if not 0 <= first <= last < n:
            raise ValueError(
                f"eigh: subset_by_index: expected 0 <= start <= end <= {n - 1}, got start={first} "
                f"and end={last}"
            )
        return (first, last), None
    if by_value is not None:
        low, high = map(float, by_value)
        if not -math.inf <= low < high <= math.inf:
            raise ValueError(
                f"eigh: subset_by_value: expected low < high, got low={low} and high={high}"
            )
        return None, (low, high)
    return None, None


def _check_driver(driver: str | None, generalized: bool, subset: bool) -> None:
    check_one_of("eigh", "driver", driver, (None, *_OF_ONE, *_OF_TWO))
    if driver in _OF_TWO and not generalized:
        raise ValueError(f"eigh: driver: {driver!r} is for a generalized problem: pass b, too")
    if driver in _OF_ONE and generalized:
        raise ValueError(f"eigh: driver: {driver!r} takes no b; use one of {_OF_TWO}")
    if subset and driver in ("ev", "evd", "gv", "gvd"):
        raise ValueError(f"eigh: driver: {driver!r} computes no subsets; leave it out")


def _common_count(counts: Any) -> int:
    """Return how many eigenvalues each matrix of a batch has in an interval."""
    counts = np.atleast_1d(counts)
    if counts.size and (counts != counts.flat[0]).any():
        raise ValueError(
            f"eigh: subset_by_value: one matrix of the batch has {counts.min()} eigenvalues there, "
            f"and another {counts.max()}; call it for each matrix"
        )
    return int(counts.flat[0]) if counts.size else 0
