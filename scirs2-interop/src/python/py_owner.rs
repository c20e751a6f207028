//! A Python object that owns the memory of an exported tensor.

use pyo3::ffi;
use pyo3::prelude::*;

/// Keeps a Python object alive for a consumer, which may be on any thread and may outlive the
/// interpreter: the owner to pass to [`export`](crate::export).
///
/// Without an interpreter nothing can free the object, so it is leaked.
#[derive(Debug)]
pub struct PyOwner(Option<Py<PyAny>>);

impl PyOwner {
    /// Keeps the object alive.
    #[must_use]
    #[inline]
    pub fn new(object: Bound<'_, PyAny>) -> Self {
        PyOwner(Some(object.unbind()))
    }

    /// The object.
    #[must_use]
    pub fn object<'a, 'py>(&'a self, py: Python<'py>) -> Option<&'a Bound<'py, PyAny>> {
        Some(self.0.as_ref()?.bind(py))
    }

    /// Releases the object at once, which an attached thread can do.
    #[inline]
    pub(super) fn release(&mut self, py: Python<'_>) {
        drop(self.0.take().map(|object| object.into_bound(py)));
    }
}

impl Drop for PyOwner {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_none() {
            return;
        }
        let released = Python::try_attach(|py| {
            // PyO3 counts a thread as attached inside a call of ours, but a consumer may have
            // detached it before it called the deleter, as PyTorch does.
            // SAFETY: the interpreter runs, as `try_attach` checked.
            let state = unsafe { ffi::PyGILState_Ensure() };
            self.release(py);
            // SAFETY: the state that this thread had before.
            unsafe { ffi::PyGILState_Release(state) };
        });
        if released.is_none() {
            std::mem::forget(self.0.take());
        }
    }
}
