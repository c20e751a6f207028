"""Arrays of Dask on two worker processes, beside Dask's functions and NumPy's on each block.

Operands lie on the workers, results stay there, and a call waits until they are there. Beside
the times stand what no clock shows: the tasks, the bytes that moved between the workers, and the
memory that a worker held.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, wait
from scirs2 import linalg

from .harness import Finding, Row
from .levels import Level
from .memory import FORGET, resident

WORKERS = 2
MIB = 2**20
# The limit of a task, lowered so that the matrices need not be larger than it.
LIMIT = {"array.chunk-size": "1 MiB"}
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


def several(results: Any) -> list[Any]:  # noqa: ANN401
    """Return results as a list."""
    return list(results) if isinstance(results, tuple) else [results]


def computed(function: Callable[..., Any], a: Any) -> list[Any]:  # noqa: ANN401
    """Build the graph and wait for the results, which stay on the workers."""
    with dask.config.set(LIMIT):
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


def moved(name: str, library: str, shape: tuple[int, int], blocks: int) -> Finding:
    """Measure what came over the network to a worker, all workers together."""
    function = TALL[name][0 if library == "scirs2" else 1]
    a = operand(shape, (shape[0] // blocks, shape[1]))
    client().run(lambda dask_worker: dask_worker.transfer_incoming_log.clear())
    computed(function, a)
    each = client().run(
        lambda dask_worker: sum(one["total"] for one in dask_worker.transfer_incoming_log)
    )
    label = f"{name} {shape[0]}x{shape[1]} in {blocks} chunks by {library}: between workers"
    return Finding(label, sum(each.values()) / MIB, "MiB")


def peak(name: str, library: str, shape: tuple[int, int], blocks: int) -> Finding:
    """Measure the most that a worker held beyond what it held before, in chunks of the operand."""
    function = TALL[name][0 if library == "scirs2" else 1]
    a = operand(shape, (shape[0] // blocks, shape[1]))
    computed(function, a)

    def forget() -> int:
        FORGET.write_text("5")
        return resident("VmRSS")

    before = client().run(forget)
    computed(function, a)
    after = client().run(lambda: resident("VmHWM"))
    most = max(after[worker] - before[worker] for worker in before)
    label = f"{name} {shape[0]}x{shape[1]} in {blocks} chunks by {library}: memory of a worker"
    return Finding(label, most / (8 * shape[0] * shape[1] / blocks), "chunks")


def plan(level: Level) -> list[Callable[[], Row | Finding]]:
    """List batches of small and of middling matrices, and a tall matrix."""
    (sizes,) = level.pick(
        test=([(40, 3)],),
        quick=([(400_000, 4), (20_000, 16)],),
        full=([(400_000, 4), (20_000, 16), (2_000, 64)],),
    )
    (tall,) = level.pick(
        test=(((40_000, 8), 4),), quick=(((500_000, 50), 20),), full=(((2_000_000, 50), 40),)
    )
    resources = [
        partial(measure, name, library, *tall)
        for measure in ((moved, peak) if FORGET.exists() else (moved,))
        for name in ("svdvals", "lstsq")
        for library in ("scirs2", "Dask")
    ]
    return [
        *(partial(of_batch, name, *size) for size in sizes for name in BATCHES),
        *(partial(of_tall, name, *tall) for name in TALL),
        partial(tasks, 256),
        *resources,
    ]
