//! Arithmetic on shapes and strides that checks for overflow.
//!
//! Shapes are `usize`; strides are `isize`, in elements.

use core::fmt;

/// A shape for messages, written as in Python.
///
/// ```
/// use scirs2_core::shape::DisplayShape;
/// assert_eq!(DisplayShape(&[2, 3]).to_string(), "(2, 3)");
/// assert_eq!(DisplayShape(&[5]).to_string(), "(5,)");
/// assert_eq!(DisplayShape(&[]).to_string(), "()");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DisplayShape<'a>(pub &'a [usize]);

impl fmt::Display for DisplayShape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (axis, len) in self.0.iter().enumerate() {
            if axis > 0 {
                f.write_str(", ")?;
            }
            len.fmt(f)?;
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

/// Product of the lengths; `None` if it does not fit.
///
/// A zero anywhere makes it zero, whatever the other lengths.
///
/// ```
/// use scirs2_core::shape::element_count;
/// assert_eq!(element_count(&[2, 3]), Some(6));
/// assert_eq!(element_count(&[]), Some(1));
/// assert_eq!(element_count(&[usize::MAX, 0, 2]), Some(0));
/// assert_eq!(element_count(&[usize::MAX, 2]), None);
/// ```
#[must_use]
#[inline]
pub fn element_count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |n, &len| n.checked_mul(len))
}

/// Strides of a C-ordered array of that shape; `None` if one does not fit.
///
/// An array without elements has the strides it would have if its zero lengths were one.
///
/// ```
/// use scirs2_core::shape::c_strides;
/// assert_eq!(c_strides(&[2, 3, 4]), Some(vec![12, 4, 1]));
/// assert_eq!(c_strides(&[2, 0, 4]), Some(vec![4, 4, 1]));
/// ```
#[must_use]
pub fn c_strides(shape: &[usize]) -> Option<Vec<isize>> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1isize;
    for (stride, &len) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.checked_mul(isize::try_from(len.max(1)).ok()?)?;
    }
    Some(strides)
}

/// Whether the elements are in C order without gaps.
///
/// The stride of an axis of length one is never used, and an empty array has
/// no elements: both count as contiguous.
///
/// ```
/// use scirs2_core::shape::is_c_contiguous;
/// assert!(is_c_contiguous(&[2, 1, 3], &[3, -99, 1]));
/// assert!(is_c_contiguous(&[0, 7], &[5, 5]));
/// assert!(!is_c_contiguous(&[2, 3], &[1, 2]));
/// ```
#[must_use]
pub fn is_c_contiguous(shape: &[usize], strides: &[isize]) -> bool {
    if shape.contains(&0) {
        return true;
    }
    let mut expected = Some(1isize);
    for (&len, &stride) in shape.iter().zip(strides).rev() {
        if len == 1 {
            continue;
        }
        if Some(stride) != expected {
            return false;
        }
        expected = isize::try_from(len)
            .ok()
            .and_then(|len| stride.checked_mul(len));
    }
    true
}

/// Offsets, in elements from the first one, of the lowest and the highest
/// element; `None` if one does not fit, or if there are no elements.
///
/// ```
/// use scirs2_core::shape::offset_bounds;
/// assert_eq!(offset_bounds(&[2, 3], &[3, 1]), Some((0, 5)));
/// assert_eq!(offset_bounds(&[2, 3], &[-3, 1]), Some((-3, 2)));
/// assert_eq!(offset_bounds(&[4, 0], &[1, 1]), None);
/// ```
#[must_use]
#[inline(always)]
pub fn offset_bounds(shape: &[usize], strides: &[isize]) -> Option<(isize, isize)> {
    let (mut low, mut high) = (0isize, 0isize);
    for (&len, &stride) in shape.iter().zip(strides) {
        let last = isize::try_from(len.checked_sub(1)?).ok()?;
        let extent = last.checked_mul(stride)?;
        if extent < 0 {
            low = low.checked_add(extent)?;
        } else {
            high = high.checked_add(extent)?;
        }
    }
    Some((low, high))
}

/// Whether two indices may refer to the same element.
///
/// Exact for the layouts that slicing, transposing and broadcasting make;
/// for others it may return `true` without an overlap, never the reverse.
///
/// ```
/// use scirs2_core::shape::may_overlap;
/// assert!(!may_overlap(&[3, 2], &[1, 3]));
/// assert!(may_overlap(&[3, 2], &[0, 1]));
/// assert!(may_overlap(&[3, 2], &[1, 2]));
/// ```
#[must_use]
pub fn may_overlap(shape: &[usize], strides: &[isize]) -> bool {
    if shape.contains(&0) {
        return false;
    }
    let mut axes: Vec<(usize, usize)> = shape
        .iter()
        .zip(strides)
        .filter(|&(&len, _)| len > 1)
        .map(|(&len, &stride)| (stride.unsigned_abs(), len))
        .collect();
    axes.sort_unstable();
    // Each stride must exceed the extent of all axes with smaller strides.
    let mut extent_so_far = 0usize;
    for (stride, len) in axes {
        if stride <= extent_so_far {
            return true;
        }
        let Some(extent) = stride.checked_mul(len - 1) else {
            return true;
        };
        let Some(sum) = extent_so_far.checked_add(extent) else {
            return true;
        };
        extent_so_far = sum;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every offset of a layout, by brute force.
    fn offsets(shape: &[usize], strides: &[isize]) -> Vec<isize> {
        shape
            .iter()
            .zip(strides)
            .fold(vec![0], |offsets, (&len, &stride)| {
                offsets
                    .iter()
                    .flat_map(|&at| (0..len).map(move |i| at + i as isize * stride))
                    .collect()
            })
    }

    proptest! {
        #[test]
        fn bounds_and_overlap_agree_with_brute_force(
            layout in prop::collection::vec((0usize..5, -12isize..12), 0..4)
        ) {
            let (shape, strides): (Vec<_>, Vec<_>) = layout.into_iter().unzip();
            let mut all = offsets(&shape, &strides);
            all.sort_unstable();
            prop_assert_eq!(
                offset_bounds(&shape, &strides),
                all.first().copied().zip(all.last().copied())
            );
            if all.windows(2).any(|pair| pair[0] == pair[1]) {
                prop_assert!(may_overlap(&shape, &strides));
            }
        }

        #[test]
        fn c_strides_are_contiguous_and_do_not_overlap(
            shape in prop::collection::vec(0usize..5, 0..5)
        ) {
            let strides = c_strides(&shape).unwrap();
            prop_assert!(is_c_contiguous(&shape, &strides));
            prop_assert!(!may_overlap(&shape, &strides));
        }
    }

    #[test]
    fn overflow_returns_none() {
        assert_eq!(c_strides(&[2, usize::MAX, 2]), None);
        assert_eq!(offset_bounds(&[3], &[isize::MAX]), None);
        assert_eq!(offset_bounds(&[2, 2], &[isize::MIN, -1]), None);
        assert!(may_overlap(&[3, 3], &[isize::MAX, isize::MIN]));
    }
}
