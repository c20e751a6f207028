"""Dask arrays: lazy, block by block, and the same numbers as in memory."""

import os
import pickle
import subprocess
import sys

import capsule
import dask
import dask.array as da
import numpy as np
import pytest
import scirs2
import torch
import xarray
from capsule import Made, Producer
from dask.diagnostics import ProgressBar
from functions import FUNCTIONS, LAZY, NOT_LAZY, function, given
from lazy_graphs import MODULES, lazily
from scipy.sparse import csr_array
from scirs2 import linalg

CHUNKINGS = [-1, 2, 1]


@pytest.fixture(params=MODULES)
def module(request):
    return pytest.importorskip(request.param)


def ask(name, *operands):
    return FUNCTIONS[name].call(function(name), *operands)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def in_memory(result, dtype):
    """What NumPy's convention returns, as an array: eigenvalues are always complex lazily."""
    result = np.asarray(result)
    return result.astype(dtype) if result.dtype.kind != dtype.kind else result


@pytest.mark.parametrize("chunks", CHUNKINGS)
@pytest.mark.parametrize("dtype", ["float64", "complex64", "int8", "float16"])
@pytest.mark.parametrize("name", LAZY)
def test_every_function_is_lazy_and_right(name, dtype, chunks):
    batch = () if FUNCTIONS[name].single else (5,)
    operands = given(name, batch, dtype)
    expected = ask(name, *operands)
    with lazily():
        results = ask(name, *(da.from_array(x, chunks=chunks) for x in operands))
    tolerance = {2: 1e-2, 4: 1e-4}.get(np.asarray(expected[0]).real.itemsize, 1e-10)
    for one, lazy, result in zip(
        expected, results, dask.compute(*results, scheduler="sync"), strict=True
    ):
        if isinstance(one, bool):
            assert lazy is one
            continue
        one = in_memory(one, lazy.dtype)
        assert isinstance(lazy, da.Array)
        assert (lazy.shape, lazy.dtype) == (one.shape, one.dtype)
        assert (result.shape, result.dtype) == (one.shape, one.dtype)
        assert result.flags.c_contiguous
        np.testing.assert_allclose(result, one, tolerance, tolerance)


@pytest.mark.parametrize("name", NOT_LAZY)
def test_what_is_refused_says_how_it_is_gathered(name):
    with pytest.raises(TypeError, match=r"x\.compute\(\)"):
        ask(name, *(da.from_array(x) for x in given(name, (5,))))


@pytest.mark.parametrize("name", LAZY)
def test_both_classes_of_lazy_arrays_and_all_schedulers_give_the_same_bits(name, module):
    operands = given(name, () if FUNCTIONS[name].single else (5,))
    bits = set()
    for scheduler in ("sync", "threads", "threads"):
        lazy = [module.from_array(x, chunks=2) for x in operands]
        with lazily():
            results = ask(name, *lazy)
        assert all(isinstance(one, module.Array | bool) for one in results)
        computed = dask.compute(*results, scheduler=scheduler)
        bits.add(b"".join(np.asarray(one).tobytes() for one in computed))
    assert len(bits) == 1


def test_results_of_several_parts_are_the_tuples_of_memory():
    a = da.from_array(normal(4, 3, 3), chunks=2)
    w, v = linalg.eigh(a)
    assert type(linalg.eigh(a)) is type(linalg.eigh(np.eye(2)))
    assert (w.shape, v.shape) == ((4, 3), (4, 3, 3))
    assert linalg.svd(a).Vh.chunks == ((2, 2), (3,), (3,))


def test_least_squares_say_the_same_of_one_matrix_as_of_a_batch():
    a, b = np.ones((5, 2)), normal(5)
    results = linalg.lstsq(da.from_array(a), da.from_array(b))
    x, residuals, rank, _ = dask.compute(*results, scheduler="sync")
    assert rank == 1
    assert np.isnan(residuals).all()
    np.testing.assert_allclose(x, np.linalg.lstsq(a, b)[0])


