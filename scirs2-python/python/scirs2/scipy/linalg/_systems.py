"""Systems of equations, inverses and least squares, as SciPy names them."""

# SciPy's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from typing import Any

import numpy as np

from ... import _scirs2, einsum
from ._arguments import (
    Array,
    check_one_of,
    epsilon,
    in_numpy,
    is_readable,
    linalg,
    require_finite,
    warn_if_ill_conditioned,
)

# Up to this order structure saves nothing.
_SMALL = 16


def solve(
    a: Array,
    b: Array,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Array:
    """Solve ``a @ x = b``, as `scirs2.linalg.solve`.

    ``assume_a`` names a structure of ``a``; what follows from it is not read. Without it each matrix
    of order 17 and more that is diagonal, a narrow band, triangular, or symmetric or Hermitian, with
    positive eigenvalues or without, is solved as such. ``transposed`` solves ``a.mT @ x = b``, of
    complex matrices, too. Warns with ``LinAlgWarning`` of a matrix whose reciprocal condition number
    in the 1-norm is below the epsilon of its dtype, but not where operands have no values yet, or
    gradients.
    """
    del overwrite_a, overwrite_b
    if np.ndim(a) == 0 and np.ndim(b) == 1:
        # As in SciPy, a number divides a vector.
        row = b[None] if hasattr(b, "ndim") else [b]
        return solve(a, row, lower, False, False, check_finite, assume_a, transposed)[0]
    # As in SciPy, a number is a matrix, or a vector.
    a, b = ([[a]] if np.ndim(a) == 0 else a), ([b] if np.ndim(b) == 0 else b)
    require_finite("solve", check_finite, a=a, b=b)
    if not is_readable(a, b):
        if assume_a not in (None, "general", "gen") or transposed:
            raise TypeError(
                "solve: gradients, transforms and lazy arrays go without assume_a and transposed"
            )
        return linalg.solve(a, b)
    x, conditions = _scirs2._solve(a, b, assume_a, lower, transposed)
    warn_if_ill_conditioned("solve", conditions, epsilon(a, b))
    return x


def inv(
    a: Array,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: str | None = None,
    lower: bool = False,
) -> Array:
    """Invert matrices, as `scirs2.linalg.inv`.

    ``assume_a`` and the warning are those of :func:`solve`; without it, diagonal and triangular
    matrices are found.
    """
    del overwrite_a
    require_finite("inv", check_finite, a=a)
    if not is_readable(a):
        if assume_a not in (None, "general", "gen"):
            raise TypeError("inv: gradients, transforms and lazy arrays go without assume_a")
        return linalg.inv(a)
    if assume_a is None:
        assume_a = _structure(a)
    if assume_a in (None, "general", "gen"):
        x = linalg.inv(a)
        if 0 in np.shape(x):
            return x
        # Each is finite, and so is not their product.
        first, second = (in_numpy(linalg.matrix_norm(one, ord=1)) for one in (a, x))
        with np.errstate(all="ignore"):
            conditions = 1 / first / second
    else:
        x, conditions = _scirs2._inv(a, assume_a, lower)
    warn_if_ill_conditioned("inv", conditions, epsilon(a))
    return x


def _structure(a: Array) -> str | None:
    """Return which elements of all matrices are zero, as `assume_a` names it."""
    shape = np.shape(a)
    if not (len(shape) >= 2 and shape[-1] == shape[-2] > _SMALL):
        return None
    below, above = (np.max(in_numpy(each), initial=0) == 0 for each in linalg.bandwidth(a))
    if below and above:
        return "diagonal"
    return "upper triangular" if below else "lower triangular" if above else None


def det(a: Array, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Compute determinants, as `scirs2.linalg.det`."""
    del overwrite_a
    require_finite("det", check_finite, a=a)
    return linalg.det(a)


def lstsq(
    a: Array,
    b: Array,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> tuple[Any, Any, Any, Any]:
    """Solve least squares, as `scirs2.linalg.lstsq`.

    ``cond`` is its ``rcond``; None is the epsilon of the dtype. Every driver is the same
    algorithm, which finds the singular values; with ``"gelsy"`` there are, as in SciPy, neither
    residuals nor singular values in the result.
    """
    del overwrite_a, overwrite_b
    check_one_of("lstsq", "lapack_driver", lapack_driver, (None, "gelsd", "gelsy", "gelss"))
    require_finite("lstsq", check_finite, a=a, b=b)
    x, residuals, rank, s = linalg.lstsq(a, b, rcond=epsilon(a, b) if cond is None else cond)
    if lapack_driver == "gelsy":
        return x, residuals[..., :0], rank, None
    if np.ndim(b) == 1 and np.shape(residuals)[-1] == 1:
        residuals = residuals[..., 0]
    return x, residuals, rank, s


def pinv(
    a: Array,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Compute pseudo-inverses, as `scirs2.linalg.pinv`.

    Singular values of at most ``atol + rtol * s.max()`` count as zero; ``rtol`` is ``max(m, n) *
    eps`` by default.
    """
    require_finite("pinv", check_finite, a=a)
    return _pinv("pinv", a, atol, rtol, return_rank, False)


def pinvh(
    a: Array,
    atol: float | None = None,
    rtol: float | None = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Compute pseudo-inverses of Hermitian matrices, of which one triangle is read.

    As :func:`pinv`, with the moduli of the eigenvalues for the singular values.
    """
    require_finite("pinvh", check_finite, a=a)
    if lower:
        return _pinv("pinvh", a, atol, rtol, return_rank, True)
    # The upper triangle of a matrix is the lower one of its transpose.
    found = _pinv("pinvh", einsum("...ij->...ji", a), atol, rtol, return_rank, True)
    if return_rank:
        return einsum("...ij->...ji", found[0]), found[1]
    return einsum("...ij->...ji", found)


def _pinv(
    function: str,
    a: Array,
    atol: float | None,
    rtol: float | None,
    return_rank: bool,
    hermitian: bool,
) -> Any:
    relative: Any = max(np.shape(a)[-2:], default=0) * epsilon(a) if rtol is None else rtol
    if relative < 0 or (atol or 0) < 0:
        raise ValueError(f"{function}: atol and rtol must not be negative")
    if not (atol or return_rank):
        return linalg.pinv(a, rtol=relative, hermitian=hermitian)
    largest = np.asarray(in_numpy(linalg.matrix_norm(a, ord=2)))
    tolerance = (atol or 0.0) + relative * largest
    with np.errstate(all="ignore"):
        relative = np.where(largest > 0, tolerance / largest, relative)
    inverse = linalg.pinv(a, rtol=relative, hermitian=hermitian)
    if not return_rank:
        return inverse
    return inverse, linalg.matrix_rank(a, rtol=relative, hermitian=hermitian)


def solve_triangular(
    a: Array,
    b: Array,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve with triangular matrices, as `scirs2.linalg.solve_triangular`."""
    del overwrite_b
    require_finite("solve_triangular", check_finite, a=a, b=b)
    return linalg.solve_triangular(a, b, trans, lower, unit_diagonal)
