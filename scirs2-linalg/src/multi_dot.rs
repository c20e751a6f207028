//! Products of many matrices, in the cheapest order.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, CowArray, IxDyn};
use scirs2_core::pool::Workers;

use crate::layout::filled_array;
use crate::matmul::{matmul_into, matmul_shape};
use crate::{Error, Numeric, shape};

/// The product of two or more matrices, in the order that takes the fewest
/// multiplications.
///
/// The first may be a vector, which is a row, and the last one, which is a
/// column; that axis is missing from the result.
///
/// # Errors
/// [`Error::TooFewArguments`] for fewer than two, [`Error::Axes`] for one that
/// is neither a matrix nor such a vector, and [`Error::Mismatch`] for
/// neighbours that do not fit.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul), product by product.
///
/// ```
/// use ndarray::{Array1, Array2};
///
/// let a = Array2::<f64>::eye(3) * 2.0;
/// let x = Array1::ones(3);
/// let y = scirs2_linalg::multi_dot(&[a.view().into_dyn(), a.view().into_dyn(), x.view().into_dyn()])?;
/// assert_eq!(y, (x * 4.0).into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
///
/// # References
/// Cormen, Leiserson, Rivest, Stein: Introduction to Algorithms, "Matrix-chain
/// multiplication".
pub fn multi_dot<T: Numeric>(arrays: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
    let shapes: Vec<_> = arrays.iter().map(|array| array.shape()).collect();
    let mut out = filled_array(&multi_dot_shape(&shapes)?, T::ZERO)?;
    multi_dot_into(arrays, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`multi_dot_into`] writes.
///
/// # Errors
/// As [`multi_dot`], as far as the shapes tell.
pub fn multi_dot_shape(shapes: &[&[usize]]) -> Result<Vec<usize>, Error> {
    let last = shapes.len().saturating_sub(1);
    if last == 0 {
        return Err(Error::TooFewArguments {
            count: shapes.len(),
            least: 2,
        });
    }
    let mut product = shapes[0].to_vec();
    for (number, shape) in shapes.iter().enumerate() {
        let vector = shape.len() == 1 && (number == 0 || number == last);
        if shape.len() != 2 && !vector {
            return Err(Error::Axes {
                argument: number + 1,
                shape: shape.to_vec(),
                must: "a matrix, or a vector that is the first or the last",
            });
        }
        if number > 0 {
            product = matmul_shape(&product, shape)?;
        }
    }
    Ok(product)
}

/// [`multi_dot`] into memory of the caller's, of any strides.
///
/// # Errors
/// As [`multi_dot`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] where the workers were stopped.
pub fn multi_dot_into<T: Numeric>(
    arrays: &[ArrayViewD<'_, T>],
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shapes: Vec<_> = arrays.iter().map(|array| array.shape()).collect();
    shape::output(&multi_dot_shape(&shapes)?, &out)?;
    let cuts = order(&shapes);
    let last = arrays.len() - 1;
    let cut = cuts[0][last];
    let left = product(arrays, &cuts, 0, cut, workers)?;
    let right = product(arrays, &cuts, cut + 1, last, workers)?;
    matmul_into(left.view(), right.view(), out, workers)
}

/// The product of the arrays from `first` to `last`.
fn product<'a, T: Numeric>(
    arrays: &'a [ArrayViewD<'_, T>],
    cuts: &[Vec<usize>],
    first: usize,
    last: usize,
    workers: &Workers<'_>,
) -> Result<CowArray<'a, T, IxDyn>, Error> {
    if first == last {
        return Ok(arrays[first].view().into());
    }
    let cut = cuts[first][last];
    let left = product(arrays, cuts, first, cut, workers)?;
    let right = product(arrays, cuts, cut + 1, last, workers)?;
    let mut out = filled_array(&matmul_shape(left.shape(), right.shape())?, T::ZERO)?;
    matmul_into(left.view(), right.view(), out.view_mut(), workers)?;
    Ok(out.into())
}

/// For each first and last matrix the one after which their product is cut, so
/// that it takes the fewest multiplications.
fn order(shapes: &[&[usize]]) -> Vec<Vec<usize>> {
    let count = shapes.len();
    // The rows of each, and the columns of the last.
    let mut sides: Vec<f64> = Vec::with_capacity(count + 1);
    for (number, shape) in shapes.iter().enumerate() {
        let rows = if number == 0 && shape.len() == 1 {
            1
        } else {
            shape[0]
        };
        sides.push(rows as f64);
    }
    let last = shapes[count - 1];
    sides.push(last.get(1).copied().unwrap_or(1) as f64);
    let mut costs = vec![vec![0.0; count]; count];
    let mut cuts = vec![vec![0; count]; count];
    for distance in 1..count {
        for first in 0..count - distance {
            let last = first + distance;
            costs[first][last] = f64::INFINITY;
            for cut in first..last {
                let own = sides[first] * sides[cut + 1] * sides[last + 1];
                let cost: f64 = costs[first][cut] + costs[cut + 1][last] + own;
                if cost < costs[first][last] {
                    costs[first][last] = cost;
                    cuts[first][last] = cut;
                }
            }
        }
    }
    cuts
}
