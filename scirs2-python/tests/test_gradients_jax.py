"""Derivatives of JAX's arrays: each rule against finite differences, in all modes."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from gradients import CASES, COMPOSITIONS
from jax.test_util import check_grads
from scirs2 import linalg

# Most of the time goes into compiling.
QUICK = {"xla_backend_optimization_level": 0}

pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture(scope="module")
def double_precision():
    with jax.enable_x64(True):
        yield


def operands(case, dtype=torch.float64, batch=(), broadcast=False):
    made = case.operands(dtype, batch, broadcast)
    return tuple(one.detach().numpy() for one in made)


def floats(results):
    """The results that have derivatives, in a list."""
    leaves = jax.tree.leaves(results)
    return [leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.inexact)]


def along(function, arrays, seed=0):
    """A function of one number: a random projection of the results, along a random line."""
    rng = np.random.default_rng(seed)

    def numbers(like):
        real = rng.normal(size=like.shape)
        return real + 1j * rng.normal(size=like.shape) if np.iscomplexobj(like) else real

    directions = [numbers(array) for array in arrays]
    weights = [numbers(np.asarray(one)) for one in floats(function(*map(jnp.asarray, arrays)))]

    def of_number(place):
        moved = [a + place * d for a, d in zip(map(jnp.asarray, arrays), directions, strict=True)]
        results = floats(function(*moved))
        return sum((w * one).real.sum() for w, one in zip(weights, results, strict=True))

    return of_number


def derivatives(function, place=0.0):
    """The first derivative in both modes, and the second in each pair of them."""

    def forward(f, x):
        return jax.jvp(f, (x,), (jnp.ones_like(x),))[1]

    first = {"forward": partial(forward, function), "reverse": jax.grad(function)}
    x = jnp.asarray(place)
    found = [one(x) for one in first.values()]
    return found, [forward(one, x) for one in first.values()] + [
        jax.grad(one)(x) for one in first.values()
    ]


def finite_differences(function, step=2e-3):
    """The first and the second derivative at zero, from five values."""
    values = [float(function(k * step)) for k in (-2, -1, 0, 1, 2)]
    first = np.dot([1, -8, 0, 8, -1], values) / (12 * step)
    second = np.dot([-1, 16, -30, 16, -1], values) / (12 * step**2)
    return first, second


def check(function, arrays):
    line = along(function, arrays)
    # Outside of jit, the function sees plain arrays, and no rule.
    first, second = finite_differences(line)
    compiled = jax.jit(partial(derivatives, line), compiler_options=QUICK)
    found_first, found_second = compiled()
    np.testing.assert_allclose(found_first, np.full(2, first), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found_second, np.full(4, second), rtol=1e-4, atol=1e-3)


# One matrix, and a batch that broadcasts.
OPERANDS = {"single": (torch.float64, ()), "batch": (torch.complex128, (2,))}


@pytest.mark.parametrize("given", OPERANDS)
@pytest.mark.parametrize("name", CASES)
def test_derivatives_to_second_order_in_all_modes(name, given):
    dtype, batch = OPERANDS[given]
    check(CASES[name].function, operands(CASES[name], dtype, batch, broadcast=True))


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name):
    check(COMPOSITIONS[name].function, operands(COMPOSITIONS[name]))


def test_jax_finds_no_mistake_itself():
    a, b = operands(CASES["solve"], torch.complex128, (2,), broadcast=True)
    check_grads(jax.jit(linalg.solve), (a, b), 2, modes=("fwd", "rev"))


# One for each kind of rule.
KINDS = ("solve", "det", "cholesky", "eigh", "svd tall", "qr wide", "lu", "lstsq", "lu_solve 1")


def gradients(function, arrays, axes=None):
    """The gradients of a sum in which each element of a result has its own weight."""

    def loss(*arrays):
        total = 0.0
        for one in floats(function(*arrays)):
            real = jnp.abs(one) if jnp.iscomplexobj(one) else one
            total = total + (jnp.arange(1.0, 1 + one.size).reshape(one.shape) * real).sum()
        return total

    gradient = jax.grad(loss, tuple(range(len(arrays))))
    if axes is not None:
        gradient = jax.vmap(gradient, axes)
    return jax.jit(gradient, compiler_options=QUICK)(*arrays)


@pytest.mark.parametrize("name", KINDS)
def test_each_matrix_of_a_batch_has_its_own_gradient(name):
    case = CASES[name]
    batch = operands(case, torch.float64, (2,))
    whole = gradients(case.function, batch, 0)
    for place in range(2):
        alone = gradients(case.function, [one[place] for one in batch])
        for one, part in zip(whole, alone, strict=True):
            np.testing.assert_allclose(one[place], part, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in KINDS if len(CASES[name].shapes) > 1])
def test_gradients_of_broadcast_operands_are_summed(name):
    case = CASES[name]
    a, b = operands(case, torch.float64, (2,), broadcast=True)
    broadcast = gradients(case.function, (a, b[None]))
    expanded = gradients(case.function, (a, np.stack([b, b])))
    np.testing.assert_allclose(broadcast[0], expanded[0], rtol=1e-9)
    np.testing.assert_allclose(broadcast[1], expanded[1].sum(0, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize("name", KINDS)
def test_empty_batches(name):
    arrays = operands(CASES[name], torch.float64, (0,))
    for one, array in zip(gradients(CASES[name].function, arrays), arrays, strict=True):
        assert one.shape == array.shape


# Where values are equal, matrices singular and norms zero.


def test_losses_that_do_not_depend_on_the_choice_of_vectors():
    weights = jnp.arange(9.0).reshape(3, 3)

    def loss(a):
        _, v = linalg.eigh(a)
        # On the space of the first two, whose values are equal.
        return (v[:, :2] @ v[:, :2].mT * weights).sum()

    found = jax.jit(jax.grad(loss))(jnp.diag(jnp.array([1.0, 1.0, 2.0])))
    # The first order of perturbations: v_0 turns to v_2 by da[0, 2] / (1 - 2).
    between = -(weights + weights.T)[:2, 2] / 2
    np.testing.assert_allclose(found[:2, 2] + found[2, :2], 2 * between, rtol=1e-12)
    np.testing.assert_allclose(found[:2, :2], 0, atol=1e-12)


def test_a_choice_of_vectors_gives_nan():
    first = jax.grad(lambda a: (linalg.eigh(a)[1][:, 0] * jnp.arange(3.0)).sum())
    assert np.isnan(first(jnp.eye(3))).any()
    assert np.isfinite(first(jnp.diag(jnp.arange(3.0)))).all()
    # Forward mode does not know the loss.
    _, change = jax.jvp(lambda a: linalg.eigh(a)[1], (jnp.eye(3),), (jnp.ones((3, 3)),))
    assert np.isnan(change).any()


@pytest.mark.parametrize("diagonal", [(2.0, 1.0, 0.0), (2.0, 0.0, 0.0), (0.0, 0.0, 0.0)])
def test_determinants_of_singular_matrices(diagonal):
    a = jnp.diag(jnp.array(diagonal))
    found = jax.jit(jax.grad(linalg.det))(a)
    x, y, z = diagonal
    np.testing.assert_allclose(found, np.diag([y * z, x * z, x * y]), atol=1e-15)
    second = jax.jit(jax.jacfwd(jax.grad(linalg.det)))(a)
    np.testing.assert_allclose(second[0, 0, 1, 1], z, atol=1e-15)
    np.testing.assert_allclose(second[1, 1, 2, 2], x, atol=1e-15)


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("function", [linalg.sqrtm, linalg.logm])
def test_principal_values_where_they_jump_give_nan(function, dtype):
    turned = np.array([[4.0, 3.0], [-3.0, 4.0]]) / 5
    batch = [turned @ np.diag([4.0, x]) @ turned.T for x in (1, -1)] + [np.diag([4.0, 0.0])]
    a = jnp.asarray(np.stack(batch).astype(dtype))
    found = jax.jit(jax.grad(lambda a: jnp.real(function(a)).sum()))(a)
    assert found.dtype == a.dtype
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


def test_norms_at_zero():
    zero = jnp.zeros(3)
    for order in (1, 2, 3, np.inf):
        found = jax.grad(lambda x, order=order: linalg.vector_norm(x, ord=order))(zero)
        assert found.tolist() == [0, 0, 0]
    assert jax.grad(linalg.matrix_norm)(jnp.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]


def test_integers_have_no_tangents():
    a = jnp.array([[1.0, 2.0], [4.0, 3.0]])
    (_, pivots), (_, change) = jax.jvp(linalg.lu_factor, (a,), (a,))
    assert pivots.tolist() == [1, 1]
    assert change.dtype == jax.dtypes.float0
    rank, change = jax.jvp(linalg.matrix_rank, (a,), (a,))
    assert rank == 2
    assert change.dtype == jax.dtypes.float0
    assert jax.grad(lambda a: linalg.matrix_rank(a) * a.sum())(a).tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("order", [np.inf, -np.inf])
def test_the_extreme_element_is_found_although_moduli_are_computed_twice(order):
    x = np.random.default_rng(0).normal(size=(300, 4, 2)) @ [1, 1j]

    def norm(x):
        return linalg.vector_norm(x, axis=-1, ord=order)

    # Along itself a norm changes by itself.
    program = jax.jit(lambda x: jax.jvp(norm, (x,), (x,)), compiler_options=QUICK)
    np.testing.assert_allclose(*program(jnp.asarray(x)), rtol=1e-12)
