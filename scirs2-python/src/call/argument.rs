//! The operands of a call, checked to be of one library.

use std::fmt;

use ndarray::ArrayD;
use numpy::{
    PyArrayDescrMethods as _, PyArrayDyn, PyArrayMethods as _, PyUntypedArray,
    PyUntypedArrayMethods as _,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use scirs2_core::DType;
use scirs2_interop::Description;
use smallvec::SmallVec;

use super::operand::{Memory, Operand};
use crate::library::Library;
use crate::numpy::array::{self, LayoutError};
use crate::numpy::dtype::descr_of;

/// An operand with its parameter. Rust may read it while its memory is as described.
pub(super) struct Argument<'py> {
    pub(super) parameter: Parameter,
    pub(super) memory: Memory<'py>,
    pub(super) description: Description,
}

/// Most functions have at most two.
pub(super) type Arguments<'py> = SmallVec<[Argument<'py>; 2]>;

/// A parameter and the object passed for it.
pub(super) type Passed<'a, 'py, P = &'static str> = (P, &'a Bound<'py, PyAny>);

/// The name of an argument in messages.
#[derive(Clone, Copy)]
pub(crate) enum Parameter {
    Named(&'static str),
    /// One of the arguments of a variadic parameter.
    Indexed(&'static str, usize),
}

impl From<&'static str> for Parameter {
    fn from(name: &'static str) -> Self {
        Parameter::Named(name)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::Named(name) => f.write_str(name),
            Parameter::Indexed(name, number) => write!(f, "{name}[{number}]"),
        }
    }
}

impl Argument<'_> {
    pub(super) fn dtype(&self) -> DType {
        self.description.dtype()
    }
}

/// What the arguments have in common.
pub(super) struct Common<'py> {
    pub(super) library: Library,
    /// The last argument, if its class wraps NumPy's arrays, as `numpy.matrix` does.
    pub(super) subclass: Option<Bound<'py, PyAny>>,
}

/// Takes the arguments as they are. Returns a `TypeError` if they are of two libraries.
#[inline]
pub(super) fn take_arguments<'py, P: Copy + Into<Parameter>>(
    py: Python<'py>,
    name: &'static str,
    passed: &[Passed<'_, 'py, P>],
    arguments: &mut Arguments<'py>,
) -> PyResult<Common<'py>> {
    let mut common: Option<(Library, Parameter)> = None;
    let mut subclass = None;
    for &(parameter, object) in passed {
        let parameter = parameter.into();
        let Operand {
            library,
            memory,
            described,
        } = Operand::of_parameter(object, name, parameter)?;
        // A list or a number fits any library.
        let exact = object.is_exact_instance_of::<PyUntypedArray>();
        if exact || library != Library::NumPy || object.is_instance_of::<PyUntypedArray>() {
            match common {
                Some((first, other)) if first != library => {
                    let cure = match first {
                        Library::NumPy => library.conversion(first, other),
                        _ => first.conversion(library, parameter),
                    };
                    return Err(PyTypeError::new_err(format!(
                        "{name}: {other} comes from {first} and {parameter} from {library}; pass {cure}"
                    )));
                }
                _ => common = Some((library, parameter)),
            }
        }
        let wraps =
            !exact && library == Library::NumPy && object.hasattr(intern!(py, "__array_wrap__"))?;
        subclass = wraps.then(|| object.clone());
        arguments.push(Argument {
            parameter,
            description: described.map_err(|reason| operand_error(name, parameter, &reason))?,
            memory,
        });
    }
    let library = common.map_or(Library::NumPy, |(library, _)| library);
    Ok(Common { library, subclass })
}

/// Copies an argument of integers. `common` is the library of the other arguments.
pub(super) fn integers<'py>(
    py: Python<'py>,
    name: &str,
    common: Library,
    parameter: &str,
    object: &Bound<'py, PyAny>,
) -> PyResult<ArrayD<i64>> {
    let Operand {
        library,
        memory,
        described,
    } = Operand::of_parameter(object, name, parameter)?;
    let description = described.map_err(|reason| operand_error(name, parameter, &reason))?;
    let foreign = library != Library::NumPy || object.is_instance_of::<PyUntypedArray>();
    if foreign && library != common {
        return Err(PyTypeError::new_err(format!(
            "{name}: {parameter} comes from {library} and the other arguments from {common}; pass {}",
            common.conversion(library, parameter)
        )));
    }
    let array = memory.into_array(py, &description)?;
    let kind = array.dtype().kind();
    if !matches!(kind, b'i' | b'u') {
        return Err(PyTypeError::new_err(format!(
            "{name}: {parameter}: expected integers, got {}",
            array.dtype()
        )));
    }
    if kind == b'u' && !array.is_empty() {
        let largest = array.call_method0(intern!(py, "max"))?;
        if largest.extract::<i64>().is_err() {
            return Err(PyValueError::new_err(format!(
                "{name}: {parameter}: {largest} is beyond the range of int64"
            )));
        }
    }
    let descr = descr_of(py, DType::Int64)?;
    let array = array.call_method1(intern!(py, "astype"), (descr,))?;
    let array = array.cast_into::<PyArrayDyn<i64>>()?;
    array::to_ndarray(&array.readonly().as_array())
}

/// Returns the error for an argument that is not a numeric array.
pub(crate) fn operand_error(
    name: &str,
    parameter: impl fmt::Display,
    reason: &LayoutError,
) -> PyErr {
    PyTypeError::new_err(format!("{name}: {parameter}: {reason}"))
}
