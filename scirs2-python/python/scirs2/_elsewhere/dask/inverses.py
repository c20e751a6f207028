"""Functions of matrices by products with their inverse: powers, and condition numbers."""

# Dask's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import operator
from typing import Any

import numpy as np

from . import arrays, batches, elimination, matrices, norms, panels, products
from .arrays import Lazy
from .panels import Graph


def matrix_power(module: Any, a: Any, n: Any, on_failure: str = "raise") -> Lazy:
    """As `scirs2.linalg.matrix_power`: by repeated squaring."""
    a = arrays.lazy("matrix_power", "a", a, module)
    arguments = {"a": a, "n": n, "on_failure": on_failure}
    if not panels.is_large(a):
        return matrices.compute("matrix_power", arguments, module)
    kernel, operands = batches.bind("matrix_power", arguments, module)
    _, dtype = batches.outline_of(kernel, operands).arrays[0]
    exponent = operator.index(n)
    if exponent == 0:
        a = panels.of_columns("matrix_power", "a", a, dtype)
        graph = Graph(module, kernel, a)
        return graph.array("", panels.identity(graph, a, len(a.chunks[1])), a.chunks, dtype)
    if exponent < 0:
        a = elimination.inverse(module, kernel, a, on_failure, panels.working_dtype(a))
    elif dtype == np.float16:
        # It is rounded once.
        a = a.astype(np.float32)
    power = a
    for bit in f"{abs(exponent):b}"[1:]:
        power = products.matmul(module, power, power)
        if bit == "1":
            power = products.matmul(module, power, a)
    return power if power.dtype == dtype else power.astype(dtype)


def cond(module: Any, x: Any, p: Any = None, on_failure: str = "raise") -> Lazy:
    """As `scirs2.linalg.cond`: but for the 2-norm, by the norm of the inverse."""
    x = arrays.lazy("cond", "x", x, module)
    arguments = {"x": x, "p": p, "on_failure": on_failure}
    if not panels.is_large(x) or p in (None, 2, -2, "nuc"):
        return matrices.compute("cond", arguments, module)
    kernel, operands = batches.bind("cond", arguments, module)
    _, dtype = batches.outline_of(kernel, operands).arrays[0]
    x = x.astype(np.result_type(x.dtype, np.float64))
    inverse = elimination.inverse(module, kernel, x, "nan", x.dtype)
    number = norms.matrix_norm(module, x, ord=p) * norms.matrix_norm(module, inverse, ord=p)
    # A singular matrix has NaN for its inverse, and so has one with an infinity or with NaN itself.
    is_known = ~np.isnan(norms.vector_norm(module, x, ord=np.inf))
    return module.where(np.isnan(number) & is_known, np.inf, number).astype(dtype)
