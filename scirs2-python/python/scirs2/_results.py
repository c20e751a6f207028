"""What functions return that have more than one result."""

from typing import Generic, NamedTuple, TypeVar

_First_co = TypeVar("_First_co", covariant=True)
_Second_co = TypeVar("_Second_co", covariant=True)
_Third_co = TypeVar("_Third_co", covariant=True)


class EigResult(NamedTuple, Generic[_First_co, _Second_co]):
    """Eigenvalues and right eigenvectors."""

    eigenvalues: _First_co
    eigenvectors: _Second_co


class EighResult(NamedTuple, Generic[_First_co, _Second_co]):
    """Eigenvalues and eigenvectors of Hermitian matrices."""

    eigenvalues: _First_co
    eigenvectors: _Second_co


class LstsqResult(NamedTuple, Generic[_First_co, _Second_co, _Third_co]):
    """Least-squares solutions, and what is known of them."""

    solution: _First_co
    residuals: _Second_co
    rank: _Third_co
    singular_values: _Second_co


class LUFactorResult(NamedTuple, Generic[_First_co, _Second_co]):
    """Triangular factors in one matrix, and the exchanges of rows."""

    LU: _First_co
    pivots: _Second_co


class QRResult(NamedTuple, Generic[_First_co, _Second_co]):
    """Orthogonal and triangular factors."""

    Q: _First_co
    R: _Second_co


class SVDResult(NamedTuple, Generic[_First_co, _Second_co]):
    """Singular vectors and values."""

    U: _First_co
    S: _Second_co
    Vh: _First_co


class SlogdetResult(NamedTuple, Generic[_First_co, _Second_co]):
    """Sign and logarithm of determinants."""

    sign: _First_co
    logabsdet: _Second_co
