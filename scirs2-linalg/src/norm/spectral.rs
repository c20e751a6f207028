//! Norms that depend on singular values.

use ndarray::{ArrayViewD, ArrayViewMutD};
use num_traits::Zero as _;
use scirs2_core::Scalar;
use scirs2_core::pool::Workers;

use super::plan::Spectral;
use crate::Error;
use crate::base::structure::Structure;
use crate::driver::chunks::{new_filled, par_fill, par_map, par_map_lanes};
use crate::driver::operation::{collect_failures, fill_matrices};
use crate::elements::normed::{Normed, Rounded};
use crate::spectral::svd::{svdvals_into, svdvals_shape};

/// Reduces each matrix of `x`, which is stored along two axes, to its norm. If the workers
/// continue past failures, that is NaN for a matrix whose singular values cannot be computed.
pub(super) fn spectral<T: Normed>(
    x: ArrayViewD<'_, T>,
    rows: usize,
    columns: usize,
    of: Spectral,
    mut out: ArrayViewMutD<'_, T::Norm>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if x.shape()[rows] == 0 || x.shape()[columns] == 0 {
        // Without singular values the largest and the sum are zero; the smallest was rejected
        // before.
        return par_fill(out, T::Norm::rounded(0.0), workers);
    }
    let x = matrices(x, rows, columns);
    let mut values = new_filled(&svdvals_shape(x.shape())?, Real::<T>::zero(), workers)?;
    let mut compute_values = |workers: &Workers<'_>| {
        if let Some(x) = T::as_singular(x.view()) {
            return svdvals_into(x, Structure::General, values.view_mut(), workers);
        }
        let mut converted = new_filled(x.shape(), T::Singular::zero(), workers)?;
        par_map(x.view(), converted.view_mut(), workers, T::singular)?;
        svdvals_into(
            converted.view(),
            Structure::General,
            values.view_mut(),
            workers,
        )
    };
    let failures = match workers.failed() {
        Some(_) => collect_failures(workers, compute_values)?,
        None => {
            compute_values(workers)?;
            Vec::new()
        }
    };
    par_map_lanes(values.view(), out.view_mut(), workers, |values| {
        let mut values = values.iter().map(|&value| value.into());
        T::Norm::rounded(match of {
            // In descending order.
            Spectral::Largest => values.next().unwrap_or(0.0),
            Spectral::Smallest => values.next_back().unwrap_or(0.0),
            Spectral::Sum => values.sum(),
        })
    })?;
    let batch = out.shape().to_vec();
    fill_matrices(out, (0, &batch), &failures, T::Norm::rounded(f64::NAN));
    Ok(())
}

type Real<T> = <<T as Normed>::Singular as Scalar>::Real;

/// Moves the axes of the matrices to the end, the one with the smaller stride last: the
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
