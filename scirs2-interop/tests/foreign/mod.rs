//! Tensors as a C library would make them, every field settable, with a deleter
//! that counts its calls.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scirs2_interop::sys::{
    DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned, DLPackVersion, DLTensor,
};

pub(crate) const FLOAT64: DLDataType = DLDataType {
    code: 2,
    bits: 64,
    lanes: 1,
};

/// The fields of the struct; `memory` is real.
#[derive(Clone)]
pub(crate) struct Foreign {
    pub(crate) memory: Vec<f64>,
    pub(crate) data: Option<usize>,
    pub(crate) byte_offset: u64,
    pub(crate) device: DLDevice,
    pub(crate) dtype: DLDataType,
    pub(crate) ndim: Option<i32>,
    pub(crate) shape: Option<Vec<i64>>,
    pub(crate) strides: Option<Vec<i64>>,
    pub(crate) version: DLPackVersion,
    pub(crate) flags: u64,
    pub(crate) has_deleter: bool,
}

impl Foreign {
    /// A valid tensor of six numbers, in C order.
    pub(crate) fn valid() -> Self {
        Foreign {
            memory: (0..6).map(f64::from).collect(),
            data: None,
            byte_offset: 0,
            device: DLDevice::CPU,
            dtype: FLOAT64,
            ndim: None,
            shape: Some(vec![2, 3]),
            strides: Some(vec![3, 1]),
            version: DLPackVersion { major: 1, minor: 0 },
            flags: 0,
            has_deleter: true,
        }
    }
}

struct Context {
    memory: Vec<f64>,
    shape: Option<Vec<i64>>,
    strides: Option<Vec<i64>>,
    deleted: Arc<AtomicUsize>,
}

/// How often the deleter of a tensor ran.
pub(crate) struct Deletions(Arc<AtomicUsize>);

impl Deletions {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Foreign {
    fn parts(mut self) -> (DLTensor, *mut c_void, Deletions) {
        let deleted = Arc::new(AtomicUsize::new(0));
        let data = self.data.unwrap_or(self.memory.as_mut_ptr() as usize);
        let mut context = Box::new(Context {
            memory: self.memory,
            shape: self.shape,
            strides: self.strides,
            deleted: Arc::clone(&deleted),
        });
        let pointer = |numbers: &mut Option<Vec<i64>>| {
            numbers
                .as_mut()
                .map_or(std::ptr::null_mut(), |numbers| numbers.as_mut_ptr())
        };
        let ndim = context.shape.as_ref().map_or(0, |shape| shape.len() as i32);
        let tensor = DLTensor {
            data: data as *mut c_void,
            device: self.device,
            ndim: self.ndim.unwrap_or(ndim),
            dtype: self.dtype,
            shape: pointer(&mut context.shape),
            strides: pointer(&mut context.strides),
            byte_offset: self.byte_offset,
        };
        (tensor, Box::into_raw(context).cast(), Deletions(deleted))
    }

    pub(crate) fn versioned(self) -> (NonNull<DLManagedTensorVersioned>, Deletions) {
        let (version, flags, has_deleter) = (self.version, self.flags, self.has_deleter);
        let (dl_tensor, manager_ctx, deletions) = self.parts();
        let managed = Box::new(DLManagedTensorVersioned {
            version,
            manager_ctx,
            deleter: has_deleter.then_some(delete_versioned as _),
            flags,
            dl_tensor,
        });
        (NonNull::from(Box::leak(managed)), deletions)
    }

    pub(crate) fn legacy(self) -> (NonNull<DLManagedTensor>, Deletions) {
        let has_deleter = self.has_deleter;
        let (dl_tensor, manager_ctx, deletions) = self.parts();
        let managed = Box::new(DLManagedTensor {
            dl_tensor,
            manager_ctx,
            deleter: has_deleter.then_some(delete_legacy as _),
        });
        (NonNull::from(Box::leak(managed)), deletions)
    }
}

unsafe fn delete(context: *mut c_void) {
    // SAFETY: made by `parts`, deleted once.
    let context = unsafe { Box::from_raw(context.cast::<Context>()) };
    context.deleted.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn delete_versioned(managed: *mut DLManagedTensorVersioned) {
    // SAFETY: made by `versioned`, deleted once.
    let managed = unsafe { Box::from_raw(managed) };
    // SAFETY: as above.
    unsafe { delete(managed.manager_ctx) };
}

/// # Safety
/// `managed` came from [`Foreign::legacy`] and was not deleted before.
pub(crate) unsafe extern "C" fn delete_legacy(managed: *mut DLManagedTensor) {
    // SAFETY: made by `legacy`, deleted once.
    let managed = unsafe { Box::from_raw(managed) };
    // SAFETY: as above.
    unsafe { delete(managed.manager_ctx) };
}
