//! Factors of positive definite matrices.

use super::{Lapack, blas_int, leading_dim};
use crate::base::error::Reason;
use crate::base::structure::Triangle;

/// `potrf`: replaces one triangle of the `n` x `n` matrix `a` by the factor; the other
/// triangle is unchanged.
pub(crate) fn potrf<T: Lapack>(triangle: Triangle, n: usize, a: &mut [T]) -> Result<(), Reason> {
    assert!(a.len() / n.max(1) >= n);
    let mut info = 0;
    // SAFETY: `a` has `n * n` elements, as just asserted.
    unsafe {
        (T::ROUTINES.potrf)(
            &triangle.uplo(),
            &blas_int(n),
            a.as_mut_ptr(),
            &leading_dim(n),
            &mut info,
        );
    }
    match usize::try_from(info) {
        Ok(0) => Ok(()),
        // A negative value would mean an argument that LAPACK refuses.
        minor => Err(Reason::NotPositiveDefinite {
            minor: minor.unwrap_or(n),
        }),
    }
}
