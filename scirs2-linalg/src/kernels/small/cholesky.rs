//! The Cholesky factor of one small matrix.
//!
//! A matrix is a slice in C order. The loops run along rows, which the compiler
//! vectorises; each order up to 4 has an unrolled copy of the loops. The algorithms
//! and their error bounds are those of LAPACK's unblocked routines.

use num_traits::{Float as _, Zero as _};
use scirs2_core::Scalar;

use crate::base::error::Reason;
use crate::kernels::max_order;
use crate::simd::isa::multiversion;

/// Calls an inlined kernel, with the order known at compile time if it is
/// small.
macro_rules! dispatch_order {
    ($kernel:ident($n:expr $(, $argument:expr)*)) => {
        match $n {
            1 => $kernel(1 $(, $argument)*),
            2 => $kernel(2 $(, $argument)*),
            3 => $kernel(3 $(, $argument)*),
            4 => $kernel(4 $(, $argument)*),
            n => $kernel(n $(, $argument)*),
        }
    };
}

multiversion! {
    /// Replaces the upper triangle by the factor `U` of `A = U^H U`.
    ///
    /// A NaN passes through, as in LAPACK.
    pub(crate) fn factor_upper<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
        dispatch_order!(upper_kernel(n, a))
    }

    /// Replaces the lower triangle by the factor `L` of `A = L L^H`.
    pub(crate) fn factor_lower<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
        dispatch_order!(lower_kernel(n, a))
    }
}

#[inline(always)]
fn upper_kernel<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
    let a = &mut a[..n * n];
    for k in 0..n {
        let (above, below) = a.split_at_mut((k + 1) * n);
        let row = &mut above[k * n..];
        let pivot = row[k].real();
        if pivot <= T::Real::zero() {
            return Err(Reason::NotPositiveDefinite { minor: k + 1 });
        }
        let root = pivot.sqrt();
        row[k] = T::from_real(root);
        for x in &mut row[k + 1..n] {
            *x = x.div_real(root);
        }
        for (i, other) in (k + 1..n).zip(below.chunks_exact_mut(n)) {
            let factor = row[i].conj();
            for (x, &y) in other[i..n].iter_mut().zip(&row[i..n]) {
                *x -= factor * y;
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn lower_kernel<T: Scalar>(n: usize, a: &mut [T]) -> Result<(), Reason> {
    let a = &mut a[..n * n];
    // The current column, conjugated and contiguous.
    let mut column = [T::zero(); max_order::CHOLESKY];
    for k in 0..n {
        let pivot = a[k * n + k].real();
        if pivot <= T::Real::zero() {
            return Err(Reason::NotPositiveDefinite { minor: k + 1 });
        }
        let root = pivot.sqrt();
        a[k * n + k] = T::from_real(root);
        for i in k + 1..n {
            let row = &mut a[i * n..][..i + 1];
            row[k] = row[k].div_real(root);
            column[i] = row[k].conj();
            let factor = row[k];
            for (x, &y) in row[k + 1..].iter_mut().zip(&column[k + 1..=i]) {
                *x -= factor * y;
            }
        }
    }
    Ok(())
}
