"""With little memory a call raises MemoryError or does without: the process lives on."""

import sys

import child
import pytest

MAKES = {
    "contiguous": "lambda dtype, *shape: np.zeros(shape, dtype)",
    "transposed": "lambda dtype, *shape: np.zeros(shape[::-1], dtype).T",
    "strided": "lambda dtype, *shape: np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]",
    "broadcast": "lambda dtype, *shape: np.broadcast_to(np.zeros((), dtype), shape)",
}

# An operand of N elements has 64 MiB, which zeros do not take before they are written, or
# none at all. 16 MiB are left for all else.
PROGRAM = """
    import concurrent.futures, gc, resource, sys
    import numpy as np
    import scirs2
    from scirs2 import linalg

    make = {make}
    scirs2.set_num_threads({threads})
    # Threads and libraries are there before memory is short.
    for T in ("float32", "float64", "complex64", "complex128", "int64", "bool"):
        small = np.ones((400, 400), T)
        scirs2.matmul(small, small)
    linalg.inv(np.eye(400) + 1j), scirs2.norm(np.ones((2000, 300)), axis=0)
    scirs2.einsum("ij,jk,kl->il", small, small, small)
    # OpenBLAS ends the process where it has no buffer for a thread. It has one for each that was
    # inside it at the same time: more than the workers will be.
    batches = [np.zeros((100_000, 2, 2)), np.zeros((100_000, 2, 2), complex)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(linalg.det, 8 * batches))

    for T in {dtypes}:
        N = 2**26 // np.dtype(T).itemsize
        SIDE = int(N**0.5)
        for name, operands, call in {cases}:
            print(T, name, end=": ", flush=True)
            operands = eval(operands)
            with open("/proc/self/statm") as file:
                used = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, -1))
            try:
                result = eval(call)
            except MemoryError as error:
                print("MemoryError", error, flush=True)
            except np.linalg.LinAlgError as error:
                print("LinAlgError", error, flush=True)
            else:
                print("result", flush=True)
            resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
            result = operands = None
            gc.collect()
            assert scirs2.matmul(np.eye(3), np.eye(3)).trace() == 3.0
"""

PRODUCTS = [
    ("matmul, long inside", "[make(T, 2, N // 2), make(T, N // 2, 2)]", "scirs2.matmul(*operands)"),
    ("matmul, one row", "[make(T, 1, N), make(T, N, 1)]", "scirs2.matmul(*operands)"),
    ("matmul, a vector", "[make(T, N // 4, 4), make(T, 4)]", "scirs2.matmul(*operands)"),
    ("matvec", "[make(T, N // 4, 4), make(T, 4)]", "scirs2.matvec(*operands)"),
    ("vecmat", "[make(T, N), make(T, N, 1)]", "scirs2.vecmat(*operands)"),
    ("vecdot", "[make(T, N), make(T, N)]", "scirs2.vecdot(*operands)"),
    (
        "multi_dot",
        "[make(T, 2, N // 2), make(T, N // 2, 2), make(T, 2, 2)]",
        "linalg.multi_dot(operands)",
    ),
    ("multi_dot of many", "[make(T, 1, 1)] * 5_000", "linalg.multi_dot(operands)"),
    ("matrix_power", "[make(T, N // 16, 4, 4)]", "linalg.matrix_power(*operands, 3)"),
    (
        "tensordot",
        "[make(T, 64, 2, N // 128), make(T, 64, 2, N // 128)]",
        "scirs2.tensordot(*operands, ([0, 2], [0, 2]))",
    ),
    (
        "einsum",
        "[make(T, 64, 2, N // 128), make(T, 64, 2, N // 128)]",
        'scirs2.einsum("aib,ajb->ij", *operands)',
    ),
    (
        "einsum of three",
        "[make(T, N // 2, 2), make(T, 2), make(T, N // 2)]",
        'scirs2.einsum("ij,j,i->", *operands)',
    ),
    ("einsum of one", "[make(T, 2, N // 2)]", 'scirs2.einsum("ij->j", *operands)'),
    ("einsum, a diagonal", "[make(T, 4, 4, N // 16)]", 'scirs2.einsum("iij->j", *operands)'),
    ("outer", "[make(T, 2), make(T, N)]", "linalg.outer(*operands)"),
    ("norm along an axis", "[make(T, 2, N // 2)]", "scirs2.norm(*operands, axis=1)"),
    ("norm along the other", "[make(T, N // 1024, 1024)]", "scirs2.norm(*operands, 3, 0)"),
    ("norm, singular values", "[make(T, N // 4, 2, 2)]", 'scirs2.norm(*operands, "nuc", (1, 2))'),
    ("norm by sums", "[make(T, 2, N // 4, 2)]", "scirs2.norm(*operands, 1, (1, 2))"),
]

