//! One call of a function: its operands in, its results out.

pub(crate) mod bind;
pub(crate) mod operand;
pub(crate) mod run;
