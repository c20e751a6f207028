//! Functions of square matrices.
//!
//! | file | one concept |
//! |---|---|
//! | `matrix_power` | whole powers |

pub(crate) mod matrix_power;
