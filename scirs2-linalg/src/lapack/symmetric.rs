//! Factors of symmetric and Hermitian matrices.

use std::ffi::c_int;

use super::pivots::pivoted;
use super::{FieldRoutines, Lapack, blas_int, leading_dim};
use crate::base::structure::Triangle;

/// The elements of `work` with which [`sytrf`] works in blocks, as OpenBLAS and LAPACK do.
pub(crate) const fn symmetric_work_len(n: usize) -> usize {
    64 * n
}

/// `sytrf`, or with `hermitian` `hetrf`: replaces the lower triangle of a matrix of order
/// `pivots.len()` by the factors `L` and `D` of Bunch and Kaufman, in LAPACK's form. The error is
/// the first block of `D` that is exactly zero, counted from 0.
pub(crate) fn sytrf<T: Lapack>(
    hermitian: bool,
    a: &mut [T],
    pivots: &mut [c_int],
    work: &mut [T],
) -> Result<(), usize> {
    let n = pivots.len();
    assert!(a.len() / n.max(1) >= n && !work.is_empty());
    super::init_single_threaded();
    let (uplo, order, ld) = (Triangle::Lower.uplo(), blas_int(n), leading_dim(n));
    let (a, pivots, lwork) = (a.as_mut_ptr(), pivots.as_mut_ptr(), blas_int(work.len()));
    let work = work.as_mut_ptr();
    let mut info = 0;
    match T::FIELD_ROUTINES {
        FieldRoutines::Complex(complex) if hermitian => {
            // SAFETY: the matrix has `n * n` elements and `pivots` has `n`, as was just asserted,
            // and `work` has `lwork`, of which one is enough.
            unsafe {
                (complex.hetrf)(&uplo, &order, a, &ld, pivots, work, &lwork, &mut info);
            }
        }
        _ => {
            // SAFETY: as above.
            unsafe {
                (T::ROUTINES.sytrf)(&uplo, &order, a, &ld, pivots, work, &lwork, &mut info);
            }
        }
    }
    pivoted(info)
}
