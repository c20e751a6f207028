"""Hostile tensors and producers: what `test_hostile.py` runs in a child process.

As a program it takes the names of cases on stdin and writes a line before and after each.
"""

import ctypes
import gc
import json
import sys
import threading
import traceback

import capsule
import numpy as np
import scirs2
from capsule import READ_ONLY, Made, OldProducer, Producer, Table, describe
from scirs2 import linalg

CASES = {}

NULL_ARRAY = None
HUGE = 2**62


def case(function):
    name = function.__name__.replace("_", " ")
    assert name not in CASES, name
    CASES[name] = function
    return function


def both(function):
    """The case for the legacy and for the versioned form."""
    name = function.__name__.replace("_", " ")
    for versioned in (False, True):
        key = f"{name}, {'versioned' if versioned else 'legacy'}"
        assert key not in CASES, key
        CASES[key] = lambda versioned=versioned: function(versioned)
    return function


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def error_of(function, kind):
    try:
        result = function()
    except kind as error:
        return error
    # Its elements may be no memory of this process.
    what = (result.shape, result.strides) if isinstance(result, np.ndarray) else result
    raise AssertionError(f"no {kind} but {what!r}")


def refused(made, *words, kind=BufferError, through=None, **options):
    """It is refused by name and not consumed; its capsule frees it, once."""
    x = made.capsule if through is None else through
    name = made.name
    for _ in range(2):
        message = str(error_of(lambda: scirs2.from_dlpack(x, **options), kind))
        for word in words:
            check(str(word) in message, f"{word!r} is not in {message!r}")
        check(made.name == name, f"the capsule was renamed to {made.name}")
        check(made.frees == 0, "the memory was freed while the capsule lives")
    x = through = None
    made.drop()
    gc.collect()
    expected = 1 if made.managed.deleter else 0
    check(made.frees == expected, f"freed {made.frees} times")


def taken(made, expected, **options):
    """It is seen as it is, until the array dies, and freed once."""
    array = scirs2.from_dlpack(made.capsule, **options)
    check(made.name.startswith("used_"), made.name)
    np.testing.assert_array_equal(array, expected)
    made.drop()
    gc.collect()
    check(made.frees == 0, "freed under the array")
    np.testing.assert_array_equal(array, expected)
    del array
    gc.collect()
    expected_frees = 1 if made.managed.deleter else 0
    check(made.frees == expected_frees, f"freed {made.frees} times")


def taken_or_refused(make, expected):
    """Either is right; a crash, a wrong value or a second free is not."""
    made = make()
    try:
        scirs2.from_dlpack(made.capsule)
    except BufferError:
        refused(make())
    else:
        taken(make(), expected)


# Fields. Each: the fields of the tensor, and what the message must name.
REFUSED_FIELDS = {
    "NULL shape": ({"shape": NULL_ARRAY, "ndim": 2}, ["shape"]),
    "NULL shape and strides": (
        {"shape": NULL_ARRAY, "strides": NULL_ARRAY, "ndim": 1},
        ["shape"],
    ),
    "NULL data with elements": ({"data": None}, ["data"]),
    "NULL data with an offset": ({"data": None, "byte_offset": 64}, ["data"]),
    "ndim -1": ({"ndim": -1}, ["ndim", -1]),
    "ndim -2**31": ({"ndim": -(2**31)}, ["ndim", -(2**31)]),
    "ndim 65": ({"shape": (1,) * 65, "strides": (1,) * 65}, ["65"]),
    "ndim 2**31-1": ({"ndim": 2**31 - 1}, ["ndim", 2**31 - 1]),
    "ndim 2**31-1 and NULL shape": ({"ndim": 2**31 - 1, "shape": NULL_ARRAY}, []),
    "a negative length": ({"shape": (2, -3)}, ["shape", -3]),
    "the most negative length": ({"shape": (-(2**63), 1)}, ["shape", -(2**63)]),
    "two negative lengths": ({"shape": (-2, -3)}, ["shape", -2]),
    "a negative length beside zero": ({"shape": (0, -3)}, ["shape", -3]),
    "lengths whose product wraps to 0": ({"shape": (2**32, 2**32)}, ["shape"]),
    "lengths whose product wraps to 4": (
        {"shape": (2**62 + 1, 4), "strides": NULL_ARRAY},
        ["shape"],
    ),
    "lengths whose product wraps, zero strides": (
        {"shape": (2**33, 2**33), "strides": (0, 0)},
        ["shape"],
    ),
    "lengths whose bytes wrap": ({"shape": (2**61,), "strides": (0,)}, ["shape"]),
    "a stride that wraps": ({"shape": (3,), "strides": (HUGE,)}, ["stride"]),
    "a stride whose bytes wrap to 0": ({"shape": (2,), "strides": (2**61,)}, ["stride"]),
    "the most negative stride": ({"shape": (2,), "strides": (-(2**63),)}, ["stride"]),
    "a stride below address zero": ({"shape": (2,), "strides": (-(2**59),)}, ["stride"]),
    "strides whose sum wraps": (
        {"shape": (2, 2, 2), "strides": (2**59, 2**59, 2**59)},
        ["stride"],
    ),
    "strides that cancel by wrapping": (
        {"shape": (3, 3), "strides": (2**62, -(2**62))},
        ["stride"],
    ),
    "byte_offset 2**64-1": ({"byte_offset": 2**64 - 1}, ["byte_offset", 2**64 - 1]),
    "byte_offset 2**63": ({"byte_offset": 2**63}, ["byte_offset", 2**63]),
    "byte_offset that wraps to the data": (
        {"byte_offset": 2**64 - 64, "data": 128},
        ["byte_offset", 2**64 - 64],
    ),
    "lanes 0": ({"lanes": 0}, ["lanes", 0]),
    "lanes 2": ({"lanes": 2}, ["lanes", 2]),
    "lanes 65535": ({"lanes": 65535}, ["lanes", 65535]),
    "bits 0": ({"bits": 0}, ["bits", 0]),
    "bits 3": ({"bits": 3, "code": 1}, ["3"]),
    "bits 4 of a float": ({"bits": 4, "code": 2}, ["4"]),
    "bits 17": ({"bits": 17}, ["17"]),
    "bits 80": ({"bits": 80}, ["80"]),
    "bits 128": ({"bits": 128}, ["128"]),
    "bits 255": ({"bits": 255}, ["255"]),
    "bool of 1 bit": ({"code": 6, "bits": 1}, ["bool"]),
    "bool of 16 bits": ({"code": 6, "bits": 16}, ["bool", 16]),
    "complex of 16 bits": ({"code": 5, "bits": 16}, ["complex", 16]),
    "an opaque handle": ({"code": 3, "bits": 64}, ["3"]),
    "code 18 of 64 bits": ({"code": 18, "bits": 64}, ["18", 64]),
    "code 19": ({"code": 19, "bits": 32}, ["19"]),
    "packed, NULL shape": ({"code": 1, "bits": 4, "shape": None, "ndim": 1}, ["shape"]),
    "packed, NULL data": ({"code": 1, "bits": 4, "data": None}, ["data"]),
    "packed, a negative length": ({"code": 1, "bits": 1, "shape": (2, -3)}, ["shape", -3]),
    "packed, lengths whose product wraps": (
        {"code": 1, "bits": 1, "shape": (2**32, 2**32), "strides": (0, 0)},
        ["shape"],
    ),
    "packed, a stride whose bits wrap to 0": (
        {"code": 1, "bits": 4, "shape": (2,), "strides": (HUGE,)},
        ["stride"],
    ),
    "packed, a negative stride whose bits wrap to 0": (
        {"code": 1, "bits": 4, "shape": (2,), "strides": (-HUGE,)},
        ["stride"],
    ),
    "packed, the most negative stride": (
        {"code": 1, "bits": 1, "shape": (2,), "strides": (-(2**63),)},
        ["stride"],
    ),
    "packed, a stride below address zero": (
        {"code": 1, "bits": 4, "shape": (2,), "strides": (-(2**60),)},
        ["stride"],
    ),
    "packed, byte_offset 2**64-1": (
        {"code": 1, "bits": 4, "byte_offset": 2**64 - 1},
        ["byte_offset"],
    ),
    "code 200": ({"code": 200}, ["200"]),
    "code 255": ({"code": 255}, ["255"]),
    "device 0": ({"device": (0, 0)}, ["device", 0]),
    "device -1": ({"device": (-1, 0)}, ["device", -1]),
    "device 5, which nobody has": ({"device": (5, 0)}, ["device", 5]),
    "device 999": ({"device": (999, 0)}, ["device", 999]),
    "device 2**31-1": ({"device": (2**31 - 1, 0)}, ["device", 2**31 - 1]),
}

