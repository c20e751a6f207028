"""A call with an operand that has no memory here goes to `scirs2._elsewhere`, whole."""

import gc
import sys

import dask.array
import jax
import numpy as np
import pytest
import scirs2
import scirs2._elsewhere
import torch
from functions import FUNCTIONS, function, given
from scirs2 import linalg

# These look at no element, and are views of what the caller has.
VIEWS = ["matrix_transpose", "diagonal"]


@pytest.fixture
def calls(monkeypatch):
    """Answer each call by what came with it."""
    monkeypatch.setattr(scirs2._elsewhere, "call", lambda *call: call)


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in VIEWS])
def test_every_function_hands_the_call_over(name):
    tensors = [torch.tensor(np.asarray(operand), dtype=torch.float64) for operand in given(name)]
    # The last one: the first may be factors, which another function makes.
    needs_grad = tensors[-1].requires_grad_()
    text, args, kwargs, reason = FUNCTIONS[name].call(function(name, linalg, scirs2), *tensors)
    assert text == name
    assert any(argument is needs_grad for argument in flat([*args, *kwargs.values()]))
    assert "detach" in str(reason)


def flat(args):
    for argument in args:
        if isinstance(argument, list | tuple):
            yield from flat(argument)
        else:
            yield argument


@pytest.mark.usefixtures("calls")
def test_keywords_and_positions_stay_what_they_are():
    lazy, b = dask.array.ones((2, 2)), np.ones(2)
    assert linalg.solve(lazy, b)[:3] == ("solve", (lazy, b), {})
    name, args, kwargs, _ = linalg.svd(lazy, full_matrices=False, hermitian=True)
    assert (name, args) == ("svd", (lazy,))
    assert kwargs == {"full_matrices": False, "hermitian": True}
    name, args, kwargs, reason = linalg.matrix_norm(lazy, ord="nuc")
    assert (name, kwargs) == ("matrix_norm", {"ord": "nuc"})
    assert "compute()" in str(reason)


@pytest.mark.usefixtures("calls")
def test_a_traced_operand_is_handed_over_in_the_trace():
    seen = []

    def traced(x):
        seen.append(linalg.det(x))
        return x

    jax.jit(traced)(np.eye(2, dtype="float32"))
    assert seen[0][0] == "det"


def test_the_reason_is_raised_where_nothing_else_is_done():
    with pytest.raises(TypeError, match=r"x\.compute\(\)") as error:
        linalg.inv(dask.delayed(np.eye(2)))
    assert error.value.__context__ is None


def test_what_is_wrong_with_an_operand_here_is_no_matter_of_elsewhere(monkeypatch):
    monkeypatch.delattr(scirs2._elsewhere, "call")
    with pytest.raises(TypeError, match="inv"):
        linalg.inv(np.array(["a"]))
    with pytest.raises(linalg.LinAlgError, match="singular"):
        linalg.inv(np.zeros((2, 2)))
    with pytest.raises(TypeError, match="missing"):
        linalg.inv()


def test_a_refused_call_leaks_nothing():
    lazy, tensor = dask.delayed(np.eye(2)), torch.eye(2, requires_grad=True)

    def refused(call, kind):
        try:
            call()
        except kind:
            return True
        return False

    for call, kind in (
        (lambda: linalg.solve(lazy, b=lazy), TypeError),
        (lambda: linalg.inv(tensor, out=tensor), NotImplementedError),
        (lambda: linalg.solve(tensor, b=tensor[:, :0][0]), ValueError),
    ):
        assert refused(call, kind)
        before = sys.getrefcount(tensor), sys.getrefcount(lazy)
        gc.disable()
        try:
            assert all(refused(call, kind) for _ in range(50))
            assert (sys.getrefcount(tensor), sys.getrefcount(lazy)) == before
        finally:
            gc.enable()
