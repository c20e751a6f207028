//! The bidiagonal form of one small real matrix, without the factors.
//!
//! The reflections are those of LAPACK's `gebd2`. The reflections of a column and of a row are
//! applied in one pass, which also computes the sums for the next column: a matrix of this
//! size stays in the first-level cache, and each element is loaded twice, while `gebd2` loads
//! it four times.

use crate::simd::isa::multiversion;

use super::elementary::{are_in_safe_range, dot, reflection};

/// Sums of squares above this have lost nothing to underflow; numbers whose sum is below are
/// negligible compared with a large one.
const NORMAL: f64 = 1e-280;
const LARGE: f64 = 1e-120;

/// Reduces matrices of one shape, in memory that is reused.
pub(crate) struct Bidiagonal {
    /// At least the number of columns.
    rows: usize,
    columns: usize,
    matrix: Vec<f64>,
    /// The diagonal, and the elements above it.
    diagonal: Vec<f64>,
    superdiagonal: Vec<f64>,
    /// For each column the amount that a reflection subtracts from the row, and a sum.
    row_update: Vec<f64>,
    sums: Vec<f64>,
}

impl Bidiagonal {
    /// For matrices of `m` rows and `n` columns, neither zero.
    pub(crate) fn new(m: usize, n: usize) -> Self {
        let (rows, columns) = (m.max(n), m.min(n));
        Bidiagonal {
            rows,
            columns,
            matrix: vec![0.0; m * n],
            diagonal: vec![0.0; columns],
            superdiagonal: vec![0.0; columns],
            row_update: vec![0.0; columns],
            sums: vec![0.0; columns],
        }
    }

    /// The diagonal of the bidiagonal form, and the elements above it, of a matrix in C order,
    /// or of its transpose: rows of `len` elements. `None` if LAPACK must handle the matrix,
    /// for example because it is not finite.
    pub(crate) fn reduce<R: Copy + Into<f64>>(
        &mut self,
        a: &[R],
        len: usize,
    ) -> Option<(&mut [f64], &mut [f64])> {
        if len == self.columns {
            for (to, &from) in self.matrix.iter_mut().zip(a) {
                *to = from.into();
            }
        } else {
            for (row, to) in self.matrix.chunks_exact_mut(self.columns).enumerate() {
                for (to, from) in to.iter_mut().zip(a.chunks_exact(len)) {
                    *to = from[row].into();
                }
            }
        }
        reduce(self).then_some((&mut self.diagonal, &mut self.superdiagonal))
    }
}

multiversion! {
    fn reduce(solver: &mut Bidiagonal) -> bool {
        match solver.columns {
            2 => reduce_kernel(2, solver),
            3 => reduce_kernel(3, solver),
            4 => reduce_kernel(4, solver),
            n => reduce_kernel(n, solver),
        }
    }
}

/// Computes the diagonal and the elements above it. Returns false if significant squares
/// underflow.
#[inline(always)]
fn reduce_kernel(n: usize, solver: &mut Bidiagonal) -> bool {
    let a = &mut solver.matrix[..solver.rows * n];
    let (d, e) = (&mut solver.diagonal[..n], &mut solver.superdiagonal[..n]);
    let (row_update, sums) = (&mut solver.row_update[..n], &mut solver.sums[..n]);
    if !are_in_safe_range(a.iter()) {
        return false;
    }
    let has_large = a.iter().any(|x| x.abs() >= LARGE);
    // The sum of the rows below the current one, each times its element in the first column.
    sums.fill(0.0);
    for row in a.chunks_exact(n).skip(1) {
        let first = row[0];
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += first * x;
        }
    }
    for k in 0..n {
        let (done, below) = a.split_at_mut((k + 1) * n);
        let row = &mut done[k * n + k..];
        let (alpha, squares) = (row[0], sums[k]);
        // `v`, whose first element is one, is the column times `scale`.
        let mut scale = 0.0;
        d[k] = alpha;
        if squares >= NORMAL {
            let length = (alpha * alpha + squares).sqrt();
            let beta = -length.copysign(alpha);
            let tau = (beta - alpha) / beta;
            scale = 1.0 / (alpha - beta);
            d[k] = beta;
            for ((row_update, x), sum) in row_update[k + 1..]
                .iter_mut()
                .zip(&mut row[1..])
                .zip(&sums[k + 1..])
            {
                *row_update = tau * (*x + scale * sum);
                *x -= *row_update;
            }
        } else if !has_large && below.chunks_exact(n).any(|row| row[k] != 0.0) {
            return false;
        }
        let u = &mut row[1..];
        if u.is_empty() {
            e[k] = 0.0;
            continue;
        }
        let tau;
        (e[k], tau) = reflection(u);
        let (row_update, sums) = (&row_update[k + 1..], &mut sums[k + 1..]);
        sums.fill(0.0);
        let product = dot(row_update, u);
        for (index, row) in below.chunks_exact_mut(n).enumerate() {
            let v = scale * row[k];
            let row = &mut row[k + 1..];
            let sum = tau * (dot(row, u) - v * product);
            let first = row[0] - v * row_update[0] - sum;
            let factor = if index == 0 { 0.0 } else { first };
            let terms = row.iter_mut().zip(row_update).zip(u.iter().zip(&mut *sums));
            for ((x, row_update), (u, next)) in terms {
                *x = (*x - v * row_update) - sum * u;
                *next += factor * *x;
            }
        }
    }
    true
}
