//! What a tensor is: every field of a foreign one checked before it is used.

use core::ptr::NonNull;
use core::slice;

use scirs2_core::shape::{c_strides, element_count, reach};
use scirs2_core::{DType, Device};
use smallvec::SmallVec;

use crate::dtype::dtype_of;
use crate::sys::DLTensor;
use crate::{Error, Layout};

/// The most axes a foreign tensor may have, as in NumPy 2.
pub const MAX_NDIM: usize = 64;

/// One number for each axis, without an allocation for the usual few axes.
pub type Axes<T> = SmallVec<[T; 6]>;

/// The type, place and layout of a tensor.
///
/// Every value has passed these checks: the lengths fit, `strides` has one
/// entry for each length, and all elements lie inside the address space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// The first element: the one whose indices are all zero. Dangling where
    /// there are no elements.
    pub(crate) data: NonNull<u8>,
    pub(crate) device: Device,
    pub(crate) dtype: DType,
    pub(crate) shape: Axes<usize>,
    /// In elements. C order's along axes of length 0 and 1, where a producer
    /// may write anything.
    pub(crate) strides: Axes<isize>,
    pub(crate) read_only: bool,
    pub(crate) copied: bool,
    /// Elements narrower than a byte lie without gaps. Never set for others.
    pub(crate) packed: bool,
}

impl Description {
    /// Describes memory of the host that is not yet anybody's tensor, every
    /// element with bytes of its own.
    ///
    /// Strides count elements. Whether the memory is there is the concern of
    /// who reads it; what is checked is the arithmetic.
    ///
    /// # Errors
    /// [`Error::StrideCount`], [`Error::TooLarge`], [`Error::NullData`] or
    /// [`Error::StridesOutOfRange`].
    #[inline]
    pub fn new(
        data: *mut u8,
        dtype: DType,
        shape: Axes<usize>,
        strides: Axes<isize>,
        read_only: bool,
    ) -> Result<Self, Error> {
        let mut description = Description::checked(data, dtype, shape, strides, false)?;
        description.read_only = read_only;
        Ok(description)
    }

    /// As [`new`](Self::new), for elements narrower than a byte that lie in C
    /// order without gaps.
    pub(crate) fn packed(data: *mut u8, dtype: DType, shape: Axes<usize>) -> Result<Self, Error> {
        let strides = c_strides(&shape).ok_or_else(|| Error::TooLarge {
            shape: shape.to_vec(),
            dtype,
        })?;
        Description::checked(data, dtype, shape, strides.into(), true)
    }

    #[inline]
    fn checked(
        data: *mut u8,
        dtype: DType,
        shape: Axes<usize>,
        mut strides: Axes<isize>,
        packed: bool,
    ) -> Result<Self, Error> {
        if strides.len() != shape.len() {
            return Err(Error::StrideCount {
                lengths: shape.len(),
                strides: strides.len(),
            });
        }
        let too_large = |shape: &[usize]| Error::TooLarge {
            shape: shape.to_vec(),
            dtype,
        };
        let itemsize = dtype.itemsize();
        let count = element_count(&shape)
            .filter(|count| count.checked_mul(itemsize).is_some_and(fits))
            .ok_or_else(|| too_large(&shape))?;
        if count == 0 || shape.contains(&1) {
            let unused = c_strides(&shape).ok_or_else(|| too_large(&shape))?;
            // Beside a length of zero the others must fit in bytes too: ndarray
            // and NumPy count them.
            shape
                .iter()
                .try_fold(itemsize, |bytes, &len| bytes.checked_mul(len.max(1)))
                .filter(|&bytes| fits(bytes))
                .ok_or_else(|| too_large(&shape))?;
            for (axis, &len) in shape.iter().enumerate() {
                if count == 0 || len == 1 {
                    strides[axis] = unused[axis];
                }
            }
        }
        let data = if count == 0 {
            dangling()
        } else {
            let data = NonNull::new(data).ok_or(Error::NullData(count))?;
            // Packed elements are counted in bits, which must not overflow either:
            // a bound too strict by a factor of eight, in a space never that full.
            let unit = if packed { dtype.bits() } else { itemsize };
            if in_address_space(data, &shape, &strides, unit).is_none() {
                return Err(Error::StridesOutOfRange {
                    shape: shape.to_vec(),
                    strides: strides.to_vec(),
                });
            }
            data
        };
        Ok(Description {
            data,
            device: Device::CPU,
            dtype,
            shape,
            strides,
            read_only: false,
            copied: false,
            packed,
        })
    }

