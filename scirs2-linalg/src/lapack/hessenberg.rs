//! Hessenberg forms.

use super::workspace::Workspace;
use super::{FieldRoutines, Lapack, blas_int, check_size, leading_dim};
use crate::Error;
use crate::base::memory::zeros;

/// Hessenberg forms of matrices of one order, in memory that is used again.
pub(crate) struct Gehrd<T: Lapack> {
    n: usize,
    tau: Vec<T>,
    workspace: Workspace<T>,
}

impl<T: Lapack> Gehrd<T> {
    /// For matrices of order `n`, which is at least one.
    pub(crate) fn new(n: usize) -> Result<Self, Error> {
        check_size(n.saturating_mul(66), n)?;
        let mut new = Gehrd {
            n,
            tau: zeros(n)?,
            workspace: Workspace::new(0, 0)?,
        };
        new.reduce(&mut []);
        new.workspace.allocate()?;
        Ok(new)
    }

    /// `gehrd`: replaces the matrix by its Hessenberg form, and below the first subdiagonal by
    /// the reflections that lead to it. An empty matrix asks for the workspace.
    pub(crate) fn reduce(&mut self, a: &mut [T]) {
        assert!(a.is_empty() || a.len() == self.n * self.n);
        let (n, ld) = (blas_int(self.n), leading_dim(self.n));
        let lwork = if a.is_empty() {
            -1
        } else {
            self.workspace.lwork()
        };
        let mut info = 0;
        // SAFETY: `a` has `n * n` elements or with an `lwork` of -1 is not read; `new` made
        // `tau` of `n` elements, and `work` of as many as the first call asked for.
        unsafe {
            (T::ROUTINES.gehrd)(
                &n,
                &1,
                &n,
                a.as_mut_ptr(),
                &ld,
                self.tau.as_mut_ptr(),
                self.workspace.work.as_mut_ptr(),
                &lwork,
                &mut info,
            );
        }
    }

    /// `orghr` or `unghr`: replaces a copy of what [`reduce`](Self::reduce) left by the unitary
    /// factor.
    pub(crate) fn unitary(&mut self, q: &mut [T]) {
        assert!(q.len() == self.n * self.n);
        let routine = match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => real.orghr,
            FieldRoutines::Complex(complex) => complex.unghr,
        };
        let (n, ld) = (blas_int(self.n), leading_dim(self.n));
        let mut info = 0;
        // SAFETY: `q` has `n * n` elements, as just asserted; `new` made `tau` of `n` elements;
        // `work` is at least as long as `gehrd` asked for, which is no less than the `n - 1`
        // elements that this routine needs.
        unsafe {
            routine(
                &n,
                &1,
                &n,
                q.as_mut_ptr(),
                &ld,
                self.tau.as_ptr(),
                self.workspace.work.as_mut_ptr(),
                &self.workspace.lwork(),
                &mut info,
            );
        }
    }
}
