//! `scirs2.linalg.eig` and `eigvals`.

use pyo3::prelude::*;
use scirs2_core::{Scalar, dispatch};
use scirs2_linalg::{Lapack, eig_into, eig_shape, eigvals_into, eigvals_shape};

use super::call::{Call, Output, batch, named};

/// Eigenvalues and right eigenvectors of general matrices.
///
/// ``a @ v[:, i] = w[i] * v[:, i]``, with vectors of length one.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
///
/// Returns
/// -------
/// eigenvalues : array, shape (..., n)
///     Each as often as its multiplicity, in LAPACK's order; the two of a conjugate
///     pair are neighbours. Of real matrices they are real where every value of the
///     whole batch is, else complex.
/// eigenvectors : array, shape (..., n, n)
///     Column ``i`` belongs to value ``i``. Both come as a named tuple, in the
///     library of ``a``. Integers count as float64; float16 and bfloat16 are computed
///     in float32, and given back as they came where they are real.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, is not square, or does not converge;
///     ``index`` tells which in the batch.
///
/// Notes
/// -----
/// LAPACK ``geev``, on a copy of one matrix a thread; for real matrices of up to 75
/// rows its algorithm in a kernel, which computes in double precision.
///
/// Both balance the matrix first: ``b = inv(D) @ a @ D``, whose rows and columns a diagonal
/// ``D`` of powers of two makes about equally long. They are backward stable for ``b``: each
/// pair is exact for a matrix ``a + D @ e @ inv(D)`` with ``norm(e) <= c * n * eps *
/// norm(b)``. Without balancing, as for most matrices, that is ``c * n * eps * norm(a)``;
/// where the rows of ``a`` differ by many orders of magnitude the residual can be larger
/// than that, as NumPy's is. Of a defective matrix several vectors are nearly the same. For
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
pub(crate) fn eig<'py>(a: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "eig", &[("a", a)])?;
    let [values, vectors] = eig_shape(call.shape(0)).map_err(|error| call.refused(error))?;
    let dtype = call.scalar().complex().dtype();
    let (mut w, mut v) = (call.output(dtype, &values)?, call.output(dtype, &vectors)?);
    dispatch!(scalar call.scalar(), T => {
        let a = call.view::<T>(0)?;
        let (to_w, to_v) = (w.view_mut()?, v.view_mut()?);
        let real =
            call.run(batch(&values, 1), |workers| eig_into::<T>(a, to_w, to_v, workers))?;
        if real && !call.scalar().is_complex() {
            w = real_part::<T>(&call, w)?;
            v = real_part::<T>(&call, v)?;
        }
    });
    named(a.py(), "EigResult", (call.give(w)?, call.give_alike(v)?))
}

/// Eigenvalues of general matrices.
///
/// As :func:`eig` without the vectors.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
///
/// Returns
/// -------
/// array, shape (..., n)
///     Each as often as its multiplicity, in LAPACK's order; the two of a conjugate
///     pair are neighbours. Of real matrices they are real where every value of the
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
/// LAPACK ``geev``, on a copy of one matrix a thread; for real matrices of up to 75
/// rows its algorithm in a kernel, which computes in double precision. Backward stable:
/// each value is that of a matrix within ``c * n * eps * norm(a)`` of ``a``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.eigvals(np.array([[1.0, 5.0], [0.0, 2.0]]))
/// array([1., 2.])
#[pyfunction]
pub(crate) fn eigvals<'py>(a: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::new(a.py(), "eigvals", &[("a", a)])?;
    let shape = eigvals_shape(call.shape(0)).map_err(|error| call.refused(error))?;
    let mut w = call.output(call.scalar().complex().dtype(), &shape)?;
    dispatch!(scalar call.scalar(), T => {
        let (a, values) = (call.view::<T>(0)?, w.view_mut()?);
        let real = call.run(batch(&shape, 1), |workers| eigvals_into::<T>(a, values, workers))?;
        if real && !call.scalar().is_complex() {
            w = real_part::<T>(&call, w)?;
        }
    });
    call.give(w)
}

/// The real parts of complex numbers.
fn real_part<'py, T: Lapack>(call: &Call<'py>, mut from: Output<'py>) -> PyResult<Output<'py>> {
    let from = from.view_mut::<T::Complex>()?;
    let mut to = call.output(call.scalar().real().dtype(), from.shape())?;
    to.view_mut::<<T as Scalar>::Real>()?
        .zip_mut_with(&from, |to, from| *to = from.parts()[0]);
    Ok(to)
}
