//! The routes that the matrices of a call take: planned, and forced by tests.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_core::ScalarType;
use scirs2_linalg::{Level, Plan, Problem, Route, Sizes, force_route};

/// Adds the functions to the extension module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_force_route, module)?)?;
    module.add_function(wrap_pyfunction!(_plan, module)?)
}

/// Forces a route and a level of instructions for the whole process; without them the
/// choice is free again.
#[pyfunction]
#[pyo3(signature = (route = None, level = None))]
fn _force_route(route: Option<&str>, level: Option<&str>) -> PyResult<()> {
    let route = route.map(|name| named("route", &Route::ALL, name));
    let level = match level {
        None | Some("avx512") => Level::Avx512,
        Some("avx2") => Level::Avx2,
        Some("baseline") => Level::Baseline,
        Some(other) => return Err(unknown("level", other)),
    };
    force_route(route.transpose()?, level);
    Ok(())
}

/// Returns the routes, in the order in which they are tried, for `count` matrices of that many
/// rows and columns, with `rhs` right-hand sides each.
#[pyfunction]
#[pyo3(signature = (problem, dtype, rows, columns, *, rhs = 1, count = 1))]
fn _plan(
    problem: &str,
    dtype: &str,
    rows: usize,
    columns: usize,
    rhs: usize,
    count: usize,
) -> PyResult<Vec<String>> {
    let problem = named("problem", &Problem::ALL, problem)?;
    let scalar = match dtype {
        "float32" => ScalarType::Float32,
        "float64" => ScalarType::Float64,
        "complex64" => ScalarType::Complex64,
        "complex128" => ScalarType::Complex128,
        other => return Err(unknown("dtype", other)),
    };
    let sizes = Sizes {
        rhs,
        ..Sizes::new(rows, columns, count)
    };
    let plan = Plan::new(problem, scalar, sizes);
    Ok(plan.routes().map(|route| route.to_string()).collect())
}

/// Returns the value of that name.
fn named<T: Copy + ToString>(what: &str, values: &[T], name: &str) -> PyResult<T> {
    let found = values.iter().find(|value| value.to_string() == name);
    found.copied().ok_or_else(|| unknown(what, name))
}

fn unknown(what: &str, name: &str) -> PyErr {
    PyValueError::new_err(format!("there is no {what} {name:?}"))
}
