"""The norm of vectors, rows, columns and views, each library on the same memory."""

from __future__ import annotations

import os
from functools import partial

import harness
import jax
import numpy as np
import scirs2
import torch
from harness import Row

LENGTHS = (1_000, 100_000, 10_000_000)
ORDERS = (2, 1, np.inf, 3, 0)
MATRIX = (3000, 2000)
TOLERANCE = {"float64": 1e-13, "float32": 1e-6}
# PyTorch starts workers above 32,768 elements, NumPy's BLAS above 10,000.
SERIAL_LENGTH = 1_000
CORES = len(os.sched_getaffinity(0))

jax.config.update("jax_enable_x64", True)


def aligned(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return random numbers on a 64-byte boundary, where JAX takes them without a copy."""
    size = int(np.prod(shape))
    itemsize = np.dtype(dtype).itemsize
    room = np.empty(size + 64 // itemsize, dtype)
    start = -room.ctypes.data % 64 // itemsize
    array = room[start : start + size].reshape(shape)
    array[...] = np.random.default_rng(2).standard_normal(shape)
    return array


def row(name: str, array: np.ndarray, *, jax_too: bool = True, **arguments: object) -> Row:
    """Set up one norm in every library."""
    dim = {"dim" if key == "axis" else key: value for key, value in arguments.items()}
    tensor = torch.from_numpy(array)
    calls = {
        "scirs2": partial(scirs2.norm, array, **arguments),
        "NumPy": partial(np.linalg.norm, array, **arguments),
        "PyTorch": partial(torch.linalg.norm, tensor, **dim),
    }
    if jax_too:
        on_jax = jax.dlpack.from_dlpack(array, copy=False)
        calls["JAX"] = lambda: jax.numpy.linalg.norm(on_jax, **arguments).block_until_ready()

    expected = np.linalg.norm(array.astype("float64"), **arguments)

    def error(result: object) -> float:
        return float(np.max(np.abs(np.asarray(result) - expected) / expected))

    # Of NumPy's norms only the 2-norm of everything goes to its BLAS.
    through_blas = not arguments or arguments.get("ord") == 2
    spinning = {"PyTorch", "JAX", "NumPy"} if through_blas else {"PyTorch", "JAX"}
    threaded = array.size > SERIAL_LENGTH and CORES > 1
    return Row(
        f"{name} {array.dtype.name}",
        calls,
        error,
        TOLERANCE[array.dtype.name],
        spinning=frozenset(spinning if threaded else ()),
    )


def rows() -> list[Row]:
    """List the norms that are compared."""
    made = []
    for dtype in ("float64", "float32"):
        for length in LENGTHS:
            vector = aligned((length,), dtype)
            made += [row(f"n={length:.0e} ord={order}", vector, ord=order) for order in ORDERS]
        matrix = aligned(MATRIX, dtype)
        shape = "x".join(map(str, MATRIX))
        made += [
            row(f"{shape} axis=0", matrix, axis=0),
            row(f"{shape} axis=1", matrix, axis=1),
            # JAX has no views: it would take these as copies, which is other work.
            row(f"{shape} transposed", matrix.T, jax_too=False),
            row(f"{shape} transposed axis=0", matrix.T, axis=0, jax_too=False),
            row(f"{shape} every second column", matrix[:, ::2], jax_too=False),
        ]
    return made


if __name__ == "__main__":
    harness.run(rows())
