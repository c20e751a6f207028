"""A record: kept, laid out with what is behind first, compared with another."""

from dataclasses import replace

import pytest
from beside.compare import compare
from beside.harness import Finding, Result
from beside.record import Record, Table, mean
from beside.table import duration, text

SETTING = {"date": "today", "commit": "abc", "machine": "m", "versions": "v", "level": "test"}


def result(name, ours, theirs, **replaced):
    """Make a result whose rounds lie within a hundredth of the median."""
    ratio = theirs / ours
    made = Result(
        name=name,
        at={},
        seconds={"scirs2": ours, "NumPy": theirs},
        errors={},
        inaccurate=[],
        once=[],
        low=0.99 * ours,
        high=1.01 * ours,
        fastest="NumPy",
        ratio=ratio,
        ratio_low=0.99 * ratio,
        ratio_high=1.01 * ratio,
        control=1.0,
    )
    return replace(made, **replaced)


def record(*results, findings=()):
    """Make a record of one table."""
    return Record(SETTING, [Table("large", 2, list(results), list(findings))])


def test_a_record_comes_back_as_it_was_kept(tmp_path):
    kept = record(result("inv", 1.0, 2.0), findings=[Finding("peak", 1.0, "operands", most=2.0)])
    kept.save(tmp_path / "record.json")
    assert Record.load(tmp_path / "record.json") == kept


def test_where_scirs2_is_behind_comes_first():
    missed = {"goal": 3.0, "goal_ratio": 2.0, "goal_high": 2.02}
    laid_out = text(record(result("inv", 1.0, 2.0, **missed), result("svd", 2.0, 1.0)))
    first, _, rest = laid_out.partition("ratio    ")
    assert "1 of 2 rows behind, 1 of 1 goals missed" in first
    assert "svd: 0.50 of NumPy" in first
    assert "inv: goal 3, reached 2.00" in first
    assert rest.index("svd") < rest.index("inv")


def test_behind_is_slower_in_every_round():
    level = result("inv", 2.0, 1.0, ratio_high=1.0)
    laid_out = text(record(level, result("svd", 2.0, 1.0, ratio_high=0.999)))
    assert "1 of 2 rows behind" in laid_out
    assert "behind   slower than the fastest peer in every round" in laid_out


def test_the_mean_of_the_ratios_is_geometric():
    assert mean([result("a", 1.0, 4.0), result("b", 1.0, 1.0)]).value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (2.0, 1.0, "1 slower, 0 faster"),
        (0.5, 1.0, "0 slower, 1 faster"),
        (1.05, 1.0, "0 slower, 0 faster"),
        # The peer became as much slower: that is the machine.
        (2.0, 2.0, "0 slower, 0 faster"),
    ],
)
def test_a_change_is_told_from_noise_and_from_the_machine(ours, theirs, told):
    laid_out, slower = compare(record(result("inv", 1.0, 1.0)), record(result("inv", ours, theirs)))
    assert told in laid_out
    assert slower == int(told.startswith("1 slower"))


def test_rounds_that_overlap_are_no_change():
    wide = result("inv", 1.3, 1.0, low=0.9, high=1.6)
    assert compare(record(result("inv", 1.0, 1.0)), record(wide))[1] == 0


@pytest.mark.parametrize(
    ("seconds", "said"), [(1.5e-7, "150 ns"), (2.5e-5, "25 us"), (0.9999, "1 s"), (60.0, "60 s")]
)
def test_a_time_is_said_with_the_unit_that_fits(seconds, said):
    assert duration(seconds) == said
