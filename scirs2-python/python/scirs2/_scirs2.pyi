from types import TracebackType
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

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

def cholesky(a: ArrayLike | _SupportsDLPack, /, *, upper: bool = False, out: Any = None) -> Any: ...
def norm(
    x: ArrayLike | _SupportsDLPack,
    ord: float | Literal["fro", "f", "nuc"] | None = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
) -> Any: ...
def _config() -> dict[str, Any]: ...
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
