"""Two records, row by row: what became slower, what became faster."""

from __future__ import annotations

import statistics

from .harness import OURS, Result
from .record import Record
from .table import columns, duration

# A difference that is no more than this is none, even where the rounds agree.
LEAST = 0.10

Key = tuple[str, int, str]


def rows(record: Record) -> dict[Key, Result]:
    """Return every row under its suite, cores and name."""
    return {
        (table.suite, table.cores, result.name): result
        for table in record.tables
        for result in table.results
    }


def drift(pairs: list[tuple[Result, Result]]) -> float:
    """Return how much slower the peers became, who are the same: that is the machine."""
    ratios = [
        after.seconds[peer] / before.seconds[peer]
        for before, after in pairs
        for peer in before.seconds.keys() & after.seconds.keys()
        if peer != OURS
    ]
    return statistics.median(ratios) if ratios else 1.0


def verdict(before: Result, after: Result, machine: float) -> str:
    """Tell a change from noise: the rounds must not overlap, the machine's drift taken out."""
    ratio = after.seconds[OURS] / before.seconds[OURS] / machine
    if ratio > 1 + LEAST and after.low / machine > before.high:
        return "slower"
    if ratio < 1 / (1 + LEAST) and after.high / machine < before.low:
        return "faster"
    return ""


def compare(before: Record, after: Record) -> tuple[str, int]:
    """Lay the changes out as text; return also how many rows became slower."""
    old, new = rows(before), rows(after)
    common = [key for key in old if key in new]
    machine = drift([(old[key], new[key]) for key in common])
    lines = [["", "cores", "before", "after", "ratio", "peer's time over ours", ""]]
    changed = []
    for key in common:
        told = verdict(old[key], new[key], machine)
        if told:
            was, now = old[key].seconds[OURS], new[key].seconds[OURS]
            changed.append((now / was, told, key))
    for ratio, told, key in sorted(changed, reverse=True):
        a, b = old[key], new[key]
        lines.append(
            [
                f"{key[0]}: {key[2]}",
                str(key[1]),
                duration(a.seconds[OURS]),
                duration(b.seconds[OURS]),
                f"{ratio:.2f}",
                f"{a.ratio:.2f} -> {b.ratio:.2f}",
                told,
            ]
        )
    slower = sum(told == "slower" for _, told, _ in changed)
    head = (
        f"{before.setting['commit']} ({before.setting['date']}) -> "
        f"{after.setting['commit']} ({after.setting['date']})\n"
        f"{len(common)} rows in both: {slower} slower, {len(changed) - slower} faster; "
        f"the peers' times changed by {machine:.2f}, which is taken out"
    )
    return (f"{head}\n\n{columns(lines)}" if changed else head), slower
