"""The self check of `python -m scirs2`: seconds, on the machine it runs on.

Each check is a function that returns what to print, and raises `Failed` if the
result is wrong.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np

import scirs2
from scirs2 import linalg
from scirs2._truths import TRUTHS, Operands, Truth, normal

Check: TypeAlias = Callable[[], str]

DTYPES: tuple[Any, ...] = (np.float32, np.float64, np.complex64, np.complex128)
# The kernels of our own, a batch for the pool, one matrix for all of LAPACK's threads.
CASES: list[tuple[tuple[int, ...], int, Any]] = [
    *((batch, n, dtype) for batch, n in (((500,), 3), ((40,), 24)) for dtype in DTYPES),
    ((), 150, np.float64),
]
# LAPACK's own tests let this much pass, in units of n * eps.
BOUND = 30.0


class Failed(Exception):
    """A check did not hold; its text is the row's."""


def run() -> bool:
    """Print the table row by row as each is known; return whether all passed."""
    begin = time.perf_counter()
    passed = failed = 0
    for heading, checks in TABLE:
        print(heading)
        for name, check in checks():
            good = _row(name, check)
            passed, failed = passed + good, failed + (not good)
    seconds = time.perf_counter() - begin
    print(f"{passed} passed, {failed} failed in {seconds:.0f} s")
    return failed == 0


def _row(name: str, check: Check) -> bool:
    start = f"  {name + ':':22} "
    on_terminal = sys.stdout.isatty()
    if on_terminal:
        print(f"{start}...", end="", flush=True)
    try:
        told, good = check(), True
    except Exception as error:  # noqa: BLE001 - Whatever it is, this row tells it.
        told = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        good = False
    print("\r" * on_terminal + f"{start}{told:50} {'PASS' if good else 'FAIL'}", flush=True)
    return good


# Exchange. Each library takes an array of ours and gives it back.

# Module, and how it takes an array.
LIBRARIES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "NumPy": ("numpy", lambda array: array),
    "PyTorch": ("torch", lambda array: _call("torch", scirs2.to_dlpack(array))),
    "JAX": ("jax", lambda array: _call("jax.dlpack", scirs2.DLPackExporter(array))),
    "TensorFlow": (
        "tensorflow",
        lambda array: _call("tensorflow.experimental.dlpack", scirs2.to_dlpack(array)),
    ),
}


def _call(module: str, exported: Any) -> Any:
    return import_module(module).from_dlpack(exported)


def _exchange() -> Iterator[tuple[str, Check]]:
    for name, (module, take) in LIBRARIES.items():
        if find_spec(module):
            yield name, partial(_round_trip, take)


def _round_trip(take: Callable[[Any], Any]) -> str:
    for dtype in (np.float32, np.int32, np.complex64):
        array = _patterns(dtype)
        tensor = take(array)
        back = scirs2.from_dlpack(tensor)
        if back.dtype != array.dtype or back.tobytes() != array.tobytes():
            raise Failed(f"{array.dtype}: the bits changed on the way")
        if not np.shares_memory(back, scirs2.from_dlpack(tensor)):
            raise Failed(f"{array.dtype}: from_dlpack copied")
    square = take(np.eye(3, dtype=np.float32))
    result = linalg.inv(square)
    if type(result) is not type(square):
        raise Failed(f"inv gave {type(result).__name__} for {type(square).__name__}")
    return "every bit there and back, read without a copy"


def _patterns(dtype: type[np.generic]) -> Any:
    """Return a matrix of bits that arithmetic would not keep, and others."""
    bits = np.random.default_rng(0).integers(0, 2**32, 4096, dtype=np.uint32)
    # NaN with a payload, infinities, minus zero, the smallest subnormal.
    bits[:6] = 0x7FC12345, 0x7F800000, 0xFF800000, 0x80000000, 0x00000001, 0xFFC00001
    return bits.view(dtype).reshape(64, -1)


# Linear algebra: what the table of truths says of each function.


def _functions() -> Iterator[tuple[str, Check]]:
    for name, truth in TRUTHS.items():
        yield name, partial(_worst, name, truth)


def _worst(name: str, truth: Truth) -> str:
    """Return the largest error of all cases, in units of n * eps."""
    function = getattr(linalg if hasattr(linalg, name) else scirs2, name)
    worst, where = 0.0, ""
    for batch, n, dtype in CASES:
        given = truth.make(Operands(() if truth.single else batch, n, dtype))
        equations = truth.check(given, truth.call(function, *given))
        error = max(equation.error() for equation in equations)
        units = error / (n * float(np.finfo(dtype).eps))
        if units >= worst:
            worst, where = units, f"{np.dtype(dtype)} of order {n}"
    told = f"{worst:5.2f} of {BOUND:.0f}"
    if worst > BOUND:
        raise Failed(f"{told} at {where}")
    return told


# Threads.


def _threads() -> Iterator[tuple[str, Check]]:
    flat, batch = normal((1_000_000,), np.float64), normal((200, 24, 24), np.float64)
    yield "norm", partial(_same_bits, lambda: scirs2.norm(flat))
    yield "solve, a batch", partial(_same_bits, lambda: linalg.solve(batch, batch))


def _same_bits(call: Callable[[], Any]) -> str:
    number = max(2, scirs2.get_num_threads())
    with scirs2.num_threads(1):
        alone = np.asarray(call()).tobytes()
    with scirs2.num_threads(number):
        together = np.asarray(call()).tobytes()
    if alone != together:
        raise Failed(f"1 and {number} threads differ")
    return f"the same bits from 1 and {number} threads"


TABLE = (
    ("Exchange", _exchange),
    ("Errors, in units of n * eps", _functions),
    ("Threads", _threads),
)
