"""The real PyTorch, JAX, TensorFlow and ml_dtypes, both ways."""

import gc
import re
import types
import weakref

import child
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import scirs2
import tensorflow as tf
import torch
from capsule import consume, describe, name_of
from layouts import DTYPES, ML, NARROW, filled, make, read_only


@pytest.fixture(scope="module", autouse=True)
def jax_with_64_bits():
    """JAX with float64 and int64, here and nowhere else."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


FORMS = pytest.mark.parametrize("form", [None, (1, 0)], ids=["legacy", "versioned"])


def aligned(array):
    """A copy at a multiple of 64 bytes, which JAX and TensorFlow take without copying."""
    raw = np.empty(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


FLOAT8 = [dtype.name for dtype in ML if dtype.name.startswith("float8")]
# What each library has of the dtypes that NumPy lacks.
TORCH_ML = [
    *("bfloat16", "complex32", "float8_e4m3fn", "float8_e4m3fnuz"),
    *("float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
]
JAX_ML = ["bfloat16", *FLOAT8]


def pointer(tensor):
    """Where the data of any library's tensor lies, by its own word."""
    return describe(tensor.__dlpack__()).data


# Views with PyTorch's negative bit.
NEGATED = {
    "imaginary part": lambda z: z.conj().imag,
    "a slice of it": lambda z: z.conj().imag[1:],
    "float64": lambda z: z.to(torch.complex128).conj().imag,
    "float16": lambda z: z.to(torch.complex32).conj().imag,
    "complex": torch._neg_view,
    "integers": lambda z: torch._neg_view(torch.arange(3)),
    "bfloat16": lambda z: torch._neg_view(torch.ones(3).to(torch.bfloat16)),
    "subclass": lambda z: z.conj().imag.as_subclass(type("S", (torch.Tensor,), {})),
}


