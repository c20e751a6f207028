"""A minute of the property suite: hostile matrices by each route, from fixed seeds.

`make attack` runs more of it, and threads, forks and little memory beside.
"""

import platform
import zlib
from dataclasses import replace

import pytest
from attack import cases, families, routes, worker

# Of each function.
CASES = 140
# Orders beyond it are for the long run.
LARGEST = 64


@pytest.mark.parametrize("name", routes.FUNCTIONS)
def test_each_function_keeps_its_bounds_by_each_route(name):
    wrong = []
    seed = zlib.crc32(name.encode())
    for number in range(CASES):
        case = cases.draw_case(seed + number, {"function": [name]}, LARGEST)
        wrong += cases.check(case)[1]
    assert not wrong, "\n".join(map(str, wrong[:20]))


@pytest.mark.parametrize("family", families.FAMILIES)
def test_each_family_does_no_harm(family):
    wrong = []
    for number, name in enumerate(["eigh", "eigvalsh", "svd thin", "svdvals", "eig", "eigvals"]):
        for repeat in range(3):
            seed = zlib.crc32(family.encode()) + 100 * number + repeat
            only = {"function": [name], "family": [family]}
            wrong += cases.check(cases.draw_case(seed, only, LARGEST))[1]
    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_a_case_is_read_as_it_is_printed():
    for seed in range(50):
        case = cases.draw_case(seed)
        assert cases.Case.parse(str(case)) == case


def test_what_is_wrong_is_found(monkeypatch):
    """A wrong eigenvalue, in one matrix of a batch."""

    def spoiled(library, a):
        w, v = library.eigh(a)
        w = w.copy()
        w[-1, -1] *= 1 + 1e-3
        return w, v

    monkeypatch.setattr(routes.FUNCTIONS["eigh"], "run", spoiled)
    only = {"function": ["eigh"], "family": ["random"], "n": [9], "route": [None]}
    told = []
    worker.run(1, 0, 0, only, told.append)
    assert sum(count for line in told for *_, count in line.get("tried", [])) > 0
    assert {line["what"] for line in told if "what" in line} >= {"residual"}


def test_an_unknown_route_is_refused():
    with pytest.raises(ValueError, match='there is no route "fast"'):
        routes._scirs2._force_route("fast")
    with pytest.raises(ValueError, match='there is no level "sse"'):
        routes._scirs2._force_route(None, "sse")


def test_a_forced_route_is_another_way():
    case = cases.draw_case(1, {"function": ["eigh"], "family": ["random"], "n": [9], "batch": [9]})
    (a,) = replace(case, dtype="float64").drawn()
    found = set()
    for route in ["lapack", "small", "batched"]:
        with routes.forced(route):
            found.add(routes.linalg.eigh(a).eigenvectors.tobytes())
    assert len(found) == 3


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="levels of x86-64")
def test_a_forced_level_is_used():
    before = routes._scirs2._config()["kernels"]
    with routes.forced(None, "baseline"):
        assert routes._scirs2._config()["kernels"] == "baseline"
    assert routes._scirs2._config()["kernels"] == before


# What the attack found, as its lines have it; each was wrong before it was mended.
FOUND = [
    # Subnormal elements in reflections and rotations.
    (
        "seed=284, family=subnormal_couplings, m=6, n=20, batch=15, dtype=float64, "
        "function=svdvals, route=None, level=None"
    ),
    (
        "seed=2000474, family=subnormal_row, m=30, n=30, batch=17, dtype=float64, "
        "function=eigh, route=None, level=baseline"
    ),
    (
        "seed=2000264, family=subnormal_couplings, m=13, n=13, batch=33, dtype=float64, "
        "function=eig, route=None, level=None"
    ),
    # laqr0 is wrong by whole elements far below one.
    (
        "seed=5000035, family=sparse_ones, m=91, n=91, batch=1, dtype=float64, "
        "function=eig, route=None, level=None"
    ),
    # The imaginary part of a pair underflows.
    (
        "seed=10003114, family=graded_symmetric, m=30, n=30, batch=9, dtype=float32, "
        "function=eig, route=None, level=baseline"
    ),
    (
        "seed=3000420, family=rank_one_and_tiny, m=6, n=6, batch=5, dtype=float64, "
        "function=eig, route=None, level=avx2"
    ),
    # zheevd writes outside of its memory, ssyevd refuses.
    (
        "seed=31000764, family=tridiagonal, m=50, n=50, batch=24, dtype=complex128, "
        "function=eigh U, route=batched, level=baseline"
    ),
    (
        "seed=20010507, family=star, m=18, n=18, batch=9, dtype=float32, "
        "function=svd hermitian, route=None, level=None"
    ),
    # The reciprocal of a complex pivot that is just normal.
    (
        "seed=20009219, family=random, m=30, n=30, batch=33, dtype=complex128, "
        "function=slogdet, route=None, level=baseline"
    ),
    # A complex division by a subnormal number loses digits.
    (
        "seed=2611007871, family=graded_symmetric, m=7, n=7, batch=33, dtype=complex128, "
        "function=solve_triangular L1, route=lapack, level=None"
    ),
    # gesdd leaves vectors that are not orthogonal.
    (
        "seed=20010962, family=clustered_singular, m=26, n=26, batch=65, dtype=float64, "
        "function=svd thin, route=None, level=avx2"
    ),
    (
        "seed=20010850, family=jordan, m=69, n=69, batch=9, dtype=complex128, "
        "function=svd, route=None, level=None"
    ),
    (
        "seed=60005819, family=star, m=188, n=188, batch=1, dtype=complex64, "
        "function=svd, route=None, level=None"
    ),
    # Divide and conquer loses the orthogonality of eigenvectors.
    (
        "seed=1129058537, family=wide_range, m=26, n=26, batch=65, dtype=complex128, "
        "function=eigh, route=lapack, level=None"
    ),
    # Divide and conquer in single precision is not accurate.
    (
        "seed=1130001851, family=rank_one_and_tiny, m=26, n=26, batch=129, dtype=complex64, "
        "function=svd, route=None, level=avx2"
    ),
    # cgeev loses the vectors of a balanced matrix with elements far apart.
    (
        "seed=3012090819, family=subnormal_anywhere, m=14, n=14, batch=129, dtype=complex64, "
        "function=eig, route=small, level=baseline"
    ),
]


@pytest.mark.parametrize("line", FOUND)
def test_what_was_found_is_right(line):
    """Repeat a line of a failure."""
    count, wrong = cases.check(cases.Case.parse(line))
    assert count > 0
    assert not wrong, "\n".join(map(str, wrong))
