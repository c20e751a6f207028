"""Every library, both ways, as `expected` says; the table in the docs is written from it."""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import table
from expected import EXPECTED

HERE = Path(__file__).parent

# The slowest library takes half a minute to import.
pytestmark = pytest.mark.timeout(900)


@functools.cache
def run(name):
    """In a process of its own: two of the libraries crash beside each other."""
    process = subprocess.run(
        [sys.executable, "-X", "faulthandler", HERE / "run.py", name],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert process.returncode == 0, f"exit {process.returncode}\n{process.stderr}"
    # Some print a banner first.
    found = json.loads(process.stdout[process.stdout.index('{"version"') :])
    return found["version"], {(way, case): rest for way, case, *rest in found["cases"]}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_library_both_ways(name):
    _, found = run(name)
    wanted = {}
    for row in EXPECTED[name]:
        for key in row.crossings():
            assert key not in wanted, f"two rows speak of {key}"
            wanted[key] = row
    assert found.keys() == wanted.keys()
    wrong = [
        f"{way}, {case}: expected {row.verdict} {row.says}, was {verdict} {message}"
        for (way, case), (verdict, message) in found.items()
        if (row := wanted[way, case]).verdict != verdict
        or not re.search(row.says, message, re.DOTALL)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_in_the_docs_is_what_the_run_gives():
    before = table.PATH.read_text() if table.PATH.exists() else ""
    after = table.text({name: run(name) for name in EXPECTED})
    table.PATH.write_text(after)
    # Versions may move on, verdicts may not.
    assert table.verdicts(after) == table.verdicts(before), f"{table.PATH.name} was written anew"
