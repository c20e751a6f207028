//! LU factors and the inverse from them.

use std::ffi::c_int;

use super::pivots::pivoted;
use super::{Lapack, blas_int, leading_dim, letter};

/// `getrf`: replaces a matrix of `rows` by its factors, and stores for each row the row that
/// it was exchanged with, counted from 1.
///
/// The error is the first pivot that is exactly zero, counted from 0; the factors are
/// complete all the same.
pub(crate) fn getrf<T: Lapack>(
    rows: usize,
    a: &mut [T],
    pivots: &mut [c_int],
) -> Result<(), usize> {
    let columns = a.len().checked_div(rows).unwrap_or(0);
    assert!(a.len() == rows * columns && pivots.len() == rows.min(columns));
    getrf_part(rows, a, (0, columns), pivots)
}

/// [`getrf`] for the columns `start..end` from the row `start` on.
pub(crate) fn getrf_part<T: Lapack>(
    rows: usize,
    a: &mut [T],
    (start, end): (usize, usize),
    pivots: &mut [c_int],
) -> Result<(), usize> {
    assert!(start <= end && start <= rows && a.len() >= end * rows);
    let pivots = &mut pivots[start..end.min(rows)];
    let part = a.as_mut_ptr().wrapping_add(start * rows + start);
    let mut info = 0;
    // SAFETY: the part has these rows and columns and the leading dimension `rows`, as just
    // asserted; the slice of pivots is as long as the smaller side of the part.
    unsafe {
        (T::ROUTINES.getrf)(
            &blas_int(rows - start),
            &blas_int(end - start),
            part,
            &leading_dim(rows),
            pivots.as_mut_ptr(),
            &mut info,
        );
    }
    pivots
        .iter_mut()
        .for_each(|pivot| *pivot += blas_int(start));
    pivoted(info).map_err(|pivot| start + pivot)
}

/// `laswp`: the exchanges that the pivots `first..last` name, in the columns `start..end`.
pub(crate) fn laswp<T: Lapack>(
    rows: usize,
    a: &mut [T],
    (start, end): (usize, usize),
    (first, last): (usize, usize),
    pivots: &[c_int],
) {
    assert!(start <= end && a.len() >= end * rows);
    // Pivot `i` exchanges row `i` with the one that it names: both are rows of `a`.
    assert!(first < last && last <= rows);
    let names = &pivots[first..last];
    assert!(
        names
            .iter()
            .all(|&pivot| 1 <= pivot && pivot <= blas_int(rows))
    );
    let columns = a.as_mut_ptr().wrapping_add(start * rows);
    // SAFETY: the columns have `rows` elements each, and only rows within them are
    // exchanged, as just asserted.
    unsafe {
        (T::ROUTINES.laswp)(
            &blas_int(end - start),
            columns,
            &leading_dim(rows),
            &blas_int(first + 1),
            &blas_int(last),
            pivots.as_ptr(),
            &1,
        );
    }
}

/// `trsm` and `gemm`: `L11^-1 A12` in place of `A12`, and `A22 - L21 A12` in place of `A22`,
/// where the columns of both parts begin and end at these.
pub(crate) fn trsm_gemm<T: Lapack>(rows: usize, a: &mut [T], [start, middle, end]: [usize; 3]) {
    assert!(start <= middle && middle <= end && end <= rows);
    assert!(a.len() >= end * rows);
    let first = a.as_mut_ptr().wrapping_add(start * rows + start);
    let below = first.wrapping_add(middle - start);
    let right = a.as_mut_ptr().wrapping_add(middle * rows + start);
    let corner = right.wrapping_add(middle - start);
    let (inner, columns) = (blas_int(middle - start), blas_int(end - middle));
    let ld = leading_dim(rows);
    let (left, lower, plain, unit) = (letter(b'L'), letter(b'L'), letter(b'N'), letter(b'U'));
    // SAFETY: the parts have these shapes, as just asserted, and no element in common.
    unsafe {
        (T::ROUTINES.trsm)(
            &left,
            &lower,
            &plain,
            &unit,
            &inner,
            &columns,
            &T::one(),
            first,
            &ld,
            right,
            &ld,
        );
    }
    // SAFETY: as above.
    unsafe {
        (T::ROUTINES.gemm)(
            &plain,
            &plain,
            &blas_int(rows - middle),
            &columns,
            &inner,
            &-T::one(),
            below,
            &ld,
            right,
            &ld,
            &T::one(),
            corner,
            &ld,
        );
    }
}

/// `trtri`: the inverse of the part of an upper triangle in the rows and columns
/// `start..end`, in its place. No element of its diagonal is zero.
pub(crate) fn trtri<T: Lapack>(n: usize, a: &mut [T], (start, end): (usize, usize)) {
    assert!(a.len() == n * n && start <= end && end <= n);
    let part = a.as_mut_ptr().wrapping_add(start * n + start);
    let mut info = 0;
    // SAFETY: the part has that order and the leading dimension `n`, as just asserted.
    unsafe {
        (T::ROUTINES.trtri)(
            &letter(b'U'),
            &letter(b'N'),
            &blas_int(end - start),
            part,
            &leading_dim(n),
            &mut info,
        );
    }
}

/// `trmm` and `trsm`: `-A11 A12 A22^-1` in place of `A12`, where the parts of an upper
/// triangle begin and end at these rows and columns.
pub(crate) fn trmm_trsm<T: Lapack>(n: usize, a: &mut [T], [start, middle, end]: [usize; 3]) {
    assert!(a.len() == n * n && start <= middle && middle <= end && end <= n);
    let first = a.as_mut_ptr().wrapping_add(start * n + start);
    let corner = a.as_mut_ptr().wrapping_add(middle * n + start);
    let second = corner.wrapping_add(middle - start);
    let (rows, columns) = (blas_int(middle - start), blas_int(end - middle));
    let ld = leading_dim(n);
    let (left, right, upper, plain) = (letter(b'L'), letter(b'R'), letter(b'U'), letter(b'N'));
    // SAFETY: the parts have these shapes, as just asserted, and no element in common.
    unsafe {
        (T::ROUTINES.trmm)(
            &left,
            &upper,
            &plain,
            &plain,
            &rows,
            &columns,
            &-T::one(),
            first,
            &ld,
            corner,
            &ld,
        );
    }
    // SAFETY: as above.
    unsafe {
        (T::ROUTINES.trsm)(
            &right,
            &upper,
            &plain,
            &plain,
            &rows,
            &columns,
            &T::one(),
            second,
            &ld,
            corner,
            &ld,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "last <= rows")]
    fn more_exchanges_than_rows_are_refused() {
        let mut memory = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        laswp(1, &mut memory[..1], (0, 1), (0, 8), &[1; 8]);
    }
}
