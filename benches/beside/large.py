"""One large matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .harness import Goal, Row
from .levels import Level
from .machine import cores
from .operations import up_to

# Level with the best peer on each row; for the mean of them all see `record`.
GOAL = Goal(1.0)

# At these orders, in double precision, up to this operation of DECOMPOSITIONS. The
# others last from seconds to minutes each, which is for `whole`.
TEST = {8: "matmul"}
QUICK = {256: "eig", 1024: "qr"}
FULL = {256: "eig", 1024: "eig", 2048: "eigh", 4096: "inv"}
WHOLE = {256: "eig", 1024: "eig", 2048: "eig", 4096: "lstsq"}
ONE_CORE = {256: "eig", 1024: "qr"}
# And in these dtypes at this order.
OTHER_DTYPES = ("float32", "complex128")
OTHER_ORDER = 1024


def plan(level: Level) -> list[Callable[[], Row]]:
    """List the decompositions at every large size; on one core, the smaller ones."""
    (orders,) = level.pick(test=(TEST,), quick=(QUICK,), full=(FULL,), whole=(WHOLE,))
    last_of_others = level.pick(test=(), quick=(), full=("eigh",), whole=("eig",))
    if len(cores()) == 1 and level.name != "test":
        orders, last_of_others = ONE_CORE, ()
    sizes = [(n, "float64", last) for n, last in orders.items()]
    sizes += [(OTHER_ORDER, dtype, last) for last in last_of_others for dtype in OTHER_DTYPES]
    return [
        partial(operation.row, (), n, dtype, GOAL, {"group": "one large matrix"})
        for n, dtype, last in sizes
        for operation in up_to(last)
    ]
