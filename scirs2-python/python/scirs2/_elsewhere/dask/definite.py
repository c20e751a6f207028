"""Cholesky factorization of a matrix in panels, of which only the lower triangle is used."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import re
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ... import linalg
from ..._linalg_error import LinAlgError
from . import arrays, batches, panels, tall
from .panels import Graph


def factored(options: tuple[str, int, int, Literal["raise", "nan"]], panel: Any) -> tuple[Any]:
    """Factor the rows of a panel from the diagonal down."""
    name, start, below, on_failure = options
    rows = panel[len(panel) - below :]
    width = rows.shape[1]
    lower = np.empty_like(rows)
    try:
        lower[:width] = linalg.cholesky(rows[:width], on_failure=on_failure)
    except LinAlgError as error:
        order = re.search(r"(?<=of order )\d+", str(error))
        if order is None:
            raise
        number = start + int(order[0])
        whole = f"{name}{str(error).removeprefix('cholesky').replace(order[0], str(number), 1)}"
        raise LinAlgError(whole) from None
    # The adjoint of what is below is solved for.
    below = np.conj(rows[width:].T)
    below = linalg.solve_triangular(lower[:width], below, lower=True, on_failure="nan")
    lower[width:] = np.conj(below.T)
    return (lower,)


def updated(options: tuple[bool, int], panel: Any, *factors: tuple[Any]) -> Any:
    """Subtract products of factored panels with their adjoints from the rows that are used."""
    _, below = options
    result = panel[len(panel) - below :].copy()
    for (lower,) in factors:
        rows = lower[len(lower) - below :]
        panels.subtract_product(result, rows, np.conj(rows[: panel.shape[1]].T))
    return result


def cholesky(module: Any, a: Any, upper: bool = False, on_failure: str = "raise") -> Any:
    """As `scirs2.linalg.cholesky`."""
    return _factor("cholesky", module, a, not upper, {"upper": upper, "on_failure": on_failure})


def cho_factor(module: Any, a: Any, lower: bool = False, on_failure: str = "raise") -> Any:
    """As `scirs2.linalg.cho_factor`."""
    factor = _factor("cho_factor", module, a, lower, {"lower": lower, "on_failure": on_failure})
    return factor if factor is NotImplemented else (factor, lower)


def _factor(name: str, module: Any, a: Any, is_lower: bool, options: dict[str, Any]) -> Any:
    """Factor the lower triangle, or that of the adjoint."""
    a = arrays.lazy(name, "a", a, module)
    if not panels.is_large(a):
        return NotImplemented
    kernel, operands = batches.bind(name, {"a": a, **options}, module)
    _, dtype = batches.outline_of(kernel, operands).arrays[0]
    a = a if is_lower else tall.adjoint(module, a)
    working = panels.working_dtype(a)
    a = panels.of_columns(name, "a", a, working, is_lower=name == "cholesky")
    graph = Graph(module, kernel, a)
    on_failure = options["on_failure"]
    factors = panels.factorize(graph, a, factored, updated, (on_failure,))
    # What fails spreads to the last panel.
    last = [factors.factors[-1]] if on_failure == "nan" else []
    of_a = zip(factors.factors, panels.keys(a), strict=True)
    blocks = [
        graph.task(padded, int(a.shape[0]), factor, *last)
        if name == "cholesky"
        else graph.task(in_panel, panel, factor, *last)
        for factor, panel in of_a
    ]
    result = graph.array("", blocks, a.chunks, dtype)
    return result if is_lower else tall.adjoint(module, result)


def padded(rows: int, factor: tuple[Any], *last: tuple[Any]) -> Any:
    """Return a panel of the factor, with zeros above the diagonal."""
    return _written(np.zeros((rows, factor[0].shape[1]), factor[0].dtype), factor, last)


def in_panel(panel: Any, factor: tuple[Any], *last: tuple[Any]) -> Any:
    """Return a panel of the matrix, with the factor on and below the diagonal."""
    return _written(panel.copy(), factor, last)


def _written(result: Any, factor: tuple[Any], last: tuple[tuple[Any], ...]) -> Any:
    lower = factor[0]
    if any(np.isnan(one[-1, -1]) for (one,) in last):
        result[...] = np.nan
    else:
        mask = np.tri(*lower.shape, dtype=np.bool_)
        np.copyto(result[len(result) - len(lower) :], lower, where=mask)
    return result


WAYS: dict[str, Callable[..., Any]] = {"cho_factor": cho_factor, "cholesky": cholesky}
