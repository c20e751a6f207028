//! An operation, declared once: its name, its results and its work.
//!
//! An operation is a type whose fields are its keywords. It says which results it has for
//! operands of some shapes, without looking at an element, and computes them for each type of
//! elements. From that follow the function for tensors of any dtype and what a binding for
//! another language needs.
//!
//! [`Operation`] has no type parameters: the code for all element types is compiled in this
//! crate, once, whoever calls it.

use std::sync::Mutex;
use std::{array, mem};

use ndarray::{ArrayViewD, ArrayViewMutD, Axis};
use scirs2_core::pool::Workers;
use scirs2_core::{Complex32, Complex64, DType, Element};
use scirs2_interop::{TensorMut, TensorRef};
use smallvec::{SmallVec, smallvec};

use super::batch::lock;
use crate::Error;
use crate::elements::normed::Normed;
use crate::elements::numeric::Numeric;
use crate::elements::scalar::LinalgScalar;

/// The elements of a result, as those of the operands decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// The type of the operands.
    Same,
    /// The real type of the same precision.
    Real,
    /// The complex type of the same precision.
    Complex,
    /// `int32`: pivots, and the ranks of [`lstsq`](crate::lstsq()), as LAPACK counts.
    Index,
    /// Booleans: what holds for each matrix.
    Flag,
    /// `int64`: the ranks of [`matrix_rank`](crate::matrix_rank()), as NumPy counts.
    Count,
}

impl Kind {
    /// The dtype of such a result of operands of that dtype.
    ///
    /// ```
    /// use scirs2_core::DType;
    /// use scirs2_linalg::operation::Kind;
    ///
    /// assert_eq!(Kind::Real.dtype(DType::Complex64), DType::Float32);
    /// assert_eq!(Kind::Same.dtype(DType::Int8), DType::Int8);
    /// assert_eq!(Kind::Index.dtype(DType::Float64), DType::Int32);
    /// ```
    #[must_use]
    pub const fn dtype(self, operands: DType) -> DType {
        match (self, operands) {
            (Kind::Index, _) => DType::Int32,
            (Kind::Count, _) => DType::Int64,
            (Kind::Flag, _) => DType::Bool,
            (Kind::Real, DType::Complex64) => DType::Float32,
            (Kind::Real, DType::Complex128) => DType::Float64,
            (Kind::Complex, DType::Float32) => DType::Complex64,
            (Kind::Complex, DType::Float64) => DType::Complex128,
            (Kind::Same | Kind::Real | Kind::Complex, same) => same,
        }
    }
}

/// The shape of a result and the kind of its elements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResultShape {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The kind of the elements.
    pub kind: Kind,
}

/// The results of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Results {
    /// Each result, in order.
    pub each: SmallVec<[ResultShape; 1]>,
    /// The axes that count the matrices: the number of a matrix in an error is a place in
    /// these.
    pub batch: Vec<usize>,
}

impl Results {
    /// Results of these shapes; the first one has the axes of the batch, and then `axes`
    /// more.
    pub(crate) fn new<const N: usize>(axes: usize, each: [(Kind, Vec<usize>); N]) -> Self {
        let batch = each.first().map_or(&[][..], |(_, shape)| {
            &shape[..shape.len().saturating_sub(axes)]
        });
        Results {
            batch: batch.to_vec(),
            each: each
                .into_iter()
                .map(|(kind, shape)| ResultShape { shape, kind })
                .collect(),
        }
    }

    /// One result of the operands' type, of an operation that fails for no single matrix.
    pub(crate) fn same(shape: Vec<usize>) -> Self {
        let kind = Kind::Same;
        Results {
            batch: Vec::new(),
            each: smallvec![ResultShape { shape, kind }],
        }
    }
}

/// Memory for the results of an operation, in order.
pub type Outputs<'a> = SmallVec<[TensorMut<'a>; 1]>;

/// What becomes of a batch if an operation fails for one of its matrices, such as a singular
/// one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnFailure {
    /// The call fails, with the place of the first such matrix.
    #[default]
    Stop,
    /// The results of such matrices are NaN, or -1 where they are integers; the others are
    /// computed.
    FillNan,
}

/// An operation of linear algebra, with its keywords.
pub trait Operation: Sync {
    /// Its name, as used in messages.
    fn name(&self) -> &'static str;

    /// The results for operands of that dtype and of these shapes.
    ///
    /// # Errors
    /// What is wrong with the shapes.
    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error>;

