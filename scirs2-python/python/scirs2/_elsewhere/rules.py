"""Derivatives: one rule for each function that is no composition of others.

A rule is a vector-Jacobian product. It takes the cotangents of the results and returns those
of the operands, in PyTorch's convention: the gradient of a real L is dL/dx.real +
1j * dL/dx.imag, so a linear map's rule is its adjoint. It calls scirs2 again, so the derivative
of a rule comes from the rules, and second derivatives need nothing else.

Rules see matrices: vectors are columns, and axes before those of the signature are a batch, which
broadcasts. The library sums over broadcast axes and takes real parts. It also brings the few
functions that rules need beside scirs2's own, `Library`.
"""

# The libraries' functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, TypeAlias

from .. import linalg as la

# An array of the library.
Array: TypeAlias = Any
Arrays: TypeAlias = tuple[Any, ...]


# The kinds of results that have no derivative.
INTEGERS = ("I", "L")


class Library:
    """What a rule needs of the library whose arrays it gets."""

    conj: ClassVar[Callable[..., Any]]
    real: ClassVar[Callable[..., Any]]
    abs: ClassVar[Callable[..., Any]]
    # Of complex numbers x / abs(x), and 0 of 0.
    sgn: ClassVar[Callable[..., Any]]
    tril: ClassVar[Callable[..., Any]]
    triu: ClassVar[Callable[..., Any]]
    where: ClassVar[Callable[..., Any]]
    # Where the diagonals of matrices are.
    on_diagonal: ClassVar[Callable[..., Any]]
    # The diagonals of matrices, and the matrices of diagonals.
    diagonal: ClassVar[Callable[..., Any]]
    diag: ClassVar[Callable[..., Any]]
    # The sum over axes, which stay with length one.
    sum: ClassVar[Callable[..., Any]]
    # The largest modulus over axes, which stay, or for ord=-inf the smallest one. A constant.
    largest: ClassVar[Callable[..., Any]]
    # Along the last axis.
    cumprod: ClassVar[Callable[..., Any]]
    flip: ClassVar[Callable[..., Any]]
    concat: ClassVar[Callable[..., Any]]
    permute: ClassVar[Callable[..., Any]]
    reshape: ClassVar[Callable[..., Any]]
    # The distance from 1 to the next number of an array's dtype.
    eps: ClassVar[Callable[..., Any]]
    is_complex: ClassVar[Callable[..., Any]]
    # Takes the rows that indices name, or undoes LAPACK's exchanges.
    take_rows: ClassVar[Callable[..., Any]]
    undo_exchanges: ClassVar[Callable[..., Any]]
    # The matrix of a permutation that indices give, of the real dtype of an array.
    permutation: ClassVar[Callable[..., Any]]
    # Sorts values and the columns that belong to them, the largest modulus first.
    sort_by_size: ClassVar[Callable[..., Any]]
    # Whether all elements hold; None where nobody can look at values.
    all: ClassVar[Callable[..., Any]]
    # Calls one or the other of two functions without arguments: the first where all elements hold.
    choose: ClassVar[Callable[..., Any]]
    # Takes where values are equal, where the gradient is unclear, and the names of the
    # function and of what is equal. Returns a factor: 0 where values are equal, else 1.
    # Where the gradient is unclear, it raises an error, or where nobody can look at values
    # the factor is NaN.
    settle: ClassVar[Callable[..., Any]]
    # Calls a rule's function, or that for the values of a decomposition alone.
    apply: ClassVar[Callable[..., Any]]
    values: ClassVar[Callable[..., Any]]


@dataclass(frozen=True, eq=False)
class Rule:
    """A function and its vector-Jacobian product."""

    name: str
    # The axes of each operand and result, as NumPy's generalized functions have them. Before
    # a result R means real, C complex, I int32 and L int64, without derivative. k is min(m, n).
    signature: str
    # Takes the library, operands, results, cotangents and which operands need theirs; None
    # among the cotangents is zero. Then the options by keyword.
    vjp: Callable[..., Arrays]
    # Computes the results; by default scirs2's function of this name.
    compute: Callable[..., Any] | None = None
    # What the options are, and their types in PyTorch's schemas.
    options: tuple[tuple[str, str], ...] = ()
    # Whether the product needs the operands, or the results tell enough.
    keeps_operands: bool = True
    # The operands in which the function is linear; their products need no results.
    linear: tuple[int, ...] = ()
    inputs: tuple[tuple[str, ...], ...] = field(init=False)
    outputs: tuple[tuple[str, ...], ...] = field(init=False)
    # "", "R", "C", "I" or "L" for each result.
    kinds: tuple[str, ...] = field(init=False)
    has_integers: bool = field(init=False)

    def __post_init__(self) -> None:
        """Read the signature."""
        before, after = self.signature.split("->")
        ends = [part.partition("(") for part in after.split("),")]
        set_field = object.__setattr__
        set_field(self, "inputs", tuple(_axes(part) for part in before.split("),")))
        set_field(self, "kinds", tuple(kind for kind, _, _ in ends))
        set_field(self, "has_integers", any(kind in INTEGERS for kind in self.kinds))
        set_field(self, "outputs", tuple(_axes(axes) for _, _, axes in ends))

    def __repr__(self) -> str:
        """Return its name."""
        return f"<rule of {self.name}>"

    def __call__(self, library: Library, operands: Arrays, options: dict[str, Any]) -> Arrays:
        """Compute the results."""
        if self.compute is None:
            results = getattr(la, self.name)(*operands, **options)
        else:
            results = self.compute(library, *operands, **options)
        return tuple(results) if isinstance(results, tuple) else (results,)

    def shapes(
        self,
        operands: Sequence[Any],
        broadcast: Callable[..., Any],
        smallest: Callable[..., Any] = min,
    ) -> list[Any]:
        """Return the shapes of the results, by the signature."""
        sizes: dict[str, Any] = {}
        batches = []
        for shape, axes in zip(operands, self.inputs, strict=True):
            first = len(shape) - len(axes)
            if first < 0:
                raise ValueError(f"{self.name}: an operand of shape {shape} has too few axes")
            batches.append(shape[:first])
            for axis, size in zip(axes, shape[first:], strict=True):
                if sizes.setdefault(axis, size) != size:
                    raise ValueError(f"{self.name}: the shapes {list(operands)} do not fit")
        if "m" in sizes and "n" in sizes:
            sizes["k"] = smallest(sizes["m"], sizes["n"])
            if "p" in sizes:
                # The residuals of least squares.
                sizes["d"] = sizes["p"] if sizes["m"] > sizes["n"] else 0
        batch = broadcast(*batches)
        return [(*batch, *(sizes[axis] for axis in axes)) for axes in self.outputs]


