"""Gaussian elimination of a matrix in panels, with pivots of whole columns, as LAPACK's.

One task factors a panel, and others update panels by it: they exchange rows and eliminate. A row
that is finished, as it is one of U, stays on top of its panel.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import linalg
from . import arrays, batches, panels, triangles
from .arrays import Lazy
from .batches import Outline
from .panels import Equations, Factors, Graph, Key
from .task import Kernel
from .triangles import Triangle


def factored(options: tuple[str, int, int, str], panel: Any) -> tuple[Any, Any]:
    """Factor the rows of a panel from the diagonal down.

    A singular matrix is an error with "raise", becomes NaN with "nan", and is factored with "keep".
    """
    name, start, below, if_singular = options
    lower, pivots = linalg.lu_factor(panel[len(panel) - below :], on_failure="nan")
    zeros = np.flatnonzero(np.diagonal(lower) == 0)
    if len(zeros) and if_singular == "raise":
        raise panels.singular(name, start + zeros[0])
    if len(zeros) and if_singular == "nan":
        # They spread over all that is computed with them.
        lower[...] = np.nan
    return lower, pivots


def updated(options: tuple[bool, int], panel: Any, *factors: tuple[Any, Any]) -> Any:
    """Exchange the rows of a panel as those of factored ones, and eliminate their columns."""
    keeps_top, _ = options
    finished = len(panel) - len(factors[0][0])
    result = panel.copy() if keeps_top else panel[finished:].copy()
    for lower, pivots in factors:
        rows, width = result[len(result) - len(lower) :], lower.shape[1]
        order = panels.order_of(pivots, len(rows))
        exchanged = np.flatnonzero(order != np.arange(len(rows)))
        rows[exchanged] = rows[order[exchanged]]
        rows[:width] = linalg.solve_triangular(
            lower[:width], rows[:width], lower=True, unit_diagonal=True, on_failure="nan"
        )
        panels.subtract_product(rows[width:], lower[width:], rows[:width])
    return result


# Equations.


def solve(module: Any, a: Any, b: Any, on_failure: str = "raise") -> Any:
    """As `scirs2.linalg.solve`."""
    a, b = arrays.lazy("solve", "a", a, module), arrays.lazy("solve", "b", b, module)
    if not panels.is_large(a):
        return NotImplemented
    equations = Equations("solve", module, {"a": a, "b": b, "on_failure": on_failure}, a)
    rights = [right for _, right in equations.rights]
    return equations.solution(_solutions(equations.graph, equations.a, rights, on_failure))


def _solutions(graph: Graph, a: Lazy, rights: list[Any], if_singular: str) -> list[Any]:
    """Return a task for each panel of right-hand sides."""
    factors = panels.factorize(graph, a, factored, updated, (if_singular,), rights=rights)
    upper = (panels.uppers(graph, factors), factors.starts)
    return [
        triangles.sweep(graph, "back", Triangle(False), upper, right)
        for right in enumerate(factors.rights)
    ]


def inv(module: Any, a: Any, on_failure: str = "raise") -> Any:
    """As `scirs2.linalg.inv`."""
    a = arrays.lazy("inv", "a", a, module)
    if not panels.is_large(a):
        return NotImplemented
    kernel, operands = batches.bind("inv", {"a": a, "on_failure": on_failure}, module)
    _, dtype = batches.outline_of(kernel, operands).arrays[0]
    return inverse(module, kernel, a, on_failure, dtype)


def inverse(module: Any, kernel: Kernel, a: Lazy, if_singular: str, dtype: Any) -> Lazy:
    """Return the inverse that a function needs: solutions for the columns of the identity."""
    a = panels.of_columns(kernel.name, "a", a, panels.working_dtype(a))
    graph = Graph(module, kernel, a)
    rights = panels.identity(graph, a, len(a.chunks[1]))
    return graph.array("", _solutions(graph, a, rights, if_singular), a.chunks, dtype)


# Determinants.


def det(module: Any, a: Any) -> Any:
    """As `scirs2.linalg.det`."""
    return _of_diagonal("det", module, a, [(determinant, "")])


def slogdet(module: Any, a: Any) -> Any:
    """As `scirs2.linalg.slogdet`."""
    return _of_diagonal("slogdet", module, a, [(sign_of, "_0"), (logarithm_of, "_1")])


def _of_diagonal(
    name: str, module: Any, a: Any, parts: list[tuple[Callable[..., Any], str]]
) -> Any:
    a = arrays.lazy(name, "a", a, module)
    if not panels.is_large(a):
        return NotImplemented
    kernel, operands = batches.bind(name, {"a": a}, module)
    outline = batches.outline_of(kernel, operands)
    a = panels.of_columns(name, "a", a, panels.working_dtype(a))
    graph = Graph(module, kernel, a)
    factors = panels.factorize(graph, a, factored, updated, ("keep",), keeps_top=False)
    diagonals = [
        graph.add("diagonal", (number,), diagonal, factor)
        for number, factor in enumerate(factors.factors)
    ]
    results = [
        graph.array(label, [graph.task(function, dtype, diagonals)], (), dtype)
        for (function, label), (_, dtype) in zip(parts, outline.arrays, strict=True)
    ]
    return outline.fill(results) if outline.is_tuple else results[0]


def diagonal(factor: tuple[Any, Any]) -> Any:
    """Return pivots, of which one has the sign of the exchanges."""
    lower, pivots = factor
    values = np.diagonal(lower).astype(np.result_type(lower, np.float64))
    exchanges = np.count_nonzero(pivots != np.arange(len(pivots)))
    values[0] *= -1 if exchanges % 2 else 1
    return values


def product(diagonals: list[Any]) -> tuple[Any, int]:
    """Return the product of numbers as one of about 1 and a power of two, without overflow."""
    values, power = np.concatenate(diagonals), 0
    while True:
        powers = np.frexp(np.abs(values))[1]
        values, power = _times_power(values, -powers), power + int(powers.sum())
        if len(values) == 1:
            return values[0], power
        if len(values) % 2:
            values = np.append(values, 1)
        values = values[::2] * values[1::2]


def _times_power(values: Any, powers: Any) -> Any:
    if np.iscomplexobj(values):
        return np.ldexp(values.real, powers) + 1j * np.ldexp(values.imag, powers)
    return np.ldexp(values, powers)


def determinant(dtype: Any, diagonals: list[Any]) -> Any:
    """Return the determinant."""
    value, power = product(diagonals)
    with np.errstate(over="ignore", under="ignore"):
        # Beyond these, everything is infinite or zero.
        return np.asarray(_times_power(value, min(max(power, -5000), 5000))).astype(dtype)


def sign_of(dtype: Any, diagonals: list[Any]) -> Any:
    """Return the sign of the determinant."""
    value, _ = product(diagonals)
    return np.asarray(np.sign(value)).astype(dtype)


def logarithm_of(dtype: Any, diagonals: list[Any]) -> Any:
    """Return the logarithm of the determinant's modulus."""
    value, power = product(diagonals)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.abs(value)) + power * np.log(2)).astype(dtype)


