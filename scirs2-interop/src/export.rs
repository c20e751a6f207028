//! Wraps a described tensor, and whatever keeps it alive, in a managed struct.

use core::any::TypeId;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{Array, Dimension};
use scirs2_core::{DType, Device, Element};

#[cfg(doc)]
use crate::Description;
use crate::description::of_array;
use crate::dtype::dl_type;
use crate::grid::FEW;
use crate::owner::ManagedStruct;
use crate::sys::{DLTensor, FLAG_IS_COPIED, FLAG_IS_SUBBYTE_TYPE_PADDED, FLAG_READ_ONLY};
use crate::{Error, Owner};

/// The struct, the numbers it points to, and the keeper, in one allocation.
#[repr(C)]
struct Export<M, K> {
    managed: M,
    kept: Kept<K>,
    few: Few,
}

impl<M, K> Export<M, K> {
    /// A keeper with a large alignment would move the tag, which is read before the keeper's
    /// type is known.
    const HAS_TAG_IN_PLACE: () = assert!(
        offset_of!(Export<M, K>, kept) == offset_of!(Export<M, ()>, kept)
            && offset_of!(Kept<K>, tag) == offset_of!(Kept<()>, tag)
    );
}

/// What keeps the struct's memory alive.
#[repr(C)]
struct Kept<K> {
    /// The type of the keeper.
    tag: TypeId,
    many: Vec<i64>,
    keeper: K,
}

/// A tensor to be exported: the contents of a [`Description`], borrowed and not checked.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// The first element.
    pub data: *mut u8,
    /// Where the memory lives.
    pub device: Device,
    /// Type of the elements.
    pub dtype: DType,
    /// Length of each axis.
    pub shape: &'a [usize],
    /// Step along each axis, in elements; one for each length.
    pub strides: &'a [isize],
    /// Whether the consumer must not write.
    pub read_only: bool,
    /// Whether the memory is the consumer's alone.
    pub copied: bool,
    /// Whether elements narrower than a byte are packed without gaps.
    pub packed: bool,
}

/// Wraps a tensor for a consumer; `keeper` is dropped when the consumer is done,
/// on whatever thread that is.
///
/// # Safety
/// While `keeper` lives, the memory that `layout` describes can be read, and
/// written unless it is read-only.
///
/// # Errors
/// [`Error::ReadOnlyLegacy`] and [`Error::PaddedLegacy`] if the struct has no flag
/// for what must be stated. [`Error::NegativeStrides`], which consumers mishandle.
///
/// # Panics
/// If the numbers of strides and lengths differ.
#[inline]
pub unsafe fn export<M: ManagedStruct, K: Send + 'static>(
    layout: &Layout<'_>,
    keeper: K,
) -> Result<Owner<M>, Error> {
    let outline = Outline::of(layout)?;
    // SAFETY: the caller promised it.
    Ok(unsafe { outline.keep(keeper) })
}

/// Exports the array's memory as it is, whatever its memory order, to one consumer: like
/// [`Tensor`](crate::Tensor), without the handles.
///
/// ```
/// use ndarray::arr2;
/// use scirs2_interop::Owner;
/// use scirs2_interop::sys::DLManagedTensorVersioned;
///
/// let array = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
/// let exported = Owner::<DLManagedTensorVersioned>::try_from(array)?;
/// assert_eq!(exported.describe()?.shape(), [2, 2]);
/// # Ok::<(), scirs2_interop::Error>(())
/// ```
impl<T: Element, D: Dimension, M: ManagedStruct> TryFrom<Array<T, D>> for Owner<M> {
    type Error = Error;

    #[inline]
    fn try_from(array: Array<T, D>) -> Result<Self, Error> {
        let outline = Outline::of(&of_array(&array, false).layout())?;
        let (memory, _) = array.into_raw_vec_and_offset();
        // SAFETY: the vector keeps the array's memory, and with it all that the
        // array's layout reaches; nothing else refers to it.
        Ok(unsafe { outline.keep(memory) })
    }
}

/// Lengths, then strides, if there are few axes; otherwise they are allocated.
type Few = [MaybeUninit<i64>; 2 * FEW];

/// A struct under construction, in its final place, without a keeper yet.
pub(crate) struct Outline<M, K> {
    tensor: DLTensor,
    flags: u64,
    many: Vec<i64>,
    /// INVARIANT: the first elements of `few`, one for each length and stride, are written,
    /// unless these are in `many`.
    place: Box<MaybeUninit<Export<M, K>>>,
}

