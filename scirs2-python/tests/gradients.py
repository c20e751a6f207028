"""Functions that are smooth at their operands, for tests of derivatives.

Results that are only defined up to a phase or sign go through a map that does not see it.
"""

import math

import numpy as np
import torch
from scirs2 import linalg

DTYPES = (torch.float64, torch.complex128)
N = 3


def numbers(*shape, dtype=torch.float64, seed=0):
    """Normally distributed numbers, the same each time."""
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def regular(*shape, dtype, seed=0):
    """Matrices that are far from singular, with singular values far from one another."""
    a = numbers(*shape, dtype=dtype, seed=seed)
    u, _, vh = torch.linalg.svd(a, full_matrices=False)
    s = torch.arange(1, min(shape[-2:]) + 1, dtype=torch.float64)
    return ((u * s.to(dtype)) @ vh).clone()


def constant(like, array):
    """A constant of an array's library, PyTorch or JAX."""
    if isinstance(like, torch.Tensor):
        return torch.from_numpy(array).to(like.dtype)
    return array.astype(like.dtype)


def adjoint(a):
    """The conjugate of the transpose."""
    return a.mT.conj()


def hermitian(a):
    """The Hermitian part: derivatives are in the space of such matrices."""
    return (a + adjoint(a)) / 2


def definite(a):
    """A definite matrix."""
    return hermitian(a) + constant(a, 6 * np.eye(a.shape[-1]))


def projectors(v):
    """The projectors of the columns, which do not see phases."""
    return v[..., :, None, :] * v.conj()[..., None, :, :]


class Case:
    """A function, and what it takes: the shapes of regular matrices."""

    def __init__(self, function, *shapes):
        self.function, self.shapes = function, shapes

    def operands(self, dtype, batch=(), broadcast=False):
        """The operands, which need gradients; of a broadcast batch, all but the first one."""
        batches = [
            batch if place == 0 or not broadcast else () for place in range(len(self.shapes))
        ]
        made = [
            regular(*own, *shape, dtype=dtype, seed=place)
            if len(shape) == 2
            else numbers(*own, *shape, dtype=dtype, seed=place)
            for place, (own, shape) in enumerate(zip(batches, self.shapes, strict=True))
        ]
        return tuple(one.requires_grad_() for one in made)


def _svd(full):
    def invariant(a):
        u, s, vh = linalg.svd(a, full_matrices=full)
        k = s.shape[-1]
        results = [s, u[..., :k] @ vh[..., :k, :]]
        if u.shape[-1] > k:
            results.append(u[..., k:] @ adjoint(u[..., k:]))
        if vh.shape[-2] > k:
            results.append(adjoint(vh[..., k:, :]) @ vh[..., k:, :])
        return tuple(results)

    return invariant


def _lu(a):
    _, low, up = linalg.lu(a, p_indices=True)
    return low, up


def _eigenprojectors(a):
    w, v = linalg.eigh(hermitian(a))
    return w, projectors(v)


def _generalized(type, uplo):
    def function(a, b):
        w, v = linalg.eigh(hermitian(a), uplo, b=definite(b), type=type)
        return w, projectors(v)

    return function


def spread(a):
    """Matrices with real eigenvalues, if they are real."""
    return a + constant(a, np.diag([0.0, 9.0, 18.0]))


def _eig(a):
    w, v = linalg.eig(spread(a))
    return w, projectors(v)


def _qr_complete(a):
    q, r = linalg.qr(a, "complete")
    k = min(a.shape[-2:])
    return q[..., :k], r, q[..., k:] @ adjoint(q[..., k:])


SQUARE, TALL, WIDE, VECTOR, COLUMNS = (N, N), (4, 2), (2, 4), (N,), (N, 2)

