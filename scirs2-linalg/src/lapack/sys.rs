//! Declarations of the routines of OpenBLAS, without logic.
//!
//! An entry declares a routine for all element types of its table. The tables' fields are
//! visible in this folder only, so no code outside it can reach a routine, although the
//! trait [`Lapack`](super::Lapack), which holds the tables, is public.
//!
//! Matrices are in Fortran order, and arguments are passed by address. `Complex<R>` is
//! `repr(C)`: two `R`, one after the other, like Fortran's complex numbers. Fortran
//! compilers pass the lengths of strings behind the last argument; these declarations
//! leave them out, as LAPACK's own C interface does, because the routines read one letter
//! of each string.

use std::ffi::{c_char, c_int, c_void};
use std::marker::PhantomData;

use scirs2_core::{Complex32, Complex64};

/// A symbol of the library. The build script knows which prefix its symbols have.
macro_rules! symbol {
    ($($part:literal)+) => {
        concat!(env!("SCIRS2_OPENBLAS_PREFIX"), $($part),+)
    };
}

/// Declares a table of routines for some element types, each with a module for its
/// symbols, the letter that they begin with, and its real type. In the arguments `T` is
/// the element type and `R` the real type.
macro_rules! routines {
    (
        $(#[$attribute:meta])*
        $table:ident: $($module:ident $letter:literal $element:ident $real:ident),+;
        $routines:tt
    ) => {
        routines! { @table $(#[$attribute])* $table $routines }
        $(routines! { @symbols $table $module $letter $element $real $routines })+
    };
    (@table $(#[$attribute:meta])* $table:ident { $(
        $(#[doc = $doc:literal])+
        $name:ident $(in $before:literal)? $symbol:literal
        ($($argument:ident: $type:ty),+) $(-> $result:ty)?;
    )+ }) => {
        $(#[$attribute])*
        pub struct $table<T, R> {
            $($(#[doc = $doc])+
            pub(super) $name: unsafe extern "C" fn($($type),+) $(-> $result)?,)+
            /// Not every table has arguments of the real type.
            _real: PhantomData<R>,
        }
    };
    (@symbols $table:ident $module:ident $letter:literal $element:ident $real:ident { $(
        $(#[doc = $doc:literal])+
        $name:ident $(in $before:literal)? $symbol:literal
        ($($argument:ident: $type:ty),+) $(-> $result:ty)?;
    )+ }) => {
        mod $module {
            use super::*;

            type T = $element;
            type R = $real;

            unsafe extern "C" {
                $(#[link_name = symbol!($($before)? $letter $symbol)]
                fn $name($($argument: $type),+) $(-> $result)?;)+
            }

            impl $table<T, R> {
                pub(in crate::lapack) const TABLE: &Self = &$table {
                    $($name,)+
                    _real: PhantomData,
                };
            }
        }
    };
}

routines! {
    /// The routines that take the same arguments for every element type.
    Routines: s "s" f32 f32, d "d" f64 f64, c "c" Complex32 f32, z "z" Complex64 f64;
    {
        /// `C = alpha op(A) op(B) + beta C`.
        gemm "gemm_" (
            transa: &c_char, transb: &c_char, m: &c_int, n: &c_int, k: &c_int, alpha: &T,
            a: *const T, lda: &c_int, b: *const T, ldb: &c_int, beta: &T, c: *mut T,
            ldc: &c_int
        );
        /// `y = alpha op(A) x + beta y`.
        gemv "gemv_" (
            trans: &c_char, m: &c_int, n: &c_int, alpha: &T, a: *const T, lda: &c_int,
            x: *const T, incx: &c_int, beta: &T, y: *mut T, incy: &c_int
        );
        /// Products with a triangle, in place of `B`.
        trmm "trmm_" (
            side: &c_char, uplo: &c_char, transa: &c_char, diag: &c_char, m: &c_int, n: &c_int,
            alpha: &T, a: *const T, lda: &c_int, b: *mut T, ldb: &c_int
        );
        /// Systems with a triangle, the solutions in place of `B`.
        trsm "trsm_" (
            side: &c_char, uplo: &c_char, transa: &c_char, diag: &c_char, m: &c_int, n: &c_int,
            alpha: &T, a: *const T, lda: &c_int, b: *mut T, ldb: &c_int
        );
        /// One system with a triangle, the solution in place of `x`.
        trsv "trsv_" (
            uplo: &c_char, trans: &c_char, diag: &c_char, n: &c_int, a: *const T, lda: &c_int,
            x: *mut T, incx: &c_int
        );
        /// LU factors with partial pivoting.
        getrf "getrf_" (
            m: &c_int, n: &c_int, a: *mut T, lda: &c_int, ipiv: *mut c_int, info: &mut c_int
        );
        /// The exchanges of rows that pivots name.
        laswp "laswp_" (
            n: &c_int, a: *mut T, lda: &c_int, k1: &c_int, k2: &c_int, ipiv: *const c_int,
            incx: &c_int
        );
        /// LU factors of a band with partial pivoting.
        gbtrf "gbtrf_" (
            m: &c_int, n: &c_int, kl: &c_int, ku: &c_int, ab: *mut T, ldab: &c_int,
            ipiv: *mut c_int, info: &mut c_int
        );
        /// Factors of a symmetric matrix, which may be complex, with blocks of up to two rows.
        sytrf "sytrf_" (
            uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, ipiv: *mut c_int, work: *mut T,
            lwork: &c_int, info: &mut c_int
        );
        /// The inverse of a triangle.
        trtri "trtri_" (
            uplo: &c_char, diag: &c_char, n: &c_int, a: *mut T, lda: &c_int, info: &mut c_int
        );
        /// The Cholesky factor of a positive definite matrix.
        potrf "potrf_" (
            uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, info: &mut c_int
        );
        /// QR factors.
        geqrf "geqrf_" (
            m: &c_int, n: &c_int, a: *mut T, lda: &c_int, tau: *mut T, work: *mut T,
            lwork: &c_int, info: &mut c_int
        );
        /// LQ factors.
        gelqf "gelqf_" (
            m: &c_int, n: &c_int, a: *mut T, lda: &c_int, tau: *mut T, work: *mut T,
            lwork: &c_int, info: &mut c_int
        );
        /// Rows and columns exchanged and scaled, before eigenvalues are computed.
        gebal "gebal_" (
            job: &c_char, n: &c_int, a: *mut T, lda: &c_int, ilo: &mut c_int, ihi: &mut c_int,
            scale: *mut R, info: &mut c_int
        );
        /// QR factors by halves of the columns, with the triangle of the reflectors.
        geqrt3 "geqrt3_" (
            m: &c_int, n: &c_int, a: *mut T, lda: &c_int, t: *mut T, ldt: &c_int,
            info: &mut c_int
        );
        /// A block of reflectors applied to a matrix.
        larfb "larfb_" (
            side: &c_char, trans: &c_char, direct: &c_char, storev: &c_char, m: &c_int,
            n: &c_int, k: &c_int, v: *const T, ldv: &c_int, t: *const T, ldt: &c_int,
            c: *mut T, ldc: &c_int, work: *mut T, ldwork: &c_int
        );
        /// The Hessenberg form.
        gehrd "gehrd_" (
            n: &c_int, ilo: &c_int, ihi: &c_int, a: *mut T, lda: &c_int, tau: *mut T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Sylvester's equation of two Schur forms.
        trsyl "trsyl_" (
            trana: &c_char, tranb: &c_char, isgn: &c_int, m: &c_int, n: &c_int, a: *const T,
            lda: &c_int, b: *const T, ldb: &c_int, c: *mut T, ldc: &c_int, scale: &mut R,
            info: &mut c_int
        );
    }
}

routines! {
    /// The routines whose names or arguments are specific to real numbers.
    RealRoutines: real_s "s" f32 f32, real_d "d" f64 f64;
    {
        /// `sum x_i y_i`.
        dot in "cblas_" "dot" (
            n: c_int, x: *const T, incx: c_int, y: *const T, incy: c_int
        ) -> T;
        /// Rows of the orthogonal factor of `gelqf`.
        orglq "orglq_" (
            m: &c_int, n: &c_int, k: &c_int, a: *mut T, lda: &c_int, tau: *const T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Columns of the orthogonal factor of `geqrf`.
        orgqr "orgqr_" (
            m: &c_int, n: &c_int, k: &c_int, a: *mut T, lda: &c_int, tau: *const T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// QR factors with exchanged columns.
        geqp3 "geqp3_" (
            m: &c_int, n: &c_int, a: *mut T, lda: &c_int, jpvt: *mut c_int, tau: *mut T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Generalized eigenvalues and eigenvectors of general matrices.
        ggev "ggev_" (
            jobvl: &c_char, jobvr: &c_char, n: &c_int, a: *mut T, lda: &c_int, b: *mut T,
            ldb: &c_int, alphar: *mut T, alphai: *mut T, beta: *mut T, vl: *mut T,
            ldvl: &c_int, vr: *mut T, ldvr: &c_int, work: *mut T, lwork: &c_int,
            info: &mut c_int
        );
        /// The tridiagonal form of a symmetric matrix.
        sytrd "sytrd_" (
            uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, d: *mut T, e: *mut T,
            tau: *mut T, work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Products with the orthogonal factor of `sytrd`.
        ormtr "ormtr_" (
            side: &c_char, uplo: &c_char, trans: &c_char, m: &c_int, n: &c_int, a: *const T,
            lda: &c_int, tau: *const T, c: *mut T, ldc: &c_int, work: *mut T, lwork: &c_int,
            info: &mut c_int
        );
        /// Some eigenvalues of a symmetric tridiagonal matrix, by bisection.
        stebz "stebz_" (
            range: &c_char, order: &c_char, n: &c_int, vl: &T, vu: &T, il: &c_int, iu: &c_int,
            abstol: &T, d: *const T, e: *const T, m: &mut c_int, nsplit: &mut c_int, w: *mut T,
            iblock: *mut c_int, isplit: *mut c_int, work: *mut T, iwork: *mut c_int,
            info: &mut c_int
        );
        /// The eigenvectors of these, by inverse iteration.
        stein "stein_" (
            n: &c_int, d: *const T, e: *const T, m: &c_int, w: *const T, iblock: *const c_int,
            isplit: *const c_int, z: *mut T, ldz: &c_int, work: *mut T, iwork: *mut c_int,
            ifail: *mut c_int, info: &mut c_int
        );
        /// Eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer.
        syevd "syevd_" (
            jobz: &c_char, uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, w: *mut T,
            work: *mut T, lwork: &c_int, iwork: *mut c_int, liwork: &c_int, info: &mut c_int
        );
        /// Eigenvalues and eigenvectors of a symmetric matrix, by QR steps.
        syev "syev_" (
            jobz: &c_char, uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, w: *mut T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Eigenvalues and eigenvectors of a general matrix.
        geev "geev_" (
            jobvl: &c_char, jobvr: &c_char, n: &c_int, a: *mut T, lda: &c_int, wr: *mut T,
            wi: *mut T, vl: *mut T, ldvl: &c_int, vr: *mut T, ldvr: &c_int, work: *mut T,
            lwork: &c_int, info: &mut c_int
        );
        /// The Schur form.
        gees "gees_" (
            jobvs: &c_char, sort: &c_char, select: *const c_void, n: &c_int, a: *mut T,
            lda: &c_int, sdim: &mut c_int, wr: *mut T, wi: *mut T, vs: *mut T, ldvs: &c_int,
            work: *mut T, lwork: &c_int, bwork: *mut c_int, info: &mut c_int
        );
        /// The orthogonal factor of `gehrd`.
        orghr "orghr_" (
            n: &c_int, ilo: &c_int, ihi: &c_int, a: *mut T, lda: &c_int, tau: *const T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// A Schur form with the selected eigenvalues first.
        trsen "trsen_" (
            job: &c_char, compq: &c_char, select: *const c_int, n: &c_int, t: *mut T,
            ldt: &c_int, q: *mut T, ldq: &c_int, wr: *mut T, wi: *mut T, m: &mut c_int,
            s: &mut T, sep: &mut T, work: *mut T, lwork: &c_int, iwork: *mut c_int,
            liwork: &c_int, info: &mut c_int
        );
        /// Least squares by singular values.
        gelsd "gelsd_" (
            m: &c_int, n: &c_int, nrhs: &c_int, a: *mut T, lda: &c_int, b: *mut T,
            ldb: &c_int, s: *mut T, rcond: *const T, rank: &mut c_int, work: *mut T,
            lwork: &c_int, iwork: *mut c_int, info: &mut c_int
        );
        /// Singular values and vectors, by divide and conquer.
        gesdd "gesdd_" (
            jobz: &c_char, m: &c_int, n: &c_int, a: *mut T, lda: &c_int, s: *mut T,
            u: *mut T, ldu: &c_int, vt: *mut T, ldvt: &c_int, work: *mut T, lwork: &c_int,
            iwork: *mut c_int, info: &mut c_int
        );
        /// Singular values and vectors, by QR steps.
        gesvd "gesvd_" (
            jobu: &c_char, jobvt: &c_char, m: &c_int, n: &c_int, a: *mut T, lda: &c_int,
            s: *mut T, u: *mut T, ldu: &c_int, vt: *mut T, ldvt: &c_int, work: *mut T,
            lwork: &c_int, info: &mut c_int
        );
        /// Singular values of a bidiagonal matrix.
        bdsqr "bdsqr_" (
            uplo: &c_char, n: &c_int, ncvt: &c_int, nru: &c_int, ncc: &c_int, d: *mut T,
            e: *mut T, vt: *mut T, ldvt: &c_int, u: *mut T, ldu: &c_int, c: *mut T,
            ldc: &c_int, work: *mut T, info: &mut c_int
        );
    }
}

routines! {
    /// The routines whose names or arguments are specific to complex numbers.
    ComplexRoutines: complex_c "c" Complex32 f32, complex_z "z" Complex64 f64;
    {
        /// `sum x_i y_i`.
        dotu in "cblas_" "dotu_sub" (
            n: c_int, x: *const T, incx: c_int, y: *const T, incy: c_int, sum: &mut T
        );
        /// `sum conj(x_i) y_i`.
        dotc in "cblas_" "dotc_sub" (
            n: c_int, x: *const T, incx: c_int, y: *const T, incy: c_int, sum: &mut T
        );
        /// Rows of the unitary factor of `gelqf`.
        unglq "unglq_" (
            m: &c_int, n: &c_int, k: &c_int, a: *mut T, lda: &c_int, tau: *const T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Columns of the unitary factor of `geqrf`.
        ungqr "ungqr_" (
            m: &c_int, n: &c_int, k: &c_int, a: *mut T, lda: &c_int, tau: *const T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// QR factors with exchanged columns.
        geqp3 "geqp3_" (
            m: &c_int, n: &c_int, a: *mut T, lda: &c_int, jpvt: *mut c_int, tau: *mut T,
            work: *mut T, lwork: &c_int, rwork: *mut R, info: &mut c_int
        );
        /// Generalized eigenvalues and eigenvectors of general matrices.
        ggev "ggev_" (
            jobvl: &c_char, jobvr: &c_char, n: &c_int, a: *mut T, lda: &c_int, b: *mut T,
            ldb: &c_int, alpha: *mut T, beta: *mut T, vl: *mut T, ldvl: &c_int, vr: *mut T,
            ldvr: &c_int, work: *mut T, lwork: &c_int, rwork: *mut R, info: &mut c_int
        );
        /// Factors of a Hermitian matrix, with blocks of up to two rows.
        hetrf "hetrf_" (
            uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, ipiv: *mut c_int, work: *mut T,
            lwork: &c_int, info: &mut c_int
        );
        /// The tridiagonal form of a Hermitian matrix.
        hetrd "hetrd_" (
            uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, d: *mut R, e: *mut R,
            tau: *mut T, work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Products with the unitary factor of `hetrd`.
        unmtr "unmtr_" (
            side: &c_char, uplo: &c_char, trans: &c_char, m: &c_int, n: &c_int, a: *const T,
            lda: &c_int, tau: *const T, c: *mut T, ldc: &c_int, work: *mut T, lwork: &c_int,
            info: &mut c_int
        );
        /// Eigenvalues and eigenvectors of a Hermitian matrix, by divide and conquer.
        heevd "heevd_" (
            jobz: &c_char, uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, w: *mut R,
            work: *mut T, lwork: &c_int, rwork: *mut R, lrwork: &c_int, iwork: *mut c_int,
            liwork: &c_int, info: &mut c_int
        );
        /// Eigenvalues and eigenvectors of a Hermitian matrix, by QR steps.
        heev "heev_" (
            jobz: &c_char, uplo: &c_char, n: &c_int, a: *mut T, lda: &c_int, w: *mut R,
            work: *mut T, lwork: &c_int, rwork: *mut R, info: &mut c_int
        );
        /// Eigenvalues and eigenvectors of a general matrix.
        geev "geev_" (
            jobvl: &c_char, jobvr: &c_char, n: &c_int, a: *mut T, lda: &c_int, w: *mut T,
            vl: *mut T, ldvl: &c_int, vr: *mut T, ldvr: &c_int, work: *mut T,
            lwork: &c_int, rwork: *mut R, info: &mut c_int
        );
        /// The Schur form.
        gees "gees_" (
            jobvs: &c_char, sort: &c_char, select: *const c_void, n: &c_int, a: *mut T,
            lda: &c_int, sdim: &mut c_int, w: *mut T, vs: *mut T, ldvs: &c_int,
            work: *mut T, lwork: &c_int, rwork: *mut R, bwork: *mut c_int, info: &mut c_int
        );
        /// The unitary factor of `gehrd`.
        unghr "unghr_" (
            n: &c_int, ilo: &c_int, ihi: &c_int, a: *mut T, lda: &c_int, tau: *const T,
            work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// A Schur form with the selected eigenvalues first.
        trsen "trsen_" (
            job: &c_char, compq: &c_char, select: *const c_int, n: &c_int, t: *mut T,
            ldt: &c_int, q: *mut T, ldq: &c_int, w: *mut T, m: &mut c_int, s: &mut R,
            sep: &mut R, work: *mut T, lwork: &c_int, info: &mut c_int
        );
        /// Least squares by singular values.
        gelsd "gelsd_" (
            m: &c_int, n: &c_int, nrhs: &c_int, a: *mut T, lda: &c_int, b: *mut T,
            ldb: &c_int, s: *mut R, rcond: *const R, rank: &mut c_int, work: *mut T,
            lwork: &c_int, rwork: *mut R, iwork: *mut c_int, info: &mut c_int
        );
        /// Singular values and vectors, by divide and conquer.
        gesdd "gesdd_" (
            jobz: &c_char, m: &c_int, n: &c_int, a: *mut T, lda: &c_int, s: *mut R,
            u: *mut T, ldu: &c_int, vt: *mut T, ldvt: &c_int, work: *mut T, lwork: &c_int,
            rwork: *mut R, iwork: *mut c_int, info: &mut c_int
        );
        /// Singular values and vectors, by QR steps.
        gesvd "gesvd_" (
            jobu: &c_char, jobvt: &c_char, m: &c_int, n: &c_int, a: *mut T, lda: &c_int,
            s: *mut R, u: *mut T, ldu: &c_int, vt: *mut T, ldvt: &c_int, work: *mut T,
            lwork: &c_int, rwork: *mut R, info: &mut c_int
        );
    }
}

unsafe extern "C" {
    #[link_name = symbol!("openblas_set_num_threads")]
    pub(super) fn openblas_set_num_threads(threads: c_int);

    #[link_name = symbol!("openblas_get_config")]
    pub(super) fn openblas_get_config() -> *const c_char;

    #[link_name = symbol!("openblas_get_corename")]
    pub(super) fn openblas_get_corename() -> *const c_char;
}

/// The table of real routines, or of complex ones.
pub enum FieldRoutines<T: 'static, R: 'static> {
    Real(&'static RealRoutines<T, R>),
    Complex(&'static ComplexRoutines<T, R>),
}
