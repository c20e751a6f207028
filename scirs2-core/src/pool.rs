//! The thread pool that runs the chunks of a call in parallel.
//!
//! The process has one pool. No thread starts before the first call with at least two chunks; a
//! child created by `fork` gets its own pool. The result of a call never depends on the number of
//! threads, because the caller chooses the chunks, not the pool.

use std::cell::Cell;
use std::fmt;
use std::hint;
use std::ops::Range;
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

/// The number of chunks queued at a time, so that the queue's memory is bounded.
const MAX_QUEUED: usize = 1 << 16;

/// How long a worker or a caller without work spins before it sleeps.
const SPIN_TIME: Duration = Duration::from_micros(100);

/// A worker that starts later than this, in microseconds, has to share its core.
const LATE_START_US: u64 = 1_000;

/// After a late start, calls with fewer than `BACKOFF_MIN_CHUNKS` chunks run serially for
/// `BACKOFF_US` microseconds.
const BACKOFF_US: u64 = 50_000;
const BACKOFF_MIN_CHUNKS: usize = 1024;

/// The call was asked to stop before it was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

struct Pool {
    pid: u32,
    rayon: rayon::ThreadPool,
    created: Instant,
    /// When the back-off after a late start ends, in microseconds since the pool was created.
    backoff_until: AtomicU64,
}

impl Pool {
    /// Microseconds since the pool was created.
    fn now_us(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether small calls run serially for now, because other processes use the cores.
    fn is_backing_off(&self) -> bool {
        self.now_us() < self.backoff_until.load(Ordering::Relaxed)
    }

    /// Records that a worker has started, after waiting for a core since `since`.
    fn record_start(&self, since: u64) {
        let now = self.now_us();
        if now.saturating_sub(since) > LATE_START_US {
            let until = now.saturating_add(BACKOFF_US);
            self.backoff_until.store(until, Ordering::Relaxed);
        }
    }
}

/// Lock-free, so that a `fork` in the middle of a call leaves no lock held.
static POOL: ArcSwapOption<Pool> = ArcSwapOption::const_empty();

/// The pool with at least `helpers` threads, or `None` if the system grants none.
fn pool(helpers: usize) -> Option<Arc<Pool>> {
    let pid = process::id();
    if let Some(pool) = POOL.load_full() {
        if pool.pid != pid {
            // Its threads stayed behind in the parent, and may hold its locks forever, so it
            // is leaked.
            std::mem::forget(pool);
        } else if pool.rayon.current_num_threads() >= helpers {
            return Some(pool);
        }
    }
    let pool = Arc::new(build_pool(helpers)?);
    let before = POOL.swap(Some(Arc::clone(&pool)));
    if before.as_ref().is_some_and(|pool| pool.pid != pid) {
        std::mem::forget(before);
    }
    Some(pool)
}

fn build_pool(helpers: usize) -> Option<Pool> {
    let rayon = rayon::ThreadPoolBuilder::new()
        .num_threads(helpers)
        .stack_size(STACK_BYTES)
        .thread_name(|i| format!("scirs2-{i}"))
        .build()
        .ok()?;
    Some(Pool {
        pid: process::id(),
        rayon,
        created: Instant::now(),
        backoff_until: AtomicU64::new(0),
    })
}

/// The thread that closed the pool, if one has.
static CLOSED_BY: OnceLock<ThreadId> = OnceLock::new();

/// Stops all work of other threads and waits until none is left.
///
/// For process exit: when libraries unload, no worker may be inside one. The calling thread may
/// continue, serially; calls from other threads are [`Interrupted`].
pub fn close() {
    // A call that is not computing may wait for something that never happens.
    const MAX_WAIT: Duration = Duration::from_secs(1);
    if CLOSED_BY.set(thread::current().id()).is_ok() {
        fork::wait_for_calls(MAX_WAIT);
    }
}

/// Whether this thread must stop, because another has called [`close`].
#[must_use]
pub fn is_closed() -> bool {
    CLOSED_BY
        .get()
        .is_some_and(|closer| *closer != thread::current().id())
}

/// The threads that a call may use, and what may interrupt it.
///
/// ```
/// use scirs2_core::pool::{Interrupted, Workers};
///
/// let mut squares = [0; 100];
/// let chunks = squares.chunks_mut(10).enumerate();
/// Workers::current().for_each(chunks, |(i, chunk)| {
///     for (j, square) in chunk.iter_mut().enumerate() {
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
    /// As many threads as [`threads`] returns.
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

    /// The same workers, which stop once `stop` returns true. It is called on the calling thread
    /// only, between two chunks.
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

    /// The same workers, for work that continues past items that fail: `failed` is called with
    /// the index of each such item, from any thread.
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

