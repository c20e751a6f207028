//! Every call of LAPACK and BLAS, each behind a safe function over slices.
//!
//! | file | one concept |
//! |---|---|
//! | `version` | OpenBLAS's version and build |
//! | `balance` | matrices balanced before their eigenvalues are computed |
//! | `banded` | factors of band matrices |
//! | `bidiagonal` | singular values of bidiagonal matrices |
//! | `blas` | products |
//! | `cholesky` | factors of positive definite matrices |
//! | `contention` | contention for the cores by other programs |
//! | `eig` | eigenvalues and eigenvectors of general matrices |
//! | `eigh` | eigenvalues and eigenvectors of Hermitian matrices |
//! | `geqrf_blocked` | orthogonal factors in wide blocks |
//! | `getrf_recursive` | LU factors by halving |
//! | `getri_blocked` | inverses in wide blocks |
//! | `ggev` | generalized eigenvalues and eigenvectors of general matrices |
//! | `hessenberg` | Hessenberg forms |
//! | `lstsq` | least squares |
//! | `lu` | factors of general matrices, and inverses |
//! | `pivots` | row interchanges |
//! | `qr` | orthogonal factors |
//! | `schur` | Schur forms, and Sylvester's equation of them |
//! | `subnormal` | elimination where LAPACK's division fails |
//! | `svd` | singular values and vectors |
//! | `symmetric` | factors of symmetric and Hermitian matrices |
//! | `sys` | declarations of the routines |
//! | `blas_threads` | how many threads the library uses |
//! | `triangular` | systems with triangular matrices |
//! | `tridiagonal` | some eigenvalues and eigenvectors of symmetric tridiagonal matrices |
//! | `workspace` | its scratch memory |
//!
//! A matrix is a slice in Fortran order, column after column without a gap. A
//! function checks that its slices are as long as LAPACK expects, which makes it
//! safe. The library's results are returned unchanged.

mod balance;
mod banded;
mod bidiagonal;
pub(crate) mod blas;
mod blas_threads;
mod cholesky;
mod contention;
mod eig;
mod eigh;
pub(crate) mod geqrf_blocked;
pub(crate) mod getrf_recursive;
pub(crate) mod getri_blocked;
mod ggev;
mod hessenberg;
mod lstsq;
mod lu;
pub(crate) mod pivots;
mod qr;
mod schur;
pub(crate) mod subnormal;
mod svd;
mod symmetric;
mod sys;
mod triangular;
mod tridiagonal;
pub(crate) mod version;
mod workspace;

use std::ffi::{c_char, c_int};

use scirs2_core::{Complex32, Complex64, Scalar};

pub(crate) use balance::gebal;
pub(crate) use banded::gbtrf;
pub(crate) use bidiagonal::bidiagonal_values;
pub use blas_threads::wait_at_forks;
pub(crate) use blas_threads::{BlasThreads, init_single_threaded, with_one_blas_thread};
pub(crate) use cholesky::potrf;
pub(crate) use eig::Geev;
pub(crate) use eigh::{Heevd, Hetrd};
pub(crate) use ggev::Ggev;
pub(crate) use hessenberg::Gehrd;
pub(crate) use lstsq::Gelsd;
pub(crate) use lu::{getrf, getrf_part, laswp, trmm_trsm, trsm_gemm, trtri};
pub(crate) use qr::{
    Factorization, factor, factor_pivoted, factor_workspace, geqrt3, larfb, orthogonal,
    orthogonal_workspace, pivoted_workspace,
};
pub(crate) use schur::{Gees, Trsen, trsyl_part};
pub(crate) use svd::{Gesdd, Vectors};
pub(crate) use symmetric::{symmetric_work_len, sytrf};
pub(crate) use triangular::{TriangularSpec, trsm, trsv};
pub(crate) use tridiagonal::{Interval, TridiagonalPart};
pub(crate) use workspace::Workspace;

use self::sys::{ComplexRoutines, FieldRoutines, RealRoutines, Routines};
use crate::Error;
use crate::base::structure::Triangle;

/// A type that LAPACK supports: `f32`, `f64` and their complex numbers.
pub trait Lapack: Scalar<Real: Into<f64>> {
    /// LAPACK's routines for this type.
    #[doc(hidden)]
    const ROUTINES: &'static Routines<Self, Self::Real>;

    /// Those whose arguments depend on whether the type is complex.
    #[doc(hidden)]
    const FIELD_ROUTINES: FieldRoutines<Self, Self::Real>;
}

macro_rules! lapack {
    ($($type:ty: $kind:ident $routines:ident;)+) => {$(
        impl Lapack for $type {
            const ROUTINES: &'static Routines<Self, Self::Real> = Routines::<Self, Self::Real>::TABLE;

            const FIELD_ROUTINES: FieldRoutines<Self, Self::Real> = FieldRoutines::$kind($routines::<Self, Self::Real>::TABLE);
        }
    )+};
}

lapack! {
    f32: Real RealRoutines;
    f64: Real RealRoutines;
    Complex32: Complex ComplexRoutines;
    Complex64: Complex ComplexRoutines;
}

impl Triangle {
    /// LAPACK's `uplo`: the triangle of a Fortran-ordered matrix that is read and written.
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
pub(crate) fn blas_int(count: usize) -> c_int {
    c_int::try_from(count).expect("checked before any matrix is worked on")
}

/// A leading dimension: at least one, even for an empty matrix.
fn leading_dim(rows: usize) -> c_int {
    blas_int(rows.max(1))
}
