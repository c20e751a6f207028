"""What functions return that have more than one result."""

from typing import Generic, NamedTuple, TypeVar

_First = TypeVar("_First")
_Second = TypeVar("_Second")


class EigResult(NamedTuple, Generic[_First, _Second]):
    """Eigenvalues and right eigenvectors."""

    eigenvalues: _First
    eigenvectors: _Second


class EighResult(NamedTuple, Generic[_First, _Second]):
    """Eigenvalues and eigenvectors of Hermitian matrices."""

    eigenvalues: _First
    eigenvectors: _Second


class QRResult(NamedTuple, Generic[_First, _Second]):
    """Orthogonal and triangular factors."""

    Q: _First
    R: _Second


class SVDResult(NamedTuple, Generic[_First, _Second]):
    """Singular vectors and values."""

    U: _First
    S: _Second
    Vh: _First


class SlogdetResult(NamedTuple, Generic[_First, _Second]):
    """Sign and logarithm of determinants."""

    sign: _First
    logabsdet: _Second
