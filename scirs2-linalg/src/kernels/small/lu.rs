//! LU of one small matrix, and operations that use it, for orders where calling LAPACK
//! costs more than the arithmetic.
//!
//! A matrix is stored as rows of [`row_stride`] elements, of which the first `n` are used: a row
//! of that width fills whole vectors, and is processed without a loop. The algorithms and
//! their error bounds are those of LAPACK's unblocked routines.

use std::ops::Neg;

use num_traits::{Float as _, NumCast, ToPrimitive as _, Zero as _};
use scirs2_core::{Complex32, Complex64, Scalar};

use crate::kernels::max_order;
use crate::simd::isa::multiversion;

/// A number with a fused multiply-add.
pub trait LuScalar: Scalar + Neg<Output = Self> {
    /// Whether the LU kernels are as fast as LAPACK.
    #[doc(hidden)]
    const HAS_LU_KERNEL: bool;

    /// `self * factor + sum`, fused; for complex numbers with intermediate roundings.
    #[doc(hidden)]
    #[must_use]
    fn mul_add(self, factor: Self, sum: Self) -> Self;

    /// `1 / self`, if that has full precision.
    #[doc(hidden)]
    fn reciprocal(self) -> Option<Self>;
}

macro_rules! lu_scalars {
    ($($real:ident $complex:ident)+) => {$(
        impl LuScalar for $real {
            const HAS_LU_KERNEL: bool = true;

            #[inline(always)]
            fn mul_add(self, factor: Self, sum: Self) -> Self {
                self.mul_add(factor, sum)
            }

            #[inline(always)]
            fn reciprocal(self) -> Option<Self> {
                let reciprocal = 1.0 / self;
                (self.is_normal() && reciprocal.is_normal()).then_some(reciprocal)
            }
        }

        impl LuScalar for $complex {
            const HAS_LU_KERNEL: bool = false;

            #[inline(always)]
            fn mul_add(self, factor: Self, sum: Self) -> Self {
                self * factor + sum
            }

            #[inline(always)]
            fn reciprocal(self) -> Option<Self> {
                None
            }
        }
    )+};
}

lu_scalars! { f32 Complex32 f64 Complex64 }

/// The row stride of a matrix of order `n`, in elements.
pub(crate) const fn row_stride(n: usize) -> usize {
    match n {
        0..=4 => n,
        5..=8 => 8,
        9..=16 => 16,
        _ => max_order::LU,
    }
}

/// Calls an inlined kernel with the width known at compile time, and also the order if
/// they are equal.
macro_rules! dispatch_stride {
    ($kernel:ident($n:expr $(, $argument:expr)*)) => {
        match row_stride($n) {
            0 | 1 => $kernel::<T, 1>($n $(, $argument)*),
            2 => $kernel::<T, 2>(2 $(, $argument)*),
            3 => $kernel::<T, 3>(3 $(, $argument)*),
            4 => $kernel::<T, 4>(4 $(, $argument)*),
            8 => $kernel::<T, 8>($n $(, $argument)*),
            16 => $kernel::<T, 16>($n $(, $argument)*),
            _ => $kernel::<T, { max_order::LU }>($n $(, $argument)*),
        }
    };
}

multiversion! {
    /// Replaces `A`, which is finite, by the factors of `P A = L U`, and stores the row
    /// that each row was swapped with; returns the first column whose pivot is zero, or
    /// `n`. `sums` is scratch memory of the same length.
    ///
    /// The operations are OpenBLAS's, in its order: products are summed with fused
    /// multiply-adds, and the sum is then subtracted; a column is multiplied by the
    /// reciprocal of its pivot. Up to order 2 NumPy agrees about which matrices are exactly
    /// singular; beyond, see [`nearly_singular`].
    pub(crate) fn lu<T: LuScalar>(
        n: usize, a: &mut [T], sums: &mut [T], swaps: &mut [usize],
    ) -> usize {
        dispatch_stride!(lu_kernel(n, a, sums, swaps))
    }

    /// Whether the factors by [`lu`] are those of a matrix that rounding may have kept from
    /// being singular: a pivot is so small compared with the elements above it that
    /// another order of operations may give zero.
    pub(crate) fn nearly_singular<T: LuScalar>(n: usize, lu: &[T]) -> bool {
        dispatch_stride!(nearly_singular_kernel(n, lu))
    }

    /// Solves `A X = B` in place of `B`, which is contiguous, with the factors of [`lu`].
    pub(crate) fn solve_lu<T: LuScalar>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
        if b.len() == n {
            solve_vector(n, lu, swaps, b);
        } else {
            solve_panels(n, lu, swaps, b);
        }
    }

    /// `A^-1` from the factors of [`lu`], contiguous: the `X` of `X A = I`.
    pub(crate) fn inverse_lu<T: LuScalar>(n: usize, lu: &[T], swaps: &[usize], x: &mut [T]) {
        inverse_kernel(n, lu, swaps, x);
    }
}