for _name, (_fields, _words) in REFUSED_FIELDS.items():
    for _versioned in (False, True):
        CASES[f"{_name}, {'versioned' if _versioned else 'legacy'}"] = (
            lambda fields=_fields, words=_words, versioned=_versioned: refused(
                Made(versioned=versioned, **fields), *words
            )
        )

for _major in (0, 2, 99, 2**32 - 1):
    CASES[f"version {_major}.0"] = lambda major=_major: refused(
        Made(version=(major, 0)), "version", major
    )


@case
def of_another_major_version_nothing_but_the_deleter_is_touched():
    # The fields behind `flags` may mean anything there.
    made = Made(version=(2, 0), data=None, shape=NULL_ARRAY, ndim=-5, device=(99, 99), lanes=0)
    refused(made, "version", 2)


DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 9: "VPI", 10: "ROCm", 12: "ext"}
DEVICES |= {14: "oneAPI", 15: "WebGPU", 16: "Hexagon", 17: "MAIA", 18: "Trainium"}

for _code, _device in DEVICES.items():
    for _versioned in (False, True):
        # The address is no memory of this process: whoever reads it crashes.
        CASES[f"memory of {_device}, {'versioned' if _versioned else 'legacy'}"] = (
            lambda code=_code, versioned=_versioned: refused(
                Made(device=(code, 3), versioned=versioned, data=0x1000),
                "cpu",
                kind=scirs2.GPUTensorError,
            )
        )


@both
def device_memory_is_not_copied_by_us(versioned):
    for copy in (True, False):
        made = Made(device=(capsule.CUDA, 0), versioned=versioned, data=0x1000)
        refused(made, kind=scirs2.GPUTensorError, copy=copy)


@both
def a_null_deleter_is_not_called(versioned):
    taken(Made(versioned=versioned, deleter=False), np.arange(6.0).reshape(2, 3))


@both
def a_null_deleter_of_a_refused_tensor_is_not_called(versioned):
    refused(Made(versioned=versioned, deleter=False, ndim=-1), "ndim")


@both
def a_null_deleter_after_a_copy_is_not_called(versioned):
    made = Made(versioned=versioned, deleter=False)
    np.testing.assert_array_equal(scirs2.from_dlpack(made.capsule, copy=True), made.array)


@case
def unknown_flags():
    # A later minor version may add flags.
    for flags in (1 << 2, 1 << 40, 1 << 63, 2**64 - 2):
        taken_or_refused(lambda flags=flags: Made(flags=flags), np.arange(6.0).reshape(2, 3))


@case
def unknown_flags_do_not_hide_read_only():
    made = Made(flags=2**64 - 1)
    try:
        array = scirs2.from_dlpack(made.capsule)
    except BufferError:
        return
    check(not array.flags.writeable, "writeable")


@both
def misaligned_data(versioned):
    raw = np.arange(100, dtype=np.uint8)
    for offset in (1, 2, 3, 5):
        expected = raw[offset : offset + 48].view(np.float64)

        def make(expected=expected):
            return Made(expected, versioned=versioned)

        taken_or_refused(make, expected)
        # A copy is aligned, or refused as well; and a kernel must not fault on it.
        copied = expected.copy()
        try:
            array = scirs2.from_dlpack(make().capsule, copy=True)
        except BufferError:
            continue
        check(array.flags.aligned, "a copy of its own is misaligned")
        np.testing.assert_array_equal(array, copied)
        norm = scirs2.norm(scirs2.from_dlpack(make().capsule), 1)
        np.testing.assert_allclose(norm, np.linalg.norm(copied, 1), rtol=1e-15)


@both
def misaligned_by_byte_offset(versioned):
    raw = np.arange(100, dtype=np.uint8)
    expected = raw[3:51].view(np.float64)
    taken_or_refused(
        lambda: Made(expected, versioned=versioned, data=raw.ctypes.data, byte_offset=3), expected
    )


@both
def an_empty_tensor_points_anywhere(versioned):
    for data in (None, 8, 2**64 - 8):
        made = Made(versioned=versioned, shape=(0, 3), data=data)
        taken(made, np.empty((0, 3)))


@both
def an_empty_tensor_with_lengths_that_wrap(versioned):
    # NumPy itself cannot hold it.
    refused(Made(versioned=versioned, shape=(2**40, 2**40, 0), strides=NULL_ARRAY), "shape")


