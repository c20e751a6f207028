//! LU factors and the inverse from them.

use std::ffi::c_int;

use num_traits::ToPrimitive as _;
use scirs2_core::{Complex32, Complex64};

use super::{Lapack, int, leading};

/// The routines of this family, for one element type.
pub trait Lu: Sized {
    /// `getrf`: the factors of a matrix of `rows` in its own place, and for each
    /// row that it was exchanged with, counted from 1.
    ///
    /// The error is the first pivot that is exactly zero, counted from 0; the
    /// factors are whole all the same.
    #[doc(hidden)]
    fn getrf(rows: usize, a: &mut [Self], pivots: &mut [c_int]) -> Result<(), usize>;

    /// `getri`: the inverse in place of the factors of an `n` x `n` matrix. The
    /// error is as [`getrf`](Self::getrf)'s.
    #[doc(hidden)]
    fn getri(n: usize, a: &mut [Self], pivots: &[c_int], work: &mut [Self]) -> Result<(), usize>;

    /// The best length for the `work` of [`getri`](Self::getri), as LAPACK puts it.
    #[doc(hidden)]
    fn getri_work(n: usize) -> Self;
}

macro_rules! lu {
    ($($type:ty: $getrf:ident $getri:ident;)+) => {$(
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

            fn getri(
                n: usize,
                a: &mut [Self],
                pivots: &[c_int],
                work: &mut [Self],
            ) -> Result<(), usize> {
                assert!(a.len() / n.max(1) >= n && pivots.len() == n && work.len() >= n.max(1));
                // The columns that it exchanges.
                assert!(pivots.iter().all(|&pivot| 1 <= pivot && pivot <= int(n)));
                let lwork = c_int::try_from(work.len()).unwrap_or(c_int::MAX);
                let mut info: c_int = 0;
                // SAFETY: the lengths and the columns are those just asserted, and
                // both languages lay out a complex number as two reals.
                unsafe {
                    lapack_sys::$getri(
                        &int(n), a.as_mut_ptr().cast(), &leading(n), pivots.as_ptr(),
                        work.as_mut_ptr().cast(), &lwork, &mut info,
                    );
                }
                pivoted(info)
            }

            fn getri_work(n: usize) -> Self {
                let mut best = [<$type>::default()];
                let (mut nothing, mut info) = ([<$type>::default()], 0);
                // SAFETY: with a length of -1 it answers the best length in `best`
                // and reads nothing.
                unsafe {
                    lapack_sys::$getri(
                        &int(n), nothing.as_mut_ptr().cast(), &leading(n), &0,
                        best.as_mut_ptr().cast(), &-1, &mut info,
                    );
                }
                best[0]
            }
        }
    )+};
}

lu! {
    f32: sgetrf_ sgetri_;
    f64: dgetrf_ dgetri_;
    Complex32: cgetrf_ cgetri_;
    Complex64: zgetrf_ zgetri_;
}

/// What `info` says of the pivots.
fn pivoted(info: c_int) -> Result<(), usize> {
    match usize::try_from(info) {
        // Negative would be an argument that LAPACK refuses.
        Ok(0) | Err(_) => Ok(()),
        Ok(pivot) => Err(pivot - 1),
    }
}

/// The length of the workspace with which the inverse of an `n` x `n` matrix is
/// fastest.
pub(crate) fn inverse_workspace<T: Lapack>(n: usize) -> usize {
    let best: f64 = T::getri_work(n).parts()[0].into();
    // A single cannot hold every length; LAPACK may have rounded it down.
    let best = (best * (1.0 + f64::from(f32::EPSILON))).ceil();
    best.to_usize().unwrap_or(0).max(n).max(1)
}
