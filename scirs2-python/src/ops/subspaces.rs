//! `scirs2.linalg.orth`, `null_space` and `subspace_angles`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PySlice};
use scirs2_linalg::operation::{NullSpace, Operation, Orth, SubspaceAngles};

use crate::call::bind::Call;

/// Orthonormal bases of what the columns of matrices span.
///
/// Parameters
/// ----------
/// A : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// rcond : None or float, optional
///     Singular values of at most ``rcond`` times the largest count as zero. None means
///     ``max(m, n) * eps``.
///
/// Returns
/// -------
/// array, shape (..., m, rank)
///     The bases in their columns, in the library of ``A``. Integers give float64; float16
///     and bfloat16 are computed in float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
/// ValueError
///     The matrices of a batch have different ranks, so that their bases do not fit into one
///     array.
///
/// Notes
/// -----
/// The vectors ``U`` of :func:`svd` that belong to singular values above the threshold.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.orth(np.array([[3.0, 6.0], [4.0, 8.0]])).round(12)
/// array([[0.6],
///        [0.8]])
#[pyfunction]
#[pyo3(signature = (A, rcond=None))]
#[expect(non_snake_case, reason = "SciPy's name")]
pub(super) fn orth<'py>(A: &Bound<'py, PyAny>, rcond: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(A.py(), "orth", &[("A", A)])?;
    cut(&call, "orth", &Orth { rcond }, None, |rank| {
        PySlice::new(A.py(), 0, rank, 1)
    })
}

/// Orthonormal bases of the vectors that matrices map to zero.
///
/// Parameters
/// ----------
/// A : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// rcond : None or float, optional
///     Singular values of at most ``rcond`` times the largest count as zero. None means
///     ``max(m, n) * eps``.
///
/// Returns
/// -------
/// array, shape (..., n, n - rank)
///     The bases in their columns, in the library of ``A``. Integers give float64; float16
///     and bfloat16 are computed in float32 and returned in their own dtype.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which in the batch.
/// ValueError
///     The matrices of a batch have different ranks, so that their bases do not fit into one
///     array.
/// MemoryError
///     The square matrices of all vectors need more memory than there is.
///
/// Notes
/// -----
/// The rows of ``Vh`` of :func:`svd`, conjugated, that belong to singular values up to the
/// threshold, or to none.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.array([[3.0, 4.0]])
/// >>> v = scirs2.linalg.null_space(a)
/// >>> v.shape, bool(abs(a @ v)[0, 0] < 1e-15)
/// ((2, 1), True)
#[pyfunction]
#[pyo3(signature = (A, rcond=None))]
#[expect(non_snake_case, reason = "SciPy's name")]
pub(super) fn null_space<'py>(
    A: &Bound<'py, PyAny>,
    rcond: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(A.py(), "null_space", &[("A", A)])?;
    let last = call.shape(0).last().map_or(0, |&n| n.cast_signed());
    let full = call.shape(0).iter().rev().take(2).min().copied();
    cut(&call, "null_space", &NullSpace { rcond }, full, |rank| {
        PySlice::new(A.py(), rank, last, 1)
    })
}

/// Angles between what the columns of two matrices span.
///
/// Parameters
/// ----------
/// A : array_like, shape (..., m, p)
///     Matrices, of any DLPack library and any strides.
/// B : array_like, shape (..., m, q)
///     Matrices of as many rows, in the library of ``A``; the batches broadcast.
///
/// Returns
/// -------
/// array, shape (..., k)
///     The principal angles, the largest first, in radians: as many as the smaller rank;
///     real, in the library of the operands.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN, or does not converge; ``index`` tells which pair of the batch.
/// ValueError
///     The matrices have different numbers of rows. Or the pairs of a batch have different
///     numbers of angles, which do not fit into one array.
///
/// Notes
/// -----
/// From the sine below 45 degrees, and from the cosine above, so that angles near zero and
/// near a right angle have an error of ``c * m * eps`` (Å. Björck, G. H. Golub, Mathematics of
/// Computation 27, 1973). SciPy chooses between the two by the cosine of another angle of the
/// same pair, and can lose half of the digits.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.subspace_angles(np.array([[1.0], [0.0]]), np.array([[1.0], [1e-12]]))
/// array([1.e-12])
#[pyfunction]
#[pyo3(signature = (A, B))]
#[expect(non_snake_case, reason = "SciPy's names")]
pub(super) fn subspace_angles<'py>(
    A: &Bound<'py, PyAny>,
    B: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(A.py(), "subspace_angles", &[("A", A), ("B", B)])?;
    cut(&call, "subspace_angles", &SubspaceAngles, None, |count| {
        PySlice::new(A.py(), 0, count, 1)
    })
}

/// Runs an operation whose second result says how much of the last axis of the first one counts;
/// returns that part. An empty batch counts as one of matrices of full rank: `full`, or all there is.
fn cut<'py>(
    call: &Call<'py>,
    name: &str,
    operation: &dyn Operation,
    full: Option<usize>,
    part: impl Fn(isize) -> Bound<'py, PySlice>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut results = call.compute(operation)?.into_iter();
    let mut next = || results.next().expect("as many as the operation has");
    let (whole, mut counts) = (next(), next());
    let counts = counts.view_mut::<i64>()?;
    let first = counts.iter().next().copied();
    let other = counts.iter().copied().find(|&count| Some(count) != first);
    if let (Some(first), Some(other)) = (first, other) {
        return Err(PyValueError::new_err(format!(
            "{name}: matrices of the batch have the ranks {first} and {other}, so that the \
             results do not fit into one array; call it for each matrix, or choose rcond"
        )));
    }
    let whole = call.to_python(whole)?;
    let full = full.map(i64::try_from).transpose()?;
    let Some(first) = first.or(full) else {
        return Ok(whole);
    };
    let part = part(isize::try_from(first)?);
    whole.get_item((PyEllipsis::get(whole.py()), part))
}
