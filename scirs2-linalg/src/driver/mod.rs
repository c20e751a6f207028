//! Runs an operation on its operands.
//!
//! | file | one concept |
//! |---|---|
//! | `batch` | which matrices, in which pieces, on whose threads |
//! | `operation` | an operation, declared once |
//! | `chunks` | arrays in pieces, between which Ctrl-C is heard |
//! | `plan` | which route the matrices of a call take |
//! | `shape` | what an operation requires of its arguments' shapes |

pub(crate) mod batch;
pub(crate) mod chunks;
pub(crate) mod operation;
pub(crate) mod plan;
pub(crate) mod shape;