    /// The callback for items that fail, if the work continues past them.
    #[must_use]
    pub const fn failed(&self) -> Option<&'a (dyn Fn(usize) + Sync)> {
        self.failed
    }

    /// The largest number of threads that work, including the caller's.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work` on each chunk, in parallel, and waits for all of them.
    ///
    /// The calling thread works too. A chunk should take at least a few microseconds; for less, the
    /// overhead exceeds the gain.
    ///
    /// # Errors
    /// The error of the earliest chunk that failed; later chunks may have been skipped.
    /// [`Interrupted`] if `stop` returned true.
    pub fn for_each<I, E>(
        &self,
        chunks: I,
        work: impl Fn(I::Item) -> Result<(), E> + Sync,
    ) -> Result<(), E>
    where
        I: ExactSizeIterator + Send,
        I::Item: Send,
        E: From<Interrupted> + Send,
    {
        self.run_chunks(chunks, &work)
    }

    /// [`for_each`](Self::for_each), compiled once for all work on chunks of a type.
    fn run_chunks<I, E>(
        &self,
        mut chunks: I,
        work: &(dyn Fn(I::Item) -> Result<(), E> + Sync),
    ) -> Result<(), E>
    where
        I: ExactSizeIterator + Send,
        I::Item: Send,
        E: From<Interrupted> + Send,
    {
        let _computing = fork::enter_compute();
        let mut failure = Mutex::new(None);
        loop {
            let record = |index: usize, result: Result<(), E>| {
                let Err(error) = result else { return true };
                let mut failure = lock(&failure);
                if failure.as_ref().is_none_or(|(first, _)| index < *first) {
                    *failure = Some((index, error));
                }
                false
            };
            let count = chunks.len().min(MAX_QUEUED);
            let queued = self
                .team(count)?
                .and_then(|team| Some((team, queued(&mut chunks, count)?)));
            let halted = match queued {
                Some((team, queued)) => team.run(self.stop, &|index| {
                    let chunk = lock(&queued[index]).take();
                    chunk.is_none_or(|chunk| record(index, work(chunk)))
                }),
                None => self.run_serial(count, &mut |index| {
                    let chunk = chunks.next();
                    chunk.is_none_or(|chunk| record(index, work(chunk)))
                }),
            };
            let failure = failure.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, error)) = failure.take() {
                return Err(error);
            }
            if halted {
                return Err(Interrupted.into());
            }
            if chunks.len() == 0 {
                return Ok(());
            }
        }
    }
}

/// The chunks to come, each to be taken once, or `None` if there is not enough memory.
fn queued<T>(
    chunks: &mut impl ExactSizeIterator<Item = T>,
    count: usize,
) -> Option<Vec<Mutex<Option<T>>>> {
    let mut queued = Vec::new();
    queued.try_reserve_exact(count).ok()?;
    queued.extend(chunks.take(count).map(|chunk| Mutex::new(Some(chunk))));
    Some(queued)
}

