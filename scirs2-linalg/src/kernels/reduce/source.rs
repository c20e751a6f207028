//! Memory of any element type and stride, read as `f64`.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use ndarray::ArrayViewD;
use scirs2_core::shape::offset_bounds;

use super::loops::{Block, PREFETCH_BYTES, prefetch};
use crate::simd::isa::multiversion;

/// Elements read between two prefetches.
const PREFETCH_INTERVAL: usize = 64;

/// Bytes that the caches of a typical machine hold. Prefetching gains a quarter of the
/// speed beyond them, and costs as much within.
const CACHE_BYTES: usize = 1 << 25;

/// An element type that can be read as `f64`. It is public in name only: other crates
/// cannot reach it.
pub trait ReadAsF64: Copy + Send + Sync + 'static {
    /// Reads magnitudes in order, with or without their signs.
    fn read(items: impl Iterator<Item = Self> + Clone, out: &mut [f64]);

    /// Whether the loops read this type in place.
    const IS_NATIVE: bool = false;

    /// The same memory, if they do.
    fn as_block(_: &[Self]) -> Option<Block<'_>> {
        None
    }
}

/// Elements counted in strides from the first one, as `f64`.
pub(crate) trait Source: Sync {
    /// Whether [`as_block`](Source::as_block) returns a block.
    fn is_native(&self) -> bool;

    /// Whether the elements exceed the caches.
    fn exceeds_cache(&self) -> bool;

    /// `len` contiguous elements from `offset` on, if the loops read this type in place.
    ///
    /// # Safety
    /// Each of them belongs to the underlying array.
    unsafe fn as_block(&self, offset: isize, len: usize) -> Option<Block<'_>>;

    /// Fills `out` with elements from `offset` on, `stride` apart.
    ///
    /// # Safety
    /// Each element read belongs to the underlying array.
    unsafe fn fill(&self, offset: isize, stride: isize, out: &mut [f64]);

    /// Fills `out` with elements and their neighbours, from `offset` on, the pairs
    /// `stride` apart.
    ///
    /// # Safety
    /// As for [`fill`](Source::fill).
    unsafe fn fill_pairs(&self, offset: isize, stride: isize, out: &mut [f64]);
}

/// The elements of an array that outlives this, or the numbers that they are made of.
pub(crate) struct Elements<'a, T> {
    first: *const T,
    /// The offsets between the lowest and the highest element of the array.
    bounds: RangeInclusive<isize>,
    exceeds_cache: bool,
    array: PhantomData<&'a T>,
}

// SAFETY: it is a shared reference to elements, which `ReadAsF64` says are `Sync`.
unsafe impl<T: ReadAsF64> Sync for Elements<'_, T> {}

impl<'a, T> Elements<'a, T> {
    /// Elements whose offsets count from the first one of the array.
    pub(crate) fn of(array: &'a ArrayViewD<'_, T>) -> Self {
        // SAFETY: an element is one of itself.
        unsafe { Elements::parts_of(array) }
    }

    /// The numbers that each element is made of, with offsets from those of the first one.
    ///
    /// # Safety
    /// An `E` consists of `size_of::<E>() / size_of::<T>()` consecutive `T`.
    pub(crate) unsafe fn parts_of<E>(array: &'a ArrayViewD<'_, E>) -> Self {
        let parts = (size_of::<E>() / size_of::<T>()).cast_signed();
        let (low, high) = offset_bounds(array.shape(), array.strides()).unwrap_or((0, -1));
        Elements {
            first: array.as_ptr().cast(),
            bounds: low * parts..=high * parts + parts - 1,
            exceeds_cache: array.len().saturating_mul(size_of::<E>()) > CACHE_BYTES,
            array: PhantomData,
        }
    }

    /// Whether `len` offsets from `first` on, `stride` apart, are between the lowest and the
    /// highest element.
    fn in_bounds(&self, first: isize, stride: isize, len: usize) -> bool {
        let last = first + stride * (len.cast_signed() - 1);
        len == 0 || self.bounds.contains(&first) && self.bounds.contains(&last)
    }
}

