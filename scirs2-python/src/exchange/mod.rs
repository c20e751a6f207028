//! Tensors of other libraries in and out, by DLPack.

pub(crate) mod exporter;
pub(crate) mod fast_call;
pub(crate) mod from_dlpack;
pub(crate) mod to_dlpack;
