//! Instruction sets, and vectors of numbers.
//!
//! | file | one concept |
//! |---|---|
//! | `isa` | one loop for each instruction set |
//! | `vector` | vectors of any instruction set |
//! | `wide` | the real numbers that have vectors |
//! | `x86` | vectors of x86-64 |

pub(crate) mod isa;
pub(crate) mod vector;
pub(crate) mod wide;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;
