"""Ctrl-C ends a call at once, whatever the call is at: products, sums, planning."""

import os

import child
import pytest

# What would take from seconds to for ever. The operands take no memory.
ENDLESS = {
    "einsum of booleans": 'scirs2.einsum("i,i->", flags(2**38), flags(2**38))',
    "einsum of booleans along two axes": 'scirs2.einsum("ij,ij->i", flags(3, 2**38), flags(3, 2**38))',
    "einsum with axes that do not merge": (
        'scirs2.einsum("iaj,ibj->ab", flags(2**15, 4, 2**15), flags(2**15, 4, 2**15))'
    ),
    "sum of one array": 'scirs2.einsum("i->", of("int8", 2**38))',
    "sum of rows": 'scirs2.einsum("ij->i", of("int8", 3, 2**38))',
    "sum of columns": 'scirs2.einsum("ij->j", of("int8", 2**38, 3))',
    "sums of short rows": 'scirs2.einsum("ij->i", of("int8", 2**20, 2**18))',
    "sum of floats": 'scirs2.einsum("i->", of("float64", 2**38))',
    "matmul of booleans": "scirs2.matmul(flags(300, 2**30), flags(2**30, 300))",
    "matmul of vectors": 'scirs2.matmul(of("int64", 2**38), of("int64", 2**38))',
    "matmul of integers": 'scirs2.matmul(of("int32", 300, 2**30), of("int32", 2**30, 300))',
    "matmul of long integers": "scirs2.matmul(long, long)",
    "matmul of floats": 'scirs2.matmul(of("float64", 900, 2**30), of("float64", 2**30, 900))',
    "matmul of few": 'scirs2.matmul(of("float64", 4, 2, 2**30), of("float64", 2**30, 2))',
    "tensordot": "scirs2.tensordot(flags(2**18, 2, 2**18), flags(2**18, 2, 2**18), ([0, 2], [0, 2]))",
    "vecdot": 'scirs2.vecdot(of("float32", 2**38), of("float32", 2**38))',
    "vecdot of several": "scirs2.vecdot(flags(5, 2**38), flags(5, 2**38))",
    "trace": 'linalg.trace(of("int8", 4, 2**30, 2**30))',
    "matrix_rank of a vector": "linalg.matrix_rank(np.broadcast_to(0.0, 2**38))",
    "norm": "scirs2.norm(np.broadcast_to(1.0, 2**55), 3)",
    "norm along an axis": 'scirs2.norm(of("float32", 2**45, 700), 3, 0)',
    "order of multi_dot": "linalg.multi_dot([np.ones((2, 2))] * 12_000)",
    "order of multi_dot of numbers": "linalg.multi_dot([np.ones((1, 1))] * 4000 * 3)",
    "order of einsum": 'scirs2.einsum(",".join(["i"] * 700), *[np.ones(1)] * 700, optimize=[])',
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX signals")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("call", ENDLESS.values(), ids=ENDLESS)
def test_ctrl_c_is_heard(call, threads):
    child.run(
        f"""
        import os, signal, threading, time
        import numpy as np
        import scirs2
        from scirs2 import linalg

        def of(dtype, *shape):
            return np.broadcast_to(np.ones((), dtype), shape)

        def flags(*shape):
            return of("bool", *shape)

        long = np.broadcast_to(2**40 + np.arange(3000), (3000, 3000))
        linalg.inv(np.eye(3))
        scirs2.set_num_threads({threads})
        sent = []

        def send():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        threading.Timer(0.5, send).start()
        ended = []
        try:
            ended.append({call})
        except KeyboardInterrupt:
            print("heard after", time.monotonic() - sent[0])
        assert not ended, "it ran to its end"
        """,
        # Who is deaf is ended by this.
        timeout=30,
    )
