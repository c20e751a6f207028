//! An extension module for Python. Its functions take tensors of any library, and return
//! tensors that any library takes.

/// The module that Python imports.
#[pyo3::pymodule]
mod extension {
    use ndarray::Axis;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use scirs2_interop::Tensor;
    use scirs2_linalg::operation::{Solve, compute};
    use scirs2_linalg::{Axes, Order, norm};

    /// Return the tensor, without a copy.
    #[pyfunction]
    fn view(tensor: Tensor) -> Tensor {
        tensor
    }

    /// Return the mean of float64 vectors, the rows of a matrix or of a batch.
    #[pyfunction]
    fn mean(vectors: Tensor) -> PyResult<Tensor> {
        let vectors = vectors.view::<f64>()?; // the caller's memory
        let axis = vectors.ndim().checked_sub(2).map(Axis);
        let mean = axis.and_then(|axis| vectors.mean_axis(axis));
        let mean = mean.ok_or_else(|| PyValueError::new_err("mean: there are no vectors"))?;
        Ok(Tensor::from(mean))
    }

    /// Return the lengths of the vectors along the last axis, of any real or complex dtype.
    #[pyfunction]
    fn lengths(py: Python<'_>, vectors: Tensor) -> PyResult<Tensor> {
        let lengths = py.detach(|| norm(&vectors, Order::P(2.0), Axes::Vector(-1)));
        lengths.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Solve ``a x = b`` for each matrix of a batch, by LAPACK.
    #[pyfunction]
    fn solve(py: Python<'_>, a: Tensor, b: Tensor) -> PyResult<Tensor> {
        let results = py.detach(|| compute(&Solve, &[&a, &b]));
        let mut results = results.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(results.remove(0))
    }
}
