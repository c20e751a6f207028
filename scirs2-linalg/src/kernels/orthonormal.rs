//! Whether vectors are orthonormal, at the cost of two products with a vector.
//!
//! With `x` of elements 1 and -1, `Q^H Q x` is `x` for orthonormal columns; an error of
//! one element of `Q^H Q` shows whole in an element of the difference. The signs follow no
//! pattern, so that errors cancel by chance only.

use num_traits::Float as _;

use crate::kernels::rounded;
use crate::kernels::signs::conjugate;
use crate::lapack::Lapack;

/// The element of `x`.
fn sign<T: Lapack>(number: usize) -> T {
    let spread = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if (spread ^ (spread >> 29)) >> 63 == 0 {
        T::one()
    } else {
        T::zero() - T::one()
    }
}

/// Whether an element of `Q^H Q x` is that of `x` but for rounding, of `count` vectors of
/// `length` elements.
fn is_close<T: Lapack>(found: T, number: usize, count: usize, length: usize) -> bool {
    let roundings = 2.0 * (count as f64 + (length as f64).sqrt());
    let bound = T::Real::epsilon() * rounded(roundings);
    let difference = (found - sign(number)).parts();
    difference.iter().all(|part| part.abs() <= bound)
}

/// Whether the columns of a matrix in C order, `n` of them, are orthonormal. `sums` has an
/// element for each.
pub(crate) fn are_orthonormal_columns<T: Lapack>(n: usize, a: &[T], sums: &mut [T]) -> bool {
    let n = n.max(1);
    let sums = &mut sums[..n.min(a.len())];
    sums.fill(T::zero());
    for row in a.chunks_exact(n) {
        let mut along = T::zero();
        for (number, &x) in row.iter().enumerate() {
            along = along + x * sign(number);
        }
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum = *sum + conjugate(x) * along;
        }
    }
    let mut found = sums.iter().enumerate();
    found.all(|(number, &sum)| is_close(sum, number, n, a.len() / n))
}

/// Whether the rows, of `n` elements, of a matrix in C order are orthonormal. `sums` has
/// an element for each column.
pub(crate) fn are_orthonormal_rows<T: Lapack>(n: usize, a: &[T], sums: &mut [T]) -> bool {
    let sums = &mut sums[..n.min(a.len())];
    sums.fill(T::zero());
    for (number, row) in a.chunks_exact(n).enumerate() {
        let sign = sign::<T>(number);
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum = *sum + sign * x;
        }
    }
    a.chunks_exact(n).enumerate().all(|(number, row)| {
        let mut along = T::zero();
        for (&x, &sum) in row.iter().zip(&*sums) {
            along = along + conjugate(x) * sum;
        }
        is_close(along, number, a.len() / n, n)
    })
}

#[cfg(test)]
mod tests {
    use scirs2_core::Complex64;

    use super::*;

    #[test]
    fn one_wrong_product_of_two_vectors_is_seen() {
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
