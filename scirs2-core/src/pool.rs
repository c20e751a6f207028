//! The workers that share the pieces of a call.
//!
//! The process has one pool. No thread starts before the first call with
//! work for two; a child made by `fork` gets a pool of its own. The result of a
//! call never depends on the number of workers, because the caller cuts the
//! pieces, not the pool.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::hint;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use crate::threads::threads;
use crate::{cpu, fork};

/// The stack that LAPACK may need: its threaded LU takes up to 4.7 MiB.
const STACK_NEEDED: usize = 6 << 20;

/// The size of a newly allocated stack; the default of 2 MiB is too small.
const STACK_BYTES: usize = 16 << 20;

/// The number of pieces handed out at a time: the memory for a list of all would grow with
/// the work.
const ROUND: usize = 1 << 16;

/// How long a worker or a caller without work spins before it sleeps.
const AWAKE: Duration = Duration::from_micros(100);

/// A worker that waits longer than this for a core, in microseconds, shares its core.
const LATE: u64 = 1_000;

/// After a late start, how long calls of few pieces run without the pool, in microseconds;
/// and how many pieces are few.
const CROWDED: u64 = 50_000;
const FEW: usize = 1024;

/// The call was asked to stop before it was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

struct Pool {
    process: u32,
    threads: rayon::ThreadPool,
    made: Instant,
    /// The time until which the workers are taken to share their cores, in microseconds.
    crowded: AtomicU64,
}

impl Pool {
    /// Microseconds since the pool was made.
    fn micros(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether waiting for a worker may take longer than a call of few pieces, because others
    /// use the cores.
    fn is_crowded(&self) -> bool {
        self.micros() < self.crowded.load(Ordering::Relaxed)
    }

    /// Records that a worker has begun, after waiting for a core since `since`.
    fn begun(&self, since: u64) {
        let now = self.micros();
        if now.saturating_sub(since) > LATE {
            let until = now.saturating_add(CROWDED);
            self.crowded.store(until, Ordering::Relaxed);
        }
    }
}

/// Lock-free, so that a `fork` in the middle of a call leaves no lock held.
static POOL: ArcSwapOption<Pool> = ArcSwapOption::const_empty();

/// The pool with at least `helpers` threads, or `None` if the system grants
/// none.
fn pool(helpers: usize) -> Option<Arc<Pool>> {
    let process = process::id();
    if let Some(pool) = POOL.load_full() {
        if pool.process != process {
            // Its threads stayed behind in the parent, and may hold its locks forever, so it
            // is leaked.
            std::mem::forget(pool);
        } else if pool.threads.current_num_threads() >= helpers {
            return Some(pool);
        }
    }
    let pool = Arc::new(make_pool(helpers)?);
    let before = POOL.swap(Some(Arc::clone(&pool)));
    if before.as_ref().is_some_and(|pool| pool.process != process) {
        std::mem::forget(before);
    }
    Some(pool)
}

fn make_pool(helpers: usize) -> Option<Pool> {
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(helpers)
        .stack_size(STACK_BYTES)
        .thread_name(|i| format!("scirs2-{i}"))
        .build()
        .ok()?;
    Some(Pool {
        process: process::id(),
        threads,
        made: Instant::now(),
        crowded: AtomicU64::new(0),
    })
}

/// The thread that closed the pool, if one has.
static CLOSED_BY: OnceLock<ThreadId> = OnceLock::new();

/// Stops all work of other threads and waits until none is left.
///
/// For the end of a process: when libraries unload, no worker may be inside
/// one. The calling thread may go on working, alone; calls from other threads
/// are [`Interrupted`].
pub fn close() {
    // What a call waits for outside its work may never come.
    const LONGEST: Duration = Duration::from_secs(1);
    if CLOSED_BY.set(thread::current().id()).is_ok() {
        fork::wait_for_calls(LONGEST);
    }
}

/// Whether this thread must stop working, because another has called [`close`].
#[must_use]
pub fn is_closed() -> bool {
    CLOSED_BY
        .get()
        .is_some_and(|closer| *closer != thread::current().id())
}

/// The workers of one call: how many there are, and what may stop them.
///
/// ```
/// use scirs2_core::pool::{Interrupted, Workers};
///
/// let mut squares = [0; 100];
/// let pieces = squares.chunks_mut(10).enumerate();
/// Workers::current().each(pieces, |(i, piece)| {
///     for (j, square) in piece.iter_mut().enumerate() {
///         *square = (10 * i + j).pow(2);
///     }
///     Ok::<(), Interrupted>(())
/// })?;
/// assert_eq!(squares[99], 9801);
/// # Ok::<(), Interrupted>(())
/// ```
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    threads: usize,
    stop: Option<&'a dyn Fn() -> bool>,
    failed: Option<&'a (dyn Fn(usize) + Sync)>,
}

