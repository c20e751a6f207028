"""The pool: how many threads, the same bits from any number, the GIL, fork and Ctrl-C."""

import asyncio
import inspect
import os
import sys
import threading

import child
import numpy as np
import pytest
import scirs2

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and POSIX signals")

UNSET = {"SCIRS2_NUM_THREADS": "", "RAYON_NUM_THREADS": "", "OMP_NUM_THREADS": ""}


def count_in_child(**variables):
    source = "import scirs2; print(scirs2.get_num_threads())"
    return int(child.run(source, env=UNSET | variables))


@pytest.fixture(autouse=True)
def as_it_was():
    before = scirs2.get_num_threads()
    yield
    scirs2.set_num_threads(before)


class TestCount:
    @pytest.mark.parametrize(
        ("variables", "count"),
        [
            ({"OMP_NUM_THREADS": "3"}, 3),
            ({"RAYON_NUM_THREADS": "4", "OMP_NUM_THREADS": "3"}, 4),
            ({"SCIRS2_NUM_THREADS": "5", "RAYON_NUM_THREADS": "4", "OMP_NUM_THREADS": "3"}, 5),
            ({"SCIRS2_NUM_THREADS": "5"}, 5),
            ({"SCIRS2_NUM_THREADS": "1", "OMP_NUM_THREADS": "7"}, 1),
            ({"OMP_NUM_THREADS": "3,2"}, 3),
        ],
    )
    def test_the_environment_in_its_order(self, variables, count):
        assert count_in_child(**variables) == count

    @pytest.mark.parametrize("nonsense", ["0", "-2", "many", "", "1.5", "99999999999999999999"])
    def test_nonsense_in_the_environment_is_passed_over(self, nonsense):
        assert count_in_child(SCIRS2_NUM_THREADS=nonsense, RAYON_NUM_THREADS="3") == 3

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs affinity")
    def test_else_the_cores_this_process_may_use(self):
        child.run(
            """
            import os
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            import scirs2
            assert scirs2.get_num_threads() == 1, scirs2.get_num_threads()
            """,
            env=UNSET,
        )
        assert 1 <= count_in_child() <= len(os.sched_getaffinity(0))

    def test_set_and_get(self):
        for count in (1, 2, 7, 64):
            scirs2.set_num_threads(count)
            assert scirs2.get_num_threads() == count

    def test_for_a_block(self):
        scirs2.set_num_threads(2)
        with scirs2.num_threads(5):
            assert scirs2.get_num_threads() == 5
            with scirs2.num_threads(1):
                assert scirs2.get_num_threads() == 1
            assert scirs2.get_num_threads() == 5
        assert scirs2.get_num_threads() == 2

    def test_a_block_that_fails_is_left_too(self):
        scirs2.set_num_threads(2)
        with pytest.raises(KeyError), scirs2.num_threads(5):
            raise KeyError
        assert scirs2.get_num_threads() == 2

    def test_a_block_is_for_its_thread_alone(self):
        scirs2.set_num_threads(2)
        seen = []
        with scirs2.num_threads(5):
            thread = threading.Thread(target=lambda: seen.append(scirs2.get_num_threads()))
            thread.start()
            thread.join()
        assert seen == [2]

    def test_blocks_that_are_left_in_another_order(self):
        scirs2.set_num_threads(2)
        a, b = scirs2.num_threads(5), scirs2.num_threads(3)
        a.__enter__()
        b.__enter__()
        a.__exit__(None, None, None)
        assert scirs2.get_num_threads() == 3
        b.__exit__(None, None, None)
        assert scirs2.get_num_threads() == 2

    def test_one_object_for_several_blocks(self):
        scirs2.set_num_threads(2)
        block = scirs2.num_threads(5)
        with block:
            with scirs2.num_threads(3), block:
                assert scirs2.get_num_threads() == 5
            assert scirs2.get_num_threads() == 5
        assert scirs2.get_num_threads() == 2
        # Without having been entered.
        block.__exit__(None, None, None)
        with scirs2.num_threads(7):
            block.__exit__(None, None, None)
            assert scirs2.get_num_threads() == 7

    @pytest.mark.parametrize("count", [0, -1, 10**9, 2**63 - 1, 2**63, 2**64, 2**70, -(2**70)])
    def test_an_impossible_count(self, count):
        before = scirs2.get_num_threads()
        told = rf"number of threads must lie between 1 and 1024, got {count}$"
        with pytest.raises(ValueError, match=told):
            scirs2.set_num_threads(count)
        with pytest.raises(ValueError, match=told), scirs2.num_threads(count):
            pass
        assert scirs2.get_num_threads() == before

    def test_a_count_of_more_digits_than_python_writes(self):
        with pytest.raises(ValueError, match=r"1024, got an integer of 100001 bits$"):
            scirs2.set_num_threads(2**100_000)

    @pytest.mark.parametrize("count", ["2", 2.5, None, [2]])
    def test_a_count_of_another_type(self, count):
        with pytest.raises(TypeError):
            scirs2.set_num_threads(count)


