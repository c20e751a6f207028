//! An operation, declared once: its name, its results and its work.
//!
//! An operation is a type whose fields are its keywords. It says which results it has for
//! operands of some shapes, without looking at an element, and computes them for each type of
//! elements. From that follow the function for tensors of any dtype and what a binding for
//! another language needs.
//!
//! [`Operation`] has no type parameters: the code for all element types is compiled in this
//! crate, once, whoever calls it.

use std::array;

use ndarray::ArrayViewD;
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Element, ScalarType, dispatch};
use scirs2_interop::{TensorMut, TensorRef};
use smallvec::SmallVec;

use crate::numeric::Numeric;
use crate::{Error, Lapack};

pub use crate::cholesky::Cholesky;
pub use crate::det::{Det, SignLogDet};
pub use crate::eigh::{Eigh, Eigvalsh};
pub use crate::inv::Inv;
pub use crate::lstsq::Lstsq;
pub use crate::matmul::Matmul;
pub use crate::qr::{Qr, QrMode};
pub use crate::solve::Solve;
pub use crate::svd::{Svd, Svdvals};

/// The elements of a result, as those of the operands decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Those of the operands.
    Same,
    /// The real type of the same precision.
    Real,
    /// `int32`: ranks.
    Index,
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
            (Kind::Real, DType::Complex64) => DType::Float32,
            (Kind::Real, DType::Complex128) => DType::Float64,
            (Kind::Same | Kind::Real, same) => same,
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
    pub each: SmallVec<[ResultShape; 4]>,
    /// How many of the first axes of the first result count the matrices: the number of a
    /// matrix in an error is a place in these.
    pub batch_axes: usize,
}

impl Results {
    /// Results of these shapes, the first of which has one axis for each batch axis and then
    /// so many more.
    pub(crate) fn new<const N: usize>(axes: usize, each: [(Kind, Vec<usize>); N]) -> Self {
        let first = each.first().map_or(0, |(_, shape)| shape.len());
        Results {
            batch_axes: first.saturating_sub(axes),
            each: each
                .into_iter()
                .map(|(kind, shape)| ResultShape { shape, kind })
                .collect(),
        }
    }

    /// The axes that count the matrices.
    #[must_use]
    pub fn batch(&self) -> &[usize] {
        let first = self.each.first().map_or(&[][..], |first| &first.shape);
        &first[..self.batch_axes.min(first.len())]
    }
}

/// Memory for the results of an operation, in order.
pub type Outputs<'a> = SmallVec<[TensorMut<'a>; 4]>;

/// An operation of linear algebra, with its keywords.
pub trait Operation: Sync {
    /// Its name, as messages have it.
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

/// What the author of an operation on floats and complex numbers writes.
pub(crate) trait ScalarOperation {
    /// See [`Operation::name`].
    const NAME: &'static str;

    /// See [`Operation::results`].
    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error>;

    /// [`Operation::run`] for one type.
    fn compute<T: Lapack>(
        &self,
        operands: &[TensorRef<'_>],
        outputs: Outputs<'_>,
        workers: &Workers<'_>,
    ) -> Result<(), Error>;
}

/// What the author of an operation on any numbers writes.
pub(crate) trait NumericOperation {
    /// See [`Operation::name`].
    const NAME: &'static str;

    /// See [`Operation::results`].
    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error>;

    /// [`Operation::run`] for one type.
    fn compute<T: Numeric>(
        &self,
        operands: &[TensorRef<'_>],
        outputs: Outputs<'_>,
        workers: &Workers<'_>,
    ) -> Result<(), Error>;
}

/// An operand as an array.
pub(crate) fn view<'a, T: Element>(
    operands: &[TensorRef<'a>],
    number: usize,
) -> Result<ArrayViewD<'a, T>, Error> {
    Ok(operands[number].view()?)
}

/// The outputs, of which there are as many as the operation has results.
pub(crate) fn each<const N: usize>(outputs: Outputs<'_>) -> [TensorMut<'_>; N] {
    let mut outputs = outputs.into_iter();
    array::from_fn(|_| outputs.next().expect("memory for each result"))
}

/// The list of all operations: the code of each is compiled here for every type.
macro_rules! operations {
    (@results $trait:ident $type:ty) => {
        fn name(&self) -> &'static str {
            <$type as $trait>::NAME
        }

        fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
            $trait::results(self, dtype, shapes)
        }
    };
    (scalar: $($scalar:ty),+; numeric: $($numeric:ty),+;) => {
        $(impl Operation for $scalar {
            operations! { @results ScalarOperation $scalar }

            fn run(
                &self,
                operands: &[TensorRef<'_>],
                outputs: Outputs<'_>,
                workers: &Workers<'_>,
            ) -> Result<(), Error> {
                dispatch!(scalar scalar_of(operands)?, T => {
                    self.compute::<T>(operands, outputs, workers)
                })
            }
        })+
        $(impl Operation for $numeric {
            operations! { @results NumericOperation $numeric }

            fn run(
                &self,
                operands: &[TensorRef<'_>],
                outputs: Outputs<'_>,
                workers: &Workers<'_>,
            ) -> Result<(), Error> {
                let dtype = operands[0].dtype();
                dispatch!(number dtype, T => {
                    self.compute::<T>(operands, outputs, workers)
                }, else => Err(Error::Dtype(dtype)))
            }
        })+
    };
}

operations! {
    scalar:
        Cholesky, Det, SignLogDet, Eigh, Eigvalsh, Inv, Lstsq, Qr, Solve, Svd, Svdvals;
    numeric:
        Matmul;
}

/// The type of the operands, which is computed in as it is.
fn scalar_of(operands: &[TensorRef<'_>]) -> Result<ScalarType, Error> {
    let dtype = operands[0].dtype();
    ScalarType::of(dtype)
        .filter(|scalar| scalar.dtype() == dtype)
        .ok_or(Error::Dtype(dtype))
}
