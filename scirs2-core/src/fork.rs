//! A `fork` waits until no thread computes.
//!
//! OpenBLAS ends its threads before a `fork`, and waits forever for one that is working. Anything
//! else that a thread holds at that moment, such as a lock, stays held forever in the child, where
//! the thread does not exist. So [`before`] lets no thread start computing, waits until each
//! computing thread reaches a [`safepoint`], between two chunks of its work, and holds it there
//! until the `fork` is done.
//!
//! At a safepoint a thread is never inside a library, because no library calls back.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a thread is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ThreadState {
    Idle,
    /// In a kernel; a fork has to wait for it.
    Computing,
    /// In a call, but not computing: a fork need not wait for it.
    Suspended,
}

/// The numbers of computing threads, of suspended threads and of pending forks, packed into one
/// integer, so that the update that starts a computation also sees the forks.
static COUNTS: AtomicU64 = AtomicU64::new(0);

const COUNT_BITS: u32 = 24;
const FORK_INCREMENT: u64 = 1 << (2 * COUNT_BITS);

thread_local! {
    static STATE: Cell<ThreadState> = const { Cell::new(ThreadState::Idle) };
}

/// What a thread in that state adds to [`COUNTS`].
const fn increment(state: ThreadState) -> u64 {
    match state {
        ThreadState::Idle => 0,
        ThreadState::Computing => 1,
        ThreadState::Suspended => 1 << COUNT_BITS,
    }
}

/// The number of computing threads in packed counts.
const fn computing(counts: u64) -> u64 {
    counts & (increment(ThreadState::Suspended) - 1)
}

fn load_counts() -> u64 {
    COUNTS.load(Ordering::SeqCst)
}

/// Changes the state of the calling thread, to `Computing` only once no fork is pending, and
/// returns the previous state.
fn set_state(to: ThreadState) -> ThreadState {
    let from = STATE.replace(to);
    if to == from {
        return from;
    }
    let change = increment(to).wrapping_sub(increment(from));
    loop {
        let before = COUNTS.fetch_add(change, Ordering::SeqCst);
        if to != ThreadState::Computing || before < FORK_INCREMENT {
            return from;
        }
        COUNTS.fetch_sub(change, Ordering::SeqCst);
        wait(|| !is_pending());
    }
}

/// Waits, without a lock that a child might find held.
fn wait(done: impl Fn() -> bool) {
    const MAX_SLEEP: Duration = Duration::from_millis(1);
    let since = Instant::now();
    while !done() {
        // Sleeps for an eighth of the time so far: it reacts at once to short waits and
        // polls rarely during long ones.
        match since.elapsed() / 8 {
            short if short < Duration::from_micros(5) => thread::yield_now(),
            pause => thread::sleep(pause.min(MAX_SLEEP)),
        }
    }
}

/// Keeps the calling thread in a state; dropping the guard restores the previous one.
#[derive(Debug)]
pub struct StateGuard {
    from: ThreadState,
}

impl Drop for StateGuard {
    fn drop(&mut self) {
        set_state(self.from);
    }
}

/// Marks the calling thread as computing, once no fork is pending.
///
/// A thread that holds a lock which the forking thread needs checks [`is_pending`] first.
#[must_use]
pub fn enter_compute() -> StateGuard {
    safepoint();
    StateGuard {
        from: set_state(ThreadState::Computing),
    }
}

/// Marks the calling thread as not computing for a while, in the middle of a call.
#[must_use]
pub fn suspend_compute() -> StateGuard {
    let from = STATE.get();
    if from == ThreadState::Computing {
        set_state(ThreadState::Suspended);
    }
    StateGuard { from }
}

/// Lets a pending fork proceed; called by a computing thread between two chunks of its work.
#[inline]
pub fn safepoint() {
    if is_pending() && STATE.get() == ThreadState::Computing {
        drop(suspend_compute());
    }
}

/// Whether a fork is pending, for which [`enter_compute`] would wait.
#[inline]
#[must_use]
pub fn is_pending() -> bool {
    COUNTS.load(Ordering::Relaxed) >= FORK_INCREMENT
}

