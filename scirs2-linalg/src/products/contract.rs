//! The contraction of two arrays whose axes are in order: the core of a tensor
//! product once its axes are sorted.

use ndarray::{ArrayViewD, ArrayViewMutD, Axis, Zip};
use scirs2_core::pool::Workers;

use crate::driver::chunks::{
    CHUNK_LEN, for_each_chunk, merge_axes, merged_shape, new_filled, par_copy,
};
use crate::products::matmul::matmul_into;
use crate::products::vecdot::dot_products;
use crate::{Error, Numeric};

/// `out[i.., l.., r..] = sum over k.. of a[i.., l.., k..] b[i.., k.., r..]`, with
/// the given numbers of axes `i`, of equal lengths, and `k`.
pub(crate) fn contract<T: Numeric>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    batch: usize,
    inner: usize,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (left, right) = (a.ndim() - batch - inner, b.ndim() - batch - inner);
    if inner == 0 {
        return multiply(a, b, batch, out, workers);
    }
    let a = merge_axes(a, &[left, inner], workers)?;
    let b = merge_axes(b, &[inner, right], workers)?;
    if left == 0 && right == 0 {
        // Neither has an axis of its own: vectors, for each position of the batch.
        let a = a.index_axis(Axis(batch), 0);
        let b = b.index_axis(Axis(batch + 1), 0);
        return dot_products(a, b, -1, false, out, workers);
    }
    if left == 1 && right == 1 {
        return matmul_into(a.view(), b.view(), out, workers);
    }
    let shape = merged_shape(out.shape(), &[left, right]);
    if out.is_standard_layout() {
        let out = out.into_shape_with_order(shape).expect("in C order");
        return matmul_into(a.view(), b.view(), out, workers);
    }
    let mut product = new_filled(&shape, T::ZERO, workers)?;
    matmul_into(a.view(), b.view(), product.view_mut(), workers)?;
    let product = product.into_shape_with_order(out.raw_dim());
    par_copy(product.expect("in C order").view(), out, workers)
}

/// Products without a sum: `a` has the axes `i, l`, `b` has `i, r`.
fn multiply<T: Numeric>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    batch: usize,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (mut a, mut b) = (a, b);
    let left = a.ndim() - batch;
    for _ in batch..b.ndim() {
        let last = Axis(a.ndim());
        a = a.insert_axis(last);
    }
    for _ in 0..left {
        b = b.insert_axis(Axis(batch));
    }
    let (a, b) = (a.broadcast(out.raw_dim()), b.broadcast(out.raw_dim()));
    let (a, b) = (a.expect("as many axes"), b.expect("as many axes"));
    for_each_chunk(([out], [a, b]), CHUNK_LEN, workers, |([out], [a, b])| {
        Zip::from(out)
            .and(a)
            .and(b)
            .for_each(|out, &a, &b| *out = a.wrapping_mul(b));
    })
}
