//! Matrices made of others, or of vectors, and what structure a matrix has.

use ndarray::{ArrayView2, ArrayViewD, ArrayViewMutD, Axis, Slice};
use scirs2_core::pool::Workers;
use scirs2_core::{Bool, DType};

use crate::Error;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{
    Kind, NumericOperation, OperationScalar, Results, ScalarOperation, Work,
};
use crate::driver::shape::{split_matrix_shape, split_shape, split_square_shape};
use crate::elements::numeric::Numeric;

/// Matrices one below and right of the other, with zeros elsewhere; a vector is a row, a number a
/// matrix of one element. The batches broadcast.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{BlockDiag, compute};
///
/// let (a, b) = (Tensor::from(array![[1, 2]]), Tensor::from(array![[3], [4]]));
/// let results = compute(&BlockDiag, &[&a, &b])?;
/// let expected = array![[1, 2, 0], [0, 0, 3], [0, 0, 4]];
/// assert_eq!(results[0].view::<i32>()?, expected.into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BlockDiag;

/// A shape with at least the axes of a matrix.
fn at_least_two(shape: &[usize]) -> Vec<usize> {
    match shape {
        [] => vec![1, 1],
        [n] => vec![1, *n],
        shape => shape.to_vec(),
    }
}

impl NumericOperation for BlockDiag {
    const NAME: &'static str = "block_diag";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shapes: Vec<_> = shapes.iter().map(|shape| at_least_two(shape)).collect();
        let batches: Vec<_> = shapes
            .iter()
            .map(|shape| &shape[..shape.len() - 2])
            .collect();
        let mut shape = broadcast(&batches)?;
        for from_end in [2, 1] {
            let lengths = shapes.iter().map(|shape| shape[shape.len() - from_end]);
            shape.push(lengths.sum());
        }
        Ok(Results::same(shape))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let blocks = work.operands::<T>()?;
        let [out] = work.outputs();
        let mut out: ArrayViewMutD<'_, T> = out.into_view()?;
        out.fill(T::ZERO);
        let last = out.ndim() - 1;
        let (mut top, mut left) = (0, 0);
        for mut block in blocks {
            while block.ndim() < 2 {
                block.insert_axis_inplace(Axis(0));
            }
            let core = block.ndim() - 2;
            let (rows, columns) = (block.shape()[core], block.shape()[core + 1]);
            let mut part = out.view_mut();
            part.slice_axis_inplace(Axis(last - 1), Slice::from(top..top + rows));
            part.slice_axis_inplace(Axis(last), Slice::from(left..left + columns));
            let block = block.broadcast(part.raw_dim());
            part.assign(&block.expect("a block of the result"));
            (top, left) = (top + rows, left + columns);
        }
        Ok(())
    }
}

/// Toeplitz matrices, constant along each diagonal: the first operand is their first column, the
/// second one their first row, of which the first element is not read, or with `conjugate` the
/// conjugates of it. The batches broadcast.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Toeplitz, compute};
///
/// let (c, r) = (Tensor::from(array![1, 2]), Tensor::from(array![9, 3, 4]));
/// let results = compute(&Toeplitz { conjugate: false }, &[&c, &r])?;
/// assert_eq!(results[0].view::<i32>()?, array![[1, 3, 4], [2, 1, 3]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Toeplitz {
    /// Whether the second operand is conjugated.
    pub conjugate: bool,
}

impl NumericOperation for Toeplitz {
    const NAME: &'static str = "toeplitz";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (first, [m]) = split_shape(1, shapes[0])?;
        let (second, [n]) = split_shape(2, shapes[1])?;
        let batch = broadcast(&[first, second])?;
        Ok(Results::same([&batch[..], &[m, n]].concat()))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let (c, r) = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        let [out] = work.outputs();
        let out: ArrayViewMutD<'_, T> = out.into_view()?;
        let last = out.ndim() - 2;
        let batch = out.shape()[..last].to_vec();
        let (m, n) = (out.shape()[last], out.shape()[last + 1]);
        let (c, r) = (column(c), column(r));
        let batch = Batch {
            shape: &batch,
            flops: 1.0 + m as f64 * n as f64,
            workers: work.workers,
        };
        let (first, second) = (
            MatrixBatch::new(&c, batch.shape),
            MatrixBatch::new(&r, batch.shape),
        );
        batch.for_each(
            MatrixBatchMut::new(out),
            || Ok(()),
            |(), index, mut out| {
                let (c, r) = (first.get(index), second.get(index));
                for ((row, column), x) in out.indexed_iter_mut() {
                    *x = if row >= column {
                        c[[row - column, 0]]
                    } else if self.conjugate {
                        r[[column - row, 0]].conjugate()
                    } else {
                        r[[column - row, 0]]
                    };
                }
                Ok(())
            },
        )
    }
}

