"""The C exchange API of `scirs2.DLPackExporter`, called as a consumer in C calls it."""

import ctypes
import gc
import warnings
import weakref

import numpy as np
import pytest
import scirs2
from capsule import (
    CPU,
    CUDA,
    IS_COPIED,
    READ_ONLY,
    TYPES,
    DataType,
    Device,
    Made,
    Table,
    Tensor,
    Versioned,
)
from layouts import DTYPES, FORWARD, ML, NARROW, REVERSED, filled, make, same

ADDRESS = ctypes.c_void_p
OUT = ctypes.POINTER(ctypes.c_void_p)
SET_ERROR = ctypes.CFUNCTYPE(None, ADDRESS, ctypes.c_char_p, ctypes.c_char_p)


def table():
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ADDRESS, [ctypes.py_object, ctypes.c_char_p]
    capsule = scirs2.DLPackExporter.__dlpack_c_exchange_api__
    return Table.from_address(get(capsule, b"dlpack_exchange_api"))


def function(field, *arguments, with_gil=True):
    make_type = ctypes.PYFUNCTYPE if with_gil else ctypes.CFUNCTYPE
    return make_type(ctypes.c_int, *arguments)(getattr(table(), field))


def export(thing):
    """The managed tensor of an object; a Python error is raised by ctypes itself."""
    out = ADDRESS()
    address = None if thing is None else id(thing)
    assert function("export", ADDRESS, OUT)(address, ctypes.byref(out)) == 0
    return Versioned.from_address(out.value)


def free(managed):
    ctypes.CFUNCTYPE(None, ADDRESS)(managed.deleter)(ctypes.addressof(managed))


def take(address):
    """The object that the table makes of a managed tensor."""
    out = ADDRESS()
    assert function("make", ADDRESS, OUT)(address, ctypes.byref(out)) == 0
    thing = ctypes.cast(out, ctypes.py_object).value
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(thing))
    return thing


def lend(thing):
    tensor = Tensor()
    assert function("lend", ADDRESS, ADDRESS)(id(thing), ctypes.addressof(tensor)) == 0
    return tensor


def numbers(address, count):
    return tuple((ctypes.c_int64 * count).from_address(address)) if count else ()


