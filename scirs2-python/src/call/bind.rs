//! One call of a function of linear algebra: its operands in, its results out.

use std::fmt;

use ndarray::{ArrayD, ArrayViewMutD};
use numpy::{
    PyArrayDescr, PyArrayDescrMethods as _, PyArrayDyn, PyArrayMethods as _, PyUntypedArray,
    PyUntypedArrayMethods as _,
};
use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyEllipsis, PyModule, PyTuple};
use scirs2_core::fork::Stay;
use scirs2_core::pool::Workers;
use scirs2_core::shape::Shown;
use scirs2_core::{DType, Element, ScalarType};
use scirs2_interop::python::Importer;
use scirs2_interop::sys::DLManagedTensorVersioned;
use scirs2_interop::{Description, TensorMut, TensorRef, export};
use scirs2_linalg::Error;
use scirs2_linalg::operation::{self, Operation, ResultShape, Results};
use smallvec::{SmallVec, smallvec};

use super::operand::{self, Memory, operand};
use super::run::{Failure, begin, enter};
use crate::error::raised_with;
use crate::exchange::from_dlpack::from_dlpack;
use crate::library::Library;
use crate::numpy::array::{self, Undescribed};
use crate::numpy::dtype::{descr_of, dtype_of};

/// A function's operands, all of one library and one dtype.
pub(crate) struct Call<'py> {
    py: Python<'py>,
    /// The function, as error messages name it.
    name: &'static str,
    library: Library,
    operands: Operands<'py>,
    /// What is computed in.
    dtype: DType,
    /// The half that results are rounded to, where every operand has it.
    half: Option<DType>,
    /// The last operand, where it is of a class that makes NumPy's arrays its
    /// own, such as `numpy.matrix`.
    subclass: Option<Bound<'py, PyAny>>,
    /// Whether single precision is computed in double, and rounded to single after.
    widened: bool,
    /// The end of the process waits for the call.
    _stay: Stay,
}

/// One operand, readable from Rust while its memory is as described.
struct Operand<'py> {
    parameter: Parameter,
    memory: Memory<'py>,
    description: Description,
}

/// Most functions have two at most.
type Operands<'py> = SmallVec<[Operand<'py>; 2]>;

/// A parameter's name, and the object that was given for it.
type Argument<'a, 'py, P = &'static str> = (P, &'a Bound<'py, PyAny>);

/// What messages call an argument.
#[derive(Clone, Copy)]
pub(crate) enum Parameter {
    Named(&'static str),
    /// One of those that a parameter takes any number of.
    Numbered(&'static str, usize),
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
            Parameter::Numbered(name, number) => write!(f, "{name}[{number}]"),
        }
    }
}

impl<'py> Call<'py> {
    /// Takes the operands, each with its parameter's name, to be computed with as
    /// floats: integers become float64.
    pub(crate) fn new(
        py: Python<'py>,
        name: &'static str,
        arguments: &[Argument<'_, 'py>],
    ) -> PyResult<Self> {
        Call::floats(py, name, arguments, false)
    }

    /// As [`new`](Self::new), but single precision is computed in double, as NumPy
    /// does it: for thresholds that lie below the epsilon of single.
    pub(crate) fn in_double(
        py: Python<'py>,
        name: &'static str,
        arguments: &[Argument<'_, 'py>],
    ) -> PyResult<Self> {
        Call::floats(py, name, arguments, true)
    }

    fn floats(
        py: Python<'py>,
        name: &'static str,
        arguments: &[Argument<'_, 'py>],
        double: bool,
    ) -> PyResult<Self> {
        let mut call = Call::of(py, name, arguments)?;
        let mut scalar: Option<ScalarType> = None;
        for (parameter, dtype) in call.dtypes(arguments) {
            let own = ScalarType::of(dtype).ok_or_else(|| not_computed(name, parameter, dtype))?;
            scalar = Some(scalar.map_or(own, |scalar| scalar.join(own)));
        }
        let own = scalar.unwrap_or(ScalarType::Float64);
        let scalar = if double {
            own.join(ScalarType::Float64)
        } else {
            own
        };
        let mut dtypes = call.dtypes(arguments).map(|(_, dtype)| dtype);
        let half = dtypes.next().filter(|dtype| is_half(*dtype));
        let half = half.filter(|half| dtypes.all(|dtype| dtype == *half));
        drop(dtypes);
        call.half = half;
        call.widened = scalar != own;
        call.convert(arguments, scalar.dtype())?;
        Ok(call)
    }

