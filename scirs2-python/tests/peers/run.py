"""One library, both ways: prints what becomes of each case, as JSON.

Runs in a process of its own, so that a crash is one library's failure.
"""

import functools
import json
import sys

import scirs2
from cases import DTYPES, EXPORTER, IN, LAYOUTS, LEGACY, VERSIONED, filled, same
from libraries import BASE, LIBRARIES, start

NEWEST = (1, 3)
OFFERS = {
    LEGACY: scirs2.to_dlpack,
    VERSIONED: functools.partial(scirs2.to_dlpack, max_version=NEWEST),
    EXPORTER: scirs2.DLPackExporter,
}


def comes_in(library, tensor, expected):
    is_capsule = type(tensor).__name__ == "PyCapsule"
    address = start(tensor) if is_capsule else None
    array = scirs2.from_dlpack(tensor)
    if array.size and not is_capsule:
        # Asked while the array lives: nothing else can be where it is.
        address = library.address(tensor)
    verdict = "zero copy" if array.ctypes.data == address or not array.size else "copy"
    if expected is None or array.dtype != expected.dtype:
        verdict += f", as {array.dtype}"
    elif not same(array, expected):
        verdict = "WRONG BITS"
    return verdict if array.flags.writeable else f"{verdict}, read-only"


def goes_out(library, offer, array):
    tensor = library.take(offer(array))
    in_place = not array.size or library.address(tensor) == array.ctypes.data
    verdict = "zero copy" if in_place else "copy"
    name = library.dtype(tensor)
    if name != array.dtype.name:
        return f"{verdict}, as {name}"
    elements, _keeper = library.read(tensor, array)
    return verdict if same(elements, array) else "WRONG BITS"


def become(step, *arguments):
    try:
        return step(*arguments), ""
    except Exception as error:  # noqa: BLE001 - a library raises what it likes
        return "refused", f"{type(error).__name__}: {error}"


def offers(library):
    for way, offer in OFFERS.items():
        if way not in library.takes:
            yield way, "anything", offer, BASE
            continue
        for name in DTYPES:
            yield way, name, offer, filled(name)
        for name, of in LAYOUTS.items():
            yield way, name, offer, of(BASE)
        if way != EXPORTER:
            for name in ("negative stride", "read-only"):
                copy = functools.partial(offer, copy=True)
                yield way, f"{name} with copy=True", copy, LAYOUTS[name](BASE)


def run(library):
    for case, make, expected in library.tensors():
        yield IN, case, *become(comes_in, library, make(), expected)
    for way, case, offer, array in offers(library):
        yield way, case, *become(goes_out, library, offer, array)


if __name__ == "__main__":
    library = LIBRARIES[sys.argv[1]]()
    json.dump({"version": library.version(), "cases": list(run(library))}, sys.stdout)