class TestTorch:
    def test_the_readme_example(self):
        t = torch.arange(6, dtype=torch.float32).reshape(2, 3)
        array = scirs2.from_dlpack(t.__dlpack__())
        assert np.linalg.norm(array) == pytest.approx(float(torch.linalg.norm(t)))
        back = torch.from_dlpack(scirs2.to_dlpack(np.ones(4)))
        assert torch.equal(back, torch.ones(4, dtype=torch.float64))

    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @FORMS
    def test_every_dtype_both_ways_in_place(self, form, dtype):
        array = make("C order", dtype)
        t = torch.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        assert t.data_ptr() == array.ctypes.data
        assert t.numpy().tobytes() == array.tobytes()
        again = scirs2.from_dlpack(t)
        assert again.ctypes.data == array.ctypes.data
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes()
        assert again.flags.writeable

    @pytest.mark.parametrize("layout", ["transposed", "sliced", "a column", "0-d", "empty within"])
    @FORMS
    def test_every_layout_both_ways_in_place(self, form, layout):
        array = make(layout, "float32")
        t = torch.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        again = scirs2.from_dlpack(t)
        assert tuple(t.shape) == again.shape == array.shape
        assert again.tobytes() == array.tobytes()
        if array.size:
            assert again.ctypes.data == t.data_ptr() == array.ctypes.data

    def test_both_see_what_one_writes(self):
        t = torch.zeros(2, 3)
        array = scirs2.from_dlpack(t)
        array[1, 2] = 5
        assert t[1, 2] == 5
        t[0, 0] = 7
        assert array[0, 0] == 7

    def test_a_raw_capsule_of_each_form(self):
        t = torch.arange(3.0)
        legacy = t.__dlpack__()
        assert name_of(legacy) == "dltensor"
        assert not scirs2.from_dlpack(legacy).flags.writeable
        assert name_of(legacy) == "used_dltensor"
        versioned = t.__dlpack__(max_version=(1, 3))
        assert scirs2.from_dlpack(versioned).flags.writeable
        assert name_of(versioned) == "used_dltensor_versioned"

    @FORMS
    def test_the_capsule_is_renamed_and_used_once(self, form):
        capsule = scirs2.to_dlpack(np.ones(3), max_version=form)
        torch.from_dlpack(capsule)
        assert name_of(capsule).startswith("used_dltensor")
        with pytest.raises(RuntimeError):
            torch.from_dlpack(capsule)

    @FORMS
    def test_torch_keeps_the_array_until_it_is_done(self, form):
        array = np.arange(3.0)
        alive = weakref.ref(array)
        t = torch.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        view = t[1:]
        del array, t
        gc.collect()
        assert alive() is not None
        assert view.tolist() == [1.0, 2.0]
        del view
        assert alive() is None

    def test_our_array_keeps_the_tensor(self):
        array = scirs2.from_dlpack(torch.arange(1000.0))
        gc.collect()
        torch.full((1000,), -1.0)
        assert array.tolist() == list(range(1000))

    def test_a_read_only_tensor_is_a_read_only_array(self):
        t = torch.arange(3.0)
        wrapper = torch.utils.dlpack.ReadOnlyTensorWrapper(t)
        array = scirs2.from_dlpack(wrapper)
        assert array.ctypes.data == t.data_ptr()
        assert not array.flags.writeable
        raw = t.__dlpack__(max_version=(1, 3), read_only=True)
        with pytest.raises(BufferError, match=r"(?i)read.?only"):
            scirs2.from_dlpack(raw, writeable=True)
        assert not scirs2.from_dlpack(raw).flags.writeable

    def test_a_read_only_array_goes_to_torch_by_a_copy_alone(self):
        array = np.arange(3.0)
        array.flags.writeable = False
        # Torch does not know read-only tensors: it would write through the versioned one.
        with pytest.raises(BufferError, match="copy=True"):
            torch.from_dlpack(scirs2.to_dlpack(array))
        t = torch.from_dlpack(scirs2.to_dlpack(array, copy=True))
        t[0] = 42.0
        assert array[0] == 0.0

    def test_negative_strides_never_reach_torch(self):
        with pytest.raises(BufferError, match="copy=True"):
            torch.from_dlpack(scirs2.to_dlpack(np.arange(3.0)[::-1]))
        t = torch.from_dlpack(scirs2.to_dlpack(np.arange(3.0)[::-1], copy=True))
        assert t.tolist() == [2.0, 1.0, 0.0]

    def test_a_copy_in_is_our_own(self):
        t = torch.zeros(3)
        array = scirs2.from_dlpack(t, copy=True)
        assert array.flags.writeable
        array[0] = 1
        assert t[0] == 0

    def test_a_host_tensor_asked_onto_the_host(self):
        t = torch.arange(3.0)
        assert scirs2.from_dlpack(t, device="cpu").ctypes.data == t.data_ptr()

    @pytest.mark.parametrize(
        ("t", "reason"),
        [
            (lambda: torch.ones(3, requires_grad=True), "detach"),
            (lambda: torch.ones(3, requires_grad=True) * 2, "detach"),
            (lambda: torch.nn.Parameter(torch.ones(3)), "detach"),
            (lambda: torch.ones(3, dtype=torch.bfloat16, requires_grad=True), "detach"),
            (lambda: torch.ones(3, dtype=torch.complex64, requires_grad=True), "detach"),
            (lambda: torch.eye(3).to_sparse(), "to_dense"),
            (lambda: torch.eye(3).to_sparse_csr(), "to_dense"),
            (lambda: torch.ones(3).to_mkldnn(), "to_dense"),
            (lambda: torch.ones(3, device="meta"), "meta"),
            (lambda: torch._efficientzerotensor(3), "data: NULL"),
            (lambda: torch.zeros(3, dtype=torch.uint8).view(torch.bits8), "Bit"),
            (lambda: torch.quantize_per_tensor(torch.ones(3), 1.0, 0, torch.qint8), "dequantize"),
        ],
    )
    # Quantized tensors are on their way out of PyTorch, and it says so.
    @pytest.mark.filterwarnings("ignore")
    def test_what_torch_cannot_share_is_refused(self, t, reason):
        x = t()
        for options in ({}, {"copy": False}, {"copy": True}, {"writeable": False}):
            with pytest.raises(BufferError, match=reason):
                scirs2.from_dlpack(x, **options)
        if not x.requires_grad:
            with pytest.raises(BufferError, match=reason):
                scirs2.norm(x)

    def test_inside_a_transformation_there_is_no_memory(self):
        def take(x):
            return torch.tensor(scirs2.from_dlpack(x).sum())

        for transform in (torch.func.grad, torch.vmap, torch.func.functionalize):
            with pytest.raises(BufferError, match=r"from_dlpack: x: .*; take it outside"):
                transform(take)(torch.ones(2, 3))

    @pytest.mark.parametrize("name", NEGATED)
    @pytest.mark.parametrize(
        "options", [{}, {"copy": True}, {"device": "cpu"}, {"writeable": False}]
    )
    # PyTorch calls its complex32 an experiment.
    @pytest.mark.filterwarnings("ignore:ComplexHalf")
    def test_what_is_to_be_negated_has_the_right_sign(self, name, options):
        # Its memory holds the opposite, and PyTorch's own capsule does not tell.
        t = NEGATED[name](torch.tensor([1 + 2j, 3 - 4j]))
        assert t.is_neg()
        array = scirs2.from_dlpack(t, **options)
        assert array.tolist() == t.tolist()
        assert array.ctypes.data != t.data_ptr()
        assert array.flags.writeable == (options.get("writeable") is not False)
        assert float(scirs2.norm(t)) == pytest.approx(float(scirs2.norm(array)))

    @pytest.mark.parametrize("name", NEGATED)
    @pytest.mark.filterwarnings("ignore:ComplexHalf")
    def test_it_is_refused_where_a_copy_is(self, name):
        t = NEGATED[name](torch.tensor([1 + 2j, 3 - 4j]))
        with pytest.raises(BufferError, match="resolve_neg"):
            scirs2.from_dlpack(t, copy=False)

    def test_a_part_without_the_bit_is_a_view_as_ever(self):
        imaginary = torch.tensor([1 + 2j, 3 - 4j]).imag
        assert scirs2.from_dlpack(imaginary).ctypes.data == imaginary.data_ptr()

    @pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128], ids=str)
    @pytest.mark.parametrize(
        "options", [{}, {"copy": True}, {"device": "cpu"}, {"writeable": False}]
    )
    def test_what_is_to_be_conjugated_is(self, dtype, options):
        z = torch.tensor([[1 + 2j, 3 - 4j]], dtype=dtype)
        for t in (z.conj(), z.mH, z.conj()[:, ::1], torch._neg_view(z.conj())):
            assert t.is_conj()
            array = scirs2.from_dlpack(t, **options)
            assert array.tolist() == t.tolist()
            assert array.ctypes.data != t.data_ptr()
            with pytest.raises(BufferError, match=r"resolve_(conj|neg)"):
                scirs2.from_dlpack(t, copy=False)
        a = torch.tensor([[4, 1 + 2j], [1 - 2j, 5]], dtype=dtype)
        assert torch.equal(scirs2.linalg.inv(a.mH), scirs2.linalg.inv(a.mH.clone()))

    def test_without_grad_mode_a_tensor_that_requires_grad_is_taken(self):
        t = torch.arange(3.0, requires_grad=True)
        a = torch.nn.Parameter(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
        for mode in (torch.no_grad, torch.inference_mode):
            with mode():
                assert scirs2.from_dlpack(t).ctypes.data == t.data_ptr()
                assert scirs2.from_dlpack(t, device="cpu").ctypes.data == t.data_ptr()
                result = scirs2.linalg.det(a)
                assert result.item() == 8.0
                assert not result.requires_grad
        z = torch.ones(3, dtype=torch.complex64, requires_grad=True)
        with torch.no_grad():
            assert scirs2.from_dlpack(z.conj().imag).tolist() == [0.0, 0.0, 0.0]
            for view in (z.conj(), torch._neg_view(z.conj())):
                assert scirs2.from_dlpack(view).tolist() == view.tolist()
            with pytest.raises(BufferError, match="resolve_conj"):
                scirs2.from_dlpack(z.conj(), copy=False)
        with pytest.raises(BufferError, match="no_grad"):
            scirs2.from_dlpack(a)

    # PyTorch compiles for a jvp with what it calls deprecated.
    @pytest.mark.filterwarnings("ignore::FutureWarning")
    def test_a_tangent_is_not_lost(self):
        from torch.autograd import forward_ad

        a, tangent = torch.eye(2, dtype=torch.float64), torch.ones(2, 2, dtype=torch.float64)
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(a, tangent)
            with pytest.raises(BufferError, match="tangent"):
                scirs2.from_dlpack(dual)
            with pytest.raises((BufferError, NotImplementedError), match=r"tangent|out="):
                scirs2.linalg.inv(a, out=dual)
            # A tensor without one is taken, and so is what the message says.
            assert scirs2.linalg.det(a).item() == 1.0
            assert scirs2.linalg.det(forward_ad.unpack_dual(dual).primal).item() == 1.0
        assert scirs2.linalg.det(a).item() == 1.0

    def test_a_class_that_wraps_a_tensor_is_refused_by_name(self):
        # As PyTorch's FakeTensor and DTensor are made: an outside without memory.
        class Wrapper(torch.Tensor):
            @staticmethod
            def __new__(cls, inner):
                return torch.Tensor._make_wrapper_subclass(cls, inner.size(), dtype=inner.dtype)

            def __init__(self, inner):
                self.inner = inner

            @classmethod
            def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
                raise NotImplementedError

        wrapper = Wrapper(torch.ones(2, 2))
        for take in (scirs2.from_dlpack, scirs2.linalg.det):
            with pytest.raises(BufferError, match=r"Wrapper.*__torch_dispatch__"):
                take(wrapper)

    def test_a_type_first_seen_without_stack_is_asked_later(self):
        child.run(
            """
            import torch
            from scirs2 import linalg

            x = torch.eye(3)

            def deep():
                try:
                    deep()
                except RecursionError:
                    pass
                linalg.det(x)

            try:
                deep()
            except RecursionError:
                pass
            assert float(linalg.det(torch._neg_view(x))) == -1.0
            """
        )

    def test_a_tensor_that_is_written_says_so(self):
        a = torch.tensor([[2.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
        x = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
        saved = torch.ones(2, 2, dtype=torch.float64)
        product = (x * saved).sum()
        before = saved._version
        assert scirs2.linalg.inv(a, out=saved) is saved
        assert saved.tolist() == [[0.5, 0.0], [0.0, 0.25]]
        assert saved._version > before
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            product.backward()
        # Also where it is written in another way: over an operand, and as a half.
        for out in (a, torch.empty(2, 2, dtype=torch.bfloat16)):
            before = out._version
            scirs2.linalg.matmul(a.to(out.dtype), a.to(out.dtype), out=out)
            assert out._version > before
        # Also by a call that fails.
        before = saved._version
        with pytest.raises(scirs2.linalg.LinAlgError):
            scirs2.linalg.inv(torch.zeros(2, 2, dtype=torch.float64), out=saved)
        assert saved._version > before
        with torch.inference_mode():
            out = torch.empty(2, 2, dtype=torch.float64)
            assert scirs2.linalg.inv(torch.eye(2, dtype=torch.float64), out=out) is out

    def test_a_detached_tensor_crosses(self):
        t = torch.ones(3, requires_grad=True)
        assert scirs2.from_dlpack(t.detach()).ctypes.data == t.data_ptr()
        with torch.no_grad():
            assert scirs2.from_dlpack(t * 2).tolist() == [2.0, 2.0, 2.0]
        with torch.inference_mode():
            assert scirs2.from_dlpack(torch.ones(3)).tolist() == [1.0, 1.0, 1.0]

    @pytest.mark.parametrize("name", TORCH_ML)
    def test_dtypes_that_numpy_lacks_both_ways_in_place(self, name):
        array = filled(getattr(ml_dtypes, name), (4, 64))
        dtype = getattr(torch, name)
        ways = [
            scirs2.to_dlpack(array),
            scirs2.to_dlpack(array, max_version=(1, 3)),
            scirs2.DLPackExporter(array),
        ]
        for way in ways:
            t = torch.from_dlpack(way)
            assert t.dtype == dtype
            assert t.data_ptr() == array.ctypes.data
            assert t.view(torch.uint8).numpy().tobytes() == array.tobytes()
            for again in (
                scirs2.from_dlpack(t.T),
                scirs2.from_dlpack(t.T.__dlpack__()),
                scirs2.from_dlpack(t.T.__dlpack__(max_version=(1, 3))),
            ):
                assert again.ctypes.data == array.ctypes.data
                assert again.dtype == array.dtype
                assert again.tobytes() == array.T.tobytes()

    def test_values_of_torch_are_the_same_here(self):
        # Not our own bits there and back, but two libraries' reading of them.
        for name in TORCH_ML[2:] + TORCH_ML[:1]:
            t = torch.tensor([0.5, 1.0, 2.0, 4.0]).to(getattr(torch, name))
            assert scirs2.from_dlpack(t).astype(float).tolist() == [0.5, 1.0, 2.0, 4.0]

    def test_pairs_in_a_byte_are_refused_with_the_cure(self):
        t = torch.zeros(2, dtype=torch.float4_e2m1fn_x2)
        with pytest.raises(BufferError, match=r"float4_e2m1fn.*x\.view\(torch\.uint8\)"):
            scirs2.from_dlpack(t)
        assert scirs2.from_dlpack(t.view(torch.uint8)).tolist() == [0, 0]

    @pytest.mark.parametrize("dtype", NARROW, ids=str)
    def test_torch_refuses_narrow_elements_itself(self, dtype):
        array = filled(dtype, (8,))
        with pytest.raises((BufferError, RuntimeError)):
            torch.from_dlpack(scirs2.DLPackExporter(array))

    def test_a_read_only_array_goes_to_torch_by_the_exporter(self):
        # The caller has promised that nobody writes: PyTorch drops the flag.
        array = read_only(np.arange(3.0))
        t = torch.from_dlpack(scirs2.DLPackExporter(array))
        assert t.data_ptr() == array.ctypes.data
        assert t.tolist() == [0.0, 1.0, 2.0]

    def test_the_exporter_may_die_first(self):
        array = np.arange(3.0)
        alive = weakref.ref(array)
        t = torch.from_dlpack(scirs2.DLPackExporter(array))
        del array
        gc.collect()
        assert t.tolist() == [0.0, 1.0, 2.0]
        assert alive() is not None
        del t
        assert alive() is None

    WITHOUT_METHOD = """
        import numpy as np
        import scirs2
        import torch

        def asked(self, *arguments, **keywords):
            raise RuntimeError("the method was asked")

        torch.Tensor.__dlpack__ = asked
        torch.Tensor.__dlpack_device__ = asked
    """

    def test_the_table_is_used_and_no_method_asked(self):
        child.run(
            self.WITHOUT_METHOD
            + """
        class Plain(torch.Tensor):
            pass

        for t in (
            torch.arange(6.0).reshape(2, 3).T,
            torch.arange(6),
            torch.ones(3, dtype=torch.bfloat16),
            torch.ones(3, dtype=torch.complex64),
            torch.ones(3).as_subclass(Plain),
            torch.nn.Parameter(torch.ones(3), requires_grad=False),
            torch.nn.Buffer(torch.ones(3)),
        ):
            for options in ({}, {"copy": False}, {"writeable": True}):
                array = scirs2.from_dlpack(t, **options)
                assert array.ctypes.data == t.data_ptr()
                assert array.flags.writeable
            assert scirs2.from_dlpack(t, copy=True).tobytes() == array.tobytes()
        assert float(scirs2.norm(torch.tensor([3.0, 4.0]))) == 5.0
        """
        )

    def test_the_method_is_asked_where_the_table_is_not_enough(self):
        child.run(
            self.WITHOUT_METHOD
            + """
        for t in (torch.eye(3).to_sparse(), torch.eye(3).to_mkldnn()):
            try:
                scirs2.from_dlpack(t)
            except BufferError as error:
                assert "to_dense" in str(error), error
                assert "the method was asked" in str(error.__cause__), error
            else:
                raise AssertionError("exported although PyTorch would not")
        """
        )

    def test_a_subclass_that_answers_for_itself_is_heard(self):
        class Trained(torch.Tensor):
            requires_grad = property(lambda self: True)

        class Negated(torch.Tensor):
            def is_neg(self):
                return True

        class Strange(torch.Tensor):
            # An attribute in C, of objects of another kind.
            requires_grad = types.FunctionType.__dict__["__code__"]

        t = torch.ones(3)
        with pytest.raises(BufferError, match="grad"):
            scirs2.from_dlpack(t.as_subclass(Trained))
        with pytest.raises(BufferError, match="resolve_neg"):
            scirs2.from_dlpack(t.as_subclass(Negated))
        with pytest.raises(TypeError, match="function"):
            scirs2.from_dlpack(t.as_subclass(Strange))

    @pytest.mark.parametrize("question", ["requires_grad", "is_conj"])
    def test_ctrl_c_in_an_answer_is_for_the_program(self, question):
        def interrupted(self):
            raise KeyboardInterrupt

        answer = property(interrupted) if question == "requires_grad" else interrupted
        kind = type("Slow", (torch.Tensor,), {question: answer})
        with pytest.raises(KeyboardInterrupt):
            scirs2.from_dlpack(torch.ones(3, dtype=torch.complex64).as_subclass(kind))

    def test_types_without_end_cross(self):
        t = torch.ones(3)
        for number in range(100):
            kind = type(f"Kind{number}", (torch.Tensor,), {})
            for _ in range(2):
                assert scirs2.from_dlpack(t.as_subclass(kind)).ctypes.data == t.data_ptr()

    def test_a_subclass_with_a_method_of_its_own_is_asked(self):
        asked = []

        class Own(torch.Tensor):
            def __dlpack__(self, **keywords):
                asked.append(keywords)
                return (torch.Tensor.as_subclass(self, torch.Tensor) + 1).__dlpack__(**keywords)

        class Inheriting(Own):
            pass

        for kind in (Own, Inheriting):
            asked.clear()
            assert scirs2.from_dlpack(torch.zeros(2).as_subclass(kind)).tolist() == [1.0, 1.0]
            assert asked == [{"max_version": (1, 3)}]

    @pytest.mark.parametrize("dtype", ["int64", "bfloat16", "float64", "complex64", "bool"])
    def test_a_read_only_wrapper_of_any_dtype(self, dtype):
        t = torch.ones(3, dtype=getattr(torch, dtype))
        array = scirs2.from_dlpack(torch.utils.dlpack.ReadOnlyTensorWrapper(t))
        assert array.ctypes.data == t.data_ptr()
        assert not array.flags.writeable

    @pytest.mark.parametrize("axis", [None, 0, (0, 1)])
    def test_norm_of_bfloat16_answers_in_torch(self, axis):
        t = torch.tensor([[3.0, 5.0], [4.0, 12.0]]).to(torch.bfloat16)
        result = scirs2.norm(t, axis=axis)
        assert type(result) is torch.Tensor
        assert result.dtype == torch.bfloat16
        exact = np.linalg.norm(t.double().numpy(), axis=axis)
        assert torch.equal(result, torch.from_numpy(np.asarray(exact)).to(torch.bfloat16))

    @pytest.mark.filterwarnings("ignore:ComplexHalf")
    @pytest.mark.parametrize("name", TORCH_ML[1:])
    def test_norm_of_the_others_names_the_cure(self, name):
        t = torch.ones(3).to(getattr(torch, name))
        with pytest.raises(TypeError, match=rf"{name}.*float32"):
            scirs2.norm(t)

    @pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
    def test_norm_answers_in_torch(self, axis):
        t = torch.linspace(-1, 1, 12).reshape(3, 4)
        result = scirs2.norm(t, axis=axis)
        assert type(result) is torch.Tensor
        expected = torch.linalg.norm(t, dim=axis)
        torch.testing.assert_close(result, expected)

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            (torch.float32, torch.float32),
            (torch.float64, torch.float64),
            (torch.float16, torch.float16),
            (torch.complex64, torch.float32),
            (torch.complex128, torch.float64),
            (torch.int32, torch.float64),
            (torch.bool, torch.float64),
        ],
    )
    def test_the_dtype_of_the_answer(self, given, answered):
        result = scirs2.norm(torch.ones(4, dtype=given))
        assert result.dtype == answered
        assert result.shape == ()
        assert result == 2

    def test_norm_of_a_strided_tensor(self):
        t = torch.arange(60.0).reshape(3, 4, 5).permute(2, 0, 1)[::2, :, 1:]
        torch.testing.assert_close(scirs2.norm(t, axis=0), torch.linalg.norm(t, dim=0))
        result = scirs2.norm(t, ord="nuc", axis=(0, 2), keepdims=True)
        torch.testing.assert_close(result, torch.linalg.norm(t, "nuc", (0, 2), keepdim=True))


class TestJax:
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_every_dtype_both_ways(self, dtype):
        array = aligned(make("C order", dtype))
        x = jax.dlpack.from_dlpack(scirs2.from_dlpack(array))
        assert x.dtype == dtype
        assert x.unsafe_buffer_pointer() == array.ctypes.data
        again = scirs2.from_dlpack(x)
        assert again.ctypes.data == array.ctypes.data
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes()

    def test_what_jax_made_is_read_only(self):
        x = jnp.arange(6.0).reshape(2, 3)
        array = scirs2.from_dlpack(x)
        assert array.ctypes.data == x.unsafe_buffer_pointer()
        assert not array.flags.writeable
        np.testing.assert_array_equal(array, np.arange(6.0).reshape(2, 3))

    def test_a_torch_tensor_reaches_jax_in_place(self):
        # JAX takes no capsules, but any array.
        t = torch.arange(64.0)
        array = scirs2.from_dlpack(t)
        x = jax.dlpack.from_dlpack(array)
        np.testing.assert_array_equal(x, np.arange(64.0))
        if array.ctypes.data % 64 == 0:
            assert x.unsafe_buffer_pointer() == t.data_ptr()

    def test_our_array_keeps_what_jax_made(self):
        array = scirs2.from_dlpack(jnp.arange(1000.0))
        gc.collect()
        jnp.full((1000,), -1.0).block_until_ready()
        assert array.tolist() == list(range(1000))

    def test_a_copy_may_be_written(self):
        x = jnp.zeros(3)
        array = scirs2.from_dlpack(x, copy=True)
        array[0] = 1
        assert x[0] == 0

    @pytest.mark.parametrize("name", JAX_ML)
    def test_dtypes_that_numpy_lacks_both_ways_in_place(self, name):
        array = aligned(filled(getattr(ml_dtypes, name), (4, 64)))
        x = jax.dlpack.from_dlpack(scirs2.DLPackExporter(array))
        assert x.dtype == name
        assert x.unsafe_buffer_pointer() == array.ctypes.data
        again = scirs2.from_dlpack(x)
        assert again.dtype == array.dtype
        assert again.ctypes.data == array.ctypes.data
        assert again.tobytes() == array.tobytes()
        assert not again.flags.writeable

    @pytest.mark.parametrize("count", [1, 2, 5, 16])
    def test_float4_comes_by_a_copy(self, count):
        # JAX packs two into a byte.
        array = filled(ml_dtypes.float4_e2m1fn, (count,))
        x = jnp.array(array)
        taken = scirs2.from_dlpack(x)
        assert taken.dtype == array.dtype
        assert taken.astype(float).tolist() == np.asarray(x).astype(float).tolist()
        assert taken.flags.writeable
        with pytest.raises(BufferError, match="packed"):
            scirs2.from_dlpack(x, copy=False)

    @pytest.mark.parametrize("dtype", NARROW, ids=str)
    def test_jax_is_not_given_bytes_for_halves(self, dtype):
        # It asks for the legacy form, and would take each byte for two elements.
        with pytest.raises(BufferError, match=r"max_version=\(1, 3\)"):
            jax.dlpack.from_dlpack(scirs2.DLPackExporter(filled(dtype, (8,))))

    def test_a_read_only_array_goes_to_jax_by_the_exporter(self):
        array = read_only(aligned(np.arange(64.0)))
        x = jax.dlpack.from_dlpack(scirs2.DLPackExporter(array))
        assert x.unsafe_buffer_pointer() == array.ctypes.data
        assert x.tolist() == array.tolist()

    def test_jax_keeps_the_array_until_it_is_done(self):
        array = aligned(np.arange(64.0))
        alive = weakref.ref(array)
        x = jax.dlpack.from_dlpack(scirs2.DLPackExporter(array))
        del array
        gc.collect()
        assert alive() is not None
        assert x.sum() == 2016.0
        del x
        gc.collect()
        assert alive() is None

    @pytest.mark.parametrize("axis", [None, 0, (0, 1)])
    def test_norm_of_bfloat16_answers_in_jax(self, axis):
        x = jnp.array([[3.0, 5.0], [4.0, 12.0]], jnp.bfloat16)
        result = scirs2.norm(x, axis=axis)
        assert isinstance(result, jax.Array)
        assert result.dtype == jnp.bfloat16
        exact = np.linalg.norm(np.asarray(x).astype(float), axis=axis)
        expected = np.asarray(exact).astype(ml_dtypes.bfloat16)
        assert np.asarray(result).tobytes() == expected.tobytes()

    @pytest.mark.parametrize("name", FLOAT8)
    def test_norm_of_float8_names_the_cure(self, name):
        with pytest.raises(TypeError, match=rf"{name}.*float32"):
            scirs2.norm(jnp.ones(3, name))

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            ("float32", "float32"),
            ("float64", "float64"),
            ("float16", "float16"),
            ("complex64", "float32"),
            ("int32", "float64"),
            ("bool", "float64"),
        ],
    )
    def test_norm_answers_in_jax(self, given, answered):
        x = jnp.ones((4, 4), given)
        result = scirs2.norm(x)
        assert isinstance(result, jax.Array)
        assert (result.dtype, result.shape, float(result)) == (answered, (), 4.0)
        rows = scirs2.norm(x, axis=1)
        assert isinstance(rows, jax.Array)
        assert rows.tolist() == [2.0] * 4


