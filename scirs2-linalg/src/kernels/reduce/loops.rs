//! The innermost loops, in `f64`, which the compiler vectorises.

#![expect(clippy::disallowed_methods, reason = "a block is short")]

use std::ops::Range;

use crate::simd::isa::multiversion;

/// Independent accumulators of one block: enough to hide the latency of an
/// addition in the widest registers.
const LANES: usize = 32;

const MAGNITUDE: u64 = !(1 << 63);

/// The prefetch distance, in bytes: the CPU itself does not prefetch beyond a page.
pub(crate) const PREFETCH_BYTES: isize = 4096;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Columns that are processed together: a line of the narrowest elements.
const COLUMN_TILE: usize = 16;

/// Prefetches the memory of these elements `ahead` bytes further on, into the second-level
/// cache: the first-level cache has too few outstanding requests for the memory's latency.
#[inline(always)]
pub(crate) fn prefetch<T>(elements: &[T], ahead: isize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of_val(elements)).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        let start = elements.as_ptr().cast::<i8>().wrapping_add(line);
        // SAFETY: a hint, which reads nothing, whatever the address.
        unsafe { _mm_prefetch(start.wrapping_offset(ahead), _MM_HINT_T1) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (elements, ahead, LINE);
}

/// A number that one instruction converts to `f64`, which holds it exactly.
pub(crate) trait ToF64: Copy {
    fn to_f64(self) -> f64;
}

impl ToF64 for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

impl ToF64 for f32 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

/// Contiguous elements in place. It is public in name only.
#[derive(Clone, Copy)]
pub enum Block<'a> {
    /// Elements of type `f64`.
    Double(&'a [f64]),
    /// Elements of type `f32`.
    Single(&'a [f32]),
}

impl Block<'_> {
    /// A range of the elements.
    pub(crate) fn part(&self, places: Range<usize>) -> Self {
        match self {
            Block::Double(xs) => Block::Double(&xs[places]),
            Block::Single(xs) => Block::Single(&xs[places]),
        }
    }

    /// The bytes from the first element of `self` to the first of `that`.
    pub(crate) fn bytes_to(self, that: Self) -> isize {
        let [from, to] = [self, that].map(|block| match block {
            Block::Double(xs) => xs.as_ptr().addr().cast_signed(),
            Block::Single(xs) => xs.as_ptr().addr().cast_signed(),
        });
        to.wrapping_sub(from)
    }

    /// Appends the elements to `to`.
    pub(crate) fn read(self, to: &mut Vec<f64>) {
        match self {
            Block::Double(xs) => to.extend_from_slice(xs),
            Block::Single(xs) => to.extend(xs.iter().map(|x| x.to_f64())),
        }
    }
}

/// How one element enters an accumulator. The sign of an element never counts.
pub(crate) trait Fold {
    /// The accumulator of no elements.
    const START: f64;

    fn step(lane: f64, x: f64) -> f64;

    /// Combines two accumulators.
    fn join(a: f64, b: f64) -> f64;

    /// The value of an accumulator.
    fn value(lane: f64) -> f64 {
        lane
    }

    /// Combines the values of two accumulators.
    #[inline(always)]
    fn join_values(a: f64, b: f64) -> f64 {
        Self::join(a, b)
    }
}

/// `sum abs(x)`.
pub(crate) struct Sum;

impl Fold for Sum {
    const START: f64 = 0.0;

