//! Every call of LAPACK and BLAS, each behind a safe function over slices.
//!
//! | file | one concept |
//! |---|---|
//! | `about` | OpenBLAS's version and build |
//! | `bidiagonal` | singular values of bidiagonal matrices |
//! | `blas` | products |
//! | `cholesky` | factors of positive definite matrices |
//! | `crowd` | whether other programs use the cores |
//! | `eig` | eigenvalues and eigenvectors of general matrices |
//! | `eigh` | those of Hermitian matrices |
//! | `lstsq` | least squares |
//! | `lu` | factors of general matrices, and inverses |
//! | `qr` | orthogonal factors |
//! | `svd` | singular values and vectors |
//! | `sys` | the routines as the linker knows them |
//! | `threads` | how many threads the library uses |
//! | `triangular` | systems with triangular matrices |
//! | `workspace` | its scratch memory |
//!
//! A matrix is a slice in Fortran order, column after column without a gap. A
//! function checks that its slices are as long as LAPACK expects, which makes it
//! safe. The library's results are returned unchanged.

pub(crate) mod about;
mod bidiagonal;
pub(crate) mod blas;
mod cholesky;
mod crowd;
mod eig;
mod eigh;
mod lstsq;
mod lu;
mod qr;
mod svd;
mod sys;
mod threads;
mod triangular;
mod workspace;

use std::ffi::{c_char, c_int};

use num_traits::Zero;
use scirs2_core::{Complex32, Complex64, Scalar};

pub(crate) use bidiagonal::bidiagonal_values;
pub(crate) use cholesky::potrf;
pub(crate) use eig::Geev;
pub(crate) use eigh::{Heevd, Hetrd};
pub(crate) use lstsq::Gelsd;
pub(crate) use lu::{getrf, getrf_part, laswp, trmm_trsm, trsm_gemm, trtri};
pub(crate) use qr::{
    Factor, factor, factor_workspace, geqrt3, larfb, orthogonal, orthogonal_workspace,
};
pub(crate) use svd::{Gesdd, Vectors};
pub use threads::wait_at_forks;
pub(crate) use threads::{LibraryThreads, alone, single_threaded};
pub(crate) use triangular::{Shape, trsm, trsv};
pub(crate) use workspace::Workspace;

use self::sys::{ComplexRoutines, Kind, RealRoutines, Routines};
use crate::Error;
use crate::kernels::many::Wide;
use crate::kernels::one::lu::Fused;
use crate::memory::resize;

/// A type that LAPACK supports: `f32`, `f64` and their complex numbers.
pub trait Lapack: Scalar<Real: Into<f64> + Wide> + Fused {
    /// The complex numbers of that precision.
    type Complex: Lapack<Real = Self::Real>;

    /// The type of double precision.
    #[doc(hidden)]
    type Double: Lapack<Real = f64>;

    /// LAPACK's routines for this type.
    #[doc(hidden)]
    const ROUTINES: &'static Routines<Self, Self::Real>;

    /// Those whose arguments depend on whether the type is complex.
    #[doc(hidden)]
    const KIND: Kind<Self, Self::Real>;

    /// Whether the type is complex.
    #[doc(hidden)]
    fn is_complex() -> bool {
        matches!(Self::KIND, Kind::Complex(_))
    }

    /// Real and imaginary part.
    #[doc(hidden)]
    fn parts(self) -> [Self::Real; 2];

    /// The number with these real and imaginary parts; a real type ignores the
    /// second.
    #[doc(hidden)]
    fn from_parts(parts: [Self::Real; 2]) -> Self;

    /// Whether no part is NaN or infinite.
    #[doc(hidden)]
    fn is_finite(self) -> bool;

    /// The elements as real numbers, if the type is real.
    #[doc(hidden)]
    fn reals(elements: &[Self]) -> Option<&[Self::Real]>;

