"""Which way a function of matrices is computed: the first that can take the chunks."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from typing import Any

from . import batches, tall


def compute(name: str, arguments: dict[str, Any], module: Any) -> Any:
    """Compute a function of matrices, given its arguments by name."""
    way = tall.WAYS.get(name)
    if way is not None:
        results = way(module, **arguments)
        if results is not NotImplemented:
            return results
    # It refuses matrices that no task can hold.
    return batches.compute(name, arguments, module)
