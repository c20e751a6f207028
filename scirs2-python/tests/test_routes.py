"""Each route of each decomposition and solver, forced, on every layout, dtype and batch.

A route takes some orders only, and a function of four rows and columns takes few routes. So
each is forced, on orders on both sides of the crossovers of `driver/plan.rs`, and two
things are asserted: the answer for contiguous operands is right, judged in higher precision
(`attack.judges`: units of `n eps`, and no floor); and for every other layout the answer is the
same, bit for bit.
"""

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import matrices
import numpy as np
import pytest
import scirs2
import threadpoolctl
from attack import judges
from attack.routes import forced
from scirs2 import _scirs2, linalg

# Orders around those where a route begins or ends; "blocked" halves columns from 33 on.
ORDERS = {
    None: [1, 2, 3, 4, 5, 16, 17, 21, 33, 65, 76, 101],
    "lapack": [1, 2, 3, 5, 20, 33, 65, 101],
    "small": [1, 2, 3, 4, 5, 16, 20, 32, 33, 75, 96],
    "batched": [1, 2, 3, 4, 5, 20, 22, 33, 40, 64],
    "blocked": [1, 2, 5, 33, 65, 101],
}
# Many are groups of lanes and a rest, for 16 lanes and fewer.
MANY = "many"
BATCHES = [(), (1,), (3,), (2, 3), MANY]
FORMS = ["square", "tall", "wide"]


def batch_of(batch, n):
    """The shape of a batch; there are fewer of larger matrices."""
    if batch == MANY:
        return (35,) if n <= 5 else (19,) if n <= 22 else (9,) if n <= 64 else (4,)
    return batch


@pytest.fixture(autouse=True)
def _restore():
    """Leave the choice of the route free again."""
    with scirs2.num_threads(1):
        yield
    _scirs2._force_route()


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Judge on one thread: NumPy's threads wait for each other longer than these matrices take."""
    # Not scirs2's own count; its OpenBLAS has one thread already.
    openblas = threadpoolctl.ThreadpoolController().select(internal_api="openblas")
    with openblas.limit(limits=1):
        yield


# What lies between the elements of an operand must not be read.
def _gaps(a, step):
    memory = np.full([step * length for length in a.shape], np.nan, a.dtype)
    view = memory[tuple(slice(None, None, step) for _ in a.shape)]
    view[...] = a
    return view


def _backwards(a):
    every = tuple(slice(None, None, -1) for _ in a.shape)
    return np.ascontiguousarray(a[every])[every]


def _read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


# Name -> the same matrices, lying otherwise.
LAYOUTS = {
    # The axes of the batch too.
    "Fortran order": lambda a: a.copy(order="F"),
    "transposed": lambda a: np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2),
    "negative strides": _backwards,
    "every second element": lambda a: _gaps(a, 2),
    "read-only": _read_only,
}


def repeated(a):
    """The first matrix over and over, without memory for the others."""
    return np.broadcast_to(a[(0,) * (a.ndim - 2)], a.shape)


@dataclass(frozen=True)
class Function:
    """How to ask a function, and how to judge its answer."""

    # Called with all operands.
    run: Callable
    # Called with a `Stack` of the matrices, the answers, and the right-hand sides.
    judge: Callable
    # Which matrices it takes: general, hermitian, definite, triangular.
    kind: str = "general"
    # The routes that are not LAPACK's, nor each other, of real and of complex matrices.
    real: tuple = ()
    complex: tuple = ()
    square: bool = True
    sides: bool = False
    # What becomes of the matrices before they are laid out: factors, to be solved with.
    prepare: Callable = lambda a: (a,)


def _lu(a):
    return linalg.lu(a, p_indices=True)