def test_operands_broadcast_and_may_be_in_memory():
    a, b = normal(6, 1, 3, 3), normal(4, 3, 2, seed=1)
    expected = linalg.solve(a, b)
    lazy = da.from_array(a, chunks=(2, 1, 3, 3))
    for other in (b, da.from_array(b, chunks=(3, 3, 1)), b.tolist()):
        np.testing.assert_allclose(linalg.solve(lazy, other).compute(scheduler="sync"), expected)
    vector = normal(3)
    result = linalg.solve(lazy, da.from_array(vector, chunks=1)).compute(scheduler="sync")
    np.testing.assert_allclose(result, linalg.solve(a, vector))


def test_chunks_that_differ_are_cut_alike():
    a, b = normal(7, 2, 2), normal(7, 2, 1, seed=1)
    lazy = linalg.solve(da.from_array(a, chunks=(3, 2, 2)), da.from_array(b, chunks=(5, 1, 1)))
    assert lazy.chunks[0] == (3, 2, 1, 1)
    np.testing.assert_allclose(lazy.compute(scheduler="sync"), linalg.solve(a, b))


def test_a_batch_takes_one_task_for_each_block_and_result():
    a = da.from_array(normal(12, 3, 3), chunks=(1, 3, 3)).persist(scheduler="sync")
    blocks = 12
    assert len(dict(linalg.inv(a).__dask_graph__())) == 2 * blocks
    (optimized,) = dask.optimize(linalg.inv(a))
    assert len(dict(optimized.__dask_graph__())) <= 2 * blocks
    u, s, vh = dask.optimize(*linalg.svd(a))
    together = {**u.__dask_graph__(), **s.__dask_graph__(), **vh.__dask_graph__()}
    assert len(together) <= 2 * 3 * blocks


def test_names_are_deterministic():
    def names(**options):
        a = da.from_array(normal(4, 3, 3), chunks=2)
        return [one.name for one in linalg.svd(a, **options)]

    assert names() == names()
    assert names() != names(full_matrices=False)
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        a = da.from_array(normal(4, 3), chunks=2)
        for result in (linalg.norm(a, axis=0), linalg.matmul(a.T, a), linalg.pinv(a, rtol=None)):
            assert result.name == pickle.loads(pickle.dumps(result)).name


def test_graphs_are_pickled():
    a = da.from_array(normal(4, 3, 3), chunks=2)
    for lazy in (linalg.inv(a), linalg.qr(a).Q, linalg.matmul(a, a), linalg.norm(a)):
        copy = pickle.loads(pickle.dumps(lazy))
        np.testing.assert_array_equal(copy.compute(scheduler="sync"), lazy.compute())


# Errors.


@pytest.mark.parametrize("shape", [(10,), (6, 5), (3, 4, 5)])
def test_an_error_has_the_index_in_the_whole_batch(shape, module):
    a = np.broadcast_to(np.eye(2), (*shape, 2, 2)).copy()
    where = tuple(size - 2 for size in shape)
    a[where] = 0
    lazy = linalg.inv(module.from_array(a, chunks=2))
    number = np.ravel_multi_index(where, shape)
    for scheduler in ("sync", "threads"):
        with pytest.raises(linalg.LinAlgError, match=f"inv: matrix {number} of the batch") as error:
            lazy.compute(scheduler=scheduler)
        assert error.value.index == where


def test_one_matrix_has_no_index():
    with pytest.raises(linalg.LinAlgError, match="inv: the matrix is singular") as error:
        linalg.inv(da.zeros((4, 4), chunks=2)).compute(scheduler="sync")
    assert error.value.index is None


