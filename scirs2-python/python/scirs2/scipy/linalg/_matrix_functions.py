"""Functions of matrices, and the forms behind them, as SciPy names them."""

# SciPy's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _funm
from ._arguments import (
    Array,
    LinAlgWarning,
    check_one_of,
    epsilon,
    in_numpy,
    like,
    linalg,
    require_finite,
)

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


def funm(A: Array, func: Callable[..., Any], disp: bool = True) -> Any:
    """Compute any function of matrices, from its values at complex numbers.

    ``func`` takes one-dimensional arrays of complex128 and returns the values of their elements.
    Where eigenvalues are close together, or equal, it is called on circles around them, too, for
    its derivatives: it must be analytic there, unless the matrix is normal. The result of a real
    matrix is real where its imaginary part is no more than the error.

    Warns with ``LinAlgWarning`` where the error is estimated to be large. With ``disp=False``
    there is no warning: the estimates, relative to each result, are the second result.

    Examples
    --------
    >>> import numpy as np
    >>> from scirs2.scipy import linalg
    >>> linalg.funm(np.array([[0.0, 1.0], [0.0, 0.0]]), np.exp)
    array([[1., 1.],
           [0., 1.]])
    """
    A = _square(A)
    if hasattr(A, "__dask_graph__"):
        raise TypeError("funm: A: the array is lazy; call A.map_blocks(funm, func) instead")
    try:
        are_hermitian = np.asarray(linalg.ishermitian(A))
    except (TypeError, ValueError, BufferError) as error:
        raise type(error)(str(error).replace("ishermitian: a", "funm: A")) from None
    whole = in_numpy(A)
    if whole.shape[-1] != whole.shape[-2]:
        raise ValueError(f"funm: A: expected square matrices, got the shape {whole.shape}")
    require_finite("funm", True, A=whole)
    found, errors = _funm.of_batch(func, whole, are_hermitian)
    result = like(A, found) if hasattr(A, "__dlpack__") else found
    if not disp:
        return result, errors if errors.ndim else float(errors)
    if errors.max(initial=0.0) > 1000 * epsilon(whole):
        which = "the result" if errors.ndim == 0 else "a result of the batch"
        warnings.warn(
            f"funm: {which} may be inaccurate: the error is estimated as {errors.max():.1g}",
            LinAlgWarning,
            stacklevel=2,
        )
    return result


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
