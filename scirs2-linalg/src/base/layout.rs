//! Copies matrices into LAPACK's memory and out of it.
//!
//! LAPACK reads Fortran order, our results are in C order. The same memory read
//! in the other order is the transpose, so most operations work on the
//! transpose and need only the copy that LAPACK overwrites:
//!
//! | operation on the transpose | result in C order |
//! |---|---|
//! | upper Cholesky factor | the lower factor |
//! | LQ factors | QR factors, each transposed |
//! | `U` and `VT` of the SVD | `VT` and `U` |
//! | triangular solutions from the right | solutions from the left |

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder as _};
use num_traits::Float as _;
use scirs2_core::Scalar;

use crate::base::error::Reason;
use crate::base::memory::try_resize;

/// Rows and columns of a block whose transpose stays in the first-level cache.
const BLOCK: usize = 16;

/// Copies elements between matrices of one shape and any strides.
#[inline]
pub(crate) fn copy<T: Copy>(from: ArrayView2<'_, T>, mut to: ArrayViewMut2<'_, T>) {
    debug_assert_eq!(from.dim(), to.dim());
    let (rows, columns) = from.dim();
    if let Some(from) = from.as_slice() {
        if let Some(to) = to.as_slice_mut() {
            return to.copy_from_slice(from);
        }
        if let Some(to) = to.view_mut().reversed_axes().as_slice_mut() {
            return transpose(rows, columns, from, to);
        }
    } else if let Some(from) = from.t().as_slice() {
        if let Some(to) = to.as_slice_mut() {
            return transpose(columns, rows, from, to);
        }
        if let Some(to) = to.view_mut().reversed_axes().as_slice_mut() {
            return to.copy_from_slice(from);
        }
    }
    to.assign(&from);
}

/// Copies rows to columns, in blocks.
#[inline]
fn transpose<T: Copy>(rows: usize, columns: usize, from: &[T], to: &mut [T]) {
    let mut top = 0;
    while top < rows {
        let height = BLOCK.min(rows - top);
        let mut left = 0;
        while left < columns {
            for column in left..columns.min(left + BLOCK) {
                let mut at = top * columns + column;
                for to in &mut to[column * rows + top..][..height] {
                    *to = from[at];
                    at += columns;
                }
            }
            left += BLOCK;
        }
        top += BLOCK;
    }
}

/// Appends the transposes of consecutive matrices of `rows` by `columns`.
#[expect(
    clippy::disallowed_methods,
    reason = "a piece of small matrices is short"
)]
pub(crate) fn extend_transposed<T: Copy>(rows: usize, columns: usize, from: &[T], to: &mut Vec<T>) {
    let start = to.len();
    to.extend_from_slice(from);
    let to = &mut to[start..];
    match (rows, columns) {
        (2, 2) => transpose_squares::<T, 2>(from, to),
        (3, 3) => transpose_squares::<T, 3>(from, to),
        (4, 4) => transpose_squares::<T, 4>(from, to),
        _ => {
            let len = (rows * columns).max(1);
            for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
                transpose(rows, columns, from, to);
            }
        }
    }
}

/// Transposes of consecutive matrices whose order is known at compile time.
fn transpose_squares<T: Copy, const N: usize>(from: &[T], to: &mut [T]) {
    let (from, to) = (from.as_chunks::<N>().0, to.as_chunks_mut::<N>().0);
    for (from, to) in from.chunks_exact(N).zip(to.chunks_exact_mut(N)) {
        for (i, row) in to.iter_mut().enumerate() {
            for (x, from) in row.iter_mut().zip(from) {
                *x = from[i];
            }
        }
    }
}

/// Copies a matrix to the start of `to`, row by row.
pub(crate) fn to_c<'a, T: Copy>(from: ArrayView2<'_, T>, to: &'a mut [T]) -> &'a mut [T] {
    let to = &mut to[..from.len()];
    let view = ArrayViewMut2::from_shape(from.dim(), &mut *to);
    copy(from, view.expect("as many as the shape has"));
    to
}

/// Copies a matrix to the start of `to`, column by column.
pub(crate) fn to_f<'a, T: Copy>(from: ArrayView2<'_, T>, to: &'a mut [T]) -> &'a mut [T] {
    let to = &mut to[..from.len()];
    let view = ArrayViewMut2::from_shape(from.dim().f(), to).expect("as many as the shape has");
    copy(from, view);
    to
}

