"""Every dtype that DLPack can name and NumPy holds only through ml_dtypes."""

import gc

import child
import ml_dtypes
import numpy as np
import pytest
import scirs2
from capsule import IS_COPIED, PADDED, READ_ONLY, TYPES, Made, Producer, describe, name_of
from layouts import BROADCAST, DTYPES, FORWARD, ML, NARROW, REVERSED, filled, make, same, same_place

WIDE = [dtype for dtype in ML if dtype not in NARROW]

ALL = pytest.mark.parametrize("dtype", [*DTYPES, *ML], ids=str)
OF_ML_DTYPES = pytest.mark.parametrize("dtype", ML, ids=str)
OF_A_NARROW_ONE = pytest.mark.parametrize("dtype", NARROW, ids=str)
FORMS = pytest.mark.parametrize("form", [None, (1, 3)], ids=["legacy", "versioned"])


def padded(dtype):
    return PADDED if dtype in NARROW else 0


def test_every_code_of_the_header_is_tried():
    # All but the opaque handle, which is no number.
    assert {code for code, _ in TYPES.values()} == set(range(19)) - {3}
    assert len(DTYPES) + len(ML) == len(TYPES)
    assert {dtype.name for dtype in NARROW} == {
        *("int1", "int2", "int4", "uint1", "uint2", "uint4"),
        *("float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn"),
    }


class TestOut:
    @ALL
    def test_the_struct_names_the_dtype(self, dtype):
        fields = describe(scirs2.to_dlpack(filled(dtype, (7,)), max_version=(1, 3)))
        assert fields.dtype == (*TYPES[dtype.name], 1)
        assert fields.flags == padded(dtype)
        assert fields.version == (1, 3)

    @pytest.mark.parametrize("dtype", [*DTYPES, *WIDE], ids=str)
    def test_the_legacy_struct_too(self, dtype):
        fields = describe(scirs2.to_dlpack(filled(dtype, (7,))))
        assert fields.dtype == (*TYPES[dtype.name], 1)

    @pytest.mark.parametrize("copy", [None, False, True])
    @OF_A_NARROW_ONE
    def test_a_byte_each_does_not_fit_the_legacy_struct(self, dtype, copy):
        # It has no flag to say so: its consumer would take them for packed.
        with pytest.raises(BufferError, match=rf"{dtype}.*max_version=\(1, 3\)"):
            scirs2.to_dlpack(filled(dtype, (7,)), copy=copy)

    @ALL
    def test_the_flags_add_up(self, dtype):
        array = filled(dtype, (7,))
        copied = scirs2.to_dlpack(array, max_version=(1, 3), copy=True)
        assert describe(copied).flags == IS_COPIED | padded(dtype)
        array.flags.writeable = False
        seen = scirs2.to_dlpack(array, max_version=(1, 3))
        assert describe(seen).flags == READ_ONLY | padded(dtype)

    @pytest.mark.parametrize("layout", REVERSED)
    @OF_ML_DTYPES
    def test_negative_strides_go_by_a_copy_alone(self, dtype, layout):
        array = make(layout, dtype)
        with pytest.raises(BufferError, match="strides"):
            scirs2.to_dlpack(array, max_version=(1, 3))
        same(scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3), copy=True)), array)

    def test_a_dtype_of_a_stranger_is_named(self):
        # A number beyond NumPy's own, as those of ml_dtypes have.
        rational = pytest.importorskip("numpy._core._rational_tests").rational
        array = np.array([rational(1, 2)])
        for call in (scirs2.to_dlpack, scirs2.from_dlpack):
            with pytest.raises(BufferError, match="rational"):
                call(array)


