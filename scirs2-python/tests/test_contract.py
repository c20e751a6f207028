"""What holds for every function of linear algebra: dtypes, layouts, batches, libraries, threads."""

import concurrent.futures
import os

import child
import jax
import matrices
import ml_dtypes
import numpy as np
import pytest
import scipy.linalg
import scirs2
import tensorflow
import torch
import xarray
from functions import FUNCTIONS, Whole, ask, function
from functions import given as given_of
from scirs2 import _truths, linalg

INTEGERS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
HALVES = ["float16", "bfloat16"]
DTYPES = [*INTEGERS, *HALVES, *matrices.FLOATS]
# These look at no element.
VIEWS = ["diagonal", "matrix_transpose"]
# Of the operands here, which have positive eigenvalues, these are real.
REAL_WHERE_POSSIBLE = ["fractional_matrix_power", "logm", "sqrtm"]
BATCHED = [name for name, function in FUNCTIONS.items() if not function.single]


def dtype_of(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def given(name, batch=(), dtype="float64"):
    return given_of(name, batch, dtype_of(dtype))


def answered(name, dtype):
    """The dtype of each result."""
    dtype = dtype_of(dtype)
    truth = FUNCTIONS[name]
    if dtype.kind in "biu" and not truth.exact:
        dtype = np.dtype("float64")
    single = dtype.itemsize in (2, 4) or dtype == "complex64"
    dtypes = {
        "same": dtype,
        "number": dtype,
        "real": np.dtype(f"float{dtype.itemsize * 4}") if dtype.kind == "c" else dtype,
        "complex": np.dtype("complex64" if single and dtype.kind != "b" else "complex128"),
        "index": np.dtype("int32"),
        "count": np.dtype("int64"),
        "flag": np.dtype("bool"),
    }
    return [dtypes[kind.split()[0]] for kind in truth.kinds]


def check(name, operands, results):
    """Each truth, to a few units in the last place of the coarsest dtype on the way."""
    floats = [np.asarray(part).dtype for part in (*operands, *results)]
    floats = [dtype for dtype in floats if dtype.kind not in "biu"]
    unit = max((float(ml_dtypes.finfo(dtype).eps) for dtype in floats), default=0.0)
    # The squares of what least squares leave may be those of rounding errors only.
    largest = max(np.max(np.abs(_truths.wide(part)), initial=0.0) for part in operands)
    least = (unit * largest) ** 2 if name == "lstsq" else 0.0
    truth = FUNCTIONS[name]
    equations = [*truth.check(operands, results), *truth.compare(operands, results)]
    assert equations
    for left, right, scale in equations:
        assert np.shape(left) == np.shape(right)
        size = np.max(np.abs(right), initial=0.0)
        if scale is not None:
            size = max(size, np.max(scale, initial=0.0))
        assert np.max(np.abs(left - right), initial=0.0) <= 64 * (unit * size + least)


def test_every_function_is_here():
    functions = {name for name in linalg.__all__ if callable(getattr(linalg, name))}
    classes = {name for name in functions if isinstance(getattr(linalg, name), type)}
    assert (functions - classes) | {"einsum"} == set(FUNCTIONS)


@pytest.mark.parametrize("probe", [_truths.identity, _truths.vector])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_table_knows_a_right_result_from_a_spoiled_one(name, probe):
    truth = FUNCTIONS[name]
    operands = truth.make(_truths.Operands(() if truth.single else (3,), 5, "float64"))
    first, *others = ask(name, *operands)
    spoiled = first + 1e-3 * (1 + np.abs(first))

    def error(*results):
        return max(equation.error() for equation in truth.check(operands, results, probe))

    bound = 30 * 5 * float(np.finfo("float64").eps)
    assert error(first, *others) <= bound
    assert not error(spoiled, *others) <= bound
    if first.dtype.kind == "f":
        assert error(first * np.nan, *others) == np.inf


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_dtype(name, dtype):
    operands = given(name, dtype=dtype)
    if FUNCTIONS[name].exact and dtype in INTEGERS:
        if (name, dtype) == ("cross", "bool"):
            pytest.skip("booleans have no difference, in NumPy either")
        # What wraps round wraps as NumPy's and SciPy's do.
        reference = function(name, np.linalg, np if hasattr(np, name) else scipy.linalg)
        (expected,) = FUNCTIONS[name].call(reference, *operands)
        (result,) = ask(name, *operands)
        assert result.dtype == expected.dtype
        assert np.array_equal(result, expected)
        return
    results = ask(name, *operands)
    for result, expected in zip(results, answered(name, dtype), strict=True):
        real = name in REAL_WHERE_POSSIBLE or (
            name in ("eig", "eigvals")
            and np.linalg.eigvals(_truths.wide(operands[0])).dtype.kind == "f"
        )
        if real and dtype_of(dtype).kind != "c":
            # Those of a real matrix are real where all of them are, as in NumPy.
            expected = dtype_of("float64" if dtype in INTEGERS else dtype)
        assert np.asarray(result).dtype == expected
    check(name, operands, results)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_and_flags_are_where_the_table_says(name):
    results = ask(name, *given(name))
    for result, kind in zip(results, FUNCTIONS[name].kinds, strict=True):
        if kind == "flag":
            assert result is False
        elif np.ndim(result) == 0:
            assert isinstance(result, np.generic)
            assert kind.endswith("number")
        else:
            assert isinstance(result, np.ndarray)


def lay(layout, operand):
    """The same operand in another layout."""
    if operand.ndim == 1:
        return matrices.LAYOUTS[layout](operand[:, None])[:, 0]
    return matrices.LAYOUTS[layout](operand)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_layout(name, layout, dtype):
    batch = () if FUNCTIONS[name].single else (3,)
    operands = given(name, batch, dtype)
    results = ask(name, *(lay(layout, operand) for operand in operands))
    check(name, operands, results)


@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("name", BATCHED)
def test_every_batch(name, batch):
    operands = given(name, batch)
    results = ask(name, *operands)
    for index in np.ndindex(batch):
        one = ask(name, *(operand[index] for operand in operands))
        for whole, part in zip(results, one, strict=True):
            if isinstance(whole, bool):
                assert whole == part
            else:
                np.testing.assert_allclose(whole[index], part, rtol=1e-14, atol=1e-14)
    empty = ask(name, *given(name))
    for whole, part in zip(results, empty, strict=True):
        assert np.shape(whole) in (np.shape(part), batch + np.shape(part))


@pytest.mark.parametrize("name", [name for name in BATCHED if len(FUNCTIONS[name].operands) == 2])
def test_batches_broadcast(name):
    first, second = FUNCTIONS[name].operands
    a = getattr(Whole((2, 1), "float64"), first)()
    b = getattr(Whole((3,), "float64"), second)()
    results = ask(name, a, b)
    for i in range(2):
        for j in range(3):
            for whole, part in zip(results, ask(name, a[i, 0], b[j]), strict=True):
                place = (i, j) if whole.shape[:2] == (2, 3) else (i, 0)
                np.testing.assert_allclose(whole[place], part, rtol=1e-14, atol=1e-14)


LIBRARIES = {
    "torch": (torch.from_numpy, torch.Tensor),
    "jax": (jax.numpy.asarray, jax.Array),
    "tensorflow": (tensorflow.constant, tensorflow.Tensor),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_library(name, library):
    bring, tensor = LIBRARIES[library]
    operands = given(name, dtype="float32")
    results = ask(name, *map(bring, operands))
    for result, expected in zip(results, ask(name, *operands), strict=True):
        if isinstance(expected, bool):
            assert result == expected
            continue
        assert isinstance(result, tensor)
        assert np.array_equal(np.asarray(result), expected)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if len(FUNCTIONS[name].operands) > 1])
