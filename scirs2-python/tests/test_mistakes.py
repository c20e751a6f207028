"""What people get wrong: each call, the exception that it raises, and what that must say.

A row is the call as its author writes it. The words must all be in the message or in a note of
the exception: the function, the argument, and the cure.
"""

import pickle

import child
import dask.array
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
import scirs2
import torch
from scirs2 import _hints, linalg
from torch._subclasses.fake_tensor import FakeTensorMode

A = np.eye(3)
S = np.stack([np.eye(3)] * 5)
V = np.ones((5, 3))
T = torch.eye(3)
G = torch.eye(3, requires_grad=True)
J = jnp.eye(3, dtype="float32")
NAN = np.array([[np.nan, 1.0], [0.0, 1.0]])
NESTED = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(3, 3)], layout=torch.jagged)


def quantized():
    return torch.quantize_per_tensor(T, 0.1, 0, torch.quint8)


def fake():
    with FakeTensorMode():
        return torch.eye(3)


# What a row may name.
NAMES = {
    "A": A,
    "G": G,
    "S": S,
    "V": V,
    "T": T,
    "J": J,
    "NAN": NAN,
    "NESTED": NESTED,
    "dask": dask,
    "jax": jax,
    "np": np,
    "scipy": scipy,
    "torch": torch,
    "fake": fake,
    "linalg": linalg,
    "quantized": quantized,
    "scirs2": scirs2,
}

COLUMN = "pass b[..., None]"
GENERALIZED = "pass b by keyword: eigh(a, b=b)"

SHAPES = [
    ("linalg.solve(S, V)", ValueError, f"solve: a and b of shapes (5, 3, 3) and (5, 3)|{COLUMN}"),
    ("linalg.cho_solve(linalg.cho_factor(S), V)", ValueError, f"cho_solve: c and b|{COLUMN}"),
    ("linalg.lu_solve(linalg.lu_factor(S), V)", ValueError, f"lu_solve: lu and b|{COLUMN}"),
    ("linalg.solve_triangular(S, V)", ValueError, f"solve_triangular: a and b|{COLUMN}"),
    ("linalg.lstsq(S, V)", linalg.LinAlgError, f"lstsq: a and b|{COLUMN}"),
    ("linalg.solve(A, V)", ValueError, "solve: a and b|columns|linalg.matrix_transpose(b)"),
    ("linalg.solve(A, np.ones(4))", ValueError, "solve: a and b|(4,)|as many rows"),
    ("linalg.solve(S, S[:4])", ValueError, "solve: a and b|(5,) and (4,)|broadcast"),
    ("linalg.inv(A[:2])", linalg.LinAlgError, "inv: a: |equal|2 x 3"),
    ("linalg.cholesky(A[:2])", linalg.LinAlgError, "cholesky: a: |equal"),
    ("linalg.det(A[0])", linalg.LinAlgError, "det: a has shape (3,)|2 dimension"),
    ("linalg.svd(A[0])", linalg.LinAlgError, "svd: a has shape (3,)"),
    ("linalg.cond(A[0])", linalg.LinAlgError, "cond: x has shape (3,)"),
    ("linalg.cond(A[:0, :0])", linalg.LinAlgError, "cond: x: shape (0, 0)|condition number"),
    ("linalg.diagonal(A[0])", ValueError, "diagonal: x has shape (3,)|2 dimension"),
    ("linalg.trace(np.ones(3, 'i2'))", ValueError, "trace: x has shape (3,)"),
    ("linalg.matrix_transpose(A[0])", ValueError, "matrix_transpose: x has shape (3,)"),
    ("linalg.matmul(A, A[:2])", ValueError, "matmul: x1 and x2 of shapes (3, 3) and (2, 3)"),
    ("linalg.matmul(S, V)", ValueError, "matmul: x1 and x2|columns|matvec"),
    ("linalg.matvec(S, V[..., None])", ValueError, "matvec: x1 and x2|x2[..., 0]|matmul"),
    ("linalg.matmul(A, 3)", linalg.LinAlgError, "matmul: x2 has shape ()"),
    ("linalg.multi_dot([A, A, A[:2]])", ValueError, "multi_dot: arrays[1] and arrays[2]"),
    ("linalg.multi_dot([A])", ValueError, "multi_dot|2 arrays"),
    ("linalg.outer(A, A)", ValueError, "outer: x1|(3, 3)|ravel"),
    ("linalg.vecdot(A, A[:, :2])", ValueError, "vecdot: x1 and x2|same length"),
    ("linalg.cross(A, A[:, :2])", ValueError, "cross: x1 and x2|3 elements"),
    ("linalg.tensordot(A, A[:2], axes=1)", ValueError, "tensordot: a and b|same length"),
    ("linalg.tensorinv(A[:2], ind=1)", linalg.LinAlgError, "tensorinv: a: |2 x 3|square"),
    ("linalg.tensorsolve(A, np.ones(2))", ValueError, "tensorsolve: a and b|elements"),
    ("scirs2.einsum('ij,jk', A)", ValueError, "einsum: subscripts|2 terms for 1 arrays"),
    ("scirs2.einsum('...i,...i', A, A, A)", ValueError, "einsum: subscripts|2|3"),
    ("linalg.inv(S, out=A)", ValueError, "inv: out: |(5, 3, 3)|(3, 3)"),
]

