"""`scirs2.linalg.matvec` and `vecmat`, against their definition and NumPy from 2.2 on."""

import inspect

import jax
import matrices
import ml_dtypes
import numpy as np
import pytest
import scirs2
import torch
from hypothesis import given
from hypothesis import strategies as st
from scirs2 import linalg
from test_matmul import ALL, INTEGERS
from test_products import draw

NAMES = ["matvec", "vecmat"]
EXACT = [*INTEGERS, "bool"]
DEFINITIONS = {
    "matvec": lambda a, x: np.matmul(a, x[..., None])[..., 0],
    "vecmat": lambda x, a: np.matmul(x.conj()[..., None, :], a)[..., 0, :],
}


def reference(name):
    """NumPy's function, or in an older NumPy the definition."""
    return getattr(np, name, DEFINITIONS[name])


def operands(name, matrix, vector, dtype="float64"):
    """In the order of the function; the matrices of `vecmat` are the transposed ones."""
    a, x = draw(matrix, dtype), draw(vector, dtype, 1)
    return (a, x) if name == "matvec" else (x, a.swapaxes(-1, -2))


def agrees(name, result, *operands):
    """Exact on integers, else as accurate as any order of summation is."""
    expected = reference(name)(*operands)
    assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind in "biu":
        assert np.array_equal(result, expected)
        return
    wide = list(map(matrices.wide, operands))
    exact, size = DEFINITIONS[name](*wide), DEFINITIONS[name](*map(np.abs, wide))
    terms = operands[name == "matvec"].shape[-1]
    assert np.all(np.abs(result - exact) <= 4 * (terms + 1) * matrices.eps(result.dtype) * size)


SHAPES = [
    ((3, 4), (4,)),
    ((3, 4), (1, 4)),
    ((3, 4), (5, 4)),
    ((3, 4), (2, 5, 4)),
    ((5, 3, 4), (4,)),
    ((5, 3, 4), (5, 4)),
    ((1, 3, 4), (5, 4)),
    ((2, 1, 3, 4), (5, 4)),
    ((2, 5, 3, 4), (2, 5, 4)),
    ((5, 3, 4), (2, 1, 4)),
    ((0, 3, 4), (1, 4)),
    ((0, 4), (2, 4)),
    ((3, 0), (2, 0)),
    ((2, 3, 0), (0,)),
    ((1, 1), (1,)),
    ((70, 90), (3, 90)),
    ((3, 70, 90), (3, 90)),
]


@pytest.mark.parametrize(("matrix", "vector"), SHAPES)
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, *EXACT])
@pytest.mark.parametrize("name", NAMES)
def test_is_numpys(name, dtype, matrix, vector):
    x1, x2 = operands(name, matrix, vector, dtype)
    agrees(name, getattr(linalg, name)(x1, x2), x1, x2)


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
@pytest.mark.parametrize("batch", matrices.BATCHES)
@pytest.mark.parametrize("dtype", ["float32", "complex128", "int16", "bool"])
@pytest.mark.parametrize("name", NAMES)
def test_layouts_and_memory_for_the_result(name, dtype, batch, layout):
    lay = matrices.LAYOUTS[layout]
    x1, x2 = operands(name, (*batch, 3, 4), (*batch[1:], 4), dtype)
    function = getattr(linalg, name)
    laid = [lay(x) if x.ndim > 1 else x for x in (x1, x2)]
    result = function(*laid)
    agrees(name, result, x1, x2)
    out = np.zeros((*result.shape, 2), dtype)[..., 1]
    assert function(*laid, out=out) is out
    assert np.array_equal(out, result)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_vecmat_conjugates_its_vectors_and_matvec_nothing(dtype):
    a, x = np.array([[1, 2j], [3, 4]], dtype), np.array([1j, 1], dtype)
    assert np.array_equal(linalg.vecmat(x, a), [3 - 1j, 6])
    assert np.array_equal(linalg.matvec(a, x), [3j, 4 + 3j])
    before = x.copy()
    linalg.vecmat(x, a)
    assert np.array_equal(x, before)


