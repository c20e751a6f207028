//! Eigenvalues and eigenvectors of one small symmetric matrix, by QL steps on its
//! tridiagonal form.
//!
//! The algorithms are those of LAPACK's `sytd2`, `steqr`, and `sterf` (K. Pal, W. Walker and
//! W. Kahan's variant without square roots), whose results are used only where no square
//! underflows. Matrices near overflow or underflow are not handled.
//!
//! | file | one concept |
//! |---|---|
//! | `tridiagonal` | the tridiagonal form, and its orthogonal factor |
//! | `ql` | the eigenvalues of the tridiagonal form |
//!
//! Matrices are stored as rows of `n` elements; the factor is stored transposed, so that
//! operations on its columns work on rows.

mod ql;
mod tridiagonal;

use super::elementary::are_in_safe_range;
use crate::kernels::signs::normalize_sign_real;
use crate::simd::isa::multiversion;

use ql::{values, values_and_vectors};
use tridiagonal::{factor, tridiagonal};

/// Solves matrices of one order, in memory that is reused.
pub(crate) struct Symmetric {
    n: usize,
    /// Which triangle is read.
    upper: bool,
    /// The matrix, of which the upper triangle is used; then the reflections.
    matrix: Vec<f64>,
    /// The transpose of the orthogonal factor, then the vectors as rows; empty if
    /// none are requested.
    vectors: Vec<f64>,
    /// The diagonal, then the values; and the off-diagonal.
    values: Vec<f64>,
    off_diagonal: Vec<f64>,
    /// The factor of each reflection, and the sums for one.
    tau: Vec<f64>,
    sums: Vec<f64>,
}

impl Symmetric {
    /// For matrices of order `n`, of which one triangle is read.
    pub(crate) fn new(n: usize, upper: bool, vectors: bool) -> Self {
        Symmetric {
            n,
            upper,
            matrix: vec![0.0; n * n],
            vectors: vec![0.0; if vectors { n * n } else { 0 }],
            values: vec![0.0; n],
            off_diagonal: vec![0.0; n],
            tau: vec![0.0; n],
            sums: vec![0.0; n],
        }
    }

    /// Computes what [`values`](Self::values) and [`vector`](Self::vector) return. Returns
    /// false if LAPACK must handle the matrix, for example because it is not finite.
    pub(crate) fn solve<R: Copy + Into<f64>>(&mut self, a: &[R]) -> bool {
        let n = self.n;
        for (row, to) in self.matrix.chunks_exact_mut(n).enumerate() {
            for (column, to) in to.iter_mut().enumerate().skip(row) {
                *to = a[if self.upper {
                    row * n + column
                } else {
                    column * n + row
                }]
                .into();
            }
        }
        solve(self)
    }

    /// The eigenvalues, the smallest first.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// An element of the eigenvector of that value.
    pub(crate) fn vector(&self, row: usize, index: usize) -> f64 {
        self.vectors[index * self.n + row]
    }
}

multiversion! {
    fn solve(solver: &mut Symmetric) -> bool {
        match solver.n {
            2 => solve_kernel(2, solver),
            3 => solve_kernel(3, solver),
            4 => solve_kernel(4, solver),
            n => solve_kernel(n, solver),
        }
    }
}

#[inline(always)]
fn solve_kernel(n: usize, solver: &mut Symmetric) -> bool {
    let (a, tau, sums) = (
        &mut solver.matrix[..n * n],
        &mut solver.tau[..n],
        &mut solver.sums[..n],
    );
    let (d, e) = (&mut solver.values[..n], &mut solver.off_diagonal[..n]);
    let counted = a.chunks_exact(n).enumerate();
    if !are_in_safe_range(counted.flat_map(|(row, elements)| &elements[row..])) {
        return false;
    }
    tridiagonal(n, a, d, e, tau, sums);
    if solver.vectors.is_empty() {
        return values(d, e, [tau, sums]);
    }
    let vectors = &mut solver.vectors[..n * n];
    factor(n, a, tau, vectors);
    let done = values_and_vectors(n, d, e, vectors);
    vectors.chunks_exact_mut(n).for_each(normalize_sign_real);
    done
}

