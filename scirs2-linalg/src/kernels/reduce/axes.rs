//! The order in which the axes of an array are traversed: the first one fastest.

use std::ops::Range;

/// One axis: its length, its stride in the array read, its stride in the array
/// written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Axis {
    pub(crate) len: usize,
    pub(crate) stride: isize,
    pub(crate) out: isize,
}

/// Elements along the first axis, one stride apart.
pub(crate) struct Run {
    pub(crate) offset: isize,
    pub(crate) stride: isize,
    pub(crate) len: usize,
}

/// The number of elements.
pub(crate) fn count(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.len).product()
}

/// The offset of the element at that linear index, in the array that is read and in the one
/// that is written.
pub(crate) fn position(axes: &[Axis], linear_index: usize) -> (isize, isize) {
    let mut rest = linear_index;
    let (mut offset, mut out) = (0, 0);
    for axis in axes {
        let index = if axis.len == 0 { 0 } else { rest % axis.len };
        rest = rest.checked_div(axis.len).unwrap_or(0);
        offset += index.cast_signed() * axis.stride;
        out += index.cast_signed() * axis.out;
    }
    (offset, out)
}

/// The elements at those linear indices, as runs along the first axis.
pub(crate) fn runs(axes: &[Axis], indices: Range<usize>) -> impl Iterator<Item = Run> {
    let (len, stride) = axes.first().map_or((1, 1), |axis| (axis.len, axis.stride));
    let mut next = indices.start;
    std::iter::from_fn(move || {
        if next >= indices.end {
            return None;
        }
        let (offset, _) = position(axes, next);
        let len = (len - next % len).min(indices.end - next);
        next += len;
        Some(Run {
            offset,
            stride,
            len,
        })
    })
}
