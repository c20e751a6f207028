//! Instruction sets, and vectors of numbers.
//!
//! | file | one concept |
//! |---|---|
//! | `isa` | one loop for each instruction set |
//! | `vector` | vectors of any instruction set |
//! | `real` | the real numbers that have vectors |
//! | `x86` | vectors of x86-64 |

pub(crate) mod isa;
pub(crate) mod real;
pub(crate) mod vector;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;
