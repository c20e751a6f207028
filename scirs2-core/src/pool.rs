//! The thread pool that runs the chunks of a call in parallel.
//!
//! The process has one pool. No thread starts before the first call with at least two chunks; a
//! child created by `fork` gets its own pool. The result of a call never depends on the number of
//! threads, because the caller chooses the chunks, not the pool.

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
        let mut chunks = chunks;
        while chunks.len() > MAX_QUEUED {
            self.run_queued(chunks.by_ref().take(MAX_QUEUED), &work)?;
        }
        self.run_queued(chunks, &work)
    }

    /// [`for_each`](Self::for_each), for at most [`MAX_QUEUED`] chunks.
    fn run_queued<I, E>(
        &self,
        chunks: I,
        work: &(impl Fn(I::Item) -> Result<(), E> + Sync),
    ) -> Result<(), E>
    where
        I: ExactSizeIterator + Send,
        I::Item: Send,
        E: From<Interrupted> + Send,
    {
        let _computing = fork::enter_compute();
        if is_closed() {
            return Err(Interrupted.into());
        }
        let closed = CLOSED_BY.get().is_some();
        let threads = if closed {
            1
        } else {
            self.threads.min(chunks.len())
        };
        let Some(pool) = (if threads > 1 { pool(threads - 1) } else { None }) else {
            return self.run_serial(chunks, work);
        };
        if chunks.len() < BACKOFF_MIN_CHUNKS && pool.is_backing_off() {
            return self.run_serial(chunks, work);
        }
        let queue = match Queue::new(chunks, threads) {
            Ok(queue) => queue,
            // Not enough memory for the queue.
            Err(chunks) => return self.run_serial(chunks, work),
        };
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
                    queue.drain(index % threads, work, is_closed);
                    busy.fetch_sub(1, Ordering::Release);
                    rayon::spawn(spin_before_sleep);
                });
            }
            let computing = fork::enter_compute();
            queue.drain(0, work, || {
                is_closed() || self.stop.is_some_and(|stop| stop())
            });
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
    fn run_serial<T, E: From<Interrupted>>(
        &self,
        chunks: impl Iterator<Item = T>,
        work: impl Fn(T) -> Result<(), E>,
    ) -> Result<(), E> {
        for (number, chunk) in chunks.enumerate() {
            if number > 0 && (is_closed() || self.stop.is_some_and(|stop| stop())) {
                return Err(Interrupted.into());
            }
            fork::safepoint();
            work(chunk)?;
        }
        Ok(())
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

/// The remaining chunks, in one deque per thread, and the earliest failure.
struct Queue<T, E> {
    /// The chunks that each thread starts with, the same at each call, because their data may still
    /// be in the cache of its core.
    deques: Vec<Mutex<VecDeque<(usize, T)>>>,
    /// Chunks from this one on are skipped.
    end: AtomicUsize,
    /// Whether chunks were skipped because a thread was told to stop.
    halted: AtomicBool,
    failure: Mutex<Option<(usize, E)>>,
}

impl<T, E> Queue<T, E> {
    /// Returns the chunks themselves if there is not enough memory to queue them.
    fn new<I: ExactSizeIterator<Item = T>>(chunks: I, threads: usize) -> Result<Self, I> {
        let per_thread = chunks.len().div_ceil(threads).max(1);
        let mut deques = Vec::new();
        for _ in 0..threads {
            let mut deque = VecDeque::new();
            if deque.try_reserve_exact(per_thread).is_err() || deques.try_reserve(1).is_err() {
                return Err(chunks);
            }
            deques.push(Mutex::new(deque));
        }
        let mut chunks = chunks.enumerate();
        for deque in &mut deques {
            let deque = deque.get_mut().unwrap_or_else(PoisonError::into_inner);
            deque.extend(chunks.by_ref().take(per_thread));
        }
        Ok(Queue {
            deques,
            end: AtomicUsize::new(usize::MAX),
            halted: AtomicBool::new(false),
            failure: Mutex::new(None),
        })
    }

    /// Runs chunks until none is left or `should_stop`, which is called before each but the first,
    /// returns true.
    ///
    /// A thread that stops marks all other chunks as skipped, and the other threads then only empty
    /// their deques. It sets `halted`, so that the calling thread learns of it, too.
    fn drain(
        &self,
        index: usize,
        work: &impl Fn(T) -> Result<(), E>,
        should_stop: impl Fn() -> bool,
    ) {
        let mut first = true;
        while let Some((position, chunk)) = self.pop_or_steal(index) {
            if self.end.load(Ordering::Relaxed) <= position {
                continue;
            }
            if !first && should_stop() {
                self.halted.store(true, Ordering::Relaxed);
                self.end.store(0, Ordering::Relaxed);
                return;
            }
            first = false;
            fork::safepoint();
            if let Err(error) = work(chunk) {
                self.end.fetch_min(position, Ordering::Relaxed);
                let mut failure = lock(&self.failure);
                if failure.as_ref().is_none_or(|(first, _)| position < *first) {
                    *failure = Some((position, error));
                }
            }
        }
    }

    /// The next chunk of the thread's own deque, or the last one of another thread's.
    fn pop_or_steal(&self, index: usize) -> Option<(usize, T)> {
        let next = lock(&self.deques[index]).pop_front();
        next.or_else(|| {
            let (before, after) = self.deques.split_at(index);
            let mut others = after.iter().skip(1).chain(before);
            others.find_map(|deque| lock(deque).pop_back())
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
            Ok::<_, Failure>(())
        };
        let queue = |chunks: usize| Queue::<usize, Failure>::new(0..chunks, 2).ok().unwrap();
        let stopping = queue(6);
        stopping.drain(1, &work, || true);
        assert_eq!(done.load(Ordering::Relaxed), 1);
        stopping.drain(0, &work, || false);
        assert_eq!(done.load(Ordering::Relaxed), 1);
        assert!(stopping.halted.into_inner());
        // Nothing is skipped without a stop, or if it comes after the last chunk.
        for stops in [false, true] {
            let whole = queue(if stops { 1 } else { 6 });
            whole.drain(0, &work, || stops);
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
