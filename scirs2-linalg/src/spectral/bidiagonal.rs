//! Singular values of one small real matrix, by its bidiagonal form.

use crate::kernels::small::bidiagonal::Bidiagonal;
use crate::lapack::bidiagonal_values;

/// Solves matrices of one shape, in memory that is reused.
pub(crate) struct SmallSingularValues {
    form: Bidiagonal,
    work: Vec<f64>,
}

impl SmallSingularValues {
    /// For matrices of `m` rows and `n` columns, neither zero.
    pub(crate) fn new(m: usize, n: usize) -> Self {
        SmallSingularValues {
            form: Bidiagonal::new(m, n),
            work: vec![0.0; 4 * m.min(n)],
        }
    }

    /// The singular values, the largest first, of a matrix in C order, or of its transpose:
    /// rows of `len` elements. `None` if LAPACK must handle the matrix, for example because it
    /// is not finite.
    pub(crate) fn solve<R: Copy + Into<f64>>(&mut self, a: &[R], len: usize) -> Option<&[f64]> {
        let (diagonal, above) = self.form.reduce(a, len)?;
        bidiagonal_values(diagonal, above, &mut self.work).then_some(diagonal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::lapack::{Gesdd, Vectors, init_single_threaded};
    use crate::simd::isa::forced::at_each;

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
        SmallSingularValues::new(m, n)
            .solve(a, n)
            .map(<[f64]>::to_vec)
    }

    #[test]
    fn values_are_those_of_lapack() {
        init_single_threaded();
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
            for (index, change) in changes.iter().enumerate() {
                let a = matrix(shape, change);
                let ours = found(shape, &a).unwrap();
                let mut lapack = Gesdd::<f64>::new(n, m, Vectors::None).unwrap();
                lapack.matrix().copy_from_slice(&a);
                let theirs = lapack.solve(&mut [], &mut []).unwrap();
                let bound = 4.0 * (m.max(n) + 4) as f64 * f64::EPSILON * theirs[0];
                assert!(ours.iter().rev().is_sorted(), "{shape:?} {index}");
                for (x, y) in ours.iter().zip(theirs) {
                    assert!((x - y).abs() <= bound, "{shape:?} {index}: {x:e} {y:e}");
                }
            }
        }
    }

    #[test]
    fn values_of_a_rotated_diagonal_are_the_diagonal() {
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
        init_single_threaded();
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
    fn difficult_matrices_are_not_handled() {
        init_single_threaded();
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
