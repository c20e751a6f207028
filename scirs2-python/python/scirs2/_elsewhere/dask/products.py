"""Products of arrays, and what looks at single elements of matrices."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import scirs2

from ... import linalg
from ..._contraction import plan
from . import arrays, batches, task
from .arrays import Lazy
from .contraction import contract, sizes
from .task import Slot


def _pair(name: str, module: Any, **values: Any) -> list[tuple[str, Lazy]]:
    return [(key, arrays.lazy(name, key, value, module)) for key, value in values.items()]


def _batch(ndim: int, axes: int) -> list[int]:
    """Return the labels of the axes of a batch: their distance from its end."""
    return list(range(axes - ndim, 0))


def _broadcast(*labels: Sequence[Any]) -> list[Any]:
    """Return the labels of the axes of the batch that several operands have together."""
    return sorted({label for of_one in labels for label in of_one if isinstance(label, int)})


def _too_few_axes(name: str, operands: list[tuple[str, Lazy]], *axes: int) -> None:
    """Let the function say that operands have too few axes."""
    if any(x.ndim < least for (_, x), least in zip(operands, axes, strict=True)):
        getattr(linalg, name)(*(np.zeros((1,) * x.ndim, x.dtype) for _, x in operands))


def matmul(module: Any, x1: Any, x2: Any) -> Lazy:
    """As `scirs2.linalg.matmul`."""
    operands = _pair("matmul", module, x1=x1, x2=x2)
    _too_few_axes("matmul", operands, 1, 1)
    left, right = (x for _, x in operands)
    of_left = [*_batch(left.ndim, 2), "m", "k"] if left.ndim > 1 else ["k"]
    of_right = [*_batch(right.ndim, 2), "k", "n"] if right.ndim > 1 else ["k"]
    of_result = _broadcast(of_left, of_right)
    of_result += (["m"] if left.ndim > 1 else []) + (["n"] if right.ndim > 1 else [])
    kernel = task.kernel("matmul", Slot(0), Slot(1))
    return contract(kernel, operands, [of_left, of_right], of_result, module)


def matvec(module: Any, x1: Any, x2: Any) -> Lazy:
    """As `scirs2.linalg.matvec`."""
    operands = _pair("matvec", module, x1=x1, x2=x2)
    _too_few_axes("matvec", operands, 2, 1)
    labels = [
        [*_batch(operands[0][1].ndim, 2), "m", "k"],
        [*_batch(operands[1][1].ndim, 1), "k"],
    ]
    kernel = task.kernel("matvec", Slot(0), Slot(1))
    return contract(kernel, operands, labels, [*_broadcast(*labels), "m"], module)


def vecmat(module: Any, x1: Any, x2: Any) -> Lazy:
    """As `scirs2.linalg.vecmat`."""
    operands = _pair("vecmat", module, x1=x1, x2=x2)
    _too_few_axes("vecmat", operands, 1, 2)
    labels = [
        [*_batch(operands[0][1].ndim, 1), "k"],
        [*_batch(operands[1][1].ndim, 2), "k", "n"],
    ]
    kernel = task.kernel("vecmat", Slot(0), Slot(1))
    return contract(kernel, operands, labels, [*_broadcast(*labels), "n"], module)


def vecdot(module: Any, x1: Any, x2: Any, axis: int = -1) -> Lazy:
    """As `scirs2.linalg.vecdot`."""
    operands = _pair("vecdot", module, x1=x1, x2=x2)
    _check_axis("vecdot", operands, axis)
    operands = [(parameter, _last(module, x, axis)) for parameter, x in operands]
    labels = [[*_batch(x.ndim, 1), "k"] for _, x in operands]
    kernel = task.kernel("vecdot", Slot(0), Slot(1))
    return contract(kernel, operands, labels, _broadcast(*labels), module)


def _check_axis(name: str, operands: list[tuple[str, Lazy]], axis: int) -> None:
    """Let the function say that there is no such axis, of operands of three elements."""
    getattr(linalg, name)(*(np.zeros((3,) * x.ndim, x.dtype) for _, x in operands), axis=axis)


def _last(module: Any, x: Lazy, axis: int) -> Lazy:
    return x if axis in (-1, x.ndim - 1) else module.moveaxis(x, axis, -1)


def cross(module: Any, x1: Any, x2: Any, axis: int = -1) -> Lazy:
    """As `scirs2.linalg.cross`."""
    operands = _pair("cross", module, x1=x1, x2=x2)
    _check_axis("cross", operands, axis)
    moved = {parameter: _last(module, x, axis) for parameter, x in operands}
    result = batches.compute("cross", moved, module)
    # From its end or its beginning, as the caller counts.
    return result if axis == -1 else module.moveaxis(result, -1, axis)


def outer(module: Any, x1: Any, x2: Any) -> Lazy:
    """As `scirs2.linalg.outer`."""
    operands = _pair("outer", module, x1=x1, x2=x2)
    if any(x.ndim != 1 for _, x in operands):
        linalg.outer(*(np.zeros((1,) * x.ndim, x.dtype) for _, x in operands))
    kernel = task.kernel("outer", Slot(0), Slot(1))
    return contract(kernel, operands, [["m"], ["n"]], ["m", "n"], module)


def tensordot(module: Any, a: Any, b: Any, axes: Any = 2) -> Lazy:
    """As `scirs2.linalg.tensordot`."""
    operands = _pair("tensordot", module, a=a, b=b)
    left, right = (x.ndim for _, x in operands)
    # It says what is wrong with the axes.
    linalg.tensordot(np.zeros((1,) * left), np.zeros((1,) * right), axes=axes)
    if np.ndim(axes) == 0:
        of_a, of_b = list(range(left - int(axes), left)), list(range(int(axes)))
    else:
        of_a, of_b = (np.atleast_1d(of_one).tolist() for of_one in axes)
    of_a, of_b = [axis % left for axis in of_a], [axis % right for axis in of_b]
    labels = [
        [("k", of_a.index(axis)) if axis in of_a else ("a", axis) for axis in range(left)],
        [("k", of_b.index(axis)) if axis in of_b else ("b", axis) for axis in range(right)],
    ]
    result = [label for of_one in labels for label in of_one if label[0] != "k"]
    kernel = task.kernel("tensordot", Slot(0), Slot(1), axes=(tuple(of_a), tuple(of_b)))
    return contract(kernel, operands, labels, result, module)


def einsum(module: Any, *operands: Any, optimize: Any = True) -> Lazy:
    """As `scirs2.linalg.einsum`, two operands at a time."""
    if isinstance(operands[0], str):
        subscripts, values = [operands[0]], operands[1:]
    else:
        # Operands and their axes by turns, and perhaps the axes of the result.
        values, subscripts = operands[: len(operands) // 2 * 2 : 2], list(operands[1::2])
        subscripts += operands[len(values) * 2 :]
    given = [
        (f"operand {number}", arrays.lazy("einsum", f"operand {number}", value, module))
        for number, value in enumerate(values, 1)
    ]
    text, path = plan(subscripts, sizes([x.shape for _, x in given]), optimize)
    inputs, output = text.split("->")
    labels = inputs.split(",")
    for (parameter, x), of_one in zip(given, labels, strict=True):
        if x.ndim != len(of_one):
            raise ValueError(
                f"einsum: {parameter}: {x.ndim} axes, for which the subscripts have {len(of_one)}"
            )
    # It says what is wrong with the lengths of axes.
    shapes = [tuple(min(size, 2) for size in shape) for shape in sizes([x.shape for _, x in given])]
    scirs2.einsum(
        text, *(np.zeros(shape, x.dtype) for shape, (_, x) in zip(shapes, given, strict=True))
    )
    for step in path or [tuple(range(len(given)))]:
        chosen = [(given[number], labels[number]) for number in step]
        rest = [number for number in range(len(given)) if number not in step]
        given, labels = [given[number] for number in rest], [labels[number] for number in rest]
        # What is still needed, in a fixed order.
        needed = set(output).union(*labels)
        seen = dict.fromkeys(label for _, of_one in chosen for label in of_one)
        result = output if not given else "".join(label for label in seen if label in needed)
        call = f"{','.join(of_one for _, of_one in chosen)}->{result}"
        kernel = task.kernel("einsum", call, *(Slot(number) for number in range(len(chosen))))
        # As numbers: axes of length one broadcast.
        numbers = [list(map(ord, of_one)) for _, of_one in chosen]
        product = contract(
            kernel, [one for one, _ in chosen], numbers, list(map(ord, result)), module
        )
        given.append(("a product", product))
        labels.append(result)
    return given[-1][1]


def multi_dot(module: Any, matrices: Any) -> Lazy:
    """As `scirs2.linalg.multi_dot`: in the cheapest order."""
    values = list(matrices)
    given = [
        arrays.lazy("multi_dot", f"arrays[{number}]", value, module)
        for number, value in enumerate(values)
    ]
    _check_chain(given)
    is_row, is_column = given[0].ndim == 1, given[-1].ndim == 1
    given[0] = given[0][None] if is_row else given[0]
    given[-1] = given[-1][:, None] if is_column else given[-1]
    lengths = [size for (size, _) in sizes([x.shape for x in given])]
    lengths.append(sizes([given[-1].shape])[0][1])
    product = _chain(module, given, _cheapest(lengths), 0, len(given))
    product = product[..., 0] if is_column else product
    return product[0] if is_row else product


def _check_chain(given: list[Lazy]) -> None:
    """Let the function say what is wrong: with the lengths, by those of matrices of zeros."""
    shapes = sizes([x.shape for x in given])
    linalg.multi_dot(
        [np.zeros((1,) * len(shape), x.dtype) for x, shape in zip(given, shapes, strict=True)]
    )
    for number, (left, right) in enumerate(pairwise(given)):
        lengths = {left.shape[-1], right.shape[0]}
        if len(lengths) > 1 and not any(map(math.isnan, lengths)):
            raise ValueError(
                f"multi_dot: arrays[{number}] and arrays[{number + 1}] of shapes {left.shape} and "
                f"{right.shape} do not fit: the columns of the first are the rows of the second"
            )


def _cheapest(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Return where each product of neighbouring matrices is best split."""
    count = len(lengths) - 1
    cost = {(first, first + 1): 0 for first in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for width in range(2, count + 1):
        for first in range(count - width + 1):
            last = first + width
            cost[first, last], splits[first, last] = min(
                (
                    cost[first, split]
                    + cost[split, last]
                    + lengths[first] * lengths[split] * lengths[last],
                    split,
                )
                for split in range(first + 1, last)
            )
    return splits


def _chain(
    module: Any, given: list[Lazy], splits: dict[tuple[int, int], int], first: int, last: int
) -> Lazy:
    if last - first == 1:
        return given[first]
    split = splits[first, last]
    left = _chain(module, given, splits, first, split)
    return matmul(module, left, _chain(module, given, splits, split, last))


# Single elements.


def diagonal(module: Any, x: Any, offset: int = 0) -> Lazy:
    """As `scirs2.linalg.diagonal`: of square blocks along the diagonal."""
    operand = _square_part("diagonal", module, x, offset)
    labels = [*_batch(operand.ndim, 2), "i"]
    kernel = task.kernel("diagonal", Slot(0))
    return contract(kernel, [("x", operand)], [[*labels, "i"]], labels, module)


def _square_part(name: str, module: Any, x: Any, offset: int) -> Lazy:
    """Return the largest square part of matrices whose diagonal is the one wanted."""
    operand = arrays.lazy(name, "x", x, module)
    getattr(linalg, name)(np.zeros((1,) * operand.ndim, operand.dtype), offset=offset)
    rows, columns = operand.shape[-2:]
    if math.isnan(rows) or math.isnan(columns):
        if offset == 0 and operand.numblocks[-2:] == (1, 1):
            return operand
        raise ValueError(
            f"{name}: x: shape {operand.shape} has sizes that are unknown; call "
            "x.compute_chunk_sizes()"
        )
    down, right = max(-offset, 0), max(offset, 0)
    size = max(min(rows - down, columns - right), 0)
    if (rows, columns) == (size, size):
        return operand
    return operand[..., down : down + size, right : right + size]


def trace(module: Any, x: Any, offset: int = 0, dtype: Any = None) -> Lazy:
    """As `scirs2.linalg.trace`: integers are summed in the machine's integer."""
    operand = _square_part("trace", module, x, offset)
    zeros = np.zeros((1,) * operand.ndim, operand.dtype)
    summed = np.asarray(linalg.trace(zeros, dtype=dtype)).dtype
    labels = [*_batch(operand.ndim, 2)]
    kernel = task.kernel("trace", Slot(0), dtype=summed)
    return contract(kernel, [("x", operand)], [[*labels, "i", "i"]], labels, module)


def matrix_transpose(module: Any, x: Any) -> Lazy:
    """As `scirs2.linalg.matrix_transpose`: a copy in C order, block by block."""
    operand = arrays.lazy("matrix_transpose", "x", x, module)
    linalg.matrix_transpose(np.zeros((1,) * operand.ndim, operand.dtype))
    labels = _batch(operand.ndim, 2)
    kernel = task.kernel("matrix_transpose", Slot(0))
    return contract(kernel, [("x", operand)], [[*labels, "i", "j"]], [*labels, "j", "i"], module)
