"""Exact products of integers, which wrap around as NumPy's do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from jax import numpy as jnp
from scirs2 import linalg

from .harness import Goal, Row
from .levels import Level
from .libraries import aligned, bind, host

GOAL = Goal(20, "NumPy")


def integers(n: int, dtype: str, seed: int) -> np.ndarray:
    """Make integers of the whole range of a type."""
    kind = np.iinfo(dtype)
    out = aligned((n, n), dtype)
    out[...] = np.random.default_rng(seed).integers(
        kind.min, kind.max, (n, n), dtype, endpoint=True
    )
    return out


def row(n: int, dtype: str) -> Row:
    """Set up one product in every library."""
    a, b = integers(n, dtype, 0), integers(n, dtype, 1)
    v = integers(n, dtype, 2)[:, :1]
    # Integers that wrap are a ring: (A B) v = A (B v), to the last bit.
    expected = np.einsum("ij,jk->ik", a, np.einsum("ij,jk->ik", b, v))

    def error(result: object) -> float:
        return float(np.any(np.einsum("ij,jk->ik", host(result), v) != expected))

    calls = {
        "scirs2": linalg.matmul,
        "NumPy": np.matmul,
        "PyTorch": torch.matmul,
        "JAX": jnp.matmul,
    }
    return Row(
        name=f"matmul {n}x{n} {dtype}",
        calls={library: bind(library, call, (a, b)) for library, call in calls.items()},
        error=error,
        goal=GOAL,
        at={"group": "integers", "op": "matmul", "n": n, "dtype": dtype},
    )


def plan(level: Level) -> list[Callable[[], Row]]:
    """List the products."""
    sizes = level.pick(test=(8,), quick=(512,), full=(512,))
    dtypes = level.pick(test=("int64",), quick=("int64",), full=("int64", "int32", "uint8"))
    return [partial(row, n, dtype) for n in sizes for dtype in dtypes]
