"""Some suites in a process of their own: `python -m beside.child LEVEL SUITE...`.

A line of JSON tells how many rows there are, then one comes for each.
"""

from __future__ import annotations

import importlib
import json
import sys

from .harness import Row, measure
from .levels import LEVELS


def rounded(value: object) -> object:
    """Round every number within to four digits: more are noise."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


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
            print(json.dumps([suite, type(found).__name__, rounded(vars(found))]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