def test_two_libraries_in_one_call_are_refused(name):
    if name in ("lu_solve", "cho_solve"):
        pytest.skip("its factors are made on the way")
    first, *rest = given(name, dtype="float32")
    with pytest.raises(TypeError, match=rf"{name}: .*PyTorch.*NumPy"):
        ask(name, torch.from_numpy(first), *rest)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in VIEWS])
def test_what_is_no_number_is_refused(name):
    operands = [np.full(operand.shape, "x") for operand in given(name)]
    with pytest.raises(TypeError, match="dtype"):
        ask(name, *operands)


def test_arrays_around_those_of_dask_are_not_gathered():
    array = xarray.DataArray(np.eye(4), dims=("row", "column"))
    assert scirs2.linalg.det(array) == 1.0
    with pytest.raises(TypeError, match=r"xarray.*x\.compute\(\)"):
        scirs2.linalg.det(array.chunk())


def test_eight_threads_at_once():
    calls = [
        (name, given(name, (), dtype) if FUNCTIONS[name].single else given(name, (50,), dtype))
        for name in FUNCTIONS
        for dtype in matrices.FLOATS
    ]

    def all_of_them():
        return [ask(name, *operands) for name, operands in calls]

    with scirs2.num_threads(1):
        serial = all_of_them()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        rounds = [pool.submit(all_of_them) for _ in range(8)]
    for done in rounds:
        for one, expected in zip(done.result(), serial, strict=True):
            for result, same in zip(one, expected, strict=True):
                assert np.array_equal(result, same)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_pool_by_fork_after_use():
    child.run("""
        import multiprocessing, warnings
        import numpy as np
        from scirs2 import linalg
        import matrices

        warnings.simplefilter("ignore", DeprecationWarning)
        large = matrices.positive_definite(600)
        batch = np.stack([matrices.positive_definite(8, seed=i) for i in range(3000)])
        expected = linalg.cholesky(batch), linalg.inv(large), linalg.svdvals(batch)

        def work(_):
            return linalg.cholesky(batch), linalg.inv(large), linalg.svdvals(batch)

        with multiprocessing.get_context("fork").Pool(2) as pool:
            for got in pool.map(work, range(4)):
                for one, same in zip(got, expected):
                    assert np.allclose(one, same, rtol=1e-10, atol=1e-12)
        work(0)
    """)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["svd", "eigh", "qr", "inv"])
