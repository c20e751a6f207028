"""Threads, forks and ends: nothing is freed twice, early or never.

What may crash or hang runs in a child process.
"""

import gc
import itertools
import os
import weakref

import child
import numpy as np
import pytest
import scirs2
from capsule import Made, Producer
from layouts import same

FORMS = pytest.mark.parametrize("versioned", [False, True], ids=["legacy", "versioned"])
POSIX = pytest.mark.skipif(os.name != "posix", reason="calls the C library")


class TestAnyOrder:
    @pytest.mark.parametrize(
        "order", [*itertools.permutations(["producer", "capsule", "array", "view"])], ids="-".join
    )
    @FORMS
    def test_of_dying(self, versioned, order):
        made = Made(versioned=versioned)
        expected = made.array[1:].copy()
        held = {"producer": Producer(lambda **_: made.capsule)}
        held["array"] = scirs2.from_dlpack(held["producer"])
        held["view"] = held["array"][1:]
        held["capsule"] = made.capsule
        made.drop()
        for name in order:
            del held[name]
            gc.collect()
            needed = "array" in held or "view" in held
            assert made.frees == (not needed)
            if "view" in held:
                same(held["view"], expected)

    @pytest.mark.parametrize(
        "order", [*itertools.permutations(["exporter", "array", "unused", "taken"])], ids="-".join
    )
    @FORMS
    def test_of_dying_of_ours(self, versioned, order):
        form = (1, 3) if versioned else None
        array = np.arange(4.0)
        alive = weakref.ref(array)
        held = {"exporter": scirs2.DLPackExporter(array), "array": array}
        held["unused"] = scirs2.to_dlpack(array, max_version=form)
        held["taken"] = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=form))
        del array
        for name in order:
            assert alive() is not None
            if "taken" in held:
                same(held["taken"], np.arange(4.0))
            del held[name]
        assert alive() is None

    @FORMS
    def test_a_cycle_through_the_producer(self, versioned):
        made = Made(versioned=versioned)
        producer = Producer(lambda **_: made.capsule)
        producer.array = scirs2.from_dlpack(producer)
        producer.itself = producer
        made.drop()
        del producer
        gc.collect()
        assert made.frees == 1

    def test_a_collection_in_the_middle(self):
        # Every allocation of the interpreter may start one.
        before = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for versioned in (False, True):
                for _ in range(50):
                    made = Made(versioned=versioned)
                    array = scirs2.from_dlpack(Producer(lambda made=made, **_: made.capsule))
                    array.flags.writeable = False
                    again = scirs2.from_dlpack(scirs2.DLPackExporter(array))
                    del array
                    assert made.frees == 0
                    del again
                    assert made.frees == 1
        finally:
            gc.set_threshold(*before)


class TestInterrupted:
    SOURCE = """
        import gc
        import signal

        import numpy as np
        import scirs2
        from capsule import Made, Producer

        for versioned in (False, True):
            made = Made(versioned=versioned)

            def answer(**_):
                capsule = made.capsule
                made.drop()
                signal.raise_signal(signal.SIGINT)
                return capsule

            producer = Producer(answer)
            try:
                {call}
            except KeyboardInterrupt:
                pass
            else:
                raise AssertionError("Ctrl-C was lost")
            assert len(producer.asked) == 1, producer.asked
            gc.collect()
            assert made.frees == 1, made.frees
    """

    @pytest.mark.parametrize(
        "call", ["scirs2.from_dlpack(producer)", "scirs2.norm(producer)"], ids=["take", "norm"]
    )
    def test_in_the_producer(self, call):
        child.run(self.SOURCE.format(call=call))

    @pytest.mark.parametrize("error", [BufferError, MemoryError, KeyboardInterrupt, SystemExit])
    @FORMS
    def test_an_error_after_the_tensor_was_made(self, versioned, error):
        made = Made(versioned=versioned)

        def answer(**_):
            capsule = made.capsule
            made.drop()
            raise error(f"with {capsule}")

        with pytest.raises(error):
            scirs2.from_dlpack(Producer(answer))
        gc.collect()
        assert made.frees == 1

    @FORMS
    def test_a_deleter_does_not_disturb_an_error_on_its_way(self, versioned):
        # The array dies while the exception unwinds the frame that holds it.
        def fail():
            array = scirs2.from_dlpack(Made(versioned=versioned, on_free=gc.collect).capsule)
            raise ValueError(array.sum())

        with pytest.raises(ValueError, match=r"15\.0"):
            fail()


