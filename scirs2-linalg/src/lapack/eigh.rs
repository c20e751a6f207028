//! Eigenvalues and eigenvectors of Hermitian matrices.

use std::ffi::{c_char, c_int};

use scirs2_core::{Complex32, Complex64, Scalar};

use super::workspace::{Workspace, check_count};
use super::{Lapack, Triangle, int, zeros};
use crate::Error;
use crate::error::Reason;

/// The routines of this family, for one element type.
pub trait Eigh: Scalar {
    /// `syevd`, `heevd`, with vectors.
    ///
    /// # Safety
    /// `a` leads to `n * n` elements and `w` to `n`; the workspace asks, or is
    /// what the routine answered.
    #[doc(hidden)]
    unsafe fn heevd(
        triangle: Triangle,
        n: c_int,
        a: *mut Self,
        w: *mut Self::Real,
        space: &mut Workspace<Self>,
    ) -> c_int;

    /// `sytrd`, `hetrd`.
    ///
    /// # Safety
    /// `a` leads to `n * n` elements, `d` to `n`, `e` and `tau` to `n` as well; the
    /// workspace asks, or is what the routine answered.
    #[doc(hidden)]
    unsafe fn hetrd(
        triangle: Triangle,
        n: c_int,
        a: *mut Self,
        d: *mut Self::Real,
        e: *mut Self::Real,
        tau: *mut Self,
        space: &mut Workspace<Self>,
    ) -> c_int;
}

const VECTORS: c_char = b'V'.cast_signed();

macro_rules! eigh {
    ($($type:ty: $heevd:ident $hetrd:ident $($rwork:ident $lrwork:ident)?;)+) => {$(
        impl Eigh for $type {
            unsafe fn heevd(
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
                        &VECTORS, &triangle.uplo(), &n, a.cast(), &n.max(1), w,
                        space.work.as_mut_ptr().cast(), &lwork, $($rwork, &$lrwork,)?
                        space.iwork.as_mut_ptr(), &liwork, &mut info,
                    );
                }
                info
            }

            unsafe fn hetrd(
                triangle: Triangle,
                n: c_int,
                a: *mut Self,
                d: *mut Self::Real,
                e: *mut Self::Real,
                tau: *mut Self,
                space: &mut Workspace<Self>,
            ) -> c_int {
                let lwork = space.lwork();
                let mut info = 0;
                // SAFETY: the caller vouches for the sizes; both languages lay
                // out a complex number as two reals.
                unsafe {
                    lapack_sys::$hetrd(
                        &triangle.uplo(), &n, a.cast(), &n.max(1), d, e, tau.cast(),
                        space.work.as_mut_ptr().cast(), &lwork, &mut info,
                    );
                }
                info
            }
        }
    )+};
}

eigh! {
    f32: ssyevd_ ssytrd_;
    f64: dsyevd_ dsytrd_;
    Complex32: cheevd_ chetrd_ rwork lrwork;
    Complex64: zheevd_ zhetrd_ rwork lrwork;
}

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

    /// Asks, or works on `a`, which has `n * n` elements.
    fn call(&mut self, a: &mut [T]) -> c_int {
        let (a, w) = (a.as_mut_ptr(), self.values.as_mut_ptr());
        let (n, space) = (int(self.n), &mut self.space);
        // SAFETY: `new` made every vector as long as LAPACK asks, and `solve` has
        // asserted the length of `a`; a question reads none.
        unsafe { T::heevd(self.triangle, n, a, w, space) }
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

    /// Asks, or works on `a`, which has `n * n` elements.
    fn call(&mut self, a: &mut [T]) -> c_int {
        // SAFETY: `new` made every vector as long as LAPACK asks, and `reduce` has asserted
        // the length of `a`; a question reads none.
        unsafe {
            T::hetrd(
                self.triangle,
                int(self.n),
                a.as_mut_ptr(),
                self.diagonal.as_mut_ptr(),
                self.beside.as_mut_ptr(),
                self.tau.as_mut_ptr(),
                &mut self.space,
            )
        }
    }
}