/// Vectors along the last axis as matrices of one column.
fn column<T>(a: ArrayViewD<'_, T>) -> ArrayViewD<'_, T> {
    let last = Axis(a.ndim());
    a.insert_axis(last)
}

/// Matrices of `rows` and `columns` with the operand on the diagonal and zeros elsewhere: the
/// middle factor of a singular value decomposition.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Diagsvd, compute};
///
/// let s = Tensor::from(array![3, 2]);
/// let results = compute(&Diagsvd { rows: 2, columns: 3 }, &[&s])?;
/// assert_eq!(results[0].view::<i32>()?, array![[3, 0, 0], [0, 2, 0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Diagsvd {
    /// The rows of the result.
    pub rows: usize,
    /// Its columns; the shorter side is as long as the operand.
    pub columns: usize,
}

impl NumericOperation for Diagsvd {
    const NAME: &'static str = "diagsvd";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, [k]) = split_shape(1, shapes[0])?;
        if k != self.rows.min(self.columns) {
            return Err(Error::Axes {
                argument: 1,
                shape: shapes[0].to_vec(),
                must: "as long as the smaller of M and N",
            });
        }
        Ok(Results::same([batch, &[self.rows, self.columns]].concat()))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let s = work.operand::<T>(0)?;
        let [out] = work.outputs();
        let mut out: ArrayViewMutD<'_, T> = out.into_view()?;
        out.fill(T::ZERO);
        let last = out.ndim() - 1;
        for (place, values) in s.axis_iter(Axis(s.ndim() - 1)).enumerate() {
            let row = out.view_mut().index_axis_move(Axis(last), place);
            row.index_axis_move(Axis(last - 1), place).assign(&values);
        }
        Ok(())
    }
}

/// Khatri-Rao products: column `j` of the result is the Kronecker product of the columns `j` of
/// both operands. The batches broadcast.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{KhatriRao, compute};
///
/// let (a, b) = (Tensor::from(array![[1, 2]]), Tensor::from(array![[3, 4], [5, 6]]));
/// let results = compute(&KhatriRao, &[&a, &b])?;
/// assert_eq!(results[0].view::<i32>()?, array![[3, 8], [5, 12]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct KhatriRao;

impl NumericOperation for KhatriRao {
    const NAME: &'static str = "khatri_rao";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (first, m, n) = split_matrix_shape(1, shapes[0])?;
        let (second, p, columns) = split_matrix_shape(2, shapes[1])?;
        if columns != n {
            return Err(Error::Mismatch {
                first: shapes[0].to_vec(),
                second: shapes[1].to_vec(),
                must: "both matrices need as many columns",
            });
        }
        let batch = broadcast(&[first, second])?;
        Ok(Results::same([&batch[..], &[m * p, n]].concat()))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let (a, b) = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        let [out] = work.outputs();
        let out: ArrayViewMutD<'_, T> = out.into_view()?;
        let shape = out.shape()[..out.ndim() - 2].to_vec();
        let batch = Batch {
            shape: &shape,
            flops: 1.0 + (out.len() / shape.iter().product::<usize>().max(1)) as f64,
            workers: work.workers,
        };
        let (first, second) = (MatrixBatch::new(&a, &shape), MatrixBatch::new(&b, &shape));
        batch.for_each(
            MatrixBatchMut::new(out),
            || Ok(()),
            |(), index, mut out| {
                let (a, b) = (first.get(index), second.get(index));
                for ((row, column), x) in out.indexed_iter_mut() {
                    let (i, j) = (row / b.nrows(), row % b.nrows());
                    *x = a[[i, column]].wrapping_mul(b[[j, column]]);
                }
                Ok(())
            },
        )
    }
}

/// The bandwidths of matrices: how many diagonals below the main one, and above it, reach to the
/// last that is not zero.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Bandwidth, compute};
///
/// let a = Tensor::from(array![[1, 0, 2], [0, 1, 0], [0, 1, 1]]);
/// let results = compute(&Bandwidth, &[&a])?;
/// assert_eq!(results[0].view::<i64>()?[[]], 1);
/// assert_eq!(results[1].view::<i64>()?[[]], 2);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bandwidth;

impl NumericOperation for Bandwidth {
    const NAME: &'static str = "bandwidth";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, ..) = split_matrix_shape(1, shapes[0])?;
        let each = [(Kind::Count, batch.to_vec()), (Kind::Count, batch.to_vec())];
        Ok(Results::new(0, each))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        let (batch, m, n) = split_matrix_shape(1, a.shape())?;
        let [lower, upper] = work.outputs();
        let batch = Batch {
            shape: batch,
            flops: 1.0 + m as f64 * n as f64,
            workers: work.workers,
        };
        let matrices = MatrixBatch::new(&a, batch.shape);
        batch.for_each(
            (
                MatrixBatchMut::scalars(lower.into_view::<i64>()?),
                MatrixBatchMut::scalars(upper.into_view::<i64>()?),
            ),
            || Ok(()),
            |(), index, (mut lower, mut upper)| {
                let [below, above] = bandwidths(matrices.get(index));
                lower[[0, 0]] = i64::try_from(below).expect("fits");
                upper[[0, 0]] = i64::try_from(above).expect("fits");
                Ok(())
            },
        )
    }
}