OPTIONS = [
    ("linalg.norm(A, 'max')", ValueError, 'norm: ord: "max"|"nuc"'),
    ("linalg.norm(A, [1])", TypeError, "norm: ord: |list"),
    ("linalg.norm(A, 3)", ValueError, "norm: ord: order 3|matrices|nuc"),
    ("linalg.norm(A[0], 'fro')", ValueError, "norm: ord: order fro|vectors"),
    ("linalg.norm(S, 1)", ValueError, "norm: ord: |3|axis"),
    ("linalg.norm(A, axis=5)", IndexError, "norm: axis 5|2 dimension"),
    ("linalg.norm(A, axis=1 << 80)", IndexError, "norm: axis 12089"),
    ("linalg.norm(A, axis='x')", TypeError, "norm: axis: |str"),
    ("linalg.norm(A, axis=(0, 1.5))", TypeError, "norm: axis: |float"),
    ("linalg.norm(A, axis=(0, 1, 2))", ValueError, "norm: axis: |two|got 3"),
    ("linalg.norm(A, ord=10**400)", OverflowError, "norm: ord: "),
    ("linalg.norm(A, keepdims='no')", TypeError, "norm: keepdims: |True or False|str"),
    ("linalg.matrix_norm(A, ord='max')", ValueError, 'matrix_norm: ord: "max"'),
    ("linalg.vector_norm(A, axis=('x',))", TypeError, "vector_norm: axis: |str"),
    ("linalg.cond(A, 'max')", ValueError, 'cond: p: "max"'),
    ("linalg.cond(A, 3)", ValueError, "cond: p: order 3"),
    ("linalg.eigh(A, A)", TypeError, f"eigh: UPLO: |{GENERALIZED}"),
    ("linalg.eigh(A, UPLO='x')", ValueError, "eigh: UPLO: |'L' or 'U'"),
    ("linalg.eig(A, A)", TypeError, "eig()|scirs2.scipy.linalg.eig has it"),
    ("linalg.qr(A, 'economic')", ValueError, "qr: mode: |'reduced' (SciPy's 'economic')"),
    ("linalg.qr(A, mode=3)", TypeError, "qr: mode: |int"),
    ("linalg.svd(A, 'no')", TypeError, "svd: full_matrices: |True or False"),
    ("linalg.lstsq(A, A, 'gels')", TypeError, "lstsq: rcond: |real number"),
    ("linalg.solve_triangular(A, A, 5)", ValueError, "solve_triangular: trans: |'N'|got 5"),
    ("linalg.cho_solve(A, A)", ValueError, "cho_solve: c_and_lower: |(c, lower)"),
    ("linalg.cho_solve(A[:2, :2], A[:2])", ValueError, "cho_solve: lower: |(c, lower)"),
    ("linalg.cho_solve((A, 'x'), A)", TypeError, "cho_solve: lower: |True or False"),
    ("linalg.lu_solve(A, A)", ValueError, "lu_solve: lu_and_piv: |(lu, piv)"),
    ("linalg.lu_solve((A, A), A)", TypeError, "lu_solve: piv: |integers|float64"),
    ("linalg.matrix_power(A, 1.5)", TypeError, "matrix_power: n: |integer|float"),
    ("linalg.matrix_rank(A, tol=1j)", TypeError, "matrix_rank: tol: |real"),
    ("linalg.pinv(A, rcond='x')", TypeError, "pinv: rcond: "),
    ("linalg.multi_dot(5)", TypeError, "multi_dot: arrays: |int"),
    ("linalg.tensorsolve(A, A[0], axes=5)", TypeError, "tensorsolve: axes: |int"),
    ("linalg.trace(A, dtype='nope')", TypeError, "trace: dtype: |nope"),
    ("linalg.diagonal(A, offset='x')", TypeError, "diagonal: offset: |str"),
    (
        "scirs2.einsum('ij,jk,kl', A, A, A, optimize='x')",
        ValueError,
        "einsum: optimize: |greedy",
    ),
    ("linalg.inv(A, on_failure='skip')", ValueError, 'inv: on_failure: |"nan"'),
    ("linalg.inv(A, on_failure=None)", TypeError, 'inv: on_failure: |"raise" or "nan"'),
    ("linalg.det(A, on_failure='nan')", TypeError, "det()|leave it out"),
    ("scirs2.num_threads('all')", TypeError, "number of threads|integer"),
]

