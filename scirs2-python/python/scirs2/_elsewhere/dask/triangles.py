"""Equations with triangular matrices in panels: one sweep over the panels for each triangle."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ... import linalg
from ..._linalg_error import LinAlgError
from . import arrays, panels
from .panels import Equations, Graph, Key

# As in BLAS: the matrix, its transpose, its conjugate transpose.
TRANSPOSITIONS: dict[Any, Literal[0, 1, 2]] = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}


@dataclass(frozen=True)
class Triangle:
    """Which triangle of a matrix a sweep reads, and how."""

    is_lower: bool
    trans: Literal[0, 1, 2] = 0
    is_unit: bool = False


def sweep(
    graph: Graph,
    label: str,
    triangle: Triangle,
    of: tuple[list[Any], list[int]],
    right: tuple[int, Key],
    fails: bool = False,
) -> Key:
    """Add the tasks that solve with a triangle in panels for one panel of right-hand sides."""
    number, x = right
    places = list(enumerate(zip(*of, strict=True)))
    is_downward = triangle.is_lower == (triangle.trans == 0)
    for place, (panel, start) in places if is_downward else reversed(places):
        options = (graph.name, triangle, start, fails)
        x = graph.add(label, (place, number), swept, options, x, panel)
    return x


def swept(options: tuple[str, Triangle, int, bool], x: Any, panel: Any) -> Any:
    """Solve for the rows of `x` at the diagonal of a panel, and remove them from the others.

    With a transpose, the others are removed from them.
    """
    name, triangle, start, fails = options
    stop = start + panel.shape[1]
    rows, rest = slice(start, stop), slice(stop, None) if triangle.is_lower else slice(start)
    x = x.copy()
    diagonal, others = panel[rows], panel[rest]
    failure = _failure(name, triangle, start, diagonal, others)
    if failure is not None and fails:
        raise failure
    if failure is not None:
        x[...] = np.nan
        return x
    trans = triangle.trans
    if trans:
        others = others.T.conj() if trans == 2 else others.T
        x[rows] -= linalg.matmul(np.ascontiguousarray(others), x[rest])
    x[rows] = linalg.solve_triangular(
        diagonal, x[rows], trans, triangle.is_lower, triangle.is_unit, on_failure="nan"
    )
    if not trans:
        x[rest] -= linalg.matmul(others, x[rows])
    return x


def _failure(
    name: str, triangle: Triangle, start: int, diagonal: Any, others: Any
) -> LinAlgError | None:
    """Return why a part of a triangle cannot be solved with."""
    if not triangle.is_unit:
        zeros = np.flatnonzero(np.diagonal(diagonal) == 0)
        if len(zeros):
            return panels.singular(name, start + zeros[0])
    part = np.tril(diagonal, -1) if triangle.is_lower else np.triu(diagonal, 1)
    read = (part, others, () if triangle.is_unit else np.diagonal(diagonal))
    return None if all(np.isfinite(one).all() for one in read) else panels.not_finite(name)


def solve_triangular(
    module: Any,
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    on_failure: str = "raise",
) -> Any:
    """As `scirs2.linalg.solve_triangular`."""
    a = arrays.lazy("solve_triangular", "a", a, module)
    b = arrays.lazy("solve_triangular", "b", b, module)
    if not panels.is_large(a):
        return NotImplemented
    options = {"trans": trans, "lower": lower, "unit_diagonal": unit_diagonal}
    arguments = {"a": a, "b": b, **options, "on_failure": on_failure}
    equations = Equations("solve_triangular", module, arguments, a)
    triangle = Triangle(bool(lower), TRANSPOSITIONS[trans], bool(unit_diagonal))
    return _sweeps(equations, [triangle], on_failure)


def _sweeps(
    equations: Equations,
    triangles: list[Triangle],
    on_failure: str,
    before: Callable[[int, Key], Key] = lambda _, x: x,
    after: Callable[[int, Key], Key] = lambda _, x: x,
) -> Any:
    """Solve with one triangle after the other."""
    graph, fails = equations.graph, on_failure == "raise"
    of = (panels.keys(equations.a), panels.starts(equations.a))
    solutions = []
    for number, right in equations.rights:
        x = graph.add("right", (number,), finite, (graph.name, fails), right)
        x = before(number, x)
        for order, triangle in enumerate(triangles):
            x = sweep(graph, f"sweep_{order}", triangle, of, (number, x), fails)
        solutions.append(after(number, x))
    return equations.solution(solutions)


def finite(options: tuple[str, bool], x: Any) -> Any:
    """Return right-hand sides that are finite, or NaN for others."""
    name, fails = options
    if np.isfinite(x).all():
        return x
    if fails:
        raise LinAlgError(
            f"{name}: the matrix has a right-hand side with a NaN or an infinity; remove it first"
        )
    return np.full_like(x, np.nan)


def lu_solve(
    module: Any, lu_and_piv: Any, b: Any, trans: Any = 0, on_failure: str = "raise"
) -> Any:
    """As `scirs2.linalg.lu_solve`."""
    a, pivots = (arrays.lazy("lu_solve", "lu_and_piv", one, module) for one in lu_and_piv)
    b = arrays.lazy("lu_solve", "b", b, module)
    if not panels.is_large(a):
        return NotImplemented
    pivots = pivots.rechunk(-1)
    arguments = {"lu_and_piv": (a, pivots), "b": b, "trans": trans, "on_failure": on_failure}
    equations = Equations("lu_solve", module, arguments, a, pivots)

    def rows(number: int, x: Key) -> Key:
        options = (trans != 0, on_failure == "raise")
        return equations.graph.add("rows", (number,), in_order, options, (pivots.name, 0), x)

    trans = TRANSPOSITIONS[trans]
    if trans:
        triangles = [Triangle(False, trans), Triangle(True, trans, is_unit=True)]
        return _sweeps(equations, triangles, on_failure, after=rows)
    triangles = [Triangle(True, is_unit=True), Triangle(False)]
    return _sweeps(equations, triangles, on_failure, before=rows)


def in_order(options: tuple[bool, bool], pivots: Any, x: Any) -> Any:
    """Exchange rows, or exchange them back."""
    is_back, fails = options
    strange = np.flatnonzero((pivots < 0) | (pivots >= len(x)))
    if len(strange) and fails:
        raise LinAlgError(
            f"lu_solve: the matrix has no row {pivots[strange[0]]} for pivot {strange[0]} to "
            "exchange; pivots count from 0, as lu_factor returns them, and PyTorch's from 1: "
            "subtract 1 from those"
        )
    if len(strange):
        return np.full_like(x, np.nan)
    order = panels.order_of(pivots, len(x))
    return x[np.argsort(order) if is_back else order]


def cho_solve(module: Any, c_and_lower: Any, b: Any, on_failure: str = "raise") -> Any:
    """As `scirs2.linalg.cho_solve`."""
    c, is_lower = c_and_lower
    c = arrays.lazy("cho_solve", "c_and_lower", c, module)
    b = arrays.lazy("cho_solve", "b", b, module)
    if not panels.is_large(c):
        return NotImplemented
    arguments = {"c_and_lower": (c, is_lower), "b": b, "on_failure": on_failure}
    equations = Equations("cho_solve", module, arguments, c)
    graph = equations.graph
    places = enumerate(zip(panels.keys(equations.a), panels.starts(equations.a), strict=True))
    seen = [graph.add("seen", (place,), are_zero, start, panel) for place, (panel, start) in places]

    def check(number: int, x: Key) -> Key:
        return graph.add("checked", (number,), checked, bool(is_lower), seen, x)

    triangles = (
        [Triangle(True), Triangle(True, 2)] if is_lower else [Triangle(False, 2), Triangle(False)]
    )
    return _sweeps(equations, triangles, on_failure, before=check)


def are_zero(start: int, panel: Any) -> Any:
    """Return whether a panel is zero above the diagonal, and below it."""
    above, below = np.triu(panel, 1 - start), np.tril(panel, -1 - start)
    return np.array([not above.any(), not below.any()])


def checked(is_lower: bool, seen: list[Any], x: Any) -> Any:
    """Return the right-hand sides, if the factor lies in the triangle that is to be read."""
    upper, lower = np.all(seen, 0)
    if (lower and not upper) if is_lower else (upper and not lower):
        read, other = ("lower", "upper") if is_lower else ("upper", "lower")
        raise ValueError(
            f"cho_solve: c: the {read} triangle, which is to be read, is zero off the diagonal, and "
            f"the {other} one is not; if the factors are diagonal, set it to zero, else pass "
            f"lower={not is_lower}"
        )
    return x


WAYS: dict[str, Callable[..., Any]] = {
    "cho_solve": cho_solve,
    "lu_solve": lu_solve,
    "solve_triangular": solve_triangular,
}
