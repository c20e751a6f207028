"""Fit a Gaussian process in JAX: eagerly, and inside ``jax.jit`` with a gradient.

Outside of JAX's transformations scirs2 takes JAX arrays as they are. Inside, a callback calls
it, and a rule says what the gradient is.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scirs2 import linalg

jax.config.update("jax_enable_x64", True)


def covariance(x: jax.Array, y: jax.Array, parameters: dict[str, jax.Array]) -> jax.Array:
    """Return the squared exponential kernel."""
    scale, length = jnp.exp(parameters["scale"]), jnp.exp(parameters["length"])
    return scale * jnp.exp(-(((x[:, None] - y) / length) ** 2) / 2)


def noisy(x: jax.Array, parameters: dict[str, jax.Array]) -> jax.Array:
    """Return the covariance of the observations."""
    return covariance(x, x, parameters) + jnp.exp(parameters["noise"]) * jnp.eye(len(x))


def with_gradient(K: jax.Array, y: jax.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log likelihood of ``y``, and its gradient by ``K`` and ``y``."""
    # In NumPy, because a callback must not compute with JAX.
    K, y = np.asarray(K), np.asarray(y)
    factor = linalg.cho_factor(K)
    weights = linalg.cho_solve(factor, y)
    inverse = linalg.cho_solve(factor, np.eye(len(y)))
    logarithms = np.log(np.diagonal(factor[0])).sum()
    value = -y @ weights / 2 - logarithms - len(y) / 2 * np.log(2 * np.pi)
    return value, (np.outer(weights, weights) - inverse) / 2, -weights


def forward(K: jax.Array, y: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """Call the function above from compiled code."""
    shapes = [jax.ShapeDtypeStruct(shape, K.dtype) for shape in ((), K.shape, y.shape)]
    value, by_K, by_y = jax.pure_callback(with_gradient, tuple(shapes), K, y)
    return value, (by_K, by_y)


@jax.custom_vjp
def log_likelihood(K: jax.Array, y: jax.Array) -> jax.Array:
    """Return the log likelihood, for ``jax.jit`` and ``jax.grad``."""
    return forward(K, y)[0]


log_likelihood.defvjp(forward, lambda gradients, g: tuple(g * one for one in gradients))


def predict(x: jax.Array, y: jax.Array, at: jax.Array, parameters: dict) -> tuple:
    """Return the mean and the variance of the process at new points."""
    L = linalg.cholesky(noisy(x, parameters))
    across = covariance(x, at, parameters)
    half = linalg.solve_triangular(L, across, lower=True)
    mean = half.T @ linalg.solve_triangular(L, y, lower=True)
    return mean, jnp.exp(parameters["scale"]) - (half**2).sum(axis=0)


x = jnp.linspace(0, 6, 60)
y = jnp.sin(x) + 0.1 * jax.random.normal(jax.random.key(0), x.shape)
parameters = {"scale": jnp.array(0.0), "length": jnp.array(-1.0), "noise": jnp.array(-1.0)}

loss = jax.jit(jax.value_and_grad(lambda p: -log_likelihood(noisy(x, p), y)))

# JAX's own likelihood has the same value and the same gradient.
reference = jax.value_and_grad(
    lambda p: -jax.scipy.stats.multivariate_normal.logpdf(y, jnp.zeros_like(y), noisy(x, p))
)
agreement = jax.tree.map(jnp.allclose, loss(parameters), reference(parameters))
assert all(jax.tree.leaves(agreement))

before, _ = loss(parameters)
for _ in range(100):
    value, gradient = loss(parameters)
    parameters = jax.tree.map(lambda p, g: p - 0.01 * g, parameters, gradient)
print("fitted:", {name: f"{jnp.exp(one):.3f}" for name, one in parameters.items()})
assert value < before

at = jnp.linspace(0.5, 5.5, 11)
mean, variance = predict(x, y, at, parameters)
print(f"largest error of the prediction: {abs(mean - jnp.sin(at)).max():.3f}")
assert (variance > 0).all()
assert (abs(mean - jnp.sin(at)) < 0.15).all()
K = noisy(x, parameters)
assert jnp.allclose(mean, covariance(at, x, parameters) @ jnp.linalg.solve(K, y), atol=1e-8)
