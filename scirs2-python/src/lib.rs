//! The extension module behind the Python package `scirs2`: what Python can
//! call, and nothing that computes.

mod array;
mod config;
mod door;
mod dtype;
mod error;
mod exchange;
mod exporter;
mod fast;
mod flag;
mod library;
mod linalg;
mod norm;
mod operand;
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
    use super::exchange::{from_dlpack, to_dlpack};
    #[pymodule_export]
    use super::exporter::DLPackExporter;
    #[pymodule_export]
    use super::linalg::cho::{cho_factor, cho_solve};
    #[pymodule_export]
    use super::linalg::cholesky::cholesky;
    #[pymodule_export]
    use super::linalg::cond::cond;
    #[pymodule_export]
    use super::linalg::cross::cross;
    #[pymodule_export]
    use super::linalg::det::{det, slogdet};
    #[pymodule_export]
    use super::linalg::eig::{eig, eigvals};
    #[pymodule_export]
    use super::linalg::eigh::{eigh, eigvalsh};
    #[pymodule_export]
    use super::linalg::einsum::einsum;
    #[pymodule_export]
    use super::linalg::inv::inv;
    #[pymodule_export]
    use super::linalg::lstsq::lstsq;
    #[pymodule_export]
    use super::linalg::lu::{lu, lu_factor, lu_solve};
    #[pymodule_export]
    use super::linalg::matmul::matmul;
    #[pymodule_export]
    use super::linalg::matrix_power::matrix_power;
    #[pymodule_export]
    use super::linalg::multi_dot::multi_dot;
    #[pymodule_export]
    use super::linalg::norms::{matrix_norm, vector_norm};
    #[pymodule_export]
    use super::linalg::outer::outer;
    #[pymodule_export]
    use super::linalg::pinv::pinv;
    #[pymodule_export]
    use super::linalg::qr::qr;
    #[pymodule_export]
    use super::linalg::rank::matrix_rank;
    #[pymodule_export]
    use super::linalg::solve::solve;
    #[pymodule_export]
    use super::linalg::svd::{svd, svdvals};
    #[pymodule_export]
    use super::linalg::tensor_equations::{tensorinv, tensorsolve};
    #[pymodule_export]
    use super::linalg::tensordot::tensordot;
    #[pymodule_export]
    use super::linalg::triangular::solve_triangular;
    #[pymodule_export]
    use super::linalg::vecdot::vecdot;
    #[pymodule_export]
    use super::linalg::views::{diagonal, matrix_transpose, trace};
    #[pymodule_export]
    use super::norm::norm;
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
        super::fast::install(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add(
            "GPUTensorError",
            scirs2_interop::python::gpu_tensor_error(py)?,
        )?;
        module.add("LinAlgError", super::error::linalg_error(py)?)
    }
}
