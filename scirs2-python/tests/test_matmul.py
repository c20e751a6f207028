"""`scirs2.linalg.matmul`: exact on integers, LAPACK's accuracy on floats, NumPy's shapes."""

import warnings

import matrices
import ml_dtypes
import numpy as np
import pytest
import scirs2
import torch
from hypothesis import given
from hypothesis import strategies as st
from scirs2 import linalg

INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
SIZES = [0, 1, 2, 3, 5, 16, 33, 100]


def whole(shape, dtype, seed=0):
    """Draw numbers from the whole range of the type."""
    source = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "b":
        return source.random(shape) < 0.2
    ends = np.iinfo(dtype)
    return source.integers(ends.min, ends.max, shape, dtype, endpoint=True)


def equal(result, a, b):
    """Whether it is NumPy's product."""
    return np.array_equal(result, a @ b)


def close(result, a, b):
    """Whether the error is below what any order of summation gives."""
    expected = matrices.wide(a) @ matrices.wide(b)
    terms = 4 if np.iscomplexobj(expected) else 1
    unit = matrices.eps(result.dtype) * (a.shape[-1] + 1) * terms
    # A product below the smallest normal number is off by what is lost there.
    least = a.shape[-1] * matrices.tiny(result.dtype)
    bound = unit * (np.abs(matrices.wide(a)) @ np.abs(matrices.wide(b))) + least
    return result.shape == expected.shape and np.all(np.abs(result - expected) <= bound)


@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_every_element_is_accurate(dtype, name):
    for n in SIZES[1:]:
        # The extremes square to what the type cannot hold.
        a = matrices.general(name, n, dtype)
        b = matrices.random((n, 7), dtype)
        assert close(linalg.matmul(a, b), a, b)
        assert close(linalg.matmul(b.T, a), b.T, a)


@pytest.mark.parametrize("m", [0, 1, 3, 70])
@pytest.mark.parametrize("k", [0, 1, 3, 300])
@pytest.mark.parametrize("n", [0, 1, 3, 70])
@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
def test_integers_are_exact_and_wrap(dtype, m, k, n):
    a, b = whole((m, k), dtype), whole((k, n), dtype, 1)
    result = linalg.matmul(a, b)
    assert result.dtype == dtype
    assert np.array_equal(result, a @ b)


@pytest.mark.parametrize("order", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_integers_that_floats_hold_and_those_that_they_do_not(dtype, order):
    # Either side of the bound at which sums of products leave the 53 bits.
    k = 128
    for root in (2**22, 2**23 - 1, 2**23, 2**23 + 1, 2**24 + 1, 2**31 - 1):
        a = np.full((80, k), root, dtype, order=order[0])
        b = np.full((k, 90), root, dtype, order=order[1])
        a[::3] -= np.array(1, dtype)
        a[1::3, ::2] = 0
        if dtype[0] == "i":
            a[::2] *= np.array(-1, dtype)
        assert np.array_equal(linalg.matmul(a, b), a @ b)
        exact = a.astype(object) @ b.astype(object)
        modulus = 2 ** (8 * a.itemsize)
        assert np.array_equal(linalg.matmul(a, b).astype(object) % modulus, exact % modulus)


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool", "float64", "complex64"])
def test_large_products_on_several_threads(dtype):
    if dtype in matrices.FLOATS:
        a, b = matrices.random((300, 401), dtype), matrices.random((401, 290), dtype, 1)
        same = close
    else:
        a, b = whole((300, 401), dtype), whole((401, 290), dtype, 1)
        same = equal
    for threads in (1, 2, 3):
        with scirs2.num_threads(threads):
            assert same(linalg.matmul(a, b), a, b)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, "int16", "int64", "bool"])
