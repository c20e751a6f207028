"""Tensors of any library without a copy, and fast, accurate linear algebra on them.

====================  =====================================================
``from_dlpack``       any library's tensor as a NumPy array
``to_dlpack``         a NumPy array for any library
``norm``              vector and matrix norms (also ``scirs2.linalg.norm``)
``linalg``            linear algebra
``einsum``            sums of products over named axes
``matmul``            products, also ``matvec``, ``vecmat``, ``vecdot``, ``tensordot``;
                      ``matrix_transpose``
``num_threads``       a context that sets the number of threads
``show_config``       versions, LAPACK, instruction sets, threads
====================  =====================================================
"""

from . import _openblas, _requirements

# Before OpenBLAS, so that what is for ours does not hold for NumPy's.
_requirements.check()

with _openblas.loaded_without_threads():
    from ._scirs2 import (
        DLPackExporter,
        GPUTensorError,
        LinAlgError,
        einsum,
        from_dlpack,
        get_num_threads,
        matmul,
        matrix_transpose,
        matvec,
        norm,
        num_threads,
        set_num_threads,
        tensordot,
        to_dlpack,
        vecdot,
        vecmat,
    )

from . import _hints, _threadpoolctl, linalg
from ._show_config import show_config
from ._version import __version__

_hints.tell()
_threadpoolctl.tell()

__all__ = [
    "DLPackExporter",
    "GPUTensorError",
    "LinAlgError",
    "__version__",
    "einsum",
    "from_dlpack",
    "get_num_threads",
    "linalg",
    "matmul",
    "matrix_transpose",
    "matvec",
    "norm",
    "num_threads",
    "set_num_threads",
    "show_config",
    "tensordot",
    "to_dlpack",
    "vecdot",
    "vecmat",
]
