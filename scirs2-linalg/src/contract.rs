//! The contraction of two arrays whose axes stand in order: what is left of a
//! tensor product once its axes are sorted.

use ndarray::{ArrayViewD, ArrayViewMutD, Axis, CowArray, IxDyn, Zip};
use scirs2_core::pool::Workers;

use crate::layout::filled_array;
use crate::matmul::matmul_into;
use crate::vecdot::products;
use crate::{Error, Numeric};

/// Elements of one piece.
const PIECE: usize = 1 << 14;

/// `out[i.., l.., r..] = sum over k.. of a[i.., l.., k..] b[i.., k.., r..]`, with
/// so many axes `i`, of equal lengths, and `k`.
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
    let a = merged(&a, &[left, inner])?;
    let b = merged(&b, &[inner, right])?;
    if left == 0 && right == 0 {
        // Neither has an axis of its own: vectors, for each of the batch.
        let a = a.index_axis(Axis(batch), 0);
        let b = b.index_axis(Axis(batch + 1), 0);
        return products(a, b, -1, false, out, workers);
    }
    if left == 1 && right == 1 {
        return matmul_into(a.view(), b.view(), out, workers);
    }
    let shape = merged_shape(out.shape(), &[left, right]);
    let mut out = out;
    if out.is_standard_layout() {
        let out = out.into_shape_with_order(shape).expect("in C order");
        return matmul_into(a.view(), b.view(), out, workers);
    }
    let mut product = filled_array(&shape, T::ZERO)?;
    matmul_into(a.view(), b.view(), product.view_mut(), workers)?;
    let product = product.into_shape_with_order(out.raw_dim());
    out.assign(&product.expect("in C order"));
    Ok(())
}

/// The shape with its last axes merged, in groups of so many; no axis counts as
/// one of length one.
fn merged_shape(shape: &[usize], groups: &[usize; 2]) -> Vec<usize> {
    let (rest, second) = shape.split_at(shape.len() - groups[1]);
    let (batch, first) = rest.split_at(rest.len() - groups[0]);
    let mut merged = batch.to_vec();
    merged.push(first.iter().product());
    merged.push(second.iter().product());
    merged
}

/// The array with its last axes merged, copied only where they do not.
fn merged<'a, T: Numeric>(
    a: &'a ArrayViewD<'_, T>,
    groups: &[usize; 2],
) -> Result<CowArray<'a, T, IxDyn>, Error> {
    if *groups == [1, 1] {
        return Ok(a.view().into());
    }
    let shape = merged_shape(a.shape(), groups);
    let merged = a.to_shape(shape);
    merged.map_err(|_| Error::Memory {
        count: a.len(),
        itemsize: size_of::<T>(),
    })
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
    let mut pieces = Vec::new();
    cut(out, [a, b], &mut pieces);
    workers.each(pieces.into_iter(), |(out, [a, b])| {
        Zip::from(out)
            .and(a)
            .and(b)
            .for_each(|out, &a, &b| *out = a.times(b));
        Ok(())
    })
}

/// Cuts arrays of one shape into pieces.
pub(crate) fn cut<'a, T, const N: usize>(
    out: ArrayViewMutD<'a, T>,
    factors: [ArrayViewD<'a, T>; N],
    pieces: &mut Vec<(ArrayViewMutD<'a, T>, [ArrayViewD<'a, T>; N])>,
) {
    let longest = (0..out.ndim()).max_by_key(|&axis| out.shape()[axis]);
    let Some(axis) = longest.filter(|_| out.len() > PIECE) else {
        pieces.push((out, factors));
        return;
    };
    let middle = out.shape()[axis] / 2;
    let (left, right) = out.split_at(Axis(axis), middle);
    let halves = factors.map(|factor| factor.split_at(Axis(axis), middle));
    let of_left = halves.each_ref().map(|(left, _)| left.clone());
    cut(left, of_left, pieces);
    cut(right, halves.map(|(_, right)| right), pieces);
}