def elements(steps, itemsize):
    return tuple(step // itemsize for step in steps)


class TestTheTable:
    def test_it_is_whole(self):
        found = table()
        assert (found.version.major, found.version.minor) == (1, 3)
        assert found.previous is None
        for field in ("allocate", "export", "make", "lend", "stream"):
            assert getattr(found, field)

    def test_its_capsule_is_on_the_type_and_stays_as_it_is(self):
        capsule = scirs2.DLPackExporter.__dlpack_c_exchange_api__
        scirs2.from_dlpack(scirs2.DLPackExporter(np.ones(3)))
        assert '"dlpack_exchange_api"' in repr(capsule)
        assert scirs2.DLPackExporter.__dlpack_c_exchange_api__ is capsule


class TestExport:
    @pytest.mark.parametrize("layout", FORWARD)
    @pytest.mark.parametrize("dtype", [*DTYPES, *ML], ids=str)
    def test_it_goes_out_and_comes_back(self, dtype, layout):
        array = make(layout, dtype)
        again = take(ctypes.addressof(export(scirs2.DLPackExporter(array))))
        same(again, array)
        assert again.flags.writeable == array.flags.writeable

    def test_it_keeps_the_array_and_no_longer(self):
        array = np.arange(3.0)
        alive = weakref.ref(array)
        managed = export(scirs2.DLPackExporter(array))
        assert managed.tensor.data == array.ctypes.data
        del array
        gc.collect()
        assert alive() is not None
        free(managed)
        assert alive() is None

    def test_read_only_says_so(self):
        array = np.arange(3.0)
        array.flags.writeable = False
        managed = export(scirs2.DLPackExporter(array))
        assert managed.flags == READ_ONLY
        assert not take(ctypes.addressof(managed)).flags.writeable

    @pytest.mark.parametrize("layout", REVERSED)
    def test_negative_strides_go_by_a_copy(self, layout):
        array = make(layout, "float32")
        managed = export(scirs2.DLPackExporter(array))
        assert managed.flags == IS_COPIED
        same(take(ctypes.addressof(managed)), array)

    @pytest.mark.parametrize("thing", [np.ones(3), 1, "x", scirs2.DLPackExporter], ids=repr)
    def test_a_stranger_is_a_type_error(self, thing):
        with pytest.raises(TypeError, match="DLPackExporter"):
            export(thing)

    def test_nothing_is_an_error(self):
        with pytest.raises(SystemError, match="NULL"):
            export(None)

    def test_what_has_no_code_is_an_error(self):
        with pytest.raises(BufferError, match="datetime64"):
            export(scirs2.DLPackExporter(np.zeros(2, "M8[s]")))


class TestImport:
    def test_a_tensor_is_taken_and_freed_once(self):
        made = Made(np.arange(6.0).reshape(2, 3), destructor=False)
        array = take(made.address)
        same(array, made.array)
        assert array.ctypes.data == made.array.ctypes.data
        assert made.frees == 0
        del array
        assert made.frees == 1

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"ndim": -1}, "ndim"),
            ({"ndim": 2**31 - 1}, "ndim"),
            ({"shape": None, "ndim": 2}, "shape"),
            ({"shape": (2, -3)}, "shape"),
            ({"data": None}, "data"),
            ({"strides": (2**62, 2**62)}, "strides"),
            ({"byte_offset": 2**64 - 1}, "byte_offset"),
            ({"code": 99}, "dtype"),
            ({"version": (2, 0)}, "version"),
            ({"device": (CUDA, 0)}, "device"),
        ],
    )
    def test_a_refused_one_was_stolen_too(self, fields, reason):
        # "The ownership of the tensor is stolen", so it is freed, and once.
        made = Made(destructor=False, **fields)
        with pytest.raises(BufferError, match=reason):
            take(made.address)
        assert made.frees == 1

    def test_nothing_is_an_error(self):
        with pytest.raises(SystemError, match="NULL"):
            take(None)


class TestLend:
    @pytest.mark.parametrize("layout", FORWARD)
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_it_is_the_array(self, dtype, layout):
        array = make(layout, dtype)
        exporter = scirs2.DLPackExporter(array)
        tensor = lend(exporter)
        assert tensor.data == array.ctypes.data
        assert (tensor.device.type, tensor.device.id) == (CPU, 0)
        assert tensor.byte_offset == 0
        assert (tensor.dtype.code, tensor.dtype.bits) == TYPES[array.dtype.name]
        assert numbers(tensor.shape, tensor.ndim) == array.shape
        walked = [axis for axis, length in enumerate(array.shape) if length > 1]
        steps = numbers(tensor.strides, tensor.ndim)
        if array.size:
            expected = elements(array.strides, array.itemsize)
            assert [steps[axis] for axis in walked] == [expected[axis] for axis in walked]

    def test_the_numbers_stay_where_they_are(self):
        exporter = scirs2.DLPackExporter(np.ones((2, 3)))
        first, second = lend(exporter), lend(exporter)
        assert first.shape == second.shape
        assert numbers(first.shape, 2) == (2, 3)

    def test_another_shape_is_refused(self):
        array = np.ones((2, 3))
        exporter = scirs2.DLPackExporter(array)
        first = lend(exporter)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            array.shape = (3, 2)
        with pytest.raises(BufferError, match="another shape"):
            lend(exporter)
        assert numbers(first.shape, 2) == (2, 3)

    @pytest.mark.parametrize("layout", REVERSED)
    def test_negative_strides_are_refused(self, layout):
        with pytest.raises(BufferError, match="strides"):
            lend(scirs2.DLPackExporter(make(layout, "float32")))

    @pytest.mark.parametrize("dtype", NARROW, ids=str)
    def test_padded_elements_are_refused(self, dtype):
        with pytest.raises(BufferError, match=str(dtype)):
            lend(scirs2.DLPackExporter(filled(dtype, (5,))))

    def test_a_stranger_is_a_type_error(self):
        with pytest.raises(TypeError, match="DLPackExporter"):
            lend(np.ones(3))


