"""The peak of each operation's memory over its operands, in matrices of their size.

As Linux tells it: the most that the process had resident since it was asked to
forget. `suites` makes every block come from the system and go back to it, so that
nothing that was left over is used a second time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import scirs2
from scirs2 import linalg

from .harness import Finding
from .levels import Level
from .operations import operand

STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")
# The library's own buffers, and the rounding to huge pages.
SLACK = 0.15

# What the docstrings say is held at once: the results, the copy that LAPACK
# overwrites, and its workspace as LAPACK documents it, all in matrices of the
# operand's size.
SAID: dict[str, tuple[Callable[..., object], tuple[str, ...], float]] = {
    "norm": (scirs2.norm, ("general",), 0),
    "norm of each row, ord=3": (partial(scirs2.norm, ord=3, axis=1), ("general",), 0),
    "norm of each row": (partial(scirs2.norm, axis=1), ("general",), 0),
    "matmul": (linalg.matmul, ("general", "general"), 1),
    "cholesky": (linalg.cholesky, ("definite",), 1),
    "inv": (linalg.inv, ("general",), 1),
    "solve": (linalg.solve, ("general", "right"), 1),
    "det": (linalg.det, ("general",), 1),
    "lu_factor": (linalg.lu_factor, ("general",), 2),
    "qr": (linalg.qr, ("general",), 2),
    "svdvals": (linalg.svdvals, ("general",), 1),
    # U and V^H, the copy, and gesdd's 4 n^2.
    "svd": (linalg.svd, ("general",), 7),
    # The copy, and the triangle.
    "lstsq": (linalg.lstsq, ("general", "right"), 2),
    "eigvalsh": (linalg.eigvalsh, ("hermitian",), 1),
    # The vectors, and syevd's 2 n^2.
    "eigh": (linalg.eigh, ("hermitian",), 3),
    # The copy, geev's real vectors, and the complex ones.
    "eig": (linalg.eig, ("general",), 4),
}


def resident(key: str) -> int:
    """Return a line of the process's status in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) << 10


def peak(call: Callable[[], object]) -> int:
    """Return the bytes that a call held at once, its result included."""
    FORGET.write_text("5")
    before = resident("VmRSS")
    result = call()
    most = resident("VmHWM")
    del result
    return most - before


def finding(name: str, n: int) -> Finding:
    """Measure one operation."""
    function, names, said = SAID[name]
    operands = [operand(one, (), n, "float64") for one in names]
    call = partial(function, *operands)
    # The first call starts threads and fills the library's buffers.
    call()
    value = peak(call) / operands[0].nbytes
    return Finding(
        f"{name}, n = {n}", value, "operands", most=said + SLACK, at={"op": name, "said": said}
    )


def plan(level: Level) -> list[Callable[[], Finding]]:
    """List every operation, where the system tells."""
    if not os.access(FORGET, os.W_OK):
        return []
    (n,) = level.pick(test=(128,), quick=(1024,), full=(1024,))
    slow = level.pick(test=(), quick=("eig", "svd"), full=())
    return [partial(finding, name, n) for name in SAID if name not in slow]
