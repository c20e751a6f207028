//! The workers that share the pieces of a call.
//!
//! One pool serves the process. No thread starts before the first call that
//! has work for two; a child made by `fork` gets a pool of its own. What a call
//! computes never depends on the number of workers, because the caller cuts
//! the pieces, not the pool.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::hint;
use std::process;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use crate::threads::threads;
use crate::{cpu, fork};

/// The stack that LAPACK may need: its LU with threads takes up to 4.7 MiB.
const STACK_NEEDED: usize = 6 << 20;

/// The stack of a thread that gets a new one; the default of 2 MiB is too little.
const STACK_BYTES: usize = 16 << 20;

/// Pieces that are handed out at a time: a list of all would be memory that grows with the
/// work.
const ROUND: usize = 1 << 16;

/// How long a worker without work stays awake, and a caller without work waits awake.
const AWAKE: Duration = Duration::from_micros(100);

/// A worker that waits longer than this for a core, in microseconds, has none to itself.
const LATE: u64 = 1_000;

/// How long, in microseconds, calls of few pieces then do without; and how many are few.
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
    /// Until when the workers have no cores to themselves, in microseconds.
    crowded: AtomicU64,
}

impl Pool {
    /// Microseconds since the pool was made.
    fn micros(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether to wait for a worker may take longer than a call of few pieces: others
    /// use the cores.
    fn is_crowded(&self) -> bool {
        self.micros() < self.crowded.load(Ordering::Relaxed)
    }

    /// A worker has begun, which has waited for a core since then.
    fn begun(&self, since: u64) {
        let now = self.micros();
        if now.saturating_sub(since) > LATE {
            let until = now.saturating_add(CROWDED);
            self.crowded.store(until, Ordering::Relaxed);
        }
    }
}

/// Lock-free, so that a `fork` in the midst of a call leaves no lock held.
static POOL: ArcSwapOption<Pool> = ArcSwapOption::const_empty();

/// The pool with at least that many threads, or `None` where the system grants
/// none.
fn pool(helpers: usize) -> Option<Arc<Pool>> {
    let process = process::id();
    if let Some(pool) = POOL.load_full() {
        if pool.process != process {
            // Its threads stayed behind in the parent, and may hold its locks for ever: it
            // is given up.
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

/// The thread that closed the pool, once somebody did.
static CLOSED_BY: OnceLock<ThreadId> = OnceLock::new();

/// Stops all work of other threads and waits until none is left.
///
/// For the end of a process: once libraries unload, a worker must not be inside
/// one. The calling thread may go on to work, alone; calls from other threads
/// are [`Interrupted`].
pub fn close() {
    // What a call waits for outside of its work may never come.
    const LONGEST: Duration = Duration::from_secs(1);
    if CLOSED_BY.set(thread::current().id()).is_ok() {
        fork::wait_for_calls(LONGEST);
    }
}

/// Whether this thread must not work any more, because another has called [`close`].
#[must_use]
pub fn is_closed() -> bool {
    CLOSED_BY
        .get()
        .is_some_and(|closer| *closer != thread::current().id())
}

/// The workers of one call: how many, and who may stop them.
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
}

impl<'a> Workers<'a> {
    /// As many as [`threads`] says.
    #[must_use]
    pub fn current() -> Self {
        Workers {
            threads: threads(),
            stop: None,
        }
    }

    /// The calling thread alone.
    #[must_use]
    pub const fn serial() -> Self {
        Workers {
            threads: 1,
            stop: None,
        }
    }

    /// The same workers, which stop once `stop` answers true. It is called from
    /// the calling thread only, between two pieces.
    #[must_use]
    pub fn stopped_by<'b>(self, stop: &'b dyn Fn() -> bool) -> Workers<'b> {
        Workers {
            threads: self.threads,
            stop: Some(stop),
        }
    }

    /// How many threads work at most, the caller's included.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// Hands every piece to a worker, each a share of its own, and waits for the last.
    ///
    /// The calling thread works too. A piece ought to hold some microseconds
    /// of work: less, and handing out costs more than it gains.
    ///
    /// # Errors
    /// The error of the earliest piece that failed; pieces after it may have
    /// been left out. [`Interrupted`] where `stop` said so.
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

    /// [`each`](Self::each), of pieces that are few enough for a list.
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
            // No memory for the list: it goes without.
            Err(pieces) => return self.one_after_the_other(pieces, work),
        };
        let caller = cpu::current();
        let (to_begin, busy) = (AtomicUsize::new(strands - 1), AtomicUsize::new(0));
        // When the caller had nothing left to do, in the pool's microseconds.
        let alone = AtomicU64::new(u64::MAX);
        // While this thread waits for the workers, they may wait for a fork.
        let aside = fork::step_aside();
        let interrupted = pool.threads.in_place_scope(|scope| {
            for _ in 1..strands {
                scope.spawn(|_| {
                    let _inside = fork::enter();
                    busy.fetch_add(1, Ordering::Relaxed);
                    to_begin.fetch_sub(1, Ordering::Release);
                    cpu::leave(caller);
                    // Before, it may have waited for the caller's core.
                    pool.begun(alone.load(Ordering::Relaxed));
                    let own = 1 + rayon::current_thread_index().unwrap_or(0);
                    queue.drain(own % strands, work, None);
                    busy.fetch_sub(1, Ordering::Release);
                    rayon::spawn(stay_awake);
                });
            }
            let inside = fork::enter();
            let interrupted = queue.drain(0, work, self.stop);
            drop(inside);
            alone.store(pool.micros(), Ordering::Relaxed);
            // To be woken takes longer than a piece, and may be on the worker's core.
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
            interrupted
        });
        drop(aside);
        let failure = queue.failure.into_inner();
        match failure.unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None if interrupted => Err(Interrupted.into()),
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

