"""Times one call beside its peers, in turns, in one process.

What makes the numbers worth reading:

- every answer is checked against what must be true of it before it is timed: ours
  is not timed where it is wrong, and a peer that is carries a mark;
- the order rotates from round to round, and a ratio is taken within a round,
  so that a slow phase of the machine hits both sides;
- one peer, NumPy if it can, is timed twice, and the ratio of the two must be about 1.0;
- before each timing the worker threads of the call before it are at rest: an idle
  pool spins, and whoever comes next would pay for it.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .levels import Level

OURS = "scirs2"
AGAIN = "again"
FIRST = "NumPy"
READ = "read limit"
WRONG = "wrong"

# A peer that takes so many times the fastest one's time is not timed in turns, but before and
# after them, and the shorter time counts.
FAR = 2.0
# A call this long is timed once a round, without another to warm up.
LONG = 0.02
# A call this long is estimated by its first, although that may start threads.
VERY_LONG = 0.1
ESTIMATES = 3
# One call entered twice disagrees with itself by no more than this factor, or the row is noise.
STEADY = 1.25
# The pause in which the process must take no CPU time, and when to wait no longer.
PAUSE = 0.002
RESTLESS = 0.5

Call = Callable[[], object]


@dataclass(frozen=True)
class Goal:
    """The least ratio aimed at: of that call's time to ours, or of the fastest peer's."""

    least: float
    of: str = ""


@dataclass(frozen=True)
class Row:
    """Calls that do the same work, ours first, and what must be true of each answer."""

    name: str
    calls: dict[str, Call]
    error: Callable[[object], float]
    tolerance: float = 0.0
    goal: Goal | None = None
    # What the charts draw it by: op, n, dtype, and the like.
    at: dict[str, Any] = field(default_factory=dict)
    # Reads the operand once, as fast as this machine can.
    read: Call | None = None
    # What must come from memory.
    size: int = 0


@dataclass(frozen=True)
class Result:
    """The medians of one row; a ratio is another's time over ours, round by round."""

    name: str
    at: dict[str, Any]
    seconds: dict[str, float]
    errors: dict[str, float]
    inaccurate: list[str]
    # The peers that were too far behind to be timed in turns.
    once: list[str]
    # Our fastest and our slowest round.
    low: float
    high: float
    fastest: str
    ratio: float
    ratio_low: float
    ratio_high: float
    # One peer is timed twice.
    control: float
    # GB/s, and as a part of what a plain read reaches.
    bandwidth: float | None = None
    share: float | None = None
    goal: float | None = None
    goal_of: str = ""
    goal_ratio: float | None = None
    goal_high: float | None = None

    @property
    def steady(self) -> bool:
        """Tell whether the control says that the row is worth reading."""
        return 1 / STEADY <= self.control <= STEADY

    @property
    def verdict(self) -> str:
        """Tell what came of the goal."""
        if self.goal is None:
            return ""
        if self.goal_ratio >= self.goal:
            return "met"
        return "within the spread" if self.goal_high >= self.goal else "missed"


@dataclass(frozen=True)
class Finding:
    """Something measured of scirs2 alone, and the most (or least) it may be."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    at: dict[str, Any] = field(default_factory=dict)
    # What a chart draws: lists of equal length under the names of its axes.
    series: dict[str, list[float]] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Tell whether the bound is kept."""
        if self.most is None and self.least is None:
            return ""
        most = math.inf if self.most is None else self.most
        least = -math.inf if self.least is None else self.least
        return "met" if least <= self.value <= most else "missed"


def per_call(call: Call, repeats: int) -> float:
    """Return the seconds of one call, out of `repeats`."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def rest() -> None:
    """Wait until this process's threads take no CPU time: idle workers spin a while."""
    give_up = time.perf_counter() + RESTLESS
    quiet = 0
    while quiet < 2 and time.perf_counter() < give_up:
        before = time.process_time()
        time.sleep(PAUSE)
        quiet = quiet + 1 if time.process_time() - before < PAUSE / 10 else 0


def timed(call: Call, repeats: int) -> float:
    """Return the seconds of one call, nobody else at work."""
    rest()
    if repeats > 1:
        call()
    return per_call(call, repeats)


