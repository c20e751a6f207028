//! Eigenvalues and eigenvectors of general matrices.

use std::ffi::{c_char, c_int};
use std::ptr;

use num_traits::Zero as _;
use scirs2_core::{Complex32, Complex64, Scalar};

use super::workspace::Workspace;
use super::{Lapack, check_size, int, zeros};
use crate::Error;
use crate::error::Reason;
use crate::kernels::rounded;
use crate::layout::to_unit;

/// The routines of this family, for one element type.
pub trait Eig: Scalar {
    /// `geev` without left eigenvectors.
    ///
    /// # Safety
    /// `a` leads to `n * n` elements, `w` and `wi` to `n`, `vr` with a `job` of
    /// 'V' to `n * n`; the workspace asks, or is what the routine answered, with
    /// an `rwork` of `2 * n`.
    #[doc(hidden)]
    unsafe fn geev(
        job: c_char,
        n: c_int,
        a: *mut Self,
        w: *mut Self,
        wi: *mut Self,
        vr: *mut Self,
        space: &mut Workspace<Self>,
    ) -> c_int;
}

const NONE: c_char = b'N'.cast_signed();
const VECTORS: c_char = b'V'.cast_signed();

macro_rules! eig {
    ($($type:ty: $geev:ident $($imaginary:ident)? / $($rwork:ident)?;)+) => {$(
        impl Eig for $type {
            unsafe fn geev(
                job: c_char,
                n: c_int,
                a: *mut Self,
                w: *mut Self,
                _wi: *mut Self,
                vr: *mut Self,
                space: &mut Workspace<Self>,
            ) -> c_int {
                let lwork = space.lwork();
                $(let $imaginary = _wi;)?
                $(let $rwork = space.rwork.as_mut_ptr();)?
                let mut info = 0;
                // SAFETY: the caller vouches for the sizes; left vectors are not
                // written; both languages lay out a complex number as two reals.
                unsafe {
                    lapack_sys::$geev(
                        &NONE, &job, &n, a.cast(), &n.max(1), w.cast(), $($imaginary,)?
                        ptr::null_mut(), &1, vr.cast(), &n.max(1),
                        space.work.as_mut_ptr().cast(), &lwork, $($rwork,)? &mut info,
                    );
                }
                info
            }
        }
    )+};
}

eig! {
    f32: sgeev_ imaginary /;
    f64: dgeev_ imaginary /;
    Complex32: cgeev_ / rwork;
    Complex64: zgeev_ / rwork;
}

/// General matrices of one order, in memory that is used again.
pub(crate) struct Geev<T: Lapack> {
    n: usize,
    matrix: Vec<T>,
    values: Vec<T>,
    /// The imaginary parts of a real matrix's values; else zeros.
    imaginary: Vec<T>,
    /// The vectors, column by column; those of a conjugate pair as the real and
    /// the imaginary part of the first. Empty where they are not asked for.
    vectors: Vec<T>,
    job: c_char,
    /// The power of two that the matrix was divided by.
    scale: f64,
    space: Workspace<T>,
}

impl<T: Lapack> Geev<T> {
    /// For matrices of order `n`.
    pub(crate) fn new(n: usize, vectors: bool) -> Result<Self, Error> {
        check_size(n.saturating_mul(66), n)?;
        let count = n.saturating_mul(n);
        let mut new = Geev {
            n,
            matrix: zeros(count)?,
            values: zeros(n)?,
            imaginary: zeros(n)?,
            vectors: zeros(if vectors { count } else { 0 })?,
            job: if vectors { VECTORS } else { NONE },
            scale: 1.0,
            space: Workspace::new(2 * n, 0)?,
        };
        new.call();
        new.space.answered()?;
        Ok(new)
    }

    /// Where the matrix goes, column by column; solving overwrites it.
    pub(crate) fn matrix(&mut self) -> &mut [T] {
        &mut self.matrix
    }

    /// Finds what [`value`](Self::value) and [`vector`](Self::vector) tell.
    ///
    /// The matrix is divided by a power of two first, so that its largest element is near
    /// one: `laqr0`, which takes matrices of more than 75 rows, is wrong by whole elements
    /// for some sparse matrices of small numbers, and a value whose imaginary part underflows
    /// would leave its pair of vectors without a sign that they are one.
    pub(crate) fn solve(&mut self) -> Result<(), Reason> {
        self.scale = to_unit(&mut self.matrix);
        match self.call() {
            0 => Ok(()),
            _ => Err(Reason::NoConvergence { routine: "geev" }),
        }
    }

    /// An eigenvalue.
    pub(crate) fn value(&self, number: usize) -> T::Complex {
        let [re, im] = self.values[number].parts();
        let [imaginary, _] = self.imaginary[number].parts();
        let scaled = |x: T::Real| rounded(x.into() * self.scale);
        T::Complex::from_parts([scaled(re), scaled(im + imaginary)])
    }

    /// Whether an eigenvalue is real; the imaginary part of one that is not may still
    /// underflow.
    pub(crate) fn is_real(&self, number: usize) -> bool {
        self.values[number].parts()[1].is_zero() && self.imaginary[number].is_zero()
    }

    /// An element of the eigenvector of that value.
    pub(crate) fn vector(&self, row: usize, number: usize) -> T::Complex {
        let at = |number: usize| self.vectors[number * self.n + row].parts();
        let [imaginary, _] = self.imaginary[number].parts();
        let zero = T::Real::zero();
        T::Complex::from_parts(if imaginary > zero {
            [at(number)[0], at(number + 1)[0]]
        } else if imaginary < zero {
            [at(number - 1)[0], -at(number)[0]]
        } else {
            at(number)
        })
    }

    fn call(&mut self) -> c_int {
        // SAFETY: `new` made every vector as long as LAPACK asks.
        unsafe {
            T::geev(
                self.job,
                int(self.n),
                self.matrix.as_mut_ptr(),
                self.values.as_mut_ptr(),
                self.imaginary.as_mut_ptr(),
                self.vectors.as_mut_ptr(),
                &mut self.space,
            )
        }
    }
}
