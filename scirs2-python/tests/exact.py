"""Norms in 200 bits from their definitions, as a reference for what floats can be."""

import math

import mpmath
import numpy as np

PRECISION = 200


def vector_norm(values, ord):
    """The norm of the numbers as they are stored, not as they were meant."""
    with mpmath.workprec(PRECISION):
        sizes = [magnitude(value) for value in np.asarray(values).ravel().tolist()]
        if ord is None or ord == 2:
            return mpmath.sqrt(mpmath.fsum(size**2 for size in sizes))
        if ord == math.inf:
            return max(sizes, default=mpmath.mpf(0))
        if ord == -math.inf:
            return min(sizes)
        if ord == 0:
            return mpmath.mpf(sum(size != 0 for size in sizes))
        if ord < 0 and any(size == 0 for size in sizes):
            return mpmath.mpf(0)
        power = mpmath.mpf(ord)
        return mpmath.fsum(size**power for size in sizes if size) ** (1 / power)


def matrix_norm(matrix, ord):
    with mpmath.workprec(PRECISION):
        rows = [[magnitude(value) for value in row] for row in np.asarray(matrix).tolist()]
        if ord in (1, -1):
            rows = [list(column) for column in zip(*rows, strict=True)]
        if ord in (1, math.inf):
            return max(mpmath.fsum(row) for row in rows)
        if ord in (-1, -math.inf):
            return min(mpmath.fsum(row) for row in rows)
        if ord in (None, "fro", "f"):
            return vector_norm(matrix, 2)
        values = singular_values(matrix)
        return {2: max, -2: min, "nuc": mpmath.fsum}[ord](values)


def singular_values(matrix):
    with mpmath.workprec(PRECISION):
        rows = np.asarray(matrix).tolist()
        if np.iscomplexobj(matrix):
            return list(mpmath.svd_c(mpmath.matrix(rows), compute_uv=False))
        return list(mpmath.svd_r(mpmath.matrix(rows), compute_uv=False))


def magnitude(value):
    if isinstance(value, complex):
        return mpmath.sqrt(mpmath.mpf(value.real) ** 2 + mpmath.mpf(value.imag) ** 2)
    return abs(mpmath.mpf(value))


def error(result, expected):
    """In units of the last place of the result's dtype, at the expected size."""
    with mpmath.workprec(PRECISION):
        limits = np.finfo(result.dtype)
        unit = mpmath.mpf(float(limits.eps)) * expected
        unit = max(unit, mpmath.mpf(float(limits.smallest_subnormal)))
        return float(abs(mpmath.mpf(float(result)) - expected) / unit)
