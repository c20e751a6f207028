"""`scirs2.linalg.solve`: residuals, NumPy's rules for vectors, batches, and what is refused."""

import jax
import matrices
import numpy as np
import pytest
import scirs2
import torch
from hypothesis import given
from hypothesis import strategies as st
from scirs2 import linalg

SIZES = [0, 1, 2, 3, 5, 16, 33, 100]
# Their first column is zero.
SINGULAR = ["zero", "non-normal"]


def equations(name, n, dtype, k=3):
    """A matrix, and right-hand sides with a solution of moderate size."""
    a = matrices.general(name, n, dtype)
    x = matrices.random((n, k), dtype, 7)
    return a, (matrices.wide(a) @ matrices.wide(x)).astype(dtype)


@pytest.mark.parametrize("name", matrices.GENERAL)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_the_solution_solves(dtype, n, name):
    a, b = equations(name, n, dtype)
    if n and name in SINGULAR:
        with pytest.raises(linalg.LinAlgError, match=r"solve: .* pivot 0 .* exactly zero"):
            linalg.solve(a, b)
        return
    is_singular = matrices.refused(linalg.solve, a, b)
    assert matrices.refused(linalg.solve, a, b[:, 0]) == is_singular
    if not matrices.rounding_decides(name, dtype):
        assert is_singular == matrices.refused(np.linalg.solve, a, b)
    if is_singular:
        return
    x, one = linalg.solve(a, b), linalg.solve(a, b[:, 0])
    assert x.dtype == one.dtype == a.dtype
    assert (x.shape, one.shape) == (b.shape, (n,))
    assert matrices.backward_error(a, x, b) <= n + 1
    assert matrices.backward_error(a, one[:, None], b[:, :1]) <= n + 1


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_scale_does_not_matter(power):
    a, b = equations("random", 6, "float64")
    x = linalg.solve(a * 10.0**power, b * 10.0**power)
    assert matrices.backward_error(a * 10.0**power, x, b * 10.0**power) <= 7


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_subnormal_pivot_is_divided_by(dtype, place):
    # The library multiplies by the reciprocal, which overflows, or leaves the pivot out.
    scale = np.ones(3)
    scale[place] = matrices.tiny(dtype) / 64
    plain = np.array([[2, 1, 0], [1, 2, 1], [0, 1, 2]])
    y = np.array([[1, 2], [2, 3], [3, 1]]) / 256
    x = (y / scale[:, None]).astype(dtype)
    for sides in (slice(None), 0):
        got = linalg.solve((plain * scale).astype(dtype), (plain @ y).astype(dtype)[:, sides])
        # Such a pivot has six bits fewer.
        assert np.allclose(got, x[:, sides], rtol=4 * 64 * matrices.eps(dtype), atol=0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((3, 3), (3, 0)),
        ((4, 3, 3), (3,)),
        ((4, 3, 3), (3, 3)),
        ((4, 3, 3), (4, 3, 2)),
        ((3, 3), (4, 3, 2)),
        ((1, 3, 3), (5, 3, 1)),
        ((2, 1, 3, 3), (5, 3, 1)),
        ((2, 5, 3, 3), (1, 5, 3, 2)),
        ((0, 3, 3), (3, 2)),
        ((2, 3, 3), (0, 1, 3, 2)),
        ((0, 0), (0,)),
        ((4, 0, 0), (0, 2)),
    ],
)
def test_shapes_are_numpys(first, second):
    a, b = matrices.random(first), matrices.random(second, seed=1)
    x, expected = linalg.solve(a, b), np.linalg.solve(a, b)
    assert (x.shape, x.dtype) == (expected.shape, expected.dtype)
    assert x.flags.c_contiguous
    assert x.ctypes.data % 64 == 0 or x.nbytes < 1024
    assert np.allclose(x, expected, rtol=1e-10, atol=1e-10)
    batch = np.broadcast_shapes(first[:-2], second[:-2] if len(second) > 1 else ())
    many = np.broadcast_to(b, (*batch, *b.shape[-2:]))
    for index in np.ndindex(batch):
        one = linalg.solve(np.broadcast_to(a, (*batch, *first[-2:]))[index], many[index])
        assert np.array_equal(x[index], one)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_layouts(dtype, layout):
    a, b = matrices.random((2, 3, 4, 4), dtype), matrices.random((2, 3, 4, 2), dtype, 1)
    lay = matrices.LAYOUTS[layout]
    assert np.array_equal(linalg.solve(lay(a), lay(b)), linalg.solve(a, b))


@pytest.mark.parametrize("layout", ["C order", "Fortran order", "strided", "reversed"])
def test_out(layout):
    a, b = matrices.random((2, 3, 4, 4)), matrices.random((2, 3, 4, 2), seed=1)
    expected = linalg.solve(a, b)
    out = matrices.LAYOUTS[layout](np.empty_like(b))
    assert linalg.solve(a, b, out=out) is out
    assert np.array_equal(out, expected)
    # The right-hand sides' own memory.
    assert linalg.solve(a, b, out=b) is b
    assert np.array_equal(b, expected)


@pytest.mark.parametrize("out", [np.zeros((2, 1)), np.zeros(2, "float32"), np.zeros(3)])
def test_an_out_that_does_not_fit_is_refused(out):
    with pytest.raises(ValueError, match="solve: out: "):
        linalg.solve(np.eye(2), np.ones(2), out=out)


