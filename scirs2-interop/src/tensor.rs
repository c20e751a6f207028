//! The handle that crates pass to one another.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use ndarray::{Array, ArrayViewD, Dimension};
use scirs2_core::shape::c_strides;
use scirs2_core::{DType, Element};

use crate::export::export;
use crate::owner::ManagedStruct;
use crate::{Axes, Description, Error, Owner};

/// A shared, immutable tensor in host memory: one owner, any number of handles.
///
/// Cloning costs a reference count. The memory may be Rust's or a foreign
/// library's; who reads it cannot tell. It is freed with the last handle.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
///
/// let tensor = Tensor::from(array![[1.0, 2.0], [3.0, 4.0]]);
/// let shared = tensor.clone();
/// drop(tensor);
/// assert_eq!(shared.view::<f64>()?, array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
/// assert!(shared.view::<f32>().is_err());
/// # Ok::<(), scirs2_interop::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor {
    shared: Arc<Shared>,
}

struct Shared {
    /// INVARIANT: describes memory that can be read, and that nobody writes,
    /// until `keeper` is dropped.
    description: Description,
    #[expect(dead_code, reason = "only ever dropped")]
    keeper: Box<dyn Any + Send + Sync>,
}

// SAFETY: all handles only read the memory, which nobody writes, and read plain
// data; the keeper is `Send`, so any thread may drop the last handle.
unsafe impl Send for Shared {}
// SAFETY: as above; the keeper is `Sync` and only ever dropped.
unsafe impl Sync for Shared {}

impl Tensor {
    /// Takes over a managed tensor of another library.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use scirs2_interop::Tensor;
    /// use scirs2_interop::sys::DLManagedTensorVersioned;
    ///
    /// let ours = Tensor::from(arr1(&[1_i32, 2, 3]));
    /// let managed = ours.clone().export::<DLManagedTensorVersioned>()?.into_raw();
    /// // ... a C library hands the pointer around ...
    /// // SAFETY: it came from `into_raw`, and nobody writes to the memory.
    /// let theirs = unsafe { Tensor::from_raw(managed) }?;
    /// assert_eq!(theirs.data(), ours.data());
    /// # Ok::<(), scirs2_interop::Error>(())
    /// ```
    ///
    /// # Safety
    /// As for [`Owner::from_raw`], and nobody writes to the memory while a
    /// handle lives.
    ///
    /// # Errors
    /// The first field that cannot be; the tensor is freed then.
    pub unsafe fn from_raw<M: ManagedStruct>(
        managed: core::ptr::NonNull<M>,
    ) -> Result<Self, Error> {
        // SAFETY: the caller promised it.
        let owner = unsafe { Owner::from_raw(managed) };
        let description = owner.describe()?;
        // SAFETY: the owner keeps the memory, which the caller promised nobody
        // writes.
        Ok(unsafe { Tensor::new(description, owner) })
    }

    /// Shares memory that `keeper` keeps alive.
    ///
    /// # Safety
    /// Until `keeper` is dropped the described memory can be read and nobody
    /// writes to it.
    #[must_use]
    pub unsafe fn new(description: Description, keeper: impl Any + Send + Sync) -> Self {
        Tensor {
            shared: Arc::new(Shared {
                description,
                keeper: Box::new(keeper),
            }),
        }
    }

    /// A tensor in C order whose elements are narrower than a byte and lie
    /// without gaps, the first in the low bits.
    ///
    /// # Errors
    /// [`Error::NotPacked`] for another dtype, [`Error::TooFewBytes`], and
    /// those of [`Description::new`].
    pub fn from_packed(dtype: DType, mut bytes: Vec<u8>, shape: &[usize]) -> Result<Self, Error> {
        if dtype.bits() >= 8 {
            return Err(Error::NotPacked(dtype));
        }
        let description = Description::packed(bytes.as_mut_ptr(), dtype, shape.into())?;
        // The description proves that `count` bytes fit, so as many bits do.
        let count: usize = shape.iter().product();
        let expected = count / 8 * dtype.bits() + (count % 8 * dtype.bits()).div_ceil(8);
        if bytes.len() < expected {
            return Err(Error::TooFewBytes {
                expected,
                actual: bytes.len(),
            });
        }
        // SAFETY: the vector keeps bits for each element, and nothing else
        // refers to it.
        Ok(unsafe { Tensor::new(description, bytes) })
    }

