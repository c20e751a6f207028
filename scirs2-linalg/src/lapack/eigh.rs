//! Eigenvalues and eigenvectors of Hermitian matrices.

use std::ffi::{c_char, c_int};

use scirs2_core::{Complex32, Complex64, Scalar};

use super::workspace::{Workspace, check_count};
use super::{Lapack, Triangle, int, zeros};
use crate::Error;
use crate::error::Reason;

/// The routines of this family, for one element type.
pub trait Eigh: Scalar {
    /// `syevd`, `heevd`.
    ///
    /// # Safety
    /// `a` leads to `n * n` elements and `w` to `n`; the workspace asks, or is
    /// what the routine answered.
    #[doc(hidden)]
    unsafe fn heevd(
        job: c_char,
        triangle: Triangle,
        n: c_int,
        a: *mut Self,
        w: *mut Self::Real,
        space: &mut Workspace<Self>,
    ) -> c_int;
}

const VALUES: c_char = b'N'.cast_signed();
const VECTORS: c_char = b'V'.cast_signed();

macro_rules! eigh {
    ($($type:ty: $heevd:ident $($rwork:ident $lrwork:ident)?;)+) => {$(
        impl Eigh for $type {
            unsafe fn heevd(
                job: c_char,
                triangle: Triangle,
                n: c_int,
                a: *mut Self,
                w: *mut Self::Real,
                space: &mut Workspace<Self>,
            ) -> c_int {
                let (lwork, liwork) = (space.lwork(), space.liwork());
                $(let ($rwork, $lrwork) = (space.rwork.as_mut_ptr(), space.lrwork());)?
                let mut info = 0;
                // SAFETY: the caller vouches for the sizes; both languages lay
                // out a complex number as two reals.
                unsafe {
                    lapack_sys::$heevd(
                        &job, &triangle.uplo(), &n, a.cast(), &n.max(1), w,
                        space.work.as_mut_ptr().cast(), &lwork, $($rwork, &$lrwork,)?
                        space.iwork.as_mut_ptr(), &liwork, &mut info,
                    );
                }
                info
            }
        }
    )+};
}

eigh! {
    f32: ssyevd_;
    f64: dsyevd_;
    Complex32: cheevd_ rwork lrwork;
    Complex64: zheevd_ rwork lrwork;
}

/// Hermitian matrices of one order, in memory that is used again.
pub(crate) struct Heevd<T: Lapack> {
    n: usize,
    triangle: Triangle,
    vectors: bool,
    values: Vec<T::Real>,
    space: Workspace<T>,
}

impl<T: Lapack> Heevd<T> {
    /// For matrices of order `n`, of which that triangle is read.
    pub(crate) fn new(n: usize, triangle: Triangle, vectors: bool) -> Result<Self, Error> {
        let wide = n as u128;
        check_count(n, n, 2 * wide * wide + 6 * wide + 1)?;
        let mut new = Heevd {
            n,
            triangle,
            vectors,
            values: zeros(n)?,
            space: Workspace::new(0, 0)?,
        };
        new.call(&mut []);
        new.space.answered()?;
        Ok(new)
    }

    /// The eigenvalues, the smallest first; the vectors, where they are asked
    /// for, stand in the columns of `a`.
    pub(crate) fn solve(&mut self, a: &mut [T]) -> Result<&[T::Real], Reason> {
        assert!(a.len() / self.n.max(1) >= self.n);
        if self.call(a) != 0 {
            return Err(Reason::NoConvergence { routine: "heevd" });
        }
        Ok(&self.values)
    }

    /// Asks, or works on `a`, which has `n * n` elements.
    fn call(&mut self, a: &mut [T]) -> c_int {
        let (a, w) = (a.as_mut_ptr(), self.values.as_mut_ptr());
        let job = if self.vectors { VECTORS } else { VALUES };
        let (n, space) = (int(self.n), &mut self.space);
        // SAFETY: `new` made every vector as long as LAPACK asks, and `solve` has
        // asserted the length of `a`; a question reads none.
        unsafe { T::heevd(job, self.triangle, n, a, w, space) }
    }
}
