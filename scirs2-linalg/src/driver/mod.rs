//! Runs an operation on its operands.
//!
//! | file | one concept |
//! |---|---|
//! | `batch` | batches, in chunks, on the threads of the pool or of BLAS |
//! | `operation` | an operation, declared once |
//! | `chunks` | arrays in chunks, with a check for Ctrl-C between them |
//! | `plan` | which route the matrices of a call take |
//! | `shape` | what an operation requires of its arguments' shapes |

pub(crate) mod batch;
pub(crate) mod chunks;
pub(crate) mod operation;
pub(crate) mod plan;
pub(crate) mod shape;
