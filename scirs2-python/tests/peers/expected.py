"""What becomes of every case, and why: the test's word, and the words of the table."""

from typing import NamedTuple

from cases import (
    COMPLEX,
    DTYPES,
    EXPORTER,
    FLOAT8,
    IN,
    LAYOUTS,
    LEGACY,
    ML,
    NUMPY,
    SUBBYTE,
    VERSIONED,
)


class Row(NamedTuple):
    ways: tuple[str, ...]
    cases: list[str] | tuple[str, ...]
    verdict: str
    why: str = ""
    # Found in the name and message of the error.
    says: str = ""

    def crossings(self):
        return [(way, case) for way in self.ways for case in self.cases]


ALL_OUT = (LEGACY, VERSIONED, EXPORTER)
NEW_OUT = (VERSIONED, EXPORTER)
CAPSULES = (LEGACY, VERSIONED)

READ_ONLY = ["broadcast", "read-only"]
WRITEABLE = [name for name in LAYOUTS if name not in (*READ_ONLY, "negative stride")]
COMPACT = ["transposed", "0-d", "1-d", "empty"]
STRIDED = ["every second", "zero stride", "broadcast"]
FLOAT8_TORCH = FLOAT8[3:]
OWN = [*NUMPY, *COMPLEX]
CAPSULE, NEW_CAPSULE = "legacy capsule", "versioned capsule"
PLAIN = ["transposed", "every second", "0-d", "1-d", "empty"]

# What scirs2 itself refuses or copies on the way out, whoever asks.
NEGATIVE = "scirs2 sends no negative strides, on which consumers fail or crash: ``copy=True``"
NEGATIVE_SAYS = "BufferError: strides: .* ask for copy=True"
PADDED = "scirs2 keeps them a byte each, which the legacy form cannot say"
PADDED_SAYS = "BufferError: dtype: .* ask for max_version"
CURES = Row((), ["negative stride with copy=True", "read-only with copy=True"], "copy", "asked for")


def negative(*ways):
    return Row(ways, ["negative stride"], "refused", NEGATIVE, NEGATIVE_SAYS)


def padded(*ways):
    return Row(ways, SUBBYTE, "refused", PADDED, PADDED_SAYS)


def read_only(*ways):
    why = "the legacy form cannot say read-only: ``max_version`` or ``copy=True``"
    return Row(ways, READ_ONLY, "refused", why, "BufferError: read-only memory .* legacy")


def lacks(ways, cases, says, why="the library has no such type"):
    return Row(ways, cases, "refused", why, says)


def without(names, *lists):
    return [name for name in names if not any(name in some for some in lists)]


def legacy_in():
    why = "a legacy capsule cannot say who may write"
    return Row((IN,), [CAPSULE], "zero copy, read-only", why)


UNTOLD = "it ignores the read-only flag, and would write"

