"""What must be true of a result, measured in higher precision.

A judge gives for each matrix the error over the bound: more than one is wrong, and so is
NaN. Bounds are units of rounding times the order times the norm, from the theory of each
algorithm, with no floor: a matrix is scaled by a power of two before it is judged, and
what a result below the normal range may lack is the spacing of the numbers there.

Single precision is judged in double. Double is judged in double, and what comes near a
bound again in extended precision; where that is no wider (`HAS_EXTENDED`), rounding of
the judge itself counts, and bounds are twice as wide.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import scipy.linalg

from attack.families import power_of, shift

HAS_EXTENDED = np.finfo(np.longdouble).eps < np.finfo(float).eps
# Times order plus one: LAPACK's own tests ask for 30, and the errors seen are below one.
UNITS = 4 if HAS_EXTENDED else 8
# What is this near to its bound is judged again, in extended precision.
NEAR = 0.25


def adjoint(a):
    return a.conj().swapaxes(-1, -2)


def frobenius(a):
    return np.sqrt((a.real**2 + a.imag**2).sum(axis=(-2, -1)))


def lengths(a):
    """Return the lengths of columns."""
    return np.sqrt((a.real**2 + a.imag**2).sum(axis=-2))


def ratio(error, bound):
    """Return the error over the bound, the largest of each matrix."""
    with np.errstate(all="ignore"):
        found = np.where(error == 0, 0.0, error / bound).astype(float)
    found = np.where(np.isnan(found), np.inf, found)
    return found.max(axis=tuple(range(1, found.ndim)), initial=0) if found.ndim > 1 else found


def flag(right):
    """Return zero for what is right, and infinity for what is wrong."""
    right = np.asarray(right)
    right = right.all(axis=tuple(range(1, right.ndim))) if right.ndim > 1 else right
    return np.where(right, 0.0, np.inf)


@dataclass
class Precision:
    """Some matrices of a stack, in one precision."""

    stack: "Stack"
    which: np.ndarray
    extended: bool

    def wide(self, x):
        x = np.asarray(x)[self.which]
        if x.dtype.kind not in "fc":
            return x
        return x.astype(np.result_type(self.one, np.complex64) if x.dtype.kind == "c" else self.one)

    def scaled(self, x):
        return shift(self.wide(x), -self.stack.powers[self.which])

    @property
    def one(self):
        """The type of real numbers."""
        return np.longdouble if self.extended and not self.stack.is_single else float

    @property
    def a(self):
        return self.scaled(self.stack.a)

    @property
    def spacing(self):
        """Of numbers below the normal range, as scaled."""
        least = self.one(np.finfo(self.stack.a.dtype).smallest_subnormal)
        return np.ldexp(least, -self.stack.powers[self.which])


@dataclass
class Stack:
    """Matrices to be judged by."""

    a: np.ndarray

    @property
    def eps(self):
        return float(np.finfo(self.a.dtype).eps)

    @property
    def is_single(self):
        return self.eps > 1e-10

    @property
    def order(self):
        return max(self.a.shape[-2:])

    @property
    def bound(self):
        """For norms of errors, in units of the norm of the matrix."""
        return UNITS * (self.order + 1) * self.eps

    @cached_property
    def powers(self):
        return power_of(self.a)

    @cached_property
    def plain(self):
        """The matrices scaled, in double precision."""
        return Precision(self, np.arange(len(self.a)), False).a

    @cached_property
    def singular(self):
        """The singular values, of the scaled matrices, in double precision."""
        try:
            return np.linalg.svd(self.plain)[1]
        except np.linalg.LinAlgError:
            # For some matrices NumPy's routine, `gesdd`, does not converge.
            each = [scipy.linalg.svd(a, lapack_driver="gesvd")[1] for a in self.plain]
            return np.array(each)

    @cached_property
    def values(self):
        """The eigenvalues of the Hermitian ones."""
        return np.linalg.eigh(self.plain)[0]

    def some(self, which):
        return Stack(self.a[which])

    def judge(self, measure):
        """Measure in double precision, and again what is near its bound."""
        everything = np.arange(len(self.a))
        with np.errstate(all="ignore"):
            found = measure(Precision(self, everything, False))
            near = np.flatnonzero(~(found <= NEAR))
            if len(near) and HAS_EXTENDED:
                found[near] = measure(Precision(self, near, True))
        return found

    def near(self, difference, units=0.0):
        """Judge that a difference from the matrix is small, by norms.

        So many units of rounding are allowed beside those of the order.
        """

        def measure(at):
            error = frobenius(difference(at))
            size = frobenius(at.a)
            elements = np.sqrt(float(np.prod(self.a.shape[-2:])))
            bound = (self.bound + units * self.eps) * size
            return ratio(error, bound + self.order * elements * at.spacing)

        return self.judge(measure)

    def orthonormal(self, q):
        def measure(at):
            v = at.wide(q)
            error = frobenius(adjoint(v) @ v - np.eye(v.shape[-1]))
            return ratio(error, UNITS * (max(v.shape[-2:]) + 1) * self.eps)

        return self.judge(measure)


def convention(q):
    """Whether the first entry near the largest of each column is real and positive.

    What is within rounding of being near is not judged.
    """
    sizes = np.abs(q.astype(complex if q.dtype.kind == "c" else float))
    most = sizes.max(axis=-2, keepdims=True, initial=0)
    with np.errstate(all="ignore"):
        part = sizes / most
        first = np.argmax(part >= 0.999, axis=-2)[..., None, :]
        entry = np.take_along_axis(q, first, -2)[..., 0, :]
        right = (entry.real > 0) & (np.abs(entry.imag) <= 4 * np.finfo(q.dtype).eps * entry.real)
        unclear = (np.abs(part - 0.999) < 1e-5).any(axis=-2)
    return flag(right | unclear)


def eigh(s, w, v):
    return {
        "residual": s.near(lambda at: at.a @ at.wide(v) - at.wide(v) * at.scaled(w)[:, None, :]),
        "orthogonality": s.orthonormal(v),
        "order": flag(np.diff(w) >= 0),
        "signs": convention(v),
    }


# Units of rounding that `lasq` neglects beside the diagonal, whatever the order: where two
# singular values are as near, they are off by as much.
LASQ = 50


def values(s, w, expected, count=1, units=0):
    """Judge values by those of scaled matrices; `count` is how many were summed up.

    So many units of rounding are allowed beside those of the order.
    """

    def measure(at):
        error = np.abs(at.scaled(w) - expected[at.which])
        bound = (s.bound + units * s.eps) * frobenius(at.a) + s.order * at.spacing
        return ratio(error, count * bound.reshape(-1, *[1] * (error.ndim - 1)))

    return s.judge(measure)


def eigvalsh(s, w):
    return {"values": values(s, w, s.values), "order": flag(np.diff(w) >= 0)}


def neglected(eps):
    """Return how many units of rounding `bdsqr` neglects, whatever the order."""
    return min(max((eps / 2) ** -0.125, 10), 100) / 2


def svd(s, u, sigma, vh):
    k = sigma.shape[-1]

    def product(at):
        scaled = at.wide(u)[..., :k] * at.scaled(sigma)[:, None, :]
        return at.a - scaled @ at.wide(vh)[..., :k, :]

    return {
        "residual": s.near(product, neglected(s.eps)),
        "orthogonality of U": s.orthonormal(u),
        "orthogonality of V": s.orthonormal(adjoint(vh)),
        "order": flag(np.concatenate([np.diff(sigma) <= 0, sigma >= 0], axis=-1)),
        "signs": np.maximum(
            convention(u),
            convention(adjoint(vh)[..., :, k:]) if vh.shape[-2] > k else np.zeros(len(vh)),
        ),
    }


def svdvals(s, sigma):
    ordered = np.concatenate([np.diff(sigma) <= 0, sigma >= 0], axis=-1)
    return {"values": values(s, sigma, s.singular, units=LASQ), "order": flag(ordered)}


def norm_2(s, found):
    return {"value": values(s, found, s.singular[:, 0], units=LASQ)}


def norm_nuc(s, found):
    count = min(s.a.shape[-2:])
    return {"value": values(s, found, s.singular.sum(axis=-1), count, LASQ)}


def cond(s, found):
    """Judge the reciprocal, which is that of a matrix nearby."""
    most, least = s.singular[:, 0], s.singular[:, -1]
    with np.errstate(all="ignore"):
        error = np.abs(1 / found.astype(float) - least / most)
        error = np.where((most == 0) & ~(found < np.inf), 0, error)
        subnormal = np.ldexp(float(np.finfo(s.a.dtype).smallest_subnormal), -s.powers)
    bound = 2 * s.bound * np.sqrt(s.order) + 2 * LASQ * s.eps
    return {"value": ratio(error, bound + s.order * subnormal)}


def balanced(a):
    """Return the powers of two of LAPACK's `gebal`, for each row of each matrix."""
    scales = [
        scipy.linalg.matrix_balance(x)[1].sum(axis=-1) if np.isfinite(x).all() else 1 for x in a
    ]
    return np.stack([np.round(np.log2(x)) * np.ones(a.shape[-1]) for x in scales]).astype(int)


