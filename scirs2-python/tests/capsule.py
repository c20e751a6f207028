"""DLPack tensors made and read by hand.

The structs are written from dlpack.h, not from the code under test. A tensor made here has every
field at the caller's choice and a deleter that counts its calls.
"""

import ctypes
from dataclasses import dataclass

import numpy as np

READ_ONLY = 1
IS_COPIED = 2
PADDED = 4

CPU, CUDA, CUDA_HOST, METAL, ROCM, ROCM_HOST, CUDA_MANAGED = 1, 2, 3, 8, 10, 11, 13

# Code and bits of each dtype, by the name that NumPy and ml_dtypes give it.
TYPES = {
    "bool": (6, 8),
    **{f"int{bits}": (0, bits) for bits in (1, 2, 4, 8, 16, 32, 64)},
    **{f"uint{bits}": (1, bits) for bits in (1, 2, 4, 8, 16, 32, 64)},
    **{f"float{bits}": (2, bits) for bits in (16, 32, 64)},
    "bfloat16": (4, 16),
    **{f"complex{bits}": (5, bits) for bits in (32, 64, 128)},
    "float8_e3m4": (7, 8),
    "float8_e4m3": (8, 8),
    "float8_e4m3b11fnuz": (9, 8),
    "float8_e4m3fn": (10, 8),
    "float8_e4m3fnuz": (11, 8),
    "float8_e5m2": (12, 8),
    "float8_e5m2fnuz": (13, 8),
    "float8_e8m0fnu": (14, 8),
    "float6_e2m3fn": (15, 6),
    "float6_e3m2fn": (16, 6),
    "float4_e2m1fn": (17, 4),
    "bcomplex32": (18, 32),
}


class Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int32),
        ("dtype", DataType),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
    ]


