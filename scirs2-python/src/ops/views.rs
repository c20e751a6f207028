//! Views of the caller's memory: `scirs2.linalg.matrix_transpose` and
//! `diagonal`, and `trace`, which sums one.

use numpy::{PyUntypedArray, PyUntypedArrayMethods as _};
use pyo3::PyTypeInfo as _;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyEllipsis, PySlice};
use scirs2_core::DType;
use scirs2_core::shape::Shown;
use scirs2_linalg::operation::Trace;

use crate::call::argument::operand_error;
use crate::call::bind::Call;
use crate::call::operand::{Memory, Operand};
use crate::library::Library;
use crate::numpy::array::{self, LayoutError};
use crate::numpy::dtype::{descr_of, dtype_of};

/// Transposes of matrices, as a view.
///
/// Parameters
/// ----------
/// x : array_like, shape (..., m, n)
///     Matrices, of any DLPack library, any strides and any dtype.
///
/// Returns
/// -------
/// array, shape (..., n, m)
///     In the library of ``x``, on the same memory: what is written to one is
///     written to the other. JAX and TensorFlow copy what does not lie in C order.
///
/// Raises
/// ------
/// ValueError
///     ``x`` has fewer than two dimensions.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.matrix_transpose(np.array([[1, 2], [3, 4]]))
/// array([[1, 3],
///        [2, 4]])
#[pyfunction]
#[pyo3(signature = (x, /))]
pub(super) fn matrix_transpose<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let (library, array) = array_operand("matrix_transpose", x)?;
    if array.ndim() < 2 {
        return Err(PyValueError::new_err(format!(
            "matrix_transpose: x has shape {}; it needs at least 2 dimensions",
            Shown(array.shape())
        )));
    }
    let view = array.call_method1(intern!(py, "swapaxes"), (-2, -1))?;
    view_to_python(library, view.cast_into()?)
}

/// Diagonals of matrices, as a view.
///
/// Parameters
/// ----------
/// x : array_like, shape (..., m, n)
///     Matrices, of any DLPack library, any strides and any dtype.
/// offset : int, optional
///     Above the main diagonal where positive, below it where negative.
///
/// Returns
/// -------
/// array, shape (..., k)
///     In the library of ``x``, on the same memory; a NumPy array is read-only, as
///     that of ``numpy.linalg.diagonal``. JAX and TensorFlow copy what does not lie in
///     C order.
///
/// Raises
/// ------
/// ValueError
///     ``x`` has fewer than two dimensions.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.diagonal(np.array([[1, 2, 3], [4, 5, 6]]), offset=1)
/// array([2, 6])
#[pyfunction]
#[pyo3(signature = (x, /, *, offset=0))]
pub(super) fn diagonal<'py>(x: &Bound<'py, PyAny>, offset: isize) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let (library, array) = array_operand("diagonal", x)?;
    let view = array.call_method1(intern!(py, "diagonal"), (clamp_offset(offset), -2, -1))?;
    if library != Library::NumPy && array::is_writeable(&array) {
        let flags = view.getattr(intern!(py, "flags"))?;
        flags.setattr(intern!(py, "writeable"), true)?;
    }
    view_to_python(library, view.cast_into()?)
}

/// Sums of diagonals.
///
/// Parameters
/// ----------
/// x : array_like, shape (..., m, n)
///     Matrices, of any DLPack library and any strides.
/// offset : int, optional
///     Above the main diagonal where positive, below it where negative.
/// dtype : dtype, optional
///     What is summed in, and the dtype of the result: a name, or NumPy's or the
///     library's own. By default that of ``x``, and for integers and booleans of fewer
///     bits than the machine's the machine's.
///
/// Returns
/// -------
/// array, shape (...)
///     In the library of ``x``; for NumPy a number where no dimension is left.
///
/// Raises
/// ------
/// ValueError
///     ``x`` has fewer than two dimensions.
/// TypeError
///     ``dtype`` is none.
///
/// Notes
/// -----
/// Summed pairwise, float16 and bfloat16 in float32. Nothing is copied.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> scirs2.linalg.trace(np.array([[1, 2], [3, 4]]))
/// np.int64(5)
#[pyfunction]
#[pyo3(signature = (x, /, *, offset=0, dtype=None))]
pub(super) fn trace<'py>(
    x: &Bound<'py, PyAny>,
    offset: isize,
    dtype: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    if dtype.is_none()
        && x.cast_exact::<PyUntypedArray>()
            .is_ok_and(is_summed_in_own_dtype)
    {
        return trace_by_kernel(x, offset);
    }
    let (library, array) = array_operand("trace", x)?;
    let own = dtype_of(&array.dtype());
    let halves =
        own.filter(|own| dtype.is_none() && matches!(own, DType::Float16 | DType::BFloat16));
    let summed = match (halves, dtype) {
        (Some(_), _) => descr_of(py, DType::Float32)?.into_any(),
        (None, Some(dtype)) => numpy_dtype(dtype)?,
        (None, None) => py.None().into_bound(py),
    };
    let options = PyDict::new(py);
    options.set_item(intern!(py, "axis"), -1)?;
    options.set_item(intern!(py, "dtype"), summed)?;
    let view = array.call_method1(intern!(py, "diagonal"), (clamp_offset(offset), -2, -1))?;
    let mut sum = sum_last_axis(&view, &options)?;
    if let Some(half) = halves {
        sum = sum.call_method1(intern!(py, "astype"), (descr_of(py, half)?,))?;
    }
    if library == Library::NumPy {
        return Ok(sum);
    }
    let array = Operand::from_python(&sum)?.into_array(py, "trace", "x")?;
    let described =
        array::describe(&array).map_err(|reason| PyTypeError::new_err(reason.to_string()))?;
    let out = array::empty(py, described.dtype(), described.shape())?;
    out.set_item(PyEllipsis::get(py), array)?;
    library.tensor_from_array(out)
}

