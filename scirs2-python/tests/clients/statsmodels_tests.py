"""statsmodels' own tests with `numpy.linalg` replaced by ours: what passes without, passes with."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from differs import DIFFERS

HERE = Path(__file__).parent

# Found without an import: the plugin has to come first.
STATSMODELS = Path(find_spec("statsmodels").origin).parent
PACKAGES = ["multivariate", "regression", "stats", "tsa/vector_ar"]
# The others take half of the time: a handful of tests, and many without linear algebra.
SELECTED = "not (test_proportion or framing or (test_knockoff and test_sim))"

# Some minutes, twice.
pytestmark = pytest.mark.timeout(3600)


def outcomes(report, *options):
    """Run the tests; answer for each of them the text of its failure, or `None`."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-n", "2"),
            *("-c", os.devnull, "--rootdir", STATSMODELS, "-W", "ignore", "--tb", "short"),
            *(f"--junitxml={report}", "-k", SELECTED, *options),
            *(STATSMODELS / package for package in PACKAGES),
        ],
        cwd=report.parent,
        env={**os.environ, "PYTHONPATH": str(HERE), "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        failures = [child.text for child in case if child.tag in ("failure", "error")]
        name = f"{case.get('classname')}::{case.get('name')}"
        found[name] = failures[0] if failures else None
    return found


def test_what_passes_with_numpy_passes_with_ours(tmp_path):
    theirs = outcomes(tmp_path / "numpy.xml")
    ours = outcomes(tmp_path / "scirs2.xml", "-p", "in_place")
    assert len(theirs) > 3000
    assert theirs.keys() == ours.keys()
    worse = {name: text for name, text in ours.items() if text and not theirs[name]}
    for name in sorted(worse.keys() - DIFFERS.keys()):
        print(f"--- {name}\n{worse[name]}")
    assert worse.keys() == DIFFERS.keys()
