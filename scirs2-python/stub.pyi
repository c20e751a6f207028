# The part of `scirs2/_scirs2.pyi` that is written by hand: generate.py puts it before the rest.

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

from ._linalg_error import LinAlgError as LinAlgError
from ._results import QRResult, SVDResult

__version__: str

class GPUTensorError(NotImplementedError, BufferError): ...

# The overloads of a function come in one order: NumPy's arrays of a dtype that the
# result keeps, or whose real part it has; what is computed in float64; a tensor of
# any other library, which is what goes out; and whatever else NumPy makes an array
# of. Two different libraries in one call are an error. Any stands for an array or,
# where no axis is left, NumPy's scalar.

class _SupportsDLPack(Protocol):
    # Bare, because JAX's own stubs tell of no keyword.
    def __dlpack__(self) -> Any: ...

_Scalar = TypeVar("_Scalar", bound=np.generic)
_Kept = TypeVar("_Kept", bound=np.inexact[Any])
_Real = TypeVar("_Real", bound=np.floating[Any])
_Complex = TypeVar("_Complex", bound=np.complexfloating[Any, Any])
_Tensor = TypeVar("_Tensor", bound=_SupportsDLPack)
_Function = TypeVar("_Function", bound=Callable[..., Any])

_Reals: TypeAlias = float | Sequence[_Reals]
_ToFloat64: TypeAlias = NDArray[np.integer[Any] | np.bool] | _Reals
_Float64: TypeAlias = NDArray[np.float64]
_Floating: TypeAlias = NDArray[np.floating[Any]]
# Numbers and lists go along with the tensors of any library; NumPy's arrays do not.
_Plain: TypeAlias = complex | np.number[Any] | np.bool | Sequence[Any]
_Host: TypeAlias = NDArray[Any] | _Plain

_MatrixOrder: TypeAlias = float | Literal["fro", "f", "nuc"] | None
_OnFailure: TypeAlias = Literal["raise", "nan"]
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

# Threads, and what show_config tells.

def _config() -> dict[str, Any]: ...

# For tests: which kernels and instructions the whole process uses.
def _force_route(route: str | None = None, level: str | None = None) -> None: ...
def _plan(
    problem: str, dtype: str, rows: int, columns: int, *, rhs: int = 1, count: int = 1
) -> list[str]: ...
def _solve(
    a: Any, b: Any, assume_a: str | None, lower: bool, transposed: bool
) -> tuple[Any, Any]: ...
def _inv(a: Any, assume_a: str | None, lower: bool) -> tuple[Any, Any]: ...
def _qr(a: Any, mode: str, pivoting: bool, conjugate: bool) -> Any: ...
def _eig(a: Any, b: Any, left: bool, right: bool, homogeneous: bool) -> Any: ...
def _eigh_subset(
    a: Any,
    b: Any,
    type: int,
    lower: bool,
    vectors: bool,
    by_index: tuple[int, int] | None,
    by_value: tuple[float, float] | None,
) -> Any: ...

# For jax.ffi: the capsules of the handlers by their names, and the layout of XLA's structs.
def _xla_handlers() -> dict[str, Any]: ...
def _xla_layouts() -> list[tuple[str, int, list[tuple[str, int]]]]: ...
def _close_pool() -> None: ...
def _before_fork() -> None: ...
def _after_fork() -> None: ...
def _steer_num_threads(n: int, /) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(n: int, /) -> None: ...

@final
class num_threads:
    def __new__(cls, n: int, /) -> Self: ...
    def __call__(self, function: _Function, /) -> _Function: ...
    def __enter__(self) -> None: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

# What the results are depends on an option, or an operand is a tuple or a list.

@overload
def lu(
    a: NDArray[_Real],
    permute_l: Literal[False] = False,
    *,
    p_indices: Literal[False] = False,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[_Real], NDArray[_Real], NDArray[_Real]]: ...
