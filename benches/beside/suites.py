"""Which rows are measured, on how many cores, each group in a process of its own.

A process is started with the cores that it may use, so that every library sizes its
threads the same way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from .harness import Finding, Result
from .levels import Level
from .machine import cores

# The variables that make the allocator of the C library keep nothing.
KEEP_NOTHING = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
TITLES = {
    "exchange": "Exchange, per call",
    "norms": "Norms",
    "small": "One small matrix",
    "batches": "Batches",
    "large": "One large matrix",
    "functions": "From scipy.linalg",
    "gradients": "Gradients in PyTorch",
    "integers": "Products of integers",
    "programs": "In compiled programs of JAX",
    "lazy": "Arrays of Dask, on two worker processes",
    "growth": "Growth",
    "memory": "Memory",
    "startup": "Import",
}


@dataclass(frozen=True)
class Process:
    """Suites that run in one process."""

    suites: tuple[str, ...]
    cores: list[int]
    environment: dict[str, str]


def processes(level: Level) -> list[Process]:
    """List what runs: all of it on all cores, then on one what has a use for several."""
    every = cores()
    if level.name == "test":
        return [Process(tuple(TITLES), every, {})]
    wide = ("startup", "exchange", "small", "norms", "batches", "large", "functions",
            "gradients", "integers", "programs")  # fmt: skip
    # What has no peer needs none in its process.
    plans = [Process(wide, every, {}), *(Process((one,), every, {}) for one in ("growth", "lazy"))]
    # A process is bound to its cores by the affinity that it inherits.
    if len(every) > 1 and hasattr(os, "sched_setaffinity"):
        plans.append(Process(("norms", "batches", "large", "gradients"), every[:1], {}))
    return [*plans, Process(("memory",), every, KEEP_NOTHING)]


@contextmanager
def only(chosen: list[int]) -> Iterator[None]:
    """Bind this process, and what it starts meanwhile, to these cores."""
    before = cores()
    if chosen == before:
        yield
        return
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def without_goal(row: Result | Finding) -> Result | Finding:
    """Take the goal from a result: the goals are for all cores."""
    if isinstance(row, Finding):
        return row
    return replace(row, goal=None, goal_of="", goal_ratio=None, goal_high=None)


def measured(process: Process, level: Level) -> Iterator[int | tuple[str, Result | Finding]]:
    """Run a process; give how many rows there are, then each with its suite."""
    command = [sys.executable, "-m", f"{__package__}.child", level.name, *process.suites]
    with only(process.cores):
        child = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[1],
            env={**os.environ, **process.environment},
            stdout=subprocess.PIPE,
            text=True,
        )
    with child:
        yield int(child.stdout.readline() or 0)
        for line in child.stdout:
            suite, kind, fields = json.loads(line)
            row = (Result if kind == "Result" else Finding)(**fields)
            yield suite, row if process.cores == cores() else without_goal(row)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed: exit {child.returncode}")
