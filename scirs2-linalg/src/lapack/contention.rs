//! Detects contention for the cores by other programs.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A sample of one call that uses several BLAS threads.
pub(super) struct CallSample {
    started: Instant,
    preemptions: u64,
}

impl CallSample {
    pub(super) fn start() -> Self {
        CallSample {
            started: Instant::now(),
            preemptions: preemptions(),
        }
    }
}

/// How often the system has preempted a thread of this process that had work, for another
/// that waited for its core. Zero if the system does not count.
fn preemptions() -> u64 {
    #[cfg(unix)]
    {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: a place for the numbers.
        let done = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
        // SAFETY: numbers, zero or as the system wrote them.
        let usage = unsafe { usage.assume_init() };
        if done == 0 {
            return u64::try_from(usage.ru_nivcsw).unwrap_or(0);
        }
    }
    0
}

/// Detects other programs on the cores. The library's threads wait for each other at every
/// product, each time for as long as the system gives a core to another program: a call
/// then takes tens of times as long as on one thread.
pub(super) struct Oversubscription {
    /// The time until which to run without threads, in microseconds since `START`.
    until: AtomicU64,
}

pub(super) static OVERSUBSCRIPTION: Oversubscription = Oversubscription {
    until: AtomicU64::new(0),
};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Oversubscription {
    /// A time slice is some 3 ms: if threads are preempted at least once per slice, one of them
    /// mostly waits for another program. A few preemptions mean nothing: they are also caused
    /// by threads of this process that are still awake.
    const SLICE: Duration = Duration::from_millis(5);
    const MIN_PREEMPTIONS: u64 = 6;

    /// After a call with contention, calls run on one thread for this many times its duration,
    /// so that probing costs at most a tenth of the time.
    const BACKOFF: u32 = 10;

    pub(super) fn is_active(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until > 0 && START.elapsed() < Duration::from_micros(until)
    }

    /// Records the end of a call.
    pub(super) fn record(&self, call: &CallSample) {
        let preemptions = preemptions().saturating_sub(call.preemptions);
        self.evaluate(call.started.elapsed(), preemptions);
    }

    /// Judges a call by its duration and the number of preemptions during it.
    fn evaluate(&self, elapsed: Duration, preemptions: u64) {
        let preemption_count = u32::try_from(preemptions).unwrap_or(u32::MAX);
        if preemptions >= Self::MIN_PREEMPTIONS
            && elapsed < Self::SLICE.saturating_mul(preemption_count)
        {
            let until = START
                .elapsed()
                .saturating_add(elapsed.saturating_mul(Self::BACKOFF));
            let until = u64::try_from(until.as_micros()).unwrap_or(u64::MAX);
            self.until.store(until, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_use_one_thread_after_contention_only() {
        let detector = Oversubscription {
            until: AtomicU64::new(0),
        };
        let ms = Duration::from_millis;
        // None; a few by chance; rare.
        for (elapsed, preemptions) in [(ms(100), 0), (ms(7), 5), (ms(1000), 100)] {
            detector.evaluate(elapsed, preemptions);
            assert!(!detector.is_active());
        }
        detector.evaluate(ms(60_000), 20_000);
        assert!(detector.is_active());
        // Long ago.
        detector.until.store(1, Ordering::Relaxed);
        std::thread::sleep(ms(1));
        assert!(!detector.is_active());
    }
}
