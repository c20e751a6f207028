//! The description of a tensor: every field of a foreign one is checked before use.

use core::ptr::NonNull;
use core::slice;

use ndarray::{ArrayBase, Dimension, RawData};
#[cfg(feature = "pyo3")]
use scirs2_core::DeviceKind;
use scirs2_core::shape::offset_bounds;
use scirs2_core::{DType, Device, Element};
use smallvec::SmallVec;

use crate::dtype::dtype_of;
use crate::shape_strides::{INLINE_NDIM, ShapeStrides};
use crate::sys::{DLTensor, FLAG_IS_COPIED, FLAG_IS_SUBBYTE_TYPE_PADDED, FLAG_READ_ONLY};
use crate::{Error, Layout};

/// The most axes a foreign tensor may have, as in NumPy 2.
pub const MAX_NDIM: usize = 64;

/// One value for each axis, without an allocation for up to five axes.
pub type AxisVec<T> = SmallVec<[T; INLINE_NDIM]>;

/// The dtype, address and layout of a tensor.
///
/// Every value has passed these checks: the lengths fit, `strides` has one
/// entry for each length, and all elements are inside the address space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// The first element: the one whose indices are all zero. Dangling if
    /// there are no elements.
    pub(crate) data: NonNull<u8>,
    pub(crate) device: Device,
    pub(crate) dtype: DType,
    /// Strides count elements. Those of axes of length 0 and 1, where a producer may write
    /// anything, are replaced by the strides of C order.
    pub(crate) dims: ShapeStrides,
    pub(crate) read_only: bool,
    pub(crate) copied: bool,
    /// Whether elements narrower than a byte are packed without gaps. Never set for others.
    pub(crate) packed: bool,
}

impl Description {
    /// Describes host memory that does not belong to a tensor yet. Every
    /// element has bytes of its own.
    ///
    /// Strides count elements. Only the arithmetic is checked; whoever reads the
    /// memory must know that it is there.
    ///
    /// # Errors
    /// [`Error::StrideCount`], [`Error::TooLarge`], [`Error::NullData`] or
    /// [`Error::StridesOutOfRange`].
    #[inline(always)]
    pub fn new(
        data: *mut u8,
        dtype: DType,
        shape: impl AsRef<[usize]>,
        strides: impl AsRef<[isize]>,
        read_only: bool,
    ) -> Result<Self, Error> {
        let (shape, strides) = (shape.as_ref(), strides.as_ref());
        if strides.len() != shape.len() {
            return Err(Error::StrideCount {
                lengths: shape.len(),
                strides: strides.len(),
            });
        }
        let mut dims = ShapeStrides::new(shape.len());
        dims.fill(|axis| Ok((shape[axis], strides[axis])))?;
        Description::from_dims(data, dtype, dims, read_only)
    }

    /// Like [`new`](Self::new), for lengths and strides that are already in a [`ShapeStrides`].
    ///
    /// # Errors
    /// The same as [`new`](Self::new).
    #[inline(always)]
    pub fn from_dims(
        data: *mut u8,
        dtype: DType,
        dims: ShapeStrides,
        read_only: bool,
    ) -> Result<Self, Error> {
        let mut description =
            Description::unchecked(Device::CPU, dtype, dims, FLAG_IS_SUBBYTE_TYPE_PADDED);
        description.read_only = read_only;
        description.check(data, 0, false)?;
        Ok(description)
    }

    /// Like [`new`](Self::new), in C order. The flags are DLPack's: read-only, copied,
    /// and whether elements narrower than a byte are padded to one.
    ///
    /// # Errors
    /// The same as [`new`](Self::new).
    #[inline(always)]
    pub fn in_c_order(
        data: *mut u8,
        dtype: DType,
        shape: &[usize],
        flags: u64,
    ) -> Result<Self, Error> {
        let mut dims = ShapeStrides::new(shape.len());
        dims.fill(|axis| Ok((shape[axis], 0)))?;
        let mut description = Description::unchecked(Device::CPU, dtype, dims, flags);
        description.check(data, 0, true)?;
        Ok(description)
    }

    #[inline(always)]
    fn unchecked(device: Device, dtype: DType, dims: ShapeStrides, flags: u64) -> Self {
        Description {
            data: dangling(),
            device,
            dtype,
            dims,
            read_only: flags & FLAG_READ_ONLY != 0,
            copied: flags & FLAG_IS_COPIED != 0,
            packed: dtype.bits() < 8 && flags & FLAG_IS_SUBBYTE_TYPE_PADDED == 0,
        }
    }

