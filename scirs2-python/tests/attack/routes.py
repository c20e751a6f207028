"""The functions, how each is asked, and the ways that it may take."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scirs2 import _scirs2, linalg

from attack import judges

LEVELS = [None, "avx2", "baseline"]


@contextmanager
def forced(route, level=None):
    """Run what is inside by that route, with no newer instructions than that."""
    _scirs2._force_route(route, level)
    try:
        yield
    finally:
        _scirs2._force_route()


@dataclass
class Function:
    """One way to ask one function."""

    name: str
    # Which matrices it takes: general, hermitian, definite.
    kind: str
    # Called with the library, matrices and right-hand sides; the answers in a tuple.
    run: object
    # Called with a `Stack`, the answers and, where it takes them, the sides.
    judge: object
    # The routes beside LAPACK's that there are for it.
    routes: tuple = ()
    # Which matrices of a `Stack` may be refused.
    may_refuse: object = None
    square: bool = True
    # Whether matrices may lie at the ends of the range.
    ends: bool = True
    # Whether it takes right-hand sides.
    sides: bool = False
    # Whether a result may be beyond the range, of a `Stack` and the sides.
    overflows: object = None
    # How many times as often it is drawn.
    weight: int = 2


def _flat(answer):
    return tuple(np.asarray(x) for x in answer) if isinstance(answer, tuple) else (answer,)


FUNCTIONS = {}


def add(name, kind, run, judge, *routes, **more):
    """Add a function to the table."""
    FUNCTIONS[name] = Function(name, kind, run, judge, routes, **more)
    if not FUNCTIONS[name].ends and not FUNCTIONS[name].overflows:
        FUNCTIONS[name].overflows = lambda s, *_: judges.overflows(s)


def _upper(run):
    """Ask for the other triangle of the transpose, the one that is not asked for spoiled."""
    return lambda library, a, *b: run(library, np.triu(a) + np.tril(np.full_like(a, 7), -1), *b)


def _lower(run):
    return lambda library, a, *b: run(library, np.tril(a) + np.triu(np.full_like(a, 7), 1), *b)


SMALL, MANY, BLOCKS = "small", "batched", "blocked"

add("eigh", "hermitian", _lower(lambda l, a: l.eigh(a)), judges.eigh, SMALL, MANY, weight=6)
add("eigh U", "hermitian", _upper(lambda l, a: l.eigh(a, "U")), judges.eigh, SMALL, MANY)
add(
    "eigvalsh", "hermitian", _lower(lambda l, a: l.eigvalsh(a)), judges.eigvalsh,
    SMALL, MANY, weight=6,
)  # fmt: skip
add(
    "eigvalsh U", "hermitian", _upper(lambda l, a: l.eigvalsh(a, "U")), judges.eigvalsh, SMALL, MANY
)
add(
    "svd hermitian", "hermitian", _lower(lambda l, a: l.svd(a, hermitian=True)), judges.svd,
    SMALL, MANY,
)  # fmt: skip
add(
    "svdvals hermitian",
    "hermitian",
    _lower(lambda l, a: l.svd(a, compute_uv=False, hermitian=True)),
    judges.svdvals,
)
add("svd", "general", lambda l, a: l.svd(a), judges.svd, MANY, square=False, weight=4)
add(
    "svd thin", "general", lambda l, a: l.svd(a, full_matrices=False), judges.svd,
    MANY, square=False, weight=4,
)  # fmt: skip
add(
    "svdvals", "general", lambda l, a: l.svdvals(a), judges.svdvals,
    SMALL, MANY, square=False, weight=6,
)  # fmt: skip
add(
    "norm 2", "general", lambda l, a: l.norm(a, 2, axis=(-2, -1)), judges.norm_2,
    SMALL, MANY, square=False,
)  # fmt: skip
add(
    "norm nuc", "general", lambda l, a: l.norm(a, "nuc", axis=(-2, -1)), judges.norm_nuc,
    SMALL, MANY, square=False,
)  # fmt: skip
add("cond", "general", lambda l, a: l.cond(a), judges.cond, SMALL, MANY)
add("eig", "general", lambda l, a: l.eig(a), judges.eig, SMALL, weight=6)
add("eigvals", "general", lambda l, a: l.eigvals(a), judges.eigvals, SMALL, weight=4)
add(
    "qr", "general", lambda l, a: l.qr(a), judges.qr,
    SMALL, MANY, BLOCKS, square=False, weight=4,
)  # fmt: skip
add(
    "qr complete", "general", lambda l, a: l.qr(a, mode="complete"), judges.qr,
    SMALL, MANY, BLOCKS, square=False,
)  # fmt: skip
add(
    "qr r", "general", lambda l, a: l.qr(a, mode="r"), judges.qr_r,
    SMALL, MANY, BLOCKS, square=False,
)  # fmt: skip
add(
    "qr raw", "general", lambda l, a: l.qr(a, mode="raw"), judges.qr_raw,
    SMALL, MANY, BLOCKS, square=False,
)  # fmt: skip
add(
    "cholesky", "definite", _lower(lambda l, a: l.cholesky(a)), judges.cholesky,
    SMALL, MANY, may_refuse=judges.is_nearly_indefinite, weight=4,
)  # fmt: skip
add(
    "cholesky U", "definite", _upper(lambda l, a: _adjoint(l.cholesky(a, upper=True))),
    judges.cholesky, SMALL, MANY, may_refuse=judges.is_nearly_indefinite,
)  # fmt: skip


def _adjoint(a):
    return np.asarray(a).conj().swapaxes(-1, -2)


def _cho_factor(library, a):
    c = _each(library, "cho_factor", np.tril(a) + np.triu(np.full_like(a, 7), 1), True)[0]
    return np.tril(c)


def _each(library, name, a, *more):
    """Call a function that SciPy has for one matrix only."""
    call = getattr(library, name)
    if library is linalg:
        return call(a, *more)
    answers = [call(x, *more) for x in a]
    return tuple(np.stack([np.asarray(answer[i]) for answer in answers]) for i in range(2))


add(
    "cho_factor", "definite", _cho_factor, judges.cholesky, SMALL,
    may_refuse=judges.is_nearly_indefinite,
)  # fmt: skip
add(
    "cho_solve", "definite",
    lambda l, a, b: (
        l.cho_solve(l.cho_factor(a), b) if l is linalg
        else np.stack([l.cho_solve(l.cho_factor(x), y) for x, y in zip(a, b, strict=True)])
    ),
    judges.solve, SMALL, MANY,
    may_refuse=judges.is_nearly_indefinite, ends=False, sides=True,
)  # fmt: skip


def _lu(library, a):
    if library is linalg:
        return library.lu(a, p_indices=True)
    parts = [library.lu(x, p_indices=True) for x in a]
    return tuple(np.stack(part) for part in zip(*parts, strict=True))


def _lu_factor(library, a):
    """Take the factors apart."""
    factors, pivots = (np.asarray(x) for x in _each(library, "lu_factor", a))
    n, k = a.shape[-2], min(a.shape[-2:])
    order = np.tile(np.arange(n), (len(a), 1))
    for at, swaps in zip(order, pivots, strict=True):
        for row, other in enumerate(swaps):
            at[row], at[other] = at[other], at[row]
    lower = np.tril(factors[..., :k], -1)
    lower[:, np.arange(k), np.arange(k)] = 1
    return np.argsort(order, axis=-1), lower, np.triu(factors[:, :k])


def _lu_solve(library, a, b):
    if library is linalg:
        return library.lu_solve(library.lu_factor(a), b)
    return np.stack([library.lu_solve(library.lu_factor(x), y) for x, y in zip(a, b, strict=True)])


add("lu", "general", _lu, judges.lu, MANY, BLOCKS, square=False)
add("lu_factor", "general", _lu_factor, judges.lu, MANY, BLOCKS, square=False)
add(
    "lu_solve", "general", _lu_solve, judges.solve, MANY, BLOCKS,
    may_refuse=judges.is_nearly_singular, ends=False, sides=True,
)  # fmt: skip
add(
    "solve", "general", lambda l, a, b: l.solve(a, b), judges.solve, SMALL, MANY, BLOCKS,
    may_refuse=judges.is_nearly_singular, ends=False, sides=True, weight=4,
)  # fmt: skip
add(
    "inv", "general", lambda l, a: l.inv(a), judges.inv, SMALL, MANY, BLOCKS,
    may_refuse=judges.is_nearly_singular, ends=False, weight=4,
)  # fmt: skip
add("det", "general", lambda l, a: l.det(a), judges.det, SMALL, MANY, BLOCKS, weight=4)
add("slogdet", "general", lambda l, a: l.slogdet(a), judges.slogdet, SMALL, MANY, BLOCKS)
add("pinv", "general", lambda l, a: l.pinv(a), judges.pinv, MANY, square=False, ends=False)
add(
    "matrix_rank", "general", lambda l, a: l.matrix_rank(a), judges.matrix_rank,
    SMALL, MANY, square=False,
)  # fmt: skip


add(
    "pinv hermitian",
    "hermitian",
    _lower(lambda l, a: l.pinv(a, hermitian=True)),
    judges.pinv,
    ends=False,
)
add(
    "matrix_rank hermitian",
    "hermitian",
    _lower(lambda l, a: l.matrix_rank(a, hermitian=True)),
    judges.matrix_rank,
)


def _lstsq(library, a, b):
    if library is linalg:
        return library.lstsq(a, b)
    parts = [
        library.lstsq(x, y, np.finfo(x.dtype).eps * max(x.shape)) for x, y in zip(a, b, strict=True)
    ]
    return tuple(np.stack([part[i] for part in parts]) for i in (0, 2, 3))


def _judge_lstsq(s, x, *more):
    *_, rank, sigma, b = more
    return judges.lstsq(s, x, None, rank, sigma, b)


add(
    "lstsq", "general", _lstsq, _judge_lstsq, SMALL, MANY,
    square=False, ends=False, sides=True,
)  # fmt: skip


def _triangular(lower, trans, unit):
    def part(a):
        return np.tril(a) if lower else np.triu(a)

    def turned(a):
        return a if trans == 0 else a.swapaxes(-1, -2) if trans == 1 else judges.adjoint(a)

    def run(library, a, b):
        a = np.ascontiguousarray(a)
        if library is linalg:
            return library.solve_triangular(a, b, trans, lower, unit)
        ask = library.solve_triangular
        return np.stack(
            [
                ask(x, y, trans=trans, lower=lower, unit_diagonal=unit)
                for x, y in zip(a, b, strict=True)
            ]
        )

    def op(a, powers):
        a = part(a)
        if unit:
            at = np.arange(a.shape[-1])
            a[:, at, at] = np.ldexp(a.real.dtype.type(1), -powers)[:, None]
        return turned(a)

    return {
        "run": run,
        "judge": lambda s, x, b: judges.solve_triangular(s, x, b, op),
        "overflows": lambda s, b: judges.substitution_overflows(s, b, op),
        "may_refuse": None if unit else _has_zero_pivot,
    }


def _has_zero_pivot(s):
    at = np.arange(s.order)
    return (s.a[:, at, at] == 0).any(axis=-1)


for lower in [True, False]:
    for trans in [0, 1, 2]:
        for unit in [False, True]:
            name = f"solve_triangular {'LU'[not lower]}{trans}{'u' if unit else ''}"
            asked = _triangular(lower, trans, unit)
            add(
                name, "general", asked.pop("run"), asked.pop("judge"), MANY,
                **asked, ends=False, sides=True, weight=1,
            )  # fmt: skip


class Peers:
    """NumPy's functions, and SciPy's where it has none."""

    def __getattr__(self, name):
        return getattr(np.linalg if hasattr(np.linalg, name) else scipy.linalg, name)


PEERS = Peers()


def answers(function, library, a, *b):
    """Call for all matrices; where one is refused, for each. Gives which were answered."""
    with np.errstate(all="ignore"):
        try:
            found = _flat(function.run(library, a, *b))
            return found, np.ones(len(a), bool)
        except np.linalg.LinAlgError:
            pass
        each, answered = [], np.zeros(len(a), bool)
        for i in range(len(a)):
            try:
                each.append(_flat(function.run(library, a[i : i + 1], *(x[i : i + 1] for x in b))))
                answered[i] = True
            except np.linalg.LinAlgError:
                continue
        if not each:
            return (), answered
        return tuple(np.concatenate(part) for part in zip(*each, strict=True)), answered