CASES = {
    "matmul": Case(linalg.matmul, (3, 4), (4, 2)),
    "matvec": Case(linalg.matvec, (3, 4), (4,)),
    "vecmat": Case(linalg.vecmat, (3,), (3, 4)),
    "solve": Case(linalg.solve, SQUARE, COLUMNS),
    "inv": Case(linalg.inv, SQUARE),
    "det": Case(linalg.det, SQUARE),
    "slogdet": Case(lambda a: tuple(linalg.slogdet(a)), SQUARE),
    "cholesky": Case(lambda a: linalg.cholesky(definite(a)), SQUARE),
    "cholesky upper": Case(lambda a: linalg.cholesky(definite(a), upper=True), SQUARE),
    "eigh": Case(_eigenprojectors, SQUARE),
    "eigvalsh": Case(lambda a: linalg.eigvalsh(hermitian(a), "U"), SQUARE),
    "eig": Case(_eig, SQUARE),
    "eig of pairs": Case(lambda a: linalg.eig(a)[0], SQUARE),
    "eigvals": Case(lambda a: linalg.eigvals(spread(a)), SQUARE),
    "svd": Case(_svd(False), SQUARE),
    "svd tall": Case(_svd(False), TALL),
    "svd wide": Case(_svd(False), WIDE),
    "svd full": Case(_svd(True), TALL),
    "svd full wide": Case(_svd(True), WIDE),
    "svdvals": Case(linalg.svdvals, TALL),
    "qr": Case(lambda a: tuple(linalg.qr(a)), SQUARE),
    "qr tall": Case(lambda a: tuple(linalg.qr(a)), TALL),
    "qr wide": Case(lambda a: tuple(linalg.qr(a)), WIDE),
    "qr complete": Case(_qr_complete, TALL),
    "lu": Case(_lu, SQUARE),
    "lu tall": Case(_lu, TALL),
    "lu wide": Case(_lu, WIDE),
    "lu_factor": Case(lambda a: linalg.lu_factor(a)[0], SQUARE),
    "lu_factor tall": Case(lambda a: linalg.lu_factor(a)[0], TALL),
    "lstsq": Case(lambda a, b: linalg.lstsq(a, b)[0], TALL, (4, 2)),
    "lstsq residuals": Case(lambda a, b: linalg.lstsq(a, b)[1], TALL, (4, 2)),
    "lstsq s": Case(lambda a, b: linalg.lstsq(a, b)[3], TALL, (4, 2)),
    "lstsq wide": Case(lambda a, b: linalg.lstsq(a, b)[0], WIDE, (2, 3)),
    "pinv": Case(linalg.pinv, TALL),
    "pinv hermitian": Case(lambda a: linalg.pinv(hermitian(a), hermitian=True), SQUARE),
}

for trans in (0, 1, 2):
    for lower in (False, True):
        CASES[f"solve_triangular {trans} {'lower' if lower else 'upper'}"] = Case(
            lambda a, b, trans=trans, lower=lower: linalg.solve_triangular(
                a, b, trans, lower, unit_diagonal=trans == 1
            ),
            SQUARE,
            COLUMNS,
        )
    CASES[f"lu_solve {trans}"] = Case(
        lambda a, b, trans=trans: linalg.lu_solve(linalg.lu_factor(a), b, trans), SQUARE, COLUMNS
    )

for order in (0, 1, 2, 3, 0.5, -1, -2, math.inf, -math.inf):
    CASES[f"vector_norm {order}"] = Case(
        lambda x, order=order: linalg.vector_norm(x, axis=-1, ord=order), (4,)
    )


def positive(a):
    """A matrix whose eigenvalues are in the right half plane."""
    return a + constant(a, 4 * np.eye(a.shape[-1]))


def _sign(a):
    return linalg.signm(a + constant(a, np.diag([-9.0, 9.0, 18.0])))


CASES["expm"] = Case(linalg.expm, SQUARE)
CASES["expm_frechet"] = Case(
    lambda a, e: linalg.expm_frechet(a, e, compute_expm=False), SQUARE, SQUARE
)

CASES["sqrtm"] = Case(lambda a: linalg.sqrtm(positive(a)), SQUARE)
CASES["sqrtm hermitian"] = Case(lambda a: linalg.sqrtm(definite(a)), SQUARE)
CASES["logm"] = Case(lambda a: linalg.logm(positive(a)), SQUARE)
CASES["logm hermitian"] = Case(lambda a: linalg.logm(definite(a)), SQUARE)
for exponent in (0.3, -1.7):
    CASES[f"fractional_matrix_power {exponent}"] = Case(
        lambda a, t=exponent: linalg.fractional_matrix_power(positive(a), t), SQUARE
    )
CASES["signm"] = Case(_sign, SQUARE)

