"""Matrices that hurt, the layouts they come in, and the measure of an error.

Every test of linear algebra draws from here, so that each function meets each
matrix.
"""

import numpy as np

FLOATS = ["float32", "float64", "complex64", "complex128"]
# Each batch, and how many matrices it holds.
BATCHES = [(), (1,), (3,), (2, 3), (0,), (2, 0, 3)]


def eps(dtype):
    """Return the unit in the last place of one."""
    return np.finfo(dtype).eps


def tiny(dtype):
    """Return the smallest normal number."""
    return np.finfo(dtype).tiny


def random(shape, dtype="float64", seed=0):
    """Draw normal numbers."""
    source = np.random.default_rng(seed)
    values = source.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * source.standard_normal(shape)
    return values.astype(dtype)


def orthogonal(n, dtype="float64", seed=0):
    """Draw a unitary matrix."""
    return np.linalg.qr(random((n, n), dtype, seed))[0].astype(dtype)


def with_singular_values(values, dtype="float64", seed=0):
    """Make a square matrix of these singular values."""
    n = len(values)
    left, right = orthogonal(n, dtype, seed), orthogonal(n, dtype, seed + 1)
    return (left * np.asarray(values)) @ right


def hilbert(n, dtype="float64"):
    """Make the classic ill-conditioned matrix."""
    return (1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)).astype(dtype)


def _extreme(dtype, power):
    # The same distance from the ends of the range for each precision.
    return dtype.type(0).real.dtype.type(10.0) ** (power if eps(dtype) < 1e-10 else power * 0.16)


# Name -> matrix of that order and dtype.
GENERAL = {
    "random": lambda n, dtype: random((n, n), dtype),
    "graded": lambda n, dtype: random((n, n), dtype) * (10.0 ** -np.arange(n)).astype(dtype),
    "large": lambda n, dtype: (random((n, n), dtype) * _extreme(dtype, 200)).astype(dtype),
    "small": lambda n, dtype: (random((n, n), dtype) * _extreme(dtype, -200)).astype(dtype),
    "denormal": lambda n, dtype: (random((n, n), dtype) * tiny(dtype)).astype(dtype),
    "Hilbert": hilbert,
    "rank deficient": lambda n, dtype: (
        random((n, max(n // 2, 1)), dtype) @ random((max(n // 2, 1), n), dtype, 1)
    ),
    "defective": lambda n, dtype: (2 * np.eye(n) + np.eye(n, k=1)).astype(dtype),
    "repeated": lambda n, dtype: (
        (orthogonal(n, dtype) * np.repeat([1, 3], [n - n // 2, n // 2])).astype(dtype)
        @ orthogonal(n, dtype).conj().T
    ),
    "non-normal": lambda n, dtype: (
        np.triu(random((n, n), dtype) * 100, 1) + np.diag(np.arange(n)).astype(dtype)
    ),
    "zero": lambda n, dtype: np.zeros((n, n), dtype),
    "identity": lambda n, dtype: np.eye(n, dtype=dtype),
}


# NumPy's other libraries round otherwise than OpenBLAS, which is ours too.
HAS_OPENBLAS = "openblas" in np.show_config("dicts")["Build Dependencies"]["lapack"]["name"]


def rounding_decides(name, dtype):
    """Whether NumPy and we may differ on whether the matrix of that name is singular.

    The last pivot of the one that lacks rank is zero or a rounding error. NumPy factors in
    double precision whatever the dtype, so in single precision the errors are others.
    """
    return name == "rank deficient" and (eps(dtype) > 1e-10 or not HAS_OPENBLAS)


def refused(function, *operands):
    """Return whether a function says that an operand is singular."""
    try:
        with np.errstate(all="ignore"):
            function(*operands)
    except np.linalg.LinAlgError as error:
        assert "singular" in str(error).lower()  # noqa: PT017 - two functions, either of which may answer
        return True
    return False


def general(name, n, dtype="float64"):
    """Make the matrix of that name."""
    dtype = np.dtype(dtype)
    with np.errstate(all="ignore"):
        return GENERAL[name](n, dtype)


def hermitian(name, n, dtype="float64"):
    """Make the Hermitian part of the matrix of that name."""
    a = general(name, n, dtype)
    return (a / 2 + a.conj().T / 2).astype(dtype)


def positive_definite(n, dtype="float64", seed=0, condition=100.0):
    """Make a Hermitian matrix with eigenvalues from 1 / condition to 1."""
    q = orthogonal(n, dtype, seed)
    values = np.geomspace(1, 1 / condition, n) if n else np.ones(0)
    a = (q * values.astype(dtype)) @ q.conj().T
    return ((a + a.conj().T) / 2).astype(dtype)


def _strided(a):
    buffer = np.zeros((*a.shape[:-2], 2 * a.shape[-2], 3 * a.shape[-1]), a.dtype)
    buffer[..., ::2, ::3] = a
    return buffer[..., ::2, ::3]


def _reversed(a):
    return np.ascontiguousarray(a[..., ::-1, ::-1])[..., ::-1, ::-1]


def _read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


# Name -> the same matrices, lying otherwise.
LAYOUTS = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2),
    "strided": _strided,
    "reversed": _reversed,
    "read-only": _read_only,
}


def norm(a):
    """Return the Frobenius norm of each matrix, without overflow."""
    a = np.asarray(a)
    wide = a.astype(np.clongdouble if a.dtype.kind == "c" else np.longdouble)
    return np.sqrt((np.abs(wide) ** 2).sum(axis=(-2, -1)))


def wide(a):
    """Return `a` in extended precision, to multiply without an error of note."""
    a = np.asarray(a)
    return a.astype(np.clongdouble if a.dtype.kind == "c" else np.longdouble)


def residual(expected, *factors, of=None):
    """Return ``norm(expected - product of factors)`` in units of ``eps * norm(of)``.

    `of` is `expected` where it is not given. What lies below the smallest normal
    number counts as nothing: no algorithm can do better there.
    """
    expected = np.asarray(expected)
    product = wide(factors[0])
    for factor in factors[1:]:
        product = product @ wide(factor)
    error = norm(wide(expected) - product)
    scale = norm(expected if of is None else of)
    count = max(expected.shape[-1] * expected.shape[-2], 1)
    unit = eps(expected.dtype) * scale + count * tiny(expected.dtype)
    return float(np.max(error / unit, initial=0.0))


def backward_error(a, x, b):
    """Return ``norm(a @ x - b)`` in units of ``eps * norm(a) * norm(x)``.

    Vectors come as matrices of one column. The spacing of subnormal numbers is
    allowed for.
    """
    a, x, b = np.asarray(a), np.asarray(x), np.asarray(b)
    error = norm(wide(a) @ wide(x) - wide(b))
    spacing = tiny(a.dtype) * eps(a.dtype)
    unit = eps(a.dtype) * norm(a) * norm(x) + max(b.shape[-1] * b.shape[-2], 1) * spacing
    return float(np.max(error / unit, initial=0.0))


def departure(q):
    """Return how far columns are from orthonormal, in units of eps."""
    q = np.asarray(q)
    gram = wide(q).conj().swapaxes(-1, -2) @ wide(q)
    return float(np.max(norm(gram - np.eye(q.shape[-1])) / eps(q.dtype), initial=0.0))
