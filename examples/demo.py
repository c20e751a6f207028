"""What scirs2 is for, in half a minute: batches and norms beside NumPy, and shared memory.

Every answer is checked before it is timed. Only NumPy is needed; PyTorch and JAX take
part where they are installed. The exit code is 1 if any check fails.
"""

from __future__ import annotations

import statistics
import sys
import time
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import scirs2
from scirs2 import linalg

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT, ORDERS = 10_000, (3, 8)
ROWS, COLUMNS = 1_000_000, 64
ROUNDS = 5
# A library's worker threads spin for a while after their last task.
REST_SECONDS = 0.05
TOLERANCE = 1e-9


class Checks:
    """Remembers how many checks failed."""

    def __init__(self) -> None:
        self.failed = 0

    def word(self, right: bool) -> str:
        """Count a check, and say what came of it."""
        self.failed += not right
        return "ok" if right else "FAILED"


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


def beside(name: str, numpys: Callable[[], object], ours: Callable[[], object], check: str) -> None:
    """Print the times of the same call in NumPy and here."""
    seconds = medians({"numpy": numpys, "scirs2": ours})
    theirs, own = seconds["numpy"], seconds["scirs2"]
    print(f"  {name:<30}{theirs * 1e3:>8.2f} ms{own * 1e3:>8.2f} ms{theirs / own:>10.1f}   {check}")


def head(title: str) -> None:
    """Print the head of a table of times."""
    print(f"\n{title}\n\n  {'':<30}{'NumPy':>11}{'scirs2':>11}{'times':>10}   check")


def far(got: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest relative error."""
    return float(np.max(np.abs(got - wanted)) / np.max(np.abs(wanted)))


def batches(checks: Checks) -> None:
    """Time the functions that people call on many small matrices."""
    generator = np.random.default_rng(0)
    for n in ORDERS:
        a = generator.standard_normal((COUNT, n, n))
        s = a @ a.mT + np.eye(n)
        b = generator.standard_normal((COUNT, n, 1))
        # What must be true of each answer; the determinant is compared with NumPy's.
        rows: list[tuple[str, tuple[np.ndarray, ...], Callable[[Any], float]]] = [
            ("svd", (a,), lambda f, a=a: far(f.U * f.S[:, None, :] @ f.Vh, a)),
            ("eigh", (s,), lambda f, s=s: far(s @ f[1], f[1] * f[0][:, None, :])),
            ("solve", (s, b), lambda x, s=s, b=b: far(s @ x, b)),
            ("det", (a,), lambda d, a=a: far(d, np.linalg.det(a))),
            ("inv", (s,), lambda x, s=s, n=n: far(s @ x, np.broadcast_to(np.eye(n), s.shape))),
            ("cholesky", (s,), lambda x, s=s: far(x @ x.mT, s)),
        ]
        head(f"{COUNT:,} matrices of {n} x {n}, float64, {scirs2.get_num_threads()} threads")
        for name, operands, error in rows:
            ours, numpys = getattr(linalg, name), getattr(np.linalg, name)
            check = checks.word(error(ours(*operands)) < TOLERANCE)
            beside(name, partial(numpys, *operands), partial(ours, *operands), check)


def norms(checks: Checks) -> None:
    """Time norms along each axis, and take one that overflows if its squares are summed."""
    array = np.random.default_rng(1).random((ROWS, COLUMNS), dtype=np.float32)
    questions: dict[str, dict[str, Any]] = {
        "norm of every row": {"axis": 1},
        "norm of every column": {"axis": 0},
        "largest of every row": {"axis": 1, "ord": np.inf},
        "norm of the whole": {},
    }
    head(f"{ROWS:,} rows of {COLUMNS}, float32, {array.nbytes / 1e6:.0f} MB")
    # NumPy sums 64 million float32 squares in float32: the reference does not.
    exact = {"norm of every column": np.sqrt(np.square(array, dtype=np.float64).sum(0)),
             "norm of the whole": np.sqrt(np.square(array, dtype=np.float64).sum())}  # fmt: skip
    for name, how in questions.items():
        wanted = exact[name] if name in exact else np.linalg.norm(array, **how)
        check = checks.word(far(np.asarray(scirs2.norm(array, **how)), wanted) < 1e-6)
        beside(
            name, partial(np.linalg.norm, array, **how), partial(scirs2.norm, array, **how), check
        )
    huge = np.array([3e200, 4e200])
    check = checks.word(abs(scirs2.norm(huge) / 5e200 - 1) < 1e-15)
    with np.errstate(over="ignore"):
        said = f"NumPy {np.linalg.norm(huge):g}, scirs2 {scirs2.norm(huge):g}"
    print(f"  {'norm([3e200, 4e200])':<30}{said:<32}   {check}")


def line(step: str, result: str, check: str) -> None:
    """Print one step of the exchange."""
    print(f"  {step:<46}{result:<17}{check}")


def with_torch(checks: Checks) -> None:
    """Compute on a PyTorch batch, and share its memory."""
    import torch

    batch = torch.randn(COUNT, 3, 3, dtype=torch.float64)
    u, s, vh = linalg.svd(batch)
    right = bool(torch.allclose(u * s[:, None, :] @ vh, batch))
    line("linalg.svd(PyTorch batch)", type(u).__name__, checks.word(right))
    array = scirs2.from_dlpack(batch)
    same = array.ctypes.data == batch.data_ptr()
    line("scirs2.from_dlpack(tensor)", "same address", checks.word(same))
    array[0, 0, 0] = 99
    line("array[0, 0, 0] = 99", "seen by PyTorch", checks.word(batch[0, 0, 0].item() == 99))


def with_jax(checks: Checks) -> None:
    """Compute on a JAX batch, and share its memory."""
    import jax

    batch = jax.numpy.asarray(np.random.default_rng(2).random((COUNT, 3, 3), dtype=np.float32))
    det = linalg.det(batch)
    right = isinstance(det, jax.Array) and far(np.asarray(det), np.linalg.det(batch)) < 1e-5
    line("linalg.det(JAX batch)", "jax.Array", checks.word(right))
    array = scirs2.from_dlpack(batch)
    same = array.ctypes.data == batch.unsafe_buffer_pointer()
    line("scirs2.from_dlpack(JAX array)", "same address", checks.word(same))
    line("JAX arrays are immutable", "read-only", checks.word(not array.flags.writeable))


def sharing(checks: Checks) -> None:
    """Run what the libraries that are installed can show."""
    print("\nTensors of other libraries: their own memory, and results of their own type\n")
    for module, show in {"torch": with_torch, "jax": with_jax}.items():
        if find_spec(module):
            show(checks)
        else:
            line(f"{module} is not installed here", "", "skipped")


def main() -> int:
    """Run the demo; return the exit code."""
    checks = Checks()
    batches(checks)
    norms(checks)
    sharing(checks)
    print(f"\n{'All checks passed.' if not checks.failed else f'{checks.failed} checks FAILED.'}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
