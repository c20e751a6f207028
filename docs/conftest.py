"""Every page is a test: its snippets run in order, in one namespace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from _pytest.doctest import DoctestTextfile

# PyTorch's compiler loads it, and the process ends if TensorFlow's copy of LLVM is there before.
with contextlib.suppress(ImportError):
    import triton  # noqa: F401

collect_ignore = ["_build", "generated"]


@pytest.fixture(autouse=True)
def _in_single_precision() -> Iterator[None]:
    # As in a new process, whatever the benchmarks' modules set.
    with jax.enable_x64(False):
        yield


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    # A page that is named on the command line pytest takes by itself.
    if file_path.suffix == ".rst" and not parent.session.isinitpath(file_path):
        return DoctestTextfile.from_parent(parent, path=file_path)
    return None
