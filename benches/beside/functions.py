"""What SciPy's users come for: functions of matrices, Schur forms, problems of two matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .harness import Goal, Row
from .levels import Level
from .operations import FUNCTIONS

# The shape, the dtype, and how many times as fast as whom each is to be.
ROWS = (
    ("eigh of two", (10_000,), 3, "float64", Goal(40, "SciPy")),
    ("expm", (10_000,), 3, "float64", Goal(6, "PyTorch")),
    ("expm", (10_000,), 4, "complex128", Goal(8, "PyTorch")),
    ("expm", (), 512, "float64", Goal(1.1)),
    ("logm", (300,), 3, "float64", Goal(400, "SciPy")),
    ("sqrtm", (10_000,), 3, "float64", Goal(4, "SciPy")),
    ("schur", (10_000,), 3, "float64", Goal(12, "SciPy")),
    ("polar", (10_000,), 3, "float64", Goal(25, "JAX")),
)
TEST = 7


def plan(level: Level) -> list[Callable[[], Row]]:
    """List the rows, at small sizes for a test."""
    operations = {operation.name: operation for operation in FUNCTIONS}
    small = level.name == "test"
    return [
        partial(
            operations[name].row,
            (TEST,) if small and batch else batch,
            TEST if small and not batch else n,
            dtype,
            goal,
            {"group": "functions of matrices"},
        )
        for name, batch, n, dtype, goal in ROWS
    ]
