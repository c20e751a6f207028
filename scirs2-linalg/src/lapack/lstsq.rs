//! Least squares.

use std::ffi::c_int;

use num_traits::Float as _;

use super::workspace::{Workspace, check_count};
use super::{FieldRoutines, Lapack, blas_int};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros;

/// Systems of one shape, in memory that is used again.
pub(crate) struct Gelsd<T: Lapack> {
    rows: usize,
    columns: usize,
    nrhs: usize,
    /// The matrix, then the right-hand sides, which become the solutions and the residuals.
    system: Vec<T>,
    values: Vec<T::Real>,
    workspace: Workspace<T>,
}

impl<T: Lapack> Gelsd<T> {
    /// For matrices of that shape and that many right-hand sides, none zero.
    pub(crate) fn new(rows: usize, columns: usize, nrhs: usize) -> Result<Self, Error> {
        let (least, most) = (rows.min(columns), rows.max(columns));
        let (count, wide, rhs) = (least as u128, most as u128, nrhs as u128);
        // The largest count that it computes: leaves of 25 in at most 28 levels, blocks
        // of up to 64 columns; a long matrix is first reduced to a triangle.
        let side = wide.min(2 * count);
        let tree = count * (24 + 2 * 25 + 8 * 28 + rhs) + 26 * 26 + 3 * 25 * rhs;
        let blocks = 64 * (count + side + rhs) + count * count + (wide + count) * rhs;
        check_count(rows, columns, tree + blocks)?;
        let elements = rows
            .saturating_mul(columns)
            .saturating_add(most.saturating_mul(nrhs));
        let mut new = Gelsd {
            rows,
            columns,
            nrhs,
            system: zeros(elements)?,
            values: zeros(least)?,
            workspace: Workspace::new(0, 0)?,
        };
        new.call(T::Real::epsilon());
        new.workspace.allocate()?;
        Ok(new)
    }

    /// Matrix and right-hand sides, column by column; solving overwrites both.
    pub(crate) fn system(&mut self) -> &mut [T] {
        &mut self.system
    }

    /// The memory for the matrix.
    pub(crate) fn matrix(&mut self) -> &mut [T] {
        &mut self.system[..self.rows * self.columns]
    }

    /// The rows of [`rhs`](Self::rhs).
    pub(crate) fn ldb(&self) -> usize {
        self.rows.max(self.columns)
    }

    /// The memory for the right-hand sides, which holds the solutions once the system is
    /// solved; with full rank the residual of each side follows its solution.
    pub(crate) fn rhs(&mut self) -> &mut [T] {
        &mut self.system[self.rows * self.columns..]
    }

    /// The rank and the singular values, the largest first.
    pub(crate) fn solve(&mut self, rcond: T::Real) -> Result<(c_int, &[T::Real]), Reason> {
        match self.call(rcond) {
            (0, rank) => Ok((rank, &self.values)),
            _ => Err(Reason::NoConvergence { routine: "gelsd" }),
        }
    }

    /// Calls `gelsd`, to ask for the workspace or to solve; returns LAPACK's `info` and the
    /// rank.
    fn call(&mut self, rcond: T::Real) -> (c_int, c_int) {
        let (m, n, nrhs) = (
            blas_int(self.rows),
            blas_int(self.columns),
            blas_int(self.nrhs),
        );
        let ldb = m.max(n);
        let (matrix, rhs) = self.system.split_at_mut(self.rows * self.columns);
        let (a, b) = (matrix.as_mut_ptr(), rhs.as_mut_ptr());
        let s = self.values.as_mut_ptr();
        let workspace = &mut self.workspace;
        let lwork = workspace.lwork();
        let (work, iwork) = (workspace.work.as_mut_ptr(), workspace.iwork.as_mut_ptr());
        let (mut rank, mut info) = (0, 0);
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                // SAFETY: `new` made the system of `m * n` elements and `ldb` for each side,
                // and `s` of the smaller of `m` and `n`; the workspaces are as long as the
                // first call asked for, or with an `lwork` of -1 have the one element for its
                // result. The real type of a real type is itself, which makes the casts
                // right.
                unsafe {
                    (real.gelsd)(
                        &m,
                        &n,
                        &nrhs,
                        a,
                        &m,
                        b,
                        &ldb,
                        s.cast(),
                        (&raw const rcond).cast(),
                        &mut rank,
                        work,
                        &lwork,
                        iwork,
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                let rwork = workspace.rwork.as_mut_ptr();
                // SAFETY: as above.
                unsafe {
                    (complex.gelsd)(
                        &m, &n, &nrhs, a, &m, b, &ldb, s, &rcond, &mut rank, work, &lwork, rwork,
                        iwork, &mut info,
                    );
                }
            }
        }
        (info, rank)
    }
}
