//! A function bound to its operands: the work that all functions share.

use std::fmt;

use ndarray::ArrayD;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use scirs2_core::fork::StateGuard;
use scirs2_core::pool::Workers;
use scirs2_core::{DType, ScalarType};
use scirs2_interop::TensorRef;
use scirs2_linalg::Error;
use scirs2_linalg::operation::{self, OnFailure, Operation, ResultShape, Results};
use smallvec::{SmallVec, smallvec};

use super::argument::{self, Argument, Arguments, Parameter, Passed};
use super::message::{Shaped, message};
use super::on_failure::parse_on_failure;
use super::output::{Output, Target, Wrap, namedtuple};
use super::promote::{Promotion, convert_arguments};
use super::run::{Failure, begin_call, run_kernel};
use crate::error::kernel_error;
use crate::library::Library;

/// A function and its operands, all of one library and one dtype.
pub(crate) struct Call<'py> {
    target: Target<'py>,
    arguments: Arguments<'py>,
    on_failure: OnFailure,
    /// Keeps the process from ending before the call does.
    _guard: StateGuard,
}

impl<'py> Call<'py> {
    /// Takes the operands, each with its parameter's name, and converts them to a
    /// common floating-point dtype. Integers become float64.
    pub(crate) fn new(
        py: Python<'py>,
        name: &'static str,
        passed: &[Passed<'_, 'py>],
    ) -> PyResult<Self> {
        Call::floats(py, name, passed, false)
    }

    /// As [`new`](Self::new), but computes single precision in double, as NumPy does:
    /// some thresholds lie below the epsilon of single precision.
    pub(crate) fn in_float64(
        py: Python<'py>,
        name: &'static str,
        passed: &[Passed<'_, 'py>],
    ) -> PyResult<Self> {
        Call::floats(py, name, passed, true)
    }

    fn floats(
        py: Python<'py>,
        name: &'static str,
        passed: &[Passed<'_, 'py>],
        double: bool,
    ) -> PyResult<Self> {
        let mut call = Call::take(py, name, passed)?;
        let promotion = Promotion::floats(name, &call.arguments, double)?;
        call.promote(promotion)?;
        Ok(call)
    }

    /// As [`new`](Self::new), but converts to the dtype of NumPy's promotion, which may
    /// be an integer or a boolean.
    pub(crate) fn promoted<P: Copy + Into<Parameter>>(
        py: Python<'py>,
        name: &'static str,
        passed: &[Passed<'_, 'py, P>],
    ) -> PyResult<Self> {
        let mut call = Call::take(py, name, passed)?;
        let promotion = Promotion::like_numpy(py, name, &call.arguments)?;
        call.promote(promotion)?;
        Ok(call)
    }

