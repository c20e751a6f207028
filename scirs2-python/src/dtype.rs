//! NumPy's names for our dtypes, and back: its own, and those of `ml_dtypes`.

use core::ffi::c_int;

use numpy::{PyArrayDescr, PyArrayDescrMethods, dtype};
use pyo3::exceptions::{PyAttributeError, PyBufferError};
use pyo3::intern;
use pyo3::prelude::*;
use scirs2_core::{Complex32, Complex64, DType, f16};

/// Our name for a type of NumPy's.
#[inline]
pub(crate) fn dtype_of(descr: &Bound<'_, PyArrayDescr>) -> Option<DType> {
    use DType as D;
    /// The last of the numbers that NumPy's own types have, `NPY_HALF`.
    const LAST_BUILTIN: c_int = 23;
    if descr.num() > LAST_BUILTIN {
        return ml_dtype_of(descr);
    }
    Some(match (descr.kind(), descr.itemsize()) {
        (b'b', 1) => D::Bool,
        (b'i', 1) => D::Int8,
        (b'i', 2) => D::Int16,
        (b'i', 4) => D::Int32,
        (b'i', 8) => D::Int64,
        (b'u', 1) => D::UInt8,
        (b'u', 2) => D::UInt16,
        (b'u', 4) => D::UInt32,
        (b'u', 8) => D::UInt64,
        (b'f', 2) => D::Float16,
        (b'f', 4) => D::Float32,
        (b'f', 8) => D::Float64,
        (b'c', 8) => D::Complex64,
        (b'c', 16) => D::Complex128,
        _ => return None,
    })
}

fn ml_dtype_of(descr: &Bound<'_, PyArrayDescr>) -> Option<DType> {
    let class = descr.typeobj();
    let module = class.module().ok()?;
    let name = class.name().ok()?;
    let mut all = DType::ALL.iter().copied();
    all.find(|dtype| module == "ml_dtypes" && name == dtype.name())
}

/// NumPy's name for one of our types.
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