    /// As [`new`](Self::new), but of the dtype that NumPy finds for all operands,
    /// integers and booleans too.
    pub(crate) fn numeric<P: Copy + fmt::Display + Into<Parameter>>(
        py: Python<'py>,
        name: &'static str,
        arguments: &[Argument<'_, 'py, P>],
    ) -> PyResult<Self> {
        let mut call = Call::of(py, name, arguments)?;
        for (parameter, dtype) in call.dtypes(arguments) {
            if ScalarType::of(dtype).is_none() {
                return Err(not_computed(name, parameter, dtype));
            }
        }
        let mut dtype = call.result_type(arguments)?;
        if is_half(dtype) {
            call.half = Some(dtype);
            dtype = DType::Float32;
        }
        call.convert(arguments, dtype)?;
        Ok(call)
    }

    /// [`numeric`](Self::numeric) of arguments that have a number each.
    pub(crate) fn numbered(
        py: Python<'py>,
        name: &'static str,
        parameter: &'static str,
        arguments: &[Bound<'py, PyAny>],
    ) -> PyResult<Self> {
        let numbered = arguments.iter().enumerate();
        let arguments: SmallVec<[_; 2]> = numbered
            .map(|(number, argument)| (Parameter::Numbered(parameter, number), argument))
            .collect();
        Call::numeric(py, name, &arguments)
    }

    /// The operands as they are, of one library.
    #[inline]
    fn of<P: Copy + fmt::Display + Into<Parameter>>(
        py: Python<'py>,
        name: &'static str,
        arguments: &[Argument<'_, 'py, P>],
    ) -> PyResult<Self> {
        let stay = begin()?;
        let mut call = Call {
            _stay: stay,
            py,
            name,
            library: Library::NumPy,
            operands: Operands::new(),
            dtype: DType::Float64,
            half: None,
            subclass: None,
            widened: false,
        };
        let mut common: Option<(Library, P)> = None;
        for &(parameter, object) in arguments {
            let operand::Operand {
                library,
                memory,
                described,
            } = operand(object)?;
            // A list or a number goes with any library.
            let exact = object.is_exact_instance_of::<PyUntypedArray>();
            if exact || library != Library::NumPy || object.is_instance_of::<PyUntypedArray>() {
                match common {
                    Some((first, its)) if first != library => {
                        return Err(PyTypeError::new_err(format!(
                            "{name}: {its} is of {first}, {parameter} of {library}; bring both \
                             to one library, for example by scirs2.from_dlpack"
                        )));
                    }
                    _ => common = Some((library, parameter)),
                }
            }
            let wraps = !exact
                && library == Library::NumPy
                && object.hasattr(intern!(py, "__array_wrap__"))?;
            call.subclass = wraps.then(|| object.clone());
            call.operands.push(Operand {
                parameter: parameter.into(),
                description: described.map_err(|reason| undescribed(name, parameter, &reason))?,
                memory,
            });
        }
        call.library = common.map_or(Library::NumPy, |(library, _)| library);
        Ok(call)
    }

    /// Each parameter's name, and the dtype of its operand.
    fn dtypes<P: Copy>(
        &self,
        arguments: &[Argument<'_, 'py, P>],
    ) -> impl Iterator<Item = (P, DType)> {
        let operands = arguments.iter().zip(&self.operands);
        operands.map(|((parameter, _), operand)| (*parameter, operand.description.dtype()))
    }

    /// The dtype that NumPy gives what is computed from all of them. It is found for all at
    /// once: pair by pair, uint16, int16 and float32 would come to float64.
    fn result_type<P: Copy + fmt::Display>(
        &self,
        arguments: &[Argument<'_, 'py, P>],
    ) -> PyResult<DType> {
        let (py, name) = (self.py, self.name);
        let Some(first) = self.operands.first() else {
            return Ok(DType::Float64);
        };
        let mut common = first.description.dtype();
        if self.dtypes(arguments).all(|(_, dtype)| dtype == common) {
            return Ok(common);
        }
        let mut descr = first.memory.descr(py, common)?;
        let mut seen: SmallVec<[_; 4]> = smallvec![(common, descr.clone())];
        for ((parameter, dtype), Operand { memory, .. }) in
            self.dtypes(arguments).zip(&self.operands)
        {
            if seen.iter().any(|(known, _)| *known == dtype) {
                continue;
            }
            let own = memory.descr(py, dtype)?;
            seen.push((dtype, own.clone()));
            let numpy = py.import(intern!(py, "numpy"))?;
            let all = PyTuple::new(py, seen.iter().map(|(_, descr)| descr))?;
            let promoted = numpy.call_method1(intern!(py, "result_type"), all);
            // bfloat16 is of another package, and has common dtypes only with one at a time.
            let promoted = promoted
                .or_else(|_| numpy.call_method1(intern!(py, "promote_types"), (&descr, &own)));
            let promoted = promoted.map_err(|error| {
                PyTypeError::new_err(format!(
                    "{name}: {parameter}: {dtype} has no common dtype with {common} ({error}); \
                     convert one, for example to float32"
                ))
            })?;
            let promoted = promoted.cast_into::<PyArrayDescr>()?;
            let known = dtype_of(&promoted).filter(|dtype| ScalarType::of(*dtype).is_some());
            common = known.ok_or_else(|| {
                PyTypeError::new_err(format!(
                    "{name}: {parameter}: {promoted} is not computed with"
                ))
            })?;
            descr = promoted;
        }
        Ok(common)
    }

    /// Converts the operands to what is computed in.
    fn convert<P: Copy + fmt::Display>(
        &mut self,
        arguments: &[Argument<'_, 'py, P>],
        dtype: DType,
    ) -> PyResult<()> {
        let (py, name) = (self.py, self.name);
        self.dtype = dtype;
        if self.dtypes(arguments).all(|(_, own)| own == dtype) {
            return Ok(());
        }
        let operands = std::mem::take(&mut self.operands).into_iter();
        for (mut operand, &(parameter, _)) in operands.zip(arguments) {
            if operand.description.dtype() != dtype {
                let descr = descr_of(py, dtype)?;
                let array = operand.memory.into_array(py, &operand.description)?;
                let array = array.call_method1(intern!(py, "astype"), (descr,))?;
                let array = array.cast_into()?;
                let described = array::describe(&array);
                operand.description =
                    described.map_err(|reason| undescribed(name, parameter, &reason))?;
                operand.memory = Memory::Array(array);
            }
            self.operands.push(operand);
        }
        Ok(())
    }

    /// The machine epsilon of what the operands came in, halves as single.
    pub(crate) fn epsilon(&self) -> f64 {
        if self.widened || matches!(self.scalar().real(), ScalarType::Float32) {
            f64::from(f32::EPSILON)
        } else {
            f64::EPSILON
        }
    }

    /// What is computed in, by a call made with [`numeric`](Self::numeric).
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many operands there are.
    pub(crate) fn count(&self) -> usize {
        self.operands.len()
    }

    /// What is computed in, by a call made with [`new`](Self::new).
    pub(crate) fn scalar(&self) -> ScalarType {
        ScalarType::of(self.dtype).unwrap_or(ScalarType::Float64)
    }

    /// The shape of an operand.
    pub(crate) fn shape(&self, operand: usize) -> &[usize] {
        self.operands[operand].description.shape()
    }

    /// An operand to read, whatever its dtype, until Python code runs again.
    pub(crate) fn tensor(&self, operand: usize) -> PyResult<TensorRef<'_>> {
        let Operand {
            parameter,
            memory,
            description,
        } = &self.operands[operand];
        if !memory.is_still(description) {
            return Err(self.changed(parameter));
        }
        // SAFETY: what keeps the memory lives as long as `self`, and the memory is where it
        // was described.
        // ASSUMPTION (SAFETY.md): no thread of the program writes to the array or takes its
        // memory away meanwhile.
        Ok(unsafe { TensorRef::new(description.clone()) })
    }

