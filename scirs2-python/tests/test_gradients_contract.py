"""What holds for gradients beside their values: dtypes, modes, classes, memory, errors."""

import inspect
import math
import re
from functools import partial
from pathlib import Path

import child
import numpy as np
import pytest
import torch
from functions import FUNCTIONS, function, given
from gradients import numbers, regular
from scirs2 import linalg
from scirs2._elsewhere import torch as torch_way
from scirs2._elsewhere.functions import FUNCTIONS as FORMS
from scirs2._elsewhere.rules import RULES
from scirs2._elsewhere.torch import NATIVE
from torch._subclasses.fake_tensor import FakeTensorMode

A = regular(3, 3, dtype=torch.float64)
# These take no gradient: integers, and a view of any tensor.
CONSTANT = ["matrix_rank"]
NAMES = [name for name in (*FORMS, *NATIVE) if name not in CONSTANT]


def ask(name, operands):
    return FUNCTIONS[name].call(function(name), *operands)


def has_option(name, option):
    return option in inspect.signature(function(name)).parameters


def tensors(name, dtype, requires_grad):
    made = [torch.tensor(np.asarray(one)).to(dtype) for one in given(name)]
    return [one.requires_grad_(requires_grad) for one in made]


DTYPES = [torch.float32, torch.float64, torch.complex64, torch.complex128]


