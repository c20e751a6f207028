"""Times one call beside its peers, in turns, in one process.

What makes the numbers worth reading:

- every call's answer is checked before it is timed: ours must be right, and a peer
  that is not carries a mark;
- the order rotates from round to round, and a ratio is taken within a round,
  so that a slow phase of the machine hits both sides;
- the first peer is entered twice, and the two must read about 1.0;
- where a peer leaves worker threads that spin, the next call waits until they sleep.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

OURS = "scirs2"
CONTROL = "again"

ROUNDS = 5
# One timing lasts about this long, so that the clock's own cost disappears.
TIMING_SECONDS = 0.004
# OpenMP's workers spin for 200 ms after their last task.
REST_SECONDS = 0.25

Call = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One line of a table: calls that do the same work, ours first."""

    name: str
    calls: dict[str, Call]
    error: Callable[[object], float]
    tolerance: float = 0.0
    # The peers whose workers still spin when they have returned.
    spinning: frozenset[str] = frozenset()
    # A peer, and the most that our time may be over its time.
    goal: tuple[str, float] | None = None


@dataclass(frozen=True)
class Result:
    """The medians of one row, and our time over the fastest peer's, round by round."""

    name: str
    seconds: dict[str, float]
    errors: dict[str, float]
    inaccurate: list[str]
    fastest_peer: str
    ratio: float
    ratio_low: float
    ratio_high: float
    control: float
    # What was aimed at, and what came: our time over that peer's.
    goal_peer: str = ""
    goal: float | None = None
    goal_ratio: float | None = None


def per_call(call: Call, repeats: int) -> float:
    """Return the seconds of one call, out of `repeats`."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def play(calls: dict[str, Call], spinning: frozenset[str]) -> list[dict[str, float]]:
    """Time the calls in turns; return the seconds of each, round by round."""
    repeats = {
        name: max(1, int(TIMING_SECONDS / per_call(call, 2))) for name, call in calls.items()
    }
    rounds = []
    order = list(calls)
    previous = order[-1]
    for _ in range(ROUNDS):
        seconds = {}
        for name in order:
            if previous in spinning:
                time.sleep(REST_SECONDS)
            calls[name]()
            seconds[name] = per_call(calls[name], repeats[name])
            previous = name
        rounds.append(seconds)
        order.append(order.pop(0))
    return rounds


def measure(row: Row) -> Result:
    """Check and time one row."""
    errors = {name: row.error(call()) for name, call in row.calls.items()}
    # Written so that a NaN counts as wrong.
    inaccurate = [name for name, error in errors.items() if not error <= row.tolerance]
    if OURS in inaccurate:
        raise SystemExit(f"{row.name}: scirs2 is off by {errors[OURS]:.1e}")

    first_peer = list(row.calls)[1]
    again = frozenset({CONTROL} if first_peer in row.spinning else ())
    rounds = play({**row.calls, CONTROL: row.calls[first_peer]}, row.spinning | again)

    median = {name: statistics.median(r[name] for r in rounds) for name in row.calls}
    fastest = min((name for name in median if name != OURS), key=median.__getitem__)
    ratios = [r[OURS] / r[fastest] for r in rounds]
    goal_peer, goal = row.goal or ("", None)
    return Result(
        name=row.name,
        seconds=median,
        errors=errors,
        inaccurate=inaccurate,
        fastest_peer=fastest,
        ratio=statistics.median(ratios),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        control=statistics.median(r[CONTROL] / r[first_peer] for r in rounds),
        goal_peer=goal_peer,
        goal=goal,
        goal_ratio=statistics.median(r[OURS] / r[goal_peer] for r in rounds) if goal_peer else None,
    )


def run(rows: Sequence[Row]) -> None:
    """Measure every row and write the results to standard output as JSON."""
    results = []
    for count, row in enumerate(rows, 1):
        print(f"... {count}/{len(rows)} {row.name}", file=sys.stderr, flush=True)
        results.append(vars(measure(row)))
    json.dump(results, sys.stdout)


def duration(seconds: float) -> str:
    """Write a time with three digits and the unit that fits."""
    for unit, scale in (("ns", 1e9), ("us", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def time_of(result: Result, name: str) -> str:
    """Write one time of a row, marked if its answer was off, empty if there is none."""
    if name not in result.seconds:
        return ""
    return duration(result.seconds[name]) + ("!" if name in result.inaccurate else " ")


def goal_of(result: Result) -> str:
    """Write what came of a row's goal, empty if it has none."""
    if result.goal is None or result.goal_ratio is None:
        return ""
    met = "met" if result.goal_ratio <= result.goal else "missed"
    return f"{result.goal_ratio:.2f} of {result.goal_peer}, at most {result.goal:.2f}: {met}"


def table(results: Iterable[Result]) -> str:
    """Lay out results as text, the rows where scirs2 is furthest behind first."""
    ordered = sorted(results, key=lambda result: -result.ratio)
    goals = ["goal"] if any(result.goal is not None for result in ordered) else []
    peers = list(dict.fromkeys(name for result in ordered for name in result.seconds))
    head = ["", *peers, "ratio", "spread", "fastest peer", "control", *goals]
    lines = [head]
    for result in ordered:
        times = [time_of(result, name) for name in peers]
        spread = f"{result.ratio_low:.2f}-{result.ratio_high:.2f}"
        control = f"{result.control:.2f}"
        line = [result.name, *times, f"{result.ratio:.2f}", spread, result.fastest_peer, control]
        lines.append(line + [goal_of(result)] * len(goals))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )
