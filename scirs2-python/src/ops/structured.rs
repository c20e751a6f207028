//! `scirs2.linalg.block_diag`, `toeplitz`, `diagsvd`, `khatri_rao`, `bandwidth`,
//! `issymmetric` and `ishermitian`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_linalg::operation::{
    Bandwidth, BlockDiag, Diagsvd, IsNearlySymmetric, IsSymmetric, KhatriRao, Toeplitz,
};

use super::polar::pair;
use crate::call::bind::Call;
use crate::call::output::Wrap;

/// Matrices one below and right of the other, with zeros elsewhere.
///
/// Parameters
/// ----------
/// *arrs : array_like, shape (..., m_i, n_i)
///     Blocks, of one DLPack library and any strides; a vector is a row, and the batches
///     broadcast.
///
/// Returns
/// -------
/// array, shape (..., sum of m_i, sum of n_i)
///     In the library of the operands, with the dtype of NumPy's promotion.
///
/// Raises
/// ------
/// TypeError
///     There is no block, or the blocks are of two libraries, or have no common dtype.
/// ValueError
///     The batches do not broadcast.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.block_diag(np.array([[1, 2]]), np.array([[3], [4]]))
/// array([[1, 2, 0],
///        [0, 0, 3],
///        [0, 0, 4]])
#[pyfunction]
#[pyo3(signature = (*arrs))]
pub(super) fn block_diag<'py>(arrs: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    let blocks: Vec<_> = arrs.iter().collect();
    if blocks.is_empty() {
        return Err(pyo3::exceptions::PyTypeError::new_err(
            "block_diag: expected one block or more",
        ));
    }
    let call = Call::variadic(arrs.py(), "block_diag", "arrs", &blocks)?;
    call.to_python(call.compute_one(&BlockDiag, None)?)
}

/// Matrices that are constant along each diagonal.
///
/// ``result[i, j] = c[i - j]`` on and below the main diagonal, and ``r[j - i]`` above it.
///
/// Parameters
/// ----------
/// c : array_like, shape (..., m)
///     The first columns, of any DLPack library and any strides.
/// r : None or array_like, shape (..., n), optional
///     The first rows, whose first element is not read; the batches broadcast. None is the
///     conjugate of ``c``: the matrices are Hermitian but for their diagonal.
///
/// Returns
/// -------
/// array, shape (..., m, n)
///     In the library of the operands, with the dtype of NumPy's promotion.
///
/// Raises
/// ------
/// ValueError
///     An operand has no dimension, or the batches do not broadcast.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.toeplitz(np.array([1, 2]), np.array([1, 3, 4]))
/// array([[1, 3, 4],
///        [2, 1, 3]])
#[pyfunction]
#[pyo3(signature = (c, r=None))]
pub(super) fn toeplitz<'py>(
    c: &Bound<'py, PyAny>,
    r: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let conjugate = r.is_none();
    let passed = [("c", c), ("r", r.unwrap_or(c))];
    let call = Call::promoted(c.py(), "toeplitz", &passed)?;
    call.to_python(call.compute_one(&Toeplitz { conjugate }, None)?)
}

/// Matrices with singular values on the diagonal and zeros elsewhere.
///
/// The middle factor of :func:`svd`: ``a = U @ diagsvd(S, M, N) @ Vh``.
///
/// Parameters
/// ----------
/// s : array_like, shape (..., k)
///     The singular values, of any DLPack library and any strides.
/// M, N : int
///     The rows and columns of the result; the smaller is ``k``.
///
/// Returns
/// -------
/// array, shape (..., M, N)
///     In the library of ``s``, with its dtype.
///
/// Raises
/// ------
/// ValueError
///     ``s`` is not as long as the smaller of ``M`` and ``N``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.diagsvd(np.array([3, 2]), 2, 3)
/// array([[3, 0, 0],
///        [0, 2, 0]])
#[pyfunction]
#[pyo3(signature = (s, M, N))]
#[expect(non_snake_case, reason = "SciPy's names")]
pub(super) fn diagsvd<'py>(
    s: &Bound<'py, PyAny>,
    M: usize,
    N: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(s.py(), "diagsvd", &[("s", s)])?;
    let operation = Diagsvd {
        rows: M,
        columns: N,
    };
    call.to_python(call.compute_one(&operation, None)?)
}

