"""Linear algebra for tensors of any library."""

from ._scirs2 import LinAlgError, cholesky, norm

__all__ = ["LinAlgError", "cholesky", "norm"]