def _axes(text: str) -> tuple[str, ...]:
    return tuple(axis for axis in text.strip("()").split(",") if axis)


# What rules have in common.


def mh(xp: Library, a: Array) -> Array:
    """Conjugate and transpose the last two axes."""
    return xp.conj(a.mT)


def _row(x: Array) -> Array:
    """Make vectors rows: they multiply the columns of a matrix."""
    return x[..., None, :]


def _column(x: Array) -> Array:
    """Make vectors columns: they multiply the rows of a matrix."""
    return x[..., None]


def _product(*factors: Array) -> Array:
    product, *others = factors
    for factor in others:
        product = la.matmul(product, factor)
    return product


def _add(*terms: Array | None) -> Array | None:
    """Add what is not None."""
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return total


def _materialized(results: Arrays, cotangents: Arrays) -> Arrays:
    """Return the cotangents, zeros instead of None."""
    pairs = zip(results, cotangents, strict=True)
    return tuple(result * 0 if g is None else g for result, g in pairs)


def _off_diagonal(xp: Library, a: Array) -> Array:
    return xp.where(xp.on_diagonal(a), 0.0, a)


def _mirrored(xp: Library, triangle: Array) -> Array:
    """Return the Hermitian matrices of triangles, with the real parts of their diagonals."""
    half = xp.where(xp.on_diagonal(triangle), triangle * 0.5, triangle)
    return half + mh(xp, half)


def _largest(xp: Library, *arrays: Array | None) -> Array:
    """Return the largest modulus in each matrix of all arrays, with axes of length one."""
    sizes = [xp.largest(a, (-2, -1)) for a in arrays if a is not None]
    size = sizes[0]
    for other in sizes[1:]:
        size = xp.where(size < other, other, size)
    return size


def _significant(xp: Library, x: Array, scale: Array) -> Array:
    """Return where elements are more than rounding errors of numbers of that scale."""
    return xp.abs(x) > math.sqrt(xp.eps(x)) * scale


def _divided(
    xp: Library,
    numerator: Array,
    denominator: Array,
    ties: Array,
    unclear: Callable[[], Array],
    *names: str,
) -> Array:
    """Divide, but where there are ties do as `Library.settle` says.

    `unclear` is not called where no gradient can be: real vectors have no phase.
    """
    if not xp.is_complex(numerator) and xp.all(~ties):
        return numerator / denominator
    factor = xp.settle(ties, unclear(), *names)
    return numerator * (factor / xp.where(ties, denominator * 0 + 1, denominator))


def unclear_gradient(place: list[int], function: str, what: str) -> la.LinAlgError:
    """Return the error of a pair of vectors, whose gradient nobody knows."""
    *index, i, j = place
    of_matrix = f" of matrix {tuple(index)}" if index else ""
    if i == j and "values" in what:
        text = f"the loss depends on the phase or sign of vector {i}{of_matrix}"
        cure = "use a loss that does not"
    else:
        text = (
            f"{what} {i} and {j}{of_matrix} are equal, and the loss depends on the choice of "
            "their vectors, or on these and on the values"
        )
        cure = "use values alone, or vectors alone in a way that their choice does not matter"
    error = la.LinAlgError(f"{function}: no gradient: {text}; {cure}")
    error.index = tuple(index)
    return error


# Products and norms.


def _matmul(xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, needs: Any) -> Arrays:
    (a, b), (g,) = operands, cotangents
    return (
        la.matmul(g, mh(xp, b)) if needs[0] else None,
        la.matmul(mh(xp, a), g) if needs[1] else None,
    )


def _matvec(xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, needs: Any) -> Arrays:
    (a, x), (g,) = operands, cotangents
    return (
        _column(g) * xp.conj(_row(x)) if needs[0] else None,
        xp.conj(la.vecmat(g, a)) if needs[1] else None,
    )


