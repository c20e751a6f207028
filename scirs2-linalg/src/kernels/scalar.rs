//! The scalars that all kernels take.

use scirs2_core::Scalar;

use super::one::lu::Fused;
use crate::simd::wide::Wide;

/// A scalar that all kernels take.
pub trait KernelScalar: Scalar<Real: Into<f64> + Wide> + Fused {}

impl<T: Scalar<Real: Into<f64> + Wide> + Fused> KernelScalar for T {}
