//! LU of the smallest matrices, for many side by side, and what is made of it.
//!
//! The operations are those of the kernels in `lu`, in their order, so that the
//! results have the same bits. A matrix that takes another way there is left: one
//! that is not finite, or has a pivot without a reciprocal.

use scirs2_core::Real;

use super::isa::{has_fma, multiversion};
use super::lanes::{Lanes, Square, WIDTH, constant, load, sizes, store, zeros};
use super::largest;
use crate::lapack::Lapack;

/// Whether there are kernels for such matrices of that order.
pub(crate) fn has_elimination<T: Lapack>(n: usize) -> bool {
    T::reals(&[]).is_some() && has_fma() && (2..=largest::ELIMINATION).contains(&n)
}

multiversion! {
    /// Solutions of `A X = B`, with so many `columns`. The answer is which matrices
    /// are left, and so below.
    pub(crate) fn solutions<R: Real>(
        n: usize, columns: usize, a: &[R], b: &[R], x: &mut [R],
    ) -> Vec<usize> {
        match n {
            2 => solutions_of::<R, 2>(columns, a, b, x),
            3 => solutions_of::<R, 3>(columns, a, b, x),
            4 => solutions_of::<R, 4>(columns, a, b, x),
            _ => unreachable!("there is no kernel for that order"),
        }
    }

    /// Inverses.
    pub(crate) fn inverses<R: Real>(n: usize, a: &[R], x: &mut [R]) -> Vec<usize> {
        match n {
            2 => inverses_of::<R, 2>(a, x),
            3 => inverses_of::<R, 3>(a, x),
            4 => inverses_of::<R, 4>(a, x),
            _ => unreachable!("there is no kernel for that order"),
        }
    }

    /// Determinants.
    pub(crate) fn determinants<R: Real>(n: usize, a: &[R], values: &mut [R]) -> Vec<usize> {
        match n {
            2 => determinants_of::<R, 2>(a, values),
            3 => determinants_of::<R, 3>(a, values),
            4 => determinants_of::<R, 4>(a, values),
            _ => unreachable!("there is no kernel for that order"),
        }
    }
}

/// The factors of a group of matrices.
struct Factors<R, const N: usize> {
    count: usize,
    lu: Square<R, N>,
    /// The row that each row was exchanged with, as a number of the vectors' width.
    swaps: [Lanes<R>; N],
    /// Which matrices are factored, and not left.
    regular: [bool; WIDTH],
}

impl<R: Real, const N: usize> Factors<R, N> {
    #[inline(always)]
    fn new(a: &[R]) -> Self {
        let mut factors = Factors {
            count: 0,
            lu: zeros(),
            swaps: [[R::zero(); WIDTH]; N],
            regular: [true; WIDTH],
        };
        factors.count = load(a, &mut factors.lu);
        factors.keep_finite(sizes(factors.lu.as_flattened()));
        let mut sums = zeros();
        factors.step::<0>(&mut sums);
        factors.step::<1>(&mut sums);
        if N > 2 {
            factors.step::<2>(&mut sums);
        }
        if N > 3 {
            factors.step::<3>(&mut sums);
        }
        factors
    }

    #[inline(always)]
    fn keep_finite(&mut self, sizes: Lanes<R>) {
        for (regular, size) in self.regular.iter_mut().zip(sizes) {
            *regular &= size < R::infinity();
        }
    }

    /// Column `K`, and the products with it.
    #[inline(always)]
    fn step<const K: usize>(&mut self, sums: &mut Square<R, N>) {
        let a = &mut self.lu;
        for lane in 0..self.count.min(WIDTH) {
            let (mut pivot, mut most) = (R::zero(), R::zero());
            for row in K..N {
                if K > 0 {
                    a[row][K][lane] -= sums[row][K][lane];
                }
                let size = a[row][K][lane].abs();
                let number = constant(row as f64);
                (pivot, most) = if size > most {
                    (number, size)
                } else {
                    (pivot, most)
                };
            }
            self.swaps[K][lane] = pivot;
            for row in K + 1..N {
                let here = pivot == constant(row as f64);
                for column in 0..N {
                    let (x, y) = (a[K][column][lane], a[row][column][lane]);
                    a[K][column][lane] = if here { y } else { x };
                    a[row][column][lane] = if here { x } else { y };
                    if K > 0 && column > K {
                        let (x, y) = (sums[K][column][lane], sums[row][column][lane]);
                        sums[K][column][lane] = if here { y } else { x };
                        sums[row][column][lane] = if here { x } else { y };
                    }
                }
            }
            let reciprocal = R::one() / a[K][K][lane];
            let (least, size) = (R::min_positive_value(), reciprocal.abs());
            self.regular[lane] &= most >= least && size >= least && size < R::infinity();
            for column in K + 1..N {
                if K > 0 {
                    a[K][column][lane] -= sums[K][column][lane];
                }
            }
            for row in K + 1..N {
                let factor = a[row][K][lane] * reciprocal;
                a[row][K][lane] = factor;
                for column in K + 1..N {
                    let x = a[K][column][lane];
                    sums[row][column][lane] = if K > 0 {
                        factor.mul_add(x, sums[row][column][lane])
                    } else {
                        factor * x
                    };
                }
            }
        }
    }

