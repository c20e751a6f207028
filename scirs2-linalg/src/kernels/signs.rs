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

/// The fraction of the largest modulus above which an element counts as nearly as large, so
/// that rounding does not decide between elements that are equal in exact arithmetic.
pub(crate) const NEAR_MAX: f64 = 0.999;

/// Normalises the sign of a real vector.
#[inline(always)]
pub(crate) fn normalize_sign_real<R: Real>(vector: &mut [R]) {
    let largest = vector.iter().fold(R::zero(), |most, x| most.max(x.abs()));
    let bound = largest * rounded(NEAR_MAX);
    let first = vector.iter().find(|x| x.abs() >= bound);
    if first.is_some_and(|x| *x < R::zero()) {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
}

fn abs_squared<T: Scalar>(x: T) -> T::Real {
    let [re, im] = x.parts();
    re * re + im * im
}

/// The phase factor by which `x`, which is not zero, becomes real and positive.
fn phase_correction<T: Scalar>(x: T) -> T {
    x.conj().div_real(abs_squared(x).sqrt())
}

fn modulus<T: Scalar>(x: T) -> T {
    T::from_real(abs_squared(x).sqrt())
}

/// Normalises the signs of consecutive vectors of `len` elements each.
pub(crate) fn normalize_signs<T: Scalar>(len: usize, vectors: &mut [T]) {
    for vector in vectors.chunks_exact_mut(len.max(1)) {
        let largest = vector.iter().map(|&x| abs_squared(x));
        let largest = largest.fold(T::Real::zero(), |most, x| most.max(x));
        let bound = largest * rounded(NEAR_MAX * NEAR_MAX);
        let first = vector.iter().position(|&x| abs_squared(x) >= bound);
        let Some(first) = first.filter(|_| bound > T::Real::zero()) else {
            continue;
        };
        let (real, correction) = (modulus(vector[first]), phase_correction(vector[first]));
        for x in &mut *vector {
            *x *= correction;
        }
        vector[first] = real;
    }
}

/// Normalises the columns of matrices, in memory that is reused.
pub(crate) struct ColumnSigns<T: Scalar> {
    bounds: Vec<T::Real>,
    /// The row of the element that becomes positive, and the factor for the column.
    first_rows: Vec<usize>,
    factors: Vec<T>,
}

impl<T: Scalar> ColumnSigns<T> {
    pub(crate) fn new(columns: usize) -> Result<Self, Error> {
        Ok(ColumnSigns {
            bounds: zeros(columns)?,
            first_rows: zeros(columns)?,
            factors: zeros(columns)?,
        })
    }

    /// Normalises the signs of the columns of a matrix in C order; returns the factors.
    pub(crate) fn normalize_signs(&mut self, a: &mut [T]) -> &[T] {
        let n = self.bounds.len();
        self.bounds.fill(T::Real::zero());
        self.factors.fill(T::zero());
        self.first_rows.fill(usize::MAX);
        for row in a.chunks_exact(n) {
            for (bound, &x) in self.bounds.iter_mut().zip(row) {
                *bound = bound.max(abs_squared(x));
            }
        }
        for bound in &mut self.bounds {
            *bound *= rounded(NEAR_MAX * NEAR_MAX);
        }
        for (index, row) in a.chunks_exact(n).enumerate() {
            for (column, &x) in row.iter().enumerate() {
                if self.factors[column].is_zero() && abs_squared(x) >= self.bounds[column] {
                    self.first_rows[column] = index;
                    self.factors[column] = if x.is_zero() {
                        T::one()
                    } else {
                        phase_correction(x)
                    };
                }
            }
        }
        for (index, row) in a.chunks_exact_mut(n).enumerate() {
            for (column, x) in row.iter_mut().enumerate() {
                *x = if self.first_rows[column] == index {
                    modulus(*x)
                } else {
                    *x * self.factors[column]
                };
            }
        }
        &self.factors
    }
}