class TestTensorFlow:
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_every_dtype_both_ways_in_place(self, dtype):
        array = aligned(make("C order", dtype))
        t = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(array))
        assert t.dtype.as_numpy_dtype == dtype.type
        assert pointer(t) == array.ctypes.data
        again = scirs2.from_dlpack(t)
        assert again.ctypes.data == array.ctypes.data
        assert again.dtype == dtype
        assert again.tobytes() == array.tobytes()

    def test_bfloat16_both_ways_in_place(self):
        array = aligned(filled(ml_dtypes.bfloat16, (4, 64)))
        for capsule in (scirs2.to_dlpack(array), scirs2.DLPackExporter(array).__dlpack__()):
            t = tf.experimental.dlpack.from_dlpack(capsule)
            assert t.dtype == tf.bfloat16
            assert pointer(t) == array.ctypes.data
            again = scirs2.from_dlpack(t)
            assert again.dtype == array.dtype
            assert again.ctypes.data == array.ctypes.data
            assert again.tobytes() == array.tobytes()

    @pytest.mark.parametrize("name", FLOAT8)
    def test_float8_is_not_tensorflows(self, name):
        array = aligned(filled(getattr(ml_dtypes, name), (64,)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="Type Codes"):
            tf.experimental.dlpack.from_dlpack(scirs2.DLPackExporter(array).__dlpack__())

    def test_a_read_only_array_goes_to_tensorflow_by_the_exporter(self):
        array = read_only(aligned(np.arange(64.0)))
        t = tf.experimental.dlpack.from_dlpack(scirs2.DLPackExporter(array).__dlpack__())
        assert pointer(t) == array.ctypes.data
        assert t.numpy().tolist() == array.tolist()

    def test_norm_of_bfloat16_answers_in_tensorflow(self):
        result = scirs2.norm(tf.constant([3.0, 4.0], tf.bfloat16))
        assert isinstance(result, tf.Tensor)
        assert result.dtype == tf.bfloat16
        assert float(result) == 5.0

    def test_what_is_no_number_is_refused_before_tensorflow_ends_the_process(self):
        child.run(
            """
            import functions, numpy as np, scirs2, tensorflow as tf
            from scirs2 import linalg
            from tensorflow.python.framework import dtypes

            tensors = {
                "string": tf.constant(["a"]),
                "resource": tf.Variable(1.0).handle,
                "variant": tf.data.Dataset.range(1)._variant_tensor,
            }

            def refused(name, call):
                try:
                    call()
                except BufferError as error:
                    assert f"TensorFlow's {name}" in str(error), error
                else:
                    raise AssertionError(name)

            kinds = [{}, {"copy": True}, {"copy": False}, {"device": "cpu"}, {"writeable": True}]
            square = tf.eye(3)
            for name, t in tensors.items():
                assert t.dtype.name == name
                for options in kinds:
                    refused(name, lambda: scirs2.from_dlpack(t, **options))
                refused(name, lambda: scirs2.norm(t))
                refused(name, lambda: scirs2.einsum("i,i", t, t))
                refused(name, lambda: linalg.matmul(square, square, out=t))
                refused(name, lambda: linalg.lu_solve((square, t), square))
                refused(name, lambda: linalg.pinv(square, t))
                for function in functions.FUNCTIONS:
                    operands = list(map(tf.constant, functions.given(function, (), "float32")))
                    for place in range(len(operands)):
                        given = [*operands[:place], t, *operands[place + 1 :]]
                        refused(name, lambda: functions.ask(function, *given))

            # The others TensorFlow exports, or refuses itself.
            def zeros(dtype):
                ways = [lambda one=one: tf.bitcast(tf.zeros([2], one), dtype) for one in (
                    tf.uint8, tf.uint16, tf.int32
                )]
                ways.append(lambda: tf.constant(np.zeros(2, dtype.as_numpy_dtype)))
                ways.append(lambda: tf.cast(tf.zeros([2]), dtype))
                for way in ways:
                    try:
                        return way()
                    except (tf.errors.OpError, TypeError, ValueError):
                        pass
                return tf.zeros([2], dtype)

            known = {one for one in vars(dtypes).values() if isinstance(one, tf.DType)}
            for dtype in known:
                if dtype.name in tensors or dtype.name.endswith("_ref"):
                    continue
                try:
                    array = scirs2.from_dlpack(zeros(dtype))
                except tf.errors.InvalidArgumentError as error:
                    assert "not supported by dlpack" in str(error), error
                else:
                    assert array.dtype == dtype.as_numpy_dtype
            """,
            env={"TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    @pytest.mark.parametrize(
        ("x", "cure"),
        [
            (lambda: tf.ragged.constant([[1.0, 2.0], [3.0]]), "x.to_tensor()"),
            (lambda: tf.sparse.from_dense([[0.0, 1.0]]), "tf.sparse.to_dense(x)"),
            (lambda: tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])), None),
        ],
        ids=["ragged", "sparse", "slices"],
    )
    def test_what_is_no_tensor_is_named(self, x, cure):
        x = x()
        told = f"expected an array, a tensor or nested lists of numbers, got {type(x)}"
        told += f"; pass {cure}" if cure else ""
        for call in (scirs2.linalg.inv, scirs2.linalg.diagonal, scirs2.norm):
            with pytest.raises(TypeError, match=re.escape(told) + "$"):
                call(x)

    def test_a_raw_capsule(self):
        t = tf.reshape(tf.range(6.0), (2, 3))
        capsule = tf.experimental.dlpack.to_dlpack(t)
        array = scirs2.from_dlpack(capsule)
        assert name_of(capsule) == "used_dltensor"
        np.testing.assert_array_equal(array, t.numpy())
        assert array.ctypes.data == pointer(t)
        # It cannot say whether it may be written; TensorFlow's tensors may not.
        assert not array.flags.writeable

    def test_our_array_keeps_the_tensor(self):
        array = scirs2.from_dlpack(tf.range(1000.0))
        gc.collect()
        tf.fill((1000,), -1.0)
        assert array.tolist() == list(range(1000))

    def test_a_copy_although_tensorflow_offers_none(self):
        # TensorFlow answers `copy=True` with a RuntimeError; it is told to us alike or cured.
        capsule = tf.experimental.dlpack.to_dlpack(tf.range(3.0))
        array = scirs2.from_dlpack(capsule, copy=True)
        array[0] = 5.0
        assert array.tolist() == [5.0, 1.0, 2.0]

    def test_tensorflow_keeps_the_array_until_it_is_done(self):
        array = aligned(np.arange(3.0))
        alive = weakref.ref(array)
        t = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(array))
        del array
        gc.collect()
        assert alive() is not None
        assert t.numpy().tolist() == [0.0, 1.0, 2.0]
        del t
        gc.collect()
        assert alive() is None

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            ("float32", "float32"),
            ("float64", "float64"),
            ("float16", "float16"),
            ("complex64", "float32"),
            ("int32", "float64"),
        ],
    )
    def test_norm_answers_in_tensorflow(self, given, answered):
        t = tf.ones((4, 4), given)
        result = scirs2.norm(t)
        assert isinstance(result, tf.Tensor)
        assert (result.dtype.name, result.shape, float(result)) == (answered, (), 4.0)
        rows = scirs2.norm(t, axis=1)
        assert isinstance(rows, tf.Tensor)
        assert rows.numpy().tolist() == [2.0] * 4