    /// [`reals`](Self::reals), mutable.
    #[doc(hidden)]
    fn reals_mut(elements: &mut [Self]) -> Option<&mut [Self::Real]>;
}

macro_rules! lapack {
    ($(
        $type:ty: $complex:ty, $double:ty, $kind:ident $routines:ident, |$z:ident| $parts:expr, |$re:ident, $im:ident| $number:expr,
        |$elements:ident| $reals:expr;
    )+) => {$(
        impl Lapack for $type {
            type Complex = $complex;

            type Double = $double;

            const ROUTINES: &'static Routines<Self, Self::Real> = Routines::<Self, Self::Real>::TABLE;

            const KIND: Kind<Self, Self::Real> = Kind::$kind($routines::<Self, Self::Real>::TABLE);

            #[inline(always)]
            fn parts(self) -> [Self::Real; 2] {
                let $z = self;
                $parts
            }

            #[inline(always)]
            fn from_parts([$re, $im]: [Self::Real; 2]) -> Self {
                $number
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                self.parts().iter().all(|part| part.is_finite())
            }

            fn reals($elements: &[Self]) -> Option<&[Self::Real]> {
                $reals
            }

            fn reals_mut($elements: &mut [Self]) -> Option<&mut [Self::Real]> {
                $reals
            }
        }
    )+};
}

lapack! {
    f32: Complex32, f64, Real RealRoutines, |x| [x, 0.0], |x, _im| x, |x| Some(x);
    f64: Complex64, f64, Real RealRoutines, |x| [x, 0.0], |x, _im| x, |x| Some(x);
    Complex32: Complex32, Complex64, Complex ComplexRoutines, |z| [z.re, z.im], |re, im| Complex32::new(re, im), |_z| None;
    Complex64: Complex64, Complex64, Complex ComplexRoutines, |z| [z.re, z.im], |re, im| Complex64::new(re, im), |_z| None;
}

/// The triangle of a Fortran-ordered matrix that is read and written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Triangle {
    Upper,
    Lower,
}

impl Triangle {
    /// The triangle of the transpose that holds the same elements.
    pub(crate) const fn transposed(self) -> Self {
        match self {
            Triangle::Upper => Triangle::Lower,
            Triangle::Lower => Triangle::Upper,
        }
    }

    /// LAPACK's `uplo`.
    const fn uplo(self) -> c_char {
        match self {
            Triangle::Upper => letter(b'U'),
            Triangle::Lower => letter(b'L'),
        }
    }
}

/// The largest order that LAPACK's divide and conquer solves by QR steps (`ilaenv`, 9).
pub(crate) const SMLSIZ: usize = 25;

/// The letter of an option.
const fn letter(letter: u8) -> c_char {
    letter.cast_signed()
}

/// An error if the sides of a matrix do not fit LAPACK's integers.
pub(crate) fn check_size(rows: usize, columns: usize) -> Result<(), Error> {
    let largest = rows.max(columns);
    if c_int::try_from(largest).is_ok() {
        Ok(())
    } else {
        Err(Error::TooLarge { rows, columns })
    }
}

/// Converts a count to LAPACK's integer type.
///
/// # Panics
/// If it does not fit, which [`check_size`] has ruled out.
pub(crate) fn int(count: usize) -> c_int {
    c_int::try_from(count).expect("checked before any matrix is worked on")
}

/// A leading dimension: at least one, even for an empty matrix.
fn leading(rows: usize) -> c_int {
    int(rows.max(1))
}

/// Memory filled with zeros, or an error if there is not enough.
pub(crate) fn zeros<T: Zero + Clone>(count: usize) -> Result<Vec<T>, Error> {
    filled(count, T::zero())
}

/// [`zeros`] for any element.
pub(crate) fn filled<T: Clone>(count: usize, element: T) -> Result<Vec<T>, Error> {
    let mut memory = Vec::new();
    resize(&mut memory, count, element)?;
    Ok(memory)
}
