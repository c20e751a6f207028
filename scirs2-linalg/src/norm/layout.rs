//! The axes of one reduction, normalized, merged, and split into pieces.
//!
//! Everything here follows from shapes and strides, never from the number of
//! threads; so do the order of the additions and the bits of the result.

use std::ops::Range;

use crate::kernels::reduce::{Axis, ColumnBand, count, position};

/// Axes shorter than this make poor inner loops.
const MIN_INNER_LEN: usize = 16;

/// Rows of one result each that are shorter than this are reduced together,
/// if they are contiguous.
const MAX_SEGMENT: usize = 256;

/// Accumulators of one band of columns: 4 KiB of them stay in the first-level cache
/// beside the rows and those prefetched.
const BAND_WIDTH: usize = 512;

/// The same if the rows are copied first: the longer they are, the more of them the
/// CPU prefetches by itself.
const PACKED_BAND_WIDTH: usize = 1024;

/// Elements that are worth a second thread: some 30 microseconds of work in cache.
const MIN_PARALLEL_LEN: usize = 1 << 18;

/// Elements of one piece of rows, if there are several.
const ROWS_GRAIN: usize = 1 << 15;

/// The same for a band of columns: the partial result of a piece is as long as its rows.
const BANDS_GRAIN: usize = 1 << 17;

/// The parts of one result have equal lengths, rounded up to a multiple of this number.
const PART_MULTIPLE: usize = 64;

/// The parts of one result that are kept at a time: a broadcast array may have more
/// elements than there is memory for the results of its parts. There are no more parts
/// than this, unless each would take too long between two checks for interruption.
pub(super) const MAX_SPLITS: usize = 1 << 16;
const MAX_PART_LEN: usize = 1 << 21;

/// How an array is reduced.
#[derive(Debug)]
pub(super) struct Layout {
    /// The offset of the first element from the array's origin, and that of its result
    /// from the output's.
    base: (isize, isize),
    /// The axes that are kept; with bands, without the one that they cut.
    kept: Vec<Axis>,
    /// The axes that are reduced; with bands, without those in their rows.
    reduced: Vec<Axis>,
    bands: Option<Bands>,
}

/// A kept axis, cut into bands of columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bands {
    axis: Axis,
    /// A full band.
    band: ColumnBand,
}

/// A part of the work: some results, and a range of their elements.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) units: Range<usize>,
    pub(super) indices: Range<usize>,
}

/// The elements from which one result, or a band of them, is computed.
pub(super) struct Unit {
    pub(super) offset: isize,
    pub(super) out: isize,
    /// The columns and the step from one result to the next.
    pub(super) band: Option<(ColumnBand, isize)>,
}

impl Unit {
    /// The number of its results.
    pub(super) fn results(&self) -> usize {
        self.band.map_or(1, |(band, _)| band.columns)
    }
}

impl Layout {
    /// Makes a layout from the kept and the reduced axes, as the caller has them; `is_native` is
    /// whether contiguous elements are read in place.
    pub(super) fn new(mut kept: Vec<Axis>, mut reduced: Vec<Axis>, is_native: bool) -> Layout {
        let mut base = (0, 0);
        normalize(&mut kept, &mut base);
        normalize(&mut reduced, &mut base);
        let bands = Bands::choose(&mut kept, &mut reduced, is_native);
        Layout {
            base,
            kept,
            reduced,
            bands,
        }
    }

    pub(super) fn reduced(&self) -> &[Axis] {
        &self.reduced
    }

    fn bands_per_row(&self) -> usize {
        let bands = self.bands.as_ref();
        bands.map_or(1, |bands| bands.axis.len.div_ceil(bands.band.columns))
    }

    /// The unit with that number.
    pub(super) fn unit(&self, index: usize) -> Unit {
        let across = self.bands_per_row();
        let (offset, out) = position(&self.kept, index / across);
        let (mut offset, mut out) = (self.base.0 + offset, self.base.1 + out);
        let band = self.bands.map(|Bands { axis, mut band }| {
            let first = index % across * band.columns;
            offset += first.cast_signed() * axis.stride;
            out += first.cast_signed() * axis.out;
            band.columns = band.columns.min(axis.len - first);
            (band, axis.out)
        });
        Unit { offset, out, band }
    }

    /// Cuts the work into pieces. Long reductions are cut along the reduced axes, into
    /// `splits` parts each; several short ones make a piece.
    pub(super) fn cut(&self) -> (impl ExactSizeIterator<Item = Piece> + Send + use<>, usize) {
        let indices = count(&self.reduced);
        let units = count(&self.kept) * self.bands_per_row();
        let (width, grain) = match self.bands {
            Some(bands) => (bands.band.width(), BANDS_GRAIN),
            None => (1, ROWS_GRAIN),
        };
        let work = indices.saturating_mul(width).max(1);
        let (units_per_piece, indices_per_piece) = if work >= MIN_PARALLEL_LEN {
            let few = indices
                .div_ceil(MAX_SPLITS)
                .min(MAX_PART_LEN.div_ceil(width));
            let most = grain.div_ceil(width).max(few);
            let even = indices.div_ceil(indices.div_ceil(most));
            (1, even.next_multiple_of(PART_MULTIPLE))
        } else if work.saturating_mul(units) >= MIN_PARALLEL_LEN {
            ((grain / work).max(1), indices.max(1))
        } else {
            (units.max(1), indices.max(1))
        };
        let splits = indices.div_ceil(indices_per_piece).max(1);
        let pieces = units.div_ceil(units_per_piece) * splits;
        let cut = (0..pieces).map(move |piece| {
            let unit = piece / splits * units_per_piece;
            let index = piece % splits * indices_per_piece;
            Piece {
                units: unit..units.min(unit + units_per_piece),
                indices: index..indices.min(index + indices_per_piece),
            }
        });
        (cut, splits)
    }
}

