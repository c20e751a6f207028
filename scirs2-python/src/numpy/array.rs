//! NumPy arrays: their description, views of foreign memory, and memory for results.

use core::ffi::c_int;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr;

use ndarray::{ArrayD, ArrayViewD};
use numpy::npyffi::{
    NPY_ARRAY_ALIGNED, NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_ELEMENTSTRIDES, NPY_ARRAY_ENSUREARRAY,
    NPY_ARRAY_NOTSWAPPED, NPY_ARRAY_WRITEABLE, NPY_ORDER, NpyTypes, PY_ARRAY_API, get_type_object,
    npy_intp,
};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyBufferError, PyMemoryError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use scirs2_core::shape::DisplayShape;
use scirs2_core::{DType, Device};
use scirs2_interop::sys::{FLAG_IS_SUBBYTE_TYPE_PADDED, FLAG_READ_ONLY};
use scirs2_interop::{Description, Error, Layout, MAX_NDIM, ShapeStrides};

use super::dtype::{descr_of, dtype_of};

/// The alignment of arrays that vector registers and JAX prefer.
const ALIGNMENT: usize = 64;

/// Smaller arrays are not aligned: the second array, which owns the memory, would cost more
/// than the copy that it saves JAX.
const MIN_ALIGNED_BYTES: usize = 1024;

/// The reason why an array has no description.
pub(crate) enum LayoutError {
    /// DLPack has no name for the dtype, which is given as NumPy prints it.
    Dtype(String),
    /// The object is not an array and does not become one of numbers; its class, and
    /// what to pass instead.
    Class(String, Option<&'static str>),
    /// A list or tuple whose elements NumPy does not take for numbers.
    Elements(String),
    /// The dtype is not in native byte order.
    ByteOrder(String),
    /// A stride is not a whole number of elements.
    Stride { bytes: isize, itemsize: usize },
    /// DLPack forbids the layout.
    Layout(Error),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayoutError::Dtype(name) => write!(
                f,
                "dtype: {name} is not one of bool, int8-64, uint8-64, float16-64, complex64-128 \
                 and the types of ml_dtypes; \
                 convert the array first, for example x.astype(\"float64\")"
            ),
            LayoutError::Class(name, cure) => {
                write!(
                    f,
                    "expected an array, a tensor or nested lists of numbers, got {name}"
                )?;
                cure.map_or(Ok(()), |cure| write!(f, "; pass {cure}"))
            }
            LayoutError::Elements(name) => write!(
                f,
                "the elements are not all numbers of one dtype: NumPy makes {name} of them; \
                 if they stand for numbers pass numpy.array(x, dtype=\"float64\")"
            ),
            LayoutError::ByteOrder(name) => write!(
                f,
                "dtype: {name} is not in native byte order; \
                 pass x.astype(x.dtype.newbyteorder(\"=\"))"
            ),
            LayoutError::Stride { bytes, itemsize } => write!(
                f,
                "strides: {bytes} bytes are no whole number of elements of {itemsize} bytes; \
                 ask for copy=True or pass x.copy()"
            ),
            LayoutError::Layout(error) => error.fmt(f),
        }
    }
}

impl LayoutError {
    /// Returns the exception for an exchange of such an array.
    pub(crate) fn into_buffer_error(self) -> PyErr {
        match self {
            LayoutError::Layout(error) => error.into(),
            reason => PyBufferError::new_err(reason.to_string()),
        }
    }
}

/// An array's dtype, address, shape, and strides in elements.
pub(crate) struct ArrayLayout {
    dtype: DType,
    data: *mut u8,
    dims: ShapeStrides,
    read_only: bool,
}

