//! Norms by definition, in twice the precision of `f64`.

use ndarray::ArrayView2;
use proptest::prelude::*;
use scirs2_core::{Bool, Complex32, Complex64, f16};
use scirs2_linalg::Order;

/// An unevaluated sum of two `f64`.
#[derive(Clone, Copy)]
pub(crate) struct Double(f64, f64);

impl Double {
    const ZERO: Double = Double(0.0, 0.0);

    /// Knuth's two-sum, then renormalised.
    fn plus(self, other: Double) -> Double {
        let sum = self.0 + other.0;
        if sum.is_infinite() {
            return Double(sum, 0.0);
        }
        let part = sum - self.0;
        let error = (self.0 - (sum - part)) + (other.0 - part) + self.1 + other.1;
        let high = sum + error;
        Double(
            high,
            if high.is_finite() {
                error - (high - sum)
            } else {
                0.0
            },
        )
    }

    fn square(x: f64) -> Double {
        let product = x * x;
        Double(product, x.mul_add(x, -product))
    }

    fn value(self) -> f64 {
        self.0 + self.1
    }
}

/// The real and imaginary part of an element, as `f64`.
pub(crate) trait Magnitude: Copy {
    fn parts(self) -> (f64, f64);
}

macro_rules! magnitude {
    ($($type:ty, |$x:ident| $parts:expr;)+) => {$(
        impl Magnitude for $type {
            fn parts(self) -> (f64, f64) {
                let $x = self;
                $parts
            }
        }
    )+};
}

magnitude! {
    f64, |x| (x, 0.0);
    f32, |x| (f64::from(x), 0.0);
    f16, |x| (x.to_f64(), 0.0);
    i8, |x| (f64::from(x), 0.0);
    i64, |x| (x as f64, 0.0);
    u64, |x| (x as f64, 0.0);
    Bool, |x| (f64::from(u8::from(x.get())), 0.0);
    Complex32, |z| (f64::from(z.re), f64::from(z.im));
    Complex64, |z| (z.re, z.im);
}

/// The p-norm of finite elements.
pub(crate) fn vector_norm<T: Magnitude>(elements: &[T], p: f64) -> f64 {
    let moduli: Vec<f64> = elements
        .iter()
        .map(|x| x.parts().0.hypot(x.parts().1))
        .collect();
    let largest = moduli.iter().copied().fold(0.0, f64::max);
    let smallest = moduli.iter().copied().fold(f64::INFINITY, f64::min);
    if p == 0.0 {
        return moduli.iter().filter(|&&x| x != 0.0).count() as f64;
    }
    if p == f64::INFINITY {
        return largest;
    }
    if p == f64::NEG_INFINITY {
        return smallest;
    }
    let unit = if p > 0.0 { largest } else { smallest };
    if unit == 0.0 || unit.is_infinite() {
        return unit;
    }
    if p == 1.0 {
        return sum(moduli.iter().copied());
    }
    if p == 2.0 {
        // A power of two, so that the division does not round.
        let unit = 2f64.powi(unit.log2().floor().clamp(-1022.0, 1022.0) as i32);
        let squares = elements.iter().flat_map(|x| {
            let (re, im) = x.parts();
            [Double::square(re / unit), Double::square(im / unit)]
        });
        return squares.fold(Double::ZERO, Double::plus).value().sqrt() * unit;
    }
    let sum = sum(moduli.iter().map(|x| (x / unit).powf(p)));
    unit * sum.powf(1.0 / p)
}

/// The norms of a matrix that are made of sums of moduli or squares.
pub(crate) fn matrix_norm<T: Magnitude>(matrix: ArrayView2<'_, T>, order: Order) -> f64 {
    let sums = |lanes: Vec<Vec<T>>| -> Vec<f64> {
        lanes.iter().map(|lane| vector_norm(lane, 1.0)).collect()
    };
    let rows = || sums(matrix.rows().into_iter().map(|row| row.to_vec()).collect());
    let columns = || {
        sums(
            matrix
                .columns()
                .into_iter()
                .map(|column| column.to_vec())
                .collect(),
        )
    };
    let largest = |sums: Vec<f64>| sums.into_iter().fold(0.0, f64::max);
    let smallest = |sums: Vec<f64>| sums.into_iter().fold(f64::INFINITY, f64::min);
    match order {
        Order::P(1.0) => largest(columns()),
        Order::P(-1.0) => smallest(columns()),
        Order::P(f64::INFINITY) => largest(rows()),
        Order::P(f64::NEG_INFINITY) => smallest(rows()),
        _ => vector_norm(&matrix.iter().copied().collect::<Vec<_>>(), 2.0),
    }
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values
        .map(|x| Double(x, 0.0))
        .fold(Double::ZERO, Double::plus)
        .value()
}

/// Compares a norm with the reference, to the last place of its type; in `f64`
/// the roundings of the sum show, and of the powers in both.
pub(crate) fn check<N: Copy + Into<f64>>(
    got: N,
    expected: f64,
    p: f64,
) -> Result<(), TestCaseError> {
    let got: f64 = got.into();
    let eps = match size_of::<N>() {
        2 => 2f64.powi(-11),
        4 => 2f64.powi(-24),
        _ => {
            if p == 0.0 || p.is_infinite() {
                f64::EPSILON
            } else {
                8.0 * f64::EPSILON
            }
        }
    };
    // A root of low order stretches the error of the sum.
    let eps = if p == 0.0 {
        eps
    } else {
        eps * p.abs().recip().max(1.0)
    };
    let (largest, smallest) = match size_of::<N>() {
        2 => (65504.0, 2f64.powi(-24)),
        4 => (f64::from(f32::MAX), f64::from(f32::from_bits(1))),
        _ => (f64::MAX, f64::from_bits(1)),
    };
    let bound = (expected * eps * 1.0001).max(smallest);
    let fits = (got - expected).abs() <= bound || got == expected;
    // Where the last place decides about overflow, either is right.
    let overflows = got.is_infinite() && expected >= largest * (1.0 - 8.0 * eps);
    prop_assert!(
        fits || overflows,
        "got {got:e}, expected {expected:e}, p = {p}"
    );
    Ok(())
}
