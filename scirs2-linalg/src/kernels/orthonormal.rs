//! Tests whether vectors are orthonormal, at the cost of two matrix-vector products.
//!
//! For a probe vector `x` of elements 1 and -1, `Q^H Q x = x` if the columns are orthonormal;
//! an error in one element of `Q^H Q` appears undiminished in one element of the difference.
//! The signs are pseudorandom, so that errors cancel only by chance.

use num_traits::{Float as _, Zero as _};

use crate::base::scale::rounded;
use crate::kernels::scalar::KernelScalar;

/// An element of the probe vector `x`.
fn probe<T: KernelScalar>(index: usize) -> T {
    let spread = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if (spread ^ (spread >> 29)) >> 63 == 0 {
        T::one()
    } else {
        T::zero() - T::one()
    }
}

/// Whether the 2-norm of `Q^H Q x - x`, whose elements are given, is explained by rounding. In
/// units of `n eps`, where `n` is the length of a vector, it was at most 2.1 for correct
/// vectors, and 4.7 to 40000 where `gesdd` had lost orthogonality.
fn is_rounding_error<T: KernelScalar>(differences: impl Iterator<Item = T>, length: usize) -> bool {
    let squares = differences.flat_map(|x| x.parts()).map(|part| part * part);
    let sum = squares.fold(T::Real::zero(), |sum, square| sum + square);
    sum.sqrt() <= T::Real::epsilon() * rounded(2.5 * length as f64)
}

/// Whether the `n` columns of a matrix in C order are orthonormal. `sums` is scratch memory of
/// one element per column.
pub(crate) fn are_orthonormal_columns<T: KernelScalar>(n: usize, a: &[T], sums: &mut [T]) -> bool {
    let n = n.max(1);
    let sums = &mut sums[..n.min(a.len())];
    sums.fill(T::zero());
    for row in a.chunks_exact(n) {
        let mut product = T::zero();
        for (index, &x) in row.iter().enumerate() {
            product += x * probe(index);
        }
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum += x.conj() * product;
        }
    }
    let indexed = sums.iter().enumerate();
    is_rounding_error(indexed.map(|(index, &sum)| sum - probe(index)), a.len() / n)
}

/// Whether the rows, of `n` elements each, of a matrix in C order are orthonormal. `sums` is
/// scratch memory of one element per column.
pub(crate) fn are_orthonormal_rows<T: KernelScalar>(n: usize, a: &[T], sums: &mut [T]) -> bool {
    let sums = &mut sums[..n.min(a.len())];
    sums.fill(T::zero());
    for (index, row) in a.chunks_exact(n).enumerate() {
        let probe = probe::<T>(index);
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum += probe * x;
        }
    }
    let indexed = a.chunks_exact(n).enumerate();
    let differences = indexed.map(|(index, row)| {
        let mut product = T::zero();
        for (&x, &sum) in row.iter().zip(&*sums) {
            product += x.conj() * sum;
        }
        product - probe(index)
    });
    is_rounding_error(differences, n)
}

#[cfg(test)]
mod tests {
    use scirs2_core::Complex64;

    use super::*;

    #[test]
    fn one_wrong_inner_product_is_detected() {
        let n = 40;
        let identity: Vec<Complex64> = (0..n * n)
            .map(|at| {
                if at % (n + 1) == 0 {
                    Complex64::ONE
                } else {
                    Complex64::ZERO
                }
            })
            .collect();
        let mut sums = vec![Complex64::ZERO; n];
        let mut both = |a: &[Complex64]| {
            [
                are_orthonormal_columns(n, a, &mut sums),
                are_orthonormal_rows(n, a, &mut sums),
            ]
        };
        assert_eq!(both(&identity), [true; 2]);
        for at in [1, n, 77, 399] {
            for error in [Complex64::new(1e-12, 0.0), Complex64::new(0.0, 1e-12)] {
                let mut wrong = identity.clone();
                wrong[at] += error;
                assert_eq!(both(&wrong), [false; 2], "{at}");
            }
        }
        // Fewer columns than rows, and fewer rows than columns.
        assert!(are_orthonormal_rows(n, &identity[..3 * n], &mut sums));
        let tall: Vec<_> = identity
            .chunks_exact(n)
            .flat_map(|row| row[..3].to_vec())
            .collect();
        assert!(are_orthonormal_columns(3, &tall, &mut sums));
    }
}
