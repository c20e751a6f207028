"""Linear algebra: what each operation takes, who else has it, what must be true of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
import scipy.linalg
import scirs2
import torch
from jax import numpy as jnp
from numpy.typing import DTypeLike
from scirs2 import linalg

from . import truth
from .harness import Goal, Row
from .libraries import aligned, bind, host

Array = np.ndarray
Shape = tuple[int, ...]
Maker = Callable[[Shape, int, str], Array]

MODULES = {
    "scirs2": linalg,
    "NumPy": np.linalg,
    "SciPy": scipy.linalg,
    "PyTorch": torch.linalg,
    "JAX": jnp.linalg,
}
# An error of n roundings, and what the largest of many adds to it.
ROUNDINGS = 20


def random(shape: Shape, dtype: DTypeLike, seed: int = 0) -> Array:
    """Make normally distributed numbers, the same each time."""
    generator = np.random.default_rng(seed)
    out = aligned(shape, dtype)
    out[...] = generator.standard_normal(shape)
    if out.dtype.kind == "c":
        out += 1j * generator.standard_normal(shape)
    return out


@lru_cache(maxsize=4)
def general(batch: Shape, n: int, dtype: str) -> Array:
    """Make square matrices."""
    return random((*batch, n, n), dtype)


@lru_cache(maxsize=2)
def hermitian(batch: Shape, n: int, dtype: str) -> Array:
    """Make Hermitian matrices."""
    a = general(batch, n, dtype)
    out = aligned(a.shape, dtype)
    out[...] = a + truth.mh(a)
    return out


@lru_cache(maxsize=2)
def definite(batch: Shape, n: int, dtype: str) -> Array:
    """Make Hermitian matrices that are positive definite, by a heavy diagonal."""
    out = hermitian(batch, n, dtype).copy()
    out[..., range(n), range(n)] += 4 * n
    return out


def other(batch: Shape, n: int, dtype: str) -> Array:
    """Make square matrices that are not those of `general`."""
    return random((*batch, n, n), dtype, seed=1)


def right(batch: Shape, n: int, dtype: str) -> Array:
    """Make one right-hand side for each matrix."""
    return random((*batch, n, 1), dtype, seed=2)


def tall(batch: Shape, n: int, dtype: str) -> Array:
    """Make matrices of twice as many rows as columns."""
    return random((*batch, 2 * n, n), dtype)


def tall_right(batch: Shape, n: int, dtype: str) -> Array:
    """Make one right-hand side for each of those."""
    return random((*batch, 2 * n, 1), dtype, seed=2)


def upper(batch: Shape, n: int, dtype: str) -> Array:
    """Make upper triangular matrices."""
    return np.triu(definite(batch, n, dtype))


def vector(batch: Shape, n: int, dtype: str) -> Array:
    """Make vectors."""
    return random((*batch, n), dtype, seed=3)


def other_vector(batch: Shape, n: int, dtype: str) -> Array:
    """Make vectors that are not those of `vector`."""
    return random((*batch, n), dtype, seed=4)


def spectrum(n: int) -> Array:
    """Return the singular values of `known`: from 1/2 to 2."""
    return np.exp2(np.linspace(-1, 1, n))


def known(batch: Shape, n: int, dtype: str) -> Array:
    """Make matrices of known singular values and determinant.

    A diagonal matrix between two reflections, whose determinants are -1 each, with
    two rows exchanged.
    """
    a = np.broadcast_to(np.diag(spectrum(n)), (*batch, n, n))
    for seed in (5, 6):
        v = random((*batch, n, 1), np.result_type(dtype, np.float64), seed)
        v /= truth.size(v)
        a = truth.mh(a - 2 * v * (truth.mh(v) @ a))
    out = aligned(a.shape, dtype)
    out[...] = a
    out[..., [0, n - 1], :] = out[..., [n - 1, 0], :]
    return out


def determinant(a: Array) -> truth.Check:
    """Check the determinant of `known`."""
    expected = -np.prod(spectrum(a.shape[-1]))
    return truth.same(np.full(a.shape[:-2], expected))


def sign_and_logarithm(a: Array) -> truth.Check:
    """Check the determinant of `known` as a sign and a logarithm."""
    # The logarithm of 1: the error counts as it is.
    sign = truth.same(np.full(a.shape[:-2], -1.0))
    return lambda found: sign(found[0]) + float(np.max(np.abs(found[1])))


def condition(a: Array) -> truth.Check:
    """Check the condition number of `known`."""
    values = spectrum(a.shape[-1])
    return truth.same(np.full(a.shape[:-2], values.max() / values.min()))


@dataclass(frozen=True)
class Operation:
    """An operation in every library that has it."""

    name: str
    operands: tuple[Maker, ...]
    truth: Callable[..., truth.Check]
    calls: dict[str, Callable[..., object]]
    # Who takes one matrix only, or loops over a batch in Python.
    single: frozenset[str] = frozenset({"SciPy"})

    def row(
        self, batch: Shape, n: int, dtype: str, goal: Goal | None, at: dict[str, Any] | None = None
    ) -> Row:
        """Set the operation up at this size."""
        operands = tuple(make(batch, n, dtype) for make in self.operands)
        check = self.truth(*operands)
        shape = "x".join(map(str, (*batch, n, n)))
        return Row(
            name=f"{self.name} {shape} {dtype}",
            calls={
                library: bind(library, function, operands)
                for library, function in self.calls.items()
                if not (batch and library in self.single)
            },
            error=lambda result: check(host(result)),
            tolerance=ROUNDINGS * max(n, 4) * float(np.finfo(dtype).eps),
            goal=goal,
            at={"op": self.name, "n": n, "dtype": dtype, "batch": list(batch), **(at or {})},
        )


def operation(
    name: str,
    *operands: Maker,
    truth: Callable[..., truth.Check],
    single: frozenset[str] = frozenset({"SciPy"}),
    **by_hand: Callable[..., object] | None,
) -> Operation:
    """Look a name up in every library; `by_hand` says what goes by another, None what is not."""
    calls = {library: getattr(module, name, None) for library, module in MODULES.items()}
    calls |= by_hand
    found = {library: function for library, function in calls.items() if function is not None}
    return Operation(name, operands, truth, found, single)


def lstsq_in_jax(a: jax.Array, b: jax.Array) -> object:
    """Solve a batch of problems: JAX's own function takes one."""
    solve = jnp.linalg.lstsq
    for _ in range(a.ndim - 2):
        solve = jax.vmap(solve)
    return solve(a, b)