SQUARE = "make(T, SIDE, SIDE)"
DECOMPOSITIONS = [
    *(
        (name, f"[{SQUARE}]", f"linalg.{name}(*operands)")
        for name in (
            *("cho_factor", "cholesky", "cond", "det", "eig", "eigh", "eigvals", "eigvalsh"),
            *("inv", "lu", "lu_factor", "matrix_rank", "pinv", "qr", "slogdet", "svd", "svdvals"),
        )
    ),
    ("solve", f"[{SQUARE}, make(T, SIDE)]", "linalg.solve(*operands)"),
    ("lstsq", f"[{SQUARE}, make(T, SIDE)]", "linalg.lstsq(*operands)"),
    ("cho_solve", f"[{SQUARE}, make(T, SIDE)]", "linalg.cho_solve((operands[0], 1), operands[1])"),
    ("solve_triangular", f"[{SQUARE}, make(T, SIDE)]", "linalg.solve_triangular(*operands)"),
    (
        "lu_solve",
        f"[{SQUARE}, np.zeros(SIDE, int), make(T, SIDE)]",
        "linalg.lu_solve(operands[:2], operands[2])",
    ),
    ("lu of a column", "[make(T, N, 1)]", "linalg.lu(*operands)"),
    ("cond of a batch", "[make(T, N // 4, 2, 2)]", "linalg.cond(*operands, 1)"),
    ("det of a batch", "[make(T, N // 4, 2, 2)]", "linalg.det(*operands)"),
    (
        "lu_solve of a batch",
        "[make(T, 1, 1), np.zeros((N, 1), int), make(T, 1)]",
        "linalg.lu_solve(operands[:2], operands[2])",
    ),
    ("matrix_rank of a batch", "[np.eye(2), make(T, N)]", "linalg.matrix_rank(*operands)"),
    ("tensorinv", "[make(T, SIDE // 64, 64, SIDE // 64 * 64)]", "linalg.tensorinv(*operands, 2)"),
    (
        "tensorsolve",
        "[make(T, SIDE // 64, 64, SIDE // 64 * 64), make(T, SIDE // 64, 64)]",
        "linalg.tensorsolve(*operands)",
    ),
]


def outcomes(make, dtypes, cases, threads=2):
    """What becomes of each case, by its dtype and name."""
    source = PROGRAM.format(make=MAKES[make], dtypes=dtypes, cases=cases, threads=threads)
    lines = child.run(source, timeout=300).splitlines()
    assert len(lines) == len(dtypes) * len(cases)
    return dict(line.split(": ", 1) for line in lines)


pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS and /proc")


@pytest.mark.parametrize("make", MAKES)
def test_products(make):
    got = outcomes(make, ["bool", "int64", "float16", "float64", "complex64"], PRODUCTS)
    if make in ("contiguous", "strided"):
        # A result that is itself too large, and a copy that there is no way around.
        assert got["int64 outer"].startswith("MemoryError")
        assert got["float64 matrix_power"].startswith("MemoryError")
    # One element after the other, without a copy.
    assert got["int64 vecdot"] == got["bool matmul, one row"] == "result"


@pytest.mark.parametrize("make", MAKES)
def test_decompositions(make):
    got = outcomes(make, ["float64", "complex64"], DECOMPOSITIONS)
    # The matrices are zero, which solvers by factors see before they copy.
    for name in got:
        if "batch" in name or name.split()[1] in ("cho_solve", "lu_solve", "solve_triangular"):
            continue
        assert got[name].startswith("MemoryError"), (name, got[name])


def test_one_thread():
    outcomes("broadcast", ["bool", "float64"], PRODUCTS, threads=1)
