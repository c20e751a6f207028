"""The package that was imported is this one, whole and quiet."""

import inspect
import re
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import child
import numpy as np
import pytest
import scirs2

# What another package of the same name on the public registries has and this one has not.
FOREIGN_NAMES = ["cluster", "stats", "series", "fft"]


def test_it_lies_in_this_environment():
    installed = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    package = Path(scirs2.__file__).resolve()
    assert any(package.is_relative_to(Path(place).resolve()) for place in installed)


def test_the_extension_is_inside_the_package():
    from scirs2 import _scirs2

    assert _scirs2.__name__ == "scirs2._scirs2"
    assert Path(_scirs2.__file__).resolve().parent == Path(scirs2.__file__).resolve().parent


def test_the_version_is_the_one_installed():
    assert scirs2.__version__ == metadata.version("scirs2")
    assert re.fullmatch(r"\d+\.\d+\.\d+([a-z.+-].*)?", scirs2.__version__)


def test_the_package_of_the_same_name_is_not_it():
    assert [name for name in FOREIGN_NAMES if hasattr(scirs2, name)] == []
    # The other one copies through a Python list, so its result shares no memory.
    array = np.arange(3.0)
    assert np.shares_memory(scirs2.from_dlpack(array), array)


def test_the_type_information_is_shipped():
    assert (Path(scirs2.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        ("from_dlpack", "(x, /, *, device=None, copy=None, writeable=None)"),
        ("to_dlpack", "(array, /, *, max_version=None, copy=None, dl_device=None, stream=None)"),
        ("norm", "(x, ord=None, axis=None, keepdims=False, *, on_failure='raise')"),
    ],
)
def test_signatures_are_those_of_the_contract(function, signature):
    actual = inspect.signature(getattr(scirs2, function))
    bare = actual.replace(
        parameters=[p.replace(annotation=p.empty) for p in actual.parameters.values()],
        return_annotation=actual.empty,
    )
    assert str(bare) == signature


def test_norm_is_one_function_under_two_names():
    assert scirs2.norm is scirs2.linalg.norm


def test_the_errors_are_caught_as_what_they_are():
    assert issubclass(scirs2.GPUTensorError, NotImplementedError)
    assert issubclass(scirs2.GPUTensorError, BufferError)
    assert issubclass(scirs2.linalg.LinAlgError, np.linalg.LinAlgError)


@pytest.mark.parametrize("name", ["from_dlpack", "to_dlpack", "norm", "num_threads"])
def test_every_function_has_a_docstring(name):
    assert len(inspect.getdoc(getattr(scirs2, name))) > 80


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_import_and_small_work_start_no_thread():
    child.run(
        """
        import os
        import numpy as np  # Its own library starts threads.

        def threads():
            return len(os.listdir("/proc/self/task"))

        before = threads()
        import scirs2
        assert threads() == before, "import started threads"
        assert scirs2.norm(np.ones(4)) == 2.0
        assert scirs2.norm(np.ones((2, 2)), 2) > 1.9
        assert scirs2.from_dlpack(scirs2.to_dlpack(np.ones(3))).sum() == 3
        scirs2.set_num_threads(2)
        assert threads() == before, "small work started threads"
        scirs2.norm(np.ones(10_000_000))
        assert threads() > before, "large work started none, so this test sees nothing"
        """,
        env={"SCIRS2_NUM_THREADS": "2"},
    )


def test_import_pulls_in_no_other_array_library():
    child.run(
        """
        import sys
        import scirs2
        heavy = {"torch", "jax", "tensorflow", "cupy", "dask", "ml_dtypes", "scipy", "xarray"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """
    )


def test_import_pulls_in_next_to_nothing_beside_numpy():
    child.run(
        """
        import sys
        import numpy
        before = set(sys.modules)
        import scirs2
        added = {name for name in sys.modules if name.partition(".")[0] != "scirs2"} - before
        assert added <= {"atexit"}, added
        """
    )


def test_import_writes_nothing():
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import scirs2"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (process.stdout, process.stderr) == ("", "")