# What the project's goals name, in the order of their cost.
DECOMPOSITIONS = (
    operation("matmul", general, other, truth=truth.product, SciPy=None, NumPy=np.matmul),
    operation("cholesky", definite, truth=truth.cholesky,
              SciPy=partial(scipy.linalg.cholesky, lower=True)),
    operation("solve", general, right, truth=truth.solve),
    operation("inv", general, truth=truth.inv),
    operation("det", known, truth=determinant),
    operation("qr", general, truth=truth.qr),
    operation("eigvalsh", hermitian, truth=truth.eigenvalues),
    operation("eigh", hermitian, truth=truth.eigh),
    operation("svdvals", general, truth=truth.singular_values),
    operation("svd", general, truth=truth.svd),
    operation("lstsq", tall, tall_right, truth=truth.lstsq, JAX=lstsq_in_jax,
              single=frozenset({"SciPy", "NumPy"})),
    operation("eig", general, truth=truth.eig),
)  # fmt: skip


def up_to(name: str) -> tuple[Operation, ...]:
    """Return the decompositions up to that one."""
    names = [operation.name for operation in DECOMPOSITIONS]
    return DECOMPOSITIONS[: names.index(name) + 1]


def in_lists(function: Callable[..., object]) -> Callable[..., object]:
    """Make a function of one list a function of its elements."""
    return lambda *matrices: function(matrices)


