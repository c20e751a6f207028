//! Norms of singular values.

use ndarray::{ArrayViewD, ArrayViewMutD, Axis};
use num_traits::Float as _;
use scirs2_core::pool::Workers;

use super::element::{Normed, Rounded};
use super::order::Spectral;
use crate::Error;
use crate::error::Reason;
use crate::lapack::Lapack as _;
use crate::lapack::{Gesdd, Vectors};

/// Elements of matrices that make one piece.
const GRAIN: usize = 1 << 10;

/// The matrices of `x` along two axes to one number each.
pub(super) fn spectral<T: Normed>(
    x: ArrayViewD<'_, T>,
    rows: usize,
    columns: usize,
    of: Spectral,
    mut out: ArrayViewMutD<'_, T::Norm>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (m, n) = (x.shape()[rows], x.shape()[columns]);
    if m == 0 || n == 0 {
        // Without singular values the largest and the sum are zero; the
        // smallest has been refused.
        out.fill(T::Norm::rounded(0.0));
        return Ok(());
    }
    let each = (GRAIN / m.saturating_mul(n)).max(1);
    let mut norms = vec![0.0; out.len()];
    let pieces = norms.chunks_mut(each).enumerate();
    workers.each(pieces, |(piece, norms)| {
        let mut solver = None;
        for (i, norm) in norms.iter_mut().enumerate() {
            let index = piece * each + i;
            let matrix = matrix(&x, rows, columns, index);
            let index = (x.ndim() > 2).then_some(index);
            *norm = of_one(&matrix, of, &mut solver, index)?;
        }
        Ok::<_, Error>(())
    })?;
    for (out, &norm) in out.iter_mut().zip(&norms) {
        *out = T::Norm::rounded(norm);
    }
    Ok(())
}

/// The matrix of that number in the batch, in C order, or its transpose, which
/// has the same singular values: the last axis has the smaller stride.
fn matrix<'a, T>(
    x: &ArrayViewD<'a, T>,
    rows: usize,
    columns: usize,
    index: usize,
) -> ArrayViewD<'a, T> {
    let mut rest = index;
    let mut view = x.clone();
    for axis in (0..x.ndim()).rev() {
        if axis != rows && axis != columns {
            let len = x.shape()[axis];
            view = view.index_axis_move(Axis(axis), rest % len);
            rest /= len;
        }
    }
    let smaller_first = view.strides()[0].unsigned_abs() < view.strides()[1].unsigned_abs();
    if smaller_first {
        view.reversed_axes()
    } else {
        view
    }
}

fn of_one<T: Normed>(
    matrix: &ArrayViewD<'_, T>,
    of: Spectral,
    solver: &mut Option<Gesdd<T::Singular>>,
    index: Option<usize>,
) -> Result<f64, Error> {
    let solver = match solver {
        Some(solver) => solver,
        None => {
            let (rows, columns) = (matrix.shape()[1], matrix.shape()[0]);
            solver.insert(Gesdd::new(rows, columns, Vectors::None)?)
        }
    };
    let (mut has_nan, mut has_infinity) = (false, false);
    for (to, &from) in solver.matrix().iter_mut().zip(matrix) {
        *to = from.singular();
        for part in to.parts() {
            has_nan |= part.is_nan();
            has_infinity |= part.is_infinite();
        }
    }
    if has_nan {
        return Err(Error::Matrix {
            index,
            reason: Reason::NotANumber,
        });
    }
    if has_infinity {
        // As LAPACK leaves it in NumPy, without the text on stderr.
        return Ok(f64::NAN);
    }
    let values = solver
        .solve(&mut [], &mut [])
        .map_err(|reason| Error::Matrix { index, reason })?;
    Ok(match of {
        // LAPACK sorts them, the largest first.
        Spectral::Largest => values.first().map_or(0.0, |&value| value.into()),
        Spectral::Smallest => values.last().map_or(0.0, |&value| value.into()),
        Spectral::Sum => values.iter().map(|&value| value.into()).sum(),
    })
}
