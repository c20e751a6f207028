//! `Tensor`, the shared handle that crates pass to one another.

use std::any::Any;
use std::fmt;

use ndarray::{ArcArray, Array, Array1, ArrayViewD, ArrayViewMutD, Dimension};
use scirs2_core::shape::may_overlap;
use scirs2_core::{Bool, DType, Element};

use crate::description::describe_array;
use crate::export::ExportBuilder;
use crate::handle::Handle;
use crate::owner::ManagedStruct;
use crate::sys::{FLAG_IS_COPIED, FLAG_IS_SUBBYTE_TYPE_PADDED};
use crate::{Description, Error, Owner, TensorMut};

/// A shared tensor in host memory: one owner, any number of handles.
///
/// Cloning costs a reference count. All handles read; the last one may write, if the owner
/// allows it and nothing outside Rust can access the memory. The memory may be Rust's or a
/// foreign library's; readers cannot tell which. It is freed with the last handle.
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
    /// INVARIANT: describes memory that can be read until the last handle is
    /// dropped, that is not written while a view of it lives, and that nothing else
    /// accesses while a mutable view lives.
    handle: Handle,
    /// Whether only the handles can access the memory. If false, no mutable view is handed
    /// out, and the second half of the invariant holds trivially.
    exclusive: bool,
}

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
    /// As for [`Owner::from_raw`]. The memory is not written while a view of it
    /// lives; and unless it is flagged as read-only, nothing else reads it while a
    /// mutable view lives.
    ///
    /// # Errors
    /// The first invalid field; the tensor is then freed.
    #[inline]
    pub unsafe fn from_raw<M: ManagedStruct>(
        managed: core::ptr::NonNull<M>,
    ) -> Result<Self, Error> {
        // SAFETY: the caller promised it.
        let owner = unsafe { Owner::from_raw(managed) };
        let description = owner.describe()?;
        // SAFETY: the owner keeps the memory, which the caller promised is not
        // written.
        Ok(unsafe { Tensor::new(description, owner) })
    }

    /// Shares memory that `owner` keeps alive, whoever allocated it.
    ///
    /// ```
    /// use std::alloc::{Layout, alloc_zeroed, dealloc};
    /// use scirs2_core::DType;
    /// use scirs2_interop::{Description, Tensor};
    ///
    /// struct Allocation(*mut u8);
    /// const LAYOUT: Layout = Layout::new::<[f32; 4]>();
    /// # unsafe impl Send for Allocation {}
    /// # unsafe impl Sync for Allocation {}
    /// impl Drop for Allocation {
    ///     fn drop(&mut self) {
    ///         // SAFETY: allocated below with this layout, freed once.
    ///         unsafe { dealloc(self.0, LAYOUT) }
    ///     }
    /// }
    ///
    /// // SAFETY: the layout is not empty.
    /// let memory = Allocation(unsafe { alloc_zeroed(LAYOUT) });
    /// let description = Description::new(memory.0, DType::Float32, [2, 2], [2, 1], false)?;
    /// // SAFETY: sixteen bytes, all zero, which nobody else touches.
    /// let tensor = unsafe { Tensor::new(description, memory) };
    /// assert_eq!(tensor.view::<f32>()?.sum(), 0.0);
    /// # Ok::<(), scirs2_interop::Error>(())
    /// ```
    ///
    /// # Safety
    /// Until `owner` is dropped the described memory can be read, and written
    /// unless it is described as read-only. It is not written while a view of
    /// it lives, and nothing else reads it while a mutable view lives.
    #[inline]
    #[must_use]
    pub unsafe fn new(description: Description, owner: impl Any + Send + Sync) -> Self {
        Tensor {
            handle: Handle::new(description, owner),
            exclusive: true,
        }
    }

    /// Shares memory that other code can access as well, such as the arrays of a Python
    /// program: [`view_mut`](Self::view_mut) refuses it.
    ///
    /// Two tensors may share the same memory; only reading from both is safe.
    ///
    /// # Safety
    /// Until `owner` is dropped the described memory can be read, and it is not written
    /// while a view of it lives.
    #[inline]
    #[must_use]
    pub unsafe fn foreign(description: Description, owner: impl Any + Send + Sync) -> Self {
        Tensor {
            handle: Handle::new(description, owner),
            exclusive: false,
        }
    }

    /// Allows writing to the tensor's memory from now on even though other code can access it,
    /// as far as its owner allows.
    ///
    /// # Safety
    /// While a mutable view of the tensor lives nothing else reads or writes its memory: no
    /// other tensor over it, no Python code, no library that shares it.
    #[inline]
    #[must_use]
    pub unsafe fn assume_exclusive(self) -> Self {
        Tensor {
            exclusive: true,
            ..self
        }
    }

    /// A tensor in C order whose elements are narrower than a byte and are packed
    /// without gaps, the first in the low bits.
    ///
    /// # Errors
    /// [`Error::NotPacked`] for another dtype, [`Error::TooFewBytes`], and the
    /// errors of [`Description::new`].
    pub fn from_packed(dtype: DType, mut bytes: Vec<u8>, shape: &[usize]) -> Result<Self, Error> {
        if dtype.bits() >= 8 {
            return Err(Error::NotPacked(dtype));
        }
        let description = Description::in_c_order(bytes.as_mut_ptr(), dtype, shape, 0)?;
        // The description proves that `count` bytes fit, so `count` bits do too.
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

    /// The dtype, address and layout.
    #[inline]
    #[must_use]
    pub fn description(&self) -> &Description {
        self.handle.description()
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

    /// Stride of each axis, in elements.
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
    /// [`Error::DtypeMismatch`] if `T` is not the type of the elements,
    /// [`Error::MisalignedData`] if Rust may not read them in place.
    #[inline]
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>, Error> {
        // SAFETY: the view borrows `self`, which keeps the memory readable and
        // unwritten, by the invariant.
        unsafe { self.description().view() }
    }

    /// Booleans as Rust's `bool`, without a copy: every byte is checked.
    ///
    /// # Errors
    /// The errors of [`view`](Self::view), and [`Error::NotBool`] for a byte other
    /// than 0 and 1; [`Bool`] takes any byte.
    pub fn view_bool(&self) -> Result<ArrayViewD<'_, bool>, Error> {
        for byte in self.view::<Bool>()? {
            if byte.to_byte() > 1 {
                return Err(Error::NotBool(byte.to_byte()));
            }
        }
        // SAFETY: the view borrows `self`, which keeps the memory readable and
        // unwritten; each byte was just seen to be a `bool`.
        unsafe { self.description().view_as::<bool>() }
    }

    /// A mutable view of the elements, without a copy.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use scirs2_interop::Tensor;
    ///
    /// let mut tensor = Tensor::from(arr1(&[1.0, 2.0]));
    /// tensor.view_mut::<f64>()?[0] = 7.0;
    /// assert_eq!(tensor.view::<f64>()?[0], 7.0);
    ///
    /// let _other = tensor.clone();
    /// assert!(tensor.view_mut::<f64>().is_err());
    /// # Ok::<(), scirs2_interop::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`view`](Self::view); [`Error::ReadOnly`]; [`Error::Shared`] if another
    /// handle lives; [`Error::Foreign`] if anything but the handles can access the memory;
    /// [`Error::Overlap`] if two indices name one element.
    pub fn view_mut<T: Element>(&mut self) -> Result<ArrayViewMutD<'_, T>, Error> {
        self.borrow_mut()?.into_view()
    }

    /// Borrows the tensor for writing, whatever its dtype.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Shared`], [`Error::Foreign`] and [`Error::Overlap`], as for
    /// [`view_mut`](Self::view_mut).
    pub fn borrow_mut(&mut self) -> Result<TensorMut<'_>, Error> {
        if !self.handle.is_unique() {
            return Err(Error::Shared);
        }
        let description = self.description();
        if description.read_only {
            return Err(Error::ReadOnly);
        }
        if !self.exclusive {
            return Err(Error::Foreign);
        }
        if may_overlap(description.shape(), description.strides()) {
            return Err(Error::Overlap {
                shape: description.shape().to_vec(),
                strides: description.strides().to_vec(),
            });
        }
        // SAFETY: this borrows the last handle mutably, so no view lives; the memory may be
        // written and nothing else accesses it, by the invariant of an exclusive tensor; no two
        // indices name one element.
        Ok(unsafe { TensorMut::new(description.clone()) })
    }

    /// Unpacks a tensor with packed elements into one in C order with a byte for
    /// each element; any other tensor is returned unchanged.
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
    /// The same as [`Description::new`].
    pub fn unpack(self) -> Result<Self, Error> {
        let packed = self.description();
        if !packed.is_packed() {
            return Ok(self);
        }
        // SAFETY: the handle keeps the memory readable and unwritten.
        let mut bytes = unsafe { packed.unpack() }?;
        let (data, flags) = (
            bytes.as_mut_ptr(),
            FLAG_IS_COPIED | FLAG_IS_SUBBYTE_TYPE_PADDED,
        );
        let description = Description::in_c_order(data, packed.dtype(), packed.shape(), flags)?;
        // SAFETY: the vector keeps one byte for each element, and nothing else
        // refers to it.
        Ok(unsafe { Tensor::new(description, bytes) })
    }

    /// A managed tensor for another library. It holds this handle until the library
    /// is done with it.
    ///
    /// The consumer may write if this was the only handle and its memory is not
    /// read-only; the export is flagged as read-only if another handle can read.
    ///
    /// # Errors
    /// [`Error::NegativeStrides`], which consumers mishandle, and
    /// [`Error::ReadOnlyLegacy`]: only `DLManagedTensorVersioned` can say that
    /// the memory must not be written.
    #[inline]
    pub fn export<M: ManagedStruct>(mut self) -> Result<Owner<M>, Error> {
        let read_only = !self.may_be_exported_writeable();
        // SAFETY: if it is not read-only this was the only handle, and the one inside the
        // export is never read through.
        unsafe { self.export_as(read_only, false) }
    }

    /// Whether a consumer may write, as far as anything here knows: the owner allows it, and no
    /// other handle can read.
    #[inline]
    pub(crate) fn may_be_exported_writeable(&mut self) -> bool {
        self.handle.is_unique() && !self.description().read_only
    }

    /// A managed tensor that holds this handle, flagged as the caller says.
    ///
    /// # Safety
    /// Unless `read_only`, the description allows writing, and no other handle is read through
    /// while the managed tensor lives, except under the promise of a Python program.
    #[inline]
    pub(crate) unsafe fn export_as<M: ManagedStruct>(
        self,
        read_only: bool,
        copied: bool,
    ) -> Result<Owner<M>, Error> {
        let mut layout = self.description().layout();
        layout.read_only = read_only;
        layout.copied |= copied;
        let builder = ExportBuilder::new(&layout)?;
        // SAFETY: the handle moved into the export keeps the memory readable, and writeable
        // unless it is flagged as read-only, by this function's contract.
        Ok(unsafe { builder.finish(self) })
    }
}

/// Takes the array's memory as it is, whatever its memory order.
///
/// # Panics
/// If an array without elements has other lengths whose size in bytes would overflow.
impl<T: Element, D: Dimension> From<Array<T, D>> for Tensor {
    #[inline]
    fn from(array: Array<T, D>) -> Self {
        let description = describe_array(&array, false);
        let (memory, _) = array.into_raw_vec_and_offset();
        // SAFETY: the vector keeps the array's memory, and with it all that the
        // array's layout reaches; nothing else refers to it.
        unsafe { Tensor::new(description, memory) }
    }
}

/// One axis; nothing is copied.
impl<T: Element> From<Vec<T>> for Tensor {
    fn from(elements: Vec<T>) -> Self {
        Tensor::from(Array1::from_vec(elements))
    }
}

/// Shares the array's memory with its other owners: it is read-only.
impl<T: Element, D: Dimension + 'static> From<ArcArray<T, D>> for Tensor {
    fn from(array: ArcArray<T, D>) -> Self {
        let description = describe_array(&array, true);
        // SAFETY: the array keeps its memory, which its other owners copy
        // before they write, as long as this one shares it.
        unsafe { Tensor::new(description, array) }
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tensor").field(self.description()).finish()
    }
}
