//! The triangular factor alone.

use std::sync::{Mutex, PoisonError};

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension, s,
};
use num_traits::{Float as _, One as _, Zero as _};
use scirs2_core::pool::Workers;

use super::qr::QrDriver;
use crate::Error;
use crate::base::layout::{from_c, is_finite, to_c};
use crate::base::memory::{zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, lock};
use crate::driver::chunks::new_filled;
use crate::driver::plan::{MIN_FLOPS_FOR_BLAS_THREADS, Plan, Problem, Sizes};
use crate::driver::shape::{self, split_matrix_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::small::accumulated_qr::AccumulatedQr;
use crate::simd::isa::multiversion;

/// The triangular factor alone.
///
/// `R` of [`qr`](crate::qr()), of shape `(..., min(m, n), n)`, without the work for `Q`.
///
/// # Errors
/// [`Error::TooFewAxes`].
///
/// # Accuracy
/// As [`qr`](crate::qr()), on a copy of the matrix. Of a real matrix with many more rows than
/// columns, blocks of rows are reduced one after the other (Demmel, Grigori, Hoemmen and Langou,
/// 2012); the signs are those that Householder's reflections of whole columns give (Ballard and
/// others, 2014), but where a diagonal element is not above the rounding errors.
///
/// ```
/// use ndarray::array;
///
/// let r = scirs2_linalg::qr_r(&array![[3.0_f64, 1.0], [4.0, 2.0]])?;
/// assert!((r[[0, 0]].abs() - 5.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn qr_r<S, D>(a: &ArrayBase<S, D>) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut r = zeros_array(&qr_r_shape(a.shape())?)?;
    qr_r_into(a, r.view_mut(), &Workers::current())?;
    Ok(r)
}

/// The shape of what [`qr_r_into`] writes.
///
/// # Errors
/// The errors of [`qr_r`] that depend on the shape.
pub fn qr_r_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    Ok([batch, &[m.min(n), n]].concat())
}

/// [`qr_r`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`qr_r`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn qr_r_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    mut r: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&qr_r_shape(a.shape())?, &r)?;
    let (shape, m, n) = split_matrix_shape(1, a.shape())?;
    let batch = Batch {
        shape,
        flops: flops(m, n),
        workers,
    };
    let matrices = MatrixBatch::new(&a, shape);
    let sizes = Sizes::new(m, n, batch.count());
    let mut left = None;
    if Plan::of::<T>(Problem::QrR, sizes).blocked {
        let found = reduce_rows(a.view(), r.view_mut(), workers)?;
        batch.for_each(
            MatrixBatchMut::new(r.view_mut()),
            || Ok([zeros(n * n)?, zeros(n * n)?]),
            |[top, triangle], index, r| {
                let top = to_c(matrices.get(index).slice_move(s![..n, ..]), top);
                let triangle = to_c(r.view(), triangle);
                give_signs(n, top, triangle);
                from_c(triangle, r);
                Ok(())
            },
        )?;
        if found.is_empty() {
            return Ok(());
        }
        left = Some(found);
    }
    let plan = Plan::of::<T>(Problem::Qr, sizes);
    batch.for_each(
        MatrixBatchMut::new(r),
        || Ok((QrDriver::new(m, n, 0, plan)?, zeros(m * n)?)),
        |(driver, matrix), index, r| {
            if is_left(left.as_deref(), index) {
                driver.factor(n, to_c(matrices.get(index), matrix));
                copy_triangle(matrix, r);
            }
            Ok(())
        },
    )
}

/// Whether a matrix is still to be computed: one of those that [`reduce_rows`] left, or any if it
/// was not called.
pub(crate) fn is_left(left: Option<&[usize]>, index: usize) -> bool {
    left.is_none_or(|left| left.binary_search(&index).is_ok())
}

fn flops(m: usize, n: usize) -> f64 {
    2.0 * m as f64 * n as f64 * m.min(n) as f64
}

/// The rows of a piece for each column, so many that reducing the triangles of all pieces costs
/// little.
const PIECE: usize = 16;
const MIN_PIECE: usize = 1024;

/// Triangles `R` of matrices with no fewer rows than columns, of any signs. Returns the indices, in
/// order, of matrices with numbers so large or small, or not finite, that LAPACK must handle them;
/// their triangles are zero.
///
/// Pieces of the rows are reduced in parallel, and their triangles below each other. How many
/// there are depends on the shape only, and so do the bits.
pub(crate) fn reduce_rows<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    r: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<Vec<usize>, Error> {
    let (shape, m, n) = split_matrix_shape(1, a.shape())?;
    let matrices = MatrixBatch::new(&a, shape);
    let pieces = (m / MIN_PIECE.max(PIECE * n)).max(1);
    if pieces == 1 {
        let matrix = |index| Some(matrices.get(index));
        return reduce_each(shape, [m, n], matrix, r, workers);
    }
    let all = [shape, &[pieces]].concat();
    let mut triangles = new_filled(&[&all[..], &[n, n]].concat(), T::zero(), workers)?;
    let piece = |index: usize| {
        let (index, piece) = (index / pieces, index % pieces);
        let [first, last] = [piece, piece + 1].map(|piece| piece * m / pieces);
        Some(matrices.get(index).slice_move(s![first..last, ..]))
    };
    let rows = m.div_ceil(pieces);
    let mut left = reduce_each(&all, [rows, n], piece, triangles.view_mut(), workers)?;
    left.iter_mut().for_each(|index| *index /= pieces);
    let stacked = triangles.into_shape_with_order([shape, &[pieces * n, n]].concat());
    let stacked = stacked.expect("pieces below each other").into_dyn();
    let stacked = stacked.view();
    let stacks = MatrixBatch::new(&stacked, shape);
    let stack = |index| {
        left.binary_search(&index)
            .is_err()
            .then(|| stacks.get(index))
    };
    reduce_each(shape, [pieces * n, n], stack, r, workers)
}

