"""NumPy's own tests of `numpy.linalg`, run on ours in its place."""

from importlib.util import find_spec

import child
import pytest

if find_spec("numpy.linalg.tests") is None:
    pytest.skip("this NumPy comes without its tests", allow_module_level=True)

# Tests of NumPy's that must fail, and why.
DIFFERS = {
    "test_longdouble_norm": "float128 and complex256 are not computed with",
    "test_complex_high_ord": "float128 and complex256 are not computed with",
    "test_vector_return_type": "float128 and complex256 are not computed with",
    "test_unsupported_commontype": "float16 is computed with",
    "TestCond::test_sq_cases": "float32 is computed in float32, and the test wants NumPy's float64",
    "TestCond::test_generalized_sq_cases": "float32 is computed in float32",
    "TestLstsq::test_nonsq_cases": "float32 is computed in float32",
    "TestQR::test_mode_all_but_economic": "float32 is computed in float32",
    "test_pinv_rtol_arg": "it asks for NumPy's text of the error",
}
# And those with a parameter of a dtype that is not computed with.
REFUSED = "gGO"


def test_in_the_place_of_numpy():
    child.run(
        f"""
        import sys

        import numpy as np
        import pytest
        import scirs2.linalg as ours

        replaced = [name for name in ours.__all__ if hasattr(np.linalg, name)]
        replaced.remove("LinAlgError")
        for name in replaced:
            setattr(np.linalg, name, getattr(ours, name))

        # The class of an error is NumPy's, its text is our own.
        def raises(error, text, *call, **options):
            return np.testing.assert_raises(error, *call, **options)

        np.testing.assert_raises_regex = raises

        class Selection:
            def pytest_collection_modifyitems(self, items):
                items[:] = [item for item in items if self.takes(item)]

            def takes(self, item):
                parameters = item.callspec.params if hasattr(item, "callspec") else {{}}
                refused = np.dtype(parameters.get("dt", float)).char in {REFUSED!r}
                test = item.nodeid.split("[")[0]
                return not refused and not test.endswith({tuple(DIFFERS)!r})

        suite = "numpy.linalg.tests.test_linalg"
        options = ["-c", "/dev/null", "-p", "no:cacheprovider", "--tb=short", "-q"]
        sys.exit(pytest.main([*options, "--pyargs", suite], plugins=[Selection()]))
        """,
        timeout=600,
    )
