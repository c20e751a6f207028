//! Factors of positive definite matrices.

use super::{Lapack, Triangle, int, leading};
use crate::error::Reason;

/// `potrf`: the factor of the `n` x `n` matrix `a` in place of one triangle of it; the
/// other stays as it is.
pub(crate) fn potrf<T: Lapack>(triangle: Triangle, n: usize, a: &mut [T]) -> Result<(), Reason> {
    assert!(a.len() / n.max(1) >= n);
    let mut info = 0;
    // SAFETY: `a` has `n * n` elements, as just asserted.
    unsafe {
        (T::ROUTINES.potrf)(
            &triangle.uplo(),
            &int(n),
            a.as_mut_ptr(),
            &leading(n),
            &mut info,
        );
    }
    match usize::try_from(info) {
        Ok(0) => Ok(()),
        // Negative would be an argument that LAPACK refuses.
        minor => Err(Reason::NotPositiveDefinite {
            minor: minor.unwrap_or(n),
        }),
    }
}
