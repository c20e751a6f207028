"""What functions return that have more than one result."""

from typing import Any, NamedTuple


class EigResult(NamedTuple):
    """Eigenvalues and right eigenvectors."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """Eigenvalues and eigenvectors of Hermitian matrices."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """Orthogonal and triangular factors."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """Singular vectors and values."""

    U: Any
    S: Any
    Vh: Any


class SlogdetResult(NamedTuple):
    """Sign and logarithm of determinants."""

    sign: Any
    logabsdet: Any
