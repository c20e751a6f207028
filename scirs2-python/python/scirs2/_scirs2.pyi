from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import (
    Any,
    ClassVar,
    Literal,
    Protocol,
    Self,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    final,
    overload,
)

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._results import EighResult, EigResult, QRResult, SlogdetResult, SVDResult

__version__: str

class GPUTensorError(NotImplementedError, BufferError): ...

class LinAlgError(np.linalg.LinAlgError):
    index: tuple[int, ...] | None

# The overloads of a function come in one order: NumPy's arrays of a dtype that the
# result keeps, or whose real part it has; what is computed in float64; a tensor of
# any other library, which is what goes out; and whatever else NumPy makes an array
# of. Any stands for an array or, where no axis is left, NumPy's scalar.

class _SupportsDLPack(Protocol):
    # Bare, because JAX's own stubs tell of no keyword.
    def __dlpack__(self) -> Any: ...

_Scalar = TypeVar("_Scalar", bound=np.generic)
_Kept = TypeVar("_Kept", bound=np.inexact[Any])
_Real = TypeVar("_Real", bound=np.floating[Any])
_Complex = TypeVar("_Complex", bound=np.complexfloating[Any, Any])
_Tensor = TypeVar("_Tensor", bound=_SupportsDLPack)

_Reals: TypeAlias = float | Sequence[_Reals]
_ToFloat64: TypeAlias = NDArray[np.integer[Any] | np.bool] | _Reals
_Float64: TypeAlias = NDArray[np.float64]
_Floating: TypeAlias = NDArray[np.floating[Any]]
# Numbers and lists go along with the tensors of any library; NumPy's arrays do not.
_Plain: TypeAlias = complex | np.number[Any] | np.bool | Sequence[Any]
_Host: TypeAlias = NDArray[Any] | _Plain

_MatrixOrder: TypeAlias = float | Literal["fro", "f", "nuc"] | None
_Triangle: TypeAlias = Literal["L", "U", "l", "u"]
_Transposed: TypeAlias = Literal[0, 1, 2, "N", "T", "C"]
_Axes: TypeAlias = (
    SupportsIndex
    | tuple[SupportsIndex | Sequence[SupportsIndex], SupportsIndex | Sequence[SupportsIndex]]
)

# typing has no name for a capsule, so a raw one passes as Any.
@overload
def from_dlpack(
    x: NDArray[_Scalar],
    /,
    *,
    device: Literal["cpu"] | tuple[int, int] | None = None,
    copy: bool | None = None,
    writeable: bool | None = None,
) -> NDArray[_Scalar]: ...
@overload
def from_dlpack(
    x: _SupportsDLPack | Any,
    /,
    *,
    device: Literal["cpu"] | tuple[int, int] | None = None,
    copy: bool | None = None,
    writeable: bool | None = None,
) -> NDArray[Any]: ...
def to_dlpack(
    array: NDArray[Any],
    /,
    *,
    max_version: tuple[int, int] | None = None,
    copy: bool | None = None,
    dl_device: tuple[int, int] | None = None,
    stream: None = None,
) -> Any: ...

@final
class DLPackExporter:
    __dlpack_c_exchange_api__: ClassVar[Any]
    def __new__(cls, array: NDArray[Any], /) -> Self: ...
    @property
    def array(self) -> NDArray[Any]: ...
    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

# Decompositions.