OPERANDS = [
    ("linalg.inv(None)", TypeError, "inv: a: |None"),
    ("linalg.inv('text')", TypeError, "inv: a: |str"),
    ("linalg.norm({'x': 3.0})", TypeError, "norm: x: |dict|list(x.values())"),
    ("linalg.inv([[1, 2], [3]])", ValueError, "inv: a: |lengths differ"),
    ("linalg.solve(A, [[1, 2], [3]])", ValueError, "solve: b: |lengths differ"),
    ("linalg.inv(A.astype(object))", TypeError, 'inv: a: |object|x.astype("float64")'),
    ("linalg.inv(scipy.sparse.eye_array(3))", TypeError, "inv: a: |x.toarray()"),
    ("linalg.solve(T, np.ones(3))", TypeError, "solve: |b from NumPy|torch.asarray(b)"),
    ("linalg.solve(J, np.ones(3))", TypeError, "solve: |b from NumPy|jax.numpy.asarray(b)"),
    ("linalg.solve(A, J)", TypeError, "solve: a comes from NumPy|jax.numpy.asarray(a)"),
    ("linalg.solve(T, J)", TypeError, "solve: |b from JAX|torch.from_dlpack(b)"),
    ("linalg.solve(J, T)", TypeError, "solve: |b from PyTorch|jax.dlpack.from_dlpack(b)"),
    ("linalg.lu_solve((T, np.arange(3)), T)", TypeError, "lu_solve: piv|torch.asarray(piv)"),
    ("linalg.inv(A, out=T)", TypeError, "inv: out comes from PyTorch|NumPy"),
    ("linalg.inv(T, out=T.to_sparse())", BufferError, "inv: out: |out.to_dense()"),
    ("linalg.inv(dask.delayed(A))", TypeError, "inv: a: |x.compute()"),
    ("linalg.solve(T, dask.array.ones(3))", TypeError, "solve: a: |scirs2.from_dlpack(a)"),
    ("jax.jit(scirs2.from_dlpack)(J)", TypeError, "from_dlpack: x: |traced|outside"),
    ("linalg.inv(T.to_sparse())", BufferError, "inv: a: |torch.sparse_coo|a.to_dense()"),
    ("linalg.solve(T, T.to_sparse_csr())", BufferError, "solve: b: |b.to_dense()"),
    ("scirs2.from_dlpack(T.to_sparse())", BufferError, "from_dlpack: x: |x.to_dense()"),
    ("linalg.inv(quantized())", BufferError, "inv: a: |quantized|a.dequantize()"),
    ("linalg.inv(NESTED)", BufferError, "inv: a: |nested|a.to_padded_tensor(0.0)"),
    ("linalg.inv(T.to('meta'))", BufferError, 'inv: a: |meta|"cpu"'),
    ("linalg.multi_dot([T, T.to('meta')])", BufferError, "multi_dot: arrays[1]: |meta"),
    ("scirs2.from_dlpack([1.0])", AttributeError, "list|numpy.asarray(x)"),
    ("scirs2.to_dlpack([1.0])", TypeError, "array: |list|numpy.ndarray"),
]