EXPECTED = {
    "NumPy": [
        Row((IN,), [*DTYPES, *WRITEABLE, "negative stride", NEW_CAPSULE], "zero copy"),
        Row((IN,), READ_ONLY, "zero copy, read-only", "as the array is"),
        legacy_in(),
        Row(
            (IN,),
            ["longdouble", "datetime64[s]", "S3", "object", "i4,f4"],
            "refused",
            "DLPack has no name for the type",
            "BufferError: dtype: .* convert the array first",
        ),
        Row((IN,), [">f4"], "refused", "DLPack knows the native byte order only", "newbyteorder"),
        Row(
            (IN,),
            ["field of a packed record"],
            "refused",
            "its step is no whole number of elements",
            "BufferError: strides: 5 bytes",
        ),
        lacks(CAPSULES, ["anything"], "AttributeError", "it takes objects, and no capsules"),
        Row((EXPORTER,), [*OWN, *WRITEABLE, *READ_ONLY], "zero copy"),
        lacks((EXPORTER,), ML, "Unsupported dtype", "NumPy itself does not know them"),
        negative(EXPORTER),
    ],
    "ml_dtypes": [
        Row((IN,), ML, "zero copy"),
        Row(ALL_OUT, without([*DTYPES, *WRITEABLE], SUBBYTE), "zero copy"),
        Row((VERSIONED, EXPORTER), [*SUBBYTE, *READ_ONLY], "zero copy"),
        padded(LEGACY),
        read_only(LEGACY),
        negative(*ALL_OUT),
        CURES._replace(ways=CAPSULES),
    ],
    "PyTorch": [
        Row(
            (IN,),
            [*OWN, "bfloat16", *FLOAT8_TORCH, "complex32", *PLAIN, "broadcast", NEW_CAPSULE],
            "zero copy",
        ),
        Row((IN,), ["read-only"], "zero copy, read-only", "``ReadOnlyTensorWrapper`` says so"),
        legacy_in(),
        Row((IN,), ["int4"], "zero copy, as int8", "PyTorch says that it is int8"),
        Row((IN,), ["uint1"], "zero copy, as uint8", "PyTorch says that it is uint8"),
        Row(
            (IN,),
            ["float4_e2m1fn_x2"],
            "refused",
            "an element is a pair; ``view(torch.uint8)`` crosses",
            "BufferError: dtype: float4_e2m1fnx2",
        ),
        lacks(
            (IN,), ["bits8", "bcomplex32", "quint8"], "BufferError", "PyTorch does not export it"
        ),
        Row(
            (IN,),
            ["with gradient"],
            "refused",
            "PyTorch does not export it: ``detach()``",
            "BufferError: .*detach",
        ),
        Row(
            (IN,),
            ["conjugated"],
            "refused",
            "PyTorch does not export it: ``resolve_conj()``",
            "BufferError: .*conj",
        ),
        lacks((IN,), ["sparse", "meta device"], "BufferError", "it is no strided host memory"),
        Row(ALL_OUT, [*OWN, "bfloat16", *FLOAT8_TORCH, "complex32", *WRITEABLE], "zero copy"),
        Row(NEW_OUT, READ_ONLY, "zero copy", UNTOLD),
        lacks(ALL_OUT, [*FLOAT8[:3], "bcomplex32"], "BufferError: Unsupported code"),
        lacks(NEW_OUT, SUBBYTE, "BufferError: Unsupported"),
        padded(LEGACY),
        read_only(LEGACY),
        negative(*ALL_OUT),
        CURES._replace(ways=CAPSULES),
    ],
    "JAX": [
        Row(
            (IN,),
            [*OWN, "bfloat16", *FLOAT8, *PLAIN, CAPSULE, NEW_CAPSULE],
            "zero copy, read-only",
            "JAX arrays are immutable",
        ),
        Row((IN,), ["float4_e2m1fn"], "copy", "JAX packs them; scirs2 gives a byte to each"),
        lacks(
            (IN,),
            ["int2", "int4", "uint2", "uint4"],
            "no DLPack equivalent",
            "JAX does not export it",
        ),
        lacks(CAPSULES, ["anything"], "TypeError", "it takes objects, and no capsules"),
        Row(
            (EXPORTER,),
            [*OWN, "bfloat16", *FLOAT8, *COMPACT, "read-only"],
            "zero copy",
            "JAX writes to nothing, and relies on nobody writing",
        ),
        Row((EXPORTER,), ["off 64 bytes"], "copy", "JAX copies what is aligned to less"),
        Row(
            (EXPORTER,),
            STRIDED,
            "refused",
            "JAX takes compact memory only",
            r"UNIMPLEMENTED: .*\(compact\) striding",
        ),
        lacks((EXPORTER,), ["complex32", "bcomplex32"], "UNIMPLEMENTED"),
        Row(
            (EXPORTER,),
            SUBBYTE,
            "refused",
            "scirs2 keeps them a byte each, and JAX knows them packed, if at all",
            f"{PADDED_SAYS}|UNIMPLEMENTED",
        ),
        negative(EXPORTER),
    ],
    "TensorFlow": [
        Row(
            (IN,),
            [*OWN, "bfloat16", *PLAIN, CAPSULE, NEW_CAPSULE],
            "zero copy, read-only",
            "it knows the legacy form only, which cannot say who may write",
        ),
        lacks(
            (IN,),
            [*FLOAT8[2:7], "int2", "int4", "uint2", "uint4", "float4_e2m1fn"],
            "not supported by dlpack",
            "TensorFlow does not export it",
        ),
        Row(
            (IN,), ["Variable"], "refused", "has no ``__dlpack__``: ``.value()``", "AttributeError"
        ),
        Row(
            (LEGACY,), [*OWN, "bfloat16", *without(WRITEABLE, STRIDED, ["transposed"])], "zero copy"
        ),
        Row(
            (LEGACY,),
            ["transposed", "every second", "zero stride"],
            "refused",
            "TensorFlow takes C-contiguous memory only",
            "Invalid strides",
        ),
        lacks((LEGACY,), [*FLOAT8, "complex32", "bcomplex32"], "Unsupported"),
        padded(LEGACY),
        read_only(LEGACY),
        negative(LEGACY),
        CURES._replace(ways=(LEGACY,)),
        lacks(NEW_OUT, ["anything"], "", "it takes legacy capsules only"),
    ],
    "tvm-ffi": [
        Row(
            (IN,),
            [*NUMPY, "bfloat16", *FLOAT8, *WRITEABLE, "negative stride", NEW_CAPSULE],
            "zero copy",
        ),
        legacy_in(),
        Row(ALL_OUT, [*NUMPY, "bfloat16", *FLOAT8, *WRITEABLE], "zero copy"),
        Row(NEW_OUT, READ_ONLY, "zero copy", "it drops the read-only flag"),
        lacks(ALL_OUT, [*COMPLEX, "complex32", "bcomplex32"], "unknown type_code"),
        lacks(
            (VERSIONED,),
            SUBBYTE,
            "padded is not yet supported",
            "scirs2 keeps them a byte each, and tvm-ffi knows them packed only",
        ),
        Row((LEGACY, EXPORTER), SUBBYTE, "refused", PADDED, PADDED_SAYS),
        read_only(LEGACY),
        negative(*ALL_OUT),
        CURES._replace(ways=CAPSULES),
    ],
    "PaddlePaddle": [
        Row(
            (IN,),
            [*OWN, "bfloat16", "float8_e4m3fn", "float8_e5m2", *PLAIN, "zero stride"],
            "zero copy",
        ),
        Row((IN,), ["negative stride", NEW_CAPSULE], "zero copy"),
        legacy_in(),
        Row(ALL_OUT, [*OWN, "bfloat16", "float8_e4m3fn", "float8_e5m2", *WRITEABLE], "zero copy"),
        Row(NEW_OUT, READ_ONLY, "zero copy", UNTOLD),
        lacks(
            ALL_OUT,
            without(ML, SUBBYTE, ["bfloat16", "float8_e4m3fn", "float8_e5m2"]),
            "NotImplementedError",
        ),
        lacks(NEW_OUT, SUBBYTE, "NotImplementedError"),
        padded(LEGACY),
        read_only(LEGACY),
        negative(*ALL_OUT),
        CURES._replace(ways=CAPSULES),
    ],
    "MLX": [
        Row(
            (IN,),
            [*NUMPY, "complex64", "bfloat16", *PLAIN, "broadcast", "negative stride"],
            "zero copy, read-only",
            "it knows the legacy form only, which cannot say who may write",
        ),
        Row((IN,), [CAPSULE, NEW_CAPSULE], "zero copy, read-only", "it makes legacy capsules only"),
        Row(
            ALL_OUT,
            [*without(NUMPY, ["float64"]), "complex64", "bfloat16", *without(WRITEABLE, ["empty"])],
            "copy",
            "MLX copies on the CPU",
        ),
        Row(ALL_OUT, ["empty"], "zero copy", "there is nothing to copy"),
        Row(NEW_OUT, READ_ONLY, "copy", "MLX copies on the CPU"),
        Row(ALL_OUT, ["float64"], "copy, as float32", "MLX narrows it without a word"),
        Row(ALL_OUT, ["complex128"], "copy, as complex64", "MLX narrows it without a word"),
        lacks(ALL_OUT, [*FLOAT8, "complex32", "bcomplex32"], "ValueError"),
        lacks(NEW_OUT, SUBBYTE, "ValueError"),
        padded(LEGACY),
        read_only(LEGACY),
        negative(*CAPSULES),
        Row((EXPORTER,), ["negative stride"], "refused", NEGATIVE, "TypeError"),
        CURES._replace(ways=CAPSULES),
    ],
    "PyArrow Array": [
        Row(
            (IN,),
            [*NUMPY[1:], CAPSULE, NEW_CAPSULE, "slice"],
            "zero copy, read-only",
            "Arrow arrays are immutable",
        ),
        lacks(
            (IN,), ["bool"], "ArrowTypeError", "Arrow packs it into bits, and does not export it"
        ),
        lacks((IN,), ["with nulls"], "ArrowTypeError", "DLPack has no nulls: ``fill_null``"),
        lacks((IN,), ["chunked"], "AttributeError", "no one memory: ``combine_chunks()``"),
        lacks(CAPSULES, ["anything"], "AttributeError", "it takes objects, and no capsules"),
        Row((EXPORTER,), ["1-d"], "zero copy"),
        lacks(
            (EXPORTER,),
            [*DTYPES, *without(LAYOUTS, ["1-d", "negative stride"])],
            "ArrowInvalid: Only contiguous one dimensional",
            "an Arrow array has one dimension",
        ),
        negative(EXPORTER),
    ],
    "PyArrow Tensor": [
        Row((IN,), [*NUMPY[1:], *WRITEABLE, NEW_CAPSULE], "zero copy"),
        Row((IN,), READ_ONLY, "zero copy, read-only", "as the tensor is"),
        legacy_in(),
        lacks(CAPSULES, ["anything"], "AttributeError", "it takes objects, and no capsules"),
        Row((EXPORTER,), [*NUMPY[1:], *WRITEABLE, *READ_ONLY], "zero copy"),
        lacks((EXPORTER,), ["bool", *COMPLEX, *ML], "ArrowInvalid: unsupported"),
        negative(EXPORTER),
    ],
}
