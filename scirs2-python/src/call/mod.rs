//! One call of a function: its operands in, its results out.

pub(crate) mod argument;
pub(crate) mod bind;
pub(crate) mod operand;
pub(crate) mod output;
mod promote;
pub(crate) mod run;
