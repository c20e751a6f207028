"""Every function of linear algebra: what it takes, and what must be true of its answer.

The operands are small whole numbers, so that each dtype can hold them, and well
conditioned. What must be true is told as pairs that must be equal, worked out in
double precision by NumPy or by definition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scirs2 import linalg

N = 4


def square(batch, dtype, seed=0):
    """Make matrices that are regular, and none like its transpose."""
    dtype = np.dtype(dtype)
    places = np.arange(int(np.prod(batch))).reshape(*batch, 1, 1)
    row, column = np.mgrid[:N, :N]
    a = (3 * row + 5 * column + places + seed) % 3
    if dtype.kind == "c":
        a = a + 1j * ((row + 2 * column + places) % 2)
    if dtype.kind == "b":
        return np.broadcast_to(np.triu(np.ones((N, N), bool)), (*batch, N, N)).copy()
    return np.where(row == column, 12 + row, a).astype(dtype)


def definite(batch, dtype):
    """Make Hermitian matrices with positive eigenvalues."""
    if np.dtype(dtype).kind == "b":
        return np.broadcast_to(np.eye(N, dtype=bool), (*batch, N, N)).copy()
    a = square(batch, dtype)
    upper = np.triu(a, 1)
    return (upper + upper.conj().swapaxes(-1, -2) + 15 * np.eye(N)).astype(dtype)


def triangular(batch, dtype):
    """Make upper triangular matrices."""
    return np.triu(square(batch, dtype))


def tall(batch, dtype):
    """Make matrices of more rows than columns."""
    return np.ascontiguousarray(square(batch, dtype)[..., : N - 1])


def right(batch, dtype):
    """Make right-hand sides, two for each matrix."""
    return np.ascontiguousarray(square(batch, dtype, 1)[..., :2])


def vectors(batch, dtype):
    """Make vectors of three elements."""
    return np.ascontiguousarray(square(batch, dtype, 2)[..., 0, :3])


def column(batch, dtype):
    """Make vectors of as many elements as a matrix has rows."""
    return np.ascontiguousarray(square(batch, dtype, 2)[..., 0])


def wide(a):
    """In double precision, as the functions see it."""
    a = np.asarray(a)
    return a.astype("complex128" if a.dtype.kind == "c" else "float64")


def mh(a):
    """Conjugate and transpose the last two axes."""
    return a.conj().swapaxes(-1, -2)


def diagonal(values, rows=None, columns=None):
    """Make diagonal matrices of vectors."""
    n = values.shape[-1]
    rows, columns = rows or n, columns or n
    out = np.zeros((*values.shape[:-1], rows, columns), values.dtype)
    out[..., range(n), range(n)] = values
    return out


def unit(q):
    """Say that columns are orthonormal."""
    return (mh(q) @ q, np.broadcast_to(np.eye(q.shape[-1]), (*q.shape[:-2], *[q.shape[-1]] * 2)))


@dataclass(frozen=True)
class Function:
    """What a function takes, and what must be true of its answer."""

    operands: tuple[Callable[..., Any], ...]
    truth: Callable[..., list[tuple[Any, Any]]]
    how: Callable[..., Any] = lambda function, *operands: function(*operands)
    # Integers stay integers.
    exact: bool = False
    # One matrix, not a batch of them.
    single: bool = False
    # The type of each result, where that is not the operands': "real", "complex", "index".
    kinds: tuple[str, ...] = ("same",)

    def call(self, function, *operands):
        """Call it; the answer as a tuple."""
        result = self.how(function, *operands)
        return tuple(result) if isinstance(result, tuple) else (result,)


def same_as(reference):
    """Say that the answer is that of another function."""

    def truth(*operands_and_result):
        *operands, result = operands_and_result
        return [(result, reference(*operands))]

    return truth


def _lu(a, p, low, up):
    return [(p @ low @ up, a), (np.tril(low), low), (np.triu(up), up)]


def _svd(a, u, s, vh):
    return [(u @ diagonal(s) @ vh, a), unit(u), unit(mh(vh))]


def _eigh(a, values, vectors):
    return [(a @ vectors, vectors * values[..., None, :]), unit(vectors)]


def _least_squares(a, b, x, residuals, rank, s):
    expected = np.linalg.pinv(a) @ b
    return [
        (x, expected),
        (residuals, (np.abs(b - a @ expected) ** 2).sum(-2)),
        (rank, np.full(a.shape[:-2], a.shape[-1])),
        (s, np.linalg.svd(a, compute_uv=False)),
    ]


def _lu_factor(a, factors, pivots):
    low, up = np.tril(factors, -1) + np.eye(N), np.triu(factors)
    product = np.array(low @ up)
    for index in np.ndindex(a.shape[:-2]):
        for row in reversed(range(N)):
            pair = [row, pivots[index][row]]
            product[index][pair] = product[index][pair[::-1]]
    return [(product, a)]


def _cho_factor(a, factor, lower):
    assert not lower
    return [(mh(np.triu(factor)) @ np.triu(factor), a)]


FUNCTIONS = {
    "cho_factor": Function((definite,), _cho_factor, kinds=("same", "flag")),
    "cho_solve": Function(
        (definite, right),
        lambda a, b, x: [(a @ x, b)],
        lambda f, a, b: f(linalg.cho_factor(a), b),
    ),
    "cholesky": Function((definite,), lambda a, low: [(low @ mh(low), a), (np.tril(low), low)]),
    "cond": Function((square,), same_as(np.linalg.cond), kinds=("real",)),
    "cross": Function((vectors, vectors), same_as(np.cross), exact=True),
    "det": Function((square,), same_as(np.linalg.det)),
    "diagonal": Function((square,), same_as(np.linalg.diagonal), exact=True),
    "eig": Function(
        (square,),
        lambda a, values, vectors: [(a @ vectors, vectors * values[..., None, :])],
        kinds=("complex", "complex"),
    ),
    "eigh": Function((definite,), _eigh, kinds=("real", "same")),
    "eigvals": Function(
        (square,),
        lambda a, values: [
            (np.sort_complex(values), np.sort_complex(np.linalg.eigvals(a).astype(complex)))
        ],
        kinds=("complex",),
    ),
    "eigvalsh": Function((definite,), same_as(np.linalg.eigvalsh), kinds=("real",)),
    "inv": Function((square,), lambda a, inverse: [(a @ inverse, a @ np.linalg.inv(a))]),
    "lstsq": Function((tall, right), _least_squares, kinds=("same", "real", "index", "real")),
    "lu": Function((square,), _lu, kinds=("real", "same", "same")),
    "lu_factor": Function((square,), _lu_factor, kinds=("same", "index")),
    "lu_solve": Function(
        (square, right),
        lambda a, b, x: [(a @ x, b)],
        lambda f, a, b: f(linalg.lu_factor(a), b),
    ),
    "matmul": Function((square, right), same_as(np.matmul), exact=True),
    "matrix_norm": Function((square,), same_as(np.linalg.matrix_norm), kinds=("real",)),
    "matrix_power": Function(
        (square,), lambda a, p: [(p, a @ a @ a)], lambda f, a: f(a, 3), exact=True
    ),
    "matrix_rank": Function((square,), same_as(np.linalg.matrix_rank), kinds=("index",)),
    "matrix_transpose": Function((tall,), same_as(np.linalg.matrix_transpose), exact=True),
    "multi_dot": Function(
        (square, square, right),
        lambda a, b, c, d: [(d, a @ b @ c)],
        lambda f, *arrays: f(arrays),
        exact=True,
        single=True,
    ),
    "norm": Function(
        (square,),
        lambda a, norm: [(norm, np.linalg.norm(a, axis=(-2, -1)))],
        lambda f, a: f(a, axis=(-2, -1)),
        kinds=("real",),
    ),
    "outer": Function(
        (vectors, vectors), lambda a, b, c: [(c, np.outer(a, b))], exact=True, single=True
    ),
    "pinv": Function((tall,), same_as(np.linalg.pinv)),
    "qr": Function(
        (tall,), lambda a, q, r: [(q @ r, a), unit(q), (np.triu(r), r)], kinds=("same", "same")
    ),
    "slogdet": Function(
        (square,),
        lambda a, sign, log: [(sign * np.exp(log), np.linalg.det(a))],
        kinds=("same", "real"),
    ),
    "solve": Function((square, right), lambda a, b, x: [(a @ x, b)]),
    "solve_triangular": Function((triangular, right), lambda a, b, x: [(a @ x, b)]),
    "svd": Function((square,), _svd, kinds=("same", "real", "same")),
    "svdvals": Function(
        (tall,), lambda a, s: [(s, np.linalg.svd(a, compute_uv=False))], kinds=("real",)
    ),
    "tensordot": Function(
        (square, right),
        lambda a, b, c: [(c, a @ b)],
        lambda f, a, b: f(a, b, axes=1),
        exact=True,
        single=True,
    ),
    "tensorinv": Function(
        (square,),
        lambda a, b: [(np.tensordot(a, b, 1), np.eye(N))],
        lambda f, a: f(a, 1),
        single=True,
    ),
    "tensorsolve": Function((square, column), lambda a, b, x: [(a @ x, b)], single=True),
    "trace": Function((square,), same_as(np.linalg.trace), exact=True),
    "vecdot": Function((vectors, vectors), same_as(np.linalg.vecdot), exact=True),
    "vector_norm": Function(
        (vectors,),
        lambda x, norm: [(norm, np.linalg.norm(x, axis=-1))],
        lambda f, x: f(x, axis=-1),
        kinds=("real",),
    ),
}