impl<'a> Workers<'a> {
    /// The number of workers that [`threads`] gives.
    #[must_use]
    pub fn current() -> Self {
        Workers {
            threads: threads(),
            stop: None,
            failed: None,
        }
    }

    /// The calling thread alone.
    #[must_use]
    pub const fn serial() -> Self {
        Workers {
            threads: 1,
            stop: None,
            failed: None,
        }
    }

    /// The same workers, which stop once `stop` returns true. It is called from
    /// the calling thread only, between two pieces.
    #[must_use]
    pub fn stopped_by<'b>(self, stop: &'b dyn Fn() -> bool) -> Workers<'b>
    where
        'a: 'b,
    {
        Workers {
            stop: Some(stop),
            ..self
        }
    }

    /// The same workers, for work on many items that goes on where one fails: `failed` gets
    /// the number of each such item, from any thread.
    #[must_use]
    pub fn continuing<'b>(self, failed: &'b (dyn Fn(usize) + Sync)) -> Workers<'b>
    where
        'a: 'b,
    {
        Workers {
            failed: Some(failed),
            ..self
        }
    }

    /// What is to be told of items that fail, if the work goes on there.
    #[must_use]
    pub const fn failed(&self) -> Option<&'a (dyn Fn(usize) + Sync)> {
        self.failed
    }

    /// The largest number of threads that work, including the caller's.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// Distributes the pieces over the workers, each with a share of its own, and waits for
    /// all of them.
    ///
    /// The calling thread works too. A piece should hold a few microseconds
    /// of work; for less, distribution costs more than it gains.
    ///
    /// # Errors
    /// The error of the earliest piece that failed; later pieces may have been
    /// skipped. [`Interrupted`] if `stop` returned true.
    pub fn each<I, E>(
        &self,
        pieces: I,
        work: impl Fn(I::Item) -> Result<(), E> + Sync,
    ) -> Result<(), E>
    where
        I: ExactSizeIterator + Send,
        I::Item: Send,
        E: From<Interrupted> + Send,
    {
        let mut pieces = pieces;
        while pieces.len() > ROUND {
            self.round(pieces.by_ref().take(ROUND), &work)?;
        }
        self.round(pieces, &work)
    }

    /// [`each`](Self::each), for pieces that are few enough for a list.
    fn round<I, E>(
        &self,
        pieces: I,
        work: &(impl Fn(I::Item) -> Result<(), E> + Sync),
    ) -> Result<(), E>
    where
        I: ExactSizeIterator + Send,
        I::Item: Send,
        E: From<Interrupted> + Send,
    {
        let _inside = fork::enter();
        if is_closed() {
            return Err(Interrupted.into());
        }
        let closed = CLOSED_BY.get().is_some();
        let strands = if closed {
            1
        } else {
            self.threads.min(pieces.len())
        };
        let Some(pool) = (if strands > 1 { pool(strands - 1) } else { None }) else {
            return self.one_after_the_other(pieces, work);
        };
        if pieces.len() < FEW && pool.is_crowded() {
            return self.one_after_the_other(pieces, work);
        }
        let queue = match Queue::new(pieces, strands) {
            Ok(queue) => queue,
            // No memory for the list, so it does without.
            Err(pieces) => return self.one_after_the_other(pieces, work),
        };
        let caller = cpu::current();
        let (to_begin, busy) = (AtomicUsize::new(strands - 1), AtomicUsize::new(0));
        // The time when the caller ran out of work, in the pool's microseconds.
        let alone = AtomicU64::new(u64::MAX);
        // While this thread waits for the workers, they may wait for a fork.
        let aside = fork::step_aside();
        pool.threads.in_place_scope(|scope| {
            for _ in 1..strands {
                scope.spawn(|_| {
                    let _inside = fork::enter();
                    busy.fetch_add(1, Ordering::Relaxed);
                    to_begin.fetch_sub(1, Ordering::Release);
                    cpu::leave(caller);
                    // Until then it may have waited for the caller's core.
                    pool.begun(alone.load(Ordering::Relaxed));
                    let own = 1 + rayon::current_thread_index().unwrap_or(0);
                    queue.drain(own % strands, work, is_closed);
                    busy.fetch_sub(1, Ordering::Release);
                    rayon::spawn(stay_awake);
                });
            }
            let inside = fork::enter();
            queue.drain(0, work, || {
                is_closed() || self.stop.is_some_and(|stop| stop())
            });
            drop(inside);
            alone.store(pool.micros(), Ordering::Relaxed);
            // Waking up takes longer than a piece, and may happen on the worker's core.
            let since = Instant::now();
            while since.elapsed() < AWAKE {
                if to_begin.load(Ordering::Acquire) > 0 {
                    // The worker may wait for this core.
                    thread::yield_now();
                } else if busy.load(Ordering::Acquire) > 0 {
                    hint::spin_loop();
                } else {
                    break;
                }
            }
        });
        drop(aside);
        let halted = queue.halted.into_inner();
        let failure = queue.failure.into_inner();
        match failure.unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None if halted => Err(Interrupted.into()),
            None => Ok(()),
        }
    }
}