/// How many diagonals of one matrix below and above the main one are not zero.
pub(crate) fn bandwidths<T: Numeric>(a: ArrayView2<'_, T>) -> [usize; 2] {
    let (mut below, mut above) = (0, 0);
    for (row, elements) in a.rows().into_iter().enumerate() {
        // Only outside the band that is known is looked for more.
        let left = row.saturating_sub(below).min(elements.len());
        if let Some(column) = (0..left).find(|&column| elements[column] != T::ZERO) {
            below = row - column;
        }
        let right = (row + above + 1).min(elements.len());
        let mut outside = (right..elements.len()).rev();
        if let Some(column) = outside.find(|&column| elements[column] != T::ZERO) {
            above = column - row;
        }
    }
    [below, above]
}

/// Whether matrices are exactly equal to their transposes, or to their adjoints.
///
/// ```
/// use ndarray::array;
/// use scirs2_core::Bool;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{IsSymmetric, compute};
///
/// let a = Tensor::from(array![[1, 2], [2, 1]]);
/// let results = compute(&IsSymmetric { hermitian: false }, &[&a])?;
/// assert!(results[0].view::<Bool>()?[[]].get());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct IsSymmetric {
    /// Whether elements are compared with the conjugates.
    pub hermitian: bool,
}

impl NumericOperation for IsSymmetric {
    const NAME: &'static str = "issymmetric";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        one_flag(shapes[0])
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [answers] = work.outputs();
        let a = work.operand::<T>(0)?;
        let conjugated = |x: T| if self.hermitian { x.conjugate() } else { x };
        let equal = |x, y| x == conjugated(y);
        compare_transposed(a, self.hermitian, equal, answers.into_view()?, work.workers)
    }
}

/// As [`IsSymmetric`], but elements may differ by `atol + rtol |x|`, as in NumPy's `allclose`.
///
/// ```
/// use ndarray::array;
/// use scirs2_core::Bool;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{IsNearlySymmetric, compute};
///
/// let a = Tensor::from(array![[1.0, 2.0], [2.1, 1.0]]);
/// let operation = IsNearlySymmetric { hermitian: false, atol: 0.2, rtol: 0.0 };
/// let results = compute(&operation, &[&a])?;
/// assert!(results[0].view::<Bool>()?[[]].get());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct IsNearlySymmetric {
    /// Whether elements are compared with the conjugates.
    pub hermitian: bool,
    /// By how much elements may differ.
    pub atol: f64,
    /// By which part of their modulus.
    pub rtol: f64,
}

impl ScalarOperation for IsNearlySymmetric {
    const NAME: &'static str = "issymmetric";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        one_flag(shapes[0])
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [answers] = work.outputs();
        let a = work.operand::<T>(0)?;
        let modulus = |x: T| {
            let [re, im] = x.parts();
            Into::<f64>::into(re).hypot(im.into())
        };
        let near = |x: T, y: T| {
            let y = if self.hermitian { y.conj() } else { y };
            x == y || modulus(x - y) <= self.atol + self.rtol * modulus(y)
        };
        compare_transposed(a, self.hermitian, near, answers.into_view()?, work.workers)
    }
}

/// One answer for each square matrix.
fn one_flag(a: &[usize]) -> Result<Results, Error> {
    let (batch, _) = split_square_shape(1, a)?;
    Ok(Results::new(0, [(Kind::Flag, batch.to_vec())]))
}

/// Whether something holds for each element and the one across the diagonal, and with `diagonal`
/// for those on it.
fn compare_transposed<T: Copy + Send + Sync>(
    a: ArrayViewD<'_, T>,
    diagonal: bool,
    holds: impl Fn(T, T) -> bool + Sync,
    answers: ArrayViewMutD<'_, Bool>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 1.0 + (n as f64).powi(2),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        MatrixBatchMut::scalars(answers),
        || Ok(()),
        |(), index, mut answer| {
            let answer_of_matrix = holds_across_diagonal(matrices.get(index), diagonal, &holds);
            answer[[0, 0]] = Bool::from(answer_of_matrix);
            Ok(())
        },
    )
}

/// Rows and columns of a block that stays in the first-level cache together with the one across
/// the diagonal.
pub(crate) const BLOCK: usize = 32;

/// Whether something holds for each element below the diagonal and the one across it, and with
/// `diagonal` for those on it.
pub(crate) fn holds_across_diagonal<T: Copy>(
    a: ArrayView2<'_, T>,
    diagonal: bool,
    holds: impl Fn(T, T) -> bool,
) -> bool {
    let n = a.nrows();
    (0..n).step_by(BLOCK).all(|top| {
        (0..=top).step_by(BLOCK).all(|left| {
            (top..n.min(top + BLOCK)).all(|row| {
                let last = row + usize::from(diagonal);
                (left..last.min(left + BLOCK))
                    .all(|column| holds(a[[row, column]], a[[column, row]]))
            })
        })
    })
}
