"""Functions of whole matrices: a task computes the matrices of one block of the batch."""

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
    "cho_factor": {"a": 2},
    "cho_solve": {"c_and_lower": (2, None), "b": RIGHT},
    "cholesky": {"a": 2},
    "cond": {"x": 2},
    "cross": {"x1": 1, "x2": 1},
    "det": {"a": 2},
    "eig": {"a": 2},
    "eigh": {"a": 2},
    "eigvals": {"a": 2},
    "eigvalsh": {"a": 2},
    "inv": {"a": 2},
    "lstsq": {"a": 2, "b": RIGHT},
    "lu": {"a": 2},
    "lu_factor": {"a": 2},
    "lu_solve": {"lu_and_piv": (2, 1), "b": RIGHT},
    "matrix_power": {"a": 2},
    "matrix_rank": {"A": 2, "tol": 0, "rtol": 0},
    "pinv": {"a": 2, "rcond": 0, "rtol": 0},
    "qr": {"a": 2},
    "slogdet": {"a": 2},
    "solve": {"a": 2, "b": RIGHT},
    "solve_triangular": {"a": 2, "b": RIGHT},
    "svd": {"a": 2},
    "svdvals": {"x": 2},
}


def compute(name: str, arguments: dict[str, Any], module: Any) -> Any:
    """Compute a function whose operands are whole in a chunk, or small enough to become so."""
    operands: list[tuple[str, Lazy, int]] = []
    batched: list[int] = []
    filled = dict(arguments)
    for parameter, axes in OPERANDS[name].items():
        if parameter not in arguments:
            continue
        value = arguments[parameter]
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
    return over_batch(_kernel(name, filled, tuple(batched)), operands, module)


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


def _kernel(name: str, arguments: dict[str, Any], batched: tuple[int, ...]) -> Kernel:
    bound = signature(name).bind_partial()
    bound.arguments.update(arguments)
    return task.kernel(name, *bound.args, batched=batched, **bound.kwargs)


def over_batch(kernel: Kernel, operands: list[tuple[str, Lazy, int]], module: Any) -> Any:
    """Return the lazy results of a call for every matrix of a batch."""
    outline = _outline(kernel, operands)
    names = [
        (parameter, arrays.whole(kernel.name, parameter, x, n)) for parameter, x, n in operands
    ]
    lasts = [axes for _, _, axes in operands]
    # The axes of the batch by their distance from its end, those of matrices by no other's label.
    labels = [
        [*range(last - x.ndim, 0), *((number, axis) for axis in range(last))]
        for number, ((_, x), last) in enumerate(zip(names, lasts, strict=True))
    ]
    aligned, common = chunks.align(kernel.name, names, labels)
    depth = max(x.ndim - last for x, last in zip(aligned, lasts, strict=True))
    batch = tuple(common[label] for label in range(-depth, 0))
    starts = [chunks.blocks_before(of_axis) for of_axis in batch]
    sizes = tuple(sum(of_axis) for of_axis in batch)
    is_known = not any(math.isnan(size) for x in aligned for size in x.shape)
    shapes = None if is_known else tuple(shape for shape, _ in outline.arrays)

    tasks: arrays.Tasks = {}
    token = tokenize(kernel, *(x.name for x in aligned))
    name = f"{kernel.name}-{token}"
    is_single = not outline.is_tuple
    tail = (0,) * len(outline.arrays[0][0]) if is_single else ()
    for block in product(*(range(len(of_axis)) for of_axis in batch)):
        start = tuple(of_axis[number] for of_axis, number in zip(starts, block, strict=True))
        keys = [
            (x.name, *_block_of(x, block, last), *(0,) * last)
            for x, last in zip(aligned, lasts, strict=True)
        ]
        tasks[(name, *block, *tail)] = (task.run, kernel, Place(block, start, sizes), shapes, *keys)
    if is_single:
        shape, dtype = outline.arrays[0]
        return arrays.from_tasks(
            module, name, tasks, (*batch, *((size,) for size in shape)), dtype, aligned
        )
    together = arrays.from_tasks(module, name, tasks, batch, object, aligned)
    return outline.fill(_part(module, together, *result) for result in enumerate(outline.arrays))


def _block_of(x: Lazy, block: tuple[int, ...], last: int) -> tuple[int, ...]:
    """Return the block of an operand that belongs to a block of the batch."""
    depth = x.ndim - last
    of_operand = block[len(block) - depth :]
    return tuple(
        number if len(of_axis) > 1 else 0
        for number, of_axis in zip(of_operand, x.chunks, strict=False)
    )


def _part(module: Any, together: Lazy, number: int, result: tuple[Any, Any]) -> Lazy:
    """Return one of the results that tasks return together."""
    shape, dtype = result
    function, token = together.name.rsplit("-", 1)
    name = f"{function}_{number}-{token}"
    places = product(*(range(len(of_axis)) for of_axis in together.chunks))
    tasks: arrays.Tasks = {
        (name, *block, *(0,) * len(shape)): (getitem, (together.name, *block), number)
        for block in places
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


def _outline(kernel: Kernel, operands: Sequence[tuple[str, Lazy, int]]) -> Outline:
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
        nothing.append(np.empty((*of_batch, *shape[len(shape) - axes :]), x.dtype))
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
