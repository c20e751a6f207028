//! Least squares with at least as many equations as unknowns: `R` by reflections, and its
//! singular values by rotations.

use super::householder::BatchedHouseholder;
use super::jacobi::{orthogonalize, safe_range, sort_lanes};
use super::{deinterleave, interleave, padded_stride, push_unhandled, simd_dispatch, single_lane};
use crate::simd::vector::{Isa, Vector};

simd_dispatch! {
    /// Solutions of problems of the shape `m`, `n` and number of right-hand sides; the
    /// residual sums of squares, if `m` is greater than `n`; and the singular values, the
    /// largest first. Returns the indices of the problems that were not handled: those whose
    /// smallest singular value does not exceed `rcond` times the largest.
    pub(crate) fn batched_lstsq<R>(
        shape: [usize; 3], rcond: R, a: &[R], b: &[R], found: LstsqResults<'_, R>,
    ) -> Vec<usize> = batched_lstsq_with_isa;
}

/// The outputs of [`batched_lstsq`].
pub(crate) struct LstsqResults<'a, R> {
    pub(crate) x: &'a mut [R],
    pub(crate) residuals: &'a mut [R],
    pub(crate) values: &'a mut [R],
}

#[inline(always)]
fn batched_lstsq_with_isa<I: Isa>(
    isa: I,
    shape: [usize; 3],
    rcond: I::Real,
    a: &[I::Real],
    b: &[I::Real],
    found: LstsqResults<'_, I::Real>,
) -> Vec<usize> {
    if a.len() == shape[0] * shape[1] {
        return batched_lstsq_kernel(single_lane(isa), shape, rcond, a, b, found);
    }
    batched_lstsq_kernel(isa, shape, rcond, a, b, found)
}

