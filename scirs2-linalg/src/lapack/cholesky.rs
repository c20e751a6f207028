//! Factors of positive definite matrices.

use std::ffi::c_int;

use scirs2_core::{Complex32, Complex64};

use super::{Triangle, int, leading};
use crate::error::Reason;

/// The routines of this family, for one element type.
pub trait Cholesky: Sized {
    /// `potrf`: the factor of the `n` x `n` matrix `a` in place of one triangle
    /// of it; the other stays as it is.
    #[doc(hidden)]
    fn potrf(triangle: Triangle, n: usize, a: &mut [Self]) -> Result<(), Reason>;
}

macro_rules! cholesky {
    ($($type:ty: $potrf:ident;)+) => {$(
        impl Cholesky for $type {
            fn potrf(triangle: Triangle, n: usize, a: &mut [Self]) -> Result<(), Reason> {
                assert!(a.len() / n.max(1) >= n);
                let mut info: c_int = 0;
                // SAFETY: `a` has n * n elements, and both languages lay out a
                // complex number as two reals.
                unsafe {
                    lapack_sys::$potrf(
                        &triangle.uplo(), &int(n), a.as_mut_ptr().cast(), &leading(n), &mut info,
                    );
                }
                match usize::try_from(info) {
                    Ok(0) => Ok(()),
                    // Negative would be an argument that LAPACK refuses.
                    minor => Err(Reason::NotPositiveDefinite { minor: minor.unwrap_or(n) }),
                }
            }
        }
    )+};
}

cholesky! {
    f32: spotrf_;
    f64: dpotrf_;
    Complex32: cpotrf_;
    Complex64: zpotrf_;
}