def test_ctrl_c_stops_a_long_batch(name):
    child.run(f"""
        import os, signal, threading
        import numpy as np
        from scirs2 import linalg

        linalg.{name}(np.eye(3))
        # Without an end in sight: minutes of work in no memory.
        batch = np.broadcast_to(np.random.default_rng(0).random((200, 200)), (3000, 200, 200))
        if "{name}" == "eigh":
            batch = batch[:, :100, :100]
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        ended = []
        try:
            ended.append(linalg.{name}(batch))
        except KeyboardInterrupt:
            pass
        assert not ended
    """)


A = np.array([[4.0, 2.0], [2.0, 5.0]])
FLAGS = {
    "norm": lambda flag: scirs2.norm(A, axis=1, keepdims=flag),
    "matrix_norm": lambda flag: linalg.matrix_norm(A, keepdims=flag),
    "vector_norm": lambda flag: linalg.vector_norm(A, keepdims=flag),
    "svd, full_matrices": lambda flag: linalg.svd(A[:1], flag),
    "svd, compute_uv": lambda flag: linalg.svd(A, compute_uv=flag),
    "svd, hermitian": lambda flag: linalg.svd(A, hermitian=flag),
    "pinv": lambda flag: linalg.pinv(A, hermitian=flag),
    "matrix_rank": lambda flag: linalg.matrix_rank(A, hermitian=flag),
    "cholesky": lambda flag: linalg.cholesky(A, upper=flag),
    "cho_factor": lambda flag: linalg.cho_factor(A, flag),
    "cho_solve": lambda flag: linalg.cho_solve([A, flag], A[0]),
    "lu, permute_l": lambda flag: linalg.lu(A, flag),
    "lu, p_indices": lambda flag: linalg.lu(A, p_indices=flag),
    "solve_triangular": lambda flag: linalg.solve_triangular(A, A[0], 0, flag),
    "solve_triangular, unit": lambda flag: linalg.solve_triangular(A, A[0], unit_diagonal=flag),
}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_may_be_an_integer_and_no_word(name):
    call = FLAGS[name]

    def parts(result):
        return result if isinstance(result, tuple) else (result,)

    for flag in (False, True):
        expected = parts(call(flag))
        for same in (int(flag), np.bool_(flag), np.int8(flag)):
            for part, other in zip(parts(call(same)), expected, strict=True):
                assert np.shape(part) == np.shape(other)
                assert np.array_equal(part, other)
    with pytest.raises(TypeError, match=r"expected True or False, got <class 'str'>"):
        call("False")
