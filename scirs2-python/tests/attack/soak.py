"""A soak of threads, forks, interrupts and little memory: `python soak.py SECONDS [SEED]`.

Each round is a child process that does one of the `ROUNDS` at random. A hang, a crash, a wrong
number, a call that does not hear Ctrl-C, and a word on standard error are failures; the line that
tells of one begins with the command that repeats it.
"""

import concurrent.futures
import faulthandler
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import scirs2
from scirs2 import linalg

# A round that takes longer hangs; so does what a round has forked, a little earlier.
ROUND_SECONDS = 120
FORKED_SECONDS = 60
# Ctrl-C is heard within a tenth of a second, on a machine that does nothing else.
DEAF_SECONDS = 5


class SoakFailure(Exception):
    """A round that failed, in one line that repeats it."""


def soak(seconds: float, seed: int) -> int:
    """Does rounds for about so many seconds; answers how many.

    Raises
    ------
    SoakFailure
        With one line, which begins with the command that repeats the round.
    """
    until = time.monotonic() + seconds
    choices = random.Random(seed)
    for done in itertools.count():
        if time.monotonic() >= until:
            return done
        # Each kind as often, in the order of the table.
        do_round(list(ROUNDS)[done % len(ROUNDS)], choices.randrange(2**32))


def do_round(name: str, seed: int) -> None:
    """One round in a child process."""
    command = [sys.executable, str(Path(__file__)), "--round", name, str(seed)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=ROUND_SECONDS)
        problem = f"exit {process.returncode}" if process.returncode else ""
    except BaseException as stopped:
        # faulthandler tells where it hangs.
        process.send_signal(signal.SIGUSR1)
        time.sleep(1)
        # What the round has forked is in its session.
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        if not isinstance(stopped, subprocess.TimeoutExpired):
            raise
        problem = f"no end within {ROUND_SECONDS} s"
    if problem or output:
        words = " | ".join(line.strip() for line in output.splitlines() if line.strip())
        raise SoakFailure(
            f"python {Path(__file__).name} --round {name} {seed}  # {problem}: {words}"
        )


# What is called.