@both
def a_stride_that_is_never_walked_may_be_anything(versioned):
    expected = np.arange(3.0).reshape(1, 3)
    for stride in (0, -1, 7, HUGE, -(2**63), 2**63 - 1):

        def make(stride=stride):
            return Made(expected, versioned=versioned, strides=(stride, 1))

        taken_or_refused(make, expected)


@both
def a_broadcast_of_a_trillion_elements_is_a_view(versioned):
    made = Made(versioned=versioned, shape=(2**40,), strides=(0,))
    array = scirs2.from_dlpack(made.capsule)
    check(array.shape == (2**40,), array.shape)
    check(array[2**40 - 1] == 0.0, array[-1])


@both
def a_copy_that_no_memory_holds(versioned):
    made = Made(versioned=versioned, shape=(2**47,), strides=(0,))
    error_of(lambda: scirs2.from_dlpack(made.capsule, copy=True), (MemoryError, BufferError))
    made.drop()
    gc.collect()
    check(made.frees == 1, f"freed {made.frees} times")


@both
def a_packed_broadcast_that_no_memory_holds(versioned):
    # It can be no view, and a copy has a byte for each.
    for length in (2**47, 2**62):
        made = Made(versioned=versioned, code=1, bits=4, shape=(length,), strides=(0,))
        error_of(lambda made=made: scirs2.from_dlpack(made.capsule), (MemoryError, BufferError))
        made.drop()
        gc.collect()
        check(made.frees == 1, f"freed {made.frees} times")


@both
def as_many_dimensions_as_numpy_has(versioned):
    for ndim in (33, 64):
        taken(
            Made(versioned=versioned, shape=(1,) * ndim, strides=(1,) * ndim),
            np.zeros((1,) * ndim),
        )


# Capsules.


@case
def taken_away_while_it_is_looked_at():
    # Asking ml_dtypes for its type runs Python code, which may consume the capsule.
    import types

    import ml_dtypes

    array = np.zeros(3, ml_dtypes.bfloat16)
    held = scirs2.to_dlpack(array)
    taken = []

    class Taker(types.ModuleType):
        @property
        def bfloat16(self):
            sys.modules["ml_dtypes"] = ml_dtypes
            taken.append(scirs2.from_dlpack(held))
            taken.clear()
            # What was freed is somebody's again.
            self.others = [scirs2.to_dlpack(np.zeros((2, 3))) for _ in range(100)]
            return ml_dtypes.bfloat16

    sys.modules["ml_dtypes"] = Taker("ml_dtypes")
    try:
        error = error_of(lambda: scirs2.from_dlpack(held), BufferError)
    finally:
        sys.modules["ml_dtypes"] = ml_dtypes
    check("consumed" in str(error), error)


@both
def used_twice(versioned):
    made = Made(versioned=versioned)
    array = scirs2.from_dlpack(made.capsule)
    for _ in range(3):
        error = error_of(lambda: scirs2.from_dlpack(made.capsule), BufferError)
        check(made.name in str(error), error)
    np.testing.assert_array_equal(array, made.array)
    del array
    check(made.frees == 1, f"freed {made.frees} times")
    error_of(lambda: scirs2.from_dlpack(made.capsule), BufferError)
    made.drop()
    check(made.frees == 1, f"freed {made.frees} times")


@both
def dropped_unconsumed(versioned):
    made = Made(versioned=versioned)
    made.drop()
    check(made.frees == 1, f"freed {made.frees} times")


@both
def a_capsule_without_destructor(versioned):
    taken(Made(versioned=versioned, destructor=False), np.arange(6.0).reshape(2, 3))


@both
def a_refused_capsule_without_destructor_is_its_owners(versioned):
    made = Made(versioned=versioned, destructor=False, ndim=-1)
    error_of(lambda: scirs2.from_dlpack(made.capsule), BufferError)
    made.drop()
    check(made.frees == 0, "freed what was not taken")


@case
def capsules_of_other_names():
    names = [b"", b"DLTENSOR", b"dltensor ", b"dltensor_versioned2", b"dltensor_versione"]
    names += [b"arrow_array", b"\xff\xfe", b"used", b"x" * 10_000]
    for name in names:
        made = Made(name=name)
        error_of(lambda made=made: scirs2.from_dlpack(made.capsule), (TypeError, BufferError))
        check(made.frees == 0, "freed what was not taken")
        made.drop()
        check(made.frees == 1, f"freed {made.frees} times")


@case
def a_capsule_without_name():
    new = capsule._api("PyCapsule_New", ctypes.py_object, *[ctypes.c_void_p] * 3)
    nameless = new(ctypes.addressof(Made().managed), None, None)
    error_of(lambda: scirs2.from_dlpack(nameless), (TypeError, BufferError))


@both
def renamed_by_somebody_else(versioned):
    made = Made(versioned=versioned)
    form = made.name
    made.rename(b"used_" + form.encode())
    error_of(lambda: scirs2.from_dlpack(made.capsule), BufferError)
    check(made.frees == 0, "freed what was not taken")


@both
def kept_by_a_slice_after_all_else_is_gone(versioned):
    made = Made(versioned=versioned)
    view = scirs2.from_dlpack(made.capsule).T[1:, 1]
    expected = made.array.T[1:, 1].copy()
    made.drop()
    gc.collect()
    check(made.frees == 0, "freed under a view")
    np.testing.assert_array_equal(view, expected)
    del view
    check(made.frees == 1, f"freed {made.frees} times")


@both
def the_owner_is_deleted_first(versioned):
    made = Made(versioned=versioned)
    producer = Producer(lambda **_: made.capsule)
    array = scirs2.from_dlpack(producer)
    expected = made.array.copy()
    del producer
    made.drop()
    gc.collect()
    np.testing.assert_array_equal(array, expected)
    del array
    check(made.frees == 1, f"freed {made.frees} times")


@both
def a_deleter_that_calls_us_back(versioned):
    results = []

    def on_free():
        results.append(scirs2.norm(scirs2.from_dlpack(Made().capsule)))

    made = Made(versioned=versioned, on_free=on_free)
    array = scirs2.from_dlpack(made.capsule)
    del array
    check(made.frees == 1, f"freed {made.frees} times")
    check(results == [np.sqrt(55.0)], results)


@both
def the_last_reference_dies_in_another_thread(versioned):
    made = Made(versioned=versioned)
    box = [scirs2.from_dlpack(made.capsule)]
    made.drop()
    thread = threading.Thread(target=box.clear)
    thread.start()
    thread.join()
    check(made.frees == 1, f"freed {made.frees} times")


