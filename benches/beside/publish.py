"""The numbers that the README and the documentation show, from one record.

Which rows they show is decided here, by a rule and not by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .charts import drawn
from .harness import OURS, Result
from .record import LIBRARIES, Record
from .suites import TITLES
from .table import behind, duration, marks

ROOT = Path(__file__).parents[2]
# Below a checkout.
BENCH = Path("docs/_static/bench")
RECORD = BENCH / "record.json"
README = Path("README.md")
PAGE_TABLE = Path("docs/bench-table.txt")

SUITES = ("batches", "functions", "small", "large", "gradients", "norms", "integers", "exchange")
NAMES = {"numpy": "NumPy", "scipy": "SciPy", "torch": "PyTorch", "jax": "JAX"}
PEERS = [NAMES[library] for library in LIBRARIES]
HEAD = ["", "function and operand", "scirs2", "ratio", *PEERS]

BEGIN, END = "<!-- numbers: begin, written by make bench -->", "<!-- numbers: end -->"
RULE = """\
Each group shows its best row, its middle row and its worst. "ratio" is the fastest library's time
over scirs2's: above 1, scirs2 is faster. The columns after it are each library's time over
scirs2's; ~ marks an estimate from a few calls, because the library was far behind, and ! a less
accurate result."""


def chosen(results: Sequence[Result]) -> list[Result]:
    """Choose the best row, the middle one and the worst, by the ratio to the fastest peer."""
    ranked = sorted(results, key=lambda result: result.ratio, reverse=True)
    places = sorted({0, len(ranked) // 2, len(ranked) - 1}) if ranked else []
    return [ranked[place] for place in places]


def named(suite: str, result: Result) -> str:
    """Name a row outside its table."""
    return f"norm {result.name}" if suite == "norms" else result.name


def against(result: Result, peer: str) -> str:
    """Write a peer's time over ours, empty where it has no such function."""
    if peer not in result.seconds:
        return ""
    return f"{ratio(result.seconds[peer] / result.seconds[OURS])}{marks(result, peer)}"


def ratio(value: float) -> str:
    """Write a ratio with two digits, and not as a power of ten."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"


def lines(record: Record) -> Iterator[list[str]]:
    """Write the rows that are shown."""
    for suite in SUITES:
        title = TITLES[suite]
        for result in chosen([row for row in record.of(suite) if row.steady]):
            # The peer is named where it has no column.
            whose = "" if result.fastest in PEERS else f" ({result.fastest})"
            yield [
                title,
                named(suite, result),
                duration(result.seconds[OURS]),
                f"{ratio(result.ratio)}{whose}",
                *(against(result, peer) for peer in PEERS),
            ]
            title = ""


def told(record: Record) -> str:
    """Say what was run where, and how often scirs2 is behind."""
    every = [row for suite in SUITES for row in record.of(suite)]
    steady = [row for row in every if row.steady]
    setting = record.setting
    noise = len(every) - len(steady)
    return (
        f"Measured at commit {setting['commit']}, {setting['date']}: {setting['machine']}; "
        f"{setting['versions']}; level {setting['level']}. In {len(behind(steady))} of "
        f"{len(steady)} rows scirs2 is behind, that is slower than the fastest library in every "
        f"round. {noise} more are left out as noise: one library, entered twice, disagreed with "
        "itself by more than a quarter."
    )


def markdown(record: Record) -> str:
    """Write the README's block, without its markers."""
    rows = [HEAD, ["---", "---", *["---:"] * (len(HEAD) - 2)], *lines(record)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{RULE}\n\n{told(record)}\n"


def restructured(record: Record) -> str:
    """Write the same for the documentation."""
    table = [".. list-table::", "   :header-rows: 1", ""]
    for row in [HEAD, *lines(record)]:
        table += [f"   {'*' if i == 0 else ' '} - {cell}".rstrip() for i, cell in enumerate(row)]
    return "\n".join([*table, "", RULE, "", told(record), ""])


def with_block(readme: str, block: str) -> str:
    """Put the block between the markers of the README."""
    whole = f"{BEGIN}\n\n{block}\n{END}"
    replaced, count = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: whole, readme, flags=re.DOTALL
    )
    if count != 1:
        raise SystemExit(f"README.md needs one block from {BEGIN} to {END}")
    return replaced


def texts(record: Record, root: Path) -> dict[Path, str]:
    """Return what each file of a checkout must say."""
    readme = (root / README).read_text(encoding="utf-8")
    return {
        root / README: with_block(readme, markdown(record)),
        root / PAGE_TABLE: restructured(record),
    }


def publish(record: Record, root: Path) -> None:
    """Keep the record in a checkout, and write all that is made of it."""
    (root / BENCH).mkdir(parents=True, exist_ok=True)
    for file, text in texts(record, root).items():
        file.write_text(text, encoding="utf-8")
    for name, chart in drawn(record).items():
        (root / BENCH / f"{name}.svg").write_text(chart, encoding="utf-8")
    record.save(root / RECORD)


def stale(root: Path) -> list[Path]:
    """Return the files whose numbers are not those of the record."""
    record = Record.load(root / RECORD)
    return [
        file
        for file, text in texts(record, root).items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