def test_what_is_singular_is_named():
    a = np.stack([np.eye(3)] * 6).reshape(2, 3, 3, 3)
    a[1, 2, 1, 1] = 0
    with pytest.raises(linalg.LinAlgError, match=r"matrix 5 .* singular: pivot 1 ") as caught:
        linalg.solve(a, np.ones(3))
    assert caught.value.index == (1, 2)
    with pytest.raises(linalg.LinAlgError, match="solve: the matrix is singular") as caught:
        linalg.solve([[1, 2], [2, 4]], [1, 2])
    assert caught.value.index is None
    # As NumPy, even where there is nothing to solve.
    with pytest.raises(linalg.LinAlgError):
        linalg.solve(np.zeros((2, 2)), np.ones((2, 0)))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((), (), r"a has shape \(\); it needs at least 2 dim"),
        ((3,), (3,), r"a has shape \(3,\); it needs at least 2 dim"),
        ((2, 3), (2,), "the last two dimensions must be equal, got 2 x 3"),
        ((2, 2), (), r"b has shape \(\); it needs at least 1 dim"),
        ((2, 2), (3,), r"shapes \(2, 2\) and \(3,\) do not fit"),
        ((2, 2), (3, 2), r"shapes \(2, 2\) and \(3, 2\) do not fit"),
        ((3, 2, 2), (2, 2, 2), r"batches .* \(3,\) and \(2,\) do not broadcast"),
        ((3, 2, 2), (3, 2), r"shapes \(3, 2, 2\) and \(3, 2\) do not fit"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_as_numpy_does(first, second, message):
    a, b = np.ones(first), np.ones(second)
    with pytest.raises(ValueError) as expected:  # noqa: PT011 - NumPy's own words
        np.linalg.solve(a, b)
    with pytest.raises(ValueError, match=f"solve: .*{message}") as caught:
        linalg.solve(a, b)
    if isinstance(expected.value, np.linalg.LinAlgError):
        assert isinstance(caught.value, linalg.LinAlgError)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_what_is_not_finite_goes_in_where_numpys_does(dtype, place, bad):
    a = matrices.random((2, 2), dtype)
    b = np.ones((2, 1), dtype)
    a.flat[place] = bad
    with np.errstate(all="ignore"):
        expected = np.linalg.solve(a, b)
    x = linalg.solve(a, b)
    assert np.array_equal(np.isnan(x), np.isnan(expected))
    sides = np.array([[bad], [1]], dtype)
    assert not np.isfinite(linalg.solve(matrices.random((2, 2), dtype), sides)).any()


@pytest.mark.parametrize("first", [*matrices.FLOATS, "int8", "uint64", "bool"])
@pytest.mark.parametrize("second", [*matrices.FLOATS, "int32"])
def test_dtypes_are_numpys(first, second):
    a, b = np.array([[1, 1], [0, 1]], first), np.array([1, 1], second)
    x, expected = linalg.solve(a, b), np.linalg.solve(a, b)
    assert x.dtype == expected.dtype
    assert np.array_equal(x, expected)


def test_halves_and_lists():
    a, b = np.array([[1, 2], [2, 8]], "float16"), np.array([3, 10], "float16")
    x = linalg.solve(a, b)
    assert x.dtype == "float16"
    assert np.array_equal(x, [1, 1])
    assert linalg.solve([[1, 2], [2, 8]], (3, 10)).dtype == "float64"
    half = linalg.solve(torch.tensor(a).bfloat16(), torch.tensor(b).bfloat16())
    assert half.dtype == torch.bfloat16
    assert half.tolist() == [1, 1]


def test_each_library_gets_its_own():
    a, b = matrices.random((4, 4)).astype("float32"), matrices.random((4, 2)).astype("float32")
    expected = linalg.solve(a, b)
    x = linalg.solve(torch.tensor(a), torch.tensor(b))
    assert isinstance(x, torch.Tensor)
    assert np.array_equal(x.numpy(), expected)
    x = linalg.solve(jax.numpy.array(a), jax.numpy.array(b))
    assert isinstance(x, jax.Array)
    assert np.array_equal(x, expected)
    with pytest.raises(TypeError, match=r"solve: a comes from PyTorch and b from JAX"):
        linalg.solve(torch.tensor(a), jax.numpy.array(b))


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(-3, 3), min_size=n, max_size=n), min_size=n, max_size=n
        )
    )
)
def test_unimodular_systems_are_solved_exactly(rows):
    # Powers of two and small integers: nothing is rounded.
    lower = np.tril(np.array(rows, "float64"), -1) / 4 + np.eye(len(rows))
    upper = np.triu(np.array(rows, "float64"), 1) + np.eye(len(rows))
    x = np.arange(len(rows)) - 2.0
    assert np.array_equal(linalg.solve(lower @ upper, lower @ (upper @ x)), x)


@pytest.mark.parametrize("k", [1, 40])
def test_one_large_system(k):
    a, b = equations("random", 600, "float64", k)
    x = linalg.solve(a, b)
    assert matrices.backward_error(a, x, b) <= 600
    with scirs2.num_threads(1):
        assert matrices.backward_error(a, linalg.solve(a, b), b) <= 600
