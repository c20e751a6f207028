//! Described memory as an `ndarray` view, of any strides, without a copy; packed
//! elements by a copy that unpacks.

use ndarray::{
    ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, Axis, Dim, IxDyn, ShapeBuilder, StrideShape,
};
use scirs2_core::Element;
use smallvec::SmallVec;

use crate::{AxisVec, Description, Error};

/// A view of the given type over the elements of a description, starting at the first.
///
/// The description proves that all elements are inside the address space. The first address
/// is aligned, and so are all others, because the strides count elements. The rest is the
/// contract of the unsafe function that uses the macro: for the life of the view the memory
/// exists, its elements are valid, it is not written and, for a mutable view, nothing else
/// reads it and no two indices name one element.
macro_rules! make_view {
    ($view:ident, $description:expr, $first:expr) => {
        // A number of axes known at compile time keeps the view in registers.
        match $description.dims.inline_nonnegative() {
            Some((1, shape, strides)) => make_view!($view, $first, shape, strides; 0),
            Some((2, shape, strides)) => make_view!($view, $first, shape, strides; 0 1),
            Some((3, shape, strides)) => make_view!($view, $first, shape, strides; 0 1 2),
            Some((4, shape, strides)) => make_view!($view, $first, shape, strides; 0 1 2 3),
            _ => {
                let (lowest, layout) = $description.nonnegative_layout($first);
                // SAFETY: `nonnegative_layout` returns the lowest element and strides that reach
                // the others; the rest is the contract of the function, as said above.
                let mut view = unsafe { $view::from_shape_ptr(layout, lowest) };
                for axis in $description.inverted_axes() {
                    view.invert_axis(axis);
                }
                view
            }
        }
    };
    ($view:ident, $first:expr, $shape:ident, $strides:ident; $($axis:literal)+) => {{
        let dim = Dim([$($shape[$axis]),+]);
        let layout = dim.strides(Dim([$($strides[$axis].unsigned_abs()),+]));
        // SAFETY: no stride is negative, so the first element is the lowest; the rest is the
        // contract of the function, as said above.
        unsafe { $view::from_shape_ptr(layout, $first) }.into_dyn()
    }};
}

impl Description {
    /// The elements as an `ndarray` view.
    ///
    /// # Safety
    /// For `'a` the described memory can be read and is not written.
    ///
    /// # Errors
    /// [`Error::DtypeMismatch`] if `T` is not the type of the elements,
    /// [`Error::Packed`] and [`Error::MisalignedData`] if Rust may not read
    /// them in place.
    #[inline]
    pub unsafe fn view<'a, T: Element>(&self) -> Result<ArrayViewD<'a, T>, Error> {
        self.check_dtype::<T>()?;
        // SAFETY: the caller promised it, and every bit pattern is a `T`.
        unsafe { self.view_as() }
    }

    /// The elements as a mutable `ndarray` view.
    ///
    /// # Safety
    /// For `'a` the described memory can be read and written, nothing else accesses
    /// it, and no two indices name one element.
    ///
    /// # Errors
    /// The same as [`view`](Self::view).
    #[inline]
    pub unsafe fn view_mut<'a, T: Element>(&self) -> Result<ArrayViewMutD<'a, T>, Error> {
        self.check_dtype::<T>()?;
        let first = self.first_element::<T>()?;
        Ok(make_view!(ArrayViewMut, self, first))
    }

    /// Like [`view`](Self::view), for any type of the same size as the elements.
    ///
    /// # Safety
    /// As for [`view`](Self::view), and each element is a valid `T` of the size
    /// of the dtype.
    #[inline(always)]
    pub(crate) unsafe fn view_as<'a, T>(&self) -> Result<ArrayViewD<'a, T>, Error> {
        let first = self.first_element::<T>()?;
        Ok(make_view!(ArrayView, self, first))
    }

    #[inline]
    fn check_dtype<T: Element>(&self) -> Result<(), Error> {
        if T::DTYPE == self.dtype {
            Ok(())
        } else {
            Err(Error::DtypeMismatch {
                requested: T::DTYPE,
                actual: self.dtype,
            })
        }
    }

    /// The element whose indices are all zero.
    #[inline]
    fn first_element<T>(&self) -> Result<*mut T, Error> {
        let first = self.data.as_ptr().cast::<T>();
        if self.packed {
            Err(Error::Packed(self.dtype))
        } else if first.is_aligned() {
            Ok(first)
        } else {
            Err(Error::MisalignedData {
                address: first as usize,
                dtype: self.dtype,
            })
        }
    }

    /// The lowest element and the layout with all strides non-negative, which is what
    /// ndarray takes; the axes with negative strides are inverted afterwards.
    fn nonnegative_layout<T>(&self, first: *mut T) -> (*mut T, StrideShape<IxDyn>) {
        let mut lowest = first;
        let mut strides = IxDyn::zeros(self.strides().len());
        for (axis, (&len, &stride)) in self.shape().iter().zip(self.strides()).enumerate() {
            strides[axis] = stride.unsigned_abs();
            if stride < 0 && len > 0 {
                lowest = lowest.wrapping_offset(stride * (len as isize - 1));
            }
        }
        (lowest, IxDyn(self.shape()).strides(strides))
    }

    fn inverted_axes(&self) -> impl Iterator<Item = Axis> {
        let strides = self.strides().iter().enumerate();
        strides.filter_map(|(axis, &stride)| (stride < 0).then_some(Axis(axis)))
    }

    /// Copies packed elements in C order, each into the low bits of a byte.
    ///
    /// # Safety
    /// The described memory can be read, and is not written during the call.
    ///
    /// # Errors
    /// [`Error::NotPacked`]: then there is nothing to unpack.
    pub unsafe fn unpack(&self) -> Result<Vec<u8>, Error> {
        if !self.packed {
            return Err(Error::NotPacked(self.dtype));
        }
        let bits = self.dtype.bits() as isize;
        let mask = u16::from(u8::MAX >> (8 - bits));
        let count = self.shape().iter().product();
        let mut index: AxisVec<usize> = SmallVec::from_elem(0, self.shape().len());
        let mut at = 0isize;
        let mut unpacked = Vec::new();
        // Zero strides can describe any count over one byte, so running out of memory
        // must not abort.
        unpacked
            .try_reserve_exact(count)
            .map_err(|_| Error::TooLarge {
                shape: self.shape().to_vec(),
                dtype: self.dtype,
            })?;
        while unpacked.len() < count {
            let bit = at * bits;
            let shift = bit.rem_euclid(8);
            let byte = self.data.as_ptr().wrapping_offset(bit.div_euclid(8));
            // SAFETY: `Description` proves that the first bit of this element
            // is in the memory that the caller promised.
            let low = u16::from(unsafe { byte.read() });
            // An element of six bits may end in the next byte.
            let high = if shift + bits > 8 {
                // SAFETY: as above, for its last bit.
                u16::from(unsafe { byte.wrapping_add(1).read() })
            } else {
                0
            };
            unpacked.push((((high << 8 | low) >> shift) & mask) as u8);
            at += self.advance(&mut index);
        }
        Ok(unpacked)
    }

    /// Advances an index in C order; returns the change of the offset, in elements.
    fn advance(&self, index: &mut [usize]) -> isize {
        let mut offset = 0;
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < self.shape()[axis] {
                return offset + self.strides()[axis];
            }
            offset -= self.strides()[axis] * (index[axis] as isize - 1);
            index[axis] = 0;
        }
        offset
    }
}
