"""The functions of scirs2 in terms of the rules.

Each takes a library and then the arguments of scirs2's function of its name. The operands are
arrays of that library, of one floating-point dtype. A library may trace these functions, so
they look at shapes, and at values only through `all`, which returns None while they are traced.
"""

# The libraries' functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import _results
from .. import linalg as la
from . import rules
from .rules import Array, Library


@dataclass(frozen=True, eq=False)
class Function:
    """A function, and the names of its operands."""

    operands: tuple[str, ...]
    body: Callable[..., Any]
    # Operands that are keywords, and may be None.
    keywords: tuple[str, ...] = ()


FUNCTIONS: dict[str, Function] = {}


def _of(
    *operands: str, keywords: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(body: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[body.__name__] = Function(operands, body, keywords)
        return body

    return register


def _with_columns(
    xp: Library, rule: rules.Rule, a: Array, b: Array, **options: Any
) -> tuple[Array, ...]:
    """Apply a rule to right-hand sides, which may be one vector."""
    is_vector = b.ndim == 1
    first, *others = _tuple(xp.apply(rule, a, b[:, None] if is_vector else b, **options))
    return (first[..., 0] if is_vector else first), *others


def _tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


def _refuse_option(function: str, option: str, cure: str) -> None:
    raise NotImplementedError(f"{function}: no gradients and transforms with {option}; {cure}")


# Products.


@_of("x1", "x2")
def matmul(xp: Library, x1: Array, x2: Array) -> Array:
    """As `scirs2.linalg.matmul`."""
    left = x1[None, :] if x1.ndim == 1 else x1
    right = x2[:, None] if x2.ndim == 1 else x2
    product = xp.apply(rules.MATMUL, left, right)
    if x2.ndim == 1:
        product = product[..., 0]
    if x1.ndim == 1:
        product = product[..., 0] if x2.ndim == 1 else product[..., 0, :]
    return product


@_of("x1", "x2")
def matvec(xp: Library, x1: Array, x2: Array) -> Array:
    """As `scirs2.linalg.matvec`."""
    return xp.apply(rules.MATVEC, x1, x2)


@_of("x1", "x2")
def vecmat(xp: Library, x1: Array, x2: Array) -> Array:
    """As `scirs2.linalg.vecmat`."""
    return xp.apply(rules.VECMAT, x1, x2)


@_of("a")
def matrix_power(xp: Library, a: Array, n: int) -> Array:
    """As `scirs2.linalg.matrix_power`, by repeated squares."""
    if n < 0:
        a, n = xp.apply(rules.INV, a), -n
    result, square = None, a
    while n > 0:
        if n % 2 == 1:
            result = square if result is None else xp.apply(rules.MATMUL, result, square)
        n //= 2
        if n > 0:
            square = xp.apply(rules.MATMUL, square, square)
    if result is None:
        return xp.where(xp.on_diagonal(a), 1.0, a * 0)
    return result * 1 if result is a else result


# Norms.


def _last(xp: Library, x: Array, axes: tuple[int, ...]) -> tuple[Array, list[int]]:
    """Make one last axis of some; return the others' places, too."""
    axes = tuple(axis + x.ndim if axis < 0 else axis for axis in axes)
    if len(set(axes)) < len(axes) or not all(0 <= axis < x.ndim for axis in axes):
        raise ValueError(f"no such axes: {axes}")
    others = [axis for axis in range(x.ndim) if axis not in axes]
    if axes == (x.ndim - 1,):
        return x, others
    moved = xp.permute(x, (*others, *axes))
    size = 1
    for axis in axes:
        size = size * x.shape[axis]
    return xp.reshape(moved, (*(x.shape[axis] for axis in others), size)), others


def _kept(xp: Library, x: Array, others: list[int], result: Array, keepdims: bool) -> Array:
    if not keepdims:
        return result
    shape = [x.shape[axis] if axis in others else 1 for axis in range(x.ndim)]
    return xp.reshape(result, tuple(shape))


@_of("x")
def vector_norm(
    xp: Library,
    x: Array,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float | None = 2,
) -> Array:
    """As `scirs2.linalg.vector_norm`."""
    ord = 2 if ord is None else ord
    axes = tuple(range(x.ndim)) if axis is None else axis
    flat, others = _last(xp, x, axes if isinstance(axes, tuple) else (int(axes),))
    result = xp.apply(rules.VECTOR_NORM, flat, ord=float(ord))
    return _kept(xp, x, others, result, keepdims)


def _matrix_norm(
    xp: Library, x: Array, axes: tuple[int, int], ord: float | str | None, keepdims: bool
) -> Array:
    rows, columns = (axis + x.ndim if axis < 0 else axis for axis in axes)
    if ord is None or ord in ("fro", "f"):
        return vector_norm(xp, x, (rows, columns), keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        summed, other = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(xp, x, summed, ord=1)
        other -= other > summed
        result = vector_norm(xp, sums, other, ord=math.inf if ord > 0 else -math.inf)
    elif ord in (2, -2, "nuc"):
        others = [axis for axis in range(x.ndim) if axis not in (rows, columns)]
        s = svdvals(xp, xp.permute(x, (*others, rows, columns)))
        if ord == "nuc":
            result = xp.sum(s, -1)[..., 0]
        else:
            result = s[..., 0 if ord == 2 else -1]
    else:
        raise ValueError(f"no norm of matrices: {ord}")
    others = [axis for axis in range(x.ndim) if axis not in (rows, columns)]
    return _kept(xp, x, others, result, keepdims)


@_of("x")
def matrix_norm(xp: Library, x: Array, keepdims: bool = False, ord: float | str = "fro") -> Array:
    """As `scirs2.linalg.matrix_norm`."""
    return _matrix_norm(xp, x, (-2, -1), ord, keepdims)


@_of("x")
def norm(
    xp: Library,
    x: Array,
    ord: float | str | None = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Array:
    """As `scirs2.linalg.norm`."""
    if axis is None and ord is None:
        return vector_norm(xp, x, None, keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis
    axes = axes if isinstance(axes, tuple) else (int(axes),)
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"no norm of vectors: {ord}")
        return vector_norm(xp, x, axes, keepdims, 2 if ord is None else ord)
    if len(axes) == 2:
        return _matrix_norm(xp, x, (axes[0], axes[1]), ord, keepdims)
    raise ValueError(f"neither one axis nor two: {axes}")


@_of("x")
def cond(xp: Library, x: Array, p: float | str | None = None) -> Array:
    """As `scirs2.linalg.cond`, but singular matrices are an error where an inverse is needed."""
    if p is None or p in (2, -2):
        s = svdvals(xp, x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    inverse = xp.apply(rules.INV, x)
    return matrix_norm(xp, x, ord=p) * matrix_norm(xp, inverse, ord=p)


# Determinants and ranks.


@_of("a")
def det(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.det`."""
    return xp.apply(rules.DET, a)


@_of("a")
def slogdet(xp: Library, a: Array) -> Any:
    """As `scirs2.linalg.slogdet`."""
    return _results.SlogdetResult(*xp.apply(rules.SLOGDET, a))


@_of("A")
def matrix_rank(
    xp: Library,
    A: Array,
    tol: float | None = None,
    hermitian: bool = False,
    *,
    rtol: float | None = None,
) -> Array:
    """As `scirs2.linalg.matrix_rank`: integers, through which no gradient flows."""
    for name, bound in (("tol", tol), ("rtol", rtol)):
        if not (bound is None or isinstance(bound, int | float)):
            _refuse_option("matrix_rank", f"an array as {name}", "pass a number")
    if A.ndim < 2:
        # As in NumPy: whether anything is not zero.
        A, tol, hermitian, rtol = xp.reshape(A, (1, math.prod(A.shape))), None, False, None
    return xp.apply(rules.MATRIX_RANK, A, tol=tol, hermitian=hermitian, rtol=rtol)


# Equations.


@_of("a", "b")
def solve(xp: Library, a: Array, b: Array) -> Array:
    """As `scirs2.linalg.solve`."""
    return _with_columns(xp, rules.SOLVE, a, b)[0]


_TRANS = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}


@_of("a", "b")
def solve_triangular(
    xp: Library,
    a: Array,
    b: Array,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    """As `scirs2.linalg.solve_triangular`."""
    rule, options = rules.SOLVE_TRIANGULAR, {"lower": bool(lower), "trans": _TRANS[trans]}
    return _with_columns(xp, rule, a, b, unit_diagonal=bool(unit_diagonal), **options)[0]


@_of("lu_and_piv", "b")
def lu_solve(xp: Library, lu_and_piv: Any, b: Array, trans: int | str = 0) -> Array:
    """As `scirs2.linalg.lu_solve`."""
    lu, pivots = lu_and_piv
    is_vector = b.ndim == 1
    b = b[:, None] if is_vector else b
    x = xp.apply(rules.LU_SOLVE, lu, pivots, b, trans=_TRANS[trans])
    return x[..., 0] if is_vector else x


@_of("c_and_lower", "b")
def cho_solve(xp: Library, c_and_lower: Any, b: Array) -> Array:
    """As `scirs2.linalg.cho_solve`: two triangular systems."""
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    return solve_triangular(xp, c, solve_triangular(xp, c, b, first, lower), second, lower)


@_of("a")
def inv(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.inv`."""
    return xp.apply(rules.INV, a)


@_of("a")
def pinv(
    xp: Library,
    a: Array,
    rcond: float | None = None,
    hermitian: bool = False,
    *,
    rtol: Any = ...,
) -> Array:
    """As `scirs2.linalg.pinv`."""
    if rtol is not ... and rcond is not None:
        raise ValueError("both rcond and rtol")
    cutoff = rtol if rtol is not ... else 1e-15 if rcond is None else rcond
    if not (cutoff is None or isinstance(cutoff, int | float)):
        _refuse_option("pinv", "an array as rcond", "pass a number")
    cutoff = None if cutoff is None else float(cutoff)
    return xp.apply(rules.PINV, a, rcond=cutoff, hermitian=bool(hermitian))


@_of("a", "b")
def lstsq(xp: Library, a: Array, b: Array, rcond: float | None = None) -> Any:
    """As `scirs2.linalg.lstsq`."""
    rcond = None if rcond is None else float(rcond)
    return _results.LstsqResult(*_with_columns(xp, rules.LSTSQ, a, b, rcond=rcond))


def _square(xp: Library, a: Array, rows: tuple[int, ...], columns: tuple[int, ...]) -> Array:
    return xp.reshape(a, (math.prod(rows), math.prod(columns)))


@_of("a", "b")
def tensorsolve(xp: Library, a: Array, b: Array, axes: Any = None) -> Array:
    """As `scirs2.linalg.tensorsolve`."""
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.append(order.pop(order.index(axis + a.ndim if axis < 0 else axis)))
        a = xp.permute(a, tuple(order))
    shape = tuple(a.shape[b.ndim :])
    x = solve(xp, _square(xp, a, tuple(b.shape), shape), xp.reshape(b, (math.prod(b.shape),)))
    return xp.reshape(x, shape)


@_of("a")
def tensorinv(xp: Library, a: Array, ind: int = 2) -> Array:
    """As `scirs2.linalg.tensorinv`."""
    if ind < 1:
        raise ValueError("ind is below 1")
    rows, columns = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    inverse = xp.apply(rules.INV, _square(xp, a, rows, columns))
    return xp.reshape(inverse, (*columns, *rows))


# Decompositions.


@_of("a")
def cholesky(xp: Library, a: Array, *, upper: bool = False) -> Array:
    """As `scirs2.linalg.cholesky`."""
    return xp.apply(rules.CHOLESKY, a, upper=bool(upper))


@_of("a")
def cho_factor(xp: Library, a: Array, lower: bool = False) -> tuple[Array, bool]:
    """As `scirs2.linalg.cho_factor`: the other triangle is that of `a`."""
    lower = bool(lower)
    factor = xp.apply(rules.CHOLESKY, a, upper=not lower)
    return factor + (xp.triu(a, 1) if lower else xp.tril(a, -1)), lower


@_of("a")
def lu(xp: Library, a: Array, permute_l: bool = False, *, p_indices: bool = False) -> Any:
    """As `scirs2.linalg.lu`."""
    p, low, up = xp.apply(rules.LU, a)
    if permute_l:
        return xp.take_rows(low, p), up
    return (p if p_indices else xp.permutation(p, low)), low, up


@_of("a")
def lu_factor(xp: Library, a: Array) -> Any:
    """As `scirs2.linalg.lu_factor`."""
    return _results.LUFactorResult(*xp.apply(rules.LU_FACTOR, a))


@_of("a")
def qr(xp: Library, a: Array, mode: str = "reduced") -> Any:
    """As `scirs2.linalg.qr`."""
    if mode == "raw":
        _refuse_option("qr", 'mode="raw"', 'take the factors of mode="reduced"')
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"no such mode: {mode}")
    q, r = xp.apply(rules.QR_COMPLETE if mode == "complete" else rules.QR, a)
    return r if mode == "r" else _results.QRResult(q, r)


@_of("a")
def eig(xp: Library, a: Array) -> Any:
    """As `scirs2.linalg.eig`."""
    return _results.EigResult(*xp.apply(rules.EIG, a))


@_of("a")
def eigvals(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.eigvals`."""
    return xp.values(rules.EIG, a)


@_of("a", keywords=("b",))
def eigh(xp: Library, a: Array, UPLO: str = "L", *, b: Array | None = None, type: int = 1) -> Any:
    """As `scirs2.linalg.eigh`."""
    if b is not None:
        return _generalized_eigh(xp, a, b, UPLO.upper() == "U", type)
    return _results.EighResult(*xp.apply(rules.EIGH, a, UPLO=UPLO.upper()))


@_of("a", keywords=("b",))
def eigvalsh(
    xp: Library, a: Array, UPLO: str = "L", *, b: Array | None = None, type: int = 1
) -> Array:
    """As `scirs2.linalg.eigvalsh`."""
    if b is not None:
        return _generalized_eigh(xp, a, b, UPLO.upper() == "U", type).eigenvalues
    return xp.values(rules.EIGH, a, UPLO=UPLO.upper())


def _generalized_eigh(
    xp: Library, a: Array, b: Array, upper: bool, type: int
) -> _results.EighResult[Any, Any]:
    """By the standard problem of inv(L) a inv(L)^H, or L^H a L, with b = L L^H."""
    if type not in (1, 2, 3):
        raise ValueError(f"no such type: {type}")
    factor = xp.apply(rules.CHOLESKY, b, upper=upper)
    low = rules.mh(xp, factor) if upper else factor
    # What the other triangle holds counts for nothing.
    half = xp.triu(a, 1) if upper else xp.tril(a, -1)
    whole = half + rules.mh(xp, half) + xp.where(xp.on_diagonal(a), xp.real(a), 0.0)
    if type == 1:
        first = solve_triangular(xp, low, whole, lower=True)
        standard = solve_triangular(xp, low, rules.mh(xp, first), lower=True)
    else:
        standard = xp.apply(rules.MATMUL, rules.mh(xp, low), xp.apply(rules.MATMUL, whole, low))
    values, vectors = xp.apply(rules.EIGH, standard, UPLO="L")
    if type == 3:
        vectors = xp.apply(rules.MATMUL, low, vectors)
    else:
        vectors = solve_triangular(xp, low, vectors, "C", True)
    return _results.EighResult(values, vectors)


@_of("a")
def svd(
    xp: Library,
    a: Array,
    full_matrices: bool = True,
    compute_uv: bool = True,
    hermitian: bool = False,
) -> Any:
    """As `scirs2.linalg.svd`."""
    if hermitian:
        w, v = xp.apply(rules.EIGH, a, UPLO="L")
        w, v = xp.sort_by_size(w, v)
        s = xp.abs(w)
        if not compute_uv:
            return s
        signs = xp.where(w < 0, w * 0 - 1, w * 0 + 1)
        return _results.SVDResult(v, s, signs[..., None] * rules.mh(xp, v))
    if not compute_uv:
        return svdvals(xp, a)
    is_square = a.shape[-2] == a.shape[-1]
    rule = rules.SVD if is_square or not full_matrices else rules.SVD_FULL
    return _results.SVDResult(*xp.apply(rule, a))


@_of("x")
def svdvals(xp: Library, x: Array) -> Array:
    """As `scirs2.linalg.svdvals`."""
    return xp.values(rules.SVD, x)


@_of("a")
def polar(xp: Library, a: Array, side: str = "right") -> tuple[Array, Array]:
    """As `scirs2.linalg.polar`: of equal singular values, too, as the vectors' product is unique."""
    if side not in ("left", "right"):
        raise ValueError(f"no such side: {side}")
    turn = _nearest_turn(xp, a)
    back = rules.mh(xp, turn)
    stretch = xp.apply(rules.MATMUL, *((a, back) if side == "left" else (back, a)))
    return turn, (stretch + rules.mh(xp, stretch)) / 2


@_of("A", "B")
def orthogonal_procrustes(xp: Library, A: Array, B: Array) -> tuple[Array, Array]:
    """As `scirs2.linalg.orthogonal_procrustes`."""
    product = xp.apply(rules.MATMUL, rules.mh(xp, A), B)
    turn = _nearest_turn(xp, product)
    scale = xp.real(xp.sum(xp.conj(turn) * product, (-2, -1)))
    return turn, scale[..., 0, 0]


def _nearest_turn(xp: Library, a: Array) -> Array:
    u, _, vh = xp.apply(rules.SVD, a)
    return xp.apply(rules.MATMUL, u, vh)


# Functions of matrices.


@_of("a")
def expm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.expm`."""
    return xp.apply(rules.EXPM, a)


@_of("a", "e")
def expm_frechet(xp: Library, a: Array, e: Array, *, compute_expm: bool = True) -> Any:
    """As `scirs2.linalg.expm_frechet`."""
    derivative = xp.apply(rules.EXPM_DERIVATIVE, a, e)
    return (xp.apply(rules.EXPM, a), derivative) if compute_expm else derivative


@_of("a")
def sqrtm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.sqrtm`, but always complex where dtypes do not depend on values."""
    return xp.apply(rules.SQRTM, a)


@_of("a")
def logm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.logm`, but always complex where dtypes do not depend on values."""
    return xp.apply(rules.LOGM, a)


@_of("a")
def fractional_matrix_power(xp: Library, a: Array, t: float) -> Array:
    """As `scirs2.linalg.fractional_matrix_power`; its dtype as that of `sqrtm`."""
    if not isinstance(t, int | float):
        _refuse_option("fractional_matrix_power", "an array as t", "pass a number")
    if not math.isfinite(t):
        raise ValueError(f"no such power: {t}")
    return xp.apply(rules.FRACTIONAL_MATRIX_POWER, a, t=float(t))


@_of("a")
def signm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.signm`."""
    return xp.apply(rules.SIGNM, a)


@_of("a")
def coshm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.coshm`."""
    return (expm(xp, a) + expm(xp, -a)) / 2


@_of("a")
def sinhm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.sinhm`."""
    return (expm(xp, a) - expm(xp, -a)) / 2


@_of("a")
def tanhm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.tanhm`."""
    return _quotient(xp, "tanhm", sinhm(xp, a), coshm(xp, a))


def _quotient(xp: Library, function: str, sine: Array, cosine: Array) -> Array:
    """Return a tangent; where sine and cosine are large, the quotient has lost its digits."""
    has_digits = xp.largest(cosine, (-2, -1)) < 1e4
    if xp.all(has_digits) is False:
        raise la.LinAlgError(
            f"{function}: no gradient: sine and cosine of the matrix are so large that their "
            "quotient loses its digits; scale the matrix"
        )
    return xp.where(has_digits, solve(xp, cosine, sine), math.nan)


def _of_turned(xp: Library, function: Callable[..., Array], a: Array, part: complex) -> Array:
    """Return a multiple of a function of i a; that of a real matrix is real."""
    result = part * function(xp, 1j * a)
    return result if xp.is_complex(a) else xp.real(result)


@_of("a")
def cosm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.cosm`: cosh(i a)."""
    return _of_turned(xp, coshm, a, 1)


@_of("a")
def sinm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.sinm`: sinh(i a) / i."""
    return _of_turned(xp, sinhm, a, -1j)


@_of("a")
def tanm(xp: Library, a: Array) -> Array:
    """As `scirs2.linalg.tanm`."""
    return _quotient(xp, "tanm", sinm(xp, a), cosm(xp, a))
