"""Calls of `scirs2.linalg` with operands that have no memory to read on this host.

Such an operand is traced, wraps another tensor, needs a gradient, is lazy, or lives on a
device. The functions of the extension send the call here, and nowhere else.
"""

import sys
from typing import Any


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: Exception) -> Any:
    """Compute the call where its operands are; else refuse it, for the reason that they gave."""
    try:
        operands = [*args, *kwargs.values()]
        # Only a class that is loaded can be an operand's.
        for module in ("dask.array", "dask_array"):
            lazy = getattr(sys.modules.get(module), "Array", None)
            if lazy is not None and _any_of(lazy, operands):
                from . import dask as of_dask

                return of_dask.call(name, args, kwargs, reason)
        torch = sys.modules.get("torch")
        if torch is not None and _any_of(torch.Tensor, operands):
            from . import torch as of_torch

            return of_torch.call(name, args, kwargs, reason)
        raise reason
    finally:
        # The traceback holds this frame, which must not hold the reason in turn.
        del reason


def _any_of(kind: type, values: Any) -> bool:
    return any(
        isinstance(value, kind) or (isinstance(value, list | tuple) and _any_of(kind, value))
        for value in values
    )
