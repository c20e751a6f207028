//! Borrowed tensors: what a function reads and writes, whatever the element type.

use core::marker::PhantomData;

use ndarray::{ArrayViewD, ArrayViewMutD};
use scirs2_core::shape::may_overlap;
use scirs2_core::{DType, Element};

use crate::description::describe_array;
use crate::{Description, Error, Tensor};

/// A tensor to read for `'a`, of any dtype and any strides.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::TensorRef;
///
/// let array = array![[1.0, 2.0], [3.0, 4.0]];
/// let tensor = TensorRef::from(array.view().into_dyn());
/// assert_eq!(tensor.shape(), [2, 2]);
/// assert_eq!(tensor.view::<f64>()?, array.view().into_dyn());
/// assert!(tensor.view::<f32>().is_err());
/// # Ok::<(), scirs2_interop::Error>(())
/// ```
#[derive(Debug)]
pub struct TensorRef<'a> {
    /// INVARIANT: for `'a` the described memory can be read, and is not written.
    description: Description,
    memory: PhantomData<&'a [u8]>,
}

impl<'a> TensorRef<'a> {
    /// Borrows described memory.
    ///
    /// # Safety
    /// For `'a` the memory can be read, and is not written.
    #[inline]
    #[must_use]
    pub const unsafe fn new(description: Description) -> Self {
        TensorRef {
            description,
            memory: PhantomData,
        }
    }

    /// Type of the elements.
    #[inline]
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.description.dtype()
    }

    /// Length of each axis.
    #[inline]
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.description.shape()
    }

    /// The elements as an `ndarray` view.
    ///
    /// # Errors
    /// The same as [`Tensor::view`].
    #[inline]
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'a, T>, Error> {
        // SAFETY: readable and unwritten for `'a`, by the invariant.
        unsafe { self.description.view() }
    }
}

impl<'a, T: Element> From<ArrayViewD<'a, T>> for TensorRef<'a> {
    #[inline]
    fn from(array: ArrayViewD<'a, T>) -> Self {
        // SAFETY: the array is borrowed for `'a`.
        unsafe { TensorRef::new(describe_array(&array, true)) }
    }
}

impl<'a> From<&'a Tensor> for TensorRef<'a> {
    #[inline]
    fn from(tensor: &'a Tensor) -> Self {
        // SAFETY: the handle is borrowed for `'a`, and keeps the memory readable and unwritten.
        unsafe { TensorRef::new(tensor.description().clone()) }
    }
}

/// A tensor to write for `'a`, of any dtype and any strides.
#[derive(Debug)]
pub struct TensorMut<'a> {
    /// INVARIANT: for `'a` the described memory can be read and written, and nothing else
    /// accesses it; no two indices name one element.
    description: Description,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> TensorMut<'a> {
    /// Borrows described memory.
    ///
    /// # Safety
    /// For `'a` the memory can be read and written, and nothing else accesses it; no two
    /// indices name one element.
    #[inline]
    #[must_use]
    pub const unsafe fn new(description: Description) -> Self {
        TensorMut {
            description,
            memory: PhantomData,
        }
    }

    /// Type of the elements.
    #[inline]
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.description.dtype()
    }

    /// Length of each axis.
    #[inline]
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.description.shape()
    }

    /// The same memory, for as long as `self` is borrowed.
    #[inline]
    #[must_use]
    pub fn reborrow(&mut self) -> TensorMut<'_> {
        // SAFETY: the invariant holds for `'a`, and `self` is not used in the meantime.
        unsafe { TensorMut::new(self.description.clone()) }
    }

    /// The elements as an `ndarray` view.
    ///
    /// # Errors
    /// The same as [`Tensor::view`].
    #[inline]
    pub fn into_view<T: Element>(self) -> Result<ArrayViewMutD<'a, T>, Error> {
        debug_assert!(!may_overlap(
            self.description.shape(),
            self.description.strides()
        ));
        // SAFETY: nothing else accesses the memory for `'a`, and no two indices name one
        // element, by the invariant; this is the only view, because it takes `self`.
        unsafe { self.description.view_mut() }
    }
}

impl<'a, T: Element> From<ArrayViewMutD<'a, T>> for TensorMut<'a> {
    #[inline]
    fn from(array: ArrayViewMutD<'a, T>) -> Self {
        // SAFETY: the array is borrowed mutably for `'a`.
        unsafe { TensorMut::new(describe_array(&array, false)) }
    }
}

// SAFETY: as a shared slice of elements, each of which is plain data.
unsafe impl Send for TensorRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for TensorRef<'_> {}
// SAFETY: as a mutable slice of elements, each of which is plain data.
unsafe impl Send for TensorMut<'_> {}
