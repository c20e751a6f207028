//! LU factors and the inverse from them.

use std::ffi::c_int;
use std::ptr;

use cblas_sys::{
    CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, CblasRight, CblasUnit,
    CblasUpper,
};
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
    fn getrf(rows: usize, a: &mut [Self], pivots: &mut [c_int]) -> Result<(), usize> {
        let columns = a.len().checked_div(rows).unwrap_or(0);
        assert!(a.len() == rows * columns && pivots.len() == rows.min(columns));
        Self::getrf_part(rows, a, (0, columns), pivots)
    }

    /// [`getrf`](Self::getrf) for the columns `start..end` from the row `start` on.
    #[doc(hidden)]
    fn getrf_part(
        rows: usize,
        a: &mut [Self],
        columns: (usize, usize),
        pivots: &mut [c_int],
    ) -> Result<(), usize>;

    /// `laswp`: the exchanges that those pivots name, in these columns.
    #[doc(hidden)]
    fn laswp(
        rows: usize,
        a: &mut [Self],
        columns: (usize, usize),
        pivots_of: (usize, usize),
        pivots: &[c_int],
    );

    /// `trsm` and `gemm`: `L11^-1 A12` in place of `A12`, and `A22 - L21 A12` in place of
    /// `A22`, where the columns of both parts begin and end at these.
    #[doc(hidden)]
    fn trsm_gemm(rows: usize, a: &mut [Self], parts: [usize; 3]);

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
    ($(
        $type:ty: $getrf:ident $laswp:ident $trtri:ident $trmm:ident $trsm:ident $gemm:ident
        |$factor:ident| $by:expr;
    )+) => {$(
        impl Lu for $type {
            fn getrf_part(
                rows: usize,
                a: &mut [Self],
                (start, end): (usize, usize),
                pivots: &mut [c_int],
            ) -> Result<(), usize> {
                assert!(start <= end && start <= rows && a.len() >= end * rows);
                let pivots = &mut pivots[start..end.min(rows)];
                let part = a.as_mut_ptr().wrapping_add(start * rows + start);
                let mut info: c_int = 0;
                // SAFETY: the part has so many rows and columns, as just asserted, so far
                // from one column to the next; both languages lay out a complex number
                // as two reals.
                unsafe {
                    lapack_sys::$getrf(
                        &int(rows - start), &int(end - start), part.cast(), &leading(rows),
                        pivots.as_mut_ptr(), &mut info,
                    );
                }
                pivots.iter_mut().for_each(|pivot| *pivot += int(start));
                pivoted(info).map_err(|pivot| start + pivot)
            }

            fn laswp(
                rows: usize,
                a: &mut [Self],
                (start, end): (usize, usize),
                (first, last): (usize, usize),
                pivots: &[c_int],
            ) {
                assert!(start <= end && a.len() >= end * rows && first < last);
                let names = &pivots[first..last];
                assert!(names.iter().all(|&pivot| 1 <= pivot && pivot <= int(rows)));
                let columns = a.as_mut_ptr().wrapping_add(start * rows);
                // SAFETY: there are so many columns, and the pivots name rows of theirs,
                // as just asserted; both languages lay out a complex number as two reals.
                unsafe {
                    lapack_sys::$laswp(
                        &int(end - start), columns.cast(), &leading(rows), &int(first + 1),
                        &int(last), pivots.as_ptr(), &1,
                    );
                }
            }

            fn trsm_gemm(rows: usize, a: &mut [Self], [start, middle, end]: [usize; 3]) {
                assert!(start <= middle && middle <= end && end <= rows);
                assert!(a.len() >= end * rows);
                let first = a.as_mut_ptr().wrapping_add(start * rows + start);
                let below = first.wrapping_add(middle - start);
                let right = a.as_mut_ptr().wrapping_add(middle * rows + start);
                let corner = right.wrapping_add(middle - start);
                let (inner, columns) = (int(middle - start), int(end - middle));
                let one: Self = 1.0.into();
                let minus = -one;
                let by = |$factor: &Self| $by;
                // SAFETY: the parts are of these shapes, as just asserted, and have no
                // element in common; both languages lay out a complex number as two reals.
                unsafe {
                    cblas_sys::$trsm(
                        CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasUnit, inner,
                        columns, by(&one), first.cast(), leading(rows), right.cast(),
                        leading(rows),
                    );
                }
                // SAFETY: as above.
                unsafe {
                    cblas_sys::$gemm(
                        CblasColMajor, CblasNoTrans, CblasNoTrans, int(rows - middle), columns,
                        inner, by(&minus), below.cast(), leading(rows), right.cast(),
                        leading(rows), by(&one), corner.cast(), leading(rows),
                    );
                }
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
    f32: sgetrf_ slaswp_ strtri_ cblas_strmm cblas_strsm cblas_sgemm
        |factor| *factor;
    f64: dgetrf_ dlaswp_ dtrtri_ cblas_dtrmm cblas_dtrsm cblas_dgemm
        |factor| *factor;
    Complex32: cgetrf_ claswp_ ctrtri_ cblas_ctrmm cblas_ctrsm cblas_cgemm
        |factor| ptr::from_ref(factor).cast();
    Complex64: zgetrf_ zlaswp_ ztrtri_ cblas_ztrmm cblas_ztrsm cblas_zgemm
        |factor| ptr::from_ref(factor).cast();
}

/// What `info` says of the pivots.
fn pivoted(info: c_int) -> Result<(), usize> {
    match usize::try_from(info) {
        // Negative would be an argument that LAPACK refuses.
        Ok(0) | Err(_) => Ok(()),
        Ok(pivot) => Err(pivot - 1),
    }
}
