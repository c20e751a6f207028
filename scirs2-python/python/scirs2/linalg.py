"""Linear algebra for tensors of any library."""

from ._scirs2 import LinAlgError, norm

__all__ = ["LinAlgError", "norm"]
