//! Cholesky factors.

use super::{deinterleave, interleave, push_unhandled, simd_dispatch, single_lane};
use crate::simd::vector::{Isa, Vector};

simd_dispatch! {
    /// Lower factors, or with `upper` the upper ones, the other triangle zero. Returns the
    /// indices of the matrices that were not handled: those that are not positive definite.
    pub(crate) fn batched_cholesky<R>(n: usize, upper: bool, a: &[R], to: &mut [R]) -> Vec<usize>
        = batched_cholesky_with_isa;
}

#[inline(always)]
fn batched_cholesky_with_isa<I: Isa>(
    isa: I,
    n: usize,
    upper: bool,
    a: &[I::Real],
    to: &mut [I::Real],
) -> Vec<usize> {
    /// Calls a kernel with the order known at compile time, and memory for one matrix.
    macro_rules! with_order {
        ($isa:expr, $n:literal) => {{
            let isa = $isa;
            let buffer = &mut [isa.splat_f64(0.0); $n * $n];
            batched_cholesky_kernel(isa, $n, upper, a, to, buffer)
        }};
    }
    match (n, a.len()) {
        (2, 4) => with_order!(single_lane(isa), 2),
        (3, 9) => with_order!(single_lane(isa), 3),
        (4, 16) => with_order!(single_lane(isa), 4),
        (2, _) => with_order!(isa, 2),
        (3, _) => with_order!(isa, 3),
        (4, _) => with_order!(isa, 4),
        _ => batched_cholesky_kernel(isa, n, upper, a, to, &mut vec![isa.splat_f64(0.0); n * n]),
    }
}

#[inline(always)]
fn batched_cholesky_kernel<I: Isa>(
    isa: I,
    n: usize,
    upper: bool,
    a: &[I::Real],
    to: &mut [I::Real],
    buffer: &mut [I::Vector],
) -> Vec<usize> {
    let len = I::Vector::LANES * n * n;
    let mut unhandled = Vec::new();
    for (group, (a, to)) in a.chunks(len).zip(to.chunks_mut(len)).enumerate() {
        interleave(n * n, a, buffer);
        let done = if upper {
            factor::<I, true>(isa, n, buffer)
        } else {
            factor::<I, false>(isa, n, buffer)
        };
        deinterleave(n * n, buffer, to);
        let (first, count) = (group * I::Vector::LANES, to.len() / (n * n));
        push_unhandled(
            I::Vector::LANES,
            I::Vector::to_bitmask(done),
            first,
            count,
            &mut unhandled,
        );
    }
    unhandled
}

/// Rows that are processed together.
const ROWS: usize = 4;

/// `L` of `A = L L^T`, column by column; with `UPPER` everything is transposed.
#[inline(always)]
fn factor<I: Isa, const UPPER: bool>(
    isa: I,
    n: usize,
    a: &mut [I::Vector],
) -> <I::Vector as Vector>::Mask {
    let zero = isa.splat_f64(0.0);
    let a = &mut a[..n * n];
    let at = |i: usize, j: usize| if UPPER { j * n + i } else { i * n + j };
    let mut done = isa.splat_f64(1.0).gt(zero);
    for j in 0..n {
        let mut pivot = a[at(j, j)];
        for k in 0..j {
            let x = a[at(j, k)];
            pivot = (-x).mul_add(x, pivot);
            a[at(k, j)] = zero;
        }
        done = done & pivot.gt(zero);
        let root = pivot.sqrt();
        a[at(j, j)] = root;
        let reciprocal = isa.splat_f64(1.0) / root;
        let mut i = j + 1;
        while i + ROWS <= n {
            let mut x = [zero; ROWS];
            for row in 0..ROWS {
                x[row] = a[at(i + row, j)];
            }
            for k in 0..j {
                let y = -a[at(j, k)];
                for row in 0..ROWS {
                    x[row] = a[at(i + row, k)].mul_add(y, x[row]);
                }
            }
            for row in 0..ROWS {
                a[at(i + row, j)] = x[row] * reciprocal;
            }
            i += ROWS;
        }
        while i < n {
            let mut x = a[at(i, j)];
            for k in 0..j {
                x = a[at(i, k)].mul_add(-a[at(j, k)], x);
            }
            a[at(i, j)] = x * reciprocal;
            i += 1;
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// `B B^T` of noise, graded, scaled, with a heavier diagonal; every seventh is
    /// indefinite. The other triangle holds NaN.
    fn matrices<R: SimdReal>(n: usize, upper: bool) -> Vec<R> {
        let mut all = Vec::new();
        for index in 0..2 * MAX_LANES + 5 {
            let grade = |i: usize| match index % 7 {
                1 => 10_f64.powi(-3 * (i % 4) as i32),
                2 => 1e9,
                3 => 1e-9,
                _ => 1.0,
            };
            let b = |i: usize, k: usize| grade(i) * noise(index * 4096 + i * n + k);
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..n).map(|k| b(i, k) * b(j, k)).sum();
                    let sum = if i == j { 1.1 * sum } else { sum };
                    let negative = index % 7 == 4 && i == n - 1 && i == j;
                    let x = if negative { -sum } else { sum };
                    let read = if upper { i <= j } else { i >= j };
                    all.push(if read { rounded(x) } else { R::nan() });
                }
            }
        }
        all
    }

    fn is_right<R: SimdReal + Into<f64>>() {
        let eps: f64 = R::epsilon().into();
        for n in 1..=64 {
            for upper in [false, true] {
                let a = matrices::<R>(n, upper);
                let [(unhandled, factors), others @ ..] = at_each(|| {
                    let mut to = vec![R::zero(); a.len()];
                    (batched_cholesky(n, upper, &a, &mut to), to)
                });
                for (index, l) in factors.chunks(n * n).enumerate() {
                    assert!(index % 7 != 4 || unhandled.contains(&index));
                    if unhandled.contains(&index) {
                        continue;
                    }
                    for (other_unhandled, other) in &others {
                        assert_eq!(*other_unhandled, unhandled);
                        assert_eq!(other[index * n * n..][..n * n], *l);
                    }
                    let a = &a[index * n * n..][..n * n];
                    let l = |i: usize, k: usize| -> f64 {
                        let (i, k) = if upper { (k, i) } else { (i, k) };
                        l[i * n + k].into()
                    };
                    for i in 0..n {
                        assert!((i + 1..n).all(|k| l(i, k) == 0.0));
                        for j in 0..=i {
                            let x = if upper { a[j * n + i] } else { a[i * n + j] };
                            let sum: f64 = (0..n).map(|k| l(i, k) * l(j, k)).sum();
                            let size: f64 = (0..n).map(|k| (l(i, k) * l(j, k)).abs()).sum();
                            let off = (sum - x.into()).abs();
                            assert!(off <= (n + 3) as f64 * eps * size, "{off} of {size}");
                        }
                    }
                }
                assert!(
                    unhandled.iter().all(|index| index % 7 == 4),
                    "{unhandled:?}"
                );
            }
        }
    }

    #[test]
    fn factors_are_right_for_every_instruction_set() {
        is_right::<f64>();
        is_right::<f32>();
    }
}
