//! Matrices balanced before their eigenvalues are computed.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};
use num_traits::{One as _, Zero as _};
use scirs2_core::DType;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{from_f, is_finite, to_f};
use crate::base::memory::zeros;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::split_square_shape;
use crate::elements::scalar::LinalgScalar;
use crate::lapack::gebal;

/// Balanced matrices `B = T^-1 A T`, which have the eigenvalues of `A`, then the matrices `T`, a
/// permutation times a diagonal. With `separate` instead of `T` the diagonal, and the row of `T`
/// that each of its elements is in.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{MatrixBalance, compute};
///
/// let a = Tensor::from(array![[1.0, 1024.0], [1.0, 1.0]]);
/// let results = compute(&MatrixBalance { permute: true, scale: true, separate: false }, &[&a])?;
/// assert_eq!(results[0].view::<f64>()?, array![[1.0, 32.0], [32.0, 1.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MatrixBalance {
    /// Whether rows and columns are exchanged, to isolate eigenvalues.
    pub permute: bool,
    /// Whether rows and columns are scaled by powers of two, until they are about equally long.
    pub scale: bool,
    /// Whether `T` is returned as its diagonal and its permutation.
    pub separate: bool,
}

impl ScalarOperation for MatrixBalance {
    const NAME: &'static str = "matrix_balance";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, n) = split_square_shape(1, shapes[0])?;
        let vector = [batch, &[n]].concat();
        let (balanced, square) = ((Kind::Same, shapes[0].to_vec()), shapes[0].to_vec());
        Ok(if self.separate {
            let each = [
                balanced,
                (Kind::Real, vector.clone()),
                (Kind::Count, vector),
            ];
            Results::new(2, each)
        } else {
            Results::new(2, [balanced, (Kind::Real, square)])
        })
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        let (shape, n) = split_square_shape(1, a.shape())?;
        let batch = Batch {
            shape,
            flops: 1.0 + 20.0 * (n as f64).powi(2),
            workers: work.workers,
        };
        let matrices = MatrixBatch::new(&a, batch.shape);
        if self.separate {
            let [balanced, scaling, rows] = work.outputs();
            let out = (
                MatrixBatchMut::new(balanced.into_view::<T>()?),
                MatrixBatchMut::vectors(scaling.into_view::<T::Real>()?),
                MatrixBatchMut::vectors(rows.into_view::<i64>()?),
            );
            return batch.for_each(
                out,
                || Balanced::new(n, *self),
                |work, index, (balanced, mut scaling, mut rows)| {
                    work.run(matrices.get(index), balanced)?;
                    let parts = scaling.iter_mut().zip(&mut rows).enumerate();
                    for (place, (factor, row)) in parts {
                        *factor = work.scaling(place);
                        *row = i64::try_from(work.rows[place]).expect("fits");
                    }
                    Ok(())
                },
            );
        }
        let [balanced, transformations] = work.outputs();
        batch.for_each(
            (
                MatrixBatchMut::new(balanced.into_view::<T>()?),
                MatrixBatchMut::new(transformations.into_view::<T::Real>()?),
            ),
            || Balanced::new(n, *self),
            |work, index, (balanced, mut transformation)| {
                work.run(matrices.get(index), balanced)?;
                transformation.fill(T::Real::zero());
                for (place, &row) in work.rows.iter().enumerate() {
                    transformation[[row, place]] = work.scaling(place);
                }
                Ok(())
            },
        )
    }
}

/// A balanced matrix, in memory that is used again.
struct Balanced<T: LinalgScalar> {
    operation: MatrixBalance,
    matrix: Vec<T>,
    factors: Vec<T::Real>,
    /// The rows that were scaled.
    scaled: Range<usize>,
    /// The row of the transformation for each element of the scaling.
    rows: Vec<usize>,
}

impl<T: LinalgScalar> Balanced<T> {
    fn new(n: usize, operation: MatrixBalance) -> Result<Self, Error> {
        Ok(Balanced {
            operation,
            matrix: zeros(n.saturating_mul(n))?,
            factors: zeros(n)?,
            scaled: 0..0,
            rows: zeros(n)?,
        })
    }

    fn run(&mut self, a: ArrayView2<'_, T>, out: ArrayViewMut2<'_, T>) -> Result<(), Reason> {
        let n = a.nrows();
        if n == 0 {
            return Ok(());
        }
        to_f(a, &mut self.matrix);
        if !is_finite(&self.matrix) {
            return Err(Reason::NotFinite);
        }
        let MatrixBalance { permute, scale, .. } = self.operation;
        let (low, high) = gebal(n, permute, scale, &mut self.matrix, &mut self.factors);
        from_f(&self.matrix, out);
        self.scaled = low..high + 1;
        for (place, row) in self.rows.iter_mut().enumerate() {
            *row = place;
        }
        for row in (high + 1..n).rev().chain(0..low) {
            // Counted from 1.
            let number: f64 = self.factors[row].into();
            self.rows.swap(row, number as usize - 1);
        }
        Ok(())
    }

    fn scaling(&self, place: usize) -> T::Real {
        if self.scaled.contains(&place) {
            self.factors[place]
        } else {
            T::Real::one()
        }
    }
}
