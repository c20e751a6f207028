"""What a worker does: one call of a function of scirs2 on blocks.

Results are C-contiguous, and so are the operands that the function sees. A block is contiguous
once it was sent to another process, but perhaps not where it was made; the two orders differ in
the last bits of a sum. So the results do not depend on which worker did what.
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import scirs2

from ... import _scirs2
from ..._linalg_error import LinAlgError


@dataclass(frozen=True)
class Slot:
    """The place of an operand among the arguments of a call."""

    number: int


@dataclass(frozen=True)
class Kernel:
    """A call of a function of scirs2 whose operands are not there yet.

    It is sent to the workers. The arguments hold a `Slot` for each operand.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...] = ()
    # The operands that get an axis for the batch, if they have none.
    batched: tuple[int, ...] = ()
    # The threads that the caller decided on.
    threads: int | None = None
    version: str = scirs2.__version__

    def __call__(self, *operands: Any) -> Any:
        """Call the function."""
        function = getattr(scirs2.linalg, self.name, None) or getattr(scirs2, self.name)
        kwargs = {name: _filled(value, operands) for name, value in self.kwargs}
        return _complex(self.name, function(*_filled(self.args, operands), **kwargs))


def kernel(name: str, *args: Any, batched: tuple[int, ...] = (), **kwargs: Any) -> Kernel:
    """Return the call of a function with the threads that are decided on now."""
    return Kernel(name, args, tuple(kwargs.items()), batched, decided_threads())


def _filled(value: Any, operands: tuple[Any, ...]) -> Any:
    if isinstance(value, Slot):
        return operands[value.number]
    if isinstance(value, list | tuple):
        return type(value)(_filled(one, operands) for one in value)
    return value


def _complex(name: str, results: Any) -> Any:
    """Make complex what may be so: else the type would depend on the values of each chunk."""
    if name in ("eigvals", "fractional_matrix_power", "logm", "sqrtm"):
        return results.astype(np.result_type(results, np.complex64), copy=False)
    if name == "eig":
        return type(results)(*(_complex("eigvals", result) for result in results))
    return results


# Threads.


_UNDECIDED = "the cores this process may use"


def decided_threads() -> int | None:
    """Return the number of threads, if the caller set one and not the environment."""
    source = _scirs2._config()["threads_from"]
    return _scirs2.get_num_threads() if source.startswith(("with ", "scirs2.")) else None


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """Use these threads, else as many as this process was told to, else one.

    A worker runs as many tasks at a time as there are cores.
    """
    if number is None and _scirs2._config()["threads_from"] == _UNDECIDED:
        number = 1
    if number is None:
        yield
        return
    with scirs2.num_threads(number):
        yield


# Blocks.


def owned(block: Any) -> Any:
    """Return a block in C order and aligned, as NumPy's own arrays are."""
    return np.require(block, requirements=("C_CONTIGUOUS", "ALIGNED"))


def results_of(results: Any) -> Any:
    """Return results in C order and with memory of their own; a tuple of them as a tuple."""
    if isinstance(results, tuple):
        return tuple(results_of(result) for result in results)
    return np.array(results, order="C", copy=None)


@dataclass(frozen=True)
class Place:
    """Where a block of a batch begins, axis by axis, in a batch of which shape.

    Numbers are NaN where chunk sizes are unknown.
    """

    block: tuple[int, ...]
    start: tuple[float, ...]
    batch: tuple[float, ...]


def check_version(kernel: Kernel) -> None:
    """Refuse to compute by another scirs2 than the one that made the graph."""
    if kernel.version != scirs2.__version__:
        raise RuntimeError(
            f"{kernel.name}: this worker has scirs2 {scirs2.__version__}, and the graph was made "
            f"by {kernel.version}; install one wheel everywhere"
        )


def run(kernel: Kernel, place: Place, shapes: Any, *blocks: Any) -> Any:
    """Compute a block of a batch.

    `shapes` are those of one matrix in each result, or None if they need no check.
    """
    check_version(kernel)
    operands = [owned(block) for block in blocks]
    if not place.start:
        # Alone as in a batch: residuals of one shape, and arrays instead of numbers.
        for number in kernel.batched:
            operands[number] = operands[number][None]
    with threads(kernel.threads):
        try:
            results = kernel(*operands)
        except LinAlgError as error:
            raise _located(error, place) from None
    if not place.start:
        results = _without_first_axis(results)
    results = results_of(results)
    if shapes is not None:
        _check_shapes(kernel.name, results, shapes)
    return results


def _without_first_axis(results: Any) -> Any:
    if isinstance(results, tuple):
        return tuple(_without_first_axis(result) for result in results)
    return results[0, ...] if isinstance(results, np.ndarray) else results


def _located(error: LinAlgError, place: Place) -> LinAlgError:
    """Return the error with the index of the matrix in the whole batch."""
    index, message = error.index, str(error)
    if index is None:
        return error
    numbered = r"matrix \d+ of the batch"
    if not place.start:
        located = LinAlgError(re.sub(numbered, "the matrix", message))
    elif any(math.isnan(number) for number in (*place.start, *place.batch)):
        located = LinAlgError(
            f"{message}; in block {place.block}, as the batch has chunks of unknown sizes"
        )
        located.index = index
    else:
        whole = tuple(int(start) + one for start, one in zip(place.start, index, strict=True))
        flat = 0
        for size, one in zip(place.batch, whole, strict=True):
            flat = flat * int(size) + one
        located = LinAlgError(re.sub(numbered, f"matrix {flat} of the batch", message))
        located.index = whole
    return located


def _check_shapes(name: str, results: Any, shapes: Any) -> None:
    results = results if isinstance(results, tuple) else (results,)
    for result, shape in zip(results, shapes, strict=True):
        last = result.shape[result.ndim - len(shape) :]
        if any(size != one and not math.isnan(one) for size, one in zip(last, shape, strict=True)):
            raise ValueError(
                f"{name}: a result has matrices of shape {last}, not {shape}: an axis of unknown "
                "size is too short; call compute_chunk_sizes() before"
            )


# Other tasks than a call on a batch take blocks only, and run the same way.


def compute(threads_of: int | None, function: Callable[..., Any], *blocks: Any) -> Any:
    """Call a function of blocks; a block may be a list of blocks, or a tuple."""
    with threads(threads_of):
        return results_of(function(*(_owned(block) for block in blocks)))


def _owned(block: Any) -> Any:
    if isinstance(block, list | tuple):
        return type(block)(_owned(one) for one in block)
    return owned(block) if isinstance(block, np.ndarray) else block
