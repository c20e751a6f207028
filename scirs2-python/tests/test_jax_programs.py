"""Programs of JAX: each transformation, what is compiled, and what is refused."""

import child
import functions
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scirs2
import torch
from scirs2 import linalg


@pytest.fixture(autouse=True)
def single_precision():
    """As JAX is by default, although other tests of the process ask for more."""
    with jax.enable_x64(False):
        yield


def numbers(*shape, seed=0):
    made = np.random.default_rng(seed).normal(size=shape)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        made += 4 * np.eye(shape[-1])
    return jnp.asarray(made, jnp.float32)


A, B = numbers(5, 3, 3), numbers(5, 3, 2, seed=1)


def loss(a, b):
    return (linalg.solve(a, b) ** 2).sum() + linalg.slogdet(a)[1].sum()


def peer_loss(a, b):
    return (jnp.linalg.solve(a, b) ** 2).sum() + jnp.linalg.slogdet(a)[1].sum()


def step(a, x):
    a = linalg.cholesky(a @ a.mT + jnp.eye(3))
    return a, linalg.solve_triangular(a, x, lower=True)


def peer_step(a, x):
    a = jnp.linalg.cholesky(a @ a.mT + jnp.eye(3))
    return a, jax.scipy.linalg.solve_triangular(a, x, lower=True)


def scanned(step):
    return lambda a, b: jax.lax.scan(step, a[0], b)[1].sum()