class Legacy(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("version", Version),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


def _api(name, result, *arguments):
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


# Capsules go by address, so that a destructor can ask about one that is dying.
_new = _api("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_get_name = _api("PyCapsule_GetName", ctypes.c_char_p, ctypes.c_void_p)
_set_name = _api("PyCapsule_SetName", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)
_get_pointer = _api("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)


_names = {}


def _kept(name):
    """The same bytes for the rest of the process: a capsule holds no copy of its name."""
    return _names.setdefault(name, name)


def name_of(capsule):
    name = _get_name(id(capsule))
    return None if name is None else name.decode()


# What is made here lives on, so that a stray call of a deleter still finds its count.
_made = {}
_made_by_capsule = {}


def immortal(thing):
    """The thing, which may be called when the interpreter takes its modules apart."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing


# The defaults live as long as the functions.
@immortal
@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def _deleter(address, made=_made):
    made[address]._freed()


@immortal
@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def _destructor(capsule, made_by_capsule=_made_by_capsule, get_name=_get_name):
    made = made_by_capsule.pop(capsule)
    # The rule of the protocol: the destructor frees what nobody consumed.
    if get_name(capsule) == made.first_name and made.managed.deleter:
        made._freed()


class Made:
    """A managed tensor over the memory of `array`, or with the fields given instead of it.

    `shape` and `strides` take a sequence, or None for NULL; `data` an address, or None for NULL.
    """

    def __init__(
        self,
        array=None,
        *,
        versioned=True,
        version=(1, 3),
        flags=0,
        deleter=True,
        destructor=True,
        name=None,
        on_free=None,
        **fields,
    ):
        array = np.arange(6.0).reshape(2, 3) if array is None else array
        self.array = array
        self.frees = 0
        self.on_free = on_free
        values = {
            "data": array.ctypes.data,
            "device": (CPU, 0),
            "ndim": None,
            "code": TYPES[array.dtype.name][0],
            "bits": TYPES[array.dtype.name][1],
            "lanes": 1,
            "shape": array.shape,
            "strides": tuple(step // array.itemsize for step in array.strides),
            "byte_offset": 0,
        }
        unknown = fields.keys() - values.keys()
        assert not unknown, unknown
        values |= fields
        self.managed = Versioned() if versioned else Legacy()
        tensor = self.managed.tensor
        tensor.data = values["data"]
        tensor.device = Device(*values["device"])
        tensor.dtype = DataType(values["code"], values["bits"], values["lanes"])
        tensor.byte_offset = values["byte_offset"]
        tensor.ndim = len(values["shape"]) if values["ndim"] is None else values["ndim"]
        self._arrays = []
        for field in ("shape", "strides"):
            if values[field] is not None:
                numbers = (ctypes.c_int64 * max(len(values[field]), 1))(*values[field])
                self._arrays.append(numbers)
                setattr(tensor, field, ctypes.addressof(numbers))
        if versioned:
            self.managed.version = Version(*version)
            self.managed.flags = flags
        if deleter:
            self.managed.deleter = ctypes.cast(_deleter, ctypes.c_void_p).value
        _made[self.address] = self
        form = b"dltensor_versioned" if versioned else b"dltensor"
        self.first_name = _kept(form if name is None else name)
        end = ctypes.cast(_destructor, ctypes.c_void_p) if destructor else None
        self.capsule = _new(self.address, self.first_name, end)
        if destructor:
            _made_by_capsule[id(self.capsule)] = self

    @property
    def name(self):
        return name_of(self.capsule)

    def rename(self, name):
        _set_name(id(self.capsule), _kept(name))

    @property
    def address(self):
        return ctypes.addressof(self.managed)

    def drop(self):
        """Lets go of the capsule; whoever else holds it keeps it."""
        self.capsule = None

    def _freed(self):
        self.frees += 1
        # Whoever looks here again sees nonsense.
        for numbers in self._arrays:
            for i in range(len(numbers)):
                numbers[i] = 0x5A5A5A5A5A5A5A5A
        if self.on_free is not None:
            self.on_free()


class Producer:
    """An object with `__dlpack__` that answers with `answer(**keywords)` and notes each asking."""

    def __init__(self, answer, device=(CPU, 0)):
        self.answer = answer
        self.device = device
        self.asked = []

    def __dlpack__(self, **keywords):
        self.asked.append(keywords)
        return self.answer(**keywords)

    def __dlpack_device__(self):
        return self.device


class OldProducer(Producer):
    """As before 2023: no keyword is known but `stream`."""

    def __dlpack__(self, stream=None):
        self.asked.append({})
        return self.answer()


EXPORT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))


class Table(ctypes.Structure):
    """A C exchange API whose one function is to export an object.

    `export` takes the object's address and answers with the address of a managed tensor, or with
    None to fail; or it is the address of a C function. The table lives for ever, as the protocol
    asks.
    """

    _fields_ = [
        ("version", Version),
        ("previous", ctypes.c_void_p),
        ("allocate", ctypes.c_void_p),
        ("export", ctypes.c_void_p),
        ("make", ctypes.c_void_p),
        ("lend", ctypes.c_void_p),
        ("stream", ctypes.c_void_p),
    ]

    def __init__(self, export=None, *, version=(1, 3), previous=None):
        super().__init__()
        self.version = Version(*version)
        self.previous = None if previous is None else ctypes.addressof(previous)
        if callable(export):

            def function(thing, out):
                address = export(thing)
                if address is None:
                    return -1
                out[0] = address
                return 0

            function = immortal(EXPORT(function))
            self.export = ctypes.cast(function, ctypes.c_void_p).value
        else:
            self.export = export
        immortal(self)

    def capsule(self, name=b"dlpack_exchange_api", shift=0):
        return _new(ctypes.addressof(self) + shift, _kept(name), None)


@dataclass
class Description:
    """The fields of a tensor; `shape` or `strides` is None where the pointer is NULL."""

    name: str
    version: tuple | None
    flags: int | None
    data: int
    device: tuple
    ndim: int
    dtype: tuple
    shape: tuple | None
    strides: tuple | None
    byte_offset: int


def describe(capsule):
    """Reads an unconsumed capsule."""
    name = name_of(capsule)
    struct = {"dltensor": Legacy, "dltensor_versioned": Versioned}[name]
    managed = struct.from_address(_get_pointer(id(capsule), name.encode()))
    tensor = managed.tensor
    versioned = struct is Versioned

    def numbers(address):
        if not address:
            return None
        return tuple((ctypes.c_int64 * tensor.ndim).from_address(address))

    return Description(
        name=name,
        version=(managed.version.major, managed.version.minor) if versioned else None,
        flags=managed.flags if versioned else None,
        data=tensor.data,
        device=(tensor.device.type, tensor.device.id),
        ndim=tensor.ndim,
        dtype=(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes),
        shape=numbers(tensor.shape),
        strides=numbers(tensor.strides),
        byte_offset=tensor.byte_offset,
    )


def consume(capsule):
    """Does what a consumer does: renames the capsule and, done with it, calls the deleter."""
    name = name_of(capsule).encode()
    struct = {b"dltensor": Legacy, b"dltensor_versioned": Versioned}[name]
    address = _get_pointer(id(capsule), name)
    _set_name(id(capsule), _kept(b"used_" + name))

    def finish():
        deleter = struct.from_address(address).deleter
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(deleter)(address)

    return finish
