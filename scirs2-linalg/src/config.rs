//! What this build runs on.

use crate::lapack::version;

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

/// What this process computes with.
///
/// ```
/// assert!(scirs2_linalg::config().openblas.contains("OpenBLAS"));
/// ```
#[must_use]
pub fn config() -> Config {
    Config {
        openblas: version::build(),
        openblas_kernels: version::processor(),
        kernels: crate::simd::isa::instruction_set(),
    }
}