@pytest.mark.parametrize("dtype", [*DTYPES, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_results_are_those_of_a_call_without_gradients(name, dtype):
    if name == "cho_solve":
        pytest.skip("its factors come from NumPy in the table")
    plain, ours = ask(name, tensors(name, dtype, False)), ask(name, tensors(name, dtype, True))
    assert any(isinstance(one, torch.Tensor) and one.grad_fn is not None for one in ours)
    for one, other in zip(ours, plain, strict=True):
        if not isinstance(one, torch.Tensor):
            assert one == other
            continue
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        eps = torch.finfo(dtype).eps
        torch.testing.assert_close(one.detach(), other, rtol=32 * eps, atol=256 * eps)


@pytest.mark.parametrize("name", NAMES)
def test_every_operand_gets_a_gradient_of_its_own_dtype(name):
    if name == "cho_solve":
        pytest.skip("its factors come from NumPy in the table")
    for dtype in (torch.float32, torch.complex64, torch.bfloat16):
        operands = tensors(name, dtype, True)
        results = [one for one in ask(name, operands) if isinstance(one, torch.Tensor)]
        # Of a complex number its modulus: no phase matters.
        loss = sum(one.abs().float().sum() for one in results if one.requires_grad)
        for operand, gradient in zip(operands, torch.autograd.grad(loss, operands), strict=True):
            assert (gradient.dtype, gradient.shape) == (operand.dtype, operand.shape)
            assert gradient.isfinite().all()


def test_the_rank_stops_the_gradient():
    rank = linalg.matrix_rank(A.clone().requires_grad_())
    assert rank == 3
    assert not rank.requires_grad
    *_, pivots = linalg.lu_factor(A.clone().requires_grad_())
    assert not pivots.requires_grad


def test_modes_without_gradients_take_the_short_way():
    a = torch.nn.Parameter(A.clone())
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert linalg.inv(a).grad_fn is None
    with torch.inference_mode():
        inference = linalg.inv(A) * 1
    assert inference.is_inference()
    assert not linalg.det(inference).requires_grad
    assert linalg.det(a).grad_fn is not None
    with torch.no_grad(), torch.enable_grad():
        assert linalg.det(a).grad_fn is not None


def test_parameters_and_views_of_them():
    a = torch.nn.Parameter(regular(3, 3, dtype=torch.complex128))
    for view in (a, a.mT, a.conj(), a.mH, a[::1, :], a.unsqueeze(0)):
        (gradient,) = torch.autograd.grad(linalg.inv(view).abs().sum(), a)
        (expected,) = torch.autograd.grad(torch.linalg.inv(view).abs().sum(), a)
        torch.testing.assert_close(gradient, expected)
    b = torch.randn(3, requires_grad=True, dtype=torch.float64)
    # A real operand among complex ones has a real gradient.
    (gradient,) = torch.autograd.grad(linalg.solve(a, b).abs().sum(), b)
    assert gradient.dtype == torch.float64


def test_gradients_that_nobody_asks_for_are_not_computed(monkeypatch):
    a, b = A.clone(), numbers(3, 2).requires_grad_()
    x = linalg.solve(a, b)
    products = []
    monkeypatch.setattr(
        "scirs2._elsewhere.rules.la.matmul", lambda *operands: products.append(operands)
    )
    x.sum().backward()
    assert products == []
    torch.testing.assert_close(b.grad, torch.linalg.solve(a.mT, torch.ones(3, 2).double()))


def test_a_saved_tensor_that_changed_is_an_error():
    a = A.clone().requires_grad_()
    b = numbers(3, 2)
    x = linalg.solve(a * 1, b.requires_grad_())
    with torch.no_grad():
        x.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        x.sum().backward()


@pytest.mark.parametrize("needs_grad", [False, True])
def test_autocast_takes_halves_as_pytorch_does(needs_grad):
    a = (A @ A.mT).to(torch.bfloat16).requires_grad_(needs_grad)
    for name in (
        *("inv", "cholesky", "eigvalsh", "svdvals", "cond", "tensorinv"),
        *("matmul", "matrix_power", "multi_dot", "vecdot", "matrix_norm", "vector_norm", "norm"),
    ):
        function = getattr(linalg, name)
        theirs = getattr(torch.linalg, name)
        operands = {"multi_dot": ([a, a],), "matmul": (a, a), "vecdot": (a, a)}.get(name, (a,))
        options = {"matrix_power": (2,), "tensorinv": (1,)}.get(name, ())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            ours, expected = function(*operands, *options), theirs(*operands, *options)
        assert ours.dtype == expected.dtype
        assert ours.requires_grad == needs_grad
        torch.testing.assert_close(ours, expected, rtol=0.05, atol=0.5)
    if needs_grad:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            ours, theirs = linalg.inv(a), torch.linalg.inv(a)
        (gradient,) = torch.autograd.grad(ours.sum(), a)
        assert gradient.dtype == torch.bfloat16
        torch.testing.assert_close(gradient, torch.autograd.grad(theirs.sum(), a)[0])


def test_autocast_changes_nothing_else():
    a, half = A.float().requires_grad_(), A.half()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for one in (a, a.detach()):
            assert linalg.matmul(one, one).dtype == torch.float32
            assert linalg.tensordot(one, one, 1).dtype == torch.float32
        out = torch.empty(3, 3)
        assert linalg.inv(half, out=out) is out
        assert linalg.inv(half * 0, on_failure="nan").isnan().all()
        assert linalg.matrix_transpose(half).dtype == torch.float16
        with pytest.raises(linalg.LinAlgError, match="inv: the matrix is singular"):
            linalg.inv(half * 0)
    assert linalg.inv(half).dtype == torch.float16


def test_out_is_refused_where_a_gradient_is_wanted():
    a = A.clone().requires_grad_()
    calls = {
        "inv": lambda out: linalg.inv(a, out=out),
        "matmul": lambda out: linalg.matmul(a, a, out=out),
        "multi_dot": lambda out: linalg.multi_dot([a, a], out=out),
    }
    for name, call in calls.items():
        with pytest.raises(NotImplementedError, match=rf"{name}: out=.*detach"):
            call(torch.empty(3, 3, dtype=a.dtype))
        assert call(None).grad_fn is not None


@pytest.mark.parametrize("name", [name for name in NAMES if has_option(name, "on_failure")])
def test_failures_raise_where_a_gradient_is_wanted(name):
    operands = tensors(name, torch.float64, True)
    plain = FUNCTIONS[name].call(function(name), *operands)
    ours = FUNCTIONS[name].call(partial(function(name), on_failure="raise"), *operands)
    assert repr(ours) == repr(plain)
    with pytest.raises(NotImplementedError, match=rf'{name}: on_failure="nan".*detach'):
        FUNCTIONS[name].call(partial(function(name), on_failure="nan"), *operands)


def test_the_cure_for_a_singular_matrix_works_where_a_gradient_is_needed():
    batch = torch.stack([A, torch.zeros(3, 3), A]).requires_grad_()
    cure = r'leave such matrices out of the batch: inv of x.detach\(\) with on_failure="nan" tells which'
    with pytest.raises(linalg.LinAlgError, match=rf"inv: matrix 1 .*; {cure}$") as caught:
        linalg.inv(batch)
    assert caught.value.index == (1,)
    regular = linalg.inv(batch.detach(), on_failure="nan").isfinite().all(-1).all(-1)
    linalg.inv(batch[regular]).sum().backward()
    assert batch.grad.any(-1).any(-1).tolist() == [True, False, True]
    with pytest.raises(linalg.LinAlgError, match=r"slogdet: no gradient: .*out of the batch$"):
        linalg.slogdet(batch).logabsdet.sum().backward()
    with pytest.raises(linalg.LinAlgError, match=rf"; {cure}$"):
        torch.func.vjp(linalg.inv, batch.detach())


def test_tensors_that_are_traced_need_the_operators(monkeypatch):
    # As it is before `import scirs2.torch`.
    monkeypatch.setattr(torch_way, "operators", {})
    with FakeTensorMode(), pytest.raises(NotImplementedError, match=r"inv: .*scirs2\.torch first$"):
        linalg.inv(torch.eye(3, requires_grad=True))


def test_named_results_keep_their_names():
    a, b = A.clone(), numbers(3, 2)
    for call in (
        linalg.slogdet,
        linalg.eigh,
        linalg.eig,
        linalg.svd,
        linalg.qr,
        linalg.lu_factor,
        lambda a: linalg.lstsq(a, b),
    ):
        assert type(call(a.requires_grad_())) is type(call(a.detach()))
    factors = linalg.lu_factor(a)
    assert torch.equal(linalg.lu_solve(list(factors), b), linalg.lu_solve(factors, b))
    lower = linalg.cho_factor(a @ a.mT, lower=True)
    assert torch.equal(linalg.cho_solve(list(lower), b), linalg.cho_solve(lower, b))
    # Of two dtypes.
    assert linalg.cho_solve(list(lower), b.float()).dtype == torch.float64


def test_errors_are_those_of_the_call_without_gradients():
    a, b = A.clone().requires_grad_(), numbers(4).requires_grad_()
    calls = [
        lambda a, b: linalg.solve(a, b),
        lambda a, b: linalg.solve(a=a, b=b),
        lambda a, b: linalg.inv(a * 0),
        lambda a, b: linalg.inv(a[:2]),
        lambda a, b: linalg.cholesky(-a @ a.mT),
        lambda a, b: linalg.matmul(a, b),
        lambda a, b: linalg.norm(a, "no"),
        lambda a, b: linalg.norm(a, axis=5),
        lambda a, b: linalg.norm(a[None], 3, axis=(0, 1)),
        lambda a, b: linalg.matrix_norm(a, ord=3),
        lambda a, b: linalg.qr(a, "no"),
        lambda a, b: linalg.eigh(a, "X"),
        lambda a, b: linalg.solve_triangular(a, b[:3], 5),
        lambda a, b: linalg.tensorinv(a, 0),
        lambda a, b: linalg.tensorsolve(a, b),
        lambda a, b: linalg.solve(a, np.ones(3)),
        lambda a, b: linalg.multi_dot([a]),
        lambda a, b: linalg.cross(a, b),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as plain:
            call(a.detach(), b.detach())
        with pytest.raises(type(plain.value)) as ours:
            call(a, b)
        assert str(ours.value) == str(plain.value)


def test_plain_numbers_and_other_dtypes_go_along():
    a = A.clone().requires_grad_()
    for b in ([1.0, 2.0, 3.0], [1, 2, 3], torch.tensor([1, 2, 3]), torch.ones(3)):
        x = linalg.solve(a, b)
        assert x.dtype == torch.float64
        assert torch.autograd.grad(x.sum(), a)[0].shape == (3, 3)
    assert linalg.vecdot(a.float(), torch.ones(3, dtype=torch.float64)).dtype == torch.float64
    for product in (
        linalg.multi_dot([a, [[1.0], [2.0], [3.0]]]),
        linalg.tensordot(a, torch.ones(3, 1), axes=1),
    ):
        assert product.dtype == torch.float64
        assert product.shape == (3, 1)


def test_a_wrapper_of_another_library_is_refused_by_name():
    class Wrapped(torch.Tensor):
        @staticmethod
        def __new__(cls, inner):
            return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)

        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            raise AssertionError

    with pytest.raises(BufferError, match=r"__torch_dispatch__.*DTensor"):
        linalg.inv(Wrapped(A))
    with pytest.raises(BufferError, match="__torch_dispatch__"):
        linalg.solve(A.clone().requires_grad_(), Wrapped(A))


# PyTorch imports half of itself.
@pytest.mark.timeout(300)
def test_a_dtensor_is_refused_by_name():
    child.run(
        """
        import warnings
        import pytest, torch
        import torch.distributed as distributed
        from scirs2 import linalg

        warnings.simplefilter("ignore")
        if not distributed.is_available():
            raise SystemExit
        store = distributed.HashStore()
        distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.tensor import DTensor, Replicate

        mesh = init_device_mesh("cpu", (1,))
        for needs_grad in (False, True):
            x = DTensor.from_local(2 * torch.eye(2), mesh, [Replicate()])
            with pytest.raises(BufferError, match=r"inv: a: .*DTensor.*full_tensor"):
                linalg.inv(x.requires_grad_(needs_grad))
            result = linalg.inv(x.full_tensor())
            assert result[0, 0].item() == 0.5 and result.requires_grad == needs_grad
        distributed.destroy_process_group()
        """,
        timeout=300,
    )


def test_other_tensors_without_memory_are_refused_as_before():
    for tensor in (torch.eye(2, device="meta"), torch.eye(2).to_sparse()):
        for needs_grad in (False, True):
            with pytest.raises((BufferError, NotImplementedError, RuntimeError, TypeError)):
                linalg.det(tensor.detach().requires_grad_(needs_grad))


def test_gradients_against_pytorch_in_single_precision():
    a = regular(5, 4, 4, dtype=torch.float32)
    for ours, theirs in (
        (linalg.det, torch.linalg.det),
        (linalg.inv, torch.linalg.inv),
        (linalg.svdvals, torch.linalg.svdvals),
        (lambda x: linalg.norm(x, axis=-1), lambda x: torch.linalg.vector_norm(x, dim=-1)),
        (lambda x: linalg.pinv(x[:, :3], rtol=None), lambda x: torch.linalg.pinv(x[:, :3])),
        (lambda x: linalg.eigvals(x).abs(), lambda x: torch.linalg.eigvals(x).abs()),
        (lambda x: linalg.matrix_norm(x, ord=math.inf), lambda x: x.abs().sum(-1).amax(-1)),
    ):
        gradients = [
            torch.autograd.grad(f(one).square().sum(), one)[0]
            for f, one in ((f, a.clone().requires_grad_()) for f in (ours, theirs))
        ]
        torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-3)


def test_a_function_without_a_rule_says_that_the_gradient_would_be_lost(monkeypatch):
    monkeypatch.delitem(torch_way._parameters, "inv")
    monkeypatch.delitem(FORMS, "inv")
    with pytest.raises(BufferError, match=r"inv: a: .* requires grad.*detach"):
        linalg.inv(A.clone().requires_grad_())


def test_the_table_of_gradients_is_what_the_code_has():
    page = (Path(__file__).parents[2] / "docs" / "in_torch.rst").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^   \* - :func:`~[\w.]*\.(\w+)`\n     - (.*)$", page, re.MULTILINE))
    own = {name for name, text in rows.items() if text == "a rule of its own"}
    native = {name for name, text in rows.items() if "PyTorch" in text}
    # Other rules are parts of these.
    assert own == ({rule.name for rule in RULES} & {*FUNCTIONS}) - {"matrix_rank"}
    assert native == NATIVE.keys()
    assert [name for name, text in rows.items() if "integers" in text] == ["matrix_rank"]
    assert {name for name, text in rows.items() if text != "none"} == {*FORMS, *NATIVE}
    assert rows.keys() == FUNCTIONS.keys()