class TestRoundTrip:
    @pytest.mark.parametrize("layout", FORWARD + BROADCAST)
    @OF_ML_DTYPES
    def test_bit_for_bit_in_place(self, dtype, layout):
        array = make(layout, dtype)
        again = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3)))
        same(again, array)
        same_place(again, array)
        assert again.flags.writeable == array.flags.writeable

    @pytest.mark.parametrize("layout", FORWARD)
    @pytest.mark.parametrize("dtype", WIDE, ids=str)
    def test_in_the_legacy_form(self, dtype, layout):
        array = make(layout, dtype)
        again = scirs2.from_dlpack(scirs2.to_dlpack(array))
        same(again, array)
        same_place(again, array)
        assert again.flags.writeable

    @OF_ML_DTYPES
    def test_every_bit_pattern(self, dtype):
        # All of two bytes: every NaN, every zero, every subnormal.
        if dtype in NARROW:
            array = np.arange(2 ** TYPES[dtype.name][1], dtype=np.uint8).view(dtype)
        else:
            array = np.arange(2**16, dtype=np.uint16).view(dtype)
        again = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3)))
        same(again, array)
        same_place(again, array)

    @OF_A_NARROW_ONE
    def test_the_bits_above_a_narrow_element_are_not_touched(self, dtype):
        array = np.arange(256, dtype=np.uint8).view(dtype)
        again = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3)))
        assert again.view(np.uint8).tolist() == list(range(256))

    @OF_ML_DTYPES
    def test_both_see_what_one_writes(self, dtype):
        array = filled(dtype, (5,))
        again = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3)))
        again[0] = again[3]
        assert array[0].tobytes() == array[3].tobytes()


class TestIn:
    @pytest.mark.parametrize("layout", FORWARD + BROADCAST + REVERSED)
    @OF_ML_DTYPES
    def test_seen_in_place(self, dtype, layout):
        expected = make(layout, dtype)
        made = Made(expected, flags=padded(dtype))
        array = scirs2.from_dlpack(made.capsule)
        same(array, expected)
        same_place(array, expected)
        assert type(array) is np.ndarray
        assert array.flags.writeable
        del array
        assert made.frees == 1

    @pytest.mark.parametrize("dtype", WIDE, ids=str)
    def test_seen_in_place_in_the_legacy_form(self, dtype):
        expected = filled(dtype, (3, 4))
        array = scirs2.from_dlpack(Made(expected, versioned=False).capsule)
        same(array, expected)
        same_place(array, expected)
        assert not array.flags.writeable

    @OF_ML_DTYPES
    def test_copied(self, dtype):
        expected = filled(dtype, (3, 4))
        made = Made(expected, flags=padded(dtype) | READ_ONLY)
        array = scirs2.from_dlpack(made.capsule, copy=True)
        assert made.frees == 1
        same(array, expected)
        assert array.flags.writeable
        assert not np.shares_memory(array, expected)

    def test_the_flag_of_padding_says_nothing_of_wider_elements(self):
        expected = np.arange(6.0)
        array = scirs2.from_dlpack(Made(expected, flags=PADDED).capsule, copy=False)
        same(array, expected)
        same_place(array, expected)

    @OF_ML_DTYPES
    def test_a_numpy_array_in(self, dtype):
        expected = filled(dtype, (3, 4)).T
        array = scirs2.from_dlpack(expected, copy=False)
        same(array, expected)
        same_place(array, expected)

    @pytest.mark.parametrize("name", TYPES)
    @pytest.mark.parametrize("lanes", [0, 2, 4, 65535])
    def test_a_vector_type_is_refused_with_the_cure(self, name, lanes):
        code, bits = TYPES[name]
        made = Made(code=code, bits=bits, lanes=lanes)
        with pytest.raises(BufferError, match=rf"{name}x{lanes} .*uint8") as caught:
            scirs2.from_dlpack(made.capsule)
        assert "lanes" in str(caught.value)
        assert made.name == "dltensor_versioned"

    @pytest.mark.parametrize(
        ("code", "bits"),
        [
            *((0, bits) for bits in (0, 3, 5, 6, 7, 24, 128)),
            *((1, bits) for bits in (0, 3, 5, 6, 7, 24, 128)),
            *((2, bits) for bits in (1, 4, 8, 80, 128)),
            *((4, bits) for bits in (1, 8, 32)),
            *((5, bits) for bits in (8, 16, 255)),
            *((6, bits) for bits in (1, 4, 16)),
            *((code, bits) for code in range(7, 15) for bits in (4, 6, 16)),
            *((code, bits) for code in (15, 16) for bits in (4, 8)),
            *((17, bits) for bits in (2, 6, 8)),
            *((18, bits) for bits in (16, 64, 128)),
            *((code, 8) for code in (3, 19, 20, 127, 255)),
        ],
    )
    def test_bits_that_a_code_does_not_have_are_refused(self, code, bits):
        for flags in (0, PADDED):
            made = Made(code=code, bits=bits, flags=flags)
            with pytest.raises(BufferError, match=rf"code {code}, bits {bits}, lanes 1"):
                scirs2.from_dlpack(made.capsule)
            assert made.name == "dltensor_versioned"
            assert made.frees == 0


