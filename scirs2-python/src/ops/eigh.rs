//! `scirs2.linalg.eigh` and `eigvalsh`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::operation::{Eigh, Eigvalsh};

use crate::call::bind::Call;
use crate::call::output::Wrap;

/// Eigenvalues and eigenvectors of Hermitian matrices.
///
/// ``a @ v[:, i] = w[i] * v[:, i]`` with real ``w`` in ascending order and ``v``
/// unitary.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides. Only one triangle is read,
///     and the imaginary part of the diagonal counts as zero.
/// UPLO : {"L", "U"}, optional
///     The triangle that is read: the lower or the upper one.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that does not converge: raise ``LinAlgError``, or fill its results
///     with NaN and compute the others.
///
/// Returns
/// -------
/// eigenvalues : array, shape (..., n)
///     In ascending order, repeated according to multiplicity; real.
/// eigenvectors : array, shape (..., n, n)
///     Column ``i`` belongs to value ``i``. Both come as a named tuple, in the
///     library of ``a``. Integers give float64; float16 and bfloat16 are computed in
///     float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is not square, or does not converge; ``index`` tells which in the
///     batch. A NaN or an infinity in what is read gives NaN.
/// ValueError
///     ``UPLO`` is neither of these.
///
/// Notes
/// -----
/// LAPACK ``syevd`` and ``heevd``, in the memory of the vectors, and ``syev`` and ``heev``
/// if those lose the orthogonality of the vectors. Real matrices of up to four rows, and
/// many at once of up to 40, by Jacobi's rotations; others of up to 96 by QL steps, as
/// ``steqr``, in double precision. Backward stable: ``norm(a - v * w @ v.conj().mT) <= c *
/// n * eps * norm(a)``, and each eigenvalue is accurate to the same bound.
///
/// In each vector the first element whose modulus is at least 0.999 of the largest is
/// real and positive. So the sign does not depend on the algorithm or on the batch.
/// Other libraries may choose other signs. Vectors of equal values span the same
/// space as theirs.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> w, v = scirs2.linalg.eigh(np.array([[2.0, 1.0], [1.0, 2.0]]))
/// >>> w.round(12)
/// array([1., 3.])
/// >>> abs(v).round(4)
/// array([[0.7071, 0.7071],
///        [0.7071, 0.7071]])
#[pyfunction]
#[pyo3(signature = (a, UPLO="L", *, on_failure="raise"))]
#[expect(non_snake_case, reason = "NumPy's name")]
pub(super) fn eigh<'py>(
    a: &Bound<'py, PyAny>,
    UPLO: &str,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let upper = is_upper("eigh", UPLO)?;
    let call = Call::new(a.py(), "eigh", &[("a", a)])?.on_failure(on_failure)?;
    call.named_results(
        &Eigh { upper },
        "EighResult",
        &[Wrap::Plain, Wrap::LikeInput],
    )
}

/// Eigenvalues of Hermitian matrices.
///
/// As :func:`eigh` without the vectors.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides. Only one triangle is read,
///     and the imaginary part of the diagonal counts as zero.
/// UPLO : {"L", "U"}, optional
///     The triangle that is read: the lower or the upper one.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that does not converge: raise ``LinAlgError``, or fill its results
///     with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n)
///     In ascending order, repeated according to multiplicity; real, in the library of
///     ``a``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is not square, or does not converge; ``index`` tells which in the
///     batch. A NaN or an infinity in what is read gives NaN.
/// ValueError
///     ``UPLO`` is neither of these.
///
/// Notes
/// -----
/// LAPACK ``sytrd`` and ``hetrd``, on a copy of one matrix per thread, then QL steps in
/// double precision; Jacobi's rotations where :func:`eigh` has them. Each value is accurate
/// to ``c * n * eps * norm(a)``, even if LAPACK's own ``sterf`` loses all digits to an
/// underflow, as for adjacency matrices of sparse graphs in single precision.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.eigvalsh(np.array([[2.0, 0.0], [0.0, 1.0]]))
/// array([1., 2.])
#[pyfunction]
#[pyo3(signature = (a, UPLO="L", *, on_failure="raise"))]
#[expect(non_snake_case, reason = "NumPy's name")]
pub(super) fn eigvalsh<'py>(
    a: &Bound<'py, PyAny>,
    UPLO: &str,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let upper = is_upper("eigvalsh", UPLO)?;
    let call = Call::new(a.py(), "eigvalsh", &[("a", a)])?.on_failure(on_failure)?;
    let values = call.compute_one(&Eigvalsh { upper }, None)?;
    call.to_python(values)
}

fn is_upper(name: &str, uplo: &str) -> PyResult<bool> {
    match uplo {
        "L" | "l" => Ok(false),
        "U" | "u" => Ok(true),
        other => Err(PyValueError::new_err(format!(
            "{name}: UPLO: expected 'L' or 'U', got {other:?}"
        ))),
    }
}
