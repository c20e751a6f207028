//! The DLPack exchange with other libraries.

pub(crate) mod exporter;
pub(crate) mod fast_call;
pub(crate) mod from_dlpack;
pub(crate) mod to_dlpack;
