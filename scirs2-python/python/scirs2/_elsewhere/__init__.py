"""Calls of `scirs2.linalg` with operands that have no memory to read on this host.

Such an operand is traced, wraps another tensor, needs a gradient, is lazy, or lives on a
device. The functions of the extension send the call here, and nowhere else.
"""

import sys
from typing import Any

# PyTorch's tensors, and what computes with them, once there was one.
_tensor: Any = ()
_of_torch: Any = None


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: Exception) -> Any:
    """Compute the call where its operands are; else refuse it, for the reason that they gave."""
    try:
        # The usual operand; others are asked in turn.
        if len(args) == 1 and isinstance(args[0], _tensor):
            return _of_torch.call(name, args, kwargs, reason)
        operands = [*args, *kwargs.values()]
        # Only a class that is loaded can be an operand's.
        jax = sys.modules.get("jax")
        if jax is not None and _any_of(jax.core.Tracer, operands):
            from . import jax as of_jax

            return of_jax.call(name, args, kwargs, reason)
        for module in ("dask.array", "dask_array"):
            lazy = getattr(sys.modules.get(module), "Array", None)
            if lazy is not None and _any_of(lazy, operands):
                from . import dask as of_dask

                return of_dask.call(name, args, kwargs, reason)
        if _has_tensor(operands):
            return _of_torch.call(name, args, kwargs, reason)
        raise reason
    finally:
        # The traceback holds this frame, which must not hold the reason in turn.
        del reason


def _has_tensor(operands: list[Any]) -> bool:
    global _tensor, _of_torch
    torch = sys.modules.get("torch")
    if torch is None or not _any_of(torch.Tensor, operands):
        return False
    if _of_torch is None:
        from . import torch as _of_torch
    _tensor = torch.Tensor
    return True


def _any_of(kind: type, values: Any) -> bool:
    return any(
        isinstance(value, kind) or (isinstance(value, list | tuple) and _any_of(kind, value))
        for value in values
    )
