//! Reduction along the inner axis.

#![expect(clippy::disallowed_methods, reason = "a block is short")]

use std::ops::Range;

use super::loops::Block;
use super::measure::{Measure, Partial};
use super::scratch::Scratch;
use super::source::Source;
use super::walk::{Axis, runs};

/// Elements of a block read in place; half a first-level cache.
const BLOCK: usize = 2048;

/// Elements packed before they are reduced.
const PACK: usize = 1024;

/// Runs shorter than this are packed, several to a block.
const LENT: usize = 256;

/// Reduces the elements with the given numbers along `axes`, counted from `base`.
///
/// # Safety
/// Each of them belongs to the array behind `source`.
pub(crate) unsafe fn rows(
    source: &dyn Source,
    measure: Measure,
    base: isize,
    axes: &[Axis],
    numbers: Range<usize>,
    scratch: &mut Scratch,
) -> Partial {
    let mut total = measure.nothing();
    let whole = numbers.len();
    let pack = PACK.min(whole);
    let mut filled = 0;
    // Pairs are read as pairs: finding a run of two would cost more than reading it.
    let pairs = matches!(axes, [first, _, ..] if first.len == 2 && first.stride == 1)
        && numbers.start.is_multiple_of(2)
        && whole.is_multiple_of(2);
    let (together, axes, numbers) = if pairs {
        (2, &axes[1..], numbers.start / 2..numbers.end / 2)
    } else {
        (1, axes, numbers)
    };
    for run in runs(axes, numbers) {
        let mut offset = base + run.offset;
        let mut left = together * run.len;
        while left > 0 {
            if filled == 0 && run.stride == 1 && together == 1 && (left >= LENT || left == whole) {
                let len = left.min(BLOCK);
                // SAFETY: a run along the axes, which the caller promised.
                if let Some(block) = unsafe { source.lend(offset, len) } {
                    let block = measure.block(block, source.is_far(), &mut scratch.raised);
                    total = measure.join(total, block);
                    offset += len.cast_signed();
                    left -= len;
                    continue;
                }
            }
            if scratch.packed.len() < pack {
                scratch.packed.resize(pack, 0.0);
            }
            let len = left.min(pack - filled);
            let out = &mut scratch.packed[filled..filled + len];
            if together == 2 {
                // SAFETY: as above; each element of the run has its neighbour.
                unsafe { source.fill_pairs(offset, run.stride, out) };
            } else {
                // SAFETY: as above.
                unsafe { source.fill(offset, run.stride, out) };
            }
            offset += (len / together).cast_signed() * run.stride;
            left -= len;
            filled += len;
            if filled == pack {
                let packed = Block::Double(&scratch.packed[..filled]);
                let block = measure.block(packed, false, &mut scratch.raised);
                total = measure.join(total, block);
                filled = 0;
            }
        }
    }
    if filled > 0 {
        let packed = Block::Double(&scratch.packed[..filled]);
        let block = measure.block(packed, false, &mut scratch.raised);
        total = measure.join(total, block);
    }
    total
}