    /// The results of an operation on the operands.
    fn shapes_of(&self, operation: &dyn Operation) -> PyResult<Results> {
        let shapes: SmallVec<[&[usize]; 2]> = (0..self.count())
            .map(|operand| self.shape(operand))
            .collect();
        let results = operation.results(self.dtype, &shapes);
        results.map_err(|error| self.refused(error))
    }

    /// Refuses operands whose shapes do not fit an operation.
    pub(crate) fn check(&self, operation: &dyn Operation) -> PyResult<()> {
        self.shapes_of(operation).map(drop)
    }

    /// The results of an operation on the operands, in memory of their own.
    pub(crate) fn compute(&self, operation: &dyn Operation) -> PyResult<Vec<Output<'py>>> {
        let results = self.shapes_of(operation)?;
        let output = |result: &ResultShape| {
            let dtype = result.kind.dtype(self.dtype);
            self.output(dtype, &result.shape)
        };
        let mut outputs = results
            .each
            .iter()
            .map(output)
            .collect::<PyResult<Vec<_>>>()?;
        let memory = outputs.iter_mut().map(Output::tensor_mut).collect();
        self.run_operation(operation, &results, memory)?;
        Ok(outputs)
    }

    /// The result of an operation that has one, in `out` if that is given.
    pub(crate) fn compute_one(
        &self,
        operation: &dyn Operation,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Output<'py>> {
        let results = self.shapes_of(operation)?;
        let result = &results.each[0];
        let mut output = match out {
            Some(_) => self.output_in(out, &result.shape)?,
            None => self.output(result.kind.dtype(self.dtype), &result.shape)?,
        };
        let memory = smallvec![output.tensor_mut()];
        self.run_operation(operation, &results, memory)?;
        Ok(output)
    }

    /// Runs an operation, whose operands are looked at once more after all Python code.
    fn run_operation(
        &self,
        operation: &dyn Operation,
        results: &Results,
        memory: operation::Outputs<'_>,
    ) -> PyResult<()> {
        let mut operands: SmallVec<[TensorRef<'_>; 2]> = SmallVec::new();
        for operand in 0..self.count() {
            operands.push(self.tensor(operand)?);
        }
        self.run(&results.batch, |workers| {
            operation.run(&operands, memory, workers)
        })
    }

    /// The results of an operation as the caller gets them.
    pub(crate) fn results(
        &self,
        operation: &dyn Operation,
        given: &[Given],
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.give_each(self.compute(operation)?, given)
    }

    /// The results of an operation as a named tuple of `scirs2._results`.
    pub(crate) fn named_results(
        &self,
        operation: &dyn Operation,
        class: &str,
        given: &[Given],
    ) -> PyResult<Bound<'py, PyAny>> {
        let results = self.results(operation, given)?;
        named(self.py, class, PyTuple::new(self.py, results)?)
    }

    /// Each result as the caller gets it.
    pub(crate) fn give_each(
        &self,
        outputs: Vec<Output<'py>>,
        given: &[Given],
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let give = |(output, given): (Output<'py>, &Given)| match given {
            Given::Plain => self.give(output),
            Given::Alike => self.give_alike(output),
        };
        outputs.into_iter().zip(given).map(give).collect()
    }

    /// The refusal of an array that Python code changed after it was described.
    #[cold]
    fn changed(&self, parameter: impl fmt::Display) -> PyErr {
        PyRuntimeError::new_err(format!(
            "{}: {parameter}: the array was resized or changed otherwise while the call \
             took its arguments; pass a copy",
            self.name
        ))
    }

    /// A result of that dtype and shape, its elements unset.
    pub(crate) fn output(&self, dtype: DType, shape: &[usize]) -> PyResult<Output<'py>> {
        let is_number = shape.is_empty() && self.library == Library::NumPy;
        let is_kept = self.rounded(dtype).is_none();
        let (memory, description) = if is_number && is_kept {
            let mut number = Own::new(dtype.itemsize());
            let description = Description::in_c_order(number.place(), dtype, shape, 0)?;
            (Place::Number(number), description)
        } else if is_kept
            && let Some(importer) = self.library.importer(self.py)?
            && let Some(mut own) = Own::few(dtype, shape)
        {
            let description = Description::in_c_order(own.place(), dtype, shape, 0)?;
            (Place::Own(own, importer), description)
        } else {
            let array = array::result(self.py, dtype, shape)?;
            let description = array::in_c_order(&array, dtype, shape)?;
            (Place::Array(array), description)
        };
        Ok(Output {
            memory,
            description,
            given: None,
            place: None,
        })
    }

    /// A result of the operands' type in the caller's own memory, `out`, or
    /// where that is None as [`output`](Self::output).
    pub(crate) fn output_in(
        &self,
        out: Option<&Bound<'py, PyAny>>,
        shape: &[usize],
    ) -> PyResult<Output<'py>> {
        let Some(out) = out else {
            return self.output(self.dtype, shape);
        };
        let name = self.name;
        let refused = |reason: String| PyValueError::new_err(format!("{name}: out: {reason}"));
        let (library, array) = if let Ok(array) = out.cast::<PyUntypedArray>() {
            (Library::NumPy, array.clone())
        } else if out.hasattr(intern!(self.py, "__dlpack__"))? {
            // A copy would take the result in its place.
            (
                Library::of(out)?,
                from_dlpack(out, None, Some(false), None)?,
            )
        } else {
            return Err(PyTypeError::new_err(format!(
                "{name}: out: expected an array, got {}",
                out.get_type()
            )));
        };
        if library != self.library {
            return Err(PyTypeError::new_err(format!(
                "{name}: out is of {library}, the operands of {}; bring both to one library",
                self.library
            )));
        }
        if !array::is_readable(&array) {
            let reason = "the memory must be aligned, in native byte order and of whole steps";
            return Err(refused(reason.to_owned()));
        }
        let description = array::describe(&array).map_err(|reason| refused(reason.to_string()))?;
        let expected = self.half.unwrap_or(self.dtype);
        if description.dtype() != expected || description.shape() != shape {
            return Err(refused(format!(
                "expected {expected} of shape {}, got {} of shape {}",
                Shown(shape),
                description.dtype(),
                Shown(description.shape())
            )));
        }
        if !array::is_writeable(&array) {
            return Err(refused("the array is read-only".to_owned()));
        }
        // What is read and written at once goes by way of memory of our own.
        let read = self.operands.iter().any(|operand| {
            let (first, second) = (extent(&operand.description), extent(&description));
            first.0 < second.1 && second.0 < first.1
        });
        if scirs2_core::shape::may_overlap(description.shape(), description.strides()) {
            return Err(refused(
                "two of its indices may name one element".to_owned(),
            ));
        }
        // Before the kernel: also one that fails may have written.
        library.written(out)?;
        if read || self.half.is_some() {
            let temporary = array::result(self.py, self.dtype, shape)?;
            return Ok(Output {
                description: array::in_c_order(&temporary, self.dtype, shape)?,
                memory: Place::Array(temporary),
                given: None,
                place: Some((array, out.clone())),
            });
        }
        Ok(Output {
            memory: Place::Array(array),
            description,
            given: Some(out.clone()),
            place: None,
        })
    }

    /// An argument of integers, which are not computed with.
    pub(crate) fn integers(
        &self,
        parameter: &str,
        object: &Bound<'py, PyAny>,
    ) -> PyResult<ArrayD<i64>> {
        let name = self.name;
        let operand::Operand {
            library,
            memory,
            described,
        } = operand(object)?;
        let description = described.map_err(|reason| undescribed(name, parameter, &reason))?;
        let foreign = library != Library::NumPy || object.is_instance_of::<PyUntypedArray>();
        if foreign && library != self.library {
            return Err(PyTypeError::new_err(format!(
                "{name}: {parameter} is of {library}, the other arguments of {}; bring them to \
                 one library, for example by scirs2.from_dlpack",
                self.library
            )));
        }
        let array = memory.into_array(self.py, &description)?;
        let kind = array.dtype().kind();
        if !matches!(kind, b'i' | b'u') {
            return Err(PyTypeError::new_err(format!(
                "{name}: {parameter}: needs integers, got {}",
                array.dtype()
            )));
        }
        if kind == b'u' && !array.is_empty() {
            let largest = array.call_method0(intern!(self.py, "max"))?;
            if largest.extract::<i64>().is_err() {
                return Err(PyValueError::new_err(format!(
                    "{name}: {parameter}: {largest} is beyond the range of int64"
                )));
            }
        }
        let descr = descr_of(self.py, DType::Int64)?;
        let array = array.call_method1(intern!(self.py, "astype"), (descr,))?;
        let array = array.cast_into::<PyArrayDyn<i64>>()?;
        array::copied(&array.readonly().as_array())
    }

    /// Runs a kernel through the one door; `batch` is the shape that the error's
    /// number of a matrix counts in.
    pub(crate) fn run<R: Send>(
        &self,
        batch: &[usize],
        kernel: impl FnOnce(&Workers<'_>) -> Result<R, Error> + Send,
    ) -> PyResult<R> {
        enter(self.py, self.operations(), kernel).map_err(|failure| match failure {
            Failure::Signal(signal) => signal,
            Failure::Kernel(error) => self.raised(error, batch),
        })
    }

    /// The exception for a kernel's error; an argument that the kernel counts has a name.
    fn raised(&self, error: Error, batch: &[usize]) -> PyErr {
        let mut message = format!("{}: {error}", self.name);
        if let Error::TooFewAxes { argument, .. } | Error::Axes { argument, .. } = error
            && let Some(Operand { parameter, .. }) = self.operands.get(argument - 1)
        {
            let counted = format!("argument {argument}");
            message = message.replacen(&counted, &parameter.to_string(), 1);
        }
        raised_with(self.py, message, error, batch)
    }

    /// The operations of the kernel, about: those of each matrix with another of its
    /// size, and at least one for so many elements of a result that the operands
    /// broadcast to; and those that find the order of many.
    fn operations(&self) -> usize {
        const OF_ONE: usize = 16;
        let (mut sum, mut product) = (0_usize, 1_usize);
        for operand in &self.operands {
            let shape = operand.description.shape();
            let elements: usize = shape.iter().product();
            let longest = shape.iter().rev().take(2).max().copied().unwrap_or(1);
            sum = sum.saturating_add(elements.saturating_mul(longest));
            product = product.saturating_mul(elements);
        }
        let planned = self.operands.len().saturating_pow(3);
        sum.max(product / OF_ONE).max(planned)
    }

    /// A refusal that needed no kernel to find.
    pub(crate) fn refused(&self, error: Error) -> PyErr {
        self.raised(error, &[])
    }

    /// A result of the operands' own kind: as [`give`](Self::give), and for a
    /// subclass of NumPy's array as that.
    pub(crate) fn give_alike(&self, output: Output<'py>) -> PyResult<Bound<'py, PyAny>> {
        let is_number = matches!(output.memory, Place::Number(_));
        let result = self.give(output)?;
        match &self.subclass {
            Some(subclass) if !is_number => {
                subclass.call_method1(intern!(self.py, "__array_wrap__"), (result,))
            }
            _ => Ok(result),
        }
    }

    /// The dtype that results of the computed one are rounded to.
    fn rounded(&self, computed: DType) -> Option<DType> {
        match computed {
            DType::Float32 => self.half,
            DType::Float64 if self.widened => Some(self.half.unwrap_or(DType::Float32)),
            DType::Complex128 if self.widened => Some(DType::Complex64),
            _ => None,
        }
    }

    /// A result as the caller's library has it; for NumPy a number where there
    /// are no axes.
    pub(crate) fn give(&self, output: Output<'py>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        if let Some(given) = output.given {
            return Ok(given);
        }
        let mut array = match output.memory {
            Place::Array(array) => array,
            Place::Own(own, importer) => {
                let layout = output.description.layout();
                // SAFETY: the vector keeps the elements, which nobody else knows of.
                let owner = unsafe { export::<DLManagedTensorVersioned, _>(&layout, own) }?;
                return importer.import(py, owner);
            }
            Place::Number(mut number) => {
                let dtype = output.description.dtype();
                // SAFETY: one element of that dtype.
                return unsafe { array::scalar(py, dtype, number.place()) };
            }
        };
        if let Some((place, given)) = output.place {
            assign(&place, &array)?;
            return Ok(given);
        }
        if let Some(dtype) = self.rounded(output.description.dtype()) {
            let rounded = array::result(py, dtype, output.description.shape())?;
            assign(&rounded, &array)?;
            array = rounded;
        }
        if self.library == Library::NumPy && output.description.shape().is_empty() {
            return array.get_item(PyTuple::empty(py));
        }
        self.library.tensor(array)
    }
}