    /// The type, place and layout.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.shared.description
    }

    /// Type of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.description().dtype()
    }

    /// Length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.description().shape()
    }

    /// Step along each axis, in elements.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        self.description().strides()
    }

    /// Address of the first element.
    #[must_use]
    pub fn data(&self) -> *const u8 {
        self.description().data()
    }

    /// The elements as an `ndarray` view, of any strides, without a copy.
    ///
    /// # Errors
    /// [`Error::DtypeMismatch`] where `T` is another type than the elements',
    /// [`Error::MisalignedData`] where Rust may not read them in place.
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>, Error> {
        // SAFETY: the view borrows `self`, which keeps the memory readable and
        // unwritten, by the invariant.
        unsafe { self.description().view() }
    }

    /// A tensor whose elements have a byte each, in C order, from one whose
    /// elements are packed; any other tensor is returned as it is.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use scirs2_core::DType;
    /// use scirs2_core::element::UInt4;
    /// use scirs2_interop::Tensor;
    ///
    /// let tensor = Tensor::from_packed(DType::UInt4, vec![0x21, 0x03], &[3])?;
    /// assert!(tensor.view::<UInt4>().is_err());
    /// let unpacked = tensor.unpack()?;
    /// assert_eq!(unpacked.view::<UInt4>()?, arr1(&[1, 2, 3].map(UInt4::from_bits)).into_dyn());
    /// # Ok::<(), scirs2_interop::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Description::new`].
    pub fn unpack(self) -> Result<Self, Error> {
        let packed = self.description();
        if !packed.is_packed() {
            return Ok(self);
        }
        // SAFETY: the handle keeps the memory readable and unwritten.
        let mut bytes = unsafe { packed.unpack() }?;
        let shape = packed.shape.clone();
        let strides = c_strides(&shape).unwrap_or_default().into();
        let data = bytes.as_mut_ptr();
        let description = Description::new(data, packed.dtype(), shape, strides, false)?;
        // SAFETY: the vector keeps one byte for each element, and nothing else
        // refers to it.
        Ok(unsafe { Tensor::new(description.with_copied(true), bytes) })
    }

    /// A managed tensor for another library, which holds this handle until it
    /// is done.
    ///
    /// The consumer may write where this was the only handle and its memory is
    /// not read-only; it is told not to where another handle can read.
    ///
    /// # Errors
    /// [`Error::NegativeStrides`], which consumers fail on, and
    /// [`Error::ReadOnlyLegacy`]: only `DLManagedTensorVersioned` can say that
    /// the memory must not be written.
    pub fn export<M: ManagedStruct>(mut self) -> Result<Owner<M>, Error> {
        let mut description = self.description().clone();
        description.read_only |= Arc::get_mut(&mut self.shared).is_none();
        // SAFETY: the handle that goes along keeps the memory readable. Where
        // it is not described as read-only nobody else has a handle, and the
        // one inside the export is never read through.
        unsafe { export(&description, self) }
    }
}

/// Takes the array's memory as it is, in whatever order it lies.
impl<T: Element, D: Dimension> From<Array<T, D>> for Tensor {
    fn from(array: Array<T, D>) -> Self {
        let shape: Axes<usize> = array.shape().into();
        let strides: Axes<isize> = array.strides().into();
        let (mut memory, offset) = array.into_raw_vec_and_offset();
        let first = memory.as_mut_ptr().wrapping_add(offset.unwrap_or(0));
        let description = Description::new(first.cast(), T::DTYPE, shape, strides, false);
        match description {
            // SAFETY: the vector keeps the array's memory, and with it all that
            // the array's layout reaches; nothing else refers to it.
            Ok(description) => unsafe { Tensor::new(description, memory) },
            Err(error) => unreachable!("an array in memory has a valid layout: {error}"),
        }
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tensor").field(self.description()).finish()
    }
}
