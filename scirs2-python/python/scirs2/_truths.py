"""The table of truths: what each function takes, and what must be true of its results.

The tests, the benchmarks and the self check of `python -m scirs2` ask this one table; they
differ in the numbers that they take and in the bounds that they set. The stubs and the
lists of names are generated from it, too (`scirs2-python/generate.py`).

An equation knows the definition and not another's result, but for the few numbers of a
matrix whose definition is a computation: there NumPy's is the right-hand side. What is
compared with NumPy beside that, element by element, is `by_numpy`: for small matrices only.
"""

# The parameters of a lambda have no types.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from . import linalg

# An array of any dtype and shape, or what becomes one.
Array: TypeAlias = Any


def wide(a: Array) -> Array:
    """Return an array in double precision."""
    a = np.asarray(a)
    return a.astype(np.complex128 if a.dtype.kind == "c" else np.float64, copy=False)


def mh(a: Array) -> Array:
    """Conjugate and transpose the last two axes."""
    return np.conj(np.swapaxes(a, -1, -2))


def size(a: Array) -> Array:
    """Return the Frobenius norm of each matrix by its definition, with axes of length one."""
    return np.sqrt(np.square(np.abs(a)).sum((-2, -1), keepdims=True))


def normal(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Array:
    """Make normally distributed numbers, the same each time."""
    generator = np.random.default_rng(seed)
    values: Array = generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * generator.standard_normal(shape)
    return values.astype(dtype)


class Operands:
    """Makes operands of order `n`, a batch of each, of normally distributed numbers.

    The table names its methods.
    """

    # Right-hand sides of each matrix.
    columns = 2

    def __init__(self, batch: tuple[int, ...], n: int, dtype: Any) -> None:
        """Say how many matrices, of which order and dtype."""
        self.batch, self.n, self.dtype = batch, n, np.dtype(dtype)

    def draw(self, *shape: int, seed: int = 0) -> Array:
        """Make numbers, `shape` for each place in the batch."""
        return normal((*self.batch, *shape), self.dtype, seed)

    def general(self) -> Array:
        """Make square matrices."""
        return self.draw(self.n, self.n)

    def other(self) -> Array:
        """Make square matrices that are not those of `general`."""
        return self.draw(self.n, self.n, seed=1)

    def tall(self) -> Array:
        """Make matrices of more rows than columns."""
        return self.draw(2 * self.n, self.n)

    def hermitian(self) -> Array:
        """Make Hermitian matrices."""
        a = self.general()
        return a + mh(a)

    def definite(self) -> Array:
        """Make Hermitian matrices that are positive definite, by a heavy diagonal."""
        a = self.hermitian()
        a[..., range(self.n), range(self.n)] += 4 * self.n
        return a

    def triangular(self) -> Array:
        """Make upper triangular matrices that are far from singular."""
        return np.triu(self.definite())

    def known(self) -> Array:
        """Make matrices with singular values from 1/2 to 2 and a determinant of -1.

        A diagonal matrix between two reflections, whose determinants are -1 each, with
        two rows exchanged.
        """
        n = self.n
        a: Array = np.broadcast_to(np.diag(np.exp2(np.linspace(-1, 1, n))), (*self.batch, n, n))
        for seed in (5, 6):
            v = normal((*self.batch, n, 1), np.result_type(self.dtype, np.float64), seed)
            v /= size(v)
            a = mh(a - 2 * v * (mh(v) @ a))
        a = np.array(a)
        a[..., [0, n - 1], :] = a[..., [n - 1, 0], :]
        return a.astype(self.dtype)

    def least(self) -> Array:
        """Make small matrices of order 6 at most."""
        a: Array = self.small()[..., :6, :6]
        return a

    def broad(self) -> Array:
        """Make matrices of more columns than rows."""
        return self.draw(self.n, 2 * self.n)

    def schur(self) -> Array:
        """Make real Schur forms with a pair of complex eigenvalues, if the type is real."""
        a = self.triangular()
        if self.dtype.kind != "c" and self.n > 1:
            a[..., 0, 1] = 2
            a[..., 1, 0] = -3
            a[..., 1, 1] = a[..., 0, 0]
        return a

    def pairs(self) -> Array:
        """Make eigenvalues in conjugate pairs, the last one real if their number is odd."""
        w = self.draw(self.n, seed=8)
        if self.dtype.kind == "c":
            w[..., 1 : self.n // 2 * 2 : 2] = w[..., : self.n // 2 * 2 : 2].conj()
            w[..., self.n // 2 * 2 :] = w[..., self.n // 2 * 2 :].real
        return w

    def paired(self) -> Array:
        """Make well-conditioned eigenvectors for the eigenvalues of `pairs`."""
        n, real = self.n, np.finfo(self.dtype).dtype
        x = Operands(self.batch, n, real).unitary()
        if self.dtype.kind != "c":
            return x
        v = x.astype(self.dtype)
        v[..., : n // 2 * 2 : 2] += 1j * x[..., 1 : n // 2 * 2 : 2]
        v[..., 1 : n // 2 * 2 : 2] = v[..., : n // 2 * 2 : 2].conj()
        return v

    def unitary(self) -> Array:
        """Make reflections, which are unitary."""
        v = normal((*self.batch, self.n, 1), np.result_type(self.dtype, np.float64), 7)
        v /= size(v)
        return (np.eye(self.n) - 2 * v * mh(v)).astype(self.dtype)

    def small(self) -> Array:
        """Make square matrices with a norm of about one."""
        return (self.general() / max(self.n, 1)).astype(self.dtype)

    def right(self) -> Array:
        """Make right-hand sides for square matrices."""
        return self.draw(self.n, self.columns, seed=2)

    def tall_right(self) -> Array:
        """Make right-hand sides for those of `tall`."""
        return self.draw(2 * self.n, self.columns, seed=2)

    def vector(self) -> Array:
        """Make vectors."""
        return self.draw(self.n, seed=3)

    def other_vector(self) -> Array:
        """Make vectors that are not those of `vector`."""
        return self.draw(self.n, seed=4)

    def triple(self) -> Array:
        """Make vectors of three elements."""
        return self.draw(3, seed=3)

    def other_triple(self) -> Array:
        """Make vectors of three elements that are not those of `triple`."""
        return self.draw(3, seed=4)


class Equation(NamedTuple):
    """Two sides that may differ by rounding errors, which grow with the scale.

    The scale is one for each matrix, of shape (..., 1, 1); without it, it is the largest
    element of the right-hand side.
    """

    left: Array
    right: Array
    scale: Array = None

    def error(self) -> float:
        """Return the largest difference over its scale; infinite where there is no number."""
        if np.shape(self.left) != np.shape(self.right):
            return np.inf
        with np.errstate(invalid="ignore", over="ignore"):
            distance, scale = np.abs(self.left - self.right), self.scale
            if scale is None:
                scale = np.max(np.abs(self.right), initial=0.0)
            else:
                distance = size(distance)
            ratios = distance / np.maximum(scale, np.finfo(np.float64).tiny)
        return float(np.max(np.where(np.isnan(ratios), np.inf, ratios), initial=0.0))


# What both sides of an equation between matrices are multiplied with, by its number of
# rows: the identity, or where a product of matrices costs too much one vector.
Probe: TypeAlias = Callable[[int], Array]


def identity(n: int) -> Array:
    """See every element."""
    return np.eye(n)


def vector(n: int) -> Array:
    """See a random combination of the columns: a wrong matrix does not go unnoticed by it."""
    v = normal((n, 1), np.float64, n)
    return v / size(v)


@dataclass(frozen=True)
class Truth:
    """What a function takes, and what must be true of its results."""

    # The makers of the operands, methods of `Operands`.
    operands: tuple[str, ...]
    # Takes a probe, the operands and the results, all in double precision.
    equations: Callable[..., list[Equation]]
    # The elements of each result: of the operands' type ("same"), of the "real" or the
    # "complex" type of its precision, int32 ("index"), int64 ("count"), or one bool ("flag").
    # "number": where no axis is left, NumPy gets a scalar.
    kinds: tuple[str, ...] = ("same",)
    # Calls the function with the operands; by default with nothing else.
    how: Callable[..., Any] | None = None
    # The same by NumPy.
    by_numpy: Callable[..., list[Equation]] | None = None
    # Integers stay integers.
    exact: bool = False
    # Takes one matrix, not a batch of them.
    single: bool = False

    def make(self, operands: Operands) -> tuple[Array, ...]:
        """Make the operands."""
        return tuple(getattr(operands, name)() for name in self.operands)

    def call(self, function: Callable[..., Any], *operands: Array) -> tuple[Array, ...]:
        """Call it; the results as a tuple."""
        result = self.how(function, *operands) if self.how else function(*operands)
        return tuple(result) if isinstance(result, tuple) else (result,)

    def check(
        self, operands: tuple[Array, ...], results: tuple[Array, ...], probe: Probe = identity
    ) -> list[Equation]:
        """Return the equations that must hold."""
        return self.equations(probe, *map(wide, operands), *map(_in_double, results))

    def compare(self, operands: tuple[Array, ...], results: tuple[Array, ...]) -> list[Equation]:
        """Return those that compare with NumPy, if there are any."""
        if self.by_numpy is None:
            return []
        return self.by_numpy(*map(wide, operands), *map(_in_double, results))


def _in_double(result: Array) -> Array:
    """Return a result in double precision; indices and flags stay what they are."""
    result = np.asarray(result)
    return result if result.dtype.kind in "biu" else wide(result)


# What several equations have in common.


def _is(definition: Callable[..., Array]) -> Callable[..., list[Equation]]:
    """Say that the result is what the definition gives for the operands."""

    def equations(_: Probe, *operands_and_result: Array) -> list[Equation]:
        *operands, result = operands_and_result
        return [Equation(result, definition(*operands))]

    return equations


def _column(x: Array) -> Array:
    """Turn vectors into matrices of one column."""
    return x[..., None]


def _number(x: Array) -> Array:
    """Turn numbers into matrices of one element."""
    return x[..., None, None]


def _multiplied(*factors: Array) -> Array:
    """Multiply from the right, where the probe is."""
    *others, product = factors
    for factor in reversed(others):
        product = factor @ product
    return product


def _orthonormal(probe: Probe, q: Array) -> Equation:
    """Say that the columns are orthonormal."""
    x = probe(q.shape[-1])
    product = _multiplied(mh(q), q, x)
    return Equation(product, np.broadcast_to(x, product.shape), 1.0)


def _lower(a: Array) -> Equation:
    return Equation(a, np.tril(a))


def _upper(a: Array) -> Equation:
    return Equation(a, np.triu(a))


def _ascending(values: Array) -> Equation:
    return Equation(values, np.sort(values))


def _descending(values: Array) -> Equation:
    """Say that values are positive or zero, the largest first."""
    return Equation(values, np.flip(np.sort(np.abs(values)), -1))


# Products.


def _product(probe: Probe, a: Array, b: Array, c: Array) -> list[Equation]:
    x = probe(b.shape[-1])
    return [Equation(c @ x, _multiplied(a, b, x), size(a) * size(b))]


def _cross(a: Array, b: Array) -> Array:
    pairs = ((1, 2), (2, 0), (0, 1))
    return np.stack([a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in pairs], -1)


def _block_diag(_: Probe, a: Array, b: Array, c: Array) -> list[Equation]:
    m, n = a.shape[-2:]
    parts = (c[..., :m, :n], c[..., m:, n:], c[..., :m, n:], c[..., m:, :n])
    first, second, *others = parts
    return [
        Equation(first, a),
        Equation(second, b),
        *(Equation(zero, np.zeros_like(zero), size(a) + size(b)) for zero in others),
    ]


def _toeplitz(_: Probe, c: Array, r: Array, t: Array) -> list[Equation]:
    return [
        Equation(t[..., :, 0], c),
        Equation(t[..., 0, 1:], r[..., 1:]),
        Equation(t[..., 1:, 1:], t[..., :-1, :-1]),
    ]


def _with_one_more_column(s: Array) -> tuple[int, int]:
    # A number has no axis.
    n = [1, *s.shape][-1]
    return n, n + 1


PRODUCTS = {
    "block_diag": Truth(
        ("general", "other"),
        _block_diag,
        exact=True,
    ),
    "cross": Truth(("triple", "other_triple"), _is(_cross), exact=True),
    "diagsvd": Truth(
        ("vector",),
        _is(lambda s: s[..., None] * np.eye(s.shape[-1], s.shape[-1] + 1)),
        how=lambda f, s: f(s, *_with_one_more_column(s)),
        exact=True,
    ),
    "diagonal": Truth(("general",), _is(lambda a: np.diagonal(a, axis1=-2, axis2=-1)), exact=True),
    "einsum": Truth(
        ("general", "other"),
        _product,
        kinds=("number",),
        how=lambda f, a, b: f("...ij,...jk", a, b),
        exact=True,
    ),
    "khatri_rao": Truth(
        ("general", "other"),
        _is(
            lambda a, b: (a[..., :, None, :] * b[..., None, :, :]).reshape(
                (*a.shape[:-2], -1, a.shape[-1])
            )
        ),
        exact=True,
    ),
    "matmul": Truth(("general", "other"), _product, kinds=("number",), exact=True),
    "matrix_power": Truth(
        ("general",), _is(lambda a: a @ a @ a), how=lambda f, a: f(a, 3), exact=True
    ),
    "matrix_transpose": Truth(("tall",), _is(lambda a: np.swapaxes(a, -1, -2)), exact=True),
    "matvec": Truth(
        ("general", "vector"), _is(lambda a, x: (a * x[..., None, :]).sum(-1)), exact=True
    ),
    "multi_dot": Truth(
        ("general", "other", "general"),
        _is(lambda a, b, c: a @ b @ c),
        kinds=("number",),
        how=lambda f, *arrays: f(arrays),
        exact=True,
        single=True,
    ),
    "outer": Truth(
        ("vector", "other_vector"), _is(lambda a, b: a[:, None] * b), exact=True, single=True
    ),
    "tensordot": Truth(
        ("general", "other"),
        _product,
        kinds=("number",),
        how=lambda f, a, b: f(a, b, axes=1),
        exact=True,
        single=True,
    ),
    "toeplitz": Truth(("vector", "other_vector"), _toeplitz, exact=True),
    "trace": Truth(
        ("general",),
        _is(lambda a: np.trace(a, axis1=-2, axis2=-1)),
        kinds=("number",),
        exact=True,
    ),
    "vecdot": Truth(
        ("vector", "other_vector"),
        _is(lambda a, b: (a.conj() * b).sum(-1)),
        kinds=("number",),
        exact=True,
    ),
    "vecmat": Truth(
        ("vector", "general"), _is(lambda x, a: (_column(x.conj()) * a).sum(-2)), exact=True
    ),
}

# Norms and other numbers.


def _slogdet(_: Probe, a: Array, sign: Array, logarithm: Array) -> list[Equation]:
    expected_sign, expected = np.linalg.slogdet(a)
    # The determinant over what it should be, so that nothing overflows.
    return [Equation(sign * np.exp(logarithm - expected), expected_sign)]


def _equals(other: Callable[[Array], Array]) -> Callable[..., list[Equation]]:
    """Say whether each matrix is equal to another that is made of it."""
    return lambda _, a, answer: [
        Equation(_number(wide(answer)), _number(wide((a == other(a)).all((-2, -1)))), 1.0)
    ]


def _bandwidths(_: Probe, a: Array, lower: Array, upper: Array) -> list[Equation]:
    row, column = np.indices(a.shape[-2:])
    distance = np.where(a == 0, 0, column - row)
    expected = np.maximum(-distance.min((-2, -1)), 0), np.maximum(distance.max((-2, -1)), 0)
    pairs = zip((lower, upper), expected, strict=True)
    return [Equation(_number(wide(found)), _number(wide(known)), 1.0) for found, known in pairs]


NUMBERS = {
    "bandwidth": Truth(("triangular",), _bandwidths, kinds=("count number", "count number")),
    "cond": Truth(("known",), _is(np.linalg.cond), kinds=("real number",)),
    "det": Truth(("known",), _is(np.linalg.det), kinds=("number",)),
    "ishermitian": Truth(("hermitian",), _equals(mh), kinds=("flag number",)),
    "issymmetric": Truth(
        ("general",), _equals(lambda a: np.swapaxes(a, -1, -2)), kinds=("flag number",)
    ),
    "matrix_norm": Truth(("general",), _is(lambda a: size(a)[..., 0, 0]), kinds=("real number",)),
    "matrix_rank": Truth(("known",), _is(np.linalg.matrix_rank), kinds=("count number",)),
    "norm": Truth(
        ("general",),
        _is(lambda a: size(a)[..., 0, 0]),
        kinds=("real number",),
        how=lambda f, a: f(a, axis=(-2, -1)),
    ),
    "slogdet": Truth(("known",), _slogdet, kinds=("number", "real number")),
    "vector_norm": Truth(
        ("vector",),
        _is(lambda x: size(_column(x))[..., 0, 0]),
        kinds=("real number",),
        how=lambda f, x: f(x, axis=-1),
    ),
}

# Systems of equations.


def _solution(_: Probe, a: Array, b: Array, x: Array) -> list[Equation]:
    return [Equation(a @ x, b, size(a) * size(x))]


def _inverse(probe: Probe, a: Array, inverse: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    product = _multiplied(a, inverse, x)
    return [Equation(product, np.broadcast_to(x, product.shape), size(a) * size(inverse))]


def _pinv(probe: Probe, a: Array, inverse: Array) -> list[Equation]:
    """Say what Moore and Penrose say."""
    x, y = probe(a.shape[-1]), probe(a.shape[-2])
    both = size(a) * size(inverse)
    return [
        Equation(_multiplied(a, inverse, a, x), a @ x, both * size(a)),
        Equation(_multiplied(inverse, a, inverse, y), inverse @ y, both * size(inverse)),
        Equation(_multiplied(a, inverse, y), _multiplied(mh(inverse), mh(a), y), both),
        Equation(_multiplied(inverse, a, x), _multiplied(mh(a), mh(inverse), x), both),
    ]


def _least_squares(
    probe: Probe,
    a: Array,
    b: Array,
    x: Array,
    residuals: Array = None,
    rank: Array = None,
    s: Array = None,
) -> list[Equation]:
    """Require residuals orthogonal to the columns; other libraries return no more than x."""
    scale = size(a) * (size(a) * size(x) + size(b))
    equations = [Equation(_multiplied(mh(a), a, x), mh(a) @ b, scale)]
    if s is not None:
        left = np.square(np.abs(b - a @ x)).sum(-2)
        full = np.full(a.shape[:-2], a.shape[-1])
        equations += [Equation(residuals, left), Equation(rank, full)]
        equations += _singular_values(probe, a, s)
    return equations


def _least_squares_by_numpy(a: Array, b: Array, x: Array, *others: Array) -> list[Equation]:
    expected = np.linalg.pinv(a) @ b
    left = np.square(np.abs(b - a @ expected)).sum(-2)
    return [
        Equation(x, expected),
        Equation(others[0], left),
        Equation(others[2], np.linalg.svd(a, compute_uv=False)),
    ]


SYSTEMS = {
    "cho_solve": Truth(
        ("definite", "right"), _solution, how=lambda f, a, b: f(linalg.cho_factor(a), b)
    ),
    "inv": Truth(("general",), _inverse),
    "lstsq": Truth(
        ("tall", "tall_right"),
        _least_squares,
        kinds=("same", "real", "index number", "real"),
        by_numpy=_least_squares_by_numpy,
    ),
    "lu_solve": Truth(
        ("general", "right"), _solution, how=lambda f, a, b: f(linalg.lu_factor(a), b)
    ),
    "pinv": Truth(
        ("tall",), _pinv, by_numpy=lambda a, inverse: [Equation(inverse, np.linalg.pinv(a))]
    ),
    "solve": Truth(("general", "right"), _solution),
    "solve_triangular": Truth(("triangular", "right"), _solution),
    "tensorinv": Truth(("general",), _inverse, how=lambda f, a: f(a, 1), single=True),
    "tensorsolve": Truth(
        ("general", "vector"),
        lambda probe, a, b, x: _solution(probe, a, _column(b), _column(x)),
        single=True,
    ),
}

# Functions of matrices.


def _series(a: Array, first: int, step: int, sign: int) -> Array:
    """Sum ``sign**k * a**i / i!`` over ``i = first + k * step`` by its definition.

    For matrices with a norm of a few units only.
    """
    power = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    total = np.zeros_like(a @ a)
    for i in range(80):
        k, rest = divmod(i - first, step)
        if k >= 0 and rest == 0:
            total = total + sign**k * power
        power = power @ a / (i + 1)
    return total


def _exponential(a: Array) -> Array:
    # Of a sixteenth by the series, then squared.
    e = _series(a / 16, 0, 1, 1)
    for _ in range(4):
        e = e @ e
    return e


def _frechet(_: Probe, a: Array, e: Array, exponential: Array, derivative: Array) -> list[Equation]:
    # The exponential of a block triangle has both.
    n = a.shape[-1]
    block = np.block([[a, e], [np.zeros_like(a), a]])
    both = _exponential(block)
    scale = size(both)
    return [
        Equation(exponential, both[..., :n, :n], scale),
        Equation(derivative, both[..., :n, n:], scale),
    ]


def _sensitivity(a: Array) -> Array:
    """Return the condition number of the exponential, by the matrix of its derivative."""
    n = a.shape[-1]
    zero = np.zeros_like(a)
    columns = []
    for place in range(n * n):
        e = zero + np.eye(n * n)[place].reshape(n, n)
        both = _exponential(np.block([[a, e], [zero, a]]))
        columns.append(both[..., :n, n:].reshape(*a.shape[:-2], n * n))
    derivative = np.linalg.norm(np.stack(columns, -1), 2, (-2, -1))
    return derivative * size(a)[..., 0, 0] / size(_exponential(a))[..., 0, 0]


def _root(probe: Probe, a: Array, root: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [Equation(_multiplied(root, root, x), a @ x, size(root) ** 2)]


def _logarithm(_: Probe, a: Array, logarithm: Array) -> list[Equation]:
    return [Equation(_exponential(logarithm), a, size(a))]


def _sign(probe: Probe, a: Array, sign: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    square = _multiplied(sign, sign, x)
    # The eigenvalues on either side decide between the roots of the identity that commute.
    signs = np.sign(np.linalg.eigvalsh(a)).sum(-1)
    return [
        Equation(square, np.broadcast_to(x, square.shape), size(sign) ** 2),
        Equation(_multiplied(sign, a, x), _multiplied(a, sign, x), size(sign) * size(a)),
        Equation(_number(np.trace(sign, axis1=-2, axis2=-1)), _number(signs), 1.0),
    ]


def _tangent(sign: int) -> Callable[..., list[Equation]]:
    def equations(_: Probe, a: Array, tangent: Array) -> list[Equation]:
        sine, cosine = _series(a, 1, 2, sign), _series(a, 0, 2, sign)
        return [Equation(cosine @ tangent, sine, size(cosine) * size(tangent))]

    return equations


FUNCTIONS = {
    "coshm": Truth(("small",), _is(lambda a: _series(a, 0, 2, 1))),
    "cosm": Truth(("small",), _is(lambda a: _series(a, 0, 2, -1))),
    "expm": Truth(("small",), _is(_exponential)),
    "expm_cond": Truth(("least",), _is(_sensitivity), kinds=("real number",)),
    "expm_frechet": Truth(("small", "other"), _frechet, kinds=("same", "same")),
    "fractional_matrix_power": Truth(
        ("definite",),
        _root,
        kinds=("complex",),
        how=lambda f, a: f(a, 0.5),
    ),
    "logm": Truth(("triangular",), _logarithm, kinds=("complex",)),
    "signm": Truth(("hermitian",), _sign),
    "sinhm": Truth(("small",), _is(lambda a: _series(a, 1, 2, 1))),
    "sinm": Truth(("small",), _is(lambda a: _series(a, 1, 2, -1))),
    "sqrtm": Truth(("triangular",), _root, kinds=("complex",)),
    "tanhm": Truth(("small",), _tangent(1)),
    "tanm": Truth(("small",), _tangent(-1)),
}

# Decompositions.


def _schur(probe: Probe, a: Array, t: Array, z: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [
        Equation(_multiplied(z, t, mh(z), x), a @ x, size(a)),
        _orthonormal(probe, z),
        Equation(t, np.triu(t, -1)),
    ]


def _rsf2csf(probe: Probe, t: Array, z: Array, form: Array, factor: Array) -> list[Equation]:
    x = probe(t.shape[-1])
    before = _multiplied(z, t, mh(z), x)
    return [
        Equation(_multiplied(factor, form, mh(factor), x), before, size(t)),
        _orthonormal(probe, factor),
        _upper(form),
    ]


def _cholesky(probe: Probe, a: Array, low: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [Equation(_multiplied(low, mh(low), x), a @ x, size(a)), _lower(low)]


def _cho_factor(probe: Probe, a: Array, factor: Array, lower: Array) -> list[Equation]:
    # Whatever is in the other triangle.
    return _cholesky(probe, a, np.tril(factor) if lower else mh(np.triu(factor)))


def _eigenpairs(probe: Probe, a: Array, w: Array, v: Array) -> Equation:
    x = probe(a.shape[-1])
    return Equation(_multiplied(a, v, x), v @ (_column(w) * x), size(a))


def _eig(probe: Probe, a: Array, w: Array, v: Array) -> list[Equation]:
    lengths = np.sqrt(np.square(np.abs(v)).sum(-2))
    return [_eigenpairs(probe, a, w, v), Equation(lengths, np.ones_like(lengths))]


def _eigh(probe: Probe, a: Array, w: Array, v: Array) -> list[Equation]:
    return [_eigenpairs(probe, a, w, v), _orthonormal(probe, v), _ascending(w)]


def _eigvals(_: Probe, a: Array, values: Array) -> list[Equation]:
    """Require the power sums of the values to be the traces of the matrix powers."""
    traces = [np.trace(a, axis1=-2, axis2=-1)]
    traces += [(power * np.swapaxes(a, -1, -2)).sum((-2, -1)) for power in (a, a @ a)]
    return [
        Equation(_number((values**power).sum(-1)), _number(trace), size(a) ** power)
        for power, trace in enumerate(traces, 1)
    ]


def _eigvalsh(probe: Probe, a: Array, values: Array) -> list[Equation]:
    return [*_eigvals(probe, a, values), _ascending(values)]


def _singular_values(_: Probe, a: Array, s: Array) -> list[Equation]:
    """Say that the sums of their squares and fourth powers are the traces of the Gram matrix."""
    second, fourth = size(a) ** 2, size(mh(a) @ a) ** 2
    return [
        Equation(_number((s**2).sum(-1)), second, second),
        Equation(_number((s**4).sum(-1)), fourth, fourth),
        _descending(s),
    ]


def _exchanged(rows: Array, pivots: Array) -> Array:
    """Take LAPACK's exchanges of rows back, the last one first."""
    rows = np.array(rows)
    for first in reversed(range(pivots.shape[-1])):
        second = pivots[..., first, None, None]
        row = rows[..., first : first + 1, :].copy()
        rows[..., first : first + 1, :] = np.take_along_axis(rows, second, -2)
        np.put_along_axis(rows, second, row, -2)
    return rows


def _lu_factor(probe: Probe, a: Array, factors: Array, pivots: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    low, up = np.tril(factors, -1) + np.eye(a.shape[-1]), np.triu(factors)
    return [Equation(_exchanged(_multiplied(low, up, x), pivots), a @ x, size(a))]


def _lu(probe: Probe, a: Array, p: Array, low: Array, up: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [Equation(_multiplied(p, low, up, x), a @ x, size(a)), _lower(low), _upper(up)]


def _qr(probe: Probe, a: Array, q: Array, r: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [Equation(_multiplied(q, r, x), a @ x, size(a)), _orthonormal(probe, q), _upper(r)]


def _svd(probe: Probe, a: Array, u: Array, s: Array, vh: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [
        Equation(u @ (_column(s) * (vh @ x)), a @ x, size(a)),
        _orthonormal(probe, u),
        _orthonormal(probe, mh(vh)),
        _descending(s),
    ]


def _null_space(probe: Probe, a: Array, v: Array) -> list[Equation]:
    product = a @ v
    return [Equation(product, np.zeros_like(product), size(a)), _orthonormal(probe, v)]


def _orth(probe: Probe, a: Array, q: Array) -> list[Equation]:
    return [Equation(_multiplied(q, mh(q), a), a, size(a)), _orthonormal(probe, q)]


def _polar(probe: Probe, a: Array, u: Array, p: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [
        Equation(_multiplied(u, p, x), a @ x, size(a)),
        _orthonormal(probe, u),
        Equation(p, mh(p)),
    ]


def _procrustes(probe: Probe, a: Array, b: Array, r: Array, scale: Array) -> list[Equation]:
    """Require that the product with the rotation is Hermitian, and has the trace of the norm."""
    product = mh(b) @ a @ r
    trace = np.trace(product, axis1=-2, axis2=-1)
    return [
        Equation(product, mh(product), size(a) * size(b)),
        Equation(_number(trace), _number(scale), size(a) * size(b)),
        _orthonormal(probe, r),
    ]


def _rq(probe: Probe, a: Array, r: Array, q: Array) -> list[Equation]:
    x = probe(a.shape[-1])
    return [
        Equation(_multiplied(r, q, x), a @ x, size(a)),
        _orthonormal(probe, mh(q)),
        Equation(r, np.triu(r, r.shape[-1] - r.shape[-2])),
    ]


def _balanced(_: Probe, a: Array, b: Array, t: Array) -> list[Equation]:
    return [Equation(t @ b, a @ t, size(a) * size(t))]


def _cdf2rdf(probe: Probe, w: Array, v: Array, wr: Array, vr: Array) -> list[Equation]:
    # The same invariant subspaces: `V D V^-1` is real, and `Vr Dr Vr^-1`.
    x = probe(v.shape[-1])
    complex_ = v @ (
        _column(w) * np.linalg.solve(v, np.broadcast_to(x, (*v.shape[:-1], x.shape[-1])))
    )
    return [Equation(_multiplied(vr, wr, np.linalg.solve(vr, x + 0 * complex_.real)), complex_)]


DECOMPOSITIONS = {
    "cdf2rdf": Truth(("pairs", "paired"), _cdf2rdf, kinds=("real", "real")),
    "cho_factor": Truth(("definite",), _cho_factor, kinds=("same", "flag")),
    "cholesky": Truth(("definite",), _cholesky),
    "eig": Truth(("general",), _eig, kinds=("complex", "complex")),
    "eigh": Truth(("hermitian",), _eigh, kinds=("real", "same")),
    "eigvals": Truth(
        ("general",),
        _eigvals,
        kinds=("complex",),
        by_numpy=lambda a, values: [
            Equation(np.sort_complex(values), np.sort_complex(np.linalg.eigvals(a)))
        ],
    ),
    "eigvalsh": Truth(
        ("hermitian",),
        _eigvalsh,
        kinds=("real",),
        by_numpy=lambda a, values: [Equation(values, np.linalg.eigvalsh(a))],
    ),
    "hessenberg": Truth(
        ("general",), _schur, kinds=("same", "same"), how=lambda f, a: f(a, calc_q=True)
    ),
    "matrix_balance": Truth(("general",), _balanced, kinds=("same", "real")),
    "null_space": Truth(("broad",), _null_space),
    "orth": Truth(("tall",), _orth),
    "orthogonal_procrustes": Truth(
        ("general", "other"), _procrustes, kinds=("same", "real number")
    ),
    "polar": Truth(("general",), _polar, kinds=("same", "same")),
    "rq": Truth(("general",), _rq, kinds=("same", "same")),
    "subspace_angles": Truth(
        ("tall", "tall"),
        lambda _, a, b, angles: [Equation(angles[..., None], 0 * angles[..., None], 1.0)],
        kinds=("real",),
    ),
    "lu": Truth(("general",), _lu, kinds=("real", "same", "same")),
    "lu_factor": Truth(("general",), _lu_factor, kinds=("same", "index")),
    "qr": Truth(("tall",), _qr, kinds=("same", "same")),
    "rsf2csf": Truth(("schur", "unitary"), _rsf2csf, kinds=("complex", "complex")),
    "schur": Truth(("general",), _schur, kinds=("same", "same")),
    "svd": Truth(("general",), _svd, kinds=("same", "real", "same")),
    "svdvals": Truth(
        ("tall",),
        _singular_values,
        kinds=("real",),
        by_numpy=lambda a, s: [Equation(s, np.linalg.svd(a, compute_uv=False))],
    ),
}

TRUTHS: dict[str, Truth] = {
    **PRODUCTS,
    **NUMBERS,
    **SYSTEMS,
    **FUNCTIONS,
    **DECOMPOSITIONS,
}