PROGRAMS = {
    "jit": (loss, peer_loss),
    "grad": (jax.grad(loss, (0, 1)), jax.grad(peer_loss, (0, 1))),
    "vmap": (jax.vmap(linalg.solve), jnp.linalg.solve),
    "vmap of one": (
        lambda a, b: jax.vmap(linalg.solve, (None, 0))(a[0], b),
        lambda a, b: jnp.linalg.solve(a[0], b),
    ),
    "vmap of the last axis": (
        lambda a, b: jax.vmap(linalg.solve, (0, -1), 1)(a, jnp.moveaxis(b, 0, -1)),
        lambda a, b: jnp.moveaxis(jnp.linalg.solve(a, b), 0, 1),
    ),
    "vmap of vmap": (
        lambda a, b: jax.vmap(jax.vmap(linalg.solve, (None, 0)), (0, None))(a, b),
        lambda a, b: jnp.linalg.solve(a[:, None], b),
    ),
    "vmap of grad": (
        jax.vmap(jax.grad(loss)),
        lambda a, b: jax.grad(peer_loss)(a, b),
    ),
    "grad of vmap": (
        jax.grad(lambda a, b: jax.vmap(loss)(a, b).sum()),
        jax.grad(peer_loss),
    ),
    "jacfwd": (
        lambda a, b: jax.jacfwd(linalg.inv)(a[0]),
        lambda a, b: jax.jacfwd(jnp.linalg.inv)(a[0]),
    ),
    "jacrev": (
        lambda a, b: jax.jacrev(linalg.inv)(a[0]),
        lambda a, b: jax.jacrev(jnp.linalg.inv)(a[0]),
    ),
    "hessian": (
        lambda a, b: jax.hessian(linalg.det)(a[0]),
        lambda a, b: jax.hessian(jnp.linalg.det)(a[0]),
    ),
    "linearize": (
        lambda a, b: jax.linearize(linalg.inv, a)[1](a),
        lambda a, b: jax.linearize(jnp.linalg.inv, a)[1](a),
    ),
    "scan": (scanned(step), scanned(peer_step)),
    "grad of scan": (jax.grad(scanned(step), (0, 1)), jax.grad(scanned(peer_step), (0, 1))),
    "checkpoint": (jax.grad(jax.checkpoint(loss)), jax.grad(peer_loss)),
    "cond": (
        lambda a, b: jax.lax.cond(a.sum() > 0, linalg.inv, lambda a: a, a),
        lambda a, b: jnp.linalg.inv(a),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_transformations(name):
    program, peer = PROGRAMS[name]
    found, expected = jax.jit(program)(A, B), jax.jit(peer)(A, B)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4)


def test_without_jit():
    found = jax.grad(loss)(A, B)
    np.testing.assert_allclose(found, jax.grad(peer_loss)(A, B), rtol=2e-4, atol=2e-5)
    with jax.disable_jit():
        np.testing.assert_allclose(jax.grad(loss)(A, B), found, rtol=1e-6)


def test_a_mapped_axis_is_not_repeated_for_the_other_operand():
    program = jax.make_jaxpr(jax.vmap(linalg.solve, (None, 0)))(A[0], B)
    (equation,) = program.eqns
    assert equation.primitive.name == "scirs2_solve"
    assert [v.aval.shape for v in equation.invars] == [(3, 3), (5, 3, 2)]


def test_plain_arrays_take_no_program():
    assert type(linalg.inv(A)) is type(A)
    with pytest.raises(linalg.LinAlgError):
        linalg.inv(jnp.zeros((2, 2)))


def test_programs_are_exported():
    exported = jax.export.export(
        jax.jit(linalg.inv),
        disabled_checks=[jax.export.DisabledSafetyCheck.custom_call("scirs2_inv")],
    )(A)
    again = jax.export.deserialize(exported.serialize())
    np.testing.assert_array_equal(again.call(A), linalg.inv(A))


def test_an_exported_program_needs_one_import(tmp_path):
    check = jax.export.DisabledSafetyCheck.custom_call("scirs2_inv")
    exported = jax.export.export(jax.jit(linalg.inv), disabled_checks=[check])(2 * jnp.eye(2))
    file = tmp_path / "program"
    file.write_bytes(exported.serialize())
    told = child.run(
        f"""
        import pathlib, jax, scirs2.jax
        program = jax.export.deserialize(bytearray(pathlib.Path({str(file)!r}).read_bytes()))
        print(program.call(2 * jax.numpy.eye(2)).tolist())
        """
    )
    assert told.strip() == "[[0.5, 0.0], [0.0, 0.5]]"


def test_programs_for_batches_of_any_size_are_exported():
    shape = jax.export.symbolic_shape("batch, 3, 3")
    check = jax.export.DisabledSafetyCheck.custom_call("scirs2_inv")
    exported = jax.export.export(jax.jit(linalg.inv), disabled_checks=[check])(
        jax.ShapeDtypeStruct(shape, jnp.float32)
    )
    for count in (1, 4):
        np.testing.assert_allclose(exported.call(A[:count]), linalg.inv(A[:count]), rtol=1e-6)


def test_other_platforms_are_refused_by_name():
    with pytest.raises(scirs2.GPUTensorError, match=r"inv: computes on the CPU only.*cuda"):
        jax.export.export(jax.jit(linalg.inv), platforms=["cuda"])(A)
    with pytest.raises(scirs2.GPUTensorError, match=r"inv: computes on the CPU only.*tpu"):
        jax.export.export(jax.jit(jax.grad(lambda a: linalg.inv(a).sum())), platforms=["tpu"])(A)


def test_matrices_that_fail_are_nan_and_the_others_are_not():
    batch = A.at[1].set(0).at[3].set(jnp.nan)
    failing = np.isin(np.arange(5), [1, 3])
    x = jax.jit(linalg.solve)(batch, B)
    assert np.isnan(x).all((1, 2)).tolist() == failing.tolist()
    low = jax.jit(linalg.cholesky)(batch.at[0].set(-jnp.eye(3)))
    assert np.isnan(low[:2]).all()
    for results in (jax.jit(linalg.svd)(batch), jax.jit(linalg.eig)(batch)):
        for one in results:
            assert np.isnan(one[3]).all()
            assert np.isfinite(one[~failing]).all()
    assert jax.jit(lambda a: linalg.lu_factor(a).pivots)(batch)[3].tolist() == [-1, -1, -1]
    assert jax.jit(linalg.matrix_rank)(batch).tolist() == [3, 0, 3, -1, 3]
    # The keyword says the same.
    y = jax.jit(lambda a, b: linalg.solve(a, b, on_failure="nan"))(batch, B)
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("x64", [False, True])
def test_dtypes_are_those_of_jax(x64):
    real, whole = ("float64", "int64") if x64 else ("float32", "int32")
    with jax.enable_x64(x64):
        a = jnp.eye(2, dtype=int)
        assert jax.jit(linalg.inv)(a).dtype == real
        assert jax.jit(linalg.matmul)(a, a).dtype == whole
        assert jax.jit(lambda a: linalg.matrix_power(a, 3))(a).dtype == whole
        assert jax.jit(linalg.matrix_rank)(a).dtype == whole
        single = jnp.eye(2, dtype="float32")
        for function in (linalg.inv, linalg.pinv, lambda a: linalg.lstsq(a, a)[0]):
            assert jax.jit(function)(single).dtype == "float32"
        w, v = jax.jit(linalg.eig)(single)
        assert (w.dtype, v.dtype) == ("complex64", "complex64")
        for function in (linalg.sqrtm, linalg.logm):
            assert jax.jit(function)(single).dtype == "complex64"
            assert function(single).dtype == "float32"
        assert jax.jit(linalg.signm)(single).dtype == "float32"
        assert jax.jit(linalg.svdvals)(single.astype("complex64")).dtype == "float32"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_computed_in_single_precision(dtype):
    a = A[0].astype(dtype)
    expected = linalg.inv(a.astype("float32")).astype(dtype)
    found = jax.jit(linalg.inv)(a)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)
    assert jax.grad(lambda a: linalg.det(a).astype("float32"))(a).dtype == dtype