def estimate(call: Call) -> float:
    """Return about how long a call takes: the shortest of a few, nobody else at work."""
    rest()
    times = [per_call(call, 1)]
    while len(times) < ESTIMATES and sum(times) < LONG:
        times.append(per_call(call, 1))
    return min(times)


def play(
    calls: dict[str, Call], estimates: dict[str, float], level: Level
) -> list[dict[str, float]]:
    """Time the calls in turns; return the seconds of each, round by round."""
    repeats = {
        name: 1 if estimates[name] > LONG else max(2, int(level.timing / estimates[name]))
        for name in calls
    }
    order = list(calls)
    rounds = []
    start = time.perf_counter()
    while len(rounds) < level.rounds:
        rounds.append({name: timed(calls[name], repeats[name]) for name in order})
        order.append(order.pop(0))
        seconds = time.perf_counter() - start
        if seconds > (level.row if len(rounds) >= level.least else level.patience):
            break
    return rounds


def check(row: Row) -> tuple[dict[str, float], dict[str, float]]:
    """Call everything once; return how far off each is, and about how long it takes."""
    errors, estimates = {}, {}
    for name, call in row.calls.items():
        rest()
        start = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - start
        errors[name] = row.error(result)
        del result
        # Our first gradient in a process imports modules, so it is no estimate.
        is_long = seconds > VERY_LONG and name != OURS
        estimates[name] = seconds if is_long else estimate(call)
    return errors, estimates


def line_up(row: Row, estimates: dict[str, float]) -> tuple[dict[str, Call], list[str], str]:
    """Choose what is timed in turns; return also the peers in it, and who is in it twice."""
    limit = FAR * min(seconds for name, seconds in estimates.items() if name != OURS)
    peers = [name for name in row.calls if name != OURS and estimates[name] <= limit]
    twice = FIRST if FIRST in peers else peers[0]
    calls = {name: row.calls[name] for name in (OURS, *peers)} | {AGAIN: row.calls[twice]}
    if row.goal and row.goal.of in row.calls:
        calls[row.goal.of] = row.calls[row.goal.of]
    if row.read:
        calls[READ] = row.read
    return calls, peers, twice


def measure(row: Row, level: Level) -> Result | Finding:
    """Check and time one row; a wrong answer of ours is not timed, but what is found."""
    errors, estimates = check(row)
    # Written so that a NaN counts as wrong.
    inaccurate = [name for name, error in errors.items() if not error <= row.tolerance]
    if OURS in inaccurate:
        return Finding(f"{row.name}, {WRONG}", errors[OURS], "relative error", most=row.tolerance)
    calls, peers, twice = line_up(row, estimates)
    estimates[AGAIN] = estimates[twice]
    if row.read:
        estimates[READ] = estimate(row.read)
    rounds = play(calls, estimates, level)
    once = [name for name in row.calls if name not in calls]
    for name in once:
        if estimates[name] <= VERY_LONG:
            # What disturbed the first estimate may have passed.
            estimates[name] = min(estimates[name], estimate(row.calls[name]))
    median = {name: statistics.median(r[name] for r in rounds) for name in calls}
    fastest = min(peers, key=median.__getitem__)

    def ratios(name: str, over: str = OURS) -> list[float]:
        return [r[name] / r[over] for r in rounds]

    against = ratios(fastest)
    goal_of = row.goal.of if row.goal else ""
    aimed = ratios(goal_of) if goal_of else against
    return Result(
        name=row.name,
        at=row.at,
        seconds={name: median.get(name, estimates[name]) for name in row.calls},
        errors=errors,
        inaccurate=inaccurate,
        once=once,
        low=min(r[OURS] for r in rounds),
        high=max(r[OURS] for r in rounds),
        fastest=fastest,
        ratio=statistics.median(against),
        ratio_low=min(against),
        ratio_high=max(against),
        control=statistics.median(ratios(AGAIN, twice)),
        bandwidth=row.size / median[OURS] / 1e9 if row.size else None,
        share=statistics.median(ratios(READ)) if row.read else None,
        goal=row.goal.least if row.goal else None,
        goal_of=goal_of,
        goal_ratio=statistics.median(aimed) if row.goal else None,
        goal_high=max(aimed) if row.goal else None,
    )
