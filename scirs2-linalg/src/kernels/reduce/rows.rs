//! Reduction along the inner axis.

#![expect(clippy::disallowed_methods, reason = "a block is short")]

use std::ops::Range;

use super::axes::{Axis, runs};
use super::loops::Block;
use super::reduction::{Partial, Reduction};
use super::scratch::Scratch;
use super::source::Source;

/// Elements of a block read in place; half a first-level cache.
const BLOCK: usize = 2048;

/// Elements packed before they are reduced.
const PACK_LEN: usize = 1024;

/// Runs shorter than this are packed, several to a block.
const MIN_NATIVE_RUN: usize = 256;

/// Reduces the elements with the given numbers along `axes`, counted from `base`.
///
/// # Safety
/// Each of them belongs to the array behind `source`.
pub(crate) unsafe fn rows(
    source: &dyn Source,
    reduction: Reduction,
    base: isize,
    axes: &[Axis],
    indices: Range<usize>,
    scratch: &mut Scratch,
) -> Partial {
    let mut total = reduction.identity();
    let total_len = indices.len();
    let pack = PACK_LEN.min(total_len);
    let mut filled = 0;
    // Pairs are read as pairs: finding a run of two would cost more than reading it.
    let pairs = matches!(axes, [first, _, ..] if first.len == 2 && first.stride == 1)
        && indices.start.is_multiple_of(2)
        && total_len.is_multiple_of(2);
    let (group, axes, indices) = if pairs {
        (2, &axes[1..], indices.start / 2..indices.end / 2)
    } else {
        (1, axes, indices)
    };
    for run in runs(axes, indices) {
        let mut offset = base + run.offset;
        let mut remaining = group * run.len;
        while remaining > 0 {
            if filled == 0
                && run.stride == 1
                && group == 1
                && (remaining >= MIN_NATIVE_RUN || remaining == total_len)
            {
                let len = remaining.min(BLOCK);
                // SAFETY: a run along the axes, which the caller promised.
                if let Some(block) = unsafe { source.as_block(offset, len) } {
                    let block = reduction.block(block, source.exceeds_cache(), &mut scratch.raised);
                    total = reduction.join(total, block);
                    offset += len.cast_signed();
                    remaining -= len;
                    continue;
                }
            }
            if scratch.packed.len() < pack {
                scratch.packed.resize(pack, 0.0);
            }
            let len = remaining.min(pack - filled);
            let out = &mut scratch.packed[filled..filled + len];
            if group == 2 {
                // SAFETY: as above; each element of the run has its neighbour.
                unsafe { source.fill_pairs(offset, run.stride, out) };
            } else {
                // SAFETY: as above.
                unsafe { source.fill(offset, run.stride, out) };
            }
            offset += (len / group).cast_signed() * run.stride;
            remaining -= len;
            filled += len;
            if filled == pack {
                let packed = Block::Double(&scratch.packed[..filled]);
                let block = reduction.block(packed, false, &mut scratch.raised);
                total = reduction.join(total, block);
                filled = 0;
            }
        }
    }
    if filled > 0 {
        let packed = Block::Double(&scratch.packed[..filled]);
        let block = reduction.block(packed, false, &mut scratch.raised);
        total = reduction.join(total, block);
    }
    total
}
