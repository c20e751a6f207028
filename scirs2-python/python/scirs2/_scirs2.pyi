# Written by scirs2-python/generate.py (`make generated`): edit what it reads.

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
from ._results import (
    EighResult,
    EigResult,
    LstsqResult,
    LUFactorResult,
    QRResult,
    SlogdetResult,
    SVDResult,
)

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
) -> NDArray[_Scalar]:
    """Take a tensor of any library as a NumPy array, without a copy.

    Parameters
    ----------
    x : object or capsule
        A tensor with ``__dlpack__`` (PyTorch, JAX, TensorFlow, CuPy, NumPy, ...),
        or a raw capsule ``"dltensor"`` or ``"dltensor_versioned"``, which is
        consumed: it is renamed ``"used_..."``.
    device : "cpu" or (1, 0), optional
        Ask the producer of a device tensor to copy it to the host.
    copy : bool, optional
        True: always copy. False: never; an error if the producer must. None: a view,
        unless the producer must copy.
    writeable : bool, optional
        None follows the producer: what it marks read-only is read-only, and so is a
        legacy capsule, which cannot say, unless ``to_dlpack`` made it. True makes an
        array from a legacy capsule writeable: you must make sure that writing is safe.
        False always gives a read-only array.

    Returns
    -------
    numpy.ndarray
        Same shape, strides and dtype. It keeps the producer's memory alive.

    Raises
    ------
    GPUTensorError
        The tensor lives in device memory and ``device`` was not given.
    BufferError
        The tensor cannot be imported: the message names the field, its value and the
        cure. The capsule is then not consumed.
    AttributeError
        ``x`` has no ``__dlpack__``.
    TypeError
        ``x`` is a capsule of another kind.

    See Also
    --------
    to_dlpack

    Notes
    -----
    Dtypes: bool, int8 to int64, uint8 to uint64, float16 to float64, complex64 and
    complex128; with the package ``ml_dtypes`` also bfloat16, float8, float6, float4,
    int4, int2, int1 and similar types. Elements narrower than a byte that the producer
    packed are unpacked into a copy.

    Protocol: DLPack 1.3. It reads every 1.x, the legacy form, and the C exchange API.

    Examples
    --------
    >>> import numpy as np, torch, scirs2
    >>> t = torch.arange(6.0).reshape(2, 3)
    >>> a = scirs2.from_dlpack(t)
    >>> a[0, 0] = 7.0
    >>> t[0, 0].item()
    7.0
    """

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
) -> Any:
    """Give a NumPy array to any library, without a copy.

    Parameters
    ----------
    array : numpy.ndarray
        Any shape and non-negative strides; any dtype listed below.
    max_version : (int, int), optional
        The newest protocol that the consumer reads. From (1, 0) on the capsule
        is a ``"dltensor_versioned"``; without it a ``"dltensor"``.
    copy : bool, optional
        True: the capsule carries a copy, which the consumer owns alone.
        None and False: the array's own memory.
    dl_device : (int, int), optional
        Only the host, (1, 0).
    stream : None
        The host has no streams.

    Returns
    -------
    capsule
        It keeps the array alive until the consumer is done. Each capsule can be
        consumed once.

    Raises
    ------
    BufferError
        The capsule cannot express the array, and the message names the cure: a
        read-only array in a ``"dltensor"``, negative strides, a dtype without a
        DLPack name.
    TypeError
        ``array`` is not a NumPy array.

    See Also
    --------
    from_dlpack

    Notes
    -----
    Dtypes: as for ``from_dlpack``, in native byte order.

    Examples
    --------
    >>> import numpy as np, torch, scirs2
    >>> a = np.ones(3)
    >>> t = torch.from_dlpack(scirs2.to_dlpack(a))
    >>> t[0] = 5
    >>> a
    array([5., 1., 1.])
    """

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
def get_num_threads() -> int:
    """The number of threads that a call from this Python thread may use.

    It comes from the innermost ``with scirs2.num_threads(n)`` of this thread,
    else from :func:`set_num_threads`, else from the environment
    (``SCIRS2_NUM_THREADS``, ``RAYON_NUM_THREADS``, ``OMP_NUM_THREADS``), else it
    is the number of cores this process may use (affinity, cgroup).

    Returns
    -------
    int

    Examples
    --------
    >>> import scirs2
    >>> scirs2.get_num_threads() >= 1
    True
    """

def set_num_threads(n: int, /) -> None:
    """Set the number of threads for the whole process.

    No thread starts before the first call that has work for two. Norms, and
    batches of at least as many matrices as threads, give the same bits for any
    number; one large matrix is LAPACK's, whose sums depend on its threads.
    The limits of ``threadpoolctl`` set this number too.

    Parameters
    ----------
    n : int
        From 1 to 1024.

    Raises
    ------
    ValueError
        The number is out of this range.

    Examples
    --------
    >>> import scirs2
    >>> scirs2.set_num_threads(scirs2.get_num_threads())
    """

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
) -> tuple[NDArray[_Real], NDArray[_Real], NDArray[_Real]]:
    """LU factors with partial pivoting, ``a = P @ L @ U``.

    ``P`` is a permutation, ``L`` lower trapezoidal with ones on its diagonal, ``U``
    upper trapezoidal. Singular matrices have factors, too.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    permute_l : bool, optional
        Return ``P @ L`` and ``U``.
    p_indices : bool, optional
        Return, instead of ``P``, the indices ``p`` for which ``a = L[p] @ U``.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
        results with NaN and compute the others; row indices are -1.

    Returns
    -------
    p : array, shape (..., m, m) or (..., m)
        The permutation, as a real matrix or as int32 indices; not with ``permute_l``.
    l : array, shape (..., m, min(m, n))
        ``L``, or with ``permute_l`` ``P @ L``.
    u : array, shape (..., min(m, n), n)
        ``U``. Integers give float64; float16 and bfloat16 are computed in float32 and
        returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity; ``index`` is its place in the batch.

    Notes
    -----
    LAPACK ``getrf`` on a copy of each matrix.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> p, l, u = scirs2.linalg.lu(np.array([[1.0, 2.0], [2.0, 8.0]]), p_indices=True)
    >>> l[p] @ u
    array([[1., 2.],
           [2., 8.]])
    """

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
) -> QRResult[NDArray[_Kept], NDArray[_Kept]]:
    """Orthogonal and triangular factors.

    ``a = Q @ R`` with the columns of ``Q`` orthonormal and ``R`` upper triangular,
    with ``k = min(m, n)``.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    mode : {"reduced", "complete", "r", "raw"}, optional
        "reduced": ``Q`` of shape ``(..., m, k)`` and ``R`` of ``(..., k, n)``.
        "complete": ``(..., m, m)`` and ``(..., m, n)``. "r": ``R`` alone, of ``(...,
        k, n)``. "raw": what LAPACK leaves, ``h`` of ``(..., n, m)`` and ``tau`` of
        ``(..., k)``.

    Returns
    -------
    Q : array
    R : array
        Both come as a named tuple, in the library of ``a``. Integers give float64;
        float16 and bfloat16 are computed in float32 and returned in their own dtype.
    (h, tau) : tuple of arrays
        With "raw": ``h.mT`` has ``R`` on and above the diagonal and the reflectors
        below it; ``tau`` holds their factors.

    Raises
    ------
    ValueError
        ``mode`` is none of these.
    MemoryError
        "complete" asks for more memory than there is.

    Notes
    -----
    LAPACK ``gelqf`` and ``orglq`` on the transpose, in the memory of the results, so
    that nothing is transposed; a large matrix in blocks of 32 to 128 columns
    (``geqrt3``, ``larfb``), of which one is copied at a time; ``geqrf`` for "raw".
    Backward stable: ``norm(a - Q @ R) <= c * m * eps * norm(a)``, and ``Q`` is
    orthonormal to ``c * m * eps``. A NaN or an infinity spreads over the factors.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> Q, R = scirs2.linalg.qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    >>> R.round(12)
    array([[-5. , -2.2],
           [ 0. ,  0.4]])
    >>> (Q @ R).round(12)
    array([[3., 1.],
           [4., 2.]])
    """

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
) -> SVDResult[NDArray[_Real], NDArray[_Real]]:
    """Singular values and vectors.

    ``a = U * S @ Vh`` with ``U`` and ``Vh`` unitary and ``S`` in descending order,
    with ``k = min(m, n)`` singular values.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    full_matrices : bool, optional
        Return bases of the whole spaces, ``U`` of shape ``(..., m, m)`` and ``Vh`` of
        ``(..., n, n)``; if not, of ``(..., m, k)`` and ``(..., k, n)``.
    compute_uv : bool, optional
        Return the vectors, too; if not, only ``S``.
    hermitian : bool, optional
        Assume that the matrices are Hermitian, read only their lower triangle, and
        find the values by :func:`eigh`, which is faster.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        fill its results with NaN and compute the others.

    Returns
    -------
    U : array, shape (..., m, m) or (..., m, k)
    S : array, shape (..., k)
        Real.
    Vh : array, shape (..., n, n) or (..., k, n)
        The three come as a named tuple, in the library of ``a``. Integers give
        float64; float16 and bfloat16 are computed in float32 and returned in their
        own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the
        batch. One that holds an infinity gives NaN, as with ``hermitian`` one that
        holds a NaN where it is read.
    MemoryError
        ``full_matrices`` asks for more memory than there is.

    Notes
    -----
    LAPACK ``gesdd`` on the transpose, so that nothing is transposed; it overwrites a
    copy of one matrix per thread, in double precision beyond 25 rows and columns, as do
    the vectors of single precision, which are rounded once. For real square matrices of
    up to four rows Jacobi's rotations, for many matrices at once. Backward stable:
    ``norm(a - U * S @ Vh) <= (c * max(m, n) + 50) * eps * norm(a)``, and each singular
    value is accurate to the same bound; the 50 comes from LAPACK's stopping criterion.
    ``gesvd`` if ``gesdd`` does not converge, or leaves vectors that are not orthogonal.

    In each column of ``U`` the first element whose modulus is at least 0.999 of the
    largest is real and positive, and the row of ``Vh`` follows; a row that belongs to
    no singular value has the same rule. So the sign does not depend on the algorithm
    or on the batch. Other libraries may choose other signs. Vectors of equal values
    span the same space as theirs.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.array([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
    >>> U, S, Vh = scirs2.linalg.svd(a, full_matrices=False)
    >>> S
    array([2., 1.])
    >>> U.shape, Vh.shape
    ((3, 2), (2, 2))
    """

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
) -> NDArray[_Kept]:
    """Solve ``a @ x = b`` from what `cho_factor` gives for ``a``.

    Parameters
    ----------
    c_and_lower : tuple of array_like, shape (..., n, n), and bool
        The factors, and whether they are lower triangular: what `cho_factor` returns,
        or ``(cholesky(a), True)``, or ``(cholesky(a, upper=True), False)``.
    b : array_like, shape (n,) or (..., n, k)
        One vector if it has one dimension, else matrices whose columns are the
        right-hand sides, in the library of the factors.
    on_failure : {"raise", "nan"}, optional
        For a factor with a zero on its diagonal or a NaN: raise ``LinAlgError``, or fill
        its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n) or (..., n, k)
        The solutions, for the batches of ``c`` and ``b`` broadcast.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The diagonal of a factor holds a zero, or what is read holds a NaN or an
        infinity.
    ValueError
        The shapes do not match. Or the factors lie in the other triangle than ``lower``
        says: the triangle to be read is zero off the diagonal in the whole batch, and
        the other one is not.

    Notes
    -----
    BLAS ``trsm`` and ``trsv``, in the memory of the result; ``c`` is copied only
    where it has gaps. Backward stable: ``norm(a @ x - b) <= c * n * eps * norm(a) *
    norm(x)``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> c_and_lower = scirs2.linalg.cho_factor(np.array([[4.0, 2.0], [2.0, 5.0]]))
    >>> scirs2.linalg.cho_solve(c_and_lower, np.array([6.0, 7.0]))
    array([1., 1.])
    """

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
) -> NDArray[_Kept]:
    """Solve ``a @ x = b`` from what `lu_factor` gives for ``a``.

    Parameters
    ----------
    lu_and_piv : tuple of array_like, shapes (..., n, n) and (..., n)
        The factors and the pivots, which count rows from 0; PyTorch's count from 1, and
        need ``pivots - 1``.
    b : array_like, shape (n,) or (..., n, k)
        One vector if it has one dimension, else matrices whose columns are the
        right-hand sides, in the library of the factors.
    trans : {0, 1, 2, 'N', 'T', 'C'}, optional
        Solve with ``a`` itself, with its transpose, or with its conjugate transpose.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array, shape (..., n) or (..., n, k)
        The solutions, for the batches of the factors and of ``b`` broadcast.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The matrix is singular: the message names the first pivot that is exactly
        zero, ``index`` the matrix in the batch. Or what is read holds a NaN or an
        infinity, or a pivot names no row.
    ValueError
        The shapes do not match.

    Notes
    -----
    BLAS ``trsm`` and ``trsv``, in the memory of the result; ``lu`` is copied only
    where it has gaps.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> lu_and_piv = scirs2.linalg.lu_factor(np.array([[1.0, 2.0], [4.0, 8.5]]))
    >>> scirs2.linalg.lu_solve(lu_and_piv, np.array([5.0, 10.5]), trans=1)
    array([1., 1.])
    """

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
) -> Any:
    """The sum of products over named axes.

    Parameters
    ----------
    *operands : str and array_like
        The subscripts, and then the arrays, of any DLPack library and any strides. A
        letter names an axis of each array; axes of one letter share an index. Letters
        after ``->`` are the axes of the result; all others are summed over. Without an
        arrow the result has the letters that occur once, in alphabetical order. ``...``
        stands for any number of axes, which broadcast. Or, after each array, a list of
        integers, and at the end one for the result.
    out : array, optional
        Memory for the result, of its dtype.
    optimize : bool, str, list or callable, optional
        The order of the contractions, as ``opt_einsum.contract_path`` takes it. False
        means from left to right; a list that begins with ``"einsum_path"`` is NumPy's.

    Returns
    -------
    array
        In the library of the operands, with the dtype of NumPy's promotion: integers
        stay integers and wrap around; for booleans the result is whether any product is
        true. float16 and bfloat16 are computed in float32 and rounded once. For NumPy,
        a number if no axis is left.

    Raises
    ------
    ValueError
        The subscripts do not fit the arrays or one another, or ``out`` does not fit.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    Each contraction is one ``matmul``, batched over the letters that remain. Sums over
    an axis of a single array come first, and are pairwise. The result is never a view.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.arange(6).reshape(2, 3)
    >>> scirs2.einsum("ij,kj->ik", a, a)
    array([[ 5, 14],
           [14, 50]])
    """

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
) -> NDArray[_Kept]:
    """Powers of square matrices.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    n : int
        The exponent: 0 gives the identity, a negative one gives powers of the inverse.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library and of the dtype of ``a``: integers stay integers and wrap
        around, except for a negative exponent, which gives float64. float16 and
        bfloat16 are computed in float32 and rounded once.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The last two dimensions differ, or the exponent is negative and a matrix is
        singular; ``index`` tells which.
    TypeError
        ``n`` is not an integer.

    Notes
    -----
    Repeated squaring: at most ``2 * log2(n)`` products, in memory for three matrices
    beside the result.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.matrix_power(np.array([[1, 1], [1, 0]]), 10)
    array([[89, 55],
           [55, 34]])
    """

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
def multi_dot(arrays: Iterable[_Host], *, out: NDArray[Any] | None = None) -> Any:
    """The product of two or more matrices, in the cheapest order.

    Parameters
    ----------
    arrays : sequence of array_like
        Matrices, of any DLPack library and any strides. The first may be a vector,
        taken as a row, and so may the last, taken as a column; its dimension is dropped
        from the result.
    out : array, optional
        Memory for the result, of its dtype.

    Returns
    -------
    array
        In the library of the operands, with the dtype of NumPy's promotion; see
        ``matmul``. Two vectors of NumPy at the ends give a number.

    Raises
    ------
    ValueError
        Neighbours do not fit, there are fewer than two, one is neither a matrix nor
        such a vector, or ``out`` does not fit.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    The order that takes the fewest multiplications, found by dynamic programming
    (Cormen, Leiserson, Rivest, Stein: Introduction to Algorithms, "Matrix-chain
    multiplication").

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a, b = np.ones((1000, 2)), np.ones((2, 1000))
    >>> scirs2.linalg.multi_dot([a, b, np.ones(1000)])[:3]
    array([2000., 2000., 2000.])
    """

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
) -> tuple[NDArray[_Kept], NDArray[_Kept]]:
    """Schur forms of square matrices, ``a = Z @ T @ Z.conj().T``.

    ``Z`` is unitary, and ``T`` upper triangular, with the eigenvalues on its diagonal; but the
    real form of a real matrix has a block of order two on its diagonal for each pair of complex
    eigenvalues.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    output : {"real", "complex"}, optional
        The form of real matrices; that of complex ones is complex.
    sort : None, {"lhp", "rhp", "iuc", "ouc"} or callable, optional
        The eigenvalues that come first: with a negative real part ("lhp"), with another real
        part ("rhp"), inside the unit circle or on it ("iuc"), or outside ("ouc"). A function
        takes one eigenvalue as a complex number, or for a real form its real and its imaginary
        part, and says whether it comes first; of a pair it is asked for both.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or fill its
        results with NaN and compute the others.

    Returns
    -------
    T : array, shape (..., n, n)
        The forms.
    Z : array, shape (..., n, n)
        The unitary factors. In the library of ``a``. Integers give float64; float16 and bfloat16
        are returned in their own dtype where they are real.
    sdim : array, shape (...)
        How many eigenvalues come first; int32. Only with ``sort``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, is not square, or does not converge, or two
        eigenvalues are too near to each other to be exchanged; ``index`` tells which in the
        batch.
    ValueError
        ``output`` or ``sort`` is none of these.

    Notes
    -----
    LAPACK ``gees`` and ``trsen``; for real matrices of up to 75 rows the algorithm of ``gees`` in
    a kernel. Single precision is decomposed in double. Nothing is balanced. Backward stable:
    ``norm(a - Z @ T @ Z.conj().T) <= c * n * eps * norm(a)``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> T, Z, sdim = scirs2.linalg.schur(np.array([[1.0, 2.0], [0.0, -3.0]]), sort="lhp")
    >>> T.diagonal().round(6), int(sdim)
    (array([-3.,  1.]), 1)
    """

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
) -> NDArray[_Kept]:
    """Hessenberg forms of square matrices, ``a = Q @ H @ Q.conj().T``.

    ``H`` is zero below the first subdiagonal, and ``Q`` unitary.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    calc_q : bool, optional
        Return ``Q``, too.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
        results with NaN and compute the others.

    Returns
    -------
    H : array, shape (..., n, n)
        The forms.
    Q : array, shape (..., n, n)
        Only with ``calc_q``. In the library of ``a``. Integers give float64; float16 and
        bfloat16 are computed in float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the
        batch.

    Notes
    -----
    LAPACK ``gehrd`` and ``orghr``, without balancing, on a copy of one matrix per thread.
    Backward stable: ``norm(a - Q @ H @ Q.conj().T) <= c * n * eps * norm(a)``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 1.0, 5.0]])
    >>> scirs2.linalg.hessenberg(a)
    array([[1., 2., 0.],
           [3., 4., 0.],
           [0., 1., 5.]])
    """

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
) -> tuple[NDArray[_Kept], NDArray[_Kept]]:
    """Exponentials of square matrices, and their derivatives in a direction.

    ``expm(a)``, and the part of ``expm(a + e)`` that is linear in ``e``.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    e : array_like, shape (..., n, n)
        Directions. The leading dimensions of both broadcast.
    compute_expm : bool, optional
        Return the exponentials, too.
    on_failure : {"raise", "nan"}, optional
        For a matrix or a direction that holds a NaN or an infinity: raise ``LinAlgError``,
        or fill its results with NaN and compute the others.

    Returns
    -------
    expm_a : array, shape (..., n, n)
        The exponentials; not with ``compute_expm=False``.
    derivative : array, shape (..., n, n)
        The derivatives. In the library of the operands. Integers give float64; float16 and
        bfloat16 are returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        An operand holds a NaN or an infinity, or is not square; ``index`` tells which in the
        batch.

    Notes
    -----
    The derivative of each step of :func:`expm` (A. H. Al-Mohy and N. J. Higham, SIAM J. Matrix
    Anal. Appl. 30, 2009), in double precision, at three times its cost; of many small matrices a
    block of ``expm([[a, e], [0, a]])``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a, e = np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> scirs2.linalg.expm_frechet(a, e, compute_expm=False)
    array([[1., 2.],
           [3., 4.]])
    """

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

