//! LU of small matrices, with rows in memory, and operations that use it.
//!
//! Whatever row a matrix exchanges for its pivot, all matrices of a group do the same work:
//! the row is selected from all rows by comparing numbers. The order of operations is not
//! OpenBLAS's, so a matrix is not handled if rounding may have kept it from being singular.

use num_traits::{Float as _, ToPrimitive as _};

use super::{deinterleave, deinterleave_indices, interleave, is_normal, push_unhandled};
use crate::kernels::max_order;
use crate::simd::vector::{Isa, Mask, Vector};

/// The factors of a group of matrices, in memory that is reused.
struct MemoryLu<I: Isa> {
    isa: I,
    n: usize,
    /// `U`, and below its diagonal `L`, if it is kept.
    lu: Vec<I::Vector>,
    /// The reciprocals of the diagonal of `U`.
    reciprocals: Vec<I::Vector>,
    /// The index of the row that each row was swapped with.
    swaps: Vec<I::Vector>,
    /// The pivot's row.
    pivot_row: Vec<I::Vector>,
    /// The pivot's row of the right-hand sides.
    pivot_rhs: Vec<I::Vector>,
    /// The largest magnitude in the finished rows of each column.
    most: Vec<I::Vector>,
}

impl<I: Isa> MemoryLu<I> {
    #[inline(always)]
    fn new(isa: I, n: usize, columns: usize) -> Self {
        let zeros = |len| vec![isa.splat_f64(0.0); len];
        MemoryLu {
            isa,
            n,
            lu: zeros(n * n),
            reciprocals: zeros(n),
            swaps: zeros(n),
            pivot_row: zeros(n),
            pivot_rhs: zeros(columns),
            most: zeros(n),
        }
    }

    /// Factors up to one matrix per lane, and applies the same operations to the rows of their
    /// right-hand sides; with `KEEP`, `L` is kept. Returns the lanes in which it succeeded.
    #[inline(always)]
    fn factor<const KEEP: bool>(&mut self, a: &[I::Real], rhs: &mut [I::Vector]) -> Mask<I> {
        /// A multiple of the rounding error of a sum of one product for each row.
        const ROUNDINGS: f64 = 64.0;
        let (isa, n, columns) = (self.isa, self.n, self.pivot_rhs.len());
        interleave(n * n, a, &mut self.lu);
        let zero = isa.splat_f64(0.0);
        let part = isa.splat(I::Real::epsilon()) * isa.splat_f64(ROUNDINGS * n as f64);
        let mut sum = zero;
        for x in &self.lu {
            sum = sum + x.abs();
        }
        let mut done = isa.splat(I::Real::infinity()).gt(sum);
        self.most.fill(zero);
        for k in 0..n {
            let (mut pivot, mut most) = (isa.splat_f64(k as f64), zero);
            for (index, row) in self.lu.chunks_exact(n).enumerate().skip(k) {
                let size = row[k].abs();
                let larger = size.gt(most);
                pivot = I::Vector::select(larger, isa.splat_f64(index as f64), pivot);
                most = I::Vector::select(larger, size, most);
            }
            self.swaps[k] = pivot;
            let first = if KEEP { 0 } else { k };
            self.select_pivot_row(k, first, pivot, rhs);
            let reciprocal = isa.splat_f64(1.0) / self.pivot_row[k];
            self.reciprocals[k] = reciprocal;
            done = done
                & is_normal(isa, most)
                & is_normal(isa, reciprocal.abs())
                & most.gt(part * self.most[k]);
            for (most, x) in self.most.iter_mut().zip(&self.pivot_row) {
                let size = x.abs();
                *most = I::Vector::select(size.gt(*most), size, *most);
            }
            let (above, below) = self.lu.split_at_mut((k + 1) * n);
            let (rhs_above, rhs_below) = rhs.split_at_mut((k + 1) * columns);
            let (old, old_rhs) = (&mut above[k * n..][..n], &mut rhs_above[k * columns..]);
            for (at, row) in below.chunks_exact_mut(n).enumerate() {
                let is_pivot = pivot.eq(isa.splat_f64((k + 1 + at) as f64));
                if KEEP {
                    for (x, &old) in row[..k].iter_mut().zip(&old[..k]) {
                        *x = I::Vector::select(is_pivot, old, *x);
                    }
                }
                let factor = I::Vector::select(is_pivot, old[k], row[k]) * reciprocal;
                row[k] = factor;
                let minus = -factor;
                eliminate(
                    is_pivot,
                    minus,
                    &old[k + 1..],
                    &self.pivot_row[k + 1..],
                    &mut row[k + 1..],
                );
                if columns > 0 {
                    let rhs_row = &mut rhs_below[at * columns..][..columns];
                    eliminate(is_pivot, minus, old_rhs, &self.pivot_rhs, rhs_row);
                }
            }
            old[first..].copy_from_slice(&self.pivot_row[first..]);
            old_rhs.copy_from_slice(&self.pivot_rhs);
        }
        done
    }

