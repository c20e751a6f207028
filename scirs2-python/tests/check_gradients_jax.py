"""JAX's own check of derivatives, of every function that has one; `make test-gradients` runs it.

To second order in both modes, for one matrix, a batch, a batch that broadcasts and an empty one.
Compiling takes most of the ten minutes, so `test_gradients_jax.py` has less of it.
"""

import jax
import jax.numpy as jnp
import pytest
from gradients import CASES, COMPOSITIONS, DTYPES
from jax.test_util import check_grads
from test_gradients_jax import floats, operands

BATCHES = {
    "single": ((), False),
    "batch": ((2,), False),
    "broadcast": ((2,), True),
    "empty": ((0,), False),
}


@pytest.fixture(autouse=True, scope="module")
def programs_in_double_precision():
    # Most of the time goes into compiling.
    jax.config.update("jax_disable_most_optimizations", True)
    with jax.enable_x64(True):
        yield
    jax.config.update("jax_disable_most_optimizations", False)


def check(case, dtype, batch):
    arrays = operands(case, dtype, *BATCHES[batch])
    program = jax.jit(lambda *arrays: floats(case.function(*arrays)))
    # JAX's own step, 1e-4, leaves differences that are off by more than its tolerance, 1e-5.
    check_grads(program, tuple(map(jnp.asarray, arrays)), 2, modes=("fwd", "rev"), eps=1e-5)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_rules(name, dtype, batch):
    case = CASES[name]
    if batch == "broadcast" and len(case.shapes) == 1:
        pytest.skip("one operand")
    check(case, dtype, batch)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name, dtype):
    check(COMPOSITIONS[name], dtype, "single")
