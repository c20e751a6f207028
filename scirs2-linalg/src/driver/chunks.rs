//! Arrays in chunks, so that every loop over an operand checks for interruption regularly.

use ndarray::{ArrayD, ArrayView1, ArrayViewD, ArrayViewMutD, Axis, CowArray, IxDyn, Zip};
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::memory::reserved;

/// Elements of one chunk of a simple loop.
pub(crate) const CHUNK_LEN: usize = 1 << 14;

/// Chunks that are distributed over the workers at a time.
const CHUNKS_PER_ROUND: usize = 1 << 12;

/// Elements that are filled between two checks for interruption.
const FILL_STEP: usize = 1 << 22;

/// Arrays that are written, and arrays that are read.
pub(crate) type Arrays<'a, T, U, const M: usize, const N: usize> =
    ([ArrayViewMutD<'a, T>; M], [ArrayViewD<'a, U>; N]);

/// Distributes arrays of one shape over the workers, in chunks of up to `chunk_len` elements,
/// each the same part of every array. The arrays that are read may have additional trailing
/// axes.
pub(crate) fn for_each_chunk<T: Send, U: Sync, const M: usize, const N: usize>(
    arrays: Arrays<'_, T, U, M, N>,
    chunk_len: usize,
    workers: &Workers<'_>,
    work: impl Fn(Arrays<'_, T, U, M, N>) + Sync,
) -> Result<(), Error> {
    run_chunks(arrays, chunk_len, workers, &work)
}

/// [`for_each_chunk`], compiled once for all work on arrays of the same types.
fn run_chunks<T: Send, U: Sync, const M: usize, const N: usize>(
    arrays: Arrays<'_, T, U, M, N>,
    chunk_len: usize,
    workers: &Workers<'_>,
    work: &(dyn Fn(Arrays<'_, T, U, M, N>) + Sync),
) -> Result<(), Error> {
    if arrays.0[0].len() <= chunk_len {
        return workers.run_one(|| {
            work(arrays);
            Ok(())
        });
    }
    split_recursively(
        arrays,
        chunk_len.saturating_mul(CHUNKS_PER_ROUND),
        &mut |arrays| {
            let mut chunks = Vec::new();
            split_recursively(arrays, chunk_len, &mut |chunk| {
                chunks.push(chunk);
                Ok(())
            })?;
            workers.for_each(chunks.into_iter(), |chunk| {
                work(chunk);
                Ok(())
            })
        },
    )
}

/// Halves the arrays recursively, along the longest axis.
fn split_recursively<'a, T, U, const M: usize, const N: usize>(
    (outs, factors): Arrays<'a, T, U, M, N>,
    chunk_len: usize,
    take: &mut dyn FnMut(Arrays<'a, T, U, M, N>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (len, shape) = (outs[0].len(), outs[0].shape());
    let longest = (0..shape.len()).max_by_key(|&axis| shape[axis]);
    let Some(axis) = longest.filter(|&axis| len > chunk_len && shape[axis] > 1) else {
        return take((outs, factors));
    };
    let middle = shape[axis] / 2;
    let halves = factors.map(|factor| factor.split_at(Axis(axis), middle));
    let factors = halves.each_ref().map(|(left, _)| left.clone());
    let mut rest = outs.map(Some);
    let outs = rest.each_mut().map(|whole| {
        let (left, right) = whole
            .take()
            .expect("taken once")
            .split_at(Axis(axis), middle);
        *whole = Some(right);
        left
    });
    split_recursively((outs, factors), chunk_len, take)?;
    let outs = rest.map(|right| right.expect("just put there"));
    split_recursively((outs, halves.map(|(_, right)| right)), chunk_len, take)
}

/// Copies an array to another of its shape.
pub(crate) fn par_copy<T: Copy + Send + Sync>(
    from: ArrayViewD<'_, T>,
    to: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    for_each_chunk(([to], [from]), CHUNK_LEN, workers, |([mut to], [from])| {
        to.assign(&from)
    })
}

/// Writes an element to every position.
pub(crate) fn par_fill<T: Copy + Send + Sync>(
    to: ArrayViewMutD<'_, T>,
    element: T,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let none: [ArrayViewD<'_, T>; 0] = [];
    for_each_chunk(([to], none), CHUNK_LEN, workers, |([mut to], _)| {
        to.fill(element)
    })
}

/// Writes the result of a function for each element of the other array.
pub(crate) fn par_map<T: Send, U: Copy + Sync>(
    from: ArrayViewD<'_, U>,
    to: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
    f: impl Fn(U) -> T + Sync,
) -> Result<(), Error> {
    for_each_chunk(([to], [from]), CHUNK_LEN, workers, |([to], [from])| {
        Zip::from(to).and(&from).for_each(|to, &from| *to = f(from));
    })
}

/// Writes the result of a function for each vector along the last axis of `from`.
pub(crate) fn par_map_lanes<T: Send, U: Sync>(
    from: ArrayViewD<'_, U>,
    to: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
    f: impl Fn(ArrayView1<'_, U>) -> T + Sync,
) -> Result<(), Error> {
    let last = Axis(to.ndim());
    let chunk_len = (CHUNK_LEN / from.len_of(last).max(1)).max(1);
    for_each_chunk(([to], [from]), chunk_len, workers, |([mut to], [from])| {
        for (to, vector) in to.iter_mut().zip(from.lanes(last)) {
            *to = f(vector);
        }
    })
}

/// A new array in C order filled with an element.
#[expect(clippy::disallowed_methods, reason = "the memory is there")]
pub(crate) fn new_filled<T: Clone>(
    shape: &[usize],
    element: T,
    workers: &Workers<'_>,
) -> Result<ArrayD<T>, Error> {
    let count = scirs2_core::shape::element_count(shape).unwrap_or(usize::MAX);
    let mut elements = reserved(count)?;
    loop {
        elements.resize(count.min(elements.len() + FILL_STEP), element.clone());
        if elements.len() == count {
            break;
        }
        workers.check_interrupted()?;
    }
    let array = ArrayD::from_shape_vec(shape, elements);
    array.map_err(|_| Error::Memory {
        count,
        itemsize: size_of::<T>(),
    })
}

/// A copy in C order.
pub(crate) fn to_c_order<T: Copy + Send + Sync>(
    from: ArrayViewD<'_, T>,
    workers: &Workers<'_>,
) -> Result<ArrayD<T>, Error> {
    let Some(&element) = from.first() else {
        let nothing = ArrayD::from_shape_vec(from.shape(), Vec::new());
        return Ok(nothing.expect("a shape without elements"));
    };
    let mut to = new_filled(from.shape(), element, workers)?;
    par_copy(from, to.view_mut(), workers)?;
    Ok(to)
}

/// The array with its last axes merged, in groups of the given sizes; an empty group becomes
/// an axis of length one. It is copied only if they do not merge.
pub(crate) fn merge_axes<'a, T: Copy + Send + Sync>(
    array: ArrayViewD<'a, T>,
    groups: &[usize],
    workers: &Workers<'_>,
) -> Result<CowArray<'a, T, IxDyn>, Error> {
    if let Some(view) = try_merge_axes(array.clone(), groups) {
        return Ok(view.into());
    }
    let shape = merged_shape(array.shape(), groups);
    let copy = to_c_order(array, workers)?.into_shape_with_order(shape);
    Ok(copy.expect("in C order").into())
}

/// The array with its last axes merged in place, if they merge.
fn try_merge_axes<'a, T>(array: ArrayViewD<'a, T>, groups: &[usize]) -> Option<ArrayViewD<'a, T>> {
    if array.is_empty() {
        return None;
    }
    let (mut end, mut array) = (array.ndim(), array);
    for &group in groups.iter().rev() {
        if group == 0 {
            array = array.insert_axis(Axis(end));
            continue;
        }
        let (first, last) = (end - group, end - 1);
        for axis in (first..last).rev() {
            if !array.merge_axes(Axis(axis), Axis(last)) {
                return None;
            }
        }
        for _ in first..last {
            array = array.index_axis_move(Axis(first), 0);
        }
        end = first;
    }
    Some(array)
}

/// The shape with its last axes merged, in groups of the given sizes; an empty group becomes
/// an axis of length one.
pub(crate) fn merged_shape(shape: &[usize], groups: &[usize]) -> Vec<usize> {
    let (batch, mut rest) = shape.split_at(shape.len() - groups.iter().sum::<usize>());
    let mut merged = batch.to_vec();
    for &group in groups {
        let (axes, others) = rest.split_at(group);
        merged.push(axes.iter().product());
        rest = others;
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use ndarray::Array;
    use scirs2_core::pool::Interrupted;

    use super::*;

    #[test]
    fn every_element_is_in_exactly_one_chunk() {
        for shape in [
            vec![],
            vec![0, 3],
            vec![1, 1],
            vec![40_000],
            vec![3, 700, 11],
            vec![2; 16],
        ] {
            let mut to = ArrayD::from_elem(shape.clone(), 0);
            let numbers = (1..=shape.iter().product()).collect();
            let from = ArrayD::from_shape_vec(shape, numbers).unwrap();
            let add = |(outs, factors): Arrays<'_, usize, usize, 1, 1>| {
                let ([mut to], [from]) = (outs, factors);
                assert!(to.len() <= 100);
                to += &from;
            };
            for_each_chunk(
                ([to.view_mut()], [from.view()]),
                100,
                &Workers::serial(),
                add,
            )
            .unwrap();
            assert_eq!(to, from);
        }
    }

    #[test]
    fn an_interruption_is_noticed_between_chunks() {
        let mut to = ArrayD::from_elem(vec![1 << 20], 0);
        let asked = Cell::new(0);
        let stop = || asked.replace(asked.get() + 1) == 3;
        let workers = Workers::serial();
        let stopped = par_fill(to.view_mut(), 1, &workers.stopped_by(&stop));
        assert_eq!(stopped, Err(Error::Interrupted(Interrupted)));
        assert_eq!(to.sum(), 4 * CHUNK_LEN);
    }

    #[test]
    fn axes_are_merged_in_place_if_possible() {
        let array = Array::from_iter(0..2 * 3 * 4 * 5)
            .into_shape_with_order((2, 3, 4, 5))
            .unwrap();
        let array = array.into_dyn();
        let merge = |array: &ArrayD<i32>, order: [usize; 4], groups: &[usize]| {
            let view = array.view().permuted_axes(order.to_vec());
            let got = merge_axes(view.clone(), groups, &Workers::serial()).unwrap();
            assert!(got.iter().eq(view.iter()));
            (got.shape().to_vec(), got.is_view())
        };
        assert_eq!(merge(&array, [0, 1, 2, 3], &[2, 2]), (vec![6, 20], true));
        assert_eq!(merge(&array, [2, 3, 0, 1], &[2, 2]), (vec![20, 6], true));
        assert_eq!(
            merge(&array, [0, 2, 1, 3], &[2, 1]),
            (vec![2, 12, 5], false)
        );
        assert_eq!(
            merge(&array, [0, 1, 2, 3], &[0, 1]),
            (vec![2, 3, 4, 1, 5], true)
        );
        let empty = ArrayD::from_elem(vec![2, 0, 3, 1], 1);
        assert_eq!(merge(&empty, [0, 1, 2, 3], &[2, 2]).0, [0, 3]);
    }
}
