//! The facts that `scirs2.show_config` prints.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use scirs2_core::threads::{ThreadSource, threads_and_source};
use scirs2_linalg::Config;

/// What the extension runs on, as text by name.
#[pyfunction]
pub(crate) fn _config(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let Config {
        openblas,
        openblas_kernels,
        kernels,
        ..
    } = scirs2_linalg::config();
    let (threads, source) = threads_and_source();
    let source = match source {
        ThreadSource::Local => "with scirs2.num_threads",
        ThreadSource::Process => "scirs2.set_num_threads",
        ThreadSource::EnvVar(name) => name,
        ThreadSource::Cores => "the cores this process may use",
    };
    let entries = PyDict::new(py);
    entries.set_item("openblas", openblas)?;
    entries.set_item("openblas_kernels", openblas_kernels)?;
    entries.set_item("kernels", kernels)?;
    entries.set_item("threads", threads)?;
    entries.set_item("threads_from", source)?;
    Ok(entries)
}
