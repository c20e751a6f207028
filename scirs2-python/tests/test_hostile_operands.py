"""Operands and outputs that once went wrong, or could."""

import re
from decimal import Decimal

import matrices
import numpy as np
import pytest
import scipy.sparse
import scirs2
import torch
from scirs2 import linalg

DIAGONAL = np.diag([2.0, 4.0, 8.0])
WITH_OUT = {
    "inv": lambda out: linalg.inv(DIAGONAL, out=out),
    "solve": lambda out: linalg.solve(DIAGONAL, DIAGONAL, out=out),
    "cholesky": lambda out: linalg.cholesky(DIAGONAL, out=out),
    "matmul": lambda out: linalg.matmul(DIAGONAL, DIAGONAL, out=out),
    "multi_dot": lambda out: linalg.multi_dot([DIAGONAL, DIAGONAL], out=out),
}


@pytest.mark.parametrize("name", WITH_OUT)
@pytest.mark.parametrize(
    ("out", "error", "reason"),
    [
        (np.zeros((3, 3), ">f8"), ValueError, "byte order"),
        (np.zeros(73, np.uint8)[1:].view("f8").reshape(3, 3), ValueError, "aligned"),
        (np.zeros((3, 3), [("a", "f8"), ("b", "i1")])["a"], ValueError, "aligned"),
        (
            np.lib.stride_tricks.as_strided(np.zeros(5), (3, 3), (8, 8)),
            ValueError,
            "one element",
        ),
        ([[0.0] * 3] * 3, TypeError, "expected an array"),
        (torch.zeros(3, 3, dtype=torch.float64), TypeError, "PyTorch"),
    ],
    ids=["byte order", "off alignment", "record", "overlapping", "list", "other library"],
)
def test_an_out_that_cannot_be_written_in_place_is_refused(name, out, error, reason):
    with pytest.raises(error, match=rf"{name}: .*{reason}"):
        WITH_OUT[name](out)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("power", [-300, -200, 200, 300])
@pytest.mark.parametrize("n", [2, 4, 16, 17])
def test_complex_cholesky_of_any_scale(n, power, upper):
    a = matrices.positive_definite(n, "complex128") * 10.0**power
    factor = linalg.cholesky(a, upper=upper)
    pair = (factor, factor.conj().T)
    assert matrices.residual(a, *(pair[::-1] if upper else pair)) <= n + 1


@pytest.mark.parametrize("offset", [2**31 - 1, 2**31, 2**40, -(2**31) + 1, -(2**31), -(2**40)])
def test_an_offset_beyond_every_array(offset):
    assert linalg.trace(np.eye(3), offset=offset) == 0
    assert linalg.diagonal(np.eye(3), offset=offset).shape == (0,)
    assert linalg.diagonal(torch.eye(3), offset=offset).shape == (0,)


@pytest.mark.parametrize("axes", [-1, 2**31, -(2**63)])
def test_more_axes_than_there_can_be(axes):
    with pytest.raises(ValueError, match="tensordot: "):
        linalg.tensordot(np.eye(3), np.eye(3), axes)


@pytest.mark.parametrize("name", ["inv", "cholesky", "eigvalsh", "svdvals", "pinv"])
def test_very_many_empty_matrices(name):
    many = np.broadcast_to(1.0, (2**33, 0, 0))
    assert getattr(linalg, name)(many).size == 0


class LazyFrame:
    """As Polars' own: no array until it is asked to be."""

    def collect(self):
        return np.eye(2)


