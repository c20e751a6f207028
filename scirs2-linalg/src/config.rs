//! What this build runs on.

use std::ffi::{CStr, c_char};

/// The libraries and instructions behind the results.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Config {
    /// OpenBLAS's version and how it was built, as it tells itself.
    pub openblas: String,
    /// The processor that OpenBLAS chose its kernels for.
    pub openblas_kernels: String,
    /// The instruction set of our own kernels.
    pub kernels: &'static str,
}

unsafe extern "C" {
    fn openblas_get_config() -> *const c_char;
    fn openblas_get_corename() -> *const c_char;
}

/// What this process computes with.
///
/// ```
/// assert!(scirs2_linalg::config().openblas.contains("OpenBLAS"));
/// ```
#[must_use]
pub fn config() -> Config {
    // SAFETY: takes nothing, and gives a string that OpenBLAS keeps.
    let openblas = unsafe { openblas_get_config() };
    // SAFETY: as above.
    let core = unsafe { openblas_get_corename() };
    Config {
        // SAFETY: a string of OpenBLAS's that ends in a zero and stays.
        openblas: text(unsafe { CStr::from_ptr(openblas) }),
        // SAFETY: as above.
        openblas_kernels: text(unsafe { CStr::from_ptr(core) }),
        kernels: crate::kernels::instruction_set(),
    }
}

fn text(from: &CStr) -> String {
    from.to_string_lossy().trim().to_owned()
}
