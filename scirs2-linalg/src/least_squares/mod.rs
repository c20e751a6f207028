//! Orthogonal factors, and least squares.
//!
//! | file | one concept |
//! |---|---|
//! | `full_rank` | least squares of full rank |
//! | `lstsq` | least squares |
//! | `qr` | orthogonal factors |

pub(crate) mod full_rank;
pub(crate) mod lstsq;
pub(crate) mod qr;
