"""Gradients in PyTorch: the forward pass that records, and both passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from scirs2 import linalg

from .harness import Finding, Goal, Row, timed
from .levels import Level
from .libraries import host, native
from .operations import DECOMPOSITIONS, OTHERS, Array, Operation, Shape, operand

DTYPE = "float64"
LIBRARIES = ("scirs2", "PyTorch")
NAMES = ("det", "slogdet", "inv", "cholesky", "solve", "qr", "eigh", "svd")
OPERATIONS = {
    operation.name: operation for operation in (*DECOMPOSITIONS, *OTHERS) if operation.name in NAMES
}
ORDERS = (3, 4, 16, 64)
COUNTS = (1, 1_000, 100_000)
# A batch with more elements is left out: with its results and gradients, for two libraries, it
# takes the memory of a large machine.
ROOM = 50_000_000
# What is aimed at for both passes of 1000 matrices of order 4, and for all else.
GOALS = {"det": 2.5, "inv": 2.5, "cholesky": 2.5, "eigh": 2.5, "solve": 1.5, "svd": 3.0}
LEAST = 1.0
# So many matrices of a batch are checked, by differences of that step.
CHECKED, STEP, TOLERANCE = 100, 1e-6, 1e-4
# The microseconds that a call may take longer because it records, and how often it is timed.
RECORDING, TIMINGS, REPEATS = 6.0, 50, 200


def several(results: Any) -> list[Any]:  # noqa: ANN401
    """Return the results of any function as a list."""
    return list(results) if isinstance(results, tuple) else [results]


def numbers(shape: Sequence[int], seed: int) -> Array:
    """Make normally distributed numbers, the same each time."""
    return np.asarray(np.random.default_rng(seed).standard_normal(tuple(shape)))


def loss(results: Sequence[Array]) -> Array:
    """Return for each matrix a weighted sum: of its numbers, and of squares in arrays of it.

    Squares do not see the signs of vectors.
    """
    return sum(
        (numbers(result.shape[1:], place) * (result if result.ndim == 1 else result**2 / 2))
        .reshape(len(result), -1)
        .sum(-1)
        for place, result in enumerate(results)
    )


def cotangents(results: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradient of the loss by the results."""
    return [
        torch.from_numpy(numbers(result.shape[1:], place))
        * (torch.ones_like(result) if result.ndim == 1 else result.detach())
        for place, result in enumerate(results)
    ]


@dataclass(frozen=True)
class Pass:
    """A function in the two libraries, at operands that require grad."""

    operation: Operation
    count: int
    n: int

    @property
    def operands(self) -> tuple[Array, ...]:
        """Return the operands as arrays."""
        batch: Shape = (self.count,)
        return tuple(operand(name, batch, self.n, DTYPE) for name in self.operation.truth.operands)

    def forward(self, library: str) -> Callable[[], Any]:
        """Return the call that records."""
        function = self.operation.calls[library]
        return partial(function, *(native("PyTorch", x).requires_grad_() for x in self.operands))

    def both(self, library: str) -> Callable[[], Any]:
        """Return the call that computes the gradients, too."""
        forward = self.forward(library)
        operands = forward.args
        # The same vectors each time, so the same cotangents.
        given = cotangents(several(forward()))

        def call() -> tuple[torch.Tensor, ...]:
            pairs = zip(several(forward()), given, strict=True)
            # The sign of a determinant has no gradient.
            recorded = [(result, g) for result, g in pairs if result.requires_grad]
            results, weights = zip(*recorded, strict=True)
            return torch.autograd.grad(results, operands, weights)

        return call

    def forward_error(self, results: Any) -> float:  # noqa: ANN401
        """Return how far results are from what must be true."""
        return self.operation.error(
            self.operands, tuple(result.detach() for result in several(results))
        )

    def gradient_error(self, gradients: tuple[torch.Tensor, ...]) -> float:
        """Return how far gradients are from NumPy's differences along one direction."""
        operands = [x[:CHECKED] for x in self.operands]
        given = [gradient.numpy()[:CHECKED] for gradient in gradients]
        directions = []
        for place, (name, x) in enumerate(
            zip(self.operation.truth.operands, operands, strict=True)
        ):
            d = numbers(x.shape, place)
            directions.append(d + d.swapaxes(-1, -2) if name in ("definite", "hermitian") else d)

        def at(step: float) -> Array:
            moved = [x + step * d for x, d in zip(operands, directions, strict=True)]
            return loss(host(several(self.operation.calls["NumPy"](*moved))))

        def products(left: list[Array], right: list[Array]) -> Array:
            pairs = zip(left, right, strict=True)
            return sum((x * y).reshape(len(x), -1).sum(-1) for x, y in pairs)

        slope = (at(STEP) - at(-STEP)) / (2 * STEP)
        scale = np.sqrt(products(given, given) * products(directions, directions))
        return float(np.max(np.abs(products(given, directions) - slope) / scale))

    def row(self, with_gradients: bool) -> Row:
        """Set one pass or both up."""
        make = self.both if with_gradients else self.forward
        name = self.operation.name
        is_named = with_gradients and (self.count, self.n) == (1_000, 4)
        tolerance = 20 * max(self.n, 4) * float(np.finfo(DTYPE).eps)
        passes = "forward and backward" if with_gradients else "forward"
        return Row(
            name=f"{name} {self.count}x{self.n}x{self.n} {DTYPE}, {passes}",
            calls={library: make(library) for library in LIBRARIES},
            error=self.gradient_error if with_gradients else self.forward_error,
            tolerance=TOLERANCE if with_gradients else tolerance,
            goal=Goal(GOALS.get(name, LEAST) if is_named else LEAST),
            at={"op": name, "n": self.n, "dtype": DTYPE, "batch": [self.count],
                "group": "gradients", "passes": passes},
        )  # fmt: skip


def recording(name: str) -> Finding:
    """Measure how much longer a call takes because one 4x4 operand requires grad."""
    function = getattr(linalg, name)
    (x,) = (native("PyTorch", operand(one, (), 4, DTYPE)) for one in
            OPERATIONS[name].truth.operands)  # fmt: skip
    plain, recorded = partial(function, x), partial(function, x.clone().requires_grad_())
    turns = [(timed(plain, REPEATS), timed(recorded, REPEATS)) for _ in range(TIMINGS)]
    before, after = (min(times) for times in zip(*turns, strict=True))
    return Finding(
        f"{name} of one 4x4 matrix that requires grad, beyond the plain call",
        (after - before) * 1e6,
        "us",
        most=RECORDING,
        at={"op": name, "group": "gradients"},
    )


def plan(level: Level) -> list[Callable[[], Row | Finding]]:
    """List every function at every size."""
    every = tuple((count, n) for count in COUNTS for n in ORDERS if count * n * n <= ROOM)
    sizes = level.pick(test=((7, 3),), quick=((1, 4), (1_000, 4)), full=every)
    rows: list[Callable[[], Row | Finding]] = [
        partial(Pass(operation, count, n).row, with_gradients)
        for count, n in sizes
        for operation in OPERATIONS.values()
        for with_gradients in (False, True)
    ]
    return [*rows, *(partial(recording, name) for name in ("det", "inv"))]
