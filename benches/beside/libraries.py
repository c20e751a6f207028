"""How a user calls each library: its arrays, its functions, and waiting for its answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import torch

from .harness import Call

# JAX has single precision only, unless it is told.
jax.config.update("jax_enable_x64", True)

ALIGNMENT = 64


def aligned(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Make an array on a 64-byte boundary, where JAX takes it without a copy."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def native(library: str, array: np.ndarray) -> Any:  # noqa: ANN401
    """Give a library the array as its own, on the same memory."""
    if library == "PyTorch":
        return torch.from_numpy(array)
    if library == "JAX":
        return jax.dlpack.from_dlpack(array)
    return array


def bind(
    library: str, function: Callable[..., object], operands: tuple[np.ndarray, ...], **how: object
) -> Call:
    """Make the call that a user of this library would write, who waits for the result."""
    own = [native(library, operand) for operand in operands]
    if library != "JAX":
        return partial(function, *own, **how)
    # As its guide says: compiled, and waited for. Compiled now, so that the first call
    # tells how long a call takes.
    compiled = jax.jit(partial(function, **how))
    compiled.lower(*own).compile()
    return lambda: jax.block_until_ready(compiled(*own))


def host(result: object) -> Any:  # noqa: ANN401
    """Take a result of any library as NumPy arrays; several of them as a list."""
    if isinstance(result, tuple | list):
        return [host(part) for part in result]
    return np.asarray(result)
