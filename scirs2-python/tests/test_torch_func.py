"""`torch.func` and forward mode: right, or an error that names the cure."""

import pytest
import torch
from gradients import CASES, hermitian, numbers, projectors, regular
from scirs2 import linalg
from torch.autograd import forward_ad
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

# PyTorch's own, on the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")

A = regular(3, 3, dtype=torch.float64)
B = numbers(3, 2, seed=1)
BATCH = regular(4, 3, 3, dtype=torch.float64)


def loss(a):
    return linalg.det(a) + linalg.solve(a, B).sum()


def expected(a):
    """The loss by cross products: in PyTorch 2.10 transforms of torch.linalg are wrong."""
    rows = a.unbind(-2)
    columns = [torch.linalg.cross(rows[(row + 1) % 3], rows[(row + 2) % 3]) for row in range(3)]
    det = (rows[0] * columns[0]).sum()
    return det + (torch.stack(columns, -1) / det @ B).sum()


@pytest.mark.parametrize(
    "transform",
    [
        grad,
        jacrev,
        jacfwd,
        hessian,
        lambda f: jacrev(jacrev(f)),
        lambda f: jacfwd(jacrev(f)),
        lambda f: jacrev(jacfwd(f)),
        lambda f: lambda a: jvp(f, (a,), (A,))[1],
        lambda f: grad(lambda a: jvp(f, (a,), (A,))[1]),
        lambda f: lambda a: vjp(f, a)[1](torch.ones((), dtype=a.dtype)),
    ],
    ids=[
        "grad",
        "jacrev",
        "jacfwd",
        "hessian",
        "jacrev of jacrev",
        "jacfwd of jacrev",
        "jacrev of jacfwd",
        "jvp",
        "grad of jvp",
        "vjp",
    ],
)
@pytest.mark.parametrize("mapped", [False, True], ids=["one", "vmap"])
def test_transforms_are_those_of_the_formulas(transform, mapped):
    if mapped:
        ours, theirs = vmap(transform(loss))(BATCH), vmap(transform(expected))(BATCH)
    else:
        ours, theirs = transform(loss)(A), transform(expected)(A)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("f", [linalg.det, loss, linalg.inv], ids=["det", "solve", "inv"])
def test_forward_mode_in_forward_mode_is_an_error(f):
    for nested in (
        lambda a: jacfwd(jacfwd(f))(a),
        lambda a: jvp(lambda x: jvp(f, (x,), (a,))[1], (a,), (a,)),
        lambda a: vmap(jacfwd(jacfwd(f)))(a[None]),
    ):
        with pytest.raises(NotImplementedError, match=r"197867.*jacfwd\(jacrev\(f\)\)"):
            nested(A)


@pytest.mark.parametrize("name", CASES)
def test_vmap_is_the_batch(name):
    case = CASES[name]
    operands = [one.detach() for one in case.operands(torch.float64, (2,))]
    if name == "eig of pairs":
        pytest.skip("real or complex, by the values of the whole batch")
    torch.testing.assert_close(vmap(case.function)(*operands), case.function(*operands))


def test_vmap_over_any_axis_of_some_operands():
    a, b = BATCH.movedim(0, 2), numbers(3, 5, seed=2)
    solutions = vmap(linalg.solve, in_dims=(2, None))(a, b)
    torch.testing.assert_close(solutions, torch.linalg.solve(BATCH, b))
    solutions = vmap(vmap(linalg.solve, (None, 1)), (0, None))(BATCH, b)
    torch.testing.assert_close(solutions.mT, torch.linalg.solve(BATCH, b))
    # One operand with a batch, the other without.
    many = numbers(4, 2, 3, 1, seed=3)
    solutions = vmap(linalg.solve)(BATCH, many)
    torch.testing.assert_close(solutions, torch.linalg.solve(BATCH[:, None], many))
    assert vmap(linalg.matrix_rank)(BATCH).tolist() == [3, 3, 3, 3]


def test_gradients_of_each_sample():
    def sample_loss(weights, sample):
        return linalg.norm(linalg.solve(weights, sample))

    samples = numbers(5, 3, seed=4)
    gradients = vmap(grad(sample_loss), (None, 0))(A, samples)
    for one, sample in zip(gradients, samples, strict=True):
        torch.testing.assert_close(one, grad(sample_loss)(A, sample))


def test_dual_tensors():
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(A, B @ B.T)
        tangent = forward_ad.unpack_dual(linalg.det(dual)).tangent
        theirs = forward_ad.unpack_dual(torch.linalg.det(dual)).tangent
        torch.testing.assert_close(tangent, theirs)
        assert forward_ad.unpack_dual(linalg.det(A)).tangent is None


def test_transforms_over_requires_grad():
    a = A.clone().requires_grad_()
    outer = torch.autograd.grad(grad(loss)(a).sum(), a)[0]
    theirs = torch.autograd.grad(grad(expected)(a).sum(), a)[0]
    torch.testing.assert_close(outer, theirs)
    batch = BATCH.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(vmap(linalg.det)(batch).sum(), batch)
    torch.testing.assert_close(gradient, vmap(grad(linalg.det))(BATCH))


def test_complex_gradients_are_those_of_pytorch():
    a = regular(3, 3, dtype=torch.complex128)

    def value(module):
        return lambda x: (module.det(x) * module.inv(x).sum()).abs()

    torch.testing.assert_close(grad(value(linalg))(a), grad(value(torch.linalg))(a))


def test_functional_jacobians_are_right_or_an_error():
    from torch.autograd.functional import jacobian

    expected = torch.autograd.functional.jacobian(torch.linalg.inv, A)
    torch.testing.assert_close(jacobian(linalg.inv, A, vectorize=True), expected)
    torch.testing.assert_close(jacobian(linalg.inv, A), expected)
    with pytest.raises((NotImplementedError, RuntimeError), match=r"torch\.func\.jacfwd"):
        jacobian(linalg.inv, A, vectorize=True, strategy="forward-mode")


def test_checkpoints_and_anomaly_mode():
    a = A.clone().requires_grad_()
    checkpointed = torch.utils.checkpoint.checkpoint(loss, a, use_reentrant=False)
    (gradient,) = torch.autograd.grad(checkpointed, a)
    torch.testing.assert_close(gradient, grad(expected)(A))
    with pytest.warns(UserWarning, match="Anomaly"), torch.autograd.detect_anomaly():
        loss(a).backward()


def test_what_cannot_be_known_in_a_transform_is_nan():
    a = torch.eye(3, dtype=torch.float64)
    gradient = grad(lambda x: linalg.eigh(hermitian(x))[1][0].sum())(a)
    assert gradient.isnan().any()
    # The projector of all equal vectors does not depend on their choice.
    gradient = grad(lambda x: projectors(linalg.eigh(hermitian(x))[1]).sum())(a)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))
    # Nobody knows here what becomes of the vectors' tangents.
    _, (values, vectors) = jvp(lambda x: tuple(linalg.eigh(hermitian(x))), (a,), (a,))
    torch.testing.assert_close(values, torch.ones(3, dtype=torch.float64))
    assert vectors.isnan().all()


def test_a_transform_refuses_what_it_cannot_do():
    with pytest.raises(NotImplementedError, match="leave it out"):
        vmap(lambda a: linalg.inv(a, out=torch.empty(3, 3, dtype=a.dtype)))(BATCH)
    with pytest.raises(NotImplementedError, match=r"det: no third derivatives.*slogdet"):
        grad(lambda x: grad(lambda y: grad(linalg.det)(y).sum())(x).sum())(A)
