"""Products but for `matmul`: vecdot, outer, cross, tensordot, multi_dot, matrix_power."""

import inspect

import matrices
import ml_dtypes
import numpy as np
import pytest
import scirs2
import torch
from hypothesis import given
from hypothesis import strategies as st
from scirs2 import linalg
from test_matmul import ALL, INTEGERS, close, whole

EXACT = [*INTEGERS, "bool"]


def draw(shape, dtype, seed=0):
    """Numbers of the whole range of integers, normal ones of floats."""
    if np.dtype(dtype).kind in "biu":
        return whole(shape, dtype, seed)
    return matrices.random(shape, dtype, seed)


def agrees(result, expected, unit):
    """The same kind of thing, and as close as the unit says; exact on integers."""
    assert type(result) is type(expected)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    if expected.dtype.kind in "biu":
        assert np.array_equal(result, expected)
    else:
        assert np.all(np.abs(result - expected) <= unit * matrices.eps(expected.dtype))


def product_of(function, *arguments, **options):
    """The product of moduli, whose multiples of eps bound the errors."""
    return function(*(np.abs(matrices.wide(x)) for x in arguments), **options)


@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [
        ((7,), (7,), -1),
        ((0,), (0,), -1),
        ((3, 7), (7,), -1),
        ((3, 7), (3, 7), -1),
        ((7, 3), (7, 3), 0),
        ((7, 3), (7, 3), -2),
        ((2, 1, 7), (4, 7), -1),
        ((2, 7, 1), (7, 4), -2),
        ((7, 2, 3), (7, 3), 0),
        ((0, 7), (1, 7), -1),
        ((3, 0), (3, 0), 1),
    ],
)
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, *EXACT])
def test_vecdot(dtype, first, second, axis):
    x, y = draw(first, dtype), draw(second, dtype, 1)
    expected = np.linalg.vecdot(x, y, axis=axis)
    unit = 4 * 8 * product_of(np.linalg.vecdot, x, y, axis=axis)
    agrees(linalg.vecdot(x, y, axis=axis), expected, unit)


@pytest.mark.parametrize("dtype", [*matrices.FLOATS, "int32", "uint8"])
def test_vecdot_of_long_vectors_has_the_same_bits_for_any_threads(dtype):
    x, y = draw((2, 200_001), dtype), draw((2, 200_001), dtype, 1)
    results = []
    for threads in (1, 2, 4):
        with scirs2.num_threads(threads):
            results.append(linalg.vecdot(x, y))
            results.append(np.array([linalg.vecdot(a, b) for a, b in zip(x, y, strict=True)]))
    assert all(np.array_equal(results[0], other) for other in results)
    bound = product_of(np.linalg.vecdot, x, y)
    exact = np.sum(matrices.wide(x).conj() * matrices.wide(y), axis=-1)
    if dtype in matrices.FLOATS:
        # Runs of 2**16, each in at least eight strands.
        assert np.all(abs(results[0] - exact) <= 2**14 * matrices.eps(dtype) * bound)
    else:
        assert np.array_equal(results[0], np.linalg.vecdot(x, y))


@pytest.mark.parametrize("step", [1, 2, -1, -3])
def test_vecdot_of_any_step(step):
    x, y = matrices.random((60,)), matrices.random((20,), seed=1)
    v = x[::step][:20]
    agrees(linalg.vecdot(v, y), np.linalg.vecdot(v, y), 21 * np.abs(v) @ np.abs(y))
    constant = np.broadcast_to(x[:1], (20,))
    agrees(
        linalg.vecdot(constant, y), np.linalg.vecdot(constant, y), 21 * np.abs(constant) @ abs(y)
    )


@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [((), (3,), -1), ((3,), (2,), -1), ((3,), (1,), -1), ((2, 3), (4, 3), -1), ((3,), (3,), 1)],
)
def test_vecdot_refuses_what_numpy_refuses(first, second, axis):
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        np.linalg.vecdot(np.ones(first), np.ones(second), axis=axis)
    with pytest.raises(ValueError, match="vecdot: "):
        linalg.vecdot(np.ones(first), np.ones(second), axis=axis)


