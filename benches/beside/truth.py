"""What must be true of a result, and how far it is from that.

Each function takes the operands and gives a check, which takes the result, as NumPy
arrays, and returns a relative backward error: of order n times the rounding error
where the result is right, infinite or NaN where it is nothing of the kind. A check
knows the definition only, never another result: a factorization is multiplied with
a vector, eigenvalues are compared with the traces of powers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray
Check = Callable[..., float]


def wide(a: Array) -> Array:
    """Return an array in double precision."""
    return a.astype(np.result_type(a.dtype, np.float64), copy=False)


def mh(a: Array) -> Array:
    """Conjugate and transpose the last two axes."""
    return a.conj().swapaxes(-1, -2)


def size(a: Array) -> Array:
    """Return the Frobenius norm of each matrix, by its definition."""
    return np.sqrt(np.square(np.abs(a)).sum((-2, -1), keepdims=True))


def vector(n: int) -> Array:
    """Make a column to multiply with: a wrong matrix does not go unnoticed by it."""
    return np.random.default_rng(n).standard_normal((n, 1))


def relative(difference: Array, scale: Array) -> float:
    """Return the largest error of a batch."""
    return float(np.max(size(difference) / np.maximum(scale, np.finfo(float).tiny)))


def same(expected: Array) -> Check:
    """Check that the result is this, element by element."""
    expected = np.asarray(expected)
    scale = float(np.max(np.abs(expected), initial=1e-300))

    def check(result: Array) -> float:
        if result.shape != expected.shape:
            return np.inf
        return float(np.max(np.abs(result - expected), initial=0.0)) / scale

    return check


def triangle(a: Array, *, lower: bool) -> float:
    """Return 0 where the other triangle is empty."""
    other = np.triu(a, 1) if lower else np.tril(a, -1)
    return float(np.max(np.abs(other), initial=0.0))


def orthonormal(q: Array) -> float:
    """Measure how far the columns are from orthonormal."""
    v = vector(q.shape[-1])
    return relative(mh(q) @ (q @ v) - v, size(v))


def product(a: Array, b: Array) -> Check:
    """Check C = A B, by C v = A (B v)."""
    a, b = wide(a), wide(b)
    v = vector(b.shape[-1])
    expected, scale = a @ (b @ v), size(a) * size(b) * size(v)
    return lambda c: relative(wide(c) @ v - expected, scale)


def cholesky(a: Array) -> Check:
    """Check A = L L^H."""
    a = wide(a)
    v = vector(a.shape[-1])
    expected, scale = a @ v, size(a) * size(v)

    def check(low: Array) -> float:
        low = wide(low)
        return triangle(low, lower=True) + relative(low @ (mh(low) @ v) - expected, scale)

    return check


def solve(a: Array, b: Array) -> Check:
    """Check A x = b."""
    a, b = wide(a), wide(b)

    def check(x: Array) -> float:
        x = wide(x)
        return relative(a @ x - b, size(a) * size(x) + size(b))

    return check


def inv(a: Array) -> Check:
    """Check A X = 1, by A (X v) = v."""
    a = wide(a)
    v = vector(a.shape[-1])
    return lambda x: relative(a @ (wide(x) @ v) - v, size(a) * size(wide(x)) * size(v))


def qr(a: Array) -> Check:
    """Check A = Q R."""
    a = wide(a)
    v = vector(a.shape[-1])
    expected, scale = a @ v, size(a) * size(v)

    def check(factors: Sequence[Array]) -> float:
        q, r = map(wide, factors)
        apart = relative(q @ (r @ v) - expected, scale)
        return apart + orthonormal(q) + triangle(r, lower=False)

    return check


def svd(a: Array) -> Check:
    """Check A = U S V^H."""
    a = wide(a)
    v = vector(a.shape[-1])
    expected, scale = a @ v, size(a) * size(v)

    def check(factors: Sequence[Array]) -> float:
        u, s, vh = map(wide, factors)
        if np.any(s < 0) or np.any(np.diff(s) > 0):
            return np.inf
        apart = relative(u @ (s[..., None] * (vh @ v)) - expected, scale)
        return apart + orthonormal(u) + orthonormal(mh(vh))

    return check


def eigh(a: Array) -> Check:
    """Check A V = V diag(w), the columns of V orthonormal."""
    a = wide(a)

    def check(pairs: Sequence[Array]) -> float:
        w, v = map(wide, pairs)
        x = vector(v.shape[-1])
        apart = a @ (v @ x) - v @ (w[..., None] * x)
        return relative(apart, size(a) * size(x)) + orthonormal(v)

    return check


def eig(a: Array) -> Check:
    """Check A V = V diag(w), the columns of V of length one."""
    a = wide(a)

    def check(pairs: Sequence[Array]) -> float:
        w, v = map(wide, pairs)
        x = vector(v.shape[-1])
        apart = a @ (v @ x) - v @ (w[..., None] * x)
        lengths = np.sqrt(np.square(np.abs(v)).sum(-2))
        return relative(apart, size(a) * size(x)) + float(np.max(np.abs(lengths - 1)))

    return check


def eigenvalues(a: Array) -> Check:
    """Check that the sums of the values' powers are the traces of A, A^2 and A^3."""
    a = wide(a)
    squared = a @ a
    traces = [np.trace(a, axis1=-2, axis2=-1)]
    traces += [(power * a.swapaxes(-1, -2)).sum((-2, -1)) for power in (a, squared)]

    def check(values: Array) -> float:
        values = wide(values)
        errors = []
        for power, trace in enumerate(traces, 1):
            scale = size(a)[..., 0, 0] ** power
            errors.append(np.max(np.abs((values**power).sum(-1) - trace) / scale))
        return float(max(errors))

    return check


