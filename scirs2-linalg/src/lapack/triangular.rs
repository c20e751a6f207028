//! Systems with triangular matrices.

use std::ffi::c_char;

use super::{Lapack, Triangle, int, leading, letter};

/// Which part of a matrix is read, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    pub(crate) triangle: Triangle,
    /// `op(A)` is the transpose, else `A` itself.
    pub(crate) transpose: bool,
    /// Ones on the diagonal, which is not read.
    pub(crate) unit: bool,
}

impl Shape {
    /// LAPACK's `uplo`, `trans` and `diag`.
    const fn letters(self) -> (c_char, c_char, c_char) {
        (
            self.triangle.uplo(),
            letter(if self.transpose { b'T' } else { b'N' }),
            letter(if self.unit { b'U' } else { b'N' }),
        )
    }
}

/// `trsm` from the right: solves `X op(A) = B` for `X`, in place of `B`, which has `n`
/// columns; `A` is an `n` x `n` matrix.
pub(crate) fn trsm<T: Lapack>(shape: Shape, n: usize, a: &[T], b: &mut [T]) {
    let rows = b.len().checked_div(n).unwrap_or(0);
    assert!(a.len() / n.max(1) >= n && b.len() == n * rows);
    let (uplo, trans, diag) = shape.letters();
    // SAFETY: the lengths are those just asserted.
    unsafe {
        (T::ROUTINES.trsm)(
            &letter(b'R'),
            &uplo,
            &trans,
            &diag,
            &int(rows),
            &int(n),
            &T::one(),
            a.as_ptr(),
            &leading(n),
            b.as_mut_ptr(),
            &leading(rows),
        );
    }
}

/// `trsv`: solves `op(A) x = b` for `x`, in place of the vector `b`.
pub(crate) fn trsv<T: Lapack>(shape: Shape, a: &[T], b: &mut [T]) {
    let n = b.len();
    assert!(a.len() / n.max(1) >= n);
    let (uplo, trans, diag) = shape.letters();
    // SAFETY: the lengths are those just asserted.
    unsafe {
        (T::ROUTINES.trsv)(
            &uplo,
            &trans,
            &diag,
            &int(n),
            a.as_ptr(),
            &leading(n),
            b.as_mut_ptr(),
            &1,
        );
    }
}