class TestThreads:
    @pytest.mark.parametrize("form", [None, (1, 3)], ids=["legacy", "versioned"])
    def test_two_race_for_one_of_ours(self, form):
        child.run(f"""
            import sys
            import threading
            import weakref

            import numpy as np
            import scirs2

            sys.setswitchinterval(1e-6)
            ROUNDS = 500
            turn = threading.Barrier(3)
            capsules, taken, refused = [None], [], []

            def race():
                for _ in range(ROUNDS):
                    turn.wait()
                    try:
                        taken.append(scirs2.from_dlpack(capsules[0]))
                    except BufferError as error:
                        refused.append(str(error))
                    turn.wait()

            threads = [threading.Thread(target=race) for _ in range(2)]
            for thread in threads:
                thread.start()
            for round in range(ROUNDS):
                array = np.full(5, float(round))
                alive = weakref.ref(array)
                capsules[0] = scirs2.to_dlpack(array, max_version={form})
                del array
                turn.wait()
                turn.wait()
                assert (len(taken), len(refused)) == (1, 1), (taken, refused)
                assert "used_dltensor" in refused[0], refused
                assert taken[0].tolist() == [float(round)] * 5
                capsules[0] = None
                assert alive() is not None
                taken.clear()
                refused.clear()
                assert alive() is None
            for thread in threads:
                thread.join()
        """)

    FOREIGN = """
        import ctypes
        import sys
        import threading
        import weakref

        import capsule
        import numpy as np
        import scirs2

        C = ctypes.CDLL(None)
        sys.setswitchinterval(1e-6)

        def taken_over(form):
            # The capsule is consumed: what is left is the struct, as a C program holds it.
            array = np.arange(64.0)
            alive = weakref.ref(array)
            exported = scirs2.to_dlpack(array, max_version=form)
            name = capsule.name_of(exported).encode()
            address = capsule._get_pointer(id(exported), name)
            capsule.consume(exported)
            struct = capsule.Legacy if form is None else capsule.Versioned
            deleter = ctypes.c_void_p(struct.from_address(address).deleter)
            return alive, deleter, ctypes.c_void_p(address)
    """

    @POSIX
    def test_a_deleter_on_threads_that_python_never_saw(self):
        # The deleter itself is the thread's function.
        child.run(
            self.FOREIGN
            + """
        for round in range(100):
            held = [taken_over(form) for form in (None, (1, 3)) * 2]
            threads = []
            for alive, deleter, address in held:
                assert alive() is not None
                thread = ctypes.c_void_p()
                assert C.pthread_create(ctypes.byref(thread), None, deleter, address) == 0
                threads.append(thread)
            for thread in threads:
                # Like every C function it is called without the GIL.
                assert C.pthread_join(thread, None) == 0
            assert [alive() for alive, _, _ in held] == [None] * 4
        """
        )

    def test_a_deleter_on_threads_without_the_gil(self):
        child.run(
            self.FOREIGN
            + """
        delete = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

        def work(held, start):
            start.wait()
            for _, deleter, address in held:
                delete(deleter.value)(address)

        held = [[taken_over(form) for form in (None, (1, 3)) * 200] for _ in range(3)]
        start = threading.Barrier(3)
        threads = [threading.Thread(target=work, args=(each, start)) for each in held]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not any(alive() for each in held for alive, _, _ in each)
        """
        )