@both
def two_threads_race_for_one_capsule(versioned):
    sys.setswitchinterval(1e-6)
    for _ in range(300):
        made = Made(versioned=versioned)
        start = threading.Barrier(3)
        arrays, errors = [], []

        def race(made=made, start=start, arrays=arrays, errors=errors):
            taking = made.capsule
            start.wait()
            try:
                arrays.append(scirs2.from_dlpack(taking))
            except BufferError as error:
                errors.append(error)

        threads = [threading.Thread(target=race) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check((len(arrays), len(errors)) == (1, 2), (arrays, errors))
        np.testing.assert_array_equal(arrays[0], made.array)
        check(made.frees == 0, "freed under the array")
        arrays.clear()
        check(made.frees == 1, f"freed {made.frees} times")


@both
def a_write_after_a_refusal_to_be_written(versioned):
    made = Made(versioned=versioned, flags=READ_ONLY) if versioned else Made(versioned=False)
    array = scirs2.from_dlpack(made.capsule)
    error_of(lambda: array.__setitem__((0, 0), 1.0), ValueError)
    check(made.array[0, 0] == 0.0, made.array)


# Our own capsules.


@case
def our_capsules_in_any_order():
    for form in (None, (1, 0)):
        array = np.arange(4.0)
        first = scirs2.to_dlpack(array, max_version=form)
        second = scirs2.to_dlpack(array, max_version=form)
        a = scirs2.from_dlpack(first)
        error_of(lambda first=first: scirs2.from_dlpack(first), BufferError)
        del array, first
        b = scirs2.from_dlpack(second)
        del a, second
        again = scirs2.from_dlpack(scirs2.to_dlpack(b, max_version=form))
        del b
        gc.collect()
        np.testing.assert_array_equal(again, np.arange(4.0))


@case
def our_capsule_whose_deleter_runs_in_another_thread():
    for form in (None, (1, 0)):
        taken_over = scirs2.to_dlpack(np.arange(4.0), max_version=form)
        finish = capsule.consume(taken_over)
        del taken_over
        thread = threading.Thread(target=finish)
        thread.start()
        thread.join()


@case
def our_capsule_altered_by_its_holder():
    # The struct is ours, but what it says came through foreign hands.
    taken_over = scirs2.to_dlpack(np.arange(4.0), max_version=(1, 0))
    pointer = capsule._get_pointer(id(taken_over), b"dltensor_versioned")
    tensor = capsule.Versioned.from_address(pointer).tensor
    tensor.ndim = -1
    error_of(lambda: scirs2.from_dlpack(taken_over), BufferError)
    tensor.ndim = 1
    np.testing.assert_array_equal(scirs2.from_dlpack(taken_over), np.arange(4.0))


@case
def an_export_does_not_follow_a_freed_shape():
    array = np.arange(6.0)
    exported = scirs2.to_dlpack(array)
    array.shape = (3, 2)
    del array
    gc.collect()
    fields = describe(exported)
    check((fields.shape, fields.strides) == ((6,), (1,)), fields)


# Producers.


@both
def managed_memory_that_nobody_synchronized(versioned):
    def make():
        return Made(np.arange(3.0), device=(capsule.CUDA_MANAGED, 0), versioned=versioned)

    refused(make(), "kernel", 'device="cpu"', kind=scirs2.GPUTensorError)
    # A capsule cannot be asked.
    refused(make(), "kernel", kind=scirs2.GPUTensorError, device="cpu")
    # Nor one that does not know the keyword, or says that it is on the host.
    made = make()

    class Old:
        def __dlpack_device__(self):
            return (capsule.CUDA_MANAGED, 0)

        def __dlpack__(self, stream=None):
            return made.capsule

    refused(made, "kernel", kind=scirs2.GPUTensorError, through=Old(), device="cpu")
    made = make()
    liar = Producer(lambda **_: made.capsule, device=(1, 0))
    refused(made, "kernel", kind=scirs2.GPUTensorError, through=liar, device="cpu")


@both
def managed_memory_that_its_producer_synchronized(versioned):
    made = Made(np.arange(3.0), device=(capsule.CUDA_MANAGED, 0), versioned=versioned)
    producer = Producer(lambda **_: made.capsule, device=(capsule.CUDA_MANAGED, 0))
    error_of(lambda: scirs2.from_dlpack(producer), scirs2.GPUTensorError)
    array = scirs2.from_dlpack(producer, device="cpu")
    check(array.ctypes.data == made.array.ctypes.data, "a copy")
    check(producer.asked[-1] == {"max_version": (1, 3), "dl_device": (1, 0)}, producer.asked)


@case
def a_producer_that_lies_about_its_device():
    # It says the host and hands out device memory: the capsule is believed.
    for versioned in (False, True):
        made = Made(device=(capsule.CUDA, 0), data=0x1000, versioned=versioned)
        liar = Producer(lambda made=made, **_: made.capsule, device=(1, 0))
        refused(made, "cpu", kind=scirs2.GPUTensorError, through=liar)


@case
def a_producer_that_lies_about_a_copy_to_the_host():
    made = Made(device=(capsule.CUDA, 0), data=0x1000)
    liar = Producer(lambda **_: made.capsule, device=(1, 0))
    refused(made, kind=scirs2.GPUTensorError, through=liar, device="cpu")


@case
def a_producer_whose_device_method_fails():
    made = Made()

    class Failing(Producer):
        def __dlpack_device__(self):
            raise RuntimeError("no device today")

    try:
        array = scirs2.from_dlpack(Failing(lambda **_: made.capsule))
    except RuntimeError:
        return
    np.testing.assert_array_equal(array, made.array)


@case
def producers_of_nonsense():
    for answer in (None, 0, 42, "dltensor", b"", object(), [], np.arange(3.0), Made):
        producer = Producer(lambda answer=answer, **_: answer)
        error_of(lambda p=producer: scirs2.from_dlpack(p), (TypeError, BufferError))


@case
def a_producer_of_another_capsule():
    made = Made(name=b"arrow_array")
    producer = Producer(lambda **_: made.capsule)
    error = error_of(lambda: scirs2.from_dlpack(producer), (TypeError, BufferError))
    check("arrow_array" in str(error), error)
    made.drop()
    check(made.frees == 1, f"freed {made.frees} times")


@both
def a_producer_of_a_used_capsule(versioned):
    made = Made(versioned=versioned)
    producer = Producer(lambda **_: made.capsule)
    first = scirs2.from_dlpack(producer)
    error = error_of(lambda: scirs2.from_dlpack(producer), BufferError)
    check(made.name in str(error), error)
    np.testing.assert_array_equal(first, made.array)
    del first
    check(made.frees == 1, f"freed {made.frees} times")


@both
def a_producer_that_uses_its_capsule_first(versioned):
    made = Made(versioned=versioned)
    stolen = []

    def answer(**_):
        stolen.append(scirs2.from_dlpack(made.capsule))
        return made.capsule

    error_of(lambda: scirs2.from_dlpack(OldProducer(answer)), BufferError)
    np.testing.assert_array_equal(stolen[0], made.array)
    stolen.clear()
    check(made.frees == 1, f"freed {made.frees} times")


@case
def producers_that_raise():
    class Custom(BaseException):
        pass

    for error in (KeyboardInterrupt(), SystemExit(3), RuntimeError(), GeneratorExit(), Custom()):

        def answer(error=error, **_):
            raise error

        raised = error_of(
            lambda p=Producer(answer): scirs2.from_dlpack(p),  # noqa: B008
            type(error),
        )
        check(raised is error, raised)


@case
def a_producer_that_raises_after_making_a_tensor():
    made = Made()

    def answer(**keywords):
        made.kept = made.capsule
        raise RuntimeError("after the tensor was made")

    error_of(lambda: scirs2.from_dlpack(Producer(answer)), RuntimeError)
    check(made.frees == 0, "freed what was never handed out")


@case
def a_producer_that_recurses():
    producer = Producer(lambda **_: scirs2.from_dlpack(producer))
    error_of(lambda: scirs2.from_dlpack(producer), RecursionError)


@case
def a_producer_without_a_method():
    class Number:
        __dlpack__ = 5

    class Property:
        @property
        def __dlpack__(self):
            raise RuntimeError("no attribute today")

    class Nothing:
        __dlpack__ = None

    error_of(lambda: scirs2.from_dlpack(Number()), TypeError)
    error_of(lambda: scirs2.from_dlpack(Nothing()), TypeError)
    error_of(lambda: scirs2.from_dlpack(Property()), RuntimeError)
    # The class itself: its method lacks a `self`.
    error_of(lambda: scirs2.from_dlpack(np.ndarray), TypeError)


@case
def a_producer_that_frees_itself_while_asked():
    box = []

    class Fleeting:
        def __dlpack__(self, **_):
            box.clear()
            gc.collect()
            return scirs2.to_dlpack(np.arange(3.0))

    box.append(Fleeting())
    np.testing.assert_array_equal(scirs2.from_dlpack(box[0]), np.arange(3.0))


@case
def a_refused_tensor_of_a_producer_is_freed_with_its_capsule():
    freed = []

    def answer(**_):
        # Nobody but the caller holds this capsule.
        made = Made(ndim=-1, on_free=lambda: freed.append(1))
        handed = made.capsule
        made.drop()
        return handed

    for count in range(1, 4):
        error_of(lambda: scirs2.from_dlpack(Producer(answer)), BufferError)
        gc.collect()
        check(len(freed) == count, freed)


@both
def norm_of_a_hostile_tensor(versioned):
    # The same checks guard every door.
    for fields in ({"ndim": -1}, {"data": None}, {"shape": (2, -3)}, {"lanes": 2}):
        made = Made(versioned=versioned, **fields)
        producer = Producer(lambda made=made, **_: made.capsule)
        error_of(lambda p=producer: scirs2.norm(p), BufferError)
        check(made.frees == 0, "freed what was not taken")
        made.drop()
        check(made.frees == 1, f"freed {made.frees} times")


# The C exchange API of a type.


class Tabled(Producer):
    """Notes whether its `__dlpack__` is asked; a subclass bears the table."""


def type_with(table, base=Tabled, **more):
    return type("Offering", (base,), {"__dlpack_c_exchange_api__": table, **more})


def asked_for_a_capsule(kind):
    """Objects of the type are asked by their `__dlpack__`, and nothing else happens."""
    made = Made()
    x = kind(lambda **_: made.capsule)
    array = scirs2.from_dlpack(x)
    check(x.asked == [{"max_version": (1, 3)}], x.asked)
    np.testing.assert_array_equal(array, made.array)
    made.drop()
    check(made.frees == 0, "freed under the array")
    del array
    check(made.frees == 1, f"freed {made.frees} times")


def asked_by_table(kind, made, **options):
    """Objects of the type are asked by the table, which gives `made`."""
    x = kind(None)
    array = scirs2.from_dlpack(x, **options)
    check(x.asked == [], x.asked)
    np.testing.assert_array_equal(array, made.array)
    copied = options.get("copy") is True
    check(np.shares_memory(array, made.array) != copied, "not the same memory")
    check(made.frees == copied, f"freed {made.frees} times under the array")
    view = array[1:].T
    del array, x
    gc.collect()
    np.testing.assert_array_equal(view, made.array[1:].T)
    check(made.frees == copied, f"freed {made.frees} times under a view")
    del view
    check(made.frees == 1, f"freed {made.frees} times")


def handed(**fields):
    """A tensor that only a table hands out."""
    return Made(destructor=False, **fields)


@case
def a_table_is_used_and_no_method_asked():
    for options in ({}, {"copy": False}, {"copy": True}, {"writeable": False}):
        made = handed()
        kind = type_with(Table(lambda _, made=made: made.address).capsule())
        asked_by_table(kind, made, **options)


@case
def a_table_gets_the_object_itself():
    seen = []
    made = handed()

    def export(address):
        seen.append(address)
        return made.address

    x = type_with(Table(export).capsule())(None)
    scirs2.from_dlpack(x)
    check(seen == [id(x)], seen)


@case
def a_table_speaks_for_the_flags():
    made = handed(flags=READ_ONLY)
    kind = type_with(Table(lambda _: made.address).capsule())
    array = scirs2.from_dlpack(kind(None))
    check(not array.flags.writeable, "writeable")
    del array
    check(made.frees == 1, f"freed {made.frees} times")
    made = handed(flags=READ_ONLY)
    error_of(lambda: scirs2.from_dlpack(kind(None), writeable=True), BufferError)
    check(made.frees == 1, f"freed {made.frees} times")


@case
def a_table_cannot_move_a_tensor_to_the_host():
    made = Made()
    kind = type_with(Table(lambda _: 1 / 0).capsule())
    x = kind(lambda **_: made.capsule, device=(capsule.CUDA, 0))
    np.testing.assert_array_equal(scirs2.from_dlpack(x, device="cpu"), made.array)
    check(x.asked == [{"max_version": (1, 3), "dl_device": (1, 0)}], x.asked)


@case
def capsules_of_other_names_are_no_tables():
    table = Table(lambda _: 1 / 0)
    names = [b"", b"dlpack_exchange_api2", b"dlpack_exchange_ap", b"DLPACK_EXCHANGE_API"]
    for name in (*names, b"used_dlpack_exchange_api", b"dltensor", b"dltensor_versioned"):
        asked_for_a_capsule(type_with(table.capsule(name)))


@case
def what_is_no_capsule_is_no_table():
    table = Table(lambda _: 1 / 0)
    # An address is what tvm-ffi takes.
    offered = table.capsule()
    address = capsule._get_pointer(id(offered), b"dlpack_exchange_api")
    for thing in (address, 0, -1, None, "dlpack_exchange_api", b"", object(), Made, property()):
        asked_for_a_capsule(type_with(thing))


@case
def a_table_without_the_function():
    asked_for_a_capsule(type_with(Table(None).capsule()))


@case
def a_table_that_is_not_aligned():
    table = Table(lambda _: 1 / 0)
    for shift in (1, 4, 7):
        asked_for_a_capsule(type_with(table.capsule(shift=shift)))


@case
def tables_of_other_major_versions():
    for version in ((0, 0), (0, 9), (2, 0), (99, 3), (2**32 - 1, 0)):
        asked_for_a_capsule(type_with(Table(lambda _: 1 / 0, version=version).capsule()))


@case
def tables_of_other_minor_versions():
    for minor in (0, 3, 4, 2**32 - 1):
        made = handed()
        table = Table(lambda _, made=made: made.address, version=(1, minor))
        asked_by_table(type_with(table.capsule()), made)


@case
def an_older_table_behind_newer_ones():
    for newer in (1, 2, 5):
        made = handed()
        table = Table(lambda _, made=made: made.address)
        for major in range(2, 2 + newer):
            table = Table(lambda _: 1 / 0, version=(major, 0), previous=table)
        asked_by_table(type_with(table.capsule()), made)


@case
def tables_in_a_ring():
    alone = Table(lambda _: 1 / 0, version=(2, 0))
    alone.previous = ctypes.addressof(alone)
    first = Table(lambda _: 1 / 0, version=(2, 0))
    first.previous = ctypes.addressof(Table(lambda _: 1 / 0, version=(3, 0), previous=first))
    for table in (alone, first):
        asked_for_a_capsule(type_with(table.capsule()))


@case
def a_chain_of_a_thousand_tables():
    table = Table(lambda _: 1 / 0)
    for _ in range(1000):
        table = Table(lambda _: 1 / 0, version=(2, 0), previous=table)
    asked_for_a_capsule(type_with(table.capsule()))


@case
def a_chain_that_ends_off_alignment():
    table = Table(lambda _: 1 / 0, version=(2, 0))
    table.previous = ctypes.addressof(table) + 3
    asked_for_a_capsule(type_with(table.capsule()))


def c_function(name):
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value


@case
def a_table_that_fails_without_an_error():
    asked_for_a_capsule(type_with(Table(lambda _: None).capsule()))


@case
def a_table_that_fails_with_an_error():
    # Of what is no buffer it answers -1 and a TypeError.
    kind = type_with(Table(c_function("PyObject_GetBuffer")).capsule())
    asked_for_a_capsule(kind)
    # The method's own error counts then, and not the table's.
    error = error_of(lambda: scirs2.from_dlpack(kind(Failing("the method's"))), RuntimeError)
    check("the method's" in str(error), error)


class Failing:
    def __init__(self, *arguments, kind=RuntimeError):
        self.error = kind(*arguments)

    def __call__(self, **_):
        raise self.error


@case
def a_table_whose_error_is_no_answer():
    # It answers -1 with what `__bool__` raises. Ctrl-C is for the program and not for us.
    def interrupted(self):
        raise KeyboardInterrupt("now")

    made = Made()
    table = Table(c_function("PyObject_IsTrue")).capsule()
    x = type_with(table, __bool__=interrupted)(lambda **_: made.capsule)
    error_of(lambda: scirs2.from_dlpack(x), KeyboardInterrupt)


@case
def a_table_that_succeeds_with_nothing():
    # The answer 0 without a tensor, and 1 without one.
    table = Table(c_function("PyObject_IsTrue")).capsule()
    for truth in (False, True):
        asked_for_a_capsule(type_with(table, __bool__=lambda _, truth=truth: truth))
    asked_for_a_capsule(type_with(Table(lambda _: 0).capsule()))


@case
def a_table_and_a_method_that_both_fail():
    kind = type_with(Table(lambda _: None).capsule())
    error_of(lambda: scirs2.from_dlpack(kind(Failing())), RuntimeError)
    error_of(lambda: scirs2.from_dlpack(kind(Failing(kind=KeyboardInterrupt))), KeyboardInterrupt)


@case
def a_table_without_a_method_that_fails():
    bare = type_with(Table(lambda _: None).capsule(), object)
    error_of(lambda: scirs2.from_dlpack(bare()), (AttributeError, BufferError))


@case
def a_table_without_a_method():
    made = handed()
    bare = type_with(Table(lambda _: made.address).capsule(), object)
    np.testing.assert_array_equal(scirs2.from_dlpack(bare()), made.array)
    check(made.frees == 1, f"freed {made.frees} times")


def refused_by_table(fields, words, kind=BufferError, **options):
    """The tensor of a table has nobody but us: refused, it is freed at once."""
    for call in (lambda x: scirs2.from_dlpack(x, **options), scirs2.norm):
        made = handed(**fields)
        x = type_with(Table(lambda _, made=made: made.address).capsule())(None)
        message = str(error_of(lambda call=call, x=x: call(x), kind))
        for word in words:
            check(str(word) in message, f"{word!r} is not in {message!r}")
        expected = 1 if made.managed.deleter else 0
        check(made.frees == expected, f"freed {made.frees} times")


for _name, (_fields, _words) in REFUSED_FIELDS.items():
    CASES[f"{_name}, by a table"] = lambda fields=_fields, words=_words: refused_by_table(
        fields, words
    )

for _major in (0, 2, 2**32 - 1):
    CASES[f"version {_major}.0, by a table"] = lambda major=_major: refused_by_table(
        {"version": (major, 0), "shape": None, "ndim": -5}, ["version", major]
    )

# Device memory, and memory that a kernel may still be writing.
for _code, _device in {**DEVICES, capsule.CUDA_MANAGED: "CUDA managed"}.items():
    CASES[f"memory of {_device}, by a table"] = lambda code=_code: refused_by_table(
        {"device": (code, 0), "data": 0x1000}, ["cpu"], kind=scirs2.GPUTensorError
    )


@case
def a_null_deleter_by_a_table():
    made = handed(deleter=False)
    kind = type_with(Table(lambda _: made.address).capsule())
    np.testing.assert_array_equal(scirs2.from_dlpack(kind(None)), made.array)
    refused_by_table({"deleter": False, "ndim": -1}, ["ndim"])


@case
def packed_elements_by_a_table():
    def make():
        memory = np.array([0x21, 0x43, 0x65], np.uint8)
        return handed(array=memory, code=1, bits=4, shape=(6,), strides=(1,))

    made = make()
    kind = type_with(Table(lambda _: made.address).capsule())
    array = scirs2.from_dlpack(kind(None))
    check(array.view(np.uint8).tolist() == [1, 2, 3, 4, 5, 6], array)
    check(made.frees == 1, f"freed {made.frees} times")
    made = make()
    error_of(lambda: scirs2.from_dlpack(kind(None), copy=False), BufferError)
    check(made.frees == 1, f"freed {made.frees} times")


@case
def a_copy_by_a_table_where_none_is_allowed():
    made = handed(flags=capsule.IS_COPIED)
    kind = type_with(Table(lambda _: made.address).capsule())
    error_of(lambda: scirs2.from_dlpack(kind(None), copy=False), BufferError)
    check(made.frees == 1, f"freed {made.frees} times")


@case
def a_table_of_a_base_class():
    made = handed()
    offering = type_with(Table(lambda _: made.address).capsule())
    plain = type("Plain", (offering,), {})
    asked_by_table(type("Plainer", (plain,), {}), made)


@case
def a_subclass_with_a_method_of_its_own_is_asked():
    offering = type_with(Table(lambda _: 1 / 0).capsule())
    overriding = type("Own", (offering,), {"__dlpack__": Producer.__dlpack__})
    asked_for_a_capsule(overriding)
    asked_for_a_capsule(type("Inheriting", (overriding,), {}))
    # A mixin that comes first speaks first.
    mixin = type("Mixin", (), {"__dlpack__": Producer.__dlpack__})
    asked_for_a_capsule(type("Mixed", (mixin, offering), {}))


@case
def a_subclass_with_a_table_of_its_own_is_asked_by_it():
    made = handed()
    offering = type_with(Table(lambda _: 1 / 0).capsule())
    overriding = type("Own", (offering,), {"__dlpack__": Producer.__dlpack__})
    own = Table(lambda _: made.address).capsule()
    asked_by_table(type_with(own, overriding), made)
    # One that takes the table back is asked by its method.
    asked_for_a_capsule(type_with(None, type_with(own)))


@case
def a_table_on_an_object_or_a_metaclass_is_none():
    table = Table(lambda _: 1 / 0).capsule()
    made = Made()
    x = Tabled(lambda **_: made.capsule)
    x.__dlpack_c_exchange_api__ = table
    np.testing.assert_array_equal(scirs2.from_dlpack(x), made.array)
    check(len(x.asked) == 1, x.asked)
    meta = type("Meta", (type,), {"__dlpack_c_exchange_api__": table})
    asked_for_a_capsule(meta("Made", (Tabled,), {}))


@case
def a_class_that_cannot_be_looked_at():
    def closed(cls, name):
        raise RuntimeError(f"no {name} today")

    liars = [{"__getattribute__": closed}]
    for name in ("__mro__", "__dict__", "__module__"):
        lies = (None, 5, (), (5,), (None, object), {}, "type")
        liars += [{name: property(lambda _, lie=lie: lie)} for lie in lies]
        liars.append({name: property(lambda cls, name=name: closed(cls, name))})
    for members in liars:
        kind = type("Meta", (type,), members)("Liar", (Producer,), {})
        x = kind(lambda **_: scirs2.to_dlpack(np.arange(3.0)))
        try:
            array = scirs2.from_dlpack(x)
        except (RuntimeError, TypeError, AttributeError, BufferError):
            pass
        else:
            np.testing.assert_array_equal(array, np.arange(3.0))
        try:
            norm = scirs2.norm(x, 1)
        except (RuntimeError, TypeError, AttributeError, BufferError):
            continue
        check(norm == 3.0, norm)


@case
def more_types_than_anybody_remembers():
    # Old types are forgotten and their addresses taken by new ones.
    made = {}
    table = Table(lambda thing: made[thing].address).capsule()
    for turn in range(400):
        if turn % 3:
            asked_for_a_capsule(type("Without", (Tabled,), {}))
            continue
        x = type_with(table)(None)
        made[id(x)] = handed()
        np.testing.assert_array_equal(scirs2.from_dlpack(x), made[id(x)].array)
        check(x.asked == [], x.asked)
        check(made[id(x)].frees == 1, "not freed once")


@case
def a_table_that_comes_back_to_us():
    # While it is asked it takes a tensor of a type that was never seen.
    made = handed()

    def export(_):
        asked_for_a_capsule(type("New", (Tabled,), {}))
        return made.address

    asked_by_table(type_with(Table(export).capsule()), made)


@case
def a_table_that_is_asked_by_many_threads():
    sys.setswitchinterval(1e-6)
    failures = []

    def work():
        try:
            for _ in range(40):
                made = handed()
                table = Table(lambda _, made=made: made.address).capsule()
                asked_by_table(type_with(table), made)
                asked_for_a_capsule(type("Without", (Tabled,), {}))
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not failures, failures)