def allocate(shape, code=2, bits=64, device=(CPU, 0), **fields):
    """The address of a new tensor, or the kind and message of the error."""
    lengths = (ctypes.c_int64 * max(len(shape), 1))(*shape)
    prototype = Tensor(ndim=len(shape), shape=ctypes.addressof(lengths))
    prototype.dtype = DataType(code, bits, 1)
    prototype.device = Device(*device)
    # Not to be read.
    prototype.strides = 1
    prototype.data = 1
    prototype.byte_offset = 2**64 - 1
    for field, value in fields.items():
        setattr(prototype, field, value)
    errors = []
    report = SET_ERROR(lambda context, kind, text: errors.append((context, kind, text)))
    out = ADDRESS()
    call = function("allocate", ADDRESS, OUT, ADDRESS, SET_ERROR, with_gil=False)
    status = call(ctypes.addressof(prototype), ctypes.byref(out), 7, report)
    assert (status == 0) == (not errors)
    return out.value, errors


class TestAllocate:
    @pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (4, 5, 6)])
    @pytest.mark.parametrize("name", ["float64", "bool", "complex64", "bfloat16", "int4"])
    def test_it_is_writeable_memory_in_c_order(self, name, shape):
        address, errors = allocate(shape, *TYPES[name])
        assert not errors
        array = take(address)
        assert array.shape == shape
        assert array.dtype.name == name
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.ctypes.data % 64 == 0
        array[...] = 1
        assert (array == 1).all()

    @pytest.mark.parametrize(
        ("fields", "kind", "text"),
        [
            ({"shape": (2**62, 2**62)}, b"BufferError", b"shape"),
            ({"shape": (2**40, 2**13)}, b"MemoryError", b""),
            ({"shape": (-1,)}, b"BufferError", b"shape"),
            ({"shape": (3,), "code": 3}, b"BufferError", b"opaque"),
            ({"shape": (3,), "device": (CUDA, 0)}, b"GPUTensorError", b"device"),
            ({"shape": (3,), "ndim": -1}, b"BufferError", b"ndim"),
            ({"shape": (), "ndim": 65}, b"BufferError", b"ndim"),
        ],
    )
    def test_an_error_is_told_by_the_callers_function(self, fields, kind, text):
        _, errors = allocate(**fields)
        ((context, told, message),) = errors
        assert context == 7
        assert told == kind
        assert text in message


class TestStream:
    def call(self, kind, number):
        out = ADDRESS(1)
        call = function("stream", ctypes.c_int32, ctypes.c_int32, OUT)
        assert call(kind, number, ctypes.byref(out)) == 0
        return out.value

    def test_the_host_has_none(self):
        assert self.call(CPU, 0) is None

    def test_no_other_device_is_known(self):
        with pytest.raises(BufferError, match="device"):
            self.call(CUDA, 0)


class TestConsumers:
    def test_ourselves(self):
        array = np.arange(3.0)
        assert scirs2.from_dlpack(scirs2.DLPackExporter(array)).ctypes.data == array.ctypes.data

    def test_tvm_ffi(self):
        tvm_ffi = pytest.importorskip("tvm_ffi")
        array = np.arange(6.0).reshape(2, 3)
        echo = tvm_ffi.convert(lambda tensor: tensor)
        tensor = echo(scirs2.DLPackExporter(array))
        assert np.from_dlpack(tensor).ctypes.data == array.ctypes.data
