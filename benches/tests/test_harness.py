"""What a row's numbers are made of: the check, the order, the ratio, the goal."""

import time

import pytest
from beside import harness
from beside.harness import WRONG, Finding, Goal, Row, measure
from beside.levels import Level

LEVEL = Level("test", rounds=4, least=4, timing=0.0, row=0.0, patience=9.0)


def right(result):
    """Say that 1 is the answer."""
    return abs(result - 1)


def row(**replaced):
    """Make a row of calls that take no time."""
    calls = {"scirs2": lambda: 1, "NumPy": lambda: 1, "PyTorch": lambda: 1}
    return Row(**{"name": "one", "calls": calls, "error": right, **replaced})


def clocked(monkeypatch, seconds):
    """Replace the clock: a call takes as long as `seconds` says for what it returns."""
    now = [0.0]

    def per_call(call, repeats):
        now[0] += 1
        return seconds(call())

    monkeypatch.setattr(harness, "per_call", per_call)
    monkeypatch.setattr(harness, "rest", lambda: None)


def test_the_order_rotates_and_every_call_is_timed_once_a_round(monkeypatch):
    seen = []

    def timed(call, repeats):
        seen.append(call())
        return 1.0

    monkeypatch.setattr(harness, "timed", timed)
    calls = {name: lambda name=name: name for name in "abc"}
    rounds = harness.play(calls, dict.fromkeys(calls, 1.0), LEVEL)
    assert "".join(seen) == "abcbcacababc"
    assert rounds == [dict.fromkeys("abc", 1.0)] * 4


def test_a_wrong_answer_of_ours_is_not_timed():
    calls = {"scirs2": lambda: 2, "NumPy": lambda: 1}
    found = measure(row(calls=calls), LEVEL)
    assert (found.name, found.value, found.verdict) == (f"one, {WRONG}", 1, "missed")


def test_an_answer_of_ours_that_is_no_number_is_wrong():
    calls = {"scirs2": lambda: float("nan"), "NumPy": lambda: 1}
    assert measure(row(calls=calls), LEVEL).verdict == "missed"


def test_a_wrong_answer_of_a_peer_is_marked(monkeypatch):
    clocked(monkeypatch, lambda _: 1.0)
    calls = {"scirs2": lambda: 1, "NumPy": lambda: 2}
    assert measure(row(calls=calls), LEVEL).inaccurate == ["NumPy"]


def test_a_ratio_is_the_fastest_peers_time_over_ours(monkeypatch):
    times = {1.0: 0.010, 1.1: 0.030, 1.2: 0.020}
    clocked(monkeypatch, times.__getitem__)
    calls = {"scirs2": lambda: 1.0, "NumPy": lambda: 1.1, "PyTorch": lambda: 1.2}
    result = measure(row(calls=calls, tolerance=1, goal=Goal(2.5, "NumPy")), LEVEL)
    assert (result.fastest, result.ratio, result.control) == ("PyTorch", 2.0, 1.0)
    assert (result.goal_ratio, result.verdict) == (3.0, "met")


def test_a_peer_far_behind_is_timed_once(monkeypatch):
    times = {1.0: 0.010, 1.1: 0.010, 1.2: 0.100}
    clocked(monkeypatch, times.__getitem__)
    calls = {"scirs2": lambda: 1.0, "NumPy": lambda: 1.1, "PyTorch": lambda: 1.2}
    result = measure(row(calls=calls, tolerance=1), LEVEL)
    assert result.once == ["PyTorch"]
    assert result.seconds["PyTorch"] == 0.100


@pytest.mark.parametrize(
    ("least", "verdict"), [(1.0, "met"), (2.0, "within the spread"), (4.0, "missed")]
)
def test_a_goal_is_met_missed_or_within_the_spread(monkeypatch, least, verdict):
    # NumPy takes 1, 2, 3 and 1 s in turns: ratios of which the median is 1.5.
    lasts = iter([1.0, 2.0, 3.0, 1.0])
    monkeypatch.setattr(harness, "estimate", lambda _: 1.0)
    monkeypatch.setattr(harness, "timed", lambda call, _: call())
    calls = {"scirs2": lambda: 1.0, "PyTorch": lambda: 100.0, "NumPy": lambda: next(lasts)}
    monkeypatch.setattr(
        harness, "check", lambda row: (dict.fromkeys(calls, 0), dict.fromkeys(calls, 1.0))
    )
    monkeypatch.setattr(harness, "FIRST", "PyTorch")
    result = measure(row(calls=calls, goal=Goal(least)), LEVEL)
    assert (result.ratio, result.verdict) == (1.5, verdict)


def test_rest_waits_until_nothing_runs():
    start = time.perf_counter()
    harness.rest()
    assert time.perf_counter() - start >= harness.PAUSE


def test_a_finding_is_judged_by_its_bound():
    assert Finding("peak", 1.0, "operands", most=1.0).verdict == "met"
    assert Finding("peak", 1.1, "operands", most=1.0).verdict == "missed"
    assert Finding("speed-up", 1.1, "times", least=1.6).verdict == "missed"
    assert Finding("speed-up", 1.1, "times").verdict == ""
