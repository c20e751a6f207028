"""Batches of matrices over two devices of the host; `test_jax_programs.py` runs it."""

from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from scirs2 import linalg

assert jax.device_count() == 2
rng = np.random.default_rng(0)
A = jnp.asarray(rng.normal(size=(6, 3, 3)) + 4 * np.eye(3), jnp.float32)
B = jnp.asarray(rng.normal(size=(6, 3, 2)), jnp.float32)


def check(found, expected):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def loss(a, b):
    return (linalg.solve(a, b) ** 2).sum() + linalg.det(a).sum() + linalg.svdvals(a).sum()


GRADIENTS = jax.jit(jax.grad(loss, (0, 1)))(A, B)


def sharded(types):
    """No device gathers the batch of another one."""
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(types,))
    a, b = jax.device_put((A, B), NamedSharding(mesh, P("batch")))
    gradient = jax.grad(loss, (0, 1))
    programs = [(linalg.solve, (a, b)), (linalg.eig, (a,)), (gradient, (a, b))]
    for program, operands in programs:
        compiled = jax.jit(program).lower(*operands).compile()
        assert "all-gather" not in compiled.as_text(), program
        found = compiled(*operands)
        if program is not gradient:
            # Plain arrays take no program.
            check(found, program(*(A, B)[: len(operands)]))
    check(found, GRADIENTS)


def mapped():
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(AxisType.Auto,))
    over, whole = P("batch"), P()

    def over_batch(function, *specs):
        return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=over))

    check(over_batch(linalg.solve, over, over)(A, B), jnp.linalg.solve(A, B))
    check(over_batch(linalg.solve, whole, over)(A[0], B), jnp.linalg.solve(A[0], B))
    check(over_batch(jax.grad(loss), over, over)(A, B), GRADIENTS[0])
    jacobians = jax.vmap(jax.jacfwd(linalg.inv))
    check(over_batch(jacobians, over)(A), jax.vmap(jax.jacfwd(jnp.linalg.inv))(A))


def differentiated():
    """Gradients of a program on both devices; that of what they share is summed."""
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(AxisType.Auto,))
    specs = (P(), P("batch"))
    solve = jax.shard_map(linalg.solve, mesh=mesh, in_specs=specs, out_specs=P("batch"))
    found = jax.jit(jax.grad(lambda a, b: (solve(a, b) ** 2).sum(), (0, 1)))(A[0], B)
    expected = jax.grad(lambda a, b: (jnp.linalg.solve(a, b) ** 2).sum(), (0, 1))(A[0], B)
    check(found, expected)


def concurrent(calls=100_000):
    """So many calls of handlers, on both devices at once, from several threads."""
    threads, devices = 4, 2
    steps = calls // (threads * devices * 2)
    mesh = jax.make_mesh((devices,), ("batch",), axis_types=(AxisType.Auto,))

    def repeat(a):
        def step(_, a):
            return linalg.inv(linalg.inv(a))

        return jax.lax.fori_loop(0, steps, step, a)

    program = jax.jit(jax.shard_map(repeat, mesh=mesh, in_specs=P("batch"), out_specs=P("batch")))
    large = jnp.tile(jnp.eye(8), (5_000, 1, 1)) * 2
    pooled = jax.jit(linalg.inv)
    with ThreadPoolExecutor(threads) as pool:
        runs = [pool.submit(program, A) for _ in range(threads)]
        # These use our own threads at the same time.
        batches = [pool.submit(pooled, large) for _ in range(20)]
        for run in runs:
            check(run.result(), A)
        for batch in batches:
            np.testing.assert_array_equal(batch.result(), large / 4)


def main():
    """Check all of it."""
    sharded(AxisType.Auto)
    print("sharded")
    sharded(AxisType.Explicit)
    print("typed")
    mapped()
    print("mapped")
    differentiated()
    print("differentiated")
    concurrent()
    print("concurrent")
