//! Reduction across the inner axis: whole contiguous rows are added to the
//! accumulators of their columns, so that memory is read in order.

#![expect(clippy::disallowed_methods, reason = "a band is narrow")]

use std::ops::Range;

use super::axes::{Axis, position};
use super::loops::Block;
use super::reduction::{Partial, Reduction};
use super::scratch::{Scratch, Totals};
use super::source::Source;

/// Rows between two checks of the accumulators, and the elements that they may
/// hold, so that a second scan finds them in cache.
const ROWS_PER_CHECK: usize = 64;
const ELEMENTS_PER_CHECK: usize = 1 << 15;

/// One band of columns.
///
/// A row is `over` times `columns` times `under` elements, `stride` apart:
/// reduced axes directly beneath or above the kept one are part of the row, and
/// their positions in the row are joined at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnBand {
    pub(crate) stride: isize,
    pub(crate) under: usize,
    pub(crate) columns: usize,
    pub(crate) over: usize,
    /// Rows along the first reduced axis, and the `over` of the last of them.
    pub(crate) period: usize,
    pub(crate) last_over: usize,
}

impl ColumnBand {
    pub(crate) fn width(&self) -> usize {
        self.over * self.columns * self.under
    }

    fn width_of(&self, row: usize) -> usize {
        if self.over > 1 && row % self.period == self.period - 1 {
            self.last_over * self.columns * self.under
        } else {
            self.width()
        }
    }
}

/// Reduces the rows with the given numbers along `axes`, counted from `base`; `emit` gets
/// the partial result of each column, in order.
///
/// # Safety
/// Every element of the rows belongs to the array behind `source`.
#[expect(clippy::too_many_arguments, reason = "a kernel")]
pub(crate) unsafe fn columns(
    source: &dyn Source,
    reduction: Reduction,
    band: ColumnBand,
    base: isize,
    axes: &[Axis],
    indices: Range<usize>,
    scratch: &mut Scratch,
    mut emit: impl FnMut(Partial),
) {
    if axes.is_empty() && band.over == 1 {
        // SAFETY: promised by the caller.
        return unsafe { segments(source, reduction, band, base, scratch, emit) };
    }
    let width = band.width();
    let Scratch {
        packed,
        raised,
        lanes,
        totals,
    } = scratch;
    totals.clear(width, reduction);
    let tile = ROWS_PER_CHECK.min(ELEMENTS_PER_CHECK / width.max(1)).max(1);
    let mut next = indices.start;
    while next < indices.end {
        let until = indices.end.min(next + tile);
        let mut rows = Rows {
            source,
            band,
            base,
            axes,
            indices: next..until,
            packed: &mut *packed,
        };
        // SAFETY: a part of the rows that the caller promised.
        unsafe { rows.reduce(reduction, None, lanes, raised) };
        if !totals.merge(reduction, lanes) {
            // SAFETY: as above.
            unsafe { rows.rescan(reduction, lanes, raised, totals) };
        }
        next = until;
    }
    totals.join_repeats(reduction, band.columns * band.under, band.over);
    for column in 0..band.columns {
        let parts = column * band.under..(column + 1) * band.under;
        let parts = parts.map(|place| totals.get(place));
        emit(
            parts
                .reduce(|a, b| reduction.join(a, b))
                .unwrap_or(reduction.identity()),
        );
    }
}

/// Reduces a single row, whose columns are segments of `under` contiguous elements.
///
/// # Safety
/// Every element of the row belongs to the array behind `source`.
unsafe fn segments(
    source: &dyn Source,
    reduction: Reduction,
    band: ColumnBand,
    base: isize,
    scratch: &mut Scratch,
    mut emit: impl FnMut(Partial),
) {
    let Scratch {
        packed,
        raised,
        lanes,
        ..
    } = scratch;
    let mut rows = Rows {
        source,
        band,
        base,
        axes: &[],
        indices: 0..1,
        packed,
    };
    // SAFETY: the row that the caller promised.
    let [row, ..] = unsafe { rows.rows(0..1, band.width()) };
    lanes.resize(band.columns, 0.0);
    if reduction.has_powers() {
        raised.clear();
        row.read(raised);
        reduction.raise(raised);
        reduction.segments(Block::Double(raised), band.under, lanes);
    } else {
        reduction.segments(row, band.under, lanes);
    }
    for (index, &value) in lanes.iter().enumerate() {
        emit(if reduction.is_exact(value) {
            Partial::unscaled(value)
        } else {
            reduction.block(
                row.part(index * band.under..(index + 1) * band.under),
                false,
                raised,
            )
        });
    }
}

/// Some rows of a band.
struct Rows<'a> {
    source: &'a dyn Source,
    band: ColumnBand,
    base: isize,
    axes: &'a [Axis],
    indices: Range<usize>,
    packed: &'a mut Vec<f64>,
}

