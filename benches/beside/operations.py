"""Linear algebra: what each operation takes, who else has it, what must be true of it.

Operands and equations are those of the table of truths, which lies in the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
import scipy.linalg
import scirs2
import torch
from jax import numpy as jnp
from scirs2 import linalg
from scirs2._truths import TRUTHS, Equation, Operands, Truth, size, vector
from scirs2.scipy import linalg as scipys

from .harness import Goal, Row
from .libraries import aligned, bind, host

Array = np.ndarray
Shape = tuple[int, ...]

MODULES = {
    "scirs2": linalg,
    "NumPy": np.linalg,
    "SciPy": scipy.linalg,
    "PyTorch": torch.linalg,
    "JAX": jnp.linalg,
}
# An error of n roundings, and what the largest of many adds to it.
ROUNDINGS = 20


class Timed(Operands):
    """Makes operands to time a function with: one right-hand side for each matrix."""

    columns = 1

    def dominant(self) -> Array:
        """Make general matrices with eigenvalues far from the negative axis, by a heavy diagonal."""
        a = self.general()
        a[..., range(self.n), range(self.n)] += 4 * self.n
        return a


@lru_cache(maxsize=4)
def operand(name: str, batch: Shape, n: int, dtype: str) -> Array:
    """Make an operand of the table, where JAX takes it without a copy."""
    made = getattr(Timed(batch, n, dtype), name)()
    out = aligned(made.shape, dtype)
    out[...] = made
    return out


@dataclass(frozen=True)
class Operation:
    """An operation in every library that has it."""

    name: str
    truth: Truth
    calls: dict[str, Callable[..., object]]
    # Who takes one matrix only, or loops over a batch in Python.
    single: frozenset[str]
    # So many of the results are checked, where not every library gives all.
    parts: int | None

    def row(
        self, batch: Shape, n: int, dtype: str, goal: Goal | None, at: dict[str, Any] | None = None
    ) -> Row:
        """Set the operation up at this size."""
        operands = tuple(operand(name, batch, n, dtype) for name in self.truth.operands)
        shape = "x".join(map(str, (*batch, n, n)))
        return Row(
            name=f"{self.name} {shape} {dtype}",
            calls={
                library: bind(library, function, operands)
                for library, function in self.calls.items()
                if not (batch and library in self.single)
            },
            error=partial(self.error, operands),
            tolerance=ROUNDINGS * max(n, 4) * float(np.finfo(dtype).eps),
            goal=goal,
            at={"op": self.name, "n": n, "dtype": dtype, "batch": list(batch), **(at or {})},
        )

    def error(self, operands: tuple[Array, ...], result: object) -> float:
        """Return how far a result of any library is from what must be true, all in all."""
        results = host(result)
        results = tuple(results if isinstance(results, list) else [results])[: self.parts]
        return sum(equation.error() for equation in self.truth.check(operands, results, vector))


def operation(
    name: str,
    single: frozenset[str] = frozenset({"SciPy"}),
    parts: int | None = None,
    **other: Any,  # noqa: ANN401
) -> Operation:
    """Look a name up in the table, and in every library.

    A library's name in `other` says what it has by another name, with None for not at
    all; `operands` and `how` say what is timed otherwise than the table has it.
    """
    fields = {field: other.pop(field) for field in ("operands", "how") if field in other}
    truth = replace(TRUTHS[name], **fields)
    found = {library: getattr(module, name, None) for library, module in MODULES.items()} | other
    calls = {
        library: partial(truth.how, function) if truth.how else function
        for library, function in found.items()
        if function is not None
    }
    return Operation(name, truth, calls, single, parts)


def mapped(function: Callable[..., object]) -> Callable[..., object]:
    """Make a function of batches of one of JAX's own that takes single matrices."""

    def of_batch(*operands: jax.Array) -> object:
        whole = function
        for _ in range(operands[0].ndim - 2):
            whole = jax.vmap(whole)
        return whole(*operands)

    return of_batch


def definite_pencil(_: object, a: Array, b: Array, w: Array, v: Array) -> list[Equation]:
    """Say what eigenvalues and vectors of two Hermitian matrices are."""
    gram = v.mT.conj() @ b @ v
    return [
        *pencil(_, a, b, w, v),
        Equation(gram, np.broadcast_to(np.eye(gram.shape[-1]), gram.shape), size(b)),
    ]


def pencil(_: object, a: Array, b: Array, w: Array, v: Array) -> list[Equation]:
    """Say what eigenvalues and vectors of two matrices are: each pair by its own size."""
    values = w[..., None, :]
    scale = (size(a) + np.abs(values) * size(b)) * np.sqrt((np.abs(v) ** 2).sum(-2, keepdims=True))
    return [Equation(a @ v / scale, b @ (v * values) / scale, np.ones((*a.shape[:-2], 1, 1)))]


def pivoted(_: object, a: Array, q: Array, r: Array, p: Array) -> list[Equation]:
    """Say what factors of a matrix with exchanged columns are."""
    exchanged = np.take_along_axis(a, p[..., None, :].astype(np.intp), -1)
    return [Equation(q @ r, exchanged, size(a))]


