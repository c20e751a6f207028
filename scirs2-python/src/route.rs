//! The route that a decomposition takes, where a test decides.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use scirs2_linalg::{Level, Route, force_route};

/// Forces a route and a level of instructions for the whole process; without them the
/// choice is free again.
#[pyfunction]
#[pyo3(signature = (route = None, level = None))]
pub(crate) fn _force_route(route: Option<&str>, level: Option<&str>) -> PyResult<()> {
    let route = match route {
        None => Route::Automatic,
        Some("lapack") => Route::Lapack,
        Some("small") => Route::Small,
        Some("batched") => Route::Batched,
        Some("blocked") => Route::Blocked,
        Some(other) => return Err(unknown("route", other)),
    };
    let level = match level {
        None | Some("avx512") => Level::Avx512,
        Some("avx2") => Level::Avx2,
        Some("baseline") => Level::Baseline,
        Some(other) => return Err(unknown("level", other)),
    };
    force_route(route, level);
    Ok(())
}

fn unknown(what: &str, name: &str) -> PyErr {
    PyValueError::new_err(format!("there is no {what} {name:?}"))
}