def _vecmat(xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, needs: Any) -> Arrays:
    (x, a), (g,) = operands, cotangents
    return (
        la.matvec(a, xp.conj(g)) if needs[0] else None,
        _column(x) * _row(g) if needs[1] else None,
    )


def _vector_norm(
    xp: Library, operands: Arrays, results: Arrays, cotangents: Arrays, _: Any, *, ord: float
) -> Arrays:
    (x,), norm, g = operands, _column(results[0]), _column(cotangents[0])
    if ord == 0:
        return (x * 0,)
    if ord == 1:
        return (g * xp.sgn(x),)
    if math.isinf(ord):
        # Elements of the same modulus share. A compiler that computes a complex modulus twice may
        # round it in two ways.
        size, rounding = xp.abs(x), 4 * xp.eps(norm)
        most = xp.largest(x, -1, ord)
        is_extreme = size >= most * (1 - rounding) if ord > 0 else size <= most * (1 + rounding)
        extreme = xp.where(is_extreme, norm * 0 + 1, norm * 0)
        return (g * xp.sgn(x) * (extreme / xp.sum(extreme, -1)),)
    is_zero = norm == 0
    # Zero at zero, and so are the derivatives of this.
    divisor = xp.where(is_zero, math.inf, norm)
    if ord == 2:
        return (g * (x / divisor),)
    # Divided first, so that no power overflows.
    size = xp.abs(x)
    is_zero = is_zero | (size == 0)
    ratio = xp.where(is_zero, size * 0 + 1, size / divisor) ** (ord - 1)
    return (g * xp.where(is_zero, x * 0, xp.sgn(x) * ratio),)


def _compute_vector_norm(_: Library, x: Array, *, ord: float) -> Array:
    return la.vector_norm(x, axis=-1, ord=ord)


MATMUL = Rule("matmul", "(m,p),(p,n)->(m,n)", _matmul, linear=(0, 1))
MATVEC = Rule("matvec", "(m,n),(n)->(m)", _matvec, linear=(0, 1))
VECMAT = Rule("vecmat", "(n),(n,m)->(m)", _vecmat, linear=(0, 1))
VECTOR_NORM = Rule(
    "vector_norm", "(n)->R()", _vector_norm, _compute_vector_norm, (("ord", "float"),)
)

# Equations.


def _solve(
    xp: Library, operands: Arrays, results: Arrays, cotangents: Arrays, needs: Any
) -> Arrays:
    (a, _), (x,), (g,) = operands, results, cotangents
    gb = la.solve(mh(xp, a), g)
    return (-la.matmul(gb, mh(xp, x)) if needs[0] else None), gb


def _solve_adjoint(
    xp: Library, solve: Callable[[Array, int], Array], g: Array, trans: int
) -> Array:
    """Solve with the adjoint of what `trans` says: a itself, its transpose, its adjoint."""
    if trans == 1:
        return xp.conj(solve(xp.conj(g), 0))
    return solve(g, 2 - trans)


def _solve_triangular(
    xp: Library,
    operands: Arrays,
    results: Arrays,
    cotangents: Arrays,
    needs: Any,
    *,
    trans: int,
    lower: bool,
    unit_diagonal: bool,
) -> Arrays:
    (a, _), (x,), (g,) = operands, results, cotangents

    def solve(b: Array, trans: Any) -> Array:
        return la.solve_triangular(a, b, trans, lower, unit_diagonal)

    gb = _solve_adjoint(xp, solve, g, trans)
    if not needs[0]:
        return None, gb
    if trans == 0:
        ga = -la.matmul(gb, mh(xp, x))
    elif trans == 1:
        ga = -la.matmul(xp.conj(x), gb.mT)
    else:
        ga = -la.matmul(x, mh(xp, gb))
    first = 1 if unit_diagonal else 0
    return (xp.tril(ga, -first) if lower else xp.triu(ga, first)), gb


def _lu_solve(
    xp: Library,
    operands: Arrays,
    results: Arrays,
    cotangents: Arrays,
    needs: Any,
    *,
    trans: int,
) -> Arrays:
    (lu, pivots, b), (x,), (g,) = operands, results, cotangents

    def solve(b: Array, trans: Any) -> Array:
        return la.lu_solve((lu, pivots), b, trans)

    gb = _solve_adjoint(xp, solve, g, trans)
    if not needs[0]:
        return None, None, gb
    # The cotangent of A = P L U is -left right^H, and left solves A^H left = given. So P^T left
    # comes from L and U alone.
    if trans == 0:
        given, right = g, x
    elif trans == 1:
        given, right = xp.conj(b), xp.conj(gb)
    else:
        given, right = b, gb
    left = la.solve_triangular(lu, given, 2)
    left = la.solve_triangular(lu, left, 2, lower=True, unit_diagonal=True)
    low, up = xp.tril(lu, -1), xp.triu(lu)
    gl = la.matmul(left, mh(xp, la.matmul(up, right)))
    # L has ones on its diagonal.
    gu = la.matmul(la.matmul(mh(xp, low), left) + left, mh(xp, right))
    return -(xp.tril(gl, -1) + xp.triu(gu)), None, gb


def _compute_lu_solve(_: Library, lu: Array, pivots: Array, b: Array, *, trans: Any) -> Array:
    return la.lu_solve((lu, pivots), b, trans)


def _inv(xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any) -> Arrays:
    adjoint = mh(xp, results[0])
    return (-_product(adjoint, cotangents[0], adjoint),)