def balances(s):
    """Return the ways to balance: in the precision of the matrix, and in double."""
    # Before LAPACK the matrix is scaled, its largest part between 1 and 2: subnormal elements are
    # rounded there, and which of them are left decides how it is balanced. The kernels work in
    # double whatever the matrix is.
    ways = [(2 * s.plain).astype(s.a.dtype), *([s.plain] if s.is_single else [])]
    return [balanced(way) for way in ways]


def _each_pair(at, s, w, v, scales=None):
    a, w, v = at.a, at.scaled(w), at.wide(v)
    if scales is not None:
        scales = scales[at.which]
        a = scale_rows(a, -scales)
        a = adjoint(scale_rows(adjoint(a), scales))
        v = scale_rows(v, -scales)
    error = lengths(a @ v - v * w[:, None, :]) / lengths(v)
    bound = s.bound * frobenius(a) + s.order * at.spacing
    return ratio(error, bound[:, None])


def scale_rows(a, powers):
    """Multiply rows by powers of two."""
    if a.dtype.kind == "c":
        return np.ldexp(a.real, powers[..., None]) + 1j * np.ldexp(a.imag, powers[..., None])
    return np.ldexp(a, powers[..., None])


def eig(s, w, v):
    """Judge each pair by the matrix, or by the balanced one, which is what is stable."""
    found = s.judge(lambda at: _each_pair(at, s, w, v))
    wrong = np.flatnonzero(~(found <= 1))
    if len(wrong):
        part = s.some(wrong)
        with np.errstate(all="ignore"):
            for scales in balances(part):
                measure = partial(_each_pair, s=part, w=w[wrong], v=v[wrong], scales=scales)
                found[wrong] = np.minimum(found[wrong], part.judge(measure))
    one = np.abs(lengths(np.asarray(v).astype(complex)) - 1)
    return {
        "residual": found,
        "lengths": ratio(one, UNITS * (s.order + 1) * s.eps),
        "pairs": pairs(s, w),
    }