/// Khatri-Rao products: the Kronecker product of each pair of columns.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// b : array_like, shape (..., p, n)
///     Matrices of as many columns, in the library of ``a``; the batches broadcast.
///
/// Returns
/// -------
/// array, shape (..., m * p, n)
///     In the library of the operands, with the dtype of NumPy's promotion.
///
/// Raises
/// ------
/// ValueError
///     The numbers of columns differ, or the batches do not broadcast.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.khatri_rao(np.array([[1, 2]]), np.array([[3, 4], [5, 6]]))
/// array([[ 3,  8],
///        [ 5, 12]])
#[pyfunction]
#[pyo3(signature = (a, b))]
pub(super) fn khatri_rao<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(a.py(), "khatri_rao", &[("a", a), ("b", b)])?;
    call.to_python(call.compute_one(&KhatriRao, None)?)
}

/// How many diagonals below and above the main one are not all zero.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
///
/// Returns
/// -------
/// lower : array of int64, shape (...)
/// upper : array of int64, shape (...)
///     The bandwidths: 0 and 0 for a diagonal matrix, ``m - 1`` and 0 for a lower triangular
///     one. In the library of ``a``.
///
/// Raises
/// ------
/// ValueError
///     ``a`` has fewer than two dimensions.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> lower, upper = scirs2.linalg.bandwidth(np.array([[1, 0, 2], [0, 1, 0], [0, 1, 1]]))
/// >>> int(lower), int(upper)
/// (1, 2)
#[pyfunction]
#[pyo3(signature = (a))]
pub(super) fn bandwidth<'py>(
    a: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let call = Call::promoted(a.py(), "bandwidth", &[("a", a)])?;
    Ok(pair(call.results(&Bandwidth, &[Wrap::Plain, Wrap::Plain])?))
}

/// Whether matrices are equal to their transposes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// atol, rtol : None or float, optional
///     Elements ``x`` and ``y`` across the diagonal may differ by ``atol + rtol * abs(y)``;
///     with None for both they must be equal.
///
/// Returns
/// -------
/// array of bool, shape (...)
///     In the library of ``a``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The last two dimensions differ.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[1.0, 2.0], [2.1, 1.0]])
/// >>> bool(scirs2.linalg.issymmetric(a)), bool(scirs2.linalg.issymmetric(a, atol=0.2))
/// (False, True)
#[pyfunction]
#[pyo3(signature = (a, atol=None, rtol=None))]
pub(super) fn issymmetric<'py>(
    a: &Bound<'py, PyAny>,
    atol: Option<f64>,
    rtol: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    equals_transpose("issymmetric", a, false, (atol, rtol))
}

/// Whether matrices are equal to their adjoints, the conjugates of their transposes.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// atol, rtol : None or float, optional
///     Elements ``x`` and ``y`` across the diagonal may differ by ``atol + rtol * abs(y)``;
///     with None for both they must be equal.
///
/// Returns
/// -------
/// array of bool, shape (...)
///     In the library of ``a``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     The last two dimensions differ.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> bool(scirs2.linalg.ishermitian(np.array([[1, 2j], [-2j, 1]])))
/// True
#[pyfunction]
#[pyo3(signature = (a, atol=None, rtol=None))]
pub(super) fn ishermitian<'py>(
    a: &Bound<'py, PyAny>,
    atol: Option<f64>,
    rtol: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    equals_transpose("ishermitian", a, true, (atol, rtol))
}

fn equals_transpose<'py>(
    name: &'static str,
    a: &Bound<'py, PyAny>,
    hermitian: bool,
    tolerances: (Option<f64>, Option<f64>),
) -> PyResult<Bound<'py, PyAny>> {
    if let (None, None) = tolerances {
        let call = Call::promoted(a.py(), name, &[("a", a)])?;
        return call.to_python(call.compute_one(&IsSymmetric { hermitian }, None)?);
    }
    let call = Call::new(a.py(), name, &[("a", a)])?;
    let operation = IsNearlySymmetric {
        hermitian,
        atol: tolerances.0.unwrap_or(0.0),
        rtol: tolerances.1.unwrap_or(0.0),
    };
    call.to_python(call.compute_one(&operation, None)?)
}
