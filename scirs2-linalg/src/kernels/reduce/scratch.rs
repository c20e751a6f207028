//! Scratch memory of a worker.

#![expect(clippy::disallowed_methods, reason = "a row of results is short")]

use super::reduction::{Partial, Reduction};

/// Scratch memory of a worker.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Elements read as `f64`.
    pub(super) packed: Vec<f64>,
    /// The same, raised or scaled.
    pub(super) raised: Vec<f64>,
    /// The accumulators of columns.
    pub(super) lanes: Vec<f64>,
    /// The partial results of the columns.
    pub(super) totals: Totals,
}

/// The partial results of columns.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) values: Vec<f64>,
    /// The scales of the values; empty while all are one.
    pub(super) scales: Vec<f64>,
}

impl Totals {
    pub(super) fn clear(&mut self, width: usize, reduction: Reduction) {
        self.scales.clear();
        self.values.clear();
        self.values.resize(width, reduction.identity().value);
    }

    pub(super) fn get(&self, place: usize) -> Partial {
        let value = self.values[place];
        let scale = self.scales.get(place);
        Partial {
            value,
            scale: scale.copied().unwrap_or(1.0),
        }
    }

    pub(super) fn set(&mut self, place: usize, Partial { value, scale }: Partial) {
        self.values[place] = value;
        if scale != 1.0 && self.scales.is_empty() {
            self.scales.resize(self.values.len(), 1.0);
        }
        if let Some(kept) = self.scales.get_mut(place) {
            *kept = scale;
        }
    }

    pub(super) fn join(&mut self, reduction: Reduction, place: usize, part: Partial) {
        self.set(place, reduction.join(self.get(place), part));
    }

    /// Adds the sums of a tile, unless one of them is unreliable.
    pub(super) fn merge(&mut self, reduction: Reduction, lanes: &[f64]) -> bool {
        if let Some((low, high)) = reduction.safe_range()
            && !super::loops::all_within(lanes, low, high)
        {
            return false;
        }
        if self.scales.is_empty() {
            reduction.join_values(&mut self.values, lanes);
        } else {
            for (place, &value) in lanes.iter().enumerate() {
                self.join(reduction, place, Partial::unscaled(value));
            }
        }
        true
    }

    /// Joins `repeats` rows of columns into the first, recursively by halves.
    pub(super) fn join_repeats(&mut self, reduction: Reduction, row: usize, mut repeats: usize) {
        while repeats > 1 {
            let half = repeats.div_ceil(2);
            let (first, second) = (half * row, repeats * row);
            if self.scales.is_empty() {
                let (first, second) = self.values[..second].split_at_mut(first);
                reduction.join_values(&mut first[..second.len()], second);
            } else {
                for place in first..second {
                    self.join(reduction, place - first, self.get(place));
                }
            }
            repeats = half;
        }
    }
}
