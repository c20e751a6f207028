from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, ClassVar, Literal, Protocol, Self, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._results import EighResult, EigResult, QRResult, SlogdetResult, SVDResult

__version__: str

class GPUTensorError(NotImplementedError, BufferError): ...

class LinAlgError(np.linalg.LinAlgError):
    index: tuple[int, ...] | None

class _SupportsDLPack(Protocol):
    def __dlpack__(self, *, max_version: tuple[int, int] | None = None) -> Any: ...

# typing has no name for a capsule, so a raw one passes as Any.
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

def cho_factor(a: ArrayLike | _SupportsDLPack, lower: bool = False) -> tuple[Any, bool]: ...
def cho_solve(
    c_and_lower: tuple[ArrayLike | _SupportsDLPack, bool], b: ArrayLike | _SupportsDLPack
) -> Any: ...
def cholesky(a: ArrayLike | _SupportsDLPack, /, *, upper: bool = False, out: Any = None) -> Any: ...
def cond(
    x: ArrayLike | _SupportsDLPack, p: float | Literal["fro", "f", "nuc"] | None = None
) -> Any: ...
def eig(a: ArrayLike | _SupportsDLPack) -> EigResult: ...
def eigh(a: ArrayLike | _SupportsDLPack, UPLO: Literal["L", "U", "l", "u"] = "L") -> EighResult: ...
def eigvals(a: ArrayLike | _SupportsDLPack) -> Any: ...
def eigvalsh(a: ArrayLike | _SupportsDLPack, UPLO: Literal["L", "U", "l", "u"] = "L") -> Any: ...
def lstsq(
    a: ArrayLike | _SupportsDLPack,
    b: ArrayLike | _SupportsDLPack,
    rcond: float | None = None,
) -> tuple[Any, Any, Any, Any]: ...
def matrix_rank(
    A: ArrayLike | _SupportsDLPack,
    tol: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = None,
) -> Any: ...
def pinv(
    a: ArrayLike | _SupportsDLPack,
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
) -> Any: ...
@overload
def qr(
    a: ArrayLike | _SupportsDLPack, mode: Literal["reduced", "complete"] = "reduced"
) -> QRResult: ...
@overload
def qr(a: ArrayLike | _SupportsDLPack, mode: Literal["r"]) -> Any: ...
@overload
def qr(a: ArrayLike | _SupportsDLPack, mode: Literal["raw"]) -> tuple[Any, Any]: ...
@overload
def svd(
    a: ArrayLike | _SupportsDLPack,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult: ...
@overload
def svd(
    a: ArrayLike | _SupportsDLPack,
    full_matrices: bool = True,
    *,
    compute_uv: Literal[False],
    hermitian: bool = False,
) -> Any: ...
@overload
def svd(
    a: ArrayLike | _SupportsDLPack,
    full_matrices: bool,
    compute_uv: Literal[False],
    hermitian: bool = False,
) -> Any: ...
def svdvals(x: ArrayLike | _SupportsDLPack, /) -> Any: ...
def det(a: ArrayLike | _SupportsDLPack) -> Any: ...
def inv(a: ArrayLike | _SupportsDLPack, *, out: Any = None) -> Any: ...
@overload
def lu(
    a: ArrayLike | _SupportsDLPack, permute_l: Literal[False] = False, *, p_indices: bool = False
) -> tuple[Any, Any, Any]: ...
@overload
def lu(
    a: ArrayLike | _SupportsDLPack, permute_l: Literal[True], *, p_indices: bool = False
) -> tuple[Any, Any]: ...
def lu_factor(a: ArrayLike | _SupportsDLPack) -> tuple[Any, Any]: ...
def lu_solve(
    lu_and_piv: Sequence[ArrayLike | _SupportsDLPack],
    b: ArrayLike | _SupportsDLPack,
    trans: Literal[0, 1, 2, "N", "T", "C"] = 0,
) -> Any: ...
def cross(
    x1: ArrayLike | _SupportsDLPack, x2: ArrayLike | _SupportsDLPack, /, *, axis: int = -1
) -> Any: ...
def diagonal(x: ArrayLike | _SupportsDLPack, /, *, offset: int = 0) -> Any: ...
@overload
def einsum(
    subscripts: str,
    /,
    *operands: ArrayLike | _SupportsDLPack,
    out: Any = None,
    optimize: bool | str | Sequence[Any] | Callable[..., Any] | None = True,
) -> Any: ...
@overload
def einsum(
    *operands: ArrayLike | _SupportsDLPack | Sequence[Any],
    out: Any = None,
    optimize: bool | str | Sequence[Any] | Callable[..., Any] | None = True,
) -> Any: ...
def matmul(
    x1: ArrayLike | _SupportsDLPack, x2: ArrayLike | _SupportsDLPack, /, *, out: Any = None
) -> Any: ...
def matrix_norm(
    x: ArrayLike | _SupportsDLPack,
    /,
    *,
    keepdims: bool = False,
    ord: float | Literal["fro", "f", "nuc"] | None = "fro",
) -> Any: ...
def matrix_power(a: ArrayLike | _SupportsDLPack, n: SupportsIndex) -> Any: ...
def matrix_transpose(x: ArrayLike | _SupportsDLPack, /) -> Any: ...
def multi_dot(arrays: Iterable[ArrayLike | _SupportsDLPack], *, out: Any = None) -> Any: ...
def norm(
    x: ArrayLike | _SupportsDLPack,
    ord: float | Literal["fro", "f", "nuc"] | None = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
) -> Any: ...
def _config() -> dict[str, Any]: ...
def slogdet(a: ArrayLike | _SupportsDLPack) -> SlogdetResult: ...
def solve(
    a: ArrayLike | _SupportsDLPack, b: ArrayLike | _SupportsDLPack, *, out: Any = None
) -> Any: ...
def solve_triangular(
    a: ArrayLike | _SupportsDLPack,
    b: ArrayLike | _SupportsDLPack,
    trans: Literal[0, 1, 2, "N", "T", "C"] = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Any: ...
def tensorinv(a: ArrayLike | _SupportsDLPack, ind: int = 2) -> Any: ...
def tensorsolve(
    a: ArrayLike | _SupportsDLPack,
    b: ArrayLike | _SupportsDLPack,
    axes: Sequence[int] | None = None,
) -> Any: ...
def outer(x1: ArrayLike | _SupportsDLPack, x2: ArrayLike | _SupportsDLPack, /) -> Any: ...
def tensordot(
    a: ArrayLike | _SupportsDLPack,
    b: ArrayLike | _SupportsDLPack,
    /,
    axes: SupportsIndex
    | tuple[SupportsIndex | Sequence[SupportsIndex], SupportsIndex | Sequence[SupportsIndex]] = 2,
) -> Any: ...
def trace(x: ArrayLike | _SupportsDLPack, /, *, offset: int = 0, dtype: Any = None) -> Any: ...
def vecdot(
    x1: ArrayLike | _SupportsDLPack, x2: ArrayLike | _SupportsDLPack, /, *, axis: int = -1
) -> Any: ...
def vector_norm(
    x: ArrayLike | _SupportsDLPack,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float | None = 2,
) -> Any: ...
def get_num_threads() -> int: ...
def set_num_threads(n: int, /) -> None: ...

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
