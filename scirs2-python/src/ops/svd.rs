//! `scirs2.linalg.svd` and `svdvals`.

use pyo3::prelude::*;
use scirs2_linalg::operation::{Svd, Svdvals};

use crate::call::bind::Call;
use crate::call::output::Wrap;

use crate::flag::flag;

/// Singular values and vectors.
///
/// ``a = U * S @ Vh`` with ``U`` and ``Vh`` unitary and ``S`` in descending order,
/// with ``k = min(m, n)`` singular values.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// full_matrices : bool, optional
///     Return bases of the whole spaces, ``U`` of shape ``(..., m, m)`` and ``Vh`` of
///     ``(..., n, n)``; if not, of ``(..., m, k)`` and ``(..., k, n)``.
/// compute_uv : bool, optional
///     Return the vectors, too; if not, only ``S``.
/// hermitian : bool, optional
///     Assume that the matrices are Hermitian, read only their lower triangle, and
///     find the values by :func:`eigh`, which is faster.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// U : array, shape (..., m, m) or (..., m, k)
/// S : array, shape (..., k)
///     Real.
/// Vh : array, shape (..., n, n) or (..., k, n)
///     The three come as a named tuple, in the library of ``a``. Integers give
///     float64; float16 and bfloat16 are computed in float32 and returned in their
///     own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the
///     batch. One that holds an infinity gives NaN, as with ``hermitian`` one that
///     holds a NaN where it is read.
/// MemoryError
///     ``full_matrices`` asks for more memory than there is.
///
/// Notes
/// -----
/// LAPACK ``gesdd`` on the transpose, so that nothing is transposed; it overwrites a
/// copy of one matrix per thread, in double precision beyond 25 rows and columns, as do
/// the vectors of single precision, which are rounded once. For real square matrices of
/// up to four rows Jacobi's rotations, for many matrices at once. Backward stable:
/// ``norm(a - U * S @ Vh) <= (c * max(m, n) + 50) * eps * norm(a)``, and each singular
/// value is accurate to the same bound; the 50 comes from LAPACK's stopping criterion.
/// ``gesvd`` if ``gesdd`` does not converge, or leaves vectors that are not orthogonal.
///
/// In each column of ``U`` the first element whose modulus is at least 0.999 of the
/// largest is real and positive, and the row of ``Vh`` follows; a row that belongs to
/// no singular value has the same rule. So the sign does not depend on the algorithm
/// or on the batch. Other libraries may choose other signs. Vectors of equal values
/// span the same space as theirs.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
/// >>> U, S, Vh = scirs2.linalg.svd(a, full_matrices=False)
/// >>> S
/// array([2., 1.])
/// >>> U.shape, Vh.shape
/// ((3, 2), (2, 2))
#[pyfunction]
#[pyo3(signature = (a, full_matrices=true, compute_uv=true, hermitian=false, *, on_failure="raise"))]
pub(super) fn svd<'py>(
    a: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = flag)] full_matrices: bool,
    #[pyo3(from_py_with = flag)] compute_uv: bool,
    #[pyo3(from_py_with = flag)] hermitian: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    if !compute_uv {
        return values("svd", ("a", a), hermitian, on_failure);
    }
    let call = Call::new(a.py(), "svd", &[("a", a)])?.on_failure(on_failure)?;
    let operation = Svd {
        full_matrices,
        hermitian,
    };
    let wraps = [Wrap::LikeInput, Wrap::Plain, Wrap::LikeInput];
    call.named_results(&operation, "SVDResult", &wraps)
}

/// Singular values.
///
/// As :func:`svd` without the vectors.
///
/// Parameters
/// ----------
/// x : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., min(m, n))
///     In descending order; real, in the library of ``x``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the
///     batch. One that holds an infinity gives NaN.
///
/// Notes
/// -----
/// LAPACK ``gesdd``, on a copy of one matrix per thread; Jacobi's rotations where
/// :func:`svd` has them, and for other real matrices up to 96 rows and columns the
/// reflections of ``gebd2`` in double precision, then ``bdsqr``. Each value is accurate
/// to ``(c * max(m, n) + 50) * eps * norm(x)``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.svdvals(np.array([[0.0, -2.0], [1.0, 0.0]]))
/// array([2., 1.])
#[pyfunction]
#[pyo3(signature = (x, /, *, on_failure="raise"))]
pub(super) fn svdvals<'py>(x: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    values("svdvals", ("x", x), false, on_failure)
}

fn values<'py>(
    name: &'static str,
    a: (&'static str, &Bound<'py, PyAny>),
    hermitian: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.1.py(), name, &[a])?.on_failure(on_failure)?;
    let s = call.compute_one(&Svdvals { hermitian }, None)?;
    call.to_python(s)
}