def pairs(s, w):
    """Whether the complex eigenvalues of a real matrix come in conjugate pairs."""
    if s.a.dtype.kind == "c" or w.dtype.kind != "c":
        return np.zeros(len(w))
    there = w.imag > 0
    after = np.roll(w.conj(), -1, axis=-1)
    return flag((~there | (after == w)) & (there.sum(-1) == (w.imag < 0).sum(-1))[:, None])


def eigvals(s, w, most=4):
    """Judge some values by the least singular value that they leave, and all by sums."""
    n = s.order
    at = np.arange(n) if n <= 8 else np.unique(np.linspace(0, n - 1, most).astype(int))
    every = Precision(s, np.arange(len(s.a)), False)
    wide = every.scaled(w)

    def least(a):
        shifted = a[:, None] - wide[:, at, None, None] * np.eye(n)
        finite = np.isfinite(shifted).all(axis=(-2, -1), keepdims=True)
        found = np.linalg.svd(np.where(finite, shifted, 0), compute_uv=False)[..., -1]
        found = np.where(finite[..., 0, 0], found, np.inf)
        bound = s.bound * frobenius(a) + n * every.spacing
        return ratio(found, bound[:, None])

    with np.errstate(all="ignore"):
        found = least(s.plain)
        # The trace, and that of the square, of a matrix nearby.
        size = frobenius(s.plain)
        trace = np.trace(s.plain, axis1=-2, axis2=-1)
        nearby = np.sqrt(n) * (s.bound * size + n * every.spacing)
        sums = ratio(np.abs(wide.sum(axis=-1) - trace), nearby)
        wrong = ~((found <= 1) & (sums <= 1))
        for scales in balances(s) if wrong.any() else []:
            a = scale_rows(s.plain, -scales)
            a = adjoint(scale_rows(adjoint(a), scales))
            found = np.where(wrong, np.minimum(found, least(a)), found)
            nearby = np.sqrt(n) * (s.bound * frobenius(a) + n * every.spacing)
            sums = np.minimum(sums, ratio(np.abs(wide.sum(axis=-1) - trace), nearby))
    return {"values": found, "trace": sums, "pairs": pairs(s, w)}


