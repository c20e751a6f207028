"""Runs Python in a child process, where a crash or a hang is a failure and not the end."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

TESTS = Path(__file__).parent

# What a shell starts in the background ignores Ctrl-C, and so do its children.
CTRL_C = "import _signal; _signal.signal(_signal.SIGINT, _signal.default_int_handler)\n"


def run(source, *, env=None, timeout=120):
    """The output of `source`; fails with its traceback where it does not end well."""
    process = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", CTRL_C + textwrap.dedent(source)],
        # The child finds the helpers beside the tests.
        cwd=TESTS,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert process.returncode == 0, f"exit {process.returncode}\n{process.stdout}{process.stderr}"
    return process.stdout
