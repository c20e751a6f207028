//! LU factors, and solutions, inverses and determinants by them.
//!
//! Up to order 4 the operations are those of the kernels in `small::lu`, in the same order, so
//! that the results have the same bits. A matrix that those treat differently is not handled:
//! one that is not finite, has a pivot without a reciprocal, or from order 3 on one that may be
//! zero but for rounding.

use std::array;

use num_traits::{Float as _, ToPrimitive as _};

use super::{
    deinterleave, deinterleave_indices, dispatch_order, interleave, is_normal, lu, push_unhandled,
    rounded, simd_dispatch,
};
use crate::kernels::max_order;
use crate::simd::vector::{Isa, Vector};

simd_dispatch! {
    /// Solutions of `A X = B`, for as many `columns` as the plan allows.
    /// Like the functions below, returns the indices of the matrices that were not handled.
    pub(crate) fn batched_solve<R>(
        n: usize, columns: usize, a: &[R], b: &[R], x: &mut [R],
    ) -> Vec<usize> = batched_solve_with_isa;

    /// Inverses.
    pub(crate) fn batched_inv<R>(n: usize, a: &[R], x: &mut [R]) -> Vec<usize> = batched_inv_with_isa;

    /// Determinants.
    pub(crate) fn batched_det<R>(n: usize, a: &[R], values: &mut [R]) -> Vec<usize>
        = batched_det_with_isa;

    /// Signs and logarithms of determinants.
    pub(crate) fn batched_slogdet<R>(
        n: usize, a: &[R], signs: &mut [R], logarithms: &mut [R],
    ) -> Vec<usize> = batched_slogdet_with_isa;

    /// LU factors in one matrix, and the row that each row was swapped with.
    pub(crate) fn batched_lu<R>(
        n: usize, a: &[R], factors: &mut [R], pivots: &mut [i32],
    ) -> Vec<usize> = batched_lu_with_isa;
}

/// Rows of vectors.
pub(super) type SquareArray<V, const N: usize> = [[V; N]; N];

/// The factors of a group of matrices.
pub(super) struct RegisterLu<V: Vector, const N: usize> {
    lu: SquareArray<V, N>,
    /// The index of the row that each row was swapped with.
    swaps: [V; N],
    /// The lanes whose matrices were factored.
    pub(super) regular: V::Mask,
}

impl<V: Vector, const N: usize> RegisterLu<V, N> {
    /// Factors up to one matrix per lane.
    #[inline(always)]
    fn new<I: Isa<Vector = V, Real = V::Real>>(isa: I, a: &[V::Real]) -> Self {
        let mut lanes = [[isa.splat_f64(0.0); N]; N];
        interleave(N * N, a, lanes.as_flattened_mut());
        RegisterLu::of_lanes(isa, lanes)
    }

    /// Factors one matrix in each lane.
    #[inline(always)]
    pub(super) fn of_lanes<I: Isa<Vector = V, Real = V::Real>>(
        isa: I,
        lu: SquareArray<V, N>,
    ) -> Self {
        let zero = isa.splat_f64(0.0);
        let mut factors = RegisterLu {
            regular: finite(isa, lu.as_flattened()),
            lu,
            swaps: [zero; N],
        };
        let mut sums = [[zero; N]; N];
        factors.step::<I, 0>(isa, &mut sums);
        factors.step::<I, 1>(isa, &mut sums);
        if N > 2 {
            factors.step::<I, 2>(isa, &mut sums);
        }
        if N > 3 {
            factors.step::<I, 3>(isa, &mut sums);
        }
        factors
    }

