//! One call of a function: from its operands to its results.

pub(crate) mod argument;
pub(crate) mod bind;
pub(crate) mod hook;
pub(crate) mod message;
pub(crate) mod on_failure;
pub(crate) mod operand;
pub(crate) mod output;
mod promote;
pub(crate) mod real_parts;
pub(crate) mod run;