def _pinv(
    xp: Library,
    operands: Arrays,
    results: Arrays,
    cotangents: Arrays,
    _: Any,
    *,
    rcond: float | None,
    hermitian: bool,
) -> Arrays:
    """Golub and Pereyra's: among the matrices of the same rank."""
    (a,), (p,), (g,) = operands, results, cotangents
    if hermitian:
        a = xp.tril(a) + mh(xp, xp.tril(a, -1))
    ph, gh = mh(xp, p), mh(xp, g)
    rows, columns = _product(gh, p, ph), _product(ph, p, gh)
    rows = rows - _product(a, p, rows)
    columns = columns - _product(columns, p, a)
    ga = rows + columns - _product(ph, g, ph)
    return ((ga + mh(xp, ga)) / 2 if hermitian else ga,)


def _compute_pinv(_: Library, a: Array, *, rcond: float | None, hermitian: bool) -> Array:
    if rcond is None:
        return la.pinv(a, hermitian=hermitian, rtol=None)
    return la.pinv(a, rcond, hermitian)


def _lstsq(
    xp: Library,
    operands: Arrays,
    results: Arrays,
    cotangents: Arrays,
    needs: Any,
    *,
    rcond: float | None,
) -> Arrays:
    (a, b), (x, residuals, rank, _) = operands, results
    gx, gresiduals, _, gs = cotangents
    m, n = a.shape[-2:]
    remainder = b - la.matmul(a, x)
    ga = gb = None
    if gx is not None:
        if m >= n and xp.all(rank == n):
            r = la.qr(a, "r")
            z = la.solve_triangular(r, la.solve_triangular(r, gx, 2))
            gb, constant_rank = la.matmul(a, z), None
        else:
            smallest = max(m, n) * xp.eps(a)
            p = la.pinv(a, smallest if rcond is None else max(rcond, smallest))
            gb = la.matmul(mh(xp, p), gx)
            z = la.matmul(p, gb)
            outside = gx - _product(p, a, gx)
            constant_rank = _product(mh(xp, p), x, mh(xp, outside))
        if needs[0]:
            ga = la.matmul(remainder, mh(xp, z)) - la.matmul(gb, mh(xp, x))
            ga = _add(ga, constant_rank)
    if gresiduals is not None and residuals.shape[-1] > 0:
        # The solution makes them smallest, so that its change does not count.
        change = 2 * _row(gresiduals) * remainder
        gb = _add(gb, change)
        ga = _add(ga, -la.matmul(change, mh(xp, x)))
    if gs is not None and needs[0]:
        u, _, vh = la.svd(a, full_matrices=False)
        ga = _add(ga, la.matmul(u * _row(gs), vh))
    return ga, gb


SOLVE = Rule("solve", "(n,n),(n,p)->(n,p)", _solve, linear=(1,))
SOLVE_TRIANGULAR = Rule(
    "solve_triangular",
    "(n,n),(n,p)->(n,p)",
    _solve_triangular,
    options=(("trans", "int"), ("lower", "bool"), ("unit_diagonal", "bool")),
    linear=(1,),
)
LU_SOLVE = Rule(
    "lu_solve",
    "(n,n),(n),(n,p)->(n,p)",
    _lu_solve,
    _compute_lu_solve,
    (("trans", "int"),),
    linear=(2,),
)
INV = Rule("inv", "(n,n)->(n,n)", _inv, keeps_operands=False)
PINV = Rule(
    "pinv", "(m,n)->(n,m)", _pinv, _compute_pinv, (("rcond", "float?"), ("hermitian", "bool"))
)
# d is p, or nothing where there are no residuals.
LSTSQ = Rule("lstsq", "(m,n),(m,p)->(n,p),R(d),I(),R(k)", _lstsq, options=(("rcond", "float?"),))

# Determinants.


def _det(xp: Library, operands: Arrays, results: Arrays, cotangents: Arrays, _: Any) -> Arrays:
    cofactors = xp.apply(COFACTORS, operands[0], results[0])
    return (cotangents[0][..., None, None] * xp.conj(cofactors),)


def _compute_cofactors(xp: Library, a: Array, det: Array) -> Array:
    """Return the derivative of the determinant by each element; `det` is known already."""
    if a.shape[-1] == 0:
        return a
    # The inverse of `a`, not of its transpose: it has the determinant's LU factors, and the errors
    # of small pivots cancel.
    inverse = la.inv(a, on_failure="nan")
    condition = xp.largest(a, (-2, -1)) * xp.largest(inverse, (-2, -1))
    # Elsewhere half of the digits of an inverse are noise, or there is none.
    return xp.choose(
        condition < xp.eps(a) ** -0.5,
        lambda: det[..., None, None] * inverse.mT,
        lambda: _cofactors_by_singular_values(xp, a),
    )


def _cofactors_by_singular_values(xp: Library, a: Array) -> Array:
    """Return the cofactors of any matrices: they are polynomials, and nothing is divided."""
    u, s, vh = la.svd(a, full_matrices=False)
    return _phase(u, vh) * la.matmul(xp.conj(u) * _row(_others(xp, s)), xp.conj(vh))


def _phase(u: Array, vh: Array) -> Array:
    return (la.det(u) * la.det(vh))[..., None, None]


