//! The count of a tensor's handles.
//!
//! `Arc` without weak handles: a tensor that was never cloned is freed, and found
//! to be unique, without a locked instruction.

use core::any::Any;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::process::abort;

use crate::Description;

/// A handle to a description and to what keeps its memory alive.
pub(crate) struct Handle {
    /// INVARIANT: a leaked box, in whose `handles` this handle is counted; the
    /// last of them frees it.
    shared: NonNull<Shared<dyn Any + Send + Sync>>,
}

/// What all handles share, in one allocation.
struct Shared<K: ?Sized> {
    handles: AtomicUsize,
    description: Description,
    #[expect(dead_code, reason = "only ever dropped")]
    keeper: K,
}

// SAFETY: the last handle drops the keeper, on whatever thread: it is `Send`. The
// description's pointer is not read through here, and the count is atomic.
unsafe impl Send for Handle {}
// SAFETY: as above; of the shared data only the description is accessible.
unsafe impl Sync for Handle {}

impl Handle {
    #[inline]
    pub(crate) fn new(description: Description, keeper: impl Any + Send + Sync) -> Self {
        // Allocated first, so that the parts are not assembled elsewhere and copied.
        let shared = Box::write(
            Box::new_uninit(),
            Shared {
                handles: AtomicUsize::new(1),
                description,
                keeper,
            },
        );
        Handle {
            shared: NonNull::from(Box::leak(shared) as &mut Shared<dyn Any + Send + Sync>),
        }
    }

    #[inline]
    fn shared(&self) -> &Shared<dyn Any + Send + Sync> {
        // SAFETY: alive while this handle is counted; only the last one, when it
        // dies, sees it as mutable.
        unsafe { self.shared.as_ref() }
    }

    #[inline]
    pub(crate) fn description(&self) -> &Description {
        &self.shared().description
    }

    /// Whether there is no other handle. If so, all that other handles did has happened before.
    #[inline]
    pub(crate) fn is_last(&mut self) -> bool {
        self.shared().handles.load(Ordering::Acquire) == 1
    }
}

impl Clone for Handle {
    #[inline]
    fn clone(&self) -> Self {
        let before = self.shared().handles.fetch_add(1, Ordering::Relaxed);
        // A count this large means leaked handles, and it must not wrap.
        if before > isize::MAX.cast_unsigned() {
            abort();
        }
        Handle {
            shared: self.shared,
        }
    }
}

impl Drop for Handle {
    #[inline]
    fn drop(&mut self) {
        // The last handle cannot be cloned meanwhile, so it need not count down.
        if !self.is_last() {
            if self.shared().handles.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            // All that other handles did happens before the keeper is dropped.
            self.shared().handles.load(Ordering::Acquire);
        }
        // SAFETY: the last handle, by the invariant, and it is not used again.
        drop(unsafe { Box::from_raw(self.shared.as_ptr()) });
    }
}