impl ArrayLayout {
    /// Reads the fields of an array.
    #[inline(always)]
    pub(crate) fn of(array: &Bound<'_, PyUntypedArray>) -> Result<Self, LayoutError> {
        let dtype = native_dtype(array)?;
        let itemsize = dtype.itemsize();
        // Every item size is a power of two.
        let shift = itemsize.trailing_zeros();
        let (shape, strides) = (array.shape(), array.strides());
        let shortest = shape.iter().copied().min().unwrap_or(1);
        let mut dims = ShapeStrides::new(shape.len());
        dims.fill(|axis| {
            let (len, bytes) = (shape[axis], strides[axis]);
            if bytes.trailing_zeros() >= shift {
                Ok((len, bytes >> shift))
            } else if len == 1 || shortest == 0 {
                Ok((len, 0))
            } else {
                Err(LayoutError::Stride { bytes, itemsize })
            }
        })?;
        if shortest <= 1 {
            // NumPy guarantees that the product of the lengths does not
            // overflow.
            dims.normalize_strides(shortest == 0);
        }
        Ok(ArrayLayout {
            dtype,
            data: data(array),
            dims,
            read_only: !is_writeable(array),
        })
    }

    /// Returns true if NumPy forbids writing.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Returns the layout for an export.
    #[inline]
    pub(crate) fn layout(&self) -> Layout<'_> {
        Layout {
            data: self.data,
            device: Device::CPU,
            dtype: self.dtype,
            shape: self.dims.shape(),
            strides: self.dims.strides(),
            read_only: self.read_only,
            copied: false,
            packed: false,
        }
    }
}

/// Attributes of classes, each with the way to make an array of the class's objects.
const CURES: [(&str, &str); 6] = [
    // Sparse arrays and matrices of SciPy and CuPy.
    ("toarray", "x.toarray()"),
    // The package sparse.
    ("todense", "x.todense()"),
    // TensorFlow's ragged tensors, then its sparse ones.
    ("to_tensor", "x.to_tensor()"),
    ("with_values", "tf.sparse.to_dense(x)"),
    // Polars' lazy frames.
    ("collect", "x.collect()"),
    // Generators.
    ("__next__", "list(x)"),
];

/// Returns the reason why an object is not an array of numbers, given the dtype that NumPy
/// makes of it.
pub(crate) fn not_numeric(object: &Bound<'_, PyAny>, dtype: String) -> LayoutError {
    let class = object.get_type();
    // Asked of the class, because an object may claim to have any attribute.
    let has = |name: &str| class.hasattr(name).unwrap_or(false);
    if object.is_none() {
        return LayoutError::Class("None".to_owned(), None);
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return LayoutError::Elements(dtype);
    }
    let cure = if object.is_instance_of::<PyDict>() {
        Some("list(x.values())")
    } else if let Some((_, cure)) = CURES.into_iter().find(|(name, _)| has(name)) {
        Some(cure)
    } else if has("astype") {
        return LayoutError::Dtype(dtype);
    } else {
        // Decimals, fractions and large integers.
        object.extract::<f64>().is_ok().then_some("float(x)")
    };
    LayoutError::Class(class.to_string(), cure)
}

/// Returns true if the array's memory, shape and dtype are still as described. Python code
/// can resize or otherwise change an array.
#[inline]
pub(crate) fn is_unchanged(array: &Bound<'_, PyUntypedArray>, description: &Description) -> bool {
    describe(array).is_ok_and(|now| now.is_same_view_as(description))
}

/// Describes an array, and checks the description.
#[inline]
pub(crate) fn describe(array: &Bound<'_, PyUntypedArray>) -> Result<Description, LayoutError> {
    let description = if flags(array) & NPY_ARRAY_C_CONTIGUOUS != 0 {
        describe_c_order(array, native_dtype(array)?, array.shape())
    } else {
        let layout = ArrayLayout::of(array)?;
        Description::from_dims(layout.data, layout.dtype, layout.dims, layout.read_only)
    };
    description.map_err(LayoutError::Layout)
}

/// Describes an array that is known to be C-contiguous and to have this dtype and shape.
#[inline]
pub(crate) fn describe_c_order(
    array: &Bound<'_, PyUntypedArray>,
    dtype: DType,
    shape: &[usize],
) -> Result<Description, Error> {
    let read_only = if is_writeable(array) {
        0
    } else {
        FLAG_READ_ONLY
    };
    let flags = read_only | FLAG_IS_SUBBYTE_TYPE_PADDED;
    Description::in_c_order(data(array), dtype, shape, flags)
}