def test_batches_and_layouts(dtype, batch, layout):
    draw = matrices.random if dtype in matrices.FLOATS else whole
    a, b = draw((*batch, 4, 5), dtype), draw((*batch, 5, 3), dtype, seed=1)
    lay = matrices.LAYOUTS[layout]
    result = linalg.matmul(lay(a), lay(b))
    assert result.dtype == dtype
    assert result.flags.c_contiguous
    assert result.ctypes.data % 64 == 0 or result.nbytes < 1024
    if dtype in matrices.FLOATS:
        assert close(result, a, b)
    else:
        assert np.array_equal(result, a @ b)
    out = lay(np.zeros_like(a @ b)).copy(order="K")
    if layout == "strided":
        out = matrices.LAYOUTS[layout](out)
    assert linalg.matmul(lay(a), lay(b), out=out) is out
    # The transpose of the product of the transposes, where `out` lies in columns.
    assert close(out, a, b) if dtype in matrices.FLOATS else np.array_equal(out, result)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((4,), (4,)),
        ((4,), (4, 3)),
        ((3, 4), (4,)),
        ((5, 3, 4), (4,)),
        ((4,), (5, 4, 3)),
        ((5, 3, 4), (4, 2)),
        ((3, 4), (5, 4, 2)),
        ((6, 1, 3, 4), (5, 4, 2)),
        ((1, 5, 3, 4), (6, 1, 4, 2)),
        ((0, 3, 4), (1, 4, 2)),
        ((0,), (0,)),
        ((3, 0), (0, 2)),
        ((2, 3, 0), (0,)),
        ((0, 4), (4,)),
        ((5, 3, 4), (4, 0)),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "complex64", "int8", "bool"])
def test_shapes_are_numpys(dtype, first, second):
    a = (np.arange(np.prod(first)) % 7 - 3).reshape(first).astype(dtype)
    b = (np.arange(np.prod(second)) % 5 - 2).reshape(second).astype(dtype)
    result, expected = linalg.matmul(a, b), np.matmul(a, b)
    assert type(result) is type(expected)
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    # Whole numbers that every type holds.
    assert np.array_equal(result, expected)


def test_vectors_of_any_step():
    a, x = matrices.random((40, 50)), matrices.random((200,))
    for step in (1, 2, -1, -3):
        v = x[:: abs(step)][:50][:: 1 if step > 0 else -1]
        for matrix in (a, np.asfortranarray(a), a[::-1], a[:, ::-1]):
            assert close(linalg.matmul(matrix, v), matrix, v)
            assert close(linalg.matmul(v, matrix.T), v, matrix.T)
        out = np.zeros(80)[:: 2 if step > 0 else -2]
        assert linalg.matmul(a, v, out=out) is out
        assert close(out, a, v)
    repeated = np.broadcast_to(x[:1], (50,))
    assert close(linalg.matmul(a, repeated), a, repeated)


def test_a_nan_in_out_is_forgotten_and_one_in_an_operand_is_not():
    a, x = np.eye(3), np.ones(3)
    for b in (a, x):
        out = np.full(b.shape, np.nan)
        assert np.array_equal(linalg.matmul(a, b, out=out), b)
    a[1, 1] = np.nan
    assert np.array_equal(np.isnan(linalg.matmul(a, x)), [False, True, False])
    a[1, 1] = np.inf
    assert np.array_equal(linalg.matmul(a, x), [1, np.inf, 1])


@pytest.mark.parametrize("layout", ["C order", "Fortran order", "strided", "reversed"])
def test_out_may_be_an_operand(layout):
    a = matrices.random((2, 4, 4))
    expected = linalg.matmul(a, a)
    out = matrices.LAYOUTS[layout](a.copy())
    assert linalg.matmul(out, out, out=out) is out
    assert np.array_equal(out, expected)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros((3, 3)), "shape"),
        (np.zeros((2, 2), "int64"), "float64"),
        (np.broadcast_to(0.0, (2, 2)), "read-only"),
    ],
)
def test_an_out_that_does_not_fit_is_refused(out, message):
    with pytest.raises(ValueError, match=rf"matmul: out: .*{message}"):
        linalg.matmul(np.eye(2), np.eye(2), out=out)


def test_an_out_that_could_only_be_copied_is_refused():
    a = np.eye(2)
    backward = np.zeros((2, 2))
    with pytest.raises(BufferError, match="copy"):
        linalg.matmul(a, a, out=scirs2.DLPackExporter(backward[::-1]))
    assert not backward.any()
    t = torch.eye(2, dtype=torch.float64)
    memory = bytearray(36)
    odd = torch.frombuffer(memory, dtype=torch.float64, offset=4, count=4).reshape(2, 2)
    with pytest.raises(ValueError, match="aligned"):
        linalg.matmul(t, t, out=odd)
    assert memory == bytearray(36)


def test_a_half_beyond_its_range_is_infinite_without_a_warning():
    a = np.full((2, 2), 200, "float16")
    out = np.zeros((2, 2), "float16")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.all(np.isinf(linalg.matmul(a, a)))
        assert linalg.matmul(a, a, out=out) is out
    assert np.all(np.isinf(out))


def test_a_number_of_a_subclass_is_a_number():
    class Named(np.ndarray):
        pass

    x = np.arange(3.0).view(Named)
    assert linalg.matmul(x, x) == 5.0
    assert type(linalg.matmul(x[:, None], x[None])) is Named


