"""A record as charts."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .harness import OURS, Result
from .record import Record

OUR_COLOUR, PEER_COLOUR, LIMIT_COLOUR = "#c2410c", "#64748b", "#111827"
# Paler on fewer cores.
PALE = 0.45
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.markersize": 3.5,
    # Text stays text, and the same record gives the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "scirs2",
}
DOUBLE = "float64"
# What can be read on white and on black.
PEER_COLOURS = {"NumPy": "#3b82c4", "SciPy": "#2f9e6e", "PyTorch": "#e0562b", "JAX": "#a56bd6"}
NEUTRAL = "#7c828a"
RATIO_TICKS = (0.5, 1, 2, 5, 10, 20)


def grid(count: int, across: int, title: str, record: Record) -> tuple[Figure, list[Axes]]:
    """Make a figure of so many charts, the machine and the versions below them."""
    across = min(across, count)
    down = math.ceil(count / across)
    figure = Figure(figsize=(10, 2.4 * down + 1.1), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    for empty in axes[count:]:
        empty.set_axis_off()
    figure.suptitle(title, fontsize=11)
    setting = record.setting
    figure.supxlabel(
        f"{setting['machine']}; commit {setting['commit']}; {setting['date']}\n"
        f"{setting['versions']}",
        fontsize=7,
        color="#6b7280",
    )
    return figure, axes[:count]


def named(results: Iterable[Result], key: str) -> dict[object, list[Result]]:
    """Sort results by what they have in common."""
    found: dict[object, list[Result]] = {}
    for result in results:
        found.setdefault(result.at[key], []).append(result)
    return found


def ratios(record: Record) -> Figure | None:
    """Draw the fastest peer's time over ours, for each operation over the order."""
    results = [
        result
        for suite in ("small", "large")
        for result in record.of(suite)
        if result.at["dtype"] == DOUBLE
    ]
    by_op = {op: rows for op, rows in named(results, "op").items() if len(rows) > 1}
    if not by_op:
        return None
    title = "The fastest peer's time over scirs2's, one matrix in double precision"
    figure, axes = grid(len(by_op), 4, title, record)
    for axis, (op, rows) in zip(axes, by_op.items(), strict=True):
        n = [row.at["n"] for row in rows]
        ratio = [row.ratio for row in rows]
        spread = [
            [row.ratio - row.ratio_low for row in rows],
            [row.ratio_high - row.ratio for row in rows],
        ]
        axis.errorbar(n, ratio, spread, color=OUR_COLOUR, marker="o", linewidth=1)
        aimed = [(row.at["n"], row.goal) for row in rows if row.goal]
        axis.plot(*zip(*aimed, strict=True), "_", color=PEER_COLOUR, markersize=9)
        axis.axhline(1, color=LIMIT_COLOUR, linewidth=0.8)
        axis.set(title=op, xscale="log", yscale="log", xlabel="n")
        axis.set_xticks(n, [str(order) for order in n], minor=False, fontsize=6)
        axis.minorticks_off()
        axis.set_yticks(RATIO_TICKS, [f"{tick:g}" for tick in RATIO_TICKS])
    return figure


def panels(record: Record) -> list[tuple[str, list[Result]]]:
    """Choose what is drawn of each library.

    That is every shape of batch, and of the single matrices the largest order at which
    most functions are timed.
    """
    single = []
    for suite in ("small", "large"):
        of_order = named((row for row in record.of(suite) if row.at["dtype"] == DOUBLE), "n")
        if of_order:
            n, rows = max(of_order.items(), key=lambda item: (len(item[1]), item[0]))
            single.append((f"one {n}x{n}", rows))
    batches = [
        (f"{math.prod(rows[0].at['batch']):,} of {n}x{n}", rows)
        for n, rows in named(
            (row for row in record.of("batches") if row.at["dtype"] == DOUBLE), "n"
        ).items()
    ]
    return [*single[:1], *batches, *single[1:]]


