"""Compiled programs of JAX: functions and their gradients, beside JAX's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from scirs2 import linalg

from .harness import Finding, Goal, Row
from .levels import Level
from .libraries import host
from .operations import DECOMPOSITIONS, ROUNDINGS, Operation, operand, operation

# How many matrices of which order; the first are the systems of a user of JAX (jax-ml/jax#36927).
SYSTEMS = (86_268, 3, "float32")
SHAPES = ((100_000, 4), (10_000, 16), (1_000, 64))
# Of functions that are SciPy's: JAX's own take long to compile, and expm long to run.
SHAPES_OF_SCIPY = ((1_000, 16), (100, 64))
SYSTEMS_GOAL = Goal(5)
GOAL = Goal(1)
# Of the call alone; the matrix has one element.
MOST_MICROSECONDS = 0.2
CHAIN = 1_000


def loss(function: Callable[..., Any], *operands: jax.Array) -> jax.Array:
    """Reduce the results to a number that does not depend on phases and signs."""
    results = function(*operands)
    results = results if isinstance(results, tuple) else (results,)
    return sum((jnp.abs(one) ** 2).sum() for one in results)


def of_values(function: Callable[..., Any], *operands: jax.Array) -> Any:  # noqa: ANN401
    """Keep the values alone: their vectors have signs."""
    return function(*operands)[0]


def relative_error(expected: list[np.ndarray], result: object) -> float:
    """Return how far results are from those of JAX in double precision."""
    found = host(result)
    found = found if isinstance(found, list) else [found]
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in pairs)


def compiled(function: Callable[..., Any], operands: list[jax.Array]) -> Callable[[], object]:
    """Compile a program, and return its call, which waits for the result."""
    program = jax.jit(function).lower(*operands).compile()
    return lambda: jax.block_until_ready(program(*operands))


def forward(operation: Operation, count: int, n: int, dtype: str, goal: Goal | None) -> Row:
    """Set up a function, inside a program of JAX's on both sides."""
    made = operation.row((count,), n, dtype, goal, {"group": "programs"})
    operands = [jnp.asarray(operand(name, (count,), n, dtype)) for name in operation.truth.operands]
    calls = {name: compiled(operation.calls[name], operands) for name in ("scirs2", "JAX")}
    return replace(made, name=f"jit of {made.name}", calls=calls)


def gradient(operation: Operation, count: int, n: int, dtype: str, goal: Goal | None) -> Row:
    """Set up the gradient of a loss by all operands."""
    name = operation.name
    arrays = [operand(one, (count,), n, dtype) for one in operation.truth.operands]
    places = tuple(range(len(arrays)))

    def program(library: str) -> Callable[..., Any]:
        function = operation.calls[library]
        if name == "eigh":
            function = partial(of_values, function)
        return jax.grad(partial(loss, function), places)

    operands = [jnp.asarray(array) for array in arrays]
    double = [jnp.asarray(array, "float64") for array in arrays]
    expected = host(jax.jit(program("JAX"))(*double))
    calls = {library: compiled(program(library), operands) for library in ("scirs2", "JAX")}
    return Row(
        name=f"gradient of {name} {count}x{n}x{n} {dtype}",
        calls=calls,
        error=partial(relative_error, expected),
        # Of the worst conditioned matrix of the batch.
        tolerance=1e3 * ROUNDINGS * max(n, 4) * float(np.finfo(dtype).eps),
        goal=goal,
        at={
            "op": name,
            "n": n,
            "dtype": dtype,
            "batch": [count],
            "group": "programs",
            "passes": "gradient",
        },
    )


def call_in_a_program() -> Finding:
    """Measure what one call adds to a compiled program."""

    def seconds(length: int) -> float:
        def program(a: jax.Array) -> jax.Array:
            for _ in range(length):
                a = linalg.inv(a)
            return a

        call = compiled(program, [jnp.ones((1, 1))])
        call()
        times = []
        for _ in range(50):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    each = (seconds(CHAIN + 10) - seconds(10)) / CHAIN
    return Finding("one call in a compiled program", each * 1e6, "us", most=MOST_MICROSECONDS)


def definite_solve(library: Any) -> Callable[..., Any]:  # noqa: ANN401
    """Solve by a library's own factors, of the Hermitian part: gradients have conventions."""
    return lambda a, b: library.cho_solve(library.cho_factor((a + a.mT) / 2), b)


BY_NAME = {one.name: one for one in DECOMPOSITIONS}
GRADIENTS = tuple(BY_NAME[name] for name in ("solve", "inv", "det", "cholesky", "eigh"))
OF_SCIPY = (
    operation("solve_triangular", JAX=jax.scipy.linalg.solve_triangular),
    operation("cho_solve", how=None, scirs2=definite_solve(linalg),
              JAX=definite_solve(jax.scipy.linalg)),
    operation("lu", JAX=jax.vmap(jax.scipy.linalg.lu)),
    operation("expm", JAX=jax.scipy.linalg.expm),
)  # fmt: skip


def plan(level: Level) -> list[Callable[[], Row | Finding]]:
    """List the programs: forward, then gradients, then the call itself."""
    shapes = level.pick(test=((7, 4),), quick=((10_000, 4),), full=SHAPES)
    of_scipy = level.pick(test=((7, 4),), quick=SHAPES_OF_SCIPY[:1], full=SHAPES_OF_SCIPY)
    count, n, dtype = SYSTEMS if level.name != "test" else (7, 3, "float32")
    return [
        partial(forward, BY_NAME["solve"], count, n, dtype, SYSTEMS_GOAL),
        partial(gradient, BY_NAME["solve"], count, n, dtype, SYSTEMS_GOAL),
        *(
            partial(forward, operation, count, n, "float64", GOAL)
            for count, n in shapes
            for operation in DECOMPOSITIONS
        ),
        *(
            partial(gradient, operation, count, n, "float64", GOAL)
            for count, n in shapes
            for operation in GRADIENTS
        ),
        *(
            partial(row, operation, count, n, "float64", GOAL)
            for count, n in of_scipy
            for row in (forward, gradient)
            for operation in OF_SCIPY
        ),
        call_in_a_program,
    ]
