"""Everything runs once: every suite, the record, the page, the charts."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from beside.harness import WRONG
from beside.publish import BEGIN, BENCH, END, stale

# It imports PyTorch and JAX, on a machine that may be busy.
pytestmark = pytest.mark.timeout(600)
BENCHES = Path(__file__).parents[1]


def beside(*arguments, check=True):
    """Run the command line."""
    command = [sys.executable, "-W", "error", "-m", "beside", *map(str, arguments)]
    return subprocess.run(command, cwd=BENCHES, capture_output=True, text=True, check=check)


class Seen(HTMLParser):
    """Counts what a page draws, and what it would fetch."""

    def __init__(self):
        super().__init__()
        self.drawn, self.fetched = 0, []

    def handle_starttag(self, tag, attributes):
        self.drawn += tag == "svg"
        asks = ("src", "href", "xlink:href")
        self.fetched += [
            value for name, value in attributes if name in asks and not value.startswith("#")
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Run everything once, small."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "README.md").write_text(f"{BEGIN}\n{END}\n")
    (folder / "docs").mkdir()
    beside("run", "--level", "test", "--results", folder / "results", "--publish", folder)
    return folder


def test_every_suite_gives_rows(folder):
    (file,) = folder.glob("results/*.json")
    tables = json.loads(file.read_text())["tables"]
    suites = {table["suite"] for table in tables if table["results"] or table["findings"]}
    wide = {"exchange", "norms", "small", "batches", "large", "functions", "gradients", "integers"}
    expected = wide | {"growth", "lazy", "programs", "startup"}
    linux = {"memory"} if os.path.exists("/proc/self/clear_refs") else set()
    assert suites == expected | linux
    findings = [finding["name"] for table in tables for finding in table["findings"]]
    assert [name for name in findings if name.endswith(WRONG)] == []


def test_the_page_has_the_charts_in_it_and_fetches_nothing(folder):
    (page,) = folder.glob("results/*.html")
    seen = Seen()
    seen.feed(page.read_text(encoding="utf-8"))
    charts = list((folder / BENCH).glob("*.svg"))
    assert seen.drawn == len(charts) > 3
    assert seen.fetched == []


def test_each_chart_names_the_machine_and_the_versions(folder):
    for chart in (folder / BENCH).glob("*.svg"):
        said = "".join(ElementTree.parse(chart).getroot().itertext())
        assert "commit" in said
        assert "numpy" in said
        assert "core" in said


def test_what_is_published_is_made_of_the_record_alone(folder):
    assert stale(folder) == []
    readme = folder / "README.md"
    before = readme.read_text()
    assert "| Batches | " in before
    readme.write_text(f"{BEGIN}by hand{END}\n")
    assert stale(folder) == [readme]
    beside("publish", folder / BENCH / "record.json", folder)
    assert (stale(folder), readme.read_text()) == ([], before)


def test_a_record_is_drawn_again_and_compared_with_itself(folder):
    (file,) = folder.glob("results/*.json")
    (page,) = folder.glob("results/*.html")
    before = page.read_text(encoding="utf-8")
    beside("draw", file)
    assert page.read_text(encoding="utf-8") == before
    assert "0 slower, 0 faster" in beside("compare", file, file).stdout
