//! `scirs2.linalg.schur`, `rsf2csf` and `cdf2rdf`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyTuple};
use scirs2_core::{Complex32, Complex64, DType};
use scirs2_linalg::operation::{Cdf2rdf, Rsf2csf, Schur};
use scirs2_linalg::{LinalgScalar, Select, schur_eigenvalues};

use crate::call::bind::Call;
use crate::call::output::{Output, Wrap};

/// Schur forms of square matrices, ``a = Z @ T @ Z.conj().T``.
///
/// ``Z`` is unitary, and ``T`` upper triangular, with the eigenvalues on its diagonal; but the
/// real form of a real matrix has a block of order two on its diagonal for each pair of complex
/// eigenvalues.
///
/// Parameters
/// ----------
/// a : array_like, shape (..., n, n)
///     Matrices, of any DLPack library and any strides.
/// output : {"real", "complex"}, optional
///     The form of real matrices; that of complex ones is complex.
/// sort : None, {"lhp", "rhp", "iuc", "ouc"} or callable, optional
///     The eigenvalues that come first: with a negative real part ("lhp"), with another real
///     part ("rhp"), inside the unit circle or on it ("iuc"), or outside ("ouc"). A function
///     takes one eigenvalue as a complex number, or for a real form its real and its imaginary
///     part, and says whether it comes first; of a pair it is asked for both.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or does not converge: raise ``LinAlgError``, or fill its
///     results with NaN and compute the others.
///
/// Returns
/// -------
/// T : array, shape (..., n, n)
///     The forms.
/// Z : array, shape (..., n, n)
///     The unitary factors. In the library of ``a``. Integers give float64; float16 and bfloat16
///     are returned in their own dtype where they are real.
/// sdim : array, shape (...)
///     How many eigenvalues come first; int32. Only with ``sort``.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A matrix holds a NaN or an infinity, is not square, or does not converge, or two
///     eigenvalues are too near to each other to be exchanged; ``index`` tells which in the
///     batch.
/// ValueError
///     ``output`` or ``sort`` is none of these.
///
/// Notes
/// -----
/// LAPACK ``gees`` and ``trsen``; for real matrices of up to 75 rows the algorithm of ``gees`` in
/// a kernel. Single precision is decomposed in double. Nothing is balanced. Backward stable:
/// ``norm(a - Z @ T @ Z.conj().T) <= c * n * eps * norm(a)``.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> T, Z, sdim = scirs2.linalg.schur(np.array([[1.0, 2.0], [0.0, -3.0]]), sort="lhp")
/// >>> T.diagonal().round(6), int(sdim)
/// (array([-3.,  1.]), 1)
#[pyfunction]
#[pyo3(signature = (a, output="real", *, sort=None, on_failure="raise"))]
pub(super) fn schur<'py>(
    a: &Bound<'py, PyAny>,
    output: &str,
    sort: Option<&Bound<'py, PyAny>>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = a.py();
    let complex = match output {
        "real" | "r" => false,
        "complex" | "c" => true,
        other => {
            return Err(PyValueError::new_err(format!(
                "schur: output: expected \"real\" or \"complex\", got {other:?}"
            )));
        }
    };
    let call = Call::new(py, "schur", &[("a", a)])?.on_failure(on_failure)?;
    let complex = complex || call.scalar().is_complex();
    let select = match sort {
        None => Select::None,
        Some(sort) if sort.is_callable() => {
            let select = Select::None;
            let mut outputs = call.compute(&Schur { complex, select })?;
            Select::Listed(chosen(&call, &mut outputs[0], sort, complex)?)
        }
        Some(sort) => named(sort)?,
    };
    let mut outputs = call.compute(&Schur { complex, select })?;
    let mut wraps = vec![Wrap::LikeInput, Wrap::LikeInput];
    match sort {
        Some(_) => wraps.push(Wrap::Plain),
        None => outputs.truncate(2),
    }
    PyTuple::new(py, call.each_to_python(outputs, &wraps)?)
}

/// The eigenvalues that a name stands for.
fn named(sort: &Bound<'_, PyAny>) -> PyResult<Select> {
    let wrong = || {
        PyTypeError::new_err(format!(
            "schur: sort: expected \"lhp\", \"rhp\", \"iuc\", \"ouc\" or a function, got {}",
            sort.get_type()
        ))
    };
    let name: String = sort.extract().map_err(|_| wrong())?;
    Ok(match name.as_str() {
        "lhp" => Select::LeftHalf,
        "rhp" => Select::RightHalf,
        "iuc" => Select::InsideCircle,
        "ouc" => Select::OutsideCircle,
        other => {
            return Err(PyValueError::new_err(format!(
                "schur: sort: expected \"lhp\", \"rhp\", \"iuc\", \"ouc\" or a function, got \
                 {other:?}"
            )));
        }
    })
}

/// The eigenvalues for which a function of Python is true.
fn chosen(
    call: &Call<'_>,
    forms: &mut Output<'_>,
    sort: &Bound<'_, PyAny>,
    complex: bool,
) -> PyResult<Vec<bool>> {
    fn values<T: LinalgScalar>(
        call: &Call<'_>,
        forms: &mut Output<'_>,
    ) -> PyResult<Vec<Complex64>> {
        let forms = forms.view_mut::<T>()?;
        schur_eigenvalues(&forms.view()).map_err(|error| call.shape_error(error))
    }
    let values = match (call.dtype(), complex) {
        (DType::Float32, false) => values::<f32>(call, forms)?,
        (DType::Float32 | DType::Complex64, _) => values::<Complex32>(call, forms)?,
        (DType::Float64, false) => values::<f64>(call, forms)?,
        _ => values::<Complex64>(call, forms)?,
    };
    let py = sort.py();
    let choose = |value: Complex64| {
        let answer = if complex {
            sort.call1((PyComplex::from_doubles(py, value.re, value.im),))?
        } else {
            sort.call1((value.re, value.im))?
        };
        answer.is_truthy()
    };
    values.into_iter().map(choose).collect()
}

/// Complex Schur forms of real ones.
///
/// The same ``t`` and ``z`` with a triangular, complex ``t``: ``z @ t @ z.conj().T`` stays what it
/// is.
///
/// Parameters
/// ----------
/// t : array_like, shape (..., n, n)
///     Real Schur forms, as :func:`schur` returns them. What is below their blocks is not read.
/// z : array_like, shape (..., n, n)
///     Their unitary factors.
/// on_failure : {"raise", "nan"}, optional
///     For a matrix that holds a NaN or an infinity: raise ``LinAlgError``, or fill its results
///     with NaN and compute the others.
///
/// Returns
/// -------
/// T : array, shape (..., n, n)
///     The forms, complex.
/// Z : array, shape (..., n, n)
///     The factors, complex. In the library of the operands.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     An operand holds a NaN or an infinity, or is not square; ``index`` tells which in the
///     batch.
///
/// Notes
/// -----
/// One rotation for each block, in double precision: backward stable. ``schur(a, "complex")``
/// does both steps in one.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> t, z = scirs2.linalg.schur(np.array([[0.0, -2.0], [2.0, 0.0]]))
/// >>> scirs2.linalg.rsf2csf(t, z)[0].diagonal()
/// array([0.+2.j, 0.-2.j])
#[pyfunction]
#[pyo3(signature = (t, z, *, on_failure="raise"))]
pub(super) fn rsf2csf<'py>(
    t: &Bound<'py, PyAny>,
    z: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = t.py();
    let call = Call::new(py, "rsf2csf", &[("t", t), ("z", z)])?.on_failure(on_failure)?;
    PyTuple::new(py, call.results(&Rsf2csf, &[Wrap::Plain; 2])?)
}

/// Real forms of the eigenvalues and eigenvectors of real matrices.
///
/// ``v * w[..., None, :]`` becomes ``vr @ wr``: two conjugate eigenvalues ``x + y * 1j`` and ``x -
/// y * 1j`` become a block ``[[x, y], [-y, x]]`` on the diagonal of ``wr``, and their
/// vectors the real and the imaginary part of the first one times ``1j``, as in SciPy.
///
/// Parameters
/// ----------
/// w : array_like, shape (..., n)
///     Eigenvalues, each complex one followed by its conjugate, as :func:`eig` returns them.
/// v : array_like, shape (..., n, n)
///     Their eigenvectors in the columns.
/// on_failure : {"raise", "nan"}, optional
///     For eigenvalues that are not in pairs: raise ``LinAlgError``, or fill their results with
///     NaN and compute the others.
///
/// Returns
/// -------
/// wr : array, shape (..., n, n)
///     Real.
/// vr : array, shape (..., n, n)
///     Real. Both in the library of the operands.
///
/// Raises
/// ------
/// scirs2.linalg.LinAlgError
///     A complex eigenvalue is not followed by its conjugate; ``index`` tells which in the batch.
///
/// Notes
/// -----
/// Exact: elements are copied, or negated.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> w, v = scirs2.linalg.eig(np.array([[0.0, -2.0], [2.0, 0.0]]))
/// >>> scirs2.linalg.cdf2rdf(w, v)[0]
/// array([[ 0.,  2.],
///        [-2.,  0.]])
#[pyfunction]
#[pyo3(signature = (w, v, *, on_failure="raise"))]
pub(super) fn cdf2rdf<'py>(
    w: &Bound<'py, PyAny>,
    v: &Bound<'py, PyAny>,
    on_failure: &str,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = w.py();
    let call = Call::new(py, "cdf2rdf", &[("w", w), ("v", v)])?.on_failure(on_failure)?;
    PyTuple::new(py, call.results(&Cdf2rdf, &[Wrap::Plain; 2])?)
}