# By other rules.
COMPOSITIONS = {
    "cosm": Case(linalg.cosm, SQUARE),
    "sinm": Case(linalg.sinm, SQUARE),
    "tanm": Case(lambda a: linalg.tanm(a / 4), SQUARE),
    "coshm": Case(linalg.coshm, SQUARE),
    "sinhm": Case(linalg.sinhm, SQUARE),
    "tanhm": Case(lambda a: linalg.tanhm(a / 4), SQUARE),
    "eigh of two": Case(_generalized(1, "L"), SQUARE, SQUARE),
    "eigh of two, type 2": Case(_generalized(2, "U"), SQUARE, SQUARE),
    "eigh of two, type 3": Case(_generalized(3, "L"), SQUARE, SQUARE),
    "eigvalsh of two": Case(
        lambda a, b: linalg.eigvalsh(hermitian(a), b=definite(b)), SQUARE, SQUARE
    ),
    "polar": Case(linalg.polar, SQUARE),
    "polar tall": Case(linalg.polar, TALL),
    "polar left": Case(lambda a: linalg.polar(a, "left"), WIDE),
    "orthogonal_procrustes": Case(linalg.orthogonal_procrustes, TALL, TALL),
    "cond": Case(linalg.cond, SQUARE),
    "cond -2": Case(lambda a: linalg.cond(a, -2), SQUARE),
    "cond 1": Case(lambda a: linalg.cond(a, 1), SQUARE),
    "cond fro": Case(lambda a: linalg.cond(a, "fro"), SQUARE),
    "norm": Case(linalg.norm, TALL),
    "norm axis": Case(lambda a: linalg.norm(a, 3, axis=0, keepdims=True), TALL),
    "norm axes": Case(lambda a: linalg.norm(a, "nuc", axis=(1, 0), keepdims=True), TALL),
    "vector_norm axes": Case(lambda a: linalg.vector_norm(a, axis=(0, 1), keepdims=True), TALL),
    "matrix_power": Case(lambda a: linalg.matrix_power(a, 5), SQUARE),
    "matrix_power -2": Case(lambda a: linalg.matrix_power(a, -2), SQUARE),
    "matrix_power 1": Case(lambda a: linalg.matrix_power(a, 1), SQUARE),
    "matmul vectors": Case(linalg.matmul, VECTOR, VECTOR),
    "matmul vector": Case(linalg.matmul, VECTOR, (3, 2)),
    "solve vector": Case(linalg.solve, SQUARE, VECTOR),
    "lstsq vector": Case(lambda a, b: linalg.lstsq(a, b)[0], TALL, (4,)),
    "cho_factor": Case(lambda a: linalg.cho_factor(definite(a))[0], SQUARE),
    "cho_solve": Case(lambda a, b: linalg.cho_solve((a, False), b), SQUARE, COLUMNS),
    "cho_solve lower": Case(lambda a, b: linalg.cho_solve((a, True), b), SQUARE, VECTOR),
    "lu p": Case(lambda a: tuple(linalg.lu(a))[1:], SQUARE),
    "lu permuted": Case(lambda a: linalg.lu(a, permute_l=True), SQUARE),
    "svd hermitian": Case(
        lambda a: linalg.svd(hermitian(a), compute_uv=False, hermitian=True), SQUARE
    ),
    "qr r": Case(lambda a: linalg.qr(a, "r"), SQUARE),
    "tensorinv": Case(lambda a: linalg.tensorinv(a.reshape(2, 2, 2, 2)), (4, 4)),
    "tensorsolve": Case(
        lambda a, b: linalg.tensorsolve(a.reshape(2, 2, 2, 2), b, axes=(0,)), (4, 4), (2, 2)
    ),
    "multi_dot": Case(lambda *arrays: linalg.multi_dot(arrays), (2, 3), (3, 4), (4, 2)),
    "tensordot": Case(lambda a, b: linalg.tensordot(a, b, axes=(1, 0)), (2, 3), (3, 4)),
    "trace": Case(lambda a: linalg.trace(a, offset=1), SQUARE),
    "outer": Case(linalg.outer, VECTOR, (2,)),
    "cross": Case(linalg.cross, VECTOR, VECTOR),
    "vecdot": Case(linalg.vecdot, VECTOR, VECTOR),
}
for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
    COMPOSITIONS[f"matrix_norm {order}"] = Case(
        lambda a, order=order: linalg.matrix_norm(a, ord=order), TALL
    )