    /// Checks the shape and strides against the memory that they describe.
    #[inline(always)]
    fn check(&mut self, start: *mut u8, byte_offset: u64, c_order: bool) -> Result<(), Error> {
        let (dtype, dims) = (self.dtype, &mut self.dims);
        let itemsize = dtype.itemsize();
        // The other lengths must fit even if one is zero: NumPy counts them.
        let mut bytes = Some(itemsize);
        let mut shortest = usize::MAX;
        for &len in dims.shape() {
            shortest = shortest.min(len);
            bytes = bytes.and_then(|bytes| bytes.checked_mul(len.max(1)));
        }
        if !bytes.is_some_and(fits_in_isize) {
            return Err(Error::TooLarge {
                shape: dims.shape().to_vec(),
                dtype,
            });
        }
        let empty = shortest == 0;
        if c_order || shortest <= 1 {
            // The C strides fit, because the size in bytes does.
            dims.normalize_strides(c_order || empty);
        }
        if empty {
            return Ok(());
        }
        // NULL plus an offset would look like valid memory.
        if start.is_null() {
            return Err(Error::NullData(dims.shape().iter().product()));
        }
        self.data = first_element(start, byte_offset)?;
        // Packed elements are counted in bits, which must not overflow either. The
        // bound is too strict by a factor of eight, but memory is never that large.
        let unit = if self.packed { dtype.bits() } else { itemsize };
        let inside = match bytes {
            Some(bytes) if c_order && !self.packed => {
                let end = (self.data.as_ptr() as usize).checked_add(bytes);
                end.map(|_| ())
            }
            _ => check_address_range(self.data, dims.shape(), dims.strides(), unit),
        };
        if inside.is_none() {
            return Err(Error::StridesOutOfRange {
                shape: dims.shape().to_vec(),
                strides: dims.strides().to_vec(),
            });
        }
        Ok(())
    }

    /// Checks a foreign tensor, its fields in the order in which they depend on each other.
    ///
    /// # Safety
    /// If `shape` and `strides` are not NULL they point to `ndim` readable
    /// numbers each.
    #[inline(always)]
    pub(crate) unsafe fn from_dltensor(tensor: &DLTensor, flags: u64) -> Result<Self, Error> {
        if !tensor.device.kind.is_host() {
            return Err(Error::Device(tensor.device));
        }
        let dtype = dtype_of(tensor.dtype)?;
        let ndim = match usize::try_from(tensor.ndim) {
            Ok(ndim) if ndim <= MAX_NDIM => ndim,
            _ => return Err(Error::Ndim(tensor.ndim.into())),
        };
        // SAFETY: NULL or `ndim` numbers, by this function's contract.
        let Some(lengths) = unsafe { i64_slice("shape", tensor.shape, ndim) }? else {
            return Err(Error::NullShape(ndim));
        };
        // SAFETY: as for the shape.
        let strides = unsafe { i64_slice("strides", tensor.strides, ndim) }?;
        let from_axes = |ndim| Description::from_axes(tensor, flags, dtype, ndim, lengths, strides);
        // A number of axes known at compile time keeps them in registers.
        match ndim {
            1 => from_axes(1),
            2 => from_axes(2),
            3 => from_axes(3),
            4 => from_axes(4),
            _ => from_axes(ndim),
        }
    }

    #[inline(always)]
    fn from_axes(
        tensor: &DLTensor,
        flags: u64,
        dtype: DType,
        ndim: usize,
        lengths: &[i64],
        strides: Option<&[i64]>,
    ) -> Result<Self, Error> {
        let mut dims = ShapeStrides::new(ndim);
        dims.fill(|axis| {
            let length = lengths[axis];
            if length < 0 {
                return Err(Error::NegativeLength { axis, length });
            }
            let stride = strides.map_or(0, |strides| saturate_to_isize(strides[axis]));
            // A length that does not fit `usize` is too large for memory.
            Ok((length.try_into().unwrap_or(usize::MAX), stride))
        })?;
        let mut description = Description::unchecked(tensor.device, dtype, dims, flags);
        description.check(tensor.data.cast(), tensor.byte_offset, strides.is_none())?;
        Ok(description)
    }