def libraries(record: Record) -> Figure | None:
    """Draw each library's time over ours, for every function that batches are timed with."""
    batches = record.of("batches")
    if not batches:
        return None
    functions = list(dict.fromkeys(row.at["op"] for row in batches))[::-1]
    found = panels(record)
    title = "How many times as fast as each library, in double precision"
    figure, axes = grid(len(found), len(found), title, record)
    figure.set_size_inches(10, 4.2)
    # The legend lies to the right of the title.
    figure.suptitle(title, fontsize=11, color=NEUTRAL, x=0.01, horizontalalignment="left")
    # The README and a page may be white or black.
    figure.patch.set_visible(False)
    for axis, (name, rows) in zip(axes, found, strict=True):
        steady = {row.at["op"]: row for row in rows if row.steady}
        for library, colour in PEER_COLOURS.items():
            timed = [op for op in functions if op in steady and library in steady[op].seconds]
            ratio = [steady[op].seconds[library] / steady[op].seconds[OURS] for op in timed]
            axis.plot(ratio, [functions.index(op) for op in timed], "o", color=colour,
                      markersize=5, label=library)  # fmt: skip
        axis.axvline(1, color=NEUTRAL, linewidth=1.2)
        axis.patch.set_visible(False)
        axis.set_title(name, fontsize=9, color=NEUTRAL)
        axis.set(xscale="log", ylim=(-0.6, len(functions) - 0.4))
        axis.set_yticks(range(len(functions)), functions if axis is axes[0] else [])
        axis.tick_params(colors=NEUTRAL, length=0)
        axis.grid(color=NEUTRAL, alpha=0.3)
        axis.spines[:].set_visible(False)
        axis.minorticks_off()
        ticks = [10.0**power for power in range(*powers(axis.get_xlim()))]
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    handles, names = axes[-1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=4, labelcolor=NEUTRAL)
    return figure


def powers(limits: tuple[float, float]) -> tuple[int, int]:
    """Return the range of the powers of ten within limits, 1 always among them."""
    low, high = (math.log10(limit) for limit in limits)
    return min(0, math.ceil(low)), max(0, math.floor(high)) + 1


def bandwidth(record: Record) -> Figure | None:
    """Draw what a norm reads in a second over the length, and what a plain read does."""
    results = [row for row in record.of("norms") if row.at["layout"] == "vector"]
    by_dtype = named(results, "dtype")
    if not by_dtype:
        return None
    title = "Norm of a vector: memory read a second"
    figure, axes = grid(len(by_dtype), 3, title, record)
    for axis, (dtype, rows) in zip(axes, by_dtype.items(), strict=True):
        for order, of_order in named(rows, "ord").items():
            lengths = [row.at["n"] for row in of_order]
            axis.plot(
                lengths, [row.bandwidth for row in of_order], marker="o", label=f"ord {order}"
            )
        limits = [(n, max(row.bandwidth / row.share for row in at_n))
                  for n, at_n in named(rows, "n").items()]  # fmt: skip
        axis.plot(*zip(*limits, strict=True), "--", color=LIMIT_COLOUR, label="plain read")
        axis.set(title=dtype, xscale="log", yscale="log", xlabel="elements", ylabel="GB/s")
    axes[0].legend(fontsize=7)
    return figure


def views(record: Record) -> Figure | None:
    """Draw the norms of matrices as parts of what a plain read reaches, beside the best peer."""
    results = [row for row in record.of("norms") if row.at["layout"] != "vector"]
    by_dtype = named(results, "dtype")
    if not by_dtype:
        return None
    title = "Norms of a matrix: parts of the bandwidth of a plain read (1 is the limit)"
    figure, axes = grid(len(by_dtype), 1, title, record)
    for axis, (dtype, rows) in zip(axes, by_dtype.items(), strict=True):
        labels = [
            f"{row.at['layout']}, ord {row.at['ord']}"
            + (f", axis {row.at['axis']}" if row.at["axis"] is not None else "")
            for row in rows
        ]
        peers = [row.share / row.ratio for row in rows]
        bars(axis, labels, {"fastest peer": (peers, PEER_COLOUR, 1.0),
                            OURS: ([row.share for row in rows], OUR_COLOUR, 1.0)})  # fmt: skip
        axis.axhline(1, color=LIMIT_COLOUR, linewidth=0.8)
        axis.set(title=dtype)
        slant(axis)
    axes[0].legend(fontsize=7)
    return figure


