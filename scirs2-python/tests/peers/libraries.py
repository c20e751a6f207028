"""Each library: how it makes tensors, how to look into them, how it takes ours.

A process imports one of them only: TensorFlow and PaddlePaddle do not live together.
"""

import importlib
import importlib.metadata
import sys
from pathlib import Path

import numpy as np
import scirs2
from cases import (
    COMPLEX,
    DTYPES,
    EXPORTER,
    FLOAT8,
    INT4,
    LAYOUTS,
    LEGACY,
    ML,
    NUMPY,
    VERSIONED,
    filled,
    memory,
)

# The reader of capsules, which the other tests share.
sys.path.insert(0, str(Path(__file__).parents[1]))
from capsule import describe

BASE = filled("float32")


class Library:
    """What most of them have in common."""

    package: str
    module: str
    dtypes: tuple[str, ...]
    # What its `from_dlpack` takes; what it does not, it is asked once.
    takes = frozenset({LEGACY, VERSIONED, EXPORTER})

    def __init__(self):
        self.lib = importlib.import_module(self.module)

    def version(self):
        return f"{self.package} {importlib.metadata.version(self.package)}"

    def tensors(self):
        """What comes in: its name, how to make it, and the array that it should become."""
        for name in self.dtypes:
            array = filled(name)
            yield name, lambda array=array: self.make(array), array
        for name, of in self.layouts().items():
            yield name, lambda of=of: of(self.make(BASE)), LAYOUTS[name](BASE)
        yield from self.others()

    def layouts(self):
        """How the library itself makes the layouts that it has."""
        return {
            "transposed": lambda t: t.T,
            "every second": lambda t: t[::2, ::2],
            "0-d": lambda t: t[0, 0],
            "1-d": lambda t: t[3],
            "empty": lambda t: t[:0],
        }

    def others(self):
        """What else it has, and an array where there is one to compare with."""
        yield "legacy capsule", lambda: self.make(BASE).__dlpack__(), BASE
        yield "versioned capsule", lambda: versioned(self.make(BASE)), BASE

    def dtype(self, tensor):
        """Our name of the dtype that the library says it is."""
        return str(tensor.dtype).split(".")[-1]

    def address(self, tensor):
        """Where the first element lies, by the library's own word."""
        return start(versioned(tensor))

    def read(self, tensor, like):
        """The elements where they lie, and what keeps them there."""
        capsule = versioned(tensor)
        found = describe(capsule)
        assert (found.shape or ()) == like.shape
        strides = found.strides
        if strides is None:
            strides = np.cumprod((1, *like.shape[:0:-1]))[::-1][: like.ndim]
        return memory(start(capsule), strides, like), capsule


def start(capsule):
    found = describe(capsule)
    return (found.data or 0) + found.byte_offset


def versioned(tensor):
    """Its capsule, of the newest form that it knows."""
    return tensor.__dlpack__(max_version=(1, 3))


class NumPy(Library):
    package = module = "numpy"
    dtypes = DTYPES
    takes = frozenset({EXPORTER})

    def make(self, array):
        return array

    def layouts(self):
        return LAYOUTS

    def others(self):
        yield from super().others()
        for name in (">f4", "longdouble", "datetime64[s]", "S3", "object", "i4,f4"):
            yield name, lambda name=name: np.zeros(3, name), None
        record = np.zeros(3, [("a", "i1"), ("b", "f4")])
        yield "field of a packed record", lambda: record["b"], None

    def take(self, offered):
        return np.from_dlpack(offered)

    def dtype(self, tensor):
        return tensor.dtype.name

    def address(self, tensor):
        return tensor.ctypes.data

    def read(self, tensor, like):
        return tensor, None


class MlDtypes(NumPy):
    """From scirs2 to scirs2, where NumPy's own exchange does not know them."""

    package = module = "ml_dtypes"
    dtypes = ML
    takes = Library.takes

    def make(self, array):
        return scirs2.to_dlpack(array, max_version=(1, 3))

    def layouts(self):
        return {}

    def others(self):
        return ()

    def take(self, offered):
        return scirs2.from_dlpack(offered)


class PyTorch(Library):
    package = module = "torch"
    dtypes = (
        *NUMPY,
        *COMPLEX,
        "bfloat16",
        *FLOAT8[3:],
        "complex32",
    )

    def make(self, array):
        t = self.lib.from_numpy(array.reshape(-1).view(np.uint8).copy())
        return t.view(getattr(self.lib, array.dtype.name)).reshape(array.shape)

    def layouts(self):
        return super().layouts() | {
            "broadcast": lambda t: t.expand(4, *t.shape),
            "read-only": importlib.import_module("torch.utils.dlpack").ReadOnlyTensorWrapper,
        }

    def others(self):
        yield from super().others()
        torch = self.lib
        raw = torch.arange(16, dtype=torch.uint8)
        for name in ("int4", "uint1", "float4_e2m1fn_x2", "bits8", "bcomplex32"):
            yield name, lambda name=name: raw.view(getattr(torch, name)), None
        yield "quint8", lambda: torch.empty(3, dtype=torch.quint8), None
        yield "with gradient", lambda: torch.ones(3, requires_grad=True), None
        yield "conjugated", lambda: torch.ones(3, dtype=torch.complex64).conj(), None
        yield "sparse", lambda: torch.eye(3).to_sparse(), None
        yield "meta device", lambda: torch.ones(3, device="meta"), None

    def take(self, offered):
        return self.lib.from_dlpack(offered)

    def address(self, tensor):
        # Of a wrapped tensor only the export is open.
        plain = type(tensor) is self.lib.Tensor
        return tensor.data_ptr() if plain else super().address(tensor)