    /// Eliminates column `K`, with the products for it.
    #[inline(always)]
    fn step<I: Isa<Vector = V, Real = V::Real>, const K: usize>(
        &mut self,
        isa: I,
        sums: &mut SquareArray<V, N>,
    ) {
        /// A multiple of the rounding error of a sum of one product for each row.
        const ROUNDINGS: f64 = 64.0;
        let a = &mut self.lu;
        let (mut pivot, mut most) = (isa.splat_f64(K as f64), isa.splat_f64(0.0));
        for row in K..N {
            if K > 0 {
                a[row][K] = a[row][K] - sums[row][K];
            }
            let size = a[row][K].abs();
            let larger = size.gt(most);
            pivot = V::select(larger, isa.splat_f64(row as f64), pivot);
            most = V::select(larger, size, most);
        }
        self.swaps[K] = pivot;
        for row in K + 1..N {
            let is_pivot = pivot.eq(isa.splat_f64(row as f64));
            for column in 0..N {
                swap_lanes(is_pivot, a, (K, column), (row, column));
                if K > 0 && column > K {
                    swap_lanes(is_pivot, sums, (K, column), (row, column));
                }
            }
        }
        let reciprocal = isa.splat_f64(1.0) / a[K][K];
        self.regular = self.regular & is_normal(isa, most) & is_normal(isa, reciprocal.abs());
        if N > 2 && K > 0 {
            // Whether such a pivot is zero is decided by rounding, and LAPACK's differs.
            let part = isa.splat(V::Real::epsilon()) * isa.splat_f64(ROUNDINGS * N as f64);
            let mut largest = a[0][K].abs();
            for row in &a[1..K] {
                let size = row[K].abs();
                largest = V::select(size.gt(largest), size, largest);
            }
            self.regular = self.regular & most.gt(part * largest);
        }
        for column in K + 1..N {
            if K > 0 {
                a[K][column] = a[K][column] - sums[K][column];
            }
        }
        for row in K + 1..N {
            let factor = a[row][K] * reciprocal;
            a[row][K] = factor;
            for column in K + 1..N {
                let x = a[K][column];
                sums[row][column] = if K > 0 {
                    factor.mul_add(x, sums[row][column])
                } else {
                    factor * x
                };
            }
        }
    }
}

/// Exchanges two elements in the lanes of the mask.
#[inline(always)]
fn swap_lanes<V: Vector, const N: usize>(
    is_pivot: V::Mask,
    a: &mut SquareArray<V, N>,
    (i, j): (usize, usize),
    (k, l): (usize, usize),
) {
    let (x, y) = (a[i][j], a[k][l]);
    a[i][j] = V::select(is_pivot, y, x);
    a[k][l] = V::select(is_pivot, x, y);
}

/// Whether all elements are finite.
#[inline(always)]
fn finite<I: Isa>(isa: I, elements: &[I::Vector]) -> <I::Vector as Vector>::Mask {
    let mut sum = isa.splat_f64(0.0);
    for x in elements {
        sum = sum + x.abs();
    }
    isa.splat(I::Real::infinity()).gt(sum)
}

#[inline(always)]
fn batched_solve_with_isa<I: Isa>(
    isa: I,
    n: usize,
    columns: usize,
    a: &[I::Real],
    b: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    dispatch_order!(
        isa, n, a: batched_solve_kernel(columns, a, b, x),
        else lu::batched_solve_kernel(isa, n, columns, a, b, x)
    )
}

#[inline(always)]
fn batched_solve_kernel<I: Isa, const N: usize>(
    isa: I,
    columns: usize,
    a: &[I::Real],
    b: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut unhandled = Vec::new();
    let rhs_len = N * columns;
    let mut rhs = [isa.splat_f64(0.0); max_order::REGISTER_LU * max_order::REGISTER_RHS];
    let groups = b.chunks(lanes * rhs_len).zip(x.chunks_mut(lanes * rhs_len));
    for (group, (a, (b, x))) in a.chunks(lanes * N * N).zip(groups).enumerate() {
        let factors = RegisterLu::<I::Vector, N>::new(isa, a);
        interleave(rhs_len, b, &mut rhs);
        if columns == 1 {
            substitute::<I, N, true>(isa, &factors, 1, 0, &mut rhs);
        } else {
            for column in 0..columns {
                substitute::<I, N, false>(isa, &factors, columns, column, &mut rhs);
            }
        }
        deinterleave(rhs_len, &rhs, x);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(factors.regular),
            group * lanes,
            x.len() / rhs_len,
            &mut unhandled,
        );
    }
    unhandled
}

