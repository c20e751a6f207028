"""`scipy.linalg` for tensors of any library: SciPy's names, signatures and defaults.

Each function is that of `scirs2.linalg` with SciPy's arguments. The flags that are about memory
or LAPACK's routines are accepted: inputs are never written, whatever ``overwrite_a`` says, work
space is found without ``lwork``, and every driver is the one algorithm of the function.
"""

from ...linalg import LinAlgError
from ._arguments import LinAlgWarning
from ._decompositions import (
    cho_factor,
    cho_solve,
    cholesky,
    lu,
    lu_factor,
    lu_solve,
    null_space,
    orth,
    orthogonal_procrustes,
    polar,
    qr,
    qr_multiply,
    rq,
    subspace_angles,
    svd,
    svdvals,
)
from ._eigenvalues import (
    eig,
    eigh,
    eigvals,
    eigvalsh,
    matrix_balance,
)
from ._others import (
    bandwidth,
    block_diag,
    diagsvd,
    ishermitian,
    issymmetric,
    khatri_rao,
    norm,
    toeplitz,
)
from ._systems import (
    det,
    inv,
    lstsq,
    pinv,
    pinvh,
    solve,
    solve_triangular,
)

__all__ = [
    "LinAlgError",
    "LinAlgWarning",
    "bandwidth",
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "det",
    "diagsvd",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "ishermitian",
    "issymmetric",
    "khatri_rao",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "matrix_balance",
    "norm",
    "null_space",
    "orth",
    "orthogonal_procrustes",
    "pinv",
    "pinvh",
    "polar",
    "qr",
    "qr_multiply",
    "rq",
    "solve",
    "solve_triangular",
    "subspace_angles",
    "svd",
    "svdvals",
    "toeplitz",
]
