"""Panels: a matrix that no single task should hold, in blocks of a few columns and all rows.

A factorization takes two panels, one after the other; then one task for each panel to their right
updates it by both. So pivots are sought in whole columns, N panels cost N²/4 updates, and little
but factored panels moves between workers.

Left to itself, Dask makes all updates of a panel just before it is factored: then every worker
needs a copy of every factored panel, and holds half the matrix however many workers there are. So
two panels are factored only after every panel was updated by those of two steps before. A task for
each update says that it was made, and returns nothing of it.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from dask.base import tokenize

from ... import linalg
from ..._linalg_error import LinAlgError
from . import arrays, batches, chunks, task
from .arrays import Lazy
from .task import Kernel

Key = tuple[Any, ...]

# A chunk too large for a panel is cut so that the whole matrix has about this many panels, none
# narrower than the least width.
COUNT = 32
LEAST = 128
# The most panels: a graph has about half as many tasks as the square of their number.
MOST = 1024
# The panels that an update takes together.
TOGETHER = 2
# The rows of a product that are there at a time.
ROWS = 512


def is_large(x: Lazy) -> bool:
    """Return whether an array is one matrix that no single task should hold."""
    is_known = not any(math.isnan(size) for size in x.shape)
    return is_known and x.ndim == 2 and not arrays.is_whole(x, 2) and not arrays.fits(x, 2)


def of_columns(
    name: str,
    parameter: str,
    x: Lazy,
    dtype: Any,
    cut: int = 0,
    is_lower: bool = False,
) -> Lazy:
    """Return a matrix in panels, of which one ends at the column `cut`.

    They are the chunks of columns, cut into smaller ones where a panel exceeds what is put into
    one task. Panels that the caller made are taken as they are. If only what is below the
    diagonal is used, chunks above it are left out, and panels begin later.
    """
    rows, columns = map(int, x.shape)
    fit = max(1, arrays.limit() // (rows * dtype.itemsize))
    widths = [int(width) for width in x.chunks[1]]
    if len(x.chunks[0]) > 1:
        narrow = min(fit, max(LEAST, math.ceil(columns / COUNT)))
        widths = [part for width in widths for part in _parts(width, fit, narrow)]
    if len(widths) > MOST:
        best = max(math.ceil(columns / MOST), min(fit, columns // COUNT))
        raise ValueError(
            f"{name}: {parameter}: a matrix of shape {x.shape} in {len(widths)} panels of columns, "
            f"above the {MOST} that a scheduler bears; pass "
            f"{parameter}.rechunk({{0: -1, 1: {best}}}) if a worker can hold a few such "
            "blocks, or take ScaLAPACK or SLATE"
        )
    ends = sorted({*np.cumsum(widths).tolist(), cut} - {0}) or [0]
    wanted = tuple(end - before for before, end in pairwise([0, *ends]))
    x = x if x.chunks[1] == wanted else x.rechunk({1: wanted})
    if len(x.chunks[0]) == 1 and x.dtype == dtype:
        return x
    # Not by rechunk, which may wait for all of the array.
    token = f"panels-{tokenize(x.name, dtype, is_lower)}"
    tops = chunks.blocks_before(x.chunks[0])
    tasks: arrays.Tasks = {}
    for number, start in enumerate(starts(x)):
        first = sum(top <= start for top in tops) - 1 if is_lower else 0
        tiles = [(x.name, row, number) for row in range(first, len(tops))]
        tasks[(token, 0, number)] = (task.compute, None, stacked, dtype, tiles)
    module = arrays.module_of([x])
    return arrays.from_tasks(module, token, tasks, ((rows,), wanted), dtype, [x])


def stacked(dtype: Any, tiles: list[Any]) -> Any:
    """Return tiles below each other, in a dtype."""
    return np.concatenate(tiles).astype(dtype, copy=False)


def _parts(width: int, fit: int, narrow: int) -> list[int]:
    """Return the parts of a chunk of columns: one if it fits."""
    count = 1 if width <= fit else math.ceil(width / narrow)
    return [width // count + (number < width % count) for number in range(count)]


def working_dtype(*operands: Lazy) -> Any:
    """Return the dtype in which operands are computed."""
    dtype = np.result_type(*(x.dtype for x in operands))
    return np.result_type(dtype if dtype.kind in "fc" else np.float64, np.float32)


def keys(x: Lazy) -> list[Key]:
    """Return the keys of panels."""
    return [(x.name, 0, number) for number in range(len(x.chunks[1]))]


def starts(x: Lazy) -> list[int]:
    """Return the first column of each panel."""
    return [int(start) for start in chunks.blocks_before(x.chunks[1])]


class Graph:
    """The tasks of one call, which several arrays may come of."""

    def __init__(self, module: Any, kernel: Kernel, *operands: Lazy) -> None:
        """Begin a graph; equal calls have equal names."""
        self.module = module
        self.kernel = kernel
        self.operands = list(operands)
        self.token = tokenize(kernel, *(x.name for x in operands))
        self.tasks: arrays.Tasks = {}

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.kernel.name

    def task(self, function: Callable[..., Any], *values: Any) -> Any:
        """Return a task: a function of blocks and options."""
        return (task.compute, self.kernel.threads, function, *values)

    def add(self, label: str, place: Sequence[int], function: Callable[..., Any], *of: Any) -> Key:
        """Add a task, and return its key."""
        key = (f"{self.name}_{label}-{self.token}", *place)
        self.tasks[key] = self.task(function, *of)
        return key

    def array(
        self, label: str, blocks: list[Any], shape: Sequence[Sequence[float]], dtype: Any
    ) -> Lazy:
        """Return the array whose blocks, along its last axis, are tasks; in their dtype."""
        name = f"{self.name}{label}-{self.token}"
        working = dtype if dtype != np.float16 else np.dtype(np.float32)
        tasks = dict(self.tasks)
        for number, one in enumerate(blocks):
            place = (*(0,) * (len(shape) - 1), number)[: len(shape)]
            # A key is that of the last task of a chain, which becomes the block.
            tasks[(name, *place)] = tasks.pop(one) if isinstance(one[0], str) else one
        made = arrays.from_tasks(
            self.module, name, tasks, tuple(map(tuple, shape)), working, self.operands
        )
        # Further arrays use the same tasks.
        self.tasks, self.operands = {}, [*self.operands, made]
        return made if working == dtype else made.astype(dtype)


class Equations:
    """Equations whose matrix and right-hand sides are in panels."""

    def __init__(
        self, name: str, module: Any, arguments: dict[str, Any], a: Lazy, *others: Lazy
    ) -> None:
        """Check a call; `a` is the matrix among its arguments, `b` the right-hand sides."""
        b = arguments["b"]
        kernel, operands = batches.bind(name, arguments, module)
        _, self.dtype = batches.outline_of(kernel, operands).arrays[0]
        if b.ndim > 2:
            raise ValueError(
                f"{name}: b of shape {b.shape}: a matrix in several chunks takes no batch of "
                "right-hand sides; solve for one matrix of them at a time"
            )
        self.is_vector = b.ndim == 1
        working = working_dtype(a, b)
        self.a = of_columns(name, operands[0][0], a, working)
        self.b = of_columns(name, "b", b[:, None] if self.is_vector else b, working)
        self.graph = Graph(module, kernel, self.a, *others, self.b)
        self.rights = list(enumerate(keys(self.b)))

    def solution(self, blocks: list[Any]) -> Lazy:
        """Return the solution, of which there is a task for each panel of right-hand sides."""
        x = self.graph.array("", blocks, self.b.chunks, self.dtype)
        return x[:, 0] if self.is_vector else x


# Factorizations.


@dataclass
class Factors:
    """The panels of a factorization."""

    # The first column of each panel.
    starts: list[int]
    # The rows of each panel from the diagonal down, with what else updates take.
    factors: list[Key]
    # Each panel before it is factored, or all updates of one to the right of the last diagonal.
    before: list[Key]
    # All updates of each panel of right-hand sides.
    rights: list[Key]


def factorize(
    graph: Graph,
    a: Lazy,
    factored: Callable[..., Any],
    updated: Callable[..., Any],
    options: tuple[Any, ...] = (),
    keeps_top: bool = True,
    rights: Sequence[Any] = (),
) -> Factors:
    """Add the tasks that factor panels, of which one ends at the last diagonal.

    Right-hand sides are updated as panels to the right.
    """
    rows, first = int(a.shape[0]), starts(a)
    count = sum(start < rows for start in first)
    current = [*keys(a), *rights]
    factors: list[Key] = []
    seen: list[list[Key]] = []

    def update(numbers: range, by: slice) -> None:
        for number in numbers:
            start = first[number] if number < len(first) else rows
            current[number] = graph.add(
                "panel",
                (by.stop - 1, number),
                updated,
                (keeps_top, rows - start),
                current[number],
                *factors[by],
            )

    for begin in range(0, count, TOGETHER):
        end = min(begin + TOGETHER, count)
        for step in range(begin, end):
            of_step = (graph.name, first[step], rows - first[step], *options)
            wait = seen[-2] if len(seen) > 1 and step == begin else []
            factors.append(
                graph.add("factor", (step,), after, wait, factored, of_step, current[step])
            )
            update(range(step + 1, end), slice(step, step + 1))
        update(range(end, len(current)), slice(begin, end))
        # The next panels wait for others by themselves.
        others = range(end + 2 * TOGETHER, len(current))
        seen.append(
            [graph.add("seen", (end, number), is_there, current[number]) for number in others]
        )
    return Factors(first, factors, current[: len(first)], current[len(first) :])


def is_there(_panel: Any) -> bool:
    """Return that a panel is there, and nothing of it."""
    return True


def after(_seen: list[Any], function: Callable[..., Any], *values: Any) -> Any:
    """Call a function once other tasks were done."""
    return function(*values)


def subtract_product(rows: Any, left: Any, right: Any) -> None:
    """Subtract a product from rows, a few at a time, so that it is not there as a whole."""
    for start in range(0, len(rows), ROWS):
        part = slice(start, start + ROWS)
        rows[part] -= linalg.matmul(left[part], right)


def upper(panel: Any, factor: Any) -> Any:
    """Return the rows of a panel down to the end of its diagonal: U, or R."""
    lower = factor[0]
    return np.concatenate([panel[: len(panel) - len(lower)], np.triu(lower[: lower.shape[1]])])


def uppers(graph: Graph, of: Factors) -> list[Key]:
    """Add the tasks of U, so that what is above the diagonal of each panel is kept once."""
    return [
        graph.add("upper", (number,), upper, *both)
        for number, both in enumerate(zip(of.before, of.factors, strict=False))
    ]


def padded(count: int, top: Any) -> Any:
    """Return a panel of a triangle, with zeros below the diagonal."""
    result = np.zeros((count, top.shape[1]), top.dtype)
    result[: len(top)] = top
    return result


def order_of(pivots: Any, count: int) -> Any:
    """Return the order of rows after their exchanges."""
    order = np.arange(count)
    for row, other in enumerate(pivots.tolist()):
        # Where NaN are, there are no exchanges.
        if other >= 0:
            order[row], order[other] = order[other], order[row]
    return order


def unit_columns(rows: int, start: int, width: int, dtype: Any) -> Any:
    """Return columns of the identity."""
    columns = np.zeros((rows, width), dtype)
    np.fill_diagonal(columns[start:], 1)
    return columns


def identity(graph: Graph, a: Lazy, count: int) -> list[Any]:
    """Return a task for each panel of the first columns of the identity, as wide as those of a."""
    return [
        graph.task(unit_columns, int(a.shape[0]), start, int(width), a.dtype)
        for start, width in zip(starts(a)[:count], a.chunks[1], strict=False)
    ]


def singular(name: str, pivot: int) -> LinAlgError:
    """Return the error of a pivot that is zero."""
    return LinAlgError(
        f"{name}: the matrix is singular: pivot {pivot} (counted from 0) is exactly zero; lstsq or "
        "pinv give the least-squares answer"
    )


def not_finite(name: str) -> LinAlgError:
    """Return the error of a NaN or an infinity."""
    return LinAlgError(f"{name}: the matrix holds a NaN or an infinity; remove it first")
