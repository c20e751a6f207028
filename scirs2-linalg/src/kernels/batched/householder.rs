//! QR factors, by reflections `H = I - tau v v^T`.
//!
//! The algorithms and the signs are those of LAPACK's `geqr2` and `org2r`. A matrix is not
//! handled if it is not finite, or if the squares of a column may overflow or underflow.

use std::ops::Range;

use num_traits::Float as _;

use super::{
    deinterleave, deinterleave_rows, interleave_rows, padded_stride, push_unhandled, simd_dispatch,
};
use crate::simd::vector::{Isa, Mask, Vector};

simd_dispatch! {
    /// `A = Q R`, of shape `m`, `n`, `k`: `Q` has `k` columns and `R` has `k` rows, where `k`
    /// is the smaller of `m` and `n`, or `m`. Returns the indices of the matrices that were
    /// not handled.
    pub(crate) fn batched_qr<R>(
        shape: [usize; 3], a: &[R], q: &mut [R], r: &mut [R],
    ) -> Vec<usize> = batched_qr_with_isa;
}

#[inline(always)]
fn batched_qr_with_isa<I: Isa>(
    isa: I,
    shape: [usize; 3],
    a: &[I::Real],
    q: &mut [I::Real],
    r: &mut [I::Real],
) -> Vec<usize> {
    match shape {
        [2, 2, 2] => batched_qr_kernel(isa, [2, 2, 2], a, q, r),
        [3, 3, 3] => batched_qr_kernel(isa, [3, 3, 3], a, q, r),
        [4, 4, 4] => batched_qr_kernel(isa, [4, 4, 4], a, q, r),
        shape => batched_qr_kernel(isa, shape, a, q, r),
    }
}

#[inline(always)]
fn batched_qr_kernel<I: Isa>(
    isa: I,
    [m, n, k]: [usize; 3],
    a: &[I::Real],
    to_q: &mut [I::Real],
    to_r: &mut [I::Real],
) -> Vec<usize> {
    let (lanes, zero) = (I::Vector::LANES, isa.splat_f64(0.0));
    let mut unhandled = Vec::new();
    let mut reflectors = BatchedHouseholder::new(isa, m, n);
    let (mut q, mut r) = (vec![zero; m * padded_stride(k)], vec![zero; k * n]);
    let outputs = std::iter::zip(
        to_q.chunks_mut(lanes * m * k),
        to_r.chunks_mut(lanes * k * n),
    );
    for (group, (a, (to_q, to_r))) in a.chunks(lanes * m * n).zip(outputs).enumerate() {
        let done = reflectors.factor(a, 0, &mut []);
        let rows = r
            .chunks_exact_mut(n)
            .zip(reflectors.a.chunks_exact(padded_stride(n)));
        for (row, (to, from)) in rows.enumerate() {
            let start = row.min(n);
            to[start..].copy_from_slice(&from[start..n]);
        }
        q.fill(zero);
        for row in 0..k {
            q[row * padded_stride(k) + row] = isa.splat_f64(1.0);
        }
        for column in (0..m.min(n)).rev() {
            reflectors.apply(column, column..k, padded_stride(k), &mut q);
        }
        deinterleave_rows(k, m, &q, to_q);
        deinterleave(k * n, &r, to_r);
        let (first, count) = (group * lanes, a.len() / (m * n));
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(done),
            first,
            count,
            &mut unhandled,
        );
    }
    unhandled
}

/// The reflections of a group of matrices, in memory that is reused.
pub(super) struct BatchedHouseholder<I: Isa> {
    isa: I,
    m: usize,
    n: usize,
    /// `R` on and above the diagonal, in rows that are [`padded_stride`] apart; the elements below
    /// are not read.
    pub(super) a: Vec<I::Vector>,
    /// The vectors, each without its first element, which is one.
    vectors: Vec<I::Vector>,
    taus: Vec<I::Vector>,
}

impl<I: Isa> BatchedHouseholder<I> {
    #[inline(always)]
    pub(super) fn new(isa: I, m: usize, n: usize) -> Self {
        let zeros = |len| vec![isa.splat_f64(0.0); len];
        BatchedHouseholder {
            isa,
            m,
            n,
            a: zeros(m * padded_stride(n)),
            vectors: zeros(m * m.min(n)),
            taus: zeros(m.min(n)),
        }
    }

