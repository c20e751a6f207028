"""Matrices that hurt, many of a kind.

A family takes a `Draw` and gives matrices of its shape. `general`, `hermitian` and
`definite` make of them what a function asks for, and send some to the ends of the range.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Draw:
    """What is asked for, and a source of numbers."""

    rng: np.random.Generator
    batch: int
    m: int
    n: int
    dtype: np.dtype

    @property
    def limits(self):
        return np.finfo(self.dtype)

    @property
    def is_complex(self):
        return self.dtype.kind == "c"

    def normal(self, *shape):
        values = self.rng.standard_normal((self.batch, *shape))
        if self.is_complex:
            values = values + 1j * self.rng.standard_normal((self.batch, *shape))
        return values

    def uniform(self, low, high):
        """Draw one number for each matrix."""
        return self.rng.uniform(low, high, (self.batch, 1, 1))

    def general(self):
        return self.normal(self.m, self.n)

    def integers(self, low, high, *shape):
        return self.rng.integers(low, high, (self.batch, *shape)).astype(float)

    def orthogonal(self, n):
        return np.linalg.qr(self.normal(n, n))[0]

    def phases(self, *shape):
        """Draw signs, or numbers on the unit circle, some of them exact."""
        if not self.is_complex:
            return self.rng.choice([-1.0, 1.0], (self.batch, *shape))
        exact = self.rng.choice([1, -1, 1j, -1j], (self.batch, *shape))
        any_ = np.exp(2j * np.pi * self.rng.random((self.batch, *shape)))
        return np.where(self.uniform(0, 1).reshape(-1, *[1] * len(shape)) < 0.5, exact, any_)

    def diagonal(self, values):
        """Put values on the diagonal, as many as fit."""
        a = np.zeros((self.batch, self.m, self.n), np.result_type(values))
        k = min(self.m, self.n)
        a[:, np.arange(k), np.arange(k)] = values[..., :k]
        return a


FAMILIES = {}
# They are square whatever shape is asked for.
SQUARE = set()


def family(make):
    FAMILIES[make.__name__] = make
    return make


def square(make):
    SQUARE.add(make.__name__)
    return family(make)


@family
def random(d):
    return d.general()


@family
def subnormal_couplings(d):
    """Ordinary numbers on the diagonal, and the smallest that there are elsewhere."""
    k = min(d.m, d.n)
    a = d.diagonal(np.broadcast_to(np.arange(1.0, k + 1), (d.batch, k)))
    tiny = float(d.limits.smallest_subnormal) * d.integers(-3, 4, d.m, d.n)
    there = d.rng.random(a.shape) < d.uniform(0.05, 1)
    return np.where((a == 0) & there, tiny, a) * (d.phases(d.m, 1) if d.is_complex else 1.0)


@family
def subnormal_row(d):
    """As the matrix that found the first of the faults."""
    a = np.zeros((d.batch, d.m, d.n))
    a[:, 0, :] = a[:, :, 0] = float(d.limits.smallest_subnormal)
    k = min(d.m, d.n)
    a[:, np.arange(k), np.arange(k)] = np.arange(1.0, k + 1)
    return a


@family
def subnormal_anywhere(d):
    a = d.general()
    tiny = a * float(d.limits.tiny) * 2.0 ** -d.uniform(0, 30)
    return np.where(d.rng.random(a.shape) < d.uniform(0.05, 0.9), tiny, a)


@family
def near_tiny(d):
    """Squares that vanish, beside ordinary numbers."""
    a = d.general()
    power = np.log2(float(d.limits.tiny)) * d.uniform(0.3, 0.9)
    return np.where(d.rng.random(a.shape) < d.uniform(0.05, 0.9), a * 2.0**power, a)


@family
def wide_range(d):
    """Each element with an exponent of its own."""
    most = float(d.limits.maxexp) * d.uniform(0.01, 0.9)
    return d.general() * 2.0 ** (most * d.rng.uniform(-1, 0, (d.batch, d.m, d.n)))


@family
def sparse_ones(d):
    p = np.minimum(1, d.uniform(0.3, 4) / max(d.m, d.n))
    return (d.rng.random((d.batch, d.m, d.n)) < p).astype(float)


@family
def sparse_integers(d):
    p = np.minimum(1, d.uniform(0.3, 4) / max(d.m, d.n))
    a = d.integers(-3, 4, d.m, d.n)
    return np.where(d.rng.random(a.shape) < p, a, 0.0)


@family
def integers(d):
    a = d.integers(-4, 5, d.m, d.n)
    return a + 1j * d.integers(-4, 5, d.m, d.n) if d.is_complex else a


@square
def graph(d):
    """The adjacency of a sparse graph, or of a digraph in its lower part."""
    p = np.minimum(1, d.uniform(0.5, 4) / d.n)
    a = np.tril(d.rng.random((d.batch, d.n, d.n)) < p, -1).astype(float)
    return a + a.swapaxes(-1, -2)


@square
def graph_with_phases(d):
    p = np.minimum(1, d.uniform(0.5, 4) / d.n)
    a = np.tril((d.rng.random((d.batch, d.n, d.n)) < p) * d.phases(d.n, d.n), -1)
    return a + a.conj().swapaxes(-1, -2)


@square
def path(d):
    """A path or a cycle, its vertices in any order, with phases for complex numbers."""
    a = np.zeros((d.batch, d.n, d.n), complex if d.is_complex else float)
    steps = d.phases(d.n - 1) if d.is_complex else np.ones((d.batch, d.n - 1))
    at = np.arange(d.n - 1)
    a[:, at + 1, at] = steps
    if d.rng.random() < 0.5 and d.n > 2:
        a[:, d.n - 1, 0] = 1
    a = a + a.conj().swapaxes(-1, -2)
    return _reordered(d, a) if d.rng.random() < 0.7 else a


@square
def star(d):
    a = np.zeros((d.batch, d.n, d.n), complex if d.is_complex else float)
    a[:, 1:, 0] = d.phases(d.n - 1)
    return _reordered(d, a + a.conj().swapaxes(-1, -2))


def _reordered(d, a):
    order = np.argsort(d.rng.random((d.batch, d.n)), axis=-1)
    rows = np.take_along_axis(a, order[:, :, None], 1)
    return np.take_along_axis(rows, order[:, None, :], 2)


def _grades(d, n):
    """Powers that fall or rise, evenly or not."""
    steps = np.broadcast_to(np.arange(n), (d.batch, n)) / max(n - 1, 1)
    if d.rng.random() < 0.3:
        steps = d.rng.random((d.batch, n))
    elif d.rng.random() < 0.5:
        steps = steps[:, ::-1]
    reach = np.log2(float(d.limits.max)) * d.rng.choice([0.02, 0.1, 0.3, 0.9])
    return 2.0 ** (-reach * steps)


@family
def graded_rows(d):
    return d.general() * _grades(d, d.m)[:, :, None]


@family
def graded_columns(d):
    return d.general() * _grades(d, d.n)[:, None, :]


@family
def graded_diagonally(d):
    rows, columns = np.sqrt(_grades(d, d.m)), np.sqrt(_grades(d, d.n))
    return d.general() * rows[:, :, None] * columns[:, None, :]


@square
def graded_symmetric(d):
    grades = np.sqrt(_grades(d, d.n))
    return d.general() * grades[:, :, None] * grades[:, None, :]


@square
def graded_skewly(d):
    """`D^-1 A D`, which balancing undoes."""
    grades = np.sqrt(_grades(d, d.n)) ** 0.5
    return d.general() * grades[:, :, None] / grades[:, None, :]


@square
def clustered(d):
    """Eigenvalues a few units of rounding apart, in a few clusters."""
    centres = d.rng.choice([-1.0, 0.0, 1.0, 1.0, 2.0], (d.batch, d.n))
    apart = 10.0 ** d.uniform(-17, -2)[..., 0] * d.rng.standard_normal((d.batch, d.n))
    q = d.orthogonal(d.n)
    return (q * (centres + apart)[:, None, :]) @ q.conj().swapaxes(-1, -2)


@family
def clustered_singular(d):
    k = min(d.m, d.n)
    values = d.rng.choice([1e-8, 1.0, 1.0, 2.0], (d.batch, k))
    values = values * (1 + 10.0 ** d.uniform(-17, -2)[..., 0] * d.rng.random((d.batch, k)))
    u, v = d.orthogonal(d.m)[..., :k], d.orthogonal(d.n)[..., :k]
    return (u * values[:, None, :]) @ v.conj().swapaxes(-1, -2)


@family
def geometric_singular(d):
    """Singular values that fall beyond the precision."""
    k = min(d.m, d.n)
    values = 10.0 ** (-d.uniform(0, 40)[..., 0] * np.arange(k) / max(k - 1, 1))
    u, v = d.orthogonal(d.m)[..., :k], d.orthogonal(d.n)[..., :k]
    return (u * values[:, None, :]) @ v.conj().swapaxes(-1, -2)


@square
def jordan(d):
    """Jordan blocks as they are, with small couplings, or turned."""
    values = d.rng.choice([0.0, 0.0, 1.0, 2.0], (d.batch, d.n))
    values = np.sort(values, axis=-1)
    a = d.diagonal(values).astype(complex if d.is_complex else float)
    at = np.arange(d.n - 1)
    coupling = np.broadcast_to(
        d.rng.choice([1.0, 1.0, 1e-8, 1e8], (d.batch, 1)), (d.batch, d.n - 1)
    )
    a[:, at, at + 1] = coupling
    if d.rng.random() < 0.5:
        return a
    q = d.orthogonal(d.n)
    return q @ a @ q.conj().swapaxes(-1, -2)


@square
def permutation(d):
    rows = np.argsort(d.rng.random((d.batch, d.n)), axis=-1)
    a = np.eye(d.n)[rows]
    return a * d.phases(d.n, 1) if d.rng.random() < 0.5 else a


@family
def toeplitz(d):
    width = d.m + d.n - 1
    line = d.normal(width) if d.rng.random() < 0.5 else d.integers(-2, 3, width)
    if d.rng.random() < 0.5:
        line[:, np.abs(np.arange(width) - d.n + 1) > 2] = 0
    return line[:, np.arange(d.m)[:, None] - np.arange(d.n) + d.n - 1]


@family
def cauchy(d):
    """Hilbert's matrix and its like."""
    shift = d.rng.choice([1.0, 0.5, 1e-3], (d.batch, 1, 1))
    return 1 / (np.arange(d.m)[:, None] + np.arange(d.n) + shift)


