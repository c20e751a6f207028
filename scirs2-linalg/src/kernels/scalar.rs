//! The scalars that all kernels take.

use scirs2_core::Scalar;

use super::small::lu::LuScalar;
use crate::simd::real::SimdReal;

/// A scalar that all kernels take.
pub trait KernelScalar: Scalar<Real: Into<f64> + SimdReal> + LuScalar {}

impl<T: Scalar<Real: Into<f64> + SimdReal> + LuScalar> KernelScalar for T {}