impl Workers<'_> {
    fn one_after_the_other<T, E: From<Interrupted>>(
        &self,
        pieces: impl Iterator<Item = T>,
        work: impl Fn(T) -> Result<(), E>,
    ) -> Result<(), E> {
        for (number, piece) in pieces.enumerate() {
            if number > 0 && (is_closed() || self.stop.is_some_and(|stop| stop())) {
                return Err(Interrupted.into());
            }
            fork::pause();
            work(piece)?;
        }
        Ok(())
    }

    /// Checks whether to stop, between pieces; call it from the calling thread only.
    ///
    /// # Errors
    /// [`Interrupted`] if the pool is closed, or `stop` returned true.
    pub fn check(&self) -> Result<(), Interrupted> {
        if is_closed() || self.stop.is_some_and(|stop| stop()) {
            return Err(Interrupted);
        }
        Ok(())
    }

    /// Runs one piece of work that brings its own threads, on the calling thread,
    /// with a stack as large as the pool's.
    ///
    /// It cannot be stopped, so `stop` is called after it.
    ///
    /// # Errors
    /// [`Interrupted`] if the pool is closed, or `stop` returned true.
    pub fn alone<R>(&self, work: impl FnOnce() -> R) -> Result<R, Interrupted> {
        let _inside = fork::enter();
        if is_closed() {
            return Err(Interrupted);
        }
        // Not on a thread made for it: the system may put that thread on the core of one of
        // the threads it brings, and each would wait for the other to be descheduled.
        let result = stacker::maybe_grow(STACK_NEEDED, STACK_BYTES, work);
        match self.stop {
            Some(stop) if stop() => Err(Interrupted),
            _ => Ok(result),
        }
    }
}

impl fmt::Debug for Workers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("threads", &self.threads)
            .field("stoppable", &self.stop.is_some())
            .finish()
    }
}

/// The remaining pieces, and the earliest failure.
struct Queue<T, E> {
    /// The pieces that each strand begins with, the same at each call, because their data may
    /// still be in the cache of the worker's core.
    shares: Vec<Mutex<VecDeque<(usize, T)>>>,
    /// The first piece that no longer needs work.
    end: AtomicUsize,
    /// Whether pieces were left out for another reason than a failure.
    halted: AtomicBool,
    failure: Mutex<Option<(usize, E)>>,
}

impl<T, E> Queue<T, E> {
    /// Returns the pieces themselves if there is no memory for a list of them.
    fn new<I: ExactSizeIterator<Item = T>>(pieces: I, strands: usize) -> Result<Self, I> {
        let each = pieces.len().div_ceil(strands).max(1);
        let mut shares = Vec::new();
        for _ in 0..strands {
            let mut share = VecDeque::new();
            if share.try_reserve_exact(each).is_err() || shares.try_reserve(1).is_err() {
                return Err(pieces);
            }
            shares.push(Mutex::new(share));
        }
        let mut pieces = pieces.enumerate();
        for share in &mut shares {
            let share = share.get_mut().unwrap_or_else(PoisonError::into_inner);
            share.extend(pieces.by_ref().take(each));
        }
        Ok(Queue {
            shares,
            end: AtomicUsize::new(usize::MAX),
            halted: AtomicBool::new(false),
            failure: Mutex::new(None),
        })
    }

    /// Works on pieces until none is left or `halt`, which is asked before each but the first,
    /// returns true.
    ///
    /// A strand that halts marks all other pieces as needless, and the other strands then only
    /// empty their shares. So it records that it halted: its own caller is not the only one who
    /// must know.
    fn drain(&self, own: usize, work: &impl Fn(T) -> Result<(), E>, halt: impl Fn() -> bool) {
        let mut first = true;
        while let Some((position, piece)) = self.take(own) {
            if self.end.load(Ordering::Relaxed) <= position {
                continue;
            }
            if !first && halt() {
                self.halted.store(true, Ordering::Relaxed);
                self.end.store(0, Ordering::Relaxed);
                return;
            }
            first = false;
            fork::pause();
            if let Err(error) = work(piece) {
                self.end.fetch_min(position, Ordering::Relaxed);
                let mut failure = lock(&self.failure);
                if failure.as_ref().is_none_or(|(first, _)| position < *first) {
                    *failure = Some((position, error));
                }
            }
        }
    }