def _judge_lu_factor(s, factors, pivots):
    """Take the factors apart."""
    n, k = s.a.shape[-2], min(s.a.shape[-2:])
    rows = np.tile(np.arange(n), (len(s.a), 1))
    for at, swaps in zip(rows, pivots, strict=True):
        for row, other in enumerate(swaps):
            at[[row, other]] = at[[other, row]]
    lower = np.tril(factors[..., :k], -1) + np.eye(n, k, dtype=factors.dtype)
    return judges.lu(s, np.argsort(rows, axis=-1), lower, np.triu(factors[:, :k]))


def _judge_cho_factor(s, c):
    found = judges.cholesky(s, np.tril(c))
    return {**found, "other triangle": judges.flag(np.triu(c, 1) == np.triu(s.a, 1))}


def _judge_lstsq(s, x, residuals, rank, sigma, b):
    found = judges.lstsq(s, x, residuals, rank, sigma, b)
    m, n = s.a.shape[-2:]
    if m <= n:
        assert residuals.shape[-1] == 0
        return found
    wide = matrices.wide
    sums = (np.abs(wide(b) - wide(s.a) @ wide(x)) ** 2).sum(axis=-2)
    condition = s.singular[:, :1] / s.singular[:, -1:]
    bound = s.bound * condition * (np.abs(wide(b)) ** 2).sum(axis=-2)
    return {**found, "residuals": judges.ratio(np.abs(residuals - sums), bound)}


def _triangular(lower, trans, unit):
    def op(a, powers):
        a = np.tril(a) if lower else np.triu(a)
        if unit:
            at = np.arange(a.shape[-1])
            a[:, at, at] = np.ldexp(a.real.dtype.type(1), -powers)[:, None]
        return {0: a, 1: a.swapaxes(-1, -2), 2: judges.adjoint(a)}[trans]

    return Function(
        lambda a, b: linalg.solve_triangular(a, b, trans, lower, unit),
        lambda s, x, b: judges.solve_triangular(s, x, b, op),
        "triangular",
        real=("batched",),
        sides=True,
    )


KERNELS = ("small", "batched")
ALL = (*KERNELS, "blocked")