class TestDecorator:
    """The process has 2 threads, what is decorated 5."""

    @pytest.fixture(autouse=True)
    def two(self):
        scirs2.set_num_threads(2)

    def test_each_call_has_a_block_of_its_own(self):
        @scirs2.num_threads(5)
        def halve(n):
            """Return the numbers of threads on the way down and up again."""
            seen = [scirs2.get_num_threads()]
            if n > 1:
                seen += halve(n // 2)
            with scirs2.num_threads(3):
                seen += other()
            return [*seen, scirs2.get_num_threads()]

        @scirs2.num_threads(1)
        def other():
            return [scirs2.get_num_threads()]

        assert halve(2) == [5, 5, 1, 5, 1, 5]
        assert scirs2.get_num_threads() == 2
        assert halve.__name__ == "halve"
        assert halve.__doc__.startswith("Return")
        assert list(inspect.signature(halve).parameters) == ["n"]

    def test_a_call_that_fails_is_left_too(self):
        @scirs2.num_threads(5)
        def fail():
            raise KeyError(scirs2.get_num_threads())

        with pytest.raises(KeyError, match="5"):
            fail()
        assert scirs2.get_num_threads() == 2

    def test_a_call_is_for_its_thread_alone(self):
        met = threading.Barrier(2, timeout=10)

        @scirs2.num_threads(5)
        def meet():
            met.wait()
            seen.append(scirs2.get_num_threads())
            met.wait()

        seen = []
        thread = threading.Thread(target=meet)
        thread.start()
        met.wait()
        assert scirs2.get_num_threads() == 2
        met.wait()
        thread.join()
        assert seen == [5]

    def test_methods_and_what_else_is_called(self):
        class Worker:
            @scirs2.num_threads(5)
            def method(self, *, more=0):
                return scirs2.get_num_threads() + more

            @classmethod
            @scirs2.num_threads(4)
            def of_class(cls):
                return cls, scirs2.get_num_threads()

            @property
            @scirs2.num_threads(3)
            def value(self):
                return scirs2.get_num_threads()

        assert Worker().method(more=1) == 6
        assert Worker.of_class() == (Worker, 4)
        assert Worker().value == 3
        assert scirs2.num_threads(5)(scirs2.get_num_threads)() == 5
        assert scirs2.get_num_threads() == 2

    def test_a_generator_has_it_while_it_runs(self):
        @scirs2.num_threads(5)
        def numbers(first):
            got = first
            while got is not None:
                try:
                    got = yield (got, scirs2.get_num_threads())
                except KeyError as error:
                    got = error.args[0]
                except GeneratorExit:
                    closed.append(scirs2.get_num_threads())
                    raise
            return scirs2.get_num_threads()

        closed = []
        assert inspect.isgeneratorfunction(numbers)
        generator = numbers(1)
        assert next(generator) == (1, 5)
        assert scirs2.get_num_threads() == 2
        assert generator.send(7) == (7, 5)
        assert generator.throw(KeyError(8)) == (8, 5)
        assert scirs2.get_num_threads() == 2
        with pytest.raises(StopIteration) as caught:
            generator.send(None)
        assert caught.value.value == 5
        generator = numbers(1)
        next(generator)
        generator.close()
        assert closed == [5]
        assert scirs2.get_num_threads() == 2

    def test_a_coroutine_has_it_while_it_runs(self):
        @scirs2.num_threads(5)
        async def work(times):
            seen = []
            for _ in range(times):
                seen.append(scirs2.get_num_threads())
                await asyncio.sleep(0)
            return seen

        async def main():
            task = asyncio.create_task(work(3))
            seen = []
            while not task.done():
                await asyncio.sleep(0)
                seen.append(scirs2.get_num_threads())
            waiting = asyncio.create_task(stuck())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return seen, await task

        @scirs2.num_threads(4)
        async def stuck():
            try:
                await asyncio.sleep(10)
            finally:
                ended.append(scirs2.get_num_threads())

        ended = []
        assert inspect.iscoroutinefunction(work)
        seen, inside = asyncio.run(main())
        assert set(seen) == {2}
        assert inside == [5, 5, 5]
        assert ended == [4]
        assert scirs2.get_num_threads() == 2

    def test_an_asynchronous_generator_has_it_while_it_runs(self):
        @scirs2.num_threads(5)
        async def numbers():
            try:
                for number in range(3):
                    await asyncio.sleep(0)
                    got = yield (number, scirs2.get_num_threads())
                    sent.append(got)
            except KeyError:
                yield ("thrown", scirs2.get_num_threads())
            finally:
                await asyncio.sleep(0)
                ended.append(scirs2.get_num_threads())

        async def main():
            seen = [item async for item in numbers()]
            sent.clear()
            generator = numbers()
            seen.append(await anext(generator))
            seen.append(await generator.asend("more"))
            seen.append(await generator.athrow(KeyError()))
            assert scirs2.get_num_threads() == 2
            await generator.aclose()
            return seen

        sent, ended = [], []
        assert inspect.isasyncgenfunction(numbers)
        assert asyncio.run(main()) == [(0, 5), (1, 5), (2, 5), (0, 5), (1, 5), ("thrown", 5)]
        assert sent == ["more"]
        assert ended == [5, 5]
        assert scirs2.get_num_threads() == 2

    def test_what_is_no_function_is_refused(self):
        for wrong in (3, int, classmethod(print)):
            with pytest.raises(TypeError, match=r"num_threads\(5\) decorates functions, not"):
                scirs2.num_threads(5)(wrong)
        with pytest.raises(TypeError, match=r"expected a number of threads, .*@num_threads\(1\)"):

            @scirs2.num_threads
            def without_a_number():
                pass


ORDERS = [None, 0, 1, 2, 3, -1, 0.5, np.inf, -np.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


def calls(dtype):
    """Calls large enough to be shared among threads."""
    random = np.random.default_rng(7)
    flat = random.standard_normal(1_200_000).astype(dtype)
    flat *= np.exp(random.standard_normal(flat.size)).astype(flat.real.dtype)
    table, batch = flat.reshape(1000, 1200), flat[:180_000].reshape(200, 30, 30)
    for ord in ORDERS:
        yield flat, ord, None
        yield flat[::-3], ord, None
        yield table, ord, 0
        yield table, ord, 1
        yield table.T[::2], ord, 1
    for ord in MATRIX_ORDERS:
        yield batch, ord, (1, 2)
        yield batch, ord, (0, 2)
        yield table[:120, :100], ord, None


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_any_number_of_threads_gives_the_same_bits(dtype):
    for x, ord, axis in calls(dtype):
        with scirs2.num_threads(1):
            alone = scirs2.norm(x, ord, axis)
        for count in (2, 3, 8):
            with scirs2.num_threads(count):
                together = scirs2.norm(x, ord, axis)
            assert together.tobytes() == alone.tobytes(), (x.shape, ord, axis, count)


def test_eight_python_threads_at_once():
    tasks = list(calls("float64"))[::3]
    expected = [scirs2.norm(*task).tobytes() for task in tasks]
    failures = []
    start = threading.Barrier(8)

    def work(shift):
        start.wait()
        for i in range(len(tasks)):
            place = (i + 5 * shift) % len(tasks)
            if scirs2.norm(*tasks[place]).tobytes() != expected[place]:
                failures.append(tasks[place][1:])

    threads = [threading.Thread(target=work, args=(shift,)) for shift in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# A switch interval of a quarter of an hour: another thread runs only once this one lets go of the
# GIL by itself. `waiter` runs then.
WAIT_FOR_THE_GIL = """
    import sys, threading
    import numpy as np
    import scirs2

    gate = threading.Lock()
    gate.acquire()
    ran = []

    def waiter():
        gate.acquire()
        ran.append(True)
        after()

    after = lambda: None
    thread = threading.Thread(target=waiter)
"""


@pytest.mark.parametrize(
    "call",
    [
        "scirs2.norm(np.broadcast_to(x, (200, 1_000_000)))",
        "scirs2.norm(np.broadcast_to(x, (200, 1_000_000)), 3, 1)",
        "scirs2.norm(np.broadcast_to(x[:1600].reshape(40, 40), (5000, 40, 40)), 'nuc', (1, 2))",
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_others_run_while_a_norm_is_computed(threads, call):
    child.run(
        WAIT_FOR_THE_GIL
        + f"""
    x = np.random.default_rng(1).random(1_000_000)
    scirs2.set_num_threads({threads})
    thread.start()
    sys.setswitchinterval(900)
    gate.release()
    before = bool(ran)
    {call}
    after_call = bool(ran)
    sys.setswitchinterval(0.005)
    thread.join()
    assert not before, "the thread ran before the call, so this shows nothing"
    assert after_call, "the GIL was held throughout"
    """
    )


@posix
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("array", "order", "axis"),
    [
        # Minutes to hours of work, were it not stopped.
        ("np.broadcast_to(x, (4_000_000, 100, 100))", "nuc", (1, 2)),
        ("np.broadcast_to(x, (40_000_000, 100, 100))", None, None),
        ("np.broadcast_to(x[0, 0], 10**12)", 3, None),
        ("np.broadcast_to(x.reshape(-1, 1), (10_000, 10**8))", 0.7, 1),
    ],
    ids=str,
)
def test_ctrl_c_stops_a_long_call(threads, array, order, axis):
    child.run(
        WAIT_FOR_THE_GIL
        + f"""
    import os, signal

    x = np.random.default_rng(1).random((100, 100))
    scirs2.set_num_threads({threads})
    # The signal is sent when the call has let go of the GIL.
    after = lambda: os.kill(os.getpid(), signal.SIGINT)
    answers = []
    thread.start()
    sys.setswitchinterval(900)
    gate.release()
    try:
        # In one step for Python, which looks at signals between steps by itself.
        answers.extend(map(scirs2.norm, [{array}], [{order!r}], [{axis!r}]))
    except KeyboardInterrupt:
        pass
    assert answers == [], "it ran to its end"
    sys.setswitchinterval(0.005)
    thread.join()
    # And all is well afterwards.
    assert scirs2.norm(np.broadcast_to(x, (400, 100, 100)), "nuc", (1, 2)).shape == (400,)
    """,
        timeout=90,
    )


@posix
class TestFork:
    SETTING = """
        import os, sys, warnings
        # Later Pythons warn of any fork beside threads; this is about what comes of it.
        warnings.simplefilter("ignore", DeprecationWarning)
        import numpy as np
        import scirs2

        scirs2.set_num_threads(2)
        x = np.random.default_rng(3).random((300, 40, 40))

        def work():
            return scirs2.norm(x, "nuc", (1, 2)).tobytes(), scirs2.norm(np.tile(x, 4)).tobytes()

        def forked(check):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    status = 0 if check() else 2
                finally:
                    os._exit(status)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    """

    def test_a_child_of_a_process_that_computed(self):
        child.run(
            self.SETTING
            + """
        expected = work()
        for _ in range(5):
            assert forked(lambda: work() == expected) == 0
            assert work() == expected
        """
        )

    def test_a_child_of_a_child(self):
        child.run(
            self.SETTING
            + """
        expected = work()
        def check():
            return work() == expected and forked(lambda: work() == expected) == 0
        assert forked(check) == 0
        """
        )

    def test_a_fork_while_another_thread_computes(self):
        child.run(
            self.SETTING
            + """
        import threading
        expected = work()
        stop = threading.Event()
        def busy():
            while not stop.is_set():
                work()
        threads = [threading.Thread(target=busy) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                assert forked(lambda: work() == expected) == 0
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        """
        )

    LARGE = """
        import threading

        random = np.random.default_rng(5)
        large = random.random((900, 900)) + 900 * np.eye(900)

        def beside(call, do, times):
            # Does something so many times while other threads call on and on.
            stop = threading.Event()
            def busy():
                while not stop.is_set():
                    call()
            threads = [threading.Thread(target=busy) for _ in range(2)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(times):
                    do()
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
    """

    @pytest.mark.parametrize(
        "call", ["matmul(large, large)", "solve(large, large)", "qr(large)[1]"]
    )
    def test_a_fork_while_another_thread_is_inside_blas(self, call):
        child.run(
            self.SETTING
            + self.LARGE
            + f"""
        def call():
            return scirs2.linalg.{call}

        expected = call()
        def do():
            assert forked(lambda: np.allclose(call(), expected)) == 0

        beside(call, do, 15)
        """
        )

    @pytest.mark.parametrize(
        "fork",
        [
            # As it is where there is no vfork, without the hooks of `os.register_at_fork`.
            "subprocess._USE_VFORK = False; subprocess.run(['true'], check=True)",
            "subprocess.run(['true'], preexec_fn=int, check=True)",
            "subprocess.run(['true'], check=True)",
            # The first lets go of the GIL for a call, the second does not.
            "end(ctypes.CDLL(None).fork())",
            "end(ctypes.PyDLL(None).fork())",
        ],
    )
    def test_a_fork_of_subprocess_and_of_a_library_while_another_thread_is_inside_blas(self, fork):
        child.run(
            self.SETTING
            + self.LARGE
            + f"""
        import ctypes, signal, subprocess

        def end(process):
            # A child that has no GIL does not come here.
            if process == 0:
                os._exit(0)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)

        def do():
            {fork}

        beside(lambda: scirs2.linalg.matmul(large, large), do, 15)
        """
        )

    def test_a_fork_waits_for_no_more_than_a_piece_of_a_call(self):
        child.run(
            self.SETTING
            + """
        import threading, time

        expected = work()
        call = lambda: scirs2.norm(np.broadcast_to(2.0, 10**11), 3)
        threads = [threading.Thread(target=call, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        for _ in range(10):
            assert forked(lambda: work() == expected) == 0
        assert all(thread.is_alive() for thread in threads)
        """
        )

    def test_a_fork_by_a_signal_handler_in_the_midst_of_a_call(self):
        child.run(
            self.SETTING
            + """
        import signal

        class Enough(Exception):
            pass

        forks = []
        def handle(*_):
            forks.append(forked(lambda: True))
            if len(forks) == 5:
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise Enough

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
        try:
            scirs2.norm(np.broadcast_to(2.0, 10**11), 3)
        except Enough:
            pass
        assert forks == [0] * 5
        work()
        """
        )

    def test_the_end_of_a_child_does_not_wait_for_its_parents_threads(self):
        child.run(
            self.SETTING
            + """
        import threading
        large = np.random.default_rng(4).random((4000, 4000))
        def work_and_close():
            scirs2.norm(x)
            scirs2._scirs2._close_pool()
            return True
        thread = threading.Thread(target=scirs2.norm, args=(large, 3))
        thread.start()
        while thread.is_alive():
            assert forked(work_and_close) == 0
        """
        )

    def test_the_child_keeps_the_count(self):
        child.run(
            self.SETTING
            + """
        scirs2.set_num_threads(3)
        assert forked(lambda: scirs2.get_num_threads() == 3) == 0
        """
        )

    def test_multiprocessing_by_fork(self):
        child.run(
            self.SETTING
            + """
        import multiprocessing

        expected = work()
        with multiprocessing.get_context("fork").Pool(3) as pool:
            for result in [pool.apply_async(work) for _ in range(6)]:
                assert result.get(60) == expected
        """
        )

    def test_a_tensor_imported_before_the_fork_is_freed_on_both_sides(self):
        child.run(
            self.SETTING
            + """
        from capsule import Made

        made = Made()
        array = scirs2.from_dlpack(made.capsule)
        def check():
            global array
            ok = array.sum() == 15 and made.frees == 0
            del array
            return ok and made.frees == 1
        assert forked(check) == 0
        assert made.frees == 0
        del array
        assert made.frees == 1
        """
        )


class TestExit:
    def test_what_is_alive_at_exit_is_no_matter(self):
        child.run(
            """
            import numpy as np
            import scirs2

            array = scirs2.from_dlpack(scirs2.to_dlpack(np.ones(3)))
            capsule = scirs2.to_dlpack(np.ones(3), max_version=(1, 0))
            holder = [scirs2.from_dlpack(scirs2.to_dlpack(np.ones(3)))]
            holder.append(holder)
            """
        )

    def test_a_tensor_of_torch_alive_at_exit(self):
        child.run(
            """
            import numpy as np
            import scirs2
            import torch

            theirs = scirs2.from_dlpack(torch.ones(3))
            ours = torch.from_dlpack(scirs2.to_dlpack(np.ones(3)))
            """
        )

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the C library's exit")
    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize("order", ["nuc", 3])
    def test_a_daemon_thread_in_a_norm_at_exit(self, order, threads):
        child.run(
            f"""
            import ctypes, os, threading, time

            # What a C library flushes last, after every other library has been shut down, waits for
            # a reader that does not come for a second: time for a crash in what still runs.
            reading, writing = os.pipe()
            if os.fork() == 0:
                time.sleep(1)
                os._exit(0)
            os.close(reading)
            os.set_blocking(writing, False)
            try:
                while True:
                    os.write(writing, bytes(4096))
            except BlockingIOError:
                os.set_blocking(writing, True)
            libc = ctypes.CDLL(None)
            libc.fdopen.restype = ctypes.c_void_p
            libc.fputs(b"late", ctypes.c_void_p(libc.fdopen(writing, b"w")))

            import numpy as np
            import scirs2

            scirs2.set_num_threads({threads})
            x = np.random.default_rng(1).random((50, 50))
            batch = np.broadcast_to(x, (1_000_000, 50, 50))
            running = threading.Event()

            def work():
                running.set()
                scirs2.norm(batch, {order!r}, (1, 2) if {order!r} == "nuc" else 1)

            threading.Thread(target=work, daemon=True).start()
            running.wait()
            time.sleep(0.2)
            """
        )

    CALL_ON_AND_ON = """
        import atexit, sys, threading, time

        # What a thread that fails writes.
        sys.stderr = sys.stdout
        atexit.register(lambda: [thread.join() for thread in threads])

        import numpy as np
        import scirs2

        def call_on_and_on():
            while True:
                call()

        def start():
            for thread in threads:
                thread.start()
            time.sleep(0.3)

        x = np.random.default_rng(1).random((50, 50))
        threads = [threading.Thread(target=call_on_and_on, daemon=True) for _ in range(3)]
    """

    @pytest.mark.parametrize(
        "call",
        [
            "norm(np.broadcast_to(x, (1_000_000, 50, 50)), 'nuc', (1, 2))",
            "norm(x)",
            "linalg.matmul(x, x)",
            "linalg.vecdot(np.ones(50_000), np.ones(50_000))",
            "linalg.solve(np.eye(700), np.eye(700))",
        ],
    )
    def test_daemon_threads_end_without_a_word_when_python_ends(self, call):
        source = f"""
        call = lambda: scirs2.{call}
        start()
        """
        assert child.run(self.CALL_ON_AND_ON + source) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_lapack_starts_no_threads_beside_the_pool():
    child.run(
        """
        import os
        import numpy as np
        before = len(os.listdir("/proc/self/task"))
        import scirs2
        scirs2.set_num_threads(1)
        scirs2.norm(np.random.default_rng(1).random((500, 500)), 2)
        assert len(os.listdir("/proc/self/task")) == before
        """
    )
