"""The frames in which XLA calls the handlers: each field, wrong in each way, is refused."""

import contextlib
import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from ctypes import POINTER, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any

import child
import numpy as np
import pytest
from frames import (
    HANDLERS,
    S32,
    S64,
    Call,
    Extension,
    Metadata,
    MetadataExtension,
    solve_call,
    triangular_call,
)
from scirs2 import _scirs2


def test_a_right_frame_computes() -> None:
    call, x = solve_call()
    assert call.run() is None
    assert x.tolist() == [[0.5], [0.25]]
    assert triangular_call().run() is None


def test_the_handshake_reports_the_oldest_version() -> None:
    for name in HANDLERS:
        metadata = Metadata(36)
        extension = MetadataExtension(Extension(32, 1, None), ctypes.pointer(metadata))
        call = Call(name.removeprefix("scirs2_"), [], [])
        call.frame.ext = ctypes.addressof(extension)
        # XLA gives no functions here.
        call.frame.api = None
        assert call.run() is None
        assert (metadata.version.major, metadata.version.minor, metadata.traits) == (0, 1, 0)


def test_the_layout_is_that_of_the_header(tmp_path: Any) -> None:
    jaxlib = pytest.importorskip("jaxlib")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    lines = []
    expected = []
    for struct, size, fields in _scirs2._xla_layouts():
        name = f"XLA_FFI_{struct}"
        # These have no size of their own in the header.
        whole = struct in ("ByteSpan", "Scalar", "Metadata_Extension")
        expected.append(size)
        lines.append(f"sizeof({name})" if whole else f"{_end(name, fields[-1][0])}")
        for field, offset in fields:
            lines.append(f"offsetof({name}, {field.removeprefix('r#')})")
            expected.append(offset)
    printed = "".join(f'printf("%zu ", (size_t)({line}));' for line in lines)
    include = Path(next(iter(jaxlib.__path__))) / "include"
    header = (include / "xla/ffi/api/c_api.h").read_text(encoding="utf-8")
    # The name changed in 0.11.
    renamed = "XLA_FFI_InternalExtension"
    alias = f"typedef {renamed} XLA_FFI_Extension_Base;\n" if renamed in header else ""
    source = tmp_path / "layout.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n"
        f'#include "xla/ffi/api/c_api.h"\n{alias}int main(void) {{ {printed} return 0; }}\n'
    )
    program = tmp_path / "layout"
    subprocess.run([compiler, "-I", include, source, "-o", program], check=True)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert [int(number) for number in output.split()] == expected


def _end(struct: str, field: str) -> str:
    return f"offsetof({struct}, {field}) + sizeof((({struct}*)0)->{field})"


def misaligned(array: Any) -> int:
    """Return an address in the midst of its first element."""
    return ctypes.addressof(array) + 1


def _set(path: str, value: Any) -> Callable[[Call], None]:
    """Return what sets a field."""

    def change(call: Call) -> None:
        *owners, field = path.split(".")
        target: Any = call
        for owner in owners:
            target = target[int(owner)] if owner.isdigit() else getattr(target, owner)
        setattr(target, field, value)

    return change


def _cast(path: str, kind: Any, address: int) -> Callable[[Call], None]:
    return _set(path, ctypes.cast(address, kind))


def _element(path: str, place: int, value: Any) -> Callable[[Call], None]:
    """Return what sets an element of an array in C."""

    def change(call: Call) -> None:
        target: Any = call
        for owner in path.split("."):
            target = target[int(owner)] if owner.isdigit() else getattr(target, owner)
        target[place] = value

    return change


