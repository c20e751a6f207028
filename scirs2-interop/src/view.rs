//! Described memory as an `ndarray` view, of any strides, without a copy; packed
//! elements by a copy that unpacks.

use ndarray::{ArrayViewD, Axis, IxDyn, ShapeBuilder};
use scirs2_core::Element;
use smallvec::SmallVec;

use crate::{Axes, Description, Error};

impl Description {
    /// The elements as an `ndarray` view.
    ///
    /// # Safety
    /// For `'a` the described memory can be read and nobody writes to it.
    ///
    /// # Errors
    /// [`Error::DtypeMismatch`] where `T` is another type than the elements',
    /// [`Error::Packed`] and [`Error::MisalignedData`] where Rust may not read
    /// them in place.
    pub unsafe fn view<'a, T: Element>(&self) -> Result<ArrayViewD<'a, T>, Error> {
        if T::DTYPE != self.dtype {
            return Err(Error::DtypeMismatch {
                requested: T::DTYPE,
                actual: self.dtype,
            });
        }
        if self.packed {
            return Err(Error::Packed(self.dtype));
        }
        let first = self.data.as_ptr().cast::<T>();
        if !first.is_aligned() {
            return Err(Error::MisalignedData {
                address: first as usize,
                dtype: self.dtype,
            });
        }
        // ndarray takes no negative strides: the view starts at the lowest
        // element, with every step upwards, and its axes are turned after.
        let mut lowest = first;
        let mut steps = IxDyn::zeros(self.strides.len());
        for (axis, (&len, &stride)) in self.shape.iter().zip(&self.strides).enumerate() {
            steps[axis] = stride.unsigned_abs();
            if stride < 0 && len > 0 {
                lowest = lowest.wrapping_offset(stride * (len as isize - 1));
            }
        }
        let layout = IxDyn(&self.shape).strides(steps);
        // SAFETY: `Description` proves that all elements lie in the address
        // space, `lowest` is the first of them in memory and aligned because
        // the strides count elements; the caller promised that they are there
        // and that nobody writes. Every bit pattern is a `T`.
        let mut view = unsafe { ArrayViewD::from_shape_ptr(layout, lowest.cast_const()) };
        for (axis, &stride) in self.strides.iter().enumerate() {
            if stride < 0 {
                view.invert_axis(Axis(axis));
            }
        }
        Ok(view)
    }

    /// Copies packed elements in C order, each into the low bits of a byte.
    ///
    /// # Safety
    /// The described memory can be read, and nobody writes to it meanwhile.
    ///
    /// # Errors
    /// [`Error::NotPacked`]: then there is nothing to unpack.
    pub unsafe fn unpack(&self) -> Result<Vec<u8>, Error> {
        if !self.packed {
            return Err(Error::NotPacked(self.dtype));
        }
        let bits = self.dtype.bits() as isize;
        let mask = u16::from(u8::MAX >> (8 - bits));
        let count = self.shape.iter().product();
        let mut index: Axes<usize> = SmallVec::from_elem(0, self.shape.len());
        let mut at = 0isize;
        let mut unpacked = Vec::with_capacity(count);
        while unpacked.len() < count {
            let bit = at * bits;
            let shift = bit.rem_euclid(8);
            let place = self.data.as_ptr().wrapping_offset(bit.div_euclid(8));
            // SAFETY: `Description` proves that the first bit of this element
            // lies in the memory that the caller promised.
            let low = u16::from(unsafe { place.read() });
            // An element of six bits may end in the next byte.
            let high = if shift + bits > 8 {
                // SAFETY: as above, for its last bit.
                u16::from(unsafe { place.wrapping_add(1).read() })
            } else {
                0
            };
            unpacked.push((((high << 8 | low) >> shift) & mask) as u8);
            at += self.step(&mut index);
        }
        Ok(unpacked)
    }

    /// Moves an index on in C order; answers by how many elements.
    fn step(&self, index: &mut [usize]) -> isize {
        let mut step = 0;
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < self.shape[axis] {
                return step + self.strides[axis];
            }
            step -= self.strides[axis] * (index[axis] as isize - 1);
            index[axis] = 0;
        }
        step
    }
}