def _others(xp: Library, s: Array) -> Array:
    """Return for each element the product of the others."""
    one = s[..., :1] * 0 + 1
    before = xp.cumprod(xp.concat([one, s[..., :-1]], -1))
    after = xp.flip(xp.cumprod(xp.flip(xp.concat([s[..., 1:], one], -1))))
    return before * after


def _cofactors(xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, __: Any) -> Arrays:
    return xp.apply(COFACTORS_VJP, operands[0], cotangents[0]), None


def _compute_cofactors_vjp(xp: Library, a: Array, g: Array) -> Array:
    """Return the vector-Jacobian product of the cofactors, by singular values."""
    n = a.shape[-1]
    if n < 2:
        return (a + g) * 0
    u, s, vh = la.svd(a, full_matrices=False)
    # The products of all singular values but two.
    pairs = []
    for row in range(n):
        others = [s[..., :row], s[..., :1] * 0 + 1, s[..., row + 1 :]]
        pairs.append(_row(_others(xp, xp.concat(others, -1))))
    inner = xp.conj(_phase(u, vh)) * _product(u.mT, g, vh.mT)
    products = _off_diagonal(xp, xp.concat(pairs, -2))
    traces = xp.sum(products * _row(xp.diagonal(inner)), -1)[..., 0]
    return _product(u, xp.diag(traces) - (products * inner).mT, vh)


def _cofactors_vjp(
    xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, needs: Any
) -> Arrays:
    if needs[0]:
        raise NotImplementedError(
            "det: no third derivatives; differentiate sign * exp(logabsdet) of "
            "scirs2.linalg.slogdet instead, if no matrix is singular"
        )
    # Second derivatives are symmetric.
    return None, xp.conj(xp.apply(COFACTORS_VJP, operands[0], xp.conj(cotangents[0])))


def _slogdet(xp: Library, operands: Arrays, results: Arrays, cotangents: Arrays, _: Any) -> Arrays:
    gsign, g = cotangents
    if gsign is not None and xp.is_complex(operands[0]):
        # Only the phase of the sign changes.
        turned = xp.conj(gsign) * results[0]
        g = _add((xp.conj(turned) - turned) / 2, g)
    if g is None:
        return (None,)
    return (g[..., None, None] * la.inv(mh(xp, operands[0])),)


def not_called(*_: Any, **__: Any) -> Arrays:
    """Not called: no result has a cotangent."""
    return (None,)


DET = Rule("det", "(n,n)->()", _det)
COFACTORS = Rule("cofactors", "(n,n),()->(n,n)", _cofactors, _compute_cofactors)
COFACTORS_VJP = Rule(
    "cofactors_vjp", "(n,n),(n,n)->(n,n)", _cofactors_vjp, _compute_cofactors_vjp, linear=(1,)
)
SLOGDET = Rule("slogdet", "(n,n)->(),R()", _slogdet)
MATRIX_RANK = Rule(
    "matrix_rank",
    "(m,n)->L()",
    not_called,
    options=(("tol", "float?"), ("hermitian", "bool"), ("rtol", "float?")),
    keeps_operands=False,
)

# Triangular factors.


def _cholesky(
    xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any, *, upper: bool
) -> Arrays:
    (low,), (g,) = results, cotangents
    if upper:
        low, g = mh(xp, low), mh(xp, g)
    inner = la.matmul(mh(xp, low), g)
    inner = _mirrored(xp, xp.tril(inner)) * 0.5
    half = la.solve_triangular(low, inner, 2, lower=True)
    return (la.solve_triangular(low, mh(xp, half), 2, lower=True),)


def _lu_inner(xp: Library, low: Array, up: Array, gl: Array, gu: Array) -> Array:
    """Return the cotangent of L U."""
    m, n = low.shape[-2], up.shape[-1]
    k = min(m, n)
    beyond = None
    if m > k:
        beyond = mh(xp, la.solve_triangular(up, mh(xp, gl[..., k:, :])))
        gu = gu - la.matmul(mh(xp, low[..., k:, :]), beyond)
    elif n > k:
        beyond = la.solve_triangular(low, gu[..., k:], 2, lower=True, unit_diagonal=True)
        gl = gl - la.matmul(beyond, mh(xp, up[..., k:]))
    low, gl, up, gu = low[..., :k, :], gl[..., :k, :], up[..., :k], gu[..., :k]
    inner = xp.tril(la.matmul(mh(xp, low), gl), -1) + xp.triu(la.matmul(gu, mh(xp, up)))
    inner = la.solve_triangular(low, inner, 2, lower=True, unit_diagonal=True)
    square = mh(xp, la.solve_triangular(up, mh(xp, inner)))
    return square if beyond is None else xp.concat([square, beyond], -2 if m > k else -1)


def _lu(xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any) -> Arrays:
    p, low, up = results
    gl, gu = _materialized(results[1:], cotangents[1:])
    return (xp.take_rows(_lu_inner(xp, low, up, gl, gu), p),)


def _compute_lu(_: Library, a: Array) -> Arrays:
    p, low, up = la.lu(a, p_indices=True)
    return p, low, up


def _lu_factor(xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any) -> Arrays:
    (lu, pivots), g = results, cotangents[0]
    m, n = lu.shape[-2:]
    k = min(m, n)
    low, up = xp.tril(lu[..., :k], -1), xp.triu(lu[..., :k, :])
    low = xp.where(xp.on_diagonal(low), 1.0, low)
    gl, gu = xp.tril(g[..., :k], -1), xp.triu(g[..., :k, :])
    return (xp.undo_exchanges(_lu_inner(xp, low, up, gl, gu), pivots),)