    /// Selects the pivot's row from those from `k` on, from its element `first` on.
    #[inline(always)]
    fn select_pivot_row(&mut self, k: usize, first: usize, pivot: I::Vector, rhs: &[I::Vector]) {
        let (isa, n, columns) = (self.isa, self.n, self.pivot_rhs.len());
        self.pivot_row[first..].copy_from_slice(&self.lu[k * n + first..][..n - first]);
        self.pivot_rhs
            .copy_from_slice(&rhs[k * columns..][..columns]);
        for (index, row) in self.lu.chunks_exact(n).enumerate().skip(k + 1) {
            let is_pivot = pivot.eq(isa.splat_f64(index as f64));
            for (to, &x) in self.pivot_row[first..].iter_mut().zip(&row[first..]) {
                *to = I::Vector::select(is_pivot, x, *to);
            }
            for (to, &x) in self.pivot_rhs.iter_mut().zip(&rhs[index * columns..]) {
                *to = I::Vector::select(is_pivot, x, *to);
            }
        }
    }
}

/// Adds a multiple of the pivot's row to a row, which in lanes whose pivot was here is
/// the `old` one.
#[inline(always)]
fn eliminate<V: Vector>(is_pivot: V::Mask, factor: V, old: &[V], pivots: &[V], row: &mut [V]) {
    for ((x, &old), &pivot) in row.iter_mut().zip(old).zip(pivots) {
        *x = factor.mul_add(pivot, V::select(is_pivot, old, *x));
    }
}

#[inline(always)]
pub(super) fn batched_solve_kernel<I: Isa>(
    isa: I,
    n: usize,
    columns: usize,
    a: &[I::Real],
    b: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    let (lanes, len) = (I::Vector::LANES, n * columns);
    let mut unhandled = Vec::new();
    let mut factors = MemoryLu::new(isa, n, columns);
    let mut rhs = vec![isa.splat_f64(0.0); len];
    let groups = b.chunks(lanes * len).zip(x.chunks_mut(lanes * len));
    for (group, (a, (b, x))) in a.chunks(lanes * n * n).zip(groups).enumerate() {
        interleave(len, b, &mut rhs);
        let done = factors.factor::<false>(a, &mut rhs);
        for k in (0..n).rev() {
            let (above, below) = rhs.split_at_mut(k * columns);
            let solved = &mut below[..columns];
            for x in solved.iter_mut() {
                *x = *x * factors.reciprocals[k];
            }
            for (row, rhs_row) in above.chunks_exact_mut(columns).enumerate() {
                let factor = -factors.lu[row * n + k];
                for (x, &y) in rhs_row.iter_mut().zip(&*solved) {
                    *x = factor.mul_add(y, *x);
                }
            }
        }
        deinterleave(len, &rhs, x);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(done),
            group * lanes,
            x.len() / len,
            &mut unhandled,
        );
    }
    unhandled
}

/// Rows of an inverse that are processed together.
const ROWS: usize = 4;

