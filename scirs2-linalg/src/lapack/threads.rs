//! How many threads the library uses.
//!
//! OpenBLAS has one thread count for the whole process. Except for a single large
//! matrix it stays at one, because our workers share a batch and the library's
//! threads would only get in their way.

use std::cell::Cell;
use std::hint;
use std::sync::{Mutex, MutexGuard, Once, TryLockError};

#[cfg(unix)]
use scirs2_core::fork;
use scirs2_core::threads::cores;

use super::crowd::{CROWD, Watch};
use super::sys::openblas_set_num_threads;
use crate::base::memory::reserve;

fn set(threads: usize) {
    // The build has room for fewer than an int can say.
    let threads = super::int(threads);
    // SAFETY: OpenBLAS takes any positive count, from any thread, and cuts it
    // to what it has room for.
    unsafe { openblas_set_num_threads(threads) };
}

/// Sets the count to one, the first time.
pub(crate) fn single_threaded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set(1);
        wait_at_forks();
    });
}

/// Has each `fork` of this process wait until no thread computes, whoever calls it
/// ([`scirs2_core::fork`] says why). The first call of LAPACK does the same.
pub fn wait_at_forks() {
    #[cfg(unix)]
    {
        extern "C" fn before() {
            fork::before();
        }
        extern "C" fn after_in_parent() {
            fork::after_in_parent();
        }
        extern "C" fn after_in_child() {
            fork::after_in_child();
        }
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // The system calls handlers in reverse order of registration, and OpenBLAS
            // registered its own when it was loaded. Without memory for ours forks do not wait.
            // SAFETY: three functions that live as long as the process and do not unwind.
            unsafe {
                libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child));
            }
        });
    }
}

static HOLDER: Mutex<()> = Mutex::new(());

/// The memory that OpenBLAS may allocate for each of its threads: a buffer, the first time,
/// and lists of work. It ends the process if there is no memory for them.
const BYTES: usize = 34 << 20;

thread_local! {
    /// How many threads this one has taken.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// Several threads in the library for as long as this lives. One caller has
/// them at a time; others go on with the current count.
pub(crate) struct LibraryThreads(Option<(MutexGuard<'static, ()>, Watch)>);

impl LibraryThreads {
    pub(crate) fn take(threads: usize) -> Self {
        single_threaded();
        if CROWD.is_there() {
            return LibraryThreads(None);
        }
        let holder = match HOLDER.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return LibraryThreads(None),
        };
        // The library's threads spin while they wait: more threads than
        // cores would keep the others from working.
        let threads = threads.min(cores());
        if !has_memory(threads * BYTES) {
            return LibraryThreads(None);
        }
        set(threads);
        TAKEN.set(threads);
        LibraryThreads(Some((holder, Watch::begin())))
    }
}

fn has_memory(bytes: usize) -> bool {
    let mut memory = Vec::<u8>::new();
    let found = reserve(&mut memory, bytes).is_ok();
    // Otherwise the compiler may remove the allocation.
    hint::black_box(&memory);
    found
}

impl Drop for LibraryThreads {
    fn drop(&mut self) {
        if let Some((_, watch)) = &self.0 {
            set(1);
            TAKEN.set(0);
            CROWD.seen(watch);
        }
    }
}

/// Runs without the threads that this one has taken: for many small products,
/// each of which would wait for them longer than it takes.
pub(crate) fn alone<R>(work: impl FnOnce() -> R) -> R {
    let threads = TAKEN.get();
    if threads > 1 {
        set(1);
    }
    let result = work();
    if threads > 1 {
        set(threads);
    }
    result
}