multiversion! {
    /// The eigenvalues of the symmetric tridiagonal matrix with that diagonal, in its place,
    /// the smallest first, and with that off-diagonal, followed by one more element that is
    /// ignored. `copy` is memory as long as both. Returns false if they do not converge.
    pub(crate) fn tridiagonal_values(
        diagonal: &mut [f64], off_diagonal: &mut [f64], copy: [&mut [f64]; 2]
    ) -> bool {
        values(diagonal, off_diagonal, copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::isa::forced::at_each;

    /// A symmetric matrix of numbers between -1 and 1 without a pattern, each changed.
    fn matrix(n: usize, seed: u64, change: &dyn Fn(usize, usize, f64) -> f64) -> Vec<f64> {
        let element = |row: usize, column: usize| {
            let (row, column) = (row.min(column), row.max(column));
            let mut x = (row * n + column) as u64 + 1 + (seed << 32);
            for _ in 0..3 {
                x = (x ^ (x >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
            change(row, column, (x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
        };
        (0..n * n).map(|at| element(at / n, at % n)).collect()
    }

    fn solved(n: usize, a: &[f64], vectors: bool) -> Option<Symmetric> {
        let mut solver = Symmetric::new(n, false, vectors);
        solver.solve(a).then_some(solver)
    }

    /// The largest elements of `A V - V W` over that of `A`, and of `V V^T - 1`.
    fn errors(n: usize, a: &[f64], solver: &Symmetric) -> (f64, f64) {
        let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let most = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let vectors = solver.vectors.chunks_exact(n);
        let (mut residual, mut orthogonality_error) = (0.0_f64, 0.0_f64);
        for (index, (vector, value)) in vectors.clone().zip(solver.values()).enumerate() {
            for (row, x) in a.chunks_exact(n).zip(vector) {
                residual = residual.max((product(row, vector) - value * x).abs() / most);
            }
            for (other, second) in vectors.clone().enumerate() {
                let one = if other == index { 1.0 } else { 0.0 };
                orthogonality_error =
                    orthogonality_error.max((product(vector, second) - one).abs());
            }
        }
        (residual, orthogonality_error)
    }

    #[test]
    fn values_and_vectors_are_those_of_the_matrix() {
        let one = |row, column| f64::from(u8::from(row == column));
        let changes: [&dyn Fn(usize, usize, f64) -> f64; 7] = [
            &|_, _, x| x,
            // Graded either way, values many times, of rank one, tridiagonal, diagonal.
            &|row, column, x| x * 2.0_f64.powi(-(3 * (row + column) as i32)),
            &|row, column, x| x * 2.0_f64.powi((3 * (row + column) as i32) - 200),
            &|row, column, x| one(row, column) + 1e-14 * x,
            &|_, _, _| 1.0,
            &|row, column, x| if column > row + 1 { 0.0 } else { x },
            &|row, column, x| x * one(row, column),
        ];
        for n in [1, 2, 3, 4, 5, 8, 17, 32, 64, 96] {
            for (seed, change) in changes.iter().enumerate() {
                let a = matrix(n, seed as u64, change);
                let solver = solved(n, &a, true).unwrap();
                let (residual, orthogonality_error) = errors(n, &a, &solver);
                let bound = 4.0 * (n + 4) as f64 * f64::EPSILON;
                assert!(
                    residual <= bound && orthogonality_error <= bound,
                    "{n} {seed}: {residual:e} {orthogonality_error:e}"
                );
                assert!(solver.values().is_sorted());
                let most = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                let alone = solved(n, &a, false).unwrap();
                for (x, y) in alone.values().iter().zip(solver.values()) {
                    assert!((x - y).abs() <= bound * most, "{n} {seed}: {x:e} {y:e}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for n in [2, 3, 4, 7, 40] {
            let a = matrix(n, 3, &|_, _, x| x);
            let [best, less, least] = at_each(|| {
                let solver = solved(n, &a, true).unwrap();
                let alone = solved(n, &a, false).unwrap();
                let numbers = [solver.values, solver.vectors, alone.values].concat();
                numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            });
            assert_eq!(best, less);
            assert_eq!(best, least);
        }
    }

    #[test]
    fn difficult_matrices_are_not_handled() {
        let plain = matrix(3, 1, &|_, _, x| x);
        for spoiled in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
            // The lower triangle, which alone is read.
            for at in [0, 3, 4, 6, 7, 8] {
                let mut a = plain.clone();
                a[at] = spoiled;
                assert!(solved(3, &a, true).is_none(), "{spoiled} at {at}");
            }
            let mut a = plain.clone();
            a[1] = spoiled;
            assert!(solved(3, &a, true).is_some());
        }
        assert!(solved(3, &matrix(3, 1, &|_, _, x| 1e-200 * x), true).is_none());
        assert!(solved(3, &[0.0; 9], false).is_none());
    }
}