@overload
def lu(
    a: NDArray[_Kept],
    permute_l: Literal[True],
    *,
    p_indices: bool = False,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def lu(
    a: NDArray[Any],
    permute_l: Literal[False] = False,
    *,
    p_indices: bool = False,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
@overload
def lu(
    a: _Tensor,
    permute_l: Literal[False] = False,
    *,
    p_indices: bool = False,
    on_failure: _OnFailure = "raise",
) -> tuple[_Tensor, _Tensor, _Tensor]: ...
@overload
def lu(
    a: _Tensor,
    permute_l: Literal[True],
    *,
    p_indices: bool = False,
    on_failure: _OnFailure = "raise",
) -> tuple[_Tensor, _Tensor]: ...
@overload
def lu(
    a: ArrayLike,
    permute_l: Literal[False] = False,
    *,
    p_indices: bool = False,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
@overload
def lu(
    a: ArrayLike,
    permute_l: Literal[True],
    *,
    p_indices: bool = False,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[Any], NDArray[Any]]: ...
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
    *,
    on_failure: _OnFailure = "raise",
) -> SVDResult[NDArray[_Real], NDArray[_Real]]: ...
@overload
def svd(
    a: NDArray[_Complex],
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> SVDResult[NDArray[_Complex], _Floating]: ...
@overload
def svd(
    a: _ToFloat64,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> SVDResult[_Float64, _Float64]: ...
@overload
def svd(
    a: _Tensor,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> SVDResult[_Tensor, _Tensor]: ...
@overload
def svd(
    a: ArrayLike,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> SVDResult[NDArray[Any], NDArray[Any]]: ...
@overload
def svd(
    a: NDArray[Any],
    full_matrices: bool = True,
    *,
    compute_uv: Literal[False],
    hermitian: bool = False,
    on_failure: _OnFailure = "raise",
) -> _Floating: ...
@overload
def svd(
    a: _Tensor,
    full_matrices: bool = True,
    *,
    compute_uv: Literal[False],
    hermitian: bool = False,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def svd(
    a: ArrayLike,
    full_matrices: bool = True,
    *,
    compute_uv: Literal[False],
    hermitian: bool = False,
    on_failure: _OnFailure = "raise",
) -> _Floating: ...
@overload
def cho_solve(
    c_and_lower: tuple[NDArray[_Kept], bool], b: NDArray[_Kept], *, on_failure: _OnFailure = "raise"
) -> NDArray[_Kept]: ...
@overload
def cho_solve(
    c_and_lower: tuple[_Host, bool], b: _Host, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def cho_solve(
    c_and_lower: tuple[_Tensor, bool], b: _Tensor | _Plain, *, on_failure: _OnFailure = "raise"
) -> _Tensor: ...
@overload
def cho_solve(
    c_and_lower: tuple[_Plain, bool], b: _Tensor, *, on_failure: _OnFailure = "raise"
) -> _Tensor: ...
@overload
def lu_solve(
    lu_and_piv: tuple[NDArray[_Kept], NDArray[np.integer[Any]]],
    b: NDArray[_Kept],
    trans: _Transposed = 0,
    *,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]: ...
@overload
def lu_solve(
    lu_and_piv: tuple[_Host, _Host],
    b: _Host,
    trans: _Transposed = 0,
    *,
    on_failure: _OnFailure = "raise",
) -> NDArray[Any]: ...
@overload
def lu_solve(
    lu_and_piv: tuple[_Tensor, _Tensor | _Plain],
    b: _Tensor | _Plain,
    trans: _Transposed = 0,
    *,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
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
def matrix_power(
    a: NDArray[_Kept], n: SupportsIndex, *, on_failure: _OnFailure = "raise"
) -> NDArray[_Kept]: ...
@overload
def matrix_power(
    a: NDArray[Any], n: SupportsIndex, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def matrix_power(a: _Tensor, n: SupportsIndex, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def matrix_power(
    a: ArrayLike, n: SupportsIndex, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def multi_dot(arrays: Iterable[_Host], *, out: NDArray[Any] | None = None) -> Any: ...
@overload
def multi_dot(arrays: Iterable[_Tensor], *, out: _Tensor | None = None) -> _Tensor: ...

# The form of a real matrix is real or complex; `sort` adds a result.

_Select: TypeAlias = Literal["lhp", "rhp", "iuc", "ouc"] | Callable[..., Any]

@overload
def schur(
    a: NDArray[_Kept],
    output: Literal["real", "r"] = "real",
    *,
    sort: None = None,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def schur(
    a: _ToFloat64,
    output: Literal["real", "r"] = "real",
    *,
    sort: None = None,
    on_failure: _OnFailure = "raise",
) -> tuple[_Float64, _Float64]: ...
@overload
def schur(
    a: _Tensor,
    output: Literal["real", "r"] = "real",
    *,
    sort: None = None,
    on_failure: _OnFailure = "raise",
) -> tuple[_Tensor, _Tensor]: ...
@overload
def schur(
    a: ArrayLike,
    output: Literal["real", "r"] = "real",
    *,
    sort: None = None,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def schur(
    a: _Tensor,
    output: Literal["real", "complex", "r", "c"],
    *,
    sort: None = None,
    on_failure: _OnFailure = "raise",
) -> tuple[_Tensor, _Tensor]: ...
@overload
def schur(
    a: ArrayLike,
    output: Literal["real", "complex", "r", "c"],
    *,
    sort: None = None,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def schur(
    a: _Tensor,
    output: Literal["real", "complex", "r", "c"] = "real",
    *,
    sort: _Select,
    on_failure: _OnFailure = "raise",
) -> tuple[_Tensor, _Tensor, _Tensor]: ...
@overload
def schur(
    a: ArrayLike,
    output: Literal["real", "complex", "r", "c"] = "real",
    *,
    sort: _Select,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[Any], NDArray[Any], Any]: ...
@overload
def hessenberg(
    a: NDArray[_Kept], calc_q: Literal[False] = False, *, on_failure: _OnFailure = "raise"
) -> NDArray[_Kept]: ...
@overload
def hessenberg(
    a: _ToFloat64, calc_q: Literal[False] = False, *, on_failure: _OnFailure = "raise"
) -> _Float64: ...
@overload
def hessenberg(
    a: _Tensor, calc_q: Literal[False] = False, *, on_failure: _OnFailure = "raise"
) -> _Tensor: ...
@overload
def hessenberg(
    a: ArrayLike, calc_q: Literal[False] = False, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def hessenberg(
    a: NDArray[_Kept], calc_q: Literal[True], *, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def hessenberg(
    a: _ToFloat64, calc_q: Literal[True], *, on_failure: _OnFailure = "raise"
) -> tuple[_Float64, _Float64]: ...
@overload
def hessenberg(
    a: _Tensor, calc_q: Literal[True], *, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, _Tensor]: ...
@overload
def hessenberg(
    a: ArrayLike, calc_q: Literal[True], *, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def expm_frechet(
    a: NDArray[_Kept],
    e: NDArray[_Kept],
    *,
    compute_expm: Literal[True] = True,
    on_failure: _OnFailure = "raise",
) -> tuple[NDArray[_Kept], NDArray[_Kept]]: ...
@overload
def expm_frechet(
    a: _Host, e: _Host, *, compute_expm: Literal[True] = True, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def expm_frechet(
    a: _Tensor,
    e: _Tensor | _Plain,
    *,
    compute_expm: Literal[True] = True,
    on_failure: _OnFailure = "raise",
) -> tuple[_Tensor, _Tensor]: ...
@overload
def expm_frechet(
    a: _Plain, e: _Tensor, *, compute_expm: Literal[True] = True, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, _Tensor]: ...
@overload
def expm_frechet(
    a: NDArray[_Kept],
    e: NDArray[_Kept],
    *,
    compute_expm: Literal[False],
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]: ...
@overload
def expm_frechet(
    a: _Host, e: _Host, *, compute_expm: Literal[False], on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def expm_frechet(
    a: _Tensor,
    e: _Tensor | _Plain,
    *,
    compute_expm: Literal[False],
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def expm_frechet(
    a: _Plain, e: _Tensor, *, compute_expm: Literal[False], on_failure: _OnFailure = "raise"
) -> _Tensor: ...
