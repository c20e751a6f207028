//! The vectors of x86-64: AVX2, and AVX-512.

use std::arch::x86_64::*;
use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::vector::{Isa, Vector};
use crate::simd::isa::{has_avx2, has_avx512};

/// A token that exists only if the CPU has its instructions.
pub trait Detect: Sized {
    fn detect() -> Option<Self>;
}

macro_rules! isa_tokens {
    ($($(#[$meta:meta])* $token:ident $has:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub struct $token<R> {
            /// INVARIANT: the CPU has these instructions.
            detected: PhantomData<R>,
        }

        impl<R> Detect for $token<R> {
            #[inline(always)]
            fn detect() -> Option<Self> {
                $has().then_some($token { detected: PhantomData })
            }
        }
    )+};
}

isa_tokens! {
    /// AVX2 with FMA: four doubles, or eight singles.
    Avx2 has_avx2;
    /// AVX-512 (F, BW, DQ, VL): eight doubles, or sixteen singles.
    Avx512 has_avx512;
}

/// Declares one vector type, from the names of its operations.
macro_rules! vectors {
    ($(
        $token:ident<$real:ident>: $vector:ident($register:ident) x $lanes:literal, $mask:ident,
        $splat:ident $add:ident $sub:ident $mul:ident $div:ident $mul_add:ident $sqrt:ident
        $not_and:ident $xor:ident $or:ident $and:ident,
        |$x:ident, $y:ident| $gt:expr, $eq:expr, |$m:ident, $if_true:ident, $if_false:ident| $select:expr;
    )+) => {$(
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $vector {
            /// INVARIANT: made by the token, or from vectors that it made.
            register: $register,
        }

        impl Isa for $token<$real> {
            type Real = $real;
            type Vector = $vector;

            #[inline(always)]
            fn splat(self, x: $real) -> $vector {
                // SAFETY: the token proves that the CPU has the instruction.
                $vector { register: unsafe { $splat(x) } }
            }
        }

        vectors!(@operators $vector Add add $add; Sub sub $sub; Mul mul $mul; Div div $div;);

        impl Neg for $vector {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                // SAFETY: a vector proves that the CPU has the instructions.
                let sign = unsafe { $splat(-0.0) };
                // SAFETY: as above.
                $vector { register: unsafe { $xor(self.register, sign) } }
            }
        }

        impl Vector for $vector {
            type Real = $real;
            type Mask = $mask;

            const LANES: usize = $lanes;

            #[inline(always)]
            fn mul_add(self, factor: Self, sum: Self) -> Self {
                // SAFETY: a vector proves that the CPU has the instructions.
                let register = unsafe { $mul_add(self.register, factor.register, sum.register) };
                $vector { register }
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: as above.
                $vector { register: unsafe { $sqrt(self.register) } }
            }

            #[inline(always)]
            fn abs(self) -> Self {
                // SAFETY: as above.
                let sign = unsafe { $splat(-0.0) };
                // SAFETY: as above.
                $vector { register: unsafe { $not_and(sign, self.register) } }
            }

            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                // SAFETY: as above.
                let bit = unsafe { $splat(-0.0) };
                // SAFETY: as above.
                let sign = unsafe { $and(bit, sign.register) };
                // SAFETY: as above.
                $vector { register: unsafe { $or(self.abs().register, sign) } }
            }

            #[inline(always)]
            fn gt(self, other: Self) -> $mask {
                let ($x, $y) = (self.register, other.register);
                // SAFETY: as above.
                $mask { register: unsafe { $gt } }
            }

            #[inline(always)]
            fn eq(self, other: Self) -> $mask {
                let ($x, $y) = (self.register, other.register);
                // SAFETY: as above.
                $mask { register: unsafe { $eq } }
            }

            #[inline(always)]
            fn select(mask: $mask, if_true: Self, if_false: Self) -> Self {
                let ($m, $if_true, $if_false) = (mask.register, if_true.register, if_false.register);
                // SAFETY: as above.
                $vector { register: unsafe { $select } }
            }

            #[inline(always)]
            fn to_bitmask(mask: $mask) -> u32 {
                mask.to_bitmask()
            }

            #[inline(always)]
            fn as_scalars(vectors: &[Self]) -> &[$real] {
                let ptr = vectors.as_ptr().cast();
                // SAFETY: a register in memory is its numbers, without gaps.
                unsafe { std::slice::from_raw_parts(ptr, vectors.len() * $lanes) }
            }

            #[inline(always)]
            fn as_scalars_mut(vectors: &mut [Self]) -> &mut [$real] {
                let (ptr, len) = (vectors.as_mut_ptr().cast(), vectors.len() * $lanes);
                // SAFETY: as above, and any numbers make a register.
                unsafe { std::slice::from_raw_parts_mut(ptr, len) }
            }
        }
    )+};
    (@operators $vector:ident $($trait:ident $method:ident $intrinsic:ident;)+) => {$(
        impl $trait for $vector {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a vector proves that the CPU has the instructions.
                $vector { register: unsafe { $intrinsic(self.register, other.register) } }
            }
        }
    )+};
}

