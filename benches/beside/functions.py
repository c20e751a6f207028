"""What SciPy's users come for: functions of matrices, Schur forms, problems of two matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .harness import Goal, Row
from .levels import Level
from .operations import FUNCTIONS

# The matrices, their order and dtype, and how many times as fast as whom each is to be.
ROWS = (
    ("eigh of two", (10_000,), 3, "float64", Goal(40, "SciPy")),
    ("eigh of two", (1_000,), 16, "float64", Goal(4, "SciPy")),
    ("eigh of two", (), 4, "float64", Goal(8, "SciPy")),
    ("eigh of two", (), 400, "float64", Goal(1.2, "SciPy")),
    ("eig of two", (10_000,), 3, "float64", Goal(2.4, "SciPy")),
    ("eig of two", (), 4, "float64", Goal(10, "SciPy")),
    ("eig of two", (), 400, "float64", Goal(1.8, "SciPy")),
    ("solve, definite", (10_000,), 3, "float64", Goal(20, "SciPy")),
    ("solve, definite", (1_000,), 16, "float64", Goal(3, "SciPy")),
    ("solve, definite", (), 4, "float64", Goal(15, "SciPy")),
    ("solve, definite", (), 1000, "float64", Goal(1, "SciPy")),
    ("qr, pivoted", (10_000,), 3, "float64", Goal(2.4, "SciPy")),
    ("qr, pivoted", (1_000,), 16, "float64", Goal(1.1, "SciPy")),
    ("qr, pivoted", (), 400, "float64", Goal(1.3, "SciPy")),
    ("rq", (3_000,), 3, "float64", Goal(15, "SciPy")),
    ("rq", (1_000,), 16, "float64", Goal(4, "SciPy")),
    ("null_space", (1_000,), 3, "float64", Goal(100, "SciPy")),
    ("null_space", (300,), 16, "float64", Goal(5, "SciPy")),
    ("orth", (1_000,), 3, "float64", Goal(100, "SciPy")),
    ("pinvh", (1_000,), 3, "float64", Goal(100, "SciPy")),
    ("pinvh", (300,), 16, "float64", Goal(5, "SciPy")),
    ("polar", (10_000,), 3, "float64", Goal(25, "JAX")),
    ("polar", (1_000,), 16, "float64", Goal(5, "SciPy")),
    ("polar", (), 4, "float64", Goal(8, "SciPy")),
    ("polar", (), 400, "float64", Goal(1.2)),
    ("orthogonal_procrustes", (3_000,), 3, "float64", Goal(25, "SciPy")),
    ("schur", (10_000,), 3, "float64", Goal(12, "SciPy")),
    ("schur", (1_000,), 16, "float64", Goal(1.5, "SciPy")),
    ("schur", (), 4, "float64", Goal(8, "SciPy")),
    ("schur", (), 400, "float64", Goal(1, "SciPy")),
    ("expm", (10_000,), 3, "float64", Goal(6, "PyTorch")),
    ("expm", (1_000,), 16, "float64", Goal(4, "SciPy")),
    ("expm", (10_000,), 3, "float32", Goal(6, "PyTorch")),
    ("expm", (), 4, "float64", Goal(4)),
    ("expm", (), 512, "float64", Goal(1.1)),
    ("expm", (10_000,), 2, "complex128", Goal(8, "PyTorch")),
    ("expm", (10_000,), 4, "complex128", Goal(8, "PyTorch")),
    ("expm", (1_000,), 16, "complex128", Goal(4, "PyTorch")),
    ("expm_frechet", (1_000,), 3, "float64", Goal(60, "SciPy")),
    ("expm_frechet", (300,), 16, "float64", Goal(8, "SciPy")),
    ("expm_frechet", (), 4, "float64", Goal(10, "SciPy")),
    ("cosm", (1_000,), 3, "float64", Goal(30, "SciPy")),
    ("cosm", (1_000,), 16, "float64", Goal(6, "SciPy")),
    ("cosm", (), 4, "float64", Goal(10, "SciPy")),
    ("signm", (1_000,), 3, "float64", Goal(100, "SciPy")),
    ("signm", (300,), 16, "float64", Goal(20, "SciPy")),
    ("signm", (), 4, "float64", Goal(10, "SciPy")),
    ("sqrtm", (10_000,), 3, "float64", Goal(4, "SciPy")),
    ("sqrtm", (1_000,), 16, "float64", Goal(1.2, "SciPy")),
    ("sqrtm", (), 4, "float64", Goal(3, "SciPy")),
    ("sqrtm", (), 400, "float64", Goal(1.3, "SciPy")),
    ("sqrtm, definite", (10_000,), 3, "float64", Goal(12, "SciPy")),
    ("sqrtm, definite", (1_000,), 16, "float64", Goal(4, "SciPy")),
    ("sqrtm, definite", (), 400, "float64", Goal(3, "SciPy")),
    ("logm", (300,), 3, "float64", Goal(400, "SciPy")),
    ("logm", (100,), 16, "float64", Goal(30, "SciPy")),
    ("logm", (), 4, "float64", Goal(100, "SciPy")),
    ("logm", (), 400, "float64", Goal(2.5, "SciPy")),
    ("logm, definite", (), 400, "float64", Goal(6, "SciPy")),
    ("fractional_matrix_power", (300,), 3, "float64", Goal(400, "SciPy")),
    ("fractional_matrix_power", (100,), 16, "float64", Goal(30, "SciPy")),
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
            min(n, TEST) if small else n,
            dtype,
            goal,
            {"group": "functions of matrices"},
        )
        for name, batch, n, dtype, goal in ROWS
    ]
