//! Generalized eigenvalues and eigenvectors of general matrices, and left eigenvectors.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayD, ArrayView2, ArrayViewMut2};
use num_traits::Zero as _;
use scirs2_core::{Complex64, DType, Scalar as _};

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::is_finite;
use crate::base::memory::zeros_array;
use crate::base::scale::rounded;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{split_matrix_shape, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::{Geev, Ggev};
use crate::spectral::double::to_double;

/// The eigenvalues of `A v = w B v`, or with one operand of `A v = w v`, then the requested
/// vectors: left ones with `u^H A = w u^H B`, right ones, each of length one. The last result is
/// one if all eigenvalues of real matrices are real, and zero otherwise.
///
/// A value of `A v = w B v` is a quotient, infinite where its denominator is zero. With
/// `homogeneous` there are two rows of values instead: the numerators, and the denominators.
///
/// ```
/// use ndarray::array;
/// use scirs2_core::Complex64;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{EigPencil, compute};
///
/// let a = Tensor::from(array![[1.0, 0.0], [0.0, 6.0]]);
/// let b = Tensor::from(array![[1.0, 0.0], [0.0, 2.0]]);
/// let operation = EigPencil { left: false, right: false, homogeneous: false };
/// let results = compute(&operation, &[&a, &b])?;
/// let values = results[0].view::<Complex64>()?;
/// assert!((values[[1]].re - 3.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EigPencil {
    /// Whether left eigenvectors are computed.
    pub left: bool,
    /// Whether right eigenvectors are computed.
    pub right: bool,
    /// Whether the values are returned as numerators and denominators.
    pub homogeneous: bool,
}

impl ScalarOperation for EigPencil {
    const NAME: &'static str = "eig";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (first, n) = split_square_shape(1, shapes[0])?;
        let mut batch = first.to_vec();
        if let Some(b) = shapes.get(1) {
            let (second, rows, columns) = split_matrix_shape(2, b)?;
            if (rows, columns) != (n, n) {
                return Err(Error::Mismatch {
                    first: shapes[0].to_vec(),
                    second: b.to_vec(),
                    must: "both matrices need the same order",
                });
            }
            batch = broadcast(&[first, second])?;
        }
        let axes = if self.homogeneous { 2 } else { 1 };
        let core: &[usize] = if self.homogeneous { &[2, n] } else { &[n] };
        let mut results = Results::new(axes, [(Kind::Complex, [&batch[..], core].concat())]);
        let vectors = || Results::new(2, [(Kind::Complex, [&batch[..], &[n, n]].concat())]).each;
        if self.left {
            results.each.extend(vectors());
        }
        if self.right {
            results.each.extend(vectors());
        }
        let flag = Results::new(0, [(Kind::Index, Vec::new())]);
        results.each.extend(flag.each);
        Ok(results)
    }

    fn compute<T: OperationScalar>(&self, work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        let b = (work.operands.len() > 1)
            .then(|| work.operand::<T>(1))
            .transpose()?;
        let n = a.shape()[a.ndim() - 1];
        let mut outputs = work.outputs.into_iter();
        let mut next = || outputs.next().expect("memory for each result");
        let values = next().into_view::<T::Complex>()?;
        let rows = if self.homogeneous { 2 } else { 1 };
        let shape = values.shape()[..values.ndim() - rows].to_vec();
        let values = if self.homogeneous {
            MatrixBatchMut::new(values)
        } else {
            MatrixBatchMut::vectors(values)
        };
        let empty = || zeros_array::<T::Complex>(&[&shape[..], &[0, 0]].concat());
        let mut missing: [ArrayD<T::Complex>; 2] = [empty()?, empty()?];
        let [no_left, no_right] = &mut missing;
        let left = if self.left {
            next().into_view()?
        } else {
            no_left.view_mut()
        };
        let right = if self.right {
            next().into_view()?
        } else {
            no_right.view_mut()
        };
        let flag = next();
        let all_real = AtomicBool::new(!T::IS_COMPLEX);
        let batch = Batch {
            shape: &shape,
            flops: 1.0 + 60.0 * (n as f64).powi(3),
            workers: work.workers,
        };
        let first = MatrixBatch::new(&a, batch.shape);
        let second = b.as_ref().map(|b| MatrixBatch::new(b, batch.shape));
        batch.for_each(
            (
                values,
                MatrixBatchMut::new(left),
                MatrixBatchMut::new(right),
            ),
            || Solver::new(n, *self, second.is_some()),
            |solver, index, (values, left, right)| {
                let b = second.as_ref().map(|second| second.get(index));
                let matrices = (first.get(index), b);
                solver.run(matrices, self.homogeneous, (values, left, right), &all_real)
            },
        )?;
        flag.into_view()?
            .fill(i32::from(all_real.load(Ordering::Relaxed)));
        Ok(())
    }
}