/// Returns the dtype of an array. Fails if it is not in native byte order.
#[inline]
fn native_dtype(array: &Bound<'_, PyUntypedArray>) -> Result<DType, LayoutError> {
    let descr = descr(array);
    let dtype = dtype_of(&descr).ok_or_else(|| LayoutError::Dtype(descr.to_string()))?;
    if descr.is_native_byteorder() == Some(false) {
        return Err(LayoutError::ByteOrder(descr.to_string()));
    }
    Ok(dtype)
}

/// Makes an array over described memory that `base` keeps alive.
///
/// # Safety
/// `descr` is NumPy's dtype of the elements. While `base` lives the memory can be read, and
/// written if `writeable`.
#[inline(always)]
pub(crate) unsafe fn wrap<'py>(
    description: &Description,
    descr: Bound<'py, PyArrayDescr>,
    base: Bound<'py, PyAny>,
    writeable: bool,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let itemsize = description.dtype().itemsize() as isize;
    // A description guarantees that strides times item size do not overflow.
    let mut strides = [const { MaybeUninit::uninit() }; MAX_NDIM];
    for (bytes, &step) in strides.iter_mut().zip(description.strides()) {
        bytes.write(step * itemsize);
    }
    // SAFETY: shape and strides describe the memory at `data`, and `base` keeps that
    // alive, by this function's contract.
    let array = unsafe {
        new_array(
            descr,
            description.shape(),
            strides.as_mut_ptr().cast(),
            description.data(),
            if writeable { NPY_ARRAY_WRITEABLE } else { 0 },
        )
    }?;
    set_base(&array, base)?;
    Ok(array)
}

/// Makes the view of an array that NumPy's `from_dlpack` would make. It is not writeable if
/// the array is not.
#[inline]
pub(crate) fn view<'py>(
    array: Bound<'py, PyUntypedArray>,
    writeable: bool,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let writeable = writeable && is_writeable(&array);
    // SAFETY: shape, strides and address are those of the array, which becomes the base
    // below.
    let view = unsafe {
        new_array(
            array.dtype(),
            array.shape(),
            array.strides().as_ptr().cast_mut(),
            data(&array),
            if writeable { NPY_ARRAY_WRITEABLE } else { 0 },
        )
    }?;
    set_base(&view, array.into_any())?;
    Ok(view)
}

/// Allocates an array for a result in C order, aligned to 64 bytes unless it is small. Its
/// elements are not set.
pub(crate) fn empty<'py>(
    py: Python<'py>,
    dtype: DType,
    shape: &[usize],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let bytes = scirs2_core::shape::element_count(shape)
        .and_then(|count| count.checked_mul(dtype.itemsize()));
    if bytes.is_none_or(|bytes| bytes >= MIN_ALIGNED_BYTES) {
        return empty_aligned(py, dtype, shape);
    }
    let descr = descr_of(py, dtype)?;
    // SAFETY: NumPy allocates, because no memory is passed.
    unsafe { new_array(descr, shape, ptr::null_mut(), ptr::null_mut(), 0) }
}

