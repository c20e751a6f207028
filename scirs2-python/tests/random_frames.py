"""Frames of XLA with random fields: a handler refuses them, or keeps to the memory they describe.

`make test` tries a few thousand, from fixed seeds; `python random_frames.py SECONDS SEED` tries
more. Pointers lead to what they claim, or they are NULL or misaligned: no code can tell otherwise.
"""

import ctypes
import math
import random
import sys
import time
from ctypes import c_int, c_int64, c_void_p
from itertools import count, takewhile

import numpy as np
from frames import HANDLERS, Call, Extension
from scirs2._elsewhere import rules

RULES = {rule.name: rule for rule in rules.RULES}
# Values without vectors.
SIGNATURES = {
    "eigvals": rules.Rule("eigvals", "(n,n)->C(n)", rules.not_called),
    "eigvalsh": rules.Rule("eigvalsh", "(n,n)->R(n)", rules.not_called),
    "svdvals": rules.Rule("svdvals", "(m,n)->R(k)", rules.not_called),
}
OPTIONS = {
    "cholesky": {"upper": False},
    "eigh": {"upper": True},
    "eigvalsh": {"upper": False},
    "fractional_matrix_power": {"t": 0.5},
    "lstsq": {"rcond": -1.0},
    "lu_solve": {"trans": 1},
    "matrix_rank": {"tol": float("nan"), "rtol": 1e-3, "hermitian": False},
    "pinv": {"rtol": 1e-3, "hermitian": False},
    "solve_triangular": {"trans": 0, "lower": True, "unit_diagonal": False},
    "vector_norm": {"ord": 2.0},
}
NAMES = sorted(name.removeprefix("scirs2_") for name in HANDLERS)
DTYPES = "fdFD"
# Bytes of each operand and result: four axes of four complex numbers, and more.
ROOM = 16 * 4**5
# A handler refuses more operands, results, axes and letters.
MOST = 64
# So many numbers have no addresses.
HUGE = 2**61
LENGTHS = [0, 1, 2, 3, 4, -1, HUGE, 2**63 - 1, -(2**63)]
INTEGERS = [0, 1, 2, 3, 5, 7, 64, 65, -1, 2**31 - 1, -(2**31)]


class Arena:
    """Memory of one operand or result, and what must be in it afterwards."""

    def __init__(self, rng, shape, dtype):
        self.bytes = np.zeros(ROOM + 64, np.uint8)
        start = -self.bytes.ctypes.data % 64
        memory = self.bytes[start : start + ROOM]
        memory[:] = np.frombuffer(rng.randbytes(ROOM), np.uint8)
        self.array = memory[: math.prod(shape) * np.dtype(dtype).itemsize].view(dtype)
        self.array = self.array.reshape(shape)
        self.before = self.bytes.copy()

    def fill(self, rng):
        """Write numbers, of which some are none."""
        if self.array.dtype.kind == "i":
            for place in range(self.array.size):
                self.array.flat[place] = rng.randrange(-1, 5)
        else:
            for place in range(self.array.size):
                self.array.flat[place] = rng.gauss()
            if self.array.size and rng.random() < 0.2:
                self.array.flat[0] = rng.choice([math.nan, math.inf, 0.0, 1e30])
        self.before = self.bytes.copy()

    def unchanged_from(self, size):
        """Whether all but the first bytes are what they were."""
        start = self.array.ctypes.data - self.bytes.ctypes.data
        same = self.bytes == self.before
        return bool(same[:start].all() and same[start + size :].all())


def right_call(rng, name):
    """A frame with nothing wrong, and its memory."""
    rule = RULES.get(name) or SIGNATURES[name]
    sizes = {axis: rng.randrange(5) for axis in ("m", "n", "p")}
    batch = tuple(rng.randrange(4) for _ in range(rng.randrange(3)))
    shapes = [(*batch, *(sizes[axis] for axis in axes)) for axes in rule.inputs]
    results = rule.shapes(shapes, np.broadcast_shapes)
    dtype = rng.choice(DTYPES)
    real = dtype.lower()
    kinds = {"": dtype, "R": real, "C": real.upper(), "I": "i", "L": "l"}
    operands = [Arena(rng, shape, dtype) for shape in shapes]
    if name == "lu_solve":
        operands[1] = Arena(rng, shapes[1], "i")
    for operand in operands:
        operand.fill(rng)
    outputs = [
        Arena(rng, shape, kinds[kind]) for shape, kind in zip(results, rule.kinds, strict=True)
    ]
    arrays = [one.array for one in operands], [one.array for one in outputs]
    return Call(name, *arrays, **OPTIONS.get(name, {})), operands, outputs


def integer(rng):
    if rng.random() < 0.2:
        return rng.randrange(-(2**63), 2**63)
    return rng.choice(INTEGERS)


def pointer(rng, address):
    """NULL, misaligned or as it was."""
    return rng.choice([None, address, address + 1, address + 4])