    /// [`promoted`](Self::promoted) for a parameter that takes any number of operands.
    pub(crate) fn variadic(
        py: Python<'py>,
        name: &'static str,
        parameter: &'static str,
        objects: &[Bound<'py, PyAny>],
    ) -> PyResult<Self> {
        let numbered = objects.iter().enumerate();
        let passed: SmallVec<[_; 2]> = numbered
            .map(|(number, object)| (Parameter::Indexed(parameter, number), object))
            .collect();
        Call::promoted(py, name, &passed)
    }

    /// Sets what becomes of a matrix that fails, by the keyword `on_failure`.
    pub(crate) fn on_failure(mut self, text: &str) -> PyResult<Self> {
        self.on_failure = parse_on_failure(self.target.name, text)?;
        Ok(self)
    }

    /// Takes the operands without converting them.
    #[inline]
    fn take<P: Copy + Into<Parameter>>(
        py: Python<'py>,
        name: &'static str,
        passed: &[Passed<'_, 'py, P>],
    ) -> PyResult<Self> {
        let guard = begin_call()?;
        let mut call = Call {
            _guard: guard,
            arguments: Arguments::new(),
            on_failure: OnFailure::Stop,
            target: Target {
                py,
                name,
                library: Library::NumPy,
                promotion: Promotion::default(),
                subclass: None,
            },
        };
        let common = argument::take_arguments(py, name, passed, &mut call.arguments)?;
        call.target.library = common.library;
        call.target.subclass = common.subclass;
        Ok(call)
    }

    fn promote(&mut self, promotion: Promotion) -> PyResult<()> {
        let Target { py, name, .. } = self.target;
        convert_arguments(py, name, &mut self.arguments, promotion.dtype)?;
        self.target.promotion = promotion;
        Ok(())
    }

    /// Returns the machine epsilon of the operands' original dtype; for halves that of
    /// single precision.
    pub(crate) fn epsilon(&self) -> f64 {
        self.target.promotion.epsilon()
    }

    /// Returns the dtype that the call computes in.
    pub(crate) fn dtype(&self) -> DType {
        self.target.promotion.dtype
    }

    /// Returns the number of operands.
    pub(crate) fn count(&self) -> usize {
        self.arguments.len()
    }

    /// Returns the scalar type that the call computes in, if that is a floating-point
    /// dtype.
    pub(crate) fn scalar(&self) -> ScalarType {
        self.target.promotion.scalar()
    }

    /// Returns the shape of an operand.
    pub(crate) fn shape(&self, operand: usize) -> &[usize] {
        self.arguments[operand].description.shape()
    }

    /// Returns an operand for reading, valid until Python code runs again.
    pub(crate) fn tensor(&self, operand: usize) -> PyResult<TensorRef<'_>> {
        let Argument {
            parameter,
            memory,
            description,
        } = &self.arguments[operand];
        if !memory.is_unchanged(description) {
            return Err(self.changed_error(parameter));
        }
        // SAFETY: `self` keeps the memory alive, and the memory is still where it was described.
        // ASSUMPTION (SAFETY.md): no thread of the program writes to the array or frees its
        // memory meanwhile.
        Ok(unsafe { TensorRef::new(description.clone()) })
    }

    /// Infers the shapes and kinds of an operation's results.
    fn infer_results(&self, operation: &dyn Operation) -> PyResult<Results> {
        let shapes: SmallVec<[&[usize]; 2]> = (0..self.count())
            .map(|operand| self.shape(operand))
            .collect();
        let results = operation.results(self.target.promotion.dtype, &shapes);
        results.map_err(|error| self.shape_error(error))
    }

    /// Returns an error if the shapes of the operands do not fit the operation.
    pub(crate) fn check(&self, operation: &dyn Operation) -> PyResult<()> {
        self.infer_results(operation).map(drop)
    }

    /// Runs an operation and returns its results in new memory.
    pub(crate) fn compute(&self, operation: &dyn Operation) -> PyResult<Vec<Output<'py>>> {
        let results = self.infer_results(operation)?;
        let output = |result: &ResultShape| {
            let dtype = result.kind.dtype(self.target.promotion.dtype);
            self.new_output(dtype, &result.shape)
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

    /// Runs an operation with one result, which goes into `out` if given.
    pub(crate) fn compute_one(
        &self,
        operation: &dyn Operation,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Output<'py>> {
        let results = self.infer_results(operation)?;
        let result = &results.each[0];
        let mut output = match out {
            Some(out) => self.target.out_array(out, &result.shape, &self.arguments)?,
            None => self.new_output(
                result.kind.dtype(self.target.promotion.dtype),
                &result.shape,
            )?,
        };
        let memory = smallvec![output.tensor_mut()];
        self.run_operation(operation, &results, memory)?;
        Ok(output)
    }

    /// Runs an operation on memory for its results. Checks the operands once more,
    /// because all Python code of the call has run by now.
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
        let on_failure = self.on_failure;
        self.run(&results.batch, |workers| {
            operation::run(operation, &operands, memory, on_failure, workers)
        })
    }

    /// Runs an operation and converts each result for the caller.
    pub(crate) fn results(
        &self,
        operation: &dyn Operation,
        wraps: &[Wrap],
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.each_to_python(self.compute(operation)?, wraps)
    }