/// Marks the calling thread as being in a call: process exit waits for it.
#[must_use]
pub fn begin_call() -> StateGuard {
    let from = STATE.get();
    if from == ThreadState::Idle {
        set_state(ThreadState::Suspended);
    }
    StateGuard { from }
}

/// Waits until no thread is in a call, but at most `timeout` for calls that are not computing.
pub(crate) fn wait_for_calls(timeout: Duration) {
    let since = Instant::now();
    wait(|| {
        let calls = load_counts() & (FORK_INCREMENT - 1);
        calls == 0 || computing(calls) == 0 && since.elapsed() > timeout
    });
}

/// Call before a `fork`: waits until no other thread is computing, and lets none start.
pub fn before() {
    announce();
    wait_for_computing_threads();
}

/// Keeps threads from starting to compute; the first half of [`before`].
///
/// The holder of a lock under which threads start computing calls this while holding it: a thread
/// that sees no pending fork is computing before the lock is released.
pub fn announce() {
    COUNTS.fetch_add(FORK_INCREMENT, Ordering::SeqCst);
}

/// Waits for the computing threads; the second half of [`before`].
pub fn wait_for_computing_threads() {
    // A signal handler may fork in the middle of a call.
    let own = computing(increment(STATE.get()));
    wait(|| computing(load_counts()) == own);
}

/// Call after a `fork`, in the parent, also if it failed.
pub fn after_in_parent() {
    COUNTS.fetch_sub(FORK_INCREMENT, Ordering::SeqCst);
}

/// Call after a `fork`, in the child, where only the calling thread exists.
pub fn after_in_child() {
    COUNTS.store(increment(STATE.get()), Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use super::*;
    use crate::pool::{Interrupted, Workers};
    use crate::threads::set_local_threads;

    /// Work that records when it runs.
    fn busy(running: &AtomicUsize) {
        running.fetch_add(1, Ordering::SeqCst);
        thread::yield_now();
        running.fetch_sub(1, Ordering::SeqCst);
    }

    #[test]
    fn no_thread_computes_during_a_fork() {
        let (running, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        let chunks = |_| {
            busy(&running);
            // A nested call inside a chunk, as in an operation made of others.
            Workers::current().for_each(0..4, |_| {
                busy(&running);
                Ok::<_, Interrupted>(())
            })
        };
        let work = || {
            set_local_threads(Some(3)).unwrap();
            while !done.load(Ordering::SeqCst) {
                Workers::current().for_each(0..20, chunks).unwrap();
                Workers::serial().run_on_caller(|| busy(&running)).unwrap();
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
            let forks = || {
                for _ in 0..50 {
                    before();
                    for _ in 0..5 {
                        assert_eq!(running.load(Ordering::SeqCst), 0);
                        thread::yield_now();
                    }
                    after_in_parent();
                }
            };
            let other = scope.spawn(forks);
            forks();
            other.join().unwrap();
            done.store(true, Ordering::SeqCst);
            workers
                .into_iter()
                .for_each(|worker| worker.join().unwrap());
        });
    }

    #[test]
    fn a_fork_proceeds_after_a_chunk_panics() {
        let done = AtomicBool::new(false);
        let work = || {
            set_local_threads(Some(3)).unwrap();
            while !done.load(Ordering::SeqCst) {
                let chunks = |chunk| {
                    assert!(chunk > 3, "each chunk fails");
                    Ok::<_, Interrupted>(())
                };
                let call = || Workers::current().for_each(0..4, chunks);
                std::panic::catch_unwind(call).unwrap_err();
            }
        };
        thread::scope(|scope| {
            let worker = scope.spawn(work);
            for _ in 0..200 {
                thread::sleep(Duration::from_micros(200));
                before();
                after_in_parent();
            }
            done.store(true, Ordering::SeqCst);
            worker.join().unwrap();
        });
    }

    #[test]
    fn a_fork_inside_a_call_does_not_wait_for_its_own_thread() {
        let _guard = enter_compute();
        before();
        after_in_parent();
        let suspended = suspend_compute();
        before();
        after_in_parent();
        drop(suspended);
        assert_eq!(STATE.get(), ThreadState::Computing);
    }
}