    /// The numbers of those that are left, of which the first is `first`.
    fn left(&self, first: usize) -> impl Iterator<Item = usize> {
        let regular = self.regular;
        (0..self.count)
            .filter(move |&lane| !regular[lane])
            .map(move |lane| first + lane)
    }
}

#[inline(always)]
fn solutions_of<R: Real, const N: usize>(
    columns: usize,
    a: &[R],
    b: &[R],
    x: &mut [R],
) -> Vec<usize> {
    let mut left = Vec::new();
    let sides = b.chunks(WIDTH * N * columns);
    let sides = sides.zip(x.chunks_mut(WIDTH * N * columns));
    for (group, (a, (b, x))) in a.chunks(WIDTH * N * N).zip(sides).enumerate() {
        let factors = Factors::<R, N>::new(a);
        for column in 0..columns {
            let mut side = [[R::zero(); WIDTH]; N];
            for (lane, b) in b.chunks_exact(N * columns).take(WIDTH).enumerate() {
                for (row, side) in side.iter_mut().enumerate() {
                    side[lane] = b[row * columns + column];
                }
            }
            if columns == 1 {
                substitute::<R, N, true>(&factors, &mut side);
            } else {
                substitute::<R, N, false>(&factors, &mut side);
            }
            for (lane, x) in x.chunks_exact_mut(N * columns).take(WIDTH).enumerate() {
                for (row, side) in side.iter().enumerate() {
                    x[row * columns + column] = side[lane];
                }
            }
        }
        left.extend(factors.left(group * WIDTH));
    }
    left
}

/// Solves for one column, which if it is `ALONE` is summed up along the rows of
/// the factors, as in `lu`.
#[inline(always)]
fn substitute<R: Real, const N: usize, const ALONE: bool>(
    factors: &Factors<R, N>,
    side: &mut [Lanes<R>; N],
) {
    let (lu, swaps) = (&factors.lu, &factors.swaps);
    for lane in 0..factors.count.min(WIDTH) {
        let mut x: [R; N] = std::array::from_fn(|row| side[row][lane]);
        for k in 0..N {
            for row in k + 1..N {
                let here = swaps[k][lane] == constant(row as f64);
                (x[k], x[row]) = if here { (x[row], x[k]) } else { (x[k], x[row]) };
            }
        }
        for k in 1..N {
            let mut sum = R::zero();
            for j in 0..k {
                let factor = lu[k][j][lane];
                if ALONE {
                    sum = factor.mul_add(x[j], sum);
                } else {
                    x[k] = (-factor).mul_add(x[j], x[k]);
                }
            }
            x[k] -= sum;
        }
        for k in (0..N).rev() {
            let mut sum = R::zero();
            for j in k + 1..N {
                let factor = lu[k][j][lane];
                if ALONE {
                    sum = factor.mul_add(x[j], sum);
                }
            }
            x[k] = (x[k] - sum) / lu[k][k][lane];
            for row in 0..k {
                if !ALONE {
                    x[row] = (-lu[row][k][lane]).mul_add(x[k], x[row]);
                }
            }
        }
        for row in 0..N {
            side[row][lane] = x[row];
        }
    }
}

#[inline(always)]
fn inverses_of<R: Real, const N: usize>(a: &[R], x: &mut [R]) -> Vec<usize> {
    let mut left = Vec::new();
    let groups = a.chunks(WIDTH * N * N).zip(x.chunks_mut(WIDTH * N * N));
    for (group, (a, x)) in groups.enumerate() {
        let mut factors = Factors::<R, N>::new(a);
        let mut inverse = zeros();
        for (at, row) in inverse.iter_mut().enumerate() {
            inverse_row(&factors, at, row);
        }
        factors.keep_finite(sizes(inverse.as_flattened()));
        store(inverse.as_flattened(), x);
        left.extend(factors.left(group * WIDTH));
    }
    left
}

