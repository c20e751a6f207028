"""The self check of `python -m scirs2`: seconds, on the machine it runs on.

Each check is a function that returns what to print, and raises `Failed` where that is
not as it must be.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any, TypeAlias

import numpy as np

import scirs2
from scirs2 import linalg

Check: TypeAlias = Callable[[], str]
# Residuals over their scales: each pair is one equation that must hold.
Residuals: TypeAlias = list[tuple[Any, Any]]

DTYPES: tuple[Any, ...] = (np.float32, np.float64, np.complex64, np.complex128)
# The kernels of our own, a batch for the pool, one matrix for all of LAPACK's threads.
CASES: list[tuple[tuple[int, ...], Any]] = [
    *product([(500, 3, 3), (40, 24, 24)], DTYPES),
    ((150, 150), np.float64),
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


# Linear algebra. What multiplied back gives the matrix again.


def _decompositions() -> Iterator[tuple[str, Check]]:
    for name, residuals in EQUATIONS.items():
        yield name, partial(_worst, residuals)


def _worst(residuals: Callable[[Any], Residuals]) -> str:
    """Return the largest residual of all cases, in units of n * eps * scale."""
    worst, where = 0.0, ""
    for shape, dtype in CASES:
        unit = shape[-1] * float(np.finfo(dtype).eps)
        for residual, scale in residuals(_random(shape, dtype)):
            ratios = _frobenius(residual) / (unit * scale)
            # A NaN is the worst of all.
            ratio = float(np.max(np.where(np.isfinite(ratios), ratios, np.inf)))
            if ratio >= worst:
                worst, where = ratio, f"{np.dtype(dtype)} {shape}"
    told = f"{worst:5.2f} of {BOUND:.0f}"
    if worst > BOUND:
        raise Failed(f"{told} at {where}")
    return told


def _random(shape: tuple[int, ...], dtype: type[np.generic]) -> Any:
    source = np.random.default_rng(sum(shape))
    values = source.standard_normal(shape) + 1j * source.standard_normal(shape)
    return (values if np.dtype(dtype).kind == "c" else values.real).astype(dtype)


def _frobenius(x: Any) -> Any:
    """Return NumPy's norm, which is not what is checked."""
    return np.linalg.norm(_wide(x), axis=(-2, -1))


def _wide(x: Any) -> Any:
    return np.asarray(x, dtype=np.result_type(x, np.float64))


def _h(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def _cholesky(a: Any) -> Residuals:
    a = a @ _h(a) + a.shape[-1] * np.eye(a.shape[-1], dtype=a.dtype)
    factor = _wide(linalg.cholesky(a))
    return [(factor @ _h(factor) - a, _frobenius(a))]


def _lu(a: Any) -> Residuals:
    p, low, up = map(_wide, linalg.lu(a))
    return [(p @ low @ up - a, _frobenius(a))]


def _qr(a: Any) -> Residuals:
    q, r = map(_wide, linalg.qr(a))
    return [(q @ r - a, _frobenius(a)), _orthonormal(q)]


def _svd(a: Any) -> Residuals:
    u, s, vh = map(_wide, linalg.svd(a))
    rebuilt = (u * s[..., None, :]) @ vh
    return [(rebuilt - a, _frobenius(a)), _orthonormal(u), _orthonormal(_h(vh))]


def _eigh(a: Any) -> Residuals:
    a = a + _h(a)
    w, v = map(_wide, linalg.eigh(a))
    return [(_wide(a) @ v - v * w[..., None, :], _frobenius(a)), _orthonormal(v)]


def _eig(a: Any) -> Residuals:
    w, v = map(_wide, linalg.eig(a))
    return [(_wide(a) @ v - v * w[..., None, :], _frobenius(a) * _frobenius(v))]


def _orthonormal(q: Any) -> tuple[Any, Any]:
    one = np.eye(q.shape[-1])
    return _h(q) @ q - one, _frobenius(one)


def _solve(a: Any) -> Residuals:
    b = a[..., :2]
    x = _wide(linalg.solve(a, b))
    return [(_wide(a) @ x - b, _frobenius(a) * _frobenius(x))]


def _inv(a: Any) -> Residuals:
    x = _wide(linalg.inv(a))
    return [(_wide(a) @ x - np.eye(a.shape[-1]), _frobenius(a) * _frobenius(x))]


def _lstsq(a: Any) -> Residuals:
    # The error of the solution is at right angles to the columns.
    tall, b = a[..., : a.shape[-1] // 2 + 1], a[..., -2:]
    x = _wide(linalg.lstsq(tall, b)[0])
    scale = _frobenius(tall) * (_frobenius(tall) * _frobenius(x) + _frobenius(b))
    return [(_h(tall) @ (_wide(tall) @ x - b), scale)]


def _pinv(a: Any) -> Residuals:
    tall = _wide(a[..., : a.shape[-1] // 2 + 1])
    x = _wide(linalg.pinv(tall.astype(a.dtype)))
    return [(tall @ x @ tall - tall, _frobenius(tall) ** 2 * _frobenius(x))]


def _matmul(a: Any) -> Residuals:
    return [(_wide(linalg.matmul(a, a)) - _wide(a) @ _wide(a), _frobenius(a) ** 2)]


def _norm(a: Any) -> Residuals:
    ours = _wide(linalg.matrix_norm(a))
    return [((ours - _frobenius(a))[..., None, None], _frobenius(a))]


EQUATIONS = {
    "cholesky": _cholesky,
    "lu": _lu,
    "qr": _qr,
    "svd": _svd,
    "eigh": _eigh,
    "eig": _eig,
    "solve": _solve,
    "inv": _inv,
    "lstsq": _lstsq,
    "pinv": _pinv,
    "matmul": _matmul,
    "norm": _norm,
}


# Threads.


def _threads() -> Iterator[tuple[str, Check]]:
    flat, batch = _random((1_000_000,), np.float64), _random((200, 24, 24), np.float64)
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
    ("Residuals, in units of n * eps", _decompositions),
    ("Threads", _threads),
)