/// The triangle of each matrix. Returns the indices of the matrices that were not reduced, among
/// them those that `matrix` does not give.
fn reduce_each<'a, T: LinalgScalar>(
    shape: &[usize],
    [m, n]: [usize; 2],
    matrix: impl Fn(usize) -> Option<ArrayView2<'a, T>> + Sync,
    r: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<Vec<usize>, Error> {
    let batch = Batch {
        shape,
        // No library with threads of its own is called.
        flops: flops(m, n).min(MIN_FLOPS_FOR_BLAS_THREADS / 2.0),
        workers,
    };
    let left = Mutex::new(Vec::new());
    batch.for_each(
        MatrixBatchMut::new(r),
        || RowReduction::new(m, n),
        |reduction, index, mut r| {
            if !matrix(index).is_some_and(|a| reduction.run(a, r.view_mut())) {
                r.fill(T::zero());
                lock(&left).push(index);
            }
            Ok(())
        },
    )?;
    let mut left = left.into_inner().unwrap_or_else(PoisonError::into_inner);
    left.sort_unstable();
    Ok(left)
}

/// Reduces matrices of `n` columns and at most `m` rows to triangles.
enum RowReduction<T: LinalgScalar> {
    Kernel(AccumulatedQr<T::Real>),
    /// For complex matrices, with memory for one.
    Lapack(QrDriver<T>, Vec<T>),
}

impl<T: LinalgScalar> RowReduction<T> {
    fn new(m: usize, n: usize) -> Result<Self, Error> {
        if !T::TYPE.is_complex() {
            return Ok(RowReduction::Kernel(AccumulatedQr::new(m, n)?));
        }
        let plan = Plan::of::<T>(Problem::Qr, Sizes::new(m, n, 1));
        Ok(RowReduction::Lapack(
            QrDriver::new(m, n, 0, plan)?,
            zeros(m * n)?,
        ))
    }

    /// Returns false if the result is not finite, or the kernel leaves the matrix to LAPACK.
    fn run(&mut self, a: ArrayView2<'_, T>, mut r: ArrayViewMut2<'_, T>) -> bool {
        match self {
            RowReduction::Kernel(reduced) => {
                reduced.clear();
                if !reduced.absorb(a) {
                    return false;
                }
                for (mut to, from) in r.rows_mut().into_iter().zip(reduced.rows()) {
                    let real = |&x| T::from_parts([x, T::Real::zero()]);
                    to.iter_mut().zip(from).for_each(|(to, x)| *to = real(x));
                }
                true
            }
            RowReduction::Lapack(driver, matrix) => {
                let (elements, rest) = matrix.split_at_mut(a.len());
                to_c(a, elements);
                rest.fill(T::zero());
                driver.factor(r.ncols(), matrix);
                let n = r.ncols();
                copy_triangle(matrix, r);
                is_finite(&matrix[..n * n])
            }
        }
    }
}

/// Copies the triangle of factors in C order.
fn copy_triangle<T: LinalgScalar>(factors: &[T], mut r: ArrayViewMut2<'_, T>) {
    let n = r.ncols();
    for (row, mut elements) in r.rows_mut().into_iter().enumerate() {
        for (column, element) in elements.iter_mut().enumerate() {
            *element = if column < row {
                T::zero()
            } else {
                factors[row * n + column]
            };
        }
    }
}

multiversion! {
    /// Gives the rows of `R` the signs that reflections of whole columns give.
    ///
    /// `a` has the first rows of the matrix, so that `a R^-1` is the top of a `Q`. Elimination of
    /// that top, with the sign of each pivot taken from it, finds the reflectors of `Q`, and with
    /// them the signs.
    fn give_signs<T: LinalgScalar>(n: usize, a: &mut [T], r: &mut [T]) {
        for row in a.chunks_exact_mut(n) {
            for k in 0..n {
                let others = &r[k * n..][..n];
                if others[k].is_zero() {
                    row[k] = T::zero();
                    continue;
                }
                row[k] /= others[k];
                let factor = row[k];
                for column in k + 1..n {
                    row[column] -= factor * others[column];
                }
            }
        }
        for k in 0..n {
            let (top, below) = a.split_at_mut((k + 1) * n);
            let pivots = &mut top[k * n..];
            let [alpha, imaginary] = pivots[k].parts();
            // A column of length one has nothing below, and nothing was reflected.
            let is_reflected = alpha.abs() != T::Real::one() || !imaginary.is_zero();
            let is_negative = alpha < T::Real::zero();
            if is_negative != is_reflected {
                r[k * n + k..(k + 1) * n].iter_mut().for_each(|x| *x = -*x);
            }
            if !is_reflected {
                continue;
            }
            let pivot = if is_negative { pivots[k] - T::one() } else { pivots[k] + T::one() };
            for row in below.chunks_exact_mut(n) {
                let factor = row[k] / pivot;
                for column in k + 1..n {
                    row[column] -= factor * pivots[column];
                }
            }
        }
    }
}
