//! Eigenvalues and eigenvectors of Hermitian matrices.

use std::ffi::c_int;

use super::workspace::{Workspace, check_count};
use super::{Kind, Lapack, Triangle, int, leading, letter, zeros};
use crate::Error;
use crate::error::Reason;

/// Eigenvalues and eigenvectors of Hermitian matrices of one order, in memory that is used
/// again.
pub(crate) struct Heevd<T: Lapack> {
    n: usize,
    triangle: Triangle,
    values: Vec<T::Real>,
    space: Workspace<T>,
}

impl<T: Lapack> Heevd<T> {
    /// For matrices of order `n`, of which that triangle is read.
    pub(crate) fn new(n: usize, triangle: Triangle) -> Result<Self, Error> {
        let wide = n as u128;
        check_count(n, n, 2 * wide * wide + 6 * wide + 1)?;
        let mut new = Heevd {
            n,
            triangle,
            values: zeros(n)?,
            space: Workspace::new(0, 0)?,
        };
        new.call(&mut []);
        new.space.answered()?;
        Ok(new)
    }

    /// The eigenvalues, the smallest first; the vectors replace the columns of `a`.
    pub(crate) fn solve(&mut self, a: &mut [T]) -> Result<&[T::Real], Reason> {
        assert!(a.len() / self.n.max(1) >= self.n);
        if self.call(a) != 0 {
            return Err(Reason::NoConvergence { routine: "heevd" });
        }
        Ok(&self.values)
    }

    /// Calls `syevd` or `heevd`, to ask for the workspace or to work on `a`, which has
    /// `n * n` elements; returns LAPACK's `info`.
    fn call(&mut self, a: &mut [T]) -> c_int {
        let (jobz, uplo) = (letter(b'V'), self.triangle.uplo());
        let (n, lda) = (int(self.n), leading(self.n));
        let (a, w) = (a.as_mut_ptr(), self.values.as_mut_ptr());
        let space = &mut self.space;
        let (lwork, lrwork, liwork) = (space.lwork(), space.lrwork(), space.liwork());
        let (work, iwork) = (space.work.as_mut_ptr(), space.iwork.as_mut_ptr());
        let mut info = 0;
        match T::KIND {
            Kind::Real(real) => {
                // SAFETY: `solve` asserted the length of `a`, and `new` made `w` of `n`
                // elements; the workspaces are as long as the first call asked for, or with
                // lengths of -1 have the one element that it answers in, and it reads no `a`.
                unsafe {
                    (real.syevd)(
                        &jobz,
                        &uplo,
                        &n,
                        a,
                        &lda,
                        w.cast(),
                        work,
                        &lwork,
                        iwork,
                        &liwork,
                        &mut info,
                    );
                }
            }
            Kind::Complex(complex) => {
                let rwork = space.rwork.as_mut_ptr();
                // SAFETY: as above.
                unsafe {
                    (complex.heevd)(
                        &jobz, &uplo, &n, a, &lda, w, work, &lwork, rwork, &lrwork, iwork, &liwork,
                        &mut info,
                    );
                }
            }
        }
        info
    }
}

/// The tridiagonal form of Hermitian matrices of one order, in memory that is used again.
pub(crate) struct Hetrd<T: Lapack> {
    n: usize,
    triangle: Triangle,
    diagonal: Vec<T::Real>,
    beside: Vec<T::Real>,
    tau: Vec<T>,
    space: Workspace<T>,
}

impl<T: Lapack> Hetrd<T> {
    /// For matrices of order `n`, of which that triangle is read.
    pub(crate) fn new(n: usize, triangle: Triangle) -> Result<Self, Error> {
        check_count(n, n, 64 * n as u128)?;
        let mut new = Hetrd {
            n,
            triangle,
            diagonal: zeros(n)?,
            beside: zeros(n)?,
            tau: zeros(n)?,
            space: Workspace::new(0, 0)?,
        };
        new.call(&mut []);
        new.space.answered()?;
        Ok(new)
    }

    /// The diagonal, and the elements beside it with a zero after them; `a` is spoiled.
    pub(crate) fn reduce(&mut self, a: &mut [T]) -> (&[T::Real], &[T::Real]) {
        assert!(a.len() / self.n.max(1) >= self.n);
        let info = self.call(a);
        debug_assert_eq!(info, 0, "it fails for wrong arguments only");
        (&self.diagonal, &self.beside)
    }

    /// Calls `sytrd` or `hetrd`, to ask for the workspace or to work on `a`, which has
    /// `n * n` elements; returns LAPACK's `info`.
    fn call(&mut self, a: &mut [T]) -> c_int {
        let (uplo, n, lda) = (self.triangle.uplo(), int(self.n), leading(self.n));
        let (d, e) = (self.diagonal.as_mut_ptr(), self.beside.as_mut_ptr());
        let (a, tau) = (a.as_mut_ptr(), self.tau.as_mut_ptr());
        let lwork = self.space.lwork();
        let work = self.space.work.as_mut_ptr();
        let mut info = 0;
        match T::KIND {
            Kind::Real(real) => {
                // SAFETY: `reduce` asserted the length of `a`, and `new` made `d`, `e` and
                // `tau` of `n` elements; `work` is as long as the first call asked for, or
                // with an `lwork` of -1 has the one element that it answers in, and it reads
                // no `a`. The real type of a real type is itself, which makes the casts right.
                unsafe {
                    (real.sytrd)(
                        &uplo,
                        &n,
                        a,
                        &lda,
                        d.cast(),
                        e.cast(),
                        tau,
                        work,
                        &lwork,
                        &mut info,
                    );
                }
            }
            Kind::Complex(complex) => {
                // SAFETY: as above.
                unsafe {
                    (complex.hetrd)(&uplo, &n, a, &lda, d, e, tau, work, &lwork, &mut info);
                }
            }
        }
        info
    }
}
