//! The extension module behind the Python package `scirs2`: what Python can
//! call, and nothing that computes.

mod call;
mod config;
mod error;
mod exchange;
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
    use super::exchange::exporter::DLPackExporter;
    #[pymodule_export]
    use super::exchange::from_dlpack::from_dlpack;
    #[pymodule_export]
    use super::exchange::to_dlpack::to_dlpack;
    #[pymodule_export]
    use super::ops::cho::{cho_factor, cho_solve};
    #[pymodule_export]
    use super::ops::cholesky::cholesky;
    #[pymodule_export]
    use super::ops::cond::cond;
    #[pymodule_export]
    use super::ops::cross::cross;
    #[pymodule_export]
    use super::ops::det::{det, slogdet};
    #[pymodule_export]
    use super::ops::eig::{eig, eigvals};
    #[pymodule_export]
    use super::ops::eigh::{eigh, eigvalsh};
    #[pymodule_export]
    use super::ops::einsum::einsum;
    #[pymodule_export]
    use super::ops::inv::inv;
    #[pymodule_export]
    use super::ops::lstsq::lstsq;
    #[pymodule_export]
    use super::ops::lu::{lu, lu_factor, lu_solve};
    #[pymodule_export]
    use super::ops::matmul::matmul;
    #[pymodule_export]
    use super::ops::matrix_power::matrix_power;
    #[pymodule_export]
    use super::ops::multi_dot::multi_dot;
    #[pymodule_export]
    use super::ops::norm::norm;
    #[pymodule_export]
    use super::ops::norms::{matrix_norm, vector_norm};
    #[pymodule_export]
    use super::ops::outer::outer;
    #[pymodule_export]
    use super::ops::pinv::pinv;
    #[pymodule_export]
    use super::ops::qr::qr;
    #[pymodule_export]
    use super::ops::rank::matrix_rank;
    #[pymodule_export]
    use super::ops::solve::solve;
    #[pymodule_export]
    use super::ops::svd::{svd, svdvals};
    #[pymodule_export]
    use super::ops::tensor_equations::{tensorinv, tensorsolve};
    #[pymodule_export]
    use super::ops::tensordot::tensordot;
    #[pymodule_export]
    use super::ops::triangular::solve_triangular;
    #[pymodule_export]
    use super::ops::vecdot::vecdot;
    #[pymodule_export]
    use super::ops::views::{diagonal, matrix_transpose, trace};
    #[pymodule_export]
    use super::route::{_force_route, _plan};
    #[pymodule_export]
    use super::threads::{
        _after_fork, _before_fork, _close_pool, _steer_num_threads, get_num_threads, num_threads,
        set_num_threads,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
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