    /// The same description, borrowed, for an export.
    #[inline]
    #[must_use]
    pub fn layout(&self) -> Layout<'_> {
        Layout {
            data: self.data(),
            device: self.device,
            dtype: self.dtype,
            shape: self.shape(),
            strides: self.strides(),
            read_only: self.read_only,
            copied: self.copied,
            packed: self.packed,
        }
    }

    /// Address of the first element: the one whose indices are all zero.
    #[inline]
    #[must_use]
    pub const fn data(&self) -> *mut u8 {
        self.data.as_ptr()
    }

    /// Rejects memory that a device shares with the host, if the producer was not asked to
    /// synchronize the tensor.
    ///
    /// # Errors
    /// [`Error::Unsynchronized`].
    #[cfg(feature = "pyo3")]
    #[inline(always)]
    pub(crate) fn check_synchronized(&self) -> Result<(), Error> {
        if self.device.kind == DeviceKind::CUDA_MANAGED {
            return Err(Error::Unsynchronized(self.device));
        }
        Ok(())
    }

    /// Whether both have the same dtype, address, shape and strides.
    #[inline]
    #[must_use]
    pub fn is_same_view_as(&self, other: &Self) -> bool {
        self.data == other.data && self.dtype == other.dtype && self.dims == other.dims
    }

    /// Where the memory lives; always readable by the host.
    #[inline]
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    /// Type of the elements.
    #[inline]
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.dtype
    }

    /// Length of each axis.
    #[inline]
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.dims.shape()
    }

    /// Stride of each axis, in elements.
    #[inline]
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        self.dims.strides()
    }

    /// Whether the owner forbids writing.
    #[inline]
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether the producer made a copy for this tensor.
    #[inline]
    #[must_use]
    pub const fn is_copied(&self) -> bool {
        self.copied
    }

    /// Whether elements narrower than a byte are packed without gaps, the first in the
    /// low bits.
    #[inline]
    #[must_use]
    pub const fn is_packed(&self) -> bool {
        self.packed
    }
}

/// Describes a Rust array.
///
/// # Panics
/// If an array without elements has other lengths whose size in bytes would overflow, which
/// ndarray allows.
#[inline(always)]
pub(crate) fn describe_array<S, T, D>(array: &ArrayBase<S, D>, read_only: bool) -> Description
where
    S: RawData<Elem = T>,
    T: Element,
    D: Dimension,
{
    let first = array.as_ptr().cast_mut().cast();
    match Description::new(first, T::DTYPE, array.shape(), array.strides(), read_only) {
        Ok(description) => description,
        Err(error) => panic!("{error}"),
    }
}

/// A pointer for arrays without elements, aligned for any type and for JAX.
const fn dangling() -> NonNull<u8> {
    #[repr(align(64))]
    struct Aligned;
    NonNull::<Aligned>::dangling().cast()
}

/// The numbers behind a pointer; empty if there are no axes, `None` for NULL.
///
/// # Safety
/// If `pointer` is not NULL, `ndim` numbers can be read there for `'a`.
unsafe fn i64_slice<'a>(
    field: &'static str,
    pointer: *const i64,
    ndim: usize,
) -> Result<Option<&'a [i64]>, Error> {
    if ndim == 0 {
        Ok(Some(&[]))
    } else if pointer.is_null() {
        Ok(None)
    } else if pointer.is_aligned() {
        // SAFETY: not NULL, aligned, `ndim` numbers by this function's
        // contract, and at most 64, so the size fits.
        Ok(Some(unsafe { slice::from_raw_parts(pointer, ndim) }))
    } else {
        Err(Error::MisalignedPointer {
            field,
            address: pointer as usize,
        })
    }
}

/// With pointers narrower than 64 bits: the extreme value then fails the range check, or is a
/// stride that is never used.
fn saturate_to_isize(stride: i64) -> isize {
    isize::try_from(stride).unwrap_or(if stride < 0 { isize::MIN } else { isize::MAX })
}

#[inline(always)]
fn first_element(start: *mut u8, byte_offset: u64) -> Result<NonNull<u8>, Error> {
    // No allocation is larger than `isize::MAX`.
    let element = isize::try_from(byte_offset)
        .ok()
        .filter(|&offset| (start as usize).checked_add_signed(offset).is_some())
        .and_then(|offset| NonNull::new(start.wrapping_offset(offset)));
    let Some(element) = element else {
        return Err(Error::ByteOffsetOutOfRange {
            offset: byte_offset,
            address: start as usize,
        });
    };
    Ok(element)
}

/// `Some` if all elements, the first of them at `data`, have an address.
///
/// The strides in bytes then fit too: that of an axis with two or more elements is within the
/// bounds, and any other is that of C order.
#[inline(always)]
fn check_address_range(
    data: NonNull<u8>,
    shape: &[usize],
    strides: &[isize],
    itemsize: usize,
) -> Option<()> {
    let address = data.as_ptr() as usize;
    let itemsize = itemsize.cast_signed();
    let (low, high) = offset_bounds(shape, strides)?;
    let low = low.checked_mul(itemsize)?;
    let end = high.checked_add(1)?.checked_mul(itemsize)?;
    // The span itself must fit, as Rust requires of every allocation.
    end.checked_sub(low)?;
    address.checked_add_signed(low).filter(|&at| at != 0)?;
    address.checked_add_signed(end).map(|_| ())
}

/// No allocation is larger than `isize::MAX`.
fn fits_in_isize(bytes: usize) -> bool {
    isize::try_from(bytes).is_ok()
}