class TestThroughAll:
    def test_one_memory_for_all_of_them(self):
        array = aligned(np.arange(12, dtype=np.float32).reshape(3, 4))
        t = torch.from_dlpack(scirs2.to_dlpack(array))
        x = jax.dlpack.from_dlpack(scirs2.from_dlpack(t))
        f = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(scirs2.from_dlpack(t)))
        addresses = {array.ctypes.data, t.data_ptr(), x.unsafe_buffer_pointer(), pointer(f)}
        assert len(addresses) == 1
        alive = weakref.ref(array)
        del array, t, x
        gc.collect()
        assert alive() is not None
        assert f.numpy().sum() == 66.0
        del f
        gc.collect()
        assert alive() is None

    def test_one_memory_of_bfloat16_for_all_of_them(self):
        array = aligned(filled(ml_dtypes.bfloat16, (64,)))
        t = torch.from_dlpack(scirs2.DLPackExporter(array))
        x = jax.dlpack.from_dlpack(scirs2.DLPackExporter(scirs2.from_dlpack(t)))
        exporter = scirs2.DLPackExporter(scirs2.from_dlpack(x))
        f = tf.experimental.dlpack.from_dlpack(exporter.__dlpack__())
        addresses = {array.ctypes.data, t.data_ptr(), x.unsafe_buffer_pointer(), pointer(f)}
        assert len(addresses) == 1
        last = scirs2.from_dlpack(f)
        del t, x, f, exporter
        gc.collect()
        assert last.tobytes() == array.tobytes()

    @pytest.mark.parametrize("library", [torch, tf, jnp], ids=["torch", "tensorflow", "jax"])
    def test_a_tensor_of_another_library_is_exported_by_itself(self, library):
        tensor = library.ones((3,))
        with pytest.raises(TypeError, match="from_dlpack"):
            scirs2.to_dlpack(tensor)
        capsule = scirs2.to_dlpack(scirs2.from_dlpack(tensor), max_version=(1, 0))
        consume(capsule)()
