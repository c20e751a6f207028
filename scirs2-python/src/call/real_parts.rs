//! Results of real matrices that are real if those of the whole batch are.

use pyo3::prelude::*;
use scirs2_core::{Complex, Element, ScalarType};

use super::bind::Call;
use super::output::Output;

/// Removes the last result, which says whether the results of real matrices are all real,
/// and if so reduces the others to their real parts.
pub(crate) fn reduce_to_real_parts<'py>(
    call: &Call<'py>,
    outputs: &mut Vec<Output<'py>>,
) -> PyResult<()> {
    let is_real = match outputs.pop() {
        Some(mut last) => last.view_mut::<i32>()?.sum() == 1,
        None => false,
    };
    if is_real && !call.scalar().is_complex() {
        for output in outputs {
            *output = match call.scalar() {
                ScalarType::Float32 => real_part::<f32>(call, output)?,
                _ => real_part::<f64>(call, output)?,
            };
        }
    }
    Ok(())
}

/// Copies the real parts of the elements.
fn real_part<'py, T: Element + Copy>(
    call: &Call<'py>,
    from: &mut Output<'py>,
) -> PyResult<Output<'py>>
where
    Complex<T>: Element,
{
    let from = from.view_mut::<Complex<T>>()?;
    let mut to = call.new_output(T::DTYPE, from.shape())?;
    to.view_mut::<T>()?
        .zip_mut_with(&from, |to, from| *to = from.re);
    Ok(to)
}
