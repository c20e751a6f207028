//! Solutions, inverses and determinants, by LU.
//!
//! Up to order 4 the operations are those of the kernels in `one::lu`, in the same order,
//! so that the results have the same bits. A matrix that those treat differently is
//! left: one that is not finite, or has a pivot without a reciprocal.

use std::array;

use num_traits::Float as _;

use super::{by_order, dispatched, leave, load, lu, normal, store};
use crate::kernels::largest;
use crate::simd::vector::{Isa, Vector};

dispatched! {
    /// Solutions of `A X = B`, for up to the number of `columns` that [`has_columns`]
    /// allows. Like the functions below, returns which matrices are left.
    pub(crate) fn solutions<R>(
        n: usize, columns: usize, a: &[R], b: &[R], x: &mut [R],
    ) -> Vec<usize> = solutions_in;

    /// Inverses.
    pub(crate) fn inverses<R>(n: usize, a: &[R], x: &mut [R]) -> Vec<usize> = inverses_in;

    /// Determinants.
    pub(crate) fn determinants<R>(n: usize, a: &[R], values: &mut [R]) -> Vec<usize>
        = determinants_in;
}

const COLUMNS: usize = 8;

/// Rows of vectors.
type Square<V, const N: usize> = [[V; N]; N];

/// The factors of a group of matrices.
struct Factors<V: Vector, const N: usize> {
    lu: Square<V, N>,
    /// The number of the row that each row was exchanged with.
    swaps: [V; N],
    /// Which matrices are factored, not left.
    regular: V::Mask,
}

impl<V: Vector, const N: usize> Factors<V, N> {
    /// Factors up to one matrix for each lane.
    #[inline(always)]
    fn new<I: Isa<Vector = V, Real = V::Real>>(isa: I, a: &[V::Real]) -> Self {
        let zero = isa.constant(0.0);
        let mut lu = [[zero; N]; N];
        load(N * N, a, lu.as_flattened_mut());
        let mut factors = Factors {
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
        sums: &mut Square<V, N>,
    ) {
        let a = &mut self.lu;
        let (mut pivot, mut most) = (isa.constant(K as f64), isa.constant(0.0));
        for row in K..N {
            if K > 0 {
                a[row][K] = a[row][K] - sums[row][K];
            }
            let size = a[row][K].abs();
            let larger = size.exceeds(most);
            pivot = V::pick(larger, isa.constant(row as f64), pivot);
            most = V::pick(larger, size, most);
        }
        self.swaps[K] = pivot;
        for row in K + 1..N {
            let here = pivot.equals(isa.constant(row as f64));
            for column in 0..N {
                exchange(here, a, (K, column), (row, column));
                if K > 0 && column > K {
                    exchange(here, sums, (K, column), (row, column));
                }
            }
        }
        let reciprocal = isa.constant(1.0) / a[K][K];
        self.regular = self.regular & normal(isa, most) & normal(isa, reciprocal.abs());
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
                    factor.fused(x, sums[row][column])
                } else {
                    factor * x
                };
            }
        }
    }
}

/// Exchanges two elements in the lanes of the mask.
#[inline(always)]
fn exchange<V: Vector, const N: usize>(
    here: V::Mask,
    a: &mut Square<V, N>,
    (i, j): (usize, usize),
    (k, l): (usize, usize),
) {
    let (x, y) = (a[i][j], a[k][l]);
    a[i][j] = V::pick(here, y, x);
    a[k][l] = V::pick(here, x, y);
}

/// Whether all elements are finite.
#[inline(always)]
fn finite<I: Isa>(isa: I, elements: &[I::Vector]) -> <I::Vector as Vector>::Mask {
    let mut sum = isa.constant(0.0);
    for x in elements {
        sum = sum + x.abs();
    }
    isa.splat(I::Real::infinity()).exceeds(sum)
}

