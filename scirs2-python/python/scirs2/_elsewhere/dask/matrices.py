"""Which way a function of matrices is computed: the first that can take the chunks."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from typing import Any

from . import batches, definite, elimination, reflections, tall, triangles


def compute(name: str, arguments: dict[str, Any], module: Any) -> Any:
    """Compute a function of matrices, given its arguments by name."""
    for ways in (tall.WAYS, elimination.WAYS, triangles.WAYS, definite.WAYS, reflections.WAYS):
        results = ways[name](module, **arguments) if name in ways else NotImplemented
        if results is not NotImplemented:
            return results
    # It refuses matrices that no task can hold.
    return batches.compute(name, arguments, module)