    /// The next piece of a strand's own share, or the last one of another strand's.
    fn take(&self, own: usize) -> Option<(usize, T)> {
        let next = lock(&self.shares[own]).pop_front();
        next.or_else(|| {
            let (before, after) = self.shares.split_at(own);
            let mut others = after.iter().skip(1).chain(before);
            others.find_map(|share| lock(share).pop_back())
        })
    }
}

thread_local! {
    static IS_AWAKE: Cell<bool> = const { Cell::new(false) };
}

/// Lets a worker look for more work for a while before it sleeps: waking one can take as
/// long as a call, and calls come in bursts.
fn stay_awake() {
    if IS_AWAKE.replace(true) {
        return;
    }
    let mut since = Instant::now();
    while since.elapsed() < AWAKE {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            since = Instant::now();
        } else {
            thread::yield_now();
        }
    }
    IS_AWAKE.set(false);
}

/// Locks a mutex, even a poisoned one: the panic itself is passed on
/// by the pool.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Failure {
        Piece(usize),
        Interrupted,
    }

    impl From<Interrupted> for Failure {
        fn from(_: Interrupted) -> Self {
            Failure::Interrupted
        }
    }

    fn workers(threads: usize) -> Workers<'static> {
        Workers {
            threads,
            stop: None,
            failed: None,
        }
    }

    #[test]
    fn every_piece_is_worked_on_once() {
        for threads in [1, 2, 7] {
            let mut counts = vec![0; 1000];
            workers(threads)
                .each(counts.iter_mut(), |count| {
                    *count += 1;
                    Ok::<_, Failure>(())
                })
                .unwrap();
            assert!(counts.iter().all(|&count| count == 1));
        }
    }

    #[test]
    fn more_pieces_than_a_list_holds_are_worked_on_once() {
        for threads in [1, 3] {
            let mut counts = vec![0_u8; 2 * ROUND + 5];
            let add = |count: &mut u8| {
                *count += 1;
                Ok::<_, Failure>(())
            };
            workers(threads).each(counts.iter_mut(), add).unwrap();
            assert!(counts.iter().all(|&count| count == 1));
        }
    }

    #[test]
    fn the_earliest_failure_wins() {
        for threads in [1, 2, 5] {
            let result = workers(threads).each(0..1000usize, |i| {
                if i % 7 == 3 {
                    Err(Failure::Piece(i))
                } else {
                    Ok(())
                }
            });
            assert_eq!(result, Err(Failure::Piece(3)));
        }
    }

    #[test]
    fn a_stop_leaves_the_rest_undone() {
        let done = AtomicUsize::new(0);
        let stop = || done.load(Ordering::Relaxed) >= 10;
        let result = workers(2).stopped_by(&stop).each(0..1_000_000, |_| {
            done.fetch_add(1, Ordering::Relaxed);
            thread::yield_now();
            Ok::<_, Failure>(())
        });
        assert_eq!(result, Err(Failure::Interrupted));
        assert!(done.into_inner() < 1_000_000);
    }

    /// A worker halts, as at the end of the process, and the caller finds nothing to do: the
    /// pieces between are not done, and the caller must hear of it.
    #[test]
    fn pieces_that_a_worker_leaves_out_are_told_of() {
        let done = AtomicUsize::new(0);
        let work = |_| {
            done.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Failure>(())
        };
        let queue = |pieces: usize| Queue::<usize, Failure>::new(0..pieces, 2).ok().unwrap();
        let halting = queue(6);
        halting.drain(1, &work, || true);
        assert_eq!(done.load(Ordering::Relaxed), 1);
        halting.drain(0, &work, || false);
        assert_eq!(done.load(Ordering::Relaxed), 1);
        assert!(halting.halted.into_inner());
        // Without a halt, and where it comes after the last piece, nothing is left out.
        for halts in [false, true] {
            let whole = queue(if halts { 1 } else { 6 });
            whole.drain(0, &work, || halts);
            assert!(!whole.halted.into_inner());
        }
        assert_eq!(done.into_inner(), 1 + 6 + 1);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        for _ in 0..3 {
            let caught = std::panic::catch_unwind(|| {
                workers(3).each(0..100, |i| {
                    assert!(i != 50, "piece fifty");
                    Ok::<_, Failure>(())
                })
            });
            assert!(caught.is_err());
        }
        assert_eq!(workers(3).each(0..100, |_| Ok::<_, Failure>(())), Ok(()));
    }

    #[test]
    fn a_late_worker_is_done_without_for_a_while() {
        let pool = make_pool(1).unwrap();
        let crowded = || pool.crowded.load(Ordering::Relaxed);
        pool.begun(u64::MAX);
        assert_eq!(crowded(), 0);
        thread::sleep(Duration::from_micros(2 * LATE));
        pool.begun(0);
        assert!(crowded() >= CROWDED);
        thread::sleep(Duration::from_micros(CROWDED));
        assert!(!pool.is_crowded());
    }
}
