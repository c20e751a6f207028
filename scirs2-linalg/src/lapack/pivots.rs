//! Exchanges of rows, as LAPACK counts them.

use std::ffi::c_int;

/// Exchanges a row of `each` elements with the one that its pivot names, which
/// is never above it for pivots from LAPACK.
pub(crate) fn exchange<T>(pivots: &[c_int], row: usize, each: usize, b: &mut [T]) {
    let other = counted_from_0(pivots[row]);
    let (upper, lower) = (row.min(other), row.max(other));
    if upper < lower {
        let (left, right) = b.split_at_mut(lower * each);
        left[upper * each..][..each].swap_with_slice(&mut right[..each]);
    }
}

/// The row that a pivot names, counted from 0.
pub(crate) fn counted_from_0(pivot: c_int) -> usize {
    usize::try_from(pivot - 1).expect("LAPACK counts from 1")
}