ALL = [*INTEGERS, "bool", "float16", *matrices.FLOATS]


@pytest.mark.parametrize("first", ALL)
@pytest.mark.parametrize("second", ALL)
def test_dtypes_are_numpys(first, second):
    a, b = np.ones((2, 2), first), np.ones((2, 2), second)
    result, expected = linalg.matmul(a, b), np.matmul(a, b)
    assert result.dtype == expected.dtype
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("dtype", ["float16", ml_dtypes.bfloat16])
def test_halves_are_rounded_once(dtype):
    a, b = matrices.random((20, 300), dtype), matrices.random((300, 20), dtype, 1)
    result = linalg.matmul(a, b)
    assert result.dtype == dtype
    # In single precision the sums are far more accurate than the rounding to a half.
    expected = a.astype("float64") @ b.astype("float64")
    half = float(ml_dtypes.finfo(dtype).eps) / 2
    bound = half * 1.01 * np.abs(expected) + 300 * 2**-23 * 300
    assert np.all(np.abs(result.astype("float64") - expected) <= bound)
    mixed = linalg.matmul(a, b.astype("float32"))
    assert mixed.dtype == "float32"


def test_lists_and_numbers_of_python():
    assert np.array_equal(linalg.matmul([[1, 2], [3, 4]], [10, 1]), [12, 34])
    assert linalg.matmul([1, 2], [3, 4]) == 11
    assert type(linalg.matmul([1, 2], [3, 4])) is np.int64
    assert linalg.matmul([1.5, 2], [True, False]) == 1.5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((), (3,)),
        ((3,), ()),
        ((2, 3), (2, 3)),
        ((3,), (2,)),
        ((2, 2, 2), (3, 2, 2)),
        ((2, 3), (4,)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(first, second):
    a, b = np.ones(first), np.ones(second)
    with pytest.raises(ValueError, match=r"^(matmul|operands could not be broadcast)"):
        np.matmul(a, b)
    with pytest.raises(ValueError, match="matmul: ") as caught:
        linalg.matmul(a, b)
    if first and second:
        assert str(first[:-2] or first) in str(caught.value)


def test_what_is_not_computed_with_is_refused():
    narrow = np.ones((2, 2), ml_dtypes.float8_e5m2)
    with pytest.raises(TypeError, match=r"matmul: x2: float8_e5m2 .*float32"):
        linalg.matmul(np.eye(2), narrow)
    with pytest.raises(TypeError, match=r"matmul: x1: "):
        linalg.matmul(np.array([["a"]]), np.eye(1))


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "float16", "bfloat16", "float64"])
def test_pytorch_in_pytorch_out(dtype):
    a = torch.tensor([[1, 0], [1, 1]]).to(getattr(torch, dtype))
    result = linalg.matmul(a, a.T)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == a.dtype
    expected = [[1, 1], [1, 1]] if dtype == "bool" else [[1, 1], [1, 2]]
    assert result.int().tolist() == expected
    assert isinstance(linalg.matmul(a[0], a[0]), torch.Tensor)
    out = torch.empty_like(a)
    assert linalg.matmul(a, a.T, out=out) is out
    assert torch.equal(out, result)
    if dtype == "bfloat16":
        with pytest.raises(TypeError, match=r"x2: int64 has no common dtype with bfloat16"):
            linalg.matmul(a, [1, 2])
    else:
        assert isinstance(linalg.matmul(a, [1, 2]), torch.Tensor)
    with pytest.raises(TypeError, match=r"x1 comes from PyTorch and x2 from NumPy"):
        linalg.matmul(a, np.eye(2))


def test_the_top_level_has_it():
    assert scirs2.matmul is linalg.matmul


SHAPES = st.integers(0, 5)


@given(st.data())
def test_any_batch_of_any_dtype(data):
    m, k, n = data.draw(SHAPES), data.draw(SHAPES), data.draw(SHAPES)
    batch = data.draw(st.lists(st.integers(0, 3), max_size=3))
    dtype = data.draw(st.sampled_from([*INTEGERS, "bool"]))

    def part(core):
        own = [data.draw(st.sampled_from([1, length])) for length in batch]
        cut = data.draw(st.integers(0, len(batch)))
        return whole((*own[cut:], *core), dtype, data.draw(st.integers(0, 9)))

    a, b = part((m, k)), part((k, n))
    result, expected = linalg.matmul(a, b), np.matmul(a, b)
    assert result.shape == expected.shape
    assert np.array_equal(result, expected)