/// Solves for one column; if it is `SINGLE_RHS` the sums run along the rows of the
/// factors, as in `small::lu`.
#[inline(always)]
fn substitute<I: Isa, const N: usize, const SINGLE_RHS: bool>(
    isa: I,
    factors: &RegisterLu<I::Vector, N>,
    columns: usize,
    column: usize,
    rhs: &mut [I::Vector],
) {
    type Lanes<I> = <I as Isa>::Vector;
    let (lu, swaps) = (&factors.lu, &factors.swaps);
    let mut x: [I::Vector; N] = array::from_fn(|row| rhs[row * columns + column]);
    for k in 0..N {
        for row in k + 1..N {
            let is_pivot = swaps[k].eq(isa.splat_f64(row as f64));
            (x[k], x[row]) = (
                Lanes::<I>::select(is_pivot, x[row], x[k]),
                Lanes::<I>::select(is_pivot, x[k], x[row]),
            );
        }
    }
    for k in 1..N {
        let mut sum = isa.splat_f64(0.0);
        for j in 0..k {
            if SINGLE_RHS {
                sum = lu[k][j].mul_add(x[j], sum);
            } else {
                x[k] = (-lu[k][j]).mul_add(x[j], x[k]);
            }
        }
        if SINGLE_RHS {
            x[k] = x[k] - sum;
        }
    }
    for k in (0..N).rev() {
        if SINGLE_RHS {
            let mut sum = isa.splat_f64(0.0);
            for j in k + 1..N {
                sum = lu[k][j].mul_add(x[j], sum);
            }
            x[k] = x[k] - sum;
        }
        x[k] = x[k] / lu[k][k];
        for row in 0..k {
            if !SINGLE_RHS {
                x[row] = (-lu[row][k]).mul_add(x[k], x[row]);
            }
        }
    }
    for (row, x) in x.into_iter().enumerate() {
        rhs[row * columns + column] = x;
    }
}

#[inline(always)]
fn batched_inv_with_isa<I: Isa>(isa: I, n: usize, a: &[I::Real], x: &mut [I::Real]) -> Vec<usize> {
    dispatch_order!(isa, n, a: batched_inv_kernel(a, x), else lu::batched_inv_kernel(isa, n, a, x))
}

#[inline(always)]
fn batched_inv_kernel<I: Isa, const N: usize>(
    isa: I,
    a: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut unhandled = Vec::new();
    let groups = a.chunks(lanes * N * N).zip(x.chunks_mut(lanes * N * N));
    for (group, (a, x)) in groups.enumerate() {
        let factors = RegisterLu::<I::Vector, N>::new(isa, a);
        let mut inverse = [[isa.splat_f64(0.0); N]; N];
        for (at, row) in inverse.iter_mut().enumerate() {
            inverse_row(isa, &factors, at, row);
        }
        deinterleave(N * N, inverse.as_flattened(), x);
        let done = factors.regular & finite(isa, inverse.as_flattened());
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(done),
            group * lanes,
            x.len() / (N * N),
            &mut unhandled,
        );
    }
    unhandled
}

/// Row `at` of the `X` of `X A = I`.
#[inline(always)]
pub(super) fn inverse_row<I: Isa, const N: usize>(
    isa: I,
    factors: &RegisterLu<I::Vector, N>,
    at: usize,
    x: &mut [I::Vector; N],
) {
    let (lu, swaps) = (&factors.lu, &factors.swaps);
    x[at] = isa.splat_f64(1.0);
    // The elements before `at` are zeros, whose sign must not change.
    for k in at..N {
        x[k] = x[k] / lu[k][k];
        for j in k + 1..N {
            x[j] = (-x[k]).mul_add(lu[k][j], x[j]);
        }
    }
    for k in (1..N).rev() {
        for j in 0..k {
            x[j] = (-x[k]).mul_add(lu[k][j], x[j]);
        }
    }
    for k in (0..N).rev() {
        for j in k + 1..N {
            let is_pivot = swaps[k].eq(isa.splat_f64(j as f64));
            let (y, z) = (x[k], x[j]);
            x[k] = I::Vector::select(is_pivot, z, y);
            x[j] = I::Vector::select(is_pivot, y, z);
        }
    }
}

#[inline(always)]
fn batched_det_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    values: &mut [I::Real],
) -> Vec<usize> {
    each_det(isa, n, a, |at, det| values[at] = rounded(det))
}

