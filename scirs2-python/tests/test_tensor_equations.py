"""`scirs2.linalg.tensorsolve` and `tensorinv`, against their formulas and NumPy."""

import matrices
import numpy as np
import pytest
import torch
from scirs2 import linalg


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((2, 3, 6), (2, 3), None),
        ((6, 2, 3), (6,), ()),
        ((2, 3, 3, 2), (2, 3), (0, 2)),
        ((2, 3, 2, 3), (6, 1), (0,)),
        ((3, 6, 2), (6,), [0]),
        ((4, 4), (4,), (0,)),
        ((4, 4), (4,), np.array([1, 0])),
        ((2, 2, 4), (4,), (0, 0, 1)),
        ((1,), (), None),
        ((1,), (1,), None),
        ((0, 0), (0,), None),
    ],
)
def test_solutions_are_numpys(a, b, axes, dtype, layout):
    first, second = matrices.random(a, dtype), matrices.random(b, dtype, 1)
    lay = matrices.LAYOUTS[layout] if len(a) > 1 else np.asarray
    expected = np.linalg.tensorsolve(first, second, axes)
    x = linalg.tensorsolve(lay(first), second, axes=axes)
    assert (x.shape, x.dtype) == (expected.shape, expected.dtype)
    error = np.abs(x - expected).max(initial=0)
    assert error <= 1e4 * matrices.eps(dtype) * np.abs(expected).max(initial=0)


def test_the_equation_holds():
    a, b = matrices.random((2, 3, 3, 2)), matrices.random((2, 3), seed=1)
    x = linalg.tensorsolve(a, b)
    assert x.shape == (3, 2)
    assert matrices.backward_error(a.reshape(6, 6), x.reshape(6, 1), b.reshape(6, 1)) <= 7
    inverse = linalg.tensorinv(a)
    assert inverse.shape == (3, 2, 2, 3)
    assert matrices.backward_error(inverse.reshape(6, 6), a.reshape(6, 6), np.eye(6)) <= 7


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize(
    ("shape", "ind"), [((4, 6, 8, 3), 2), ((24, 8, 3), 1), ((2, 3, 6), 2), ((3, 3), 1), ((1,), 1)]
)
def test_inverses_are_numpys(shape, ind, dtype, layout):
    a = matrices.random(shape, dtype)
    lay = matrices.LAYOUTS[layout] if len(shape) > 1 else np.asarray
    x, expected = linalg.tensorinv(lay(a), ind), np.linalg.tensorinv(a, ind)
    assert (x.shape, x.dtype) == (expected.shape, expected.dtype)
    assert np.abs(x - expected).max() <= 1e4 * matrices.eps(dtype) * np.abs(expected).max()


@pytest.mark.parametrize(
    ("a", "b", "axes", "error", "message"),
    [
        ((2, 3, 5), (2, 3), None, linalg.LinAlgError, r"makes a 6 x 5 matrix"),
        ((2, 3, 2, 3), (6,), None, linalg.LinAlgError, r"makes a 2 x 18 matrix"),
        ((2, 2), (), None, linalg.LinAlgError, r"makes a 1 x 4 matrix"),
        ((2, 3, 6), (2, 2), None, ValueError, r"\(2, 2\) do not fit"),
        ((2, 3, 6), (2, 3), (7,), ValueError, "axis 7 is out of range"),
        ((2, 3, 6), (2, 3), (-1,), ValueError, "axis -1 is out of range"),
    ],
)
def test_what_does_not_fit_is_refused_as_numpy_does(a, b, axes, error, message):
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        np.linalg.tensorsolve(np.ones(a), np.ones(b), axes)
    with pytest.raises(error, match=f"tensorsolve: .*{message}"):
        linalg.tensorsolve(np.ones(a), np.ones(b), axes)


@pytest.mark.parametrize(
    ("ind", "error", "message"),
    [
        (0, ValueError, r"^tensorinv: ind must be at least 1, got 0$"),
        (-1, ValueError, r"^tensorinv: ind must be at least 1, got -1$"),
        (1, linalg.LinAlgError, r"^tensorinv: a: shape \(2, 3, 6\) makes a 2 x 18 matrix"),
        (3, linalg.LinAlgError, r"^tensorinv: a: shape \(2, 3, 6\) makes a 36 x 1 matrix"),
        (9, linalg.LinAlgError, r"^tensorinv: a: shape \(2, 3, 6\) makes a 36 x 1 matrix"),
        (1.5, TypeError, r"'float' object cannot be interpreted as an integer"),
    ],
)
def test_an_ind_that_does_not_fit_is_refused_as_numpy_does(ind, error, message):
    a = np.ones((2, 3, 6))
    with pytest.raises(np.linalg.LinAlgError if error is linalg.LinAlgError else error):
        np.linalg.tensorinv(a, ind)
    with pytest.raises(error, match=message):
        linalg.tensorinv(a, ind)


def test_what_is_singular_is_named():
    with pytest.raises(linalg.LinAlgError, match="tensorsolve: the matrix is singular: pivot 1 "):
        linalg.tensorsolve(np.ones((2, 2, 4)), np.ones((2, 2)))
    with pytest.raises(linalg.LinAlgError, match="tensorinv: the matrix is singular: pivot 1 "):
        linalg.tensorinv(np.ones((2, 2, 4)))


def test_other_dtypes_and_libraries():
    a, b = np.diag([1, 2, 4, 8]).reshape(2, 2, 4), np.array([[1, 2], [4, 8]])
    assert linalg.tensorsolve(a.tolist(), b.tolist()).tolist() == [1, 1, 1, 1]
    half = linalg.tensorsolve(a.astype("float16"), b.astype("float16"))
    assert half.dtype == "float16"
    x = linalg.tensorsolve(torch.tensor(a).bfloat16(), torch.tensor(b).bfloat16())
    assert x.dtype == torch.bfloat16
    assert x.tolist() == [1, 1, 1, 1]
    inverse = linalg.tensorinv(torch.tensor(a))
    assert (inverse.shape, inverse.dtype) == ((4, 2, 2), torch.float64)
