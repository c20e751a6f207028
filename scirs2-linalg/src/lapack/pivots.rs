//! Row interchanges, with LAPACK's pivots.

use std::ffi::c_int;

/// Swaps a row of `row_len` elements with the row that its pivot names, which is never above
/// it for pivots from LAPACK.
pub(crate) fn swap_rows<T>(pivots: &[c_int], row: usize, row_len: usize, b: &mut [T]) {
    let other = pivot_to_index(pivots[row]);
    let (upper, lower) = (row.min(other), row.max(other));
    if upper < lower {
        let (left, right) = b.split_at_mut(lower * row_len);
        left[upper * row_len..][..row_len].swap_with_slice(&mut right[..row_len]);
    }
}

/// The row that a pivot names, counted from 0.
pub(crate) fn pivot_to_index(pivot: c_int) -> usize {
    usize::try_from(pivot - 1).expect("LAPACK counts from 1")
}

/// What `info` says about the pivots.
pub(super) fn pivoted(info: c_int) -> Result<(), usize> {
    match usize::try_from(info) {
        // A negative value would mean an argument that LAPACK refuses.
        Ok(0) | Err(_) => Ok(()),
        Ok(pivot) => Err(pivot - 1),
    }
}
