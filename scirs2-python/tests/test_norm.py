"""`scirs2.norm`: the numbers, their dtypes, and what is refused."""

import math
import warnings

import child
import exact
import numpy as np
import pytest
import scirs2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

INF = math.inf
EVERY_VECTOR_ORDER = [None, INF, -INF, 0, 1, -1, 2, -2, 3, -3, 0.5, 1.5, 4, 10]
EVERY_MATRIX_ORDER = [None, "fro", "f", "nuc", INF, -INF, 1, -1, 2, -2]
SINGULAR = ["nuc", 2, -2]
FLOATS = ["float32", "float64", "complex64", "complex128"]


def numpy_norm(x, *arguments, **options):
    """NumPy's answer, whatever it warns of on the way."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.linalg.norm(x, *arguments, **options)


def sample(dtype, shape, seed=0):
    random = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return random.integers(max(info.min, -1000), min(info.max, 1000), shape, dtype=dtype)
    values = random.standard_normal(shape)
    if dtype.kind == "c":
        values = values + 1j * random.standard_normal(shape)
    return values.astype(dtype)


def tolerance(count, ord):
    """What summing `count` rounded terms in any order can cost, in units of the last place.

    A root of order p divides the error of the sum by p, or multiplies it where p is below one; the
    power costs an error in proportion to p, which the root takes back.
    """
    order = 2 if ord is None or isinstance(ord, str) or math.isinf(ord) or ord == 0 else abs(ord)
    return (count + 8) * max(1.0, 1 / order) + 4 * max(1.0, order)


class TestAgainstExact:
    """The error is counted against the exact norm of the stored numbers."""

    @pytest.mark.parametrize("ord", EVERY_VECTOR_ORDER)
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_vectors(self, dtype, ord):
        for count in (1, 2, 3, 7, 33, 100):
            x = sample(dtype, count, seed=count)
            result = scirs2.norm(x, ord)
            assert exact.error(result, exact.vector_norm(x, ord)) <= tolerance(count, ord)

    @pytest.mark.parametrize("ord", [None, 1, 3, 0.5])
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_long_vectors_lose_no_digits(self, dtype, ord):
        # A running sum would be wrong by hundreds of units; pieces summed as a tree are not.
        x = np.abs(sample(dtype, 1_000_000)) + sample(dtype, 1_000_000, seed=1)
        power = 2 if ord is None else np.longdouble(ord)
        # Eleven bits more and NumPy's pairwise sum: exact enough here, and fast.
        wide = np.abs(x.astype(np.clongdouble if np.iscomplexobj(x) else np.longdouble))
        expected = (wide**power).sum() ** (1 / np.longdouble(power))
        result = scirs2.norm(x, ord)
        units = abs(result - expected) / (np.finfo(result.dtype).eps * expected)
        assert units <= tolerance(math.log2(x.size), ord)

    @pytest.mark.parametrize("ord", [None, 1, -1, 2, -2, 3, -3, 0.5, INF, -INF])
    @pytest.mark.parametrize(
        ("dtype", "scale"),
        [
            *((dtype, scale) for dtype in ("float64", "complex128") for scale in (1e300, 1e200)),
            *((dtype, scale) for dtype in ("float64", "complex128") for scale in (1e-200, 1e-300)),
            *((dtype, scale) for dtype in ("float32", "complex64") for scale in (1e36, 1e-36)),
        ],
    )
    def test_what_is_representable_is_answered(self, dtype, scale, ord):
        x = (sample(dtype, 10).astype(complex if dtype.startswith("c") else float)) * scale
        x = x.astype(dtype)
        expected = exact.vector_norm(x, ord)
        assert exact.error(scirs2.norm(x, ord), expected) <= tolerance(10, ord)

    @pytest.mark.parametrize("ord", [None, 1, 2, 3, -2, 0.5, INF])
    def test_large_and_small_in_one_vector(self, ord):
        x = np.array([1e300, 1e-300, 1.0, 1e150, 1e-150, 3e-308, 5e-324])
        expected = exact.vector_norm(x, ord)
        if expected < np.finfo(float).max:
            assert exact.error(scirs2.norm(x, ord), expected) <= tolerance(7, ord)

    def test_the_examples_of_the_contract(self):
        assert scirs2.norm([1e200, 1e200]) == pytest.approx(math.sqrt(2) * 1e200, rel=4e-16)
        assert scirs2.norm([1e-200, 1e-200]) == pytest.approx(math.sqrt(2) * 1e-200, rel=4e-16)
        assert scirs2.norm(np.full(4000, 8, np.float16)) == np.float16(math.sqrt(64 * 4000))

    @pytest.mark.parametrize("ord", [None, 1, 2, INF, -INF])
    def test_subnormals(self, ord):
        x = np.full(4, 5e-324)
        expected = {None: 1e-323, 2: 1e-323, 1: 2e-323, INF: 5e-324, -INF: 5e-324}[ord]
        assert scirs2.norm(x, ord) == expected

    def test_beyond_the_largest_is_infinite(self):
        assert scirs2.norm([1.5e308, 1.5e308]) == INF
        assert scirs2.norm([1e308] * 2, 1) == INF
        assert scirs2.norm(np.array([60000, 60000], np.float16)) == np.inf
        assert scirs2.norm([complex(1.5e308, 1.5e308)], INF) == INF

    @pytest.mark.parametrize("ord", [None, 1, -1, INF, -INF, 3])
    def test_a_complex_magnitude_does_not_overflow(self, ord):
        x = np.array([3e200 + 4e200j, -3e-200 + 4e-200j])
        expected = exact.vector_norm(x, ord)
        assert exact.error(scirs2.norm(x, ord), expected) <= tolerance(2, ord)

    def test_a_large_order(self):
        # NumPy computes 3 ** 1000 on the way.
        assert scirs2.norm([3.0, 3.0], 1000) == pytest.approx(3 * 2 ** (1 / 1000), rel=1e-15)

    @pytest.mark.parametrize("ord", EVERY_MATRIX_ORDER)
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_matrices(self, dtype, ord):
        for shape in [(1, 1), (2, 2), (3, 5), (5, 3), (1, 7), (7, 1), (8, 8)]:
            x = sample(dtype, shape, seed=sum(shape))
            result = scirs2.norm(x, ord)
            expected = exact.matrix_norm(x, ord)
            if ord in SINGULAR:
                # Backward stable: the error of each is some n eps of the largest.
                largest = max(exact.singular_values(x))
                bound = 10 * sum(shape) * np.finfo(result.dtype).eps * float(largest)
                bound *= min(shape) if ord == "nuc" else 1
                assert abs(float(result) - float(expected)) <= bound
            else:
                assert exact.error(result, expected) <= tolerance(x.size, None)

    @pytest.mark.parametrize("scale", [1e250, 1e-250])
    @pytest.mark.parametrize("ord", EVERY_MATRIX_ORDER)
    def test_a_scaled_matrix(self, ord, scale):
        x = sample("float64", (6, 4))
        result = scirs2.norm(x * scale, ord) / scale
        assert result == pytest.approx(scirs2.norm(x, ord), rel=1e-13)

    def test_a_graded_matrix_keeps_its_small_singular_values(self):
        x = np.diag([1.0, 1e-5, 1e-10])
        assert scirs2.norm(x, -2) == pytest.approx(1e-10, rel=1e-5)
        assert scirs2.norm(x, 2) == pytest.approx(1.0, rel=1e-15)


class TestAgainstNumPy:
    """NumPy's answer at sizes and dtypes where NumPy is right."""

    @pytest.mark.parametrize("ord", EVERY_VECTOR_ORDER)
    @pytest.mark.parametrize("axis", [0, 1, -1, 2, (1,)])
    @pytest.mark.parametrize("keepdims", [False, True])
    def test_vector_norms_along_an_axis(self, axis, keepdims, ord):
        x = sample("float64", (5, 6, 7))
        result = scirs2.norm(x, ord, axis, keepdims)
        expected = np.linalg.norm(x, ord, axis, keepdims)
        assert type(result) is np.ndarray
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=1e-13)

    @pytest.mark.parametrize("ord", EVERY_MATRIX_ORDER)
    @pytest.mark.parametrize("axis", [(0, 1), (1, 0), (0, 2), (-1, -3), (2, 1)])
    @pytest.mark.parametrize("keepdims", [False, True])
    def test_matrix_norms_over_two_axes(self, axis, keepdims, ord):
        x = sample("complex128", (5, 6, 7))
        result = scirs2.norm(x, ord=ord, axis=axis, keepdims=keepdims)
        expected = np.linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=1e-12)

    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (1, 1, 1, 1, 2)])
    def test_all_elements(self, shape, keepdims):
        x = sample("float64", shape)
        result = scirs2.norm(x, keepdims=keepdims)
        expected = np.linalg.norm(x, keepdims=keepdims)
        assert result.shape == expected.shape
        assert isinstance(result, type(expected))
        np.testing.assert_allclose(result, expected, rtol=1e-15)

    @pytest.mark.parametrize(
        "dtype",
        [
            *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
            *FLOATS,
        ],
    )
    @pytest.mark.parametrize("ord", [None, 0, 1, 3, INF, -INF])
    def test_the_dtype_is_that_of_numpy(self, ord, dtype):
        x = sample(dtype, (4, 5))
        for axis in (0, 1):
            result = scirs2.norm(x, ord, axis)
            expected = numpy_norm(x, ord, axis)
            assert result.dtype == expected.dtype
            np.testing.assert_allclose(
                result, expected, rtol=50 * np.finfo(expected.dtype).eps, atol=0
            )
            scalar, numpy_scalar = scirs2.norm(x[0], ord), numpy_norm(x[0], ord)
            assert type(scalar) is type(numpy_scalar)

    @pytest.mark.parametrize("ord", EVERY_MATRIX_ORDER)
    @pytest.mark.parametrize("dtype", ["bool", "int32", "uint8", *FLOATS])
    def test_the_dtype_of_a_matrix_norm(self, dtype, ord):
        x = sample(dtype, (4, 5))
        result, expected = scirs2.norm(x, ord), np.linalg.norm(x, ord)
        assert type(result) is type(expected)
        assert result == pytest.approx(expected, rel=100 * float(np.finfo(expected.dtype).eps))

    def test_integers_are_taken_as_float64(self):
        assert scirs2.norm(np.array([-(2**63)]), INF) == 2.0**63
        assert scirs2.norm(np.array([2**64 - 1], np.uint64), 1) == 2.0**64
        assert scirs2.norm(np.array([-128, -128], np.int8), 1) == 256.0
        assert scirs2.norm(np.full(1000, 2**31 - 1, np.int32)) == pytest.approx(
            (2**31 - 1) * math.sqrt(1000), rel=1e-15
        )

    @pytest.mark.parametrize("ord", [None, 0, 1, 2, 3, INF, -INF])
    def test_float16_is_computed_wide_and_given_back(self, ord):
        x = sample("float16", 500)
        result = scirs2.norm(x, ord)
        assert type(result) is np.float16
        # One rounding at the end.
        assert exact.error(result, exact.vector_norm(x, ord)) <= 0.51

    @pytest.mark.parametrize("ord", EVERY_MATRIX_ORDER)
    def test_float16_matrices(self, ord):
        x = sample("float16", (5, 4))
        result = scirs2.norm(x, ord)
        assert type(result) is np.float16
        assert float(result) == pytest.approx(
            np.linalg.norm(x.astype(float), ord), rel=1.1 * 2.0**-11
        )

    @pytest.mark.parametrize(
        "x", [[3, 4], (3.0, 4.0), [[3], [4]], [3j, 4], -5, -5.0, 5j, np.float64(5), range(3, 5)]
    )
    def test_lists_and_scalars(self, x):
        result = scirs2.norm(x)
        assert type(result) is np.float64
        assert result == 5.0

    def test_the_arguments_have_the_names_of_numpy(self):
        x = sample("float64", (3, 4))
        assert scirs2.norm(x=x, ord=1, axis=0, keepdims=True).shape == (1, 4)

    @pytest.mark.parametrize("ord", [np.float32(1), np.int64(1), np.inf, np.float64(2)])
    def test_orders_of_any_number_type(self, ord):
        x = sample("float64", 9)
        assert scirs2.norm(x, ord) == pytest.approx(numpy_norm(x, float(ord)), rel=1e-14)

    @pytest.mark.parametrize("axis", [np.int64(1), np.int32(-1), (np.int8(1),)])
    def test_axes_of_any_integer_type(self, axis):
        x = sample("float64", (3, 4))
        np.testing.assert_allclose(scirs2.norm(x, axis=axis), np.linalg.norm(x, axis=1))


