//! Wraps a described tensor, and the owner of its memory, in a managed struct.

use core::any::TypeId;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{Array, Dimension};
use scirs2_core::{DType, Device, Element};

#[cfg(doc)]
use crate::Description;
use crate::description::describe_array;
use crate::dtype::dl_type;
use crate::owner::ManagedStruct;
use crate::shape_strides::INLINE_NDIM;
use crate::sys::{DLTensor, FLAG_IS_COPIED, FLAG_IS_SUBBYTE_TYPE_PADDED, FLAG_READ_ONLY};
use crate::{Error, Owner};

/// The struct, the shape and strides it points to, and the owner of the memory, in one allocation.
#[repr(C)]
struct Export<M, O> {
    managed: M,
    payload: Payload<O>,
    inline: InlineDims,
}

impl<M, O> Export<M, O> {
    /// An owner with a large alignment would move the tag, which is read before the owner's type is
    /// known.
    const TAG_OFFSET_IS_FIXED: () = assert!(
        offset_of!(Export<M, O>, payload) == offset_of!(Export<M, ()>, payload)
            && offset_of!(Payload<O>, tag) == offset_of!(Payload<()>, tag)
    );
}

/// The owner of the tensor's memory, with its type.
#[repr(C)]
struct Payload<O> {
    /// The type of the owner.
    tag: TypeId,
    heap: Vec<i64>,
    owner: O,
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
    /// Stride of each axis, in elements; one for each length.
    pub strides: &'a [isize],
    /// Whether the consumer must not write.
    pub read_only: bool,
    /// Whether the memory is the consumer's alone.
    pub copied: bool,
    /// Whether elements narrower than a byte are packed without gaps.
    pub packed: bool,
}

/// Wraps a tensor for a consumer; `owner`, which keeps the memory alive, is dropped when the
/// consumer is done, on whatever thread that is.
///
/// # Safety
/// While `owner` lives, the memory that `layout` describes can be read, and
/// written unless it is read-only.
///
/// # Errors
/// [`Error::ReadOnlyLegacy`] and [`Error::PaddedLegacy`] if the struct has no flag
/// for what must be stated. [`Error::NegativeStrides`], which consumers mishandle.
///
/// # Panics
/// If the numbers of strides and lengths differ.
#[inline]
pub unsafe fn export<M: ManagedStruct, O: Send + 'static>(
    layout: &Layout<'_>,
    owner: O,
) -> Result<Owner<M>, Error> {
    let builder = ExportBuilder::new(layout)?;
    // SAFETY: the caller promised it.
    Ok(unsafe { builder.finish(owner) })
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
        let builder = ExportBuilder::new(&describe_array(&array, false).layout())?;
        let (memory, _) = array.into_raw_vec_and_offset();
        // SAFETY: the vector keeps the array's memory, and with it all that the
        // array's layout reaches; nothing else refers to it.
        Ok(unsafe { builder.finish(memory) })
    }
}

/// Shape, then strides, for up to `INLINE_NDIM` axes; for more they are in `Payload::heap`.
type InlineDims = [MaybeUninit<i64>; 2 * INLINE_NDIM];

/// A struct under construction, at its final address, without an owner yet.
pub(crate) struct ExportBuilder<M, O> {
    tensor: DLTensor,
    flags: u64,
    heap: Vec<i64>,
    /// INVARIANT: the first elements of `inline`, one for each length and stride, are written,
    /// unless these are in `heap`.
    allocation: Box<MaybeUninit<Export<M, O>>>,
}

