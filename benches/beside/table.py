"""Results as text: where scirs2 is behind first, then every table."""

from __future__ import annotations

from collections.abc import Sequence

from .harness import Finding, Result
from .record import Record, Table
from .suites import TITLES

LEGEND = """\
ratio    the fastest peer's time over scirs2's, the median of the rounds (above 1: scirs2 is faster)
spread   the lowest and the highest round
behind   slower than the fastest peer in every round: the spread ends below 1
control  one peer timed twice; if it is far from 1.00, disregard the row
GB/s     what scirs2 reads of its operand; and that as a part of a plain read of the same memory
goal     the least ratio that the project set itself, where not over the fastest peer over whom
!        an answer that is off by more than the row allows
~        far behind the fastest peer: estimated by a few calls"""


def duration(seconds: float) -> str:
    """Write a time with three digits and the unit that fits."""
    for unit, scale in (("ns", 1e9), ("us", 1e6), ("ms", 1e3)):
        if seconds * scale < 999.5:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def marks(result: Result, name: str) -> str:
    """Mark a time as the legend says."""
    return "!" * (name in result.inaccurate) + "~" * (name in result.once)


def time_of(result: Result, name: str) -> str:
    """Write one time of a row, marked as the legend says, empty if there is none."""
    if name not in result.seconds:
        return ""
    return duration(result.seconds[name]) + (marks(result, name) or " ")


def goal_of(result: Result) -> str:
    """Write what came of a row's goal, empty if it has none."""
    if result.goal is None:
        return ""
    whose = f"{result.goal_ratio:.2f} of {result.goal_of}, " if result.goal_of else ""
    return f"{whose}{result.goal:g}: {result.verdict}"


def bandwidth_of(result: Result) -> str:
    """Write the bandwidth, empty where memory is not what counts."""
    if result.bandwidth is None:
        return ""
    share = f" ({result.share:.2f})" if result.share is not None else ""
    return f"{result.bandwidth:.1f}{share}"


def behind(results: Sequence[Result]) -> list[Result]:
    """Return the rows where a peer was faster in every round, the worst first."""
    return sorted((r for r in results if r.ratio_high < 1), key=lambda r: r.ratio)


def columns(lines: list[list[str]]) -> str:
    """Lay text out in columns, and leave out those that are empty."""
    used = [i for i in range(len(lines[0])) if any(line[i] for line in lines[1:])]
    widths = [max(len(line[i]) for line in lines) for i in used]
    return "\n".join(
        "  ".join(
            line[i].ljust(width) if i == 0 else line[i].rjust(width)
            for i, width in zip(used, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def cells(results: Sequence[Result]) -> list[list[str]]:
    """Write results, the head first, the rows where scirs2 is furthest behind first."""
    peers = list(dict.fromkeys(name for result in results for name in result.seconds))
    lines = [["", *peers, "ratio", "spread", "fastest peer", "control", "GB/s", "goal"]]
    for result in sorted(results, key=lambda result: result.ratio):
        lines.append(
            [
                result.name,
                *(time_of(result, name) for name in peers),
                f"{result.ratio:.2f}",
                f"{result.ratio_low:.2f}-{result.ratio_high:.2f}",
                result.fastest,
                f"{result.control:.2f}",
                bandwidth_of(result),
                goal_of(result),
            ]
        )
    return lines


def finding_cells(findings: Sequence[Finding]) -> list[list[str]]:
    """Write findings, the head first."""
    lines = [["", "measured", "bound", ""]]
    for finding in findings:
        bound = f"at most {finding.most:.3g}" if finding.most is not None else ""
        if finding.least is not None:
            bound = f"at least {finding.least:.3g}"
        measured = f"{finding.value:.3g} {finding.unit}"
        lines.append([finding.name, measured, bound, finding.verdict])
    return lines


def title(table: Table) -> str:
    """Name a table."""
    return f"{TITLES[table.suite]}, {table.cores} core{'s' * (table.cores > 1)}"


def summary(record: Record) -> str:
    """Say where scirs2 is behind, and which goals are missed, before anything else."""
    lines = []
    for table in record.tables:
        slower = behind(table.results)
        missed = [r for r in table.results if r.verdict == "missed"]
        kept = [r for r in table.results if r.goal is not None]
        broken = [f for f in table.findings if f.verdict == "missed"]
        counts = [
            (len(slower), len(table.results), "rows behind"),
            (len(missed), len(kept), "goals missed"),
            (len(broken), len(table.findings), "bounds missed"),
        ]
        said = ", ".join(f"{some} of {all_} {what}" for some, all_, what in counts if all_)
        lines.append(f"{title(table)}: {said}")
        lines += [f"    {r.name}: {r.ratio:.2f} of {r.fastest}" for r in slower]
        lines += [
            f"    {r.name}: goal {r.goal:g}{f' of {r.goal_of}' if r.goal_of else ''}, "
            f"reached {r.goal_ratio:.2f}"
            for r in missed
            if r not in slower
        ]
        lines += [f"    {f.name}: {f.value:.3g} {f.unit}" for f in broken]
    return "\n".join(lines)


def text(record: Record) -> str:
    """Lay a whole record out."""
    parts = ["\n".join(f"{key:<10}{value}" for key, value in record.setting.items())]
    parts += [f"Where scirs2 is behind\n\n{summary(record)}", LEGEND]
    for table in record.tables:
        if table.results:
            parts.append(f"{title(table)}\n\n{columns(cells(table.results))}")
        if table.findings:
            parts.append(f"{title(table)}\n\n{columns(finding_cells(table.findings))}")
    return "\n\n".join(parts)