def qr(s, q, r):
    """Judge column by column: a small column has a small error."""

    def measure(at):
        error = lengths(at.a - at.wide(q) @ at.scaled(r))
        bound = s.bound * lengths(at.a) + s.order * np.sqrt(s.order) * at.spacing[:, None]
        return ratio(error, bound)

    return {
        "residual": s.judge(measure),
        "orthogonality": s.orthonormal(q),
        "triangle": flag(r == np.triu(r)),
    }


def polar(s, u, p):
    return {
        "residual": s.near(lambda at: at.wide(u) @ at.scaled(p) - at.a),
        "orthogonality": s.orthonormal(u),
        "Hermitian": flag(p == adjoint(p)),
    }


def sqrtm(s, x):
    return {"residual": s.near(lambda at: at.wide(x) @ at.scaled(x) - at.a)}


def schur(s, t, z):
    below = np.tril(t, -1 if t.dtype.kind == "c" else -2)
    return {
        "residual": s.near(lambda at: at.wide(z) @ at.scaled(t) @ adjoint(at.wide(z)) - at.a),
        "orthogonality": s.orthonormal(z),
        "triangle": flag(below == 0),
    }


def expm(s, x):
    """Judge by the series of a sixteenth, squared, for matrices of a norm of few units."""

    def measure(at):
        a = at.wide(s.a) / 16
        expected = term = np.eye(a.shape[-1]) + 0 * a
        for k in range(1, 30):
            term = term @ a / k
            expected = expected + term
        for _ in range(4):
            expected = expected @ expected
        size = frobenius(expected) * (1 + 16 * frobenius(a))
        return ratio(frobenius(at.wide(x) - expected), s.bound * size)

    return {"error": s.judge(measure)}


def qr_r(s, r):
    """Judge Gram's matrices, column by column."""

    def measure(at):
        a, r_ = at.a, at.scaled(r)
        error = np.abs(adjoint(a) @ a - adjoint(r_) @ r_)
        size = lengths(a) + s.order * at.spacing[:, None] / s.eps
        return ratio(error, 2 * s.bound * size[:, :, None] * size[:, None, :])

    return {"gram": s.judge(measure), "triangle": flag(r == np.triu(r))}


def qr_raw(s, h, tau):
    """Judge the reflections, applied one after another."""
    m, n = s.a.shape[-2:]
    k = min(m, n)

    def measure(at):
        packed = adjoint(at.wide(h)).conj()
        taus = at.wide(tau)
        done = np.triu(at.scaled(adjoint(np.asarray(h)).conj()))
        for i in reversed(range(k)):
            v = packed[:, :, i].copy()
            v[:, :i] = 0
            v[:, i] = 1
            inner = (v.conj()[:, None, :] @ done)[:, 0, :]
            done = done - taus[:, i, None, None] * v[:, :, None] * inner[:, None, :]
        error = lengths(at.a - done)
        bound = 2 * s.bound * lengths(at.a) + 2 * s.order**1.5 * at.spacing[:, None]
        return ratio(error, bound)

    return {"residual": s.judge(measure)}


def cholesky(s, l):
    """Judge element by element, in units of the diagonal: the factors of a graded matrix."""

    def measure(at):
        a, lower = at.a, at.wide(l)
        # Half of an odd power would not be a power of two.
        powers = s.powers[at.which]
        half = powers // 2
        lower = shift(lower, -half)
        a = shift(a, powers - 2 * half)
        spacing = np.ldexp(at.spacing, powers - 2 * half)[:, None, None]
        diagonal = np.diagonal(a, axis1=-2, axis2=-1).real
        size = np.sqrt(diagonal[:, :, None]) * np.sqrt(diagonal[:, None, :])
        bound = 2 * (s.order + 2) * s.eps * size + 2 * s.order * spacing
        return ratio(np.abs(a - lower @ adjoint(lower)), bound)

    return {"residual": s.judge(measure), "triangle": flag(l == np.tril(l))}


