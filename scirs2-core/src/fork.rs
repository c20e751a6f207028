//! A `fork` waits until no thread computes.
//!
//! OpenBLAS ends its threads before a `fork`, and waits forever for one that is working.
//! Anything else that a thread holds at that moment, such as a lock, stays held forever in
//! the child, where the thread does not exist. So [`before`] lets no thread begin, waits
//! until those that compute are between two pieces of their work, and keeps them there until
//! the `fork` is done.
//!
//! A thread between two pieces is never inside a library, because no library calls back.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Where a thread is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Outside,
    /// It computes; a fork has to wait for it.
    Inside,
    /// It waits for something else in the middle of a call, and goes on after the fork.
    Aside,
}

/// The numbers of threads inside, of threads aside, and of forks under way, all in one
/// integer, so that the update that begins a call also sees the forks.
static THREADS: AtomicU64 = AtomicU64::new(0);

const BITS: u32 = 24;
const FORK: u64 = 1 << (2 * BITS);

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Outside) };
}

/// What a thread in that place adds to [`THREADS`].
const fn count(place: Place) -> u64 {
    match place {
        Place::Outside => 0,
        Place::Inside => 1,
        Place::Aside => 1 << BITS,
    }
}

/// How many of these are inside.
const fn inside(threads: u64) -> u64 {
    threads & (count(Place::Aside) - 1)
}

fn threads() -> u64 {
    THREADS.load(Ordering::SeqCst)
}

/// Moves the calling thread to a place, to `Inside` only once no fork is under way, and
/// returns where it was.
fn go(to: Place) -> Place {
    let from = PLACE.replace(to);
    if to == from {
        return from;
    }
    let change = count(to).wrapping_sub(count(from));
    loop {
        let before = THREADS.fetch_add(change, Ordering::SeqCst);
        if to != Place::Inside || before < FORK {
            return from;
        }
        THREADS.fetch_sub(change, Ordering::SeqCst);
        wait(|| !is_near());
    }
}

/// Waits, without a lock that a child might find held.
fn wait(done: impl Fn() -> bool) {
    const LONGEST: Duration = Duration::from_millis(1);
    let since = Instant::now();
    while !done() {
        // Sleeps for an eighth of the time so far: it reacts at once to short waits and
        // polls rarely during long ones.
        match since.elapsed() / 8 {
            short if short < Duration::from_micros(5) => thread::yield_now(),
            pause => thread::sleep(pause.min(LONGEST)),
        }
    }
}

/// Keeps the calling thread in its place while this lives; dropping it moves the thread
/// back.
#[derive(Debug)]
pub struct Stay {
    from: Place,
}

impl Drop for Stay {
    fn drop(&mut self) {
        go(self.from);
    }
}

/// Marks the calling thread as computing, once no fork is under way.
///
/// A thread that holds what the forking thread needs checks [`is_near`] first.
#[must_use]
pub fn enter() -> Stay {
    pause();
    Stay {
        from: go(Place::Inside),
    }
}

/// Marks the calling thread as waiting for something else in the middle of a call.
#[must_use]
pub fn step_aside() -> Stay {
    let from = PLACE.get();
    if from == Place::Inside {
        go(Place::Aside);
    }
    Stay { from }
}

/// Lets a fork through; called by a thread between two pieces of its work.
#[inline]
pub fn pause() {
    if is_near() && PLACE.get() == Place::Inside {
        drop(step_aside());
    }
}

/// Whether a fork is under way, for which a thread that goes inside would wait.
#[inline]
#[must_use]
pub fn is_near() -> bool {
    THREADS.load(Ordering::Relaxed) >= FORK
}

/// Marks the calling thread as being in a call: the end of the process waits for it.
#[must_use]
pub fn begin_call() -> Stay {
    let from = PLACE.get();
    if from == Place::Outside {
        go(Place::Aside);
    }
    Stay { from }
}

/// Waits until no call is under way on any thread, but at most `longest` for calls that do
/// not compute.
pub(crate) fn wait_for_calls(longest: Duration) {
    let since = Instant::now();
    wait(|| {
        let calls = threads() & (FORK - 1);
        calls == 0 || inside(calls) == 0 && since.elapsed() > longest
    });
}

/// Call before a `fork`: waits until no other thread is inside, and keeps all threads out.
pub fn before() {
    announce();
    wait_until_none_is_inside();
}

/// Keeps threads from going inside; the first half of [`before`].
///
/// The holder of a lock under which threads go inside calls this while holding it: a thread
/// that sees no fork is inside before the lock is released.
pub fn announce() {
    THREADS.fetch_add(FORK, Ordering::SeqCst);
}

/// Waits for the threads that are inside; the second half of [`before`].
pub fn wait_until_none_is_inside() {
    // A signal handler may fork in the middle of a call.
    let own = inside(count(PLACE.get()));
    wait(|| inside(threads()) == own);
}

/// Call after a `fork`, in the parent, also if it failed.
pub fn after_in_parent() {
    THREADS.fetch_sub(FORK, Ordering::SeqCst);
}

/// Call after a `fork`, in the child, whose only thread is the calling one.
pub fn after_in_child() {
    THREADS.store(count(PLACE.get()), Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use super::*;
    use crate::pool::{Interrupted, Workers};
    use crate::threads::set_local_threads;

    /// Work that records when it runs, and is never inside during a fork.
    fn busy(inside: &AtomicUsize) {
        inside.fetch_add(1, Ordering::SeqCst);
        thread::yield_now();
        inside.fetch_sub(1, Ordering::SeqCst);
    }

    #[test]
    fn no_thread_computes_during_a_fork() {
        let (inside, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        let pieces = |_| {
            busy(&inside);
            // A call in the middle of a piece, as in an operation made of others.
            Workers::current().each(0..4, |_| {
                busy(&inside);
                Ok::<_, Interrupted>(())
            })
        };
        let work = || {
            set_local_threads(Some(3)).unwrap();
            while !done.load(Ordering::SeqCst) {
                Workers::current().each(0..20, pieces).unwrap();
                Workers::serial().alone(|| busy(&inside)).unwrap();
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
            let forks = || {
                for _ in 0..50 {
                    before();
                    for _ in 0..5 {
                        assert_eq!(inside.load(Ordering::SeqCst), 0);
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
    fn a_fork_goes_on_where_a_piece_panics() {
        let done = AtomicBool::new(false);
        let work = || {
            set_local_threads(Some(3)).unwrap();
            while !done.load(Ordering::SeqCst) {
                let pieces = |piece| {
                    assert!(piece > 3, "each piece");
                    Ok::<_, Interrupted>(())
                };
                let call = || Workers::current().each(0..4, pieces);
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
    fn a_fork_in_the_midst_of_a_call_does_not_wait_for_its_own_thread() {
        let _stay = enter();
        before();
        after_in_parent();
        let aside = step_aside();
        before();
        after_in_parent();
        drop(aside);
        assert_eq!(PLACE.get(), Place::Inside);
    }
}
