//! Reductions, and how partial results avoid overflow and underflow.

use super::loops::{
    Block, CountNonzero, Fold, Max, Min, Sum, SumOfCubes, SumOfSquares, ToF64, fold,
    integer_powers, join_values, powers, segments, step, step_four, values,
};

/// Powers up to this one are computed by repeated multiplication.
const MAX_INTEGER_POWER: f64 = 64.0;

/// A sum of powers within these bounds has lost nothing to underflow, and 2^53
/// such sums add up without overflow.
const LOW: f64 = const_power_of_two(-960);
const HIGH: f64 = const_power_of_two(970);

const fn const_power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) << 52).cast_unsigned())
}

/// One reduction of magnitudes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Reduction {
    /// Their sum.
    Sum,
    /// The root of the sum of squares.
    SumOfSquares,
    /// The root of the sum of cubes.
    SumOfCubes,
    /// The number of nonzero ones.
    CountNonzero,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The root of the sum of whole powers.
    IntegerPower(i32),
    /// The root of the sum of powers.
    Power(f64),
}

/// Calls a loop for a reduction, on the elements as they are or, if the reduction needs it,
/// raised to a power before.
macro_rules! by_fold {
    ($reduction:expr, $call:ident::<_ $(, $T:ty)?>($($arg:expr),*)) => {
        match $reduction {
            Reduction::Sum | Reduction::IntegerPower(_) | Reduction::Power(_) => {
                $call::<Sum $(, $T)?>($($arg),*)
            }
            Reduction::SumOfSquares => $call::<SumOfSquares $(, $T)?>($($arg),*),
            Reduction::SumOfCubes => $call::<SumOfCubes $(, $T)?>($($arg),*),
            Reduction::CountNonzero => $call::<CountNonzero $(, $T)?>($($arg),*),
            Reduction::Max => $call::<Max $(, $T)?>($($arg),*),
            Reduction::Min => $call::<Min $(, $T)?>($($arg),*),
        }
    };
}

/// The result for a part of the elements: `value * scale^p` for a sum of p-th
/// powers, `value` otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Partial {
    pub(crate) value: f64,
    pub(crate) scale: f64,
}

impl Partial {
    pub(crate) const fn unscaled(value: f64) -> Self {
        Partial { value, scale: 1.0 }
    }
}

impl Reduction {
    /// The reduction of the vector p-norm.
    pub(crate) fn of_vector(p: f64) -> Reduction {
        if p == f64::INFINITY {
            Reduction::Max
        } else if p == f64::NEG_INFINITY {
            Reduction::Min
        } else if p == 0.0 {
            Reduction::CountNonzero
        } else if p == 1.0 {
            Reduction::Sum
        } else if p == 2.0 {
            Reduction::SumOfSquares
        } else if p == 3.0 {
            Reduction::SumOfCubes
        } else if p.trunc() == p && p.abs() <= MAX_INTEGER_POWER {
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            Reduction::IntegerPower(p as i32)
        } else {
            Reduction::Power(p)
        }
    }

    /// The exponent of a sum of powers; only such sums can leave the safe range.
    fn exponent(self) -> Option<f64> {
        match self {
            Reduction::SumOfSquares => Some(2.0),
            Reduction::SumOfCubes => Some(3.0),
            Reduction::IntegerPower(p) => Some(f64::from(p)),
            Reduction::Power(p) => Some(p),
            Reduction::Sum | Reduction::CountNonzero | Reduction::Max | Reduction::Min => None,
        }
    }

    /// The identity: the partial result of no elements.
    pub(crate) fn identity(self) -> Partial {
        Partial::unscaled(match self {
            Reduction::Min => f64::INFINITY,
            _ => 0.0,
        })
    }

    /// Bounds within which sums of powers need no scaling; `None`
    /// if no sum does.
    pub(crate) fn safe_range(self) -> Option<(f64, f64)> {
        self.exponent().map(|_| (LOW, HIGH))
    }

    /// Whether elements must be raised to a power before they are summed.
    pub(crate) fn has_powers(self) -> bool {
        matches!(self, Reduction::IntegerPower(_) | Reduction::Power(_))
    }

    /// Raises elements to the power.
    pub(crate) fn raise(self, xs: &mut [f64]) {
        match self {
            Reduction::IntegerPower(p) => integer_powers(xs, p),
            Reduction::Power(p) => powers(xs, p),
            _ => {}
        }
    }

    /// Reduces a block whose elements were raised before; `exceeds_cache` as for the loop.
    fn fold(self, xs: Block<'_>, exceeds_cache: bool) -> f64 {
        match xs {
            Block::Double(xs) => by_fold!(self, fold::<_, f64>(xs, exceeds_cache)),
            Block::Single(xs) => by_fold!(self, fold::<_, f32>(xs, exceeds_cache)),
        }
    }

    /// The accumulator of a column without elements.
    pub(crate) fn start(self) -> f64 {
        match self {
            Reduction::Min => Min::START,
            _ => 0.0,
        }
    }

    /// Adds one row, whose elements were raised before, to the accumulators of its
    /// columns.
    pub(crate) fn step(self, lanes: &mut [f64], row: Block<'_>) {
        match row {
            Block::Double(row) => by_fold!(self, step::<_, f64>(lanes, row)),
            Block::Single(row) => by_fold!(self, step::<_, f32>(lanes, row)),
        }
    }

