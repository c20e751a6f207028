//! Matrices balanced before their eigenvalues are computed.

use std::ffi::c_int;

use super::{Lapack, blas_int, leading_dim, letter};

/// `gebal`: replaces the matrix by `D^-1 P^T A P D`, as far as `permute` and `scale` allow. Returns
/// the first and the last row, counted from 0, of the part that was scaled. There `factors` holds
/// the elements of `D`, elsewhere the rows, counted from 1, that were exchanged: those after the
/// part from the last on, then those before it from the first on.
pub(crate) fn gebal<T: Lapack>(
    n: usize,
    permute: bool,
    scale: bool,
    a: &mut [T],
    factors: &mut [T::Real],
) -> (usize, usize) {
    assert!(n > 0 && a.len() == n * n && factors.len() == n);
    let job = letter(match (permute, scale) {
        (true, true) => b'B',
        (true, false) => b'P',
        (false, true) => b'S',
        (false, false) => b'N',
    });
    let (mut low, mut high, mut info): (c_int, c_int, c_int) = (1, 1, 0);
    // SAFETY: the lengths are those just asserted.
    unsafe {
        (T::ROUTINES.gebal)(
            &job,
            &blas_int(n),
            a.as_mut_ptr(),
            &leading_dim(n),
            &mut low,
            &mut high,
            factors.as_mut_ptr(),
            &mut info,
        );
    }
    let row = |number: c_int| usize::try_from(number - 1).expect("LAPACK counts from 1");
    (row(low), row(high))
}
