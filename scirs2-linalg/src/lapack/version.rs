//! OpenBLAS's version and build.

use std::ffi::CStr;

use super::sys::{openblas_get_config, openblas_get_corename};

/// Its version and how it was built.
pub(crate) fn build() -> String {
    // SAFETY: takes nothing, and returns a string that OpenBLAS keeps.
    let text = unsafe { openblas_get_config() };
    // SAFETY: a string of OpenBLAS's that ends in a zero and stays.
    string(unsafe { CStr::from_ptr(text) })
}

/// The processor for which it has chosen its kernels.
pub(crate) fn processor() -> String {
    // SAFETY: takes nothing, and returns a string that OpenBLAS keeps.
    let text = unsafe { openblas_get_corename() };
    // SAFETY: a string of OpenBLAS's that ends in a zero and stays.
    string(unsafe { CStr::from_ptr(text) })
}

fn string(text: &CStr) -> String {
    text.to_string_lossy().trim().to_owned()
}
