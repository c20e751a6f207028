"""Trees of tasks, whose shape depends on the number of chunks only.

Above all the tree of a tall matrix: each chunk of rows is factored into Q and R, the factors R
of several chunks below each other are factored again, and so on (Benson, Gleich and Demmel,
"Direct QR factorizations for tall-and-skinny matrices in MapReduce architectures", 2013).

Diagonals of R are real and not negative, so that Q and R of a matrix of full rank do not depend
on its chunks.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import linalg
from . import arrays, task

# The tasks whose results one task joins.
FAN_IN = 8

Key = tuple[Any, ...]


def fold(
    tasks: arrays.Tasks,
    name: str,
    place: tuple[int, ...],
    terms: list[Any],
    join: Callable[[list[Key]], Any],
) -> list[Key]:
    """Add tasks for terms, and tasks that join them, until few are left; return their keys."""
    function, token = name.rsplit("-", 1)
    level = 0
    while True:
        keys = []
        for number, term in enumerate(terms):
            keys.append((f"{function}_level_{level}-{token}", *place, number))
            tasks[keys[-1]] = term
        if len(keys) <= FAN_IN:
            return keys
        terms = [join(keys[first : first + FAN_IN]) for first in range(0, len(keys), FAN_IN)]
        level += 1


def widened(*blocks: Any) -> Any:
    """Return blocks of rows beside each other, in a dtype in which they can be factored."""
    dtype = np.result_type(*blocks)
    if dtype.kind not in "fc":
        dtype = np.dtype(np.float64)
    dtype = np.result_type(dtype, np.float32)
    wide = [block.astype(dtype, copy=False) for block in blocks]
    return wide[0] if len(wide) == 1 else np.concatenate(wide, -1)


# R alone. A node is R and the number of rows above it.


def leaf(threads: int | None, *blocks: Any) -> Any:
    """Factor rows, which may come from several arrays side by side."""
    with task.threads(threads):
        x = widened(*(task.owned(block) for block in blocks))
        return task.results_of((_triangle(x), x.shape[-2]))


def joined(threads: int | None, nodes: list[Any]) -> Any:
    """Factor the factors of several nodes."""
    with task.threads(threads):
        stacked = np.concatenate([r for r, _ in nodes], -2)
        return task.results_of((_triangle(stacked), sum(rows for _, rows in nodes)))


def _triangle(x: Any) -> Any:
    r = linalg.qr(x, mode="r")
    return np.conj(phases(r))[..., None] * r


def phases(r: Any) -> Any:
    """Return the phases of the diagonal."""
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    size = np.abs(diagonal)
    # Diagonals that are NaN stay so in R.
    return np.where(size > 0, diagonal / np.where(size > 0, size, 1), 1).astype(r.dtype)


def checked(name: str, node: Any) -> Any:
    """Return R of all rows, of which there must be as many as columns."""
    r, rows = node[:2]
    if r.shape[-2] < r.shape[-1]:
        raise ValueError(
            f"{name}: a matrix whose number of rows was unknown has {int(rows)}, fewer than its "
            f"{r.shape[-1]} columns; call compute_chunk_sizes() before"
        )
    return r


# Q and R. A node is R, the number of rows, Q, and where the rows of each child begin in Q.


def factored_leaf(threads: int | None, block: Any) -> Any:
    """Factor rows, and keep Q."""
    with task.threads(threads):
        return task.results_of(_factored(widened(task.owned(block))))


def factored(threads: int | None, nodes: list[Any]) -> Any:
    """Factor the factors of several nodes, and keep Q."""
    with task.threads(threads):
        cuts = np.cumsum([0, *(r.shape[-2] for r, _ in nodes)])
        r, _, q = _factored(np.concatenate([r for r, _ in nodes], -2))
        return task.results_of((r, sum(rows for _, rows in nodes), q, cuts))


def _factored(x: Any) -> tuple[Any, int, Any]:
    q, r = linalg.qr(x)
    of_r = phases(r)
    return np.conj(of_r)[..., None] * r, x.shape[-2], q * of_r[..., None, :]


def without_q(node: Any) -> Any:
    """Return what the node above needs: not Q, which stays where it is."""
    return node[:2]


def descended(threads: int | None, node: Any, above: Any, child: int) -> Any:
    """Multiply Q of a node by the rows that belong to it, of the product above."""
    with task.threads(threads):
        return task.results_of((_times(node[2], above, child), node[3]))


def descended_leaf(
    threads: int | None, dtype: Any, is_adjoint: bool, node: Any, above: Any, child: int
) -> Any:
    """Multiply Q of a leaf likewise, for a block of the result, or the adjoint of one."""
    with task.threads(threads):
        block = _times(node[2], above, child)
    if is_adjoint:
        block = np.conj(np.swapaxes(block, -1, -2))
    return task.results_of(block.astype(dtype, copy=False))


def _times(q: Any, above: Any, child: int) -> Any:
    product, cuts = above[:2]
    rows = product[..., int(cuts[child]) : int(cuts[child + 1]), :]
    return linalg.matmul(q, np.ascontiguousarray(rows))


def climb(
    tasks: arrays.Tasks, name: str, place: tuple[int, ...], blocks: list[Key], threads: int | None
) -> tuple[Key, list[list[Key]]]:
    """Add the tasks of Q and R of blocks of rows; return the last node, and the levels below."""
    function, token = name.rsplit("-", 1)
    nodes: list[Any] = [(factored_leaf, threads, block) for block in blocks]
    levels: list[list[Key]] = []
    while True:
        level = len(levels)
        keys = [
            (f"{function}_node_{level}-{token}", *place, number) for number in range(len(nodes))
        ]
        tasks.update(zip(keys, nodes, strict=True))
        levels.append(keys)
        if level > 0 and len(keys) == 1:
            return keys[0], levels
        factors = []
        for number, key in enumerate(keys):
            factors.append((f"{function}_factor_{level}-{token}", *place, number))
            tasks[factors[-1]] = (without_q, key)
        nodes = [
            (factored, threads, factors[first : first + FAN_IN])
            for first in range(0, len(factors), FAN_IN)
        ]


def descend(
    tasks: arrays.Tasks,
    name: str,
    place: tuple[int, ...],
    levels: list[list[Key]],
    top: Key,
    threads: int | None,
) -> list[tuple[Key, Key, int]]:
    """Add the tasks that multiply by Q, but for the leaves.

    `top` is the product at the last node. Returns for each leaf its node, the product above it,
    and which child it is.
    """
    function, token = name.rsplit("-", 1)
    above = [top]
    for level in range(len(levels) - 2, 0, -1):
        products = []
        for number, key in enumerate(levels[level]):
            products.append((f"{function}_product_{level}-{token}", *place, number))
            parent, child = divmod(number, FAN_IN)
            tasks[products[-1]] = (descended, threads, key, above[parent], child)
        above = products
    return [(key, above[number // FAN_IN], number % FAN_IN) for number, key in enumerate(levels[0])]