#[inline(always)]
fn lu_kernel<T: LuScalar, const W: usize>(
    n: usize,
    a: &mut [T],
    sums: &mut [T],
    swaps: &mut [usize],
) -> usize {
    let a = &mut a.as_chunks_mut::<W>().0[..n];
    let sums = &mut sums.as_chunks_mut::<W>().0[..n];
    let swaps = &mut swaps[..n];
    let mut singular = n;
    for k in 0..n {
        let mut pivot = k;
        let mut largest = T::Real::zero();
        for i in k..n {
            if k > 0 {
                a[i][k] -= sums[i][k];
            }
            let size = a[i][k].abs1();
            if size > largest {
                (pivot, largest) = (i, size);
            }
        }
        swaps[k] = pivot;
        if largest.is_zero() {
            singular = singular.min(k);
        }
        a.swap(k, pivot);
        sums.swap(k, pivot);
        if k > 0 {
            for j in 0..W {
                let x = a[k][j];
                a[k][j] = if j > k { x - sums[k][j] } else { x };
            }
        }
        let row = a[k];
        let reciprocal = row[k].reciprocal();
        for (other, sums) in a.iter_mut().zip(&mut *sums).skip(k + 1) {
            match reciprocal {
                Some(reciprocal) => other[k] *= reciprocal,
                None if other[k].is_zero() => {}
                None => other[k] /= row[k],
            }
            // The first columns of the sums are not read again.
            let factor = other[k];
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum = if k > 0 {
                    factor.mul_add(x, *sum)
                } else {
                    factor * x
                };
            }
        }
    }
    singular
}

#[inline(always)]
fn nearly_singular_kernel<T: LuScalar, const W: usize>(n: usize, lu: &[T]) -> bool {
    /// A multiple of the rounding error of a sum of one product for each row.
    const ROUNDINGS: f64 = 64.0;
    let rounding = T::Real::epsilon()
        .to_f64()
        .expect("a double takes any float");
    let part = <T::Real as NumCast>::from(ROUNDINGS * n as f64 * rounding);
    let part = part.expect("a float takes any float");
    // The largest element so far of each remaining column.
    let mut largest = [T::Real::zero(); W];
    let mut found = false;
    for (k, row) in lu.as_chunks::<W>().0[..n].iter().enumerate() {
        found |= row[k].abs1() <= part * largest[k];
        for (largest, x) in largest.iter_mut().zip(row) {
            let size = x.abs1();
            *largest = if size > *largest { size } else { *largest };
        }
    }
    found
}

#[inline(always)]
fn solve_vector<T: LuScalar>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
    let stride = row_stride(n);
    let b = &mut b[..n];
    for (k, &pivot) in swaps[..n].iter().enumerate() {
        b.swap(k, pivot);
    }
    for k in 1..n {
        b[k] -= dot(&lu[k * stride..][..k], &b[..k]);
    }
    for k in (0..n).rev() {
        let row = &lu[k * stride..][..n];
        b[k] = (b[k] - dot(&row[k + 1..], &b[k + 1..])) / row[k];
    }
}

/// Columns that are processed together.
const PANEL: usize = 16;

/// The rows of a panel of columns.
type Panel<T> = [[T; PANEL]; max_order::LU];

#[inline(always)]
fn solve_panels<T: LuScalar>(n: usize, lu: &[T], swaps: &[usize], b: &mut [T]) {
    let stride = row_stride(n);
    let columns = b.len().checked_div(n).unwrap_or(0);
    for first in (0..columns).step_by(PANEL) {
        let count = PANEL.min(columns - first);
        let rows = first..first + count;
        let mut panel = [[T::zero(); PANEL]; max_order::LU];
        for (to, from) in panel.iter_mut().zip(b.chunks_exact(columns)) {
            to[..count].copy_from_slice(&from[rows.clone()]);
        }
        for (k, &pivot) in swaps[..n].iter().enumerate() {
            panel.swap(k, pivot);
        }
        for k in 0..n {
            for i in k + 1..n {
                subtract(lu[i * stride + k], k, i, &mut panel);
            }
        }
        for k in (0..n).rev() {
            for x in &mut panel[k] {
                *x /= lu[k * stride + k];
            }
            for i in 0..k {
                subtract(lu[i * stride + k], k, i, &mut panel);
            }
        }
        for (from, to) in panel.iter().zip(b.chunks_exact_mut(columns)) {
            to[rows.clone()].copy_from_slice(&from[..count]);
        }
    }
}