# The factors themselves.


def lu_factor(module: Any, a: Any, on_failure: str = "raise") -> Any:
    """As `scirs2.linalg.lu_factor`."""
    a = arrays.lazy("lu_factor", "a", a, module)
    if not panels.is_large(a):
        return NotImplemented
    graph, a, factors, pivots, outline = _factors("lu_factor", module, {"a": a}, on_failure)
    tops = panels.uppers(graph, factors)
    rows = int(a.shape[0])
    blocks = [
        graph.task(both, (rows, start), pivots, *parts) for start, parts in _parts(factors, tops)
    ]
    (_, dtype), (shape, of_pivots) = outline.arrays
    combined = graph.array("_0", blocks, a.chunks, dtype)
    return outline.fill(
        [combined, graph.array("_1", [graph.task(np.copy, pivots)], [shape], of_pivots)]
    )


def _factors(
    name: str, module: Any, arguments: dict[str, Any], on_failure: str
) -> tuple[Graph, Lazy, Factors, Key, Outline]:
    """Factor a matrix, and collect its pivots."""
    kernel, operands = batches.bind(name, {**arguments, "on_failure": on_failure}, module)
    outline = batches.outline_of(kernel, operands)
    a = arguments["a"]
    a = panels.of_columns(name, "a", a, panels.working_dtype(a), min(map(int, a.shape)))
    graph = Graph(module, kernel, a)
    factors = panels.factorize(graph, a, factored, updated, ("keep",))
    count = len(factors.factors)
    pivots = [
        graph.add("pivots", (number,), pivots_of, factors.starts[number], factor)
        for number, factor in enumerate(factors.factors)
    ]
    others = [
        graph.add("finite", (number,), are_finite, factors.before[number])
        for number in range(count, len(factors.before))
    ]
    every = graph.add("every_pivot", (0,), all_pivots, name, on_failure, pivots, others)
    return graph, a, factors, every, outline


def pivots_of(start: int, factor: tuple[Any, Any]) -> Any:
    """Return the pivots of a panel, counted from the first row of the matrix."""
    return np.where(factor[1] < 0, -1, factor[1] + start)


def are_finite(panel: Any) -> Any:
    """Return whether a panel has finite numbers only."""
    return np.isfinite(panel).all()


def all_pivots(name: str, on_failure: str, pivots: list[Any], others: list[Any]) -> Any:
    """Return all pivots; -1 where the matrix is not finite."""
    together = np.concatenate(pivots).astype(np.int32)
    if (together < 0).any() or not all(others):
        if on_failure == "raise":
            raise panels.not_finite(name)
        together[:] = -1
    return together


