//! Memory of any element type and stride, read as `f64`.

use std::marker::PhantomData;

use super::isa::multiversion;
use super::loops::Block;

/// An element type that can be read as `f64`. It is public in name only: nobody
/// outside can reach it.
pub trait Read: Copy + Send + Sync + 'static {
    /// Reads magnitudes, with or without their sign, in order.
    fn read(items: impl Iterator<Item = Self> + Clone, out: &mut [f64]);

    /// Whether the loops read it where it lies.
    const LENDS: bool = false;

    /// The same memory, if so.
    fn lend(_: &[Self]) -> Option<Block<'_>> {
        None
    }
}

/// Elements counted in strides from the first one, as `f64`.
pub(crate) trait Source: Sync {
    /// Whether [`lend`](Source::lend) has an answer.
    fn lends(&self) -> bool;

    /// `len` elements side by side from `offset` on, where the loops read them there.
    ///
    /// # Safety
    /// Each of them belongs to the array behind.
    unsafe fn lend(&self, offset: isize, len: usize) -> Option<Block<'_>>;

    /// Fills `out` from `offset` on, `stride` apart.
    ///
    /// # Safety
    /// Each element read belongs to the array behind.
    unsafe fn fill(&self, offset: isize, stride: isize, out: &mut [f64]);
}

/// The elements of an array that outlives this.
pub(crate) struct Elements<'a, T> {
    first: *const T,
    array: PhantomData<&'a T>,
}

// SAFETY: it is a shared reference to elements, which `Read` says are `Sync`.
unsafe impl<T: Read> Sync for Elements<'_, T> {}

impl<T> Elements<'_, T> {
    /// Counted from the element at `first`.
    pub(crate) fn new(first: *const T) -> Self {
        Elements {
            first,
            array: PhantomData,
        }
    }
}

impl<T: Read> Source for Elements<'_, T> {
    fn lends(&self) -> bool {
        T::LENDS
    }

    unsafe fn lend(&self, offset: isize, len: usize) -> Option<Block<'_>> {
        // SAFETY: the caller promises that the elements belong to the array,
        // which is borrowed for the life of `self`.
        T::lend(unsafe { slice(self.first, offset, len) })
    }

    unsafe fn fill(&self, offset: isize, stride: isize, out: &mut [f64]) {
        if stride == 1 {
            // SAFETY: the caller promises that the elements belong to the array.
            read_slice(unsafe { slice(self.first, offset, out.len()) }, out);
        } else {
            read_strided(
                Strided {
                    at: self.first.wrapping_offset(offset),
                    stride,
                    left: out.len(),
                    array: PhantomData,
                },
                out,
            );
        }
    }
}

/// # Safety
/// The elements belong to an array borrowed for `'a`.
unsafe fn slice<'a, T>(first: *const T, offset: isize, len: usize) -> &'a [T] {
    // SAFETY: the caller promises that the element at `offset` is the array's.
    let first = unsafe { first.offset(offset) };
    // SAFETY: and so are the `len` from there on.
    unsafe { std::slice::from_raw_parts(first, len) }
}

/// Elements `stride` apart. Whoever makes one promises that all `left` of them
/// belong to an array borrowed for `'a`.
#[derive(Clone)]
struct Strided<'a, T> {
    at: *const T,
    stride: isize,
    left: usize,
    array: PhantomData<&'a T>,
}

impl<T: Copy> Iterator for Strided<'_, T> {
    type Item = T;

    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: one of those that the maker promised.
        let item = unsafe { *self.at };
        // Past the last one it is never read.
        self.at = self.at.wrapping_offset(self.stride);
        Some(item)
    }
}

multiversion! {
    fn read_slice<T: Read>(items: &[T], out: &mut [f64]) {
        T::read(items.iter().copied(), out);
    }

    fn read_strided<T: Read>(items: Strided<'_, T>, out: &mut [f64]) {
        T::read(items, out);
    }
}
