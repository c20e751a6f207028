"""The table of truths with operands that every dtype can hold: small whole numbers.

The table is the package's own; the benchmarks and the self check ask it, too.
"""

import numpy as np
import scirs2
from scirs2 import linalg
from scirs2._truths import TRUTHS as FUNCTIONS
from scirs2._truths import Operands

N = 4

# What Dask's arrays are refused for: values decide on the shapes, or there is any number of operands.
NOT_LAZY = ["block_diag", "null_space", "orth"]
LAZY = [name for name in FUNCTIONS if name not in NOT_LAZY]


class Whole(Operands):
    """Makes small whole numbers: matrices that are well conditioned, and none like its transpose.

    Of booleans they are triangular, or the identity.
    """

    def __init__(self, batch, dtype):
        super().__init__(batch, N, dtype)

    def draw(self, *shape, seed=0):
        rows, columns = shape if len(shape) == 2 else (1, *shape)
        places = np.arange(int(np.prod(self.batch))).reshape(*self.batch, 1, 1)
        row, column = np.mgrid[:rows, :columns]
        if self.dtype.kind == "b":
            a = np.broadcast_to(np.triu(np.ones((rows, columns), bool)), (*self.batch, *row.shape))
        else:
            a = (3 * row + 5 * column + places + seed) % 3
            if self.dtype.kind == "c":
                a = a + 1j * ((row + 2 * column + places) % 2)
            a = np.where(row == column, 12 + row, a)
        return a.astype(self.dtype).reshape(*self.batch, *shape)

    def tall(self):
        return self.draw(N, N - 1)

    def broad(self):
        return self.draw(N - 1, N)

    def tall_right(self):
        return self.draw(N, self.columns, seed=2)

    def definite(self):
        if self.dtype.kind == "b":
            return np.broadcast_to(np.eye(N, dtype=bool), (*self.batch, N, N)).copy()
        upper = np.triu(self.general(), 1)
        return (upper + upper.conj().swapaxes(-1, -2) + 15 * np.eye(N)).astype(self.dtype)

    def hermitian(self):
        return self.definite()

    def triangular(self):
        return np.triu(self.general())

    def small(self):
        shift = np.roll(np.eye(N), 1, -1)
        if self.dtype.kind != "b":
            shift = shift * (1 + np.arange(int(np.prod(self.batch))).reshape(*self.batch, 1, 1) % 2)
        return np.broadcast_to(shift, (*self.batch, N, N)).astype(self.dtype)

    def schur(self):
        a = self.triangular()
        if self.dtype.kind in "if":
            a[..., :2, :2] = [[3, 2], [-3, 3]]
        return a

    def unitary(self):
        return np.broadcast_to(np.eye(N)[::-1], (*self.batch, N, N)).astype(self.dtype)

    def pairs(self):
        w = self.draw(N, seed=1)
        if self.dtype.kind == "c":
            w[..., ::2] = w[..., ::2].real + 2j
            w[..., 1::2] = w[..., ::2].conj()
        return w

    def paired(self):
        v = np.eye(N)
        if self.dtype.kind == "c":
            v = v + 1j * np.roll(np.eye(N), 1, 0)
            v[:, 1::2] = v[:, ::2].conj()
        return np.broadcast_to(v, (*self.batch, N, N)).astype(self.dtype)

    def known(self):
        return self.general()


def function(name, module=linalg, other=scirs2):
    """The function of that name, which may be in the other module."""
    return getattr(module, name, None) or getattr(other, name)


def given(name, batch=(), dtype="float64"):
    """Its operands."""
    return list(FUNCTIONS[name].make(Whole(batch, dtype)))


def ask(name, *operands):
    """Its results."""
    return FUNCTIONS[name].call(function(name), *operands)