@pytest.mark.parametrize("shape", [(3, 4), (0, 4), (4, 0), (1, 1), (300, 400)])
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, *EXACT])
def test_outer(dtype, shape):
    x, y = draw(shape[0], dtype), draw(2 * shape[1], dtype, 1)[::-2]
    expected = np.linalg.outer(x, y)
    agrees(linalg.outer(x, y), expected, np.abs(expected) * 2)


def test_outer_keeps_the_sign_of_zero():
    assert np.signbit(linalg.outer([-1.0], [0.0])[0, 0])


@pytest.mark.parametrize(("first", "second"), [((), (2,)), ((2,), ()), ((2, 2), (2,))])
def test_outer_refuses_what_is_no_vector(first, second):
    with pytest.raises(ValueError, match=r"outer: .*one dimension"):
        linalg.outer(np.ones(first), np.ones(second))


@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [
        ((3,), (3,), -1),
        ((5, 3), (3,), -1),
        ((5, 3), (5, 3), 1),
        ((3, 5), (3, 5), 0),
        ((2, 3, 1), (3, 4), -2),
        ((4, 1, 3), (1, 6, 3), -1),
        ((0, 3), (1, 3), -1),
        ((200, 300, 3), (300, 3), -1),
        ((3, 40_000), (3, 1), 0),
    ],
)
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, *INTEGERS])
def test_cross(dtype, first, second, axis):
    x, y = draw(first, dtype), draw(second, dtype, 1)
    expected = np.linalg.cross(x, y, axis=axis)
    largest = np.max(np.abs(matrices.wide(x)), initial=0) * np.max(
        np.abs(matrices.wide(y)), initial=0
    )
    # NumPy rounds alike, but may fuse a product and a sum of a complex number.
    agrees(linalg.cross(x, y, axis=axis), expected, 8 * largest)


@pytest.mark.parametrize(
    ("first", "second", "axis", "error"),
    [
        ((2,), (3,), -1, ValueError),
        ((3,), (4,), -1, ValueError),
        ((2, 3), (4, 3), -1, ValueError),
        ((3,), (3,), 1, IndexError),
    ],
)
def test_cross_refuses_what_numpy_refuses(first, second, axis, error):
    with pytest.raises(error):
        np.linalg.cross(np.ones(first), np.ones(second), axis=axis)
    with pytest.raises(error, match="cross: "):
        linalg.cross(np.ones(first), np.ones(second), axis=axis)


def test_cross_refuses_booleans():
    with pytest.raises(TypeError, match="cross: booleans"):
        linalg.cross(np.ones(3, bool), np.ones(3, bool))


@pytest.mark.parametrize(
    ("first", "second", "axes"),
    [
        ((3, 4, 5), (4, 5, 6), 2),
        ((3, 4, 5), (5, 6), 1),
        ((3, 4), (5, 6), 0),
        ((3, 4, 5), (4, 3, 2), ([1, 0], [0, 1])),
        ((3, 4, 5), (4, 3, 2), ([0, 1], [1, 0])),
        ((3, 4, 5), (6, 5), (2, 1)),
        ((3, 4, 5), (6, 5), (-1, -1)),
        ((3, 4, 5), (5, 3, 4), ((0, 1, 2), (1, 2, 0))),
        ((3, 4, 5), (7, 4), np.array([[1], [1]])),
        ((2, 0, 3), (0, 3, 4), 2),
        ((0, 3), (3, 4), 1),
        ((), (3,), 0),
        ((3,), (3,), 1),
        ((2, 3, 4, 5), (5, 3), ((3, 1), (0, 1))),
    ],
)
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, *EXACT])
def test_tensordot(dtype, first, second, axes):
    a, b = draw(first, dtype), draw(second, dtype, 1)
    expected = np.tensordot(a, b, axes)
    expected = expected if expected.shape else expected[()]
    unit = 4 * 62 * product_of(np.tensordot, a, b, axes=axes)
    agrees(linalg.tensordot(a, b, axes), expected, unit)
    agrees(linalg.tensordot(a, b, axes=axes), expected, unit)
    turned = a.copy(order="F")
    agrees(linalg.tensordot(turned, b[..., ::-1][..., ::-1], axes=axes), expected, unit)


