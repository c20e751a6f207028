//! The types that all scirs2 crates share.
//!
//! | module | one concept |
//! |---|---|
//! | [`dtype`] | [`DType`]: the closed set of element types |
//! | [`ScalarType`] | the dtypes that linear algebra computes in |
//! | [`element`] | [`Element`], [`Scalar`], [`Real`]: the Rust types behind them |
//! | [`device`] | [`Device`]: where memory lives |
//! | [`shape`] | checked arithmetic on shapes and strides |
//! | [`threads`] | how many threads a call may use |
//! | [`pool`] | the thread pool that runs its chunks |
//! | [`fork`] | a `fork` waits until no thread computes |
//!
//! [`dispatch!`] turns a run-time [`DType`] into a compile-time type.

#![forbid(unsafe_code)]

mod cpu;
pub mod device;
mod dispatch;
pub mod dtype;
pub mod element;
pub mod fork;
pub mod pool;
mod scalar;
pub mod shape;
pub mod threads;

pub use device::{Device, DeviceKind};
pub use dtype::DType;
pub use element::{Bool, Complex, Complex32, Complex64, Element, Real, Scalar, bf16, f16};
pub use scalar::ScalarType;