# What we export to those who want an object.


@case
def an_exporter_that_is_none():
    for x in ([1.0], 3.0, None, memoryview(b"ab"), scirs2.to_dlpack(np.ones(2))):
        error_of(lambda x=x: scirs2.DLPackExporter(x), TypeError)
    error_of(scirs2.DLPackExporter, TypeError)
    blank = error_of(lambda: scirs2.DLPackExporter.__new__(scirs2.DLPackExporter), TypeError)
    check("array" in str(blank), blank)
    error_of(lambda: type("Sub", (scirs2.DLPackExporter,), {}), TypeError)


@case
def an_exporter_whose_array_changes_its_shape():
    array = np.arange(6.0)
    exporter = scirs2.DLPackExporter(array)
    taken_before = scirs2.from_dlpack(exporter)
    array.shape = (2, 3)
    check(taken_before.shape == (6,), taken_before.shape)
    check(scirs2.from_dlpack(exporter).shape == (2, 3), "not the array as it is")


@case
def a_read_only_array_never_becomes_writeable():
    # The legacy form cannot say it, and its consumer may be ourselves.
    content = b"immutable"
    array = np.frombuffer(content, np.uint8)
    for form in (None, (0, 8), (1, 0), (1, 3)):
        again = scirs2.from_dlpack(scirs2.DLPackExporter(array).__dlpack__(max_version=form))
        check(again.ctypes.data == array.ctypes.data, "a copy")
        check(not again.flags.writeable, f"writeable with max_version={form}")