    /// Checks a foreign tensor, the fields in the order of their dependence.
    ///
    /// `padded` tells that elements narrower than a byte have a byte each.
    ///
    /// # Safety
    /// Where `shape` and `strides` are not NULL they point to `ndim` readable
    /// numbers each.
    pub(crate) unsafe fn of(tensor: &DLTensor, padded: bool) -> Result<Self, Error> {
        if !tensor.device.kind.is_host() {
            return Err(Error::Device(tensor.device));
        }
        let dtype = dtype_of(tensor.dtype)?;
        let ndim = usize::try_from(tensor.ndim)
            .ok()
            .filter(|&ndim| ndim <= MAX_NDIM)
            .ok_or(Error::Ndim(tensor.ndim.into()))?;
        // SAFETY: NULL or `ndim` numbers, by this function's contract.
        let lengths = unsafe { numbers("shape", tensor.shape, ndim) }?;
        let lengths = lengths.ok_or(Error::NullShape(ndim))?;
        let shape = lengths
            .iter()
            .enumerate()
            .map(|(axis, &length)| {
                usize::try_from(length).map_err(|_| Error::NegativeLength { axis, length })
            })
            .collect::<Result<Axes<usize>, Error>>()?;
        // SAFETY: as for the shape.
        let strides: Axes<isize> = match unsafe { numbers("strides", tensor.strides, ndim) }? {
            Some(strides) => strides.iter().map(|&stride| saturated(stride)).collect(),
            None => c_strides(&shape)
                .ok_or_else(|| Error::TooLarge {
                    shape: shape.to_vec(),
                    dtype,
                })?
                .into(),
        };
        let data = first_element(tensor, &shape)?;
        let packed = dtype.bits() < 8 && !padded;
        let mut description = Description::checked(data, dtype, shape, strides, packed)?;
        description.device = tensor.device;
        Ok(description)
    }

    /// The same, borrowed, to be exported.
    #[must_use]
    pub fn layout(&self) -> Layout<'_> {
        Layout {
            data: self.data(),
            device: self.device,
            dtype: self.dtype,
            shape: &self.shape,
            strides: &self.strides,
            read_only: self.read_only,
            copied: self.copied,
            packed: self.packed,
        }
    }

    /// Address of the first element: the one whose indices are all zero.
    #[must_use]
    pub const fn data(&self) -> *mut u8 {
        self.data.as_ptr()
    }

    /// Where the memory lives; always readable by the host.
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    /// Type of the elements.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.dtype
    }

    /// Length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Step along each axis, in elements.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Whether the owner forbids to write.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether the producer made a copy for this tensor.
    #[must_use]
    pub const fn is_copied(&self) -> bool {
        self.copied
    }

    /// Whether elements narrower than a byte lie without gaps, the first in the
    /// low bits.
    #[must_use]
    pub const fn is_packed(&self) -> bool {
        self.packed
    }
}

/// A pointer for arrays without elements, aligned for any type and for JAX.
const fn dangling() -> NonNull<u8> {
    #[repr(align(64))]
    struct Aligned;
    NonNull::<Aligned>::dangling().cast()
}

/// The numbers behind a pointer; none where there are no axes, `None` for NULL.
///
/// # Safety
/// Where `pointer` is not NULL, `ndim` numbers can be read there for `'a`.
unsafe fn numbers<'a>(
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

/// Pointers narrower than 64 bits cannot step that far: the extreme value then
/// fails the range check, or stands on an axis that is never stepped along.
fn saturated(stride: i64) -> isize {
    isize::try_from(stride).unwrap_or(if stride < 0 { isize::MIN } else { isize::MAX })
}

fn first_element(tensor: &DLTensor, shape: &[usize]) -> Result<*mut u8, Error> {
    let data = tensor.data.cast::<u8>();
    // NULL plus an offset would pass for memory.
    if data.is_null() || shape.contains(&0) {
        return Ok(data);
    }
    // No allocation is larger than `isize::MAX`.
    let offset = isize::try_from(tensor.byte_offset).ok();
    offset
        .filter(|&offset| (data as usize).checked_add_signed(offset).is_some())
        .map(|offset| data.wrapping_offset(offset))
        .ok_or(Error::ByteOffsetOutOfRange {
            offset: tensor.byte_offset,
            address: data as usize,
        })
}

/// `Some` where all elements, the first of them at `data`, have an address.
///
/// A stride in bytes then fits too: along an axis with two elements it is part of
/// the reach, and elsewhere it is C order's.
#[inline]
fn in_address_space(
    data: NonNull<u8>,
    shape: &[usize],
    strides: &[isize],
    itemsize: usize,
) -> Option<()> {
    let address = data.as_ptr() as usize;
    let itemsize = itemsize.cast_signed();
    let (low, high) = reach(shape, strides)?;
    let low = low.checked_mul(itemsize)?;
    let end = high.checked_add(1)?.checked_mul(itemsize)?;
    // The span itself must fit, as Rust asks of every allocation.
    end.checked_sub(low)?;
    address.checked_add_signed(low).filter(|&at| at != 0)?;
    address.checked_add_signed(end).map(|_| ())
}

/// No allocation is larger than `isize::MAX`.
fn fits(bytes: usize) -> bool {
    isize::try_from(bytes).is_ok()
}
