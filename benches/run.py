"""Runs the tables beside the peers and keeps the numbers: `make bench`.

Each table is a process of its own, started with the cores that it may use, so
that every library sizes its threads the same way.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from harness import Result, table

HERE = Path(__file__).parent
LIBRARIES = ("scirs2", "numpy", "torch", "jax")
LEGEND = """\
ratio    scirs2's time over the fastest peer's, the median of the rounds (below 1: scirs2 is faster)
spread   the lowest and the highest round
control  the first peer entered twice; far from 1.00, the row says nothing
goal     scirs2's time over one peer's, where the project set itself a bound
!        a peer whose answer is off by more than 1e-13 (float64) or 1e-6 (float32)"""


def cpu_model() -> str:
    """Return the processor's name, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    found = (line.partition(":")[2].strip() for line in names if line.startswith("model name"))
    return next(found, platform.processor() or platform.machine())


def commit() -> str:
    """Return the commit that is checked out, marked if there are changes on top."""
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude=*"]
    asked = subprocess.run(git, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def setting() -> dict[str, str]:
    """Return what a reader needs to judge the numbers."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "machine": f"{cpu_model()}, {len(os.sched_getaffinity(0))} cores, {platform.system()}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}"]
            + [f"{library} {version(library)}" for library in LIBRARIES]
        ),
    }


def measured(script: str, cores: set[int]) -> list[Result]:
    """Run one table in a process that may use these cores."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # a child starts with the cores of its parent
    try:
        child = subprocess.run([sys.executable, HERE / script], stdout=subprocess.PIPE, check=True)
    finally:
        os.sched_setaffinity(0, all_cores)
    return [Result(**result) for result in json.loads(child.stdout)]


def main() -> None:
    """Run every table, print it and write all of them as one JSON file."""
    described = setting()
    print("\n".join(f"{key:<10}{value}" for key, value in described.items()))
    print(f"\n{LEGEND}", flush=True)

    cores = os.sched_getaffinity(0)
    plans = [
        ("Exchange, per call", "exchange.py", cores),
        ("Norm, 1 thread", "norm.py", {min(cores)}),
        (f"Norm, {len(cores)} threads", "norm.py", cores),
    ]
    tables = {}
    for title, script, may_use in plans:
        print(f"... {title}", file=sys.stderr, flush=True)
        results = measured(script, may_use)
        print(f"\n{title}\n\n{table(results)}", flush=True)
        tables[title] = [vars(result) for result in results]

    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    file = folder / f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps({"setting": described, "tables": tables}, indent=1) + "\n")
    print(f"\nKept in benches/results/{file.name}")


if __name__ == "__main__":
    main()