#[inline(always)]
fn solutions_in<I: Isa>(
    isa: I,
    n: usize,
    columns: usize,
    a: &[I::Real],
    b: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    by_order!(
        isa, n, a: solutions_of(columns, a, b, x),
        else lu::solutions_of(isa, n, columns, a, b, x)
    )
}

#[inline(always)]
fn solutions_of<I: Isa, const N: usize>(
    isa: I,
    columns: usize,
    a: &[I::Real],
    b: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut left = Vec::new();
    let side = N * columns;
    let mut sides = [isa.constant(0.0); largest::ELIMINATION * COLUMNS];
    let groups = b.chunks(lanes * side).zip(x.chunks_mut(lanes * side));
    for (group, (a, (b, x))) in a.chunks(lanes * N * N).zip(groups).enumerate() {
        let factors = Factors::<I::Vector, N>::new(isa, a);
        load(side, b, &mut sides);
        if columns == 1 {
            substitute::<I, N, true>(isa, &factors, 1, 0, &mut sides);
        } else {
            for column in 0..columns {
                substitute::<I, N, false>(isa, &factors, columns, column, &mut sides);
            }
        }
        store(side, &sides, x);
        leave(
            lanes,
            I::Vector::bits(factors.regular),
            group * lanes,
            x.len() / side,
            &mut left,
        );
    }
    left
}

/// Solves for one column; if it is `ALONE` the sums run along the rows of the
/// factors, as in `one::lu`.
#[inline(always)]
fn substitute<I: Isa, const N: usize, const ALONE: bool>(
    isa: I,
    factors: &Factors<I::Vector, N>,
    columns: usize,
    column: usize,
    sides: &mut [I::Vector],
) {
    type Pick<I> = <I as Isa>::Vector;
    let (lu, swaps) = (&factors.lu, &factors.swaps);
    let mut x: [I::Vector; N] = array::from_fn(|row| sides[row * columns + column]);
    for k in 0..N {
        for row in k + 1..N {
            let here = swaps[k].equals(isa.constant(row as f64));
            (x[k], x[row]) = (
                Pick::<I>::pick(here, x[row], x[k]),
                Pick::<I>::pick(here, x[k], x[row]),
            );
        }
    }
    for k in 1..N {
        let mut sum = isa.constant(0.0);
        for j in 0..k {
            if ALONE {
                sum = lu[k][j].fused(x[j], sum);
            } else {
                x[k] = (-lu[k][j]).fused(x[j], x[k]);
            }
        }
        if ALONE {
            x[k] = x[k] - sum;
        }
    }
    for k in (0..N).rev() {
        if ALONE {
            let mut sum = isa.constant(0.0);
            for j in k + 1..N {
                sum = lu[k][j].fused(x[j], sum);
            }
            x[k] = x[k] - sum;
        }
        x[k] = x[k] / lu[k][k];
        for row in 0..k {
            if !ALONE {
                x[row] = (-lu[row][k]).fused(x[k], x[row]);
            }
        }
    }
    for (row, x) in x.into_iter().enumerate() {
        sides[row * columns + column] = x;
    }
}

#[inline(always)]
fn inverses_in<I: Isa>(isa: I, n: usize, a: &[I::Real], x: &mut [I::Real]) -> Vec<usize> {
    by_order!(isa, n, a: inverses_of(a, x), else lu::inverses_of(isa, n, a, x))
}

#[inline(always)]
fn inverses_of<I: Isa, const N: usize>(isa: I, a: &[I::Real], x: &mut [I::Real]) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut left = Vec::new();
    let groups = a.chunks(lanes * N * N).zip(x.chunks_mut(lanes * N * N));
    for (group, (a, x)) in groups.enumerate() {
        let factors = Factors::<I::Vector, N>::new(isa, a);
        let mut inverse = [[isa.constant(0.0); N]; N];
        for (at, row) in inverse.iter_mut().enumerate() {
            inverse_row(isa, &factors, at, row);
        }
        store(N * N, inverse.as_flattened(), x);
        let done = factors.regular & finite(isa, inverse.as_flattened());
        leave(
            lanes,
            I::Vector::bits(done),
            group * lanes,
            x.len() / (N * N),
            &mut left,
        );
    }
    left
}