# Operands that Python code of the same call changes: by how, and by whose code.


def shrink(array):
    """Give the memory back: a page of it read later is no memory."""
    array.resize((1, 1), refcheck=False)


def replace(array):
    array.__setstate__((1, (1, 1), array.dtype, False, bytes(array.itemsize)))


CHANGES = {"shrunk": shrink, "replaced": replace}


class Meanwhile:
    """What becomes an array, an index, a number or a sequence, and first runs something."""

    def __init__(self, value, run):
        self.value = value
        self.run = run

    def answer(self, *_, **__):
        self.run()
        return self.value


class MeanwhileArray(Meanwhile):
    __array__ = Meanwhile.answer


class MeanwhileTensor(Meanwhile):
    def __dlpack__(self, **keywords):
        self.run()
        return self.value.__dlpack__(**keywords)


class MeanwhileIndex(Meanwhile):
    __index__ = Meanwhile.answer


class MeanwhileAxes(Meanwhile):
    def __iter__(self):
        self.run()
        return iter(self.value)


def subclass(array, name, attribute):
    return array.view(type("Sub", (np.ndarray,), {name: attribute}))


def wrapping(array, run):
    """An array that asks first before it says how it wraps."""

    def getter(self):
        run()
        raise AttributeError

    return subclass(array, "__array_wrap__", property(getter))