@square
def arrow(d):
    a = d.diagonal(d.normal(d.n)).astype(complex if d.is_complex else float)
    size = 10.0 ** d.uniform(-20, 1)[..., 0]
    a[:, 1:, 0] = d.normal(d.n - 1) * size
    a[:, 0, 1:] = a[:, 1:, 0].conj()
    return a if d.rng.random() < 0.5 else a[:, ::-1, ::-1]


@square
def tridiagonal(d):
    """With couplings that are tiny, some of them zero."""
    centre = d.normal(d.n) if d.rng.random() < 0.5 else d.integers(-1, 2, d.n)
    a = d.diagonal(centre).astype(complex if d.is_complex else float)
    least = np.log10(float(d.limits.smallest_subnormal)) * d.rng.choice([0.05, 0.5, 1.0])
    at = np.arange(d.n - 1)
    sizes = 10.0 ** d.rng.uniform(least, 0, (d.batch, d.n - 1))
    sizes[d.rng.random(sizes.shape) < 0.2] = 0
    a[:, at + 1, at] = sizes * d.phases(d.n - 1)
    a[:, at, at + 1] = a[:, at + 1, at].conj()
    return a


@square
def hessenberg_with_tiny_couplings(d):
    a = np.triu(d.general(), -1)
    least = np.log10(float(d.limits.smallest_subnormal)) * d.rng.choice([0.05, 0.5, 1.0])
    at = np.arange(d.n - 1)
    a[:, at + 1, at] *= 10.0 ** d.rng.uniform(least, 0, (d.batch, d.n - 1))
    return a


