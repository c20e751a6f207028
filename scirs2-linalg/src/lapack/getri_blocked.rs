//! The inverse from LU factors, in wide blocks.
//!
//! Like LAPACK's `getri`, which solves `X L = U^-1` for a block of columns of `X`
//! at a time, 64 whatever the order. The preceding `trtri` processes `U` in blocks
//! too narrow for large products; recursive halving is faster.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::base::structure::Triangle;
use crate::lapack::pivots::swap_rows;
use crate::lapack::{self, Lapack, TriangularSpec, blas, with_one_blas_thread};

/// The largest triangle that LAPACK inverts.
const MAX_LEAF: usize = 64;
/// The largest triangle for which several threads only wait for each other.
const MAX_ONE_THREAD: usize = 256;
/// The fraction of all columns that makes a block, and the bounds of its width.
const WIDTH_FRACTION: usize = 12;
const MIN_WIDTH: usize = 48;
const MAX_WIDTH: usize = 128;

const SHAPE_FITS: &str = "as many as the shape has";

fn width(n: usize) -> usize {
    let width = (n / WIDTH_FRACTION).next_multiple_of(16);
    width.clamp(MIN_WIDTH, MAX_WIDTH).min(n.max(1))
}

/// The length of the workspace for [`invert`].
pub(crate) fn workspace(n: usize) -> usize {
    n * width(n)
}

/// The inverse in place of the factors of an `n` x `n` matrix, column after column;
/// no pivot is zero.
pub(crate) fn invert<T: Lapack>(n: usize, a: &mut [T], pivots: &[i32], work: &mut [T]) {
    invert_upper(n, a, (0, n));
    let width = width(n);
    for start in (0..n).step_by(width).rev() {
        let end = n.min(start + width);
        inverse_columns(n, a, (start, end), work);
    }
    (0..n)
        .rev()
        .for_each(|column| swap_rows(pivots, column, n, a));
}

/// The inverse of the part of `U` in these rows and columns.
fn invert_upper<T: Lapack>(n: usize, a: &mut [T], (start, end): (usize, usize)) {
    if end - start <= MAX_LEAF {
        lapack::trtri(n, a, (start, end));
        return;
    }
    let middle = usize::midpoint(start, end).next_multiple_of(16);
    invert_upper(n, a, (start, middle));
    // U12 becomes -U11^-1 U12 U22^-1.
    let mut update = || lapack::trmm_trsm(n, a, [start, middle, end]);
    if end - start <= MAX_ONE_THREAD {
        with_one_blas_thread(update);
    } else {
        update();
    }
    invert_upper(n, a, (middle, end));
}

/// Computes a block of columns of the inverse; those right of it are done.
fn inverse_columns<T: Lapack>(n: usize, a: &mut [T], (start, end): (usize, usize), work: &mut [T]) {
    let (count, rest) = (end - start, n - end);
    let (left, right) = a.split_at_mut(end * n);
    let block = &mut left[start * n..];
    let (triangle, below) = work.split_at_mut(count * count);
    let below = &mut below[..count * rest];
    for (i, column) in block.chunks_exact_mut(n).enumerate() {
        let (above, l) = column.split_at_mut(end);
        let diagonal = &mut above[start + i + 1..];
        triangle[i * count + i + 1..][..diagonal.len()].copy_from_slice(diagonal);
        diagonal.fill(T::zero());
        for (to, x) in below[i * rest..][..rest].iter_mut().zip(l) {
            *to = -std::mem::replace(x, T::zero());
        }
    }
    if rest > 0 {
        let below = ArrayView2::from_shape((count, rest), below).expect(SHAPE_FITS);
        let right = ArrayView2::from_shape((rest, n), right).expect(SHAPE_FITS);
        let block = ArrayViewMut2::from_shape((count, n), &mut *block).expect(SHAPE_FITS);
        blas::gemm(below, right, true, block);
    }
    let shape = TriangularSpec {
        triangle: Triangle::Lower,
        transpose: false,
        unit: true,
    };
    lapack::trsm(shape, count, triangle, block);
}
