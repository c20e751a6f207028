//! What an operation asks of its arguments' shapes.

use ndarray::ArrayViewMutD;

use crate::Error;
use crate::lapack::check_size;

/// The batch of an array of matrices, and their rows and columns.
pub(crate) fn matrices(
    argument: usize,
    shape: &[usize],
) -> Result<(&[usize], usize, usize), Error> {
    let [batch @ .., rows, columns] = shape else {
        let shape = shape.to_vec();
        return Err(Error::TooFewAxes {
            argument,
            shape,
            least: 2,
        });
    };
    check_size(*rows, *columns)?;
    Ok((batch, *rows, *columns))
}

/// The batch of an array of square matrices, and their order.
pub(crate) fn square(argument: usize, shape: &[usize]) -> Result<(&[usize], usize), Error> {
    let (batch, rows, columns) = matrices(argument, shape)?;
    if rows == columns {
        Ok((batch, rows))
    } else {
        Err(Error::NotSquare { rows, columns })
    }
}

/// An error for an output of another shape than the result's.
pub(crate) fn output<T>(expected: &[usize], out: &ArrayViewMutD<'_, T>) -> Result<(), Error> {
    if out.shape() == expected {
        Ok(())
    } else {
        Err(Error::OutputShape {
            expected: expected.to_vec(),
            got: out.shape().to_vec(),
        })
    }
}

/// The axis that a number means, which counts from the end where it is negative.
pub(crate) fn axis_of(axis: isize, ndim: usize) -> Result<usize, Error> {
    let from_end = if axis < 0 { ndim } else { 0 };
    from_end
        .checked_add_signed(axis)
        .filter(|&index| index < ndim)
        .ok_or(Error::AxisOutOfRange { axis, ndim })
}
