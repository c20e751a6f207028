//! Systems with triangular matrices.

use std::ptr;

use cblas_sys::{
    CBLAS_DIAG, CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_UPLO, CblasColMajor, CblasLower, CblasNoTrans,
    CblasNonUnit, CblasRight, CblasTrans, CblasUnit, CblasUpper,
};
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
    const fn codes(self) -> (CBLAS_UPLO, CBLAS_TRANSPOSE, CBLAS_DIAG) {
        (
            match self.triangle {
                Triangle::Upper => CblasUpper,
                Triangle::Lower => CblasLower,
            },
            if self.transpose {
                CblasTrans
            } else {
                CblasNoTrans
            },
            if self.unit { CblasUnit } else { CblasNonUnit },
        )
    }
}

const COLUMNS: CBLAS_LAYOUT = CblasColMajor;

macro_rules! triangular {
    ($($type:ty: $trsm:ident $trsv:ident |$factor:ident| $by:expr;)+) => {$(
        impl Substitute for $type {
            fn trsm(shape: Shape, n: usize, a: &[Self], b: &mut [Self]) {
                let rows = b.len().checked_div(n).unwrap_or(0);
                assert!(a.len() / n.max(1) >= n && b.len() == n * rows);
                let (uplo, trans, diag) = shape.codes();
                let one: Self = 1.0.into();
                let by = |$factor: &Self| $by;
                // SAFETY: the lengths are those just asserted, and both languages
                // lay out a complex number as two reals.
                unsafe {
                    cblas_sys::$trsm(
                        COLUMNS, CblasRight, uplo, trans, diag, int(rows), int(n), by(&one),
                        a.as_ptr().cast(), leading(n), b.as_mut_ptr().cast(), leading(rows),
                    );
                }
            }

            fn trsv(shape: Shape, a: &[Self], b: &mut [Self]) {
                let n = b.len();
                assert!(a.len() / n.max(1) >= n);
                let (uplo, trans, diag) = shape.codes();
                // SAFETY: the lengths are those just asserted, and both languages
                // lay out a complex number as two reals.
                unsafe {
                    cblas_sys::$trsv(
                        COLUMNS, uplo, trans, diag, int(n), a.as_ptr().cast(), leading(n),
                        b.as_mut_ptr().cast(), 1,
                    );
                }
            }
        }
    )+};
}

triangular! {
    f32: cblas_strsm cblas_strsv |factor| *factor;
    f64: cblas_dtrsm cblas_dtrsv |factor| *factor;
    Complex32: cblas_ctrsm cblas_ctrsv |factor| ptr::from_ref(factor).cast();
    Complex64: cblas_ztrsm cblas_ztrsv |factor| ptr::from_ref(factor).cast();
}
