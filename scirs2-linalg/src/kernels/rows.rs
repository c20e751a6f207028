//! Reduction along the inner axis.

use std::ops::Range;

use super::loops::Block;
use super::walk::{Axis, runs};
use super::{Measure, Partial, Scratch, Source};

/// Elements of a block read where they lie; half a first-level cache.
const BLOCK: usize = 2048;

/// Elements packed before they are reduced.
const PACK: usize = 1024;

/// Runs shorter than this are packed, several to a block.
const LENT: usize = 256;

/// The elements of those numbers along `axes`, counted from `base`.
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
    let mut filled = 0;
    for run in runs(axes, numbers) {
        let mut offset = base + run.offset;
        let mut left = run.len;
        while left > 0 {
            if filled == 0 && run.stride == 1 && (left >= LENT || left == whole) {
                let len = left.min(BLOCK);
                // SAFETY: a run along the axes, which the caller vouches for.
                if let Some(block) = unsafe { source.lend(offset, len) } {
                    total = measure.join(total, measure.block(block, &mut scratch.raised));
                    offset += len.cast_signed();
                    left -= len;
                    continue;
                }
            }
            if scratch.packed.len() < PACK.min(whole) {
                scratch.packed.resize(PACK.min(whole), 0.0);
            }
            let len = left.min(PACK.min(whole) - filled);
            let out = &mut scratch.packed[filled..filled + len];
            // SAFETY: a run along the axes, which the caller vouches for.
            unsafe { source.fill(offset, run.stride, out) };
            offset += len.cast_signed() * run.stride;
            left -= len;
            filled += len;
            if filled == PACK.min(whole) {
                let packed = Block::Double(&scratch.packed[..filled]);
                let block = measure.block(packed, &mut scratch.raised);
                total = measure.join(total, block);
                filled = 0;
            }
        }
    }
    if filled > 0 {
        let packed = Block::Double(&scratch.packed[..filled]);
        let block = measure.block(packed, &mut scratch.raised);
        total = measure.join(total, block);
    }
    total
}
