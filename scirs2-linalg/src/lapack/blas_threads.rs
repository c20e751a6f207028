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

use super::contention::{CallSample, OVERSUBSCRIPTION};
use super::sys::openblas_set_num_threads;
use crate::base::memory::try_reserve;

fn set_num_threads(threads: usize) {
    // The build has room for fewer than an int can say.
    let threads = super::blas_int(threads);
    // SAFETY: OpenBLAS takes any positive count, from any thread, and cuts it
    // to what it has room for.
    unsafe { openblas_set_num_threads(threads) };
}

/// Sets the count to one, the first time.
pub(crate) fn init_single_threaded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_num_threads(1);
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

static OWNER: Mutex<()> = Mutex::new(());

/// The memory that OpenBLAS may allocate for each of its threads: a buffer, the first time,
/// and lists of work. It ends the process if there is no memory for them.
const BYTES_PER_THREAD: usize = 34 << 20;

thread_local! {
    /// How many BLAS threads this thread has acquired.
    static ACQUIRED: Cell<usize> = const { Cell::new(0) };
}

/// Guard: while it lives, BLAS uses several threads. One caller holds them at a time; others
/// go on with the current count.
pub(crate) struct BlasThreads(Option<(MutexGuard<'static, ()>, CallSample)>);

impl BlasThreads {
    pub(crate) fn acquire(threads: usize) -> Self {
        init_single_threaded();
        if OVERSUBSCRIPTION.is_active() {
            return BlasThreads(None);
        }
        let guard = match OWNER.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return BlasThreads(None),
        };
        // The library's threads spin while they wait: more threads than
        // cores would keep the others from working.
        let threads = threads.min(cores());
        if !has_memory(threads * BYTES_PER_THREAD) {
            return BlasThreads(None);
        }
        set_num_threads(threads);
        ACQUIRED.set(threads);
        BlasThreads(Some((guard, CallSample::start())))
    }
}

fn has_memory(bytes: usize) -> bool {
    let mut memory = Vec::<u8>::new();
    let found = try_reserve(&mut memory, bytes).is_ok();
    // Otherwise the compiler may remove the allocation.
    hint::black_box(&memory);
    found
}

impl Drop for BlasThreads {
    fn drop(&mut self) {
        if let Some((_, sample)) = &self.0 {
            set_num_threads(1);
            ACQUIRED.set(0);
            OVERSUBSCRIPTION.record(sample);
        }
    }
}

/// Runs `work` with one BLAS thread, although this thread has acquired several: for many small
/// products, whose threads would wait longer than they compute.
pub(crate) fn with_one_blas_thread<R>(work: impl FnOnce() -> R) -> R {
    let threads = ACQUIRED.get();
    if threads > 1 {
        set_num_threads(1);
    }
    let result = work();
    if threads > 1 {
        set_num_threads(threads);
    }
    result
}