    /// Factors up to one matrix per lane, and applies the reflections to `columns` right-hand
    /// sides. Returns the lanes in which it succeeded.
    #[inline(always)]
    pub(super) fn factor(
        &mut self,
        from: &[I::Real],
        columns: usize,
        rhs: &mut [I::Vector],
    ) -> Mask<I> {
        let (isa, m, n) = (self.isa, self.m, self.n);
        let step = padded_stride(n);
        interleave_rows(n, m, from, &mut self.a);
        let (zero, one) = (isa.splat_f64(0.0), isa.splat_f64(1.0));
        // Bounds for squared lengths within which no significant term is lost.
        let margin = I::Real::epsilon() * I::Real::epsilon();
        let min_square = isa.splat(I::Real::min_positive_value() / margin);
        let max_square = isa.splat(I::Real::max_value() * margin);
        let mut done = !zero.gt(zero);
        for k in 0..m.min(n) {
            let (rows, vector) = (
                &mut self.a[k * step..],
                &mut self.vectors[k * m..][..m - k - 1],
            );
            let (first, others) = rows.split_at_mut(step);
            let alpha = first[k];
            let (mut square, mut size) = (zero, zero);
            for (to, row) in vector.iter_mut().zip(others.chunks_exact(step)) {
                *to = row[k];
                square = row[k].mul_add(row[k], square);
                size = size + row[k].abs();
            }
            square = alpha.mul_add(alpha, square);
            // The column is zero below the diagonal.
            let skip = size.eq(zero);
            let fits = square.gt(min_square) & max_square.gt(square);
            done = done & (fits | (skip & alpha.eq(zero)));
            let beta = -square.sqrt().copysign(alpha);
            let tau = I::Vector::select(skip, zero, (beta - alpha) / beta);
            let scale = one / (alpha - beta);
            for x in vector.iter_mut() {
                *x = I::Vector::select(skip, zero, *x * scale);
            }
            first[k] = I::Vector::select(skip, alpha, beta);
            self.taus[k] = tau;
            reflect(isa, vector, tau, k + 1..n, step, rows);
            if columns > 0 {
                self.apply(k, 0..columns, columns, rhs);
            }
        }
        done
    }

    /// Reflects the columns of a matrix, whose rows are `step` apart, by vector `k`.
    #[inline(always)]
    pub(super) fn apply(&self, k: usize, columns: Range<usize>, step: usize, to: &mut [I::Vector]) {
        let vector = &self.vectors[k * self.m..][..self.m - k - 1];
        let rows = &mut to[k * step..];
        reflect(self.isa, vector, self.taus[k], columns, step, rows);
    }
}

/// Columns that are reflected together.
const COLUMNS: usize = 4;

/// Reflects columns of rows that are `step` apart.
#[inline(always)]
fn reflect<I: Isa>(
    isa: I,
    vector: &[I::Vector],
    tau: I::Vector,
    columns: Range<usize>,
    step: usize,
    rows: &mut [I::Vector],
) {
    let mut column = columns.start;
    while column + COLUMNS <= columns.end {
        reflect_columns::<I, COLUMNS>(isa, vector, tau, column, step, rows);
        column += COLUMNS;
    }
    while column < columns.end {
        reflect_columns::<I, 1>(isa, vector, tau, column, step, rows);
        column += 1;
    }
}