# What gradients and transforms of PyTorch cannot have.
TRACED_BY_TORCH = [
    ("linalg.inv(G, out=T)", NotImplementedError, "inv: out=|x.detach()"),
    ("linalg.inv(G, on_failure='nan')", NotImplementedError, 'inv: on_failure="nan"|x.detach()'),
    ("linalg.inv(G, on_failure='skip')", ValueError, 'inv: on_failure: |"nan"'),
    ("linalg.trace(G, on_failure='raise')", TypeError, "trace()|on_failure"),
    ("linalg.qr(G, 'raw')", NotImplementedError, 'qr: |mode="raw"|mode="reduced"'),
    ("linalg.solve(G, V)", TypeError, "solve: |a comes from PyTorch|torch.asarray(b)"),
    ("linalg.solve(G, T.to_sparse())", BufferError, "solve: b: |b.to_dense()"),
    ("linalg.inv(G, A=G)", TypeError, "inv()|first argument, a"),
    ("linalg.norm(G, dim=1)", TypeError, "norm()|it is axis here"),
    ("linalg.inv(0 * G)", linalg.LinAlgError, "inv: the matrix is singular: pivot 0|pinv"),
    ("scirs2.from_dlpack(G)", BufferError, "requires grad|x.detach()|torch.no_grad()"),
    ("torch.func.vmap(scirs2.from_dlpack)(T[None])", BufferError, "from_dlpack: x: |vmap|outside"),
    ("torch.func.grad(scirs2.from_dlpack)(T)", BufferError, "from_dlpack: x: |torch.func|outside"),
    (
        "torch.func.functionalize(scirs2.from_dlpack)(T)",
        BufferError,
        "from_dlpack: x: |functionalize|outside",
    ),
    ("scirs2.from_dlpack(fake())", BufferError, "from_dlpack: x: |FakeTensor|outside"),
    (
        "torch.vmap(lambda x: linalg.inv(T, out=x))(T[None])",
        BufferError,
        "inv: out: |vmap|leave it out",
    ),
    (
        "torch.func.jacfwd(torch.func.jacfwd(linalg.det))(T)",
        NotImplementedError,
        "det: |#197867|jacfwd(jacrev(f))",
    ),
]

MATRICES = [
    ("linalg.inv(0 * A)", linalg.LinAlgError, "inv: the matrix is singular: pivot 0|pinv"),
    (
        "linalg.inv(S * [[[0.0]], *[[[1.0]]] * 4])",
        linalg.LinAlgError,
        'inv: matrix 0 of the batch|on_failure="nan"',
    ),
    ("linalg.cholesky(-A)", linalg.LinAlgError, "cholesky: |leading minor of order 1|eigvalsh|lu"),
    ("linalg.svd(NAN)", linalg.LinAlgError, "svd: |NaN|remove it"),
    ("linalg.lu_solve((A, [0, 1, 9]), A)", linalg.LinAlgError, "lu_solve: |row 9|pivot 2"),
]

