"""Functions of whole matrices: a task computes the matrices of one block of the batch."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import inspect
import math
from collections.abc import Sequence
from functools import cache
from itertools import product
from operator import getitem
from typing import Any

import numpy as np
from dask.base import tokenize

from ... import linalg
from . import arrays, chunks, task
from .arrays import Lazy
from .task import Kernel, Place, Slot

# The operands of each function, and the number of their last axes that a task needs whole.
# RIGHT is a right-hand side: one vector if it has one axis, else matrices.
RIGHT = "right"
OPERANDS: dict[str, dict[str, Any]] = {
    "bandwidth": {"a": 2},
    "cdf2rdf": {"w": 1, "v": 2},
    "cho_factor": {"a": 2},
    "cho_solve": {"c_and_lower": (2, None), "b": RIGHT},
    "cholesky": {"a": 2},
    "cond": {"x": 2},
    "coshm": {"a": 2},
    "cosm": {"a": 2},
    "cross": {"x1": 1, "x2": 1},
    "det": {"a": 2},
    "diagsvd": {"s": 1},
    "eig": {"a": 2},
    "eigh": {"a": 2, "b": 2},
    "eigvals": {"a": 2},
    "eigvalsh": {"a": 2, "b": 2},
    "expm": {"a": 2},
    "expm_cond": {"a": 2},
    "expm_frechet": {"a": 2, "e": 2},
    "fractional_matrix_power": {"a": 2},
    "hessenberg": {"a": 2},
    "inv": {"a": 2},
    "ishermitian": {"a": 2},
    "issymmetric": {"a": 2},
    "khatri_rao": {"a": 2, "b": 2},
    "logm": {"a": 2},
    "lstsq": {"a": 2, "b": RIGHT},
    "lu": {"a": 2},
    "lu_factor": {"a": 2},
    "lu_solve": {"lu_and_piv": (2, 1), "b": RIGHT},
    "matrix_balance": {"A": 2},
    "matrix_power": {"a": 2},
    "matrix_rank": {"A": 2, "tol": 0, "rtol": 0},
    "orthogonal_procrustes": {"A": 2, "B": 2},
    "pinv": {"a": 2, "rcond": 0, "rtol": 0},
    "polar": {"a": 2},
    "qr": {"a": 2},
    "rq": {"a": 2},
    "rsf2csf": {"t": 2, "z": 2},
    "schur": {"a": 2},
    "signm": {"a": 2},
    "sinhm": {"a": 2},
    "sinm": {"a": 2},
    "slogdet": {"a": 2},
    "solve": {"a": 2, "b": RIGHT},
    "solve_triangular": {"a": 2, "b": RIGHT},
    "sqrtm": {"a": 2},
    "subspace_angles": {"A": 2, "B": 2},
    "svd": {"a": 2},
    "svdvals": {"x": 2},
    "tanhm": {"a": 2},
    "tanm": {"a": 2},
    "toeplitz": {"c": 1, "r": 1},
}


Operands = Sequence[tuple[str, Lazy, int]]


def compute(name: str, arguments: dict[str, Any], module: Any) -> Any:
    """Compute a function whose operands are whole in a chunk, or small enough to become so."""
    return over_batch(*bind(name, arguments, module), module)


def bind(name: str, arguments: dict[str, Any], module: Any) -> tuple[Kernel, Operands]:
    """Return the call, and its operands with the number of axes that each of them has whole."""
    operands: list[tuple[str, Lazy, int]] = []
    batched: list[int] = []
    filled = dict(arguments)
    for parameter, axes in OPERANDS[name].items():
        value = arguments.get(parameter)
        if value is None:
            continue
        if axes == 0 and not isinstance(value, np.ndarray | list | tuple | module.Array):
            # A number is an option.
            continue
        if isinstance(axes, tuple):
            pair = zip(value, axes, strict=True)
            filled[parameter] = tuple(
                one if of_one is None else _slot(name, parameter, one, of_one, module, operands)
                for one, of_one in pair
            )
            batched += range(len(batched), len(operands))
            continue
        slot = _slot(name, parameter, value, axes, module, operands)
        filled[parameter] = slot
        if not (axes == RIGHT and operands[slot.number][1].ndim == 1):
            batched.append(slot.number)
    bound = signature(name).bind_partial()
    bound.arguments.update(filled)
    kernel = task.kernel(name, *bound.args, batched=tuple(batched), **bound.kwargs)
    return kernel, operands


def _slot(
    name: str,
    parameter: str,
    value: Any,
    axes: Any,
    module: Any,
    operands: list[tuple[str, Lazy, int]],
) -> Slot:
    x = arrays.lazy(name, parameter, value, module)
    if axes == RIGHT:
        axes = 1 if x.ndim == 1 else 2
    operands.append((parameter, x, axes))
    return Slot(len(operands) - 1)


@cache
def signature(name: str) -> inspect.Signature:
    """Return the signature of a function."""
    return inspect.signature(getattr(linalg, name))


def over_batch(kernel: Kernel, operands: Operands, module: Any) -> Any:
    """Return the lazy results of a call for every matrix of a batch."""
    outline = outline_of(kernel, operands)
    pairs = [
        (parameter, arrays.whole(kernel.name, parameter, x, n)) for parameter, x, n in operands
    ]
    lasts = [axes for _, _, axes in operands]
    # The axes of the batch by their distance from its end, those of matrices by no other's label.
    labels = [
        [*range(last - x.ndim, 0), *((number, axis) for axis in range(last))]
        for number, ((_, x), last) in enumerate(zip(pairs, lasts, strict=True))
    ]
    aligned, common = chunks.align(kernel.name, pairs, labels)
    depth = max(x.ndim - last for x, last in zip(aligned, lasts, strict=True))
    batch = tuple(common[label] for label in range(-depth, 0))
    is_known = not any(math.isnan(size) for x in aligned for size in x.shape)
    shapes = None if is_known else tuple(shape for shape, _ in outline.arrays)
    tasks = {}
    for place in places(batch):
        keys = [
            (x.name, *_block_of(x, place.block, last), *(0,) * last)
            for x, last in zip(aligned, lasts, strict=True)
        ]
        tasks[place.block] = (task.run, kernel, place, shapes, *keys)
    name = f"{kernel.name}-{tokenize(kernel, *(x.name for x in aligned))}"
    return deliver(module, name, outline, batch, tasks, {}, aligned)


def places(batch: Sequence[chunks.Chunks]) -> list[Place]:
    """Return the place of every block of a batch."""
    starts = [chunks.blocks_before(of_axis) for of_axis in batch]
    sizes = tuple(sum(of_axis) for of_axis in batch)
    return [
        Place(block, tuple(of_axis[i] for of_axis, i in zip(starts, block, strict=True)), sizes)
        for block in product(*(range(len(of_axis)) for of_axis in batch))
    ]


def deliver(
    module: Any,
    name: str,
    outline: "Outline",
    batch: Sequence[chunks.Chunks],
    tasks: dict[tuple[int, ...], Any],
    others: arrays.Tasks,
    operands: list[Lazy],
) -> Any:
    """Return the results of tasks, one for each block of the batch, which may need others."""
    tail = () if outline.is_tuple else (0,) * len(outline.arrays[0][0])
    keyed = {(name, *block, *tail): one for block, one in tasks.items()} | others
    if not outline.is_tuple:
        shape, dtype = outline.arrays[0]
        whole = (*batch, *((size,) for size in shape))
        return arrays.from_tasks(module, name, keyed, whole, dtype, operands)
    together = arrays.from_tasks(module, name, keyed, tuple(batch), object, operands)
    return outline.fill(part(module, together, *result) for result in enumerate(outline.arrays))


def _block_of(x: Lazy, block: tuple[int, ...], last: int) -> tuple[int, ...]:
    """Return the block of an operand that belongs to a block of the batch."""
    depth = x.ndim - last
    of_operand = block[len(block) - depth :]
    return tuple(
        number if len(of_axis) > 1 else 0
        for number, of_axis in zip(of_operand, x.chunks, strict=False)
    )


def part(module: Any, together: Lazy, number: int, result: tuple[Any, Any]) -> Lazy:
    """Return one of the results that tasks return together."""
    shape, dtype = result
    function, token = together.name.rsplit("-", 1)
    name = f"{function}_{number}-{token}"
    every = product(*(range(len(of_axis)) for of_axis in together.chunks))
    tasks: arrays.Tasks = {
        (name, *block, *(0,) * len(shape)): (getitem, (together.name, *block), number)
        for block in every
    }
    chunks_of_part = (*together.chunks, *((size,) for size in shape))
    return arrays.from_tasks(module, name, tasks, chunks_of_part, dtype, [together])


class Outline:
    """The results of a function before they are there: the shapes of one matrix, and dtypes."""

    def __init__(self, results: Any) -> None:
        """Take what the function returns for a batch of no matrices."""
        self.results = results
        self.is_tuple = isinstance(results, tuple)
        every = results if self.is_tuple else (results,)
        self.arrays = [
            (tuple(math.nan if size == UNKNOWN else size for size in one.shape[1:]), one.dtype)
            for one in every
            if isinstance(one, np.ndarray)
        ]

    def fill(self, parts: Any) -> Any:
        """Return a tuple of the same kind with other arrays; what is no array stays."""
        rest = iter(parts)
        filled = [next(rest) if isinstance(one, np.ndarray) else one for one in self.results]
        kind = type(self.results)
        return kind(*filled) if hasattr(kind, "_fields") else kind(filled)


# A size that stands for those not known.
UNKNOWN = 999_983


def outline_of(kernel: Kernel, operands: Operands) -> Outline:
    """Call the function with batches of no matrices: it checks shapes, dtypes and options."""
    nothing = []
    shapes = [
        tuple(UNKNOWN if math.isnan(size) else int(size) for size in x.shape)
        for _, x, _ in operands
    ]
    if any(len(shape) < axes for shape, (_, _, axes) in zip(shapes, operands, strict=True)):
        # The function says what is wrong, and looks at no element.
        given = zip(shapes, operands, strict=True)
        kernel(*(np.broadcast_to(np.zeros((), x.dtype), shape) for shape, (_, x, _) in given))
    for number, (shape, (_, x, axes)) in enumerate(zip(shapes, operands, strict=True)):
        of_batch = (0,) if number in kernel.batched else ()
        # Zeros, as a right-hand side that is a vector is not empty.
        nothing.append(np.zeros((*of_batch, *shape[len(shape) - axes :]), x.dtype))
    try:
        return Outline(kernel(*nothing))
    except ValueError:
        parameter, x, axes = operands[0]
        for parameter, x, axes in operands:
            if any(math.isnan(size) for size in x.shape[x.ndim - axes :]):
                raise ValueError(
                    f"{kernel.name}: {parameter}: shape {x.shape} has sizes that are unknown; call "
                    f"{parameter}.compute_chunk_sizes()"
                ) from None
        raise
