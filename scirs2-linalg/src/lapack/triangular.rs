//! Systems with triangular matrices.

use std::ffi::c_char;

use scirs2_core::{Complex32, Complex64};

use super::{Triangle, int, leading};

/// The routines of this family, for one element type.
pub trait Substitute: Sized {
    /// `trsm` from the right: `X op(A) = B` for `X` in the place of `B`, which
    /// has as many columns as the `n` x `n` matrix `A` has rows.
    #[doc(hidden)]
    fn trsm(shape: Shape, n: usize, a: &[Self], b: &mut [Self]);

    /// `trsv`: `op(A) x = b` for `x` in the place of the vector `b`.
    #[doc(hidden)]
    fn trsv(shape: Shape, a: &[Self], b: &mut [Self]);
}

/// What of a matrix is read, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    pub(crate) triangle: Triangle,
    /// `op(A)` is the transpose, else `A` itself.
    pub(crate) transpose: bool,
    /// Ones on the diagonal, which is not read.
    pub(crate) unit: bool,
}

impl Shape {
    /// LAPACK's `uplo`, `trans` and `diag`.
    const fn codes(self) -> [c_char; 3] {
        let trans = if self.transpose { b'T' } else { b'N' };
        let diag = if self.unit { b'U' } else { b'N' };
        [
            self.triangle.uplo(),
            trans.cast_signed(),
            diag.cast_signed(),
        ]
    }
}

const RIGHT: c_char = b'R'.cast_signed();

macro_rules! triangular {
    ($($type:ty: $one:expr, $trsm:ident $trsv:ident;)+) => {$(
        impl Substitute for $type {
            fn trsm(shape: Shape, n: usize, a: &[Self], b: &mut [Self]) {
                let rows = b.len().checked_div(n).unwrap_or(0);
                assert!(a.len() / n.max(1) >= n && b.len() == n * rows);
                let [uplo, trans, diag] = shape.codes();
                let one: $type = $one;
                // SAFETY: the lengths are those just asserted, and both languages
                // lay out a complex number as two reals.
                unsafe {
                    blas_sys::$trsm(
                        &RIGHT, &uplo, &trans, &diag, &int(rows), &int(n),
                        (&raw const one).cast(), a.as_ptr().cast(), &leading(n),
                        b.as_mut_ptr().cast(), &leading(rows),
                    );
                }
            }

            fn trsv(shape: Shape, a: &[Self], b: &mut [Self]) {
                let n = b.len();
                assert!(a.len() / n.max(1) >= n);
                let [uplo, trans, diag] = shape.codes();
                // SAFETY: the lengths are those just asserted, and both languages
                // lay out a complex number as two reals.
                unsafe {
                    blas_sys::$trsv(
                        &uplo, &trans, &diag, &int(n), a.as_ptr().cast(), &leading(n),
                        b.as_mut_ptr().cast(), &1,
                    );
                }
            }
        }
    )+};
}

triangular! {
    f32: 1.0, strsm_ strsv_;
    f64: 1.0, dtrsm_ dtrsv_;
    Complex32: Complex32::new(1.0, 0.0), ctrsm_ ctrsv_;
    Complex64: Complex64::new(1.0, 0.0), ztrsm_ ztrsv_;
}