impl<M: ManagedStruct, K: Send + 'static> Outline<M, K> {
    /// # Errors
    /// The same as [`export`].
    #[inline(always)]
    pub(crate) fn of(layout: &Layout<'_>) -> Result<Self, Error> {
        assert_eq!(
            layout.shape.len(),
            layout.strides.len(),
            "a length and a step for each axis"
        );
        if layout.read_only && !M::HAS_FLAGS {
            return Err(Error::ReadOnlyLegacy);
        }
        let padded = layout.dtype.bits() < 8 && !layout.packed;
        if padded && !M::HAS_FLAGS {
            return Err(Error::PaddedLegacy(layout.dtype));
        }
        if layout.strides.iter().fold(0, |signs, step| signs | step) < 0 {
            return Err(Error::NegativeStrides(layout.strides.to_vec()));
        }
        let flag = |is: bool, flag: u64| if is { flag } else { 0 };
        let ndim = layout.shape.len();
        let mut many = Vec::new();
        // The numbers are written to their final place: moving them would cost as much as
        // the rest.
        let mut place = Box::<Export<M, K>>::new_uninit();
        let export = place.as_mut_ptr();
        if ndim > FEW {
            many.extend(layout.shape.iter().map(|&len| len as i64));
            many.extend(layout.strides.iter().map(|&step| step as i64));
        } else {
            // SAFETY: a field in the box, for which any bytes are a valid value.
            let few = unsafe { &mut (*export).few };
            let (lengths, steps) = few.split_at_mut(ndim);
            for (to, &len) in lengths.iter_mut().zip(layout.shape) {
                to.write(len as i64);
            }
            for (to, &step) in steps.iter_mut().zip(layout.strides) {
                to.write(step as i64);
            }
        }
        Ok(Outline {
            tensor: DLTensor {
                data: layout.data.cast(),
                device: layout.device,
                ndim: ndim as i32,
                dtype: dl_type(layout.dtype),
                shape: core::ptr::null_mut(),
                strides: core::ptr::null_mut(),
                byte_offset: 0,
            },
            flags: flag(layout.read_only, FLAG_READ_ONLY)
                | flag(layout.copied, FLAG_IS_COPIED)
                | flag(padded, FLAG_IS_SUBBYTE_TYPE_PADDED),
            many,
            place,
        })
    }

    /// # Safety
    /// As for [`export`].
    #[inline(always)]
    pub(crate) unsafe fn keep(self, keeper: K) -> Owner<M> {
        const { Export::<M, K>::HAS_TAG_IN_PLACE };
        let Outline {
            mut tensor,
            flags,
            mut many,
            place,
        } = self;
        let export: *mut Export<M, K> = Box::into_raw(place).cast();
        // Pointers into the box are taken now that it no longer moves.
        tensor.shape = if many.is_empty() {
            // SAFETY: a field of the leaked box, which nothing else owns.
            unsafe { &raw mut (*export).few }.cast()
        } else {
            many.as_mut_ptr()
        };
        tensor.strides = tensor.shape.wrapping_add(tensor.ndim as usize);
        // SAFETY: as above.
        let kept = unsafe { &raw mut (*export).kept };
        let tag = TypeId::of::<K>();
        // SAFETY: as above. The numbers stay where they are when their vector moves.
        unsafe { kept.write(Kept { tag, many, keeper }) };
        // SAFETY: as above.
        let managed = unsafe { &raw mut (*export).managed };
        let whole = M::new(tensor, flags, export.cast(), Some(delete::<M, K>));
        // SAFETY: as above.
        unsafe { managed.write(whole) };
        // SAFETY: a field of a leaked box is not NULL.
        let managed = unsafe { NonNull::new_unchecked(managed) };
        // SAFETY: a struct as DLPack describes it, whose deleter nothing else calls;
        // the deleter drops Rust values that are `Send`, so any thread may call it;
        // the caller promised the memory while the keeper lives.
        unsafe { Owner::from_raw(managed) }
    }
}

/// The deleter of every struct that [`export`] makes.
///
/// # Safety
/// `managed` came from `export::<M, K>` and was not deleted before.
unsafe extern "C" fn delete<M: ManagedStruct, K>(managed: *mut M) {
    let Some(managed) = NonNull::new(managed) else {
        return;
    };
    // SAFETY: the struct is alive until its box is freed below.
    let context = unsafe { M::context(managed) };
    // SAFETY: `export` put the leaked box there, and this is its only deletion.
    let export = unsafe { Box::from_raw(context.cast::<Export<M, K>>()) };
    // A panic must not unwind into the consumer, which may not be Rust; nor may one
    // from dropping the payload of the first.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(export.kept.keeper)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        std::mem::forget(second);
    }
}

/// The keeper of a struct that [`export`] made with a keeper of type `K`. It may be
/// read while the struct lives.
///
/// The address of a function may differ from one codegen unit to another, so a
/// `None` may be wrong. If the deleter is ours the struct is the start of an
/// `Export`. Functions with equal code may be merged, so the tag gives the keeper's type.
///
/// # Safety
/// As for [`ManagedStruct::read`].
#[cfg(feature = "pyo3")]
#[inline]
pub(crate) unsafe fn kept<M: ManagedStruct, K: Send + 'static>(
    managed: NonNull<M>,
) -> Option<NonNull<K>> {
    let ours: unsafe extern "C" fn(*mut M) = delete::<M, K>;
    // SAFETY: the caller promised such a struct.
    let deleter = unsafe { M::deleter(managed) };
    deleter.filter(|&deleter| core::ptr::fn_addr_eq(deleter, ours))?;
    // SAFETY: as above; `export` put the whole allocation there.
    let export: *mut Export<M, K> = unsafe { M::context(managed) }.cast();
    // SAFETY: the deleter is one of ours, so the allocation is an `Export` of `M` and of some
    // keeper; the tag is in the same place for all keepers (`Export::HAS_TAG_IN_PLACE`).
    let tag = unsafe { (*export).kept.tag };
    if tag != TypeId::of::<K>() {
        return None;
    }
    // SAFETY: the tag says that the keeper is a `K`; the place is inside the box.
    NonNull::new(unsafe { &raw mut (*export).kept.keeper })
}
