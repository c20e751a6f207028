//! The extension module behind the Python package `scirs2`: what Python can
//! call, and nothing that computes.

mod call;
mod config;
mod error;
mod exchange;
mod ffi;
mod flag;
mod library;
mod numpy;
mod ops;
mod route;
mod threads;

#[pyo3::pymodule]
mod _scirs2 {
    use numpy::PyArrayDescrMethods;
    use pyo3::prelude::*;
    use pyo3::types::{IntoPyDict as _, PyModule};

    #[pymodule_export]
    use super::config::_config;
    #[pymodule_export]
    use super::exchange::from_dlpack::from_dlpack;
    #[pymodule_export]
    use super::exchange::to_dlpack::to_dlpack;

    #[pymodule_export]
    use super::exchange::exporter::DLPackExporter;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        super::ops::add_to(module)?;
        super::ffi::add_to(module)?;
        super::route::add_to(module)?;
        super::threads::add_to(module)?;
        // A worker inside OpenBLAS as that unloads would crash the process.
        py.import("atexit")?
            .call_method1("register", (module.getattr("_close_pool")?,))?;
        // Python's own forks wait for calls under way with the interpreter released; those
        // that it does not see, of subprocess and of libraries, wait all the same.
        scirs2_linalg::wait_at_forks();
        if let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? {
            let hooks = [
                ("before", module.getattr("_before_fork")?),
                ("after_in_parent", module.getattr("_after_fork")?),
            ];
            register.call((), Some(&hooks.into_py_dict(py)?))?;
        }
        // NumPy's API is found once, by whoever is first; a fork in the midst of
        // that would leave the child waiting for a thread it does not have.
        numpy::dtype::<f64>(py).itemsize();
        super::exchange::fast_call::install(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add(
            "GPUTensorError",
            scirs2_interop::python::gpu_tensor_error(py)?,
        )?;
        module.add("LinAlgError", super::error::linalg_error(py)?)
    }
}
