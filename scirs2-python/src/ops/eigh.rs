//! `scirs2.linalg.eigh` and `eigvalsh`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::{DefinitePencil, Eigh, EighSubset, Eigvalsh, Pencil, Subset};

use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::flag::flag;

/// Eigenvalues and eigenvectors of Hermitian matrices.
///
/// ``a @ v[:, i] = w[i] * v[:, i]`` with real ``w`` in ascending order and ``v``
/// unitary; with ``b`` the generalized problem ``a @ v[:, i] = w[i] * b @ v[:, i]``.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides. Only one triangle is read,
///     and the imaginary part of the diagonal counts as zero.
/// UPLO : {"L", "U"}, optional
///     The triangle that is read: the lower or the upper one.
/// b : None or array_like, shape (..., n, n), optional
///     Hermitian positive definite matrices of a generalized problem, in the library of
///     ``a``; the same triangle is read, and the batches broadcast.
/// type : {1, 2, 3}, optional
///     With ``b`` the problem: 1 for ``a @ v = w * b @ v``, 2 for ``a @ b @ v = w * v``, 3 for
///     ``b @ a @ v = w * v``.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that does not converge, or a ``b`` that is not positive definite:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     A matrix is not square, or does not converge, or its ``b`` is not positive
///     definite; ``index`` tells which in the batch. A NaN or an infinity in what is read
///     gives NaN.
/// ValueError
///     ``UPLO`` or ``type`` is none of these, or the shapes of ``a`` and ``b`` do not match.
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
/// With ``b = L @ L.conj().mT``, which is LAPACK ``potrf``, the generalized problem becomes that
/// of ``inv(L) @ a @ inv(L).conj().mT``, or for the types 2 and 3 of ``L.conj().mT @ a @ L``.
/// Then ``v.conj().mT @ b @ v`` is the identity, or for type 3 ``v.conj().mT @ inv(b) @ v``.
/// The error of a value is ``c * n * eps * norm(a) * norm(inv(b))`` for the types with
/// ``b`` on the right: an ill-conditioned ``b`` costs digits, as in LAPACK. This takes memory
/// of the size of ``a`` four times.
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
/// >>> stiffness, mass = np.array([[6.0, 0.0], [0.0, 4.0]]), np.diag([2.0, 1.0])
/// >>> scirs2.linalg.eigh(stiffness, b=mass).eigenvalues.round(12)
/// array([3., 4.])
#[pyfunction]
#[pyo3(signature = (a, UPLO="L", *, b=None, r#type=1, on_failure="raise"))]
#[expect(non_snake_case, reason = "NumPy's name")]
pub(super) fn eigh<'py>(
    a: &Bound<'py, PyAny>,
    UPLO: &str,
    b: Option<&Bound<'py, PyAny>>,
    r#type: i64,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let upper = is_upper("eigh", UPLO)?;
    let wraps = [Wrap::Plain, Wrap::LikeInput];
    if let Some(b) = b {
        let pencil = pencil("eigh", r#type)?;
        let call = Call::new(a.py(), "eigh", &[("a", a), ("b", b)])?.on_failure(on_failure)?;
        let vectors = true;
        let operation = DefinitePencil {
            pencil,
            upper,
            vectors,
        };
        return call.named_results(&operation, "EighResult", &wraps);
    }
    let call = Call::new(a.py(), "eigh", &[("a", a)])?.on_failure(on_failure)?;
    call.named_results(&Eigh { upper }, "EighResult", &wraps)
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
/// b : None or array_like, shape (..., n, n), optional
///     Hermitian positive definite matrices of a generalized problem, in the library of
///     ``a``; the same triangle is read, and the batches broadcast.
/// type : {1, 2, 3}, optional
///     With ``b`` the problem: 1 for ``a @ v = w * b @ v``, 2 for ``a @ b @ v = w * v``, 3 for
///     ``b @ a @ v = w * v``.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that does not converge, or a ``b`` that is not positive definite:
///     raise ``LinAlgError``, or fill its results with NaN and compute the others.
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
///     A matrix is not square, or does not converge, or its ``b`` is not positive
///     definite; ``index`` tells which in the batch. A NaN or an infinity in what is read
///     gives NaN.
/// ValueError
///     ``UPLO`` or ``type`` is none of these, or the shapes of ``a`` and ``b`` do not match.
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
#[pyo3(signature = (a, UPLO="L", *, b=None, r#type=1, on_failure="raise"))]
#[expect(non_snake_case, reason = "NumPy's name")]
pub(super) fn eigvalsh<'py>(
    a: &Bound<'py, PyAny>,
    UPLO: &str,
    b: Option<&Bound<'py, PyAny>>,
    r#type: i64,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let upper = is_upper("eigvalsh", UPLO)?;
    if let Some(b) = b {
        let pencil = pencil("eigvalsh", r#type)?;
        let call = Call::new(a.py(), "eigvalsh", &[("a", a), ("b", b)])?.on_failure(on_failure)?;
        let vectors = false;
        let operation = DefinitePencil {
            pencil,
            upper,
            vectors,
        };
        return call.to_python(call.compute_one(&operation, None)?);
    }
    let call = Call::new(a.py(), "eigvalsh", &[("a", a)])?.on_failure(on_failure)?;
    let values = call.compute_one(&Eigvalsh { upper }, None)?;
    call.to_python(values)
}

/// What `scirs2.scipy.linalg.eigh` returns with a subset: the values, the vectors unless only values
/// are wanted, and for a subset by value how many each matrix has.
#[pyfunction]
#[pyo3(signature = (a, b, r#type, lower, vectors, by_index, by_value))]
pub(super) fn _eigh_subset<'py>(
    a: &Bound<'py, PyAny>,
    b: Option<&Bound<'py, PyAny>>,
    r#type: i64,
    #[pyo3(from_py_with = flag)] lower: bool,
    #[pyo3(from_py_with = flag)] vectors: bool,
    by_index: Option<(usize, usize)>,
    by_value: Option<(f64, f64)>,
) -> PyResult<Bound<'py, PyTuple>> {
    let subset = match (by_index, by_value) {
        (Some((first, last)), None) => Subset::Places { first, last },
        (None, Some((low, high))) => Subset::Values { low, high },
        _ => return Err(PyValueError::new_err("eigh: expected one subset")),
    };
    let call = match b {
        Some(b) => Call::new(a.py(), "eigh", &[("a", a), ("b", b)])?,
        None => Call::new(a.py(), "eigh", &[("a", a)])?,
    };
    let pencil = b.map(|_| pencil("eigh", r#type)).transpose()?;
    let operation = EighSubset {
        subset,
        pencil,
        upper: !lower,
        vectors,
    };
    let wraps: &[Wrap] = if vectors {
        &[Wrap::Plain, Wrap::LikeInput, Wrap::Plain]
    } else {
        &[Wrap::Plain, Wrap::Plain]
    };
    PyTuple::new(a.py(), call.results(&operation, wraps)?)
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

fn pencil(name: &str, number: i64) -> PyResult<Pencil> {
    match number {
        1 => Ok(Pencil::Quotient),
        2 => Ok(Pencil::ProductAB),
        3 => Ok(Pencil::ProductBA),
        other => Err(PyValueError::new_err(format!(
            "{name}: type: expected 1, 2 or 3, got {other}"
        ))),
    }
}