def pack(numbers, bits):
    """The numbers one after the other, the first in the lowest bits."""
    whole = sum(number << (place * bits) for place, number in enumerate(numbers))
    return np.frombuffer(whole.to_bytes((len(numbers) * bits + 7) // 8, "little"), np.uint8)


def numbers(dtype, count):
    patterns = 2 ** TYPES[dtype.name][1]
    return np.random.default_rng(3).integers(0, patterns, count).tolist()


def packed(dtype, content, shape, strides, first=0, **options):
    """A capsule over packed numbers, where the first element may start behind some bytes."""
    code, bits = TYPES[dtype.name]
    assert first * bits % 8 == 0
    memory = pack(content, bits)
    return Made(
        memory,
        code=code,
        bits=bits,
        shape=shape,
        strides=strides,
        data=memory.ctypes.data + first * bits // 8,
        **options,
    )


def bits_of(array):
    return array.view(np.uint8).tolist()


class TestPacked:
    """Without the flag a narrow element has no byte of its own."""

    VERSIONED = pytest.mark.parametrize("versioned", [False, True], ids=["legacy", "versioned"])

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 257])
    @VERSIONED
    @OF_A_NARROW_ONE
    def test_unpacked(self, dtype, versioned, count):
        content = numbers(dtype, count)
        made = packed(dtype, content, (count,), (1,), versioned=versioned)
        array = scirs2.from_dlpack(made.capsule)
        assert array.dtype == dtype
        assert bits_of(array) == content
        # A copy is the caller's, and nothing is left to keep.
        assert array.flags.writeable
        assert made.name.startswith("used_")
        assert made.frees == 1

    @pytest.mark.parametrize("dtype", NARROW[:6], ids=str)
    def test_the_sign_is_right(self, dtype):
        bits = TYPES[dtype.name][1]
        content = list(range(2**bits))
        array = scirs2.from_dlpack(packed(dtype, content, (2**bits,), (1,)).capsule)
        half = 2 ** (bits - 1)
        signed = [n - 2**bits if n >= half else n for n in content]
        expected = signed if dtype.name.startswith("int") else content
        assert array.astype(int).tolist() == expected

    def test_the_value_of_a_float_is_right(self):
        # From the table of the OCP specification of e2m1.
        values = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
        dtype = np.dtype(ml_dtypes.float4_e2m1fn)
        made = packed(dtype, [*range(16)], (16,), (1,))
        array = scirs2.from_dlpack(made.capsule).astype(float)
        assert array.tolist() == values + [-value for value in values]
        assert np.signbit(array[8])

    @pytest.mark.parametrize(
        ("shape", "strides", "first"),
        [
            ((6, 8), None, 0),
            ((6, 8), (8, 1), 0),
            ((8, 6), (1, 8), 0),
            ((3, 4), (16, 2), 0),
            ((4, 3), (7, 5), 0),
            ((2, 3, 4), (19, 7, 2), 0),
            ((5, 4), (0, 1), 0),
            ((4, 5), (1, 0), 0),
            ((3, 2), (0, 0), 0),
            ((40,), (-1,), 40),
            ((6, 8), (-8, -1), 48),
            ((3, 5), (-9, 3), 24),
            ((3, 5), (9, -3), 16),
            ((), (), 0),
            ((), (), 8),
            ((1, 1), (99, -7), 8),
            ((0, 3), (-5, 7), 0),
            ((2, 0), None, 0),
            ((7,), (1,), 8),
        ],
    )
    @OF_A_NARROW_ONE
    def test_any_strides(self, dtype, shape, strides, first):
        content = numbers(dtype, 80)
        made = packed(dtype, content, shape, strides, first)
        array = scirs2.from_dlpack(made.capsule)
        assert array.shape == shape
        steps = np.array((shape[1], 1) if strides is None else strides, int)
        expected = [content[first + int(np.dot(index, steps))] for index in np.ndindex(shape)]
        assert bits_of(array.ravel()) == expected

    @OF_A_NARROW_ONE
    def test_the_byte_offset_counts_bytes(self, dtype):
        content = numbers(dtype, 40)
        made = packed(dtype, content, (16,), (1,), byte_offset=TYPES[dtype.name][1])
        assert bits_of(scirs2.from_dlpack(made.capsule)) == content[8:24]

    @VERSIONED
    @OF_A_NARROW_ONE
    def test_never_a_view(self, dtype, versioned):
        made = packed(dtype, numbers(dtype, 8), (8,), (1,), versioned=versioned)
        name = made.name
        with pytest.raises(BufferError, match=rf"{dtype}.*packed.*copy"):
            scirs2.from_dlpack(made.capsule, copy=False)
        assert made.name == name
        assert made.frees == 0
        assert scirs2.from_dlpack(made.capsule, copy=True).flags.writeable
        assert made.frees == 1

    def test_who_may_write_a_copy(self):
        dtype = NARROW[0]
        for flags in (0, READ_ONLY):
            for writeable in (None, True, False):
                made = packed(dtype, [1, 0], (2,), (1,), flags=flags)
                array = scirs2.from_dlpack(made.capsule, writeable=writeable)
                assert array.flags.writeable == (writeable is not False)
                assert bits_of(array) == [1, 0]

    def test_a_producer_is_told_not_to_copy(self):
        made = packed(NARROW[0], [1, 0], (2,), (1,))
        producer = Producer(lambda **_: made.capsule)
        with pytest.raises(BufferError, match="packed"):
            scirs2.from_dlpack(producer, copy=False)
        assert producer.asked == [{"max_version": (1, 3), "copy": False}]

    @OF_A_NARROW_ONE
    def test_the_copy_goes_out_again(self, dtype):
        content = numbers(dtype, 9)
        array = scirs2.from_dlpack(packed(dtype, content, (9,), (1,)).capsule)
        capsule = scirs2.to_dlpack(array, max_version=(1, 3))
        assert describe(capsule).flags == PADDED
        assert bits_of(scirs2.from_dlpack(capsule)) == content


