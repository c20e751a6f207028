"""The numbers of a run, what a reader needs to judge them, and the file that keeps both."""

from __future__ import annotations

import datetime
import json
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .harness import Finding, Result
from .machine import cores

HERE = Path(__file__).parent
# What the geometric mean of all large matrices is to reach.
MEAN_GOAL = 1.1
LIBRARIES = ("numpy", "scipy", "torch", "jax")


def in_lines(rows: Sequence[Result | Finding]) -> str:
    """Write each row as a line of JSON."""
    written = ",\n".join(json.dumps(vars(row)) for row in rows)
    return f"[\n{written}\n]" if rows else "[]"


@dataclass(frozen=True)
class Table:
    """One suite on so many cores."""

    suite: str
    cores: int
    results: list[Result]
    findings: list[Finding]


@dataclass(frozen=True)
class Record:
    """A run."""

    setting: dict[str, str]
    tables: list[Table]

    def of(self, suite: str, cores: int | None = None) -> list[Result]:
        """Return a suite's results, on all cores unless it is said."""
        most = max((table.cores for table in self.tables), default=1)
        wanted = (suite, cores or most)
        return [
            result
            for table in self.tables
            if (table.suite, table.cores) == wanted
            for result in table.results
        ]

    def findings(self) -> list[Finding]:
        """Return every finding."""
        return [finding for table in self.tables for finding in table.findings]

    def save(self, file: Path) -> None:
        """Write it as JSON, a row a line."""
        tables = [
            f'{{"suite": {json.dumps(table.suite)}, "cores": {table.cores},\n'
            f'"results": {in_lines(table.results)},\n"findings": {in_lines(table.findings)}}}'
            for table in self.tables
        ]
        setting, joined = json.dumps(self.setting, indent=1), ",\n".join(tables)
        file.write_text(f'{{"setting": {setting},\n"tables": [\n{joined}\n]}}\n')

    @classmethod
    def load(cls, file: Path) -> Record:
        """Read what `save` wrote."""
        read = json.loads(file.read_text())
        tables = [
            Table(
                table["suite"],
                table["cores"],
                [Result(**result) for result in table["results"]],
                [Finding(**finding) for finding in table["findings"]],
            )
            for table in read["tables"]
        ]
        return cls(read["setting"], tables)


def mean(results: list[Result]) -> Finding:
    """Return the geometric mean of the ratios."""
    return Finding(
        "geometric mean of all rows",
        statistics.geometric_mean(result.ratio for result in results),
        "times as fast",
        least=MEAN_GOAL,
    )


def cpu_model() -> str:
    """Return the processor's name, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    found = (line.partition(":")[2].strip() for line in names if line.startswith("model name"))
    return next(found, platform.processor() or platform.machine())


def commit() -> str:
    """Return the commit that is checked out, marked if there are changes on top."""
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude=*"]
    asked = subprocess.run(git, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def version_of(library: str) -> str:
    """Return a library's version; empty if it is not installed."""
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"{library} from a checkout"


def setting(level: str, seconds: float, timed: str) -> dict[str, str]:
    """Return what a reader needs to judge the numbers."""
    versions = [f"Python {platform.python_version()}", *map(version_of, LIBRARIES)]
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": timed,
        "machine": f"{cpu_model()}, {len(cores())} cores, {platform.system()}",
        "versions": ", ".join(versions),
        "level": f"{level}, in {seconds / 60:.1f} minutes",
    }