def is_nearly_indefinite(s):
    """Whether a matrix may be refused by Cholesky's algorithm."""
    diagonal = np.diagonal(s.plain, axis1=-2, axis2=-1).real
    with np.errstate(all="ignore"):
        root = np.sqrt(diagonal)
        a = s.plain / root[:, :, None] / root[:, None, :]
        usual = np.isfinite(a).all(axis=(-2, -1))
        least = np.linalg.eigvalsh(np.where(usual[:, None, None], a, np.eye(s.order)))[:, 0]
        limits = np.finfo(s.a.dtype)
        smallest = np.ldexp(float(limits.tiny), -s.powers) / s.eps
    low = (diagonal <= smallest[:, None]).any(axis=-1)
    return ~usual | (least <= s.order * s.bound) | low


def is_nearly_singular(s):
    """Whether a matrix may be refused as singular."""
    if s.order == 0:
        return np.zeros(len(s.a), bool)
    limits = np.finfo(s.a.dtype)
    smallest = s.order * np.ldexp(float(limits.smallest_subnormal), -s.powers)
    size = frobenius(s.plain)
    return s.singular[:, -1] <= s.bound * size + smallest


def lu(s, permutation, l, u):
    """Judge `A` where row `i` is row `permutation[i]` of `L U`."""
    n = s.a.shape[-1]

    def measure(at):
        p = at.wide(permutation)
        lower, upper = at.wide(l), at.scaled(u)
        product = np.take_along_axis(lower @ upper, p[:, :, None], 1)
        error = frobenius(at.a - product)
        size = frobenius(np.abs(lower) @ np.abs(upper))
        bound = 2 * (s.order + 2) * s.eps * size + s.order**1.5 * at.spacing
        return ratio(error, bound)

    k = l.shape[-1]
    at = np.arange(k)
    ones = (l[:, at, at] == 1).all(axis=-1)
    right = ones & (l == np.tril(l)).all(axis=(-2, -1)) & (u == np.triu(u)).all(axis=(-2, -1))
    sorted_ = np.sort(permutation, axis=-1) == np.arange(s.a.shape[-2])
    pivots = np.abs(l.astype(complex if l.dtype.kind == "c" else float))
    # A complex pivot is the largest by the sum of the moduli of its parts.
    most = (2**0.5 if l.dtype.kind == "c" else 1) * (1 + 8 * s.eps)
    found = {"residual": s.judge(measure), "form": np.maximum(flag(right), flag(sorted_))}
    subnormal = np.ldexp(float(np.finfo(s.a.dtype).tiny), -s.powers) / s.eps
    ordinary = (np.abs(u[:, at, at]) > 0).all(axis=-1) & (subnormal < 1e-3 * s.eps) if n else ones
    found["pivots"] = np.where(ordinary, flag(pivots <= most), 0.0)
    return found


def residual_of_solutions(s, x, b, op=None):
    """Judge `A X = B`, each column by itself."""

    def measure(at):
        a = at.a if op is None else op(at.a)
        powers = s.powers[at.which]
        # X with the scale of the matrix on it is of the size of B.
        wide = shift(at.wide(x), powers)
        error = lengths(a @ wide - at.wide(b))
        limits = np.finfo(s.a.dtype)
        least = np.ldexp(at.one(limits.smallest_subnormal), powers)
        bound = s.bound * frobenius(a)[:, None] * (lengths(wide) + s.order * least[:, None] / s.eps)
        # Each sum of the factorization is rounded to the grid of subnormal numbers, too.
        bound += s.order * at.spacing[:, None] * lengths(wide)
        return ratio(error, bound + s.order * float(limits.smallest_subnormal))

    return s.judge(measure)


def solve(s, x, b):
    return {"residual": residual_of_solutions(s, x, b)}


def inv(s, x):
    """Judge by the better of both sides: which is small depends on the algorithm."""

    def measure(at):
        a = at.a
        wide = shift(at.wide(x), s.powers[at.which])
        bound = s.bound * frobenius(a) * frobenius(wide)
        one = np.eye(s.order)
        return ratio(np.minimum(frobenius(wide @ a - one), frobenius(a @ wide - one)), bound)

    return {"residual": s.judge(measure)}


