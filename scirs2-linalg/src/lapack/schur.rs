//! Schur forms, and Sylvester's equation of them.

use std::ffi::c_int;
use std::ptr;

use num_traits::{One as _, Zero as _};

use super::workspace::Workspace;
use super::{FieldRoutines, Lapack, blas_int, check_size, leading_dim, letter};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros;

/// Schur forms of matrices of one order, in memory that is used again.
pub(crate) struct Gees<T: Lapack> {
    n: usize,
    /// The eigenvalues; their imaginary parts, if the matrix is real.
    values: [Vec<T>; 2],
    workspace: Workspace<T>,
}

impl<T: Lapack> Gees<T> {
    /// For matrices of order `n`.
    pub(crate) fn new(n: usize) -> Result<Self, Error> {
        check_size(n.saturating_mul(66), n)?;
        let mut new = Gees {
            n,
            values: [zeros(n)?, zeros(n)?],
            workspace: Workspace::new(n, 0)?,
        };
        new.call(&mut [], &mut []);
        new.workspace.allocate()?;
        Ok(new)
    }

    /// Replaces the matrix by its Schur form, and writes the unitary factor to `z`.
    pub(crate) fn solve(&mut self, a: &mut [T], z: &mut [T]) -> Result<(), Reason> {
        assert!(a.len() == self.n * self.n && z.len() == a.len());
        match self.call(a, z) {
            0 => Ok(()),
            _ => Err(Reason::NoConvergence { routine: "gees" }),
        }
    }

    /// Calls `gees` without sorting, to ask for the workspace or to work on matrices of `n * n`
    /// elements; returns LAPACK's `info`.
    fn call(&mut self, a: &mut [T], z: &mut [T]) -> c_int {
        let (vectors, unsorted) = (letter(b'V'), letter(b'N'));
        let (n, ld) = (blas_int(self.n), leading_dim(self.n));
        let (a, z) = (a.as_mut_ptr(), z.as_mut_ptr());
        let [first, second] = &mut self.values;
        let lwork = self.workspace.lwork();
        let work = self.workspace.work.as_mut_ptr();
        let (mut sorted, mut info) = (0, 0);
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                // SAFETY: `solve` asserted the lengths of `a` and `z`, and `new` made the values
                // of `n` elements each; `work` has the `lwork` elements that the first call asked
                // for, or with an `lwork` of -1 the one for its result, and no matrix is read.
                // Without sorting, `select` is not called and `bwork` not used.
                unsafe {
                    (real.gees)(
                        &vectors,
                        &unsorted,
                        ptr::null(),
                        &n,
                        a,
                        &ld,
                        &mut sorted,
                        first.as_mut_ptr(),
                        second.as_mut_ptr(),
                        z,
                        &ld,
                        work,
                        &lwork,
                        ptr::null_mut(),
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                let rwork = self.workspace.rwork.as_mut_ptr();
                // SAFETY: as above; `rwork` has `n` elements.
                unsafe {
                    (complex.gees)(
                        &vectors,
                        &unsorted,
                        ptr::null(),
                        &n,
                        a,
                        &ld,
                        &mut sorted,
                        first.as_mut_ptr(),
                        z,
                        &ld,
                        work,
                        &lwork,
                        rwork,
                        ptr::null_mut(),
                        &mut info,
                    );
                }
            }
        }
        info
    }
}

/// Sorts Schur forms of one order, in memory that is used again.
pub(crate) struct Trsen<T> {
    n: usize,
    values: [Vec<T>; 2],
    work: Vec<T>,
}

impl<T: Lapack> Trsen<T> {
    /// For Schur forms of order `n`.
    pub(crate) fn new(n: usize) -> Result<Self, Error> {
        check_size(n, n)?;
        super::init_single_threaded();
        Ok(Trsen {
            n,
            values: [zeros(n)?, zeros(n)?],
            work: zeros(n.max(1))?,
        })
    }

    /// Brings the selected eigenvalues to the front of the Schur form `t`, by a rotation of it
    /// and of the unitary factor `z`. Of a pair both are selected if one is. Returns how many
    /// there are; LAPACK refuses to exchange blocks that are too close.
    pub(crate) fn sort(
        &mut self,
        select: &[c_int],
        t: &mut [T],
        z: &mut [T],
    ) -> Result<usize, Reason> {
        assert!(select.len() == self.n && t.len() == self.n * self.n && z.len() == t.len());
        let (none, update) = (letter(b'N'), letter(b'V'));
        let (n, ld) = (blas_int(self.n), leading_dim(self.n));
        let (t, z) = (t.as_mut_ptr(), z.as_mut_ptr());
        let [first, second] = &mut self.values;
        let lwork = blas_int(self.work.len());
        let work = self.work.as_mut_ptr();
        let (mut count, mut info) = (0, 0);
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                let (mut s, mut sep) = (T::zero(), T::zero());
                // SAFETY: the matrices have `n * n` elements and `select` has `n`, as just
                // asserted; `new` made the values and `work` of at least `n`; without condition
                // numbers one integer of workspace is enough.
                unsafe {
                    (real.trsen)(
                        &none,
                        &update,
                        select.as_ptr(),
                        &n,
                        t,
                        &ld,
                        z,
                        &ld,
                        first.as_mut_ptr(),
                        second.as_mut_ptr(),
                        &mut count,
                        &mut s,
                        &mut sep,
                        work,
                        &lwork,
                        &mut 0,
                        &1,
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                let (mut s, mut sep) = (T::Real::zero(), T::Real::zero());
                // SAFETY: as above.
                unsafe {
                    (complex.trsen)(
                        &none,
                        &update,
                        select.as_ptr(),
                        &n,
                        t,
                        &ld,
                        z,
                        &ld,
                        first.as_mut_ptr(),
                        &mut count,
                        &mut s,
                        &mut sep,
                        work,
                        &lwork,
                        &mut info,
                    );
                }
            }
        }
        if info != 0 {
            return Err(Reason::NoConvergence { routine: "trsen" });
        }
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

/// `trsyl`: solves `T11 X + X T22 = scale B`, or with `minus` `T11 X - X T22 = scale B`, for
/// `X` in place of `B`, which is `T12`: the parts of the matrix of order `n` begin and end at
/// these rows and columns, on the diagonal Schur forms. Returns `scale`, which is at most one,
/// and whether values were perturbed, because the equation is singular to working precision.
pub(crate) fn trsyl_part<T: Lapack>(
    n: usize,
    t: &mut [T],
    [start, middle, end]: [usize; 3],
    minus: bool,
) -> (T::Real, bool) {
    assert!(t.len() == n * n && start <= middle && middle <= end && end <= n);
    let first = t.as_mut_ptr().wrapping_add(start * n + start);
    let second = t.as_mut_ptr().wrapping_add(middle * n + middle);
    let corner = t.as_mut_ptr().wrapping_add(middle * n + start);
    let (rows, columns) = (blas_int(middle - start), blas_int(end - middle));
    let (plain, ld) = (letter(b'N'), leading_dim(n));
    let (mut scale, mut info) = (T::Real::one(), 0);
    // SAFETY: the parts have these shapes, as just asserted, and no element in common.
    unsafe {
        (T::ROUTINES.trsyl)(
            &plain,
            &plain,
            &(if minus { -1 } else { 1 }),
            &rows,
            &columns,
            first,
            &ld,
            second,
            &ld,
            corner,
            &ld,
            &mut scale,
            &mut info,
        );
    }
    (scale, info != 0)
}