#[inline(always)]
pub(super) fn batched_inv_kernel<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    let (lanes, len) = (I::Vector::LANES, n * n);
    let mut unhandled = Vec::new();
    let mut factors = MemoryLu::new(isa, n, 0);
    let mut inverse = vec![isa.splat_f64(0.0); len];
    let groups = a.chunks(lanes * len).zip(x.chunks_mut(lanes * len));
    for (group, (a, x)) in groups.enumerate() {
        let mut done = factors.factor::<true>(a, &mut []);
        inverse.fill(isa.splat_f64(0.0));
        let mut sum = isa.splat_f64(0.0);
        for (tile, rows) in inverse.chunks_mut(ROWS * n).enumerate() {
            let first = tile * ROWS;
            if rows.len() == ROWS * n {
                inverse_rows::<I, ROWS>(&factors, first, rows);
            } else {
                for (at, row) in rows.chunks_exact_mut(n).enumerate() {
                    inverse_rows::<I, 1>(&factors, first + at, row);
                }
            }
            for x in rows {
                sum = sum + x.abs();
            }
        }
        done = done & isa.splat(I::Real::infinity()).gt(sum);
        deinterleave_permuted(&factors, &inverse, x);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(done),
            group * lanes,
            x.len() / len,
            &mut unhandled,
        );
    }
    unhandled
}

/// Rows of the `X` of `X A = I` from the `first` on, with the columns not yet in order.
#[inline(always)]
fn inverse_rows<I: Isa, const COUNT: usize>(
    factors: &MemoryLu<I>,
    first: usize,
    x: &mut [I::Vector],
) {
    let (isa, n) = (factors.isa, factors.n);
    let x = &mut x[..COUNT * n];
    for row in 0..COUNT {
        x[row * n + first + row] = isa.splat_f64(1.0);
    }
    for k in first..n {
        let mut quotients = [isa.splat_f64(0.0); COUNT];
        for (row, quotient) in quotients.iter_mut().enumerate() {
            let y = x[row * n + k] * factors.reciprocals[k];
            x[row * n + k] = y;
            *quotient = -y;
        }
        let upper = &factors.lu[k * n..][..n];
        for (row, &quotient) in quotients.iter().enumerate() {
            let row = &mut x[row * n..][..n];
            for (x, &u) in row[k + 1..].iter_mut().zip(&upper[k + 1..]) {
                *x = quotient.mul_add(u, *x);
            }
        }
    }
    for k in (1..n).rev() {
        let lower = &factors.lu[k * n..][..k];
        for row in 0..COUNT {
            let row = &mut x[row * n..][..n];
            let factor = -row[k];
            for (x, &l) in row[..k].iter_mut().zip(lower) {
                *x = factor.mul_add(l, *x);
            }
        }
    }
}

/// Stores inverses, with their columns exchanged as the rows of their matrices were.
#[inline(always)]
fn deinterleave_permuted<I: Isa>(factors: &MemoryLu<I>, inverse: &[I::Vector], to: &mut [I::Real]) {
    let (n, lanes) = (factors.n, I::Vector::LANES);
    let (inverse, swaps) = (
        I::Vector::as_scalars(inverse),
        I::Vector::as_scalars(&factors.swaps),
    );
    let mut from = [0; max_order::LU_BATCHED];
    for (lane, to) in to.chunks_exact_mut(n * n).enumerate() {
        for (at, place) in from[..n].iter_mut().enumerate() {
            *place = at;
        }
        for k in (0..n).rev() {
            // A valid row number, whether the matrix was factored or not.
            let row = swaps[k * lanes + lane].to_usize().unwrap_or(k);
            from.swap(k, row.min(n - 1));
        }
        for (row, to) in to.chunks_exact_mut(n).enumerate() {
            let row = &inverse[row * n * lanes..][..n * lanes];
            for (x, &at) in to.iter_mut().zip(&from) {
                *x = row[at * lanes + lane];
            }
        }
    }
}

