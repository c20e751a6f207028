"""What the functions of this package share: SciPy's flags, its warning, and its thresholds."""

# SciPy's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import functools
import math
import warnings
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from ... import linalg as _linalg
from ..._scirs2 import from_dlpack

# A tensor of any library, or what NumPy makes an array of.
Array: TypeAlias = Any

# The functions check their arguments by themselves; to a type checker these are any.
linalg: Any = _linalg


class _Warning(RuntimeWarning):
    """An ill-conditioned matrix, whose result may have few right digits or none."""


def _warning_class() -> Any:
    """Return SciPy's class, for handlers and filters that name it, or else our own."""
    try:
        from scipy.linalg import LinAlgWarning as theirs  # type: ignore[import-untyped]
    except ImportError:
        return _Warning
    return theirs


LinAlgWarning: Any = _warning_class()


def in_numpy(x: Array) -> Any:
    """Return a tensor as a NumPy array on the same memory."""
    return from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)


def like(x: Array, array: Any) -> Array:
    """Return a NumPy array as one of the library of a tensor."""
    # What is of no library follows the other operand, which adds nothing here.
    return linalg.block_diag(x[..., :0, :0], memoryview(array))


def require_finite(function: str, check: bool, **operands: Array) -> None:
    """Refuse a NaN or an infinity, as SciPy's `check_finite` does, before any work."""
    if not check:
        return
    for name, x in operands.items():
        if not _is_finite(x):
            raise ValueError(
                f"{function}: {name}: holds a NaN or an infinity; remove it first, or pass "
                "check_finite=False"
            )


def _is_finite(x: Array) -> bool:
    x = x.detach() if hasattr(x, "detach") else x
    if not is_readable(x):
        return True
    try:
        # At the speed of memory, on all cores.
        norm = linalg.vector_norm(x)
    except Exception:  # noqa: BLE001 - what cannot be read the function itself refuses, by name
        return True
    # The norm of finite numbers may be beyond the largest one.
    return math.isfinite(norm) or bool(np.isfinite(in_numpy(x)).all())


def is_readable(*operands: Array) -> bool:
    """Return whether all have values now, which are not traced, lazy or under a derivative."""
    try:
        for x in operands:
            if type(x) is np.ndarray:
                continue
            if hasattr(x, "__dask_graph__"):
                return False
            if hasattr(x, "__dlpack__"):
                from_dlpack(x)
    except Exception:  # noqa: BLE001 - the function itself refuses it, or knows what to do
        return False
    return True


def check_one_of(function: str, parameter: str, value: Any, allowed: Iterable[Any]) -> None:
    """Refuse what is none of SciPy's names."""
    allowed = tuple(allowed)
    if value not in allowed:
        *others, last = map(repr, allowed)
        raise ValueError(
            f"{function}: {parameter}: expected {', '.join(others)} or {last}, got {value!r}"
        )


# What is computed in single precision, as the libraries write it.
_SINGLE = ("float32", "complex64", "float16")
_EPSILONS = float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)


def epsilon(*operands: Array) -> float:
    """Return the epsilon of the precision that the operands together are computed in."""
    return _EPSILONS[all(_is_single(getattr(x, "dtype", "float64")) for x in operands)]


@functools.cache
def _is_single(dtype: Any) -> bool:
    return any(name in str(dtype) for name in _SINGLE)


def warn_if_ill_conditioned(function: str, reciprocal_conditions: Array, eps: float) -> None:
    """Warn once a call, as SciPy does, of the worst matrix."""
    if isinstance(reciprocal_conditions, np.floating) and reciprocal_conditions >= eps:
        return
    conditions = in_numpy(reciprocal_conditions)
    # A NaN is ill-conditioned, too.
    if conditions.size == 0 or (conditions >= eps).all():
        return
    worst = np.nanmin(conditions) if not np.isnan(conditions).all() else np.nan
    which = "the matrix" if conditions.ndim == 0 else "a matrix of the batch"
    warnings.warn(
        f"{function}: {which} is ill-conditioned (rcond={worst:.6g}): the result may not be "
        "accurate",
        LinAlgWarning,
        stacklevel=3,
    )
