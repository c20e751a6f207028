//! Systems with triangular matrices.

use std::ffi::c_char;

use super::{Lapack, blas_int, leading_dim, letter};
use crate::base::structure::Triangle;

/// Which part of a matrix is read, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TriangularSpec {
    pub(crate) triangle: Triangle,
    /// `op(A)` is the transpose, else `A` itself.
    pub(crate) transpose: bool,
    /// Ones on the diagonal, which is not read.
    pub(crate) unit: bool,
}

impl TriangularSpec {
    /// LAPACK's `uplo`, `trans` and `diag`.
    const fn blas_flags(self) -> (c_char, c_char, c_char) {
        (
            self.triangle.uplo(),
            letter(if self.transpose { b'T' } else { b'N' }),
            letter(if self.unit { b'U' } else { b'N' }),
        )
    }
}

/// `trsm` from the right: solves `X op(A) = B` for `X`, in place of `B`, which has `n`
/// columns; `A` is an `n` x `n` matrix.
pub(crate) fn trsm<T: Lapack>(spec: TriangularSpec, n: usize, a: &[T], b: &mut [T]) {
    let rows = b.len().checked_div(n).unwrap_or(0);
    assert!(a.len() / n.max(1) >= n && b.len() == n * rows);
    let (uplo, trans, diag) = spec.blas_flags();
    // SAFETY: the lengths are those just asserted.
    unsafe {
        (T::ROUTINES.trsm)(
            &letter(b'R'),
            &uplo,
            &trans,
            &diag,
            &blas_int(rows),
            &blas_int(n),
            &T::one(),
            a.as_ptr(),
            &leading_dim(n),
            b.as_mut_ptr(),
            &leading_dim(rows),
        );
    }
}

/// `trsv`: solves `op(A) x = b` for `x`, in place of the vector `b`.
pub(crate) fn trsv<T: Lapack>(spec: TriangularSpec, a: &[T], b: &mut [T]) {
    let n = b.len();
    assert!(a.len() / n.max(1) >= n);
    let (uplo, trans, diag) = spec.blas_flags();
    // SAFETY: the lengths are those just asserted.
    unsafe {
        (T::ROUTINES.trsv)(
            &uplo,
            &trans,
            &diag,
            &blas_int(n),
            a.as_ptr(),
            &leading_dim(n),
            b.as_mut_ptr(),
            &1,
        );
    }
}
