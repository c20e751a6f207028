"""The rules on NumPy's arrays, without derivatives of their own.

PyTorch's doors come here with small tensors whose gradient nobody differentiates: on a few
numbers NumPy's operations take a third of the time of PyTorch's.
"""

# NumPy's functions have no types that strict knows.
# pyright: basic

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .. import linalg as la
from . import rules
from .rules import Rule


@lru_cache
def _lower(rows: int, columns: int, k: int) -> Any:
    """Return where the lower triangle is."""
    return np.tri(rows, columns, k, bool)


@lru_cache
def _diagonal(rows: int, columns: int) -> Any:
    """Return where the diagonal is."""
    return np.eye(rows, columns, dtype=bool)


class Library(rules.Library):
    """What rules need of NumPy; the functions of scirs2 are not evaluated here."""

    abs = staticmethod(np.abs)
    sgn = staticmethod(np.sign)
    where = staticmethod(np.where)
    concat = staticmethod(np.concatenate)

    @staticmethod
    def conj(a: Any) -> Any:
        """Conjugate; real arrays are returned, not copied."""
        return a.conj()

    @staticmethod
    def real(a: Any) -> Any:
        """Return the real part."""
        return a.real

    @staticmethod
    def is_complex(a: Any) -> bool:
        """Return whether numbers are complex."""
        return bool(a.dtype.kind == "c")

    @staticmethod
    def tril(a: Any, k: int = 0) -> Any:
        """Keep the lower triangle."""
        return np.where(_lower(*a.shape[-2:], k), a, 0)

    @staticmethod
    def triu(a: Any, k: int = 0) -> Any:
        """Keep the upper triangle."""
        return np.where(_lower(*a.shape[-2:], k - 1), 0, a)

    @staticmethod
    def on_diagonal(a: Any) -> Any:
        """Return where the diagonals of matrices are."""
        return _diagonal(*a.shape[-2:])

    @staticmethod
    def diagonal(a: Any) -> Any:
        """Return the diagonals of matrices."""
        return a.diagonal(0, -2, -1)

    @staticmethod
    def diag(a: Any) -> Any:
        """Return the matrices of diagonals."""
        return np.where(_diagonal(a.shape[-1], a.shape[-1]), a[..., None, :], 0)

    @staticmethod
    def sum(a: Any, axes: Any) -> Any:
        """Sum over axes, which stay."""
        return a.sum(axes, keepdims=True)

    @staticmethod
    def largest(a: Any, axes: Any, ord: float = math.inf) -> Any:
        """Return the largest or smallest modulus over axes, which stay; of none 0."""
        if a.size == 0:
            return np.abs(a).sum(axes, keepdims=True)
        # NumPy's largest element of many short axes takes longer.
        return la.vector_norm(a, axis=axes, keepdims=True, ord=ord)

    @staticmethod
    def cumprod(a: Any) -> Any:
        """Return the products so far."""
        return a.cumprod(-1)

    @staticmethod
    def flip(a: Any) -> Any:
        """Reverse the last axis."""
        return a[..., ::-1]

    @staticmethod
    def eps(a: Any) -> float:
        """Return the distance from 1 to the next number."""
        return float(np.finfo(a.dtype).eps)

    @staticmethod
    def take_rows(a: Any, indices: Any) -> Any:
        """Take the rows of these indices."""
        return np.take_along_axis(a, indices[..., None], -2)

    @staticmethod
    def undo_exchanges(a: Any, pivots: Any) -> Any:
        """Undo LAPACK's exchanges of rows, the last one first."""
        a = a.copy()
        for row in reversed(range(pivots.shape[-1])):
            other = pivots[..., row, None, None]
            moved = np.take_along_axis(a, other, -2)
            np.put_along_axis(a, other, a[..., row : row + 1, :], -2)
            a[..., row : row + 1, :] = moved
        return a

    @staticmethod
    def all(condition: Any) -> bool | None:
        """Return whether all hold."""
        return bool(condition.all())

    @staticmethod
    def choose(condition: Any, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
        """Compute one if all elements hold, else the other."""
        return one() if condition.all() else other()

    @staticmethod
    def settle(ties: Any, unclear: Any, function: str, what: str) -> Any:
        """Refuse what is unclear."""
        if unclear.any():
            raise rules.unclear_gradient(np.argwhere(unclear)[0].tolist(), function, what)
        return np.where(ties, np.float32(0), np.float32(1))

    def apply(self, rule: Rule, *operands: Any, **options: Any) -> Any:
        """Call a rule's function."""
        results = rule(self, operands, options)
        return results[0] if len(results) == 1 else results


LIBRARY = Library()
