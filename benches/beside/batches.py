"""Batches of matrices, small to middling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .harness import Goal, Row
from .levels import Level
from .machine import cores
from .operations import DECOMPOSITIONS, up_to

# How many matrices of which order.
SHAPES = ((100_000, 4), (10_000, 16), (1_000, 64))


def goal(n: int) -> Goal:
    """Return what is aimed at for a batch of matrices of that order."""
    return Goal(4) if n <= 4 else Goal(2)


def plan(level: Level) -> list[Callable[[], Row]]:
    """List every decomposition at every shape of batch; on one core, in double precision."""
    shapes = level.pick(test=((7, 4),), quick=((10_000, 4),), full=SHAPES)
    single = level.pick(test=(), quick=(), full=SHAPES[:1], whole=SHAPES)
    sizes = [(shape, "float64") for shape in shapes]
    # On one core what takes longest is left to `whole`.
    alone = len(cores()) == 1 and level.name == "full"
    if len(cores()) > 1:
        sizes += [(shape, "float32") for shape in single]
    return [
        partial(operation.row, (count,), n, dtype, goal(n), {"group": "batches"})
        for (count, n), dtype in sizes
        for operation in (up_to("eigh") if alone else DECOMPOSITIONS)
    ]
