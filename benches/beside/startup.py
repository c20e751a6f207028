"""What `import scirs2` costs beyond the import of NumPy, and that it starts no thread."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .harness import Finding
from .levels import Level

MOST_MILLISECONDS = 50.0
TASKS = Path("/proc/self/task")

IMPORT = f"""
import json, os, time
import numpy

def threads():
    return len(os.listdir("{TASKS}")) if os.path.isdir("{TASKS}") else 0

before, start = threads(), time.perf_counter()
import scirs2
print(json.dumps([time.perf_counter() - start, threads() - before]))
"""


def imported() -> list[float]:
    """Import in a fresh process; return the seconds, and the threads that were started."""
    child = subprocess.run([sys.executable, "-c", IMPORT], stdout=subprocess.PIPE, check=True)
    return json.loads(child.stdout)


def time_of_import(times: int) -> Finding:
    """Measure the import, each time in a fresh process."""
    milliseconds = statistics.median(imported()[0] for _ in range(times)) * 1e3
    return Finding("import, beyond NumPy's", milliseconds, "ms", most=MOST_MILLISECONDS)


def threads_of_import() -> Finding:
    """Count the threads that the import starts."""
    return Finding("threads started by the import", imported()[1], "threads", most=0)


def plan(level: Level) -> list[Callable[[], Finding]]:
    """List both; the threads where the system tells them."""
    (times,) = level.pick(test=(1,), quick=(5,), full=(15,))
    return [partial(time_of_import, times), *([threads_of_import] if TASKS.exists() else [])]
