"""Every page is a test: its snippets run in order, in one namespace."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.doctest import DoctestTextfile

collect_ignore = ["_build", "generated"]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    # A page that is named on the command line pytest takes by itself.
    if file_path.suffix == ".rst" and not parent.session.isinitpath(file_path):
        return DoctestTextfile.from_parent(parent, path=file_path)
    return None
