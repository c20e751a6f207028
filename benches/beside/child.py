"""Some suites in a process of their own: `python -m beside.child LEVEL SUITE...`.

A line of JSON tells how many rows there are, then one comes for each.
"""

from __future__ import annotations

import importlib
import json
import sys

from .harness import Row, measure
from .levels import LEVELS


def main(level_name: str, *suites: str) -> None:
    """Measure every row of the suites."""
    level = LEVELS[level_name]
    plans = [
        (suite, importlib.import_module(f".{suite}", __package__).plan(level)) for suite in suites
    ]
    print(sum(len(plan) for _, plan in plans), flush=True)
    for suite, plan in plans:
        for make in plan:
            made = make()
            found = measure(made, level) if isinstance(made, Row) else made
            print(json.dumps([suite, type(found).__name__, vars(found)]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