def _parts(factors: Factors, tops: list[Key]) -> list[tuple[int, tuple[Key, ...]]]:
    """Return for each panel where it begins, and U and the factor, or U alone."""
    finished = factors.before[len(tops) :]
    parts = [*zip(tops, factors.factors, strict=True), *((one,) for one in finished)]
    return list(zip(factors.starts, parts, strict=True))


def both(where: tuple[int, int], pivots: Any, top: Any, factor: Any = None) -> Any:
    """Return a panel of U, and of L below its diagonal."""
    rows, start = where
    if factor is None:
        return _filled(top.copy(), pivots)
    result = np.empty((rows, top.shape[1]), top.dtype)
    result[:start] = top[:start]
    result[start:] = exchanged(factor[0], pivots, start)
    return _filled(result, pivots)


def _filled(panel: Any, pivots: Any) -> Any:
    """Return a panel of the factors; NaN where there are no pivots."""
    if len(pivots) and pivots[0] < 0:
        panel[...] = np.nan
    return panel


def exchanged(lower: Any, pivots: Any, start: int) -> Any:
    """Exchange rows of L by the pivots of the panels that follow."""
    stop = start + lower.shape[1]
    order = panels.order_of(pivots[stop:] - stop, len(lower) - lower.shape[1])
    return np.concatenate([lower[: lower.shape[1]], lower[lower.shape[1] :][order]])


def lu(
    module: Any,
    a: Any,
    permute_l: bool = False,
    p_indices: bool = False,
    on_failure: str = "raise",
) -> Any:
    """As `scirs2.linalg.lu`."""
    a = arrays.lazy("lu", "a", a, module)
    if not panels.is_large(a):
        return NotImplemented
    arguments = {"a": a, "permute_l": permute_l, "p_indices": p_indices}
    graph, a, factors, pivots, outline = _factors("lu", module, arguments, on_failure)
    tops = panels.uppers(graph, factors)
    rows, count = int(a.shape[0]), min(map(int, a.shape))
    widths = a.chunks[1]
    *_, (_, dtype), _ = outline.arrays
    left = [
        graph.task(lower_of, (rows, start), permute_l, pivots, factor)
        for start, factor in zip(factors.starts, factors.factors, strict=False)
    ]
    right = [graph.task(upper_of, count, pivots, parts[0]) for _, parts in _parts(factors, tops)]
    l = graph.array("_l", left, ((rows,), widths[: len(left)]), dtype)
    u = graph.array("_u", right, ((count,), widths), dtype)
    if permute_l:
        return outline.fill([l, u])
    of_p = outline.arrays[0][1]
    if p_indices:
        p = graph.array("_p", [graph.task(inverse_order, rows, pivots)], ((rows,),), of_p)
        return outline.fill([p, l, u])
    # As wide as those of L, and of what is left of the rows.
    more = [int(widths[0])] * ((rows - count) // int(widths[0]))
    last = rows - count - sum(more)
    sizes = [*map(int, widths[: len(left)]), *more, *([last] if last else [])]
    ends = np.cumsum([0, *sizes]).tolist()
    columns = [
        graph.task(permutation_of, (rows, start, size), of_p, pivots)
        for start, size in zip(ends, sizes, strict=False)
    ]
    return outline.fill([graph.array("_p", columns, ((rows,), sizes), of_p), l, u])


def inverse_order(rows: int, pivots: Any) -> Any:
    """Return for each row of the matrix which row of L it is."""
    if len(pivots) and pivots[0] < 0:
        return np.full(rows, -1, np.int32)
    return np.argsort(panels.order_of(pivots, rows)).astype(np.int32)


def lower_of(where: tuple[int, int], is_permuted: bool, pivots: Any, factor: Any) -> Any:
    """Return a panel of L, or of L with the rows in the matrix's order."""
    rows, start = where
    below = np.tril(exchanged(factor[0], pivots, start), -1)
    np.fill_diagonal(below, 1)
    result = np.zeros((rows, below.shape[1]), below.dtype)
    result[start:] = below
    return _filled(result[inverse_order(rows, pivots)] if is_permuted else result, pivots)


def upper_of(count: int, pivots: Any, top: Any) -> Any:
    """Return a panel of U, with zeros below the diagonal."""
    return _filled(panels.padded(count, top), pivots)


def permutation_of(where: tuple[int, int, int], dtype: Any, pivots: Any) -> Any:
    """Return columns of the permutation."""
    rows, start, width = where
    order = inverse_order(rows, pivots)[:, None]
    return _filled((order == np.arange(start, start + width)).astype(dtype), pivots)


WAYS: dict[str, Callable[..., Any]] = {
    "det": det,
    "inv": inv,
    "lu": lu,
    "lu_factor": lu_factor,
    "slogdet": slogdet,
    "solve": solve,
}
