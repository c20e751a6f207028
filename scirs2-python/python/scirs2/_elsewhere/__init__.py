"""Calls of `scirs2.linalg` with operands that have no memory to read on this host.

Such an operand is traced, wraps another tensor, needs a gradient, is lazy, or lives on a
device. The functions of the extension send the call here, and nowhere else.
"""

from typing import Any, NoReturn


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: Exception) -> NoReturn:
    """Refuse the call, for the reason that the operand gave."""
    del name, args, kwargs
    try:
        raise reason
    finally:
        # The traceback holds this frame, which must not hold the reason in turn.
        del reason