SPELLINGS = [
    ("linalg.norm(A, dim=1)", TypeError, "norm()|'dim'|it is axis here"),
    ("linalg.norm(A, p=2)", TypeError, "norm()|'p'|it is ord here"),
    ("linalg.norm(A, keepdim=True)", TypeError, "norm()|it is keepdims here"),
    ("linalg.vector_norm(A, dim=1)", TypeError, "vector_norm()|it is axis here"),
    ("linalg.matrix_norm(A, dim=(0, 1))", TypeError, "matrix_norm()|scirs2.norm"),
    ("linalg.matrix_norm(A, 'fro')", TypeError, "matrix_norm()|signature|ord='fro'"),
    ("linalg.vecdot(A, A, dim=0)", TypeError, "vecdot()|it is axis here"),
    ("linalg.tensordot(A, A, dims=1)", TypeError, "tensordot()|it is axes here"),
    ("linalg.diagonal(A, dim1=0, dim2=1)", TypeError, "diagonal()|last two axes|moveaxis"),
    ("linalg.inv(A=A)", TypeError, "inv()|first argument, a"),
    ("linalg.inv(input=A)", TypeError, "inv()|first argument, a"),
    ("linalg.matrix_rank(a=A)", TypeError, "matrix_rank()|first argument, A"),
    ("linalg.solve(A, B=A)", TypeError, "solve()|second argument, b"),
    ("linalg.solve(A, A, left=False)", TypeError, "solve()|solve(a.mT, b.mT).mT"),
    ("linalg.solve(A, A, assume_a='pos')", TypeError, "solve()|cho_solve(cho_factor(a), b)"),
    ("linalg.solve(A)", TypeError, "solve()|'b'|solve(a, b,"),
    ("linalg.inv(A, A, A)", TypeError, "inv()|signature|inv(a, *"),
    ("linalg.inv(A, check_finite=False)", TypeError, "inv()|leave it out|NaN"),
    ("linalg.inv(A, overwrite_a=True)", TypeError, "inv()|leave it out|never overwritten"),
    ("linalg.inv(A, check_errors=False)", TypeError, 'inv()|on_failure="nan"'),
    ("linalg.cholesky(A, lower=True)", TypeError, "cholesky()|upper=True"),
    ("linalg.cho_factor(A, upper=True)", TypeError, "cho_factor()|lower=not upper"),
    ("linalg.solve_triangular(A, A, upper=True)", TypeError, "solve_triangular()|lower=not upper"),
    (
        "linalg.solve_triangular(A, A, unitriangular=True)",
        TypeError,
        "solve_triangular()|unit_diagonal",
    ),
    ("linalg.lu_solve((A, [0, 1, 2]), A, adjoint=True)", TypeError, 'lu_solve()|trans="C"'),
    ("linalg.eigh(A, uplo='U')", TypeError, "eigh()|it is UPLO here"),
    ("linalg.eigh(A, lower=True)", TypeError, 'eigh()|UPLO="L"'),
    ("linalg.eigh(A, 'L', A)", TypeError, f"eigh()|{GENERALIZED}"),
    ("linalg.eigvals(A, b=A)", TypeError, "eigvals()|scirs2.scipy.linalg.eigvals has it"),
    ("linalg.eigh(A, eigvals_only=True)", TypeError, "eigh()|eigvalsh"),
    ("linalg.eigh(A, subset_by_index=[0, 1])", TypeError, "eigh()|scipy.linalg"),
    ("linalg.eig(A, left=True)", TypeError, "eig()|left eigenvectors"),
    ("linalg.svd(A, some=True)", TypeError, "svd()|full_matrices=not some"),
    ("linalg.svd(A, driver='gesvd')", TypeError, "svd()|leave it out"),
    ("linalg.lstsq(A, A, driver='gels')", TypeError, "lstsq()|leave it out"),
    ("linalg.lstsq(A, A, cond=1e-9)", TypeError, "lstsq()|it is rcond here"),
    ("linalg.qr(A, pivoting=True)", TypeError, "qr()|scirs2.scipy.linalg.qr has it"),
    ("linalg.multi_dot(A, A)", TypeError, "multi_dot()|one list"),
    ("linalg.slogdet(A, nonsense=1)", TypeError, "slogdet()|nonsense|slogdet(a"),
    ("linalg.inv_ex", AttributeError, 'scirs2.linalg|inv_ex|on_failure="nan"'),
    ("linalg.cholesky_ex", AttributeError, 'cholesky(..., on_failure="nan")'),
    ("linalg.solve_banded", AttributeError, "scipy.linalg.solve_banded|scirs2.from_dlpack"),
    ("linalg.vander", AttributeError, "vander|torch.linalg.vander"),
    ("linalg.inverse", AttributeError, "inverse|call inv"),
    ("linalg.none_such", AttributeError, "scirs2.linalg|none_such"),
    ("scirs2.svd", AttributeError, "scirs2.linalg.svd"),
    ("linalg.eigh(A).L", AttributeError, "EighResult|it is eigenvalues here"),
    ("linalg.svd(A).V", AttributeError, "SVDResult|Vh.mT.conj()"),
    ("linalg.svd(A).nonsense", AttributeError, "SVDResult|fields are U, S, Vh"),
]

TABLE = [*SHAPES, *OPTIONS, *OPERANDS, *TRACED_BY_TORCH, *MATRICES, *SPELLINGS]