@pytest.mark.parametrize("name", NAMES)
def test_out_may_be_an_operand(name):
    x1, x2 = operands(name, (5, 4, 4), (5, 4), "complex128")
    expected = getattr(linalg, name)(x1, x2)
    out = x2 if name == "matvec" else x1
    assert getattr(linalg, name)(x1, x2, out=out) is out
    assert np.array_equal(out, expected)
    with pytest.raises(ValueError, match=rf"{name}: out: expected complex128 of shape \(5, 4\)"):
        getattr(linalg, name)(x1, x2, out=np.zeros((5, 4)))


@pytest.mark.parametrize("first", ALL)
@pytest.mark.parametrize("second", ["bool", "int8", "uint64", "float16", "complex64"])
@pytest.mark.parametrize("name", NAMES)
def test_dtypes_are_numpys(name, first, second):
    x1, x2 = np.arange(4).reshape(2, 2).astype(first), np.array([[1, 2], [3, 0]], second)
    result, expected = getattr(linalg, name)(x1, x2), reference(name)(x1, x2)
    assert result.dtype == expected.dtype
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("name", NAMES)
def test_other_libraries_and_lists(name):
    function, expected = getattr(linalg, name), [[12, 34], [2, 4]]
    if name == "vecmat":
        expected = [[13, 24], [3, 4]]
    matrix, vectors = [[1, 2], [3, 4]], [[10, 1], [0, 1]]
    order = 1 if name == "matvec" else -1
    assert np.array_equal(function(*[matrix, vectors][::order]), expected)
    for make, kind in [
        (torch.tensor, torch.Tensor),
        (lambda x: torch.tensor(x).bfloat16(), torch.Tensor),
        (jax.numpy.array, jax.Array),
        (lambda x: np.array(x, ml_dtypes.bfloat16), np.ndarray),
        (lambda x: np.array(x).view(np.matrix), np.matrix),
    ]:
        made = [make(matrix), make(vectors)][::order]
        result = function(*made)
        assert type(result) is type(made[0]) or isinstance(result, kind)
        assert result.dtype == made[0].dtype
        assert result.tolist() == expected
    with pytest.raises(TypeError, match=rf"{name}: x1 comes from PyTorch and x2 from NumPy"):
        function(torch.eye(2), np.eye(2))


@pytest.mark.parametrize(
    ("matrix", "vector", "told"),
    [
        ((3,), (3,), r"has shape \(3,\); it needs at least 2 dim"),
        ((3, 3), (), r"has shape \(\); it needs at least 1 dim"),
        ((3, 4), (3,), r"shapes .*\(3,\).* do not fit: a vector must have as many elements"),
        ((3, 4), (1,), "a vector must have as many elements"),
        ((2, 3, 4), (3, 4), "do not broadcast"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_shapes_that_numpy_refuses_are_refused(name, matrix, vector, told):
    a, x = np.ones(matrix), np.ones(vector)
    x1, x2 = (a, x) if name == "matvec" else (x, a.swapaxes(-1, -2) if a.ndim > 1 else a)
    if hasattr(np, name):
        with pytest.raises(ValueError, match="operand"):
            getattr(np, name)(x1, x2)
    with pytest.raises(ValueError, match=rf"{name}: .*{told}"):
        getattr(linalg, name)(x1, x2)


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_common_dtype_is_told(name):
    with pytest.raises(TypeError, match=rf"{name}: x1: "):
        getattr(linalg, name)(np.array([["a"]]), np.eye(1))


@pytest.mark.parametrize("name", NAMES)
def test_the_top_level_has_it(name):
    assert getattr(scirs2, name) is getattr(linalg, name)
    assert str(inspect.signature(getattr(linalg, name))) == "(x1, x2, /, *, out=None)"


@given(st.data())
def test_any_batch_of_any_dtype(data):
    name = data.draw(st.sampled_from(NAMES))
    m, n = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
    batch = data.draw(st.lists(st.integers(0, 3), max_size=3))
    dtype = data.draw(st.sampled_from(EXACT))

    def part(core):
        own = [data.draw(st.sampled_from([1, length])) for length in batch]
        return (*own[data.draw(st.integers(0, len(batch))) :], *core)

    x1, x2 = operands(name, part((m, n)), part((n,)), dtype)
    agrees(name, getattr(linalg, name)(x1, x2), x1, x2)