/// Allocates an array in C order, aligned to 64 bytes. Its elements are not set.
pub(crate) fn empty_aligned<'py>(
    py: Python<'py>,
    dtype: DType,
    shape: &[usize],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let bytes = scirs2_core::shape::element_count(shape)
        .and_then(|count| count.checked_mul(dtype.itemsize()))
        .and_then(|bytes| bytes.checked_add(ALIGNMENT))
        .filter(|&bytes| isize::try_from(bytes).is_ok());
    let Some(bytes) = bytes else {
        return Err(PyMemoryError::new_err(format!(
            "a result of shape {} and dtype {dtype} exceeds the address space",
            DisplayShape(shape)
        )));
    };
    // NumPy's allocator asks for huge pages where they help, and reports to tracemalloc,
    // but it does not align.
    // SAFETY: NumPy allocates, because no memory is passed.
    let memory = unsafe {
        new_array(
            descr_of(py, DType::UInt8)?,
            &[bytes],
            ptr::null_mut(),
            ptr::null_mut(),
            0,
        )
    };
    let memory = memory.map_err(|error| {
        if !error.is_instance_of::<PyMemoryError>(py) {
            return error;
        }
        // NumPy's message would name an array of bytes.
        let gigabytes = bytes as f64 / 1e9;
        PyMemoryError::new_err(format!(
            "there is no memory for a result of shape {} and dtype {dtype}, \
             {gigabytes:.1} GB",
            DisplayShape(shape)
        ))
    })?;
    let start = data(&memory);
    let data = start.wrapping_add(start.align_offset(ALIGNMENT));
    // SAFETY: the bytes from `data` on hold the shape in C order, and the base keeps
    // them alive.
    let array = unsafe {
        new_array(
            descr_of(py, dtype)?,
            shape,
            ptr::null_mut(),
            data,
            NPY_ARRAY_WRITEABLE,
        )
    }?;
    set_base(&array, memory.into_any())?;
    Ok(array)
}

/// Calls `PyArray_NewFromDescr`, which only reads shape and strides. It refuses a length
/// that is negative as a signed integer.
///
/// # Safety
/// `strides` is NULL or has one entry, in bytes, for each length. `data` is NULL or holds
/// an array of that layout while the result lives.
#[inline]
unsafe fn new_array<'py>(
    descr: Bound<'py, PyArrayDescr>,
    shape: &[usize],
    strides: *mut npy_intp,
    data: *mut u8,
    flags: c_int,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = descr.py();
    // SAFETY: NumPy's API always has this type.
    let class = unsafe { get_type_object(py, NpyTypes::PyArray_Type) };
    let descr = descr.into_dtype_ptr();
    // SAFETY: the call steals `descr`; the pointers fit the shape by this
    // function's contract, and at most 64 lengths fit a C int.
    let array = unsafe {
        PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class,
            descr,
            shape.len() as c_int,
            shape.as_ptr().cast::<npy_intp>().cast_mut(),
            strides,
            data.cast(),
            flags,
            ptr::null_mut(),
        )
    };
    // SAFETY: a new reference, or NULL with an exception set.
    let array = unsafe { Bound::from_owned_ptr_or_err(py, array) }?;
    // SAFETY: the object is of the class that was asked for.
    Ok(unsafe { array.cast_into_unchecked() })
}

fn set_base(array: &Bound<'_, PyUntypedArray>, base: Bound<'_, PyAny>) -> PyResult<()> {
    let py = array.py();
    // SAFETY: the array is fresh and has no base; the call steals `base` even if it
    // fails.
    let status =
        unsafe { PY_ARRAY_API.PyArray_SetBaseObject(py, array.as_array_ptr(), base.into_ptr()) };
    if status == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(py))
    }
}

/// Copies packed elements into an array with one byte per element.
///
/// # Safety
/// The described memory can be read.
pub(crate) unsafe fn unpack<'py>(
    py: Python<'py>,
    description: &Description,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    // SAFETY: readable, by this function's contract.
    let bytes = unsafe { description.unpack() }?;
    let array = empty_aligned(py, description.dtype(), description.shape())?;
    // SAFETY: the fresh array has one byte per element.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data(&array), bytes.len()) };
    Ok(array)
}

/// Returns true if NumPy allows writing to the array.
pub(crate) fn is_writeable(array: &Bound<'_, PyUntypedArray>) -> bool {
    flags(array) & NPY_ARRAY_WRITEABLE != 0
}

/// Returns NumPy's flags of the array.
fn flags(array: &Bound<'_, PyUntypedArray>) -> c_int {
    // SAFETY: the pointer is that of a live array object.
    unsafe { &*array.as_array_ptr() }.fields.flags
}