def cube(function: Callable[..., object]) -> Callable[..., object]:
    """Make the third power of a function that takes any."""
    return lambda a: function(a, 3)


def along_one(function: Callable[..., object]) -> Callable[..., object]:
    """Make a function of two tensors one that sums over one axis."""
    return lambda a, b: function(a, b, 1)


def chained(function: Callable[..., object]) -> Callable[..., object]:
    """Make a product that is spelled in letters."""
    return lambda a, b: function("ij,jk->ik", a, b)


def cubed(a: Array) -> truth.Check:
    """Check A^3."""
    a = truth.wide(a)
    return truth.same(a @ a @ a)


def chain(a: Array, b: Array, c: Array) -> truth.Check:
    """Check A B C."""
    return truth.same(truth.wide(a) @ truth.wide(b) @ truth.wide(c))


# The others, which the goals name for small matrices.
OTHERS = (
    operation("slogdet", known, truth=sign_and_logarithm),
    operation("eigvals", general, truth=truth.eigenvalues),
    operation("pinv", general, truth=truth.pinv),
    operation("cond", known, truth=condition),
    operation("matrix_rank", known, truth=lambda a: truth.same(np.full(a.shape[:-2], a.shape[-1]))),
    operation("norm", general, truth=lambda a: truth.same(truth.size(truth.wide(a))[..., 0, 0])),
    operation("matrix_power", general, truth=cubed,
              **{library: cube(module.matrix_power) for library, module in MODULES.items()
                 if library != "SciPy"}),
    operation("multi_dot", general, other, general, truth=chain,
              **{library: in_lists(module.multi_dot) for library, module in MODULES.items()
                 if library != "SciPy"}),
    operation("tensordot", general, other, truth=truth.product,
              scirs2=along_one(linalg.tensordot), NumPy=along_one(np.tensordot),
              PyTorch=along_one(torch.tensordot), JAX=along_one(jnp.tensordot)),
    operation("einsum", general, other, truth=truth.product,
              scirs2=chained(scirs2.einsum), NumPy=chained(np.einsum),
              PyTorch=chained(torch.einsum), JAX=chained(jnp.einsum)),
    operation("outer", vector, other_vector, PyTorch=torch.outer,
              truth=lambda a, b: truth.same(a[:, None] * b)),
    operation("vecdot", vector, other_vector,
              truth=lambda a, b: truth.same((a.conj() * b).sum(-1))),
    operation("trace", general, PyTorch=torch.trace, JAX=jnp.trace,
              truth=lambda a: truth.same(np.einsum("...ii", a))),
    operation("lu", general, truth=truth.lu, JAX=jax.scipy.linalg.lu),
    operation("lu_factor", general, truth=truth.lu_factor, PyTorch=None,
              JAX=jax.scipy.linalg.lu_factor),
    operation("cho_factor", definite, truth=truth.cho_factor,
              **{library: partial(module.cho_factor, lower=True) for library, module in
                 {"scirs2": linalg, "SciPy": scipy.linalg, "JAX": jax.scipy.linalg}.items()}),
    operation("solve_triangular", upper, right, truth=truth.solve,
              PyTorch=partial(torch.linalg.solve_triangular, upper=True),
              JAX=jax.scipy.linalg.solve_triangular),
    operation("tensorsolve", general, vector,
              truth=lambda a, b: lambda x: truth.solve(a, b[:, None])(x[:, None])),
    operation("tensorinv", general, truth=truth.inv,
              **{library: partial(module.tensorinv, ind=1) for library, module in MODULES.items()
                 if library != "SciPy"}),
)  # fmt: skip
CROSS = operation(
    "cross", vector, other_vector,
    truth=lambda a, b: truth.same(
        np.stack([a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))])
    ),
)  # fmt: skip
