//! QR of one small matrix, by reflections `H = I - tau v v^T`.
//!
//! A matrix is stored as rows of `n` elements. A reflection is applied to whole rows, with
//! zeros for the columns that it does not change, so that the loops vectorise. The algorithms
//! and the signs are those of LAPACK's `geqr2` and `org2r`.

use scirs2_core::Real;

use crate::kernels::batched::REAL_ONLY;
use crate::kernels::max_order;
use crate::kernels::scalar::KernelScalar;
use crate::simd::isa::multiversion;

/// Calls an inlined kernel, with the width of a row known at compile time if it is a
/// common one.
macro_rules! dispatch_width {
    ($kernel:ident($n:expr, $m:expr $(, $argument:expr)*)) => {
        match $n {
            2 => $kernel(2, $m $(, $argument)*),
            3 => $kernel(3, $m $(, $argument)*),
            4 => $kernel(4, $m $(, $argument)*),
            8 => $kernel(8, $m $(, $argument)*),
            16 => $kernel(16, $m $(, $argument)*),
            32 => $kernel(32, $m $(, $argument)*),
            n => $kernel(n, $m $(, $argument)*),
        }
    };
}

/// Replaces `A`, of `m` rows, by `A = Q R`: `R` on and above the diagonal, below it the
/// vectors `v`, whose first element is one; and stores each `tau`. Returns false if a column
/// is so large or small, or not finite, that LAPACK must handle the matrix.
pub(crate) fn factor<T: KernelScalar>(m: usize, n: usize, a: &mut [T], tau: &mut [T]) -> bool {
    let (a, tau) = (
        T::as_real_mut(a).expect(REAL_ONLY),
        T::as_real_mut(tau).expect(REAL_ONLY),
    );
    factor_real(m, n, a, tau)
}

/// Computes the first `n` columns of `Q` in place of the vectors `v`, which are below the
/// diagonal of `tau.len()` columns.
pub(crate) fn orthogonal<T: KernelScalar>(m: usize, n: usize, q: &mut [T], tau: &[T]) {
    let (q, tau) = (
        T::as_real_mut(q).expect(REAL_ONLY),
        T::as_real(tau).expect(REAL_ONLY),
    );
    orthogonal_real(m, n, q, tau);
}

multiversion! {
    fn factor_real<R: Real>(m: usize, n: usize, a: &mut [R], tau: &mut [R]) -> bool {
        dispatch_width!(factor_kernel(n, m, a, tau))
    }

    fn orthogonal_real<R: Real>(m: usize, n: usize, q: &mut [R], tau: &[R]) {
        dispatch_width!(orthogonal_kernel(n, m, q, tau));
    }
}

#[inline(always)]
fn factor_kernel<R: Real>(n: usize, m: usize, a: &mut [R], tau: &mut [R]) -> bool {
    let a = &mut a[..m * n];
    // Bounds for squared lengths within which no significant term is lost.
    let margin = R::epsilon() * R::epsilon();
    let (min_square, max_square) = (R::min_positive_value() / margin, R::max_value() * margin);
    for (k, tau) in tau.iter_mut().enumerate() {
        let alpha = a[k * n + k];
        let below = a[k * n..].iter().skip(k).step_by(n).skip(1);
        let squares = below.fold(R::zero(), |sum, &x| x.mul_add(x, sum));
        let square = alpha.mul_add(alpha, squares);
        *tau = R::zero();
        if squares.is_zero() && (alpha.is_zero() || square >= min_square && square <= max_square) {
            // Nothing to reflect, unless the squares of small numbers underflow.
            let mut below = a[k * n..].iter().skip(k).step_by(n).skip(1);
            if below.all(|x| x.is_zero()) {
                continue;
            }
        }
        if !(square >= min_square && square <= max_square) {
            return false;
        }
        let length = square.sqrt();
        let beta = if alpha < R::zero() { length } else { -length };
        *tau = (beta - alpha) / beta;
        let scale = R::one() / (alpha - beta);
        for x in a[k * n..].iter_mut().skip(k).step_by(n).skip(1) {
            *x *= scale;
        }
        a[k * n + k] = beta;
        reflect(n, k, *tau, a);
    }
    true
}