@overload
def cho_factor(a: NDArray[_Kept], lower: bool = False) -> tuple[NDArray[_Kept], bool]: ...
@overload
def cho_factor(a: _ToFloat64, lower: bool = False) -> tuple[_Float64, bool]: ...
@overload
def cho_factor(a: _Tensor, lower: bool = False) -> tuple[_Tensor, bool]: ...
@overload
def cho_factor(a: ArrayLike, lower: bool = False) -> tuple[NDArray[Any], bool]: ...
@overload
def cholesky(
    a: NDArray[_Kept], /, *, upper: bool = False, out: NDArray[_Kept] | None = None
) -> NDArray[_Kept]: ...
@overload
def cholesky(a: _ToFloat64, /, *, upper: bool = False, out: _Float64 | None = None) -> _Float64: ...
@overload
def cholesky(a: _Tensor, /, *, upper: bool = False, out: _Tensor | None = None) -> _Tensor: ...
@overload
def cholesky(
    a: ArrayLike, /, *, upper: bool = False, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
@overload
def lu(
    a: NDArray[_Real], permute_l: Literal[False] = False, *, p_indices: Literal[False] = False
) -> tuple[NDArray[_Real], NDArray[_Real], NDArray[_Real]]: ...
@overload
def lu(
    a: NDArray[_Kept], permute_l: Literal[True], *, p_indices: bool = False
) -> tuple[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def lu(
    a: NDArray[Any], permute_l: Literal[False] = False, *, p_indices: bool = False
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
@overload
def lu(
    a: _Tensor, permute_l: Literal[False] = False, *, p_indices: bool = False
) -> tuple[_Tensor, _Tensor, _Tensor]: ...
@overload
def lu(
    a: _Tensor, permute_l: Literal[True], *, p_indices: bool = False
) -> tuple[_Tensor, _Tensor]: ...
@overload
def lu(
    a: ArrayLike, permute_l: Literal[False] = False, *, p_indices: bool = False
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
@overload
def lu(
    a: ArrayLike, permute_l: Literal[True], *, p_indices: bool = False
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def lu_factor(a: NDArray[_Kept]) -> tuple[NDArray[_Kept], NDArray[np.int32]]: ...
@overload
def lu_factor(a: _ToFloat64) -> tuple[_Float64, NDArray[np.int32]]: ...
@overload
def lu_factor(a: _Tensor) -> tuple[_Tensor, _Tensor]: ...
@overload
def lu_factor(a: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int32]]: ...
@overload
def qr(
    a: NDArray[_Kept], mode: Literal["reduced", "complete"] = "reduced"
) -> QRResult[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def qr(a: NDArray[_Kept], mode: Literal["r"]) -> NDArray[_Kept]: ...
@overload
def qr(a: NDArray[_Kept], mode: Literal["raw"]) -> tuple[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def qr(
    a: _ToFloat64, mode: Literal["reduced", "complete"] = "reduced"
) -> QRResult[_Float64, _Float64]: ...
@overload
def qr(
    a: _Tensor, mode: Literal["reduced", "complete"] = "reduced"
) -> QRResult[_Tensor, _Tensor]: ...
@overload
def qr(a: _Tensor, mode: Literal["r"]) -> _Tensor: ...
@overload
def qr(a: _Tensor, mode: Literal["raw"]) -> tuple[_Tensor, _Tensor]: ...
@overload
def qr(
    a: ArrayLike, mode: Literal["reduced", "complete"] = "reduced"
) -> QRResult[NDArray[Any], NDArray[Any]]: ...
@overload
def qr(a: ArrayLike, mode: Literal["r"]) -> NDArray[Any]: ...
@overload
def qr(a: ArrayLike, mode: Literal["raw"]) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def svd(
    a: NDArray[_Real],
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult[NDArray[_Real], NDArray[_Real]]: ...
@overload
def svd(
    a: NDArray[_Complex],
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult[NDArray[_Complex], _Floating]: ...
@overload
def svd(
    a: _ToFloat64,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult[_Float64, _Float64]: ...
@overload
def svd(
    a: _Tensor,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult[_Tensor, _Tensor]: ...
@overload
def svd(
    a: ArrayLike,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult[NDArray[Any], NDArray[Any]]: ...
@overload
def svd(
    a: NDArray[Any],
    full_matrices: bool = True,
    *,
    compute_uv: Literal[False],
    hermitian: bool = False,
) -> _Floating: ...
@overload
def svd(
    a: _Tensor, full_matrices: bool = True, *, compute_uv: Literal[False], hermitian: bool = False
) -> _Tensor: ...
@overload
def svd(
    a: ArrayLike, full_matrices: bool = True, *, compute_uv: Literal[False], hermitian: bool = False
) -> _Floating: ...
@overload
def svdvals(x: NDArray[_Real], /) -> NDArray[_Real]: ...
@overload
def svdvals(x: NDArray[np.complexfloating[Any, Any]], /) -> _Floating: ...
@overload
def svdvals(x: _ToFloat64, /) -> _Float64: ...
@overload
def svdvals(x: _Tensor, /) -> _Tensor: ...
@overload
def svdvals(x: ArrayLike, /) -> _Floating: ...

# Eigenvalues. Those of a real matrix may be complex.

@overload
def eig(a: NDArray[Any]) -> EigResult[NDArray[Any], NDArray[Any]]: ...
@overload
def eig(a: _Tensor) -> EigResult[_Tensor, _Tensor]: ...
@overload
def eig(a: ArrayLike) -> EigResult[NDArray[Any], NDArray[Any]]: ...
@overload
def eigvals(a: NDArray[Any]) -> NDArray[Any]: ...
@overload
def eigvals(a: _Tensor) -> _Tensor: ...
@overload
def eigvals(a: ArrayLike) -> NDArray[Any]: ...
@overload
def eigh(
    a: NDArray[_Real], UPLO: _Triangle = "L"
) -> EighResult[NDArray[_Real], NDArray[_Real]]: ...
@overload
def eigh(
    a: NDArray[_Complex], UPLO: _Triangle = "L"
) -> EighResult[_Floating, NDArray[_Complex]]: ...
@overload
def eigh(a: _ToFloat64, UPLO: _Triangle = "L") -> EighResult[_Float64, _Float64]: ...
@overload
def eigh(a: _Tensor, UPLO: _Triangle = "L") -> EighResult[_Tensor, _Tensor]: ...
@overload
def eigh(a: ArrayLike, UPLO: _Triangle = "L") -> EighResult[NDArray[Any], NDArray[Any]]: ...
@overload
def eigvalsh(a: NDArray[_Real], UPLO: _Triangle = "L") -> NDArray[_Real]: ...
@overload
def eigvalsh(a: NDArray[np.complexfloating[Any, Any]], UPLO: _Triangle = "L") -> _Floating: ...
@overload
def eigvalsh(a: _ToFloat64, UPLO: _Triangle = "L") -> _Float64: ...
@overload
def eigvalsh(a: _Tensor, UPLO: _Triangle = "L") -> _Tensor: ...
@overload
def eigvalsh(a: ArrayLike, UPLO: _Triangle = "L") -> _Floating: ...

# Equations. Two different libraries in one call are an error.

@overload
def cho_solve(c_and_lower: tuple[NDArray[_Kept], bool], b: NDArray[_Kept]) -> NDArray[_Kept]: ...
@overload
def cho_solve(c_and_lower: tuple[_Host, bool], b: _Host) -> NDArray[Any]: ...
@overload
def cho_solve(c_and_lower: tuple[_Tensor, bool], b: _Tensor | _Plain) -> _Tensor: ...
@overload
def cho_solve(c_and_lower: tuple[_Plain, bool], b: _Tensor) -> _Tensor: ...
@overload
def inv(a: NDArray[_Kept], *, out: NDArray[_Kept] | None = None) -> NDArray[_Kept]: ...
@overload
def inv(a: _ToFloat64, *, out: _Float64 | None = None) -> _Float64: ...
@overload
def inv(a: _Tensor, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def inv(a: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
@overload
def lstsq(
    a: NDArray[_Real], b: NDArray[_Real], rcond: float | None = None
) -> tuple[NDArray[_Real], NDArray[_Real], Any, NDArray[_Real]]: ...
@overload
def lstsq(
    a: _Host, b: _Host, rcond: float | None = None
) -> tuple[NDArray[Any], _Floating, Any, _Floating]: ...
@overload
def lstsq(
    a: _Tensor, b: _Tensor | _Plain, rcond: float | None = None
) -> tuple[_Tensor, _Tensor, _Tensor, _Tensor]: ...
@overload
def lstsq(
    a: _Plain, b: _Tensor, rcond: float | None = None
) -> tuple[_Tensor, _Tensor, _Tensor, _Tensor]: ...
@overload
def lu_solve(
    lu_and_piv: tuple[NDArray[_Kept], NDArray[np.integer[Any]]],
    b: NDArray[_Kept],
    trans: _Transposed = 0,
) -> NDArray[_Kept]: ...
@overload
def lu_solve(lu_and_piv: tuple[_Host, _Host], b: _Host, trans: _Transposed = 0) -> NDArray[Any]: ...
@overload
def lu_solve(
    lu_and_piv: tuple[_Tensor, _Tensor | _Plain], b: _Tensor | _Plain, trans: _Transposed = 0
) -> _Tensor: ...
@overload
def pinv(
    a: NDArray[_Kept],
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
) -> NDArray[_Kept]: ...
@overload
def pinv(
    a: _ToFloat64,
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
) -> _Float64: ...
@overload
def pinv(
    a: _Tensor,
    rcond: _Plain | _Tensor | None = None,
    hermitian: bool = False,
    *,
    rtol: _Plain | _Tensor | None = ...,
) -> _Tensor: ...
@overload
def pinv(
    a: ArrayLike,
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
) -> NDArray[Any]: ...
@overload
def solve(
    a: NDArray[_Kept], b: NDArray[_Kept], *, out: NDArray[_Kept] | None = None
) -> NDArray[_Kept]: ...
@overload
def solve(a: _Host, b: _Host, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
@overload
def solve(a: _Tensor, b: _Tensor | _Plain, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def solve(a: _Plain, b: _Tensor, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def solve_triangular(
    a: NDArray[_Kept],
    b: NDArray[_Kept],
    trans: _Transposed = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> NDArray[_Kept]: ...
@overload
def solve_triangular(
    a: _Host, b: _Host, trans: _Transposed = 0, lower: bool = False, unit_diagonal: bool = False
) -> NDArray[Any]: ...
@overload
def solve_triangular(
    a: _Tensor,
    b: _Tensor | _Plain,
    trans: _Transposed = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> _Tensor: ...
@overload
def solve_triangular(
    a: _Plain, b: _Tensor, trans: _Transposed = 0, lower: bool = False, unit_diagonal: bool = False
) -> _Tensor: ...
@overload
def tensorinv(a: NDArray[_Kept], ind: int = 2) -> NDArray[_Kept]: ...
@overload
def tensorinv(a: _ToFloat64, ind: int = 2) -> _Float64: ...
@overload
def tensorinv(a: _Tensor, ind: int = 2) -> _Tensor: ...
@overload
def tensorinv(a: ArrayLike, ind: int = 2) -> NDArray[Any]: ...
@overload
def tensorsolve(
    a: NDArray[_Kept], b: NDArray[_Kept], axes: Sequence[int] | None = None
) -> NDArray[_Kept]: ...
@overload
def tensorsolve(a: _Host, b: _Host, axes: Sequence[int] | None = None) -> NDArray[Any]: ...
@overload
def tensorsolve(a: _Tensor, b: _Tensor | _Plain, axes: Sequence[int] | None = None) -> _Tensor: ...
@overload
def tensorsolve(a: _Plain, b: _Tensor, axes: Sequence[int] | None = None) -> _Tensor: ...

# Numbers of a matrix.

@overload
def cond(x: NDArray[Any], p: _MatrixOrder = None) -> Any: ...
@overload
def cond(x: _Tensor, p: _MatrixOrder = None) -> _Tensor: ...
@overload
def cond(x: ArrayLike, p: _MatrixOrder = None) -> Any: ...
@overload
def det(a: NDArray[Any]) -> Any: ...
@overload
def det(a: _Tensor) -> _Tensor: ...
@overload
def det(a: ArrayLike) -> Any: ...
@overload
def matrix_norm(
    x: NDArray[Any], /, *, keepdims: bool = False, ord: _MatrixOrder = "fro"
) -> Any: ...
@overload
def matrix_norm(x: _Tensor, /, *, keepdims: bool = False, ord: _MatrixOrder = "fro") -> _Tensor: ...
@overload
def matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: _MatrixOrder = "fro") -> Any: ...
@overload
def matrix_rank(
    A: NDArray[Any],
    tol: ArrayLike | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | None = None,
) -> Any: ...
@overload
def matrix_rank(
    A: _Tensor,
    tol: _Plain | _Tensor | None = None,
    hermitian: bool = False,
    *,
    rtol: _Plain | _Tensor | None = None,
) -> _Tensor: ...
@overload
def matrix_rank(
    A: ArrayLike,
    tol: ArrayLike | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | None = None,
) -> Any: ...
@overload
def norm(
    x: NDArray[Any],
    ord: _MatrixOrder = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
) -> Any: ...
@overload
def norm(
    x: _Tensor,
    ord: _MatrixOrder = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
) -> _Tensor: ...
@overload
def norm(
    x: ArrayLike,
    ord: _MatrixOrder = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
) -> Any: ...
@overload
def slogdet(a: NDArray[Any]) -> SlogdetResult[Any, Any]: ...
@overload
def slogdet(a: _Tensor) -> SlogdetResult[_Tensor, _Tensor]: ...
@overload
def slogdet(a: ArrayLike) -> SlogdetResult[Any, Any]: ...
@overload
def trace(x: NDArray[Any], /, *, offset: int = 0, dtype: Any = None) -> Any: ...
@overload
def trace(x: _Tensor, /, *, offset: int = 0, dtype: Any = None) -> _Tensor: ...
@overload
def trace(x: ArrayLike, /, *, offset: int = 0, dtype: Any = None) -> Any: ...
@overload
def vector_norm(
    x: NDArray[Any],
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float | None = 2,
) -> Any: ...
@overload
def vector_norm(
    x: _Tensor,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float | None = 2,
) -> _Tensor: ...
@overload
def vector_norm(
    x: ArrayLike,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float | None = 2,
) -> Any: ...

# Products.

@overload
def cross(x1: _Host, x2: _Host, /, *, axis: int = -1) -> NDArray[Any]: ...
@overload
def cross(x1: _Tensor, x2: _Tensor | _Plain, /, *, axis: int = -1) -> _Tensor: ...
@overload
def cross(x1: _Plain, x2: _Tensor, /, *, axis: int = -1) -> _Tensor: ...
@overload
def einsum(
    subscripts: str,
    /,
    *operands: _Host,
    out: NDArray[Any] | None = None,
    optimize: bool | str | Sequence[Any] | Callable[..., Any] | None = True,
) -> Any: ...
@overload
def einsum(
    subscripts: str,
    /,
    *operands: _Tensor | _Plain,
    out: _Tensor | None = None,
    optimize: bool | str | Sequence[Any] | Callable[..., Any] | None = True,
) -> _Tensor: ...
@overload
def einsum(
    *operands: ArrayLike | _SupportsDLPack | Sequence[Any],
    out: Any = None,
    optimize: bool | str | Sequence[Any] | Callable[..., Any] | None = True,
) -> Any: ...
@overload
def matmul(x1: _Host, x2: _Host, /, *, out: NDArray[Any] | None = None) -> Any: ...
@overload
def matmul(x1: _Tensor, x2: _Tensor | _Plain, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def matmul(x1: _Plain, x2: _Tensor, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def matrix_power(a: NDArray[_Kept], n: SupportsIndex) -> NDArray[_Kept]: ...
@overload
def matrix_power(a: NDArray[Any], n: SupportsIndex) -> NDArray[Any]: ...
@overload
def matrix_power(a: _Tensor, n: SupportsIndex) -> _Tensor: ...
@overload
def matrix_power(a: ArrayLike, n: SupportsIndex) -> NDArray[Any]: ...
@overload
def multi_dot(arrays: Iterable[_Host], *, out: NDArray[Any] | None = None) -> Any: ...
@overload
def multi_dot(arrays: Iterable[_Tensor], *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def outer(x1: NDArray[_Kept], x2: NDArray[_Kept], /) -> NDArray[_Kept]: ...
@overload
def outer(x1: _Host, x2: _Host, /) -> NDArray[Any]: ...
@overload
def outer(x1: _Tensor, x2: _Tensor | _Plain, /) -> _Tensor: ...
@overload
def outer(x1: _Plain, x2: _Tensor, /) -> _Tensor: ...
@overload
def tensordot(a: _Host, b: _Host, /, axes: _Axes = 2) -> Any: ...
@overload
def tensordot(a: _Tensor, b: _Tensor | _Plain, /, axes: _Axes = 2) -> _Tensor: ...
@overload
def tensordot(a: _Plain, b: _Tensor, /, axes: _Axes = 2) -> _Tensor: ...
@overload
def vecdot(x1: _Host, x2: _Host, /, *, axis: int = -1) -> Any: ...
@overload
def vecdot(x1: _Tensor, x2: _Tensor | _Plain, /, *, axis: int = -1) -> _Tensor: ...
@overload
def vecdot(x1: _Plain, x2: _Tensor, /, *, axis: int = -1) -> _Tensor: ...

# Views.

@overload
def diagonal(x: NDArray[_Scalar], /, *, offset: int = 0) -> NDArray[_Scalar]: ...
@overload
def diagonal(x: _Tensor, /, *, offset: int = 0) -> _Tensor: ...
@overload
def diagonal(x: ArrayLike, /, *, offset: int = 0) -> NDArray[Any]: ...
@overload
def matrix_transpose(x: NDArray[_Scalar], /) -> NDArray[_Scalar]: ...
@overload
def matrix_transpose(x: _Tensor, /) -> _Tensor: ...
@overload
def matrix_transpose(x: ArrayLike, /) -> NDArray[Any]: ...

# Threads, and what show_config tells.

def _config() -> dict[str, Any]: ...

# For tests: which kernels and instructions the whole process uses.
def _force_route(route: str | None = None, level: str | None = None) -> None: ...
def _plan(
    problem: str, dtype: str, rows: int, columns: int, *, rhs: int = 1, count: int = 1
) -> list[str]: ...
def _close_pool() -> None: ...
def _before_fork() -> None: ...
def _after_fork() -> None: ...
def _steer_num_threads(n: int, /) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(n: int, /) -> None: ...

@final
class num_threads:
    def __new__(cls, n: int, /) -> Self: ...
    def __enter__(self) -> None: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
