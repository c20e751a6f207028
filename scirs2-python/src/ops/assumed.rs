//! `scirs2.scipy.linalg.solve` and `inv`: matrices of a known structure, and how well conditioned
//! they are.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::Triangle;
use scirs2_linalg::operation::{Assumption, InvAssuming, SolveAssuming};

use super::polar::pair;
use crate::call::bind::Call;
use crate::call::output::Wrap;
use crate::flag::flag;

const WRAPS: [Wrap; 2] = [Wrap::LikeInput, Wrap::Plain];

/// The solutions, and the reciprocal condition number of each matrix.
#[pyfunction]
#[pyo3(signature = (a, b, assume_a, lower, transposed))]
pub(super) fn _solve<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    assume_a: Option<&str>,
    #[pyo3(from_py_with = flag)] lower: bool,
    #[pyo3(from_py_with = flag)] transposed: bool,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let assumption = assumption("solve", assume_a, lower)?;
    let call = Call::new(a.py(), "solve", &[("a", a), ("b", b)])?;
    let operation = SolveAssuming {
        assumption,
        transposed,
    };
    Ok(pair(call.results(&operation, &WRAPS)?))
}

/// The inverses, and the reciprocal condition number of each matrix.
#[pyfunction]
#[pyo3(signature = (a, assume_a, lower))]
pub(super) fn _inv<'py>(
    a: &Bound<'py, PyAny>,
    assume_a: Option<&str>,
    #[pyo3(from_py_with = flag)] lower: bool,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let assumption = assumption("inv", assume_a, lower)?;
    let call = Call::new(a.py(), "inv", &[("a", a)])?;
    Ok(pair(call.results(&InvAssuming { assumption }, &WRAPS)?))
}

/// Reads SciPy's names.
fn assumption(name: &str, assume_a: Option<&str>, lower: bool) -> PyResult<Option<Assumption>> {
    let triangle = if lower {
        Triangle::Lower
    } else {
        Triangle::Upper
    };
    let Some(assume_a) = assume_a else {
        return Ok(None);
    };
    Ok(Some(match assume_a {
        "general" | "gen" => Assumption::General,
        "diagonal" => Assumption::Diagonal,
        "tridiagonal" => Assumption::Tridiagonal,
        "banded" => Assumption::Banded,
        "upper triangular" => Assumption::Triangular(Triangle::Upper),
        "lower triangular" => Assumption::Triangular(Triangle::Lower),
        "symmetric" | "sym" => Assumption::Symmetric(triangle),
        "hermitian" | "her" => Assumption::Hermitian(triangle),
        "positive definite" | "pos" => Assumption::PositiveDefinite(triangle),
        other => {
            return Err(PyValueError::new_err(format!(
                "{name}: assume_a: expected None, 'general', 'diagonal', 'tridiagonal', \
                 'banded', 'upper triangular', 'lower triangular', 'symmetric', 'hermitian' or \
                 'positive definite', got {other:?}"
            )));
        }
    }))
}
