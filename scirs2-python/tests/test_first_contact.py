"""The first minutes: NumPy missing or old, `python -m scirs2`, threadpoolctl."""

import os
import re
import subprocess
import sys
import textwrap

import child
import pytest
import scirs2
from scirs2._truths import TRUTHS

NUMPYS = {
    "missing": (
        "raise ModuleNotFoundError('No module named numpy', name='numpy')",
        "not installed",
    ),
    "old": ("__version__ = '1.26.4'", "2 or later, this is 1.26.4"),
}


@pytest.mark.parametrize("case", NUMPYS)
def test_without_a_numpy_that_fits_import_tells_the_cure(case, tmp_path):
    source, told = NUMPYS[case]
    (tmp_path / "numpy.py").write_text(source)
    output = child.run(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        try:
            import scirs2
        except ImportError as error:
            print(error)
        """
    )
    assert told in output
    assert "python -m pip install --upgrade 'numpy>=2'" in output


def test_a_numpy_that_is_broken_tells_of_itself(tmp_path):
    (tmp_path / "numpy.py").write_text("import numpys_own_missing_part")
    output = child.run(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        try:
            import scirs2
        except ModuleNotFoundError as error:
            print(error.name)
        """
    )
    assert output == "numpys_own_missing_part\n"


# Before the rest, so that a test of the table does not wait for all of its numbers.
FEW = "from scirs2 import _self_check; del _self_check.CASES[2:]; "


def module(*arguments, hidden="", change="", stdout=subprocess.PIPE):
    """`python -m scirs2`, without the libraries of `hidden`, after `change`."""
    source = f"""
        import importlib.util, runpy, sys
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name: None if name in {hidden.split()!r} else find(name)
        {change}
        sys.argv = ["scirs2", *{list(arguments)!r}]
        runpy.run_module("scirs2", run_name="__main__", alter_sys=True)
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_self_check_passes_with_the_libraries_that_are_here():
    process = module(hidden="tensorflow")
    assert process.returncode == 0, process.stdout + process.stderr
    rows = re.findall(r"^  (.+?): .* (PASS|FAIL)$", process.stdout, re.MULTILINE)
    assert {"NumPy", "PyTorch", "JAX", *TRUTHS} <= {name for name, _ in rows}
    assert {result for _, result in rows} == {"PASS"}
    assert f"scirs2:                {scirs2.__version__}" in process.stdout
    assert f"\n{len(rows)} passed, 0 failed in " in process.stdout
    assert "\r" not in process.stdout
    assert process.stderr == ""


def test_the_self_check_finds_what_is_wrong_and_goes_on():
    change = FEW + "import scirs2; right = scirs2.linalg.lu; "
    change += "scirs2.linalg.lu = lambda a: tuple(part * 1.001 for part in right(a)); "
    change += "del scirs2.linalg.qr"
    process = module(hidden="torch jax tensorflow", change=change)
    assert process.returncode == 1
    assert re.search(r"^  lu: .* of 30 at float64 .* FAIL$", process.stdout, re.MULTILINE)
    assert re.search(r"^  qr: +AttributeError: .*FAIL$", process.stdout, re.MULTILINE)
    assert " passed, 2 failed in " in process.stdout


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal of its own")
def test_a_terminal_sees_each_check_before_it_is_done():
    ours, theirs = os.openpty()
    process = module(hidden="torch jax tensorflow", change=FEW, stdout=theirs)
    os.close(theirs)
    assert process.returncode == 0, process.stderr
    assert re.search(rb"  cross: +\.\.\.\r  cross: .*PASS", os.read(ours, 1 << 20))
    os.close(ours)


def test_the_module_takes_no_argument_but_help():
    assert "--help" in module("--help").stdout
    assert module("--other").returncode == 2


THREADS = """
    def ours():
        return [one for one in threadpoolctl.threadpool_info() if one["internal_api"] == "scirs2"]

    scirs2.set_num_threads(3)
    (pool,) = ours()
    assert (pool["num_threads"], pool["version"]) == (3, scirs2.__version__), pool
    for user_api in (None, "blas"):
        with threadpoolctl.threadpool_limits(1, user_api=user_api):
            assert scirs2.get_num_threads() == 1
            assert ours()[0]["num_threads"] == 1
        assert scirs2.get_num_threads() == 3
    with scirs2.num_threads(4):
        with threadpoolctl.threadpool_limits(2):
            assert scirs2.get_num_threads() == 2
        assert scirs2.get_num_threads() == 4
    assert scirs2.get_num_threads() == 3

    # OpenBLAS is there too, beside NumPy's own.
    openblas = [one for one in threadpoolctl.threadpool_info() if one["prefix"].endswith("openblas")]
    assert len(openblas) >= 2, openblas
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import scirs2, threadpoolctl",
        "import threadpoolctl, scirs2",
        "import scirs2, importlib.util; importlib.util.find_spec('threadpoolctl'); import threadpoolctl",
        "import threadpoolctl; threadpoolctl.threadpool_info(); import scirs2",
    ],
)
def test_threadpoolctl_sees_and_steers_the_threads(imports):
    child.run(imports + textwrap.dedent(THREADS))


def test_numpys_own_threads_are_as_they_were():
    ask = """
        for library in threadpoolctl.threadpool_info():
            if "numpy" in library["filepath"]:
                print(library["internal_api"], library["num_threads"])
    """
    env = {"OPENBLAS_NUM_THREADS": "", "OMP_NUM_THREADS": ""}
    first, last = (
        child.run(f"import {imports}, threadpoolctl" + textwrap.dedent(ask), env=env)
        for imports in ("scirs2, numpy", "numpy, scirs2")
    )
    assert first == last


def test_nothing_waits_once_threadpoolctl_is_told():
    child.run(
        """
        import sys
        before = list(sys.meta_path)
        import scirs2
        assert "threadpoolctl" not in sys.modules
        assert len(sys.meta_path) == len(before) + 1
        import threadpoolctl, inspect
        assert sys.meta_path == before
        assert "class LibController" in inspect.getsource(threadpoolctl)
        """
    )