@pytest.mark.parametrize(
    ("axes", "error"),
    [
        (1, ValueError),
        (4, IndexError),
        (([0], [0, 1]), ValueError),
        (([0, 0], [1, 1]), ValueError),
        (([5], [0]), IndexError),
        (([0],), ValueError),
        ("ab", TypeError),
    ],
)
def test_tensordot_refuses_what_numpy_refuses(axes, error):
    a, b = np.ones((2, 3, 4)), np.ones((5, 2, 6))
    with pytest.raises(error):
        np.tensordot(a, b, axes)
    with pytest.raises(error, match="tensordot: "):
        linalg.tensordot(a, b, axes)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (3, r"got 3, and a has 2 dimension\(s\)"),
        (2, r"got 2, and b has 1 dimension\(s\)"),
        (-1, r"got -1, and a has"),
        (([0, 0], [0, 0]), r"axes 0 and 0 are the same axis; name each once"),
        (([1, -1], [0, 0]), r"axes 1 and -1 are the same axis; name each once"),
    ],
)
def test_tensordot_tells_what_is_wrong_with_axes(axes, message):
    with pytest.raises(ValueError, match=f"tensordot: .*{message}"):
        linalg.tensordot(np.ones((2, 2)), np.ones(2), axes)


@pytest.mark.parametrize(
    "sides",
    [
        [(3, 4), (4, 5)],
        [(3, 4), (4, 5), (5, 2)],
        [(30, 2), (2, 40), (40, 3), (3, 7), (7, 1)],
        [(4,), (4, 5), (5, 6)],
        [(3, 4), (4, 5), (5,)],
        [(4,), (4, 5), (5, 6), (6,)],
        [(4,), (4,)],
        [(3, 0), (0, 4), (4, 2)],
    ],
)
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, *EXACT])
def test_multi_dot(dtype, sides):
    arrays = [draw(shape, dtype, seed) for seed, shape in enumerate(sides)]
    expected = np.linalg.multi_dot(arrays)
    moduli = np.linalg.multi_dot([np.abs(matrices.wide(array)) for array in arrays])
    inner = sum(array.shape[0] + 1 for array in arrays[1:])
    agrees(linalg.multi_dot(arrays), expected, 4 * 2 * inner * moduli)
    if expected.shape:
        out = np.zeros_like(expected)
        assert linalg.multi_dot(arrays, out=out) is out
        assert np.array_equal(out, linalg.multi_dot(arrays))


def test_multi_dot_takes_the_cheap_order():
    # From left to right this would need a matrix of 8 TB.
    n = 1_000_000
    column, row = np.ones((n, 1)), np.ones((1, n))
    assert linalg.multi_dot([column[:2], row, column, row[:, :2]]).tolist() == [[n, n], [n, n]]
    assert linalg.multi_dot([column, row, column])[0, 0] == n


@pytest.mark.parametrize(
    "sides",
    [
        [],
        [(2, 2)],
        [(2, 2), (3, 3)],
        [(2, 2), (2,), (2, 2)],
        [(1, 2, 2), (2, 2), (2, 2)],
        [(), (2, 2)],
    ],
)
def test_multi_dot_refuses_what_does_not_fit(sides):
    with pytest.raises(ValueError, match="multi_dot: "):
        linalg.multi_dot([np.ones(shape) for shape in sides])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, 5, 7, 8, 11, 100])
