//! Products of matrices, vectors and tensors.
//!
//! | file | one concept |
//! |---|---|
//! | `contract` | what products of tensors come down to |
//! | `cross` | cross products |
//! | `einsum` | sums of products by subscripts |
//! | `matmul` | products of matrices |
//! | `matvec` | products of matrices and vectors |
//! | `multi_dot` | products of several matrices |
//! | `outer` | outer products |
//! | `structured` | matrices made of others, and the structure that one has |
//! | `tensordot` | products of tensors along axes |
//! | `trace` | diagonals and their sums |
//! | `vecdot` | products of vectors |

pub(crate) mod contract;
pub(crate) mod cross;
pub(crate) mod einsum;
pub(crate) mod matmul;
pub(crate) mod matvec;
pub(crate) mod multi_dot;
pub(crate) mod outer;
pub(crate) mod structured;
pub(crate) mod tensordot;
pub(crate) mod trace;
pub(crate) mod vecdot;
