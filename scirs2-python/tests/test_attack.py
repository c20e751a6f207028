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
