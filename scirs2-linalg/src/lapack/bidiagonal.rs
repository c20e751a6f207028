//! Singular values of bidiagonal matrices.

use std::ptr;

use super::sys::RealRoutines;
use super::{blas_int, init_single_threaded, letter};

/// Replaces the diagonal of a bidiagonal matrix by the singular values, the largest first;
/// the elements above it are overwritten. Returns false if they do not converge.
///
/// `dbdsqr`, which leads to `dlasq1`. `work` has four elements for each of the diagonal.
pub(crate) fn bidiagonal_values(
    diagonal: &mut [f64],
    superdiagonal: &mut [f64],
    work: &mut [f64],
) -> bool {
    let n = diagonal.len();
    assert!(superdiagonal.len() + 1 >= n && work.len() >= 4 * n);
    init_single_threaded();
    let mut info = 0;
    // SAFETY: the diagonal has `n` elements, `superdiagonal` one less, and `work` has `4 n`, as was
    // just asserted; without vectors nothing else is read.
    unsafe {
        (RealRoutines::<f64, f64>::TABLE.bdsqr)(
            &letter(b'U'),
            &blas_int(n),
            &0,
            &0,
            &0,
            diagonal.as_mut_ptr(),
            superdiagonal.as_mut_ptr(),
            ptr::null_mut(),
            &1,
            ptr::null_mut(),
            &1,
            ptr::null_mut(),
            &1,
            work.as_mut_ptr(),
            &mut info,
        );
    }
    info == 0
}
