//! Some eigenvalues and eigenvectors of symmetric tridiagonal matrices.

use std::ffi::c_int;

use super::sys::RealRoutines;
use super::{blas_int, check_size, init_single_threaded, leading_dim, letter};
use crate::Error;
use crate::base::memory::zeros;

/// Which eigenvalues are computed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Interval {
    /// Those with these places, counted from 0, the smallest first; the second one is included.
    Places(usize, usize),
    /// Those above the first number and not above the second; both are finite.
    Values(f64, f64),
}

/// Some eigenvalues and eigenvectors of tridiagonal matrices of one order, in memory that is used
/// again.
pub(crate) struct TridiagonalPart {
    n: usize,
    values: Vec<f64>,
    /// The block of each value, and the end of each block: the matrix is split where the elements
    /// beside the diagonal are negligible.
    blocks: Vec<c_int>,
    ends: Vec<c_int>,
    failed: Vec<c_int>,
    work: Vec<f64>,
    iwork: Vec<c_int>,
}

impl TridiagonalPart {
    /// For matrices of order `n`, which is not zero.
    pub(crate) fn new(n: usize) -> Result<Self, Error> {
        check_size(n.saturating_mul(5), n)?;
        init_single_threaded();
        Ok(TridiagonalPart {
            n,
            values: zeros(n)?,
            blocks: zeros(n)?,
            ends: zeros(n)?,
            failed: zeros(n)?,
            work: zeros(5 * n)?,
            iwork: zeros(3 * n)?,
        })
    }

    /// The eigenvalues in an interval, block by block; `None` if LAPACK fails (`stebz`). The
    /// matrix is given by its diagonal and the elements beside it.
    pub(crate) fn bisect(
        &mut self,
        interval: Interval,
        diagonal: &[f64],
        off_diagonal: &[f64],
    ) -> Option<&[f64]> {
        let n = self.n;
        assert!(diagonal.len() == n && off_diagonal.len() + 1 >= n);
        let (range, [low, high], [first, last]) = match interval {
            Interval::Places(first, last) => {
                assert!(first <= last && last < n);
                (b'I', [0.0; 2], [first + 1, last + 1])
            }
            Interval::Values(low, high) => (b'V', [low, high], [1, n]),
        };
        let (mut count, mut splits, mut info) = (0, 0, 0);
        // SAFETY: the matrix has `n` and `n - 1` elements, as was just asserted, and `new` made
        // `values`, `blocks` and `ends` of `n`, `work` of more than `4 n` and `iwork` of `3 n`.
        unsafe {
            (RealRoutines::<f64, f64>::TABLE.stebz)(
                &letter(range),
                &letter(b'B'),
                &blas_int(n),
                &low,
                &high,
                &blas_int(first),
                &blas_int(last),
                &0.0,
                diagonal.as_ptr(),
                off_diagonal.as_ptr(),
                &mut count,
                &mut splits,
                self.values.as_mut_ptr(),
                self.blocks.as_mut_ptr(),
                self.ends.as_mut_ptr(),
                self.work.as_mut_ptr(),
                self.iwork.as_mut_ptr(),
                &mut info,
            );
        }
        let count = usize::try_from(count).unwrap_or(0);
        (info == 0).then(|| &self.values[..count])
    }

    /// The eigenvectors of the first values that [`bisect`](Self::bisect) found for that matrix,
    /// one after the other; returns false if one does not converge (`stein`).
    pub(crate) fn vectors(
        &mut self,
        diagonal: &[f64],
        off_diagonal: &[f64],
        vectors: &mut [f64],
    ) -> bool {
        let n = self.n;
        assert!(diagonal.len() == n && off_diagonal.len() + 1 >= n);
        let count = vectors.len() / n;
        assert!(count <= n && vectors.len() == count * n);
        let mut info = 0;
        // SAFETY: the matrix has `n` and `n - 1` elements and `vectors` has `count` times `n`, as
        // was just asserted; `bisect` set the blocks of the values; `new` made `failed` of `n`,
        // `work` of `5 n` and `iwork` of more than `n`.
        unsafe {
            (RealRoutines::<f64, f64>::TABLE.stein)(
                &blas_int(n),
                diagonal.as_ptr(),
                off_diagonal.as_ptr(),
                &blas_int(count),
                self.values.as_ptr(),
                self.blocks.as_ptr(),
                self.ends.as_ptr(),
                vectors.as_mut_ptr(),
                &leading_dim(n),
                self.work.as_mut_ptr(),
                self.iwork.as_mut_ptr(),
                self.failed.as_mut_ptr(),
                &mut info,
            );
        }
        info == 0
    }
}
