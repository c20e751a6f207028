"""What one exchange costs: in, out, and across to PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import numpy as np
import scirs2
import torch

from .harness import Goal, Row
from .levels import Level

SHAPE = (3, 4)


def elements(result: object) -> float:
    """Return 0 where an array of any library holds what went in."""
    return float(np.max(np.abs(np.asarray(result) - 1.0)))


def capsule(result: object) -> float:
    """Return 0 for a DLPack capsule of either form."""
    return 0.0 if "dltensor" in repr(result) else float("inf")


def rows() -> list[Row]:
    """List the calls that are compared."""
    array = np.ones(SHAPE)
    tensor = torch.ones(SHAPE, dtype=torch.float64)
    on_jax = jax.numpy.ones(SHAPE)
    version = (1, 0)
    return [
        Row(
            "PyTorch tensor in",
            {
                "scirs2": lambda: scirs2.from_dlpack(tensor),
                "NumPy": lambda: np.from_dlpack(tensor),
                "PyTorch": lambda: torch.from_dlpack(tensor),
                "own method": lambda: tensor.numpy(),
            },
            elements,
            goal=Goal(10, "NumPy"),
        ),
        Row(
            "JAX array in",
            {
                "scirs2": lambda: scirs2.from_dlpack(on_jax),
                "NumPy": lambda: np.from_dlpack(on_jax),
                "PyTorch": lambda: torch.from_dlpack(on_jax),
            },
            elements,
        ),
        Row(
            "NumPy array in",
            {
                "scirs2": lambda: scirs2.from_dlpack(array),
                "NumPy": lambda: np.from_dlpack(array),
                "PyTorch": lambda: torch.from_dlpack(array),
            },
            elements,
            goal=Goal(1.0, "NumPy"),
        ),
        Row(
            "raw capsule in",
            {
                "scirs2": lambda: scirs2.from_dlpack(array.__dlpack__()),
                "PyTorch": lambda: torch.from_dlpack(array.__dlpack__()),
            },
            elements,
        ),
        Row(
            "NumPy array to a capsule",
            {
                "scirs2": lambda: scirs2.to_dlpack(array),
                "NumPy": lambda: array.__dlpack__(),
            },
            capsule,
            goal=Goal(0.83, "NumPy"),
        ),
        Row(
            "NumPy array to a versioned capsule",
            {
                "scirs2": lambda: scirs2.to_dlpack(array, max_version=version),
                "NumPy": lambda: array.__dlpack__(max_version=version),
            },
            capsule,
        ),
        Row(
            "NumPy array to a PyTorch tensor",
            {
                "scirs2": lambda: torch.from_dlpack(scirs2.to_dlpack(array)),
                "PyTorch": lambda: torch.from_dlpack(array),
                "own method": lambda: torch.from_numpy(array),
            },
            elements,
            goal=Goal(1.0, "PyTorch"),
        ),
    ]


def plan(_: Level) -> list[Callable[[], Row]]:
    """List them all: together they take seconds."""
    return [partial(replace, row, at={"group": "exchange", "op": row.name}) for row in rows()]
