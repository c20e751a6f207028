"""One large matrix."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from .harness import Finding, Goal, Result, Row
from .levels import Level
from .libraries import cores
from .operations import DECOMPOSITIONS

# Level with the best peer on each row, and ahead in the mean of all.
GOAL = Goal(1.0)
MEAN = 1.1

# At these orders, in double precision, up to this operation of DECOMPOSITIONS. The
# others last from ten seconds to minutes each, which is for `whole`.
FULL = {256: "eig", 1024: "eig", 2048: "svdvals", 4096: "det"}
WHOLE = dict.fromkeys(FULL, "eig")
QUICK = {256: "eig", 1024: "qr"}
TEST = {8: "matmul"}
ONE_CORE = 1024
OTHER_DTYPES = ("float32", "complex128")
OTHER_ORDER = 1024


def up_to(name: str) -> tuple:
    """Return the operations up to that one."""
    names = [operation.name for operation in DECOMPOSITIONS]
    return DECOMPOSITIONS[: names.index(name) + 1]


def plan(level: Level) -> list[Callable[[], Row]]:
    """List the decompositions at every large size; on one core, the smaller ones."""
    (orders,) = level.pick(test=(TEST,), quick=(QUICK,), full=(FULL,), whole=(WHOLE,))
    alone = len(cores()) == 1
    sizes = [(n, "float64", last) for n, last in orders.items() if n <= ONE_CORE or not alone]
    if not alone:
        last = level.pick(test=(), quick=(), full=("svdvals",), whole=("eig",))
        sizes += [(OTHER_ORDER, dtype, name) for name in last for dtype in OTHER_DTYPES]
    return [
        partial(operation.row, (), n, dtype, GOAL, {"group": "one large matrix"})
        for n, dtype, last in sizes
        for operation in up_to(last)
    ]


def mean(results: list[Result]) -> Finding:
    """Return the geometric mean of the ratios."""
    return Finding(
        "geometric mean of all rows",
        statistics.geometric_mean(result.ratio for result in results),
        "times as fast",
        least=MEAN,
    )