def singular_values(a: Array) -> Check:
    """Check that the sums of the squares and fourth powers are the traces of A^H A."""
    a = wide(a)
    gram = mh(a) @ a
    second, fourth = size(a)[..., 0, 0] ** 2, size(gram)[..., 0, 0] ** 2

    def check(values: Array) -> float:
        values = wide(values)
        if np.any(values < 0) or np.any(np.diff(values) > 0):
            return np.inf
        errors = [(values**2).sum(-1) / second - 1, (values**4).sum(-1) / fourth - 1]
        return float(np.max(np.abs(errors)))

    return check


def lstsq(a: Array, b: Array) -> Check:
    """Check that the residual is orthogonal to the columns: A^H (A x - b) = 0."""
    a, b = wide(a), wide(b)

    def check(results: Sequence[Array]) -> float:
        x = wide(results[0])
        scale = size(a) * (size(a) * size(x) + size(b))
        return relative(mh(a) @ (a @ x - b), scale)

    return check


def pinv(a: Array) -> Check:
    """Check A X A = A."""
    a = wide(a)
    v = vector(a.shape[-1])

    def check(x: Array) -> float:
        x = wide(x)
        scale = size(a) ** 2 * size(x) * size(v)
        return relative(a @ (x @ (a @ v)) - a @ v, scale)

    return check


def lu(a: Array) -> Check:
    """Check A = P L U."""
    a = wide(a)

    def check(factors: Sequence[Array]) -> float:
        p, low, up = map(wide, factors)
        apart = relative(p @ (low @ up) - a, size(a))
        return apart + triangle(low, lower=True) + triangle(up, lower=False)

    return check


def lu_factor(a: Array) -> Check:
    """Check A = P L U, both factors in one array and P as LAPACK's exchanges of rows."""
    a = wide(a)

    def check(factors: Sequence[Array]) -> float:
        both, pivots = wide(factors[0]), factors[1]
        rebuilt = (np.tril(both, -1) + np.eye(len(both))) @ np.triu(both)
        for row in reversed(range(len(both))):
            rebuilt[[row, pivots[row]]] = rebuilt[[pivots[row], row]]
        return relative(rebuilt - a, size(a))

    return check


def cho_factor(a: Array) -> Check:
    """Check A = L L^H, whatever is in the other triangle of the result."""
    check = cholesky(a)
    return lambda factor: check(np.tril(factor[0]))