class TestNorm:
    def test_bfloat16_is_computed_and_answered(self):
        # The squares overflow no float32, and the sum rounds once.
        x = np.array([3.0, 4.0, 12.0, 84.0], ml_dtypes.bfloat16)
        result = scirs2.norm(x)
        assert result.dtype == ml_dtypes.bfloat16
        assert float(result) == 85.0
        rows = scirs2.norm(np.stack([x, x])[:, ::-1], axis=1)
        assert type(rows) is np.ndarray
        assert rows.dtype == ml_dtypes.bfloat16
        assert rows.astype(float).tolist() == [85.0, 85.0]

    def test_bfloat16_is_summed_in_more_than_its_own_bits(self):
        # In bfloat16 the sum would stay at 256, where the next number is 258.
        ones = np.ones(1000, ml_dtypes.bfloat16)
        expected = np.array(1000.0).astype(ml_dtypes.bfloat16)
        assert scirs2.norm(ones, 1) == expected

    @pytest.mark.parametrize("dtype", [dtype for dtype in ML if dtype.name != "bfloat16"], ids=str)
    def test_the_others_name_the_cure(self, dtype):
        for x in (filled(dtype, (3, 4)), filled(dtype, (3, 4))[:, ::-1]):
            with pytest.raises(TypeError, match=rf"{dtype.name}.*float32"):
                scirs2.norm(x)

    @OF_A_NARROW_ONE
    def test_packed_ones_too(self, dtype):
        made = packed(dtype, numbers(dtype, 6), (6,), (1,))
        with pytest.raises(TypeError, match=rf"{dtype.name}.*float32"):
            scirs2.norm(made.capsule)
        gc.collect()
        assert made.frees == 1


