//! The number of threads, set from Python.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use scirs2_core::threads::{self, MAX_THREADS, ThreadCountError, ThreadSource};
use scirs2_core::{fork, pool};

/// Adds the functions and the context to the extension module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(_before_fork, module)?)?;
    module.add_function(wrap_pyfunction!(_close_pool, module)?)?;
    module.add_function(wrap_pyfunction!(_steer_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(get_num_threads, module)?)?;
    module.add_class::<num_threads>()?;
    module.add_function(wrap_pyfunction!(set_num_threads, module)?)
}

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
fn get_num_threads() -> usize {
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
///     The number is out of this range.
///
/// Examples
/// --------
/// >>> import scirs2
/// >>> scirs2.set_num_threads(scirs2.get_num_threads())
#[pyfunction]
#[pyo3(signature = (n, /))]
fn set_num_threads(n: &Bound<'_, PyAny>) -> PyResult<()> {
    threads::set_threads(parse_count(n)?).map_err(out_of_range)
}

/// A context that sets the number of threads for calls from this Python thread.
///
/// Other Python threads keep their number. As a decorator it sets the number for each call
/// of a function, and for the Python thread of that call. For a generator or a coroutine the
/// number applies while it runs, and not to other code while it waits: decorate it instead of
/// using ``with`` around ``yield`` or ``await``.
///
/// Parameters
/// ----------
/// n : int
///     From 1 to 1024.
///
/// Raises
/// ------
/// ValueError
///     The number is out of this range.
///
/// Examples
/// --------
/// >>> import scirs2
/// >>> with scirs2.num_threads(1):
/// ...     scirs2.get_num_threads()
/// 1
/// >>> @scirs2.num_threads(1)
/// ... def threads():
/// ...     return scirs2.get_num_threads()
/// >>> threads()
/// 1
#[pyclass(module = "scirs2", frozen)]
#[expect(
    non_camel_case_types,
    reason = "a context manager, named as Python names them"
)]
struct num_threads {
    count: usize,
    /// Unique among all objects of the class.
    id: u64,
}

/// A context that its thread has entered and not left.
struct ActiveContext {
    object: u64,
    /// The object's count, or the count that threadpoolctl set since.
    count: usize,
}

thread_local! {
    /// The active contexts of this thread. The last one decides; they may be left in
    /// any order.
    static ACTIVE: RefCell<Vec<ActiveContext>> = const { RefCell::new(Vec::new()) };
}

/// Updates the active contexts of this thread, and its number of threads.
fn update_contexts(contexts: impl FnOnce(&mut Vec<ActiveContext>)) -> Result<(), ThreadCountError> {
    let last = ACTIVE.with_borrow_mut(|active| {
        contexts(active);
        active.last().map(|last| last.count)
    });
    threads::set_local_threads(last).map(drop)
}

#[pymethods]
impl num_threads {
    #[new]
    #[pyo3(signature = (n, /))]
    fn new(n: &Bound<'_, PyAny>) -> PyResult<Self> {
        static OBJECTS: AtomicU64 = AtomicU64::new(0);
        if n.is_callable() {
            return Err(PyTypeError::new_err(format!(
                "num_threads: expected a number of threads, got {}; write @num_threads(1) above \
                 a function",
                n.repr()?
            )));
        }
        let count = parse_count(n)?;
        threads::check_threads(count).map_err(out_of_range)?;
        let id = OBJECTS.fetch_add(1, Ordering::Relaxed);
        Ok(num_threads { count, id })
    }

    fn __enter__(&self) -> PyResult<()> {
        let (object, count) = (self.id, self.count);
        update_contexts(|active| active.push(ActiveContext { object, count })).map_err(out_of_range)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let leave = |active: &mut Vec<ActiveContext>| {
            if let Some(at) = active.iter().rposition(|context| context.object == self.id) {
                active.remove(at);
            }
        };
        update_contexts(leave).map_err(out_of_range)
    }

    /// Returns the function with this context around each call.
    #[pyo3(signature = (function, /))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        function: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("scirs2._decorate")?;
        module.call_method1("decorated", (slf, function))
    }

    fn __repr__(&self) -> String {
        format!("scirs2.num_threads({})", self.count)
    }
}

/// Converts an integer to a count. A negative integer, or one beyond 64 bits, is out of
/// range.
fn parse_count(n: &Bound<'_, PyAny>) -> PyResult<usize> {
    let n_type = n.get_type();
    let n = match n.extract::<i64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(n.py()) => {
            return Err(PyValueError::new_err(format!(
                "the number of threads must lie between 1 and {MAX_THREADS}, got {}",
                integer_text(n)?
            )));
        }
        n => n.map_err(|_| {
            PyTypeError::new_err(format!(
                "the number of threads must be an integer, got {n_type}"
            ))
        })?,
    };
    usize::try_from(n).map_err(|_| out_of_range(ThreadCountError(n)))
}

/// Formats an integer. Python refuses to print one of very many digits.
fn integer_text(n: &Bound<'_, PyAny>) -> PyResult<String> {
    let n = n.py().import("operator")?.call_method1("index", (n,))?;
    match n.str() {
        Ok(digits) => Ok(digits.to_string()),
        Err(_) => Ok(format!(
            "an integer of {} bits",
            n.call_method0("bit_length")?
        )),
    }
}

fn out_of_range(error: ThreadCountError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Sets the number of threads where it was decided: of this thread inside a `with`, else of
/// the process. Used by threadpoolctl.
#[pyfunction]
#[pyo3(signature = (n, /))]
fn _steer_num_threads(n: &Bound<'_, PyAny>) -> PyResult<()> {
    let n = parse_count(n)?;
    match threads::threads_and_source().1 {
        ThreadSource::Local => threads::check_threads(n).and_then(|count| {
            update_contexts(|active| {
                if let Some(last) = active.last_mut() {
                    last.count = count;
                }
            })
        }),
        _ => threads::set_threads(n),
    }
    .map_err(out_of_range)
}

/// Waits until no kernel runs and keeps new ones from starting. Used by
/// `os.register_at_fork`.
#[pyfunction]
fn _before_fork(py: Python<'_>) {
    // Announced before the interpreter is released, so that a short call, which would
    // keep the interpreter, does not wait for this fork while holding it.
    fork::announce();
    py.detach(fork::wait_for_computing_threads);
}

/// Lets kernels run again in the parent. Used by `os.register_at_fork`.
#[pyfunction]
fn _after_fork() {
    fork::after_in_parent();
}

/// Stops the kernels of all other threads and waits for them. Used by `atexit`.
#[pyfunction]
fn _close_pool(py: Python<'_>) {
    py.detach(pool::close);
}
