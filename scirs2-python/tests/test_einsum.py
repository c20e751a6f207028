"""`scirs2.einsum`: NumPy's subscripts, exact on integers, any library."""

import functools
import itertools

import jax.numpy as jnp
import matrices
import ml_dtypes
import numpy as np
import pytest
import scirs2
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_matmul import ALL, INTEGERS, whole

CASES = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ji,jk->ki", (3, 2), (3, 4)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bij,bjk->kbi", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (5, 1, 2, 3), (6, 3, 4)),
    ("...ij,jk", (5, 2, 3), (3, 4)),
    ("i...,i...->...", (3, 4), (3, 2, 4)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ji", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->j", (3, 3, 2)),
    ("iji->ij", (3, 2, 3)),
    ("iiii->i", (2, 2, 2, 2)),
    ("ij...->...", (2, 3, 4)),
    ("...", (2, 3)),
    ("i,i", (4,), (4,)),
    ("i,j", (3,), (4,)),
    ("i,j->ji", (3,), (4,)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij,ij->j", (2, 3), (2, 3)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("ijk,ikj->i", (2, 3, 4), (2, 4, 3)),
    ("ij,j->ij", (2, 3), (3,)),
    ("ij,kl->il", (2, 3), (4, 5)),
    ("ijkl,lkm->mji", (2, 3, 4, 5), (5, 4, 6)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("ij,jk,kl,lm", (2, 3), (3, 4), (4, 5), (5, 2)),
    ("a,b,c->abc", (2,), (3,), (4,)),
    ("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)),
    ("ii,ij,jj->", (3, 3), (3, 3), (3, 3)),
    (",ij->ij", (), (2, 3)),
    (",", (), ()),
    ("", ()),
    ("ij,jk->ik", (2, 0), (0, 3)),
    ("ij,jk->ik", (0, 2), (2, 3)),
    ("ij,ij->ij", (1, 3), (2, 3)),
    ("ij,jk->ik", (2, 1), (3, 4)),
    ("ij,ij->", (2, 1), (2, 3)),
    ("ij,ij->j", (1, 3), (1, 3)),
    ("ij,ik,il->ijl", (1, 2), (3, 4), (3, 5)),
    ("B a , a C -> C B", (2, 3), (3, 4)),
    ("ba", (2, 3)),
]


def operands(shapes, dtype):
    for seed, shape in enumerate(shapes):
        if np.dtype(dtype).kind in "biu":
            yield whole(shape, dtype, seed)
        else:
            yield matrices.random(shape, dtype, seed)


def agrees(result, expected, bound):
    assert type(result) is type(expected)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    if expected.dtype.kind in "biu":
        assert np.array_equal(result, expected)
    else:
        assert np.all(np.abs(result - expected) <= bound * matrices.eps(expected.dtype))


@pytest.mark.parametrize("optimize", [True, False, "greedy", "optimal"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("dtype", [*matrices.FLOATS, "int8", "uint64", "bool"])
def test_it_is_numpys(dtype, case, optimize):
    subscripts, *shapes = case
    arrays = list(operands(shapes, dtype))
    expected = np.einsum(subscripts, *arrays)
    moduli = np.einsum(subscripts, *(np.abs(matrices.wide(array)) for array in arrays))
    count = sum(array.size for array in arrays) + 1
    result = scirs2.einsum(subscripts, *arrays, optimize=optimize)
    agrees(result, expected, 4 * 2 * count * moduli)
    laid = [
        np.asfortranarray(array[..., ::-1])[..., ::-1] if array.ndim else array for array in arrays
    ]
    agrees(scirs2.einsum(subscripts, *laid), expected, 4 * 2 * count * moduli)


def test_lists_of_integers_name_axes_too():
    a, b = whole((2, 3), "int64"), whole((3, 4), "int64", 1)
    assert np.array_equal(scirs2.einsum(a, [0, 1], b, [1, 2], [2, 0]), (a @ b).T)
    assert np.array_equal(scirs2.einsum(a, [0, 1], b, [1, 2]), a @ b)
    assert np.array_equal(scirs2.einsum(a, [..., 1], b, [1, 2], [..., 2]), a @ b)
    assert scirs2.einsum(a, [0, 1], []) == a.sum()
    assert np.array_equal(scirs2.einsum(a, [7, 3]), a.T)


def test_paths_of_the_callers():
    a, b, c = (whole((3, 3), "int32", seed) for seed in range(3))
    expected = a @ b @ c
    numpys = np.einsum_path("ij,jk,kl", a, b, c)[0]
    for optimize in (
        [(0, 1), (0, 1)],
        [(1, 2), (0, 1)],
        [(0, 1, 2)],
        numpys,
        ("greedy", 100),
        None,
    ):
        assert np.array_equal(scirs2.einsum("ij,jk,kl", a, b, c, optimize=optimize), expected)


@pytest.mark.parametrize("layout", ["C order", "Fortran order", "strided", "reversed"])
@pytest.mark.parametrize("subscripts", ["ij,jk->ik", "ij,jk->ki", "ij,ij->ij", "ij,kl->li"])
def test_out(subscripts, layout):
    a, b = whole((4, 4), "int64"), whole((4, 4), "int64", 1)
    out = matrices.LAYOUTS[layout](np.zeros((4, 4), "int64"))
    assert scirs2.einsum(subscripts, a, b, out=out) is out
    assert np.array_equal(out, np.einsum(subscripts, a, b))


@pytest.mark.parametrize("dtype", ALL)
def test_dtypes_are_numpys(dtype):
    a, b = np.ones((2, 2), dtype), np.ones((2, 2), "int16")
    for second in (a, b):
        result, expected = scirs2.einsum("ij,jk", a, second), np.einsum("ij,jk", a, second)
        assert result.dtype == expected.dtype
        assert np.array_equal(result, expected)


def test_every_library_gets_its_own():
    a = torch.tensor([[1, 2], [3, 4]], dtype=torch.int8)
    result = scirs2.einsum("ij,jk,kl->il", a, a, a)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == torch.int8
    assert torch.equal(result, a @ a @ a)
    assert torch.equal(scirs2.einsum("ij,kj", a, a.T), a @ a)
    assert scirs2.einsum("ij->", a).item() == 10
    j = jnp.ones((2, 2))
    assert isinstance(scirs2.einsum("ij,jk", j, j), type(j))
    half = np.ones((2, 300), ml_dtypes.bfloat16)
    assert scirs2.einsum("ij,kj->ik", half, half).dtype == ml_dtypes.bfloat16
    assert scirs2.einsum("ij,kj->ik", half, half)[0, 0] == 300
    with pytest.raises(
        TypeError, match=r"einsum: operands\[0\] comes from PyTorch and operands\[1\] from NumPy"
    ):
        scirs2.einsum("ij,jk", a, np.eye(2))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk", [(2, 3), (4, 5)], "'j' has the lengths 3 and 4"),
        ("ij", [(2, 3, 4)], "array 0 has 3 dimensions and 2 letters"),
        ("ij,jk", [(2, 3)], "2 terms for 1 arrays"),
        ("ij", [(2, 3), (3, 4)], "1 terms for 2 arrays"),
        ("ij->ijk", [(2, 3)], "'k' is in the result and in no array"),
        ("ij->ii", [(2, 3)], "the result repeats 'i'"),
        ("ii", [(2, 3)], "'i' has the lengths 2 and 3"),
        ("i1", [(2, 3)], "'1' is no letter"),
        ("i-j", [(2, 3)], "'-' is no letter"),
        # Ellipses and paths are opt_einsum's, and so are its words.
        ("i..j", [(2, 3)], r"Invalid Ellipses\."),
        ("...ijk", [(2, 3)], r"Ellipses lengths do not match\."),
        ("ij,jk,kl->il", [(2, 3), (4, 5), (5, 6)], r"'j' for operand 1 \(3\) .* \(4\)"),
        ("ij->j->i", [(2, 3)], "'-' is no letter"),
        ("ij", [], "expected subscripts and at least one array"),
    ],
)
def test_what_numpy_refuses_is_refused(subscripts, shapes, message):
    arrays = [np.ones(shape) for shape in shapes]
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        np.einsum(subscripts, *arrays)
    with pytest.raises(ValueError, match=message):
        scirs2.einsum(subscripts, *arrays)


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"""einsum: subscripts "ij,jk": 'j' .* 3 and 4"""):
        scirs2.einsum("ij,jk", np.ones((2, 3)), np.ones((4, 5)))
    with pytest.raises(ValueError, match="path"):
        scirs2.einsum("i,i,i", *np.ones((3, 2)), optimize=[(0, 7)])


@pytest.mark.parametrize("first", [3, None, np.ones((2, 2)), 1.5])
def test_what_is_no_subscripts_is_named(first):
    with pytest.raises(TypeError, match=r"einsum: expected subscripts, as a str .*ndarray"):
        scirs2.einsum(first, np.ones((2, 2)))


def test_subscripts_of_any_integers():
    a = whole((2, 3), "int64")
    assert np.array_equal(scirs2.einsum(a, np.array([1, 0])), a.T)
    assert np.array_equal(scirs2.einsum(a, (np.int8(1), ...)), np.einsum(a, [1, ...]))


DTYPES = ["bool", *INTEGERS, "float16", ml_dtypes.bfloat16, "float32", "float64", "complex64"]


def common(dtypes):
    """NumPy's dtype for all of them; ml_dtypes has one only for pairs."""
    try:
        return np.result_type(*dtypes)
    except TypeError:
        return functools.reduce(np.promote_types, dtypes)


def test_the_dtype_of_three_is_that_of_all_at_once():
    ones = [np.ones((1, 1), dtype) for dtype in [*DTYPES, "complex128"]]
    assert common([np.dtype("uint16"), np.dtype("int16"), np.dtype("float32")]) == "float32"
    refused = 0
    for three in itertools.product(ones, repeat=3):
        try:
            expected = common([one.dtype for one in three])
        except TypeError:
            refused += 1
            with pytest.raises(TypeError, match="no common dtype"):
                scirs2.einsum("ij,jk,kl", *three)
            continue
        assert scirs2.einsum("ij,jk,kl", *three).dtype == expected, three
        assert scirs2.linalg.multi_dot(three).dtype == expected, three
    assert refused < 350


@given(st.data())
def test_any_subscripts(data):
    lengths = {letter: data.draw(st.integers(0, 3)) for letter in "abcde"}
    terms = data.draw(st.lists(st.text("abcde", max_size=4), min_size=1, max_size=4))
    letters = sorted(set("".join(terms)))
    result = data.draw(st.permutations(letters))[: data.draw(st.integers(0, len(letters)))]
    dtype = data.draw(st.sampled_from([*INTEGERS, "bool"]))
    shapes = [[lengths[letter] for letter in term] for term in terms]
    arrays = list(operands(shapes, dtype))
    subscripts = ",".join(terms) + data.draw(st.sampled_from(["", "->" + "".join(result)]))
    expected = np.einsum(subscripts, *arrays)
    assert np.array_equal(scirs2.einsum(subscripts, *arrays), expected)