class Fields:
    """The arrays of a frame, made as long as any count that is not refused."""

    def __init__(self, call):
        frame, self.call = call.frame, call
        self.buffers = call.operands + call.results
        spare = ctypes.addressof(self.buffers[0])
        self.groups = [
            (group, longer(group, "types", c_int, 1), longer(group, "each", c_void_p, spare))
            for group in (frame.args, frame.rets)
        ]
        self.dims = [longer(one, "dims", c_int64, 1, one.rank) for one in self.buffers]
        self.kinds = longer(frame.attrs, "types", c_int, 3)
        self.values = longer(frame.attrs, "each", c_void_p, None)

    def change(self, rng):
        """Make one field wrong, or what happens to be right; return its name."""
        what = rng.choice(KINDS + ["attribute"] * (5 * bool(self.call.scalars)))
        getattr(self, what)(rng)
        return what

    def stage(self, rng):
        self.call.frame.stage = rng.choice([0, 1, 2, 4, -1])

    def extension(self, rng):
        extension = Extension(rng.choice([0, 23, 24, 32]), rng.choice([0, 2, -1]), None)
        self.call.kept.append(extension)
        self.call.frame.ext = ctypes.addressof(extension) + rng.choice([0, 1])

    def size(self, rng):
        frame = self.call.frame
        part = rng.choice([frame.args, frame.rets, frame.attrs, *self.buffers])
        part.size = rng.choice([0, 1, 39, 47, 48, 2**63])

    def count(self, rng):
        rng.choice(self.groups)[0].count = integer(rng)

    def array(self, rng):
        owner, name = rng.choice(
            [(group, name) for group, _, _ in self.groups for name in ("types", "each")]
            + [(buffer, "dims") for buffer in self.buffers]
            + [(self.call.frame.attrs, name) for name in ("types", "names", "each")]
        )
        kind = type(getattr(owner, name))
        setattr(owner, name, ctypes.cast(rng.choice([0, 4097]), kind))

    def type(self, rng):
        types = rng.choice(self.groups)[1]
        types[rng.randrange(4)] = rng.choice([0, 2, -1, 77])

    def each(self, rng):
        each = rng.choice(self.groups)[2]
        others = [None, 4097, *map(ctypes.addressof, self.buffers)]
        each[rng.randrange(4)] = rng.choice(others)

    def dtype(self, rng):
        rng.choice(self.buffers).dtype = rng.choice([0, 1, 4, 5, 10, 11, 12, 15, 18, -1, 99])

    def data(self, rng):
        rng.choice(self.buffers).data = pointer(rng, rng.choice(self.buffers).data or 0)

    def rank(self, rng):
        rng.choice(self.buffers).rank = integer(rng)

    def length(self, rng):
        rng.choice(self.dims)[rng.randrange(4)] = rng.choice(LENGTHS)

    def attribute(self, rng):
        call, attrs = self.call, self.call.frame.attrs
        place = rng.randrange(len(call.scalars))
        scalar, what = call.scalars[place], rng.randrange(6)
        if what == 0:
            attrs.count = rng.choice([0, -1, place, 65, -(2**63)])
        elif what == 1:
            self.kinds[place] = rng.choice([0, 1, 2, 4, -1])
        elif what == 2:
            self.values[place] = rng.choice([None, 4097])
        elif what == 3:
            scalar.dtype = rng.choice([0, 1, 4, 5, 12, -1])
        elif what == 4:
            scalar.value = pointer(rng, scalar.value or 0)
        else:
            text = rng.randbytes(MOST)
            call.kept.append(text)
            span = call.spans[place]
            span.start, span.len = text, abs(integer(rng))


KINDS = ["stage", "extension", "size", "count", "array", "type", "each"]
# These are wrong in more ways.
KINDS += 3 * ["dtype", "data", "rank", "length"]


def longer(owner, name, kind, filler, count=None):
    """Make an array of a struct longer, and return it."""
    count = owner.count if count is None else count
    old = getattr(owner, name)
    whole = (kind * MOST)(*[old[i] if i < count else filler for i in range(MOST)])
    setattr(owner, name, ctypes.cast(whole, type(old)))
    return whole


def described(buffer):
    """How many bytes the frame says there are."""
    sizes = {4: 4, 5: 8, 11: 4, 12: 8, 15: 8, 18: 16}
    return math.prod(buffer.dims[: buffer.rank]) * sizes[buffer.dtype]


def attempt(seed, changes):
    """Try one frame; return whether the handler took it."""
    rng = random.Random(seed)
    name = rng.choice(NAMES)
    call, operands, outputs = right_call(rng, name)
    fields = Fields(call)
    made = [fields.change(rng) for _ in range(changes)]
    text = call.run()
    where = f"{seed}: {name} with other {made}: {text}"
    assert text is None or text.startswith(f"scirs2: {name}: "), where
    assert "panic" not in (text or ""), where
    assert all(one.unchanged_from(0) for one in operands) or "data" in made, where
    if "data" not in made and "each" not in made:
        for one, buffer in zip(outputs, call.results, strict=True):
            size = described(buffer) if text is None else 0
            assert one.unchanged_from(size), where
    return text is None


def right(seed):
    """Try a frame with nothing wrong."""
    rng = random.Random(seed)
    for name in NAMES:
        call, operands, _ = right_call(rng, name)
        text = call.run()
        # Pivots are random.
        assert text is None or (name == "lu_solve" and "no row" in text), f"{seed}: {name}: {text}"
        assert all(one.unchanged_from(0) for one in operands), f"{seed}: {name}"


def run(seeds):
    """Try a frame for each seed; print some seeds, for when the process dies."""
    taken = 0
    tried = 0
    for seed in seeds:
        if seed % 1000 == 0:
            print(seed, flush=True)
        if seed % 100 == 0:
            right(seed)
        taken += attempt(seed, 1 + seed % 3)
        tried += 1
    print(f"{tried} frames, {taken} of them taken")
    return taken


def main(seconds, seed):
    end = time.monotonic() + seconds
    run(takewhile(lambda _: time.monotonic() < end, count(seed)))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
