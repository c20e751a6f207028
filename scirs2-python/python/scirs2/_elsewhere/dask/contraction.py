"""Sums over the chunks of products: every product of arrays is one.

Axes have labels, as in einsum. A task multiplies blocks by a function of scirs2, and others add
the products of one block of the result: in a tree whose shape depends on the chunks only.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from dask.base import tokenize

from . import arrays, chunks, task, tree
from .arrays import Lazy
from .task import Kernel

Labels = Sequence[Any]


def contract(
    kernel: Kernel,
    operands: Sequence[tuple[str, Lazy]],
    labels: Sequence[Labels],
    result: Labels,
    module: Any,
) -> Lazy:
    """Contract the axes whose labels the result does not have."""
    aligned, common = chunks.align(kernel.name, operands, labels)
    inner = [label for label in common if label not in result]
    dtype = _dtype(kernel, aligned)
    is_half = dtype == np.float16
    token = tokenize(kernel, labels, result, *(x.name for x in aligned))
    name = f"{kernel.name}-{token}"
    tasks: arrays.Tasks = {}
    for place in product(*(range(len(common[label])) for label in result)):
        at = dict(zip(result, place, strict=True))
        products = []
        for inside in product(*(range(len(common[label])) for label in inner)):
            at.update(zip(inner, inside, strict=True))
            keys = [
                (x.name, *(at[label] if len(of_axis) > 1 else 0 for label, of_axis in axes))
                for x, axes in (
                    (x, list(zip(of_x, x.chunks, strict=True)))
                    for x, of_x in zip(aligned, labels, strict=True)
                )
            ]
            products.append((multiply, kernel, is_half and len(inner) > 0, *keys))
        if len(products) == 1:
            tasks[(name, *place)] = (*products[0][:2], False, *products[0][3:])
            continue
        keys = tree.fold(tasks, name, place, products, lambda keys: (add, None, keys))
        tasks[(name, *place)] = (add, dtype, keys)
    shape = tuple(common[label] for label in result)
    return arrays.from_tasks(module, name, tasks, shape, dtype, list(aligned))


def _dtype(kernel: Kernel, operands: Sequence[Lazy]) -> Any:
    """Return the dtype of the result, for axes of length one."""
    ones = [np.ones((1,) * x.ndim, x.dtype) for x in operands]
    return np.asarray(kernel(*ones)).dtype


def multiply(kernel: Kernel, is_widened: bool, *blocks: Any) -> Any:
    """Multiply blocks; of half precision in single precision, if the product is to be added."""
    task.check_version(kernel)
    operands = [task.owned(block) for block in blocks]
    if is_widened:
        operands = [x.astype(np.result_type(x, np.float32), copy=False) for x in operands]
    with task.threads(kernel.threads):
        return task.results_of(kernel(*operands))


def add(dtype: Any, terms: list[Any]) -> Any:
    """Add arrays from the first to the last; of booleans, as in NumPy, it is `or`."""
    total = reduce(np.add, terms)
    return task.results_of(total if dtype is None else total.astype(dtype, copy=False))


def sizes(shapes: Sequence[Sequence[float]]) -> list[tuple[int, ...]]:
    """Return shapes as integers; a size that is unknown becomes some size."""
    return [tuple(1000 if math.isnan(size) else int(size) for size in shape) for shape in shapes]
