//! Factors of band matrices.

use std::ffi::c_int;

use super::pivots::pivoted;
use super::{Lapack, blas_int};

/// `gbtrf`: replaces a band matrix of order `pivots.len()` by its LU factors, and stores for each
/// row the row that it was exchanged with, counted from 1. The band has that many diagonals
/// `below` and `above` the main one.
///
/// A column of `band` has `2 * below + above + 1` elements: first `below` that the factors fill,
/// then the elements from the uppermost diagonal to the lowest. The error is the first pivot that
/// is exactly zero, counted from 0.
pub(crate) fn gbtrf<T: Lapack>(
    [below, above]: [usize; 2],
    band: &mut [T],
    pivots: &mut [c_int],
) -> Result<(), usize> {
    let (n, column_len) = (pivots.len(), 2 * below + above + 1);
    assert!(band.len() / column_len >= n && below < n.max(1) && above < n.max(1));
    super::init_single_threaded();
    let mut info = 0;
    // SAFETY: the band has `n` columns of that many elements, and `pivots` has `n`, as was just
    // asserted.
    unsafe {
        (T::ROUTINES.gbtrf)(
            &blas_int(n),
            &blas_int(n),
            &blas_int(below),
            &blas_int(above),
            band.as_mut_ptr(),
            &blas_int(column_len),
            pivots.as_mut_ptr(),
            &mut info,
        );
    }
    pivoted(info)
}