def _qr(xp: Library, operands: Arrays, results: Arrays, cotangents: Arrays, _: Any) -> Arrays:
    (a,), (q, r) = operands, results
    gq, gr = _materialized(results, cotangents)
    m, n = a.shape[-2:]
    k = min(m, n)
    rest = None
    if n > k:
        # R beyond the square is Q^H a.
        beyond = gr[..., k:]
        rest = la.matmul(q, beyond)
        gq = gq + la.matmul(a[..., k:], mh(xp, beyond))
        r, gr = r[..., :k], gr[..., :k]
    elif q.shape[-1] > k:
        others, gothers = q[..., k:], gq[..., k:]
        q, gq = q[..., :k], gq[..., :k]
        gothers = _refuse_turns(xp, others, gothers, "qr", "Q")
        gq = gq - _product(others, mh(xp, gothers), q)
        r, gr = r[..., :k, :], gr[..., :k, :]
    inner = _mirrored(xp, xp.triu(la.matmul(gr, mh(xp, r)) - la.matmul(mh(xp, q), gq)))
    square = mh(xp, la.solve_triangular(r, mh(xp, gq + la.matmul(q, inner))))
    return (square if rest is None else xp.concat([square, rest], -1),)


def _compute_qr_complete(_: Library, a: Array) -> Arrays:
    q, r = la.qr(a, "complete")
    return q, r


def _refuse_turns(xp: Library, vectors: Array, g: Array, function: str, name: str) -> Array:
    """Return cotangents of the basis of a space, if they do not depend on its choice."""
    product = la.matmul(mh(xp, vectors), g)
    unclear = _significant(xp, product - mh(xp, product), _largest(xp, g))
    what = f"columns of {name} beyond the square"
    # No values are equal here.
    ties = xp.on_diagonal(product) < 0
    return g * _largest(xp, xp.settle(ties, unclear, function, what))


CHOLESKY = Rule(
    "cholesky", "(n,n)->(n,n)", _cholesky, options=(("upper", "bool"),), keeps_operands=False
)
LU = Rule("lu", "(m,n)->I(m),(m,k),(k,n)", _lu, _compute_lu, keeps_operands=False)
LU_FACTOR = Rule("lu_factor", "(m,n)->(m,n),I(k)", _lu_factor, keeps_operands=False)
QR = Rule("qr", "(m,n)->(m,k),(k,n)", _qr)
QR_COMPLETE = Rule("qr_complete", "(m,n)->(m,m),(m,n)", _qr, _compute_qr_complete)

# Eigenvalues and singular values.
#
# Where values are equal, their vectors may be turned. The terms of such a pair are zero if the
# loss does not change with that. But in functions of the matrix, as v @ f(w) @ v^H, they are a
# limit of 0/0, and whether there is one only the loss knows: the cotangents are the same for a
# loss without. So the gradient counts as unclear where a loss that depends on values depends on
# vectors of equal ones, too.


def _rounding(xp: Library, values: Array, n: int) -> Array:
    """Return how far equal values may be apart, as matrices of one element."""
    return _column(4 * n * xp.eps(values) * xp.largest(values, -1))


def _eigh(
    xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any, *, UPLO: str
) -> Arrays:
    (w, v), (gw, gv) = results, cotangents
    vh = mh(xp, v)
    if gv is None:
        return (la.matmul(v * _row(gw), vh),)
    inner = _turned(xp, w, la.matmul(vh, gv), (gv,), w.shape[-1], gw, "eigh", "eigenvalues")
    return (_product(v, inner, vh),)


def _turned(
    xp: Library,
    values: Array,
    product: Array,
    cotangents: Arrays,
    n: int,
    gvalues: Array | None,
    *names: str,
) -> Array:
    """Return the cotangent in the basis of orthonormal vectors, from `product` = V^H gV."""
    skew = (product - mh(xp, product)) / 2
    # On the diagonal is the phase, on which no loss may depend.
    gaps = xp.where(xp.on_diagonal(product), math.inf, _row(values) - _column(values))
    equal = xp.abs(gaps) <= _rounding(xp, values, n)

    def unclear() -> Array:
        on, scale = xp.on_diagonal(product), _largest(xp, *cotangents)
        turns = (equal | on) & _significant(xp, skew, _scale_of_turns(xp, ~on, scale))
        if gvalues is None:
            return turns
        return turns | (equal & _significant(xp, product, scale))

    inner = _divided(xp, skew, gaps, equal, unclear, *names)
    return inner if gvalues is None else inner + xp.diag(gvalues)


def _scale_of_turns(xp: Library, off: Array, scale: Array) -> Array:
    """Return of what scale cotangents are that a turn of vectors changes.

    On the diagonal is the phase. There all cotangents may be rounding errors of numbers that
    cancelled, about as large as one.
    """
    least = 100 * math.sqrt(xp.eps(scale))
    return xp.where(off | (scale > least), scale, scale * 0 + least)


