"""Norms of arrays by the norms of their chunks.

The p-norm of the p-norms of parts is the p-norm of the whole, so one function does every level,
and nothing overflows on the way. Of order 0, which counts, it is the sum of the counts.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from dask.base import tokenize

from ... import linalg
from . import arrays, matrices, task
from .arrays import Lazy
from .tree import FAN_IN


def vector_norm(
    module: Any, x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2
) -> Lazy:
    """As `scirs2.linalg.vector_norm`."""
    x = arrays.lazy("vector_norm", "x", x, module)
    return _vector_norm(module, "vector_norm", x, axis, keepdims, ord)


def _vector_norm(module: Any, name: str, x: Lazy, axis: Any, keepdims: bool, ord: Any) -> Lazy:
    outline = np.asarray(linalg.vector_norm(_short(x), axis=axis, keepdims=True, ord=ord))
    dtype = outline.dtype
    axes = _axes(axis, x.ndim)
    token = tokenize("vector_norm", x.name, axes, keepdims, ord)
    threads = task.decided_threads()
    tasks: arrays.Tasks = {}
    level = 0
    counts = x.numblocks
    blocks: Any = {
        place: (part, threads, axes, ord, (x.name, *place))
        for place in product(*(range(count) for count in counts))
    }
    combined = 1.0 if ord == 0 else ord
    while any(counts[axis] > 1 for axis in axes):
        for place, one in blocks.items():
            tasks[(f"{name}_{level}-{token}", *place)] = one
        fan_in = max(2, math.ceil(FAN_IN ** (1 / len(axes))))
        above = tuple(
            math.ceil(count / fan_in) if axis in axes else count
            for axis, count in enumerate(counts)
        )
        blocks = {
            place: (
                combine,
                threads,
                axes,
                combined,
                _nested(f"{name}_{level}-{token}", place, axes, counts, fan_in),
            )
            for place in product(*(range(count) for count in above))
        }
        counts = above
        level += 1
    shape = tuple((1,) if axis in axes else of_axis for axis, of_axis in enumerate(x.chunks))
    kept = [axis for axis in range(x.ndim) if keepdims or axis not in axes]
    label = f"{name}-{token}"
    for place, one in blocks.items():
        key = (label, *(place[axis] for axis in kept))
        tasks[key] = (finish, () if keepdims else axes, dtype, one)
    return arrays.from_tasks(module, label, tasks, tuple(shape[axis] for axis in kept), dtype, [x])


def _short(x: Lazy) -> Any:
    """Return an array of one element along each axis, or of none: the function checks the call."""
    return np.ones(tuple(0 if size == 0 else 1 for size in x.shape), x.dtype)


def _nested(
    name: str, place: tuple[int, ...], axes: Sequence[int], counts: Sequence[int], fan_in: int
) -> list[Any]:
    """Return the keys below one task, in C order."""
    ranges = [
        range(number * fan_in, min((number + 1) * fan_in, counts[axis]))
        if axis in axes
        else range(number, number + 1)
        for axis, number in enumerate(place)
    ]
    return [(name, *below) for below in product(*ranges)]


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    every = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(int(one) % ndim for one in every))


def part(threads: int | None, axes: tuple[int, ...], ord: Any, block: Any) -> Any:
    """Return the norms of a block along axes, which stay with length one."""
    x = task.owned(block)
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    if ord == -math.inf and any(x.shape[axis] == 0 for axis in axes):
        # The least of nothing, in an array that has something elsewhere.
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
        return np.full(shape, np.inf, np.result_type(x, np.float32))
    with task.threads(threads):
        return task.results_of(linalg.vector_norm(x, axis=axes, keepdims=True, ord=ord))


def combine(threads: int | None, axes: tuple[int, ...], ord: Any, parts: list[Any]) -> Any:
    """Return the norms of norms."""
    if len(parts) == 1:
        return parts[0]
    stacked = np.stack([task.owned(one) for one in parts], -1)
    with task.threads(threads):
        return task.results_of(linalg.vector_norm(stacked, axis=-1, ord=ord))


def finish(axes: tuple[int, ...], dtype: Any, norms: Any) -> Any:
    """Drop the axes, and return the norms in their dtype."""
    return task.results_of(norms.squeeze(axes).astype(dtype, copy=False))


def matrix_norm(
    module: Any, x: Any, keepdims: bool = False, ord: Any = "fro", on_failure: Any = "raise"
) -> Lazy:
    """As `scirs2.linalg.matrix_norm`."""
    x = arrays.lazy("matrix_norm", "x", x, module)
    linalg.matrix_norm(_short(x), keepdims=keepdims, ord=ord, on_failure=on_failure)
    return _matrix_norm(module, "matrix_norm", x, keepdims, ord, on_failure)


def _matrix_norm(
    module: Any, name: str, x: Lazy, keepdims: bool, ord: Any, on_failure: Any
) -> Lazy:
    """Return the norms of matrices in the last two axes."""
    if ord is None or ord in ("fro", "f"):
        return _vector_norm(module, name, x, (-2, -1), keepdims, 2)
    if ord in (1, -1, math.inf, -math.inf):
        sums = _vector_norm(module, name, x, -2 if abs(ord) == 1 else -1, True, 1)
        extreme = math.inf if ord > 0 else -math.inf
        norms = _vector_norm(module, name, sums, (-2, -1), True, extreme)
    else:
        s = matrices.compute("svdvals", {"x": x, "on_failure": on_failure}, module)[..., None, :]
        extreme = s[..., :1] if ord == 2 else s[..., -1:]
        norms = _vector_norm(module, name, s, -1, True, 1) if ord == "nuc" else extreme
    return norms if keepdims else norms[..., 0, 0]


def norm(
    module: Any,
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    on_failure: Any = "raise",
) -> Lazy:
    """As `scirs2.norm`."""
    x = arrays.lazy("norm", "x", x, module)
    linalg.norm(_short(x), ord, axis, keepdims, on_failure=on_failure)
    if axis is None and ord is None:
        return _vector_norm(module, "norm", x, None, keepdims, 2)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector_norm(module, "norm", x, axes, keepdims, 2 if ord is None else ord)
    axes = tuple(int(one) % x.ndim for one in axes)
    others = [one for one in range(x.ndim) if one not in axes]
    norms = _matrix_norm(module, "norm", x.transpose([*others, *axes]), False, ord, on_failure)
    if keepdims:
        norms = norms[tuple(None if one in axes else slice(None) for one in range(x.ndim))]
    return norms
