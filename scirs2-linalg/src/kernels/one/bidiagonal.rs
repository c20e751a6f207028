//! The bidiagonal form of one small real matrix, without the factors.
//!
//! The reflections are those of LAPACK's `gebd2`. Those of a column and of a row are
//! applied in one pass, which also computes the sums for the next column: a matrix of
//! this size stays in the first-level cache, and each element is loaded twice, while
//! `gebd2` loads it four times.

use crate::kernels::isa::multiversion;
use crate::kernels::largest;
use crate::kernels::route::has_small;
use crate::lapack::{Lapack, bidiagonal_values};

use super::elementary::{are_plain, dot, reflection};

/// Sums of squares above this have lost nothing to underflow; numbers whose sum is
/// below are negligible beside a large one.
const NORMAL: f64 = 1e-280;
const LARGE: f64 = 1e-120;

/// Whether the kernel is faster than LAPACK for matrices of that shape.
pub(crate) fn has_bidiagonal<T: Lapack>(m: usize, n: usize) -> bool {
    !T::is_complex() && m.min(n) >= 1 && m.max(n) <= largest::BIDIAGONAL && has_small()
}

/// Solves matrices of one shape, in memory that is reused.
pub(crate) struct Bidiagonal {
    /// At least the number of columns.
    rows: usize,
    columns: usize,
    matrix: Vec<f64>,
    /// The diagonal, then the values; and the elements above the diagonal.
    values: Vec<f64>,
    above: Vec<f64>,
    /// For each column the amount that a reflection subtracts, and a sum.
    taken: Vec<f64>,
    sums: Vec<f64>,
    work: Vec<f64>,
}

impl Bidiagonal {
    /// For matrices of `m` rows and `n` columns, neither zero.
    pub(crate) fn new(m: usize, n: usize) -> Self {
        let (rows, columns) = (m.max(n), m.min(n));
        Bidiagonal {
            rows,
            columns,
            matrix: vec![0.0; m * n],
            values: vec![0.0; columns],
            above: vec![0.0; columns],
            taken: vec![0.0; columns],
            sums: vec![0.0; columns],
            work: vec![0.0; 4 * columns],
        }
    }

    /// The singular values, the largest first, of a matrix in C order, or of its
    /// transpose: rows of `len` elements. `None` if the matrix must be left to LAPACK, for
    /// example because it is not finite.
    pub(crate) fn solve<R: Copy + Into<f64>>(&mut self, a: &[R], len: usize) -> Option<&[f64]> {
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
        let done =
            reduce(self) && bidiagonal_values(&mut self.values, &mut self.above, &mut self.work);
        done.then_some(&self.values)
    }
}

multiversion! {
    fn reduce(all: &mut Bidiagonal) -> bool {
        match all.columns {
            2 => reduce_of(2, all),
            3 => reduce_of(3, all),
            4 => reduce_of(4, all),
            n => reduce_of(n, all),
        }
    }
}

