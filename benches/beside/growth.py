"""How scirs2's time grows: with the order, the batch, the length, the threads.

The model is a power: so many times the work, so many times the time. What is
measured is the exponent over the larger half of the sizes, by least squares of the
logarithms; a library grows into its best rate, so the exponent may be smaller. All
of it on one thread, but for the growth over threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import scirs2
from scirs2 import linalg

from .harness import Call, Finding, per_call, timed
from .levels import Level
from .machine import cores
from .operations import operand

# So much more than the model is noise, or a cache that the larger sizes leave.
TOLERANCE = 0.25
# So much of the ideal speed-up must come, where nothing but the cores is shared.
EFFICIENCY = 0.8

# Of which operand, and how the work grows with its order.
OF_ORDER: dict[str, tuple[Callable[..., object], tuple[str, ...]]] = {
    "matmul": (linalg.matmul, ("general", "general")),
    "cholesky": (linalg.cholesky, ("definite",)),
    "solve": (linalg.solve, ("general", "right")),
    "inv": (linalg.inv, ("general",)),
    "qr": (linalg.qr, ("general",)),
    "eigh": (linalg.eigh, ("hermitian",)),
    "svd": (linalg.svd, ("general",)),
}


def seconds(call: Call, level: Level) -> float:
    """Return the shortest of a few timings."""
    call()
    repeats = max(1, int(level.timing / per_call(call, 1)))
    return min(timed(call, repeats) for _ in range(level.least))


def fitted(
    name: str, variable: str, sizes: Sequence[int], times: list[float], power: int
) -> Finding:
    """Fit a power to the larger half, and draw the model through the largest."""
    half = len(sizes) // 2
    slope, _ = np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)
    return Finding(
        f"{name}: time over {variable}, model {variable}^{power}",
        float(slope),
        "exponent",
        most=power + TOLERANCE,
        at={"op": name, "over": variable, "power": power},
        series={
            variable: list(sizes),
            "seconds": times,
            "model": [times[-1] * (size / sizes[-1]) ** power for size in sizes],
        },
    )


def growing(
    name: str,
    variable: str,
    sizes: Sequence[int],
    power: int,
    call: Callable[[int], Call],
    level: Level,
) -> Finding:
    """Measure a call of ever more work, on one thread."""
    with scirs2.num_threads(1):
        times = [seconds(call(size), level) for size in sizes]
    return fitted(name, variable, sizes, times, power)


def of_order(name: str, n: int) -> Call:
    """Set up one operation on one matrix."""
    function, names = OF_ORDER[name]
    return partial(function, *(operand(one, (), n, "float64") for one in names))


def of_batch(n: int, count: int) -> Call:
    """Set up systems of one order, so many of them."""
    a, b = (operand(one, (count,), n, "float64") for one in ("general", "right"))
    return partial(linalg.solve, a, b)


def of_length(n: int) -> Call:
    """Set up the norm of a vector."""
    return partial(scirs2.norm, operand("vector", (), n, "float64"))


def over_threads(name: str, call: Call, least: float | None, level: Level) -> Finding:
    """Measure one call on ever more threads: the model is a core's work for each core."""
    most = len(cores())
    counts = sorted({min(2**power, most) for power in range(most.bit_length() + 1)})
    times = []
    for count in counts:
        with scirs2.num_threads(count):
            times.append(seconds(call, level))
    return Finding(
        f"{name}: time over threads, model 1/threads",
        times[0] / times[-1],
        f"times as fast on {most}",
        least=least and max(1.0, least * most),
        at={"op": name, "over": "threads", "power": -1},
        series={
            "threads": counts,
            "seconds": times,
            "model": [times[0] / count for count in counts],
        },
    )


def plan(level: Level) -> list[Callable[[], Finding]]:
    """List what grows."""
    orders = level.pick(test=(4, 8, 16), quick=(64, 128, 256, 512), full=(64, 128, 256, 512, 1024))
    counts = level.pick(test=(1, 2, 4), quick=(10, 100, 1000, 10_000),
                        full=(10, 100, 1000, 10_000, 100_000))  # fmt: skip
    lengths = level.pick(test=(10, 20, 40), quick=(10**3, 10**4, 10**5, 10**6),
                         full=(10**3, 10**4, 10**5, 10**6, 10**7))  # fmt: skip
    n, count, length = orders[-1], counts[-1], lengths[-1]
    over_work = [
        *((name, "n", orders, 3, partial(of_order, name)) for name in OF_ORDER),
        *((f"solve of {m}x{m}", "matrices", counts, 1, partial(of_batch, m)) for m in (4, 16)),
        ("norm", "elements", lengths, 1, of_length),
    ]
    shared_out = [
        (f"matmul of {n}x{n}", partial(of_order, "matmul", n), EFFICIENCY),
        (f"solve of {count} 4x4", partial(of_batch, 4, count), EFFICIENCY),
        # Memory is shared: a norm gains what one core leaves of its bandwidth.
        (f"norm of {length} numbers", partial(of_length, length), None),
    ]
    return [
        *(partial(growing, *what, level) for what in over_work),
        *(
            lambda name=name, make=make, least=least: over_threads(name, make(), least, level)
            for name, make, least in shared_out
        ),
    ]