# Products.

@overload
def block_diag(*arrs: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Matrices one below and right of the other, with zeros elsewhere.

    Parameters
    ----------
    *arrs : array_like, shape (..., m_i, n_i)
        Blocks, of one DLPack library and any strides; a vector is a row, and the batches
        broadcast.

    Returns
    -------
    array, shape (..., sum of m_i, sum of n_i)
        In the library of the operands, with the dtype of NumPy's promotion.

    Raises
    ------
    TypeError
        There is no block, or the blocks are of two libraries, or have no common dtype.
    ValueError
        The batches do not broadcast.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.block_diag(np.array([[1, 2]]), np.array([[3], [4]]))
    array([[1, 2, 0],
           [0, 0, 3],
           [0, 0, 4]])
    """

@overload
def block_diag(*arrs: _Tensor) -> _Tensor: ...
@overload
def block_diag(*arrs: ArrayLike) -> NDArray[Any]: ...
@overload
def cross(x1: NDArray[_Kept], x2: NDArray[_Kept], /, *, axis: int = -1) -> NDArray[_Kept]:
    """Cross products of vectors of three elements.

    Parameters
    ----------
    x1, x2 : array_like
        Vectors, of any DLPack library and any strides; the other axes broadcast.
    axis : int, optional
        The axis of the vectors in both operands and in the result.

    Returns
    -------
    array
        In the library of the operands, with the dtype of NumPy's promotion: integers
        stay integers and wrap around. float16 and bfloat16 are computed in float32
        and rounded once.

    Raises
    ------
    ValueError
        The vectors do not have three elements, the other axes do not broadcast, or
        there is no such axis.
    TypeError
        Booleans, which cannot be subtracted; operands of two libraries, or without a
        common dtype.

    Notes
    -----
    Each product and each difference is rounded once. Nothing is copied.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.cross(np.array([1, 0, 0]), np.array([[0, 1, 0], [0, 0, 1]]))
    array([[ 0,  0,  1],
           [ 0, -1,  0]])
    """

@overload
def cross(x1: _Host, x2: _Host, /, *, axis: int = -1) -> NDArray[Any]: ...
@overload
def cross(x1: _Tensor, x2: _Tensor | _Plain, /, *, axis: int = -1) -> _Tensor: ...
@overload
def cross(x1: _Plain, x2: _Tensor, /, *, axis: int = -1) -> _Tensor: ...
@overload
def diagonal(x: NDArray[_Scalar], /, *, offset: int = 0) -> NDArray[_Scalar]:
    """Diagonals of matrices, as a view.

    Parameters
    ----------
    x : array_like, shape (..., m, n)
        Matrices, of any DLPack library, any strides and any dtype.
    offset : int, optional
        Above the main diagonal if positive, below it if negative.

    Returns
    -------
    array, shape (..., k)
        In the library of ``x``, on the same memory; a NumPy array is read-only, as with
        ``numpy.linalg.diagonal``. JAX and TensorFlow make a copy if it is not in C
        order.

    Raises
    ------
    ValueError
        ``x`` has fewer than two dimensions.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.diagonal(np.array([[1, 2, 3], [4, 5, 6]]), offset=1)
    array([2, 6])
    """

@overload
def diagonal(x: _Tensor, /, *, offset: int = 0) -> _Tensor: ...
@overload
def diagonal(x: ArrayLike, /, *, offset: int = 0) -> NDArray[Any]: ...
@overload
def diagsvd(s: NDArray[_Scalar], M: int, N: int) -> NDArray[_Scalar]:
    """Matrices with singular values on the diagonal and zeros elsewhere.

    The middle factor of :func:`svd`: ``a = U @ diagsvd(S, M, N) @ Vh``.

    Parameters
    ----------
    s : array_like, shape (..., k)
        The singular values, of any DLPack library and any strides.
    M, N : int
        The rows and columns of the result; the smaller is ``k``.

    Returns
    -------
    array, shape (..., M, N)
        In the library of ``s``, with its dtype.

    Raises
    ------
    ValueError
        ``s`` is not as long as the smaller of ``M`` and ``N``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.diagsvd(np.array([3, 2]), 2, 3)
    array([[3, 0, 0],
           [0, 2, 0]])
    """

@overload
def diagsvd(s: _Tensor, M: int, N: int) -> _Tensor: ...
@overload
def diagsvd(s: ArrayLike, M: int, N: int) -> NDArray[Any]: ...
@overload
def khatri_rao(a: NDArray[_Kept], b: NDArray[_Kept]) -> NDArray[_Kept]:
    """Khatri-Rao products: the Kronecker product of each pair of columns.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    b : array_like, shape (..., p, n)
        Matrices of as many columns, in the library of ``a``; the batches broadcast.

    Returns
    -------
    array, shape (..., m * p, n)
        In the library of the operands, with the dtype of NumPy's promotion.

    Raises
    ------
    ValueError
        The numbers of columns differ, or the batches do not broadcast.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.khatri_rao(np.array([[1, 2]]), np.array([[3, 4], [5, 6]]))
    array([[ 3,  8],
           [ 5, 12]])
    """

@overload
def khatri_rao(a: _Host, b: _Host) -> NDArray[Any]: ...
@overload
def khatri_rao(a: _Tensor, b: _Tensor | _Plain) -> _Tensor: ...
@overload
def khatri_rao(a: _Plain, b: _Tensor) -> _Tensor: ...
@overload
def matmul(x1: _Host, x2: _Host, /, *, out: NDArray[Any] | None = None) -> Any:
    """Products of matrices.

    Parameters
    ----------
    x1, x2 : array_like, shapes (..., m, k) and (..., k, n)
        Matrices, of any DLPack library and any strides; the leading dimensions
        broadcast. A 1-D operand is a row on the left and a column on the right, and its
        dimension is dropped from the result.
    out : array, shape (..., m, n), optional
        Memory for the result, of its dtype.

    Returns
    -------
    array, shape (..., m, n)
        In the library of the operands, with the dtype of NumPy's promotion: integers
        stay integers and wrap around; for booleans the result is whether any pair is
        true. float16 and bfloat16 are computed in float32 and rounded once. Two
        vectors of NumPy give a number.

    Raises
    ------
    ValueError
        The shapes do not fit, an operand is a number, or ``out`` does not fit.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    BLAS ``gemm``, ``gemv`` and ``dot`` for floats, which copy an operand only if
    neither its rows nor its columns are contiguous; for integers, an exact blocked
    product of our own. ``abs(error) <= k * eps * (abs(x1) @ abs(x2))``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.matmul(np.array([[1, 2], [3, 4]]), np.array([10, 1]))
    array([12, 34])
    """

@overload
def matmul(x1: _Tensor, x2: _Tensor | _Plain, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def matmul(x1: _Plain, x2: _Tensor, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def matrix_transpose(x: NDArray[_Scalar], /) -> NDArray[_Scalar]:
    """Transposes of matrices, as a view.

    Parameters
    ----------
    x : array_like, shape (..., m, n)
        Matrices, of any DLPack library, any strides and any dtype.

    Returns
    -------
    array, shape (..., n, m)
        In the library of ``x``, on the same memory: what is written to one is written
        to the other. JAX and TensorFlow make a copy if it is not in C order.

    Raises
    ------
    ValueError
        ``x`` has fewer than two dimensions.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.matrix_transpose(np.array([[1, 2], [3, 4]]))
    array([[1, 3],
           [2, 4]])
    """

@overload
def matrix_transpose(x: _Tensor, /) -> _Tensor: ...
@overload
def matrix_transpose(x: ArrayLike, /) -> NDArray[Any]: ...
@overload
def matvec(
    x1: NDArray[_Kept], x2: NDArray[_Kept], /, *, out: NDArray[_Kept] | None = None
) -> NDArray[_Kept]:
    """Products of matrices and vectors.

    ``x1 @ x2`` for each matrix and its vector.

    Parameters
    ----------
    x1 : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    x2 : array_like, shape (..., n)
        Vectors; the dimensions before them broadcast with those before the matrices.
    out : array, shape (..., m), optional
        Memory for the result, of its dtype.

    Returns
    -------
    array, shape (..., m)
        In the library of the operands, with the dtype of NumPy's promotion: integers
        stay integers and wrap around; for booleans the result is whether any pair is
        true. float16 and bfloat16 are computed in float32 and rounded once.

    Raises
    ------
    ValueError
        The shapes do not fit, ``x1`` has fewer than two dimensions, ``x2`` is a number,
        or ``out`` does not fit.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    As `matmul`, with each vector as a column; many vectors for one matrix are one
    product of matrices. ``abs(error) <= n * eps * (abs(x1) @ abs(x2))``.

    Examples
    --------
    One vector for each matrix:

    >>> import numpy as np, scirs2
    >>> matrices = np.array([[[1, 2], [3, 4]], [[0, 1], [1, 0]]])
    >>> scirs2.linalg.matvec(matrices, np.array([[10, 1], [5, 6]]))
    array([[12, 34],
           [ 6,  5]])
    """

@overload
def matvec(x1: _Host, x2: _Host, /, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
@overload
def matvec(x1: _Tensor, x2: _Tensor | _Plain, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def matvec(x1: _Plain, x2: _Tensor, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def outer(x1: NDArray[_Kept], x2: NDArray[_Kept], /) -> NDArray[_Kept]:
    """The outer product of two vectors.

    ``result[i, j] = x1[i] * x2[j]``, without a complex conjugate.

    Parameters
    ----------
    x1, x2 : array_like, shapes (m,) and (n,)
        Vectors, of any DLPack library and any strides.

    Returns
    -------
    array, shape (m, n)
        In the library of the operands, with the dtype of NumPy's promotion.

    Raises
    ------
    ValueError
        An operand does not have exactly one dimension.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    Each element is rounded once. ``x2`` is copied.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.outer(np.array([1, 2]), np.array([3, 4, 5]))
    array([[ 3,  4,  5],
           [ 6,  8, 10]])
    """

@overload
def outer(x1: _Host, x2: _Host, /) -> NDArray[Any]: ...
@overload
def outer(x1: _Tensor, x2: _Tensor | _Plain, /) -> _Tensor: ...
@overload
def outer(x1: _Plain, x2: _Tensor, /) -> _Tensor: ...
@overload
def tensordot(a: _Host, b: _Host, /, axes: _Axes = 2) -> Any:
    """The contraction of two arrays over pairs of their axes.

    Parameters
    ----------
    a, b : array_like
        Arrays of any DLPack library and any strides.
    axes : int, or pair of ints or of sequences of ints, optional
        A number: the last ``axes`` axes of ``a`` and the first of ``b``, in order; 0 is
        the outer product. A pair: the axes of ``a``, and the axes of ``b`` that they
        are paired with.

    Returns
    -------
    array
        The other axes of ``a`` and then those of ``b``, in the library of the
        operands, with the dtype of NumPy's promotion: integers stay integers and wrap
        around; for booleans the result is whether any pair is true. float16 and
        bfloat16 are computed in float32 and rounded once.

    Raises
    ------
    ValueError
        The paired axes differ in length or number, an axis is named twice, or there is
        no such axis.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    One ``matmul``. An operand is copied if the axes that are summed over, or the
    others, are not adjacent in memory.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.arange(60.0).reshape(3, 4, 5)
    >>> b = np.arange(24.0).reshape(4, 3, 2)
    >>> scirs2.linalg.tensordot(a, b, axes=([1, 0], [0, 1]))[0]
    array([4400., 4730.])
    """

@overload
def tensordot(a: _Tensor, b: _Tensor | _Plain, /, axes: _Axes = 2) -> _Tensor: ...
@overload
def tensordot(a: _Plain, b: _Tensor, /, axes: _Axes = 2) -> _Tensor: ...
@overload
def toeplitz(c: NDArray[_Scalar], r: ArrayLike | _SupportsDLPack | None = None) -> NDArray[_Scalar]:
    """Matrices that are constant along each diagonal.

    ``result[i, j] = c[i - j]`` on and below the main diagonal, and ``r[j - i]`` above it.

    Parameters
    ----------
    c : array_like, shape (..., m)
        The first columns, of any DLPack library and any strides.
    r : None or array_like, shape (..., n), optional
        The first rows, whose first element is not read; the batches broadcast. None is the
        conjugate of ``c``: the matrices are Hermitian but for their diagonal.

    Returns
    -------
    array, shape (..., m, n)
        In the library of the operands, with the dtype of NumPy's promotion.

    Raises
    ------
    ValueError
        An operand has no dimension, or the batches do not broadcast.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.toeplitz(np.array([1, 2]), np.array([1, 3, 4]))
    array([[1, 3, 4],
           [2, 1, 3]])
    """

@overload
def toeplitz(c: _Tensor, r: ArrayLike | _SupportsDLPack | None = None) -> _Tensor: ...
@overload
def toeplitz(c: ArrayLike, r: ArrayLike | _SupportsDLPack | None = None) -> NDArray[Any]: ...
@overload
def trace(x: NDArray[Any], /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sums of diagonals.

    Parameters
    ----------
    x : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    offset : int, optional
        Above the main diagonal if positive, below it if negative.
    dtype : dtype, optional
        The dtype of the sum and of the result: a name, or a dtype of NumPy or of the
        library. By default that of ``x``; integers and booleans narrower than the
        machine's integer are summed in that.

    Returns
    -------
    array, shape (...)
        In the library of ``x``; for NumPy a number where no dimension is left.

    Raises
    ------
    ValueError
        ``x`` has fewer than two dimensions.
    TypeError
        ``dtype`` is not a dtype.

    Notes
    -----
    Summed pairwise, float16 and bfloat16 in float32. Nothing is copied.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.trace(np.array([[1, 2], [3, 4]]))
    np.int64(5)
    """

@overload
def trace(x: _Tensor, /, *, offset: int = 0, dtype: Any = None) -> _Tensor: ...
@overload
def trace(x: ArrayLike, /, *, offset: int = 0, dtype: Any = None) -> Any: ...
@overload
def vecdot(x1: _Host, x2: _Host, /, *, axis: int = -1) -> Any:
    """Inner products of vectors.

    ``sum(x1.conj() * x2)`` along one axis.

    Parameters
    ----------
    x1, x2 : array_like
        Vectors, of any DLPack library and any strides; the other axes broadcast.
    axis : int, optional
        The axis of the vectors in both operands.

    Returns
    -------
    array
        The other axes, in the library of the operands, with the dtype of NumPy's
        promotion: integers stay integers and wrap around; for booleans the result is
        whether any pair is true. float16 and bfloat16 are computed in float32 and
        rounded once. Two vectors of NumPy give a number.

    Raises
    ------
    ValueError
        The vectors differ in length, the other axes do not broadcast, or there is no
        such axis.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    BLAS ``dot`` over runs that are added pairwise: nothing is copied, and the bits
    are the same for any number of threads.
    ``abs(error) <= n * eps * sum(abs(x1) * abs(x2))``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.vecdot(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([3.0, 4.0]))
    array([25.,  3.])
    """

@overload
def vecdot(x1: _Tensor, x2: _Tensor | _Plain, /, *, axis: int = -1) -> _Tensor: ...
@overload
def vecdot(x1: _Plain, x2: _Tensor, /, *, axis: int = -1) -> _Tensor: ...
@overload
def vecmat(
    x1: NDArray[_Kept], x2: NDArray[_Kept], /, *, out: NDArray[_Kept] | None = None
) -> NDArray[_Kept]:
    """Products of conjugated vectors and matrices.

    ``x1.conj() @ x2`` for each vector and its matrix: of complex vectors, as of those in
    `vecdot`, the conjugates are multiplied.

    Parameters
    ----------
    x1 : array_like, shape (..., n)
        Vectors, of any DLPack library and any strides.
    x2 : array_like, shape (..., n, m)
        Matrices; the dimensions before them broadcast with those before the vectors.
    out : array, shape (..., m), optional
        Memory for the result, of its dtype.

    Returns
    -------
    array, shape (..., m)
        In the library of the operands, with the dtype of NumPy's promotion: integers
        stay integers and wrap around; for booleans the result is whether any pair is
        true. float16 and bfloat16 are computed in float32 and rounded once.

    Raises
    ------
    ValueError
        The shapes do not fit, ``x1`` is a number, ``x2`` has fewer than two dimensions,
        or ``out`` does not fit.
    TypeError
        The operands are of two libraries, or have no common dtype.

    Notes
    -----
    As `matvec` of the transposed matrices; complex vectors are copied.
    ``abs(error) <= n * eps * (abs(x1) @ abs(x2))``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.vecmat(np.array([1j, 1]), np.array([[1, 2], [3, 4]]))
    array([3.-1.j, 4.-2.j])
    """

@overload
def vecmat(x1: _Host, x2: _Host, /, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
@overload
def vecmat(x1: _Tensor, x2: _Tensor | _Plain, /, *, out: _Tensor | None = None) -> _Tensor: ...
@overload
def vecmat(x1: _Plain, x2: _Tensor, /, *, out: _Tensor | None = None) -> _Tensor: ...

# Numbers.

@overload
def bandwidth(a: NDArray[Any]) -> tuple[Any, Any]:
    """How many diagonals below and above the main one are not all zero.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.

    Returns
    -------
    lower : array of int64, shape (...)
    upper : array of int64, shape (...)
        The bandwidths: 0 and 0 for a diagonal matrix, ``m - 1`` and 0 for a lower triangular
        one. In the library of ``a``.

    Raises
    ------
    ValueError
        ``a`` has fewer than two dimensions.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> lower, upper = scirs2.linalg.bandwidth(np.array([[1, 0, 2], [0, 1, 0], [0, 1, 1]]))
    >>> int(lower), int(upper)
    (1, 2)
    """

@overload
def bandwidth(a: _Tensor) -> tuple[_Tensor, _Tensor]: ...
@overload
def bandwidth(a: ArrayLike) -> tuple[Any, Any]: ...
@overload
def cond(x: NDArray[Any], p: _MatrixOrder = None, *, on_failure: _OnFailure = "raise") -> Any:
    """Condition numbers.

    ``norm(x, p) * norm(inv(x), p)``: by how much an error in ``b`` may grow in
    ``solve(x, b)``.

    Parameters
    ----------
    x : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides; square, except for the 2-norm.
    p : None, 1, -1, 2, -2, inf, -inf, "fro" or "nuc", optional
        The norm, as in :func:`scirs2.norm`. None is the 2-norm: the largest singular value
        divided by the smallest; -2 is the inverse of that.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        make its result NaN and compute the others.

    Returns
    -------
    float or array, shape (...)
        In the library of ``x``; infinite if a matrix is singular, or holds an infinity
        and ``p`` is neither -1 nor -inf. Integers give float64; float16 and bfloat16
        are returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        There are no elements, a matrix is not square, or ``p`` asks for singular values
        and one holds a NaN; ``index`` tells which in the batch. Otherwise a NaN gives
        NaN.
    ValueError
        ``p`` is not a norm of matrices.

    Notes
    -----
    LAPACK ``gesdd`` on a copy of one matrix per thread, or ``getrf`` and ``trtri`` on a
    copy of all of them. The relative error is ``c * n * eps`` times the number itself.
    Single precision is computed in double, as in NumPy.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.cond(np.diag([4.0, 0.5]))
    np.float64(8.0)
    >>> scirs2.linalg.cond(np.ones((2, 2)), 1)
    np.float64(inf)
    """

@overload
def cond(x: _Tensor, p: _MatrixOrder = None, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def cond(x: ArrayLike, p: _MatrixOrder = None, *, on_failure: _OnFailure = "raise") -> Any: ...
@overload
def det(a: NDArray[Any]) -> Any:
    """Determinants of square matrices.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.

    Returns
    -------
    number or array, shape (...)
        The determinants, in the library of ``a``; 1 where ``n`` is 0. Integers give
        float64; float16 and bfloat16 are computed in float32 and returned in their
        own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The last two dimensions differ.

    Notes
    -----
    The product of the pivots that LAPACK ``getrf`` finds in a copy of each matrix, with
    an exponent of its own: it overflows only if the determinant does. A NaN propagates
    to the result; an infinity in a complex matrix makes the determinant NaN, and its
    logarithm infinite.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.det(np.array([[1.0, 2.0], [2.0, 8.0]]))
    np.float64(4.0)
    """

@overload
def det(a: _Tensor) -> _Tensor: ...
@overload
def det(a: ArrayLike) -> Any: ...
@overload
def ishermitian(a: NDArray[Any], atol: float | None = None, rtol: float | None = None) -> Any:
    """Whether matrices are equal to their adjoints, the conjugates of their transposes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    atol, rtol : None or float, optional
        Elements ``x`` and ``y`` across the diagonal may differ by ``atol + rtol * abs(y)``;
        with None for both they must be equal.

    Returns
    -------
    array of bool, shape (...)
        In the library of ``a``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The last two dimensions differ.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> bool(scirs2.linalg.ishermitian(np.array([[1, 2j], [-2j, 1]])))
    True
    """

@overload
def ishermitian(a: _Tensor, atol: float | None = None, rtol: float | None = None) -> _Tensor: ...
@overload
def ishermitian(a: ArrayLike, atol: float | None = None, rtol: float | None = None) -> Any: ...
@overload
def issymmetric(a: NDArray[Any], atol: float | None = None, rtol: float | None = None) -> Any:
    """Whether matrices are equal to their transposes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    atol, rtol : None or float, optional
        Elements ``x`` and ``y`` across the diagonal may differ by ``atol + rtol * abs(y)``;
        with None for both they must be equal.

    Returns
    -------
    array of bool, shape (...)
        In the library of ``a``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The last two dimensions differ.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.array([[1.0, 2.0], [2.1, 1.0]])
    >>> bool(scirs2.linalg.issymmetric(a)), bool(scirs2.linalg.issymmetric(a, atol=0.2))
    (False, True)
    """

@overload
def issymmetric(a: _Tensor, atol: float | None = None, rtol: float | None = None) -> _Tensor: ...
@overload
def issymmetric(a: ArrayLike, atol: float | None = None, rtol: float | None = None) -> Any: ...
@overload
def matrix_norm(
    x: NDArray[Any],
    /,
    *,
    keepdims: bool = False,
    ord: _MatrixOrder = "fro",
    on_failure: _OnFailure = "raise",
) -> Any:
    """Norms of matrices.

    Parameters
    ----------
    x : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    keepdims : bool, optional
        Keep the last two dimensions with length one.
    ord : None, int, float, "fro" or "nuc", optional
        The order, as ``scirs2.norm`` has it for matrices.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        make its result NaN and compute the others.

    Returns
    -------
    array, shape (...)
        As ``scirs2.norm`` gives them over the last two axes.

    Raises
    ------
    ValueError
        ``ord`` is not a matrix norm, or ``x`` has fewer than two dimensions.
    scirs2.linalg.LinAlgError
        As ``scirs2.norm``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.matrix_norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
    np.float64(5.0)
    """

@overload
def matrix_norm(
    x: _Tensor,
    /,
    *,
    keepdims: bool = False,
    ord: _MatrixOrder = "fro",
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def matrix_norm(
    x: ArrayLike,
    /,
    *,
    keepdims: bool = False,
    ord: _MatrixOrder = "fro",
    on_failure: _OnFailure = "raise",
) -> Any: ...
@overload
def matrix_rank(
    A: NDArray[Any],
    tol: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = None,
    on_failure: _OnFailure = "raise",
) -> Any:
    """Ranks: how many singular values are above a tolerance.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides. A vector or a number has rank
        1, or 0 if it is zero.
    tol : float or array_like, shape (...), optional
        The tolerance itself, one for each matrix, or broadcast.
    hermitian : bool, optional
        Assume that the matrices are Hermitian, read only their lower triangle, and
        compute the values by :func:`eigvalsh`, which is faster.
    rtol : float or array_like, shape (...), optional
        The tolerance relative to the largest singular value. Without it and ``tol``
        it is ``max(m, n) * eps``.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        make its rank -1 and compute the others.

    Returns
    -------
    int64 or array of int64, shape (...)
        The ranks, in the library of ``A``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
        One that holds an infinity has rank 0, as with ``hermitian`` one that holds a NaN
        where it is read: its singular values are NaN, and a NaN is above no tolerance.
    ValueError
        Both ``tol`` and ``rtol`` are given, or one does not broadcast.

    Notes
    -----
    LAPACK ``gesdd``, on a copy of one matrix per thread. If a tolerance is given,
    single precision is computed in double, as in NumPy.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.matrix_rank(np.array([[1.0, 2.0], [2.0, 4.0]]))
    np.int64(1)
    """

@overload
def matrix_rank(
    A: _Tensor,
    tol: _Plain | _Tensor | None = None,
    hermitian: bool = False,
    *,
    rtol: _Plain | _Tensor | None = None,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def matrix_rank(
    A: ArrayLike,
    tol: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = None,
    on_failure: _OnFailure = "raise",
) -> Any: ...
@overload
def norm(
    x: NDArray[Any],
    ord: _MatrixOrder = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> Any:
    """Norm of an array, of its vectors along one axis, or of its matrices along two.

    Parameters
    ----------
    x : array_like
        A tensor of any DLPack library, a NumPy array, nested lists or a number;
        any strides.
    ord : None, int, float, "fro" or "nuc", optional
        See the table. None is the 2-norm of all elements over any number of
        axes.
    axis : None, int or (int, int), optional
        One axis: norms of vectors. Two: norms of matrices, rows first. None:
        ``x`` is one vector or one matrix; with ``ord=None`` any shape.
    keepdims : bool, optional
        Keep the reduced axes with length one.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        make its result NaN and compute the others.

    Returns
    -------
    float or array
        In the library of ``x``; for NumPy input, a NumPy scalar if no axis is left.
        float32 and complex64 give float32; float16 and bfloat16 keep their dtype;
        everything else gives float64.

    Raises
    ------
    ValueError
        An order, axis or shape that does not fit.
    TypeError
        The dtype is not numeric.
    scirs2.linalg.LinAlgError
        ``ord`` is 2, -2 or "nuc" for matrices, and one holds a NaN, or its singular
        values do not converge; ``index`` tells which. One that holds an Inf gives
        NaN, as in NumPy.

    Notes
    -----
    =====  ================================  ==================================
    ord    matrix                            vector
    =====  ================================  ==================================
    None   Frobenius                         2-norm
    "fro"  sqrt(sum(abs(x)**2))              error
    "nuc"  sum of singular values            error
    inf    largest row sum of abs(x)         largest abs(x)
    -inf   smallest row sum of abs(x)        smallest abs(x)
    0      error                             number of nonzero elements
    1      largest column sum of abs(x)      sum(abs(x))
    -1     smallest column sum of abs(x)     1 / sum(1 / abs(x))
    2      largest singular value            sqrt(sum(abs(x)**2))
    -2     smallest singular value           sum(abs(x)**-2)**(-1/2)
    p      error                             sum(abs(x)**p)**(1/p)
    =====  ================================  ==================================

    Nothing overflows or underflows along the way: the result is correct whenever it can
    be represented. float16, float32 and integers are summed in float64. The relative
    error of a sum over n elements is at most a few eps, times log(n) for float64. The
    result has the same bits for any number of threads. Singular values are those of
    :func:`scirs2.linalg.svdvals`.

    Only these are copied: lists, arrays that are misaligned or not in native byte
    order, and, for singular values, one matrix per thread, or all of them if they are
    integers or halves. The singular values themselves take memory, too.

    Examples
    --------
    >>> import numpy as np, torch, scirs2
    >>> scirs2.norm([3.0, 4.0])
    np.float64(5.0)
    >>> scirs2.norm(np.array([1e200, 1e200]))
    np.float64(1.414213562373095e+200)
    >>> scirs2.norm(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), axis=1)
    tensor([ 5., 10.])
    """

@overload
def norm(
    x: _Tensor,
    ord: _MatrixOrder = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def norm(
    x: ArrayLike,
    ord: _MatrixOrder = None,
    axis: int | tuple[int] | tuple[int, int] | None = None,
    keepdims: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> Any: ...
@overload
def slogdet(a: NDArray[Any]) -> SlogdetResult[Any, Any]:
    """Sign and logarithm of determinants.

    ``det(a) = sign * exp(logabsdet)``; neither overflows nor underflows.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.

    Returns
    -------
    sign : number or array, shape (...)
        1 or -1; for a complex matrix a number of modulus 1; for a singular one 0.
    logabsdet : number or array, shape (...)
        The natural logarithm of the determinant's modulus, ``-inf`` for a singular
        matrix.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The last two dimensions differ.

    Notes
    -----
    As `det`, and the logarithm of the product itself rather than a sum of
    logarithms.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> sign, logabsdet = scirs2.linalg.slogdet(np.eye(1000) * 1e-300)
    >>> print(sign, round(logabsdet / np.log(10)))
    1.0 -300000
    """

@overload
def slogdet(a: _Tensor) -> SlogdetResult[_Tensor, _Tensor]: ...
@overload
def slogdet(a: ArrayLike) -> SlogdetResult[Any, Any]: ...
@overload
def vector_norm(
    x: NDArray[Any],
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float | None = 2,
) -> Any:
    """Norms of vectors, over any number of axes.

    Parameters
    ----------
    x : array_like
        A tensor of any DLPack library and any strides.
    axis : None, int or tuple of ints, optional
        The axes whose elements make up a vector; None is all of them.
    keepdims : bool, optional
        Keep these axes with length one.
    ord : None, int or float, optional
        The order, as ``scirs2.norm`` has it for vectors.

    Returns
    -------
    array
        As ``scirs2.norm`` gives them.

    Raises
    ------
    ValueError
        ``ord`` is not a vector norm, an axis is named twice, or there is no such axis.

    Notes
    -----
    Several axes that do not merge in memory are copied, except for the 2-norm.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.vector_norm(np.ones((2, 3, 4)), axis=(0, 2), ord=1)
    array([8., 8., 8.])
    """

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

# Systems.

@overload
def inv(
    a: NDArray[_Kept], *, out: NDArray[_Kept] | None = None, on_failure: _OnFailure = "raise"
) -> NDArray[_Kept]:
    """Inverses of square matrices.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    out : array, shape (..., n, n), optional
        Memory for the result, of its dtype.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        The inverses, in the library of ``a``. Integers give float64; float16 and
        bfloat16 are computed in float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is singular: the message names the first pivot that is exactly zero,
        ``index`` the matrix in the batch. Or the last two dimensions differ.
    ValueError
        ``out`` does not fit.

    Notes
    -----
    LAPACK ``getrf`` and ``trtri``, in the memory of the result: nothing else is
    copied. ``norm(x @ a - 1) <= c * n * eps * norm(x) * norm(a)`` as a rule. A NaN
    propagates to the result. To solve equations, `solve` is faster and more accurate.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.inv(np.array([[1.0, 2.0], [2.0, 8.0]]))
    array([[ 2.  , -0.5 ],
           [-0.5 ,  0.25]])
    """

@overload
def inv(
    a: _ToFloat64, *, out: _Float64 | None = None, on_failure: _OnFailure = "raise"
) -> _Float64: ...
@overload
def inv(a: _Tensor, *, out: _Tensor | None = None, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def inv(
    a: ArrayLike, *, out: NDArray[Any] | None = None, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def lstsq(
    a: NDArray[_Real],
    b: NDArray[_Real],
    rcond: float | None = None,
    *,
    on_failure: _OnFailure = "raise",
) -> LstsqResult[NDArray[_Real], NDArray[_Real], Any]:
    """Least-squares solutions of the smallest norm.

    The ``x`` of the smallest 2-norm among those that make the 2-norm of ``b - a @ x``
    smallest.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    b : array_like, shape (m,) or (..., m, k)
        Right-hand sides: one vector, or the columns of matrices, whose batch
        broadcasts with that of ``a``.
    rcond : float, optional
        Singular values of at most ``rcond`` times the largest count as zero. None is
        ``max(m, n)`` times the epsilon of float64; values outside (0, 1), such as -1,
        mean the epsilon of float64 itself.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        fill its results with NaN and compute the others; its rank is -1.

    Returns
    -------
    solution : array, shape (..., n) or (..., n, k)
        The solutions ``x``. Integers give float64; float16 and bfloat16 are returned in
        their own dtype.
    residuals : array, shape (..., k)
        The sums of squares of ``b - a @ x``, with a ``k`` of 1 for one vector. Where
        ``m <= n`` there are none, and the shape is ``(..., 0)``. A matrix whose rank is
        less than ``n`` has none either: the array is empty where it is the only one,
        and in a batch its row is NaN.
    rank : int32 or array of int32, shape (...)
        The ranks.
    singular_values : array, shape (..., min(m, n))
        The singular values, in descending order. The four come as a named tuple, in the
        order of NumPy and with the names of PyTorch.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The shapes do not fit, or a matrix holds a NaN or an infinity, or does not
        converge; ``index`` tells which in the batch. A right-hand side that holds one
        gives a solution of NaN.

    Notes
    -----
    LAPACK ``geqrf``, and for the singular values of its triangle what
    :func:`svdvals` has; ``gelsd`` where
    the rank is not ``n`` or there are more right-hand sides than unknowns. A thread holds
    a copy of one matrix and its right-hand sides, and a triangle.
    Backward stable: ``x`` solves the problem of a matrix within ``c * max(m, n) * eps *
    norm(a)`` of ``a``. Single precision is computed in double, as in NumPy.

    Examples
    --------
    The line through three points:

    >>> import numpy as np, scirs2
    >>> a = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> x, residuals, rank, s = scirs2.linalg.lstsq(a, np.array([1.0, 3.0, 5.0]))
    >>> x.round(12)
    array([2., 1.])
    >>> scirs2.linalg.lstsq(a, np.array([1.0, 3.0, 5.0])).rank
    np.int32(2)
    """

@overload
def lstsq(
    a: _Host, b: _Host, rcond: float | None = None, *, on_failure: _OnFailure = "raise"
) -> LstsqResult[NDArray[Any], _Floating, Any]: ...
@overload
def lstsq(
    a: _Tensor, b: _Tensor | _Plain, rcond: float | None = None, *, on_failure: _OnFailure = "raise"
) -> LstsqResult[_Tensor, _Tensor, _Tensor]: ...
@overload
def lstsq(
    a: _Plain, b: _Tensor, rcond: float | None = None, *, on_failure: _OnFailure = "raise"
) -> LstsqResult[_Tensor, _Tensor, _Tensor]: ...
@overload
def pinv(
    a: NDArray[_Kept],
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]:
    """Moore-Penrose pseudo-inverses.

    ``Vh.conj().mT / S @ U.conj().mT`` of the singular value decomposition, without the
    singular values that are nearly zero.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    rcond : float or array_like, shape (...), optional
        Singular values of at most ``rcond`` times the largest count as zero; one
        number for each matrix, or broadcast. The default is 1e-15.
    hermitian : bool, optional
        Assume that the matrices are Hermitian, read only their lower triangle, and
        use :func:`eigh`, which is faster.
    rtol : None, float or array_like, shape (...), optional
        The Array API's name for ``rcond``; here None means ``max(m, n) * eps``.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, m)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are
        returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
        One that holds an infinity gives NaN, as with ``hermitian`` one that holds a NaN
        where it is read.
    ValueError
        Both ``rcond`` and ``rtol`` are given, or one does not broadcast.

    Notes
    -----
    LAPACK ``gesdd``, on a copy of one matrix per thread. The relative error is ``c *
    max(m, n) * eps`` times the ratio of the largest singular value to the smallest
    that counts. Single precision is computed in double, as in NumPy.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.pinv(np.array([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))
    array([[0.5, 0. , 0. ],
           [0. , 0. , 0. ]])
    """

@overload
def pinv(
    a: _ToFloat64,
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
    on_failure: _OnFailure = "raise",
) -> _Float64: ...
@overload
def pinv(
    a: _Tensor,
    rcond: _Plain | _Tensor | None = None,
    hermitian: bool = False,
    *,
    rtol: _Plain | _Tensor | None = ...,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def pinv(
    a: ArrayLike,
    rcond: ArrayLike | _SupportsDLPack | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | _SupportsDLPack | None = ...,
    on_failure: _OnFailure = "raise",
) -> NDArray[Any]: ...
@overload
def solve(
    a: NDArray[_Kept],
    b: NDArray[_Kept],
    *,
    out: NDArray[_Kept] | None = None,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]:
    """Solve the linear equations ``a @ x = b``.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    b : array_like, shape (n,) or (..., n, k)
        One vector if it has one dimension, else matrices whose columns are the
        right-hand sides, in the library of ``a``.
    out : array, optional
        Memory for the result, of its dtype and shape.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array, shape (..., n) or (..., n, k)
        The solutions, for the batches of ``a`` and ``b`` broadcast. Integers give
        float64; float16 and bfloat16 are computed in float32 and returned in their
        own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is singular: the message names the first pivot that is exactly zero,
        ``index`` the matrix in the batch. Or the last two dimensions of ``a`` differ.
    ValueError
        The shapes do not match, or ``out`` does not fit.

    Notes
    -----
    LAPACK ``getrf`` on a copy of each matrix, then substitution in the memory of the
    result. One matrix for a batch of right-hand sides is factored once, not once for
    each. Backward stable as a rule: ``norm(a @ x - b) <= c * n * eps * norm(a) *
    norm(x)``. A NaN propagates to the result.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.solve(np.array([[1.0, 2.0], [2.0, 8.0]]), np.array([3.0, 10.0]))
    array([1., 1.])
    """

@overload
def solve(
    a: _Host, b: _Host, *, out: NDArray[Any] | None = None, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def solve(
    a: _Tensor, b: _Tensor | _Plain, *, out: _Tensor | None = None, on_failure: _OnFailure = "raise"
) -> _Tensor: ...
@overload
def solve(
    a: _Plain, b: _Tensor, *, out: _Tensor | None = None, on_failure: _OnFailure = "raise"
) -> _Tensor: ...
@overload
def solve_triangular(
    a: NDArray[_Kept],
    b: NDArray[_Kept],
    trans: _Transposed = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]:
    """Solve ``a @ x = b`` with triangular matrices.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides, of which one triangle is
        read.
    b : array_like, shape (n,) or (..., n, k)
        One vector if it has one dimension, else matrices whose columns are the
        right-hand sides, in the library of ``a``.
    trans : {0, 1, 2, 'N', 'T', 'C'}, optional
        Solve with ``a`` itself, with its transpose, or with its conjugate transpose.
    lower : bool, optional
        Read the lower triangle instead of the upper one.
    unit_diagonal : bool, optional
        Assume a diagonal of ones, and do not read it.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array, shape (..., n) or (..., n, k)
        The solutions, for the batches of ``a`` and ``b`` broadcast. Integers give
        float64; float16 and bfloat16 are computed in float32 and returned in their
        own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is singular: the message names the first zero on its diagonal,
        ``index`` the matrix in the batch. Or what is read holds a NaN or an infinity.
    ValueError
        The shapes do not match.

    Notes
    -----
    BLAS ``trsm`` and ``trsv``, in the memory of the result; ``a`` is copied only
    where it has gaps. Backward stable for each right-hand side.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.array([[2.0, 1.0], [0.0, 4.0]])
    >>> scirs2.linalg.solve_triangular(a, np.array([4.0, 8.0]))
    array([1., 2.])
    """

@overload
def solve_triangular(
    a: _Host,
    b: _Host,
    trans: _Transposed = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> NDArray[Any]: ...
@overload
def solve_triangular(
    a: _Tensor,
    b: _Tensor | _Plain,
    trans: _Transposed = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def solve_triangular(
    a: _Plain,
    b: _Tensor,
    trans: _Transposed = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    *,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def tensorinv(
    a: NDArray[_Kept], ind: int = 2, *, on_failure: _OnFailure = "raise"
) -> NDArray[_Kept]:
    """The inverse of a tensor: ``tensordot(tensorinv(a, ind), a, ind)`` is the identity.

    Parameters
    ----------
    a : array_like
        A tensor of any DLPack library. The product of its first ``ind`` dimensions
        equals that of the others.
    ind : int, optional
        The number of its first dimensions.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array, shape a.shape[ind:] + a.shape[:ind]
        The inverse. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The dimensions of ``a`` do not make a square matrix, or the matrix is singular.
    ValueError
        ``ind`` is below 1.

    Notes
    -----
    As `inv` of the matrix that the dimensions of ``a`` make.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.diag([1.0, 2.0, 4.0, 8.0]).reshape(2, 2, 4)
    >>> x = scirs2.linalg.tensorinv(a)
    >>> x.shape
    (4, 2, 2)
    >>> np.array_equal(np.tensordot(x, a, 2), np.eye(4))
    True
    """

@overload
def tensorinv(a: _ToFloat64, ind: int = 2, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def tensorinv(a: _Tensor, ind: int = 2, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def tensorinv(a: ArrayLike, ind: int = 2, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def tensorsolve(
    a: NDArray[_Kept],
    b: NDArray[_Kept],
    axes: Sequence[int] | None = None,
    *,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]:
    """Solve the tensor equation ``tensordot(a, x, x.ndim) = b``.

    Parameters
    ----------
    a : array_like
        A tensor of any DLPack library with the dimensions of the equations first, as
        many as ``b`` has, and then those of ``x``; both have the same product.
    b : array_like
        The right-hand side, in the library of ``a``.
    axes : sequence of int, optional
        Axes of ``a`` that are moved to its end first, one after the other.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular: raise ``LinAlgError``, or fill its results with
        NaN and compute the others.

    Returns
    -------
    array
        The solution ``x``, whose shape is that of ``a`` without its first ``b.ndim``
        dimensions. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The dimensions of ``a`` do not make a square matrix, or the matrix is singular.
    ValueError
        ``b`` does not have as many elements as ``x``, or ``a`` has no such axis.

    Notes
    -----
    As `solve` with the matrix that the dimensions of ``a`` make.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.diag([1.0, 2.0, 4.0, 8.0]).reshape(2, 2, 4)
    >>> scirs2.linalg.tensorsolve(a, np.array([[1.0, 2.0], [4.0, 8.0]]))
    array([1., 1., 1., 1.])
    """

@overload
def tensorsolve(
    a: _Host, b: _Host, axes: Sequence[int] | None = None, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def tensorsolve(
    a: _Tensor,
    b: _Tensor | _Plain,
    axes: Sequence[int] | None = None,
    *,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def tensorsolve(
    a: _Plain, b: _Tensor, axes: Sequence[int] | None = None, *, on_failure: _OnFailure = "raise"
) -> _Tensor: ...

# Functions.

@overload
def coshm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Hyperbolic cosines of square matrices.

    ``I + a @ a / 2 + ...``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index``
        tells which in the batch. A result that overflows is infinite or NaN.

    Notes
    -----
    The series of a scaled matrix, and the formulas of the double angle for the sine and for the
    cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
    Comput. 37, 2015), in double precision: small results keep their digits, too.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.coshm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """

@overload
def coshm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def coshm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def coshm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def cosm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Cosines of square matrices.

    ``I - a @ a / 2 + ...``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index``
        tells which in the batch. A result that overflows is infinite or NaN.

    Notes
    -----
    The series of a scaled matrix, and the formulas of the double angle for the sine and for the
    cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
    Comput. 37, 2015), in double precision: small results keep their digits, too.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.cosm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """

@overload
def cosm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def cosm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def cosm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def expm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Exponentials of square matrices.

    ``I + a + a @ a / 2 + a @ a @ a / 6 + ...``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity: raise ``LinAlgError``,
        or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the
        batch. A result that overflows is infinite or NaN.

    Notes
    -----
    Scaling and squaring with Padé approximants (A. H. Al-Mohy and N. J. Higham, SIAM J.
    Matrix Anal. Appl. 31, 2009), or the Taylor polynomial of degree 12 (P. Bader, S. Blanes
    and F. Casas, 2019), on a copy of each matrix and at most nine of its size: the
    exponential of a matrix within rounding errors of ``a``, so that its relative error is
    about ``cond * eps`` with the condition number of the exponential. The scaling follows from
    norms of powers, so that a large element far from the diagonal costs no digits. For a
    triangular matrix the diagonal, and the elements beside it, are exact to rounding.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.expm(np.array([[0.0, 2.0], [0.0, 0.0]]))
    array([[1., 2.],
           [0., 1.]])
    """

@overload
def expm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def expm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def expm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def expm_cond(a: NDArray[Any], *, on_failure: _OnFailure = "raise") -> Any:
    """Condition numbers of exponentials of square matrices.

    How much more the exponential changes than the matrix, relative to both: the largest
    ``norm(l) * norm(a) / (norm(e) * norm(expm(a)))`` over the directions ``e``, in the Frobenius
    norm, with the derivative ``l`` in that direction.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
        result with NaN and compute the others.

    Returns
    -------
    array, shape (...)
        Real; that of the zero matrix is 0, and NaN if the exponential overflows. In the library of
        ``a``; NumPy gets a scalar for one matrix.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the batch.

    Notes
    -----
    The largest singular value of the derivative by the bidiagonal form of Golub and Kahan: up to
    120 derivatives in memory for as many directions, and not the matrix of ``n**4`` elements. In
    double precision.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> round(float(scirs2.linalg.expm_cond(np.array([[0.0, 1.0], [0.0, 0.0]]))), 4)
    0.929
    """

@overload
def expm_cond(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def expm_cond(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> Any: ...
@overload
def fractional_matrix_power(
    a: NDArray[Any], t: float, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]:
    """Principal powers of square matrices, with any real exponent.

    ``expm(t * logm(a))``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    t : float
        The exponent.
    on_failure : {"raise", "nan"}, optional
        For a matrix that has no such power or holds a NaN: raise ``LinAlgError``, or fill its
        results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        Complex, but real for real matrices if the results of the whole batch are: those of
        matrices without a negative eigenvalue. In programs of JAX and compiled code of PyTorch
        always complex. In the library of ``a``. Integers count as float64; real results of
        float16 and bfloat16 are returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is singular, and ``t`` neither a positive whole number nor the matrix Hermitian
        and ``t`` positive; or it holds a NaN or an infinity, is not square, or does not converge;
        ``index`` tells which in the batch.
    ValueError
        ``t`` is not finite.

    Notes
    -----
    The whole part of ``t`` by products; the rest by roots of the Schur form and Padé
    approximants (N. J. Higham and L. Lin, SIAM J. Matrix Anal. Appl. 32, 2011), in double
    precision. Of Hermitian matrices by :func:`eigh`; their eigenvalues below zero by no more
    than rounding errors count as zero. For whole exponents :func:`matrix_power` is faster, and
    keeps integers.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.fractional_matrix_power(np.array([[4.0, 0.0], [0.0, 9.0]]), 0.5)
    array([[2., 0.],
           [0., 3.]])
    """

@overload
def fractional_matrix_power(
    a: _Tensor, t: float, *, on_failure: _OnFailure = "raise"
) -> _Tensor: ...
@overload
def fractional_matrix_power(
    a: ArrayLike, t: float, *, on_failure: _OnFailure = "raise"
) -> NDArray[Any]: ...
@overload
def logm(a: NDArray[Any], *, on_failure: _OnFailure = "raise") -> NDArray[Any]:
    """Principal logarithms of square matrices.

    ``expm(x) = a``, with the imaginary parts of the eigenvalues of ``x`` in ``(-pi, pi]``.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is singular or holds a NaN: raise ``LinAlgError``,
        or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        Complex, but real for real matrices if the results of the whole batch are: those of
        matrices without a negative eigenvalue. In programs of JAX and compiled code of PyTorch
        always complex. In the library of ``a``. Integers count as float64; real results of
        float16 and bfloat16 are returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix has an eigenvalue that is exactly zero, and so no logarithm, holds a NaN or an
        infinity, is not square, or does not converge; ``index`` tells which in the batch.

    Notes
    -----
    Inverse scaling and squaring of the Schur form (A. H. Al-Mohy and N. J. Higham, SIAM J. Sci.
    Comput. 34, 2012), in double precision: a relative error of about ``cond * eps`` with the
    condition number of the logarithm. A rotation has a real logarithm up to the angle of pi. Of
    Hermitian matrices by :func:`eigh`.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.logm(np.array([[0.0, -1.0], [1.0, 0.0]])).round(6)
    array([[ 0.      , -1.570796],
           [ 1.570796,  0.      ]])
    """

@overload
def logm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def logm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def signm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Signs of square matrices.

    The matrix that commutes with ``a``, and whose eigenvalues are 1 where those of ``a`` are in
    the right half plane, and -1 where they are in the left one.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix without a sign, or one that holds a NaN: raise ``LinAlgError``,
        or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        An eigenvalue is on the imaginary axis, or so near to it that rounding errors decide on
        its side; a matrix holds a NaN or an infinity, is not square, or does not converge;
        ``index`` tells which in the batch.

    Notes
    -----
    The Schur form, with the eigenvalues of the left half plane first, and Sylvester's equation
    (LAPACK ``gees``, ``trsen``, ``trsyl``), in double precision.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.signm(np.array([[1e8, 0.0], [0.0, -1e-6]]))
    array([[ 1.,  0.],
           [ 0., -1.]])
    """

@overload
def signm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def signm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def signm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def sinhm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Hyperbolic sines of square matrices.

    ``a + a @ a @ a / 6 + ...``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index``
        tells which in the batch. A result that overflows is infinite or NaN.

    Notes
    -----
    The series of a scaled matrix, and the formulas of the double angle for the sine and for the
    cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
    Comput. 37, 2015), in double precision: small results keep their digits, too.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.sinhm(np.array([[0.0, 2e-10], [0.0, 0.0]]))
    array([[0.e+00, 2.e-10],
           [0.e+00, 0.e+00]])
    """

@overload
def sinhm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def sinhm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def sinhm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def sinm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Sines of square matrices.

    ``a - a @ a @ a / 6 + ...``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index``
        tells which in the batch. A result that overflows is infinite or NaN.

    Notes
    -----
    The series of a scaled matrix, and the formulas of the double angle for the sine and for the
    cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
    Comput. 37, 2015), in double precision: small results keep their digits, too.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.sinm(np.array([[0.0, 2.0], [0.0, 0.0]]))
    array([[0., 2.],
           [0., 0.]])
    """

@overload
def sinm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def sinm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def sinm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def sqrtm(a: NDArray[Any], *, on_failure: _OnFailure = "raise") -> NDArray[Any]:
    """Principal square roots of square matrices.

    ``x @ x = a``, with the eigenvalues of ``x`` in the right half plane; the root of a negative
    eigenvalue is on the positive imaginary axis.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix without a square root, or one that holds a NaN: raise ``LinAlgError``,
        or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        Complex, but real for real matrices if the results of the whole batch are: those of
        matrices without a negative eigenvalue. In programs of JAX and compiled code of PyTorch
        always complex. In the library of ``a``. Integers count as float64; real results of
        float16 and bfloat16 are returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix has no square root, as ``[[0, 1], [0, 0]]``, holds a NaN or an infinity, is not
        square, or does not converge; ``index`` tells which in the batch.

    Notes
    -----
    The Schur form and a recursion over it (A. Björck and S. Hammarling, 1983; N. J. Higham,
    1987; E. Deadman, N. J. Higham and R. Ralha, 2012), real for a real result, in double
    precision: ``norm(x @ x - a) <= c * n * eps * norm(x)**2``. Of Hermitian matrices by
    :func:`eigh`; their eigenvalues below zero by no more than rounding errors count as zero. Of
    real matrices up to order 4 by the iteration of Denman and Beavers (S. H. Cheng, N. J. Higham,
    C. S. Kenney and A. J. Laub, 2001), where its result is as accurate.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.sqrtm(np.array([[4.0, 1.0], [0.0, 4.0]]))
    array([[2.  , 0.25],
           [0.  , 2.  ]])
    >>> scirs2.linalg.sqrtm(np.array([[-4.0, 0.0], [0.0, 9.0]]))
    array([[0.+2.j, 0.+0.j],
           [0.+0.j, 3.+0.j]])
    """

@overload
def sqrtm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def sqrtm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def tanhm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Hyperbolic tangents of square matrices.

    ``inv(coshm(a)) @ sinhm(a)``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix whose hyperbolic cosine is singular, or that holds a NaN:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The hyperbolic cosine of a matrix is singular; it holds a NaN or an infinity, or is not square; ``index``
        tells which in the batch. A result that overflows is infinite or NaN.

    Notes
    -----
    The series of a scaled matrix, and the formulas of the double angle for the sine and for the
    cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
    Comput. 37, 2015), in double precision: small results keep their digits, too.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.tanhm(np.array([[0.0, 2.0], [0.0, 0.0]]))
    array([[0., 2.],
           [0., 0.]])
    """

@overload
def tanhm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def tanhm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def tanhm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def tanm(a: NDArray[_Kept], *, on_failure: _OnFailure = "raise") -> NDArray[_Kept]:
    """Tangents of square matrices.

    ``inv(cosm(a)) @ sinm(a)``, for each matrix of the last two axes.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix whose cosine is singular, or that holds a NaN:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        The cosine of a matrix is singular; it holds a NaN or an infinity, or is not square; ``index``
        tells which in the batch. A result that overflows is infinite or NaN.

    Notes
    -----
    The series of a scaled matrix, and the formulas of the double angle for the sine and for the
    cosine less the identity (after A. H. Al-Mohy, N. J. Higham and S. D. Relton, SIAM J. Sci.
    Comput. 37, 2015), in double precision: small results keep their digits, too.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.tanm(np.array([[0.0, 2.0], [0.0, 0.0]]))
    array([[0., 2.],
           [0., 0.]])
    """

@overload
def tanm(a: _ToFloat64, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def tanm(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def tanm(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...

# Decompositions.

@overload
def cdf2rdf(
    w: NDArray[_Real], v: NDArray[_Real], *, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[_Real], NDArray[_Real]]:
    """Real forms of the eigenvalues and eigenvectors of real matrices.

    ``v * w[..., None, :]`` becomes ``vr @ wr``: two conjugate eigenvalues ``x + y * 1j`` and ``x -
    y * 1j`` become a block ``[[x, y], [-y, x]]`` on the diagonal of ``wr``, and their
    vectors the real and the imaginary part of the first one times ``1j``, as in SciPy.

    Parameters
    ----------
    w : array_like, shape (..., n)
        Eigenvalues, each complex one followed by its conjugate, as :func:`eig` returns them.
    v : array_like, shape (..., n, n)
        Their eigenvectors in the columns.
    on_failure : {"raise", "nan"}, optional
        For eigenvalues that are not in pairs: raise ``LinAlgError``, or fill their results with
        NaN and compute the others.

    Returns
    -------
    wr : array, shape (..., n, n)
        Real.
    vr : array, shape (..., n, n)
        Real. Both in the library of the operands.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A complex eigenvalue is not followed by its conjugate; ``index`` tells which in the batch.

    Notes
    -----
    Exact: elements are copied, or negated.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> w, v = scirs2.linalg.eig(np.array([[0.0, -2.0], [2.0, 0.0]]))
    >>> scirs2.linalg.cdf2rdf(w, v)[0]
    array([[ 0.,  2.],
           [-2.,  0.]])
    """

@overload
def cdf2rdf(
    w: _Host, v: _Host, *, on_failure: _OnFailure = "raise"
) -> tuple[_Floating, _Floating]: ...
@overload
def cdf2rdf(
    w: _Tensor, v: _Tensor | _Plain, *, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, _Tensor]: ...
@overload
def cdf2rdf(
    w: _Plain, v: _Tensor, *, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, _Tensor]: ...
@overload
def cho_factor(
    a: NDArray[_Kept], lower: bool = False, *, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[_Kept], bool]:
    """Factor Hermitian positive definite matrices, to solve equations with them.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides, of which one triangle is
        read.
    lower : bool, optional
        Read the lower triangle and write ``L`` of ``a = L @ L.conj().mT`` there,
        instead of ``U`` of ``a = U.conj().mT @ U`` in the upper one.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is not positive definite: raise ``LinAlgError``, or fill its
        results with NaN and compute the others.

    Returns
    -------
    c : array, shape (..., n, n)
        The factors. The other triangle holds what ``a`` has there, or zeros beside a diagonal
        factor.
    lower : bool
        As it was given. Both together are what `cho_solve` takes.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is not positive definite: the message names the first leading minor
        that is not, ``index`` the matrix in the batch. A NaN does not count as such a
        minor: it propagates to the result. Or the last two dimensions differ.

    Notes
    -----
    LAPACK ``potrf``, in the memory of the result: nothing else is copied. `cholesky`
    gives the same factor with zeros in the other triangle, but its default is the lower
    one: pass ``(cholesky(a), True)`` to `cho_solve`.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> c, lower = scirs2.linalg.cho_factor(np.array([[4.0, 2.0], [2.0, 5.0]]))
    >>> scirs2.linalg.cho_solve((c, lower), np.array([6.0, 7.0]))
    array([1., 1.])
    """

@overload
def cho_factor(
    a: _ToFloat64, lower: bool = False, *, on_failure: _OnFailure = "raise"
) -> tuple[_Float64, bool]: ...
@overload
def cho_factor(
    a: _Tensor, lower: bool = False, *, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, bool]: ...
@overload
def cho_factor(
    a: ArrayLike, lower: bool = False, *, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[Any], bool]: ...
@overload
def cholesky(
    a: NDArray[_Kept],
    /,
    *,
    upper: bool = False,
    out: NDArray[_Kept] | None = None,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Kept]:
    """Cholesky factors of Hermitian positive definite matrices.

    ``a = L @ L.conj().mT`` with ``L`` lower triangular and a positive diagonal;
    with ``upper`` it is ``a = U.conj().mT @ U``.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides. Only one triangle is read:
        the lower, or with ``upper`` the upper one.
    upper : bool, optional
        Return ``U`` instead of ``L``.
    out : array, shape (..., n, n), optional
        Memory for the result, of its dtype.
    on_failure : {"raise", "nan"}, optional
        For a matrix that is not positive definite: raise ``LinAlgError``, or fill its
        results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n, n)
        The factors, in the library of ``a``; the other triangle is zero. Integers
        give float64; float16 and bfloat16 are computed in float32 and returned in
        their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is not positive definite. The message names the first leading minor
        that is not, ``index`` the matrix in the batch. A NaN does not count as such a
        minor: it propagates to the result.
    ValueError
        The last two dimensions differ, or ``out`` does not fit.

    Notes
    -----
    LAPACK ``potrf``, in the memory of the result: nothing else is copied. Backward
    stable: ``norm(a - L @ L.conj().mT) <= c * n * eps * norm(a)``. To solve with the
    factor, pass ``(cholesky(a), True)`` to `cho_solve`: the factor is lower triangular,
    while `cho_factor`, as in SciPy, is upper by default.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
    array([[2., 0.],
           [1., 2.]])
    """

@overload
def cholesky(
    a: _ToFloat64,
    /,
    *,
    upper: bool = False,
    out: _Float64 | None = None,
    on_failure: _OnFailure = "raise",
) -> _Float64: ...
@overload
def cholesky(
    a: _Tensor,
    /,
    *,
    upper: bool = False,
    out: _Tensor | None = None,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def cholesky(
    a: ArrayLike,
    /,
    *,
    upper: bool = False,
    out: NDArray[Any] | None = None,
    on_failure: _OnFailure = "raise",
) -> NDArray[Any]: ...
@overload
def eig(
    a: NDArray[Any], *, on_failure: _OnFailure = "raise"
) -> EigResult[NDArray[Any], NDArray[Any]]:
    """Eigenvalues and right eigenvectors of general matrices.

    ``a @ v[:, i] = w[i] * v[:, i]``, with vectors of length one.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        fill its results with NaN and compute the others.

    Returns
    -------
    eigenvalues : array, shape (..., n)
        Repeated according to multiplicity, in LAPACK's order; the two of a conjugate
        pair are adjacent. For real matrices they are real if every eigenvalue of the
        whole batch is, else complex.
    eigenvectors : array, shape (..., n, n)
        Column ``i`` belongs to value ``i``. Both come as a named tuple, in the
        library of ``a``. Integers count as float64; float16 and bfloat16 are computed
        in float32, and returned in their own dtype where they are real.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, is not square, or does not converge;
        ``index`` tells which in the batch.

    Notes
    -----
    LAPACK ``geev``, on a copy of one matrix per thread; for real matrices of up to 75
    rows its algorithm in a kernel. Single precision is decomposed in double.

    Both balance the matrix first: in ``b = inv(D) @ a @ D``, a diagonal ``D`` of powers of
    two makes rows and columns about equally long. They are backward stable for ``b``: each
    pair is exact for a matrix ``a + D @ e @ inv(D)`` with ``norm(e) <= c * n * eps *
    norm(b)``. Without balancing, as for most matrices, that is ``c * n * eps * norm(a)``; if
    the rows of ``a`` differ by many orders of magnitude, the residual can be larger than
    that, as in NumPy. For a defective matrix, several vectors are nearly the same. For
    Hermitian matrices :func:`eigh` is faster and more accurate.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> w, v = scirs2.linalg.eig(np.array([[0.0, -1.0], [1.0, 0.0]]))
    >>> w
    array([0.+1.j, 0.-1.j])
    >>> scirs2.linalg.eig(np.diag([1.0, 2.0])).eigenvalues
    array([1., 2.])
    """

@overload
def eig(a: _Tensor, *, on_failure: _OnFailure = "raise") -> EigResult[_Tensor, _Tensor]: ...
@overload
def eig(
    a: ArrayLike, *, on_failure: _OnFailure = "raise"
) -> EigResult[NDArray[Any], NDArray[Any]]: ...
@overload
def eigh(
    a: NDArray[_Real],
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> EighResult[NDArray[_Real], NDArray[_Real]]:
    """Eigenvalues and eigenvectors of Hermitian matrices.

    ``a @ v[:, i] = w[i] * v[:, i]`` with real ``w`` in ascending order and ``v``
    unitary; with ``b`` the generalized problem ``a @ v[:, i] = w[i] * b @ v[:, i]``.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides. Only one triangle is read,
        and the imaginary part of the diagonal counts as zero.
    UPLO : {"L", "U"}, optional
        The triangle that is read: the lower or the upper one.
    b : None or array_like, shape (..., n, n), optional
        Hermitian positive definite matrices of a generalized problem, in the library of
        ``a``; the same triangle is read, and the batches broadcast.
    type : {1, 2, 3}, optional
        With ``b`` the problem: 1 for ``a @ v = w * b @ v``, 2 for ``a @ b @ v = w * v``, 3 for
        ``b @ a @ v = w * v``.
    on_failure : {"raise", "nan"}, optional
        For a matrix that does not converge, or a ``b`` that is not positive definite:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    eigenvalues : array, shape (..., n)
        In ascending order, repeated according to multiplicity; real.
    eigenvectors : array, shape (..., n, n)
        Column ``i`` belongs to value ``i``. Both come as a named tuple, in the
        library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is not square, or does not converge, or its ``b`` is not positive
        definite; ``index`` tells which in the batch. A NaN or an infinity in what is read
        gives NaN.
    ValueError
        ``UPLO`` or ``type`` is none of these, or the shapes of ``a`` and ``b`` do not match.

    Notes
    -----
    LAPACK ``syevd`` and ``heevd``, in the memory of the vectors, and ``syev`` and ``heev``
    if those lose the orthogonality of the vectors. Real matrices of up to four rows, and
    many at once of up to 40, by Jacobi's rotations; others of up to 96 by QL steps, as
    ``steqr``, in double precision. Backward stable: ``norm(a - v * w @ v.conj().mT) <= c *
    n * eps * norm(a)``, and each eigenvalue is accurate to the same bound.

    In each vector the first element whose modulus is at least 0.999 of the largest is
    real and positive. So the sign does not depend on the algorithm or on the batch.
    Other libraries may choose other signs. Vectors of equal values span the same
    space as theirs.

    With ``b = L @ L.conj().mT``, which is LAPACK ``potrf``, the generalized problem becomes that
    of ``inv(L) @ a @ inv(L).conj().mT``, or for the types 2 and 3 of ``L.conj().mT @ a @ L``.
    Then ``v.conj().mT @ b @ v`` is the identity, or for type 3 ``v.conj().mT @ inv(b) @ v``.
    The error of a value is ``c * n * eps * norm(a) * norm(inv(b))`` for the types with
    ``b`` on the right: an ill-conditioned ``b`` costs digits, as in LAPACK. This takes memory
    of the size of ``a`` four times.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> w, v = scirs2.linalg.eigh(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> w.round(12)
    array([1., 3.])
    >>> abs(v).round(4)
    array([[0.7071, 0.7071],
           [0.7071, 0.7071]])
    >>> stiffness, mass = np.array([[6.0, 0.0], [0.0, 4.0]]), np.diag([2.0, 1.0])
    >>> scirs2.linalg.eigh(stiffness, b=mass).eigenvalues.round(12)
    array([3., 4.])
    """

@overload
def eigh(
    a: NDArray[_Complex],
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> EighResult[_Floating, NDArray[_Complex]]: ...
@overload
def eigh(
    a: _ToFloat64,
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> EighResult[_Float64, _Float64]: ...
@overload
def eigh(
    a: _Tensor,
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> EighResult[_Tensor, _Tensor]: ...
@overload
def eigh(
    a: ArrayLike,
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> EighResult[NDArray[Any], NDArray[Any]]: ...
@overload
def eigvals(a: NDArray[Any], *, on_failure: _OnFailure = "raise") -> NDArray[Any]:
    """Eigenvalues of general matrices.

    As :func:`eig` without the vectors.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n)
        Repeated according to multiplicity, in LAPACK's order; the two of a conjugate
        pair are adjacent. For real matrices they are real if every eigenvalue of the
        whole batch is, else complex. In the library of ``a``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, is not square, or does not converge;
        ``index`` tells which in the batch.

    Notes
    -----
    LAPACK ``geev``, on a copy of one matrix per thread; for real matrices of up to 75
    rows its algorithm in a kernel. Single precision is decomposed in double. As accurate
    as the values of :func:`eig`: backward stable for the balanced matrix.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.eigvals(np.array([[1.0, 5.0], [0.0, 2.0]]))
    array([1., 2.])
    """

@overload
def eigvals(a: _Tensor, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def eigvals(a: ArrayLike, *, on_failure: _OnFailure = "raise") -> NDArray[Any]: ...
@overload
def eigvalsh(
    a: NDArray[_Real],
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> NDArray[_Real]:
    """Eigenvalues of Hermitian matrices.

    As :func:`eigh` without the vectors.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides. Only one triangle is read,
        and the imaginary part of the diagonal counts as zero.
    UPLO : {"L", "U"}, optional
        The triangle that is read: the lower or the upper one.
    b : None or array_like, shape (..., n, n), optional
        Hermitian positive definite matrices of a generalized problem, in the library of
        ``a``; the same triangle is read, and the batches broadcast.
    type : {1, 2, 3}, optional
        With ``b`` the problem: 1 for ``a @ v = w * b @ v``, 2 for ``a @ b @ v = w * v``, 3 for
        ``b @ a @ v = w * v``.
    on_failure : {"raise", "nan"}, optional
        For a matrix that does not converge, or a ``b`` that is not positive definite:
        raise ``LinAlgError``, or fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., n)
        In ascending order, repeated according to multiplicity; real, in the library of
        ``a``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix is not square, or does not converge, or its ``b`` is not positive
        definite; ``index`` tells which in the batch. A NaN or an infinity in what is read
        gives NaN.
    ValueError
        ``UPLO`` or ``type`` is none of these, or the shapes of ``a`` and ``b`` do not match.

    Notes
    -----
    LAPACK ``sytrd`` and ``hetrd``, on a copy of one matrix per thread, then QL steps in
    double precision; Jacobi's rotations where :func:`eigh` has them. Each value is accurate
    to ``c * n * eps * norm(a)``, even if LAPACK's own ``sterf`` loses all digits to an
    underflow, as for adjacency matrices of sparse graphs in single precision.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.eigvalsh(np.array([[2.0, 0.0], [0.0, 1.0]]))
    array([1., 2.])
    """

@overload
def eigvalsh(
    a: NDArray[np.complexfloating[Any, Any]],
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> _Floating: ...
@overload
def eigvalsh(
    a: _ToFloat64,
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> _Float64: ...
@overload
def eigvalsh(
    a: _Tensor,
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> _Tensor: ...
@overload
def eigvalsh(
    a: ArrayLike,
    UPLO: _Triangle = "L",
    *,
    b: ArrayLike | _SupportsDLPack | None = None,
    type: Literal[1, 2, 3] = 1,
    on_failure: _OnFailure = "raise",
) -> _Floating: ...
@overload
def lu_factor(
    a: NDArray[_Kept], *, on_failure: _OnFailure = "raise"
) -> LUFactorResult[NDArray[_Kept], NDArray[np.int32]]:
    """LU factors in one matrix, to solve equations with them.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its
        results with NaN and compute the others; its pivots are -1.

    Returns
    -------
    LU : array, shape (..., m, n)
        ``U``, and below its diagonal ``L`` without its ones. Integers give float64;
        float16 and bfloat16 are computed in float32 and returned in their own dtype.
    pivots : array, shape (..., min(m, n))
        Row ``i`` was exchanged with row ``pivots[i]``, one after the other; int32. Rows
        count from 0, as in SciPy; in PyTorch they count from 1, so ``pivots + 1`` is what
        ``torch.linalg.lu_solve`` takes. Both come as a named tuple, which `lu_solve`
        takes.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity; ``index`` is its place in the batch.

    Notes
    -----
    LAPACK ``getrf`` on a copy of each matrix. A singular matrix is factored, too;
    `lu_solve` raises an error for it.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> lu, piv = scirs2.linalg.lu_factor(np.array([[1.0, 2.0], [2.0, 8.0]]))
    >>> scirs2.linalg.lu_solve((lu, piv), np.array([3.0, 10.0]))
    array([1., 1.])
    """

@overload
def lu_factor(
    a: _ToFloat64, *, on_failure: _OnFailure = "raise"
) -> LUFactorResult[_Float64, NDArray[np.int32]]: ...
@overload
def lu_factor(
    a: _Tensor, *, on_failure: _OnFailure = "raise"
) -> LUFactorResult[_Tensor, _Tensor]: ...
@overload
def lu_factor(
    a: ArrayLike, *, on_failure: _OnFailure = "raise"
) -> LUFactorResult[NDArray[Any], NDArray[np.int32]]: ...
@overload
def matrix_balance(
    A: NDArray[_Real], permute: bool = True, scale: bool = True, separate: bool = False
) -> tuple[NDArray[_Real], NDArray[_Real]]:
    """Matrices with the same eigenvalues, balanced so that these are computed accurately.

    ``B = inv(T) @ A @ T`` where ``T`` is a permutation, which isolates eigenvalues, times a
    diagonal of powers of two, which makes the rows and columns about equally long.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
        Matrices, of any DLPack library and any strides.
    permute : bool, optional
        Exchange rows and columns.
    scale : bool, optional
        Scale rows and columns.
    separate : bool, optional
        Return the diagonal and the permutation instead of ``T``.

    Returns
    -------
    B : array, shape (..., n, n)
        Integers give float64; float16 and bfloat16 are computed in float32 and returned in
        their own dtype.
    T : array, shape (..., n, n)
        Real. With ``separate`` a tuple of the diagonal and of the row of ``T`` for each of
        its elements: ``T[perm[i], i] = scale[i]``. All are in the library of ``A``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN or an infinity, or is not square; ``index`` tells which in the
        batch.

    Notes
    -----
    LAPACK ``gebal``. Nothing is rounded, unless a product with a power of two underflows.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> B, T = scirs2.linalg.matrix_balance(np.array([[1.0, 1024.0], [1.0, 1.0]]))
    >>> B
    array([[ 1., 32.],
           [32.,  1.]])
    """

@overload
def matrix_balance(
    A: NDArray[_Complex], permute: bool = True, scale: bool = True, separate: bool = False
) -> tuple[NDArray[_Complex], _Floating]: ...
@overload
def matrix_balance(
    A: _ToFloat64, permute: bool = True, scale: bool = True, separate: bool = False
) -> tuple[_Float64, _Float64]: ...
@overload
def matrix_balance(
    A: _Tensor, permute: bool = True, scale: bool = True, separate: bool = False
) -> tuple[_Tensor, _Tensor]: ...
@overload
def matrix_balance(
    A: ArrayLike, permute: bool = True, scale: bool = True, separate: bool = False
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def null_space(A: NDArray[_Kept], rcond: float | None = None) -> NDArray[_Kept]:
    """Orthonormal bases of the vectors that matrices map to zero.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    rcond : None or float, optional
        Singular values of at most ``rcond`` times the largest count as zero. None means
        ``max(m, n) * eps``.

    Returns
    -------
    array, shape (..., n, n - rank)
        The bases in their columns, in the library of ``A``. Integers give float64; float16
        and bfloat16 are computed in float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
    ValueError
        The matrices of a batch have different ranks, so that their bases do not fit into one
        array.
    MemoryError
        The square matrices of all vectors need more memory than there is.

    Notes
    -----
    The rows of ``Vh`` of :func:`svd`, conjugated, that belong to singular values up to the
    threshold, or to none.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.array([[3.0, 4.0]])
    >>> v = scirs2.linalg.null_space(a)
    >>> v.shape, bool(abs(a @ v)[0, 0] < 1e-15)
    ((2, 1), True)
    """

@overload
def null_space(A: _ToFloat64, rcond: float | None = None) -> _Float64: ...
@overload
def null_space(A: _Tensor, rcond: float | None = None) -> _Tensor: ...
@overload
def null_space(A: ArrayLike, rcond: float | None = None) -> NDArray[Any]: ...
@overload
def orth(A: NDArray[_Kept], rcond: float | None = None) -> NDArray[_Kept]:
    """Orthonormal bases of what the columns of matrices span.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    rcond : None or float, optional
        Singular values of at most ``rcond`` times the largest count as zero. None means
        ``max(m, n) * eps``.

    Returns
    -------
    array, shape (..., m, rank)
        The bases in their columns, in the library of ``A``. Integers give float64; float16
        and bfloat16 are computed in float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
    ValueError
        The matrices of a batch have different ranks, so that their bases do not fit into one
        array.

    Notes
    -----
    The vectors ``U`` of :func:`svd` that belong to singular values above the threshold.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.orth(np.array([[3.0, 6.0], [4.0, 8.0]])).round(12)
    array([[0.6],
           [0.8]])
    """

@overload
def orth(A: _ToFloat64, rcond: float | None = None) -> _Float64: ...
@overload
def orth(A: _Tensor, rcond: float | None = None) -> _Tensor: ...
@overload
def orth(A: ArrayLike, rcond: float | None = None) -> NDArray[Any]: ...
@overload
def orthogonal_procrustes(A: NDArray[_Kept], B: NDArray[_Kept]) -> tuple[NDArray[_Kept], Any]:
    """The rotations that bring matrices nearest to others.

    The unitary ``R`` for which ``norm(A @ R - B)`` is the smallest, in the Frobenius norm:
    the orthogonal Procrustes problem.

    Parameters
    ----------
    A, B : array_like, shape (..., m, n)
        Matrices, of one DLPack library and any strides; their batches broadcast.

    Returns
    -------
    R : array, shape (..., n, n)
    scale : array, shape (...)
        The sum of the singular values of ``A.conj().mT @ B``; real. Both are in the library
        of the operands. Integers give float64; float16 and bfloat16 are computed in float32
        and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A product of two matrices holds a NaN, or does not converge; ``index`` tells which in
        the batch.
    ValueError
        The shapes do not match.

    Notes
    -----
    ``R = U @ Vh`` for the singular value decomposition ``A.conj().mT @ B = U * S @ Vh``. It
    may contain a reflection: its determinant is 1 or -1.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> A = np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> R, scale = scirs2.linalg.orthogonal_procrustes(A, A @ np.array([[0.0, 1.0], [-1.0, 0.0]]))
    >>> R.round(12) + 0.0
    array([[ 0.,  1.],
           [-1.,  0.]])
    """

@overload
def orthogonal_procrustes(A: _Host, B: _Host) -> tuple[NDArray[Any], Any]: ...
@overload
def orthogonal_procrustes(A: _Tensor, B: _Tensor | _Plain) -> tuple[_Tensor, _Tensor]: ...
@overload
def orthogonal_procrustes(A: _Plain, B: _Tensor) -> tuple[_Tensor, _Tensor]: ...
@overload
def polar(
    a: NDArray[_Kept], side: Literal["right", "left"] = "right"
) -> tuple[NDArray[_Kept], NDArray[_Kept]]:
    """Polar factors: a rotation, or the nearest to one, and a stretch.

    ``a = u @ p``, or with ``side="left"`` ``a = p @ u``, with ``p`` Hermitian and positive
    semidefinite. ``u`` has orthonormal columns, or rows if there are more columns than rows,
    and of all such matrices it is the nearest to ``a``.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    side : {"right", "left"}, optional
        The side of ``u`` that ``p`` is on.

    Returns
    -------
    u : array, shape (..., m, n)
    p : array, shape (..., n, n) or (..., m, m)
        Exactly Hermitian. Both are in the library of ``a``. Integers give float64; float16
        and bfloat16 are computed in float32 and returned in their own dtype.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the batch. One
        that holds an infinity gives NaN.
    ValueError
        ``side`` is neither of these.

    Notes
    -----
    From the singular values: ``a = U * S @ Vh`` gives ``u = U @ Vh`` and ``p = Vh.conj().mT
    * S @ Vh`` or ``U * S @ U.conj().mT``. Backward stable: ``norm(a - u @ p) <= c * max(m, n)
    * eps * norm(a)``. ``u`` is unique if ``a`` has full rank. Of a batch only the matrices
    in work take memory for the decomposition.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> u, p = scirs2.linalg.polar(np.array([[0.0, -2.0], [3.0, 0.0]]))
    >>> u.round(12) + 0.0
    array([[ 0., -1.],
           [ 1.,  0.]])
    >>> p.round(12) + 0.0
    array([[3., 0.],
           [0., 2.]])
    """

@overload
def polar(a: _ToFloat64, side: Literal["right", "left"] = "right") -> tuple[_Float64, _Float64]: ...
@overload
def polar(a: _Tensor, side: Literal["right", "left"] = "right") -> tuple[_Tensor, _Tensor]: ...
@overload
def polar(
    a: ArrayLike, side: Literal["right", "left"] = "right"
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def rq(
    a: NDArray[_Kept], mode: Literal["full", "economic", "r"] = "full"
) -> tuple[NDArray[_Kept], NDArray[_Kept]]:
    """Factors with the triangle on the left.

    ``a = R @ Q`` with the rows of ``Q`` orthonormal and ``R`` upper triangular: its last column
    is full, and the diagonal that ends there is the last that is not zero.

    Parameters
    ----------
    a : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    mode : {"full", "economic", "r"}, optional
        "full" returns a square ``Q``; "economic" one of ``k = min(m, n)`` rows; "r" returns
        only the ``R`` of "full".

    Returns
    -------
    R : array, shape (..., m, n) or (..., m, k)
    Q : array, shape (..., n, n) or (..., k, n)
        In the library of ``a``. Integers give float64; float16 and bfloat16 are computed in
        float32 and returned in their own dtype.

    Raises
    ------
    ValueError
        ``mode`` is none of these.
    MemoryError
        "full" asks for more memory than there is.

    Notes
    -----
    From the QR factors of the adjoint with its columns in reverse order, which is copied:
    LAPACK ``geqrf``, not ``gerqf``. Backward stable: ``norm(a - R @ Q) <= c * n * eps *
    norm(a)``. A NaN or an infinity propagates to the factors.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> a = np.array([[3.0, 4.0], [0.0, 5.0]])
    >>> R, Q = scirs2.linalg.rq(a)
    >>> (R @ Q).round(12) + 0.0
    array([[3., 4.],
           [0., 5.]])
    """

@overload
def rq(
    a: _ToFloat64, mode: Literal["full", "economic", "r"] = "full"
) -> tuple[_Float64, _Float64]: ...
@overload
def rq(a: _Tensor, mode: Literal["full", "economic", "r"] = "full") -> tuple[_Tensor, _Tensor]: ...
@overload
def rq(
    a: ArrayLike, mode: Literal["full", "economic", "r"] = "full"
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def rsf2csf(
    t: _Host, z: _Host, *, on_failure: _OnFailure = "raise"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Complex Schur forms of real ones.

    The same ``t`` and ``z`` with a triangular, complex ``t``: ``z @ t @ z.conj().T`` stays what it
    is.

    Parameters
    ----------
    t : array_like, shape (..., n, n)
        Real Schur forms, as :func:`schur` returns them. What is below their blocks is not read.
    z : array_like, shape (..., n, n)
        Their unitary factors.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its results
        with NaN and compute the others.

    Returns
    -------
    T : array, shape (..., n, n)
        The forms, complex.
    Z : array, shape (..., n, n)
        The factors, complex. In the library of the operands.

    Raises
    ------
    scirs2.linalg.LinAlgError
        An operand holds a NaN or an infinity, or is not square; ``index`` tells which in the
        batch.

    Notes
    -----
    One rotation for each block, in double precision: backward stable. ``schur(a, "complex")``
    does both steps in one.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> t, z = scirs2.linalg.schur(np.array([[0.0, -2.0], [2.0, 0.0]]))
    >>> scirs2.linalg.rsf2csf(t, z)[0].diagonal()
    array([0.+2.j, 0.-2.j])
    """

@overload
def rsf2csf(
    t: _Tensor, z: _Tensor | _Plain, *, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, _Tensor]: ...
@overload
def rsf2csf(
    t: _Plain, z: _Tensor, *, on_failure: _OnFailure = "raise"
) -> tuple[_Tensor, _Tensor]: ...
@overload
def subspace_angles(A: NDArray[_Real], B: NDArray[_Real]) -> NDArray[_Real]:
    """Angles between what the columns of two matrices span.

    Parameters
    ----------
    A : array_like, shape (..., m, p)
        Matrices, of any DLPack library and any strides.
    B : array_like, shape (..., m, q)
        Matrices of as many rows, in the library of ``A``; the batches broadcast.

    Returns
    -------
    array, shape (..., k)
        The principal angles, the largest first, in radians: as many as the smaller rank;
        real, in the library of the operands.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which pair of the batch.
    ValueError
        The matrices have different numbers of rows. Or the pairs of a batch have different
        numbers of angles, which do not fit into one array.

    Notes
    -----
    From the sine below 45 degrees, and from the cosine above, so that angles near zero and
    near a right angle have an error of ``c * m * eps`` (Å. Björck, G. H. Golub, Mathematics of
    Computation 27, 1973). SciPy chooses between the two by the cosine of another angle of the
    same pair, and can lose half of the digits.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.subspace_angles(np.array([[1.0], [0.0]]), np.array([[1.0], [1e-12]]))
    array([1.e-12])
    """

@overload
def subspace_angles(A: _Host, B: _Host) -> _Floating: ...
@overload
def subspace_angles(A: _Tensor, B: _Tensor | _Plain) -> _Tensor: ...
@overload
def subspace_angles(A: _Plain, B: _Tensor) -> _Tensor: ...
@overload
def svdvals(x: NDArray[_Real], /, *, on_failure: _OnFailure = "raise") -> NDArray[_Real]:
    """Singular values.

    As :func:`svd` without the vectors.

    Parameters
    ----------
    x : array_like, shape (..., m, n)
        Matrices, of any DLPack library and any strides.
    on_failure : {"raise", "nan"}, optional
        For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
        fill its results with NaN and compute the others.

    Returns
    -------
    array, shape (..., min(m, n))
        In descending order; real, in the library of ``x``.

    Raises
    ------
    scirs2.linalg.LinAlgError
        A matrix holds a NaN, or does not converge; ``index`` tells which in the
        batch. One that holds an infinity gives NaN.

    Notes
    -----
    LAPACK ``gesdd``, on a copy of one matrix per thread; Jacobi's rotations where
    :func:`svd` has them, and for other real matrices up to 96 rows and columns the
    reflections of ``gebd2`` in double precision, then ``bdsqr``. Each value is accurate
    to ``(c * max(m, n) + 50) * eps * norm(x)``.

    Examples
    --------
    >>> import numpy as np, scirs2
    >>> scirs2.linalg.svdvals(np.array([[0.0, -2.0], [1.0, 0.0]]))
    array([2., 1.])
    """

@overload
def svdvals(
    x: NDArray[np.complexfloating[Any, Any]], /, *, on_failure: _OnFailure = "raise"
) -> _Floating: ...
@overload
def svdvals(x: _ToFloat64, /, *, on_failure: _OnFailure = "raise") -> _Float64: ...
@overload
def svdvals(x: _Tensor, /, *, on_failure: _OnFailure = "raise") -> _Tensor: ...
@overload
def svdvals(x: ArrayLike, /, *, on_failure: _OnFailure = "raise") -> _Floating: ...
