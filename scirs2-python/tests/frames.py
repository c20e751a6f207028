"""XLA's call frames, made of `ctypes`."""

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_size_t, c_void_p
from typing import Any

import numpy as np
from scirs2 import _scirs2

HANDLERS = _scirs2._xla_handlers()

# XLA's structs. The fields are those of its header.


class Extension(Structure):
    _fields_ = (("size", c_size_t), ("type", c_int), ("next", c_void_p))


class Version(Structure):
    _fields_ = (("size", c_size_t), ("ext", c_void_p), ("major", c_int), ("minor", c_int))


class Metadata(Structure):
    _fields_ = (("size", c_size_t), ("version", Version), ("traits", ctypes.c_uint32))


class MetadataExtension(Structure):
    _fields_ = (("base", Extension), ("metadata", POINTER(Metadata)))


class ErrorArgs(Structure):
    _fields_ = (("size", c_size_t), ("ext", c_void_p), ("message", c_char_p), ("code", c_int))


CREATE = ctypes.CFUNCTYPE(c_void_p, POINTER(ErrorArgs))


class Api(Structure):
    _fields_ = (
        ("size", c_size_t),
        ("ext", c_void_p),
        ("version", Version),
        ("internal", c_void_p),
        ("create_error", CREATE),
    )


class Buffer(Structure):
    _fields_ = (
        ("size", c_size_t),
        ("ext", c_void_p),
        ("dtype", c_int),
        ("data", c_void_p),
        ("rank", c_int64),
        ("dims", POINTER(c_int64)),
    )


class Buffers(Structure):
    _fields_ = (
        ("size", c_size_t),
        ("ext", c_void_p),
        ("count", c_int64),
        ("types", POINTER(c_int)),
        ("each", POINTER(c_void_p)),
    )


class Span(Structure):
    _fields_ = (("start", c_char_p), ("len", c_size_t))


class Scalar(Structure):
    _fields_ = (("dtype", c_int), ("value", c_void_p))


class Attributes(Structure):
    _fields_ = (
        ("size", c_size_t),
        ("ext", c_void_p),
        ("count", c_int64),
        ("types", POINTER(c_int)),
        ("names", POINTER(POINTER(Span))),
        ("each", POINTER(c_void_p)),
    )


class Frame(Structure):
    _fields_ = (
        ("size", c_size_t),
        ("ext", c_void_p),
        ("api", POINTER(Api)),
        ("ctx", c_void_p),
        ("stage", c_int),
        ("args", Buffers),
        ("rets", Buffers),
        ("attrs", Attributes),
    )


F64, S32, S64, PRED = 12, 4, 5, 1
CODES = {"d": F64, "f": 11, "F": 15, "D": 18, "i": S32, "l": S64, "q": S64}


class Call:
    """A frame, right unless a test makes it wrong, and the error that the handler gave."""

    def __init__(
        self,
        name: str,
        operands: list[np.ndarray[Any, Any]],
        results: list[np.ndarray[Any, Any]],
        **attributes: Any,
    ) -> None:
        """Make the frame."""
        self.name, self.errors = name, list[tuple[int, str]]()
        self.kept: list[Any] = [operands, results]
        self.operands = [self._buffer(x) for x in operands]
        self.results = [self._buffer(x) for x in results]
        self.create = CREATE(self._created)
        self.api = Api(56, None, Version(24, None, 0, 3), None, self.create)
        self.frame = Frame(168, None, ctypes.pointer(self.api), None, 3)
        self.frame.args = self._buffers(self.operands)
        self.frame.rets = self._buffers(self.results)
        self.frame.attrs = self._attributes(attributes)

    def _buffer(self, x: np.ndarray[Any, Any]) -> Buffer:
        dims = (c_int64 * max(x.ndim, 1))(*x.shape)
        return Buffer(48, None, CODES[x.dtype.char], x.ctypes.data, x.ndim, dims)

    def _buffers(self, all: list[Buffer]) -> Buffers:
        types = (c_int * len(all))(*[1] * len(all))
        each = (c_void_p * len(all))(*[ctypes.addressof(one) for one in all])
        return Buffers(40, None, len(all), types, each)

    def _attributes(self, attributes: dict[str, Any]) -> Attributes:
        kinds: dict[type, tuple[int, Any]] = {
            bool: (PRED, ctypes.c_bool),
            int: (S64, c_int64),
            float: (F64, ctypes.c_double),
        }
        count = len(attributes)
        self.spans, self.scalars = [], []
        for name, value in sorted(attributes.items()):
            code, kind = kinds[type(value)]
            stored = kind(value)
            self.kept.append(stored)
            self.scalars.append(Scalar(code, ctypes.addressof(stored)))
            self.spans.append(Span(name.encode(), len(name)))
        return Attributes(
            48,
            None,
            count,
            (c_int * count)(*[3] * count),
            (POINTER(Span) * count)(*map(ctypes.pointer, self.spans)),
            (c_void_p * count)(*[ctypes.addressof(one) for one in self.scalars]),
        )

    def _created(self, args: Any) -> int:
        self.errors.append((args[0].code, args[0].message.decode()))
        return 4096

    def run(self, frame: Any = ...) -> str | None:
        """Call the handler; return the message of its error."""
        pointer = ctypes.byref(self.frame) if frame is ... else frame
        answer = handler(self.name)(pointer)
        assert bool(answer) == bool(self.errors)
        return self.errors[0][1] if answer else None


def handler(name: str) -> Any:
    """Return the handler's C function."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = c_void_p, (ctypes.py_object, c_char_p)
    return ctypes.CFUNCTYPE(c_void_p, c_void_p)(get(HANDLERS[f"scirs2_{name}"], None))


def solve_call() -> tuple[Call, np.ndarray[Any, Any]]:
    """Return a call that solves a system."""
    a, b = np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones((2, 1))
    x = np.zeros((2, 1))
    return Call("solve", [a, b], [x]), x


def triangular_call() -> Call:
    """Return a call with attributes."""
    a, b, x = np.eye(2), np.ones((2, 1)), np.zeros((2, 1))
    return Call("solve_triangular", [a, b], [x], lower=True, trans=0, unit_diagonal=False)