@pytest.mark.parametrize(
    "order", [*EVERY_VECTOR_ORDER, *(name for name in EVERY_MATRIX_ORDER if isinstance(name, str))]
)
@pytest.mark.parametrize(
    "x",
    [
        *([np.nan], [1, np.nan, 2], [np.nan, np.inf], [np.inf, -np.inf], [np.inf, 0.0, 1.0]),
        *([0.0], [0.0, 0.0], [-0.0, 0.0], [0.0, 2.0], [np.nan, 0.0], [np.inf]),
        *([complex(np.inf, np.nan)], [complex(np.nan, 0)], [complex(0, np.inf), 1j], [0j, 0j]),
        *([[np.inf, 1.0], [0.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [2.0, 4.0]]),
        *([[np.nan, 1.0], [0.0, 2.0]], [[1.0, np.nan], [np.inf, 2.0]], [[np.inf] * 2] * 2),
    ],
    ids=str,
)
def test_nan_infinity_and_zero_are_answered_as_by_numpy(x, order):
    x = np.array(x)
    try:
        expected = numpy_norm(x, order)
    except (ValueError, np.linalg.LinAlgError) as error:
        kind = np.linalg.LinAlgError if isinstance(error, np.linalg.LinAlgError) else ValueError
        with pytest.raises(kind):
            scirs2.norm(x, order)
    else:
        np.testing.assert_allclose(scirs2.norm(x, order), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("order", [*EVERY_VECTOR_ORDER, "fro", "nuc"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (0, 0), (2, 0, 3)])
def test_nothing_is_answered_as_by_numpy(shape, axis, order):
    x = np.empty(shape)
    try:
        expected = numpy_norm(x, order, axis)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - NumPy's words differ by version
            scirs2.norm(x, order, axis)
    else:
        result = scirs2.norm(x, order, axis)
        np.testing.assert_array_equal(result, expected)
        assert result.shape == expected.shape


class TestLayouts:
    @pytest.mark.parametrize("ord", [None, 1, 3, INF, 0])
    @pytest.mark.parametrize("axis", [None, 0, 1])
    @pytest.mark.parametrize(
        "view",
        [
            lambda a: a.T,
            lambda a: a[::2, 1::3],
            lambda a: a[::-1, ::-2],
            lambda a: np.broadcast_to(a[0], (5, a.shape[1])),
            lambda a: a.reshape(30, 40)[:, 7:9],
            np.asfortranarray,
            lambda a: np.lib.stride_tricks.sliding_window_view(a.ravel(), 7)[:50],
        ],
        ids=["T", "sliced", "reversed", "broadcast", "narrow", "Fortran", "overlapping"],
    )
    def test_any_strides(self, view, axis, ord):
        x = view(sample("float64", (40, 30)))
        if axis is None and ord is not None:
            x = x.reshape(-1)
        expected = np.linalg.norm(x, ord, axis)
        np.testing.assert_allclose(scirs2.norm(x, ord, axis), expected, rtol=1e-13)

    @pytest.mark.parametrize("ord", EVERY_MATRIX_ORDER)
    def test_a_matrix_of_any_strides(self, ord):
        x = sample("float64", (4, 9, 10))
        for view in (x.T, x[:, ::-1, ::2], x[::-1].transpose(0, 2, 1)):
            expected = np.linalg.norm(np.ascontiguousarray(view), ord, (0, 2))
            np.testing.assert_allclose(scirs2.norm(view, ord, (0, 2)), expected, rtol=1e-13)

    @pytest.mark.parametrize("ord", [None, 1, INF, 2, 0])
    def test_strides_of_half_an_element(self, ord):
        table = np.zeros(50, dtype=[("byte", "i1"), ("value", "f8")])
        table["value"] = sample("float64", 50)
        expected = np.linalg.norm(table["value"].copy(), ord)
        assert scirs2.norm(table["value"], ord) == pytest.approx(expected, rel=1e-14)

    def test_a_read_only_input(self):
        x = np.arange(4.0)
        x.flags.writeable = False
        assert scirs2.norm(x) == np.sqrt(14.0)

    @pytest.mark.parametrize("ord", [None, 1, 3, INF, "nuc", 2])
    def test_the_input_is_left_as_it_was(self, ord):
        x = sample("float64", (20, 20))
        before = x.copy()
        scirs2.norm(x, ord, (0, 1) if isinstance(ord, str) or ord != 3 else 0)
        np.testing.assert_array_equal(x, before)

    def test_the_result_is_new_aligned_and_in_c_order(self):
        for shape in [(3, 5), (100, 3, 7), (1, 2), (3, 128), (3, 40, 50)]:
            result = scirs2.norm(np.asfortranarray(sample("float64", shape)), axis=0)
            assert result.flags.c_contiguous
            assert result.flags.writeable
            assert result.ctypes.data % 64 == 0 or result.nbytes < 1024


@st.composite
def calls(draw):
    """An array of odd strides and arguments that are right for it."""
    dtype = draw(st.sampled_from(FLOATS))
    elements = st.floats(-100, 100, width=32)
    if dtype.startswith("c"):
        elements = st.complex_numbers(max_magnitude=100, width=64, allow_nan=False)
    shape = draw(nps.array_shapes(min_dims=1, max_dims=4, max_side=6))
    x = draw(nps.arrays(dtype, shape, elements=elements))
    x = x.transpose(draw(st.permutations(range(x.ndim))))
    x = x[tuple(slice(None, None, draw(st.sampled_from([1, 1, -1, 2, -2]))) for _ in shape)]
    axes = draw(st.lists(st.sampled_from(range(x.ndim)), min_size=1, max_size=2, unique=True))
    axes = [axis - draw(st.sampled_from([0, x.ndim])) for axis in axes]
    orders = EVERY_VECTOR_ORDER if len(axes) == 1 else EVERY_MATRIX_ORDER
    return x, draw(st.sampled_from(orders)), tuple(axes), draw(st.booleans())


@given(calls())
def test_any_call_is_exact_for_each_element_of_the_batch(call):
    x, ord, axes, keepdims = call
    result = scirs2.norm(x, ord, axes if len(axes) == 2 else axes[0], keepdims)
    assert result.dtype == x.real.dtype
    batch = np.moveaxis(x, axes, range(-len(axes), 0))
    shape = batch.shape[: -len(axes)]
    kept = tuple(1 if i in [a % x.ndim for a in axes] else n for i, n in enumerate(x.shape))
    assert result.shape == (kept if keepdims else shape)
    for index in np.ndindex(shape):
        given, answer = batch[index], result.reshape(shape)[index]
        if len(axes) == 1:
            expected = exact.vector_norm(given, ord)
            assert exact.error(answer, expected) <= tolerance(given.size, ord)
        elif ord in SINGULAR:
            # The exact ones take too long here; NumPy's are as good in float64.
            wide = given.astype(np.promote_types(x.dtype, "float64"))
            largest = np.linalg.norm(wide, "fro")
            bound = 100 * np.finfo(x.dtype).eps * largest
            assert abs(float(answer) - float(np.linalg.norm(wide, ord))) <= bound
        else:
            expected = exact.matrix_norm(given, ord)
            assert exact.error(answer, expected) <= tolerance(given.size, ord)


class TestRefused:
    @pytest.mark.parametrize(
        ("shape", "arguments", "message"),
        [
            ((3,), {"ord": "fro"}, "norm: ord: order fro is not defined for vectors"),
            ((3,), {"ord": "nuc"}, "norm: ord: order nuc is not defined for vectors"),
            ((3,), {"ord": "none such"}, 'norm: ord: "none such" is not a norm'),
            ((3, 3), {"ord": "none such"}, 'norm: ord: "none such" is not a norm'),
            ((3, 3), {"ord": 3}, "norm: ord: order 3 is not defined for matrices"),
            ((3, 3), {"ord": 0}, "norm: ord: order 0 is not defined for matrices"),
            (
                (3, 3),
                {"ord": 0.5, "axis": (0, 1)},
                "norm: ord: order 0.5 is not defined for matrices",
            ),
            ((3, 3), {"ord": "fro", "axis": 0}, "norm: ord: order fro is not defined for vectors"),
            ((2, 3, 4), {"ord": 2}, "norm: ord: order 2 over the whole array needs 1 or 2 dim"),
            (
                (2, 3, 4),
                {"ord": "fro"},
                "norm: ord: order fro over the whole array needs 1 or 2 dim",
            ),
            ((), {"ord": 2}, "norm: ord: order 2 over the whole array needs 1 or 2 dim"),
            ((3, 3), {"axis": (0, 0)}, "norm: axes 0 and 0 are the same axis"),
            ((3, 3), {"axis": (0, -2)}, "norm: axes 0 and -2 are the same axis"),
            ((3, 3), {"axis": ()}, "norm: axis: a norm is taken over one axis or two, got 0"),
            (
                (2, 3, 4),
                {"axis": (0, 1, 2)},
                "norm: axis: a norm is taken over one axis or two, got 3",
            ),
            ((3, 3), {"axis": 2}, "norm: axis 2 is out of range for an array of 2 dim"),
            ((3, 3), {"axis": -3}, "norm: axis -3 is out of range for an array of 2 dim"),
            ((3, 3), {"axis": (0, 5)}, "norm: axis 5 is out of range for an array of 2 dim"),
            ((), {"axis": 0}, "norm: axis 0 is out of range for an array of 0 dim"),
        ],
        ids=str,
    )
    def test_shapes_orders_and_axes_that_do_not_fit(self, shape, arguments, message):
        x = np.ones(shape)
        # The contract's cases are NumPy's own.
        with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
            np.linalg.norm(x, **arguments)
        with pytest.raises(ValueError, match=f"^{message}"):
            scirs2.norm(x, **arguments)

    def test_the_message_names_what_does_not_fit(self):
        with pytest.raises(ValueError, match="none such"):
            scirs2.norm(np.ones(3), "none such")
        with pytest.raises(ValueError, match="7"):
            scirs2.norm(np.ones((3, 3)), axis=7)
        with pytest.raises(ValueError, match="3"):
            scirs2.norm(np.ones((2, 3, 4)), 2)

    @pytest.mark.parametrize("axis", ["0", 0.5, [0], {0}, object()])
    def test_an_axis_of_another_type(self, axis):
        with pytest.raises(TypeError, match="axis"):
            scirs2.norm(np.ones((3, 3)), axis=axis)

    @pytest.mark.parametrize("order", [[1], object(), 1j, b"fro"])
    def test_an_order_of_another_type(self, order):
        with pytest.raises((TypeError, ValueError)):
            scirs2.norm(np.ones(3), order)

    @pytest.mark.parametrize(
        "x",
        [
            np.array([1, None], object),
            np.array([2**70, 1]),
            np.array(["a", "b"]),
            np.array([b"a"]),
            np.array(["2026-11-22"], "M8[D]"),
            np.array([1], "m8[s]"),
            np.zeros(2, [("x", "f4")]),
            np.zeros(2, "V8"),
            "a",
            None,
            {"a": 1},
            ["a", "b"],
        ],
        ids=repr,
    )
    def test_a_dtype_without_a_norm(self, x):
        with pytest.raises(TypeError):
            scirs2.norm(x)

    @pytest.mark.skipif(np.longdouble(0).itemsize == 8, reason="longdouble is float64 here")
    @pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
    def test_longdouble_is_not_narrowed_in_silence(self, dtype):
        with pytest.raises(TypeError, match=np.dtype(dtype).name):
            scirs2.norm(np.ones(2, dtype))

    def test_a_ragged_list(self):
        with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
            scirs2.norm([[1.0], [2.0, 3.0]])

    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("ord", SINGULAR)
    def test_the_error_names_the_matrix_of_the_batch(self, ord, keepdims):
        x = sample("float64", (5, 2, 4, 3))
        x[3, 1, 1, 2] = np.nan
        for view, axes in [(x, (2, 3)), (x.transpose(2, 0, 3, 1), (0, 2))]:
            with pytest.raises(scirs2.linalg.LinAlgError) as caught:
                scirs2.norm(view, ord, axes, keepdims)
            # Of the batch alone, whatever is kept of the matrix's own axes.
            assert caught.value.index == (3, 1)

    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("ord", SINGULAR)
    def test_a_single_matrix_is_no_batch(self, ord, keepdims):
        with pytest.raises(scirs2.linalg.LinAlgError, match="NaN") as caught:
            scirs2.norm([[1.0, np.nan], [0.0, 2.0]], ord, keepdims=keepdims)
        assert caught.value.index is None

    @pytest.mark.parametrize("ord", SINGULAR)
    def test_the_first_of_several_is_named(self, ord):
        x = sample("float64", (200, 4, 3))
        x[[150, 31, 90], 1, 1] = np.nan
        for _ in range(5):
            with pytest.raises(scirs2.linalg.LinAlgError) as caught:
                scirs2.norm(x, ord, (1, 2))
            assert caught.value.index == (31,)


class TestMemory:
    @pytest.mark.parametrize(
        "call",
        [
            *("norm(x)", "norm(x, 1, 0)", "norm(x, 1, 1)", "norm(x, np.inf, 0)", "norm(x, 0, 1)"),
            *("norm(x, 3, 0)", "norm(x, 3, 1)", "norm(x, None, 0)", "norm(x, None, 1)"),
            *("norm(x, 1)", "norm(x, np.inf)", "norm(x, 'fro')", "norm(x.T)", "norm(x[::2, ::2])"),
            *("norm(x.T[::-1], None, 0)", "norm(x.reshape(-1, 4, 4), 'nuc', (1, 2))"),
        ],
    )
    def test_no_temporary_as_large_as_the_input(self, call):
        # A twentieth of the input, for results and stacks.
        output = child.run(
            f"""
            import numpy as np
            from scirs2 import norm

            def peak():
                with open("/proc/self/status") as file:
                    line = next(line for line in file if line.startswith("VmHWM"))
                return int(line.split()[1]) * 1024

            x = np.ones((2000, 4000))
            # The first call starts the pool.
            norm(np.ones((64, 16, 16)), "nuc", (1, 2)); norm(np.ones(1_000_000))
            before = peak()
            {call}
            print((peak() - before) / x.nbytes)
            """
        )
        # Of so many small matrices the singular values are a quarter of the input, and the
        # norms a sixteenth.
        assert float(output) < 0.05 + (5 / 16 if "reshape" in call else 0)
