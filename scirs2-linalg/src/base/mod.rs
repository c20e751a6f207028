//! What every folder uses: errors, memory and numbers.
//!
//! | file | one concept |
//! |---|---|
//! | `error` | why a call is refused, and what can go wrong in one |
//! | `layout` | how a matrix gets into LAPACK's memory and out of it |
//! | `memory` | allocation that fails with an error |
//! | `order` | the order of a norm, and its axes |
//! | `scale` | conversion to a precision, and scaling by powers of two |
//! | `structure` | the structure of a matrix, and its triangles |

pub(crate) mod error;
pub(crate) mod layout;
pub(crate) mod memory;
pub(crate) mod order;
pub(crate) mod scale;
pub(crate) mod structure;

/// Numbers between -1 and 1 that have no pattern.
#[cfg(test)]
pub(crate) fn noise(at: usize) -> f64 {
    let spread = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let spread = (spread ^ (spread >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (spread >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