MOST = 2**63 - 1
HOSTILE: dict[str, tuple[Callable[[Call], None], str]] = {
    "stage": (_set("frame.stage", 0), "stage 0"),
    "stage unknown": (_set("frame.stage", 77), "stage 77"),
    "args short": (_set("frame.args.size", 39), "39 bytes"),
    "rets short": (_set("frame.rets.size", 0), "0 bytes"),
    "attrs short": (_set("frame.attrs.size", 47), "47 bytes"),
    "no operand": (_set("frame.args.count", 0), "no operand 0"),
    "one operand": (_set("frame.args.count", 1), "no operand 1"),
    "fewer than no operands": (_set("frame.args.count", -1), "there are -1"),
    "too many operands": (_set("frame.args.count", MOST), f"there are {MOST}"),
    "types NULL": (_set("frame.args.types", None), "operand is NULL"),
    "types misaligned": (_cast("frame.args.types", POINTER(c_int), 4097), "misaligned"),
    "operands NULL": (_set("frame.args.each", None), "operand is NULL"),
    "operands misaligned": (_cast("frame.args.each", POINTER(c_void_p), 4097), "misaligned"),
    "type unknown": (_element("frame.args.types", 1, 2), "no type 2"),
    "type of result unknown": (_element("frame.rets.types", 0, 0), "no type 0"),
    "operand NULL": (_element("frame.args.each", 0, None), "operand is NULL"),
    "operand misaligned": (_element("frame.args.each", 0, 4097), "misaligned"),
    "result NULL": (_element("frame.rets.each", 0, None), "result is NULL"),
    "no result": (_set("frame.rets.count", 0), "0 results, not 1"),
    "buffer short": (_set("operands.0.size", 40), "40 bytes"),
    "dtype not supported": (_set("operands.0.dtype", 10), "dtype 10"),
    "dtype unknown": (_set("operands.0.dtype", -1), "dtype -1"),
    "dtypes differ": (_set("operands.1.dtype", S64), "float64 and int64"),
    "dtypes of integers": (_set("operands.0.dtype", S32), "int32 and float64"),
    "data NULL": (_set("operands.0.data", None), "NULL"),
    "data misaligned": (_set("operands.0.data", 4097), "aligned"),
    "data of result NULL": (_set("results.0.data", None), "NULL"),
    "data at the end": (_set("operands.0.data", 2**64 - 8), "operand 0"),
    "rank below zero": (_set("operands.0.rank", -1), "there are -1"),
    "rank too large": (_set("operands.0.rank", 65), "there are 65"),
    "rank one": (_set("operands.0.rank", 1), "at least 2"),
    "axes NULL": (_set("operands.0.dims", None), "axes is NULL"),
    "axes misaligned": (_cast("operands.0.dims", POINTER(c_int64), 4097), "misaligned"),
    "axis below zero": (_element("operands.0.dims", 0, -2), "length -2"),
    "axis too long": (_element("operands.0.dims", 0, MOST), "operand 0"),
    "not square": (_element("operands.0.dims", 1, 1), "must be equal"),
    "other right-hand side": (_element("operands.1.dims", 0, 1), "right"),
    "dtype of the result": (_set("results.0.dtype", 11), "result 0 is float32"),
    "rank of the result": (_set("results.0.rank", 1), "result 0 is float64 of shape [2]"),
    "shape of the result": (_element("results.0.dims", 0, 1), "of shape [1, 1]"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_wrong_field_is_refused(case: str) -> None:
    change, message = HOSTILE[case]
    call, x = solve_call()
    change(call)
    text = call.run()
    assert text is not None
    assert text.startswith("scirs2: solve: ")
    assert message in text
    assert x.tolist() == [[0], [0]]


def test_results_must_not_overlap() -> None:
    a, b = np.eye(2), np.ones((2, 1))
    assert "result 0 overlaps" in str(Call("solve", [a, b], [b]).run())
    both = np.zeros((2, 2))
    assert "result 1 overlaps" in str(Call("qr", [a], [both, both]).run())


def test_more_results_than_there_are_are_refused() -> None:
    x, y = np.zeros((2, 1)), np.zeros((2, 1))
    text = Call("solve", [np.eye(2), np.ones((2, 1))], [x, y]).run()
    assert "2 results, not 1" in str(text)


def test_more_operands_than_there_are_are_refused() -> None:
    b, x = np.ones((2, 1)), np.zeros((2, 1))
    assert "3 operands, not 2" in str(Call("solve", [np.eye(2), b, b.copy()], [x]).run())


ATTRIBUTES: dict[str, tuple[Callable[[Call], None], str]] = {
    "fewer": (_set("frame.attrs.count", 2), "no attribute unit_diagonal"),
    "below zero": (_set("frame.attrs.count", -3), "there are -3"),
    "types NULL": (_set("frame.attrs.types", None), "NULL"),
    "names NULL": (_set("frame.attrs.names", None), "NULL"),
    "values NULL": (_set("frame.attrs.each", None), "NULL"),
    "type": (_element("frame.attrs.types", 0, 4), "attribute lower is no scalar"),
    "value NULL": (_element("frame.attrs.each", 1, None), "NULL"),
    "value misaligned": (_element("frame.attrs.each", 1, 4097), "misaligned"),
    "dtype": (_set("scalars.0.dtype", S64), "attribute lower is of dtype 5, and not 1"),
    "number NULL": (_set("scalars.2.value", None), "NULL"),
    "number misaligned": (_set("scalars.1.value", 4097), "misaligned"),
}


@pytest.mark.parametrize("case", ATTRIBUTES)
def test_a_wrong_attribute_is_refused(case: str) -> None:
    change, message = ATTRIBUTES[case]
    call = triangular_call()
    change(call)
    assert message in str(call.run())


def test_values_of_attributes_are_checked() -> None:
    a, b, x = np.eye(2), np.ones((2, 1)), np.zeros((2, 1))

    def message(**attributes: Any) -> str:
        return str(Call("solve_triangular", [a, b], [x], **attributes).run())

    assert "no trans 3" in message(lower=True, trans=3, unit_diagonal=False)
    assert "not all attributes are known" in message(
        lower=True, trans=0, unit_diagonal=False, other=1
    )
    # XLA's own.
    assert message(lower=True, trans=0, unit_diagonal=False, num_batch_dims=0) == "None"
    call = Call("cholesky", [a], [np.zeros((2, 2))], upper=True)
    ctypes.memset(call.scalars[0].value, 2, 1)
    assert "2 is no bool" in str(call.run())


def test_pivots_are_checked() -> None:
    lu, b = np.eye(2), np.ones((2, 1))

    def call(pivot: int) -> tuple[str | None, Any]:
        x = np.zeros((2, 1))
        return Call("lu_solve", [lu, np.array([0, pivot], np.int32), b], [x], trans=0).run(), x

    # What lu_factor gives for a matrix without factors.
    text, x = call(-1)
    assert text is None
    assert np.isnan(x).all()
    for wrong in (2, 2**31 - 1):
        text, x = call(wrong)
        assert f"no row {wrong}" in str(text)


ABORTS: dict[str, str] = {
    "frame NULL": "call.run(None)",
    "frame misaligned": "call.run(4097)",
    "frame short": "call.frame.size = 167; call.run()",
    "api NULL": "call.frame.api = None; call.frame.stage = 0; call.run()",
    "api short": "call.api.size = 48; call.frame.stage = 0; call.run()",
    "no function": "call.api.create_error = CREATE(); call.frame.stage = 0; call.run()",
    "error NULL": "call.create = CREATE(lambda args: None);"
    "call.api.create_error = call.create; call.frame.stage = 0; call.run()",
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("case", ABORTS)
def test_what_cannot_be_reported_ends_the_process(case: str) -> None:
    program = f"from frames import *\ncall, x = solve_call()\n{ABORTS[case]}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=child.TESTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -6
    assert "scirs2: solve: " in done.stderr
    assert "no way to report it" in done.stderr


@contextlib.contextmanager
def flushed_to_zero() -> Iterator[None]:
    """Compute as XLA's threads do."""
    torch = pytest.importorskip("torch")
    if not torch.set_flush_denormal(True):
        pytest.skip("the processor does not flush")
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def test_subnormal_numbers_are_numbers() -> None:
    a, det = np.diag([1e-160, 1e-160]), np.zeros(())
    call = Call("det", [a], [det])
    tiny = np.array([1e-310])
    with flushed_to_zero():
        assert call.run() is None
        # The mode of the thread is what it was.
        flushed = (tiny / 2).item()
    assert det == 1e-160 * 1e-160 > 0
    assert flushed == 0


def test_random_frames_are_refused_or_computed() -> None:
    """In a process of its own; what it printed last says which frame was wrong."""
    child.run("import random_frames; assert 100 < random_frames.run(range(2000)) < 1000")