class Answering:
    """What answers to any name, as a mock does."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self


NO_ARRAYS = {
    "None": (lambda: None, "got None"),
    "dict": (lambda: {"a": 1.0}, "got <class 'dict'>; pass list(x.values())"),
    "set": (lambda: {1.0}, "got <class 'set'>"),
    "generator": (lambda: (i for i in range(3)), "got <class 'generator'>; pass list(x)"),
    "str": (lambda: "1", "got <class 'str'>"),
    "Decimal": (lambda: Decimal("1.5"), "got <class 'decimal.Decimal'>; pass float(x)"),
    "large integer": (lambda: 2**70, "got <class 'int'>; pass float(x)"),
    "sparse matrix": (
        lambda: scipy.sparse.csr_matrix(np.eye(2)),
        "got <class 'scipy.sparse._csr.csr_matrix'>; pass x.toarray()",
    ),
    "sparse array": (
        lambda: scipy.sparse.coo_array(np.eye(2)),
        "got <class 'scipy.sparse._coo.coo_array'>; pass x.toarray()",
    ),
    "LazyFrame": (LazyFrame, f"got {LazyFrame}; pass x.collect()"),
    "object that answers to any name": (Answering, f"got {Answering}"),
}


@pytest.mark.parametrize("name", NO_ARRAYS)
def test_what_is_no_array_is_named_with_its_cure(name):
    make, told = NO_ARRAYS[name]
    told = re.escape(f"expected an array, a tensor or nested lists of numbers, {told}") + "$"
    calls = {
        "inv: a": linalg.inv,
        "solve: b": lambda x: linalg.solve(DIAGONAL, x),
        "multi_dot: arrays[1]": lambda x: linalg.multi_dot([DIAGONAL, x]),
        "einsum: operands[0]": lambda x: scirs2.einsum("ij", x),
        "norm: x": scirs2.norm,
        "vector_norm: x": linalg.vector_norm,
        "diagonal: x": linalg.diagonal,
        "matrix_transpose: x": linalg.matrix_transpose,
        "trace: x": linalg.trace,
        "lu_solve: piv": lambda x: linalg.lu_solve((DIAGONAL, x), DIAGONAL),
    }
    for parameter, call in calls.items():
        with pytest.raises(TypeError, match=re.escape(parameter) + ": " + told):
            call(make())


def test_lists_of_other_things_than_numbers_are_told_so():
    for elements, dtype in (([1.0, None], "object"), ([1, 2**70], "object"), (["1", "2"], "<U1")):
        with pytest.raises(
            TypeError, match=rf"norm: x: .*NumPy makes {dtype} of them.*numpy.array"
        ):
            scirs2.norm(elements)
    # A view needs no numbers.
    assert linalg.matrix_transpose([["a", "b"]]).tolist() == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: linalg.inv(3.0), r"inv: a has shape \(\); it needs at least 2 dim"),
        (lambda: linalg.det([1.0]), r"det: a has shape \(1,\); it needs"),
        (lambda: linalg.solve(DIAGONAL, 1.0), r"solve: b has shape \(\); it needs at least 1"),
        (lambda: linalg.matmul(1.0, DIAGONAL), r"matmul: x1 has shape \(\); it needs"),
        (lambda: linalg.matmul(DIAGONAL, 1.0), r"matmul: x2 has shape \(\); it needs"),
        (lambda: linalg.lstsq(DIAGONAL, 1.0), r"lstsq: b has shape \(\); it needs"),
        (lambda: linalg.lu_solve((1.0, [0]), [1.0]), r"lu_solve: lu has shape \(\); it needs"),
        (lambda: linalg.cho_solve((DIAGONAL, True), 1.0), r"cho_solve: b has shape \(\); it"),
        (lambda: linalg.multi_dot([DIAGONAL, 1.0]), r"multi_dot: arrays\[1\] has shape \(\); it"),
        (lambda: linalg.matrix_transpose([1.0]), r"matrix_transpose: x has shape \(1,\); it"),
        (lambda: linalg.outer(DIAGONAL, [1.0]), r"outer: x1 has shape \(3, 3\) and x2 \(1,\);"),
        (
            lambda: linalg.solve(DIAGONAL, [1.0]),
            r"solve: a and b of shapes \(3, 3\) and \(1,\) do not fit",
        ),
        (
            lambda: linalg.matmul(np.ones((2, 3, 3)), np.ones((4, 3, 3))),
            r"matmul: .* \(2,\) and \(4,\) do not broadcast",
        ),
    ],
)
def test_an_argument_is_told_by_its_name_and_a_shape_as_python_writes_it(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize("row", [3, -1, 2**31, 2**40, -(2**40), 2**63 - 1])
def test_a_pivot_of_no_row_is_told_as_it_is(row):
    factors, _ = linalg.lu_factor(DIAGONAL)
    with pytest.raises(linalg.LinAlgError, match=rf"no row {row} for pivot 1 "):
        linalg.lu_solve((factors, np.array([0, row, 2])), np.ones(3))


def test_a_pivot_beyond_all_integers_is_told_as_it_is():
    factors, _ = linalg.lu_factor(DIAGONAL)
    pivots = np.array([0, 2**63 + 5, 2], "uint64")
    with pytest.raises(ValueError, match=rf"lu_solve: piv: {2**63 + 5} "):
        linalg.lu_solve((factors, pivots), np.ones(3))
    pivots[1] = 1
    x = linalg.lu_solve((factors, pivots), np.ones(3))
    assert np.allclose(DIAGONAL @ x, 1)


def test_a_sum_over_more_than_memory_holds():
    assert scirs2.einsum("...ij->...", np.broadcast_to(np.int8(1), (2**40, 0))) == 0


def test_the_condition_beyond_single_precision_is_infinite_without_a_warning():
    assert linalg.cond(np.ones((3, 3), "float32")) > 1e7
