//! OpenBLAS's routines under their usual names: `dgesdd_` for `scipy_dgesdd_`.
//!
//! `scirs2-linalg` calls each routine by the name that the library has. ndarray-linalg, a
//! peer of the benchmarks, calls only the usual names. A program that links both needs this
//! crate, too: `use openblas_names as _`.
