//! The libraries and instruction sets in use.

use crate::lapack::version;

/// The libraries and instruction sets that results are computed with.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Config {
    /// OpenBLAS's version and build options, as OpenBLAS reports them.
    pub openblas: String,
    /// The processor that OpenBLAS chose its kernels for.
    pub openblas_kernels: String,
    /// The instruction set of our own kernels.
    pub kernels: &'static str,
}

/// The libraries and instruction sets that this process uses.
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
