"""Linear algebra for tensors of any library."""

from ._scirs2 import (
    LinAlgError,
    cholesky,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    lstsq,
    matrix_rank,
    norm,
    pinv,
    qr,
    svd,
    svdvals,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "lstsq",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "svd",
    "svdvals",
]
