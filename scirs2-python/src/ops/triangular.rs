//! `scirs2.linalg.solve_triangular`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::operation::SolveTriangular;
use scirs2_linalg::{Op, Triangle, Triangular};

use crate::call::bind::Call;

use crate::flag::flag;

/// Solve ``a @ x = b`` with triangular matrices.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides, of which one triangle is
///     read.
/// b : array_like, shape (n,) or (..., n, k)
///     One vector if it has one dimension, else matrices whose columns are the
///     right-hand sides, in the library of ``a``.
/// trans : {0, 1, 2, 'N', 'T', 'C'}, optional
///     Solve with ``a`` itself, with its transpose, or with its conjugate transpose.
/// lower : bool, optional
///     Read the lower triangle instead of the upper one.
/// unit_diagonal : bool, optional
///     Assume a diagonal of ones, and do not read it.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that is singular: raise ``LinAlgError``, or fill its results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// array, shape (..., n) or (..., n, k)
///     The solutions, for the batches of ``a`` and ``b`` broadcast. Integers give
///     float64; float16 and bfloat16 are computed in float32 and returned in their
///     own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix is singular: the message names the first zero on its diagonal,
///     ``index`` the matrix in the batch. Or what is read holds a NaN or an infinity.
/// ValueError
///     The shapes do not match.
///
/// Notes
/// -----
/// BLAS ``trsm`` and ``trsv``, in the memory of the result; ``a`` is copied only
/// where it has gaps. Backward stable for each right-hand side.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[2.0, 1.0], [0.0, 4.0]])
/// >>> scirs2.linalg.solve_triangular(a, np.array([4.0, 8.0]))
/// array([1., 2.])
#[pyfunction]
#[pyo3(signature = (a, b, trans=Trans(Op::NoTranspose), lower=false, unit_diagonal=false, *, on_failure="raise"), text_signature = "(a, b, trans=0, lower=False, unit_diagonal=False, *, on_failure='raise')")]
pub(super) fn solve_triangular<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    trans: Trans,
    #[pyo3(from_py_with = flag)] lower: bool,
    #[pyo3(from_py_with = flag)] unit_diagonal: bool,
    on_failure: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let call =
        Call::new(a.py(), "solve_triangular", &[("a", a), ("b", b)])?.on_failure(on_failure)?;
    let how = Triangular {
        triangle: if lower {
            Triangle::Lower
        } else {
            Triangle::Upper
        },
        op: trans.0,
        unit_diagonal,
    };
    let solutions = call.compute_one(&SolveTriangular { spec: how }, None)?;
    call.to_python(solutions)
}

/// The parameter `trans`.
pub(super) struct Trans(pub(crate) Op);

impl FromPyObject<'_, '_> for Trans {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let name = object.str()?;
        match name.to_cow()?.as_ref() {
            "0" | "N" => Ok(Trans(Op::NoTranspose)),
            "1" | "T" => Ok(Trans(Op::Transpose)),
            "2" | "C" => Ok(Trans(Op::Adjoint)),
            other => Err(PyValueError::new_err(format!(
                "expected 0 or 'N', 1 or 'T' (transpose), 2 or 'C' (conjugate transpose), got \
                 {other}"
            ))),
        }
    }
}
