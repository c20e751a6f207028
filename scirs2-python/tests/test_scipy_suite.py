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
]

# Tests of SciPy's that must fail, and why.
WRITTEN = "inputs are never written, whatever overwrite_a says"
TEXT = "it asks for SciPy's text of the error or the warning"
PRECISION = "float32 gives float32, float16 gives float16"
DTYPES = "it takes float128, complex256, objects, strings or dates, or wants a half refused"
DIFFERS = {
    # test_basic
    "TestDTypes::test_solve": DTYPES,
    "TestDet::test_1by1_stacked_input_output": PRECISION,
    "TestDet::test_1x1_all_singleton_dims": PRECISION,
    "TestDet::test_empty_edge_cases": TEXT,
    "TestDet::test_incompatible_dtype_input": TEXT,
    "TestDet::test_overwrite_a": WRITTEN,
    "TestDet::test_sample_compatible_dtype_input": PRECISION,
    "TestDet::test_simple_check_finite": TEXT,
    "TestInv::test_dtypes": PRECISION,
    "TestInv::test_overwrite_a": WRITTEN,
    "TestInv::test_wrong_assume_a": "the wrong name is a ValueError, as in solve",
    "TestMatrix_Balance::test_string_arg": "a string is a TypeError",
    "TestSolve::test_exactly_singular_gh22263": TEXT,
    "TestSolve::test_ill_condition_warning": TEXT,
    "TestSolve::test_overwrite_args": WRITTEN,
    "TestSolve::test_scalar_a_and_ND_b": "a matrix of one element is no number",
    "TestSolve::test_singular_scalar": "a matrix of one element is no number",
    "TestSolve::test_structure_detection": "transposed solves with complex matrices, too",
    "TestVectorNorms::test_types": DTYPES,
    # test_decomp
    "TestEigh::test_eigh_of_sparse": "a sparse matrix is a TypeError",
    "TestQR::test_lwork": "lwork is accepted, whatever it is",
    "TestQR::test_multiply_empty": "it multiplies matrices whose shapes do not fit",
    "TestQR::test_simple_tall_complex_left": "c has more rows than Q columns, for overwriting",
    "TestQR::test_simple_tall_left": "c has more rows than Q columns, for overwriting",
    "TestRQ::test_empty": "the rows of the Q of an empty matrix are in another order",
    "test_svd_gesdd_nofegfault": "it asks for 23 GB",
    # test_decomp_lu
    "TestLU::test_empty_edge_cases": PRECISION,
    "TestLUSolve::test_empty": "pivots are integers, none of them, too",
    # test_cythonized_array_utils
    "test_bandwidth_dtypes": DTYPES,
    "test_issymetric_ishermitian_dtypes": DTYPES,
    # test_batch
    "TestBatch::test_ldl_cholesky": "lower of cho_factor is one bool for a batch",
    "TestBatch::test_matrix_balance": "scale and perm of a batch are a tuple of two arrays",
    "TestBatch::test_zero_size_batch": "empty batches work",
}
# And those with a parameter of a dtype that is not computed with.
REFUSED = "gGOSUmMV"


@pytest.mark.parametrize("name", NAMES)
def test_every_signature_is_scipys(name):
    def parameters(function):
        found = inspect.signature(function).parameters.values()
        # A sentinel stands for what SciPy is about to remove.
        defaults = ["unset" if type(one.default) is object else one.default for one in found]
        return [(one.name, one.kind, default) for one, default in zip(found, defaults, strict=True)]

    assert parameters(getattr(ours, name)) == parameters(getattr(scipy.linalg, name))


@pytest.mark.timeout(1800)
def test_in_the_place_of_scipy():
    child.run(
        f"""
        import sys

        import numpy as np
        import pytest
        import scipy.linalg
        import scirs2.scipy.linalg as ours

        try:
            # SciPy's table of what its functions do for other libraries.
            from scipy._lib._array_api import xp_capabilities_table as table
        except ImportError:
            table = {{}}
        for name in {NAMES!r}:
            function, other = getattr(ours, name), getattr(scipy.linalg, name)
            if other in table:
                table[function] = table[other]
            setattr(scipy.linalg, name, function)

        def is_refused(value):
            try:
                return np.dtype(value).char in {REFUSED!r}
            except TypeError:
                return False

        class Selection:
            def pytest_collection_modifyitems(self, items):
                items[:] = [item for item in items if self.takes(item)]
                # Some tests go through the dtypes by themselves.
                for module in {{item.module for item in items}}:
                    if hasattr(module, "REAL_DTYPES"):
                        module.REAL_DTYPES = np.float32, np.float64
                        module.COMPLEX_DTYPES = np.complex64, np.complex128
                        module.DTYPES = module.REAL_DTYPES + module.COMPLEX_DTYPES

            def takes(self, item):
                parameters = item.callspec.params if hasattr(item, "callspec") else {{}}
                types = [
                    one
                    for one in parameters.values()
                    if isinstance(one, type | np.dtype) or isinstance(one, str) and len(one) == 1
                ]
                test = item.nodeid.split("[")[0]
                return not any(map(is_refused, types)) and not test.endswith({tuple(DIFFERS)!r})

        suites = ["scipy.linalg.tests." + suite for suite in {SUITES!r}]
        suites.append("scipy.linalg.tests.test_matfuncs::TestKhatriRao")
        options = ["-c", "/dev/null", "-p", "no:cacheprovider", "--tb=short", "-q"]
        sys.exit(pytest.main([*options, "--pyargs", *suites], plugins=[Selection()]))
        """,
        timeout=1800,
    )
