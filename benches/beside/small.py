"""One small matrix: what a call costs beyond its arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .harness import Goal, Row
from .levels import Level
from .operations import CROSS, DECOMPOSITIONS, OTHERS, Operation

DTYPE = "float64"
# Up to here the call is all there is.
TINY = 4
SIMPLE = frozenset({"matmul", "det", "inv", "solve", "cholesky"})
FACTORIZATIONS = frozenset({"qr", "svd", "svdvals", "eigh", "eigvalsh", "eig", "lstsq"})


def goal(operation: Operation, n: int) -> Goal | None:
    """Return what is aimed at for one matrix of that size."""
    if n <= TINY:
        return Goal(5)
    if operation.name in SIMPLE:
        return Goal(2)
    return Goal(1.3) if operation.name in FACTORIZATIONS else None


def plan(level: Level) -> list[Callable[[], Row]]:
    """List every function at every small size."""
    sizes = level.pick(test=(3,), quick=(3,), full=(2, 3, 4, 16))
    operations = level.pick(test=OTHERS, quick=DECOMPOSITIONS, full=(*DECOMPOSITIONS, *OTHERS))
    rows = [
        partial(operation.row, (), n, DTYPE, goal(operation, n), {"group": "one small matrix"})
        for n in sizes
        for operation in operations
    ]
    # There is a cross product of three dimensions only.
    return [*rows, partial(CROSS.row, (), 3, DTYPE, Goal(5), {"group": "one small matrix"})]