def wide_slogdet(a):
    """Return sign and logarithm by elimination with partial pivoting, of many matrices."""
    a = a.copy()
    count, n = a.shape[:2]
    each = np.arange(count)
    sign, log = np.ones(count, a.dtype), np.zeros(count, a.real.dtype)
    with np.errstate(all="ignore"):
        for k in range(n):
            pivot = k + np.argmax(np.abs(a[:, k:, k]), axis=-1)
            rows = a[each, pivot].copy()
            a[each, pivot] = a[:, k]
            a[:, k] = rows
            top = rows[:, k]
            size = np.abs(top)
            sign = np.where(pivot == k, sign, -sign) * np.where(size == 0, 0, top / size)
            log += np.log(size)
            factors = np.where(size[:, None] == 0, 0, a[:, k + 1 :, k] / top[:, None])
            a[:, k + 1 :, k:] -= factors[:, :, None] * rows[:, None, k:]
    return sign, log


def _determinant(s, sign, log, slack):
    """Judge sign and logarithm by those of the matrices nearby.

    Gives the logarithm too, and the largest that there is nearby.
    """
    every = Precision(s, np.arange(len(s.a)), HAS_EXTENDED)
    right_sign, right_log = wide_slogdet(every.a)
    shifted = s.order * s.powers * np.log(np.longdouble(2))
    log = log - shifted
    size = frobenius(s.plain)
    limits = np.finfo(s.a.dtype)
    far = s.bound * size + s.order * np.ldexp(float(limits.smallest_subnormal), -s.powers)
    regular = s.singular[:, -1] > 4 * far
    slack = slack + np.abs(shifted) * np.finfo(np.longdouble).eps * 4
    with np.errstate(all="ignore"):
        change = -np.log1p(-far[:, None] / s.singular).sum(axis=-1) + slack
        error = np.abs(np.expm1((log - right_log).astype(float)))
        turned = np.abs(sign - right_sign).astype(float)
        close = np.maximum(ratio(error, np.expm1(change)), ratio(turned, np.expm1(change) + s.eps))
        most = np.log(s.singular + far[:, None]).sum(axis=-1) + slack
        small = flag((log <= most) | (most == -np.inf) & (log == -np.inf))
    return np.where(regular, close, small), right_log + shifted, most + shifted


def slogdet(s, sign, log):
    wide = log.astype(np.longdouble)
    slack = np.where(np.isfinite(log), np.abs(log.astype(float)), 0) * s.eps + 4 * s.eps
    return {"value": _determinant(s, sign, wide, slack)[0]}


def det(s, found):
    limits = np.finfo(s.a.dtype)
    wide = found.astype(np.clongdouble if found.dtype.kind == "c" else np.longdouble)
    size = np.abs(wide)
    with np.errstate(all="ignore"):
        slack = 4 * s.eps + (float(limits.smallest_subnormal) / size).astype(float)
        found_ratio, true, most = _determinant(s, wide / size, np.log(size), slack)
        overflows = most > np.log(np.longdouble(limits.max)) - 1e-3
        underflows = true < np.log(np.longdouble(limits.smallest_subnormal)) + 1e-3
    lost = ((size == 0) & (underflows | is_nearly_singular(s))) | (~np.isfinite(size) & overflows)
    return {"value": np.where(lost, 0.0, found_ratio)}


def _truncated(s, rcond):
    """Return the singular value decomposition down to the rank, and where that is clear."""
    u, sigma, vh = np.linalg.svd(s.plain, full_matrices=False)
    cut = rcond * sigma[:, :1]
    kept = sigma > cut
    apart = 2 * s.bound * sigma[:, :1] * np.sqrt(sigma.shape[-1])
    limits = np.finfo(s.a.dtype)
    spacing = s.order * np.ldexp(float(limits.tiny), -s.powers)[:, None]
    clear = (np.abs(sigma - cut) > apart + spacing).all(axis=-1) | (sigma[:, 0] == 0)
    return u, sigma, vh, kept, clear


def matrix_rank(s, found):
    """Judge the rank where rounding does not decide it."""
    _, _, _, kept, clear = _truncated(s, s.eps * s.order)
    return {"rank": np.where(clear, flag(found == kept.sum(axis=-1)), 0.0)}


