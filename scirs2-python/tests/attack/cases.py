"""One case: what is drawn for it, and what is wrong with the answer."""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
import scirs2

from attack import families, judges, routes

DTYPES = ["float32", "float64", "complex64", "complex128"]
BATCHES = [1, 1, 2, 3, 5, 7, 9, 15, 17, 33, 65, 129]


@dataclass(frozen=True)
class Case:
    """All that an answer depends on."""

    seed: int
    family: str
    m: int
    n: int
    batch: int
    dtype: str
    function: str
    route: str | None = None
    level: str | None = None

    def __str__(self):
        return ", ".join(f"{name}={value}" for name, value in asdict(self).items())

    @classmethod
    def parse(cls, text):
        parts = dict(part.strip().split("=", 1) for part in text.split(","))
        numbers = {name: int(parts[name]) for name in ("seed", "m", "n", "batch")}
        ways = {name: None if parts[name] == "None" else parts[name] for name in ("route", "level")}
        return cls(**{**parts, **numbers, **ways})

    def drawn(self):
        """Return the matrices, and right-hand sides where the function takes them."""
        function = routes.FUNCTIONS[self.function]
        rng = np.random.default_rng([self.seed, self.n])
        draw = families.Draw(rng, self.batch, self.m, self.n, np.dtype(self.dtype))
        make = getattr(families, function.kind)
        a = make(self.family, draw, function.ends)
        if not function.sides:
            return (a,)
        count = int(rng.choice([1, 1, 2, 3, self.n]))
        return a, families.sides(draw, count)


@dataclass
class Wrong:
    """What is wrong with one matrix of a case."""

    case: Case
    what: str
    at: int
    error: float
    peers: float | str

    def __str__(self):
        return (
            f"WRONG {self.case.function} {self.what}: {self.error:.3g} times the bound, "
            f"NumPy's {self.peers if isinstance(self.peers, str) else format(self.peers, '.3g')}, "
            f"matrix {self.at}: python -m attack --repeat '{self.case}'"
        )


def errors(function, a, found, answered, *b):
    """Return for each property the errors of the matrices that were answered."""
    if not answered.any():
        return {}
    which = np.flatnonzero(answered)
    stack = judges.Stack(a[which])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function.judge(stack, *found, *(x[which] for x in b))


def _is_finite(found):
    whole = [
        np.isfinite(x).all(axis=tuple(range(1, x.ndim))) for x in found if x.dtype.kind in "fc"
    ]
    return np.all(whole, axis=0)


def try_case(case):
    """Run a case; gives the number of matrices and a list of what is wrong."""
    function = routes.FUNCTIONS[case.function]
    a, *b = case.drawn()
    kept = a.copy()
    with routes.forced(case.route, case.level):
        try:
            found, answered = routes.answers(function, routes.linalg, a, *b)
        except Exception as error:  # noqa: BLE001
            return len(a), [Wrong(case, f"{type(error).__name__}: {error}", 0, np.inf, "-")]
    wrong = []
    if not np.array_equal(a, kept, equal_nan=True):
        wrong.append(Wrong(case, "its input is changed", 0, np.inf, "-"))
    if not answered.all():
        refused = np.flatnonzero(~answered)
        part = judges.Stack(a[refused])
        may = function.may_refuse(part) if function.may_refuse else np.zeros(len(refused), bool)
        for at in refused[~may]:
            wrong.append(Wrong(case, "refused", int(at), np.inf, _peers(function, a, b, at, None)))
    which = np.flatnonzero(answered)
    for what, error in errors(function, a, found, answered, *b).items():
        bad = ~(error <= 1)
        for at in np.flatnonzero(bad):
            place = int(which[at])
            if np.isinf(error[at]) and not _is_finite([x[at : at + 1] for x in found])[0]:
                part = judges.Stack(a[place : place + 1])
                if (
                    function.overflows
                    and function.overflows(part, *(x[place : place + 1] for x in b))[0]
                ):
                    continue
            peers = _peers(function, a, b, place, what)
            wrong.append(Wrong(case, what, place, float(error[at]), peers))
    return len(a), wrong


def _peers(function, a, b, at, what):
    """Return how far the peers are off, on the same matrix."""
    part = [x[at : at + 1] for x in (a, *b)]
    try:
        found, answered = routes.answers(function, routes.PEERS, *part)
        if not answered.all():
            return "refused"
        if what is None:
            return "answered"
        return float(errors(function, part[0], found, answered, *part[1:])[what][0])
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def neighbours(case):
    """Whether a NaN or an infinity in one matrix changes a bit of the others' answers."""
    function = routes.FUNCTIONS[case.function]
    a, *b = case.drawn()
    rng = np.random.default_rng([case.seed, 1])
    lane = int(rng.integers(len(a)))
    quiet = a.copy()
    quiet[lane] = 0
    at = np.arange(min(a.shape[-2:]))
    quiet[lane, at, at] = 1
    loud = quiet.copy()
    spoiled = rng.random(a.shape[-2:]) < rng.choice([0.1, 1.0])
    spoiled[0, 0] = True
    loud[lane][spoiled] = rng.choice([np.nan, np.inf, -np.inf])
    with routes.forced(case.route, case.level), np.errstate(all="ignore"):
        try:
            before = routes._flat(function.run(routes.linalg, quiet, *b))
            after = routes._flat(function.run(routes.linalg, loud, *b))
        except np.linalg.LinAlgError:
            return 0, []
    others = np.arange(len(a)) != lane
    for x, y in zip(before, after, strict=True):
        # eig answers real numbers where all are real.
        dtype = np.result_type(x, y)
        same = (_bits(x, dtype) == _bits(y, dtype)).reshape(len(a), -1).all(axis=-1)
        if not same[others].all():
            bad = int(np.flatnonzero(others & ~same)[0])
            return len(a), [Wrong(case, f"NaN in lane {lane} changes it", bad, np.inf, "-")]
    return len(a), []


