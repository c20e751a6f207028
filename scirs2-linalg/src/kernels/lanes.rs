//! Small matrices side by side: the elements of one place, of many matrices, in a
//! row. What is done for one is done for all, so a row is what the compiler
//! vectorises, and no step of one matrix waits for the step before.

use num_traits::NumCast;
use scirs2_core::Real;

/// How many stand side by side: enough for any instruction set, and so few that
/// they stay in the first-level cache.
pub(crate) const WIDTH: usize = 32;

/// One element of each matrix.
pub(crate) type Lanes<T> = [T; WIDTH];

/// Matrices of order `N`, row after row.
pub(crate) type Square<T, const N: usize> = [[Lanes<T>; N]; N];

/// Why the operands of such kernels are real numbers.
pub(crate) const REAL: &str = "there are kernels for real numbers only";

#[inline(always)]
pub(crate) fn constant<R: Real>(x: f64) -> R {
    <R as NumCast>::from(x).expect("a float takes any float")
}

pub(crate) fn zeros<R: Real, const N: usize>() -> Square<R, N> {
    [[[R::zero(); WIDTH]; N]; N]
}

/// The sums of moduli: what is not finite makes them so.
#[inline(always)]
pub(crate) fn sizes<'a, R: Real>(elements: impl IntoIterator<Item = &'a Lanes<R>>) -> Lanes<R> {
    let mut sizes = [R::zero(); WIDTH];
    for element in elements {
        for (size, &x) in sizes.iter_mut().zip(element) {
            *size += x.abs();
        }
    }
    sizes
}

/// Puts matrices in C order side by side; the answer is how many there are.
#[inline(always)]
pub(crate) fn load<T: Copy, const N: usize>(from: &[T], to: &mut Square<T, N>) -> usize {
    let matrices = from.chunks_exact(N * N).take(WIDTH).enumerate();
    let count = matrices.len();
    for (lane, matrix) in matrices {
        for (to, &x) in to.as_flattened_mut().iter_mut().zip(matrix) {
            to[lane] = x;
        }
    }
    count
}

/// Takes matrices, or the rows of one, apart again.
#[inline(always)]
pub(crate) fn store<T: Copy>(from: &[Lanes<T>], to: &mut [T]) {
    for (lane, matrix) in to.chunks_exact_mut(from.len()).enumerate() {
        for (x, from) in matrix.iter_mut().zip(from) {
            *x = from[lane];
        }
    }
}