#[inline(always)]
fn batched_lstsq_kernel<I: Isa>(
    isa: I,
    [m, n, nrhs]: [usize; 3],
    rcond: I::Real,
    a: &[I::Real],
    b: &[I::Real],
    found: LstsqResults<'_, I::Real>,
) -> Vec<usize> {
    let (lanes, zero) = (I::Vector::LANES, isa.splat_f64(0.0));
    let (least, most) = safe_range(isa);
    let rcond = isa.splat(rcond);
    let mut unhandled = Vec::new();
    let mut reflectors = BatchedHouseholder::new(isa, m, n);
    let mut rows = vec![zero; n * n];
    let (mut rhs, mut x) = (vec![zero; m * nrhs], vec![zero; n * nrhs]);
    let (mut values, mut residuals) = (vec![zero; n], vec![zero; nrhs]);
    let problems = a.chunks(lanes * m * n).zip(b.chunks(lanes * m * nrhs));
    for (group, (a, b)) in problems.enumerate() {
        let (first, count) = (group * lanes, a.len() / (m * n));
        interleave(m * nrhs, b, &mut rhs);
        let mut sum = zero;
        for x in &rhs {
            sum = sum + x.abs();
        }
        // LAPACK propagates values that are not finite.
        let mut done = most.gt(sum) & reflectors.factor(a, nrhs, &mut rhs);
        let upper = rows
            .chunks_exact_mut(n)
            .zip(reflectors.a.chunks_exact(padded_stride(n)));
        for (row, (to, from)) in upper.enumerate() {
            to[..row].fill(zero);
            to[row..].copy_from_slice(&from[row..n]);
        }
        let mut size = zero;
        for x in &rows {
            size = size + x.abs();
        }
        let (upper, rest) = rhs.split_at_mut(n * nrhs);
        done = done & orthogonalize(isa, n, &mut rows, Some((nrhs, &mut *upper)));
        x.fill(zero);
        for (i, value) in values.iter_mut().enumerate() {
            let row = &rows[i * n..][..n];
            let mut square = zero;
            for &x in row {
                square = x.mul_add(x, square);
            }
            *value = square.sqrt();
            let reciprocal = isa.splat_f64(1.0) / *value;
            for (&element, x) in row.iter().zip(x.chunks_exact_mut(nrhs)) {
                let direction = element * reciprocal;
                for (x, &y) in x.iter_mut().zip(&upper[i * nrhs..]) {
                    *x = direction.mul_add(y * reciprocal, *x);
                }
            }
        }
        sort_lanes(n, true, &mut values, &mut []);
        let smallest = values[n - 1];
        done = done & smallest.gt(rcond * values[0]) & smallest.gt(least) & most.gt(size);
        deinterleave(
            n * nrhs,
            &x,
            &mut found.x[first * n * nrhs..][..count * n * nrhs],
        );
        deinterleave(n, &values, &mut found.values[first * n..][..count * n]);
        if m > n {
            residuals.fill(zero);
            for row in rest.chunks_exact(nrhs) {
                for (sum, &x) in residuals.iter_mut().zip(row) {
                    *sum = x.mul_add(x, *sum);
                }
            }
            let to = &mut found.residuals[first * nrhs..][..count * nrhs];
            deinterleave(nrhs, &residuals, to);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// Noise, scaled, graded along columns; every fifth has two columns alike, every
    /// seventh an infinity.
    fn matrices<R: SimdReal>(m: usize, n: usize) -> Vec<R> {
        let mut all = Vec::new();
        for index in 0..MAX_LANES + 9 {
            for i in 0..m {
                for j in 0..n {
                    let alike = index % 5 == 4 && j == n - 1;
                    let x = noise(index * 4096 + i * n + if alike { 0 } else { j });
                    all.push(rounded(match index % 7 {
                        1 => x * 1e9,
                        2 => x * 1e-9,
                        3 if index % 5 != 4 => x * 10_f64.powi(-((j % 3) as i32)),
                        6 if i == 0 => f64::INFINITY,
                        _ => x,
                    }));
                }
            }
        }
        all
    }

    fn is_right<R: SimdReal + Into<f64>>(m: usize, n: usize, nrhs: usize) {
        let eps: f64 = R::epsilon().into();
        let a = matrices::<R>(m, n);
        let count = a.len() / (m * n);
        let b: Vec<R> = (0..count * m * nrhs)
            .map(|at| rounded(noise(at + 9)))
            .collect();
        let rcond = R::epsilon() * rounded(m as f64);
        let [found, others @ ..] = at_each(|| {
            let mut x = vec![R::zero(); count * n * nrhs];
            let mut residuals = vec![R::zero(); if m > n { count * nrhs } else { 0 }];
            let mut values = vec![R::zero(); count * n];
            let shape = [m, n, nrhs];
            let found = LstsqResults {
                x: &mut x,
                residuals: &mut residuals,
                values: &mut values,
            };
            let unhandled = batched_lstsq(shape, rcond, &a, &b, found);
            (unhandled, x, residuals, values)
        });
        let (unhandled, x, residuals, values) = &found;
        let must = |at: &usize| n > 1 && at % 5 == 4 || at % 7 == 6;
        assert!(
            (0..count).filter(must).all(|at| unhandled.contains(&at)),
            "{unhandled:?}"
        );
        assert!(unhandled.len() <= count / 2, "{unhandled:?}");
        for at in (0..count).filter(|at| !unhandled.contains(at)) {
            for other in &others {
                assert_eq!(other.0, *unhandled);
                assert_eq!(
                    other.1[at * n * nrhs..][..n * nrhs],
                    x[at * n * nrhs..][..n * nrhs]
                );
            }
            let a = |i: usize, j: usize| -> f64 { a[at * m * n + i * n + j].into() };
            let value = |i: usize| -> f64 { values[at * n + i].into() };
            // All are there, and the sums of squares are those of the elements.
            let squares: f64 = (0..m)
                .flat_map(|i| (0..n).map(move |j| (i, j)))
                .map(|(i, j)| a(i, j).powi(2))
                .sum();
            let found: f64 = (0..n).map(|i| value(i).powi(2)).sum();
            assert!((found - squares).abs() <= 8.0 * (m + n) as f64 * eps * squares);
            assert!((1..n).all(|i| value(i) <= value(i - 1)));
            for side in 0..nrhs {
                let b = |i: usize| -> f64 { b[(at * m + i) * nrhs + side].into() };
                let x = |j: usize| -> f64 { x[(at * n + j) * nrhs + side].into() };
                let rest: Vec<f64> = (0..m)
                    .map(|i| b(i) - (0..n).map(|j| a(i, j) * x(j)).sum::<f64>())
                    .collect();
                let length =
                    |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
                let size = length(&mut (0..m).map(b)) + value(0) * length(&mut (0..n).map(x));
                for j in 0..n {
                    // The residual is orthogonal to every column.
                    let product: f64 = (0..m).map(|i| a(i, j) * rest[i]).sum();
                    let bound = 4.0 * (m + n) as f64 * eps * value(0) * size;
                    assert!(product.abs() <= bound, "{m} {n} {nrhs} {at}: {product}");
                }
                if m > n {
                    let residual: f64 = residuals[at * nrhs + side].into();
                    let expected = length(&mut rest.iter().copied());
                    let off = (residual.sqrt() - expected).abs();
                    assert!(off <= 4.0 * (m + n) as f64 * eps * size, "{off}");
                }
            }
        }
    }

    #[test]
    fn solutions_are_right_for_every_instruction_set() {
        for (m, n) in [
            (1, 1),
            (4, 1),
            (2, 2),
            (3, 2),
            (4, 4),
            (8, 4),
            (7, 5),
            (32, 16),
            (33, 32),
        ] {
            for nrhs in [1, n] {
                is_right::<f64>(m, n, nrhs);
                is_right::<f32>(m, n, nrhs);
            }
        }
    }
}