class Jax(Library):
    package = module = "jax"
    # It has the names int1, uint1 and float6, and cannot make an array of them.
    dtypes = (*NUMPY, *COMPLEX, "bfloat16", *FLOAT8, *INT4, "float4_e2m1fn")
    takes = frozenset({EXPORTER})

    def __init__(self):
        super().__init__()
        # Without it JAX has no types of 64 bits.
        self.lib.config.update("jax_enable_x64", True)

    def make(self, array):
        return self.lib.block_until_ready(self.lib.numpy.asarray(array))

    def take(self, offered):
        return self.lib.dlpack.from_dlpack(offered)

    def address(self, tensor):
        return tensor.unsafe_buffer_pointer()


class TensorFlow(Library):
    package = "tensorflow-cpu"
    module = "tensorflow"
    takes = frozenset({LEGACY})
    dtypes = (*NUMPY, *COMPLEX, "bfloat16", *FLOAT8[2:7], *INT4, "float4_e2m1fn")

    def make(self, array):
        return self.lib.constant(array)

    def layouts(self):
        return super().layouts() | {"transposed": self.lib.transpose}

    def others(self):
        yield from super().others()
        yield "Variable", lambda: self.lib.Variable(BASE), None

    def take(self, offered):
        return self.lib.experimental.dlpack.from_dlpack(offered)

    def dtype(self, tensor):
        return tensor.dtype.name


class TvmFfi(Library):
    package = "apache-tvm-ffi"
    module = "tvm_ffi"
    dtypes = (
        *NUMPY,
        "bfloat16",
        *FLOAT8,
    )

    def make(self, array):
        # It makes no tensors of its own: all are views of another library's.
        plain = array.dtype.name in NUMPY
        return self.take(array if plain else scirs2.DLPackExporter(array))

    def layouts(self):
        # Of read-only memory it asks for the legacy form, which NumPy refuses.
        skip = ("broadcast", "read-only")
        return {
            name: lambda _, of=of: self.take(of(BASE))
            for name, of in LAYOUTS.items()
            if name not in skip
        }

    def take(self, offered):
        return self.lib.from_dlpack(offered)

    def address(self, tensor):
        return tensor.data_ptr()


class Paddle(Library):
    package = "paddlepaddle"
    module = "paddle"
    dtypes = (
        *NUMPY,
        *COMPLEX,
        "bfloat16",
        "float8_e4m3fn",
        "float8_e5m2",
    )

    def make(self, array):
        if array.dtype.name in ("uint16", "uint32", "uint64"):
            # Of its own makers some lack these, and some give bfloat16 for uint16.
            return self.take(array)
        t = self.lib.to_tensor(array.reshape(-1).view(np.uint8))
        return t.view(array.dtype.name).reshape(array.shape)

    def layouts(self):
        return super().layouts() | {
            "zero stride": lambda t: self.lib.as_strided(t, [4, *t.shape], [0, *t.strides]),
            "negative stride": lambda t: t[::-1],
        }

    def take(self, offered):
        return self.lib.from_dlpack(offered)

    def dtype(self, tensor):
        return tensor.dtype.name.lower()

    def address(self, tensor):
        return tensor.data_ptr()


class Mlx(Library):
    package = "mlx"
    module = "mlx.core"
    dtypes = (
        *NUMPY,
        "complex64",
        "bfloat16",
    )

    def __init__(self):
        super().__init__()
        # float64 is only there.
        self.lib.set_default_device(self.lib.cpu)

    def make(self, array):
        if array.dtype == bool:
            return self.lib.array(array)
        return self.lib.array(array.view(np.uint8)).view(getattr(self.lib, array.dtype.name))

    def layouts(self):
        return super().layouts() | {
            "broadcast": lambda t: self.lib.broadcast_to(t, (4, *t.shape)),
            "negative stride": lambda t: t[::-1],
        }

    def take(self, offered):
        return self.lib.from_dlpack(offered)


class Arrow(Library):
    package = module = "pyarrow"
    takes = frozenset({EXPORTER})

    def dtype(self, tensor):
        name = str(tensor.type)
        return {"halffloat": "float16", "float": "float32", "double": "float64"}.get(name, name)


class ArrowArray(Arrow):
    dtypes = NUMPY

    def tensors(self):
        for name, make, array in super().tensors():
            yield name, make, array if array is None or array.ndim < 2 else array.ravel()

    def make(self, array):
        return self.lib.array(array.ravel())

    def layouts(self):
        return {}

    def others(self):
        yield from super().others()
        yield "slice", lambda: self.lib.array(BASE[3])[2:9], BASE[3, 2:9]
        yield "with nulls", lambda: self.lib.array([1, None]), None
        yield "chunked", lambda: self.lib.chunked_array([[1], [2]]), None

    def take(self, offered):
        return self.lib.Array.from_dlpack(offered)


class ArrowTensor(Arrow):
    dtypes = NUMPY[1:]

    def make(self, array):
        return self.lib.Tensor.from_numpy(array)

    def layouts(self):
        skip = ("negative stride",)
        return {
            name: lambda _, of=of: self.make(of(BASE))
            for name, of in LAYOUTS.items()
            if name not in skip
        }

    def take(self, offered):
        return self.lib.Tensor.from_dlpack(offered)


LIBRARIES = {
    "NumPy": NumPy,
    "ml_dtypes": MlDtypes,
    "PyTorch": PyTorch,
    "JAX": Jax,
    "TensorFlow": TensorFlow,
    "tvm-ffi": TvmFfi,
    "PaddlePaddle": Paddle,
    "MLX": Mlx,
    "PyArrow Array": ArrowArray,
    "PyArrow Tensor": ArrowTensor,
}
