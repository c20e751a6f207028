//! The scalars that matrices are decomposed in.

use scirs2_core::{Complex32, Complex64};

use crate::kernels::arithmetic::Arithmetic;
use crate::kernels::scalar::KernelScalar;
use crate::lapack::Lapack;

/// A type that matrices are decomposed in: `f32`, `f64` and their complex numbers. LAPACK
/// and all kernels take it.
pub trait LinalgScalar: Lapack + KernelScalar + Arithmetic {
    /// The complex numbers of that precision.
    type Complex: LinalgScalar<Real = Self::Real>;

    /// The type of double precision.
    #[doc(hidden)]
    type Double: LinalgScalar<Real = f64>;
}

macro_rules! scalars {
    ($($type:ty: $complex:ty, $double:ty;)+) => {$(
        impl LinalgScalar for $type {
            type Complex = $complex;
            type Double = $double;
        }
    )+};
}

scalars! {
    f32: Complex32, f64;
    f64: Complex64, f64;
    Complex32: Complex32, Complex64;
    Complex64: Complex64, Complex64;
}
