"""How much is timed, and how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """How much is timed, and how long.

    A timing repeats its call until it lasts `timing` seconds. A row takes `rounds`
    rounds, fewer (but `least`) where they would last longer than `row` seconds, and
    fewer still beyond `patience`.
    """

    name: str
    rounds: int
    least: int
    timing: float
    row: float
    patience: float

    def pick(self, *, test: tuple, quick: tuple, full: tuple, whole: tuple | None = None) -> tuple:
        """Choose what this level runs; `whole` is `full` unless it is said."""
        whole = full if whole is None else whole
        return {"test": test, "quick": quick, "full": full, "whole": whole}[self.name]


LEVELS = {
    level.name: level
    for level in (
        # Whether everything runs; its numbers say nothing.
        Level("test", rounds=1, least=1, timing=0.0, row=0.0, patience=0.0),
        Level("quick", rounds=3, least=3, timing=0.002, row=0.3, patience=1.0),
        Level("full", rounds=5, least=3, timing=0.004, row=0.6, patience=2.0),
        # With every decomposition at every size.
        Level("whole", rounds=7, least=3, timing=0.004, row=2.0, patience=30.0),
    )
}
