//! LU factors of large matrices, by recursively halving their columns.
//!
//! The factors of the left half update the right half by one product, as large as
//! possible. LAPACK's `getrf` processes narrow blocks from left to right, and its
//! products are too thin to run at the speed of large ones. Pivots are chosen as in
//! `getrf`.
//!
//! S. Toledo, Locality of reference in LU decomposition with partial pivoting, SIAM J.
//! Matrix Anal. Appl. 18 (1997).

use std::ffi::c_int;

use crate::lapack::{self, Lapack, with_one_blas_thread};

/// The most columns that LAPACK factors.
const MAX_LEAF: usize = 32;
/// The most columns for which several threads only wait for each other.
const MAX_ONE_THREAD: usize = 64;

/// The factors of a matrix of `rows`, column after column, in its place, and for each
/// row that it was exchanged with, counted from 1; the error is the first pivot that
/// is exactly zero.
pub(crate) fn factor<T: Lapack>(
    rows: usize,
    a: &mut [T],
    pivots: &mut [c_int],
) -> Result<(), usize> {
    let columns = pivots.len();
    factor_columns(rows, a, (0, columns), pivots)
}

/// Factors these columns; the columns to the left of them are factored already.
fn factor_columns<T: Lapack>(
    rows: usize,
    a: &mut [T],
    (start, end): (usize, usize),
    pivots: &mut [c_int],
) -> Result<(), usize> {
    if end - start <= MAX_LEAF {
        return with_one_blas_thread(|| lapack::getrf_part(rows, a, (start, end), pivots));
    }
    let middle = usize::midpoint(start, end).next_multiple_of(16);
    let left = factor_columns(rows, a, (start, middle), pivots);
    let mut update = || {
        lapack::laswp(rows, a, (middle, end), (start, middle), pivots);
        lapack::trsm_gemm(rows, a, [start, middle, end]);
    };
    if end - start <= MAX_ONE_THREAD {
        with_one_blas_thread(update);
    } else {
        update();
    }
    let right = factor_columns(rows, a, (middle, end), pivots);
    lapack::laswp(rows, a, (start, middle), (middle, end), pivots);
    left.and(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lapack::init_single_threaded;

    /// Numbers between -1 and 1 without a pattern (the generator splitmix64).
    fn numbers(count: usize) -> Vec<f64> {
        let number = |i: usize| {
            let mut x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (x ^ (x >> 31)) as f64 / 9.3e18 - 1.0
        };
        (0..count).map(number).collect()
    }

    /// Factors by halves and by LAPACK: elements, pivots, the first zero pivot.
    type Factored = (Vec<f64>, Vec<c_int>, Result<(), usize>);

    fn both(rows: usize, a: &[f64]) -> [Factored; 2] {
        // With threads LAPACK needs more stack than a test has.
        init_single_threaded();
        let pivots = || vec![0; a.len() / rows];
        let (mut ours, mut theirs) = ((a.to_vec(), pivots()), (a.to_vec(), pivots()));
        let (done, expected) = (
            factor(rows, &mut ours.0, &mut ours.1),
            by_lapack(rows, &mut theirs.0, &mut theirs.1),
        );
        [(ours.0, ours.1, done), (theirs.0, theirs.1, expected)]
    }

    fn by_lapack<T: Lapack>(rows: usize, a: &mut [T], pivots: &mut [c_int]) -> Result<(), usize> {
        lapack::getrf(rows, a, pivots)
    }

    /// The largest element of `P A - L U`, over that of `A`.
    fn residual(rows: usize, a: &[f64], (factors, pivots, _): &Factored) -> f64 {
        let columns = pivots.len();
        let mut order: Vec<usize> = (0..rows).collect();
        for (row, &pivot) in pivots.iter().enumerate() {
            order.swap(row, usize::try_from(pivot - 1).unwrap());
        }
        let (mut largest, mut scale) = (0.0_f64, 0.0_f64);
        for column in 0..columns {
            let u = &factors[column * rows..][..rows];
            let mut sums = vec![0.0; rows];
            for k in 0..=column {
                let l = &factors[k * rows..][..rows];
                sums[k] += u[k];
                for row in k + 1..rows {
                    sums[row] += l[row] * u[k];
                }
            }
            for (row, sum) in sums.iter().enumerate() {
                let expected = a[column * rows + order[row]];
                largest = largest.max((sum - expected).abs());
                scale = scale.max(expected.abs());
            }
        }
        largest / scale
    }

    #[test]
    fn the_factors_are_those_of_the_matrix() {
        for (rows, columns) in [(192, 192), (257, 257), (300, 193), (800, 200)] {
            let mut a = numbers(rows * columns);
            // Graded rows: the choice of pivots matters.
            for (at, x) in a.iter_mut().enumerate() {
                *x *= 2.0_f64.powi(-((at % rows % 40) as i32));
            }
            let [ours, theirs] = both(rows, &a);
            assert_eq!((&ours.1, ours.2), (&theirs.1, theirs.2));
            // The bound of the theory, columns eps times the growth of the pivots, is
            // not reached.
            let bound = columns as f64 * f64::EPSILON;
            assert!(residual(rows, &a, &ours) <= bound, "{rows} {columns}");
        }
    }

    #[test]
    fn the_first_zero_pivot_is_named() {
        let n = 256;
        for zero in [0, 15, 16, 100, 128, 255] {
            let mut a = numbers(n * n);
            a[zero * n..][..n].fill(0.0);
            if zero < 200 {
                a[220 * n..][..n].fill(0.0);
            }
            let [ours, theirs] = both(n, &a);
            assert_eq!((ours.2, theirs.2), (Err(zero), Err(zero)));
            assert!(residual(n, &a, &ours) <= n as f64 * f64::EPSILON);
        }
    }

    #[test]
    fn a_nan_goes_into_the_factors() {
        let n = 200;
        let mut a = numbers(n * n);
        a[3 * n + 7] = f64::NAN;
        let [(factors, pivots, _), _] = both(n, &a);
        assert!(factors.iter().any(|x| x.is_nan()));
        assert!(pivots.iter().all(|pivot| (1..=200).contains(pivot)));
    }
}
