//! `scirs2.einsum`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PyList, PyString, PyTuple};
use scirs2_linalg::operation::Einsum;

use crate::call::bind::Call;

/// The sum of products over named axes.
///
/// Parameters
/// ----------
/// *operands : str and array_like
///     The subscripts, and then the arrays, of any DLPack library and any strides. A
///     letter names an axis of each array; axes of one letter share an index. Letters
///     after ``->`` are the axes of the result; all others are summed over. Without an
///     arrow the result has the letters that occur once, in alphabetical order. ``...``
///     stands for any number of axes, which broadcast. Or, after each array, a list of
///     integers, and at the end one for the result.
/// out : array, optional
///     Memory for the result, of its dtype.
/// optimize : bool, str, list or callable, optional
///     The order of the contractions, as ``opt_einsum.contract_path`` takes it. False
///     means from left to right; a list that begins with ``"einsum_path"`` is NumPy's.
///
/// Returns
/// -------
/// array
///     In the library of the operands, with the dtype of NumPy's promotion: integers
///     stay integers and wrap around; for booleans the result is whether any product is
///     true. float16 and bfloat16 are computed in float32 and rounded once. For NumPy,
///     a number if no axis is left.
///
/// Raises
/// ------
/// ValueError
///     The subscripts do not fit the arrays or one another, or ``out`` does not fit.
/// TypeError
///     The operands are of two libraries, or have no common dtype.
///
/// Notes
/// -----
/// Each contraction is one ``matmul``, batched over the letters that remain. Sums over
/// an axis of a single array come first, and are pairwise. The result is never a view.
///
/// Examples
/// --------
/// >>> import numpy as np, scirs2
/// >>> a = np.arange(6).reshape(2, 3)
/// >>> scirs2.einsum("ij,kj->ik", a, a)
/// array([[ 5, 14],
///        [14, 50]])
#[pyfunction]
#[pyo3(signature = (*operands, out=None, optimize=None))]
#[pyo3(text_signature = "(*operands, out=None, optimize=True)")]
pub(super) fn einsum<'py>(
    operands: &Bound<'py, PyTuple>,
    out: Option<&Bound<'py, PyAny>>,
    optimize: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = operands.py();
    let arguments = Arguments::of(operands)?;
    let call = Call::variadic(py, "einsum", "operands", &arguments.arrays)?;
    let shapes: Vec<_> = (0..call.count())
        .map(|operand| call.shape(operand))
        .collect();
    let (subscripts, path) = arguments.plan(&shapes, optimize)?;
    let sum = call.compute_one(&Einsum { subscripts, path }, out)?;
    call.to_python(sum)
}

/// The positional arguments, sorted.
struct Arguments<'py> {
    arrays: Vec<Bound<'py, PyAny>>,
    /// One string, or one list per array and possibly one for the result.
    subscripts: Vec<Bound<'py, PyAny>>,
}

impl<'py> Arguments<'py> {
    fn of(operands: &Bound<'py, PyTuple>) -> PyResult<Self> {
        let all: Vec<_> = operands.iter().collect();
        let (subscripts, arrays) = match all.split_first() {
            Some((first, arrays)) if first.is_instance_of::<PyString>() => {
                (vec![first.clone()], arrays.to_vec())
            }
            _ => {
                let (mut subscripts, mut arrays) = (Vec::new(), Vec::new());
                for (position, object) in all.iter().enumerate() {
                    let is_result = position + 1 == all.len() && position % 2 == 0;
                    if is_result || position % 2 == 1 {
                        subscripts.push(object.clone());
                    } else {
                        arrays.push(object.clone());
                    }
                }
                (subscripts, arrays)
            }
        };
        if arrays.is_empty() {
            let reason = "einsum: expected subscripts and at least one array";
            return Err(PyValueError::new_err(reason));
        }
        for subscript in &subscripts {
            if !subscript.is_instance_of::<PyString>() && !names_axes(subscript) {
                return Err(PyTypeError::new_err(format!(
                    "einsum: expected subscripts, as a str before the arrays or as a list of \
                     integers after each of them; got {} there",
                    subscript.get_type()
                )));
            }
        }
        Ok(Arguments { arrays, subscripts })
    }

    /// Returns subscripts without an ellipsis, and the order of the contractions.
    fn plan(
        &self,
        shapes: &[&[usize]],
        optimize: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(String, Option<Vec<Vec<usize>>>)> {
        let simple = match &self.subscripts[..] {
            [only] if shapes.len() <= 2 => only.extract::<String>().ok(),
            _ => None,
        };
        // Two arrays have only one order, and only an ellipsis needs the shapes.
        if let Some(subscripts) = simple.filter(|subscripts| !subscripts.contains('.')) {
            return Ok((subscripts, None));
        }
        let py = self.arrays[0].py();
        let shapes = shapes.iter().map(|shape| PyTuple::new(py, *shape));
        let shapes = PyList::new(py, shapes.collect::<PyResult<Vec<_>>>()?)?;
        let plan = py
            .import("scirs2._contraction")?
            .getattr(intern!(py, "plan"))?;
        let optimize = match optimize {
            Some(optimize) => optimize.clone(),
            None => true.into_pyobject(py)?.to_owned().into_any(),
        };
        plan.call1((&self.subscripts, shapes, optimize))?.extract()
    }
}

/// Returns true if these are integers, one of which may be `...`.
fn names_axes(subscript: &Bound<'_, PyAny>) -> bool {
    let is_axis = |name: PyResult<Bound<'_, PyAny>>| {
        name.is_ok_and(|name| {
            name.is(PyEllipsis::get(name.py())) || name.extract::<isize>().is_ok()
        })
    };
    subscript.try_iter().is_ok_and(|mut axes| axes.all(is_axis))
}
