//! The signs of eigenvectors and singular vectors.
//!
//! A unit vector is a solution with either sign, and with any complex factor of modulus
//! one; algorithms differ in the one they find. One rule makes the result independent of
//! the route that a matrix takes: in each vector the first element whose modulus is nearly
//! the largest is real and positive.

use num_traits::{Float as _, Zero as _};
use scirs2_core::Real;

use crate::Error;
use crate::base::memory::zeros;
use crate::base::scale::rounded;
use scirs2_core::Scalar;

/// The fraction of the largest modulus from which an element counts as nearly as large, so
/// that rounding does not decide between elements that are equal in exact arithmetic.
pub(crate) const NEARLY: f64 = 0.999;

/// Normalises the sign of a real vector.
#[inline(always)]
pub(crate) fn unify_real<R: Real>(vector: &mut [R]) {
    let largest = vector.iter().fold(R::zero(), |most, x| most.max(x.abs()));
    let bound = largest * rounded(NEARLY);
    let first = vector.iter().find(|x| x.abs() >= bound);
    if first.is_some_and(|x| *x < R::zero()) {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
}

fn square<T: Scalar>(x: T) -> T::Real {
    let [re, im] = x.parts();
    re * re + im * im
}

/// The factor that makes `x`, which is not zero, real and positive.
fn factor<T: Scalar>(x: T) -> T {
    x.conj().over(square(x).sqrt())
}

fn positive<T: Scalar>(x: T) -> T {
    T::from_real(square(x).sqrt())
}

/// Normalises the signs of consecutive vectors of `len` elements each.
pub(crate) fn unify<T: Scalar>(len: usize, vectors: &mut [T]) {
    for vector in vectors.chunks_exact_mut(len.max(1)) {
        let largest = vector.iter().map(|&x| square(x));
        let largest = largest.fold(T::Real::zero(), |most, x| most.max(x));
        let bound = largest * rounded(NEARLY * NEARLY);
        let first = vector.iter().position(|&x| square(x) >= bound);
        let Some(first) = first.filter(|_| bound > T::Real::zero()) else {
            continue;
        };
        let (real, by) = (positive(vector[first]), factor(vector[first]));
        for x in &mut *vector {
            *x *= by;
        }
        vector[first] = real;
    }
}

/// Normalises the columns of matrices, in memory that is reused.
pub(crate) struct Columns<T: Scalar> {
    bounds: Vec<T::Real>,
    /// The row of the element that becomes positive, and the factor.
    firsts: Vec<usize>,
    factors: Vec<T>,
}

impl<T: Scalar> Columns<T> {
    pub(crate) fn new(columns: usize) -> Result<Self, Error> {
        Ok(Columns {
            bounds: zeros(columns)?,
            firsts: zeros(columns)?,
            factors: zeros(columns)?,
        })
    }

    /// Normalises the signs of the columns of a matrix in C order; returns the factors.
    pub(crate) fn unify(&mut self, a: &mut [T]) -> &[T] {
        let n = self.bounds.len();
        self.bounds.fill(T::Real::zero());
        self.factors.fill(T::zero());
        self.firsts.fill(usize::MAX);
        for row in a.chunks_exact(n) {
            for (bound, &x) in self.bounds.iter_mut().zip(row) {
                *bound = bound.max(square(x));
            }
        }
        for bound in &mut self.bounds {
            *bound *= rounded(NEARLY * NEARLY);
        }
        for (number, row) in a.chunks_exact(n).enumerate() {
            for (column, &x) in row.iter().enumerate() {
                if self.factors[column].is_zero() && square(x) >= self.bounds[column] {
                    self.firsts[column] = number;
                    self.factors[column] = if x.is_zero() { T::one() } else { factor(x) };
                }
            }
        }
        for (number, row) in a.chunks_exact_mut(n).enumerate() {
            for (column, x) in row.iter_mut().enumerate() {
                *x = if self.firsts[column] == number {
                    positive(*x)
                } else {
                    *x * self.factors[column]
                };
            }
        }
        &self.factors
    }
}
