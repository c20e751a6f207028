"""Norms: whole, by row and column, strided, each library on the same memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import scirs2
import torch
from jax import numpy as jnp

from .harness import READ, Call, Goal, Row, estimate
from .levels import Level
from .libraries import aligned, bind, host
from .machine import cores, memory

VECTOR_ORDERS = (2, 1, np.inf, 0, 3)
MATRIX = (3000, 2000)
TOLERANCE = {"float64": 1e-13, "float32": 1e-6, "complex128": 1e-13}
# Up to here a call is more than its arithmetic; beyond, memory is the limit.
SHORT = 1_000
SHORT_GOAL = Goal(5)
LONG_GOAL = Goal(0.9, READ)
# A vector is this many different numbers, again and again, so that its norm is
# known from theirs.
PERIOD = 1_000
# The longest vectors take no more of the memory than this part.
MEMORY_PART = 10
LONGEST = 100_000_000
LONGEST_ORDERS = (2, 1, np.inf)


def numbers(shape: int | tuple[int, ...], dtype: str) -> np.ndarray:
    """Make normally distributed numbers."""
    generator = np.random.default_rng(2)
    found = generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        found = found + 1j * generator.standard_normal(shape)
    return found.astype(dtype)


def by_definition(x: np.ndarray, order: float, axis: int | None = None) -> np.ndarray:
    """Return the vector norm as a sum of its own, in the longest type there is."""
    a = np.abs(x).astype(np.longdouble)
    if order == np.inf:
        return a.max(axis)
    if order == 0:
        return (a != 0).sum(axis).astype(np.longdouble)
    return (a**order).sum(axis) ** (1 / np.longdouble(order))


def norm_of_vector(length: int, dtype: str, order: float) -> np.ndarray:
    """Return the norm of a vector of that length, from one period of it."""
    one = by_definition(numbers(PERIOD, dtype), order)
    times = np.longdouble(length // PERIOD)
    if order == np.inf:
        return one
    return one * times if order == 0 else one * times ** (1 / np.longdouble(order))


def norm_of_matrix(x: np.ndarray, order: float | str) -> np.ndarray:
    """Return the matrix norm, by its definition."""
    if order == "fro":
        return by_definition(x, 2)
    return by_definition(x, 1, axis=0 if order == 1 else 1).max()


def reader(memory: np.ndarray) -> Call:
    """Choose what reads this memory fastest, of what adds up and what multiplies."""
    flat = memory.reshape(-1)
    flat = flat.view(flat.real.dtype)
    tensor = torch.from_numpy(flat)
    ways = [
        partial(np.dot, flat, flat),
        partial(torch.dot, tensor, tensor),
        partial(torch.sum, tensor),
        bind("JAX", jnp.sum, (flat,)),
    ]
    return min(ways, key=estimate)


@dataclass(frozen=True)
class Subject:
    """An array to take norms of, and what reads its memory once."""

    name: str
    array: np.ndarray
    read: Call
    # What must come from memory.
    size: int

    def row(
        self,
        how: dict[str, object],
        expected: np.ndarray,
        goal: Goal,
        at: dict[str, Any],
    ) -> Row:
        """Set up one norm in every library."""
        array, dtype = self.array, self.array.dtype.name
        calls = {
            "scirs2": bind("scirs2", scirs2.norm, (array,), **how),
            "NumPy": bind("NumPy", np.linalg.norm, (array,), **how),
            "PyTorch": bind(
                "PyTorch",
                torch.linalg.norm,
                (array,),
                **{"dim" if key == "axis" else key: value for key, value in how.items()},
            ),
        }
        # JAX has no views: it would take them as copies, which is other work.
        if array.flags.c_contiguous:
            calls["JAX"] = bind("JAX", jnp.linalg.norm, (array,), **how)
        expected = np.asarray(expected, np.float64)
        said = " ".join(f"{key}={value}" for key, value in how.items())
        return Row(
            name=f"{self.name} {said} {dtype}",
            calls=calls,
            error=lambda result: float(np.max(np.abs(host(result) - expected) / expected)),
            tolerance=TOLERANCE[dtype],
            goal=goal,
            at={"group": "norms", "op": "norm", "dtype": dtype, **at},
            read=self.read,
            size=self.size,
        )


@lru_cache(maxsize=1)
def vector_subject(length: int, dtype: str) -> Subject:
    """Make a vector that repeats itself."""
    array = aligned((length,), dtype)
    array.reshape(-1, PERIOD)[...] = numbers(PERIOD, dtype)
    return Subject(f"n={length:.0e}", array, reader(array), array.nbytes)


def vector_row(length: int, dtype: str, order: float) -> Row:
    """Set up the norm of a vector."""
    return vector_subject(length, dtype).row(
        {"ord": order},
        norm_of_vector(length, dtype, order),
        SHORT_GOAL if length <= SHORT else LONG_GOAL,
        {"n": length, "ord": str(order), "layout": "vector"},
    )


# What is seen of a matrix.
VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "in C order": lambda a: a,
    "in Fortran order": lambda a: a.T,
    "every second column": lambda a: a[:, ::2],
}


@lru_cache(maxsize=1)
def matrix(shape: tuple[int, int], dtype: str) -> tuple[np.ndarray, Call]:
    """Make a matrix, and choose what reads it."""
    array = aligned(shape, dtype)
    array[...] = numbers(shape, dtype)
    return array, reader(array)


def matrix_row(
    shape: tuple[int, int], dtype: str, view: str, order: float | str, axis: int | None
) -> Row:
    """Set up the norm of a matrix, or of each of its columns (axis 0) or rows (axis 1)."""
    array, read = matrix(shape, dtype)
    seen = VIEWS[view](array)
    subject = Subject(f"{'x'.join(map(str, shape))} {view}", seen, read, array.nbytes)
    if axis is None:
        how, expected = {"ord": order}, norm_of_matrix(seen, order)
    else:
        how, expected = {"ord": order, "axis": axis}, by_definition(seen, order, axis)
    at = {"n": array.size, "ord": str(order), "layout": view, "axis": axis}
    return subject.row(how, expected, LONG_GOAL, at)


def plan(level: Level) -> list[Callable[[], Row]]:
    """List the norms: every length in double precision on all cores, else every second."""
    lengths = level.pick(
        test=(1_000,),
        quick=(1_000, 1_000_000),
        full=(1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000),
    )
    alone = len(cores()) == 1
    others = () if alone else level.pick(test=(), quick=(), full=("float32", "complex128"))
    sizes = [(length, "float64") for length in (lengths[::2] if alone else lengths)]
    sizes += [(length, dtype) for dtype in others for length in lengths[::2]]
    of_vectors = [
        partial(vector_row, length, dtype, order)
        for length, dtype in sizes
        for order in VECTOR_ORDERS
        if length * np.dtype(dtype).itemsize * MEMORY_PART < memory()
        # The longest take a second and more in some peers.
        and (length < LONGEST or order in LONGEST_ORDERS)
    ]
    (shape,) = level.pick(test=((30, 20),), quick=(MATRIX,), full=(MATRIX,))
    of_matrices = [
        partial(matrix_row, shape, dtype, view, order, axis)
        for dtype in ("float64", *others)
        for view in VIEWS
        for order, axis in (("fro", None), (1, None), (np.inf, None), (2, 0), (2, 1))
    ]
    return of_vectors + of_matrices
