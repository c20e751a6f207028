//! Generalized eigenvalues and eigenvectors of general matrices.

use std::ffi::c_int;

use super::eig::{job, paired_element};
use super::workspace::Workspace;
use super::{FieldRoutines, Lapack, blas_int, check_size, leading_dim};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros;

/// Pairs of general matrices of one order, in memory that is used again.
pub(crate) struct Ggev<T: Lapack> {
    n: usize,
    a: Vec<T>,
    b: Vec<T>,
    /// The numerators of the values, and the imaginary parts of a real pair's; else zeros.
    alpha: Vec<T>,
    imaginary: Vec<T>,
    /// Their denominators.
    beta: Vec<T>,
    /// The vectors, as those of [`Geev`](super::Geev).
    left: Vec<T>,
    right: Vec<T>,
    workspace: Workspace<T>,
}

impl<T: Lapack> Ggev<T> {
    /// For matrices of order `n`, with these vectors.
    pub(crate) fn new(n: usize, left: bool, right: bool) -> Result<Self, Error> {
        check_size(n.saturating_mul(66), n)?;
        let count = n.saturating_mul(n);
        let mut new = Ggev {
            n,
            a: zeros(count)?,
            b: zeros(count)?,
            alpha: zeros(n)?,
            imaginary: zeros(n)?,
            beta: zeros(n)?,
            left: zeros(if left { count } else { 0 })?,
            right: zeros(if right { count } else { 0 })?,
            workspace: Workspace::new(8 * n, 0)?,
        };
        new.call();
        new.workspace.allocate()?;
        Ok(new)
    }

    /// The memory for both matrices, column by column; solving overwrites it.
    pub(crate) fn matrices(&mut self) -> [&mut [T]; 2] {
        [&mut self.a, &mut self.b]
    }

    /// Computes what the other methods return.
    pub(crate) fn solve(&mut self) -> Result<(), Reason> {
        match self.call() {
            0 => Ok(()),
            _ => Err(Reason::NoConvergence { routine: "ggev" }),
        }
    }

    /// The numerator of a value.
    pub(crate) fn alpha(&self, index: usize) -> [T::Real; 2] {
        let [re, im] = self.alpha[index].parts();
        [re, im + self.imaginary[index].parts()[0]]
    }

    /// The denominator of a value; zero for an infinite one.
    pub(crate) fn beta(&self, index: usize) -> [T::Real; 2] {
        self.beta[index].parts()
    }

    /// An element of the right eigenvector of that value.
    pub(crate) fn right_vector(&self, row: usize, index: usize) -> [T::Real; 2] {
        let [imaginary, _] = self.imaginary[index].parts();
        paired_element(self.n, &self.right, imaginary, row, index)
    }

    /// An element of the left eigenvector of that value.
    pub(crate) fn left_vector(&self, row: usize, index: usize) -> [T::Real; 2] {
        let [imaginary, _] = self.imaginary[index].parts();
        paired_element(self.n, &self.left, imaginary, row, index)
    }

    /// Calls `ggev`, to ask for the workspace or to solve; returns LAPACK's `info`.
    fn call(&mut self) -> c_int {
        let [jobvl, jobvr] = [&self.left, &self.right].map(|vectors| job(vectors));
        let (n, ld) = (blas_int(self.n), leading_dim(self.n));
        let (a, b) = (self.a.as_mut_ptr(), self.b.as_mut_ptr());
        let (alpha, beta) = (self.alpha.as_mut_ptr(), self.beta.as_mut_ptr());
        let (vl, vr) = (self.left.as_mut_ptr(), self.right.as_mut_ptr());
        let lwork = self.workspace.lwork();
        let work = self.workspace.work.as_mut_ptr();
        let mut info = 0;
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                let alphai = self.imaginary.as_mut_ptr();
                // SAFETY: `new` made `a`, `b` and, for vectors, `vl` and `vr` of `n * n` elements,
                // and the others of `n`; `work` has the `lwork` elements that the first call
                // asked for, or with an `lwork` of -1 the one for its result.
                unsafe {
                    (real.ggev)(
                        &jobvl, &jobvr, &n, a, &ld, b, &ld, alpha, alphai, beta, vl, &ld, vr, &ld,
                        work, &lwork, &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                let rwork = self.workspace.rwork.as_mut_ptr();
                // SAFETY: as above; `rwork` has `8 * n` elements, as the manual of `cggev` asks.
                unsafe {
                    (complex.ggev)(
                        &jobvl, &jobvr, &n, a, &ld, b, &ld, alpha, beta, vl, &ld, vr, &ld, work,
                        &lwork, rwork, &mut info,
                    );
                }
            }
        }
        info
    }
}
