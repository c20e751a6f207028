//! Least squares.

use std::ffi::c_int;

use num_traits::Float as _;
use scirs2_core::{Complex32, Complex64, Scalar};

use super::workspace::{Workspace, check_count};
use super::{Lapack, int, zeros};
use crate::Error;
use crate::error::Reason;

/// The routines of this family, for one element type.
pub trait Lstsq: Scalar {
    /// `gelsd`, with LAPACK's arguments.
    ///
    /// # Safety
    /// `a` leads to `m * n` elements, `b` to the larger of `m` and `n` for each of
    /// `nrhs` columns, `s` to the smaller; the workspace asks, or is what the
    /// routine answered.
    #[doc(hidden)]
    #[expect(clippy::too_many_arguments, reason = "they are LAPACK's")]
    unsafe fn gelsd(
        m: c_int,
        n: c_int,
        nrhs: c_int,
        a: *mut Self,
        b: *mut Self,
        s: *mut Self::Real,
        rcond: Self::Real,
        rank: &mut c_int,
        space: &mut Workspace<Self>,
    ) -> c_int;
}

macro_rules! lstsq {
    ($($type:ty: $gelsd:ident $($rwork:ident)?;)+) => {$(
        impl Lstsq for $type {
            unsafe fn gelsd(
                m: c_int,
                n: c_int,
                nrhs: c_int,
                a: *mut Self,
                b: *mut Self,
                s: *mut Self::Real,
                rcond: Self::Real,
                rank: &mut c_int,
                space: &mut Workspace<Self>,
            ) -> c_int {
                let lwork = space.lwork();
                $(let $rwork = space.rwork.as_mut_ptr();)?
                let mut info = 0;
                // SAFETY: the caller vouches for the sizes; both languages lay
                // out a complex number as two reals.
                unsafe {
                    lapack_sys::$gelsd(
                        &m, &n, &nrhs, a.cast(), &m, b.cast(), &m.max(n), s, &rcond, rank,
                        space.work.as_mut_ptr().cast(), &lwork, $($rwork,)?
                        space.iwork.as_mut_ptr(), &mut info,
                    );
                }
                info
            }
        }
    )+};
}

lstsq! {
    f32: sgelsd_;
    f64: dgelsd_;
    Complex32: cgelsd_ rwork;
    Complex64: zgelsd_ rwork;
}

/// Systems of one shape, in memory that is used again.
pub(crate) struct Gelsd<T: Lapack> {
    rows: usize,
    columns: usize,
    sides: usize,
    /// The matrix, then right-hand sides, later solutions and what is left of the sides.
    system: Vec<T>,
    values: Vec<T::Real>,
    space: Workspace<T>,
}

impl<T: Lapack> Gelsd<T> {
    /// For matrices of that shape and that many right-hand sides, none zero.
    pub(crate) fn new(rows: usize, columns: usize, sides: usize) -> Result<Self, Error> {
        let (least, most) = (rows.min(columns), rows.max(columns));
        let (count, wide, right) = (least as u128, most as u128, sides as u128);
        // The longest that it counts: leaves of 25 in at most 28 levels, blocks
        // of up to 64 columns; a long matrix is made a triangle first.
        let side = wide.min(2 * count);
        let tree = count * (24 + 2 * 25 + 8 * 28 + right) + 26 * 26 + 3 * 25 * right;
        let blocks = 64 * (count + side + right) + count * count + (wide + count) * right;
        check_count(rows, columns, tree + blocks)?;
        let elements = rows
            .saturating_mul(columns)
            .saturating_add(most.saturating_mul(sides));
        let mut new = Gelsd {
            rows,
            columns,
            sides,
            system: zeros(elements)?,
            values: zeros(least)?,
            space: Workspace::new(0, 0)?,
        };
        new.call(T::Real::epsilon());
        new.space.answered()?;
        Ok(new)
    }

    /// Matrix and right-hand sides, column by column; solving overwrites both.
    pub(crate) fn system(&mut self) -> &mut [T] {
        &mut self.system
    }

    /// Where the matrix goes.
    pub(crate) fn matrix(&mut self) -> &mut [T] {
        &mut self.system[..self.rows * self.columns]
    }

    /// The rows of [`right`](Self::right).
    pub(crate) fn height(&self) -> usize {
        self.rows.max(self.columns)
    }

    /// Where the right-hand sides go, and where the solutions stand once it is solved;
    /// with full rank what is left of each side comes after its solution.
    pub(crate) fn right(&mut self) -> &mut [T] {
        &mut self.system[self.rows * self.columns..]
    }

    /// The rank and the singular values, the largest first.
    pub(crate) fn solve(&mut self, rcond: T::Real) -> Result<(c_int, &[T::Real]), Reason> {
        match self.call(rcond) {
            (0, rank) => Ok((rank, &self.values)),
            _ => Err(Reason::NoConvergence { routine: "gelsd" }),
        }
    }

    /// LAPACK's `info`, and the rank.
    fn call(&mut self, rcond: T::Real) -> (c_int, c_int) {
        let mut rank = 0;
        let (matrix, right) = self.system.split_at_mut(self.rows * self.columns);
        // SAFETY: `new` made every vector as long as LAPACK asks.
        let info = unsafe {
            T::gelsd(
                int(self.rows),
                int(self.columns),
                int(self.sides),
                matrix.as_mut_ptr(),
                right.as_mut_ptr(),
                self.values.as_mut_ptr(),
                rcond,
                &mut rank,
                &mut self.space,
            )
        };
        (info, rank)
    }
}