    /// Computes the results into memory of the shapes and dtypes that
    /// [`results`](Self::results) names. All operands have one dtype.
    ///
    /// # Errors
    /// What is wrong with the shapes or the memory, and what the elements lead to;
    /// [`Error::Interrupted`] if the workers were stopped.
    ///
    /// # Panics
    /// If there are fewer operands or outputs than the operation has.
    fn run(
        &self,
        operands: &[TensorRef<'_>],
        outputs: Outputs<'_>,
        workers: &Workers<'_>,
    ) -> Result<(), Error>;
}

/// Runs an operation; if `on_failure` says so, it continues past matrices that fail.
///
/// # Errors
/// Those of [`Operation::run`]; with [`OnFailure::FillNan`] none that concern one matrix, but
/// for a lack of memory.
///
/// # Panics
/// If there are fewer operands or outputs than the operation has.
pub fn run(
    operation: &dyn Operation,
    operands: &[TensorRef<'_>],
    mut outputs: Outputs<'_>,
    on_failure: OnFailure,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if on_failure == OnFailure::Stop {
        return operation.run(operands, outputs, workers);
    }
    let memory = outputs.iter_mut().map(TensorMut::reborrow).collect();
    let failures = collect_failures(workers, |workers| operation.run(operands, memory, workers))?;
    if failures.is_empty() {
        return Ok(());
    }
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape()).collect();
    let results = operation.results(operands[0].dtype(), &shapes)?;
    for (output, result) in outputs.into_iter().zip(&results.each) {
        if result.shape.len() < results.batch.len() {
            // It concerns all matrices together.
            continue;
        }
        // The tolerances of ranks have axes before those of the batch.
        let first = match result.kind {
            Kind::Count => result.shape.len() - results.batch.len(),
            _ => 0,
        };
        fill_failures(output, (first, &results.batch), &failures)?;
    }
    Ok(())
}

/// Runs `work` past matrices that fail, and returns their numbers.
pub(crate) fn collect_failures(
    workers: &Workers<'_>,
    work: impl FnOnce(&Workers<'_>) -> Result<(), Error>,
) -> Result<Vec<usize>, Error> {
    let failures = Mutex::new(Vec::new());
    let record = |number| lock(&failures).push(number);
    work(&workers.continuing(&record))?;
    Ok(mem::take(&mut *lock(&failures)))
}

/// Writes NaN, or -1, to the results of the matrices with these numbers, of a batch whose
/// axes follow `first` others.
fn fill_failures(
    output: TensorMut<'_>,
    batch: (usize, &[usize]),
    failures: &[usize],
) -> Result<(), Error> {
    fn fill<T: Element>(
        output: TensorMut<'_>,
        batch: (usize, &[usize]),
        failures: &[usize],
        element: T,
    ) -> Result<(), Error> {
        fill_matrices(output.into_view()?, batch, failures, element);
        Ok(())
    }
    match output.dtype() {
        DType::Float32 => fill(output, batch, failures, f32::NAN),
        DType::Float64 => fill(output, batch, failures, f64::NAN),
        DType::Complex64 => {
            let nan = Complex32::new(f32::NAN, f32::NAN);
            fill(output, batch, failures, nan)
        }
        DType::Complex128 => {
            let nan = Complex64::new(f64::NAN, f64::NAN);
            fill(output, batch, failures, nan)
        }
        DType::Int32 => fill(output, batch, failures, -1_i32),
        DType::Int64 => fill(output, batch, failures, -1_i64),
        other => Err(Error::Dtype(other)),
    }
}

/// Writes an element to all results of the matrices with these numbers, of a batch whose axes
/// follow `first` others.
pub(crate) fn fill_matrices<T: Clone>(
    mut output: ArrayViewMutD<'_, T>,
    (first, batch): (usize, &[usize]),
    numbers: &[usize],
    element: T,
) {
    for &number in numbers {
        let mut rest = number;
        let mut results = output.view_mut();
        for (axis, &length) in batch.iter().enumerate().rev() {
            // An axis of length one may have been broadcast.
            if length > 1 {
                results = results.index_axis_move(Axis(first + axis), rest % length);
                rest /= length;
            }
        }
        results.fill(element.clone());
    }
}

/// A type that every operation on floats and complex numbers takes.
pub(crate) trait OperationScalar:
    LinalgScalar + Numeric + Normed<Norm = Self::Real>
{
}

impl<T: LinalgScalar + Numeric + Normed<Norm = T::Real>> OperationScalar for T {}

/// What the author of an operation on floats and complex numbers writes.
pub(crate) trait ScalarOperation {
    /// See [`Operation::name`].
    const NAME: &'static str;

    /// See [`Operation::results`].
    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error>;

    /// [`Operation::run`] for one type.
    fn compute<T: OperationScalar>(&self, work: Work<'_, '_>) -> Result<(), Error>;
}

/// What the author of an operation on any numbers writes.
pub(crate) trait NumericOperation {
    /// See [`Operation::name`].
    const NAME: &'static str;

    /// See [`Operation::results`].
    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error>;

    /// [`Operation::run`] for one type.
    fn compute<T: Numeric>(&self, work: Work<'_, '_>) -> Result<(), Error>;
}

/// What one call of an operation works with.
pub(crate) struct Work<'r, 'w> {
    pub(crate) operands: &'r [TensorRef<'r>],
    pub(crate) outputs: Outputs<'w>,
    pub(crate) workers: &'r Workers<'r>,
}

impl<'r, 'w> Work<'r, 'w> {
    /// An operand as an array.
    pub(crate) fn operand<T: Element>(&self, number: usize) -> Result<ArrayViewD<'r, T>, Error> {
        Ok(self.operands[number].view()?)
    }

    /// All operands as arrays.
    pub(crate) fn operands<T: Element>(&self) -> Result<Vec<ArrayViewD<'r, T>>, Error> {
        (0..self.operands.len())
            .map(|number| self.operand(number))
            .collect()
    }

    /// The memory of all `N` results of the operation.
    pub(crate) fn outputs<const N: usize>(&mut self) -> [TensorMut<'w>; N] {
        let mut outputs = mem::take(&mut self.outputs).into_iter();
        array::from_fn(|_| outputs.next().expect("memory for each result"))
    }
}