/// LAPACK's routine, in double precision, as for [`Eig`](crate::operation::Eig).
enum Solver<T: LinalgScalar> {
    Empty,
    One(Geev<T::Double>),
    Two(Ggev<T::Double>),
}

/// The memory for the values, and for the left and the right vectors.
type Parts<'a, C> = (
    ArrayViewMut2<'a, C>,
    ArrayViewMut2<'a, C>,
    ArrayViewMut2<'a, C>,
);

impl<T: LinalgScalar> Solver<T> {
    fn new(n: usize, operation: EigPencil, generalized: bool) -> Result<Self, Error> {
        let EigPencil { left, right, .. } = operation;
        Ok(match (n, generalized) {
            (0, _) => Solver::Empty,
            (_, false) => Solver::One(Geev::with_vectors(n, left, right)?),
            (_, true) => Solver::Two(Ggev::new(n, left, right)?),
        })
    }

    fn run(
        &mut self,
        (a, b): (ArrayView2<'_, T>, Option<ArrayView2<'_, T>>),
        homogeneous: bool,
        (mut values, left, right): Parts<'_, T::Complex>,
        all_real: &AtomicBool,
    ) -> Result<(), Reason> {
        let n = a.nrows();
        let one = [1.0, 0.0];
        match self {
            Solver::Empty => {}
            Solver::One(solver) => {
                to_double(a.t(), solver.matrix());
                if !is_finite(solver.matrix()) {
                    return Err(Reason::NotFinite);
                }
                solver.solve()?;
                if (0..n).any(|index| !solver.is_real(index)) {
                    all_real.store(false, Ordering::Relaxed);
                }
                let pair = |index| (solver.value(index), one);
                write_values::<T>(homogeneous, (0..n).map(pair), &mut values);
                write_vectors::<T>(left, |row, index| solver.left_vector(row, index));
                write_vectors::<T>(right, |row, index| solver.vector(row, index));
            }
            Solver::Two(solver) => {
                let [first, second] = solver.matrices();
                to_double(a.t(), first);
                if let Some(b) = b {
                    to_double(b.t(), second);
                }
                if !(is_finite(first) && is_finite(second)) {
                    return Err(Reason::NotFinite);
                }
                solver.solve()?;
                if (0..n).any(|index| !solver.alpha(index)[1].is_zero()) {
                    all_real.store(false, Ordering::Relaxed);
                }
                let pair = |index| (solver.alpha(index), solver.beta(index));
                write_values::<T>(homogeneous, (0..n).map(pair), &mut values);
                write_vectors::<T>(left, |row, index| solver.left_vector(row, index));
                write_vectors::<T>(right, |row, index| solver.right_vector(row, index));
            }
        }
        Ok(())
    }
}

/// Writes numerators and denominators in two rows, or their quotients into one column.
fn write_values<T: LinalgScalar>(
    homogeneous: bool,
    pairs: impl Iterator<Item = ([f64; 2], [f64; 2])>,
    values: &mut ArrayViewMut2<'_, T::Complex>,
) {
    let complex = |parts: [f64; 2]| T::Complex::from_parts(parts.map(rounded));
    for (index, (alpha, beta)) in pairs.enumerate() {
        if homogeneous {
            values[[0, index]] = complex(alpha);
            values[[1, index]] = complex(beta);
        } else {
            values[[index, 0]] = complex(quotient(alpha, beta));
        }
    }
}

/// An eigenvalue, infinite for a denominator of zero.
fn quotient([re, im]: [f64; 2], [beta, imaginary]: [f64; 2]) -> [f64; 2] {
    if imaginary != 0.0 {
        let quotient = Complex64::new(re, im) / Complex64::new(beta, imaginary);
        return [quotient.re, quotient.im];
    }
    if im == 0.0 {
        // No NaN beside an infinity.
        return [re / beta, 0.0];
    }
    [re / beta, im / beta]
}

/// Writes vectors, each divided by its length.
fn write_vectors<T: LinalgScalar>(
    mut to: ArrayViewMut2<'_, T::Complex>,
    element: impl Fn(usize, usize) -> [f64; 2],
) {
    let n = to.nrows();
    for (index, mut column) in to.columns_mut().into_iter().enumerate() {
        let parts = || (0..n).map(|row| element(row, index));
        let largest = parts()
            .flatten()
            .fold(0.0, |largest: f64, x| largest.max(x.abs()));
        let square = |[re, im]: [f64; 2]| (re / largest).powi(2) + (im / largest).powi(2);
        let length: f64 = largest * parts().map(square).sum::<f64>().sqrt();
        for (to, parts) in column.iter_mut().zip(parts()) {
            *to = T::Complex::from_parts(parts.map(|part| rounded(part / length)));
        }
    }
}
