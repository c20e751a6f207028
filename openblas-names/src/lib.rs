//! OpenBLAS's routines under their usual names: `dgesdd_` for `scipy_dgesdd_`.
//!
//! `scirs2-linalg` calls each routine by the name that the library has. ndarray-linalg, the
//! oracle of its tests and a peer of the benchmarks, knows the usual names only; whoever
//! links both needs this crate too, `use openblas_names as _`.