/// Drops axes of length one, makes negative strides positive, sorts by stride and
/// merges adjacent axes that can be stepped along as one.
fn normalize(axes: &mut Vec<Axis>, base: &mut (isize, isize)) {
    axes.retain(|axis| axis.len != 1);
    for axis in &mut *axes {
        if axis.stride < 0 && axis.len > 0 {
            let last = (axis.len - 1).cast_signed();
            base.0 += last * axis.stride;
            base.1 += last * axis.out;
            (axis.stride, axis.out) = (-axis.stride, -axis.out);
        }
    }
    // A stride of zero reads one element repeatedly: it becomes the slowest axis.
    axes.sort_by_key(|axis| axis.stride.cast_unsigned().wrapping_sub(1));
    axes.dedup_by(|outer, inner| {
        let merges = outer.stride == inner.stride.wrapping_mul(inner.len.cast_signed())
            && outer.out == inner.out.wrapping_mul(inner.len.cast_signed());
        if merges {
            inner.len *= outer.len;
        }
        merges
    });
}

impl Bands {
    /// Takes the inner axis out of `kept` if accumulating across it is
    /// faster, and out of `reduced` the axes that make its rows longer.
    fn choose(kept: &mut Vec<Axis>, reduced: &mut Vec<Axis>, is_native: bool) -> Option<Bands> {
        let axis = *kept.first()?;
        if reduced.iter().any(|axis| axis.len == 0) {
            return None;
        }
        let inner = reduced.first().filter(|inner| inner.stride < axis.stride);
        let mut under = None;
        if let Some(inner) = inner.filter(|inner| inner.stride > 0) {
            let end_to_end = inner.stride * inner.len.cast_signed() == axis.stride;
            let longest = if end_to_end && reduced.len() == 1 {
                MAX_SEGMENT
            } else {
                MIN_INNER_LEN
            };
            if inner.len >= longest {
                return None;
            }
            under = end_to_end.then_some(*inner);
        }
        let mut width = axis.len * under.map_or(1, |under| under.len);
        let row = axis.stride * axis.len.cast_signed();
        let over = reduced.iter().find(|over| over.stride == row && row > 0);
        let stride = under.map_or(axis.stride, |under| under.stride);
        let widest = if is_native && stride == 1 {
            BAND_WIDTH
        } else {
            PACKED_BAND_WIDTH
        };
        let over = over.copied().filter(|_| 2 * width <= widest);
        width *= over.map_or(1, |over| over.len);
        if width < MIN_INNER_LEN
            && let Some(bands) = Bands::across_longest(kept, reduced)
        {
            return bands;
        }
        kept.remove(0);
        Some(Bands::nested(axis, under, over, widest, reduced))
    }

    /// If all contiguous runs are short: across the longest of the kept
    /// axes, or along the longest of the reduced ones.
    #[expect(clippy::option_option, reason = "whether to, and across what")]
    fn across_longest(kept: &mut Vec<Axis>, reduced: &mut [Axis]) -> Option<Option<Bands>> {
        let longest = |axes: &[Axis]| (0..axes.len()).max_by_key(|&at| axes[at].len);
        let across = longest(kept)?;
        if let Some(along) = longest(reduced)
            && reduced[along].len >= MIN_INNER_LEN.max(kept[across].len)
        {
            reduced.swap(0, along);
            return Some(None);
        }
        (kept[across].len >= MIN_INNER_LEN).then(|| {
            let axis = kept.remove(across);
            let widest = PACKED_BAND_WIDTH;
            Some(Bands::nested(axis, None, None, widest, &mut Vec::new()))
        })
    }

    /// Bands across `axis`, whose rows include the reduced axes directly
    /// beneath and above it.
    fn nested(
        axis: Axis,
        under: Option<Axis>,
        over: Option<Axis>,
        widest: usize,
        reduced: &mut Vec<Axis>,
    ) -> Bands {
        let mut band = ColumnBand {
            stride: axis.stride,
            under: 1,
            columns: axis.len,
            over: 1,
            period: 1,
            last_over: 1,
        };
        if let Some(under) = under {
            reduced.retain(|axis| *axis != under);
            band.stride = under.stride;
            band.under = under.len;
            band.columns = band.columns.min((widest / under.len).max(1));
        } else {
            band.columns = band.columns.min(widest);
        }
        if let Some(mut over) = over {
            // Several contiguous rows become one.
            reduced.retain(|axis| *axis != over);
            band.over = over.len.min(widest / (band.columns * band.under));
            band.period = over.len.div_ceil(band.over);
            band.last_over = over.len - (band.period - 1) * band.over;
            over.len = band.period;
            over.stride *= band.over.cast_signed();
            reduced.insert(0, over);
        }
        Bands { axis, band }
    }
}