#[inline(always)]
pub(super) fn batched_lu_kernel<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    to: &mut [I::Real],
    pivots: &mut [i32],
) -> Vec<usize> {
    let (lanes, len) = (I::Vector::LANES, n * n);
    let mut unhandled = Vec::new();
    let mut factors = MemoryLu::new(isa, n, 0);
    let groups = to.chunks_mut(lanes * len).zip(pivots.chunks_mut(lanes * n));
    for (group, (a, (to, pivots))) in a.chunks(lanes * len).zip(groups).enumerate() {
        let done = factors.factor::<true>(a, &mut []);
        deinterleave(len, &factors.lu, to);
        deinterleave_indices(&factors.swaps, pivots);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(done),
            group * lanes,
            to.len() / len,
            &mut unhandled,
        );
    }
    unhandled
}

/// Calls `emit` with the index of each matrix and its determinant.
#[inline(always)]
pub(super) fn each_det_kernel<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    mut emit: impl FnMut(usize, f64),
) -> Vec<usize> {
    /// Above this, and below its reciprocal, the exponent of a product is kept separately.
    const BOUND: f64 = 1e150;
    let lanes = I::Vector::LANES;
    let mut unhandled = Vec::new();
    let mut factors = MemoryLu::new(isa, n, 0);
    for (group, a) in a.chunks(lanes * n * n).enumerate() {
        let (first, count) = (group * lanes, a.len() / (n * n));
        let done = factors.factor::<false>(a, &mut []);
        let mut signs = isa.splat_f64(1.0);
        for (k, &swap) in factors.swaps.iter().enumerate() {
            signs = I::Vector::select(swap.eq(isa.splat_f64(k as f64)), signs, -signs);
        }
        let signs = [signs];
        let (signs, lu) = (
            I::Vector::as_scalars(&signs),
            I::Vector::as_scalars(&factors.lu),
        );
        let mut done = I::Vector::to_bitmask(done);
        for (lane, sign) in signs[..count].iter().enumerate() {
            let mut product = sign.to_f64().unwrap_or(f64::NAN);
            for pivots in lu.chunks_exact(lanes).step_by(n + 1) {
                product *= pivots[lane].to_f64().unwrap_or(f64::NAN);
                if !(1.0 / BOUND..=BOUND).contains(&product.abs()) {
                    done &= !(1 << lane);
                }
            }
            emit(first + lane, product);
        }
        push_unhandled(lanes, done, first, count, &mut unhandled);
    }
    unhandled
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use crate::base::noise;
    use crate::kernels::batched::elimination::{
        batched_det, batched_inv, batched_lu, batched_slogdet, batched_solve,
    };
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::kernels::max_order;
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// Whether the matrix of that number is made singular.
    fn is_singular(index: usize) -> bool {
        index % 6 == 5
    }

    /// Noise, scaled, graded along rows and columns, zeros and ones, singular because one row
    /// is the mean of two.
    fn matrices<R: SimdReal>(n: usize) -> Vec<R> {
        let mut all: Vec<R> = Vec::new();
        for index in 0..2 * MAX_LANES + 5 {
            let element = |i: usize, j: usize| {
                let x = noise(index * 4096 + i * n + j);
                let digits = |at: usize| 10_f64.powi(-3 * (at % 3) as i32);
                match index % 6 {
                    1 => x * 1e9,
                    2 => x * digits(j),
                    3 => x * digits(i) + f64::from(i == j) * digits(i),
                    4 => f64::from(x > 0.3 || i == j),
                    _ => x,
                }
            };
            for i in 0..n {
                for j in 0..n {
                    let mean = element(0, j) / 2.0 + element(1, j) / 2.0;
                    let last = is_singular(index) && i == n - 1;
                    all.push(rounded(if last { mean } else { element(i, j) }));
                }
            }
        }
        all
    }

    /// `max |A X - B|` over `max |A| |X|`.
    fn residual<R: SimdReal + Into<f64>>(n: usize, a: &[R], x: &[R], b: &[R]) -> f64 {
        let columns = b.len() / n;
        let (mut most, mut size) = (0.0_f64, 0.0_f64);
        for i in 0..n {
            for j in 0..columns {
                let term = |k: usize| -> f64 { a[i * n + k].into() * x[k * columns + j].into() };
                let expected: f64 = b[i * columns + j].into();
                let off: f64 = (0..n).map(term).sum::<f64>() - expected;
                most = most.max(off.abs());
                size = size.max((0..n).map(|k| term(k).abs()).sum());
            }
        }
        most / size
    }

    fn is_right<R: SimdReal + Into<f64>>() {
        let eps: f64 = R::epsilon().into();
        for n in max_order::REGISTER_LU + 1..=max_order::LU_BATCHED {
            let a = matrices::<R>(n);
            let count = a.len() / (n * n);
            let part = |x: &[R], at: usize, len: usize| x[at * len..][..len].to_vec();
            let bound = 4.0 * n as f64 * eps;
            let identity: Vec<R> = (0..n * n)
                .map(|at| rounded(f64::from(at.is_multiple_of(n + 1))))
                .collect();
            let [(x, unhandled), others @ ..] = at_each(|| {
                let mut x = vec![R::zero(); a.len()];
                let unhandled = batched_inv(n, &a, &mut x);
                (x, unhandled)
            });
            assert!(unhandled.is_sorted());
            assert!((0..count).all(|at| !is_singular(at) || unhandled.contains(&at)));
            assert!(unhandled.len() < count / 2, "{unhandled:?}");
            for at in (0..count).filter(|at| !unhandled.contains(at)) {
                let x = part(&x, at, n * n);
                let off = residual(n, &x, &part(&a, at, n * n), &identity);
                // Elements grow if rows differ in size.
                let grown = if at % 6 == 3 { 2.0 } else { 1.0 };
                assert!(off <= grown * bound, "{n} {at} {off}");
                for (other, other_unhandled) in &others {
                    assert_eq!(
                        (other_unhandled, part(other, at, n * n)),
                        (&unhandled, x.clone())
                    );
                }
            }
            let [(values, unhandled_by_det), others @ ..] = at_each(|| {
                let mut values = vec![R::zero(); count];
                let unhandled = batched_det(n, &a, &mut values);
                (values, unhandled)
            });
            for (other, other_unhandled) in &others {
                assert_eq!(*other_unhandled, unhandled_by_det);
                let done = |at: &usize| !unhandled_by_det.contains(at);
                assert!((0..count).filter(done).all(|at| other[at] == values[at]));
            }
            for columns in [1, 3, n] {
                let b: Vec<R> = (0..count * n * columns)
                    .map(|at| rounded(noise(at + 7)))
                    .collect();
                let mut x = vec![R::zero(); b.len()];
                assert_eq!(batched_solve(n, columns, &a, &b, &mut x), unhandled);
                for at in (0..count).filter(|at| !unhandled.contains(at)) {
                    let [x, b] = [&x, &b].map(|of| part(of, at, n * columns));
                    let off = residual(n, &part(&a, at, n * n), &x, &b);
                    assert!(off <= bound, "{n} {at} {off}");
                }
            }
            let (mut signs, mut logarithms) = (vec![R::zero(); count], vec![R::zero(); count]);
            let unhandled_by_slogdet = batched_slogdet(n, &a, &mut signs, &mut logarithms);
            assert_eq!(unhandled_by_slogdet, unhandled_by_det);
            for at in (0..count).filter(|at| !unhandled_by_det.contains(at)) {
                let [value, sign, logarithm]: [f64; 3] =
                    [values[at], signs[at], logarithms[at]].map(Into::into);
                // The determinant may underflow in single precision.
                let size = if value.abs() < R::min_positive_value().into() {
                    logarithm
                } else {
                    value.abs().ln()
                };
                assert_eq!(sign, 1_f64.copysign(value));
                assert!((logarithm - size).abs() <= 2.0 * eps * (1.0 + size.abs()));
            }
            let [(lu, pivots), others @ ..] = at_each(|| {
                let (mut lu, mut pivots) = (vec![R::zero(); a.len()], vec![0; count * n]);
                assert!(batched_lu(n, &a, &mut lu, &mut pivots).is_sorted());
                (lu, pivots)
            });
            // Inverses may overflow.
            for at in (0..count).filter(|at| !unhandled.contains(at)) {
                let (own, rows) = (part(&lu, at, n * n), &pivots[at * n..][..n]);
                for (other, other_rows) in &others {
                    assert_eq!(part(other, at, n * n), own);
                    assert_eq!(other_rows[at * n..][..n], *rows);
                }
                let mut permuted = part(&a, at, n * n);
                for (row, &other) in rows.iter().enumerate() {
                    let other = usize::try_from(other).unwrap();
                    for j in 0..n {
                        permuted.swap(row * n + j, other * n + j);
                    }
                }
                let [mut lower, mut upper] = [own.clone(), own];
                for (place, (l, u)) in lower.iter_mut().zip(&mut upper).enumerate() {
                    match (place / n).cmp(&(place % n)) {
                        Ordering::Less => *l = R::zero(),
                        Ordering::Equal => *l = R::one(),
                        Ordering::Greater => *u = R::zero(),
                    }
                    assert!(l.abs() <= R::one());
                }
                let off = residual(n, &lower, &upper, &permuted);
                assert!(off <= bound, "{n} {at} {off}");
            }
            // With two rows exchanged the sign changes.
            let mut exchanged = a.clone();
            for matrix in exchanged.chunks_exact_mut(n * n) {
                let (first, others) = matrix.split_at_mut(n);
                first.swap_with_slice(&mut others[n..2 * n]);
            }
            let mut opposites = vec![R::zero(); count];
            batched_det(n, &exchanged, &mut opposites);
            for at in (0..count).filter(|at| !unhandled_by_det.contains(at)) {
                let (value, opposite): (f64, f64) = (values[at].into(), opposites[at].into());
                let close = (value + opposite).abs() <= 1e3 * bound * value.abs();
                // It may underflow in single precision.
                assert!(close || value == -opposite, "{n} {at} {value} {opposite}");
            }
        }
    }

    #[test]
    fn results_are_right_for_every_instruction_set() {
        is_right::<f64>();
        is_right::<f32>();
    }

    #[test]
    fn determinants_of_known_matrices() {
        // A diagonal between a lower and an upper triangle of ones.
        let n = 7;
        let mut a = Vec::new();
        for index in 0..5 {
            for i in 0..n {
                for j in 0..n {
                    let terms = (0..=i.min(j)).map(|k| (k + index) as f64 - 2.5);
                    a.push(terms.sum());
                }
            }
        }
        let mut values = vec![0.0; 5];
        let unhandled = batched_det(n, &a, &mut values);
        assert!(unhandled.is_empty());
        for (index, value) in values.iter().enumerate() {
            let exact: f64 = (0..n).map(|k| (k + index) as f64 - 2.5).product();
            assert!(
                (value - exact).abs() <= 1e-12 * exact.abs(),
                "{value} {exact}"
            );
        }
    }

    #[test]
    fn irregular_matrices_are_not_handled() {
        let n = 5;
        for x in [f64::NAN, f64::INFINITY, 0.0, f64::MIN_POSITIVE / 4.0] {
            let one = |at: usize| f64::from(at.is_multiple_of(n + 1));
            let mut a: Vec<f64> = (0..6 * n * n).map(|at| one(at % (n * n))).collect();
            a[2 * n * n] = x;
            let mut to = vec![0.0; a.len()];
            assert_eq!(batched_inv(n, &a, &mut to), [2]);
            assert_eq!(batched_solve(n, n, &a, &a, &mut to), [2]);
            assert_eq!(batched_det(n, &a, &mut to[..6]), [2]);
            let (signs, logarithms) = to[..12].split_at_mut(6);
            assert_eq!(batched_slogdet(n, &a, signs, logarithms), [2]);
            assert_eq!(batched_lu(n, &a, &mut to, &mut [0; 30]), [2]);
        }
    }
}