# PyTorch warns of some kinds of tensors, and of its own forward mode.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("source", "kind", "words"), TABLE, ids=[row[0] for row in TABLE])
def test_a_mistake_is_told_by_its_names_and_its_cure(source, kind, words):
    with pytest.raises(kind) as caught:
        eval(source, NAMES)
    told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    missing = [word for word in words.split("|") if word not in told]
    assert not missing, told


def test_the_cures_are_right():
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((5, 3))
    matrices = generator.standard_normal((5, 3, 3)) + 3 * A
    each = linalg.solve(matrices, vectors[..., None])[..., 0]
    assert np.allclose(matrices @ each[..., None], vectors[..., None])

    a = matrices[0] + matrices[0].T
    b = matrices[1] @ matrices[1].T + A
    factor = linalg.cholesky(b)
    right = linalg.solve_triangular(factor, a, lower=True).mT.conj()
    values, v = linalg.eigh(linalg.solve_triangular(factor, right, lower=True))
    v = linalg.solve_triangular(factor, v, trans="C", lower=True)
    assert np.allclose(a @ v, b @ v * values)

    x = linalg.solve(a.mT, b.mT).mT
    assert np.allclose(x @ a, b)
    upper = np.triu(matrices[0])
    x = linalg.solve_triangular(upper, b.mT, trans="T").mT
    assert np.allclose(x @ upper, b)
    x = linalg.lu_solve(linalg.lu_factor(a), b.mT, trans="T").mT
    assert np.allclose(x @ a, b)


def test_a_symbolic_tensor_of_tensorflow_is_refused_with_its_cure():
    child.run(
        """
        import tensorflow as tf
        from scirs2 import linalg

        try:
            tf.function(linalg.inv)(tf.eye(2))
        except BufferError as error:
            told = str(error)
        assert told.startswith("inv: a: the tensor is symbolic")
        assert "tf.numpy_function(scirs2.linalg.inv, [a], a.dtype)" in told

        @tf.function
        def inv(a):
            return tf.numpy_function(linalg.inv, [a], a.dtype)

        assert inv(2 * tf.eye(2))[0, 0] == 0.5
        """
    )


def test_what_the_object_itself_raises_stays_and_has_a_note():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise LookupError("its own")

    with pytest.raises(LookupError, match="its own") as caught:
        linalg.solve(A, Broken())
    assert caught.value.__notes__ == ["while solve took its argument b"]


def test_a_handler_of_pytorch_catches_ours():
    with pytest.raises(torch.linalg.LinAlgError) as caught:
        linalg.inv(np.zeros((2, 3, 3)))
    error = caught.value
    assert isinstance(error, linalg.LinAlgError)
    assert (type(error).__name__, type(error).__module__) == ("LinAlgError", "scirs2.linalg")
    assert type(error) is type(linalg.LinAlgError())
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is type(error)
        assert (again.args, again.index) == (error.args, (0,))


def test_without_pytorch_ours_is_numpys_and_pickles_go_both_ways():
    error = pickle.dumps(linalg.LinAlgError("of PyTorch"))
    child.run(
        f"""
        import pickle, sys
        import numpy as np
        from scirs2 import linalg

        try:
            linalg.inv(np.zeros((2, 2)))
        except linalg.LinAlgError as error:
            assert type(error) is linalg.LinAlgError and not isinstance(error, RuntimeError)
            first = error
        assert type(pickle.loads({error!r})) is linalg.LinAlgError
        assert "torch" not in sys.modules

        import torch
        assert isinstance(pickle.loads(pickle.dumps(first)), torch.linalg.LinAlgError)
        try:
            linalg.inv(np.zeros((2, 2)))
        except torch.linalg.LinAlgError as error:
            assert isinstance(error, linalg.LinAlgError)
        """
    )


def test_a_subclass_of_ours_stays_what_it_is():
    class Mine(linalg.LinAlgError):
        pass

    assert type(Mine("text")) is Mine


def test_hints_add_no_name():
    public = {name for name in dir(linalg) if not name.startswith("_")}
    assert public == set(linalg.__all__)
    assert not hasattr(linalg, "kron")
    assert not public & set(_hints.FUNCTIONS)
    assert not hasattr(linalg.svd(A), "__array_interface__")
