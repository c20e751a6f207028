"""QR factorization of a matrix in panels, by Householder reflections, many at a time.

A factored panel holds the vectors V of its reflections below the diagonal, and R above. Together
they are the matrix 1 - V T Vᴴ (Schreiber and Van Loan, 1989). As in `tree`, the diagonal of R is
real and not negative, so that the factors do not depend on the chunks.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import linalg
from . import arrays, batches, panels, tree
from .panels import Graph

# The vectors and R, the triangle T, and the phases that R's rows had.
Factor = tuple[Any, Any, Any]


def factored(options: tuple[str, int, int], panel: Any) -> Factor:
    """Factor the rows of a panel from the diagonal down."""
    _, _, below = options
    h, tau = linalg.qr(panel[len(panel) - below :], mode="raw")
    packed = np.ascontiguousarray(h.T)
    first, others = _vectors(packed)
    width = len(first)
    overlaps = linalg.matmul(_adjoint(first), first) + linalg.matmul(_adjoint(others), others)
    triangle = np.zeros_like(overlaps)
    for number in range(width):
        known = triangle[:number, :number] @ overlaps[:number, number]
        triangle[:number, number] = -tau[number] * known
        triangle[number, number] = tau[number]
    phases = tree.phases(packed[:width])
    packed[:width] = np.tril(packed[:width], -1) + np.triu(packed[:width]) * _column(phases.conj())
    return packed, triangle, phases


def _vectors(packed: Any) -> tuple[Any, Any]:
    """Return the vectors of reflections: the rows with the diagonal, and those below."""
    width = packed.shape[1]
    return np.tril(packed[:width], -1) + np.eye(width, dtype=packed.dtype), packed[width:]


def _adjoint(x: Any) -> Any:
    return np.ascontiguousarray(x.T.conj())


def _column(x: Any) -> Any:
    return x[:, None]


def _reflect(rows: Any, packed: Any, triangle: Any) -> None:
    """Subtract V T Vᴴ times rows from them."""
    first, others = _vectors(packed)
    width = len(first)
    overlaps = linalg.matmul(_adjoint(first), rows[:width])
    overlaps += linalg.matmul(_adjoint(others), rows[width:])
    overlaps = linalg.matmul(triangle, overlaps)
    rows[:width] -= linalg.matmul(first, overlaps)
    panels.subtract_product(rows[width:], others, overlaps)


def updated(_options: tuple[bool, int], panel: Any, *factors: Factor) -> Any:
    """Multiply the rows of a panel by the adjoints of factored panels' reflections."""
    result = panel.copy()
    for packed, triangle, phases in factors:
        rows = result[len(panel) - len(packed) :]
        _reflect(rows, packed, _adjoint(triangle))
        rows[: len(phases)] *= _column(phases.conj())
    return result


def reflected(panel: Any, factor: Factor) -> Any:
    """Multiply the rows of a panel by the reflections themselves."""
    packed, triangle, phases = factor
    result = panel.copy()
    rows = result[len(panel) - len(packed) :]
    rows[: len(phases)] *= _column(phases)
    _reflect(rows, packed, triangle)
    return result


def qr(module: Any, a: Any, mode: str = "reduced") -> Any:
    """As `scirs2.linalg.qr`."""
    a = arrays.lazy("qr", "a", a, module)
    if not panels.is_large(a):
        return NotImplemented
    kernel, operands = batches.bind("qr", {"a": a, "mode": mode}, module)
    outline = batches.outline_of(kernel, operands)
    rows, columns = map(int, a.shape)
    count = min(rows, columns)
    if mode == "raw" or (mode == "complete" and rows > count):
        raise ValueError(
            f"qr: mode={mode!r} of a matrix of shape {a.shape} in several chunks; pass "
            "mode='reduced'"
        )
    a = panels.of_columns("qr", "a", a, panels.working_dtype(a), count)
    graph = Graph(module, kernel, a)
    factors = panels.factorize(graph, a, factored, updated)
    tops = [*panels.uppers(graph, factors), *factors.before[len(factors.factors) :]]
    _, dtype = outline.arrays[-1]
    r = graph.array(
        "_r",
        [graph.task(panels.padded, count, top) for top in tops],
        ((count,), a.chunks[1]),
        dtype,
    )
    if mode == "r":
        return r
    blocks = []
    for number, x in enumerate(panels.identity(graph, a, len(factors.factors))):
        # The reflections of later panels leave these columns as they are.
        for step in range(number, -1, -1):
            x = graph.add("q", (step, number), reflected, x, factors.factors[step])
        blocks.append(x)
    widths = a.chunks[1][: len(blocks)]
    return outline.fill([graph.array("_q", blocks, ((rows,), widths), dtype), r])


WAYS: dict[str, Callable[..., Any]] = {"qr": qr}