/// Returns the array's dtype without a new reference to it.
fn descr<'a, 'py>(array: &'a Bound<'py, PyUntypedArray>) -> Borrowed<'a, 'py, PyArrayDescr> {
    // SAFETY: the pointer is that of a live array object.
    let descr = unsafe { &*array.as_array_ptr() }.fields.descr;
    // SAFETY: every array owns a dtype, and during this borrow no Python code runs that
    // could replace it.
    let descr = unsafe { Borrowed::from_ptr(array.py(), descr.cast()) };
    // SAFETY: NumPy stores only dtypes in this field.
    unsafe { descr.cast_unchecked() }
}

/// Returns the address of the first element.
pub(crate) fn data(array: &Bound<'_, PyUntypedArray>) -> *mut u8 {
    // SAFETY: the pointer is that of a live array object.
    unsafe { &*array.as_array_ptr() }.fields.data.cast()
}

/// Makes a NumPy scalar.
///
/// # Safety
/// `data` points to one element of that dtype.
pub(crate) unsafe fn scalar<'py>(
    py: Python<'py>,
    dtype: DType,
    data: *mut u8,
) -> PyResult<Bound<'py, PyAny>> {
    let descr = descr_of(py, dtype)?;
    // SAFETY: one element at `data`, by this function's contract; the call
    // borrows `descr`.
    let scalar = unsafe {
        PY_ARRAY_API.PyArray_Scalar(py, data.cast(), descr.as_dtype_ptr(), ptr::null_mut())
    };
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, scalar) }
}

/// Copies an array, keeping the order of its elements in memory.
pub(crate) fn copy<'py>(
    array: &Bound<'py, PyUntypedArray>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = array.py();
    // SAFETY: a live array object.
    let copy =
        unsafe { PY_ARRAY_API.PyArray_NewCopy(py, array.as_array_ptr(), NPY_ORDER::NPY_KEEPORDER) };
    // SAFETY: a new reference, or NULL with an exception set.
    let copy = unsafe { Bound::from_owned_ptr_or_err(py, copy) }?;
    Ok(copy.cast_into()?)
}

/// Returns the array, or a copy in C order where its memory is not aligned to 64 bytes.
pub(crate) fn aligned(array: Bound<'_, PyUntypedArray>) -> PyResult<Bound<'_, PyUntypedArray>> {
    if data(&array).addr().is_multiple_of(ALIGNMENT) {
        return Ok(array);
    }
    let py = array.py();
    let description = describe(&array).map_err(LayoutError::into_buffer_error)?;
    let copy = empty_aligned(py, description.dtype(), description.shape())?;
    // SAFETY: two live arrays of one dtype and shape.
    let status =
        unsafe { PY_ARRAY_API.PyArray_CopyInto(py, copy.as_array_ptr(), array.as_array_ptr()) };
    if status < 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(copy)
}

/// Copies the elements into memory of Rust.
pub(crate) fn to_ndarray<T: Copy>(array: &ArrayViewD<'_, T>) -> PyResult<ArrayD<T>> {
    let mut elements = Vec::new();
    let reserved = elements.try_reserve_exact(array.len());
    reserved.map_err(|error| PyMemoryError::new_err(error.to_string()))?;
    elements.extend(array.iter());
    let copy = ArrayD::from_shape_vec(array.raw_dim(), elements);
    Ok(copy.expect("as many elements"))
}

/// Returns true if Rust can read the elements in place.
pub(crate) fn is_readable(array: &Bound<'_, PyUntypedArray>) -> bool {
    array.is_aligned() && ArrayLayout::of(array).is_ok()
}

/// Converts an object to an array that Rust can read in place, with strides of whole
/// elements. Copies only if needed.
pub(crate) fn as_readable<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = object.py();
    let flags =
        NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_ELEMENTSTRIDES | NPY_ARRAY_ENSUREARRAY;
    // SAFETY: the call accepts any object; it gets no dtype and no bounds on the axes.
    let array = unsafe {
        PY_ARRAY_API.PyArray_CheckFromAny(
            py,
            object.as_ptr(),
            ptr::null_mut(),
            0,
            0,
            flags,
            ptr::null_mut(),
        )
    };
    // SAFETY: a new reference, or NULL with an exception set.
    let array = unsafe { Bound::from_owned_ptr_or_err(py, array) }?;
    Ok(array.cast_into()?)
}
