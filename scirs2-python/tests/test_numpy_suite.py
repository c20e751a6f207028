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
}


def test_in_the_place_of_numpy():
    deselected = " and ".join(f"not {name}" for name in DIFFERS)
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
        anyhow = lambda error, _, *call, **options: np.testing.assert_raises(error, *call, **options)
        np.testing.assert_raises_regex = anyhow
        suite = "numpy.linalg.tests.test_linalg"
        options = ["-c", "/dev/null", "-p", "no:cacheprovider", "--tb=short", "-q"]
        sys.exit(pytest.main([*options, "-k", {deselected!r}, "--pyargs", suite]))
        """,
        timeout=600,
    )