class TestTheEnd:
    @POSIX
    @pytest.mark.parametrize("form", [None, (1, 3)], ids=["legacy", "versioned"])
    def test_a_deleter_after_the_interpreter(self, form):
        # What was registered last with the C library runs first, after Python has ended.
        output = child.run(
            TestThreads.FOREIGN
            + f"""
        def at_exit(function, argument):
            register = C.__cxa_atexit
            register.argtypes = [ctypes.c_void_p] * 3
            assert register(function, argument, None) == 0

        def puts(line):
            lines.append(ctypes.create_string_buffer(line))
            at_exit(ctypes.cast(C.puts, ctypes.c_void_p), ctypes.addressof(lines[-1]))

        lines = []
        # What the lines lie in outlives Python.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(lines))
        puts(b"after the deleter")
        _, deleter, address = taken_over({form})
        at_exit(deleter, address)
        puts(b"before the deleter")
        print("in Python", flush=True)
        """
        )
        assert output.split("\n") == [
            "in Python",
            "before the deleter",
            "after the deleter",
            "",
        ]

    @pytest.mark.parametrize("form", [None, (1, 3)], ids=["legacy", "versioned"])
    def test_everything_is_alive_when_python_ends(self, form):
        # Modules are torn down in no order that anybody promises.
        child.run(f"""
            import atexit
            import builtins
            import sys

            import numpy as np
            import scirs2
            from capsule import Made

            array = np.arange(3.0)
            exporter = scirs2.DLPackExporter(array)
            unused = scirs2.to_dlpack(array, max_version={form})
            taken = scirs2.from_dlpack(scirs2.to_dlpack(array, max_version={form}))
            foreign = scirs2.from_dlpack(Made(versioned={form is not None}).capsule)
            cycle = [exporter, unused, taken, foreign]
            cycle.append(cycle)
            builtins.held = sys.held = scirs2.held = np.held = cycle
            atexit.register(lambda: cycle.append(scirs2.from_dlpack(exporter)))
        """)

    def test_an_export_by_an_object_that_dies_last(self):
        child.run("""
            import sys

            import numpy as np
            import scirs2

            class Last:
                def __init__(self):
                    self.array = np.arange(3.0)
                    self.take, self.give = scirs2.from_dlpack, scirs2.to_dlpack

                def __del__(self):
                    assert self.take(self.give(self.array)).tolist() == [0.0, 1.0, 2.0]
                    print("died", flush=True)

            sys.last = Last()
        """)

    @POSIX
    def test_python_ends_while_threads_exchange(self):
        child.run("""
            import sys
            import threading
            import time

            import numpy as np
            import scirs2
            from capsule import consume

            sys.setswitchinterval(1e-6)
            array = np.arange(64.0)

            def exchange():
                while True:
                    scirs2.from_dlpack(scirs2.to_dlpack(array, max_version=(1, 3)))
                    scirs2.from_dlpack(scirs2.DLPackExporter(array))
                    consume(scirs2.to_dlpack(array))()

            for _ in range(4):
                threading.Thread(target=exchange, daemon=True).start()
            time.sleep(0.2)
        """)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