// From here on nothing depends on the type of a chunk: this code is compiled once, not for each
// loop of each operation.
impl Workers<'_> {
    /// The threads for that many chunks, or `None` if the calling thread does them alone.
    fn team(&self, count: usize) -> Result<Option<Team>, Interrupted> {
        if is_closed() {
            return Err(Interrupted);
        }
        let closed = CLOSED_BY.get().is_some();
        let threads = if closed { 1 } else { self.threads.min(count) };
        if threads <= 1 {
            return Ok(None);
        }
        let Some(pool) = pool(threads - 1) else {
            return Ok(None);
        };
        if count < BACKOFF_MIN_CHUNKS && pool.is_backing_off() {
            return Ok(None);
        }
        Ok(Queue::new(count, threads).map(|queue| Team { pool, queue }))
    }

    /// Runs `work` on each index until it returns false. Returns whether it was told to stop.
    fn run_serial(&self, count: usize, work: &mut dyn FnMut(usize) -> bool) -> bool {
        for index in 0..count {
            if index > 0 && (is_closed() || self.stop.is_some_and(|stop| stop())) {
                return true;
            }
            fork::safepoint();
            if !work(index) {
                break;
            }
        }
        false
    }

    /// Checks whether to stop, between chunks; call it on the calling thread only.
    ///
    /// # Errors
    /// [`Interrupted`] if the pool is closed, or `stop` returned true.
    pub fn check_interrupted(&self) -> Result<(), Interrupted> {
        if is_closed() || self.stop.is_some_and(|stop| stop()) {
            return Err(Interrupted);
        }
        Ok(())
    }

    /// Runs a single chunk, on the calling thread.
    ///
    /// # Errors
    /// That of `work`; [`Interrupted`] if the pool is closed.
    pub fn run_one<E: From<Interrupted>>(
        &self,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let _computing = fork::enter_compute();
        if is_closed() {
            return Err(Interrupted.into());
        }
        fork::safepoint();
        work()
    }

    /// Runs work that starts its own threads, as OpenBLAS does, on the calling thread, with a stack
    /// as large as the pool's.
    ///
    /// It cannot be interrupted, so `stop` is called after it.
    ///
    /// # Errors
    /// [`Interrupted`] if the pool is closed, or `stop` returned true.
    pub fn run_on_caller<R>(&self, work: impl FnOnce() -> R) -> Result<R, Interrupted> {
        let _computing = fork::enter_compute();
        if is_closed() {
            return Err(Interrupted);
        }
        // Not on a thread created for it: the system may put that thread on the core of one of
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

/// The threads that run the chunks of one call.
struct Team {
    pool: Arc<Pool>,
    queue: Queue,
}

impl Team {
    /// Runs `work`, which returns whether it succeeded, on the index of each chunk. Returns
    /// whether chunks were skipped because a thread was told to stop.
    fn run(self, stop: Option<&dyn Fn() -> bool>, work: &Work<'_>) -> bool {
        let Team { pool, queue } = self;
        let threads = queue.ranges.len();
        let caller = cpu::current();
        let (not_started, busy) = (AtomicUsize::new(threads - 1), AtomicUsize::new(0));
        // When the caller ran out of work, in the pool's microseconds.
        let caller_idle_since = AtomicU64::new(u64::MAX);
        // While this thread waits for the workers, they may wait for a fork.
        let suspended = fork::suspend_compute();
        pool.rayon.in_place_scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|_| {
                    let _computing = fork::enter_compute();
                    busy.fetch_add(1, Ordering::Relaxed);
                    not_started.fetch_sub(1, Ordering::Release);
                    cpu::migrate_off(caller);
                    // Until `caller_idle_since` it may have waited for the caller's core.
                    pool.record_start(caller_idle_since.load(Ordering::Relaxed));
                    let index = 1 + rayon::current_thread_index().unwrap_or(0);
                    queue.drain(index % threads, work, &is_closed);
                    busy.fetch_sub(1, Ordering::Release);
                    rayon::spawn(spin_before_sleep);
                });
            }
            let computing = fork::enter_compute();
            queue.drain(0, work, &|| is_closed() || stop.is_some_and(|stop| stop()));
            drop(computing);
            caller_idle_since.store(pool.now_us(), Ordering::Relaxed);
            // Waking up takes longer than a chunk, and may happen on the worker's core.
            let since = Instant::now();
            while since.elapsed() < SPIN_TIME {
                if not_started.load(Ordering::Acquire) > 0 {
                    // The worker may wait for this core.
                    thread::yield_now();
                } else if busy.load(Ordering::Acquire) > 0 {
                    hint::spin_loop();
                } else {
                    break;
                }
            }
        });
        drop(suspended);
        queue.halted.into_inner()
    }
}

/// Runs the chunk at an index; returns whether it succeeded.
type Work<'w> = dyn Fn(usize) -> bool + Sync + 'w;

/// The remaining chunks, as one range of indices per thread.
struct Queue {
    /// The chunks that each thread starts with, the same at each call, because their data may still
    /// be in the cache of its core.
    ranges: Vec<Mutex<Range<usize>>>,
    /// Chunks from this one on are skipped.
    end: AtomicUsize,
    /// Whether chunks were skipped because a thread was told to stop.
    halted: AtomicBool,
}

impl Queue {
    /// Returns `None` if there is not enough memory.
    fn new(count: usize, threads: usize) -> Option<Self> {
        let per_thread = count.div_ceil(threads).max(1);
        let mut ranges = Vec::new();
        ranges.try_reserve_exact(threads).ok()?;
        ranges.extend((0..threads).map(|thread| {
            let start = (thread * per_thread).min(count);
            Mutex::new(start..(start + per_thread).min(count))
        }));
        Some(Queue {
            ranges,
            end: AtomicUsize::new(usize::MAX),
            halted: AtomicBool::new(false),
        })
    }

    /// Runs chunks until none is left or `should_stop`, which is called before each but the first,
    /// returns true.
    ///
    /// A thread that stops marks all other chunks as skipped, and the other threads then only empty
    /// their ranges. It sets `halted`, so that the calling thread learns of it, too.
    fn drain(&self, thread: usize, work: &Work<'_>, should_stop: &dyn Fn() -> bool) {
        let mut first = true;
        while let Some(index) = self.pop_or_steal(thread) {
            if self.end.load(Ordering::Relaxed) <= index {
                continue;
            }
            if !first && should_stop() {
                self.halted.store(true, Ordering::Relaxed);
                self.end.store(0, Ordering::Relaxed);
                return;
            }
            first = false;
            fork::safepoint();
            if !work(index) {
                self.end.fetch_min(index, Ordering::Relaxed);
            }
        }
    }