/// Computes the diagonal and the elements above it. Returns false if significant squares
/// underflow.
#[inline(always)]
fn reduce_of(n: usize, all: &mut Bidiagonal) -> bool {
    let a = &mut all.matrix[..all.rows * n];
    let (d, e) = (&mut all.values[..n], &mut all.above[..n]);
    let (taken, sums) = (&mut all.taken[..n], &mut all.sums[..n]);
    if !are_plain(a.iter()) {
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
            for ((taken, x), sum) in taken[k + 1..]
                .iter_mut()
                .zip(&mut row[1..])
                .zip(&sums[k + 1..])
            {
                *taken = tau * (*x + scale * sum);
                *x -= *taken;
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
        let (taken, sums) = (&taken[k + 1..], &mut sums[k + 1..]);
        sums.fill(0.0);
        let along = dot(taken, u);
        for (number, row) in below.chunks_exact_mut(n).enumerate() {
            let v = scale * row[k];
            let row = &mut row[k + 1..];
            let sum = tau * (dot(row, u) - v * along);
            let first = row[0] - v * taken[0] - sum;
            let factor = if number == 0 { 0.0 } else { first };
            let walk = row.iter_mut().zip(taken).zip(u.iter().zip(&mut *sums));
            for ((x, taken), (u, next)) in walk {
                *x = (*x - v * taken) - sum * u;
                *next += factor * *x;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa::forced::at_each;
    use crate::kernels::many::tests::noise;
    use crate::lapack::{Gesdd, Vectors, single_threaded};

    const SHAPES: [[usize; 2]; 12] = [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
        [5, 5],
        [1, 9],
        [9, 1],
        [7, 4],
        [4, 7],
        [33, 20],
        [64, 64],
        [96, 96],
    ];

    fn matrix([m, n]: [usize; 2], change: impl Fn(usize, usize, f64) -> f64) -> Vec<f64> {
        let element = |at: usize| change(at / n, at % n, noise(at));
        (0..m * n).map(element).collect()
    }

    fn found([m, n]: [usize; 2], a: &[f64]) -> Option<Vec<f64>> {
        Bidiagonal::new(m, n).solve(a, n).map(<[f64]>::to_vec)
    }

    #[test]
    fn values_are_those_of_lapack() {
        single_threaded();
        let one = |row, column| f64::from(u8::from(row == column));
        let changes: [&dyn Fn(usize, usize, f64) -> f64; 8] = [
            &|_, _, x| x,
            // Graded either way, values many times, of rank one, two-sided bidiagonal,
            // diagonal, with a column and a row of zeros.
            &|row, column, x| x * 2.0_f64.powi(-(2 * (row + column) as i32)),
            &|row, column, x| x * 2.0_f64.powi((row + column) as i32 - 100),
            &|row, column, x| one(row, column) + 1e-14 * x,
            &|_, _, _| 1.0,
            &|row, column, x| if column.abs_diff(row) > 1 { 0.0 } else { x },
            &|row, column, x| x * one(row, column),
            &|row, column, x| if row == 1 || column == 2 { 0.0 } else { x },
        ];
        for shape @ [m, n] in SHAPES {
            for (number, change) in changes.iter().enumerate() {
                let a = matrix(shape, change);
                let ours = found(shape, &a).unwrap();
                let mut lapack = Gesdd::<f64>::new(n, m, Vectors::None).unwrap();
                lapack.matrix().copy_from_slice(&a);
                let theirs = lapack.solve(&mut [], &mut []).unwrap();
                let bound = 4.0 * (m.max(n) + 4) as f64 * f64::EPSILON * theirs[0];
                assert!(ours.iter().rev().is_sorted(), "{shape:?} {number}");
                for (x, y) in ours.iter().zip(theirs) {
                    assert!((x - y).abs() <= bound, "{shape:?} {number}: {x:e} {y:e}");
                }
            }
        }
    }

    #[test]
    fn values_of_a_turned_diagonal_are_the_diagonal() {
        // Plane rotations from both sides, with different angles.
        let values = [3.0, 1e-9];
        for [angle, other] in [[0.3, 1.1], [2.0, -0.7]] {
            let ([c, s], [p, q]): ([f64; 2], [f64; 2]) = (
                [angle, angle + 1.5 * std::f64::consts::PI].map(f64::cos),
                [other, other + 1.5 * std::f64::consts::PI].map(f64::cos),
            );
            let a = [
                c * p * values[0] + s * q * values[1],
                c * q * values[0] - s * p * values[1],
                s * p * values[0] - c * q * values[1],
                s * q * values[0] + c * p * values[1],
            ];
            let ours = found([2, 2], &a).unwrap();
            for (x, y) in ours.iter().zip(values) {
                assert!(
                    (x - y).abs() <= 8.0 * f64::EPSILON * values[0],
                    "{x:e} {y:e}"
                );
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        single_threaded();
        for shape in SHAPES {
            let a = matrix(shape, |_, _, x| x);
            let bits = || -> Vec<u64> {
                let values = found(shape, &a).unwrap();
                values.iter().map(|x| x.to_bits()).collect()
            };
            let [best, less, least] = at_each(bits);
            assert_eq!(best, less);
            assert_eq!(best, least);
        }
    }

    #[test]
    fn lapack_takes_what_needs_care() {
        single_threaded();
        let plain = matrix([3, 3], |_, _, x| x);
        for spoiled in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
            for at in 0..9 {
                let mut a = plain.clone();
                a[at] = spoiled;
                assert!(found([3, 3], &a).is_none(), "{spoiled} at {at}");
            }
        }
        // Significant numbers whose squares are not normal.
        let a = matrix(
            [3, 3],
            |row, column, x| if row > column { 1e-150 } else { 1e-130 * x },
        );
        assert!(found([3, 3], &a).is_none());
        assert!(found([3, 3], &matrix([3, 3], |_, _, x| 1e-200 * x)).is_none());
        assert!(found([3, 3], &[0.0; 9]).is_none());
    }
}