def pinv(s, x):
    """Judge by the pseudo-inverse in double precision, as its condition allows."""
    u, sigma, vh, kept, clear = _truncated(s, s.eps * s.order)
    with np.errstate(all="ignore"):
        inverse = np.where(kept, 1 / sigma, 0)
        expected = adjoint(vh) @ (inverse[:, :, None] * adjoint(u))
        wide = shift(Precision(s, np.arange(len(s.a)), False).wide(x), s.powers)
        condition = inverse.max(axis=-1) * sigma[:, 0]
        # What is dropped turns the spaces that are kept.
        least = np.where(kept, sigma, np.inf).min(axis=-1)
        gap = (least - np.where(kept, 0, sigma).max(axis=-1)) / sigma[:, 0]
        bound = s.bound * np.maximum(condition, 1 / gap) * frobenius(expected)
        limits = np.finfo(s.a.dtype)
        bound += s.order * np.ldexp(float(limits.smallest_subnormal), s.powers)
        error = frobenius(wide - expected)
    return {"value": np.where(clear, ratio(error, 4 * bound), 0.0)}


def lstsq(s, x, residuals, rank, sigma, b):
    """Judge by the normal equations of the matrix cut to its rank."""
    u, true, vh, kept, clear = _truncated(s, s.eps * s.order)
    every = Precision(s, np.arange(len(s.a)), False)
    wide, sides = shift(every.wide(x), s.powers), every.wide(b)
    cut = (u * np.where(kept, true, 0)[:, None, :]) @ vh
    with np.errstate(all="ignore"):
        left = sides - cut @ wide
        size = frobenius(s.plain)[:, None]
        gap = np.where(kept, true, np.inf).min(axis=-1) - np.where(kept, 0, true).max(axis=-1)
        gap = np.where(np.isfinite(gap), gap / true[:, 0], 1)[:, None]
        stray = s.bound * size * (size * lengths(wide) + lengths(sides))
        limits = np.finfo(s.a.dtype)
        least = s.order * np.ldexp(float(limits.smallest_subnormal), s.powers)[:, None]
        found = ratio(lengths(adjoint(cut) @ left), 4 * stray / gap + least)
        # The shortest of all solutions has no part that the matrix does not see.
        seen = adjoint(vh * kept[:, :, None]) @ (vh @ wide)
        outside = ratio(lengths(wide - seen), 4 * s.bound * lengths(wide) / gap + least)
    return {
        "solution": np.where(clear, np.maximum(found, outside), 0.0),
        "rank": np.where(clear, flag(rank == kept.sum(axis=-1)), 0.0),
        "values": values(s, sigma, s.singular, units=LASQ),
    }


def overflows(s):
    """Whether the inverse may be beyond the range, of the matrix or of one nearby."""
    with np.errstate(all="ignore"):
        least = np.maximum(s.singular[:, -1] - s.bound * frobenius(s.plain), 0)
        return -np.log2(least) - s.powers >= np.finfo(s.a.dtype).maxexp - 12


def substitution_overflows(s, b, op):
    """Whether a solution, or a sum on the way to it, is beyond the range."""
    every = Precision(s, np.arange(len(s.a)), True)
    t = op(every.a, s.powers)
    sides = np.asarray(b).astype(t.dtype)
    n = s.order
    x = np.zeros_like(sides)
    most = np.zeros(len(t), np.longdouble)
    is_lower = (t == np.tril(t)).all()
    with np.errstate(all="ignore"):
        for i in range(n) if is_lower else reversed(range(n)):
            sums = (np.abs(t[:, i, :, None]) * np.abs(x)).sum(axis=1) + np.abs(sides[:, i])
            x[:, i] = (sides[:, i] - (t[:, i, :, None] * x).sum(axis=1)) / t[:, i, i, None]
            # The sums are of the size of the sides, the solution has the scale beside.
            size = np.maximum(sums, np.ldexp(np.abs(x[:, i]), -s.powers[:, None]))
            most = np.maximum(most, size.max(axis=-1))
    return ~(most < np.longdouble(np.finfo(s.a.dtype).max) / 4)


def solve_triangular(s, x, b, op):
    """Judge element by element."""

    def measure(at):
        powers = s.powers[at.which]
        t = op(at.a, powers)
        wide = shift(at.wide(x), powers)
        error = np.abs(t @ wide - at.wide(b))
        limits = np.finfo(s.a.dtype)
        least = np.ldexp(at.one(limits.smallest_subnormal), powers)[:, None, None]
        sizes = np.abs(t)
        bound = 2 * (s.order + 2) * s.eps * (sizes @ np.abs(wide))
        every = sizes.sum(axis=-1, keepdims=True) * least
        bound += s.order * (every + at.one(limits.smallest_subnormal))
        return ratio(error, bound)

    return {"residual": s.judge(measure)}