impl<M: ManagedStruct, O: Send + 'static> ExportBuilder<M, O> {
    /// # Errors
    /// The same as [`export`].
    #[inline(always)]
    pub(crate) fn new(layout: &Layout<'_>) -> Result<Self, Error> {
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
        if layout.strides.iter().fold(0, |signs, s| signs | s) < 0 {
            return Err(Error::NegativeStrides(layout.strides.to_vec()));
        }
        let flag = |is: bool, flag: u64| if is { flag } else { 0 };
        let ndim = layout.shape.len();
        let mut heap = Vec::new();
        // Shape and strides are written to their final address: moving them would cost as much as
        // the rest.
        let mut allocation = Box::<Export<M, O>>::new_uninit();
        let export = allocation.as_mut_ptr();
        if ndim > INLINE_NDIM {
            heap.extend(layout.shape.iter().map(|&len| len as i64));
            heap.extend(layout.strides.iter().map(|&stride| stride as i64));
        } else {
            // SAFETY: a field in the box, for which any bytes are a valid value.
            let inline = unsafe { &mut (*export).inline };
            let (shape, strides) = inline.split_at_mut(ndim);
            for (to, &len) in shape.iter_mut().zip(layout.shape) {
                to.write(len as i64);
            }
            for (to, &stride) in strides.iter_mut().zip(layout.strides) {
                to.write(stride as i64);
            }
        }
        Ok(ExportBuilder {
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
            heap,
            allocation,
        })
    }

    /// # Safety
    /// As for [`export`].
    #[inline(always)]
    pub(crate) unsafe fn finish(self, owner: O) -> Owner<M> {
        const { Export::<M, O>::TAG_OFFSET_IS_FIXED };
        let ExportBuilder {
            mut tensor,
            flags,
            mut heap,
            allocation,
        } = self;
        let export: *mut Export<M, O> = Box::into_raw(allocation).cast();
        // Pointers into the box are taken now that it no longer moves.
        tensor.shape = if heap.is_empty() {
            // SAFETY: a field of the leaked box, which nothing else owns.
            unsafe { &raw mut (*export).inline }.cast()
        } else {
            heap.as_mut_ptr()
        };
        tensor.strides = tensor.shape.wrapping_add(tensor.ndim as usize);
        // SAFETY: as above.
        let payload = unsafe { &raw mut (*export).payload };
        let tag = TypeId::of::<O>();
        // SAFETY: as above. The numbers stay where they are when their vector moves.
        unsafe { payload.write(Payload { tag, heap, owner }) };
        // SAFETY: as above.
        let managed = unsafe { &raw mut (*export).managed };
        let value = M::new(tensor, flags, export.cast(), Some(delete::<M, O>));
        // SAFETY: as above.
        unsafe { managed.write(value) };
        // SAFETY: a field of a leaked box is not NULL.
        let managed = unsafe { NonNull::new_unchecked(managed) };
        // SAFETY: a struct as DLPack describes it, whose deleter nothing else calls;
        // the deleter drops Rust values that are `Send`, so any thread may call it;
        // the caller promised the memory while the owner lives.
        unsafe { Owner::from_raw(managed) }
    }
}

/// The deleter of every struct that [`export`] makes.
///
/// # Safety
/// `managed` came from `export::<M, O>` and was not deleted before.
unsafe extern "C" fn delete<M: ManagedStruct, O>(managed: *mut M) {
    let Some(managed) = NonNull::new(managed) else {
        return;
    };
    // SAFETY: the struct is alive until its box is freed below.
    let context = unsafe { M::context(managed) };
    // SAFETY: `export` put the leaked box there, and this is its only deletion.
    let export = unsafe { Box::from_raw(context.cast::<Export<M, O>>()) };
    // A panic must not unwind into the consumer, which may not be Rust; nor may one
    // from dropping the payload of the first.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(export.payload.owner)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        std::mem::forget(second);
    }
}

/// The owner in a struct that [`export`] made with an owner of type `O`. It may be read while the
/// struct lives.
///
/// The address of a function may differ from one codegen unit to another, so a
/// `None` may be wrong. If the deleter is ours the struct is the start of an
/// `Export`. Functions with equal code may be merged, so the tag gives the owner's type.
///
/// # Safety
/// As for [`ManagedStruct::read`].
#[cfg(feature = "pyo3")]
#[inline]
pub(crate) unsafe fn payload_owner<M: ManagedStruct, O: Send + 'static>(
    managed: NonNull<M>,
) -> Option<NonNull<O>> {
    let ours: unsafe extern "C" fn(*mut M) = delete::<M, O>;
    // SAFETY: the caller promised such a struct.
    let deleter = unsafe { M::deleter(managed) };
    deleter.filter(|&deleter| core::ptr::fn_addr_eq(deleter, ours))?;
    // SAFETY: as above; `export` put the whole allocation there.
    let export: *mut Export<M, O> = unsafe { M::context(managed) }.cast();
    // SAFETY: the deleter is one of ours, so the allocation is an `Export` of `M` and of some
    // owner; the tag is in the same place for all owners (`Export::TAG_OFFSET_IS_FIXED`).
    let tag = unsafe { (*export).payload.tag };
    if tag != TypeId::of::<O>() {
        return None;
    }
    // SAFETY: the tag says that the owner is an `O`; the place is inside the box.
    NonNull::new(unsafe { &raw mut (*export).payload.owner })
}
