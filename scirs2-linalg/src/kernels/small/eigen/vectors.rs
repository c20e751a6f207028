//! The eigenvectors of a Schur form, and of the original matrix.

use std::ops::{Mul, Sub};

use num_traits::Zero;
use scirs2_core::Complex64;

use super::{EPSILON, SAFE};
use crate::kernels::small::elementary::{SAFE_MIN, dot, rotate};

/// An element of an unnormalised vector from which on LAPACK's scaling is needed.
const GROWN: f64 = 1e100;

/// The element type of a vector of the Schur form.
trait Part:
    Copy + Zero + Sub<Output = Self> + Mul<Output = Self> + Mul<f64, Output = Self> + From<f64>
{
    /// The sum of the magnitudes of its parts.
    fn size(self) -> f64;

    /// `self / by`, where `by` is far from the ends of the range.
    fn over(self, by: Self) -> Self;
}

impl Part for f64 {
    #[inline(always)]
    fn size(self) -> f64 {
        self.abs()
    }

    #[inline(always)]
    fn over(self, by: Self) -> Self {
        self / by
    }
}

impl Part for Complex64 {
    #[inline(always)]
    fn size(self) -> f64 {
        self.re.abs() + self.im.abs()
    }

    #[inline(always)]
    fn over(self, by: Self) -> Self {
        self * by.conj() * (1.0 / by.norm_sqr())
    }
}

/// Computes the vectors of the Schur form. Returns false if one of them needs care.
#[inline(always)]
pub(super) fn back_substitute(
    n: usize,
    t: &[f64],
    values: &[[f64; 2]],
    x: &mut [Complex64],
    v: &mut [f64],
) -> bool {
    v.fill(0.0);
    let mut index = 0;
    while index < n {
        let [re, im] = values[index];
        if im == 0.0 {
            let x = &mut v[index * n..][..n];
            x[index] = 1.0;
            if !substitute(n, t, (index, index), re, x) {
                return false;
            }
            index += 1;
            continue;
        }
        let last = index + 1;
        x.fill(Complex64::ZERO);
        let (above, below) = (t[index * n + last], t[last * n + index]);
        if above.abs() >= below.abs() {
            x[index] = Complex64::ONE;
            x[last] = Complex64::new(0.0, im / above);
        } else {
            x[index] = Complex64::from(-im / below);
            x[last] = Complex64::I;
        }
        if !substitute(n, t, (index, last), Complex64::new(re, im), x) {
            return false;
        }
        let (real, imaginary) = v[index * n..(last + 1) * n].split_at_mut(n);
        for ((to_re, to_im), x) in real.iter_mut().zip(imaginary).zip(&*x) {
            (*to_re, *to_im) = (x.re, x.im);
        }
        index += 2;
    }
    true
}

/// Computes the elements of a vector above the given ones, from `(T - value) x = 0`.
#[inline(always)]
fn substitute<X: Part>(
    n: usize,
    t: &[f64],
    (first, last): (usize, usize),
    value: X,
    x: &mut [X],
) -> bool {
    let least = (EPSILON * value.size()).max(SAFE * (n as f64 / EPSILON));
    let mut end = first;
    while end > 0 {
        let row = end - 1;
        let side = |row: usize, x: &[X]| {
            X::zero() - dot(&t[row * n + end..=row * n + last], &x[end..=last])
        };
        let shifted = |row: usize| X::from(t[row * n + row]) - value;
        if row == 0 || t[row * n + row - 1] == 0.0 {
            let mut pivot = shifted(row);
            if pivot.size() < least {
                pivot = X::from(least);
            }
            if pivot.size() < SAFE_MIN {
                return false;
            }
            x[row] = side(row, x).over(pivot);
            end = row;
        } else {
            let before = row - 1;
            let sides = [side(before, x), side(row, x)];
            let block = [
                [shifted(before), X::from(t[before * n + row])],
                [X::from(t[row * n + before]), shifted(row)],
            ];
            let Some([upper, lower]) = solve_two(block, sides, least) else {
                return false;
            };
            (x[before], x[row]) = (upper, lower);
            end = before;
        }
    }
    // LAPACK scales excessive growth on the way.
    x[..=last].iter().all(|x| x.size() < GROWN)
}

/// Solves two equations by elimination; `None` if a pivot is near zero.
#[inline(always)]
fn solve_two<X: Part>(
    [mut first, mut second]: [[X; 2]; 2],
    [mut side, mut other]: [X; 2],
    least: f64,
) -> Option<[X; 2]> {
    if second[0].size() > first[0].size() {
        (first, second, side, other) = (second, first, other, side);
    }
    let is_near_zero = |pivot: X| pivot.size() < least.max(SAFE_MIN);
    if is_near_zero(first[0]) {
        return None;
    }
    let factor = second[0].over(first[0]);
    let pivot = second[1] - factor * first[1];
    if is_near_zero(pivot) {
        return None;
    }
    let lower = (other - factor * side).over(pivot);
    Some([(side - first[1] * lower).over(first[0]), lower])
}

/// Replaces the vectors of the Schur form by those of the matrix.
#[inline(always)]
pub(super) fn unscaled(n: usize, z: &[f64], scales: &[f64], sums: &mut [f64], v: &mut [f64]) {
    for vector in v.chunks_exact_mut(n) {
        sums.fill(0.0);
        for (x, column) in vector.iter().zip(z.chunks_exact(n)) {
            for (sum, z) in sums.iter_mut().zip(column) {
                *sum += x * z;
            }
        }
        for ((to, sum), scale) in vector.iter_mut().zip(&*sums).zip(scales) {
            *to = *sum * scale;
        }
    }
}

/// Normalises the vectors to length one, and makes the largest element of complex ones
/// real. Returns false if a length is near the ends of the range.
#[inline(always)]
pub(super) fn normalized(n: usize, values: &[[f64; 2]], v: &mut [f64]) -> bool {
    let mut index = 0;
    while index < n {
        let count = if values[index][1] == 0.0 { 1 } else { 2 };
        let vector = &mut v[index * n..(index + count) * n];
        let squares: f64 = vector.iter().map(|x| x * x).sum();
        if !(1e-280..1e280).contains(&squares) {
            return false;
        }
        let length = squares.sqrt();
        for x in &mut *vector {
            *x /= length;
        }
        if count == 2 {
            let (real, imaginary) = vector.split_at_mut(n);
            let size = |i: usize| real[i] * real[i] + imaginary[i] * imaginary[i];
            let most = (1..n).fold(0, |most, i| if size(i) > size(most) { i } else { most });
            let modulus = size(most).sqrt();
            let (cosine, sine) = (real[most] / modulus, imaginary[most] / modulus);
            rotate(real, imaginary, [cosine, sine]);
            imaginary[most] = 0.0;
        }
        index += count;
    }
    true
}
