"""Dask arrays: `scirs2.linalg` returns lazy arrays, and workers compute them, block by block.

A call builds a graph and computes nothing. A matrix that fits a task, of up to
`array.chunk-size` bytes, is one task, however it is chunked. The files, in the order in which
they use each other:

- `arrays`: lazy arrays made of operands, and of tasks; what fits a task
- `task`: what a worker does
- `chunks`: the same chunks for axes that belong together
- `batches`: functions of matrices that are whole in a task
- `tree`, `tall`: functions of tall and wide matrices, by trees of QR factorizations
- `panels`: matrices whose rows and columns are chunked, as panels of columns
- `elimination`, `triangles`, `definite`, `reflections`: functions of them by LU, by triangles,
  by Cholesky, by QR
- `matrices`: which of these computes a function of matrices
- `contraction`, `products`: sums of products over the chunks
- `norms`: norms of the chunks' norms
- `equations`: tensors that are matrices with other axes
- `inverses`: powers and condition numbers of matrices in panels
"""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from collections.abc import Callable
from functools import partial
from typing import Any

from . import batches, equations, inverses, matrices, norms, products
from .arrays import module_of

_ROUTES: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(products, name)
        for name in (
            "cross",
            "diagonal",
            "einsum",
            "matmul",
            "matrix_transpose",
            "matvec",
            "multi_dot",
            "outer",
            "tensordot",
            "trace",
            "vecdot",
            "vecmat",
        )
    },
    **{name: getattr(norms, name) for name in ("matrix_norm", "norm", "vector_norm")},
    **{name: getattr(equations, name) for name in ("matrix_rank", "tensorinv", "tensorsolve")},
    **{name: getattr(inverses, name) for name in ("cond", "matrix_power")},
}


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: Exception) -> Any:
    """Build the graph of a call that has a Dask array among its operands."""
    route = _ROUTES.get(name) or (name in batches.OPERANDS and partial(_of_matrices, name))
    if not route:
        # The exchange, which needs memory.
        raise reason
    if kwargs.get("out") is not None:
        raise TypeError(f"{name}: out= with an array of Dask, whose results have no memory yet")
    given = {key: value for key, value in kwargs.items() if key != "out"}
    return route(module_of([*args, *kwargs.values()]), *args, **given)


def _of_matrices(name: str, module: Any, *args: Any, **kwargs: Any) -> Any:
    return matrices.compute(name, batches.signature(name).bind(*args, **kwargs).arguments, module)
