"""The order in which an einsum is contracted."""

# opt_einsum ships no types, so strict would ask for them here.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Sequence
from typing import Any

import opt_einsum
from opt_einsum.parser import parse_einsum_input


def plan(
    subscripts: Sequence[Any], shapes: Sequence[tuple[int, ...]], optimize: Any
) -> tuple[str, list[tuple[int, ...]] | None]:
    """Return subscripts that name every axis by a letter, and the path.

    The path is None where there is no choice, or where the caller wants none.
    """
    if len(subscripts) == 1 and isinstance(subscripts[0], str):
        operands = [subscripts[0], *shapes]
    else:
        pairs = zip(shapes, subscripts, strict=False)
        operands = [one for pair in pairs for one in pair]
        operands += subscripts[len(shapes) :]
    try:
        inputs, output, _ = parse_einsum_input(operands, shapes=True)
    except ValueError as error:
        raise ValueError(f"einsum: subscripts: {error}") from None
    explicit = f"{inputs}->{output}"
    if len(shapes) <= 2:
        return explicit, None
    if optimize is False:
        return explicit, [tuple(range(len(shapes)))]
    if isinstance(optimize, list | tuple) and all(isinstance(step, tuple) for step in optimize):
        return explicit, list(optimize)
    memory_limit = None
    if isinstance(optimize, list | tuple) and optimize and isinstance(optimize[0], str):
        if optimize[0] == "einsum_path":
            return explicit, list(optimize[1:])
        optimize, memory_limit = optimize
    try:
        path, _ = opt_einsum.contract_path(
            explicit, *shapes, shapes=True, optimize=optimize, memory_limit=memory_limit
        )
    except KeyError as error:
        raise ValueError(f"einsum: optimize: {error.args[0]}") from None
    return explicit, [tuple(step) for step in path]