def bars(
    axis: Axes, labels: Sequence[str], groups: dict[str, tuple[Sequence[float], str, float]]
) -> None:
    """Draw bars side by side; each group has its values, colour and opacity."""
    width = 0.8 / len(groups)
    for place, (label, (values, colour, alpha)) in enumerate(groups.items()):
        left = [x - 0.4 + (place + 0.5) * width for x in range(len(values))]
        axis.bar(left, values, width, color=colour, alpha=alpha, label=label)
    axis.set_xticks(range(len(labels)), labels)
    axis.grid(visible=False, axis="x")


def slant(axis: Axes) -> None:
    """Turn the labels below, so that long ones do not run into each other."""
    for label in axis.get_xticklabels():
        label.set(rotation=30, horizontalalignment="right", fontsize=7)


def throughput(record: Record) -> Figure | None:
    """Draw the matrices that are done in a second, against the cores."""
    counts = sorted({table.cores for table in record.tables if table.suite == "batches"})
    shapes = named((row for row in record.of("batches") if row.at["dtype"] == DOUBLE), "n")
    if not shapes:
        return None
    title = "Batches in double precision: matrices a second"
    figure, axes = grid(len(shapes), 1, title, record)
    for axis, (n, rows) in zip(axes, shapes.items(), strict=True):
        count = math.prod(rows[0].at["batch"])
        groups = {}
        for label, colour, time in (
            ("fastest peer", PEER_COLOUR, lambda row: row.seconds[row.fastest]),
            (OURS, OUR_COLOUR, lambda row: row.seconds[OURS]),
        ):
            for cores in counts:
                at = {row.name: row for row in record.of("batches", cores)}
                values = [count / time(at[r.name]) if r.name in at else math.nan for r in rows]
                name = f"{label}, {cores} core{'s' * (cores > 1)}"
                groups[name] = (values, colour, 1.0 if cores == counts[-1] else PALE)
        bars(axis, [row.at["op"] for row in rows], groups)
        axis.set(title=f"{count} matrices of {n}x{n}", yscale="log", ylabel="matrices/s")
    axes[0].legend(fontsize=7, ncols=2)
    return figure


def growth(record: Record) -> Figure | None:
    """Draw the time over the size of the work, and the model through the largest."""
    found = [finding for finding in record.findings() if finding.series]
    if not found:
        return None
    title = "Time of scirs2 over the size of the work, and the model (dashed)"
    figure, axes = grid(len(found), 4, title, record)
    for axis, finding in zip(axes, found, strict=True):
        variable = finding.at["over"]
        sizes = finding.series[variable]
        axis.plot(sizes, finding.series["seconds"], marker="o", color=OUR_COLOUR)
        axis.plot(sizes, finding.series["model"], "--", color=LIMIT_COLOUR, linewidth=0.8)
        axis.set(xscale="log", yscale="log", xlabel=variable, ylabel="seconds")
        axis.set_title(f"{finding.at['op']}\n{finding.value:.2f} {finding.unit}", fontsize=8)
        if variable == "threads":
            axis.set_xticks(sizes, [f"{size}" for size in sizes])
        axis.minorticks_off()
    return figure


def memory(record: Record) -> Figure | None:
    """Draw the peak of each operation's memory, and what its docstring says."""
    found = [finding for finding in record.findings() if "said" in finding.at]
    if not found:
        return None
    title = "The peak of the memory beyond the operands, in operands"
    figure, (axis,) = grid(1, 1, title, record)
    labels = [finding.at["op"] for finding in found]
    bars(axis, labels, {"measured": ([finding.value for finding in found], OUR_COLOUR, 1.0)})
    said = [finding.at["said"] for finding in found]
    axis.plot(
        range(len(said)),
        said,
        "_",
        color=LIMIT_COLOUR,
        markersize=24,
        markeredgewidth=2,
        label="said",
    )
    slant(axis)
    axis.legend()
    return figure


CHARTS: dict[str, Callable[[Record], Figure | None]] = {
    "libraries": libraries,
    "ratios": ratios,
    "throughput": throughput,
    "bandwidth": bandwidth,
    "views": views,
    "growth": growth,
    "memory": memory,
}


def drawn(record: Record) -> dict[str, str]:
    """Draw every chart that the record has numbers for, as SVG."""
    found = {}
    with mpl.rc_context(STYLE):
        for name, draw in CHARTS.items():
            figure = draw(record)
            if figure is not None:
                file = io.StringIO()
                # Without a date: the same record gives the same file.
                figure.savefig(file, format="svg", metadata={"Date": None})
                found[name] = file.getvalue()
    return found
