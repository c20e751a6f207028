"""Gradients of PyTorch's tensors: each rule against finite differences."""

import pytest
import torch
from gradients import CASES, COMPOSITIONS, DTYPES
from torch.autograd import gradcheck, gradgradcheck

# PyTorch's own, on the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_first_derivatives_backward_forward_and_batched(name, dtype):
    case = CASES[name]
    operands = case.operands(dtype)
    gradcheck(
        case.function, operands, fast_mode=True, check_forward_ad=True, check_batched_grad=True
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_backward_and_forward_over_it(name, dtype):
    case = CASES[name]
    gradgradcheck(case.function, case.operands(dtype), fast_mode=True, check_fwd_over_rev=True)


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name):
    case = COMPOSITIONS[name]
    for dtype in DTYPES:
        gradcheck(case.function, case.operands(dtype), fast_mode=True)
    gradgradcheck(case.function, case.operands(torch.float64), fast_mode=True)


@pytest.mark.parametrize("dtype", [*DTYPES, torch.float32])
@pytest.mark.parametrize("name", CASES)
def test_a_gradient_is_the_same_whether_it_is_recorded_or_not(name, dtype):
    # The one is computed by NumPy, the other by PyTorch.
    case = CASES[name]
    operands = case.operands(dtype, (2,))
    plain = gradients(case.function, operands, 1)
    recorded = gradients(case.function, operands, 1, create_graph=True)
    for one, other in zip(plain, recorded, strict=True):
        torch.testing.assert_close(one, other.detach())


@pytest.mark.parametrize("name", [name for name in CASES if name != "eig of pairs"])
def test_each_matrix_of_a_batch_has_its_own_gradient(name):
    case = CASES[name]
    batch = case.operands(torch.float64, (2,))
    whole = gradients(case.function, batch, 1)
    for place in range(2):
        alone = [one[place].detach().requires_grad_() for one in batch]
        for one, part in zip(whole, gradients(case.function, alone), strict=True):
            torch.testing.assert_close(one[place], part)


@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name].shapes) > 1])
def test_gradients_of_broadcast_operands_are_summed(name):
    case = CASES[name]
    a, b = case.operands(torch.float64, (2,), broadcast=True)
    broadcast = gradients(case.function, (a, b[None]), 1)
    expanded = gradients(case.function, (a, b.expand(2, *b.shape)), 1)
    torch.testing.assert_close(broadcast[0], expanded[0])
    torch.testing.assert_close(broadcast[1], expanded[1].sum(0, keepdim=True))


@pytest.mark.parametrize("name", CASES)
def test_empty_batches(name):
    operands = CASES[name].operands(torch.float64, (0,))
    for one, operand in zip(gradients(CASES[name].function, operands, 1), operands, strict=True):
        assert one.shape == operand.shape


def gradients(function, operands, batch=0, **options):
    """The gradients of a sum in which each element of a result has its own weight."""
    results = function(*operands)
    loss = 0.0
    for result in results if isinstance(results, tuple) else (results,):
        real = result.abs() if result.is_complex() else result
        shape = real.shape[batch:]
        loss = loss + (torch.arange(1.0, 1 + shape.numel()).reshape(shape) * real).sum()
    return torch.autograd.grad(loss, operands, allow_unused=True, materialize_grads=True, **options)