/// Row `at` of the `X` of `X A = I`.
#[inline(always)]
fn inverse_row<R: Real, const N: usize>(
    factors: &Factors<R, N>,
    at: usize,
    to: &mut [Lanes<R>; N],
) {
    let (lu, swaps) = (&factors.lu, &factors.swaps);
    let unit: [R; N] = std::array::from_fn(|k| if k == at { R::one() } else { R::zero() });
    for lane in 0..factors.count.min(WIDTH) {
        let mut x = unit;
        for k in 0..N {
            // Before `at` are zeros, whose sign is not to change.
            x[k] = if k < at { x[k] } else { x[k] / lu[k][k][lane] };
            for j in k + 1..N {
                x[j] = (-x[k]).mul_add(lu[k][j][lane], x[j]);
            }
        }
        for k in (1..N).rev() {
            for j in 0..k {
                x[j] = (-x[k]).mul_add(lu[k][j][lane], x[j]);
            }
        }
        for k in (0..N).rev() {
            for j in k + 1..N {
                let here = swaps[k][lane] == constant(j as f64);
                (x[k], x[j]) = if here { (x[j], x[k]) } else { (x[k], x[j]) };
            }
        }
        for k in 0..N {
            to[k][lane] = x[k];
        }
    }
}

#[inline(always)]
fn determinants_of<R: Real, const N: usize>(a: &[R], values: &mut [R]) -> Vec<usize> {
    /// Beyond it, and below its reciprocal, the product gets an exponent of its own.
    const BOUND: f64 = 1e150;
    let mut left = Vec::new();
    let groups = a.chunks(WIDTH * N * N).zip(values.chunks_mut(WIDTH));
    for (group, (a, values)) in groups.enumerate() {
        let mut factors = Factors::<R, N>::new(a);
        for (lane, value) in values.iter_mut().enumerate() {
            let mut product = 1.0;
            let mut regular = true;
            for k in 0..N {
                let pivot = factors.lu[k][k][lane].to_f64();
                product *= pivot.expect("a double takes any float");
                regular &= (1.0 / BOUND..=BOUND).contains(&f64::abs(product));
                let here = factors.swaps[k][lane] == constant(k as f64);
                product = if here { product } else { -product };
            }
            factors.regular[lane] &= regular;
            *value = constant(product);
        }
        left.extend(factors.left(group * WIDTH));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::super::lu;
    use super::*;

    /// More than one group of matrices: numbers without a pattern, of small whole
    /// numbers that are often singular, of zeros and ones, graded, scaled.
    fn matrices<R: Real>(n: usize) -> Vec<R> {
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
            constant(x)
        };
        (0..(3 * WIDTH + 5) * n * n).map(element).collect()
    }

    /// Bit for bit what the kernels for one matrix give, but for what is left,
    /// which is all that has no regular pivots.
    fn agrees<R: Real + lu::Fused>() {
        for n in 2..=largest::ELIMINATION {
            let a = matrices::<R>(n);
            let count = a.len() / (n * n);
            let mut x = vec![R::zero(); a.len()];
            let left_of_inverses = inverses(n, &a, &mut x);
            let columns = [1, 3];
            let sides = columns.map(|columns| {
                let b: Vec<R> = a
                    .iter()
                    .cycle()
                    .skip(5)
                    .take(count * n * columns)
                    .copied()
                    .collect();
                let mut x = vec![R::zero(); b.len()];
                let left = solutions(n, columns, &a, &b, &mut x);
                assert_eq!(left, left_of_inverses);
                (columns, b, x)
            });
            let mut found = 0;
            for at in 0..count {
                let part = |x: &[R], len: usize| x[at * len..][..len].to_vec();
                let mut factors = part(&a, n * n);
                let mut swaps = [0; largest::LU];
                let pivot = lu::lu(n, &mut factors, &mut vec![R::zero(); n * n], &mut swaps);
                assert_eq!(
                    left_of_inverses.contains(&at),
                    pivot < n,
                    "{:?}",
                    part(&a, n * n)
                );
                found += usize::from(pivot < n);
                if pivot < n {
                    continue;
                }
                let mut inverse = vec![R::zero(); n * n];
                lu::inverse_lu(n, &factors, &swaps, &mut inverse);
                assert_eq!(part(&x, n * n), inverse);
                for (columns, b, x) in &sides {
                    let mut b = part(b, n * columns);
                    lu::solve_lu(n, &factors, &swaps, &mut b);
                    assert_eq!(part(x, n * columns), b);
                }
            }
            assert!((1..count / 2).contains(&found), "{found}");
        }
    }

    #[test]
    fn many_together_give_what_one_gives() {
        agrees::<f64>();
        agrees::<f32>();
    }

    #[test]
    fn what_is_not_regular_is_left() {
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
            assert_eq!(inverses(2, &a, &mut to), [0]);
            assert_eq!(solutions(2, 1, &a, &[1.0; 4], &mut to[..4]), [0]);
            assert_eq!(determinants(2, &a, &mut to[..2]), [0]);
            assert_eq!(to[1], 5.0);
        }
    }
}
