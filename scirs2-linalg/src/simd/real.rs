//! The real numbers that have vectors in every instruction set.

use scirs2_core::Real;

#[cfg(target_arch = "x86_64")]
use super::vector::Isa;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512, Detect};

/// A real number that has vectors in every instruction set.
pub trait SimdReal: Real {
    #[cfg(target_arch = "x86_64")]
    type Avx2: Isa<Real = Self> + Detect;

    #[cfg(target_arch = "x86_64")]
    type Avx512: Isa<Real = Self> + Detect;
}

macro_rules! simd_reals {
    ($($real:ident)+) => {$(
        impl SimdReal for $real {
            #[cfg(target_arch = "x86_64")]
            type Avx2 = Avx2<$real>;

            #[cfg(target_arch = "x86_64")]
            type Avx512 = Avx512<$real>;
        }
    )+};
}

simd_reals! { f32 f64 }
