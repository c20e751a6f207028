"""Functions that reshape their operands to matrices, or take less than a matrix."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from typing import Any

import numpy as np

from ... import linalg
from . import arrays, batches, matrices, norms
from .arrays import Lazy


def _reshaped(name: str, parameter: str, x: Lazy, shape: tuple[int, ...]) -> Lazy:
    return arrays.whole(name, parameter, x, x.ndim).reshape(shape)


def _check_known(name: str, parameter: str, x: Lazy) -> None:
    if any(math.isnan(size) for size in x.shape):
        raise ValueError(
            f"{name}: {parameter}: shape {x.shape} has sizes that are unknown; call "
            f"{parameter}.compute_chunk_sizes()"
        )


def tensorsolve(module: Any, a: Any, b: Any, axes: Any = None, on_failure: str = "raise") -> Lazy:
    """As `scirs2.linalg.tensorsolve`."""
    a = arrays.lazy("tensorsolve", "a", a, module)
    b = arrays.lazy("tensorsolve", "b", b, module)
    for parameter, x in (("a", a), ("b", b)):
        _check_known("tensorsolve", parameter, x)
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.append(order.pop(order.index(axis % a.ndim)))
        a = a.transpose(order)
    shape = a.shape[b.ndim :]
    count = math.prod(b.shape)
    if a.ndim < b.ndim or a.shape[: b.ndim] != b.shape or math.prod(shape) != count:
        raise ValueError(
            f"tensorsolve: a and b of shapes {a.shape} and {b.shape} do not fit: the first axes of "
            "a are those of b, and its others hold as many unknowns"
        )
    matrix = _reshaped("tensorsolve", "a", a, (count, count))
    right = _reshaped("tensorsolve", "b", b, (count,))
    arguments = {"a": matrix, "b": right, "on_failure": on_failure}
    return matrices.compute("solve", arguments, module).reshape(shape)


def tensorinv(module: Any, a: Any, ind: int = 2, on_failure: str = "raise") -> Lazy:
    """As `scirs2.linalg.tensorinv`."""
    a = arrays.lazy("tensorinv", "a", a, module)
    _check_known("tensorinv", "a", a)
    rows, columns = a.shape[:ind], a.shape[ind:]
    if ind < 1 or math.prod(rows) != math.prod(columns):
        # It says what is wrong.
        linalg.tensorinv(np.broadcast_to(np.ones((), a.dtype), a.shape), ind)
    matrix = _reshaped("tensorinv", "a", a, (math.prod(rows), math.prod(columns)))
    inverse = matrices.compute("inv", {"a": matrix, "on_failure": on_failure}, module)
    return inverse.reshape((*columns, *rows))


def matrix_rank(module: Any, *args: Any, **kwargs: Any) -> Lazy:
    """As `scirs2.linalg.matrix_rank`: a vector has rank 1, unless all of it is zero."""
    arguments = batches.signature("matrix_rank").bind(*args, **kwargs).arguments
    x = arrays.lazy("matrix_rank", "A", arguments["A"], module)
    if x.ndim >= 2:
        return matrices.compute("matrix_rank", arguments, module)
    largest = norms.vector_norm(module, x, ord=np.inf)
    return (largest != 0).astype(np.int64)
