"""Arrays of Dask on two worker processes, beside Dask's functions and NumPy's on each block.

Operands lie on the workers, results stay there, and a call waits until they are there. Beside
the times stand what no clock shows: the tasks, the bytes that moved between the workers and to
the client, the memory that workers held, and residuals.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, wait
from scirs2 import linalg

from .harness import Finding, Goal, Row
from .levels import Level
from .memory import FORGET, resident

WORKERS = 2
MIB = 2**20
TOLERANCE = 1e-8

# Of many matrices: NumPy's functions of a block, and the axes that the results lack.
BATCHES: dict[str, tuple[Callable[..., Any], Callable[..., Any], list[int] | None]] = {
    "inv": (linalg.inv, np.linalg.inv, None),
    "det": (linalg.det, np.linalg.det, [1, 2]),
    "eigvalsh": (linalg.eigvalsh, np.linalg.eigvalsh, [2]),
    "svdvals": (linalg.svdvals, partial(np.linalg.svd, compute_uv=False), [2]),
}
# Of one tall matrix.
TALL: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "qr": (linalg.qr, da.linalg.qr),
    "svd": (partial(linalg.svd, full_matrices=False), da.linalg.svd),
    "svdvals": (linalg.svdvals, lambda a: da.linalg.svd(a)[1]),
    "lstsq": (lambda a: linalg.lstsq(a, a[:, 0]), lambda a: da.linalg.lstsq(a, a[:, 0])),
    "norm": (linalg.norm, da.linalg.norm),
}
# Of one square matrix in tiles, with the goal for the ratio. What Dask lacks is made of its LU.
SQUARE: dict[str, tuple[Callable[..., Any], Callable[..., Any], float]] = {
    "solve": (lambda a: linalg.solve(a, a[0]), lambda a: da.linalg.solve(a, a[0]), 1 / 0.7),
    "inv": (linalg.inv, da.linalg.inv, 1),
    "cholesky": (linalg.cholesky, partial(da.linalg.cholesky, lower=True), 1),
    "slogdet": (
        lambda a: linalg.slogdet(a).logabsdet,
        lambda a: da.log(abs(da.diag(da.linalg.lu(a)[2]))).sum(),
        1,
    ),
}


@cache
def client() -> Client:
    """Start the workers once, on this machine alone."""
    cluster = LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )
    started = Client(cluster)
    atexit.register(cluster.close)
    atexit.register(started.close)
    return started


@cache
def operand(shape: tuple[int, ...], chunks: tuple[int, ...]) -> Any:  # noqa: ANN401
    """Make normally distributed numbers on the workers."""
    array = client().persist(da.random.default_rng(0).standard_normal(shape, chunks=chunks))
    wait(array)
    return array


@cache
def square(n: int, tiles: int, is_definite: bool = False) -> Any:  # noqa: ANN401
    """Make a square matrix on the workers; its symmetric part, shifted, is definite."""
    a = operand((n, n), (n // tiles, n // tiles))
    if is_definite:
        a = client().persist((a + a.T) / 2 + 2 * n**0.5 * da.eye(n, chunks=n // tiles))
        wait(a)
    return a


def several(results: Any) -> list[Any]:  # noqa: ANN401
    """Return results as a list."""
    return list(results) if isinstance(results, tuple) else [results]


def computed(function: Callable[..., Any], a: Any) -> list[Any]:  # noqa: ANN401
    """Build the graph and wait for the results, which stay on the workers."""
    # No task may hold all of it, so that matrices need not be larger than the limit is by default.
    with dask.config.set({"array.chunk-size": a.nbytes // 4}):
        results = client().persist(several(function(a)))
    wait(results)
    return results


def first(results: Any) -> Any:  # noqa: ANN401
    """Bring what can be compared: solutions, singular values, norms; else a corner of the last."""
    vectors = [one for one in results if one.ndim < 2]
    lazy = max(vectors, key=lambda one: one.size) if vectors else results[-1]
    return np.abs(client().compute(lazy[tuple(slice(100) for _ in lazy.shape)]).result())


def error(expected: Callable[[], Any], results: object) -> float:
    """Return the largest difference to another's results, over the largest number."""
    ours, theirs = first(results), first(expected())
    return float(np.max(np.abs(ours - theirs)) / np.max(theirs))