# What the project's goals name, in the order of their cost.
DECOMPOSITIONS = (
    operation("matmul", SciPy=None, NumPy=np.matmul),
    operation("cholesky", SciPy=partial(scipy.linalg.cholesky, lower=True)),
    operation("solve"),
    operation("inv"),
    operation("det"),
    operation("qr", operands=("general",)),
    operation("eigvalsh"),
    operation("eigh"),
    operation("svdvals", operands=("general",)),
    operation("svd"),
    operation("lstsq", JAX=mapped(jnp.linalg.lstsq), single=frozenset({"SciPy", "NumPy"}), parts=1),
    operation("eig"),
)


def up_to(name: str) -> tuple[Operation, ...]:
    """Return the decompositions up to that one."""
    names = [operation.name for operation in DECOMPOSITIONS]
    return DECOMPOSITIONS[: names.index(name) + 1]


# The others, which the goals name for small matrices.
OTHERS = (
    operation("slogdet"),
    operation("eigvals"),
    operation("pinv", operands=("general",)),
    operation("cond"),
    operation("matrix_rank"),
    operation("norm", how=None),
    operation("matrix_power"),
    operation("multi_dot"),
    operation("tensordot", how=lambda f, a, b: f(a, b, 1),
              NumPy=np.tensordot, PyTorch=torch.tensordot, JAX=jnp.tensordot),
    operation("einsum", how=lambda f, a, b: f("ij,jk->ik", a, b),
              scirs2=scirs2.einsum, NumPy=np.einsum, PyTorch=torch.einsum, JAX=jnp.einsum),
    operation("outer", PyTorch=torch.outer),
    operation("vecdot"),
    operation("trace", PyTorch=torch.trace, JAX=jnp.trace),
    operation("lu", JAX=jax.scipy.linalg.lu),
    operation("lu_factor", PyTorch=None, JAX=jax.scipy.linalg.lu_factor),
    operation("cho_factor",
              **{library: partial(module.cho_factor, lower=True) for library, module in
                 {"scirs2": linalg, "SciPy": scipy.linalg, "JAX": jax.scipy.linalg}.items()}),
    operation("solve_triangular", PyTorch=partial(torch.linalg.solve_triangular, upper=True),
              JAX=jax.scipy.linalg.solve_triangular),
    operation("tensorsolve"),
    operation("tensorinv"),
)  # fmt: skip
CROSS = operation("cross")

# SciPy's users' own: SciPy loops over batches of most in Python, and that is what they have.
batched = partial(operation, single=frozenset())


def by_scipys_name(
    label: str,
    truth: Truth,
    name: str,
    parts: int | None = None,
    **options: Any,  # noqa: ANN401
) -> Operation:
    """Look a function up in SciPy, and in the package that has its names, with these options."""
    calls = {
        library: partial(getattr(module, name), **options)
        for library, module in {"scirs2": scipys, "SciPy": scipy.linalg}.items()
    }
    return Operation(label, truth, calls, frozenset(), parts)


FUNCTIONS = (
    by_scipys_name("eigh of two", Truth(("hermitian", "definite"), definite_pencil), "eigh"),
    by_scipys_name("eig of two", Truth(("general", "other"), pencil), "eig"),
    by_scipys_name(
        "solve, definite",
        replace(TRUTHS["solve"], operands=("definite", "right")),
        "solve",
        assume_a="pos",
    ),
    by_scipys_name(
        "qr, pivoted", Truth(("general",), pivoted), "qr", mode="economic", pivoting=True
    ),
    by_scipys_name("rq", TRUTHS["rq"], "rq"),
    by_scipys_name("null_space", TRUTHS["null_space"], "null_space"),
    by_scipys_name("orth", TRUTHS["orth"], "orth"),
    by_scipys_name("pinvh", replace(TRUTHS["inv"], operands=("definite",)), "pinvh"),
    by_scipys_name("orthogonal_procrustes", TRUTHS["orthogonal_procrustes"],
                   "orthogonal_procrustes"),
    batched("polar", JAX=mapped(jax.scipy.linalg.polar)),
    batched("schur", JAX=mapped(jax.scipy.linalg.schur)),
    batched("expm", operands=("small",), PyTorch=torch.linalg.matrix_exp,
            JAX=jax.scipy.linalg.expm),
    batched("expm_frechet", JAX=mapped(jax.scipy.linalg.expm_frechet)),
    batched("cosm"),
    batched("signm"),
    batched("sqrtm", operands=("dominant",), JAX=mapped(jax.scipy.linalg.sqrtm)),
    replace(batched("sqrtm", operands=("definite",)), name="sqrtm, definite"),
    batched("logm", operands=("dominant",)),
    replace(batched("logm", operands=("definite",)), name="logm, definite"),
    batched("fractional_matrix_power", operands=("dominant",)),
)  # fmt: skip
