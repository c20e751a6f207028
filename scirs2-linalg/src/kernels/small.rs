//! Factorizations of matrices so small that calling LAPACK costs more than the
//! arithmetic.
//!
//! A matrix is a slice in C order. The loops run along rows, which are what the
//! compiler vectorises; the orders up to 4 get a copy of the loops each, unrolled.
//! The algorithms are LAPACK's unblocked ones, and so are their error bounds.

use num_traits::{Float as _, Zero as _};
use scirs2_core::Scalar;

use super::isa::multiversion;
use crate::error::Reason;

/// The largest order for which each kernel is at least as fast as LAPACK.
pub(crate) mod largest {
    pub(crate) const CHOLESKY: usize = 16;
    pub(crate) const LU: usize = 16;
}

/// Calls an inlined kernel with the order known to the compiler where that is
/// small.
macro_rules! unrolled {
    ($kernel:ident($n:expr $(, $argument:expr)*)) => {
        match $n {
            1 => $kernel(1 $(, $argument)*),
            2 => $kernel(2 $(, $argument)*),
            3 => $kernel(3 $(, $argument)*),
            4 => $kernel(4 $(, $argument)*),
            n => $kernel(n $(, $argument)*),
        }
    };
}

multiversion! {
    /// The factor `U` of `A = U^H U` in place of the upper triangle.
    ///
    /// A NaN passes through, as in LAPACK.
    pub(crate) fn cholesky_upper<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
        unrolled!(cholesky_upper_of(n, a))
    }

    /// The factor `L` of `A = L L^H` in place of the lower triangle.
    pub(crate) fn cholesky_lower<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
        unrolled!(cholesky_lower_of(n, a))
    }

    /// `P A = L U` in place of `A`, with the row that each row was swapped with;
    /// gives the first column whose pivot is zero, or `n`.
    pub(crate) fn lu<T: Scalar>(n: usize, a: &mut [T], swaps: &mut [usize]) -> usize {
        unrolled!(lu_of(n, a, swaps))
    }

    /// `A X = B` in place of `B`, which has `columns` columns, by [`lu`].
    pub(crate) fn solve_lu<T: Scalar>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
        unrolled!(solve_lu_of(n, lu, swaps, b))
    }
}

#[inline(always)]
fn cholesky_upper_of<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
    let a = &mut a[..n * n];
    for k in 0..n {
        let (above, below) = a.split_at_mut((k + 1) * n);
        let row = &mut above[k * n..];
        let pivot = row[k].real();
        if pivot <= T::Real::zero() {
            return Err(Reason::NotPositiveDefinite { minor: k + 1 });
        }
        let root = pivot.sqrt();
        row[k] = T::from_real(root);
        for x in &mut row[k + 1..n] {
            *x /= T::from_real(root);
        }
        for (i, other) in (k + 1..n).zip(below.chunks_exact_mut(n)) {
            let factor = row[i].conj();
            for (x, &y) in other[i..n].iter_mut().zip(&row[i..n]) {
                *x -= factor * y;
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn cholesky_lower_of<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
    let a = &mut a[..n * n];
    // The column in work, conjugated and in one piece.
    let mut column = [T::zero(); largest::CHOLESKY];
    for k in 0..n {
        let pivot = a[k * n + k].real();
        if pivot <= T::Real::zero() {
            return Err(Reason::NotPositiveDefinite { minor: k + 1 });
        }
        let root = pivot.sqrt();
        a[k * n + k] = T::from_real(root);
        for i in k + 1..n {
            let row = &mut a[i * n..][..i + 1];
            row[k] /= T::from_real(root);
            column[i] = row[k].conj();
            let factor = row[k];
            for (x, &y) in row[k + 1..].iter_mut().zip(&column[k + 1..=i]) {
                *x -= factor * y;
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn lu_of<T: Scalar>(n: usize, a: &mut [T], swaps: &mut [usize]) -> usize {
    let a = &mut a[..n * n];
    let swaps = &mut swaps[..n];
    let mut singular = n;
    for k in 0..n {
        let mut pivot = k;
        let mut largest = a[k * n + k].abs1();
        for i in k + 1..n {
            let size = a[i * n + k].abs1();
            // A NaN that comes first stays, as in LAPACK.
            if size > largest {
                (pivot, largest) = (i, size);
            }
        }
        swaps[k] = pivot;
        if largest.is_zero() {
            singular = singular.min(k);
            continue;
        }
        let (above, below) = a.split_at_mut((k + 1) * n);
        let row = &mut above[k * n..];
        if pivot != k {
            row.swap_with_slice(&mut below[(pivot - k - 1) * n..][..n]);
        }
        for other in below.chunks_exact_mut(n) {
            let factor = other[k] / row[k];
            other[k] = factor;
            for (x, &y) in other[k + 1..n].iter_mut().zip(&row[k + 1..n]) {
                *x -= factor * y;
            }
        }
    }
    singular
}

#[inline(always)]
fn solve_lu_of<T: Scalar>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
    let lu = &lu[..n * n];
    let columns = b.len() / n.max(1);
    for (k, &pivot) in swaps[..n].iter().enumerate() {
        if pivot != k {
            let (above, below) = b.split_at_mut(pivot * columns);
            above[k * columns..][..columns].swap_with_slice(&mut below[..columns]);
        }
    }
    for k in 0..n {
        let (above, below) = b.split_at_mut((k + 1) * columns);
        let row = &above[k * columns..];
        for (i, other) in (k + 1..n).zip(below.chunks_exact_mut(columns.max(1))) {
            let factor = lu[i * n + k];
            for (x, &y) in other.iter_mut().zip(row) {
                *x -= factor * y;
            }
        }
    }
    for k in (0..n).rev() {
        let (above, below) = b.split_at_mut(k * columns);
        let row = &mut below[..columns];
        for x in &mut *row {
            *x /= lu[k * n + k];
        }
        for (i, other) in (0..k).zip(above.chunks_exact_mut(columns.max(1))) {
            let factor = lu[i * n + k];
            for (x, &y) in other.iter_mut().zip(&*row) {
                *x -= factor * y;
            }
        }
    }
}
