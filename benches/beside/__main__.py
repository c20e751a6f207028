"""`python -m beside`: run, compare two records, draw one again, or publish it."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .compare import compare
from .harness import Result
from .levels import LEVELS, Level
from .machine import cores
from .page import page
from .publish import RECORD, ROOT, publish
from .record import Record, Table, commit, mean, setting
from .suites import TITLES, measured, processes
from .table import text

RESULTS = Path(__file__).parents[1] / "results"


def run(level: Level) -> Record:
    """Run every process, and show how far it is."""
    console = Console(stderr=True)
    # Drawn between two rows: a thread that draws would be in the way of what is timed.
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        auto_refresh=False,
        disable=not console.is_terminal,
    )
    tables: dict[tuple[str, int], Table] = {}
    # Before the run: a checkout may move on while it lasts.
    start, timed = time.monotonic(), commit()
    with bar:
        for process in processes(level):
            count = len(process.cores)
            found = measured(process, level)
            task = bar.add_task("", total=next(found))
            for suite, row in found:
                table = tables.setdefault((suite, count), Table(suite, count, [], []))
                if not table.results and not table.findings and not console.is_terminal:
                    print(f"... {TITLES[suite]}, {count} cores", file=sys.stderr, flush=True)
                (table.results if isinstance(row, Result) else table.findings).append(row)
                bar.update(task, advance=1, description=f"{TITLES[suite]}, {count} cores")
                bar.refresh()
    large = tables["large", len(cores())]
    large.findings.append(mean(large.results))
    return Record(setting(level.name, time.monotonic() - start, timed), list(tables.values()))


def keep(record: Record, folder: Path) -> Path:
    """Write the record, and its page beside it; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
    record.save(folder / f"{name}.json")
    return write_page(record, folder / f"{name}.html")


def write_page(record: Record, file: Path) -> Path:
    """Write the page."""
    file.write_text(page(record), encoding="utf-8")
    return file


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m beside", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run", help="measure, print, and keep a record and its page")
    runs.add_argument("--level", choices=LEVELS, default="full")
    runs.add_argument("--results", type=Path, default=RESULTS, help="the folder of the records")
    draws = commands.add_parser("draw", help="draw a record again")
    draws.add_argument("record", type=Path)
    publishes = commands.add_parser("publish", help="write the README's numbers and the charts")
    publishes.add_argument("record", type=Path, nargs="?", default=ROOT / RECORD)
    publishes.add_argument("checkout", type=Path, nargs="?", default=ROOT)
    runs.add_argument("--publish", type=Path, metavar="CHECKOUT", help="and publish there")
    compares = commands.add_parser("compare", help="tell what became slower: exit 1 if anything")
    compares.add_argument("before", type=Path)
    compares.add_argument("after", type=Path)
    return parser.parse_args()


def main() -> int:
    """Do what the command line says."""
    asked = arguments()
    if asked.command == "compare":
        told, slower = compare(Record.load(asked.before), Record.load(asked.after))
        print(told)
        return int(slower > 0)
    if asked.command == "publish":
        publish(Record.load(asked.record), asked.checkout)
        return 0
    if asked.command == "run":
        record = run(LEVELS[asked.level])
        print(text(record))
        written = keep(record, asked.results)
        if asked.publish:
            publish(record, asked.publish)
    else:
        record = Record.load(asked.record)
        written = write_page(record, asked.record.with_suffix(".html"))
    print(f"\nWritten to {written}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