def matrices(choices: random.Random, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Well-conditioned matrices for that call, of any dtype that LAPACK computes in."""
    numbers = np.random.default_rng(choices.randrange(2**32))
    a = numbers.standard_normal(shape)
    dtype = choices.choice(["f4", "f8", "c8", "c16"])
    if np.dtype(dtype).kind == "c":
        a = a + 1j * numbers.standard_normal(shape)
    if name in HERMITIAN:
        # Not while another thread forks: NumPy's OpenBLAS would wait for ever.
        a = a @ a.conj().swapaxes(-1, -2) / shape[-1]
    return (a + 3 * shape[-1] ** 0.5 * np.eye(shape[-1])).astype(dtype)


# Of one matrix or a batch, what does not depend on the choice of signs and of an order.
CALLS = {
    "cho": lambda a: linalg.cho_solve(linalg.cho_factor(a), np.ones_like(a)),
    "cholesky": lambda a: linalg.cholesky(a),
    "cond": lambda a: linalg.cond(a),
    "cond of order 1": lambda a: linalg.cond(a, 1),
    "det": lambda a: linalg.slogdet(a)[1],
    "eig": lambda a: linalg.eig(a)[0].sum(-1),
    "eigh": lambda a: linalg.eigh(a)[0],
    "eigvals": lambda a: linalg.eigvals(a).sum(-1),
    "eigvalsh": lambda a: linalg.eigvalsh(a),
    "einsum": lambda a: scirs2.einsum("...ij,...jk->...ik", a, a),
    "inv": lambda a: linalg.inv(a),
    "lstsq": lambda a: linalg.lstsq(a.reshape(-1, *a.shape[-2:])[0], a[..., 0].T)[0],
    "lu": lambda a: linalg.lu(a)[2],
    "lu_factor": lambda a: linalg.lu_solve(linalg.lu_factor(a), a),
    "matmul": lambda a: linalg.matmul(a, a),
    "matrix_power": lambda a: linalg.matrix_power(a, 3),
    "matrix_rank": lambda a: linalg.matrix_rank(a),
    "matvec": lambda a: linalg.matvec(a, a[..., 0]),
    "multi_dot": lambda a: linalg.multi_dot([a.reshape(-1, *a.shape[-2:])[0]] * 3),
    "norm": lambda a: linalg.norm(a, axis=(-2, -1)),
    "norm of order 2": lambda a: linalg.norm(a, 2, (-2, -1)),
    "norm of order nuc": lambda a: linalg.norm(a, "nuc", (-2, -1)),
    "pinv": lambda a: linalg.pinv(a),
    "qr": lambda a: abs(linalg.qr(a)[1]),
    "qr, r": lambda a: abs(linalg.qr(a, mode="r")),
    "solve": lambda a: linalg.solve(a, a),
    "solve_triangular": lambda a: linalg.solve_triangular(a, a),
    "svd": lambda a: linalg.svd(a)[1],
    "svdvals": lambda a: linalg.svdvals(a),
    "tensordot": lambda a: linalg.tensordot(a, a[..., 0, :], axes=([-1], [-1])),
    "vecdot": lambda a: linalg.vecdot(a, a),
    "vecmat": lambda a: linalg.vecmat(a[..., 0], a),
}
# Those of a Hermitian matrix, here a positive definite one.
HERMITIAN = {"cho", "cholesky", "eigh", "eigvalsh"}
# The largest order of the slow ones: a call takes some tenths of a second at most.
LARGEST = {"cond": 250, "eig": 120, "eigh": 250, "eigvals": 150, "matrix_rank": 250}
LARGEST |= {
    "norm of order 2": 250,
    "norm of order nuc": 250,
    "pinv": 200,
    "svd": 200,
    "svdvals": 250,
}


class Task:
    """A call, its operand, and what it answers."""

    def __init__(self, choices: random.Random):
        self.name = choices.choice(list(CALLS))
        largest = LARGEST.get(self.name, 700)
        order = choices.choice(
            [choices.randint(1, 8), choices.randint(9, 64), choices.randint(65, largest)]
        )
        batch = () if order > 64 else choices.choice([(), (choices.randint(1, 50),)])
        self.operand = matrices(choices, self.name, (*batch, order, order))
        self.expected = self.call()

    def call(self):
        return CALLS[self.name](self.operand)

    def check(self) -> None:
        """Calls, and fails where the answer is another than before."""
        answer = self.call()
        scale = np.max(np.abs(self.expected), initial=0) or 1
        close = np.allclose(answer, self.expected, rtol=0, atol=2e-2 * scale)
        assert close, f"{self.name} of {self.operand.dtype} {self.operand.shape}: another answer"


# The rounds.


def busy(choices: random.Random, tasks: list, stop: threading.Event) -> list:
    """Threads that call until they are told to stop, and what they failed by."""
    failures = []

    def work(seed):
        mine = random.Random(seed)
        while not stop.is_set():
            try:
                mine.choice(tasks).check()
            except BaseException as failure:
                failures.append(repr(failure))
                raise

    count = choices.randint(1, 4)
    threads = [
        threading.Thread(target=work, args=(choices.randrange(2**32),), daemon=True)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    return threads, failures


def set_threads(choices: random.Random) -> None:
    scirs2.set_num_threads(choices.choice([1, 2, 2, 3, 4, 8]))


def forks(choices: random.Random) -> None:
    """Forks in all ways while other threads call; parent and child compute on."""
    set_threads(choices)
    tasks = [Task(choices) for _ in range(6)]
    stop = threading.Event()
    threads, failures = busy(choices, tasks, stop)
    for _ in range(choices.randint(5, 20)):
        choices.choice([fork, fork, fork, run_without_vfork, run_with_a_hook, set_threads])(choices)
        if choices.random() < 0.3:
            choices.choice(tasks).check()
        FORKED_TASKS[:] = choices.sample(tasks, 2)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures


# What the next child computes.
FORKED_TASKS: list = []


def fork(choices: random.Random, *, is_child: bool = False) -> None:
    # A child of a child, and no more.
    again = not is_child and choices.random() < 0.2
    process = os.fork()
    if process == 0:
        status = 1
        try:
            signal.alarm(FORKED_SECONDS)
            for task in FORKED_TASKS:
                task.check()
            if again:
                fork(random.Random(1), is_child=True)
            status = 0
        finally:
            os._exit(status)
    ended(os.waitpid(process, 0)[1])


def ended(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    assert code != -signal.SIGALRM, f"what was forked did not end within {FORKED_SECONDS} s"
    assert code == 0, f"what was forked ended with {code}"


def run_without_vfork(_) -> None:
    subprocess._USE_VFORK = False
    subprocess.run(["true"], check=True)


def run_with_a_hook(_) -> None:
    subprocess.run(["true"], check=True, preexec_fn=int)


def interrupts(choices: random.Random) -> None:
    """Ctrl-C in the midst of calls of many pieces."""
    set_threads(choices)
    for _ in range(3):
        stop = threading.Event()
        threads, failures = [], []
        if choices.random() < 0.3:
            threads, failures = busy(choices, [Task(choices)], stop)
        interrupt(choices)
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures, failures


def interrupt(choices: random.Random) -> None:
    name = choices.choice(list(LONG))
    x = np.random.default_rng(choices.randrange(2**32)).random((100, 100))
    sent = []

    def send():
        sent.append((time.monotonic(), time.process_time()))
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(choices.uniform(0.01, 0.5), send)
    try:
        timer.start()
        LONG[name](x)
        # It was over before.
        time.sleep(DEAF_SECONDS)
    except KeyboardInterrupt:
        # On a machine that does other things, what this process worked until then.
        late = min(time.monotonic() - sent[0][0], time.process_time() - sent[0][1])
    timer.join()
    assert late < DEAF_SECONDS, f"{name} heard Ctrl-C after {late:.1f} s"


def many(x: np.ndarray, count: int, rows: int, columns: int) -> np.ndarray:
    return np.broadcast_to(
        x.ravel()[: rows * columns].reshape(rows, columns) + np.eye(rows, columns),
        (count, rows, columns),
    )


def symmetric(x: np.ndarray, count: int, order: int) -> np.ndarray:
    a = many(x, 1, order, order)[0]
    return np.broadcast_to(a @ a.T + np.eye(order), (count, order, order))


# Each takes some seconds at least, most of them hours.
LONG = {
    "cholesky": lambda x: linalg.cholesky(symmetric(x, 20_000, 40)),
    "cond": lambda x: linalg.cond(many(x, 1_000_000, 30, 30)),
    "det": lambda x: linalg.det(many(x, 20_000_000, 30, 30)),
    "det, large": lambda x: linalg.det(
        np.broadcast_to(np.kron(x[:8, :8], x[:50, :50]), (10_000, 400, 400))
    ),
    "eig": lambda x: linalg.eig(many(x, 3_000, 60, 60)),
    "eigh": lambda x: linalg.eigh(symmetric(x, 10_000, 50)),
    "eigvals": lambda x: linalg.eigvals(many(x, 100_000, 60, 60)),
    "eigvalsh": lambda x: linalg.eigvalsh(symmetric(x, 300_000, 60)),
    "einsum": lambda x: scirs2.einsum("i,i->", *[np.broadcast_to(x[0, 0] > 0, 2**38)] * 2),
    "inv": lambda x: linalg.inv(many(x, 3_000, 100, 100)),
    "lu": lambda x: linalg.lu(many(x, 2_000, 100, 100)),
    "matmul": lambda x: linalg.matmul(many(x, 3_000, 100, 100), x),
    "matrix_power": lambda x: linalg.matrix_power(many(x, 3_000, 100, 100), 1000),
    "matrix_rank": lambda x: linalg.matrix_rank(many(x, 1_000_000, 30, 30)),
    "norm": lambda x: linalg.norm(np.broadcast_to(x[0, 0], 10**12), 3),
    "norm of order 2": lambda x: linalg.norm(many(x, 1_000_000, 30, 30), 2, (1, 2)),
    "norm of order nuc": lambda x: linalg.norm(many(x, 100_000, 100, 100), "nuc", (1, 2)),
    "norm of vectors": lambda x: linalg.norm(
        np.broadcast_to(x.reshape(-1, 1), (10_000, 10**8)), 0.7, 1
    ),
    "pinv": lambda x: linalg.pinv(many(x, 3_000, 60, 60)),
    "qr": lambda x: linalg.qr(many(x, 100_000, 200, 20), mode="r"),
    "solve": lambda x: linalg.solve(many(x, 100_000, 100, 100), x[0]),
    "svd": lambda x: linalg.svd(many(x, 3_000, 60, 60)),
    "svdvals": lambda x: linalg.svdvals(many(x, 300_000, 60, 60)),
    "vecdot": lambda x: linalg.vecdot(*[many(x, 100_000, 100, 100)] * 2),
}


def memory(choices: random.Random) -> None:
    """Calls with little memory left: an answer or a MemoryError."""
    import resource

    set_threads(choices)
    for _ in range(4):
        name = choices.choice(list(CALLS))
        order = LARGEST.get(name, 700)
        order = choices.randint(order, 2 * order)
        x = matrices(choices, name, (order, order))
        operand = choices.choice(
            [x, x.T, x[::-1, ::-1], x[::2, ::2], np.broadcast_to(x, (3, *x.shape))]
        )
        # OpenBLAS takes a buffer for each thread inside it, and ends the process where there is no
        # memory for one: more threads are inside it now than will be.
        CALLS[name](operand)
        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            list(pool.map(linalg.det, 9 * [np.zeros((50_000, 2, 2), complex)]))
        with open("/proc/self/statm") as sizes:
            used = int(sizes.read().split()[0]) * resource.getpagesize()
        free = choices.randint(2 << 20, (2 << 20) + 4 * operand.nbytes)
        resource.setrlimit(resource.RLIMIT_AS, (used + free, resource.RLIM_INFINITY))
        try:
            CALLS[name](operand)
        except MemoryError:
            pass
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        Task(choices).check()


def ends(choices: random.Random) -> None:
    """Python ends while daemon threads call."""
    set_threads(choices)
    tasks = [Task(choices) for _ in range(4)]
    busy(choices, tasks, threading.Event())
    time.sleep(choices.uniform(0, 0.5))
    if choices.random() < 0.5:
        set_threads(choices)


ROUNDS = {"forks": forks, "interrupts": interrupts, "ends": ends}
if sys.platform.startswith("linux"):
    ROUNDS["memory"] = memory


def main() -> int:
    if sys.argv[1:2] == ["--round"]:
        name, seed = sys.argv[2], int(sys.argv[3])
        faulthandler.enable()
        faulthandler.register(signal.SIGUSR1, all_threads=True)
        # What a shell starts in the background ignores Ctrl-C, and so do its children.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ROUNDS[name](random.Random(seed))
        return 0
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    try:
        rounds = soak(seconds, seed)
    except SoakFailure as failure:
        print(failure)
        return 1
    print(f"{rounds} rounds of {', '.join(ROUNDS)}, seed {seed}: no failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