@pytest.mark.parametrize("dtype", EXACT)
def test_powers_of_integers_are_exact(dtype, exponent):
    a = whole((2, 3, 3), dtype)
    result = linalg.matrix_power(a, exponent)
    agrees(result, np.linalg.matrix_power(a, exponent), 0)
    assert not np.shares_memory(result, a)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 6, 13])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 33])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_powers_of_floats(dtype, n, exponent):
    a = matrices.random((n, n), dtype) / max(n, 1)
    exact = np.linalg.matrix_power(matrices.wide(a), exponent) if n else matrices.wide(a)
    moduli = np.linalg.matrix_power(np.abs(matrices.wide(a)), exponent) if n else exact
    result = linalg.matrix_power(a, exponent)
    assert result.dtype == dtype
    unit = 4 * (n + 1) * max(exponent, 1) * moduli * matrices.eps(dtype)
    assert np.all(np.abs(result - exact) <= unit)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
def test_powers_of_batches(batch, layout):
    a = matrices.LAYOUTS[layout](whole((*batch, 4, 4), "int64"))
    assert np.array_equal(linalg.matrix_power(a, 6), np.linalg.matrix_power(a, 6))


def test_powers_of_any_length():
    # Whole numbers count modulo 2^64.
    a = np.array([[1, 1], [0, 1]])
    for exponent in ((1 << 62) + 5, (3 << 70) + (1 << 63) + 12345, (1 << 200_000) + 7):
        expected = (exponent + 2**63) % 2**64 - 2**63
        assert linalg.matrix_power(a, exponent).tolist() == [[1, expected], [0, 1]]
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert np.array_equal(linalg.matrix_power(turn, (1 << 100) + 1), turn)
    assert np.array_equal(linalg.matrix_power(turn, -(1 << 100) - 1), -turn)


@pytest.mark.parametrize("exponent", [-1, -2, -3, -5])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 16])
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_negative_powers(dtype, n, exponent):
    a = matrices.positive_definite(n, dtype, condition=2.0)
    result = linalg.matrix_power(a, exponent)
    assert result.dtype == dtype
    # Of condition two, and so each factor is off by some n * eps, and each product.
    product = matrices.wide(a)
    for _ in range(-exponent - 1):
        product = product @ matrices.wide(a)
    assert matrices.residual(np.eye(n, dtype=dtype), product, result) <= 8 * 2**-exponent * (n + 1)


def test_negative_powers_of_integers_are_floats():
    a = np.array([[2, 1], [1, 1]])
    assert linalg.matrix_power(a, -2).dtype == "float64"
    assert np.allclose(linalg.matrix_power(a, -2), [[2, -3], [-3, 5]], rtol=1e-14)
    half = linalg.matrix_power(a.astype("float16"), -1)
    assert half.dtype == "float16"
    assert half.tolist() == [[1, -1], [-1, 2]]


def test_the_singular_matrix_is_named():
    a = np.stack([np.eye(2)] * 6).reshape(2, 3, 2, 2)
    a[1, 0, 1, 1] = 0
    with pytest.raises(linalg.LinAlgError, match=r"matrix_power: matrix 3 .* singular: pivot 1"):
        linalg.matrix_power(a, -1)
    with pytest.raises(linalg.LinAlgError, match=r"singular") as caught:
        linalg.matrix_power(a, -1)
    assert caught.value.index == (1, 0)


def test_powers_refuse_what_numpy_refuses():
    with pytest.raises(TypeError, match="matrix_power: n: expected an integer"):
        linalg.matrix_power(np.eye(2), 1.5)
    for shape in [(2, 3), (3,), ()]:
        with pytest.raises(linalg.LinAlgError, match="matrix_power: "):
            linalg.matrix_power(np.ones(shape), 2)


