//! Factorizations of matrices so small that calling LAPACK costs more than the
//! arithmetic.
//!
//! A matrix is a slice in C order. The loops run along rows, which are what the
//! compiler vectorises; the orders up to 4 get a copy of the loops each, unrolled.
//! The algorithms are LAPACK's unblocked ones, and so are their error bounds.

use std::ops::Neg;

use num_traits::{Float as _, Zero as _};
use scirs2_core::{Complex32, Complex64, Scalar};

use super::isa::{has_fma, multiversion};
use crate::error::Reason;

/// The largest order that each kernel is for: it is faster than the library there,
/// and no less accurate.
pub(crate) mod largest {
    /// Elements of each factor and of the product.
    pub(crate) const PRODUCT: usize = 64;
    pub(crate) const CHOLESKY: usize = 16;
    /// Eigenvalues of symmetric matrices and singular values, by rotations.
    pub(crate) const JACOBI: usize = 4;
    /// Beyond it OpenBLAS groups its sums, and rounding would find other singular
    /// matrices than NumPy does, in some 10 of 100 where LAPACK does in 2.
    pub(crate) const LU: usize = 5;
    /// The same of many side by side, and determinants.
    pub(crate) const ELIMINATION: usize = 4;
    /// A determinant does not raise; one of a singular matrix is zero or tiny.
    pub(crate) const DETERMINANT: usize = 16;
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

    /// `P A = L U` in place of `A`, which is finite, with the row that each row was
    /// swapped with; gives the first column whose pivot is zero, or `n`. `sums` is
    /// memory of the same length.
    ///
    /// The operations are OpenBLAS's, in its order: products are summed up, each
    /// sum fused with the next product, and then subtracted; a column is multiplied
    /// by the reciprocal of its pivot. Up to order 5 the factors are the same bit for
    /// bit, so that NumPy agrees about which matrices are exactly singular.
    pub(crate) fn lu<T: Fused>(
        n: usize, a: &mut [T], sums: &mut [T], swaps: &mut [usize],
    ) -> usize {
        unrolled!(lu_of(n, a, sums, swaps))
    }

    /// `A X = B` in place of `B`, by [`lu`].
    pub(crate) fn solve_lu<T: Fused>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
        unrolled!(solve_lu_of(n, lu, swaps, b))
    }

    /// `A^-1` by [`lu`]: the `X` of `X A = I`.
    pub(crate) fn inverse_lu<T: Fused>(n: usize, lu: &[T], swaps: &[usize], x: &mut [T]) {
        unrolled!(inverse_lu_of(n, lu, swaps, x))
    }
}

/// A number whose product is added to another with one rounding.
pub trait Fused: Scalar + Neg<Output = Self> {
    /// Whether the kernels of LU are as fast as LAPACK.
    #[doc(hidden)]
    const FUSED: bool;

    /// `self * factor + sum`; for complex numbers with roundings between.
    #[doc(hidden)]
    #[must_use]
    fn fused(self, factor: Self, sum: Self) -> Self;

    /// `1 / self`, where that has full precision.
    #[doc(hidden)]
    fn reciprocal(self) -> Option<Self>;
}

macro_rules! fused {
    ($($real:ident $complex:ident)+) => {$(
        impl Fused for $real {
            const FUSED: bool = true;

            #[inline(always)]
            fn fused(self, factor: Self, sum: Self) -> Self {
                self.mul_add(factor, sum)
            }

            #[inline(always)]
            fn reciprocal(self) -> Option<Self> {
                let reciprocal = 1.0 / self;
                (self.is_normal() && reciprocal.is_normal()).then_some(reciprocal)
            }
        }

        impl Fused for $complex {
            const FUSED: bool = false;

            #[inline(always)]
            fn fused(self, factor: Self, sum: Self) -> Self {
                self * factor + sum
            }

            #[inline(always)]
            fn reciprocal(self) -> Option<Self> {
                None
            }
        }
    )+};
}

fused! { f32 Complex32 f64 Complex64 }

