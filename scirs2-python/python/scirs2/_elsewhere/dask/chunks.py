"""The same chunks for the axes of several operands that belong together."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Hashable, Sequence
from itertools import accumulate

from .arrays import Lazy

# What an axis belongs to: axes with one label have one size. Where the label is a number, an
# axis may have size one instead, and broadcasts.
Label = Hashable
Chunks = tuple[float, ...]


def align(
    name: str, operands: Sequence[tuple[str, Lazy]], labels: Sequence[Sequence[Label]]
) -> tuple[list[Lazy], dict[Label, Chunks]]:
    """Rechunk operands so that axes of one label have the same chunks; return these, too."""
    axes: dict[Label, list[tuple[str, Lazy, int]]] = {}
    for (parameter, x), of_axes in zip(operands, labels, strict=True):
        for axis, label in enumerate(of_axes):
            axes.setdefault(label, []).append((parameter, x, axis))
    common = {label: _common(name, label, of_label) for label, of_label in axes.items()}
    arrays = []
    for (_, x), of_axes in zip(operands, labels, strict=True):
        wanted = tuple(
            chunks if _broadcasts(label, size) else common[label]
            for size, chunks, label in zip(x.shape, x.chunks, of_axes, strict=True)
        )
        # Sizes that are unknown are never equal.
        is_same = all(
            one == other or math.isnan(sum(one))
            for one, other in zip(wanted, x.chunks, strict=True)
        )
        arrays.append(x if is_same else x.rechunk(wanted))
    return arrays, common


def _broadcasts(label: Label, size: float) -> bool:
    return isinstance(label, int) and size == 1


def _common(name: str, label: Label, axes: list[tuple[str, Lazy, int]]) -> Chunks:
    """Return the chunks of axes of one label: cut wherever one of them is cut."""
    long = [one for one in axes if not _broadcasts(label, one[1].shape[one[2]])]
    if not long:
        return (1,)
    every: list[Chunks] = [x.chunks[axis] for _, x, axis in long]
    unknown = [chunks for chunks in every if math.isnan(sum(chunks))]
    if unknown:
        if len({len(chunks) for chunks in every}) > 1:
            parameter = next(one for one, x, axis in long if math.isnan(x.shape[axis]))
            raise ValueError(
                f"{name}: {parameter}: the sizes of its chunks are unknown, and the other operands "
                f"have another number of chunks; call {parameter}.compute_chunk_sizes()"
            )
        return next((chunks for chunks in every if chunks not in unknown), unknown[0])
    sizes = {sum(chunks) for chunks in every}
    if len(sizes) > 1:
        what = "the batches do not broadcast" if isinstance(label, int) else "they do not fit"
        lengths = " and ".join(map(str, sorted(sizes)))
        raise ValueError(f"{name}: {_shapes(axes)}: {what}: axes of lengths {lengths}")
    if len(set(every)) == 1:
        return every[0]
    cuts = sorted({cut for chunks in every for cut in accumulate(chunks)} - {0})
    return tuple(cut - before for before, cut in zip([0, *cuts], cuts, strict=False))


def _shapes(axes: list[tuple[str, Lazy, int]]) -> str:
    shapes = {parameter: x.shape for parameter, x, _ in axes}
    return f"{' and '.join(shapes)} of shapes {' and '.join(map(str, shapes.values()))}"


def blocks_before(chunks: Chunks) -> list[float]:
    """Return where each chunk begins."""
    return [0, *accumulate(chunks)][:-1]