def _bits(x, dtype):
    if dtype.kind not in "fc":
        return x
    return np.ascontiguousarray(x, dtype)[..., None].view(f"u{np.finfo(dtype).dtype.itemsize}")


def alone(case):
    """Whether well determined vectors are the same alone, in a batch and by each route."""
    function = routes.FUNCTIONS[case.function]
    a, *_ = case.drawn()
    lane = case.seed % len(a)
    stack = judges.Stack(a[lane : lane + 1])
    if function.kind == "hermitian":
        values, take = stack.values[0], [1]
        if "svd" in function.name:
            values, take = -np.sort(-np.abs(values)), [0]
    else:
        values, take = stack.singular[0], [0]
    count = len(values)
    size = judges.frobenius(stack.plain)[0]
    apart = np.full(count, size)
    gaps = np.abs(np.diff(values))
    apart[1:] = gaps
    apart[:-1] = np.minimum(apart[:-1], gaps)
    # A singular value is as near to that with the other sign.
    apart = apart if take == [1] else np.minimum(apart, values)
    with np.errstate(all="ignore"):
        spacing = stack.order * np.ldexp(
            float(np.finfo(a.dtype).smallest_subnormal), -stack.powers[0]
        )
        far = 4 * (stack.bound * size + stack.order * spacing) / apart
    clear = far < 1e-3
    if not clear.any():
        return 0, []
    found = []
    try:
        with routes.forced(case.route, case.level):
            found.append([x[lane] for x in routes._flat(function.run(routes.linalg, a))])
        found.append([x[0] for x in routes._flat(function.run(routes.linalg, a[lane : lane + 1]))])
    except np.linalg.LinAlgError:
        return 0, []
    for i in take:
        x, y = (np.asarray(answer[i])[:, :count].astype(complex) for answer in found)
        # Two entries that are nearly the largest may change places.
        sizes = np.abs(x)
        part = sizes / sizes.max(axis=0)
        unclear = (np.abs(part - 0.999) < 4 * far).any(axis=0)
        error = judges.lengths(x - y) / np.where(clear, far, 1)
        error = np.where(clear & ~unclear, error, 0)
        if not (error <= 1).all():
            worst = float(np.max(error))
            return 1, [Wrong(case, "not as alone", lane, worst, "-")]
    return 1, []


WITH_SIGNS = ["eigh", "eigh U", "svd", "svd thin", "svd hermitian"]


def draw_case(seed, only=None, largest=200):
    """Draw a case up to that order; `only` limits any of its parts to a list."""
    rng = np.random.default_rng([seed, 7])
    only = only or {}

    def pick(name, options):
        allowed = only.get(name, options)
        return allowed[int(rng.integers(len(allowed)))]

    names = [name for name, f in routes.FUNCTIONS.items() for _ in range(f.weight)]
    function = routes.FUNCTIONS[pick("function", names)]
    most = [8, 8, 8, 8, 32, 32, 32, 64, 100, 200][int(rng.integers(10))]
    orders = range(1 if most < 200 else 101, most + 1)
    n = pick("n", [min(int(rng.choice(orders)), largest)])
    family = pick("family", list(families.FAMILIES))
    m = n
    if not function.square and family not in families.SQUARE and rng.random() < 0.5:
        m = int(n * 2.0 ** rng.uniform(-2, 2)) if rng.random() < 0.9 else int(rng.integers(1, 201))
        m = min(max(m, 1), largest)
    # A matrix costs the cube of its order to judge.
    fits = max(1, int(3e6 / max(m, n) ** 3))
    batch = min(pick("batch", BATCHES), fits)
    route = pick("route", [None, "lapack", *function.routes, *function.routes])
    level = pick("level", routes.LEVELS) if rng.random() < 0.4 else None
    level = only["level"][0] if "level" in only else level
    return Case(seed, family, m, n, batch, pick("dtype", DTYPES), function.name, route, level)


def check(case):
    """Run all that a case is for; gives the number of matrices and what is wrong."""
    # Some are shared out to workers.
    with scirs2.num_threads(1 if case.seed % 8 else 2):
        return _check(case)


def _check(case):
    count, wrong = try_case(case)
    if case.batch > 1 and case.seed % 4 == 0:
        more, found = neighbours(case)
        count, wrong = count + more, wrong + found
    if case.function in WITH_SIGNS and case.seed % 2 == 0:
        more, found = alone(case)
        count, wrong = count + more, wrong + found
    return count, wrong
