//! One reduction: its pieces, the workers that compute them, and their results.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use ndarray::{ArrayViewD, ArrayViewMutD};
use scirs2_core::pool::Workers;
use scirs2_core::shape::offset_bounds;

use super::layout::{Layout, MAX_SPLITS, Piece};
use super::plan::ReducedAxes;
use crate::Error;
use crate::base::memory::{try_reserve, try_resize};
use crate::elements::normed::{Normed, Rounded};
use crate::kernels::reduce::{Axis, Elements, Partial, Reduction, Scratch, Source, columns, rows};

/// Reduces `x` over those axes to `out`, which has the other axes.
pub(super) fn reduce<T: Normed, N: Rounded>(
    x: &ArrayViewD<'_, T>,
    reduced_axes: ReducedAxes,
    reduction: Reduction,
    mut out: ArrayViewMutD<'_, N>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if out.is_empty() {
        return Ok(());
    }
    // A sum of squared moduli is the sum of the squared parts.
    let parts = if reduction == Reduction::SumOfSquares {
        T::PARTS
    } else {
        1
    };
    let whole = Elements::of(x);
    // SAFETY: `Normed` says that its elements are made of such numbers.
    let halves = unsafe { Elements::<T::Part>::parts_of(x) };
    let source: &dyn Source = if parts == 1 { &whole } else { &halves };
    let layout = layout(x, reduced_axes, &out, parts, source.is_native());
    let job = ReductionJob {
        source,
        reduction,
        layout: &layout,
        out: Results::of(&mut out),
    };
    job.run(workers)
}

/// The axes of the array and, if it is read in parts, one more for these.
fn layout<T, N>(
    x: &ArrayViewD<'_, T>,
    reduced_axes: ReducedAxes,
    out: &ArrayViewMutD<'_, N>,
    parts: usize,
    is_native: bool,
) -> Layout {
    let (mut kept, mut reduced) = (Vec::new(), Vec::new());
    if parts > 1 {
        reduced.push(Axis {
            len: parts,
            stride: 1,
            out: 0,
        });
    }
    let mut outs = out.strides().iter();
    for (axis, (&len, &stride)) in x.shape().iter().zip(x.strides()).enumerate() {
        let stride = stride * parts.cast_signed();
        if reduced_axes.contains(axis) {
            reduced.push(Axis {
                len,
                stride,
                out: 0,
            });
        } else {
            let out = outs.next().copied().unwrap_or(0);
            kept.push(Axis { len, stride, out });
        }
    }
    Layout::new(kept, reduced, is_native)
}

/// What the workers share. `layout` has the axes of `source` and of `out`: each of its units
/// reads elements of the one and names results of the other, and no two units name the same
/// result.
struct ReductionJob<'a, N> {
    source: &'a dyn Source,
    reduction: Reduction,
    layout: &'a Layout,
    out: Results<'a, N>,
}

/// The elements of the result, which the workers write.
struct Results<'a, N> {
    first: *mut N,
    /// The offsets between the lowest and the highest element.
    bounds: RangeInclusive<isize>,
    array: PhantomData<&'a mut N>,
}

// SAFETY: the array is borrowed mutably for `'a`, its elements are `Send`, and the caller
// of `write` promises that no two threads write the same element.
unsafe impl<N: Rounded> Sync for Results<'_, N> {}

impl<'a, N: Rounded> Results<'a, N> {
    fn of(array: &'a mut ArrayViewMutD<'_, N>) -> Self {
        let (low, high) = offset_bounds(array.shape(), array.strides()).unwrap_or((0, -1));
        Results {
            first: array.as_mut_ptr(),
            bounds: low..=high,
            array: PhantomData,
        }
    }

    /// # Safety
    /// `offset` is that of an element of the array, counted from the first one, which no
    /// other thread writes.
    unsafe fn write(&self, offset: isize, value: N) {
        debug_assert!(self.bounds.contains(&offset));
        // SAFETY: an element of the array, as the caller promises.
        let place = unsafe { self.first.offset(offset) };
        // SAFETY: the array is borrowed mutably, and nothing else writes this element.
        unsafe { place.write(value) };
    }
}