impl Rows<'_> {
    /// Adds all rows to `lanes`, each column divided by its scale first if
    /// there are scales.
    ///
    /// # Safety
    /// Every element of the rows belongs to the array behind the source.
    unsafe fn reduce(
        &mut self,
        reduction: Reduction,
        scales: Option<&[f64]>,
        lanes: &mut Vec<f64>,
        raised: &mut Vec<f64>,
    ) {
        let full = self.band.width();
        let is_copied = scales.is_some() || reduction.has_powers();
        let is_native = self.is_native() && !is_copied;
        lanes.clear();
        lanes.resize(full, reduction.start());
        let mut next = self.indices.start;
        while next < self.indices.end {
            let (until, width) = self.next_rows(next);
            // SAFETY: rows that the caller promised.
            let mut rows = unsafe { self.rows(next..until, width) };
            if is_copied {
                raised.clear();
                for row in &rows[..until - next] {
                    let from = raised.len();
                    row.read(raised);
                    for (x, scale) in raised[from..].iter_mut().zip(scales.unwrap_or(&[])) {
                        *x /= scale;
                    }
                }
                reduction.raise(raised);
                for (row, raised) in rows.iter_mut().zip(raised.chunks_exact(width)) {
                    *row = Block::Double(raised);
                }
            }
            if until - next == 4 {
                // The copies are in cache.
                let ahead = if is_native {
                    4 * rows[0].bytes_to(rows[1])
                } else {
                    0
                };
                reduction.step_four(lanes, rows, ahead);
            } else {
                reduction.step(lanes, rows[0]);
            }
            next = until;
        }
        reduction.values(lanes);
    }

    /// Whether rows are read in place.
    fn is_native(&self) -> bool {
        self.band.stride == 1 && self.source.is_native()
    }

    /// The end of the four rows from `first` on, if there are four full ones,
    /// else the end of that row; and their width.
    fn next_rows(&self, first: usize) -> (usize, usize) {
        let full = self.band.width();
        let is_full = |row| self.band.width_of(row) == full;
        if first + 4 <= self.indices.end && (first..first + 4).all(is_full) {
            (first + 4, full)
        } else {
            (first + 1, self.band.width_of(first))
        }
    }

    /// Up to four rows, in place or packed.
    ///
    /// # Safety
    /// The elements belong to the array behind the source.
    unsafe fn rows(&mut self, indices: Range<usize>, width: usize) -> [Block<'_>; 4] {
        let nothing = Block::Double(&[]);
        let mut rows = [nothing; 4];
        let is_native = self.is_native();
        if !is_native && self.packed.len() < 4 * width {
            self.packed.resize(4 * width, 0.0);
        }
        let mut packed = self.packed.chunks_mut(width);
        for (row, index) in rows.iter_mut().zip(indices) {
            let offset = self.base + position(self.axes, index).0;
            if is_native {
                // SAFETY: the caller promised the elements.
                *row = unsafe { self.source.as_block(offset, width) }.unwrap_or(nothing);
            } else if let Some(packed) = packed.next() {
                // SAFETY: as above.
                unsafe { self.source.fill(offset, self.band.stride, packed) };
                *row = Block::Double(packed);
            }
        }
        rows
    }

    /// Reduces the rows again, for a tile whose sums in `lanes` overflowed or
    /// underflowed: each such column is divided by a scale of its own.
    ///
    /// # Safety
    /// Every element of the rows belongs to the array behind the source.
    unsafe fn rescan(
        &mut self,
        reduction: Reduction,
        lanes: &mut [f64],
        raised: &mut Vec<f64>,
        totals: &mut Totals,
    ) {
        let mut extremes = Vec::new();
        // SAFETY: the caller promised the rows.
        unsafe { self.reduce(reduction.extreme(), None, &mut extremes, raised) };
        let mut scales = vec![1.0; lanes.len()];
        for ((lane, scale), &extreme) in lanes.iter_mut().zip(&mut scales).zip(&extremes) {
            if !reduction.is_exact(*lane) {
                match reduction.scale_for(extreme) {
                    Ok(needed) => *scale = needed,
                    Err(partial) => *lane = partial.value,
                }
            }
        }
        if scales.iter().any(|&scale| scale != 1.0) {
            let mut scaled = Vec::new();
            // SAFETY: the caller promised the rows.
            unsafe { self.reduce(reduction, Some(&scales), &mut scaled, raised) };
            for ((lane, &scale), &scaled) in lanes.iter_mut().zip(&scales).zip(&scaled) {
                if scale != 1.0 {
                    *lane = scaled;
                }
            }
        }
        for (place, (&value, &scale)) in lanes.iter().zip(&scales).enumerate() {
            totals.join(reduction, place, Partial { value, scale });
        }
    }
}
