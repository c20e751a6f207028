"""Dask arrays on a cluster: worker processes on this machine, which may die."""

import contextlib
import os
import signal
import time

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, KilledWorker, LocalCluster, wait
from functions import FUNCTIONS, LAZY, function, given
from scirs2 import linalg

# Workers warn of what a killed one leaves; processes start slowly on a busy machine.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


@contextlib.contextmanager
def cluster(**options):
    """A client of worker processes of one thread each."""
    before = set(os.environ)
    try:
        with (
            LocalCluster(
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                **options,
            ) as workers,
            Client(workers, timeout=60) as client,
        ):
            yield client
    finally:
        # A nanny adds to this process's environment what it wants in its workers'.
        for name in set(os.environ) - before:
            del os.environ[name]


@pytest.fixture(scope="module")
def client():
    """A client of two workers."""
    with cluster(n_workers=2, memory_limit="1 GiB") as client:
        yield client


def ask(name, *operands):
    return FUNCTIONS[name].call(function(name), *operands)


def in_bytes(results):
    return b"".join(np.asarray(one).tobytes() for one in results)


def every_function():
    """Each function's results, as a list of lazy arrays."""
    for name in LAZY:
        operands = given(name, () if FUNCTIONS[name].single else (5,))
        results = ask(name, *(da.from_array(x, chunks=3) for x in operands))
        yield name, [one for one in results if isinstance(one, da.Array)]


# The first cluster of this file, as the others are there until its end.


def test_what_exceeds_the_memory_of_a_worker_is_spilled():
    before = set(os.environ)
    with cluster(n_workers=1, memory_limit="300 MiB") as client:
        # 115 MB of blocks, of which no more stay in memory than fit beside the interpreter.
        a = da.random.default_rng(0).standard_normal((100, 380, 380), chunks=(5, 380, 380))
        a = client.persist(a)
        wait(a)
        norms = client.compute(linalg.norm(a, axis=(-2, -1))).result()
        np.testing.assert_allclose(norms, 380, rtol=0.05)
        del a
        # A matrix of 312 MiB, in panels.
        n = 6400
        triangle = client.persist(da.tril(da.ones((n, n), chunks=(n, 200))))
        wait(triangle)
        x = client.persist(linalg.solve_triangular(triangle, np.arange(n) ** 2, lower=True))
        wait(x)
        logs = client.run(lambda dask_worker: list(dask_worker.transfer_outgoing_log))
        assert sum(one["total"] for log in logs.values() for one in log) < 2**20
        expected = np.diff(np.arange(n) ** 2, prepend=0)
        np.testing.assert_array_equal(client.compute(x).result(), expected)
    # What tests after this one measure depends on it, such as MALLOC_TRIM_THRESHOLD_.
    assert set(os.environ) == before


def test_processes_give_the_bits_of_this_one(client):
    names, results = zip(*every_function(), strict=True)
    computed = client.gather(client.compute([list(one) for one in results]))
    for name, lazy, remote in zip(names, results, computed, strict=True):
        here = [one.compute(scheduler="sync") for one in lazy]
        assert in_bytes(remote) == in_bytes(here), name


def test_an_error_comes_back_with_its_index(client):
    a = np.broadcast_to(np.eye(2), (200, 40, 2, 2)).copy()
    a[137, 31] = 0
    lazy = client.persist(linalg.inv(da.from_array(a, chunks=(50, 20, 2, 2))))
    with pytest.raises(linalg.LinAlgError, match="inv: matrix 5511 of the batch") as error:
        client.gather(client.compute(lazy))
    assert error.value.index == (137, 31)
    # Nor is it tried again.
    log = client.run_on_scheduler(
        lambda dask_scheduler: [(one.key, one.finish) for one in dask_scheduler.transition_log]
    )
    of_inv = [key for key, finish in log if finish == "processing" and lazy.name in str(key)]
    assert of_inv
    assert len(of_inv) == len(set(of_inv))


def square():
    """A matrix in tiles, and lazy results that panels of its columns give, of each kind."""
    a = np.random.default_rng(0).standard_normal((120, 120))
    definite = da.from_array(a @ a.T + np.eye(120), chunks=40)
    lazy, b = da.from_array(a, chunks=(50, 20)), a[:, :3]
    with dask.config.set({"array.chunk-size": "20 kB"}):
        results = [
            linalg.solve(lazy, b),
            *linalg.slogdet(lazy),
            *linalg.lu_factor(lazy),
            *linalg.qr(lazy),
            linalg.cho_solve((linalg.cholesky(definite), True), b),
        ]
    assert all(max(one.numblocks) > 1 for one in (results[3], results[5], results[6]))
    return results


