//! The one door from Python into a kernel.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use scirs2_core::pool::Workers;

/// How long Ctrl-C may wait for an answer, beyond the piece in work.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Operations up to which a kernel runs without releasing the interpreter: some
/// microseconds, for which another thread does not have to wait long. Releasing it
/// costs more than that where there is another: it takes its turn, of 5 ms.
const BRIEF: usize = 4096;

/// Why a kernel gave no result.
pub(crate) enum Failure<E> {
    /// A signal handler raised.
    Signal(PyErr),
    /// The kernel's own error.
    Kernel(E),
}

/// Runs a kernel of about so many operations with the interpreter released, on
/// workers that stop when a signal handler raises.
#[inline]
pub(crate) fn enter<R: Send, E: Send>(
    py: Python<'_>,
    operations: usize,
    kernel: impl FnOnce(&Workers<'_>) -> Result<R, E> + Send,
) -> Result<R, Failure<E>> {
    if operations <= BRIEF {
        return kernel(&Workers::current()).map_err(Failure::Kernel);
    }
    py.detach(|| {
        let raised = RefCell::new(None);
        // Work in one piece never asks, and needs no clock.
        let asked = Cell::new(None::<Instant>);
        let stop = || {
            let due = asked
                .get()
                .is_some_and(|at| at.elapsed() >= SIGNAL_INTERVAL);
            if asked.get().is_none() || due {
                asked.set(Some(Instant::now()));
            }
            if !due {
                return false;
            }
            let signal = Python::attach(|py| py.check_signals()).err();
            let stop = signal.is_some();
            raised.replace(signal);
            stop
        };
        let result = kernel(&Workers::current().stopped_by(&stop));
        match raised.take() {
            Some(signal) => Err(Failure::Signal(signal)),
            None => result.map_err(Failure::Kernel),
        }
    })
}
