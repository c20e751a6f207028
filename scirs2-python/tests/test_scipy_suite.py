"""SciPy's own tests of `scipy.linalg`, run on ours in its place."""

import inspect
from importlib.util import find_spec

import child
import pytest
import scipy.linalg
import scirs2.scipy.linalg as ours

if find_spec("scipy.linalg.tests") is None:
    pytest.skip("this SciPy comes without its tests", allow_module_level=True)

NAMES = [name for name in ours.__all__ if name not in ("LinAlgError", "LinAlgWarning")]
SUITES = [
    "test_basic",
    "test_decomp",
    "test_decomp_cholesky",
    "test_decomp_lu",
    "test_decomp_polar",
    "test_procrustes",
    "test_special_matrices",
    "test_cythonized_array_utils",
    "test_batch",
    "test_matfuncs",
]

# Tests of SciPy's that must fail, and why.
DIFFERS = {}


@pytest.mark.parametrize("name", NAMES)
def test_every_signature_is_scipys(name):
    def parameters(function):
        found = inspect.signature(function).parameters.values()
        # A sentinel stands for what SciPy is about to remove.
        defaults = ["unset" if type(one.default) is object else one.default for one in found]
        return [(one.name, one.kind, default) for one, default in zip(found, defaults, strict=True)]

    assert parameters(getattr(ours, name)) == parameters(getattr(scipy.linalg, name))


def test_in_the_place_of_scipy():
    child.run(
        f"""
        import sys

        import pytest
        import scipy.linalg
        import scirs2.scipy.linalg as ours

        for name in {NAMES!r}:
            setattr(scipy.linalg, name, getattr(ours, name))

        class Selection:
            def pytest_collection_modifyitems(self, items):
                items[:] = [item for item in items if self.takes(item)]

            def takes(self, item):
                return True

        suites = ["scipy.linalg.tests." + suite for suite in {SUITES!r}]
        options = ["-c", "/dev/null", "-p", "no:cacheprovider", "--tb=short", "-q"]
        sys.exit(pytest.main([*options, "--pyargs", *suites], plugins=[Selection()]))
        """,
        timeout=600,
    )
