//! Eigenvalues and eigenvectors of one small general matrix, by QR steps with double
//! shifts on its Hessenberg form.
//!
//! The algorithm is that of LAPACK's `geev` for small matrices, shifts and deflation
//! included, so that the values come in its order: `gebal`, `gehd2`, `lahqr` with the
//! criterion of M. Ahues and F. Tisseur (LAPACK working note 122, 1997), `trevc`. Cases
//! that need costly care are left to LAPACK: matrices near the ends of the range, those
//! whose balancing exchanges rows, and vectors with excessive growth.
//!
//! | file | one concept |
//! |---|---|
//! | `hessenberg` | balancing, and the Hessenberg form |
//! | `schur` | its Schur form |
//! | `vectors` | the vectors of the Schur form |
//!
//! Matrices are stored as rows of `n` elements; the unitary factor and the vectors are
//! stored transposed, so that operations on their columns work on rows.

mod hessenberg;
mod schur;
mod vectors;

use scirs2_core::Complex64;

use hessenberg::{balance, has_isolated, hessenberg};
use schur::quasi_triangular;
use vectors::{back_substitute, normalized, unscaled};

use super::elementary::are_in_safe_range;
use crate::simd::isa::multiversion;

const EPSILON: f64 = f64::EPSILON;
const SAFE: f64 = f64::MIN_POSITIVE;

/// Solves matrices of one order, in memory that is reused.
pub(crate) struct Eigen {
    n: usize,
    /// The matrix, then its Schur form.
    matrix: Vec<f64>,
    /// The factors by which columns were multiplied and rows divided in balancing.
    scales: Vec<f64>,
    /// The transpose of the unitary factor; empty if no vectors are requested.
    factor: Vec<f64>,
    values: Vec<[f64; 2]>,
    /// The vectors as rows; a conjugate pair has real part and imaginary part.
    vectors: Vec<f64>,
    /// A reflection, the sums of one, and a complex vector.
    reflection: Vec<f64>,
    sums: Vec<f64>,
    pair: Vec<Complex64>,
}

impl Eigen {
    /// For matrices of order `n`.
    pub(crate) fn new(n: usize, vectors: bool) -> Self {
        let (count, pair) = if vectors { (n * n, n) } else { (0, 0) };
        Eigen {
            n,
            matrix: vec![0.0; n * n],
            scales: vec![1.0; n],
            factor: vec![0.0; count],
            values: vec![[0.0; 2]; n],
            vectors: vec![0.0; count],
            reflection: vec![0.0; n],
            sums: vec![0.0; n],
            pair: vec![Complex64::ZERO; pair],
        }
    }

    /// Computes what [`values`](Self::values) and [`vector`](Self::vector) return. Returns
    /// false if LAPACK must handle the matrix, for example because it is not finite.
    pub(crate) fn solve<R: Copy + Into<f64>>(&mut self, a: &[R]) -> bool {
        for (to, &x) in self.matrix.iter_mut().zip(a) {
            *to = x.into();
        }
        solve(self)
    }

    /// Computes the Schur form of the matrix itself, without balancing, and its orthogonal
    /// factor: backward stable for the norm of the matrix. Returns false as
    /// [`solve`](Self::solve) does. Needs the memory for vectors.
    pub(crate) fn schur<R: Copy + Into<f64>>(&mut self, a: &[R]) -> bool {
        for (to, &x) in self.matrix.iter_mut().zip(a) {
            *to = x.into();
        }
        schur_form(self)
    }

    /// The rows of the Schur form, and those of the transpose of its factor.
    pub(crate) fn form_and_factor(&self) -> (&[f64], &[f64]) {
        (&self.matrix, &self.factor)
    }

    /// Real and imaginary part of each eigenvalue.
    pub(crate) fn values(&self) -> &[[f64; 2]] {
        &self.values
    }

    /// The same for an element of the eigenvector of that value.
    pub(crate) fn vector(&self, row: usize, number: usize) -> [f64; 2] {
        let at = |number: usize| self.vectors[number * self.n + row];
        let [_, imaginary] = self.values[number];
        if imaginary > 0.0 {
            [at(number), at(number + 1)]
        } else if imaginary < 0.0 {
            [at(number - 1), -at(number)]
        } else {
            [at(number), 0.0]
        }
    }
}

multiversion! {
    fn solve(eigen: &mut Eigen) -> bool {
        match eigen.n {
            2 => solve_kernel(2, eigen),
            3 => solve_kernel(3, eigen),
            4 => solve_kernel(4, eigen),
            n => solve_kernel(n, eigen),
        }
    }
}

multiversion! {
    fn schur_form(eigen: &mut Eigen) -> bool {
        match eigen.n {
            2 => schur_kernel(2, eigen),
            3 => schur_kernel(3, eigen),
            4 => schur_kernel(4, eigen),
            n => schur_kernel(n, eigen),
        }
    }
}

#[inline(always)]
fn schur_kernel(n: usize, eigen: &mut Eigen) -> bool {
    let (h, z) = (&mut eigen.matrix[..n * n], &mut eigen.factor[..n * n]);
    let (v, sums) = (&mut eigen.reflection[..n], &mut eigen.sums[..n]);
    if !are_in_safe_range(h.iter()) {
        return false;
    }
    hessenberg(n, h, z, v, sums);
    quasi_triangular(n, h, z, &mut eigen.values[..n])
}

