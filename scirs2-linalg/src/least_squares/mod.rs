//! Orthogonal factors, and least squares.
//!
//! | file | one concept |
//! |---|---|
//! | `full_rank` | least squares of full rank |
//! | `lstsq` | least squares |
//! | `pivoted_qr` | orthogonal factors with exchanged columns, or the triangle on the left |
//! | `qr` | orthogonal factors |
//! | `r_factor` | their triangle alone |

pub(crate) mod full_rank;
pub(crate) mod lstsq;
pub(crate) mod pivoted_qr;
pub(crate) mod qr;
pub(crate) mod r_factor;
