"""Batches of matrices, small to middling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .harness import Goal, Row
from .levels import Level
from .operations import DECOMPOSITIONS

# How many matrices of which order.
SHAPES = ((100_000, 4), (10_000, 16), (1_000, 64))


def goal(n: int) -> Goal:
    """Return what is aimed at for a batch of matrices of that order."""
    return Goal(4) if n <= 4 else Goal(2)


def plan(level: Level) -> list[Callable[[], Row]]:
    """List every decomposition at every shape of batch."""
    shapes = level.pick(test=((7, 4),), quick=((10_000, 4), (1_000, 16)), full=SHAPES)
    dtypes = level.pick(test=("float64",), quick=("float64",), full=("float64", "float32"))
    return [
        partial(operation.row, (count,), n, dtype, goal(n), {"group": "batches"})
        for count, n in shapes
        for dtype in dtypes
        for operation in DECOMPOSITIONS
    ]