class TestFork:
    def test_a_capsule_in_both_processes(self):
        child.run("""
            import gc
            import os
            import weakref

            import numpy as np
            import scirs2
            from capsule import Made, consume

            def both(check):
                # Each process has a copy of everything and frees its own.
                pid = os.fork()
                if pid:
                    _, status = os.waitpid(pid, 0)
                    assert status == 0, status
                try:
                    check()
                except BaseException:
                    if not pid:
                        import traceback

                        traceback.print_exc()
                        os._exit(1)
                    raise
                if not pid:
                    os._exit(0)

            for versioned in (False, True):
                form = (1, 3) if versioned else None
                made = Made(versioned=versioned)
                array = np.arange(4.0)
                alive = weakref.ref(array)
                held = {
                    "unused": made.capsule,
                    "ours": scirs2.to_dlpack(array, max_version=form),
                    "dropped": scirs2.to_dlpack(array, max_version=form),
                    "exporter": scirs2.DLPackExporter(array),
                }
                finish = consume(scirs2.to_dlpack(array, max_version=form))
                del array

                def check():
                    taken = scirs2.from_dlpack(held.pop("unused"), writeable=True)
                    assert taken.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
                    taken[...] = -1.0
                    made.drop()
                    assert made.frees == 0
                    del taken
                    assert made.frees == 1
                    ours = scirs2.from_dlpack(held.pop("ours"))
                    again = scirs2.from_dlpack(held.pop("exporter"))
                    held.clear()
                    ours[0] = 5.0
                    assert again.tolist() == [5.0, 1.0, 2.0, 3.0]
                    del again, ours
                    assert alive() is not None
                    finish()
                    gc.collect()
                    assert alive() is None

                both(check)
        """)

    def test_an_array_in_both_processes_until_they_end(self):
        # Through Python's own exit, where the child frees what it inherited.
        output = child.run("""
            import os
            import sys

            import numpy as np
            import scirs2
            from capsule import Made

            made = Made(on_free=lambda: print("freed", flush=True))
            held = scirs2.from_dlpack(made.capsule)
            made.drop()
            pid = os.fork()
            if pid:
                assert os.waitpid(pid, 0)[1] == 0
            assert held.sum() == 15.0
            del held
            sys.exit(0)
        """)
        assert output.split() == ["freed", "freed"]

    @pytest.mark.parametrize("held", ["method", "table", "class", "deleter"])
    def test_while_another_thread_is_in_the_middle(self, held):
        # A lock that the other thread held would be held for ever in the child.
        child.run(f"""
            import os
            import threading

            import numpy as np
            import scirs2
            from capsule import Made, Producer, Table

            inside, go_on = threading.Event(), threading.Event()

            def wait():
                inside.set()
                assert go_on.wait(60)

            def take(wait=lambda: None):
                def answer(**_):
                    if {held!r} == "method":
                        wait()
                    return made.capsule

                def export(_):
                    wait()
                    return made.address

                class Meta(type):
                    def __getattribute__(cls, name):
                        if {held!r} == "class" and name in ("__dict__", "__mro__"):
                            wait()
                        return super().__getattribute__(name)

                class New(Producer, metaclass=Meta):
                    if {held!r} == "table":
                        __dlpack_c_exchange_api__ = Table(export).capsule()

                on_free = wait if {held!r} == "deleter" else None
                made = Made(on_free=on_free, destructor={held!r} != "table")
                array = scirs2.from_dlpack(New(answer))
                assert array.sum() == 15.0
                made.drop()
                del array
                assert made.frees == 1, made.frees

            thread = threading.Thread(target=take, args=(wait,))
            thread.start()
            assert inside.wait(60)
            pid = os.fork()
            if not pid:
                try:
                    take()
                except BaseException:
                    import traceback

                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            take()
            go_on.set()
            thread.join()
        """)

    @pytest.mark.parametrize(
        "call",
        [
            "scirs2.from_dlpack(scirs2.to_dlpack(array))",
            "scirs2.from_dlpack(array)",
            "scirs2.from_dlpack(Producer(lambda **_: scirs2.to_dlpack(array)))",
            "scirs2.norm(array)",
        ],
        ids=["there and back", "an array", "a producer", "norm"],
    )
    def test_while_another_thread_makes_the_first_call_of_all(self, call):
        # What is prepared by the first call is for ever half prepared in the child.
        child.run(f"""
            import builtins
            import os
            import signal
            import threading

            import numpy as np
            import scirs2
            from capsule import Producer

            array = np.arange(3.0)
            inside, go_on = threading.Event(), threading.Event()
            ordinary = builtins.__import__

            def slow(*arguments, **keywords):
                if threading.current_thread() is thread:
                    inside.set()
                    assert go_on.wait(60)
                return ordinary(*arguments, **keywords)

            def first():
                {call}
                inside.set()

            thread = threading.Thread(target=first)
            builtins.__import__ = slow
            thread.start()
            assert inside.wait(60)
            builtins.__import__ = ordinary
            pid = os.fork()
            if not pid:
                # Whoever hangs is ended.
                signal.alarm(20)
                {call}
                os._exit(0)
            status = os.waitpid(pid, 0)[1]
            go_on.set()
            thread.join()
            assert status == 0, "it hung" if status == signal.SIGALRM else status
        """)


def test_a_crash_in_a_child_is_seen():
    # It proves that the children above could fail.
    source = (
        TestThreads.FOREIGN
        + """
        _, deleter, address = taken_over((1, 3))
        at_exit = C.__cxa_atexit
        at_exit.argtypes = [ctypes.c_void_p] * 3
        at_exit(ctypes.cast(ctypes.pythonapi.PyList_New, ctypes.c_void_p), 1, None)
        """
    )
    with pytest.raises(AssertionError, match="exit -"):
        child.run(source)


def test_pytorch_frees_a_view_inside_a_call_of_ours():
    # It detaches the thread first, which PyO3 does not see.
    child.run(
        """
        import scirs2, torch

        matrix = torch.eye(3)

        class Producer:
            def __dlpack__(self, **options):
                for _ in range(3):
                    view = scirs2.linalg.diagonal(matrix)
                return matrix.__dlpack__(**options)

            def __dlpack_device__(self):
                return (1, 0)

        assert scirs2.from_dlpack(Producer()).sum() == 3
        """
    )