def converting(array, run):
    """An array of integers with an `astype` of its own."""

    def astype(self, dtype):
        run()
        return np.asarray(self).astype(dtype)

    return subclass(array.astype("int32"), "astype", astype)


N = 512
# The first operand is `a`; `run` changes it. Each: what the function says then.
CHANGED = {
    "the second is an array": lambda a, b, run: linalg.solve(a, MeanwhileArray(b, run)),
    "the second is a tensor": lambda a, b, run: linalg.matmul(a, MeanwhileTensor(b, run)),
    "the last of three": lambda a, b, run: linalg.multi_dot([a, b, MeanwhileArray(b, run)]),
    "operands of einsum": lambda a, b, run: scirs2.einsum("ij,jk", a, MeanwhileArray(b, run)),
    "the second is wrapped": lambda a, b, run: linalg.matmul(a, wrapping(b, run)),
    "the second is converted": lambda a, b, run: linalg.solve(a, converting(b, run)),
    "the result's place": lambda a, b, run: linalg.matmul(
        a, b, out=MeanwhileTensor(np.empty((N, N)), run)
    ),
    "pivots": lambda a, b, run: linalg.lu_solve(
        (a, MeanwhileArray(np.arange(N, dtype="int32"), run)), b
    ),
    "a tolerance": lambda a, b, run: linalg.pinv(a, MeanwhileArray(np.array(0.5), run)),
    "a number of axes": lambda a, b, run: linalg.tensordot(a, b, MeanwhileIndex(1, run)),
    "axes": lambda a, b, run: linalg.tensorsolve(a, b[0], MeanwhileAxes((0,), run)),
}
# What is taken after the others is taken as it is then.
TAKEN_LAST = {
    "a power": (lambda a, run: linalg.matrix_power(a, MeanwhileIndex(2, run)), (1, 1)),
    "an axis": (lambda a, run: linalg.vector_norm(a, axis=MeanwhileIndex(1, run)), (1,)),
    "axis of norm": (lambda a, run: scirs2.norm(a, axis=MeanwhileIndex(1, run)), (1,)),
    "a tolerance of ranks": (
        lambda a, run: linalg.matrix_rank(a, MeanwhileArray(np.array(0.5), run)),
        (),
    ),
}


