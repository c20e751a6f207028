"""One buffer, four libraries: handwritten digits cross PyTorch, scirs2, NumPy and JAX.

Each step prints the address of the first element. It never changes, because
nothing is copied. The exit code is 1 if any check fails.
"""

from __future__ import annotations

import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 1_000_000
ROUNDS = 5
# A library's worker threads spin for a while after their last task.
REST_SECONDS = 0.1


def progress(text: str) -> None:
    """Say what is going on where it takes seconds."""
    print(f"... {text}", file=sys.stderr, flush=True)


progress("importing PyTorch, JAX and scikit-learn (some seconds)")

import jax
import numpy as np
import scirs2
import torch
from sklearn.datasets import load_digits


class Checks:
    """Prints one line a check and remembers whether any failed."""

    def __init__(self) -> None:
        self.failed = 0

    def line(self, step: str, result: str, *, ok: bool) -> None:
        """Print one step, what came of it and whether it is right."""
        self.failed += not ok
        print(f"  {step:<46}{result:<26}{'ok' if ok else 'FAILED'}")


def cross(digits: torch.Tensor, checks: Checks) -> None:
    """Take one tensor through every library and back, looking at its address."""
    start = digits.data_ptr()

    def address(step: str, pointer: int) -> None:
        checks.line(step, f"{pointer:#x}", ok=pointer == start)

    # JAX takes a buffer as it is only where it starts on a multiple of 64 bytes.
    checks.line("PyTorch tensor", f"{start:#x}", ok=start % 64 == 0)

    array = scirs2.from_dlpack(digits)
    address("scirs2.from_dlpack(tensor)      -> NumPy", array.ctypes.data)

    back = torch.from_dlpack(scirs2.to_dlpack(array))
    address("scirs2.to_dlpack(array)         -> PyTorch", back.data_ptr())

    pixel = back[0, 0].item()
    array[0, 0] = 99
    checks.line("a write through NumPy", "seen by PyTorch", ok=back[0, 0].item() == 99)
    array[0, 0] = pixel

    on_jax = jax.dlpack.from_dlpack(array)
    address("jax.dlpack.from_dlpack(array)   -> JAX", on_jax.unsafe_buffer_pointer())

    home = scirs2.from_dlpack(on_jax)
    address("scirs2.from_dlpack(JAX array)   -> NumPy", home.ctypes.data)
    checks.line("JAX arrays are immutable", "read-only", ok=not home.flags.writeable)


def measure(digits: torch.Tensor, checks: Checks) -> None:
    """Take the norm of every row in each library and compare with NumPy's."""
    array = scirs2.from_dlpack(digits)
    expected = np.linalg.norm(array, axis=1)
    tensors = {
        "NumPy": (array, np.ndarray),
        "PyTorch": (digits, torch.Tensor),
        "JAX": (jax.dlpack.from_dlpack(array), jax.Array),
    }
    for library, (tensor, kind) in tensors.items():
        norms = scirs2.norm(tensor, axis=1)
        error = float(np.max(np.abs(np.asarray(norms) - expected) / expected))
        checks.line(
            f"scirs2.norm({library} array, axis=1)",
            f"{kind.__name__.rpartition('.')[2]}, error {error:.1g}",
            ok=isinstance(norms, kind) and error < 1e-6,
        )


def medians(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median seconds of each call, taken in turns so that drift hits all."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            time.sleep(REST_SECONDS)
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def compare(array: np.ndarray) -> None:
    """Print the times of scirs2 and of NumPy on the same memory."""
    questions: list[tuple[str, dict[str, object]]] = [
        ("norm of every row", {"axis": 1}),
        ("norm of every column", {"axis": 0}),
        ("largest pixel of every row", {"axis": 1, "ord": np.inf}),
        ("lit pixels of every row", {"axis": 1, "ord": 0}),
        ("norm of the whole", {}),
    ]
    print(f"  {'':<34}{'NumPy':>10}{'scirs2':>10}{'times faster':>15}")
    for name, arguments in questions:
        progress(name)
        seconds = medians(
            {
                "numpy": partial(np.linalg.norm, array, **arguments),
                "scirs2": partial(scirs2.norm, array, **arguments),
            }
        )
        ours, theirs = seconds["scirs2"], seconds["numpy"]
        milliseconds = f"{theirs * 1e3:>7.1f} ms{ours * 1e3:>7.1f} ms"
        print(f"  {name:<34}{milliseconds}{theirs / ours:>15.1f}")


def main() -> int:
    """Run the demo; return the exit code."""
    checks = Checks()
    # A copy in PyTorch's own memory, which starts on a multiple of 64 bytes.
    digits = torch.tensor(load_digits().data, dtype=torch.float32)

    rows, pixels = digits.shape
    print(f"\n{rows} handwritten digits of {pixels} pixels, float32: where is the first pixel?\n")
    cross(digits, checks)

    print("\nThe norm of every digit, in the library that asked\n")
    measure(digits, checks)

    progress(f"tiling the digits to {ROWS:,} rows")
    many = digits.repeat(ROWS // rows + 1, 1)[:ROWS]
    array = scirs2.from_dlpack(many)
    threads = scirs2.get_num_threads()
    size = array.nbytes / 1e6
    print(f"\n{ROWS:,} digits, {size:.0f} MB, {threads} threads, median of {ROUNDS}\n")
    compare(array)

    print(f"\n{'All checks passed.' if not checks.failed else f'{checks.failed} checks FAILED.'}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