def _eig(xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any) -> Arrays:
    (w, v), (gw, gv) = results, cotangents
    vh = mh(xp, v)
    if gv is None:
        return (la.solve(vh, _column(gw) * vh),)
    product = la.matmul(vh, gv)
    # The vectors keep their length.
    numerator = product - la.matmul(vh, v) * _row(xp.real(xp.diagonal(product)))
    gaps = xp.conj(_row(w) - _column(w))
    on = xp.on_diagonal(product)
    equal = xp.abs(gaps) <= _rounding(xp, w, w.shape[-1])

    def unclear() -> Array:
        scale = _scale_of_turns(xp, ~on, _largest(xp, gv))
        return equal & _significant(xp, numerator, scale)

    # Their phases do not matter, and there is no gap.
    gaps = xp.where(on, 1.0, gaps)
    inner = xp.where(
        on, 0.0, _divided(xp, numerator, gaps, equal & ~on, unclear, "eig", "eigenvalues")
    )
    if gw is not None:
        inner = inner + xp.diag(gw)
    return (la.solve(vh, la.matmul(inner, vh)),)


def _svd(xp: Library, _: Arrays, results: Arrays, cotangents: Arrays, __: Any) -> Arrays:
    (u, s, vh), (gu, gs, gvh) = results, cotangents
    k = s.shape[-1]
    if gu is None and gvh is None:
        return (la.matmul(u[..., :k] * _row(gs), vh[..., :k, :]),)
    gu, gvh = _materialized((u, vh), (gu, gvh))
    names = ("svd", "singular values")
    u, gu, beside_u = _inside(xp, u, gu, k, "U")
    v, gv, beside_v = _inside(xp, mh(xp, vh), mh(xp, gvh), k, "Vh")
    n = max(u.shape[-2], v.shape[-2])
    rounding = _rounding(xp, s, n)

    def divided(numerator: Array, denominator: Array) -> Array:
        zero = denominator <= rounding

        def unclear() -> Array:
            return zero & _significant(xp, numerator, _largest(xp, gu, gv))

        return _divided(xp, numerator, denominator, zero, unclear, *names)

    # Both sides turn together, or against each other.
    product_u, product_v = la.matmul(mh(xp, u), gu), la.matmul(mh(xp, v), gv)
    inner = _turned(xp, s, product_u + product_v, (gu, gv), n, gs, *names)
    against = product_u - product_v
    against = (against - mh(xp, against)) / 2
    sums = _row(s) + _column(s)
    if not xp.is_complex(against):
        # Nothing is on the diagonal.
        sums = xp.where(xp.on_diagonal(sums), math.inf, sums)
    ga = _product(u, inner + divided(against, sums), mh(xp, v))

    # One side turns out of the space of its vectors.
    if beside_u is not None:
        ga = ga + la.matmul(divided(beside_u, _row(s)), mh(xp, v))
    if beside_v is not None:
        ga = ga + la.matmul(u, mh(xp, divided(beside_v, _row(s))))
    return (ga,)


def _inside(
    xp: Library, vectors: Array, g: Array, k: int, name: str
) -> tuple[Array, Array, Array | None]:
    """Return the first k vectors, their cotangents, and the part of these beside the vectors.

    It is orthogonal to the space that they span; None where they span all.
    """
    if vectors.shape[-2] == k:
        return vectors, g, None
    others, gothers = vectors[..., k:], g[..., k:]
    vectors, g = vectors[..., :k], g[..., :k]
    beside = g - _product(vectors, mh(xp, vectors), g)
    if others.shape[-1] > 0:
        # What completes the basis turns along.
        gothers = _refuse_turns(xp, others, gothers, "svd", name)
        beside = beside - _product(others, mh(xp, gothers), vectors)
    return vectors, g, beside


def _compute_svd(_: Library, a: Array) -> Arrays:
    u, s, vh = la.svd(a, full_matrices=False)
    return u, s, vh


def _compute_svd_full(_: Library, a: Array) -> Arrays:
    u, s, vh = la.svd(a)
    return u, s, vh


EIGH = Rule("eigh", "(n,n)->R(n),(n,n)", _eigh, options=(("UPLO", "str"),), keeps_operands=False)
EIG = Rule("eig", "(n,n)->C(n),C(n,n)", _eig, keeps_operands=False)
SVD = Rule("svd", "(m,n)->(m,k),R(k),(k,n)", _svd, _compute_svd, keeps_operands=False)
SVD_FULL = Rule(
    "svd_full", "(m,n)->(m,m),R(k),(n,n)", _svd, _compute_svd_full, keeps_operands=False
)

# Functions of matrices.
#
# The derivative of f at A in the direction E is a block of f([[A, E], [0, A]]) (R. Mathias, SIAM
# J. Matrix Anal. Appl. 17, 1996), and its adjoint is the derivative at A^H.


def _function(name: str) -> Callable[..., Arrays]:
    def vjp(
        xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, __: Any, **options: Any
    ) -> Arrays:
        (a,), (g,) = operands, cotangents
        # Where there is a derivative, real matrices have a real one.
        g = g if xp.is_complex(a) else xp.real(g)
        return (xp.apply(_DERIVATIVES[name], mh(xp, a), g, **options),)

    return vjp