FUNCTIONS = {
    "solve": Function(linalg.solve, judges.solve, real=ALL, sides=True),
    "inv": Function(linalg.inv, judges.inv, real=ALL),
    "det": Function(linalg.det, judges.det, real=ALL),
    "slogdet": Function(linalg.slogdet, judges.slogdet, real=ALL),
    "lu": Function(_lu, judges.lu, real=("batched", "blocked"), square=False),
    "lu_factor": Function(
        linalg.lu_factor, _judge_lu_factor, real=("batched", "blocked"), square=False
    ),
    "lu_solve": Function(
        lambda lu, pivots, b: linalg.lu_solve((lu, pivots), b),
        judges.solve,
        real=("batched", "blocked"),
        sides=True,
        prepare=linalg.lu_factor,
    ),
    "cholesky": Function(
        linalg.cholesky, judges.cholesky, "definite", real=KERNELS, complex=("small",)
    ),
    "cholesky, upper": Function(
        lambda a: linalg.cholesky(a, upper=True),
        lambda s, u: judges.cholesky(s, judges.adjoint(u)),
        "definite",
        real=KERNELS,
        complex=("small",),
    ),
    "cho_factor": Function(
        lambda a: linalg.cho_factor(a, lower=True)[0],
        _judge_cho_factor,
        "definite",
        real=("small",),
        complex=("small",),
    ),
    "cho_solve": Function(
        lambda c, b: linalg.cho_solve((c, True), b),
        judges.solve,
        "definite",
        real=KERNELS,
        complex=("small",),
        sides=True,
        prepare=lambda a: linalg.cho_factor(a, lower=True)[:1],
    ),
    "solve_triangular": _triangular(False, 0, False),
    "solve_triangular, lower": _triangular(True, 0, True),
    "solve_triangular, transposed": _triangular(True, 1, False),
    "solve_triangular, adjoint": _triangular(False, 2, True),
    "eig": Function(linalg.eig, judges.eig, real=("small",)),
    "eigvals": Function(linalg.eigvals, judges.eigvals, real=("small",)),
    "eigh": Function(linalg.eigh, judges.eigh, "hermitian", real=KERNELS),
    "eigh, upper": Function(lambda a: linalg.eigh(a, "U"), judges.eigh, "hermitian", real=KERNELS),
    "eigvalsh": Function(linalg.eigvalsh, judges.eigvalsh, "hermitian", real=KERNELS),
    "svd": Function(linalg.svd, judges.svd, real=("batched",), square=False),
    "svd, thin": Function(
        lambda a: linalg.svd(a, full_matrices=False), judges.svd, real=("batched",), square=False
    ),
    "svd, hermitian": Function(lambda a: linalg.svd(a, hermitian=True), judges.svd, "hermitian"),
    "svdvals": Function(linalg.svdvals, judges.svdvals, real=KERNELS, square=False),
    "pinv": Function(linalg.pinv, judges.pinv, square=False),
    "qr": Function(linalg.qr, judges.qr, real=ALL, complex=("blocked",), square=False),
    "qr, complete": Function(
        lambda a: linalg.qr(a, mode="complete"),
        judges.qr,
        real=ALL,
        complex=("blocked",),
        square=False,
    ),
    "qr, r": Function(
        lambda a: linalg.qr(a, mode="r"),
        judges.qr_r,
        real=("small", "blocked"),
        complex=("blocked",),
        square=False,
    ),
    "qr, raw": Function(
        lambda a: linalg.qr(a, mode="raw"),
        judges.qr_raw,
        square=False,
    ),
    "polar": Function(linalg.polar, judges.polar, real=("batched",)),
    "schur": Function(linalg.schur, judges.schur, real=("small",)),
    "sqrtm": Function(linalg.sqrtm, judges.sqrtm, "definite", real=KERNELS),
    "expm": Function(linalg.expm, judges.expm, real=("batched",), complex=("batched",)),
    "lstsq": Function(
        linalg.lstsq, _judge_lstsq, real=ALL, complex=("small",), square=False, sides=True
    ),
}
WAYS = [
    (name, route)
    for name, function in FUNCTIONS.items()
    for route in [None, "lapack", *dict.fromkeys(function.real + function.complex)]
]


@dataclass(frozen=True)
class Case:
    """What is asked, by which route."""

    name: str
    route: str | None
    dtype: str
    batch: tuple | str
    n: int
    form: str

    @property
    def shape(self):
        more = self.n // 2 + 1
        m, n = {"square": (0, 0), "tall": (more, 0), "wide": (0, more)}[self.form]
        return (*batch_of(self.batch, self.n), self.n + m, self.n + n)


@cache
def operands(kind, sides, dtype, shape):
    """The matrices, and right-hand sides where they are asked for."""
    seed = zlib.crc32(repr((kind, sides, dtype, shape)).encode())
    rng = np.random.default_rng(seed)

    def normal(*shape):
        a = rng.standard_normal(shape)
        return a + 1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else a

    # A determinant that single precision has.
    n = shape[-1]
    a = normal(*shape) / np.sqrt(n)
    if kind == "hermitian":
        a = (a + judges.adjoint(a)) / 2
    elif kind == "definite":
        a = a @ judges.adjoint(a) + np.eye(n) / 8
    elif kind == "triangular":
        # In the other triangle too there are numbers, which are not to be read.
        a = a + 2 * np.eye(n)
    made = [a.astype(dtype)]
    if sides:
        made.append(normal(*shape[:-1], 3).astype(dtype))
    for array in made:
        array.flags.writeable = False
    return made


def drawn(case):
    """The operands of a case in C order: as they are judged, and as they are asked with."""
    function = FUNCTIONS[case.name]
    a, *b = operands(function.kind, function.sides, case.dtype, case.shape)
    with forced(case.route):
        prepared = function.prepare(a)
    return (a, *b), [np.array(part, order="C") for part in (*prepared, *b)]


