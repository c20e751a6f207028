//! Cholesky factors.

use super::{alone, dispatched, leave, load, store};
use crate::simd::vector::{Isa, Vector};

dispatched! {
    /// Lower factors, or with `upper` the upper ones, the other triangle zero. Returns
    /// which matrices are left: those that are not positive definite.
    pub(crate) fn factors<R>(n: usize, upper: bool, a: &[R], to: &mut [R]) -> Vec<usize>
        = factors_in;
}

#[inline(always)]
fn factors_in<I: Isa>(
    isa: I,
    n: usize,
    upper: bool,
    a: &[I::Real],
    to: &mut [I::Real],
) -> Vec<usize> {
    /// Calls a kernel with the order known at compile time, and memory for one matrix.
    macro_rules! of_order {
        ($isa:expr, $n:literal) => {{
            let isa = $isa;
            let space = &mut [isa.constant(0.0); $n * $n];
            factors_of(isa, $n, upper, a, to, space)
        }};
    }
    match (n, a.len()) {
        (2, 4) => of_order!(alone(isa), 2),
        (3, 9) => of_order!(alone(isa), 3),
        (4, 16) => of_order!(alone(isa), 4),
        (2, _) => of_order!(isa, 2),
        (3, _) => of_order!(isa, 3),
        (4, _) => of_order!(isa, 4),
        _ => factors_of(isa, n, upper, a, to, &mut vec![isa.constant(0.0); n * n]),
    }
}

#[inline(always)]
fn factors_of<I: Isa>(
    isa: I,
    n: usize,
    upper: bool,
    a: &[I::Real],
    to: &mut [I::Real],
    space: &mut [I::Vector],
) -> Vec<usize> {
    let len = I::Vector::LANES * n * n;
    let mut left = Vec::new();
    for (group, (a, to)) in a.chunks(len).zip(to.chunks_mut(len)).enumerate() {
        load(n * n, a, space);
        let done = if upper {
            factor::<I, true>(isa, n, space)
        } else {
            factor::<I, false>(isa, n, space)
        };
        store(n * n, space, to);
        let (first, count) = (group * I::Vector::LANES, to.len() / (n * n));
        leave(
            I::Vector::LANES,
            I::Vector::bits(done),
            first,
            count,
            &mut left,
        );
    }
    left
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
    let zero = isa.constant(0.0);
    let a = &mut a[..n * n];
    let at = |i: usize, j: usize| if UPPER { j * n + i } else { i * n + j };
    let mut done = isa.constant(1.0).exceeds(zero);
    for j in 0..n {
        let mut pivot = a[at(j, j)];
        for k in 0..j {
            let x = a[at(j, k)];
            pivot = (-x).fused(x, pivot);
            a[at(k, j)] = zero;
        }
        done = done & pivot.exceeds(zero);
        let root = pivot.sqrt();
        a[at(j, j)] = root;
        let reciprocal = isa.constant(1.0) / root;
        let mut i = j + 1;
        while i + ROWS <= n {
            let mut x = [zero; ROWS];
            for row in 0..ROWS {
                x[row] = a[at(i + row, j)];
            }
            for k in 0..j {
                let y = -a[at(j, k)];
                for row in 0..ROWS {
                    x[row] = a[at(i + row, k)].fused(y, x[row]);
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
                x = a[at(i, k)].fused(-a[at(j, k)], x);
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
    use crate::kernels::many::{MOST_LANES, constant};
    use crate::simd::isa::forced::at_each;
    use crate::simd::wide::Wide;

    /// `B B^T` of noise, graded, scaled, with a heavier diagonal; every seventh is
    /// indefinite. The other triangle holds NaN.
    fn matrices<R: Wide>(n: usize, upper: bool) -> Vec<R> {
        let mut all = Vec::new();
        for number in 0..2 * MOST_LANES + 5 {
            let grade = |i: usize| match number % 7 {
                1 => 10_f64.powi(-3 * (i % 4) as i32),
                2 => 1e9,
                3 => 1e-9,
                _ => 1.0,
            };
            let b = |i: usize, k: usize| grade(i) * noise(number * 4096 + i * n + k);
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..n).map(|k| b(i, k) * b(j, k)).sum();
                    let sum = if i == j { 1.1 * sum } else { sum };
                    let negative = number % 7 == 4 && i == n - 1 && i == j;
                    let x = if negative { -sum } else { sum };
                    let read = if upper { i <= j } else { i >= j };
                    all.push(if read { constant(x) } else { R::nan() });
                }
            }
        }
        all
    }

    fn is_right<R: Wide + Into<f64>>() {
        let eps: f64 = R::epsilon().into();
        for n in 1..=64 {
            for upper in [false, true] {
                let a = matrices::<R>(n, upper);
                let [(left, factors), others @ ..] = at_each(|| {
                    let mut to = vec![R::zero(); a.len()];
                    (factors(n, upper, &a, &mut to), to)
                });
                for (number, l) in factors.chunks(n * n).enumerate() {
                    assert!(number % 7 != 4 || left.contains(&number));
                    if left.contains(&number) {
                        continue;
                    }
                    for (other_left, other) in &others {
                        assert_eq!(*other_left, left);
                        assert_eq!(other[number * n * n..][..n * n], *l);
                    }
                    let a = &a[number * n * n..][..n * n];
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
                assert!(left.iter().all(|number| number % 7 == 4), "{left:?}");
            }
        }
    }

    #[test]
    fn factors_are_right_for_every_instruction_set() {
        is_right::<f64>();
        is_right::<f32>();
    }
}
