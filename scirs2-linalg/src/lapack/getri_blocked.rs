//! The inverse from LU factors, in wide blocks.
//!
//! Like LAPACK's `getri`, which solves `X L = U^-1` for a block of columns of `X`
//! at a time, 64 whatever the order. The preceding `trtri` processes `U` in blocks
//! too narrow for large products; recursive halving is faster.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::lapack::pivots::exchange;
use crate::lapack::{self, Lapack, Shape, Triangle, alone, blas};

/// The largest triangle that LAPACK inverts.
const LEAF: usize = 64;
/// The largest triangle with which more threads only wait for each other.
const ALONE: usize = 256;
/// The fraction of all columns that makes a block, and the bounds of its width.
const PART: usize = 12;
const NARROWEST: usize = 48;
const WIDEST: usize = 128;

const LENGTH: &str = "as many as the shape has";

fn width(n: usize) -> usize {
    let width = (n / PART).next_multiple_of(16);
    width.clamp(NARROWEST, WIDEST).min(n.max(1))
}

/// The length of the workspace for [`invert`].
pub(crate) fn workspace(n: usize) -> usize {
    n * width(n)
}

/// The inverse in place of the factors of an `n` x `n` matrix, column after column;
/// no pivot is zero.
pub(crate) fn invert<T: Lapack>(n: usize, a: &mut [T], pivots: &[i32], work: &mut [T]) {
    upper(n, a, (0, n));
    let width = width(n);
    for start in (0..n).step_by(width).rev() {
        let end = n.min(start + width);
        columns(n, a, (start, end), work);
    }
    (0..n)
        .rev()
        .for_each(|column| exchange(pivots, column, n, a));
}

/// The inverse of the part of `U` in these rows and columns.
fn upper<T: Lapack>(n: usize, a: &mut [T], (start, end): (usize, usize)) {
    if end - start <= LEAF {
        lapack::trtri(n, a, (start, end));
        return;
    }
    let middle = usize::midpoint(start, end).next_multiple_of(16);
    upper(n, a, (start, middle));
    // U12 becomes -U11^-1 U12 U22^-1.
    let mut join = || lapack::trmm_trsm(n, a, [start, middle, end]);
    if end - start <= ALONE {
        alone(join);
    } else {
        join();
    }
    upper(n, a, (middle, end));
}

/// Computes a block of columns of the inverse; those right of it are done.
fn columns<T: Lapack>(n: usize, a: &mut [T], (start, end): (usize, usize), work: &mut [T]) {
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
        let below = ArrayView2::from_shape((count, rest), below).expect(LENGTH);
        let right = ArrayView2::from_shape((rest, n), right).expect(LENGTH);
        let block = ArrayViewMut2::from_shape((count, n), &mut *block).expect(LENGTH);
        blas::gemm(below, right, true, block);
    }
    let shape = Shape {
        triangle: Triangle::Lower,
        transpose: false,
        unit: true,
    };
    lapack::trsm(shape, count, triangle, block);
}
