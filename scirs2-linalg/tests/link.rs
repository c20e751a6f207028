//! OpenBLAS is linked, answers, and is the build that was asked for.

use std::ffi::{CStr, c_char, c_int};

use lapack_sys::{dgesdd_, dsyevd_};
use ndarray::{Array1, array};
use ndarray_linalg::{Cholesky, Inverse, UPLO};

// The crate under test carries the link directives; naming it keeps it linked. The other has
// the names that ndarray-linalg knows.
use openblas_names as _;
use scirs2_linalg as _;

unsafe extern "C" {
    fn openblas_get_config() -> *const c_char;
    fn openblas_get_num_threads() -> c_int;
    fn openblas_set_num_threads(threads: c_int);
}

#[test]
fn lapack_answers_a_known_eigenproblem() {
    // [[2, 1], [1, 2]] has the eigenvalues 1 and 3.
    let mut a = [2.0, 1.0, 1.0, 2.0];
    let mut values = [0.0; 2];
    let mut work = [0.0; 64];
    let mut iwork = [0; 64];
    let (n, lwork, liwork) = (2, 64, 64);
    let mut info = -1;
    // SAFETY: every pointer is to a live array of the length that dsyevd's
    // documentation asks for at n = 2: a 4, w 2, work >= 21, iwork >= 13.
    unsafe {
        dsyevd_(
            c"V".as_ptr(),
            c"L".as_ptr(),
            &n,
            a.as_mut_ptr(),
            &n,
            values.as_mut_ptr(),
            work.as_mut_ptr(),
            &lwork,
            iwork.as_mut_ptr(),
            &liwork,
            &mut info,
        );
    }
    assert_eq!(info, 0);
    assert!(
        (values[0] - 1.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14,
        "{values:?}"
    );
}

#[test]
fn lapack_answers_known_singular_values() {
    // Column-major [[3, 0], [4, 5]]: the singular values are sqrt(45), sqrt(5).
    let mut a = [3.0, 4.0, 0.0, 5.0];
    let mut s = [0.0; 2];
    let (mut u, mut vt) = ([0.0], [0.0]);
    let mut work = [0.0; 128];
    let mut iwork = [0; 16];
    let (n, one, lwork) = (2, 1, 128);
    let mut info = -1;
    // SAFETY: with jobz = 'N' u and vt are not touched (a leading dimension of
    // 1 suffices); at n = 2 work >= 20 and iwork = 16 are what dgesdd asks for.
    unsafe {
        dgesdd_(
            c"N".as_ptr(),
            &n,
            &n,
            a.as_mut_ptr(),
            &n,
            s.as_mut_ptr(),
            u.as_mut_ptr(),
            &one,
            vt.as_mut_ptr(),
            &one,
            work.as_mut_ptr(),
            &lwork,
            iwork.as_mut_ptr(),
            &mut info,
        );
    }
    assert_eq!(info, 0);
    assert!(
        (s[0] - 45f64.sqrt()).abs() < 1e-13 && (s[1] - 5f64.sqrt()).abs() < 1e-13,
        "{s:?}"
    );
}

#[test]
fn ndarray_linalg_answers() {
    let a = array![[4.0, 2.0], [2.0, 5.0]];
    let l = a.cholesky(UPLO::Lower).expect("positive definite");
    assert!(
        (&l.dot(&l.t()) - &a).iter().all(|e: &f64| e.abs() < 1e-14),
        "{l:?}"
    );
    let inverse = a.inv().expect("regular");
    let x: Array1<f64> = inverse.dot(&array![8.0, 12.0]);
    assert!(
        (x[0] - 1.0).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14,
        "{x:?}"
    );
}

#[test]
fn openblas_tells_its_threads_and_its_build() {
    // SAFETY: takes nothing, gives the address of a static string.
    let config = unsafe { openblas_get_config() };
    // SAFETY: the string is static in OpenBLAS, and ends in a zero.
    let config = unsafe { CStr::from_ptr(config) };
    assert!(config.to_string_lossy().contains("OpenBLAS"), "{config:?}");
    // SAFETY: takes and gives plain integers.
    let before = unsafe { openblas_get_num_threads() };
    // SAFETY: as above.
    unsafe { openblas_set_num_threads(1) };
    // SAFETY: as above.
    let one = unsafe { openblas_get_num_threads() };
    assert_eq!(one, 1);
    // SAFETY: as above.
    unsafe { openblas_set_num_threads(before) };
}