/// Writes a result into an array of a narrower dtype. What is beyond its range becomes
/// infinite, as a computation in that dtype would have it, and without a warning.
fn assign(to: &Bound<'_, PyUntypedArray>, from: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
    let py = to.py();
    let quiet = PyDict::new(py);
    quiet.set_item(intern!(py, "over"), intern!(py, "ignore"))?;
    let state = py.import(intern!(py, "numpy"))?;
    let before = state.call_method(intern!(py, "seterr"), (), Some(&quiet))?;
    let done = to.set_item(PyEllipsis::get(py), from);
    state.call_method(intern!(py, "seterr"), (), Some(before.cast()?))?;
    done
}

/// The first byte of an array and the one after its last.
fn extent(description: &Description) -> (usize, usize) {
    let (low, high) =
        scirs2_core::shape::reach(description.shape(), description.strides()).unwrap_or((0, -1));
    let itemsize = description.dtype().itemsize();
    let at = |offset: isize| {
        let bytes = offset.wrapping_mul(itemsize.cast_signed());
        description.data().addr().wrapping_add_signed(bytes)
    };
    (at(low), at(high.wrapping_add(1)))
}

/// Where a result is written.
enum Place<'py> {
    Array(Bound<'py, PyUntypedArray>),
    /// A library makes its tensor of it, without NumPy.
    Own(Own, Importer),
    /// NumPy makes a scalar of it.
    Number(Own),
}