#[inline(always)]
fn batched_slogdet_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    signs: &mut [I::Real],
    logarithms: &mut [I::Real],
) -> Vec<usize> {
    each_det(isa, n, a, |at, det| {
        signs[at] = rounded(1_f64.copysign(det));
        logarithms[at] = rounded(det.abs().ln());
    })
}

/// Calls `emit` with the index of each matrix and its determinant.
#[inline(always)]
fn each_det<I: Isa>(isa: I, n: usize, a: &[I::Real], emit: impl FnMut(usize, f64)) -> Vec<usize> {
    dispatch_order!(isa, n, a: each_det_kernel(a, emit), else lu::each_det_kernel(isa, n, a, emit))
}

#[inline(always)]
fn each_det_kernel<I: Isa, const N: usize>(
    isa: I,
    a: &[I::Real],
    mut emit: impl FnMut(usize, f64),
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut unhandled = Vec::new();
    // Within these bounds the products of the pivots neither overflow nor underflow.
    let largest = isa.splat(I::Real::max_value().sqrt().sqrt());
    let smallest = isa.splat_f64(1.0) / largest;
    for (group, a) in a.chunks(lanes * N * N).enumerate() {
        let RegisterLu {
            lu,
            swaps,
            mut regular,
        } = RegisterLu::<I::Vector, N>::new(isa, a);
        let mut product = isa.splat_f64(1.0);
        for k in 0..N {
            let size = lu[k][k].abs();
            regular = regular & size.gt(smallest) & largest.gt(size);
            product = product * lu[k][k];
            let is_pivot = swaps[k].eq(isa.splat_f64(k as f64));
            product = I::Vector::select(is_pivot, product, -product);
        }
        let (first, count) = (group * lanes, a.len() / (N * N));
        let products = I::Vector::as_scalars(array::from_ref(&product));
        for (lane, &product) in products[..count].iter().enumerate() {
            emit(first + lane, product.to_f64().unwrap_or(f64::NAN));
        }
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(regular),
            first,
            count,
            &mut unhandled,
        );
    }
    unhandled
}

#[inline(always)]
fn batched_lu_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    factors: &mut [I::Real],
    pivots: &mut [i32],
) -> Vec<usize> {
    dispatch_order!(
        isa, n, a: batched_lu_kernel(a, factors, pivots),
        else lu::batched_lu_kernel(isa, n, a, factors, pivots)
    )
}

