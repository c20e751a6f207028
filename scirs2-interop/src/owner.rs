//! The owner of a managed tensor. Dropping it runs the deleter, exactly once.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::sys::{DLManagedTensor, DLManagedTensorVersioned, DLTensor, Deleter, VERSION};
use crate::{Description, Error};

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DLManagedTensor {}
    impl Sealed for super::DLManagedTensorVersioned {}
}

/// One of DLPack's two structs that hold a tensor and its deleter.
pub trait ManagedStruct: sealed::Sealed + Sized + 'static {
    /// Name of the capsule that carries it.
    const CAPSULE: &'static CStr;
    /// Name of that capsule once it is consumed.
    const USED_CAPSULE: &'static CStr;
    /// Whether it can say that memory is read-only.
    const HAS_FLAGS: bool;

    /// Makes a struct from its parts.
    fn new(tensor: DLTensor, flags: u64, context: *mut (), deleter: Deleter<Self>) -> Self;

    /// The tensor, and the `FLAG_*` bits; zero if the struct has no field for them.
    ///
    /// # Safety
    /// `this` points to such a struct, of any version.
    ///
    /// # Errors
    /// [`Error::Version`] if its layout is unknown.
    unsafe fn read(this: NonNull<Self>) -> Result<(DLTensor, u64), Error>;

    /// The producer's own pointer.
    ///
    /// # Safety
    /// As for [`read`](Self::read).
    unsafe fn context(this: NonNull<Self>) -> *mut ();

    /// The producer's destructor.
    ///
    /// # Safety
    /// As for [`read`](Self::read).
    unsafe fn deleter(this: NonNull<Self>) -> Deleter<Self>;
}

impl ManagedStruct for DLManagedTensor {
    const CAPSULE: &'static CStr = c"dltensor";
    const USED_CAPSULE: &'static CStr = c"used_dltensor";
    const HAS_FLAGS: bool = false;

    #[inline]
    fn new(dl_tensor: DLTensor, _: u64, context: *mut (), deleter: Deleter<Self>) -> Self {
        DLManagedTensor {
            dl_tensor,
            manager_ctx: context.cast(),
            deleter,
        }
    }

    #[inline]
    unsafe fn read(this: NonNull<Self>) -> Result<(DLTensor, u64), Error> {
        // SAFETY: `this` points to such a struct, by the trait's contract.
        let managed = unsafe { this.as_ref() };
        Ok((managed.dl_tensor, 0))
    }

    #[inline]
    unsafe fn context(this: NonNull<Self>) -> *mut () {
        // SAFETY: as above.
        unsafe { this.as_ref() }.manager_ctx.cast()
    }

    #[inline]
    unsafe fn deleter(this: NonNull<Self>) -> Deleter<Self> {
        // SAFETY: as above.
        unsafe { this.as_ref() }.deleter
    }
}

// A struct of another major version may end after `flags`: no reference to the
// whole is made before the version is known.
impl ManagedStruct for DLManagedTensorVersioned {
    const CAPSULE: &'static CStr = c"dltensor_versioned";
    const USED_CAPSULE: &'static CStr = c"used_dltensor_versioned";
    const HAS_FLAGS: bool = true;

    #[inline]
    fn new(dl_tensor: DLTensor, flags: u64, context: *mut (), deleter: Deleter<Self>) -> Self {
        DLManagedTensorVersioned {
            version: VERSION,
            manager_ctx: context.cast(),
            deleter,
            flags,
            dl_tensor,
        }
    }

    #[inline]
    unsafe fn read(this: NonNull<Self>) -> Result<(DLTensor, u64), Error> {
        // SAFETY: every version starts with the version.
        let version = unsafe { (*this.as_ptr()).version };
        if version.major != VERSION.major {
            return Err(Error::Version(version));
        }
        // SAFETY: of this major version, so laid out as known here.
        let managed = unsafe { this.as_ref() };
        Ok((managed.dl_tensor, managed.flags))
    }

    #[inline]
    unsafe fn context(this: NonNull<Self>) -> *mut () {
        // SAFETY: this field stays in place in every version.
        unsafe { (*this.as_ptr()).manager_ctx }.cast()
    }

    #[inline]
    unsafe fn deleter(this: NonNull<Self>) -> Deleter<Self> {
        // SAFETY: this field stays in place in every version.
        unsafe { (*this.as_ptr()).deleter }
    }
}

/// A managed tensor that this process must free.
///
/// Own first, validate second: once it exists, every path out, including an
/// error, frees the tensor once.
#[derive(Debug)]
pub struct Owner<M: ManagedStruct> {
    /// INVARIANT: valid to read until the deleter runs, and nothing else runs it.
    managed: NonNull<M>,
}

// SAFETY: the deleter may be called from any thread, as the protocol demands of
// producers and `from_raw` of its caller; nothing else is mutable through it.
unsafe impl<M: ManagedStruct> Send for Owner<M> {}
// SAFETY: `&Owner` only reads the struct, which is not written (see `from_raw`).
unsafe impl<M: ManagedStruct> Sync for Owner<M> {}

impl<M: ManagedStruct> Owner<M> {
    /// Takes over the duty to free a managed tensor.
    ///
    /// # Safety
    /// `managed` points to a struct of type `M` as DLPack describes it, which
    /// nothing else frees and nothing writes to. For a versioned struct of
    /// another major version that holds for the fields up to `flags`. Its
    /// deleter, if it is not NULL, may be called from any thread. The
    /// memory that the tensor describes stays readable until the deleter runs.
    #[inline]
    #[must_use]
    pub const unsafe fn from_raw(managed: NonNull<M>) -> Self {
        Owner { managed }
    }

    /// Passes the duty to free to the caller.
    #[inline]
    #[must_use]
    pub const fn into_raw(self) -> NonNull<M> {
        let managed = self.managed;
        core::mem::forget(self);
        managed
    }

    /// Describes the tensor, which is checked field by field.
    ///
    /// # Errors
    /// The first invalid field.
    #[inline(always)]
    pub fn describe(&self) -> Result<Description, Error> {
        // SAFETY: the contract of `from_raw` includes that of `describe`.
        unsafe { describe(self.managed) }
    }
}

impl<M: ManagedStruct> Drop for Owner<M> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: alive until its deleter runs, by the invariant.
        let deleter = unsafe { M::deleter(self.managed) };
        if let Some(deleter) = deleter {
            // SAFETY: this is the one call, by the invariant.
            unsafe { deleter(self.managed.as_ptr()) }
        }
    }
}

/// Describes a managed tensor without owning it.
///
/// # Safety
/// As for [`Owner::from_raw`], but the tensor may be owned elsewhere: it is not
/// changed.
#[inline(always)]
pub(crate) unsafe fn describe<M: ManagedStruct>(managed: NonNull<M>) -> Result<Description, Error> {
    // SAFETY: `managed` points to such a struct, by this function's contract.
    let (tensor, flags) = unsafe { M::read(managed) }?;
    // SAFETY: the tensor is one as DLPack describes it, by the same contract.
    unsafe { Description::from_dltensor(&tensor, flags) }
}
