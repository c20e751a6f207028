"""Any function of matrices, of which only the values are known.

The Schur-Parlett method of P. I. Davies and N. J. Higham, SIAM J. Matrix Anal. Appl. 25, 2003, pp.
464-485. Eigenvalues that are close together make a block; the blocks beside the diagonal follow
from those on it. There the method wants the Taylor coefficients of the function. Here they come
from its values on a circle, as in F. Bornemann, Found. Comput. Math. 11, 2011, pp. 1-63: the circle
with the least error is taken, and where none serves the block is divided.
"""

# SciPy's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from ._arguments import Array, epsilon, linalg

# A matrix, and about how far from the true one its elements may be.
Estimated: TypeAlias = tuple[Array, float]

_EPS = float(np.finfo(float).eps)
# A block begins with eigenvalues so close, relative to all; each further division takes a part.
_CLOSE, _CLOSER = 0.1, 0.25
# A block is not divided where its error is no larger.
_GOOD = 1000 * _EPS


@dataclass(frozen=True)
class _Problem:
    """What stays the same for all blocks of a matrix."""

    # Takes arrays of numbers, element by element.
    func: Callable[[Array], Any]
    # How large a rounding error of the matrix is.
    rounding: float = 0.0
    # Whether the triangle is the matrix itself, or one of a matrix that rounding has changed.
    is_exact: bool = True

    def values(self, x: Array) -> Array:
        values = np.asarray(self.func(x))
        if values.shape != x.shape:
            raise ValueError(
                f"funm: func: returned the shape {values.shape} for numbers of the shape {x.shape}; "
                "it must compute each element, as NumPy's functions do (see numpy.vectorize)"
            )
        return values.astype(complex)


def of_batch(func: Callable[[Array], Any], a: Array, are_hermitian: Array) -> tuple[Array, Array]:
    """Return the function of each matrix, and its error relative to the largest element.

    All are real if the matrices are, and no imaginary part is more than the error.
    """
    is_real, eps = not np.iscomplexobj(a), epsilon(a)
    single = eps > _EPS
    results: Any = np.empty(a.shape, complex)
    errors = np.full(a.shape[:-2], eps)
    largest, imaginary = np.zeros(errors.shape), np.zeros(errors.shape)
    for index in np.ndindex(errors.shape):
        one = a[index].astype(float if is_real else complex)
        of_one = _of_hermitian if are_hermitian[index] else _of_general
        results[index], error = of_one(_Problem(func), one)
        largest[index], imaginary[index] = _largest(results[index]), _largest(results[index].imag)
        if not np.isfinite(largest[index]):
            errors[index] = np.inf
        elif error > eps * largest[index]:
            errors[index] = min(1.0, error / largest[index]) if largest[index] else 1.0
    if is_real and (imaginary <= np.maximum(errors, 1000 * eps) * largest).all():
        # Of bfloat16 NumPy's arrays are of no use to other libraries.
        kept = np.float16 if a.dtype == np.float16 else np.float32 if single else float
        return results.real.astype(kept), errors
    return results.astype(np.complex64 if single else complex), errors


def _of_hermitian(problem: _Problem, a: Array) -> Estimated:
    """Compute the function of a Hermitian matrix, which depends on the eigenvalues alone."""
    w, v = linalg.eigh(a)
    values = problem.values(w.astype(complex))
    return (v * values) @ v.conj().T, _EPS * _largest(values)


def _of_general(problem: _Problem, a: Array) -> Estimated:
    t, z = linalg.schur(a, "complex")
    size = float(np.linalg.norm(t)) / max(len(t), 1) ** 0.5
    is_exact = problem.rounding > 0 or not np.tril(a, -1).any()
    problem = replace(problem, rounding=_EPS * size, is_exact=is_exact)
    f, error = _of_triangle(problem, t, _CLOSE * size)
    return z @ f @ z.conj().T, error


def _largest(x: Array) -> float:
    return float(np.abs(x).max(initial=0.0))


def _of_triangle(problem: _Problem, t: Array, gap: float) -> Estimated:
    """Put eigenvalues within the gap of each other side by side, each such group a block."""
    t, q, sizes = _ordered(t, _groups(np.diagonal(t), gap))
    f, error = _of_blocks(problem, t, sizes, gap)
    return q @ f @ q.conj().T, error


def _groups(values: Array, gap: float) -> Array:
    """Give eigenvalues with a chain of small gaps between them the same number."""
    groups = np.arange(len(values))
    close = np.abs(values[:, None] - values) <= gap
    for i, j in zip(*np.nonzero(np.triu(close, 1)), strict=True):
        groups[groups == groups[j]] = groups[i]
    return groups


def _ordered(t: Array, groups: Array) -> tuple[Array, Array, list[int]]:
    """Exchange eigenvalues until each group is together, in the order of their mean places."""
    t, q, n = t.copy(), np.eye(len(t), dtype=complex), len(t)
    names, places = np.unique(groups, return_inverse=True)
    means = [np.flatnonzero(groups == name).mean() for name in names]
    ranks = np.argsort(np.argsort(means, kind="stable"))[places]
    for end in range(1, n):
        for k in range(end - 1, -1, -1):
            if ranks[k] <= ranks[k + 1]:
                break
            ranks[[k, k + 1]] = ranks[[k + 1, k]]
            _exchange(t, q, k)
    return t, q, np.bincount(ranks, minlength=len(names)).tolist()


