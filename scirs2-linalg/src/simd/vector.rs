//! Vectors of numbers in a register, and the instruction sets that have such
//! registers: a kernel is written once, generic over them.
//!
//! A token of an instruction set exists only if the CPU has it, and only a token
//! makes vectors: so code that holds a vector may use its instructions.

use std::array;
use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use scirs2_core::Real;

use crate::base::scale::rounded;

/// An instruction set that this CPU has, for one type of numbers.
pub trait Isa: Copy {
    type Real: Real;
    type Vector: Vector<Real = Self::Real>;

    /// The same number in every lane.
    fn splat(self, x: Self::Real) -> Self::Vector;

    #[inline(always)]
    fn splat_f64(self, x: f64) -> Self::Vector {
        self.splat(rounded(x))
    }
}

/// A vector of numbers. Each lane is computed as a scalar would be.
pub trait Vector:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    type Real: Real;
    /// A boolean in each lane.
    type Mask: Copy
        + BitAnd<Output = Self::Mask>
        + BitOr<Output = Self::Mask>
        + Not<Output = Self::Mask>;

    const LANES: usize;

    /// `self * factor + sum`, with one rounding.
    fn mul_add(self, factor: Self, sum: Self) -> Self;

    fn sqrt(self) -> Self;

    fn abs(self) -> Self;

    /// The modulus with the sign of the other.
    fn copysign(self, sign: Self) -> Self;

    /// Whether `self > other`; false for a NaN.
    fn gt(self, other: Self) -> Self::Mask;

    /// Whether `self == other`; false for a NaN.
    fn eq(self, other: Self) -> Self::Mask;

    /// `if_true` in the lanes of the mask, else `if_false`.
    fn select(mask: Self::Mask, if_true: Self, if_false: Self) -> Self;

    /// A bit for each lane, the lowest for the first lane.
    fn to_bitmask(mask: Self::Mask) -> u32;

    /// The lanes of the vectors, in order.
    fn as_scalars(vectors: &[Self]) -> &[Self::Real];

    /// [`as_scalars`](Self::as_scalars), mutable.
    fn as_scalars_mut(vectors: &mut [Self]) -> &mut [Self::Real];
}

/// The mask of an instruction set's vectors.
pub(crate) type Mask<I> = <<I as Isa>::Vector as Vector>::Mask;

/// Arrays, for every CPU; the compiler vectorises them as far as it can.
#[derive(Clone, Copy)]
pub(crate) struct Portable<R, const LANES: usize>(PhantomData<R>);

impl<R, const LANES: usize> Portable<R, LANES> {
    pub(crate) const fn new() -> Self {
        Portable(PhantomData)
    }
}

impl<R: Real, const LANES: usize> Isa for Portable<R, LANES> {
    type Real = R;
    type Vector = PortableVector<R, LANES>;

    #[inline(always)]
    fn splat(self, x: R) -> PortableVector<R, LANES> {
        PortableVector([x; LANES])
    }
}

/// The vectors of [`Portable`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct PortableVector<R, const LANES: usize>([R; LANES]);

/// Their masks.
#[derive(Clone, Copy)]
pub(crate) struct PortableMask<const LANES: usize>([bool; LANES]);

macro_rules! operators {
    ($($trait:ident $method:ident |$x:ident, $y:ident| $result:expr;)+) => {$(
        impl<R: Real, const LANES: usize> $trait for PortableVector<R, LANES> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                PortableVector(array::from_fn(|lane| {
                    let ($x, $y) = (self.0[lane], other.0[lane]);
                    $result
                }))
            }
        }
    )+};
}

operators! {
    Add add |x, y| x + y;
    Sub sub |x, y| x - y;
    Mul mul |x, y| x * y;
    Div div |x, y| x / y;
}

impl<R: Real, const LANES: usize> Neg for PortableVector<R, LANES> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        PortableVector(self.0.map(|x| -x))
    }
}

impl<const LANES: usize> BitAnd for PortableMask<LANES> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        PortableMask(array::from_fn(|lane| self.0[lane] & other.0[lane]))
    }
}

impl<const LANES: usize> BitOr for PortableMask<LANES> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        PortableMask(array::from_fn(|lane| self.0[lane] | other.0[lane]))
    }
}

impl<const LANES: usize> Not for PortableMask<LANES> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        PortableMask(self.0.map(|flag| !flag))
    }
}

impl<R: Real, const LANES: usize> Vector for PortableVector<R, LANES> {
    type Real = R;
    type Mask = PortableMask<LANES>;

    const LANES: usize = LANES;

    #[inline(always)]
    fn mul_add(self, factor: Self, sum: Self) -> Self {
        PortableVector(array::from_fn(|lane| {
            self.0[lane].mul_add(factor.0[lane], sum.0[lane])
        }))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        PortableVector(self.0.map(R::sqrt))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        PortableVector(self.0.map(R::abs))
    }

    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        PortableVector(array::from_fn(|lane| self.0[lane].copysign(sign.0[lane])))
    }

    #[inline(always)]
    fn gt(self, other: Self) -> PortableMask<LANES> {
        PortableMask(array::from_fn(|lane| self.0[lane] > other.0[lane]))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> PortableMask<LANES> {
        PortableMask(array::from_fn(|lane| self.0[lane] == other.0[lane]))
    }

    #[inline(always)]
    fn select(mask: PortableMask<LANES>, if_true: Self, if_false: Self) -> Self {
        PortableVector(array::from_fn(|lane| {
            if mask.0[lane] {
                if_true.0[lane]
            } else {
                if_false.0[lane]
            }
        }))
    }

    #[inline(always)]
    fn to_bitmask(mask: PortableMask<LANES>) -> u32 {
        let flags = mask.0.iter().enumerate();
        flags.fold(0, |bits, (lane, &flag)| bits | u32::from(flag) << lane)
    }

    #[inline(always)]
    fn as_scalars(vectors: &[Self]) -> &[R] {
        let ptr = vectors.as_ptr().cast();
        // SAFETY: an array of one field of `LANES` numbers is those, without gaps.
        unsafe { std::slice::from_raw_parts(ptr, vectors.len() * LANES) }
    }

    #[inline(always)]
    fn as_scalars_mut(vectors: &mut [Self]) -> &mut [R] {
        let (ptr, len) = (vectors.as_mut_ptr().cast(), vectors.len() * LANES);
        // SAFETY: as above, and borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(ptr, len) }
    }
}
