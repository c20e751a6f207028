//! `scirs2.linalg.eig` and `eigvals`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::{Eig, EigPencil, Eigvals};

use crate::call::bind::Call;
use crate::call::output::{Wrap, namedtuple};
use crate::call::real_parts::reduce_to_real_parts;
use crate::flag::flag;

/// Eigenvalues and right eigenvectors of general matrices.
///
/// ``a @ v[:, i] = w[i] * v[:, i]``, with vectors of length one.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// eigenvalues : array, shape (..., n)
///     Repeated according to multiplicity, in LAPACK's order; the two of a conjugate
///     pair are adjacent. For real matrices they are real if every eigenvalue of the
///     whole batch is, else complex.
/// eigenvectors : array, shape (..., n, n)
///     Column ``i`` belongs to value ``i``. Both come as a named tuple, in the
///     library of ``a``. Integers count as float64; float16 and bfloat16 are computed
///     in float32, and returned in their own dtype where they are real.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, is not square, or does not converge;
///     ``index`` tells which in the batch.
///
/// Notes
/// -----
/// LAPACK ``geev``, on a copy of one matrix per thread; for real matrices of up to 75
/// rows its algorithm in a kernel. Single precision is decomposed in double.
///
/// Both balance the matrix first: in ``b = inv(D) @ a @ D``, a diagonal ``D`` of powers of
/// two makes rows and columns about equally long. They are backward stable for ``b``: each
/// pair is exact for a matrix ``a + D @ e @ inv(D)`` with ``norm(e) <= c * n * eps *
/// norm(b)``. Without balancing, as for most matrices, that is ``c * n * eps * norm(a)``; if
/// the rows of ``a`` differ by many orders of magnitude, the residual can be larger than
/// that, as in NumPy. For a defective matrix, several vectors are nearly the same. For
/// Hermitian matrices :func:`eigh` is faster and more accurate.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> w, v = scirs2.linalg.eig(np.array([[0.0, -1.0], [1.0, 0.0]]))
/// >>> w
/// array([0.+1.j, 0.-1.j])
/// >>> scirs2.linalg.eig(np.diag([1.0, 2.0])).eigenvalues
/// array([1., 2.])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn eig<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "eig", &[("a", a)])?.on_failure(on_failure)?;
    let mut outputs = call.compute(&Eig)?;
    reduce_to_real_parts(&call, &mut outputs)?;
    let results = call.each_to_python(outputs, &[Wrap::Plain, Wrap::LikeInput])?;
    namedtuple(a.py(), "EigResult", PyTuple::new(a.py(), results)?)
}

/// Eigenvalues of general matrices.
///
/// As :func:`eig` without the vectors.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or
///     fill its results with NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n)
///     Repeated according to multiplicity, in LAPACK's order; the two of a conjugate
///     pair are adjacent. For real matrices they are real if every eigenvalue of the
///     whole batch is, else complex. In the library of ``a``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, is not square, or does not converge;
///     ``index`` tells which in the batch.
///
/// Notes
/// -----
/// LAPACK ``geev``, on a copy of one matrix per thread; for real matrices of up to 75
/// rows its algorithm in a kernel. Single precision is decomposed in double. As accurate
/// as the values of :func:`eig`: backward stable for the balanced matrix.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.eigvals(np.array([[1.0, 5.0], [0.0, 2.0]]))
/// array([1., 2.])
#[pyfunction]
#[pyo3(signature = (a, *, on_failure="raise"))]
pub(super) fn eigvals<'py>(a: &Bound<'py, PyAny>, on_failure: &str) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "eigvals", &[("a", a)])?.on_failure(on_failure)?;
    let mut outputs = call.compute(&Eigvals)?;
    reduce_to_real_parts(&call, &mut outputs)?;
    let mut results = call.each_to_python(outputs, &[Wrap::Plain])?;
    results
        .pop()
        .ok_or_else(|| PyRuntimeError::new_err("eigvals has a result"))
}

/// What `scirs2.scipy.linalg.eig` returns: complex values, and the left and the right vectors,
/// real for a real matrix with real values.
#[pyfunction]
#[pyo3(signature = (a, b, left, right, homogeneous))]
pub(super) fn _eig<'py>(
    a: &Bound<'py, PyAny>,
    b: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = flag)] left: bool,
    #[pyo3(from_py_with = flag)] right: bool,
    #[pyo3(from_py_with = flag)] homogeneous: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let call = match b {
        Some(b) => Call::new(a.py(), "eig", &[("a", a), ("b", b)])?,
        None => Call::new(a.py(), "eig", &[("a", a)])?,
    };
    let mut outputs = if b.is_none() && !left && !homogeneous {
        if right {
            call.compute(&Eig)?
        } else {
            call.compute(&Eigvals)?
        }
    } else {
        call.compute(&EigPencil {
            left,
            right,
            homogeneous,
        })?
    };
    let values = outputs.remove(0);
    reduce_to_real_parts(&call, &mut outputs)?;
    let mut results = vec![call.to_python(values)?];
    results.extend(call.each_to_python(outputs, &[Wrap::LikeInput, Wrap::LikeInput])?);
    PyTuple::new(a.py(), results)
}