    #[inline(always)]
    fn step(lane: f64, x: f64) -> f64 {
        lane + x.abs()
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// `sum x^2`.
pub(crate) struct SumOfSquares;

impl Fold for SumOfSquares {
    const START: f64 = 0.0;

    #[inline(always)]
    fn step(lane: f64, x: f64) -> f64 {
        lane + x * x
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// `sum abs(x)^3`.
pub(crate) struct SumOfCubes;

impl Fold for SumOfCubes {
    const START: f64 = 0.0;

    #[inline(always)]
    fn step(lane: f64, x: f64) -> f64 {
        lane + x.abs() * (x * x)
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// The number of nonzero elements; NaN is nonzero.
pub(crate) struct CountNonzero;

impl Fold for CountNonzero {
    const START: f64 = 0.0;

    #[inline(always)]
    fn step(lane: f64, x: f64) -> f64 {
        lane + if x == 0.0 { 0.0 } else { 1.0 }
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// The largest, or NaN if there is one.
///
/// Magnitudes are ordered like their bits, with NaN above infinity.
pub(crate) struct Max;

impl Fold for Max {
    const START: f64 = 0.0;

    #[inline(always)]
    fn step(lane: f64, x: f64) -> f64 {
        Self::join(lane, x.abs())
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        let (a, b) = (a.to_bits().cast_signed(), b.to_bits().cast_signed());
        f64::from_bits((if b > a { b } else { a }).cast_unsigned())
    }
}

/// The smallest, or NaN if there is one.
///
/// A lane holds a magnitude's bits shifted up so that NaN wraps below zero.
pub(crate) struct Min;

impl Min {
    const NAN_SHIFT: u64 = (i64::MAX.cast_unsigned()) - f64::INFINITY.to_bits();
}

impl Fold for Min {
    const START: f64 = f64::from_bits(i64::MAX.cast_unsigned());

    #[inline(always)]
    fn step(lane: f64, x: f64) -> f64 {
        let lifted = (x.to_bits() & MAGNITUDE).wrapping_add(Self::NAN_SHIFT);
        Self::join(lane, f64::from_bits(lifted))
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        let (a, b) = (a.to_bits().cast_signed(), b.to_bits().cast_signed());
        f64::from_bits((if b < a { b } else { a }).cast_unsigned())
    }

    #[inline(always)]
    fn value(lane: f64) -> f64 {
        f64::from_bits(lane.to_bits().wrapping_sub(Self::NAN_SHIFT))
    }

    #[inline(always)]
    fn join_values(a: f64, b: f64) -> f64 {
        Self::value(Self::step(Self::step(Self::START, a), b))
    }
}

multiversion! {
    /// Reduces a block to one value, with its lanes joined pairwise; `exceeds_cache` is whether it
    /// comes from beyond the caches.
    pub(crate) fn fold<F: Fold, T: ToF64>(xs: &[T], exceeds_cache: bool) -> f64 {
        let mut lanes = [F::START; LANES];
        let (chunks, rest) = xs.as_chunks::<LANES>();
        if exceeds_cache {
            for chunk in chunks {
                prefetch(chunk, PREFETCH_BYTES);
                accumulate_row::<F, T>(&mut lanes, chunk);
            }
        } else {
            for chunk in chunks {
                accumulate_row::<F, T>(&mut lanes, chunk);
            }
        }
        accumulate_row::<F, T>(&mut lanes, rest);
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = F::join(lanes[i], lanes[i + width]);
            }
            width /= 2;
        }
        F::value(lanes[0])
    }

    /// Adds one row to the accumulators of its columns.
    pub(crate) fn step<F: Fold, T: ToF64>(lanes: &mut [f64], row: &[T]) {
        accumulate_row::<F, T>(lanes, row);
    }

    /// Adds four rows at once, which loads and stores each accumulator once; and prefetches
    /// the four that are `ahead` bytes further on.
    pub(crate) fn step_four<F: Fold, T: ToF64>(lanes: &mut [f64], rows: [&[T]; 4], ahead: isize) {
        let (chunks, rest) = lanes.as_chunks_mut::<COLUMN_TILE>();
        let full = chunks.len() * COLUMN_TILE;
        for (index, lanes) in chunks.iter_mut().enumerate() {
            let rows = rows.map(|row| &row[index * COLUMN_TILE..][..COLUMN_TILE]);
            for row in rows {
                prefetch(row, ahead);
            }
            accumulate_four_rows::<F, T>(lanes, rows);
        }
        accumulate_four_rows::<F, T>(rest, rows.map(|row| &row[full..]));
    }

    /// Reduces each segment of `len` contiguous elements to one value.
    pub(crate) fn segments<F: Fold, T: ToF64>(xs: &[T], len: usize, out: &mut [f64]) {
        for (out, segment) in out.iter_mut().zip(xs.chunks_exact(len)) {
            if len < 8 {
                let step = |lane, x: &T| F::step(lane, x.to_f64());
                *out = F::value(segment.iter().fold(F::START, step));
                continue;
            }
            let mut lanes = [F::START; 8];
            let (chunks, rest) = segment.as_chunks::<8>();
            for chunk in chunks {
                for (lane, x) in lanes.iter_mut().zip(chunk) {
                    *lane = F::step(*lane, x.to_f64());
                }
            }
            let [a, b, c, d, e, f, g, h] = lanes;
            let (a, b) = (F::join(a, e), F::join(b, f));
            let (c, d) = (F::join(c, g), F::join(d, h));
            let lane = F::join(F::join(a, c), F::join(b, d));
            let step = |lane, x: &T| F::step(lane, x.to_f64());
            *out = F::value(rest.iter().fold(lane, step));
        }
    }

    /// Replaces the accumulators of columns by their values.
    pub(crate) fn values<F: Fold>(lanes: &mut [f64]) {
        for lane in lanes {
            *lane = F::value(*lane);
        }
    }

    /// Joins the values of columns to their totals.
    pub(crate) fn join_values<F: Fold>(totals: &mut [f64], values: &[f64]) {
        for (total, &value) in totals.iter_mut().zip(values) {
            *total = F::join_values(*total, value);
        }
    }

    /// Whether every value is in the range.
    pub(crate) fn all_within(values: &[f64], low: f64, high: f64) -> bool {
        let mut outside = 0u64;
        for &value in values {
            outside |= u64::from(!(value >= low && value <= high));
        }
        outside == 0
    }

    /// `abs(x)^exponent` in place, by repeated squaring.
    pub(crate) fn integer_powers(xs: &mut [f64], exponent: i32) {
        let (chunks, rest) = xs.as_chunks_mut::<16>();
        for chunk in chunks {
            integer_power(chunk, exponent);
        }
        for x in rest {
            let mut one = [*x];
            integer_power(&mut one, exponent);
            *x = one[0];
        }
    }
}

#[inline(always)]
fn accumulate_row<F: Fold, T: ToF64>(lanes: &mut [f64], row: &[T]) {
    for (lane, x) in lanes.iter_mut().zip(row) {
        *lane = F::step(*lane, x.to_f64());
    }
}

#[inline(always)]
fn accumulate_four_rows<F: Fold, T: ToF64>(lanes: &mut [f64], [a, b, c, d]: [&[T]; 4]) {
    let rows = a.iter().zip(b).zip(c.iter().zip(d));
    for (lane, ((a, b), (c, d))) in lanes.iter_mut().zip(rows) {
        let two = F::step(F::step(*lane, a.to_f64()), b.to_f64());
        *lane = F::step(F::step(two, c.to_f64()), d.to_f64());
    }
}

#[inline(always)]
fn integer_power<const N: usize>(xs: &mut [f64; N], exponent: i32) {
    let mut square = xs.map(f64::abs);
    let mut power = [1.0; N];
    let mut bits = exponent.unsigned_abs();
    while bits > 0 {
        if bits & 1 == 1 {
            for (power, &square) in power.iter_mut().zip(&square) {
                *power *= square;
            }
        }
        for square in &mut square {
            *square *= *square;
        }
        bits >>= 1;
    }
    *xs = if exponent < 0 {
        power.map(|x| 1.0 / x)
    } else {
        power
    };
}

/// `abs(x)^exponent` in place.
pub(crate) fn powers(xs: &mut [f64], exponent: f64) {
    for x in xs {
        *x = x.abs().powf(exponent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::isa::forced::at_each;

    const SIZES: [usize; 10] = [0, 1, 7, 8, 31, 32, 33, 100, 1000, 2048];

    fn hostile(len: usize) -> Vec<f64> {
        let special = [
            0.0,
            -0.0,
            1e200,
            -1e-200,
            f64::INFINITY,
            f64::from_bits(1),
            -3.5,
        ];
        (0..len)
            .map(|i| special[i * i % 7] * (1.0 + i as f64))
            .collect()
    }

    fn assert_same_bits([best, less, least]: [Vec<f64>; 3]) {
        let bits = |xs: &[f64]| -> Vec<u64> { xs.iter().map(|x| x.to_bits()).collect() };
        assert_eq!(bits(&best), bits(&less));
        assert_eq!(bits(&best), bits(&least));
    }

    fn assert_same_bits_on_every_isa<F: Fold>() {
        for len in SIZES {
            let xs = hostile(len);
            let by_columns = || {
                let mut lanes = vec![F::START; len];
                step::<F, _>(&mut lanes, &xs);
                step_four::<F, _>(&mut lanes, [&xs; 4], 64);
                values::<F>(&mut lanes);
                let before = lanes.clone();
                join_values::<F>(&mut lanes, &before);
                lanes
            };
            let by_segments = || {
                let mut out = vec![0.0; len / 5];
                segments::<F, _>(&xs, 5, &mut out);
                out
            };
            assert_same_bits(at_each(|| {
                vec![fold::<F, _>(&xs, false), fold::<F, _>(&xs, true)]
            }));
            assert_same_bits(at_each(by_columns));
            assert_same_bits(at_each(by_segments));
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        assert_same_bits_on_every_isa::<Sum>();
        assert_same_bits_on_every_isa::<SumOfSquares>();
        assert_same_bits_on_every_isa::<SumOfCubes>();
        assert_same_bits_on_every_isa::<CountNonzero>();
        assert_same_bits_on_every_isa::<Max>();
        assert_same_bits_on_every_isa::<Min>();
        for exponent in [-7, -1, 3, 4, 64] {
            let raised = || {
                let mut xs = hostile(100);
                integer_powers(&mut xs, exponent);
                xs
            };
            assert_same_bits(at_each(raised));
        }
    }

    #[test]
    fn extremes_propagate_nan() {
        for len in [1, 8, 33, 100] {
            for at in 0..len {
                for nan in [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)] {
                    let mut xs = hostile(len);
                    xs[at] = nan;
                    assert!(fold::<Max, _>(&xs, false).is_nan());
                    assert!(fold::<Min, _>(&xs, false).is_nan());
                }
            }
        }
    }

    #[test]
    fn extremes_compare_magnitudes() {
        let xs = [-3.0, 2.0, -0.5, f64::NEG_INFINITY];
        assert_eq!(
            (fold::<Max, _>(&xs, false), fold::<Min, _>(&xs, false)),
            (f64::INFINITY, 0.5)
        );
        assert_eq!(
            (fold::<Max, f64>(&[], false), fold::<Min, f64>(&[], false)),
            (0.0, f64::INFINITY)
        );
        assert_eq!(fold::<Min, _>(&[f64::INFINITY], false), f64::INFINITY);
    }

    #[test]
    fn integer_powers_are_close_to_powi() {
        for exponent in [-64, -3, -1, 1, 2, 3, 5, 17, 64] {
            let mut xs: Vec<f64> = (1..50).map(|i| -0.1 * f64::from(i)).collect();
            let expected: Vec<f64> = xs.iter().map(|x| x.abs().powi(exponent)).collect();
            integer_powers(&mut xs, exponent);
            for (x, expected) in xs.iter().zip(&expected) {
                // Each product rounds once; there are at most 2 log2(64) of them,
                // each repeated in the next square.
                let bound = f64::from(exponent.abs()) * f64::EPSILON * expected;
                assert!(
                    (x - expected).abs() <= bound,
                    "{x:e} {expected:e} {exponent}"
                );
            }
        }
    }
}