    /// Adds four such rows; the next four are `ahead` bytes further on.
    pub(crate) fn step_four(self, lanes: &mut [f64], rows: [Block<'_>; 4], ahead: isize) {
        fn of<T: ToF64>(reduction: Reduction, lanes: &mut [f64], rows: [&[T]; 4], ahead: isize) {
            by_fold!(reduction, step_four::<_, T>(lanes, rows, ahead));
        }
        use Block::{Double, Single};
        match rows {
            [Double(a), Double(b), Double(c), Double(d)] => of(self, lanes, [a, b, c, d], ahead),
            [Single(a), Single(b), Single(c), Single(d)] => of(self, lanes, [a, b, c, d], ahead),
            rows => rows.into_iter().for_each(|row| self.step(lanes, row)),
        }
    }

    /// Reduces each segment of `len` contiguous elements, raised before, to one value.
    pub(crate) fn segments(self, xs: Block<'_>, len: usize, out: &mut [f64]) {
        match xs {
            Block::Double(xs) => by_fold!(self, segments::<_, f64>(xs, len, out)),
            Block::Single(xs) => by_fold!(self, segments::<_, f32>(xs, len, out)),
        }
    }

    /// Replaces the accumulators of columns by their values.
    pub(crate) fn values(self, lanes: &mut [f64]) {
        if self == Reduction::Min {
            values::<Min>(lanes);
        }
    }

    /// Joins the values of columns to their totals, none of them scaled.
    pub(crate) fn join_values(self, totals: &mut [f64], values: &[f64]) {
        by_fold!(self, join_values::<_>(totals, values));
    }

    /// Which of the elements dominates a sum of powers.
    pub(crate) fn extreme(self) -> Reduction {
        if self.exponent().is_some_and(|p| p < 0.0) {
            Reduction::Min
        } else {
            Reduction::Max
        }
    }

    /// Reduces a block of elements, which may come from beyond the caches. `scratch` holds
    /// powers and scaled elements.
    pub(crate) fn block(
        self,
        xs: Block<'_>,
        exceeds_cache: bool,
        scratch: &mut Vec<f64>,
    ) -> Partial {
        let value = if self.has_powers() {
            scratch.clear();
            xs.read(scratch);
            self.raise(scratch);
            self.fold(Block::Double(scratch), false)
        } else {
            self.fold(xs, exceeds_cache)
        };
        if self.is_exact(value) {
            return Partial::unscaled(value);
        }
        match self.scale_for(self.extreme().fold(xs, false)) {
            Err(partial) => partial,
            Ok(scale) => {
                scratch.clear();
                xs.read(scratch);
                scratch.iter_mut().for_each(|x| *x /= scale);
                self.raise(scratch);
                let value = self.fold(Block::Double(scratch), false);
                Partial { value, scale }
            }
        }
    }

    /// Whether a sum is final: nothing in it can have overflowed or
    /// underflowed, or it is NaN anyway.
    pub(crate) fn is_exact(self, value: f64) -> bool {
        self.exponent().is_none() || (LOW..=HIGH).contains(&value) || value.is_nan()
    }

    /// The divisor of the elements before they are raised, from the dominant one;
    /// or their partial result, if it needs no division.
    pub(crate) fn scale_for(self, extreme: f64) -> Result<f64, Partial> {
        let p = self.exponent().unwrap_or(1.0);
        if extreme == 0.0 || extreme.is_infinite() {
            let value = if p < 0.0 { 1.0 / extreme } else { extreme };
            return Err(Partial::unscaled(value));
        }
        // Division by a power of two does not round. If the exponent is so large
        // that the power of even a quotient below two overflows, the quotient must be one.
        Ok(if p.abs() <= MAX_INTEGER_POWER {
            power_of_two_at_most(extreme)
        } else {
            extreme
        })
    }

    /// Joins two partial results.
    pub(crate) fn join(self, a: Partial, b: Partial) -> Partial {
        match self.exponent() {
            Some(p) => join_powers(a, b, p),
            None => Partial::unscaled(by_fold!(self, combined::<_>(a.value, b.value))),
        }
    }

    /// The norm from the partial result of all elements.
    pub(crate) fn finish(self, all: Partial) -> f64 {
        match self {
            Reduction::Sum | Reduction::CountNonzero | Reduction::Max | Reduction::Min => all.value,
            Reduction::SumOfSquares => all.scale * all.value.sqrt(),
            Reduction::SumOfCubes => all.scale * all.value.cbrt(),
            Reduction::IntegerPower(p) => all.scale * root(all.value, f64::from(p)),
            Reduction::Power(p) => all.scale * root(all.value, p),
        }
    }
}

fn combined<F: Fold>(a: f64, b: f64) -> f64 {
    F::join_values(a, b)
}

fn join_powers(a: Partial, b: Partial, p: f64) -> Partial {
    if a.scale == b.scale {
        let value = a.value + b.value;
        return Partial { value, ..a };
    }
    if a.value == 0.0 {
        return b;
    }
    if b.value == 0.0 {
        return a;
    }
    if !a.value.is_finite() || !b.value.is_finite() {
        return Partial::unscaled(a.value + b.value);
    }
    let (large, small) = if (a.scale > b.scale) == (p > 0.0) {
        (a, b)
    } else {
        (b, a)
    };
    let value = large.value + small.value * (small.scale / large.scale).powf(p);
    Partial { value, ..large }
}

/// `value^(1/p)`. The rounding of `1/p` alone can cost a hundred units in the
/// last place, so one step of Newton's method follows.
fn root(value: f64, p: f64) -> f64 {
    let root = value.powf(p.recip());
    let correction = (root.powf(p) / value - 1.0) / p;
    let corrected = root - root * correction;
    if corrected.is_finite() {
        corrected
    } else {
        root
    }
}

/// The largest power of two that does not exceed a positive finite number.
fn power_of_two_at_most(x: f64) -> f64 {
    const EXPONENT: u64 = f64::INFINITY.to_bits();
    match x.to_bits() & EXPONENT {
        0 => f64::from_bits(1 << x.to_bits().ilog2()),
        exponent => f64::from_bits(exponent),
    }
}