    /// Asks whether to stop, for what is done between the pieces; from the calling thread.
    ///
    /// # Errors
    /// [`Interrupted`] where the pool is closed, or `stop` said so.
    pub fn check(&self) -> Result<(), Interrupted> {
        if is_closed() || self.stop.is_some_and(|stop| stop()) {
            return Err(Interrupted);
        }
        Ok(())
    }

    /// Runs one piece of work that brings its own threads, on the calling thread,
    /// with a stack as large as the pool's.
    ///
    /// It cannot be stopped, so `stop` is asked after it.
    ///
    /// # Errors
    /// [`Interrupted`] where the pool is closed, or `stop` said so.
    pub fn alone<R>(&self, work: impl FnOnce() -> R) -> Result<R, Interrupted> {
        let _inside = fork::enter();
        if is_closed() {
            return Err(Interrupted);
        }
        // Not on a thread made for it: the system may put that on the core of one of
        // those it brings, and each waits for the other to be put aside.
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

/// The pieces left over, and the earliest failure.
struct Queue<T, E> {
    /// What each strand begins with, the same at each call: it may still be in the cache
    /// of the worker's core.
    shares: Vec<Mutex<VecDeque<(usize, T)>>>,
    /// The first piece that needs no work any more.
    end: AtomicUsize,
    failure: Mutex<Option<(usize, E)>>,
}

impl<T, E> Queue<T, E> {
    /// The pieces themselves where there is no memory for a list of them.
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
            failure: Mutex::new(None),
        })
    }

    /// Works on pieces until none is left or somebody halts; answers whether
    /// `stop` was who did.
    fn drain(
        &self,
        own: usize,
        work: &impl Fn(T) -> Result<(), E>,
        stop: Option<&dyn Fn() -> bool>,
    ) -> bool {
        while let Some((position, piece)) = self.take(own) {
            if self.end.load(Ordering::Relaxed) <= position {
                continue;
            }
            if is_closed() {
                self.end.store(0, Ordering::Relaxed);
                return true;
            }
            fork::pause();
            if let Err(error) = work(piece) {
                self.end.fetch_min(position, Ordering::Relaxed);
                let mut failure = lock(&self.failure);
                if failure.as_ref().is_none_or(|(first, _)| position < *first) {
                    *failure = Some((position, error));
                }
            }
            if stop.is_some_and(|stop| stop()) {
                self.end.store(0, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// The next piece of a strand's own share, or the last one of another's.
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

/// Has a worker look for more work for a while before it sleeps: to wake one takes as
/// long as many a call, and calls come in bursts.
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

/// A lock that a panic elsewhere does not spoil: the panic itself is passed on
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
