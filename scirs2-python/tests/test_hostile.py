"""No tensor, capsule or producer crashes the process, leaks or is freed twice.

The cases are in `hostile.py`. They run in a child process, and in another one after a crash.
"""

import json
import subprocess
import sys

import child
import hostile
import pytest


def run(names):
    """What each case came to: None where it passed."""
    outcomes = {}
    left = list(names)
    while left:
        try:
            process = subprocess.run(
                [sys.executable, "-X", "faulthandler", "hostile.py"],
                cwd=child.TESTS,
                input=json.dumps(left),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            output, end = process.stdout, f"exit {process.returncode}\n{process.stderr}"
        except subprocess.TimeoutExpired as expired:
            output, end = (expired.stdout or b"").decode(), "it hung"
        lines = [json.loads(line) for line in output.splitlines()]
        begun = [name for word, name, *_ in lines if word == "begin"]
        ended = {name: outcome for word, name, *outcome in lines if word == "end"}
        for name, (outcome,) in ended.items():
            outcomes[name] = outcome
        dead = next((name for name in begun if name not in ended), None)
        if dead is None:
            # All ran; a crash at exit is nobody's in particular.
            if process.returncode != 0:
                outcomes |= {name: outcomes[name] or f"later: {end}" for name in begun}
                assert begun, end
            break
        outcomes[dead] = end
        left = left[left.index(dead) + 1 :]
    return outcomes


@pytest.fixture(scope="module")
def outcomes():
    return run(hostile.CASES)


@pytest.mark.parametrize("name", hostile.CASES)
def test_nothing_hostile_gets_through(name, outcomes):
    assert outcomes[name] is None, outcomes[name]


def test_a_crash_fails_its_case_and_no_other():
    quiet = "dropped unconsumed, legacy"
    outcomes = run(["a crash", quiet])
    assert "exit -" in outcomes["a crash"]
    assert outcomes[quiet] is None