#[inline(always)]
fn orthogonal_kernel<R: Real>(n: usize, m: usize, q: &mut [R], tau: &[R]) {
    let q = &mut q[..m * n];
    for (row, elements) in q.chunks_exact_mut(n.max(1)).enumerate() {
        for (column, x) in elements.iter_mut().enumerate() {
            if column > row || column >= tau.len() {
                *x = if column == row { R::one() } else { R::zero() };
            }
        }
    }
    for (k, &tau) in tau.iter().enumerate().rev() {
        reflect(n, k, tau, q);
        q[k * n + k] = R::one() - tau;
        for x in q[k * n..].iter_mut().skip(k).step_by(n).skip(1) {
            *x *= -tau;
        }
    }
}

/// Reflects the columns after `k` by the vector in that column.
#[inline(always)]
fn reflect<R: Real>(n: usize, k: usize, tau: R, a: &mut [R]) {
    let mut sums = [R::zero(); max_order::HOUSEHOLDER];
    let sums = &mut sums[..n];
    let (first, others) = a[k * n..].split_at_mut(n);
    sums.copy_from_slice(first);
    for row in others.chunks_exact(n) {
        let factor = row[k];
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum = factor.mul_add(x, *sum);
        }
    }
    for (column, sum) in sums.iter_mut().enumerate() {
        *sum = if column > k { tau * *sum } else { R::zero() };
    }
    for (x, &sum) in first.iter_mut().zip(&*sums) {
        *x -= sum;
    }
    for row in others.chunks_exact_mut(n) {
        let factor = -row[k];
        for (x, &sum) in row.iter_mut().zip(&*sums) {
            *x = factor.mul_add(sum, *x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(m: usize, n: usize) -> Vec<f64> {
        let element = |at: usize| {
            let mut spread = at as u64 + 1;
            for _ in 0..3 {
                spread = (spread ^ (spread >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
            (spread >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..m * n).map(element).collect()
    }

    /// The errors of `Q R` compared with `A` and of `Q^T Q` compared with the identity.
    fn errors(m: usize, n: usize, columns: usize, a: &[f64]) -> (f64, f64) {
        let least = m.min(n);
        let (mut r, mut tau) = (a.to_vec(), vec![0.0; least]);
        assert!(factor(m, n, &mut r, &mut tau));
        let mut q = vec![0.0; m * columns];
        for row in 0..m {
            let copied = least.min(columns);
            q[row * columns..][..copied].copy_from_slice(&r[row * n..][..copied]);
        }
        orthogonal(m, columns, &mut q, &tau);
        let (mut residual, mut orthogonality_error) = (0.0_f64, 0.0_f64);
        for i in 0..m {
            for j in 0..n {
                let product = |k: usize| q[i * columns + k] * r[k * n + j];
                let sum: f64 = (0..=j.min(columns - 1)).map(product).sum();
                residual = residual.max((sum - a[i * n + j]).abs());
            }
        }
        for i in 0..columns {
            for j in 0..columns {
                let product = |k: usize| q[k * columns + i] * q[k * columns + j];
                let one = if i == j { 1.0 } else { 0.0 };
                orthogonality_error =
                    orthogonality_error.max(((0..m).map(product).sum::<f64>() - one).abs());
            }
        }
        (residual, orthogonality_error)
    }

    #[test]
    fn factors_every_shape() {
        let most = max_order::HOUSEHOLDER;
        let square = (1..=9).flat_map(|m| (1..=9).map(move |n| (m, n)));
        let long = [(most, 5), (5, most), (16, 16), (most, most), (17, 16)];
        for (m, n) in square.chain(long) {
            for scale in [1e-130, 1.0, 1e130] {
                let mut a = matrix(m, n);
                a.iter_mut().for_each(|x| *x *= scale);
                // A column of zeros, and one that needs no reflection.
                if n > 2 {
                    (0..m).for_each(|row| a[row * n + 1] = 0.0);
                    (0..m).for_each(|row| a[row * n] = if row == 0 { -scale } else { 0.0 });
                }
                let bound = 4.0 * most as f64 * f64::EPSILON;
                for columns in [m.min(n), m] {
                    let (residual, orthogonality_error) = errors(m, n, columns, &a);
                    assert!(
                        residual <= bound * scale && orthogonality_error <= bound,
                        "{m} {n} {columns}"
                    );
                }
            }
        }
    }

    #[test]
    fn rejects_overflowing_squares() {
        for x in [f64::NAN, f64::INFINITY, 1e200, 1e-200] {
            let mut a = [x, x, x, x];
            assert!(!factor(2, 2, &mut a, &mut [0.0; 2]));
            let mut a = [1.0, x, 0.0, x];
            assert!(!factor(2, 2, &mut a, &mut [0.0; 2]));
        }
    }
}