/// Sums along the last axis by NumPy, which looks for no signals: in pieces of it.
fn sum_last_axis<'py>(
    view: &Bound<'py, PyAny>,
    options: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    const CHUNK_ELEMENTS: usize = 1 << 26;
    let py = view.py();
    let array = view.cast::<PyUntypedArray>()?;
    let (rows, length) = match array.shape() {
        [batch @ .., length] => (batch.iter().product::<usize>(), *length),
        [] => (1, 1),
    };
    let step = (CHUNK_ELEMENTS / rows.max(1)).max(1);
    let of = |piece: &Bound<'py, PyAny>| piece.call_method(intern!(py, "sum"), (), Some(options));
    if length <= step {
        return of(view);
    }
    let piece = |start: usize| {
        let end = length.min(start + step);
        let range = PySlice::new(py, start.cast_signed(), end.cast_signed(), 1);
        of(&view.get_item((PyEllipsis::get(py), range))?)
    };
    let mut sum = piece(0)?;
    for start in (step..length).step_by(step) {
        py.check_signals()?;
        sum = sum.add(piece(start)?)?;
    }
    Ok(sum)
}

/// Whether sums of the array's elements are of their own dtype, in which they are
/// computed.
fn is_summed_in_own_dtype(array: &Bound<'_, PyUntypedArray>) -> bool {
    use DType as D;
    matches!(
        dtype_of(&array.dtype()),
        Some(D::Int64 | D::UInt64 | D::Float32 | D::Float64 | D::Complex64 | D::Complex128)
    )
}

/// The trace where NumPy is not asked.
fn trace_by_kernel<'py>(x: &Bound<'py, PyAny>, offset: isize) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x.py(), "trace", &[("x", x)])?;
    let sum = call.compute_one(&Trace { offset }, None)?;
    call.to_python(sum)
}

/// An offset that NumPy's C ints hold: beyond it lies no array's diagonal either,
/// and `diagonal` would read foreign memory at the least int.
fn clamp_offset(offset: isize) -> i32 {
    let offset = i32::try_from(offset);
    offset.unwrap_or(i32::MAX).max(-i32::MAX)
}

/// An operand: a NumPy array as it is, whatever its dtype; of a subclass, which may
/// have other methods, as the array that it is.
fn array_operand<'py>(
    name: &str,
    x: &Bound<'py, PyAny>,
) -> PyResult<(Library, Bound<'py, PyUntypedArray>)> {
    let Ok(array) = x.cast::<PyUntypedArray>() else {
        let taken = Operand::from_python(x)?;
        let array = match (taken.memory, taken.described) {
            (_, Err(reason @ LayoutError::Class(..))) => {
                return Err(operand_error(name, "x", &reason));
            }
            (memory, Ok(description)) => memory.into_array(x.py(), &description)?,
            (Memory::Array(array), Err(_)) => array,
            (Memory::Tensor(_), Err(reason)) => return Err(operand_error(name, "x", &reason)),
        };
        return Ok((taken.library, array));
    };
    if x.is_exact_instance_of::<PyUntypedArray>() {
        return Ok((Library::NumPy, array.clone()));
    }
    let class = PyUntypedArray::type_object(x.py());
    let plain = array.call_method1(intern!(x.py(), "view"), (class,))?;
    Ok((Library::NumPy, plain.cast_into()?))
}

/// A view as the library has it: where that knows no strides, a copy.
fn view_to_python<'py>(
    library: Library,
    view: Bound<'py, PyUntypedArray>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = view.py();
    library.tensor_from_array(view.clone()).or_else(|error| {
        let described = array::describe(&view).map_err(|_| error)?;
        let copy = array::empty(py, described.dtype(), described.shape())?;
        copy.set_item(PyEllipsis::get(py), view)?;
        library.tensor_from_array(copy)
    })
}

/// NumPy's name for a dtype of any library.
fn numpy_dtype<'py>(dtype: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let numpys = py
        .import(intern!(py, "numpy"))?
        .getattr(intern!(py, "dtype"))?;
    numpys.call1((dtype,)).or_else(|error| {
        // PyTorch says "torch.float32", TensorFlow has a name.
        let name = dtype
            .getattr(intern!(py, "name"))
            .or_else(|_| dtype.str().map(Bound::into_any))?;
        let name: String = name.extract()?;
        let name = name.rsplit('.').next().unwrap_or_default();
        numpys.call1((name,)).map_err(|_| error)
    })
}
