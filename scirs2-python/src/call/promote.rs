//! Type promotion: the dtype that a call computes in, and the dtype of its results.

use std::fmt;

use numpy::PyArrayDescr;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_core::{DType, ScalarType};
use smallvec::{SmallVec, smallvec};

use super::argument::{Argument, Arguments, operand_error};
use super::operand::Memory;
use crate::numpy::array;
use crate::numpy::dtype::{descr_of, dtype_of};

/// The dtype that a call computes in, and how its results are rounded.
pub(super) struct Promotion {
    /// The dtype of the computation.
    pub(super) dtype: DType,
    /// The half-precision dtype that results are rounded to, if all operands have it.
    pub(super) half: Option<DType>,
    /// Whether single precision is computed in double and the results are rounded to
    /// single.
    computed_in_double: bool,
}

impl Default for Promotion {
    fn default() -> Self {
        Promotion {
            dtype: DType::Float64,
            half: None,
            computed_in_double: false,
        }
    }
}

impl Promotion {
    /// Promotes to a floating-point dtype. Integers become float64; with `double` so
    /// does single precision.
    pub(super) fn floats(
        name: &'static str,
        arguments: &[Argument<'_>],
        double: bool,
    ) -> PyResult<Self> {
        let mut common: Option<ScalarType> = None;
        for argument in arguments {
            let dtype = argument.dtype();
            let scalar = ScalarType::of(dtype)
                .ok_or_else(|| unsupported_dtype(name, argument.parameter, dtype))?;
            common = Some(common.map_or(scalar, |common| common.promote(scalar)));
        }
        let common = common.unwrap_or(ScalarType::Float64);
        let scalar = if double {
            common.promote(ScalarType::Float64)
        } else {
            common
        };
        let mut dtypes = arguments.iter().map(Argument::dtype);
        let half = dtypes.next().filter(|dtype| is_half(*dtype));
        let half = half.filter(|half| dtypes.all(|dtype| dtype == *half));
        Ok(Promotion {
            dtype: scalar.dtype(),
            half,
            computed_in_double: scalar != common,
        })
    }

    /// Promotes as NumPy does. The dtype may be an integer or a boolean.
    pub(super) fn like_numpy(
        py: Python<'_>,
        name: &'static str,
        arguments: &[Argument<'_>],
    ) -> PyResult<Self> {
        for argument in arguments {
            let dtype = argument.dtype();
            if ScalarType::of(dtype).is_none() {
                return Err(unsupported_dtype(name, argument.parameter, dtype));
            }
        }
        let dtype = result_type(py, name, arguments)?;
        let half = is_half(dtype).then_some(dtype);
        Ok(Promotion {
            dtype: if half.is_some() {
                DType::Float32
            } else {
                dtype
            },
            half,
            computed_in_double: false,
        })
    }

    /// Returns the machine epsilon of the operands' original dtype; for halves that of
    /// single precision.
    pub(super) fn epsilon(&self) -> f64 {
        if self.computed_in_double || matches!(self.scalar().real(), ScalarType::Float32) {
            f64::from(f32::EPSILON)
        } else {
            f64::EPSILON
        }
    }

    /// Returns the scalar type of the computation, if that is a floating-point dtype.
    pub(super) fn scalar(&self) -> ScalarType {
        ScalarType::of(self.dtype).unwrap_or(ScalarType::Float64)
    }

    /// Returns the dtype that a result of dtype `computed` is rounded to, if any.
    pub(super) fn rounded(&self, computed: DType) -> Option<DType> {
        match computed {
            DType::Float32 => self.half,
            DType::Float64 if self.computed_in_double => Some(self.half.unwrap_or(DType::Float32)),
            DType::Complex128 if self.computed_in_double => Some(DType::Complex64),
            _ => None,
        }
    }
}

/// Returns the dtype that NumPy's promotion gives for all operands. Promoting pair by pair
/// is not the same: uint16, int16 and float32 would give float64.
fn result_type(py: Python<'_>, name: &'static str, arguments: &[Argument<'_>]) -> PyResult<DType> {
    let Some(first) = arguments.first() else {
        return Ok(DType::Float64);
    };
    let mut common = first.dtype();
    if arguments.iter().all(|argument| argument.dtype() == common) {
        return Ok(common);
    }
    let mut descr = first.memory.descr(py, common)?;
    let mut seen: SmallVec<[_; 4]> = smallvec![(common, descr.clone())];
    for argument in arguments {
        let Argument {
            parameter, memory, ..
        } = argument;
        let dtype = argument.dtype();
        if seen.iter().any(|(known, _)| *known == dtype) {
            continue;
        }
        let next = memory.descr(py, dtype)?;
        seen.push((dtype, next.clone()));
        let numpy = py.import(intern!(py, "numpy"))?;
        let all = PyTuple::new(py, seen.iter().map(|(_, descr)| descr))?;
        let promoted = numpy.call_method1(intern!(py, "result_type"), all);
        // bfloat16 comes from another package and promotes only with one dtype at a
        // time.
        let promoted =
            promoted.or_else(|_| numpy.call_method1(intern!(py, "promote_types"), (&descr, &next)));
        let promoted = promoted.map_err(|error| {
            PyTypeError::new_err(format!(
                "{name}: {parameter}: {dtype} has no common dtype with {common} ({error}); \
                 convert one, for example to float32"
            ))
        })?;
        let promoted = promoted.cast_into::<PyArrayDescr>()?;
        let known = dtype_of(&promoted).filter(|dtype| ScalarType::of(*dtype).is_some());
        common = known.ok_or_else(|| {
            PyTypeError::new_err(format!("{name}: {parameter}: {promoted} is not supported"))
        })?;
        descr = promoted;
    }
    Ok(common)
}

/// Converts the operands to the dtype of the computation.
pub(super) fn convert_arguments<'py>(
    py: Python<'py>,
    name: &'static str,
    arguments: &mut Arguments<'py>,
    dtype: DType,
) -> PyResult<()> {
    if arguments.iter().all(|argument| argument.dtype() == dtype) {
        return Ok(());
    }
    for mut argument in std::mem::take(arguments) {
        if argument.dtype() != dtype {
            let descr = descr_of(py, dtype)?;
            let array = argument.memory.into_array(py, &argument.description)?;
            let array = array.call_method1(intern!(py, "astype"), (descr,))?;
            let array = array.cast_into()?;
            let described = array::describe(&array);
            argument.description =
                described.map_err(|reason| operand_error(name, argument.parameter, &reason))?;
            argument.memory = Memory::Array(array);
        }
        arguments.push(argument);
    }
    Ok(())
}

fn unsupported_dtype(name: &str, parameter: impl fmt::Display, dtype: DType) -> PyErr {
    PyTypeError::new_err(format!(
        "{name}: {parameter}: {dtype} is not supported; convert it first, for example to float32"
    ))
}

fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::Float16 | DType::BFloat16)
}
