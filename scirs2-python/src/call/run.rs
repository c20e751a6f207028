//! Runs kernels: with the interpreter released, interruptible, and safe at forks and at
//! exit.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use scirs2_core::fork;
use scirs2_core::pool::{self, Workers};

/// The interval between checks for signals. Ctrl-C waits for it and for the chunk in work.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Kernels of at most so many operations keep the interpreter. They take microseconds,
/// while releasing it can cost a whole switch interval of 5 ms if another thread wants it.
const MAX_ATTACHED_OPERATIONS: usize = 4096;

/// Why a kernel gave no result.
pub(crate) enum Failure<E> {
    /// A signal handler raised an exception, or the process is ending.
    Signal(PyErr),
    /// The kernel's own error.
    Kernel(E),
}

/// Keeps the process from ending while the returned value lives. CPython up to 3.13 kills a
/// thread that asks for the interpreter after that, and a thread inside Python code cannot
/// be unwound.
///
/// # Errors
/// `SystemExit` if the process is ending.
#[inline]
pub(crate) fn begin_call() -> PyResult<fork::StateGuard> {
    if pool::is_closed() {
        return Err(PySystemExit::new_err(()));
    }
    Ok(fork::begin_call())
}

/// Runs a kernel of about `operations` operations. Releases the interpreter for all but the
/// shortest kernels; the workers stop if a signal handler raises.
#[inline]
pub(crate) fn run_kernel<R: Send, E: Send>(
    py: Python<'_>,
    operations: usize,
    kernel: impl FnOnce(&Workers<'_>) -> Result<R, E> + Send,
) -> Result<R, Failure<E>> {
    if pool::is_closed() {
        return Err(process_ended());
    }
    // While a fork is pending, the call must wait for it, and the fork needs the
    // interpreter.
    let result = if operations <= MAX_ATTACHED_OPERATIONS && !fork::is_pending() {
        kernel(&Workers::current()).map_err(Failure::Kernel)
    } else {
        run_detached(py, kernel)
    };
    result.map_err(|failure| {
        if pool::is_closed() {
            process_ended()
        } else {
            failure
        }
    })
}

/// Returns the failure that silently ends a thread other than the main one at exit.
fn process_ended<E>() -> Failure<E> {
    Failure::Signal(PySystemExit::new_err(()))
}

fn run_detached<R: Send, E: Send>(
    py: Python<'_>,
    kernel: impl FnOnce(&Workers<'_>) -> Result<R, E> + Send,
) -> Result<R, Failure<E>> {
    py.detach(|| {
        // Not every kernel runs in chunks.
        let _computing = fork::enter_compute();
        if pool::is_closed() {
            return Err(process_ended());
        }
        let signal_error = RefCell::new(None);
        // A kernel that runs in one chunk never checks, and needs no clock.
        let last_check = Cell::new(None::<Instant>);
        let stop = || {
            let due = last_check
                .get()
                .is_some_and(|at| at.elapsed() >= SIGNAL_INTERVAL);
            if last_check.get().is_none() || due {
                last_check.set(Some(Instant::now()));
            }
            if !due {
                return false;
            }
            // The thread that holds the interpreter may be about to fork.
            let suspended = fork::suspend_compute();
            let signal = Python::attach(|py| py.check_signals()).err();
            drop(suspended);
            let stop = signal.is_some();
            signal_error.replace(signal);
            stop
        };
        let result = kernel(&Workers::current().stopped_by(&stop));
        match signal_error.take() {
            Some(signal) => Err(Failure::Signal(signal)),
            None => result.map_err(Failure::Kernel),
        }
    })
}
