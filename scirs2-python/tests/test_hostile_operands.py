"""Operands and outputs that once went wrong, or could."""

import matrices
import numpy as np
import pytest
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


def test_a_sum_over_more_than_memory_holds():
    assert scirs2.einsum("...ij->...", np.broadcast_to(np.int8(1), (2**40, 0))) == 0


def test_the_condition_beyond_single_precision_is_infinite_without_a_warning():
    assert linalg.cond(np.ones((3, 3), "float32")) > 1e7
