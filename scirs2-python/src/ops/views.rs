//! Views of the caller's memory: `scirs2.linalg.matrix_transpose` and `diagonal`; and
//! `trace`, the sum of a diagonal.

use numpy::{PyUntypedArray, PyUntypedArrayMethods as _};
use pyo3::PyTypeInfo as _;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyEllipsis, PySlice};
use scirs2_core::DType;
use scirs2_core::shape::DisplayShape;
use scirs2_linalg::operation::Trace;

use crate::call::argument::operand_error;
use crate::call::bind::Call;
use crate::call::operand::{Memory, Operand};
use crate::error::in_argument;
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
///     In the library of ``x``, on the same memory: what is written to one is written
///     to the other. JAX and TensorFlow make a copy if it is not in C order.
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
    needs_matrices("matrix_transpose", &array)?;
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
///     Above the main diagonal if positive, below it if negative.
///
/// Returns
/// -------
/// array, shape (..., k)
///     In the library of ``x``, on the same memory; a NumPy array is read-only, as with
///     ``numpy.linalg.diagonal``. JAX and TensorFlow make a copy if it is not in C
///     order.
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
    needs_matrices("diagonal", &array)?;
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
///     Above the main diagonal if positive, below it if negative.
/// dtype : dtype, optional
///     The dtype of the sum and of the result: a name, or a dtype of NumPy or of the
///     library. By default that of ``x``; integers and booleans narrower than the
///     machine's integer are summed in that.
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
///     ``dtype`` is not a dtype.
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
    needs_matrices("trace", &array)?;
    let array_dtype = dtype_of(&array.dtype());
    let half = array_dtype.filter(|array_dtype| {
        dtype.is_none() && matches!(array_dtype, DType::Float16 | DType::BFloat16)
    });
    let sum_dtype = match (half, dtype) {
        (Some(_), _) => descr_of(py, DType::Float32)?.into_any(),
        (None, Some(dtype)) => numpy_dtype(dtype)
            .map_err(|error| in_argument(py, "dtype", error))?
            .into_any(),
        (None, None) => py.None().into_bound(py),
    };
    let options = PyDict::new(py);
    options.set_item(intern!(py, "axis"), -1)?;
    options.set_item(intern!(py, "dtype"), sum_dtype)?;
    let view = array.call_method1(intern!(py, "diagonal"), (clamp_offset(offset), -2, -1))?;
    let mut sum = sum_last_axis(&view, &options)?;
    if let Some(half) = half {
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

/// Sums along the last axis with NumPy, in chunks: NumPy does not check for signals.
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
    let sum_of =
        |chunk: &Bound<'py, PyAny>| chunk.call_method(intern!(py, "sum"), (), Some(options));
    if length <= step {
        return sum_of(view);
    }
    let sum_from = |start: usize| {
        let end = length.min(start + step);
        let range = PySlice::new(py, start.cast_signed(), end.cast_signed(), 1);
        sum_of(&view.get_item((PyEllipsis::get(py), range))?)
    };
    let mut sum = sum_from(0)?;
    for start in (step..length).step_by(step) {
        py.check_signals()?;
        sum = sum.add(sum_from(start)?)?;
    }
    Ok(sum)
}

/// Returns true if NumPy sums elements of this dtype in the dtype itself.
fn is_summed_in_own_dtype(array: &Bound<'_, PyUntypedArray>) -> bool {
    use DType as D;
    matches!(
        dtype_of(&array.dtype()),
        Some(D::Int64 | D::UInt64 | D::Float32 | D::Float64 | D::Complex64 | D::Complex128)
    )
}

/// Computes the trace without NumPy.
fn trace_by_kernel<'py>(x: &Bound<'py, PyAny>, offset: isize) -> PyResult<Bound<'py, PyAny>> {
    let call = Call::promoted(x.py(), "trace", &[("x", x)])?;
    let sum = call.compute_one(&Trace { offset }, None)?;
    call.to_python(sum)
}

/// Clamps an offset to NumPy's C ints. No array has a diagonal beyond them, and at the
/// least int `diagonal` would read foreign memory.
fn clamp_offset(offset: isize) -> i32 {
    let offset = i32::try_from(offset);
    offset.unwrap_or(i32::MAX).max(-i32::MAX)
}

/// Takes an operand of any dtype as a NumPy array. Drops its subclass, whose methods may
/// differ.
fn array_operand<'py>(
    name: &str,
    x: &Bound<'py, PyAny>,
) -> PyResult<(Library, Bound<'py, PyUntypedArray>)> {
    let Ok(array) = x.cast::<PyUntypedArray>() else {
        let operand = Operand::of_parameter(x, name, "x")?;
        let array = match (operand.memory, operand.described) {
            (_, Err(reason @ LayoutError::Class(..))) => {
                return Err(operand_error(name, "x", &reason));
            }
            (memory, Ok(description)) => memory.into_array(x.py(), &description)?,
            (Memory::Array(array), Err(_)) => array,
            (Memory::Tensor(_), Err(reason)) => return Err(operand_error(name, "x", &reason)),
        };
        return Ok((operand.library, array));
    };
    if x.is_exact_instance_of::<PyUntypedArray>() {
        return Ok((Library::NumPy, array.clone()));
    }
    let class = PyUntypedArray::type_object(x.py());
    let plain = array.call_method1(intern!(x.py(), "view"), (class,))?;
    Ok((Library::NumPy, plain.cast_into()?))
}

/// Returns an error if an array has no matrices.
fn needs_matrices(name: &str, x: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
    if x.ndim() >= 2 {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "{name}: x has shape {}; it needs at least 2 dimension(s)",
        DisplayShape(x.shape())
    )))
}

/// Converts a view to the library. Copies it if the library has no strides.
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

/// Returns NumPy's dtype for a dtype of any library.
fn numpy_dtype<'py>(dtype: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let numpy_dtype = py
        .import(intern!(py, "numpy"))?
        .getattr(intern!(py, "dtype"))?;
    numpy_dtype.call1((dtype,)).or_else(|error| {
        // The text of PyTorch's dtypes is "torch.float32"; TensorFlow's have a name.
        let name = dtype
            .getattr(intern!(py, "name"))
            .or_else(|_| dtype.str().map(Bound::into_any))?;
        let name: String = name.extract()?;
        let name = name.rsplit('.').next().unwrap_or_default();
        numpy_dtype.call1((name,)).map_err(|_| error)
    })
}
