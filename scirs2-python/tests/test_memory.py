"""Nothing leaks: round trips by the hundred thousand leave the memory flat."""

import sys
import textwrap

import child
import pytest

TRIPS = 100_000

# What stays for good after a warm-up, in bytes a trip and in Python's own blocks.
MEASURE = """
    import gc, os, sys
    import numpy as np
    import scirs2

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def measure(trip):
        for _ in range(10_000):
            trip()
        gc.collect()
        bytes_before, blocks_before = resident(), sys.getallocatedblocks()
        for _ in range({trips}):
            trip()
        gc.collect()
        grown, blocks = resident() - bytes_before, sys.getallocatedblocks() - blocks_before
        # The smallest leak of a block a trip would be sixteen bytes a trip.
        assert grown < 8 * {trips}, f"{{grown}} bytes in {trips} trips"
        assert blocks < {trips} // 100, f"{{blocks}} blocks in {trips} trips"
"""

NUMPY = {
    "legacy": "scirs2.from_dlpack(scirs2.to_dlpack(array))",
    "versioned": "scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 0)))",
    "a NumPy array": "scirs2.from_dlpack(array)",
    "a copy in": "scirs2.from_dlpack(array, copy=True)",
    "a copy out": "scirs2.from_dlpack(scirs2.to_dlpack(array, copy=True))",
    "dropped": "scirs2.to_dlpack(array); scirs2.to_dlpack(array, max_version=(1, 0))",
    "used twice": """
        capsule = scirs2.to_dlpack(array)
        scirs2.from_dlpack(capsule)
        refused(lambda: scirs2.from_dlpack(capsule))
    """,
    "refused in": """
        refused(lambda: scirs2.from_dlpack(read_only, writeable=True))
        refused(lambda: scirs2.from_dlpack(capsule_read_only(), writeable=True))
    """,
    "refused out": """
        refused(lambda: scirs2.to_dlpack(read_only))
        refused(lambda: scirs2.to_dlpack(array[::-1]))
        refused(lambda: scirs2.to_dlpack(strings))
    """,
    "an exporter": """
        scirs2.from_dlpack(scirs2.DLPackExporter(array))
        np.from_dlpack(scirs2.DLPackExporter(array))
        scirs2.DLPackExporter(read_only).__dlpack__()
    """,
    "an exporter that copies, and one that may not": """
        scirs2.DLPackExporter(array[::-1]).__dlpack__()
        refused(lambda: scirs2.DLPackExporter(array[::-1]).__dlpack__(copy=False))
    """,
    "a dtype of ml_dtypes": """
        scirs2.from_dlpack(scirs2.to_dlpack(bfloat16))
        scirs2.from_dlpack(bfloat16)
        scirs2.from_dlpack(scirs2.to_dlpack(int4, max_version=(1, 3), copy=True))
        refused(lambda: scirs2.to_dlpack(int4))
    """,
    "norm of bfloat16": "scirs2.norm(bfloat16); scirs2.norm(bfloat16, axis=0)",
    "an old producer": "scirs2.from_dlpack(Old())",
    "a failing producer": "refused(lambda: scirs2.from_dlpack(Failing()))",
    "norm": "scirs2.norm(array); scirs2.norm(array, axis=0); scirs2.norm(array, 2)",
    "norm refused": "refused(lambda: scirs2.norm(array, 'none such'))",
}

TORCH = {
    "there and back": "scirs2.from_dlpack(torch.from_dlpack(scirs2.to_dlpack(array)))",
    "to torch, versioned": "torch.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 0)))",
    "from torch's capsules": """
        scirs2.from_dlpack(tensor.__dlpack__())
        scirs2.from_dlpack(tensor.__dlpack__(max_version=(1, 0)))
    """,
    "by its table": """
        scirs2.from_dlpack(tensor)
        scirs2.from_dlpack(tensor, copy=True)
        scirs2.from_dlpack(half)
    """,
    "through the exporter": "torch.from_dlpack(scirs2.DLPackExporter(bfloat16))",
    "refused by torch": """
        refused(lambda: scirs2.from_dlpack(sparse))
    """,
    "refused by us": """
        refused(lambda: scirs2.from_dlpack(trained))
        refused(lambda: scirs2.from_dlpack(conjugate, copy=False))
        refused(lambda: scirs2.from_dlpack(pairs))
    """,
    "resolved": """
        scirs2.from_dlpack(conjugate)
        scirs2.from_dlpack(conjugate.imag)
    """,
    "norm": "scirs2.norm(tensor, axis=1); scirs2.norm(half)",
}

TENSORS = """
    import torch

    tensor = torch.arange(6.0).reshape(2, 3)
    half = torch.ones(4, dtype=torch.bfloat16)
    trained = torch.ones(4, requires_grad=True)
    conjugate = torch.ones(4, dtype=torch.complex64).conj()
    pairs = torch.zeros(4, dtype=torch.float4_e2m1fn_x2)
    sparse = torch.eye(3).to_sparse()
"""

SETTING = """
    import ml_dtypes

    bfloat16 = np.ones((2, 3), ml_dtypes.bfloat16)
    int4 = np.ones((2, 3), ml_dtypes.int4)
    array = np.arange(6.0).reshape(2, 3)
    read_only = array.copy()
    read_only.flags.writeable = False
    strings = np.array(["a", "b"])

    class Old:
        def __dlpack__(self, stream=None):
            return array.__dlpack__()

    class Failing:
        def __dlpack__(self, **keywords):
            capsule = array.__dlpack__()
            raise BufferError("no")

    def capsule_read_only():
        return scirs2.to_dlpack(read_only, max_version=(1, 0))

    def refused(call):
        try:
            call()
        except (BufferError, ValueError):
            return
        raise AssertionError("it was taken")
"""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def program(cases, imports=""):
    lines = [textwrap.dedent(MEASURE.format(trips=TRIPS)), imports, textwrap.dedent(SETTING)]
    for name, body in cases.items():
        trip = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        lines.append(f"def trip():\n{trip}\nprint({name!r}, flush=True)\nmeasure(trip)")
    return "\n".join(lines)


@linux
@pytest.mark.parametrize("name", NUMPY)
def test_numpy_round_trips_leave_the_memory_flat(name):
    child.run(program({name: NUMPY[name]}))


@linux
def test_torch_round_trips_leave_the_memory_flat():
    # One child for all, because importing PyTorch takes the longest.
    child.run(program(TORCH, textwrap.dedent(TENSORS)))


@linux
def test_a_leak_is_seen():
    # The smallest there is: a kept float a trip.
    leak = program({"leak": "kept.append(len(kept) * 1.5)"}, "kept = []")
    with pytest.raises(AssertionError, match=r"bytes in|blocks in"):
        child.run(leak)