def ask(case, *operands):
    """Every result."""
    with forced(case.route):
        answer = FUNCTIONS[case.name].run(*operands)
    return [np.asarray(part) for part in (answer if isinstance(answer, tuple) else (answer,))]


def judged_of(count, n):
    """Which matrices are judged: all small ones, and of larger ones the last among others."""
    return np.unique(np.linspace(count - 1, 0, min(count, 1 + 50_000 // n**3)).astype(int))


def judge(case, operands, results):
    """What is wrong with the results."""
    batch = len(case.shape) - 2
    count = int(np.prod(case.shape[:batch]))
    some = judged_of(count, case.n)
    a, *b = (x.reshape(count, *x.shape[batch:])[some] for x in operands)
    flat = [x.reshape(count, *x.shape[batch:])[some] for x in results]
    found = FUNCTIONS[case.name].judge(judges.Stack(a), *flat, *b)
    return [f"{what}: {np.max(error):.3g} times the bound, {case}"
            for what, error in found.items() if not (error <= 1).all()]  # fmt: skip


def lay(layout, operand):
    """Lay an operand out; of pivots there are vectors."""
    return layout(operand) if operand.dtype.kind in "fc" else operand


def same_bits(results, expected):
    return all(
        (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())
        for x, y in zip(results, expected, strict=True)
    )


def compare_layouts(case, operands, expected):
    """Which layouts give other bits than contiguous operands."""
    wrong = []
    layouts = {"C order": np.copy, **LAYOUTS}
    if case.n > 22:
        # Three of them, others in other cases.
        rng = np.random.default_rng(zlib.crc32(repr(case).encode()))
        layouts = {name: layouts[name] for name in rng.choice(list(layouts), 3, replace=False)}
    for name, layout in layouts.items():
        laid = [lay(layout, operand) for operand in operands]
        if not same_bits(ask(case, *laid), expected):
            wrong.append(f"{name} gives other bits: {case}")
        if not same_bits(laid, operands):
            wrong.append(f"{name}: an operand is changed: {case}")
    if case.batch:
        first, *rest = operands
        if rest and rest[0].dtype.kind == "i":
            # The pivots belong to the factors.
            rest[0] = np.broadcast_to(rest[0][(0,) * (rest[0].ndim - 1)], rest[0].shape).copy()
        without_memory = repeated(first)
        expected = ask(case, np.ascontiguousarray(without_memory), *rest)
        if not same_bits(ask(case, without_memory, *rest), expected):
            wrong.append(f"a broadcast batch gives other bits: {case}")
    return wrong


def check(case):
    """What is wrong with a case."""
    judged, asked = drawn(case)
    results = ask(case, *map(np.copy, asked))
    return judge(case, judged, results) + compare_layouts(case, asked, results)


def pairwise(rng, *factors):
    """Rows that have each pair of values of any two factors at least once."""
    places = list(itertools.combinations(range(len(factors)), 2))

    def pairs(row):
        return {(i, j, row[i], row[j]) for i, j in places}

    rows = list(itertools.product(*(range(len(values)) for values in factors)))
    left = set().union(*map(pairs, rows))
    while left:
        rng.shuffle(rows)
        # The best of some.
        best = max(rows[:40], key=lambda row: len(pairs(row) & left))
        left -= pairs(best)
        yield [values[i] for values, i in zip(factors, best, strict=True)]


def cases(name, route):
    """The cases of a function by a route."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {route}".encode()))
    forms = FORMS[:1] if FUNCTIONS[name].square else FORMS
    for row in pairwise(rng, matrices.FLOATS, BATCHES, ORDERS[route], forms):
        yield Case(name, route, *row)


def ids(value):
    return str(value) if value is not None else "automatic"


@pytest.mark.parametrize(("name", "route"), WAYS, ids=ids)
def test_each_route_is_right_and_layouts_change_no_bit(name, route):
    wrong = []
    for case in cases(name, route):
        wrong += check(case)
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_these_are_all_routes_and_each_is_another(name, dtype):
    function = FUNCTIONS[name]
    bits = {}
    for route in ["lapack", *ALL]:
        asked = [Case(name, route, dtype, (5,), n, "square") for n in (4, 20, 33, 70)]
        bits[route] = b"".join(
            part.tobytes() for case in asked for part in ask(case, *drawn(case)[1])
        )
    named = ["lapack", *(function.complex if dtype == "complex128" else function.real)]
    assert len({bits[route] for route in named}) == len(named), "two routes are one"
    assert {bits[route] for route in named} == set(bits.values()), "a route is not named"


@pytest.mark.parametrize(
    "name", [name for name, function in FUNCTIONS.items() if "batched" in function.real]
)
def test_the_place_in_a_batch_changes_no_bit(name):
    for n, dtype in itertools.product([4, 20], ["float32", "float64"]):
        case = Case(name, None, dtype, MANY, n, "square")
        operands = drawn(case)[1]
        rolled = ask(case, *(np.roll(operand, 7, axis=0) for operand in operands))
        expected = [np.roll(result, 7, axis=0) for result in ask(case, *operands)]
        assert same_bits(rolled, expected), case


def test_pairs_are_covered():
    factors = [matrices.FLOATS, BATCHES, ORDERS[None], FORMS]
    rows = list(pairwise(np.random.default_rng(0), *factors))
    for (i, first), (j, second) in itertools.combinations(enumerate(factors), 2):
        assert {(row[i], row[j]) for row in rows} == set(itertools.product(first, second))
    assert len(rows) < 2 * len(ORDERS[None]) * len(BATCHES)


ONE = Case("solve", None, "float64", (3,), 5, "square")


def cases_to_spoil():
    """Each function, and each of its results that are floating-point numbers."""
    for name in FUNCTIONS:
        case = replace(ONE, name=name)
        for number, result in enumerate(ask(case, *drawn(case)[1])):
            if result.dtype.kind in "fc" and result.size:
                yield name, number


@pytest.mark.parametrize(("name", "number"), list(cases_to_spoil()))
@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_a_wrong_element_is_found(name, number, dtype):
    case = replace(ONE, name=name, dtype=dtype)
    if name == "lstsq":
        case = replace(case, form="tall")
    judged, asked = drawn(case)
    results = ask(case, *asked)
    assert not judge(case, judged, results)
    spoiled = results[number].copy()
    last = spoiled.reshape(3, -1)[-1]
    # Of these the condition counts.
    units = 2**16 if name in ("det", "slogdet", "pinv", "lstsq") else 1000
    last[np.argmax(np.abs(last))] *= 1 + units * np.finfo(dtype).eps
    assert judge(case, judged, [*results[:number], spoiled, *results[number + 1 :]])


def test_another_bit_is_found(monkeypatch):
    def spoiled(a, b):
        x = linalg.solve(a, b)
        if not (a.flags.c_contiguous and a.flags.writeable):
            x[-1, -1, -1] = np.nextafter(x[-1, -1, -1], np.inf)
        return x

    monkeypatch.setitem(FUNCTIONS, "solve", replace(FUNCTIONS["solve"], run=spoiled))
    found = check(ONE)
    assert len(found) == len(LAYOUTS) + 1
    for line, layout in zip(found, [*LAYOUTS, "a broadcast batch"], strict=True):
        assert line.startswith(f"{layout} gives other bits: Case(name='solve'")


def test_a_changed_operand_is_found(monkeypatch):
    def spoiled(a, b):
        x = linalg.solve(a, b)
        if b.flags.writeable:
            b[0, 0, 0] = 7
        return x

    monkeypatch.setitem(FUNCTIONS, "solve", replace(FUNCTIONS["solve"], run=spoiled))
    assert any("operand is changed" in line for line in check(ONE))
