//! A described tensor and whatever keeps it alive, as a managed struct.

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
    /// A keeper of great alignment would move the tag, which is read before the keeper's type
    /// is known.
    const HAS_TAG_IN_PLACE: () = assert!(
        offset_of!(Export<M, K>, kept) == offset_of!(Export<M, ()>, kept)
            && offset_of!(Kept<K>, tag) == offset_of!(Kept<()>, tag)
    );
}

/// What keeps the struct's memory.
#[repr(C)]
struct Kept<K> {
    /// The type of the keeper.
    tag: TypeId,
    many: Vec<i64>,
    keeper: K,
}

/// A tensor to be exported: what [`Description`] holds, borrowed and not checked.
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
    /// Step along each axis, in elements; as many as there are lengths.
    pub strides: &'a [isize],
    /// The consumer must not write.
    pub read_only: bool,
    /// The memory is the consumer's alone.
    pub copied: bool,
    /// Elements narrower than a byte lie without gaps.
    pub packed: bool,
}

/// Wraps a tensor for a consumer; `keeper` is dropped when the consumer is done,
/// on whatever thread that is.
///
/// # Safety
/// While `keeper` lives, the memory that `layout` tells of can be read, and
/// written unless it is read-only.
///
/// # Errors
/// [`Error::ReadOnlyLegacy`] and [`Error::PaddedLegacy`] where the struct cannot
/// say what must be said. [`Error::NegativeStrides`], which consumers fail on.
///
/// # Panics
/// Where there are not as many strides as lengths.
#[inline]
pub unsafe fn export<M: ManagedStruct, K: Send + 'static>(
    layout: &Layout<'_>,
    keeper: K,
) -> Result<Owner<M>, Error> {
    let outline = Outline::of(layout)?;
    // SAFETY: the caller promised it.
    Ok(unsafe { outline.keep(keeper) })
}

/// The array's memory as it is, in whatever order it lies, for one consumer: what
/// [`Tensor`](crate::Tensor) shares, without the handles.
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

/// Lengths, then strides: of the usual few axes; those of more are allocated.
type Few = [MaybeUninit<i64>; 2 * FEW];

/// A struct to be, in its place, which nobody keeps yet.
pub(crate) struct Outline<M, K> {
    tensor: DLTensor,
    flags: u64,
    many: Vec<i64>,
    /// INVARIANT: of `few` as many are written as there are lengths and strides, unless
    /// these are `many`.
    place: Box<MaybeUninit<Export<M, K>>>,
}

impl<M: ManagedStruct, K: Send + 'static> Outline<M, K> {
    /// # Errors
    /// Those of [`export`].
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
        // The numbers are written where they are to stay: to move them costs as much as
        // the rest.
        let mut place = Box::<Export<M, K>>::new_uninit();
        let export = place.as_mut_ptr();
        if ndim > FEW {
            many.extend(layout.shape.iter().map(|&len| len as i64));
            many.extend(layout.strides.iter().map(|&step| step as i64));
        } else {
            // SAFETY: a field in the box, which any bytes are a value of.
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
            // SAFETY: a field of the leaked box, which is nobody else's.
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
        // SAFETY: a struct as DLPack describes it, whose deleter nobody else calls;
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
    // A panic must not unwind into the consumer, who may not be Rust; nor one
    // from dropping what the first carries.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(export.kept.keeper)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        std::mem::forget(second);
    }
}

/// The keeper of a struct that [`export`] made with one of type `K`, to be read
/// while the struct lives.
///
/// The address of a function may differ from one codegen unit to another, so a
/// `None` may be wrong. Where the deleter is ours the struct is the start of an
/// `Export`; functions of equal code may be merged, so its tag tells of what.
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
    // keeper; the tag lies in the same place for all keepers (`Export::HAS_TAG_IN_PLACE`).
    let tag = unsafe { (*export).kept.tag };
    if tag != TypeId::of::<K>() {
        return None;
    }
    // SAFETY: the tag says that the keeper is a `K`; the place lies in the box.
    NonNull::new(unsafe { &raw mut (*export).kept.keeper })
}