def of_batch(name: str, count: int, n: int) -> Row:
    """Time a function of many matrices, in blocks of 16 MiB or of a quarter of them."""
    ours, theirs, dropped = BATCHES[name]
    per_block = min(16 * MIB // (8 * n * n), -(-count // 4))
    a = operand((count, n, n), (per_block, n, n))

    def mapped(x: Any) -> Any:  # noqa: ANN401
        return x.map_blocks(theirs, dtype=float, drop_axis=dropped)

    calls = {"scirs2": partial(computed, ours, a), "NumPy": partial(computed, mapped, a)}
    at = {"op": name, "n": n, "dtype": "float64", "batch": [count]}
    return Row(f"{name} {count}x{n}x{n}", calls, partial(error, calls["NumPy"]), TOLERANCE, at=at)


def of_tall(name: str, shape: tuple[int, int], blocks: int) -> Row:
    """Time a function of one tall matrix."""
    ours, theirs = TALL[name]
    a = operand(shape, (shape[0] // blocks, shape[1]))
    calls = {"scirs2": partial(computed, ours, a), "Dask": partial(computed, theirs, a)}
    label = f"{name} {shape[0]}x{shape[1]} in {blocks} chunks"
    at = {"op": name, "n": shape[1], "dtype": "float64"}
    return Row(label, calls, partial(error, calls["Dask"]), TOLERANCE, at=at)


def tasks(blocks: int) -> Finding:
    """Count the tasks of singular values, beyond the chunks themselves."""
    with dask.config.set({"array.chunk-size": "1 kiB"}):
        (lazy,) = dask.optimize(linalg.svdvals(da.zeros((8 * blocks, 8), chunks=(8, 8))))
    count = len(dict(lazy.__dask_graph__())) - blocks
    return Finding(
        f"svdvals of {blocks} chunks of rows: tasks beside the chunks",
        count,
        "tasks",
        most=1.2 * blocks + 3,
    )


def of_square(name: str, n: int, tiles: int) -> Row:
    """Time a function of one square matrix."""
    ours, theirs, goal = SQUARE[name]
    a = square(n, tiles, name == "cholesky")
    calls = {"scirs2": partial(computed, ours, a), "Dask": partial(computed, theirs, a)}
    label = f"{name} {n}x{n} in {tiles}x{tiles} tiles"
    at = {"op": name, "n": n, "dtype": "float64"}
    check = partial(error, calls["Dask"])
    return Row(label, calls, check, TOLERANCE, Goal(goal, "Dask"), at=at)


def tasks_of_panels(count: int) -> Finding:
    """Count the tasks of equations with one right-hand side, beyond the panels themselves."""
    a = da.zeros((8 * count, 8 * count), chunks=(-1, 8))
    with dask.config.set({"array.chunk-size": "1 kiB"}):
        lazy = linalg.solve(a, a[:, :1])
    found = len(dict(lazy.__dask_graph__())) - count - 1
    most = count * (count + 1) / 2 + 3 * count
    return Finding(f"solve of {count} panels: tasks beside the panels", found, "tasks", most=most)


@dataclass(frozen=True)
class Case:
    """A function of one matrix, by one library."""

    label: str
    library: str
    function: Callable[..., Any]
    operand: Callable[[], Any]


def cases(table: dict[str, Any], names: list[str], label: str, of: Callable[[], Any]) -> list[Case]:
    """List some functions of a table, by both libraries."""
    return [
        Case(f"{name} {label} by {library}", library, table[name][number], of)
        for name in names
        for number, library in enumerate(("scirs2", "Dask"))
    ]


def moved(case: Case) -> Finding:
    """Measure what came over the network to a worker, all workers together."""
    between, _ = _traffic(case)
    return Finding(f"{case.label}: between workers", between / MIB, "MiB")


def moved_to_client(case: Case) -> Finding:
    """Measure what the workers sent to none of them."""
    _, others = _traffic(case)
    most = 1 if case.library == "scirs2" else None
    return Finding(f"{case.label}: to the client", others / MIB, "MiB", most=most)


def _traffic(case: Case) -> tuple[int, int]:
    a = case.operand()

    def clear(dask_worker: Any) -> None:  # noqa: ANN401
        dask_worker.transfer_incoming_log.clear()
        dask_worker.transfer_outgoing_log.clear()

    def totals(dask_worker: Any) -> tuple[int, int]:  # noqa: ANN401
        logs = dask_worker.transfer_incoming_log, dask_worker.transfer_outgoing_log
        return tuple(sum(one["total"] for one in log) for log in logs)

    client().run(clear)
    computed(case.function, a)
    received, sent = map(sum, zip(*client().run(totals).values(), strict=True))
    return received, sent - received


def peak(case: Case) -> Finding:
    """Measure the most that a worker held beyond what it held before, in chunks of the operand."""
    a = case.operand()
    chunk = 8 * max(a.chunks[0]) * max(a.chunks[1])
    return Finding(f"{case.label}: memory of a worker", max(_grown(case)) / chunk, "chunks")


def peak_of_all(label: str, n: int, tiles: int) -> Finding:
    """Measure the most that all workers held, each at its own time, in matrices, with the matrix.

    Workers make it on the way. Of one that was there before, copies of tiles that were sent stay
    until Dask removes them, every two seconds.
    """
    a = da.random.default_rng(0).standard_normal((n, n), chunks=n // tiles)
    case = Case(label, "scirs2", SQUARE["slogdet"][0], lambda: a)
    return Finding(
        f"{label}: memory of all workers", sum(_grown(case)) / a.nbytes, "matrices", most=1.3
    )


def _grown(case: Case) -> list[int]:
    a = case.operand()
    computed(case.function, a)

    def forget() -> int:
        FORGET.write_text("5")
        return resident("VmRSS")

    before = client().run(forget)
    computed(case.function, a)
    after = client().run(lambda: resident("VmHWM"))
    return [after[worker] - before[worker] for worker in before]


def residual(library: str, n: int, tiles: int, scale: float) -> Finding:
    """Measure how well a solution fits, where the leading tile is scaled."""
    a, side = square(n, tiles), n // tiles
    if scale != 1:
        factor = da.ones(n, chunks=side)
        factor = da.where(da.arange(n, chunks=side) < side, scale, factor)
        is_first = da.outer(factor < 1, factor < 1)
        a = client().persist(da.where(is_first, scale * a, a))
    (x,) = computed(SQUARE["solve"][0 if library == "scirs2" else 1], a)
    size = linalg.norm(a, np.inf) * abs(x).max() * np.finfo(float).eps
    ratio = client().compute(abs(linalg.matvec(a, x) - a[0]).max() / size).result()
    tile = "" if scale == 1 else f", leading tile times {scale:g}"
    most = 10 if library == "scirs2" else None
    label = f"solve {n}x{n} in {tiles}x{tiles} tiles{tile} by {library}: residual"
    return Finding(label, float(ratio), "eps |A| |x|", most=most)


def plan(level: Level) -> list[Callable[[], Row | Finding]]:
    """List batches of small and of middling matrices, a tall matrix, and a square one."""
    (sizes,) = level.pick(
        test=([(40, 3)],),
        quick=([(400_000, 4), (20_000, 16)],),
        full=([(400_000, 4), (20_000, 16), (2_000, 64)],),
    )
    (tall,) = level.pick(
        test=(((40_000, 8), 4),), quick=(((500_000, 50), 20),), full=(((2_000_000, 50), 40),)
    )
    (n, tiles) = level.pick(test=(160, 4), quick=(1600, 8), full=(4000, 8))
    of_rows = cases(
        TALL,
        ["svdvals", "lstsq"],
        f"{tall[0][0]}x{tall[0][1]} in {tall[1]} chunks",
        partial(operand, tall[0], (tall[0][0] // tall[1], tall[0][1])),
    )
    of_tiles = cases(
        SQUARE, ["solve", "slogdet"], f"{n}x{n} in {tiles}x{tiles} tiles", partial(square, n, tiles)
    )
    resources = [
        *(partial(moved, case) for case in of_rows + of_tiles),
        *(partial(moved_to_client, case) for case in of_tiles),
    ]
    fresh: list[Callable[[], Finding]] = []
    if FORGET.exists():
        resources += [partial(peak, case) for case in of_rows]
        # A worker has a few panels more than its share: of many, they are little beside the matrix.
        label = f"slogdet {2 * n}x{2 * n} in {4 * tiles}x{4 * tiles} tiles by scirs2"
        # Of workers that hold nothing else: what they allocated before counts, too.
        fresh.append(partial(peak_of_all, label, 2 * n, 4 * tiles))
    return [
        *fresh,
        *(partial(of_batch, name, *size) for size in sizes for name in BATCHES),
        *(partial(of_tall, name, *tall) for name in TALL),
        *(partial(of_square, name, n, tiles) for name in SQUARE),
        partial(tasks, 256),
        partial(tasks_of_panels, 32),
        *resources,
        *(
            partial(residual, library, n, tiles, scale)
            for scale in (1, 1e-8)
            for library in ("scirs2", "Dask")
        ),
    ]