def _exchange(t: Array, q: Array, k: int) -> None:
    """Exchange two neighbours on the diagonal of a triangle by a rotation, in place."""
    first, second = t[k, k], t[k + 1, k + 1]
    c, s = t[k, k + 1], second - first
    length = np.hypot(abs(c), abs(s))
    c, s = c / length, s / length
    turn = np.array([[c, -s.conjugate()], [s, c.conjugate()]])
    pair = slice(k, k + 2)
    t[:, pair] = t[:, pair] @ turn
    t[pair] = turn.conj().T @ t[pair]
    q[:, pair] = q[:, pair] @ turn
    t[k + 1, k], t[k, k], t[k + 1, k + 1] = 0, second, first


def _of_blocks(problem: _Problem, t: Array, sizes: list[int], gap: float) -> Estimated:
    """Compute both halves of the diagonal, and what is beside them from that F T = T F."""
    if len(sizes) <= 1:
        return _of_block(problem, t, gap)
    half = len(sizes) // 2
    at = sum(sizes[:half])
    first, second, beside = t[:at, :at], t[at:, at:], t[:at, at:]
    f1, error1 = _of_blocks(problem, first, sizes[:half], gap)
    f2, error2 = _of_blocks(problem, second, sizes[half:], gap)
    f = np.zeros_like(t)
    f[:at, :at], f[at:, at:] = f1, f2
    f[:at, at:] = _sylvester(first, second, f1 @ beside - beside @ f2)
    distance = np.abs(np.diagonal(first)[:, None] - np.diagonal(second)).min()
    return f, (error1 + error2) * (1 + _largest(beside) / distance)


def _sylvester(a: Array, b: Array, c: Array) -> Array:
    """Solve A X - X B = C with upper triangles A and B, column by column."""
    x, one = np.empty_like(c), np.eye(len(a))
    for j in range(len(b)):
        side = c[:, j] + x[:, :j] @ b[:j, j]
        x[:, j] = linalg.solve_triangular(a - b[j, j] * one, side)
    return x


def _of_block(problem: _Problem, t: Array, gap: float) -> Estimated:
    """Compute the function of a triangle whose eigenvalues are close together."""
    values = np.diagonal(t)
    if np.linalg.norm(np.triu(t, 1)) <= 10 * len(t) * problem.rounding:
        # One eigenvalue, or a normal matrix: no derivative counts.
        values = problem.values(values)
        return np.diag(values), _EPS * _largest(values)
    f, error = _by_circle(problem, t)
    if error <= _GOOD * _largest(f):
        return f, error
    while (gap := gap * _CLOSER) > problem.rounding:
        if np.ptp(_groups(values, gap)) > 0:
            divided, other = _of_triangle(problem, t, gap)
            if not problem.is_exact and other < error:
                # Rounding moves eigenvalues that are nearly defective far; it may be all that
                # tells them apart.
                noise = np.random.default_rng(0).standard_normal(t.shape) * problem.rounding
                moved, _ = _of_general(problem, t + noise)
                other = max(other, _largest(moved - divided))
            return (divided, other) if other < error else (f, error)
    return f, error


def _by_circle(problem: _Problem, t: Array) -> Estimated:
    """Compute the function by its Taylor series, with coefficients from values on a circle.

    The error is what rounding makes of the values, and what the coefficients beyond the last term
    show: where the function is not analytic inside the circle, these do not fall.
    """
    n = len(t)
    center = np.diagonal(t).mean()
    apart = t - center * np.eye(n)
    points = np.exp(2j * np.pi * np.arange(count := max(256, 4 * n)) / count)
    terms = count // 2

    def on_circle(radius: float) -> tuple[float, float, Array]:
        if radius <= 2 * _largest(np.diagonal(apart)):
            return np.inf, radius, points
        try:
            with np.errstate(all="ignore"):
                values = problem.values(center + radius * points)
                coefficients = np.fft.fft(values) / count
        except ArithmeticError:
            # An overflow, or a pole.
            return np.inf, radius, points
        beyond = max(_largest(coefficients[terms:]), _EPS * _largest(values))
        error = beyond * _growth(apart, radius)
        error += _largest(values) * _growth(apart, radius / 2) * 2.0**-terms
        return (error if np.isfinite(error) else np.inf), radius, coefficients

    size = max(abs(center), _largest(apart))
    coarse = min((on_circle(size * 4.0**k) for k in range(-30, 5)), key=lambda found: found[0])
    fine = (on_circle(coarse[1] * 2.0**k) for k in (-1.5, -1, -0.5, 0.5, 1, 1.5))
    error, radius, coefficients = min(coarse, *fine, key=lambda found: found[0])
    f = np.zeros_like(t)
    if error == np.inf:
        return f + np.nan, error
    for coefficient in coefficients[terms - 1 :: -1]:
        f = f @ (apart / radius) + coefficient * np.eye(n)
    return f, error


def _growth(apart: Array, radius: float) -> float:
    """Return the norm of the sum of all powers of |apart| / radius."""
    n = len(apart)
    sums = linalg.solve_triangular(np.eye(n) - np.abs(apart) / radius, np.ones(n))
    return float(sums.max())