    /// The next chunk of the thread's own range, or the last one of another thread's.
    fn pop_or_steal(&self, thread: usize) -> Option<usize> {
        let next = lock(&self.ranges[thread]).next();
        next.or_else(|| {
            let (before, after) = self.ranges.split_at(thread);
            let mut others = after.iter().skip(1).chain(before);
            others.find_map(|range| lock(range).next_back())
        })
    }
}

thread_local! {
    static IS_SPINNING: Cell<bool> = const { Cell::new(false) };
}

/// Lets a worker poll for more work before it sleeps: waking one can take as long as a call, and
/// calls come in bursts.
fn spin_before_sleep() {
    if IS_SPINNING.replace(true) {
        return;
    }
    let mut since = Instant::now();
    while since.elapsed() < SPIN_TIME {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            since = Instant::now();
        } else {
            thread::yield_now();
        }
    }
    IS_SPINNING.set(false);
}

/// Locks a mutex, even a poisoned one: the pool propagates the panic itself.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Failure {
        Chunk(usize),
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
    fn each_chunk_runs_exactly_once() {
        for threads in [1, 2, 7] {
            let mut counts = vec![0; 1000];
            workers(threads)
                .for_each(counts.iter_mut(), |count| {
                    *count += 1;
                    Ok::<_, Failure>(())
                })
                .unwrap();
            assert!(counts.iter().all(|&count| count == 1));
        }
    }

    #[test]
    fn more_chunks_than_the_queue_holds_run_exactly_once() {
        for threads in [1, 3] {
            let mut counts = vec![0_u8; 2 * MAX_QUEUED + 5];
            let add = |count: &mut u8| {
                *count += 1;
                Ok::<_, Failure>(())
            };
            workers(threads).for_each(counts.iter_mut(), add).unwrap();
            assert!(counts.iter().all(|&count| count == 1));
        }
    }

    #[test]
    fn the_earliest_failure_is_returned() {
        for threads in [1, 2, 5] {
            let result = workers(threads).for_each(0..1000usize, |i| {
                if i % 7 == 3 {
                    Err(Failure::Chunk(i))
                } else {
                    Ok(())
                }
            });
            assert_eq!(result, Err(Failure::Chunk(3)));
        }
    }

    #[test]
    fn a_stop_skips_the_remaining_chunks() {
        let done = AtomicUsize::new(0);
        let stop = || done.load(Ordering::Relaxed) >= 10;
        let result = workers(2).stopped_by(&stop).for_each(0..1_000_000, |_| {
            done.fetch_add(1, Ordering::Relaxed);
            thread::yield_now();
            Ok::<_, Failure>(())
        });
        assert_eq!(result, Err(Failure::Interrupted));
        assert!(done.into_inner() < 1_000_000);
    }

    /// A worker stops, as at process exit, and the caller finds nothing to do: the chunks in
    /// between were skipped, and the caller must report it.
    #[test]
    fn chunks_skipped_by_a_worker_are_reported() {
        let done = AtomicUsize::new(0);
        let work = |_| {
            done.fetch_add(1, Ordering::Relaxed);
            true
        };
        let queue = |chunks: usize| Queue::new(chunks, 2).unwrap();
        let stopping = queue(6);
        stopping.drain(1, &work, &|| true);
        assert_eq!(done.load(Ordering::Relaxed), 1);
        stopping.drain(0, &work, &|| false);
        assert_eq!(done.load(Ordering::Relaxed), 1);
        assert!(stopping.halted.into_inner());
        // Nothing is skipped without a stop, or if it comes after the last chunk.
        for stops in [false, true] {
            let whole = queue(if stops { 1 } else { 6 });
            whole.drain(0, &work, &|| stops);
            assert!(!whole.halted.into_inner());
        }
        assert_eq!(done.into_inner(), 1 + 6 + 1);
    }

    #[test]
    fn a_panic_propagates_and_the_pool_survives() {
        for _ in 0..3 {
            let caught = std::panic::catch_unwind(|| {
                workers(3).for_each(0..100, |i| {
                    assert!(i != 50, "chunk fifty");
                    Ok::<_, Failure>(())
                })
            });
            assert!(caught.is_err());
        }
        assert_eq!(
            workers(3).for_each(0..100, |_| Ok::<_, Failure>(())),
            Ok(())
        );
    }

    #[test]
    fn a_late_start_triggers_back_off() {
        let pool = build_pool(1).unwrap();
        let backoff_until = || pool.backoff_until.load(Ordering::Relaxed);
        pool.record_start(u64::MAX);
        assert_eq!(backoff_until(), 0);
        thread::sleep(Duration::from_micros(2 * LATE_START_US));
        pool.record_start(0);
        assert!(backoff_until() >= BACKOFF_US);
        thread::sleep(Duration::from_micros(BACKOFF_US));
        assert!(!pool.is_backing_off());
    }
}
