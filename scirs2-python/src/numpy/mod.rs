//! NumPy's arrays, dtypes and scalars.

pub(crate) mod array;
pub(crate) mod dtype;
