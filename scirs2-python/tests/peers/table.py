"""The table of the docs, from what a run gave."""

import platform
from collections import Counter
from pathlib import Path

from cases import COMPLEX, DTYPES, FLOAT8, IN, LAYOUTS, ML, NUMPY, SUBBYTE
from expected import EXPECTED

PATH = Path(__file__).parents[3] / "docs" / "peers-table.txt"
VERSIONS = "Versions:"

# What a list of names is shortened to, the longest first.
GROUPS = {
    "every dtype": DTYPES,
    "every dtype of ml_dtypes": ML,
    "every dtype of NumPy": (*NUMPY, *COMPLEX),
    "every real dtype of NumPy": NUMPY,
    "every integer and float of NumPy": NUMPY[1:],
    "every narrow dtype": SUBBYTE,
    "every float8": FLOAT8,
}


def text(runs):
    """`runs` has the version of each library, and each case's verdict and message."""
    versions = ", ".join(dict.fromkeys(version for version, _ in runs.values()))
    lines = [
        ".. Written by `make test-peers`.",
        "",
        f"{VERSIONS} Python {platform.python_version()}, {versions}.",
        "",
        *summary({name: found for name, (_, found) in runs.items()}),
    ]
    lines += ["", *legend()]
    for name, (_, found) in runs.items():
        lines += ["", name, "~" * len(name), "", *details(EXPECTED[name], found)]
    return "\n".join(lines) + "\n"


def verdicts(table):
    return [line for line in table.splitlines() if not line.startswith(VERSIONS)]


def summary(found):
    """How many dtypes and layouts cross by the best way that the library has."""
    head = ["Library", "In: dtypes", "In: layouts", "Out: dtypes", "Out: layouts"]
    rows = []
    for name, cases in found.items():
        out = best({way for way, _ in cases if way != IN}, cases)
        cells = (count(way, names, cases) for way in (IN, out) for names in (DTYPES, LAYOUTS))
        rows.append([f"`{name}`_", *cells])
    return listing(head, rows, "20 20 20 20 20")


def best(ways, cases):
    return max(
        sorted(ways),
        key=lambda way: sum(
            verdict != "refused" for (by, _), (verdict, _) in cases.items() if by == way
        ),
    )


def count(way, names, cases):
    became = (cases[way, name][0] for name in names if (way, name) in cases)
    kinds = Counter(
        verdict.partition(",")[0] + (" as another dtype" if ", as " in verdict else "")
        for verdict in became
    )
    return ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())


def details(rows, found):
    head = ["Given", "What", "Becomes", "Why"]
    cells = [
        [", ".join(f"``{way}``" for way in row.ways), shortened(row.cases), row.verdict, row.why]
        for row in rows
    ]
    drifted = {key for row in rows for key in row.crossings() if found[key][0] != row.verdict}
    cells += [
        [f"``{way}``", case, found[way, case][0], "UNEXPECTED"] for way, case in sorted(drifted)
    ]
    return listing(head, cells, "22 40 14 24")


def legend():
    for group, members in GROUPS.items():
        yield f"* *{group}*: {', '.join(members)}"


def shortened(names):
    for group, members in GROUPS.items():
        if set(members) <= set(names):
            names = [group, *(name for name in names if name not in members)]
    return ", ".join(names)


def listing(head, rows, widths):
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
    for row in (head, *rows):
        for i, cell in enumerate(row):
            yield f"   {'*' if i == 0 else ' '} - {cell}".rstrip()
