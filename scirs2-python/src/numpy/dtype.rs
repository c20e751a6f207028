//! Conversion between [`DType`] and NumPy's dtypes, including those of `ml_dtypes`.

use core::ffi::{
    c_int, c_long, c_longlong, c_schar, c_short, c_uchar, c_uint, c_ulong, c_ulonglong, c_ushort,
};

use numpy::npyffi::NPY_TYPES;
use numpy::{PyArrayDescr, PyArrayDescrMethods, dtype};
use pyo3::exceptions::{PyAttributeError, PyBufferError};
use pyo3::intern;
use pyo3::prelude::*;
use scirs2_core::{Complex32, Complex64, DType, f16};

/// The [`DType`] of NumPy's own dtypes, by their number. NumPy numbers the integer types of
/// C, whose sizes depend on the system.
static BUILTIN: [Option<DType>; 24] = {
    use DType as D;
    const fn int(bytes: usize) -> Option<DType> {
        match bytes {
            1 => Some(D::Int8),
            2 => Some(D::Int16),
            4 => Some(D::Int32),
            8 => Some(D::Int64),
            _ => None,
        }
    }
    const fn uint(bytes: usize) -> Option<DType> {
        match bytes {
            1 => Some(D::UInt8),
            2 => Some(D::UInt16),
            4 => Some(D::UInt32),
            8 => Some(D::UInt64),
            _ => None,
        }
    }
    let mut names = [None; 24];
    names[NPY_TYPES::NPY_BOOL as usize] = Some(D::Bool);
    names[NPY_TYPES::NPY_BYTE as usize] = int(size_of::<c_schar>());
    names[NPY_TYPES::NPY_UBYTE as usize] = uint(size_of::<c_uchar>());
    names[NPY_TYPES::NPY_SHORT as usize] = int(size_of::<c_short>());
    names[NPY_TYPES::NPY_USHORT as usize] = uint(size_of::<c_ushort>());
    names[NPY_TYPES::NPY_INT as usize] = int(size_of::<c_int>());
    names[NPY_TYPES::NPY_UINT as usize] = uint(size_of::<c_uint>());
    names[NPY_TYPES::NPY_LONG as usize] = int(size_of::<c_long>());
    names[NPY_TYPES::NPY_ULONG as usize] = uint(size_of::<c_ulong>());
    names[NPY_TYPES::NPY_LONGLONG as usize] = int(size_of::<c_longlong>());
    names[NPY_TYPES::NPY_ULONGLONG as usize] = uint(size_of::<c_ulonglong>());
    names[NPY_TYPES::NPY_HALF as usize] = Some(D::Float16);
    names[NPY_TYPES::NPY_FLOAT as usize] = Some(D::Float32);
    names[NPY_TYPES::NPY_DOUBLE as usize] = Some(D::Float64);
    names[NPY_TYPES::NPY_CFLOAT as usize] = Some(D::Complex64);
    names[NPY_TYPES::NPY_CDOUBLE as usize] = Some(D::Complex128);
    names
};

/// Returns the [`DType`] of a NumPy dtype.
#[inline]
pub(crate) fn dtype_of(descr: &Bound<'_, PyArrayDescr>) -> Option<DType> {
    let number = usize::try_from(descr.num()).ok()?;
    match BUILTIN.get(number) {
        Some(name) => *name,
        None => ml_dtype_of(descr),
    }
}

fn ml_dtype_of(descr: &Bound<'_, PyArrayDescr>) -> Option<DType> {
    let class = descr.typeobj();
    let module = class.module().ok()?;
    let name = class.name().ok()?;
    let mut all = DType::ALL.iter().copied();
    all.find(|dtype| module == "ml_dtypes" && name == dtype.name())
}

/// Returns NumPy's dtype for a [`DType`].
pub(crate) fn descr_of(py: Python<'_>, name: DType) -> PyResult<Bound<'_, PyArrayDescr>> {
    use DType as D;
    Ok(match name {
        D::Bool => dtype::<bool>(py),
        D::Int8 => dtype::<i8>(py),
        D::Int16 => dtype::<i16>(py),
        D::Int32 => dtype::<i32>(py),
        D::Int64 => dtype::<i64>(py),
        D::UInt8 => dtype::<u8>(py),
        D::UInt16 => dtype::<u16>(py),
        D::UInt32 => dtype::<u32>(py),
        D::UInt64 => dtype::<u64>(py),
        D::Float16 => dtype::<f16>(py),
        D::Float32 => dtype::<f32>(py),
        D::Float64 => dtype::<f64>(py),
        D::Complex64 => dtype::<Complex32>(py),
        D::Complex128 => dtype::<Complex64>(py),
        other => return ml_descr_of(py, other),
    })
}

fn ml_descr_of(py: Python<'_>, name: DType) -> PyResult<Bound<'_, PyArrayDescr>> {
    let found = py
        .import(intern!(py, "ml_dtypes"))
        .and_then(|module| module.getattr(name.name()))
        .and_then(|class| PyArrayDescr::new(py, class));
    found.map_err(|error| {
        let refusal = PyBufferError::new_err(if error.is_instance_of::<PyAttributeError>(py) {
            format!("dtype: the installed ml_dtypes has no {name}; pip install -U ml_dtypes")
        } else {
            format!(
                "dtype: NumPy has no {name} without the package ml_dtypes; \
                 pip install ml_dtypes, or convert the tensor first, for example to float32"
            )
        });
        refusal.set_cause(py, Some(error));
        refusal
    })
}