    /// Runs an operation and returns its results as a named tuple of `scirs2._results`.
    pub(crate) fn named_results(
        &self,
        operation: &dyn Operation,
        class: &str,
        wraps: &[Wrap],
    ) -> PyResult<Bound<'py, PyAny>> {
        let results = self.results(operation, wraps)?;
        namedtuple(
            self.target.py,
            class,
            PyTuple::new(self.target.py, results)?,
        )
    }

    /// Converts each result for the caller.
    pub(crate) fn each_to_python(
        &self,
        outputs: Vec<Output<'py>>,
        wraps: &[Wrap],
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let convert = |(output, wrap): (Output<'py>, &Wrap)| match wrap {
            Wrap::Plain => self.to_python(output),
            Wrap::LikeInput => self.to_python_like_input(output),
        };
        outputs.into_iter().zip(wraps).map(convert).collect()
    }

    /// Allocates a result; its elements are not set.
    pub(crate) fn new_output(&self, dtype: DType, shape: &[usize]) -> PyResult<Output<'py>> {
        self.target.new_output(dtype, shape)
    }

    /// Converts a result to the caller's library. NumPy gets a scalar where there are
    /// no axes.
    pub(crate) fn to_python(&self, output: Output<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.target.to_python(output)
    }

    /// Converts a result as [`to_python`](Self::to_python) does, and to the subclass of
    /// NumPy's array that was passed, if any.
    pub(crate) fn to_python_like_input(&self, output: Output<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.target.to_python_like_input(output)
    }

    /// Copies an argument of integers, such as pivots.
    pub(crate) fn integers(
        &self,
        parameter: &str,
        object: &Bound<'py, PyAny>,
    ) -> PyResult<ArrayD<i64>> {
        let Target {
            py, name, library, ..
        } = self.target;
        argument::integers(py, name, library, parameter, object)
    }

    /// Returns the error for an array that Python code changed after it was described.
    #[cold]
    fn changed_error(&self, parameter: impl fmt::Display) -> PyErr {
        PyRuntimeError::new_err(format!(
            "{}: {parameter}: the array was resized or otherwise changed while the call \
             took its arguments; pass a copy",
            self.target.name
        ))
    }

    /// Runs a kernel. `batch` is the shape in which an error counts matrices.
    pub(crate) fn run<R: Send>(
        &self,
        batch: &[usize],
        kernel: impl FnOnce(&Workers<'_>) -> Result<R, Error> + Send,
    ) -> PyResult<R> {
        run_kernel(self.target.py, self.estimated_operations(), kernel).map_err(|failure| {
            match failure {
                Failure::Signal(signal) => signal,
                Failure::Kernel(error) => self.kernel_error(error, batch),
            }
        })
    }

    /// Returns the exception for a kernel's error.
    fn kernel_error(&self, error: Error, batch: &[usize]) -> PyErr {
        let arguments = self.arguments.iter();
        let operands: SmallVec<[Shaped<'_>; 2]> = arguments
            .map(|argument| (argument.parameter, argument.description.shape()))
            .collect();
        let message = message(self.target.name, &error, &operands);
        kernel_error(self.target.py, message, error, batch)
    }

    /// Estimates the kernel's operations: elements times the longer side of the
    /// matrices, summed over the operands; a share of the elements that the operands
    /// may broadcast to; and the cube of the operands' number, for finding the best
    /// order of many.
    fn estimated_operations(&self) -> usize {
        const OF_ONE: usize = 16;
        let (mut sum, mut product) = (0_usize, 1_usize);
        for argument in &self.arguments {
            let shape = argument.description.shape();
            let elements: usize = shape.iter().product();
            let longest = shape.iter().rev().take(2).max().copied().unwrap_or(1);
            sum = sum.saturating_add(elements.saturating_mul(longest));
            product = product.saturating_mul(elements);
        }
        let planned = self.arguments.len().saturating_pow(3);
        sum.max(product / OF_ONE).max(planned)
    }

    /// Returns the exception for an error that was found before the kernel ran.
    pub(crate) fn shape_error(&self, error: Error) -> PyErr {
        self.kernel_error(error, &[])
    }
}