def _derivative(name: str) -> Callable[..., Arrays]:
    def vjp(
        xp: Library, operands: Arrays, _: Arrays, cotangents: Arrays, needs: Any, **options: Any
    ) -> Arrays:
        (a, e), (g,) = operands, cotangents
        derivative = partial(xp.apply, _DERIVATIVES[name], **options)
        ge = derivative(mh(xp, a), g)
        if not needs[0]:
            return None, ge
        n = a.shape[-1]
        # The adjoint of the block matrix, with both rows and both columns of blocks exchanged.
        zero, nothing = mh(xp, a + e) * 0, g * 0
        whole = _blocks(xp, mh(xp, a) + zero, mh(xp, e) + zero, zero)
        rows = [xp.concat(row, -1) for row in ([nothing, nothing], [g, nothing])]
        parts = derivative(whole, xp.concat(rows, -2))
        return parts[..., :n, :n] + parts[..., n:, n:], ge

    return vjp


def _blocks(xp: Library, a: Array, e: Array, zero: Array) -> Array:
    """Make the block matrices [[a, e], [0, a]]."""
    return xp.concat([xp.concat([a, e], -1), xp.concat([zero, a], -1)], -2)


def _compute_expm_derivative(_: Library, a: Array, e: Array) -> Array:
    return la.expm_frechet(a, e, compute_expm=False)


def _compute_derivative(name: str, noun: str | None) -> Callable[..., Array]:
    """Compute a derivative by blocks; with a noun that of a function with principal values."""

    def compute(xp: Library, a: Array, e: Array, **options: Any) -> Array:
        n = a.shape[-1]
        if n == 0:
            return a + e
        exists = None if noun is None else _are_beside_the_cut(xp, a, name, noun)
        # The derivative is linear in the direction, whose size need not be that of the matrix.
        sizes = [xp.largest(one, (-2, -1)) for one in (a, e)]
        known = (sizes[0] > 0) & (sizes[1] > 0)
        scale = xp.where(known, sizes[0], 1.0) / xp.where(known, sizes[1], 1.0)
        zero = (a + e) * 0
        whole = getattr(la, name)(_blocks(xp, a + zero, e * scale + zero, zero), **options)
        derivative = whole[..., :n, n:] / scale
        if noun is None:
            return derivative
        if not xp.is_complex(a):
            # Real, unless rounding errors made an eigenvalue negative.
            is_real = xp.largest(whole - xp.real(whole), (-2, -1)) == 0
            exists = exists & _checked(xp, is_real, name, noun)
            derivative = xp.real(derivative)
        return xp.where(exists, derivative, math.nan)

    return compute


def _are_beside_the_cut(xp: Library, a: Array, name: str, noun: str) -> Array:
    """Return of which matrices no eigenvalue is zero, or negative up to rounding errors."""
    w = la.eigvals(a)
    distances = xp.where(xp.real(w) <= 0, xp.abs(w - xp.real(w)), math.inf)
    rounding = 4 * a.shape[-1] * xp.eps(w) * xp.largest(w, -1)
    exists = _column(xp.largest(distances, -1, -math.inf) > rounding)
    return _checked(xp, exists, name, noun)


def _checked(xp: Library, exists: Array, name: str, noun: str) -> Array:
    """Refuse matrices at which there is no derivative, if anybody can look at values."""
    if xp.all(exists) is False:
        raise la.LinAlgError(
            f"{name}: no gradient: the principal {noun} has none where an eigenvalue is negative "
            "or zero; leave such matrices out of the batch, or add a multiple of the identity"
        )
    return exists


EXPM = Rule("expm", "(n,n)->(n,n)", _function("expm"))
EXPM_DERIVATIVE = Rule(
    "expm_derivative",
    "(n,n),(n,n)->(n,n)",
    _derivative("expm"),
    _compute_expm_derivative,
    linear=(1,),
)
SQRTM = Rule("sqrtm", "(n,n)->C(n,n)", _function("sqrtm"))
SQRTM_DERIVATIVE = Rule(
    "sqrtm_derivative",
    "(n,n),(n,n)->(n,n)",
    _derivative("sqrtm"),
    _compute_derivative("sqrtm", "square root"),
    linear=(1,),
)
LOGM = Rule("logm", "(n,n)->C(n,n)", _function("logm"))
LOGM_DERIVATIVE = Rule(
    "logm_derivative",
    "(n,n),(n,n)->(n,n)",
    _derivative("logm"),
    _compute_derivative("logm", "logarithm"),
    linear=(1,),
)
FRACTIONAL_MATRIX_POWER = Rule(
    "fractional_matrix_power",
    "(n,n)->C(n,n)",
    _function("fractional_matrix_power"),
    options=(("t", "float"),),
)
FRACTIONAL_MATRIX_POWER_DERIVATIVE = Rule(
    "fractional_matrix_power_derivative",
    "(n,n),(n,n)->(n,n)",
    _derivative("fractional_matrix_power"),
    _compute_derivative("fractional_matrix_power", "power"),
    (("t", "float"),),
    linear=(1,),
)
SIGNM = Rule("signm", "(n,n)->(n,n)", _function("signm"))
SIGNM_DERIVATIVE = Rule(
    "signm_derivative",
    "(n,n),(n,n)->(n,n)",
    _derivative("signm"),
    _compute_derivative("signm", None),
    linear=(1,),
)

RULES = tuple(value for value in dict(globals()).values() if isinstance(value, Rule))
_DERIVATIVES = {
    rule.name.removesuffix("_derivative"): rule
    for rule in RULES
    if rule.name.endswith("_derivative")
}
