"""What the README and the documentation show of a record."""

import re

import pytest
from beside.harness import Result
from beside.publish import BEGIN, END, ROOT, chosen, markdown, restructured, stale, with_block
from beside.record import Record, Table

SETTING = {"date": "today", "commit": "abc", "machine": "m", "versions": "v", "level": "test"}


def result(name, ratio, control=1.0):
    """Make a result that is so many times as fast as NumPy."""
    return Result(
        name=name,
        at={},
        seconds={"scirs2": 1.0, "NumPy": ratio},
        errors={},
        inaccurate=[],
        once=[],
        low=1.0,
        high=1.0,
        fastest="NumPy",
        ratio=ratio,
        ratio_low=ratio,
        ratio_high=ratio,
        control=control,
    )


def record(*results):
    """Make a record of one table."""
    return Record(SETTING, [Table("large", 2, list(results), [])])


def test_the_numbers_in_the_repository_are_those_of_its_record():
    assert stale(ROOT) == [], "make bench-publish writes them"


def test_the_best_row_the_middle_one_and_the_worst_are_shown():
    rows = [result(name, ratio) for name, ratio in zip("abcde", (0.5, 4, 1, 2, 3), strict=True)]
    assert [row.name for row in chosen(rows)] == ["b", "d", "a"]
    assert [row.name for row in chosen(rows[:1])] == ["a"]
    assert chosen([]) == []


@pytest.mark.parametrize("written", [markdown, restructured])
def test_noise_is_left_out_and_counted(written):
    said = written(record(result("slow", 0.5), result("fast", 2.0), result("odd", 99.0, 1.5)))
    assert "odd" not in said
    assert "slow" in said
    assert re.search(r"In 1 of\s2 rows scirs2 is behind", said)
    assert "1 more are left out as noise" in said


def test_only_the_block_changes():
    readme = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_block(readme, "new\n") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(SystemExit, match="README"):
        with_block("no markers", "new\n")