class TestWithoutMlDtypes:
    """Where the package is missing, old or broken: in a process where nobody imported it."""

    WITHOUT = """
        import sys
        import types

        sys.modules["ml_dtypes"] = {module}

        import capsule
        import numpy as np
        import scirs2
        from capsule import Made, TYPES, PADDED, Producer

        own = [name for name in TYPES if name in np.sctypeDict]
        assert len(own) == 14, own

        def refused(name, versioned, words):
            code, bits = TYPES[name]
            flags = PADDED if versioned and bits < 8 else 0
            made = Made(code=code, bits=bits, versioned=versioned, flags=flags)
            before = made.name
            for x in (made.capsule, Producer(lambda **_: made.capsule)):
                try:
                    scirs2.from_dlpack(x)
                except BufferError as error:
                    message = str(error)
                else:
                    raise AssertionError(f"{{name}} was taken")
                for word in (name, *words):
                    assert word in message, message
                # Refused, and so still the producer's.
                assert made.name == before, made.name
                assert made.frees == 0
            x = None
            made.drop()
            assert made.frees == 1

        for name in TYPES:
            for versioned in (False, True):
                if name not in own:
                    refused(name, versioned, {words})
                    continue
                array = np.zeros(6, name)
                again = scirs2.from_dlpack(scirs2.to_dlpack(array))
                assert again.dtype == array.dtype
                assert again.ctypes.data == array.ctypes.data
                taken = scirs2.from_dlpack(Made(array, versioned=versioned).capsule)
                assert taken.dtype == array.dtype
        assert scirs2.norm(np.array([3.0, 4.0])) == 5.0
    """

    def test_missing(self):
        child.run(self.WITHOUT.format(module=None, words=["pip install ml_dtypes", "float32"]))

    def test_older_than_the_dtype(self):
        module = "types.ModuleType('ml_dtypes')"
        child.run(self.WITHOUT.format(module=module, words=["pip install -U ml_dtypes"]))

    def test_installed_later(self):
        # The refusal is not remembered.
        child.run("""
            import sys

            sys.modules["ml_dtypes"] = None
            import numpy as np
            import scirs2
            from capsule import Made

            def take():
                return scirs2.from_dlpack(Made(np.zeros(6, np.uint16), code=4, bits=16).capsule)

            try:
                take()
            except BufferError:
                del sys.modules["ml_dtypes"]
            assert take().dtype.name == "bfloat16"
        """)

    def test_it_is_not_imported_before_it_is_needed(self):
        child.run("""
            import sys

            import numpy as np
            import scirs2
            from capsule import Made

            for name in ("float64", "int8", "bool", "complex64"):
                array = np.zeros(3, name)
                scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3)))
                scirs2.from_dlpack(Made(array).capsule)
                scirs2.norm(array)
            assert "ml_dtypes" not in sys.modules
            scirs2.from_dlpack(Made(np.zeros(3, np.uint16), code=4, bits=16).capsule)
            assert "ml_dtypes" in sys.modules
        """)

    def test_numpy_is_as_it_was(self):
        # NumPy has a registry of DLPack types, which is the whole process's.
        child.run("""
            import ml_dtypes
            import numpy as np
            import scirs2
            from capsule import Made, Producer

            def numpy_refuses(name):
                array = np.zeros(3, getattr(ml_dtypes, name))
                for function in (
                    lambda: np.from_dlpack(Producer(lambda **_: Made(array).capsule)),
                    lambda: array.__dlpack__(max_version=(1, 0)),
                ):
                    try:
                        function()
                    except (BufferError, RuntimeError):
                        continue
                    raise AssertionError(f"{name} is known to NumPy")

            names = ["bfloat16", "float8_e5m2", "float8_e4m3fn", "complex32"]
            for name in names:
                numpy_refuses(name)
                array = np.zeros(3, getattr(ml_dtypes, name))
                scirs2.from_dlpack(Made(array).capsule)
                scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 0)))
                scirs2.from_dlpack(scirs2.DLPackExporter(array))
                numpy_refuses(name)
        """)


@FORMS
def test_a_refused_dtype_keeps_nothing(form):
    array = np.zeros(3, "M8[s]")
    with pytest.raises(BufferError, match="datetime64"):
        scirs2.to_dlpack(array, max_version=form)


def test_a_capsule_of_a_narrow_dtype_is_renamed():
    capsule = scirs2.to_dlpack(filled(NARROW[0], (3,)), max_version=(1, 3))
    scirs2.from_dlpack(capsule)
    assert name_of(capsule) == "used_dltensor_versioned"
