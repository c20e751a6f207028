//! The one door from Python into a kernel.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use scirs2_core::fork;
use scirs2_core::pool::{self, Workers};

/// How long Ctrl-C may wait for an answer, beyond the piece in work.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Operations up to which a kernel runs without releasing the interpreter: some
/// microseconds, for which another thread does not have to wait long. Releasing it
/// costs more than that where there is another: it takes its turn, of 5 ms.
const MAX_ATTACHED_OPERATIONS: usize = 4096;

/// Why a kernel gave no result.
pub(crate) enum Failure<E> {
    /// A signal handler raised, or the process ends.
    Signal(PyErr),
    /// The kernel's own error.
    Kernel(E),
}

/// For as long as it lives, the end of the process waits for the call: CPython up to 3.13
/// ends a thread that wants the interpreter later than that, and cannot unwind a thread whose
/// call is in the midst of Python code.
///
/// # Errors
/// `SystemExit` once the process ends.
#[inline]
pub(crate) fn begin_call() -> PyResult<fork::Stay> {
    if pool::is_closed() {
        return Err(PySystemExit::new_err(()));
    }
    Ok(fork::begin_call())
}

/// Runs a kernel of about so many operations with the interpreter released, on
/// workers that stop when a signal handler raises.
#[inline]
pub(crate) fn run_kernel<R: Send, E: Send>(
    py: Python<'_>,
    operations: usize,
    kernel: impl FnOnce(&Workers<'_>) -> Result<R, E> + Send,
) -> Result<R, Failure<E>> {
    if pool::is_closed() {
        return Err(process_ended());
    }
    // While a fork waits, a call waits for it, and the fork for the interpreter.
    let result = if operations <= MAX_ATTACHED_OPERATIONS && !fork::is_near() {
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

/// For a thread other than the main one at the end of the process: it ends without a word.
fn process_ended<E>() -> Failure<E> {
    Failure::Signal(PySystemExit::new_err(()))
}

fn run_detached<R: Send, E: Send>(
    py: Python<'_>,
    kernel: impl FnOnce(&Workers<'_>) -> Result<R, E> + Send,
) -> Result<R, Failure<E>> {
    py.detach(|| {
        // Not every kernel is in pieces.
        let _inside = fork::enter();
        if pool::is_closed() {
            return Err(process_ended());
        }
        let raised = RefCell::new(None);
        // Work in one piece never asks, and needs no clock.
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
            // Who has the interpreter may be about to fork.
            let aside = fork::step_aside();
            let signal = Python::attach(|py| py.check_signals()).err();
            drop(aside);
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
