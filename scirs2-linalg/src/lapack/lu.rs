//! LU factors and the inverse from them.

use std::ffi::c_int;
use std::ptr;

use cblas_sys::{CblasColMajor, CblasLeft, CblasNoTrans, CblasNonUnit, CblasRight, CblasUpper};
use scirs2_core::{Complex32, Complex64};

use super::{int, leading};

/// The routines of this family, for one element type.
pub trait Lu: Sized {
    /// `getrf`: the factors of a matrix of `rows` in its own place, and for each
    /// row that it was exchanged with, counted from 1.
    ///
    /// The error is the first pivot that is exactly zero, counted from 0; the
    /// factors are whole all the same.
    #[doc(hidden)]
    fn getrf(rows: usize, a: &mut [Self], pivots: &mut [c_int]) -> Result<(), usize>;

    /// `trtri`: the inverse of the part of an upper triangle in the rows and columns
    /// `start..end`, in its place. No element of its diagonal is zero.
    #[doc(hidden)]
    fn trtri(n: usize, a: &mut [Self], part: (usize, usize));

    /// `trmm` and `trsm`: `-A11 A12 A22^-1` in place of `A12`, where the parts of
    /// an upper triangle begin and end at these rows and columns.
    #[doc(hidden)]
    fn trmm_trsm(n: usize, a: &mut [Self], parts: [usize; 3]);
}

macro_rules! lu {
    ($($type:ty: $getrf:ident $trtri:ident $trmm:ident $trsm:ident |$factor:ident| $by:expr;)+) => {$(
        impl Lu for $type {
            fn getrf(rows: usize, a: &mut [Self], pivots: &mut [c_int]) -> Result<(), usize> {
                let columns = a.len().checked_div(rows).unwrap_or(0);
                assert!(a.len() == rows * columns && pivots.len() == rows.min(columns));
                let mut info: c_int = 0;
                // SAFETY: the lengths are those just asserted, and both languages
                // lay out a complex number as two reals.
                unsafe {
                    lapack_sys::$getrf(
                        &int(rows), &int(columns), a.as_mut_ptr().cast(), &leading(rows),
                        pivots.as_mut_ptr(), &mut info,
                    );
                }
                pivoted(info)
            }

            fn trtri(n: usize, a: &mut [Self], (start, end): (usize, usize)) {
                assert!(a.len() == n * n && start <= end && end <= n);
                let part = a.as_mut_ptr().wrapping_add(start * n + start);
                let (upper, not_unit) = (b'U'.cast_signed(), b'N'.cast_signed());
                let mut info: c_int = 0;
                // SAFETY: the part is of that order, as just asserted, and so far
                // from one column to the next; both languages lay out a complex
                // number as two reals.
                unsafe {
                    lapack_sys::$trtri(
                        &upper, &not_unit, &int(end - start), part.cast(), &leading(n), &mut info,
                    );
                }
            }

            fn trmm_trsm(n: usize, a: &mut [Self], [start, middle, end]: [usize; 3]) {
                assert!(a.len() == n * n && start <= middle && middle <= end && end <= n);
                let first = a.as_mut_ptr().wrapping_add(start * n + start);
                let corner = a.as_mut_ptr().wrapping_add(middle * n + start);
                let second = corner.wrapping_add(middle - start);
                let (rows, columns) = (int(middle - start), int(end - middle));
                let one: Self = 1.0.into();
                let minus = -one;
                let by = |$factor: &Self| $by;
                // SAFETY: the parts are of these shapes, as just asserted, and have
                // no element in common; both languages lay out a complex number as
                // two reals.
                unsafe {
                    cblas_sys::$trmm(
                        CblasColMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, rows,
                        columns, by(&minus), first.cast(), leading(n), corner.cast(), leading(n),
                    );
                }
                // SAFETY: as above.
                unsafe {
                    cblas_sys::$trsm(
                        CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, rows,
                        columns, by(&one), second.cast(), leading(n), corner.cast(), leading(n),
                    );
                }
            }
        }
    )+};
}

lu! {
    f32: sgetrf_ strtri_ cblas_strmm cblas_strsm |factor| *factor;
    f64: dgetrf_ dtrtri_ cblas_dtrmm cblas_dtrsm |factor| *factor;
    Complex32: cgetrf_ ctrtri_ cblas_ctrmm cblas_ctrsm |factor| ptr::from_ref(factor).cast();
    Complex64: zgetrf_ ztrtri_ cblas_ztrmm cblas_ztrsm |factor| ptr::from_ref(factor).cast();
}

/// What `info` says of the pivots.
fn pivoted(info: c_int) -> Result<(), usize> {
    match usize::try_from(info) {
        // Negative would be an argument that LAPACK refuses.
        Ok(0) | Err(_) => Ok(()),
        Ok(pivot) => Err(pivot - 1),
    }
}