def test_processes_give_the_bits_of_this_one_for_panels(client):
    here = in_bytes(dask.compute(*square(), scheduler="sync"))
    assert in_bytes(client.gather(client.compute(square()))) == here


def test_an_error_comes_back_with_its_pivot(client):
    a = np.random.default_rng(0).standard_normal((60, 60))
    a[:, 47] = 0
    with dask.config.set({"array.chunk-size": "4800 B"}):
        lazy = linalg.inv(da.from_array(a, chunks=10))
    with pytest.raises(linalg.LinAlgError, match="inv: the matrix is singular: pivot 47 "):
        client.gather(client.compute(lazy))


def test_workers_use_one_thread(client):
    def threads():
        import scirs2
        from scirs2._elsewhere.dask import task

        with task.threads(None):
            return scirs2.get_num_threads()

    assert set(client.run(threads).values()) == {1}


def test_the_client_sees_none_of_it(client):
    generator = da.random.default_rng(0)
    a = generator.standard_normal((40_000, 8, 8), chunks=(4_000, 8, 8))
    before = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    inverse = linalg.inv(a)
    # Tasks of tests before may still be released.
    assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) <= before
    inverse = client.persist(inverse)
    wait(inverse)
    identity = linalg.matmul(inverse, a)
    largest = abs(identity - np.eye(8)).max()
    assert client.compute(largest).result() < 1e-6


def test_a_matrix_is_one_task_of_a_worker(client):
    a = np.random.default_rng(0).standard_normal((400, 400))
    values = linalg.eigvalsh(da.from_array(a + a.T, chunks=100))
    assert values.numblocks == (1,)
    here = values.compute(scheduler="sync")
    assert client.compute(values).result().tobytes() == here.tobytes()


# These come last: the nanny takes its time to start another worker.


def kill_a_worker(client):
    pids = client.run(os.getpid)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def test_a_worker_that_dies_changes_no_bit(client):
    a = da.from_array(np.random.default_rng(0).standard_normal((60, 16, 16)), chunks=(2, 16, 16))
    # Long enough to be killed in the midst of the work; a lambda, as workers import no tests.
    lazy = a.map_blocks(lambda block: time.sleep(0.05) or block, meta=a._meta)
    u, s, vh = linalg.svd(lazy)
    product = linalg.matmul(u * s[:, None, :], vh)
    results = [u, s, vh, linalg.norm(product)]
    expected = in_bytes(one.compute(scheduler="threads") for one in results)
    futures = client.compute(results)
    time.sleep(0.5)
    kill_a_worker(client)
    assert in_bytes(client.gather(futures)) == expected


def test_a_worker_that_dies_in_the_midst_of_an_lu_changes_no_bit(client):
    a = da.from_array(np.random.default_rng(0).standard_normal((300, 300)), chunks=(300, 10))
    # Panels come one after the other, so that there is a midst.
    slow = a.map_blocks(lambda block: time.sleep(0.02) or block, meta=a._meta)
    with dask.config.set({"array.chunk-size": "64 kB"}):
        factors, pivots = linalg.lu_factor(slow)
        results = [factors, pivots, linalg.solve(slow, a[:, :1])]
    assert factors.numblocks == (1, 30)
    expected = in_bytes(one.compute(scheduler="threads") for one in results)
    futures = client.compute(results)
    time.sleep(0.8)
    kill_a_worker(client)
    assert in_bytes(client.gather(futures)) == expected


def test_a_worker_that_dies_with_its_part_of_q_changes_no_bit(client):
    a = da.from_array(np.random.default_rng(0).standard_normal((3000, 8)), chunks=(100, 8))
    with dask.config.set({"array.chunk-size": "16 kiB"}):
        q, r = linalg.qr(a)
    assert len(q.chunks[0]) == 30
    expected = in_bytes(one.compute(scheduler="threads") for one in (q, r))
    q, r = client.persist([q, r])
    wait([q, r])
    kill_a_worker(client)
    assert in_bytes(client.gather(client.compute([q, r]))) == expected


# The last, as the scheduler bears less from here on.


def test_a_task_that_kills_its_worker_is_given_up(client):
    client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 1))
    a = da.ones((2, 3, 3), chunks=(2, 3, 3))
    deadly = a.map_blocks(lambda _: os._exit(1), meta=a._meta)
    with pytest.raises(KilledWorker):
        client.compute(linalg.norm(deadly)).result(timeout=240)