/// Memory, set to zero, for a few elements of any type that is computed in.
struct Own(Vec<Aligned>);

/// What each type of element is aligned in.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Aligned(#[expect(dead_code, reason = "memory")] [u8; 16]);

impl Own {
    fn new(bytes: usize) -> Self {
        Own(vec![Aligned([0; 16]); bytes.div_ceil(16).max(1)])
    }

    /// `None` for many elements: large memory is best allocated by NumPy.
    fn few(dtype: DType, shape: &[usize]) -> Option<Self> {
        const FEW: usize = 1 << 12;
        let count = scirs2_core::shape::element_count(shape)?;
        let bytes = count.checked_mul(dtype.itemsize())?;
        (bytes <= FEW).then(|| Own::new(bytes))
    }

    fn place(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

/// What a kernel writes, and nobody else does meanwhile.
pub(crate) struct Output<'py> {
    memory: Place<'py>,
    description: Description,
    /// The caller's array that is written in place.
    given: Option<Bound<'py, PyAny>>,
    /// The caller's array that the result is copied to, and the object it is of.
    place: Option<(Bound<'py, PyUntypedArray>, Bound<'py, PyAny>)>,
}

/// How the caller gets a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Given {
    /// As an array of the library.
    Plain,
    /// The same, and for a subclass of NumPy's array as that.
    Alike,
}