def changed(call, change):
    a, b = np.eye(N), np.eye(N)
    error = error_of(lambda: call(a, b, lambda: change(a)), RuntimeError)
    check(a.shape == (1, 1), "nothing was changed")
    check("changed" in str(error), error)
    # The others are as they were.
    check((b == np.eye(N)).all(), "another operand")


def taken_last(call, change, shape):
    a = np.eye(N)
    result = call(a, lambda: change(a))
    check(a.shape == (1, 1), "nothing was changed")
    check(np.shape(result) == shape, f"the shape {np.shape(result)}")


for _way, _change in CHANGES.items():
    for _whose, _call in CHANGED.items():
        CASES[f"an operand {_way}, by {_whose}"] = lambda call=_call, change=_change: changed(
            call, change
        )
    for _whose, (_call, _shape) in TAKEN_LAST.items():
        CASES[f"an operand {_way}, by {_whose}"] = lambda call=_call, change=_change, shape=_shape: (
            taken_last(call, change, shape)
        )


@case
def an_operand_of_another_shape_meanwhile():
    a = np.ones((6, 4))

    def run():
        a.shape = (4, 6)

    error = error_of(lambda: linalg.matmul(a, MeanwhileArray(np.ones((4, 3)), run)), RuntimeError)
    check("matmul: x1: " in str(error), error)


@case
def a_dtype_that_must_not_be_asked_for_a_capsule():
    # As TensorFlow's, whose process would end.
    for name in ("string", "resource", "variant"):
        kind = type("DType", (), {"__module__": "tensorflow.python.framework.dtypes"})
        dtype = kind()
        dtype.name = name
        producer = Producer(lambda **_: Made().capsule)
        producer.dtype = dtype
        for function in (scirs2.from_dlpack, scirs2.norm, linalg.inv):
            error = error_of(lambda f=function, p=producer: f(p), BufferError)
            check(name in str(error), error)
        check(producer.asked == [], "it was asked")


@case
def dtypes_that_say_nothing():
    def failing(self):
        raise ValueError("no dtype today")

    for dtype in (None, "string", object(), np.dtype("f4"), property(failing)):
        made = Made()
        kind = type("Typed", (Producer,), {"dtype": dtype})
        array = scirs2.from_dlpack(kind(lambda made=made, **_: made.capsule))
        np.testing.assert_array_equal(array, made.array)

    def interrupted(self):
        raise KeyboardInterrupt

    kind = type("Slow", (Producer,), {"dtype": property(interrupted)})
    error_of(lambda: scirs2.from_dlpack(kind(lambda **_: Made().capsule)), KeyboardInterrupt)


# A crash on purpose: it proves that the net around the cases holds.
CRASH = {"a crash": lambda: ctypes.string_at(0)}


def main():
    cases = CASES | CRASH
    for name in json.load(sys.stdin):
        print(json.dumps(["begin", name]), flush=True)
        try:
            cases[name]()
        except BaseException:  # noqa: BLE001 - the case may raise any of them
            outcome = traceback.format_exc()
        else:
            outcome = None
        print(json.dumps(["end", name, outcome]), flush=True)


if __name__ == "__main__":
    main()
