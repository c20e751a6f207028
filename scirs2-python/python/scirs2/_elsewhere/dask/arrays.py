"""What is asked of Dask: lazy arrays made of operands, and of tasks.

Two classes are served alike: `dask.array.Array`, and `dask_array.Array` of the newer package,
whose module has the same functions.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
import sys
from collections.abc import Iterator
from typing import Any

import dask.config
import numpy as np
from dask.highlevelgraph import HighLevelGraph
from dask.utils import parse_bytes

from ... import _scirs2

# A lazy array of either class.
Lazy = Any
# A task, or what it takes, by its key.
Tasks = dict[Any, Any]


def modules() -> Iterator[Any]:
    """Return the modules with such a class that are loaded."""
    for name in ("dask.array", "dask_array"):
        module = sys.modules.get(name)
        if hasattr(module, "Array"):
            yield module


def module_of(values: Any) -> Any:
    """Return the module of the first lazy array among values, lists and tuples."""
    for value in values:
        if isinstance(value, list | tuple):
            module = module_of(value)
            if module is not None:
                return module
        for module in modules():
            if isinstance(value, module.Array):
                return module
    return None


def lazy(name: str, parameter: str, value: Any, module: Any) -> Lazy:
    """Return an operand as a lazy array; one that has its memory here is one chunk."""
    if isinstance(value, module.Array):
        _check_chunks(name, parameter, value)
        return value
    if not isinstance(value, np.ndarray | np.generic | list | tuple | int | float | complex):
        raise TypeError(
            f"{name}: {parameter}: {type(value)} beside an array of Dask, whose chunks are "
            f"NumPy's; pass a NumPy array, such as scirs2.from_dlpack({parameter})"
        )
    array = np.asarray(value)
    return module.from_array(array, chunks=array.shape)


# How chunks of other packages become NumPy's.
_CURES = {
    "cupy": "x.map_blocks(cupy.asnumpy)",
    "numpy.ma": "x.map_blocks(numpy.ma.filled, numpy.nan)",
    "scipy": "x.map_blocks(lambda chunk: chunk.toarray())",
    "sparse": "x.map_blocks(lambda chunk: chunk.todense())",
}


def _check_chunks(name: str, parameter: str, x: Lazy) -> None:
    """Refuse chunks that are no arrays of NumPy, here and not on a worker."""
    kind = type(x._meta)
    if kind is np.ndarray:
        return
    cures = (cure for package, cure in _CURES.items() if kind.__module__.startswith(package))
    cure = next(cures, "x.map_blocks(f), whose f returns NumPy arrays").replace("x", parameter, 1)
    error = _scirs2.GPUTensorError if _is_on_gpu(x._meta) else TypeError
    raise error(f"{name}: {parameter}: its chunks are {kind}, not numpy.ndarray; pass {cure}")


def _is_on_gpu(tensor: Any) -> bool:
    """Return whether the exchange refuses a tensor for its device."""
    try:
        _scirs2.from_dlpack(tensor)
    except _scirs2.GPUTensorError:
        return True
    except Exception:  # noqa: BLE001
        # Whatever else a package says of it.
        return False
    return False


def from_tasks(
    module: Any,
    name: str,
    tasks: Tasks,
    chunks: tuple[tuple[float, ...], ...],
    dtype: Any,
    operands: list[Lazy],
) -> Lazy:
    """Return the lazy array whose blocks are tasks, which take blocks of the operands.

    The keys are the name and the place of the block.
    """
    meta = np.empty((0,) * len(chunks), dtype)
    if module.__name__ == "dask.array":
        graph = HighLevelGraph.from_collections(name, tasks, dependencies=operands)
        return module.Array(graph, name, chunks, meta=meta)
    whole: Tasks = {}
    for operand in operands:
        whole.update(operand.__dask_graph__())
    whole.update(tasks)
    keys = [key for key in tasks if key[0] == name]
    return module.core.from_graph(whole, meta, chunks, keys, name)


def limit() -> int:
    """Return the bytes of a chunk that Dask aims at: what a task may surely hold."""
    return int(parse_bytes(dask.config.get("array.chunk-size")))


def is_whole(x: Lazy, axes: int) -> bool:
    """Return whether each of the last axes is one chunk."""
    return all(len(chunks) == 1 for chunks in x.chunks[x.ndim - axes :])


def fits(x: Lazy, axes: int) -> bool:
    """Return whether the last axes together are small enough for one task; not if unknown."""
    return bool(math.prod(x.shape[x.ndim - axes :]) * x.dtype.itemsize <= limit())


def whole(name: str, parameter: str, x: Lazy, axes: int) -> Lazy:
    """Make each of the last axes one chunk: a matrix of a size that a task can hold."""
    if is_whole(x, axes):
        return x
    batch = x.ndim - axes
    if not fits(x, axes):
        raise ValueError(refusal(name, parameter, x, axes))
    chunks: dict[int, Any] = dict.fromkeys(range(batch, x.ndim), -1)
    count = math.prod(max(of_axis) for of_axis in x.chunks[:batch])
    if count * math.prod(x.shape[batch:]) * x.dtype.itemsize > limit():
        chunks.update(dict.fromkeys(range(batch), "auto"))
    return x.rechunk(chunks)


def refusal(name: str, parameter: str, x: Lazy, axes: int) -> str:
    """Say why an array cannot be taken by one task, and what to do."""
    last = f"the last {'axis' if axes == 1 else f'{axes} axes'}"
    if any(math.isnan(size) for size in x.shape[x.ndim - axes :]):
        return (
            f"{name}: {parameter}: {last} of shape {x.shape} are chunked, and their size is "
            f"unknown; call {parameter}.compute_chunk_sizes()"
        )
    size = math.prod(x.shape[x.ndim - axes :]) * x.dtype.itemsize
    whole_axes = ", ".join(f"{axis}: -1" for axis in range(-axes, 0))
    return (
        f"{name}: {parameter}: {last} of shape {x.shape} are chunked, and hold {_size(size)}, "
        f"above the {_size(limit())} that are put into one task by themselves; if a worker can "
        f"hold that, and what is computed of it, pass {parameter}.rechunk({{{whole_axes}}})"
        f"{_OTHERWISE.get(name, '')}"
    )


_SINGULAR = "; else dask.array.linalg.svd_compressed gives the largest singular values"
_EIGEN = "; else scipy.sparse.linalg gives a few eigenvalues, of a LinearOperator that multiplies"
_MPI = ", and ScaLAPACK or SLATE all of them"
# What else may be done.
_OTHERWISE = {
    **dict.fromkeys(("cond", "matrix_rank", "norm", "pinv", "svd", "svdvals"), _SINGULAR + _MPI),
    **dict.fromkeys(("eig", "eigh", "eigvals", "eigvalsh"), _EIGEN + _MPI),
}


def _size(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{size} bytes"
