"""Tensors of any library, linear algebra that is right and fast, no copies.

====================  =====================================================
``from_dlpack``       any library's tensor as a NumPy array
``to_dlpack``         a NumPy array for any library
``norm``              vector and matrix norms (also ``scirs2.linalg.norm``)
``linalg``            linear algebra
``num_threads``       a context that sets the number of threads
``show_config``       versions, LAPACK, instruction sets, threads
====================  =====================================================
"""

from . import _openblas

with _openblas.loaded_without_threads():
    from ._scirs2 import (
        DLPackExporter,
        GPUTensorError,
        __version__,
        from_dlpack,
        get_num_threads,
        norm,
        num_threads,
        set_num_threads,
        to_dlpack,
    )

from . import linalg
from ._show_config import show_config

__all__ = [
    "DLPackExporter",
    "GPUTensorError",
    "__version__",
    "from_dlpack",
    "get_num_threads",
    "linalg",
    "norm",
    "num_threads",
    "set_num_threads",
    "show_config",
    "to_dlpack",
]