@family
def rank_one_and_tiny(d):
    a = d.normal(d.m, 1) @ d.normal(1, d.n)
    if d.rng.random() < 0.3:
        a = np.ones_like(a)
    least = np.log10(float(d.limits.smallest_subnormal))
    return a + d.general() * 10.0 ** d.uniform(least, -2)


@family
def low_rank(d):
    """Of small integers, so that the rank is exact."""
    rank = int(d.rng.integers(1, max(min(d.m, d.n) // 2, 1) + 1))
    return d.integers(-2, 3, d.m, rank) @ d.integers(-2, 3, rank, d.n)


@family
def zeros(d):
    a = np.zeros((d.batch, d.m, d.n))
    if d.rng.random() < 0.5:
        # All but one.
        a[:, d.rng.integers(d.m), d.rng.integers(d.n)] = 1
    return a


@family
def identity(d):
    return d.diagonal(np.ones((d.batch, min(d.m, d.n))))


@family
def diagonal(d):
    """With repeats, zeros and signs."""
    return d.diagonal(d.integers(-2, 3, min(d.m, d.n)))


@family
def orthogonal(d):
    q = d.orthogonal(max(d.m, d.n))
    return q[:, : d.m, : d.n]


@square
def skew(d):
    a = d.general() if d.rng.random() < 0.5 else d.integers(-1, 2, d.n, d.n)
    return a - a.conj().swapaxes(-1, -2)


@square
def companion(d):
    a = np.zeros((d.batch, d.n, d.n), complex if d.is_complex else float)
    at = np.arange(d.n - 1)
    a[:, at + 1, at] = 1
    a[:, 0, :] = d.normal(d.n) if d.rng.random() < 0.5 else d.integers(-2, 3, d.n)
    return a


@square
def wilkinson(d):
    """`W+`, whose large values come in pairs."""
    a = d.diagonal(np.broadcast_to(np.abs(np.arange(d.n) - (d.n - 1) / 2), (d.batch, d.n)))
    at = np.arange(d.n - 1)
    a[:, at, at + 1] = a[:, at + 1, at] = 1
    return a


@square
def kahan(d):
    angle = d.uniform(0.3, 1.5)
    s, c = np.sin(angle), np.cos(angle)
    a = np.eye(d.n) - c * np.triu(np.ones((d.n, d.n)), 1)
    return s ** np.arange(d.n)[:, None] * a


@family
def vandermonde(d):
    points = d.rng.uniform(-1, 1, (d.batch, d.m, 1))
    return points ** np.arange(d.n)


@family
def repeated_columns(d):
    a = d.general()
    return a[:, :, d.rng.integers(0, d.n, d.n)]


@family
def columns_of_zeros(d):
    a = d.general()
    a[:, :, d.rng.random(d.n) < 0.4] = 0
    a[:, d.rng.random(d.m) < 0.2, :] = 0
    return a


@square
def triangular_ones(d):
    """Ill-conditioned beyond what its diagonal tells."""
    return np.eye(d.n) - np.triu(np.ones((d.batch, d.n, d.n)), 1)


@square
def block_diagonal(d):
    """Of a few blocks, in any order of rows, so that much of it is exactly zero."""
    group = d.rng.integers(0, 4, (d.batch, d.n))
    return np.where(group[:, :, None] == group[:, None, :], d.general(), 0)


def to_dtype(values, dtype):
    """Round to the dtype, what is beyond its range to zero or to its largest."""
    limits = np.finfo(dtype)
    with np.errstate(all="ignore"):
        if dtype.kind != "c":
            return np.clip(np.real(values), -limits.max, limits.max).astype(dtype)
        parts = np.ascontiguousarray(values, complex).view(float)
        return np.clip(parts, -limits.max, limits.max).astype(dtype.char.lower()).view(dtype)


def power_of(a):
    """Return for each matrix the exponent of its largest element; zero for zeros."""
    sizes = np.abs(a.view(a.real.dtype) if a.dtype.kind == "c" else a)
    most = sizes.max(axis=(-2, -1), initial=0)
    return np.where(most > 0, np.frexp(most)[1], 0)


def shift(a, powers):
    """Multiply each matrix by a power of two."""
    powers = np.asarray(powers)
    powers = powers.reshape(powers.shape + (1,) * (a.ndim - powers.ndim))
    with np.errstate(all="ignore"):
        if a.dtype.kind == "c":
            parts = np.ascontiguousarray(a).view(a.real.dtype)
            return np.ldexp(parts, powers).view(a.dtype)
        return np.ldexp(a, powers)


def _sent(d, a, ends):
    """Send some to the ends of the range, or some way there, by a power of two."""
    a = to_dtype(a, d.dtype)
    limits = d.limits
    if d.rng.random() < 0.5:
        return a
    top = limits.maxexp - 2 - int(np.ceil(np.log2(max(d.m, d.n) + 1)))
    bottom = limits.minexp + 1
    places = np.array([top, top // 2, top // 4, bottom // 4, bottom // 2, bottom, bottom - 12])
    if not ends:
        places = np.array([top // 5, top // 8, 0, bottom // 8, bottom // 5])
    places = d.rng.choice(places, d.batch)
    keep = d.rng.random(d.batch) < 0.3
    return shift(a, np.where(keep, 0, places - power_of(a)))


def general(name, d, ends=True):
    """Make matrices of that family; without `ends` not at those of the range."""
    with np.errstate(all="ignore"):
        return _sent(d, FAMILIES[name](d), ends)


def hermitian(name, d, ends=True):
    """Make Hermitian matrices of the lower triangles of that family's."""
    a = general(name, d, ends)
    lower = np.tril(a, -1)
    at = np.arange(d.n)
    whole = lower + lower.conj().swapaxes(-1, -2)
    whole[:, at, at] = a[:, at, at].real
    return whole


def definite(name, d, ends=True):
    """Make positive definite matrices: dominant ones, Gram's, or either one graded."""
    with np.errstate(all="ignore"):
        a = to_dtype(FAMILIES[name](d), d.dtype).astype(complex if d.is_complex else float)
        a = shift(a, -power_of(a))
        at = np.arange(d.n)
        if d.rng.random() < 0.5:
            lower = np.tril(a, -1)
            whole = lower + lower.conj().swapaxes(-1, -2)
            sums = np.abs(whole).sum(axis=-1)
            whole[:, at, at] = sums * (1 + 10.0 ** d.uniform(-8, 0)[..., 0]) + (sums == 0)
        else:
            whole = a @ a.conj().swapaxes(-1, -2)
            more = float(d.limits.eps) * 8 * d.n * 10.0 ** d.uniform(0, 4)[..., 0]
            sums = np.abs(whole).sum(axis=(-2, -1))[:, None]
            whole[:, at, at] = whole[:, at, at].real + more * sums + (sums == 0)
        if d.rng.random() < 0.3:
            grades = np.sqrt(_grades(d, d.n))
            if not ends:
                grades = grades**0.1
            whole = whole * grades[:, :, None] * grades[:, None, :]
        whole = np.tril(whole) + np.tril(whole, -1).conj().swapaxes(-1, -2)
        return _sent(d, whole, ends)


def sides(d, count):
    """Draw right-hand sides, some of few non-zeros."""
    b = d.normal(d.m, count)
    if d.rng.random() < 0.2:
        b = np.where(d.rng.random(b.shape) < 0.2, b, 0)
    return to_dtype(b, d.dtype)