impl<N: Rounded> ReductionJob<'_, N> {
    fn run(&self, workers: &Workers<'_>) -> Result<(), Error> {
        let (mut pieces, splits) = self.layout.cut();
        if splits > 1 {
            return self.run_split(pieces, splits, workers);
        }
        if pieces.len() == 1 {
            // The common small call: no lock, no thread.
            for piece in pieces.by_ref() {
                self.write_piece(&piece);
            }
            return Ok(());
        }
        workers.for_each(pieces, |piece| {
            self.write_piece(&piece);
            Ok(())
        })
    }

    fn write_piece(&self, piece: &Piece) {
        self.piece(piece, |out, partial| self.write(out, partial));
    }

    /// Each piece stores its partial result; then the partial results of one result are
    /// joined recursively, by halves.
    fn run_split(
        &self,
        mut pieces: impl ExactSizeIterator<Item = Piece> + Send,
        splits: usize,
        workers: &Workers<'_>,
    ) -> Result<(), Error> {
        /// Pieces of short reductions whose results are kept at a time.
        const ROUND: usize = 1 << 12;
        let units = if splits > MAX_SPLITS {
            1
        } else {
            (ROUND / splits).max(1)
        };
        let mut done: Vec<Vec<(isize, Partial)>> = Vec::new();
        while pieces.len() > 0 {
            done.clear();
            let mut left = pieces.len().min(units * splits);
            while left > 0 {
                let now = left.min(MAX_SPLITS);
                left -= now;
                self.run_pieces(pieces.by_ref().take(now), &mut done, workers)?;
                if left > 0 {
                    // Their joint result becomes one of the following parts.
                    for i in 0..done[0].len() {
                        workers.check_interrupted()?;
                        done[0][i].1 = self.joined(&done, i);
                    }
                    done.truncate(1);
                }
            }
            for parts in done.chunks(splits.min(done.len())) {
                let together = (ROUND / parts.len()).max(1);
                let firsts = (0..parts[0].len()).step_by(together);
                workers.for_each(firsts, |first| {
                    for i in first..parts[0].len().min(first + together) {
                        self.write(parts[0][i].0, self.joined(parts, i));
                    }
                    Ok::<_, Error>(())
                })?;
            }
        }
        Ok(())
    }

    /// Computes pieces, and adds their partial results.
    fn run_pieces(
        &self,
        pieces: impl ExactSizeIterator<Item = Piece> + Send,
        done: &mut Vec<Vec<(isize, Partial)>>,
        workers: &Workers<'_>,
    ) -> Result<(), Error> {
        let before = done.len();
        try_resize(done, before + pieces.len(), Vec::new())?;
        let slots = pieces.zip(done[before..].iter_mut());
        workers.for_each(slots, |(piece, slot)| {
            let units = piece.units.clone().map(|index| self.layout.unit(index));
            try_reserve(slot, units.map(|unit| unit.results()).sum())?;
            self.piece(&piece, |out, partial| slot.push((out, partial)));
            Ok::<_, Error>(())
        })
    }

    fn joined(&self, parts: &[Vec<(isize, Partial)>], i: usize) -> Partial {
        if let [part] = parts {
            return part[i].1;
        }
        let (left, right) = parts.split_at(parts.len() / 2);
        self.reduction
            .join(self.joined(left, i), self.joined(right, i))
    }

    /// Computes a piece; `emit` gets the offset of each result and the piece's
    /// partial result for it.
    fn piece(&self, piece: &Piece, mut emit: impl FnMut(isize, Partial)) {
        let mut scratch = Scratch::default();
        let (source, reduction) = (self.source, self.reduction);
        let (axes, scratch) = (self.layout.reduced(), &mut scratch);
        for index in piece.units.clone() {
            let unit = self.layout.unit(index);
            let (offset, indices) = (unit.offset, piece.indices.clone());
            match unit.band {
                None => {
                    // SAFETY: the layout has the axes of the source, so what a unit reads are
                    // elements of its array.
                    let partial =
                        unsafe { rows(source, reduction, offset, axes, indices, scratch) };
                    emit(unit.out, partial);
                }
                Some((band, step)) => {
                    let mut out = unit.out;
                    let emit = |partial| {
                        emit(out, partial);
                        out += step;
                    };
                    // SAFETY: as above.
                    unsafe {
                        columns(
                            source, reduction, band, offset, axes, indices, scratch, emit,
                        )
                    };
                }
            }
        }
    }

    /// `out` is the offset that the layout gives for a result of the piece.
    fn write(&self, out: isize, partial: Partial) {
        let value = N::rounded(self.reduction.finish(partial));
        // SAFETY: the layout has the axes of `out`, so this is an element of it; it is a
        // result of one unit, which belongs to one piece, or which one thread joins.
        unsafe { self.out.write(out, value) };
    }
}