#[inline(always)]
fn solve_kernel(n: usize, eigen: &mut Eigen) -> bool {
    // Tells the compiler the lengths.
    let (h, scales) = (&mut eigen.matrix[..n * n], &mut eigen.scales[..n]);
    let (v, sums) = (&mut eigen.reflection[..n], &mut eigen.sums[..n]);
    let (z, values) = (&mut eigen.factor[..], &mut eigen.values[..n]);
    if !are_in_safe_range(h.iter()) || has_isolated(n, h) || !balance(n, h, scales) {
        return false;
    }
    hessenberg(n, h, z, v, sums);
    if !quasi_triangular(n, h, z, values) {
        return false;
    }
    if z.is_empty() {
        return true;
    }
    let (z, vectors) = (&z[..n * n], &mut eigen.vectors[..n * n]);
    back_substitute(n, h, values, &mut eigen.pair[..n], vectors) && {
        unscaled(n, z, scales, sums, vectors);
        normalized(n, values, vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::isa::forced::at_each;

    /// Numbers between -1 and 1 without a pattern.
    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let number = |at: usize| {
            let mut x = at as u64 + 1 + (seed << 32);
            for _ in 0..3 {
                x = (x ^ (x >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
            (x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..n * n).map(number).collect()
    }

    fn solved(n: usize, a: &[f64]) -> Option<Eigen> {
        let mut eigen = Eigen::new(n, true);
        eigen.solve(a).then_some(eigen)
    }

    /// The largest element of `A V - V W`, over that of `A`; the vectors have length one.
    fn residual(n: usize, a: &[f64], eigen: &Eigen) -> f64 {
        let most = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let mut worst = 0.0_f64;
        for (number, &[re, im]) in eigen.values().iter().enumerate() {
            let vector: Vec<Complex64> = (0..n)
                .map(|row| eigen.vector(row, number))
                .map(|[re, im]| Complex64::new(re, im))
                .collect();
            let length: f64 = vector.iter().map(Complex64::norm_sqr).sum();
            assert!((length - 1.0).abs() <= (n + 4) as f64 * EPSILON, "{length}");
            for (row, x) in a.chunks_exact(n).zip(&vector) {
                let product: Complex64 = row.iter().zip(&vector).map(|(a, x)| x * a).sum();
                worst = worst.max((product - Complex64::new(re, im) * x).norm() / most);
            }
        }
        worst
    }

    #[test]
    fn values_and_vectors_are_those_of_the_matrix() {
        for n in [1, 2, 3, 4, 5, 8, 17, 32, 75] {
            for seed in 0..20 {
                let plain = numbers(n, seed);
                let of = |element: &dyn Fn(usize, usize, f64) -> f64| -> Vec<f64> {
                    let places = plain.iter().enumerate();
                    let matrix = places.map(|(at, &x)| element(at / n, at % n, x));
                    matrix.collect()
                };
                let sign = |x: f64| if x < 0.0 { -1.0 } else { 1.0 };
                for a in [
                    // Complex pairs, real values, values of modulus one that attract no
                    // shift, one value many times, and values of many sizes.
                    of(&|_, _, x| x),
                    of(&|row, column, x| if row < column { x } else { x * x * x }),
                    of(&|row, column, x| sign(x) + if row == column { 1e-3 } else { 0.0 }),
                    of(&|row, column, x| {
                        let next = f64::from(u8::from((row + 1) % n == column));
                        next + 1e-15 * x
                    }),
                    of(&|row, column, x| f64::from(u8::from(row == column)) + 1e-9 * x),
                    of(&|row, column, x| x * 2.0_f64.powi(-((row + column) as i32))),
                ] {
                    let Some(eigen) = solved(n, &a) else {
                        panic!("{n} {seed}: left to LAPACK");
                    };
                    // For a defective matrix the residual is as small, but not the error.
                    let bound = 10.0 * n as f64 * EPSILON;
                    let found = residual(n, &a, &eigen);
                    assert!(found <= bound, "{n} {seed}: {found:e}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for n in [2, 3, 4, 7, 20] {
            let a = numbers(n, 3);
            let [best, less, least] = at_each(|| {
                let eigen = solved(n, &a).unwrap();
                let bits = |x: &f64| x.to_bits();
                let values = eigen.values.as_flattened().iter().map(bits);
                values
                    .chain(eigen.vectors.iter().map(bits))
                    .collect::<Vec<_>>()
            });
            assert_eq!(best, less);
            assert_eq!(best, least);
        }
    }

    #[test]
    fn values_alone_are_close_to_those_with_vectors() {
        for n in [1, 2, 3, 4, 9, 40] {
            let a = numbers(n, 7);
            let both = solved(n, &a).unwrap();
            let mut alone = Eigen::new(n, false);
            assert!(alone.solve(&a));
            for ([re, im], [other_re, other_im]) in both.values().iter().zip(alone.values()) {
                // Well-conditioned values.
                assert!((re - other_re).abs() + (im - other_im).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn difficult_matrices_are_not_handled() {
        let n = 3;
        let plain = numbers(n, 1);
        for spoiled in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
            for at in 0..n * n {
                let mut a = plain.clone();
                a[at] = spoiled;
                assert!(solved(n, &a).is_none(), "{spoiled} at {at}");
            }
        }
        let tiny: Vec<f64> = plain.iter().map(|x| x * 1e-200).collect();
        assert!(solved(n, &tiny).is_none());
        // A row, and a column, that is zero except on the diagonal.
        for zeros in [[3, 5], [1, 7]] {
            let mut a = plain.clone();
            for at in zeros {
                a[at] = 0.0;
            }
            assert!(solved(n, &a).is_none());
        }
        assert!(solved(n, &[0.0; 9]).is_none());
    }
}