def test_failures_may_be_filled():
    a = np.broadcast_to(np.eye(2), (5, 2, 2)).copy()
    a[3] = 0
    result = linalg.inv(da.from_array(a, chunks=(2, 2, 2)), on_failure="nan")
    failed = np.isnan(result.compute(scheduler="sync")).any(axis=(-2, -1))
    assert failed.tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda a: linalg.inv(a[0, 0]), ValueError, "inv: a .*dimension"),
        (lambda a: linalg.inv(a[..., :2]), ValueError, "inv: a: .*equal"),
        (lambda a: linalg.solve(a, np.ones((3, 4, 1))), ValueError, "solve: .*do not fit"),
        (lambda a: linalg.solve(a, np.ones((3, 3, 1))), ValueError, "solve: .*do not broadcast"),
        (lambda a: linalg.matmul(a, np.ones((4, 3))), ValueError, "matmul: .*do not fit"),
        (lambda a: linalg.matmul(a, np.ones((1, 3))), ValueError, "matmul: .*do not fit"),
        (lambda a: scirs2.einsum("ij,jk", a, a), ValueError, "einsum"),
        (lambda a: linalg.qr(a, mode="none"), ValueError, "qr: mode"),
        (lambda a: linalg.norm(a, ord=7, axis=(0, 1)), ValueError, "norm: ord"),
        (lambda a: linalg.vecdot(a, a, axis=5), (ValueError, IndexError), "vecdot: .*axis"),
        (lambda a: linalg.tensordot(a, a, axes=4), ValueError, "tensordot: axes"),
        (lambda a: linalg.multi_dot([a[0], np.ones((4, 4))]), ValueError, "multi_dot: .*not fit"),
        (lambda a: linalg.tensorinv(a, 1), ValueError, "tensorinv"),
        (lambda a: linalg.tensorsolve(a, np.ones(2)), ValueError, "tensorsolve: .*do not fit"),
        (lambda a: linalg.det(a.astype("O")), TypeError, "det: .*dtype"),
        (lambda a: linalg.inv(a, out=np.ones((5, 3, 3))), TypeError, "inv: out="),
        (lambda a: linalg.solve(a, torch.ones(3)), TypeError, "solve: b: .*scirs2.from_dlpack"),
        (lambda a: linalg.solve(torch.eye(3), a), TypeError, "solve: a: .*scirs2.from_dlpack"),
        (lambda a: linalg.inv(da.ma.masked_equal(a, 0)), TypeError, "inv: a: .*filled"),
        (lambda a: linalg.inv(chunks_of(a, csr_array((0, 0)))), TypeError, "inv: a: .*toarray"),
        (lambda a: linalg.inv(chunks_of(a, on_gpu())), scirs2.GPUTensorError, "inv: a: its chunks"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(call, kind, says):
    a = da.from_array(normal(5, 3, 3), chunks=2)
    with lazily(), pytest.raises(kind, match=says):
        call(a)


def chunks_of(a, example):
    """The lazy array, as one whose chunks are like the example."""
    like = da.Array(a.dask, a.name, a.chunks, meta=a._meta)
    like._meta = example
    return like


def on_gpu():
    """A tensor of DLPack on another device, which is never read."""
    device = (capsule.CUDA, 0)
    return Producer(lambda **_: Made(device=device).capsule, device=device)


def test_what_exceeds_a_task_is_refused_with_the_cure():
    with dask.config.set({"array.chunk-size": "1 kiB"}):
        small = da.from_array(normal(8, 8), chunks=4)
        assert linalg.inv(small).numblocks == (1, 1)
        large = da.from_array(normal(3, 20, 20), chunks=10)
        with pytest.raises(ValueError, match=r"eigh: a: .*a\.rechunk\(\{-2: -1, -1: -1\}\)"):
            linalg.eigh(large)
        assert linalg.eigvalsh(large.rechunk({-2: -1, -1: -1})).shape == (3, 20)


def test_a_batch_of_split_matrices_stays_in_small_chunks():
    with dask.config.set({"array.chunk-size": "1 kiB"}):
        a = da.from_array(normal(100, 4, 4), chunks=(100, 1, 4))
        inverse = linalg.inv(a)
        assert max(inverse.chunks[0]) * 4 * 4 * 8 <= 1024
        np.testing.assert_allclose(inverse.compute(scheduler="sync"), linalg.inv(a.compute()))


def test_generalized_problems(module):
    a, b = normal(9, 3, 3), normal(3, 3)
    a, b = a + a.mT, b @ b.mT + np.eye(3)
    lazy = module.from_array(a, chunks=(4, 3, 3))
    for second in (b, module.from_array(b, chunks=1)):
        values, vectors = dask.compute(*linalg.eigh(lazy, b=second), scheduler="sync")
        np.testing.assert_allclose(a @ vectors, b @ vectors * values[:, None, :], atol=1e-12)
    (values,) = dask.compute(linalg.eigvalsh(lazy, b=b, type=2), scheduler="sync")
    np.testing.assert_allclose(values, linalg.eigvalsh(a, b=b, type=2))


# What arrives as a block.


def test_batches_of_unknown_length(module):
    a = normal(9, 3, 3)
    lazy = module.from_array(a, chunks=(4, 3, 3))
    chosen = lazy[module.from_array(a[:, 0, 0] > 0, chunks=4)]
    expected = a[a[:, 0, 0] > 0]
    results = linalg.eigvalsh(chosen), linalg.solve(chosen, chosen), linalg.norm(chosen)
    values, ones, norm = dask.compute(*results, scheduler="sync")
    np.testing.assert_allclose(values, linalg.eigvalsh(expected))
    np.testing.assert_allclose(ones, np.broadcast_to(np.eye(3), expected.shape), atol=1e-9)
    np.testing.assert_allclose(norm, linalg.norm(expected))
    with pytest.raises(linalg.LinAlgError, match="unknown sizes"):
        linalg.inv(chosen * 0).compute(scheduler="sync")


def test_matrices_of_unknown_size_name_the_cure():
    a = da.from_array(normal(6, 6), chunks=3)
    chosen = a[a[:, 0] > 0]
    with pytest.raises(ValueError, match=r"a\.compute_chunk_sizes\(\)"):
        linalg.inv(chosen)


@pytest.mark.parametrize("name", [name for name in LAZY if not FUNCTIONS[name].single])
def test_empty_batches_and_empty_chunks(name):
    operands = given(name, (0,))
    results = ask(name, *(da.from_array(x, chunks=2) for x in operands))
    for one, expected in zip(
        dask.compute(*results, scheduler="sync"), ask(name, *operands), strict=True
    ):
        assert np.shape(one) == np.shape(expected)


def test_empty_chunks_between_others():
    a = normal(4, 4, 4)
    x = da.from_array(a, chunks=((2, 0, 2), (4,), (4,)))
    np.testing.assert_allclose(linalg.inv(x).compute(scheduler="sync"), linalg.inv(a))
    for ord in (0, 1, 2, np.inf, -1, -np.inf):
        result = linalg.vector_norm(x, ord=ord).compute(scheduler="sync")
        np.testing.assert_allclose(result, linalg.vector_norm(a, ord=ord))


def misaligned(block):
    memory = np.zeros(block.nbytes + 1, np.uint8)[1:].view(block.dtype).reshape(block.shape)
    memory[...] = block
    return memory


def read_only(block):
    block = block.copy()
    block.flags.writeable = False
    return block


LAYOUTS = {
    "misaligned": misaligned,
    "read-only": read_only,
    "in Fortran order": np.asfortranarray,
    "backwards": lambda block: np.flip(np.flip(block, -1).copy(), -1),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", LAZY)
def test_blocks_of_any_layout_give_the_same_bits(name, layout):
    operands = given(name, () if FUNCTIONS[name].single else (5,))
    lazy = [da.from_array(x, chunks=-1) for x in operands]
    laid = [x.map_blocks(LAYOUTS[layout], meta=x._meta) for x in lazy]
    results = dask.compute(*ask(name, *lazy), scheduler="sync")
    others = dask.compute(*ask(name, *laid), scheduler="sync")
    for one, other in zip(results, others, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_blocks_without_strides():
    ones = da.ones((3, 4, 4), chunks=2)
    np.testing.assert_array_equal(linalg.matmul(ones, ones).compute(), np.full((3, 4, 4), 4.0))
    np.testing.assert_allclose(linalg.norm(ones).compute(), np.sqrt(48))


# Norms.


@pytest.mark.parametrize("ord", [None, 0, 1, 2, 3, -1, 0.5, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_of_vectors(ord, axis, keepdims):
    x = normal(40, 30)
    lazy = da.from_array(x, chunks=3)
    if axis is None:
        x, lazy = x[:, 0], lazy[:, 0]
    result = linalg.norm(lazy, ord, axis, keepdims)
    expected = linalg.norm(x, ord, axis, keepdims)
    assert result.shape == np.shape(expected)
    np.testing.assert_allclose(result.compute(scheduler="sync"), expected)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [(0, 1), (2, 0), (-1, -2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_of_matrices(ord, axis, keepdims):
    x = normal(4, 5, 6)
    result = linalg.norm(da.from_array(x, chunks=2), ord, axis, keepdims)
    expected = linalg.norm(x, ord, axis, keepdims)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result.compute(scheduler="sync"), expected)


def test_norms_do_not_overflow():
    for size in (1e200, 1e-200):
        x = da.full(20, size, chunks=3)
        assert linalg.norm(x).compute() == pytest.approx(size * np.sqrt(20), rel=1e-15)
    assert linalg.norm(da.full(4, 100, dtype="int8", chunks=2)).compute() == 200.0
    single = da.full(4, 1e20, dtype="float32", chunks=1)
    assert linalg.norm(single).compute() == np.float32(2e20)


# Products.


def test_products_are_summed_over_chunks():
    a, b = normal(50, 40), normal(40, 30, seed=1)
    lazy_a, lazy_b = da.from_array(a, chunks=(20, 3)), da.from_array(b, chunks=(7, 11))
    np.testing.assert_allclose(linalg.matmul(lazy_a, lazy_b).compute(), a @ b, atol=1e-12)
    np.testing.assert_allclose(linalg.matmul(lazy_a, b[:, 0]).compute(), a @ b[:, 0], atol=1e-12)
    np.testing.assert_allclose(linalg.matmul(a[0], lazy_b).compute(), a[0] @ b, atol=1e-12)
    chain = linalg.multi_dot([a[0], lazy_b, lazy_b.T, lazy_a.T, a[:, 0]])
    assert chain.shape == ()
    np.testing.assert_allclose(chain.compute(), a[0] @ b @ b.T @ a.T @ a[:, 0])
    integers = da.full((3, 300), 100, dtype="int8", chunks=70)
    expected = linalg.matmul(integers.compute(), integers.T.compute())
    np.testing.assert_array_equal(linalg.matmul(integers, integers.T).compute(), expected)
    halves = da.full((1, 4000), 1, dtype="float16", chunks=10)
    assert linalg.matmul(halves, halves.T).compute() == 4000


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ki", [(5, 6), (6, 7)]),
        ("ii", [(6, 6)]),
        ("...ii->...i", [(3, 6, 6)]),
        ("ij,jk,kl,l->i", [(5, 6), (6, 7), (7, 5), (5,)]),
        ("bij,bkj->bik", [(1, 5, 6), (4, 3, 6)]),
        ("i,i,i", [(9,), (9,), (9,)]),
    ],
)
def test_einsum(subscripts, shapes):
    operands = [normal(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    lazy = [da.from_array(x, chunks=2 + seed) for seed, x in enumerate(operands)]
    result = scirs2.einsum(subscripts, *lazy)
    np.testing.assert_allclose(
        result.compute(scheduler="sync"), np.einsum(subscripts, *operands), atol=1e-12
    )


@pytest.mark.parametrize("offset", [-3, -1, 0, 2, 9])
def test_diagonals(offset):
    x = np.arange(2 * 5 * 7, dtype=np.int16).reshape(2, 5, 7)
    lazy = da.from_array(x, chunks=2)
    np.testing.assert_array_equal(
        linalg.diagonal(lazy, offset=offset).compute(), linalg.diagonal(x, offset=offset)
    )
    trace = linalg.trace(lazy, offset=offset)
    expected = linalg.trace(x, offset=offset)
    assert trace.dtype == expected.dtype
    np.testing.assert_array_equal(trace.compute(), expected)


def test_cross_along_any_axis():
    a, b = normal(3, 4), normal(3, 4, seed=1)
    result = linalg.cross(da.from_array(a, chunks=2), b, axis=0)
    np.testing.assert_allclose(result.compute(), linalg.cross(a, b, axis=0))


def test_equations_of_tensors():
    a, b = normal(2, 3, 6), normal(2, 3, seed=1)
    lazy = da.from_array(a, chunks=2)
    np.testing.assert_allclose(linalg.tensorsolve(lazy, b).compute(), linalg.tensorsolve(a, b))
    np.testing.assert_allclose(linalg.tensorinv(lazy).compute(), linalg.tensorinv(a))


def test_ranks_take_tolerances_of_each_matrix():
    a = np.stack([np.diag([1.0, 1e-3, 1e-6])] * 4)
    tolerances = np.array([1e-9, 1e-5, 1e-2, 2.0])
    lazy = da.from_array(a, chunks=(3, 3, 3))
    assert linalg.matrix_rank(lazy, tolerances).compute().tolist() == [3, 2, 1, 0]
    lazy_tolerances = da.from_array(tolerances, chunks=2)
    assert linalg.matrix_rank(lazy, lazy_tolerances).compute().tolist() == [3, 2, 1, 0]
    assert linalg.matrix_rank(da.zeros(4, chunks=2)).compute() == 0
    assert linalg.matrix_rank(da.ones(4, chunks=2)).compute() == 1


# Threads, imports and others' tools.


def test_a_task_uses_one_thread_unless_told_otherwise():
    code = (
        "import scirs2, dask, dask.array as da, numpy as np\n"
        "from scirs2._elsewhere.dask import task\n"
        "with task.threads(task.decided_threads()): print(scirs2.get_num_threads())\n"
        "with scirs2.num_threads(5): decided = task.decided_threads()\n"
        "with task.threads(decided): print(scirs2.get_num_threads())\n"
    )
    environment = dict(os.environ)
    for name in ("SCIRS2_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
        environment.pop(name, None)

    def lines():
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
        return done.stdout.split()

    assert lines() == ["1", "5"]
    environment["SCIRS2_NUM_THREADS"] = "2"
    assert lines() == ["2", "5"]


def test_numpy_never_imports_dask():
    code = (
        "import sys, numpy as np, scirs2\n"
        "scirs2.linalg.inv(np.eye(3)); scirs2.norm([1.0, 2.0])\n"
        "try: scirs2.linalg.inv(object())\n"
        "except TypeError: pass\n"
        "assert not {'dask', 'dask_array', 'distributed'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_progress_bar_sees_the_tasks(capsys):
    with ProgressBar(dt=0.01):
        linalg.inv(da.from_array(np.eye(3) + np.zeros((8, 1, 1)), chunks=(1, 3, 3))).compute()
    assert "100% Completed" in capsys.readouterr().out


def test_arrays_of_xarray():
    a = normal(6, 3, 3)
    array = xarray.DataArray(a, dims=("time", "row", "column")).chunk(time=2)
    dims = [["row", "column"]]
    with lazily():
        inverse = xarray.apply_ufunc(
            linalg.inv, array, input_core_dims=dims, output_core_dims=dims, dask="allowed"
        )
    assert inverse.chunks is not None
    np.testing.assert_allclose(inverse.compute(scheduler="sync"), linalg.inv(a))


class Derived(da.Array):
    """A class of someone else."""


def test_classes_derived_from_dasks_are_not_gathered():
    a = da.from_array(np.eye(3), chunks=2)
    derived = Derived(a.dask, a.name, a.chunks, meta=a._meta)
    with lazily():
        assert isinstance(linalg.det(derived), da.Array)


@pytest.mark.parametrize("make", [lambda x: dask.delayed(x), lambda x: dask.delayed(x) + 1])
def test_other_collections_are_refused(make):
    with pytest.raises(TypeError, match=r"x\.compute\(\)"):
        linalg.inv(make(np.eye(3)))