vectors! {
    Avx2<f64>: F64x4(__m256d) x 4, Mask64x4,
    _mm256_set1_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_fmadd_pd
    _mm256_sqrt_pd _mm256_andnot_pd _mm256_xor_pd _mm256_or_pd _mm256_and_pd,
    |x, y| _mm256_cmp_pd::<_CMP_GT_OQ>(x, y), _mm256_cmp_pd::<_CMP_EQ_OQ>(x, y),
    |mask, if_true, if_false| _mm256_blendv_pd(if_false, if_true, mask);

    Avx2<f32>: F32x8(__m256) x 8, Mask32x8,
    _mm256_set1_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_fmadd_ps
    _mm256_sqrt_ps _mm256_andnot_ps _mm256_xor_ps _mm256_or_ps _mm256_and_ps,
    |x, y| _mm256_cmp_ps::<_CMP_GT_OQ>(x, y), _mm256_cmp_ps::<_CMP_EQ_OQ>(x, y),
    |mask, if_true, if_false| _mm256_blendv_ps(if_false, if_true, mask);

    Avx512<f64>: F64x8(__m512d) x 8, Mask8,
    _mm512_set1_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_fmadd_pd
    _mm512_sqrt_pd _mm512_andnot_pd _mm512_xor_pd _mm512_or_pd _mm512_and_pd,
    |x, y| _mm512_cmp_pd_mask::<_CMP_GT_OQ>(x, y), _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(x, y),
    |mask, if_true, if_false| _mm512_mask_blend_pd(mask, if_false, if_true);

    Avx512<f32>: F32x16(__m512) x 16, Mask16,
    _mm512_set1_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_fmadd_ps
    _mm512_sqrt_ps _mm512_andnot_ps _mm512_xor_ps _mm512_or_ps _mm512_and_ps,
    |x, y| _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, y), _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(x, y),
    |mask, if_true, if_false| _mm512_mask_blend_ps(mask, if_false, if_true);
}

/// The operations on the masks of AVX2, which are vectors.
macro_rules! vector_masks {
    ($($mask:ident($register:ident) $and:ident $or:ident $xor:ident $compare:ident $movemask:ident;)+) => {$(
        #[derive(Clone, Copy)]
        pub struct $mask {
            /// INVARIANT: made by comparing vectors, or of what that made.
            register: $register,
        }

        impl BitAnd for $mask {
            type Output = Self;

            #[inline(always)]
            fn bitand(self, other: Self) -> Self {
                // SAFETY: a mask proves that the CPU has the instructions.
                $mask { register: unsafe { $and(self.register, other.register) } }
            }
        }

        impl BitOr for $mask {
            type Output = Self;

            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                // SAFETY: as above.
                $mask { register: unsafe { $or(self.register, other.register) } }
            }
        }

        impl Not for $mask {
            type Output = Self;

            #[inline(always)]
            fn not(self) -> Self {
                // SAFETY: as above.
                let all = unsafe { $compare::<_CMP_TRUE_UQ>(self.register, self.register) };
                // SAFETY: as above.
                $mask { register: unsafe { $xor(self.register, all) } }
            }
        }

        impl $mask {
            #[inline(always)]
            fn to_bitmask(self) -> u32 {
                // SAFETY: as above.
                unsafe { $movemask(self.register) }.cast_unsigned()
            }
        }
    )+};
}

vector_masks! {
    Mask64x4(__m256d) _mm256_and_pd _mm256_or_pd _mm256_xor_pd _mm256_cmp_pd _mm256_movemask_pd;
    Mask32x8(__m256) _mm256_and_ps _mm256_or_ps _mm256_xor_ps _mm256_cmp_ps _mm256_movemask_ps;
}

/// The masks of AVX-512, which are numbers.
macro_rules! bit_masks {
    ($($mask:ident($register:ident);)+) => {$(
        #[derive(Clone, Copy)]
        pub struct $mask {
            /// INVARIANT: made by comparing vectors, or of what that made.
            register: $register,
        }

        impl BitAnd for $mask {
            type Output = Self;

            #[inline(always)]
            fn bitand(self, other: Self) -> Self {
                $mask { register: self.register & other.register }
            }
        }

        impl BitOr for $mask {
            type Output = Self;

            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                $mask { register: self.register | other.register }
            }
        }

        impl Not for $mask {
            type Output = Self;

            #[inline(always)]
            fn not(self) -> Self {
                $mask { register: !self.register }
            }
        }

        impl $mask {
            #[inline(always)]
            fn to_bitmask(self) -> u32 {
                self.register.into()
            }
        }
    )+};
}

bit_masks! { Mask8(__mmask8); Mask16(__mmask16); }
