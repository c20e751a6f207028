//! The count of a tensor's handles.
//!
//! `Arc` without weak handles: a tensor that was never cloned is freed, and found
//! to be unique, without a locked instruction.

use core::any::Any;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::process::abort;

use crate::Description;

/// A handle to a description and to the owner of its memory.
pub(crate) struct Handle {
    /// INVARIANT: a leaked box, in whose `count` this handle is included; the
    /// last of them frees it.
    shared: NonNull<Shared<dyn Any + Send + Sync>>,
}

/// What all handles share, in one allocation.
struct Shared<O: ?Sized> {
    count: AtomicUsize,
    description: Description,
    #[expect(dead_code, reason = "only ever dropped")]
    owner: O,
}

// SAFETY: the last handle drops the owner, on whatever thread: it is `Send`. The
// description's pointer is not read through here, and the count is atomic.
unsafe impl Send for Handle {}
// SAFETY: as above; of the shared data only the description is accessible.
unsafe impl Sync for Handle {}

impl Handle {
    #[inline]
    pub(crate) fn new(description: Description, owner: impl Any + Send + Sync) -> Self {
        // Allocated first, so that the parts are not assembled elsewhere and copied.
        let shared = Box::write(
            Box::new_uninit(),
            Shared {
                count: AtomicUsize::new(1),
                description,
                owner,
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
    pub(crate) fn is_unique(&mut self) -> bool {
        self.shared().count.load(Ordering::Acquire) == 1
    }
}

impl Clone for Handle {
    #[inline]
    fn clone(&self) -> Self {
        let old_count = self.shared().count.fetch_add(1, Ordering::Relaxed);
        // A count this large means leaked handles, and it must not wrap.
        if old_count > isize::MAX.cast_unsigned() {
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
        if !self.is_unique() {
            if self.shared().count.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            // All that other handles did happens before the owner is dropped.
            self.shared().count.load(Ordering::Acquire);
        }
        // SAFETY: the last handle, by the invariant, and it is not used again.
        drop(unsafe { Box::from_raw(self.shared.as_ptr()) });
    }
}
