"""Fit a Gaussian process in JAX: inside ``jax.jit`` with a gradient, and eagerly."""

import jax
import jax.numpy as jnp
from scirs2 import linalg

jax.config.update("jax_enable_x64", True)


def covariance(x: jax.Array, y: jax.Array, parameters: dict[str, jax.Array]) -> jax.Array:
    """Return the squared exponential kernel."""
    scale, length = jnp.exp(parameters["scale"]), jnp.exp(parameters["length"])
    return scale * jnp.exp(-(((x[:, None] - y) / length) ** 2) / 2)


def noisy(x: jax.Array, parameters: dict[str, jax.Array]) -> jax.Array:
    """Return the covariance of the observations."""
    return covariance(x, x, parameters) + jnp.exp(parameters["noise"]) * jnp.eye(len(x))


def log_likelihood(K: jax.Array, y: jax.Array) -> jax.Array:
    """Return the log likelihood of ``y``."""
    factor = linalg.cho_factor(K)
    logarithms = jnp.log(jnp.diagonal(factor[0])).sum()
    return -y @ linalg.cho_solve(factor, y) / 2 - logarithms - len(y) / 2 * jnp.log(2 * jnp.pi)


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
