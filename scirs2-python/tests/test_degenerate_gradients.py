"""Gradients where values are equal, matrices singular, and norms zero: right, or an error."""

import mpmath
import pytest
import torch
from gradients import hermitian, numbers
from scirs2 import linalg

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")


def gradient(function, a):
    a = a.clone().requires_grad_()
    return torch.autograd.grad(function(a), a)[0]


def by_differences(function, a, step=1e-4):
    """The gradient by central differences of fourth order, of smooth real functions."""
    result = torch.zeros(a.shape, dtype=a.dtype)
    for place in range(a.numel()):
        unit = torch.zeros(a.numel(), dtype=a.dtype)
        unit[place] = step
        unit = unit.reshape(a.shape)
        near = function(a + unit) - function(a - unit)
        far = function(a + 2 * unit) - function(a - 2 * unit)
        result.view(-1)[place] = (8 * near - far) / (12 * step)
    return result


# Determinants.

SINGULAR = {
    "rank 2": torch.diag(torch.tensor([2.0, 1.0, 0.0])),
    "whole numbers": torch.arange(1.0, 10.0).reshape(3, 3),
    "rank 1": torch.outer(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, -1.0, 2.0])),
    "rank 1 of four": torch.outer(torch.arange(4.0), torch.arange(4.0)),
    "zero": torch.zeros(3, 3),
    "zero of one": torch.zeros(1, 1),
    "zero of two": torch.zeros(2, 2),
    "small": 1e-2 * torch.eye(10),
    "nearly singular": torch.diag(torch.tensor([1.0, 1e-9, 1e-9])),
}


def cofactors(a):
    n = a.shape[-1]
    result = torch.zeros_like(a)
    for row in range(n):
        for column in range(n):
            rows = [i for i in range(n) if i != row]
            columns = [j for j in range(n) if j != column]
            minor = a[rows][:, columns].tolist()
            det = mpmath.det(mpmath.matrix(minor)) if minor else 1
            result[row, column] = (-1) ** (row + column) * float(det)
    return result


@pytest.mark.parametrize("name", SINGULAR)
def test_determinants_of_singular_matrices(name):
    a = SINGULAR[name].double()
    expected = cofactors(a)
    scale = max(1e-300, float(expected.abs().max()), float(a.abs().max()) ** (a.shape[-1] - 1))
    actual = gradient(linalg.det, a)
    torch.testing.assert_close(actual / scale, expected / scale, rtol=0, atol=1e-14)
    torch.testing.assert_close(torch.func.grad(linalg.det)(a), actual)
    # In a batch with a regular one, too.
    both = torch.stack([a, torch.eye(a.shape[-1], dtype=a.dtype)])
    torch.testing.assert_close(gradient(lambda x: linalg.det(x).sum(), both)[0], actual)


@pytest.mark.parametrize("name", SINGULAR)
def test_second_derivatives_of_determinants_of_singular_matrices(name):
    a = SINGULAR[name].double()
    weights = numbers(*a.shape)

    def first(x):
        return (weights * gradient_of_det(x)).sum()

    expected = by_differences(lambda x: (weights * cofactors(x)).sum(), a, step=1e-2)
    torch.testing.assert_close(gradient(first, a), expected, rtol=1e-9, atol=1e-11)
    hessian = torch.func.hessian(linalg.det)(a)
    product = (hessian * weights[:, :, None, None]).sum((0, 1))
    torch.testing.assert_close(product, expected, rtol=1e-9, atol=1e-11)


def gradient_of_det(x):
    return torch.autograd.grad(linalg.det(x), x, create_graph=True)[0]


def test_complex_determinants_of_singular_matrices():
    a = numbers(3, 1, dtype=torch.complex128) @ numbers(1, 3, dtype=torch.complex128, seed=1)
    b = a + numbers(3, 1, dtype=torch.complex128, seed=2) @ torch.ones(1, 3, dtype=a.dtype)
    torch.testing.assert_close(gradient(lambda x: linalg.det(x).real, a).abs().max().item(), 0.0)
    torch.autograd.gradcheck(linalg.det, b.requires_grad_())
    torch.autograd.gradgradcheck(linalg.det, b)


def test_the_logarithm_of_a_zero_determinant_has_no_gradient():
    with pytest.raises(linalg.LinAlgError, match=r"slogdet: no gradient: .*singular") as error:
        gradient(
            lambda a: linalg.slogdet(a)[1].sum(), torch.stack([torch.eye(2), torch.ones(2, 2)])
        )
    assert error.value.index == (1,)