impl Output<'_> {
    /// The memory, whatever its dtype.
    fn tensor_mut(&mut self) -> TensorMut<'_> {
        // SAFETY: the memory lives as long as `self`. It is fresh, and its bytes are values
        // (SAFETY.md, "Fresh memory"); or it is an array that the caller gave to be written,
        // no two of whose indices name one element, and that shares no memory with an operand.
        // ASSUMPTION (SAFETY.md): no thread of the program reads or writes such an array
        // meanwhile.
        unsafe { TensorMut::new(self.description.clone()) }
    }

    /// The memory, of the type that its dtype names.
    pub(crate) fn view_mut<T: Element>(&mut self) -> PyResult<ArrayViewMutD<'_, T>> {
        Ok(self.tensor_mut().into_view()?)
    }
}

/// A named tuple of `scirs2._results`.
pub(crate) fn named<'py>(
    py: Python<'py>,
    class: &str,
    results: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module =
        MODULE.get_or_try_init(py, || PyResult::Ok(py.import("scirs2._results")?.unbind()))?;
    module.bind(py).getattr(class)?.call1(results)
}

/// The refusal of an argument that is no array to compute with.
pub(crate) fn undescribed(name: &str, parameter: impl fmt::Display, reason: &Undescribed) -> PyErr {
    PyTypeError::new_err(format!("{name}: {parameter}: {reason}"))
}

fn not_computed(name: &str, parameter: impl fmt::Display, dtype: DType) -> PyErr {
    PyTypeError::new_err(format!(
        "{name}: {parameter}: {dtype} is not computed with; convert it first, for example to \
         float32"
    ))
}

fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::Float16 | DType::BFloat16)
}