/// Copies elements that are stored row by row into a matrix.
pub(crate) fn from_c<T: Copy>(from: &[T], to: ArrayViewMut2<'_, T>) {
    let view = ArrayView2::from_shape(to.dim(), &from[..to.len()]);
    copy(view.expect("as many as the shape has"), to);
}

/// Copies elements that are stored column by column into a matrix.
pub(crate) fn from_f<T: Copy>(from: &[T], to: ArrayViewMut2<'_, T>) {
    let view = ArrayView2::from_shape(to.dim().f(), &from[..to.len()]);
    copy(view.expect("as many as the shape has"), to);
}

/// Exchanges rows and columns of an `n` x `n` matrix.
pub(crate) fn transpose_in_place<T: Copy>(n: usize, elements: &mut [T]) {
    for rows in (0..n).step_by(BLOCK) {
        for columns in (rows..n).step_by(BLOCK) {
            for row in rows..n.min(rows + BLOCK) {
                for column in columns.max(row + 1)..n.min(columns + BLOCK) {
                    elements.swap(row * n + column, column * n + row);
                }
            }
        }
    }
}

/// Copies elements into a matrix, in C order.
pub(crate) fn copy_into<T: Copy>(from: &[T], mut to: ArrayViewMut2<'_, T>) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

/// Whether no element is NaN or infinite.
pub(crate) fn is_finite<T: Scalar>(elements: &[T]) -> bool {
    all_in_runs(elements, Scalar::has_finite_parts)
}

/// Whether something holds for every element, asked of a run of them at a time: the loop has no
/// branch for each element.
pub(crate) fn all_in_runs<T: Copy>(elements: &[T], holds: impl Fn(T) -> bool) -> bool {
    elements
        .chunks(256)
        .all(|run| run.iter().fold(true, |all, &x| all & holds(x)))
}

/// Whether every element is finite; an error if one is NaN. A complex number with
/// an infinite part is an infinity, whatever its other part, as in C and LAPACK.
pub(crate) fn check_finite<T: Scalar>(elements: &[T]) -> Result<bool, Reason> {
    if is_finite(elements) {
        return Ok(true);
    }
    let is_nan = |x: &T| {
        let parts = x.parts();
        parts.iter().any(|part| part.is_nan()) && !parts.iter().any(|part| part.is_infinite())
    };
    if elements.iter().any(is_nan) {
        return Err(Reason::NotANumber);
    }
    Ok(false)
}

/// Lets `work` write a matrix in C order: to the output's own memory if that
/// is in C order, else to a workspace that is copied to it afterwards.
pub(crate) fn with_c_order<T: Scalar, R>(
    mut out: ArrayViewMut2<'_, T>,
    workspace: &mut Vec<T>,
    work: impl FnOnce(&mut [T]) -> Result<R, Reason>,
) -> Result<R, Reason> {
    if let Some(elements) = out.as_slice_mut() {
        return work(elements);
    }
    try_resize(workspace, out.len(), T::zero())?;
    let result = work(workspace);
    from_c(workspace, out);
    result
}

/// Sets the diagonal to one, and everything else to zero.
pub(crate) fn fill_identity<T: Scalar>(mut out: ArrayViewMut2<'_, T>) {
    out.fill(T::zero());
    out.diag_mut().fill(T::one());
}

/// Memory in C order for a matrix that an operation overwrites: the output's
/// own if that is in C order, else a workspace that is copied to it afterwards.
pub(crate) struct InPlaceBuffer<T>(Vec<T>);

impl<T: Scalar> InPlaceBuffer<T> {
    pub(crate) fn new() -> Self {
        InPlaceBuffer(Vec::new())
    }

    /// Copies `from` to `out` by way of `work`, which overwrites it in C order.
    pub(crate) fn run<R>(
        &mut self,
        from: ArrayView2<'_, T>,
        out: ArrayViewMut2<'_, T>,
        work: impl FnOnce(&mut [T]) -> Result<R, Reason>,
    ) -> Result<R, Reason> {
        with_c_order(out, &mut self.0, |elements| work(to_c(from, elements)))
    }
}