def calls(a):
    """One call of each function, of matrices of three rows."""
    return {
        "vecdot": lambda xp: xp.vecdot(a, a),
        "outer": lambda xp: xp.outer(a[0], a[1]),
        "cross": lambda xp: xp.cross(a, a[0]),
        "tensordot": lambda xp: xp.tensordot(a, a, axes=2),
        "multi_dot": lambda xp: xp.multi_dot([a, a, a]),
        "matrix_power": lambda xp: xp.matrix_power(a, 3),
        "matmul": lambda xp: xp.matmul(a, a),
    }


@pytest.mark.parametrize("name", calls(None))
@pytest.mark.parametrize("dtype", ALL)
def test_dtypes_are_numpys(dtype, name):
    if (name, dtype) == ("cross", "bool"):
        return
    a = (np.arange(9) % 4).reshape(3, 3).astype(dtype)
    call = calls(a)[name]
    result, expected = call(linalg), call(np.linalg)
    assert result.dtype == expected.dtype
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("name", calls(None))
@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "bfloat16", "float64"])
def test_pytorch_in_pytorch_out(dtype, name):
    plain = (np.arange(9) % 4).reshape(3, 3)
    a = torch.from_numpy(plain).to(getattr(torch, dtype))
    result = calls(a)[name](linalg)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == a.dtype
    assert np.array_equal(result.long().numpy(), calls(plain)[name](np.linalg))


@pytest.mark.parametrize("name", calls(None))
def test_bfloat16_of_numpy(name):
    a = (np.arange(9) % 4).reshape(3, 3).astype(ml_dtypes.bfloat16)
    result = calls(a)[name](linalg)
    assert result.dtype == ml_dtypes.bfloat16
    assert np.array_equal(result.astype(int), calls(a.astype(int))[name](np.linalg))


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("name", ["vecdot", "cross", "tensordot", "multi_dot"])
def test_layouts(name, layout):
    a = whole((3, 3), "int64")
    laid = matrices.LAYOUTS[layout](a)
    assert np.array_equal(calls(laid)[name](linalg), calls(a)[name](np.linalg))


def test_two_libraries_are_refused():
    with pytest.raises(
        TypeError, match=r"multi_dot: arrays\[0\] comes from NumPy and arrays\[2\] from PyTorch"
    ):
        linalg.multi_dot([np.eye(2), [[1, 2], [3, 4]], torch.eye(2)])


@pytest.mark.parametrize(
    "name",
    [
        "cross",
        "diagonal",
        "matrix_norm",
        "matrix_power",
        "matrix_transpose",
        "multi_dot",
        "outer",
        "trace",
        "vecdot",
        "vector_norm",
    ],
)
def test_signatures_are_numpys(name):
    ours, numpys = (inspect.signature(getattr(xp, name)) for xp in (linalg, np.linalg))
    # The one keyword that is added to NumPy's.
    added = [one for one in ours.parameters.values() if one.name != "on_failure"]
    assert str(ours.replace(parameters=added)) == str(numpys)


def test_the_top_level_has_them():
    assert scirs2.vecdot is linalg.vecdot
    assert scirs2.tensordot is linalg.tensordot
    assert scirs2.matrix_transpose is linalg.matrix_transpose


@given(st.data())
def test_any_tensordot(data):
    ndims = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 4))
    pairs = data.draw(st.integers(0, min(ndims)))
    axes = [data.draw(st.permutations(range(n)))[:pairs] for n in ndims]
    shapes = [data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)) for n in ndims]
    for first, second in zip(*axes, strict=True):
        shapes[1][second] = shapes[0][first]
    dtype = data.draw(st.sampled_from(EXACT))
    a, b = whole(shapes[0], dtype), whole(shapes[1], dtype, 1)
    order = data.draw(st.permutations(range(ndims[0])))
    a = a.transpose(order).copy().transpose(np.argsort(order).tolist())
    assert np.array_equal(linalg.tensordot(a, b, axes), np.tensordot(a, b, axes))


def test_products_of_floats_meet_the_bound_of_matmul():
    a, b = matrices.random((20, 30)), matrices.random((30, 20), seed=1)
    assert close(linalg.tensordot(a, b, 1), a, b)
