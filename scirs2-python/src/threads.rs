//! The thread count, as Python sets it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use scirs2_core::pool;
use scirs2_core::threads::{self, ThreadCountError, ThreadSource};

/// The number of threads that a call from this Python thread may use.
///
/// It comes from the innermost ``with scirs2.num_threads(n)`` of this thread,
/// else from :func:`set_num_threads`, else from the environment
/// (``SCIRS2_NUM_THREADS``, ``RAYON_NUM_THREADS``, ``OMP_NUM_THREADS``), else it
/// is the number of cores this process may use (affinity, cgroup).
///
/// Returns
/// -------
/// int
///
/// Examples
/// --------
/// >>> import scirs2
/// >>> scirs2.get_num_threads() >= 1
/// True
#[pyfunction]
pub(crate) fn get_num_threads() -> usize {
    threads::threads()
}

/// Set the number of threads for the whole process.
///
/// No thread starts before the first call that has work for two. Norms, and
/// batches of at least as many matrices as threads, give the same bits for any
/// number; one large matrix is LAPACK's, whose sums depend on its threads.
/// The limits of ``threadpoolctl`` set this number too.
///
/// Parameters
/// ----------
/// n : int
///     From 1 to 1024.
///
/// Raises
/// ------
/// ValueError
///     For any other number.
///
/// Examples
/// --------
/// >>> import scirs2
/// >>> scirs2.set_num_threads(scirs2.get_num_threads())
#[pyfunction]
#[pyo3(signature = (n, /))]
pub(crate) fn set_num_threads(n: &Bound<'_, PyAny>) -> PyResult<()> {
    threads::set_threads(count(n)?).map_err(out_of_range)
}

/// A context that sets the number of threads for calls from this Python thread.
///
/// Other Python threads keep their number.
///
/// Parameters
/// ----------
/// n : int
///     From 1 to 1024.
///
/// Raises
/// ------
/// ValueError
///     For any other number.
///
/// Examples
/// --------
/// >>> import scirs2
/// >>> with scirs2.num_threads(1):
/// ...     scirs2.get_num_threads()
/// 1
#[pyclass(module = "scirs2", frozen)]
#[expect(
    non_camel_case_types,
    reason = "a context manager, named as Python names them"
)]
pub(crate) struct num_threads {
    count: usize,
    /// What held before each `with` that this object is in, and on which thread.
    before: Mutex<Vec<(ThreadId, Option<usize>)>>,
}

#[pymethods]
impl num_threads {
    #[new]
    #[pyo3(signature = (n, /))]
    fn new(n: &Bound<'_, PyAny>) -> PyResult<Self> {
        let count = count(n)?;
        threads::check_threads(count).map_err(out_of_range)?;
        Ok(num_threads {
            count,
            before: Mutex::default(),
        })
    }

    fn __enter__(&self) -> PyResult<()> {
        let before = threads::set_local_threads(Some(self.count)).map_err(out_of_range)?;
        self.stack().push((thread::current().id(), before));
        Ok(())
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let here = thread::current().id();
        let mut stack = self.stack();
        let innermost = stack.iter().rposition(|(thread, _)| *thread == here);
        let before = innermost.and_then(|at| stack.remove(at).1);
        threads::set_local_threads(before).map_err(out_of_range)?;
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("scirs2.num_threads({})", self.count)
    }
}

impl num_threads {
    fn stack(&self) -> MutexGuard<'_, Vec<(ThreadId, Option<usize>)>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An integer as a count; one below zero or beyond 64 bits is out of range.
fn count(n: &Bound<'_, PyAny>) -> PyResult<usize> {
    let n = match n.extract::<i64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(n.py()) => i64::MAX,
        n => n?,
    };
    usize::try_from(n).map_err(|_| out_of_range(ThreadCountError(n)))
}

fn out_of_range(error: ThreadCountError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Sets the number where it was decided: of this thread inside of a `with`, else of
/// the process; for threadpoolctl.
#[pyfunction]
#[pyo3(signature = (n, /))]
pub(crate) fn _steer_num_threads(n: &Bound<'_, PyAny>) -> PyResult<()> {
    let n = count(n)?;
    match threads::threads_and_source().1 {
        ThreadSource::Local => threads::set_local_threads(Some(n)).map(drop),
        _ => threads::set_threads(n),
    }
    .map_err(out_of_range)
}

/// Tells the pool that this process is the child of a fork; for `os.register_at_fork`.
#[pyfunction]
pub(crate) fn _forked() {
    pool::forked();
}

/// Ends the work of all threads but this one, and waits for it; for `atexit`.
#[pyfunction]
pub(crate) fn _close_pool(py: Python<'_>) {
    py.detach(pool::close);
}