#[inline(always)]
fn reflect_columns<I: Isa, const COUNT: usize>(
    isa: I,
    vector: &[I::Vector],
    tau: I::Vector,
    column: usize,
    step: usize,
    rows: &mut [I::Vector],
) {
    let (first, others) = rows.split_at_mut(step);
    let first = &mut first[column..][..COUNT];
    let mut sums = [isa.splat_f64(0.0); COUNT];
    sums.copy_from_slice(first);
    for (&v, row) in vector.iter().zip(others.chunks_exact(step)) {
        for (sum, &x) in sums.iter_mut().zip(&row[column..][..COUNT]) {
            *sum = v.mul_add(x, *sum);
        }
    }
    for (sum, x) in sums.iter_mut().zip(first) {
        *sum = tau * *sum;
        *x = *x - *sum;
    }
    for (&v, row) in vector.iter().zip(others.chunks_exact_mut(step)) {
        let minus = -v;
        for (x, &sum) in row[column..][..COUNT].iter_mut().zip(&sums) {
            *x = minus.mul_add(sum, *x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// Noise, graded along columns, with a column of zeros, with a column that needs no
    /// reflection, scaled; every seventh has a NaN.
    fn matrices<R: SimdReal>(m: usize, n: usize) -> Vec<R> {
        let mut all = Vec::new();
        for index in 0..MAX_LANES + 9 {
            for i in 0..m {
                for j in 0..n {
                    let x = noise(index * 4096 + i * n + j);
                    all.push(rounded(match index % 7 {
                        1 => x * 10_f64.powi(-3 * (j % 4) as i32),
                        2 if j == n / 2 => 0.0,
                        3 if j == 0 => f64::from(i == 0) * -2.0,
                        4 => x * 1e9,
                        5 => x * 1e-9,
                        6 if i == m - 1 => f64::NAN,
                        _ => x,
                    }));
                }
            }
        }
        all
    }

    fn is_right<R: SimdReal + Into<f64>>(m: usize, n: usize, k: usize) {
        let eps: f64 = R::epsilon().into();
        let a = matrices::<R>(m, n);
        let count = a.len() / (m * n);
        let [(unhandled, q, r), others @ ..] = at_each(|| {
            let (mut q, mut r) = (
                vec![R::zero(); count * m * k],
                vec![R::zero(); count * k * n],
            );
            (batched_qr([m, n, k], &a, &mut q, &mut r), q, r)
        });
        let expected: Vec<usize> = (0..count).filter(|at| at % 7 == 6).collect();
        assert_eq!(unhandled, expected);
        let bound = (2 * m + 4) as f64 * eps;
        for at in (0..count).filter(|at| !unhandled.contains(at)) {
            for other in &others {
                assert_eq!(other.1[at * m * k..][..m * k], q[at * m * k..][..m * k]);
                assert_eq!(other.2[at * k * n..][..k * n], r[at * k * n..][..k * n]);
            }
            let q = |i: usize, j: usize| -> f64 { q[at * m * k + i * k + j].into() };
            let r = |i: usize, j: usize| -> f64 { r[at * k * n + i * n + j].into() };
            for j in 0..n {
                assert!((j + 1..k).all(|i| r(i, j) == 0.0));
                let length: f64 = (0..k).map(|i| r(i, j) * r(i, j)).sum::<f64>().sqrt();
                for i in 0..m {
                    let product: f64 = (0..k).map(|l| q(i, l) * r(l, j)).sum();
                    let expected: f64 = a[at * m * n + i * n + j].into();
                    assert!(
                        (product - expected).abs() <= bound * length,
                        "{m} {n} {k} {at}"
                    );
                }
            }
            for i in 0..k {
                for j in 0..k {
                    let product: f64 = (0..m).map(|l| q(l, i) * q(l, j)).sum();
                    let one = f64::from(i == j);
                    assert!((product - one).abs() <= bound, "{m} {n} {k} {at}");
                }
            }
        }
    }

    #[test]
    fn factors_are_right_for_every_instruction_set() {
        let square = (1..=9).flat_map(|m| (1..=9).map(move |n| (m, n)));
        for (m, n) in square.chain([(32, 5), (5, 32), (16, 16), (32, 32), (17, 16)]) {
            for k in [m.min(n), m] {
                is_right::<f64>(m, n, k);
                is_right::<f32>(m, n, k);
            }
        }
    }

    #[test]
    fn overflowing_squares_are_not_handled() {
        for x in [f64::NAN, f64::INFINITY, 1e200, 1e-200] {
            let a = [x, x, x, x, 1.0, 2.0, 3.0, 4.0];
            let (mut q, mut r) = ([0.0; 8], [0.0; 8]);
            assert_eq!(batched_qr([2, 2, 2], &a, &mut q, &mut r), [0]);
        }
    }
}