impl<T: ReadAsF64> Source for Elements<'_, T> {
    fn is_native(&self) -> bool {
        T::IS_NATIVE
    }

    fn exceeds_cache(&self) -> bool {
        self.exceeds_cache
    }

    unsafe fn as_block(&self, offset: isize, len: usize) -> Option<Block<'_>> {
        debug_assert!(self.in_bounds(offset, 1, len));
        // SAFETY: the caller promises that the elements belong to the array,
        // which is borrowed for the life of `self`.
        T::as_block(unsafe { slice(self.first, offset, len) })
    }

    unsafe fn fill(&self, offset: isize, stride: isize, out: &mut [f64]) {
        debug_assert!(self.in_bounds(offset, stride, out.len()));
        if stride == 1 {
            // SAFETY: the caller promises that the elements belong to the array.
            read_slice(unsafe { slice(self.first, offset, out.len()) }, out);
        } else {
            let first = self.first.wrapping_offset(offset);
            // SAFETY: the caller promises that the elements belong to the array, which is
            // borrowed for longer than this call.
            let items = unsafe { Strided::new(first, stride, out.len()) };
            read_strided(items, out);
        }
    }

    unsafe fn fill_pairs(&self, offset: isize, stride: isize, out: &mut [f64]) {
        debug_assert!(self.in_bounds(offset, stride, out.len() / 2));
        debug_assert!(self.in_bounds(offset + 1, stride, out.len() / 2));
        let first = self.first.wrapping_offset(offset);
        // SAFETY: as in `fill`, for each element and its neighbour.
        let pairs = unsafe { Strided::new(first, stride, out.len() / 2) };
        read_pairs(pairs, out);
    }
}

/// # Safety
/// The elements belong to an array borrowed for `'a`.
unsafe fn slice<'a, T>(first: *const T, offset: isize, len: usize) -> &'a [T] {
    // SAFETY: the caller promises that the element at `offset` is the array's.
    let first = unsafe { first.offset(offset) };
    // SAFETY: and so are the `len` elements from there on.
    unsafe { std::slice::from_raw_parts(first, len) }
}

/// Elements `stride` apart.
struct Strided<'a, T> {
    /// INVARIANT: this element and the next `len - 1` belong to an array borrowed for `'a`;
    /// so does the neighbour of each, if `pairs` is called.
    first: *const T,
    stride: isize,
    len: isize,
    array: PhantomData<&'a T>,
}

impl<T: Copy> Strided<'_, T> {
    /// # Safety
    /// All `len` elements belong to an array borrowed for `'_`, and, if
    /// [`pairs`](Self::pairs) is called, so does the neighbour of each.
    unsafe fn new(first: *const T, stride: isize, len: usize) -> Self {
        Strided {
            first,
            stride,
            len: len.cast_signed(),
            array: PhantomData,
        }
    }

    /// The elements by number, a loop that the compiler unrolls.
    #[inline(always)]
    fn items(&self) -> impl Iterator<Item = T> + Clone {
        let (first, stride) = (self.first, self.stride);
        (0..self.len).map(move |index| {
            let item = first.wrapping_offset(index * stride);
            // SAFETY: one of the elements of the invariant.
            unsafe { *item }
        })
    }

    /// The elements and their neighbours.
    #[inline(always)]
    fn pairs(&self) -> impl Iterator<Item = [T; 2]> {
        let (first, stride) = (self.first, self.stride);
        (0..self.len).map(move |index| {
            let pair = first.wrapping_offset(index * stride).cast();
            // SAFETY: two of the elements of the invariant.
            unsafe { *pair }
        })
    }
}

multiversion! {
    fn read_slice<T: ReadAsF64>(items: &[T], out: &mut [f64]) {
        for (items, out) in items.chunks(PREFETCH_INTERVAL).zip(out.chunks_mut(PREFETCH_INTERVAL)) {
            prefetch(items, PREFETCH_BYTES);
            T::read(items.iter().copied(), out);
        }
    }

    fn read_strided<T: ReadAsF64>(items: Strided<'_, T>, out: &mut [f64]) {
        T::read(items.items(), out);
    }

    fn read_pairs<T: ReadAsF64>(pairs: Strided<'_, T>, out: &mut [f64]) {
        let (out, _) = out.as_chunks_mut::<2>();
        for (out, pair) in out.iter_mut().zip(pairs.pairs()) {
            T::read(pair.into_iter(), out);
        }
    }
}