#[inline(always)]
fn batched_lu_kernel<I: Isa, const N: usize>(
    isa: I,
    a: &[I::Real],
    factors: &mut [I::Real],
    pivots: &mut [i32],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut unhandled = Vec::new();
    let groups = factors
        .chunks_mut(lanes * N * N)
        .zip(pivots.chunks_mut(lanes * N));
    for (group, (a, (to, pivots))) in a.chunks(lanes * N * N).zip(groups).enumerate() {
        let RegisterLu { lu, swaps, regular } = RegisterLu::<I::Vector, N>::new(isa, a);
        deinterleave(N * N, lu.as_flattened(), to);
        deinterleave_indices(&swaps, pivots);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(regular),
            group * lanes,
            to.len() / (N * N),
            &mut unhandled,
        );
    }
    unhandled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::kernels::small::lu;
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// More than one group of matrices: numbers without a pattern, small integers,
    /// which are often singular, zeros and ones, graded, scaled.
    fn matrices<R: SimdReal>(n: usize) -> Vec<R> {
        let element = |at: usize| {
            let spread = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let noise = (spread >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
            let x = match at / (n * n) % 5 {
                0 => (2.0 * noise).round(),
                1 => f64::from(noise > 0.0),
                2 => noise * 10_f64.powi(-3 * (at % n) as i32),
                3 => noise * 1e9,
                _ => noise,
            };
            rounded(x)
        };
        (0..(3 * MAX_LANES + 5) * n * n).map(element).collect()
    }

    /// The results are bitwise equal to those of the kernels for one matrix, except for
    /// matrices that are not handled, which are all those without regular pivots.
    fn agrees<R: SimdReal + lu::LuScalar>() {
        for n in 2..=max_order::REGISTER_LU {
            let a = matrices::<R>(n);
            let count = a.len() / (n * n);
            let [(x, unhandled_by_inv), others @ ..] = at_each(|| {
                let mut x = vec![R::zero(); a.len()];
                let unhandled = batched_inv(n, &a, &mut x);
                (x, unhandled)
            });
            for (other, unhandled) in others {
                assert_eq!(unhandled, unhandled_by_inv);
                for at in (0..count).filter(|at| !unhandled.contains(at)) {
                    assert_eq!(other[at * n * n..][..n * n], x[at * n * n..][..n * n]);
                }
            }
            let [(lu, pivots), others @ ..] = at_each(|| {
                let (mut lu, mut pivots) = (vec![R::zero(); a.len()], vec![0; count * n]);
                let unhandled = batched_lu(n, &a, &mut lu, &mut pivots);
                assert_eq!(unhandled, unhandled_by_inv);
                (lu, pivots)
            });
            for (other, other_pivots) in others {
                for at in (0..count).filter(|at| !unhandled_by_inv.contains(at)) {
                    assert_eq!(other[at * n * n..][..n * n], lu[at * n * n..][..n * n]);
                    assert_eq!(other_pivots[at * n..][..n], pivots[at * n..][..n]);
                }
            }
            let columns = [1, 3];
            let rhs = columns.map(|columns| {
                let b: Vec<R> = a
                    .iter()
                    .cycle()
                    .skip(5)
                    .take(count * n * columns)
                    .copied()
                    .collect();
                let mut x = vec![R::zero(); b.len()];
                let unhandled = batched_solve(n, columns, &a, &b, &mut x);
                assert_eq!(unhandled, unhandled_by_inv);
                (columns, b, x)
            });
            let mut found = 0;
            for at in 0..count {
                let part = |x: &[R], len: usize| x[at * len..][..len].to_vec();
                let mut factors = part(&a, n * n);
                let mut swaps = [0; max_order::LU];
                let pivot = lu::lu(n, &mut factors, &mut vec![R::zero(); n * n], &mut swaps);
                let is_left = pivot < n || n > 2 && lu::nearly_singular(n, &factors);
                assert_eq!(
                    unhandled_by_inv.contains(&at),
                    is_left,
                    "{:?}",
                    part(&a, n * n)
                );
                found += usize::from(pivot < n);
                if is_left {
                    continue;
                }
                assert_eq!(part(&lu, n * n), factors);
                let mut rows = pivots[at * n..][..n].iter().zip(&swaps);
                assert!(rows.all(|(&row, &other)| usize::try_from(row) == Ok(other)));
                let mut inverse = vec![R::zero(); n * n];
                lu::inverse_lu(n, &factors, &swaps, &mut inverse);
                assert_eq!(part(&x, n * n), inverse);
                for (columns, b, x) in &rhs {
                    let mut b = part(b, n * columns);
                    lu::solve_lu(n, &factors, &swaps, &mut b);
                    assert_eq!(part(x, n * columns), b);
                }
            }
            assert!((1..count / 2).contains(&found), "{found}");
        }
    }

    #[test]
    fn batched_and_single_results_are_bitwise_equal() {
        agrees::<f64>();
        agrees::<f32>();
    }

    #[test]
    fn irregular_matrices_are_not_handled() {
        let tiny = f64::MIN_POSITIVE / 4.0;
        for x in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            tiny,
            1.5e308,
        ] {
            let a = [x, 0.0, 0.0, 1.0, 2.0, 1.0, 1.0, 3.0];
            let mut to = [0.0; 8];
            assert_eq!(batched_inv(2, &a, &mut to), [0]);
            assert_eq!(batched_solve(2, 1, &a, &[1.0; 4], &mut to[..4]), [0]);
            assert_eq!(batched_det(2, &a, &mut to[..2]), [0]);
            assert_eq!(to[1], 5.0);
            let (signs, logarithms) = to.split_at_mut(2);
            assert_eq!(batched_slogdet(2, &a, signs, &mut logarithms[..2]), [0]);
            assert_eq!([signs[1], logarithms[1]], [1.0, 5_f64.ln()]);
            assert_eq!(batched_lu(2, &a, &mut to, &mut [0; 4]), [0]);
        }
    }
}
