"""Functions of matrices, and the forms behind them, as SciPy names them."""

# SciPy's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ._arguments import Array, check_one_of, linalg, require_finite

# The default of what SciPy is about to remove.
_UNSET: Any = object()


def _refuse_estimate(function: str, disp: object) -> None:
    """Accept `disp`, but for the estimate of the error that False asks for."""
    if disp is not _UNSET and not disp:
        raise NotImplementedError(
            f"{function}: disp=False, whose estimate of the error SciPy is about to remove; leave it "
            "out and compare what follows from the result"
        )


def _square(A: Array) -> Array:
    """Take a number for a matrix of one element, as SciPy does."""
    return [[A]] if np.ndim(A) == 0 else A


def expm(A: Array) -> Array:
    """Compute exponentials, as `scirs2.linalg.expm`."""
    return linalg.expm(_square(A))


def expm_cond(A: Array, check_finite: bool = True) -> Array:
    """Compute condition numbers of exponentials, as `scirs2.linalg.expm_cond`."""
    require_finite("expm_cond", check_finite, A=A)
    return linalg.expm_cond(A)


def expm_frechet(
    A: Array,
    E: Array,
    method: str | None = None,
    compute_expm: bool = True,
    check_finite: bool = True,
) -> Any:
    """Compute derivatives of exponentials, as `scirs2.linalg.expm_frechet`.

    Every ``method`` is the one algorithm.
    """
    if method not in (None, "SPS", "blockEnlarge"):
        raise ValueError(
            f"expm_frechet: method: expected None, 'SPS' or 'blockEnlarge', got {method!r}"
        )
    require_finite("expm_frechet", check_finite, A=A, E=E)
    return linalg.expm_frechet(A, E, compute_expm=compute_expm)


def logm(A: Array, disp: Any = _UNSET) -> Array:
    """Compute principal logarithms, as `scirs2.linalg.logm`."""
    _refuse_estimate("logm", disp)
    return linalg.logm(_square(A))


def sqrtm(A: Array, disp: Any = _UNSET, blocksize: Any = _UNSET) -> Array:
    """Compute principal square roots, as `scirs2.linalg.sqrtm`; every ``blocksize`` is the same."""
    del blocksize
    _refuse_estimate("sqrtm", disp)
    return linalg.sqrtm(_square(A))


def fractional_matrix_power(A: Array, t: float) -> Array:
    """Compute principal powers: of whole exponents as `scirs2.linalg.matrix_power`."""
    A = _square(A)
    if float(t).is_integer():
        return linalg.matrix_power(A, int(t))
    return linalg.fractional_matrix_power(A, t)


def signm(A: Array, disp: Any = _UNSET) -> Array:
    """Compute matrix signs, as `scirs2.linalg.signm`."""
    _refuse_estimate("signm", disp)
    return linalg.signm(_square(A))


def cosm(A: Array) -> Array:
    """Compute cosines, as `scirs2.linalg.cosm`."""
    return linalg.cosm(_square(A))


def sinm(A: Array) -> Array:
    """Compute sines, as `scirs2.linalg.sinm`."""
    return linalg.sinm(_square(A))


def tanm(A: Array) -> Array:
    """Compute tangents, as `scirs2.linalg.tanm`."""
    return linalg.tanm(_square(A))


def coshm(A: Array) -> Array:
    """Compute hyperbolic cosines, as `scirs2.linalg.coshm`."""
    return linalg.coshm(_square(A))


def sinhm(A: Array) -> Array:
    """Compute hyperbolic sines, as `scirs2.linalg.sinhm`."""
    return linalg.sinhm(_square(A))


def tanhm(A: Array) -> Array:
    """Compute hyperbolic tangents, as `scirs2.linalg.tanhm`."""
    return linalg.tanhm(_square(A))


def schur(
    a: Array,
    output: str = "real",
    lwork: int | None = None,
    overwrite_a: bool = False,
    sort: str | Callable[..., Any] | None = None,
    check_finite: bool = True,
) -> Any:
    """Compute Schur forms, as `scirs2.linalg.schur`."""
    del lwork, overwrite_a
    require_finite("schur", check_finite, a=a)
    if sort is None or not callable(sort):
        check_one_of("schur", "sort", sort, [None, "lhp", "rhp", "iuc", "ouc"])
        return linalg.schur(a, output, sort=sort)
    if output in ("real", "r") and len(inspect.signature(sort).parameters) == 1:
        # SciPy gives such a function the real part of an eigenvalue alone.
        return linalg.schur(a, output, sort=lambda re, im: sort(re))
    return linalg.schur(a, output, sort=sort)


def rsf2csf(T: Array, Z: Array, check_finite: bool = True) -> Any:
    """Make complex Schur forms of real ones, as `scirs2.linalg.rsf2csf`."""
    require_finite("rsf2csf", check_finite, T=T, Z=Z)
    return linalg.rsf2csf(T, Z)


def hessenberg(
    a: Array, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Compute Hessenberg forms, as `scirs2.linalg.hessenberg`."""
    del overwrite_a
    require_finite("hessenberg", check_finite, a=a)
    return linalg.hessenberg(a, calc_q)


def cdf2rdf(w: Array, v: Array) -> Any:
    """Make eigenvalues and eigenvectors real, as `scirs2.linalg.cdf2rdf`."""
    return linalg.cdf2rdf(w, v)