/// Row `at` of the `X` of `X A = I`.
#[inline(always)]
fn inverse_row<I: Isa, const N: usize>(
    isa: I,
    factors: &Factors<I::Vector, N>,
    at: usize,
    x: &mut [I::Vector; N],
) {
    let (lu, swaps) = (&factors.lu, &factors.swaps);
    x[at] = isa.constant(1.0);
    // The elements before `at` are zeros, whose sign must not change.
    for k in at..N {
        x[k] = x[k] / lu[k][k];
        for j in k + 1..N {
            x[j] = (-x[k]).fused(lu[k][j], x[j]);
        }
    }
    for k in (1..N).rev() {
        for j in 0..k {
            x[j] = (-x[k]).fused(lu[k][j], x[j]);
        }
    }
    for k in (0..N).rev() {
        for j in k + 1..N {
            let here = swaps[k].equals(isa.constant(j as f64));
            let (y, z) = (x[k], x[j]);
            x[k] = I::Vector::pick(here, z, y);
            x[j] = I::Vector::pick(here, y, z);
        }
    }
}

#[inline(always)]
fn determinants_in<I: Isa>(isa: I, n: usize, a: &[I::Real], values: &mut [I::Real]) -> Vec<usize> {
    by_order!(
        isa, n, a: determinants_of(a, values),
        else lu::determinants_of(isa, n, a, values)
    )
}

#[inline(always)]
fn determinants_of<I: Isa, const N: usize>(
    isa: I,
    a: &[I::Real],
    values: &mut [I::Real],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let mut left = Vec::new();
    let groups = a.chunks(lanes * N * N).zip(values.chunks_mut(lanes));
    // Within these bounds the products of the pivots neither overflow nor underflow.
    let largest = isa.splat(I::Real::max_value().sqrt().sqrt());
    let smallest = isa.constant(1.0) / largest;
    for (group, (a, values)) in groups.enumerate() {
        let Factors {
            lu,
            swaps,
            mut regular,
        } = Factors::<I::Vector, N>::new(isa, a);
        let mut product = isa.constant(1.0);
        for k in 0..N {
            let size = lu[k][k].abs();
            regular = regular & size.exceeds(smallest) & largest.exceeds(size);
            product = product * lu[k][k];
            let here = swaps[k].equals(isa.constant(k as f64));
            product = I::Vector::pick(here, product, -product);
        }
        store(1, &[product], values);
        leave(
            lanes,
            I::Vector::bits(regular),
            group * lanes,
            values.len(),
            &mut left,
        );
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::many::{MOST_LANES, constant};
    use crate::kernels::one::lu;
    use crate::simd::isa::forced::at_each;
    use crate::simd::wide::Wide;

    /// More than one group of matrices: numbers without a pattern, small integers,
    /// which are often singular, zeros and ones, graded, scaled.
    fn matrices<R: Wide>(n: usize) -> Vec<R> {
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
        (0..(3 * MOST_LANES + 5) * n * n).map(element).collect()
    }

    /// The results have the same bits as those of the kernels for one matrix, except for
    /// matrices that are left, which are all those without regular pivots.
    fn agrees<R: Wide + lu::Fused>() {
        for n in 2..=largest::ELIMINATION {
            let a = matrices::<R>(n);
            let count = a.len() / (n * n);
            let [(x, left_of_inverses), others @ ..] = at_each(|| {
                let mut x = vec![R::zero(); a.len()];
                let left = inverses(n, &a, &mut x);
                (x, left)
            });
            for (other, left) in others {
                assert_eq!(left, left_of_inverses);
                for at in (0..count).filter(|at| !left.contains(at)) {
                    assert_eq!(other[at * n * n..][..n * n], x[at * n * n..][..n * n]);
                }
            }
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
