//! A description seen as an `ndarray` view, of any strides, without a copy.

use ndarray::{ArrayViewD, Axis, IxDyn, ShapeBuilder};
use scirs2_core::Element;

use crate::{Description, Error};

impl Description {
    /// The elements as an `ndarray` view.
    ///
    /// # Safety
    /// For `'a` the described memory can be read and nobody writes to it.
    ///
    /// # Errors
    /// [`Error::DtypeMismatch`] where `T` is another type than the elements',
    /// [`Error::MisalignedData`] where Rust may not read them in place.
    pub unsafe fn view<'a, T: Element>(&self) -> Result<ArrayViewD<'a, T>, Error> {
        if T::DTYPE != self.dtype {
            return Err(Error::DtypeMismatch {
                requested: T::DTYPE,
                actual: self.dtype,
            });
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
}