# Eigenvalues.

EQUAL = torch.diag(torch.tensor([1.0, 2.0, 2.0, 3.0], dtype=torch.float64))
TURN = torch.linalg.qr(numbers(4, 4, seed=5))[0]
TURNED = hermitian(TURN @ EQUAL @ TURN.T)


def projector(first, last):
    """Weigh the projector of some neighbours."""
    weights = numbers(4, 4, seed=7)

    def loss(a):
        v = linalg.eigh(hermitian(a))[1][:, first:last]
        return (weights * (v @ v.mT)).sum()

    return loss


@pytest.mark.parametrize("a", [EQUAL, TURNED], ids=["diagonal", "turned"])
@pytest.mark.parametrize("columns", [(1, 3), (0, 3), (0, 1), (3, 4)])
def test_projectors_of_equal_eigenvalues_together(a, columns):
    loss = projector(*columns)
    torch.testing.assert_close(gradient(loss, a), by_differences(loss, a), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("a", [EQUAL, TURNED], ids=["diagonal", "turned"])
def test_equal_eigenvalues_alone(a):
    for loss in (
        lambda x: linalg.eigvalsh(hermitian(x)).exp().sum(),
        lambda x: linalg.eigvalsh(hermitian(x)).prod(),
        lambda x: linalg.eigvalsh(hermitian(x))[0],
        lambda x: linalg.eigvalsh(hermitian(x))[1:3].sum(),
    ):
        torch.testing.assert_close(gradient(loss, a), by_differences(loss, a), rtol=1e-8, atol=1e-8)


def of_the_matrix(a):
    w, v = linalg.eigh(hermitian(a))
    return (v * w.exp() @ v.mT)[0, 1]


def of_the_factors(a):
    u, s, vh = linalg.svd(a)
    return ((u * s**2) @ vh)[0, 1]


UNCLEAR = {
    "one vector of two": projector(1, 2),
    # Right derivatives exist, but not from what a rule knows: a limit of 0/0.
    "a function of the matrix": of_the_matrix,
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_depends_on_the_vectors_of_equal_eigenvalues_is_an_error(name):
    batch = torch.stack([torch.diag(torch.arange(4.0, dtype=torch.float64)), TURNED])
    with pytest.raises(
        linalg.LinAlgError, match=r"eigh: no gradient: eigenvalues 1 and 2 of matrix \(1,\) are eq"
    ) as error:
        gradient(lambda x: sum(UNCLEAR[name](one) for one in [x[0]]) + batched(name, x), batch)
    assert error.value.index == (1,)
    # Where values differ there is one.
    assert gradient(UNCLEAR[name], batch[0]).isfinite().all()


def batched(name, x):
    """The same for a batch: eigh is called once."""
    w, v = linalg.eigh(hermitian(x))
    if name == "one vector of two":
        return (numbers(4, 4) * (v[..., 1:2] @ v[..., 1:2].mT)).sum()
    return (v * w.exp()[..., None, :] @ v.mT)[..., 0, 1].sum()


def test_second_derivatives_at_equal_eigenvalues_are_an_error_not_zero():
    a = torch.eye(3, dtype=torch.float64).requires_grad_()
    (first,) = torch.autograd.grad(
        linalg.eigvalsh(hermitian(a)).square().sum(), a, create_graph=True
    )
    torch.testing.assert_close(first.detach(), 2 * torch.eye(3, dtype=torch.float64))
    with pytest.raises(linalg.LinAlgError, match="eigenvalues 0 and 1 are equal"):
        torch.autograd.grad(first[0, 1], a)


@pytest.mark.parametrize("function", ["eigh", "eig", "svd"])
def test_a_loss_that_depends_on_phases_is_an_error(function):
    a = numbers(3, 3, dtype=torch.complex128)

    def loss(x):
        vectors = {
            "eigh": lambda: linalg.eigh(hermitian(x))[1],
            "eig": lambda: linalg.eig(x)[1],
            "svd": lambda: linalg.svd(x)[0],
        }[function]()
        return vectors[1].imag.sum() + vectors[2].real.sum()

    with pytest.raises(linalg.LinAlgError, match=f"{function}: no gradient: the loss depends on"):
        gradient(loss, a)


def test_eigenvectors_of_equal_eigenvalues_of_general_matrices():
    a = torch.eye(2, dtype=torch.float64)
    with pytest.raises(linalg.LinAlgError, match="eig: no gradient: eigenvalues 0 and 1"):
        gradient(lambda x: linalg.eig(x)[1][0, 0] ** 2 + linalg.eig(x)[1][0, 1], a)


# Singular values.


def test_polar_factors_where_singular_values_are_equal():
    weights = numbers(3, 3, seed=1)
    turn = torch.linalg.qr(numbers(3, 3, seed=2))[0]
    for a in (
        torch.eye(3, dtype=torch.float64),
        2 * turn,
        turn @ torch.diag(torch.tensor([3.0, 1.0, 1.0]).double()),
    ):

        def loss(x):
            u, _, vh = linalg.svd(x)
            return (weights * (u @ vh)).sum()

        def of_both(x):
            u, p = linalg.polar(x)
            return (weights * (u + p)).sum()

        for each in (loss, of_both):
            torch.testing.assert_close(
                gradient(each, a), by_differences(each, a), rtol=1e-8, atol=1e-8
            )


def test_singular_values_alone_whatever_the_rank():
    low = numbers(4, 1) @ numbers(1, 3, seed=1)
    for loss, a in (
        (lambda x: linalg.svdvals(x).square().sum(), torch.eye(3, dtype=torch.float64)),
        (lambda x: linalg.svdvals(x).square().sum(), low),
        (lambda x: linalg.svdvals(x)[0], low),
        (lambda x: linalg.matrix_norm(x, ord="nuc"), torch.eye(3, dtype=torch.float64)),
    ):
        torch.testing.assert_close(gradient(loss, a), by_differences(loss, a), rtol=1e-7, atol=1e-7)


def test_what_depends_on_the_vectors_of_equal_singular_values_is_an_error():
    a = torch.eye(3, dtype=torch.float64)
    for loss in (
        lambda x: linalg.svd(x)[0][:, 0].square()[0] + linalg.svd(x)[0][0, 1],
        of_the_factors,
    ):
        with pytest.raises(linalg.LinAlgError, match="svd: no gradient: singular values 0 and 1"):
            gradient(loss, a)
    # The vectors of the value zero may leave their space at once.
    with pytest.raises(linalg.LinAlgError, match="svd: no gradient"):
        gradient(
            lambda x: linalg.svd(x, full_matrices=False)[0][0, 1] ** 2,
            numbers(4, 1) @ numbers(1, 2, seed=1),
        )


def test_the_choice_of_a_basis_beyond_the_square_is_an_error():
    a = numbers(4, 2)
    with pytest.raises(linalg.LinAlgError, match=r"svd: no gradient: columns of U beyond"):
        gradient(lambda x: linalg.svd(x)[0][0, 2], a)
    with pytest.raises(linalg.LinAlgError, match=r"qr: no gradient: columns of Q beyond"):
        gradient(lambda x: linalg.qr(x, "complete")[0][0, 2], a)


# Norms, least squares and factors.


def test_norms_at_zero():
    zero = torch.zeros(3, dtype=torch.float64)
    for order in (0.5, 1, 2, 3, float("inf"), -1, -2, float("-inf")):
        result = gradient(lambda x, order=order: linalg.norm(x, order), zero)
        assert result.tolist() == [0, 0, 0], order
    # One zero among others.
    x = torch.tensor([0.0, 3.0, -4.0], dtype=torch.float64)
    assert gradient(linalg.norm, x).tolist() == [0, 0.6, -0.8]
    tied = torch.tensor([2.0, -2.0, 1.0], dtype=torch.float64)
    assert gradient(lambda x: linalg.norm(x, float("inf")), tied).tolist() == [0.5, -0.5, 0]
    assert gradient(linalg.norm, torch.zeros(2, 2, dtype=torch.complex128)).tolist() == [[0, 0]] * 2


def test_norms_that_would_overflow():
    x = torch.tensor([3e200, 4e200], dtype=torch.float64)
    torch.testing.assert_close(gradient(linalg.norm, x), torch.tensor([0.6, 0.8]).double())
    small = torch.tensor([3e-200, 4e-200], dtype=torch.float64)
    torch.testing.assert_close(gradient(linalg.norm, small), torch.tensor([0.6, 0.8]).double())
    expected = torch.tensor([0.75, 1.0]).double() ** 2 / (0.75**3 + 1) ** (2 / 3)
    torch.testing.assert_close(gradient(lambda v: linalg.norm(v, 3), x), expected)


def test_least_squares_among_matrices_of_the_same_rank():
    left, right, b = numbers(5, 2), numbers(2, 4, seed=1), numbers(5, 2, seed=2)

    def loss(left, right, b):
        return linalg.lstsq(left @ right, b, 1e-10)[0]

    operands = [one.requires_grad_() for one in (left, right, b)]
    torch.autograd.gradcheck(loss, operands)
    torch.autograd.gradcheck(lambda left, right: linalg.pinv(left @ right, 1e-10), operands[:2])


def test_factors_without_gradient_are_an_error():
    low = (numbers(3, 1) @ numbers(1, 3, seed=1)).contiguous()
    low[2] = low[0]
    zero = torch.zeros(2, 2, dtype=torch.float64)
    with pytest.raises(linalg.LinAlgError, match=r"qr: no gradient: .*singular"):
        gradient(lambda x: linalg.qr(x)[1].sum(), zero)
    with pytest.raises(linalg.LinAlgError, match=r"lu: no gradient: .*singular"):
        gradient(lambda x: linalg.lu(x)[2].sum(), zero)
    with pytest.raises(linalg.LinAlgError, match="inv"):
        gradient(lambda x: linalg.cond(x, 1), zero)


# Principal values.

PRINCIPAL = {
    "sqrtm": (linalg.sqrtm, lambda x: x**0.5),
    "logm": (linalg.logm, mpmath.log),
    "fractional_matrix_power": (
        lambda a: linalg.fractional_matrix_power(a, -0.3),
        lambda x: x ** mpmath.mpf(-0.3),
    ),
}
ON_THE_CUT = {
    "negative": torch.diag(torch.tensor([1.0, -2.0])),
    "zero": torch.diag(torch.tensor([1.0, 0.0])),
    "rank 2": numbers(4, 2) @ numbers(4, 2).mT,
    "hermitian": hermitian(numbers(3, 3, dtype=torch.complex128)),
}


@pytest.mark.parametrize("at", ON_THE_CUT)
@pytest.mark.parametrize("name", PRINCIPAL)
def test_principal_values_have_no_gradient_where_they_jump(name, at):
    function, _ = PRINCIPAL[name]
    a = ON_THE_CUT[at]
    for one in (a, torch.stack([torch.eye(len(a)).to(a), a])):
        with pytest.raises(linalg.LinAlgError, match=rf"^{name}: .*(no gradient|singular)"):
            gradient(lambda x: function(x).abs().sum(), one)
    # Without a gradient, negative eigenvalues are for complex results.
    if at == "negative":
        assert function(a.requires_grad_()).dtype == function(a.detach()).dtype == torch.complex64


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("name", PRINCIPAL)
def test_gradients_of_principal_values_of_nearly_singular_matrices(name, dtype, size):
    function, of_number = PRINCIPAL[name]
    values = [mpmath.mpf(x) for x in (1.0, 1e-6, 1e-12)]
    weights = numbers(3, 3, dtype=dtype) * size
    differences = torch.tensor(
        [
            [
                float(
                    mpmath.diff(of_number, x) if x == y else (of_number(x) - of_number(y)) / (x - y)
                )
                for y in values
            ]
            for x in values
        ],
        dtype=torch.float64,
    )
    a = torch.diag(torch.tensor([float(x) for x in values], dtype=dtype)).requires_grad_()
    (found,) = torch.autograd.grad(function(a), a, weights)
    torch.testing.assert_close(found, differences * weights, rtol=1e-12, atol=0)


def test_powers_take_a_number():
    a = torch.eye(2).requires_grad_()
    with pytest.raises(NotImplementedError, match="an array as t; pass a number"):
        linalg.fractional_matrix_power(a, torch.tensor(0.5))


def test_batches_without_matrices_and_matrices_without_elements():
    functions = (linalg.det, linalg.inv, linalg.cholesky, linalg.svdvals, linalg.eigvalsh)
    for function in (*functions, linalg.sqrtm, linalg.logm, linalg.signm):
        for shape in ((0, 3, 3), (2, 0, 0)):
            a = torch.zeros(shape, dtype=torch.float64)
            assert gradient(lambda x, f=function: f(x).sum(), a).shape == shape
    a = torch.zeros(3, 0, dtype=torch.float64)
    assert gradient(lambda x: linalg.solve(torch.eye(3).double(), x).sum(), a).shape == (3, 0)
    assert gradient(lambda x: linalg.matmul(x, x.mT).sum(), a).shape == (3, 0)