/// Whether LU is faster here than in LAPACK, for small matrices.
pub(crate) fn has_lu<T: Fused>() -> bool {
    T::FUSED && has_fma()
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
            *x = x.over(root);
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
            row[k] = row[k].over(root);
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
fn lu_of<T: Fused>(n: usize, a: &mut [T], sums: &mut [T], swaps: &mut [usize]) -> usize {
    let a = &mut a[..n * n];
    let sums = &mut sums[..n * n];
    let swaps = &mut swaps[..n];
    let mut singular = n;
    for k in 0..n {
        let mut pivot = k;
        let mut largest = T::Real::zero();
        for i in k..n {
            if k > 0 {
                a[i * n + k] -= sums[i * n + k];
            }
            let size = a[i * n + k].abs1();
            if size > largest {
                (pivot, largest) = (i, size);
            }
        }
        swaps[k] = pivot;
        if largest.is_zero() {
            singular = singular.min(k);
        }
        let (above, below) = a.split_at_mut((k + 1) * n);
        let row = &mut above[k * n..];
        let (sums, sums_below) = sums.split_at_mut((k + 1) * n);
        let sums = &mut sums[k * n..];
        if pivot != k {
            let at = (pivot - k - 1) * n;
            row.swap_with_slice(&mut below[at..][..n]);
            if k > 0 {
                sums.swap_with_slice(&mut sums_below[at..][..n]);
            }
        }
        if k > 0 {
            for (x, &sum) in row[k + 1..n].iter_mut().zip(&sums[k + 1..n]) {
                *x -= sum;
            }
        }
        let reciprocal = row[k].reciprocal();
        let others = below.chunks_exact_mut(n);
        for (other, sums) in others.zip(sums_below.chunks_exact_mut(n)) {
            match reciprocal {
                Some(reciprocal) => other[k] *= reciprocal,
                None if other[k].is_zero() => {}
                None => other[k] /= row[k],
            }
            let factor = other[k];
            let sums = sums[k + 1..n].iter_mut().zip(&row[k + 1..n]);
            if k > 0 {
                sums.for_each(|(sum, &x)| *sum = factor.fused(x, *sum));
            } else {
                sums.for_each(|(sum, &x)| *sum = factor * x);
            }
        }
    }
    singular
}

#[inline(always)]
fn solve_lu_of<T: Fused>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
    let lu = &lu[..n * n];
    if b.len() == n {
        let b = &mut b[..n];
        for (k, &pivot) in swaps[..n].iter().enumerate() {
            b.swap(k, pivot);
        }
        for k in 1..n {
            b[k] -= dot(&lu[k * n..][..k], &b[..k]);
        }
        for k in (0..n).rev() {
            let row = &lu[k * n..][..n];
            b[k] = (b[k] - dot(&row[k + 1..], &b[k + 1..])) / row[k];
        }
        return;
    }
    let columns = b.len() / n.max(1);
    if columns == 0 {
        return;
    }
    for (k, &pivot) in swaps[..n].iter().enumerate() {
        if pivot != k {
            let (above, below) = b.split_at_mut(pivot * columns);
            above[k * columns..][..columns].swap_with_slice(&mut below[..columns]);
        }
    }
    for k in 0..n {
        let (above, below) = b.split_at_mut((k + 1) * columns);
        let row = &above[k * columns..];
        for (i, other) in (k + 1..n).zip(below.chunks_exact_mut(columns)) {
            subtract(lu[i * n + k], row, other);
        }
    }
    for k in (0..n).rev() {
        let (above, below) = b.split_at_mut(k * columns);
        let row = &mut below[..columns];
        for x in &mut *row {
            *x /= lu[k * n + k];
        }
        for (i, other) in (0..k).zip(above.chunks_exact_mut(columns)) {
            subtract(lu[i * n + k], row, other);
        }
    }
}

#[inline(always)]
fn inverse_lu_of<T: Fused>(n: usize, lu: &[T], swaps: &[usize], x: &mut [T]) {
    let lu = &lu[..n * n];
    for (i, row) in x[..n * n].chunks_exact_mut(n.max(1)).enumerate() {
        row.fill(T::zero());
        row[i] = T::one();
        for (k, u) in lu.chunks_exact(n).enumerate().skip(i) {
            row[k] /= u[k];
            let factor = row[k];
            subtract(factor, &u[k + 1..n], &mut row[k + 1..n]);
        }
        for (k, l) in lu.chunks_exact(n).enumerate().skip(1).rev() {
            let factor = row[k];
            subtract(factor, &l[..k], &mut row[..k]);
        }
        for (k, &pivot) in swaps[..n].iter().enumerate().rev() {
            row.swap(k, pivot);
        }
    }
}

/// `y -= factor x`.
#[inline(always)]
fn subtract<T: Fused>(factor: T, x: &[T], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (-factor).fused(x, *y);
    }
}

#[inline(always)]
fn dot<T: Fused>(x: &[T], y: &[T]) -> T {
    const LANES: usize = 4;
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [T::zero(); LANES];
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            sums[lane] = x[lane].fused(y[lane], sums[lane]);
        }
    }
    let mut rest = T::zero();
    for (&x, &y) in x_rest.iter().zip(y_rest) {
        rest = x.fused(y, rest);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}
