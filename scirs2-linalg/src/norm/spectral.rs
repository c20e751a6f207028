//! Norms of singular values.

use ndarray::{ArrayViewD, ArrayViewMutD};
use scirs2_core::Scalar;
use scirs2_core::pool::Workers;

use super::element::{Normed, Rounded};
use super::order::Spectral;
use crate::Error;
use crate::layout::zeros_array;
use crate::svd::{svdvals_into, svdvals_shape};

/// The matrices of `x` along two axes to one number each.
pub(super) fn spectral<T: Normed>(
    x: ArrayViewD<'_, T>,
    rows: usize,
    columns: usize,
    of: Spectral,
    mut out: ArrayViewMutD<'_, T::Norm>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if x.shape()[rows] == 0 || x.shape()[columns] == 0 {
        // Without singular values the largest and the sum are zero; the
        // smallest has been refused.
        out.fill(T::Norm::rounded(0.0));
        return Ok(());
    }
    let x = matrices(x, rows, columns);
    let mut values = zeros_array::<Real<T>>(&svdvals_shape(x.shape())?)?;
    if let Some(x) = T::as_singular(x.view()) {
        svdvals_into(x, false, values.view_mut(), workers)?;
    } else {
        let mut converted = zeros_array(x.shape())?;
        converted.zip_mut_with(&x, |to, from| *to = from.singular());
        svdvals_into(converted.view(), false, values.view_mut(), workers)?;
    }
    for (out, values) in out.iter_mut().zip(values.rows()) {
        let mut values = values.iter().map(|&value| value.into());
        *out = T::Norm::rounded(match of {
            // The largest comes first.
            Spectral::Largest => values.next().unwrap_or(0.0),
            Spectral::Smallest => values.next_back().unwrap_or(0.0),
            Spectral::Sum => values.sum(),
        });
    }
    Ok(())
}

type Real<T> = <<T as Normed>::Singular as Scalar>::Real;

/// The axes of the matrices last, and of those the one with the smaller stride: the
/// transpose has the same singular values.
fn matrices<T>(x: ArrayViewD<'_, T>, rows: usize, columns: usize) -> ArrayViewD<'_, T> {
    let stride = |axis: usize| x.strides()[axis].unsigned_abs();
    let pair = if stride(rows) < stride(columns) {
        [columns, rows]
    } else {
        [rows, columns]
    };
    let batch = (0..x.ndim()).filter(|axis| !pair.contains(axis));
    let axes: Vec<usize> = batch.chain(pair).collect();
    x.permuted_axes(axes)
}