#[inline(always)]
fn inverse_kernel<T: LuScalar>(n: usize, lu: &[T], swaps: &[usize], x: &mut [T]) {
    let stride = row_stride(n);
    for (panel, rows) in x.chunks_mut((PANEL * n).max(1)).enumerate() {
        let first = panel * PANEL;
        // Each row of the inverse is a column here.
        let mut panel = [[T::zero(); PANEL]; max_order::LU];
        for (column, row) in panel.iter_mut().skip(first).take(PANEL).enumerate() {
            row[column] = T::one();
        }
        for k in 0..n {
            // The elements before the one are zeros, whose sign must not change.
            for (column, x) in panel[k].iter_mut().enumerate() {
                let quotient = *x / lu[k * stride + k];
                *x = if first + column <= k { quotient } else { *x };
            }
            for i in k + 1..n {
                subtract(lu[k * stride + i], k, i, &mut panel);
            }
        }
        for k in (1..n).rev() {
            for i in 0..k {
                subtract(lu[k * stride + i], k, i, &mut panel);
            }
        }
        for (k, &pivot) in swaps[..n].iter().enumerate().rev() {
            panel.swap(k, pivot);
        }
        for (column, row) in rows.chunks_exact_mut(n).enumerate() {
            for (x, from) in row.iter_mut().zip(&panel) {
                *x = from[column];
            }
        }
    }
}

/// Subtracts a multiple of row `k` from another row.
#[inline(always)]
fn subtract<T: LuScalar>(factor: T, k: usize, from: usize, panel: &mut Panel<T>) {
    let row = panel[k];
    for (y, x) in panel[from].iter_mut().zip(row) {
        *y = (-factor).mul_add(x, *y);
    }
}

#[inline(always)]
fn dot<T: LuScalar>(x: &[T], y: &[T]) -> T {
    const LANES: usize = 4;
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [T::zero(); LANES];
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            sums[lane] = x[lane].mul_add(y[lane], sums[lane]);
        }
    }
    let mut rest = T::zero();
    for (&x, &y) in x_rest.iter().zip(y_rest) {
        rest = x.mul_add(y, rest);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in [-1, 1] without a pattern.
    fn noise(at: usize) -> f64 {
        let mut spread = at as u64 + 1;
        for _ in 0..3 {
            spread = (spread ^ (spread >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        (spread >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    struct Factored {
        lu: Vec<f64>,
        swaps: [usize; max_order::LU],
        zero: usize,
    }

    fn factored(n: usize, a: &[f64]) -> Factored {
        let stride = row_stride(n);
        let mut padded = vec![0.0; n * stride];
        for (to, from) in padded.chunks_exact_mut(stride).zip(a.chunks_exact(n)) {
            to[..n].copy_from_slice(from);
        }
        let mut swaps = [0; max_order::LU];
        let zero = lu(n, &mut padded, &mut vec![0.0; n * stride], &mut swaps);
        Factored {
            lu: padded,
            swaps,
            zero,
        }
    }

    /// `max |A X - B|` over `max |A| |X|`.
    fn residual(n: usize, a: &[f64], x: &[f64], b: &[f64]) -> f64 {
        let columns = b.len() / n;
        let (mut most, mut size) = (0.0_f64, 0.0_f64);
        for i in 0..n {
            for j in 0..columns {
                let terms = (0..n).map(|k| a[i * n + k] * x[k * columns + j]);
                let sizes: f64 = terms.clone().map(f64::abs).sum();
                most = most.max((terms.sum::<f64>() - b[i * columns + j]).abs());
                size = size.max(sizes);
            }
        }
        most / size
    }

    #[test]
    fn solves_and_inverts_every_order_and_count_of_columns() {
        for n in 1..=max_order::LU {
            let a: Vec<f64> = (0..n * n).map(noise).collect();
            let Factored { lu, swaps, zero } = factored(n, &a);
            assert_eq!(zero, n);
            assert!(!nearly_singular(n, &lu));
            let bound = 4.0 * n as f64 * f64::EPSILON;
            for columns in [1, 2, 15, 16, 17, 40] {
                let b: Vec<f64> = (0..n * columns).map(|at| noise(at + 7)).collect();
                let mut x = b.clone();
                solve_lu(n, &lu, &swaps, &mut x);
                assert!(residual(n, &a, &x, &b) <= bound);
            }
            let mut inverse = vec![0.0; n * n];
            inverse_lu(n, &lu, &swaps, &mut inverse);
            let one = |at: usize| if at.is_multiple_of(n + 1) { 1.0 } else { 0.0 };
            let identity: Vec<f64> = (0..n * n).map(one).collect();
            // The kernel solves X A = I.
            assert!(residual(n, &inverse, &a, &identity) <= bound);
        }
    }

    #[test]
    fn nearly_singular_matrices_are_detected() {
        for n in 2..=max_order::LU {
            for scale in [1e-300, 1.0, 1e300] {
                let mut a: Vec<f64> = (0..n * n).map(|at| scale * noise(at)).collect();
                // The last row is the mean of the first and the one before it.
                for j in 0..n {
                    a[(n - 1) * n + j] = a[j] / 2.0 + a[(n - 2) * n + j] / 2.0;
                }
                assert!(nearly_singular(n, &factored(n, &a).lu), "{n} {scale}");
                // Columns of different magnitudes do not make a matrix singular.
                let graded: Vec<f64> = (0..n * n)
                    .map(|at| noise(at) * 10.0_f64.powi(-8 * (at % n) as i32))
                    .collect();
                assert!(!nearly_singular(n, &factored(n, &graded).lu), "{n}");
            }
        }
    }
}