def test_thresholds_of_single_precision_are_those_of_numpy():
    a = jnp.asarray(np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]) / 3 + 1e-6 * np.eye(3), "float32")
    np.testing.assert_allclose(jax.jit(linalg.pinv)(a), linalg.pinv(a), rtol=1e-4)
    assert jax.jit(lambda a: linalg.matrix_rank(a, tol=1e-9))(a) == linalg.matrix_rank(a, tol=1e-9)
    found = jax.jit(linalg.lstsq)(a, a[:, :1])
    for one, other in zip(found, linalg.lstsq(a, a[:, :1]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_subnormal_numbers_are_not_flushed():
    with jax.enable_x64(True):
        a = jnp.diag(jnp.array([1e-160, 1e-160]))
        # JAX's own comparison flushes.
        found, expected = np.asarray(jax.jit(linalg.det)(a)), np.asarray(linalg.det(a))
    assert found == expected > 0


WITHOUT_A_RULE = {
    "bandwidth", "block_diag", "cdf2rdf", "diagsvd", "expm_cond", "hessenberg", "ishermitian",
    "issymmetric", "khatri_rao", "matrix_balance", "null_space", "orth", "rq", "rsf2csf", "schur",
    "subspace_angles", "toeplitz",
}  # fmt: skip


def test_every_function_of_numpys_has_a_result_in_a_program():
    names = [name for name in linalg.__all__ if name != "LinAlgError"]
    from scirs2._elsewhere import jax as of_jax
    from scirs2._elsewhere.functions import FUNCTIONS

    missing = {*names, "norm", "einsum"} - {*FUNCTIONS, *of_jax.NATIVE}
    assert missing == WITHOUT_A_RULE


@pytest.mark.parametrize("name", sorted(WITHOUT_A_RULE))
def test_what_has_no_rule_is_refused(name):
    operands = [jnp.asarray(one) for one in functions.given(name)]
    with pytest.raises(TypeError, match=rf"{name}: .* is traced .*outside"):
        jax.jit(lambda *given: functions.ask(name, *given))(*operands)


REFUSALS = {
    "inv: a: the last two dimensions must be equal": lambda a: linalg.inv(a[:2]),
    "inv: a has shape": lambda a: linalg.inv(a[0]),
    "solve: a and b of shapes": lambda a: linalg.solve(a, jnp.ones(2)),
    "unexpected keyword argument 'foo'": lambda a: linalg.inv(a, foo=1),
    "solve.. missing 1 required positional argument": lambda a: linalg.solve(a),
    "inv: out= with an array that JAX traces": lambda a: linalg.inv(a, out=np.eye(3)),
    'inv: on_failure="raise" with an array': lambda a: linalg.inv(a, on_failure="raise"),
    'inv: on_failure: expected "raise" or "nan"': lambda a: linalg.inv(a, on_failure="x"),
    "eigh: UPLO: expected": lambda a: linalg.eigh(a, "Q"),
    'qr: no gradients and transforms with mode="raw"': lambda a: linalg.qr(a, "raw"),
    "qr: mode: expected": lambda a: linalg.qr(a, "foo"),
    "norm: ord: expected": lambda a: scirs2.norm(a, a[0, 0]),
    "vector_norm: axis 5 is out of range": lambda a: linalg.vector_norm(a, axis=5),
    "pinv: no gradients and transforms with an array": lambda a: linalg.pinv(a, a[0, 0]),
    "solve: JAX traces one operand, and another is a torch": lambda a: linalg.solve(
        a, torch.ones(3)
    ),
    "inv: no computations in float8_e4m3fn": lambda a: linalg.inv(a.astype("float8_e4m3fn")),
    "from_dlpack: x: the array is traced": scirs2.from_dlpack,
}


@pytest.mark.parametrize("message", REFUSALS)
def test_mistakes_are_refused_as_outside_of_programs(message):
    with pytest.raises(
        (TypeError, ValueError, NotImplementedError, linalg.LinAlgError), match=message
    ):
        jax.jit(REFUSALS[message])(A[0])


def test_two_devices():
    """Batches over two devices; the program checks them itself."""
    flags = "--xla_force_host_platform_device_count=2"
    environment = {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    told = child.run("from two_devices import main; main()", env=environment)
    assert told.split() == ["sharded", "typed", "mapped", "differentiated", "concurrent"]
